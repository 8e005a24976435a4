"""The ways of doing replays beside each other: the figures of each over many cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from rich.table import Table

from bot.bench import percent
from bot.bench.attempts import ALONE, BOUND, TOLERANCE, Outcome
from sync.intervals import mean_interval

PO4A = "po4a"
_LABELS = {ALONE: "old translation left alone", BOUND: "draft, the translators' own sentences", PO4A: "po4a"}
_NOTHING = "–"


@dataclass(frozen=True, slots=True)
class WayFigures:
    """What one way gave in the cases that it could do: means of the scores, sums of all that is counted.

    `gain` is the prose BLEU above leaving the old translation alone, with its 95 % confidence interval by bootstrap
    over the cases; `worse_than_alone` names those where it is below by more than 0.005. `edits`: post-edit characters.
    Of the runs, None where none was tried.
    """

    cases: int
    prose_bleu: float
    gain: float
    gain_interval: tuple[float, float]
    worse_than_alone: tuple[str, ...]
    chrf: float
    ter: float
    edits: int
    blocks_kept_by_translators: int
    blocks_lost: int
    characters_changed: int
    characters_sent: int
    dollars: float | None
    machine_segments: int
    damaged_segments: int
    waiting: int
    second_run_unchanged: int | None
    blind_run_unchanged: int | None
    seconds: float


def is_worse(case: Outcome, way: str) -> bool:
    """Whether leaving the old translation alone would have been clearly better."""
    return way in case.attempts and case.gain(way) < -TOLERANCE


def figures_of(way: str, outcomes: Sequence[Outcome]) -> WayFigures | None:
    """The figures of a way over those of the cases that it could do; None where it could do none."""
    cases = [case for case in outcomes if way in case.attempts]
    attempts = [case.attempts[way] for case in cases]
    if not attempts:
        return None
    gains = [case.gain(way) for case in cases]
    dollars = [it.dollars for it in attempts if it.dollars is not None]
    return WayFigures(
        cases=len(cases),
        prose_bleu=fmean(it.nearness.bleu.value for it in attempts),
        gain=fmean(gains),
        gain_interval=mean_interval(gains),
        worse_than_alone=tuple(case.name for case in cases if is_worse(case, way)),
        chrf=fmean(it.nearness.chrf.value for it in attempts),
        ter=fmean(it.nearness.ter.value for it in attempts),
        edits=sum(it.nearness.edits for it in attempts),
        blocks_kept_by_translators=sum(case.kept for case in cases),
        blocks_lost=sum(len(it.lost) for it in attempts),
        characters_changed=sum(case.changed for case in cases),
        characters_sent=sum(it.sent for it in attempts),
        dollars=sum(dollars) if dollars else None,
        machine_segments=sum(it.machine for it in attempts),
        damaged_segments=sum(len(it.damaged) for it in attempts),
        waiting=sum(it.waiting for it in attempts),
        second_run_unchanged=_count([it.second_run_unchanged for it in attempts]),
        blind_run_unchanged=_count([it.blind_run_unchanged for it in attempts]),
        seconds=sum(it.seconds for it in attempts),
    )


def _count(found: Sequence[bool | None]) -> int | None:
    tried = [one for one in found if one is not None]
    return sum(tried) if tried else None


def way_table(title: str, ways: Sequence[str], outcomes: Sequence[Outcome], signatures: Sequence[str]) -> Table:
    """A row for each way that could do any of the cases: how near it comes, and at what price."""
    caption = (
        "Means of the cases: prose BLEU (0–1), its gain over leaving alone (95 % interval), chrF, TER by sentence. "
        "Sums: characters from the draft to what was merged, whole files, white space folded; blocks that the "
        f"translators kept, in the draft byte for byte. {'; '.join(signatures)}"
    )
    table = Table(title=title, caption=caption, caption_justify="left")
    table.add_column("compared with what the translators merged")
    for heading in ("cases", "BLEU", "gain", "lower", "chrF", "TER", "post-edit", "kept", "sent", "cost"):
        table.add_column(heading, justify="right", no_wrap=True)
    for way in ways:
        it = figures_of(way, outcomes)
        if it is None:
            table.add_row(way_label(way), "0", *[_NOTHING] * 9)
            continue
        low, high = it.gain_interval
        kept = percent(it.blocks_kept_by_translators - it.blocks_lost, it.blocks_kept_by_translators)
        table.add_row(
            way_label(way),
            str(it.cases),
            f"{it.prose_bleu:.4f}",
            _NOTHING if way == ALONE else f"{it.gain:+.4f} ({low:+.4f} to {high:+.4f})",
            _NOTHING if way == ALONE else str(len(it.worse_than_alone)),
            f"{it.chrf:.2f}",
            f"{it.ter:.2f}",
            f"{it.edits:,}",
            _NOTHING if way == PO4A else kept,  # it rewraps all that it writes
            f"{it.characters_sent:,}",
            _NOTHING if it.dollars is None else f"${it.dollars:.2f}",
        )
    return table


def draft_table(engines: Sequence[str], outcomes: Sequence[Outcome]) -> Table:
    """What is particular to drafts, a column for each engine."""
    table = Table(title="Drafts")
    table.add_column("figure")
    cells: list[list[str]] = []
    for engine in engines:
        table.add_column(engine, justify="right")
        it = figures_of(engine, outcomes)
        cells.append(_draft_cells(it, len(outcomes)) if it else [f"0 of {len(outcomes)}", *[_NOTHING] * 6])
    labels = (
        "cases drafted",
        "second run changes nothing",
        "  and without a recorded base",
        "characters sent / characters changed",
        "machine-written segments with intact tokens",
        "segments left waiting",
        "time for one draft, mean",
    )
    for number, label in enumerate(labels):
        table.add_row(label, *(column[number] for column in cells))
    return table


def _draft_cells(it: WayFigures, cases: int) -> list[str]:
    ratio = f"{it.characters_sent / it.characters_changed:.3f}" if it.characters_changed else _NOTHING
    intact = percent(it.machine_segments - it.damaged_segments, it.machine_segments)
    return [
        f"{it.cases} of {cases}",
        "not tried" if it.second_run_unchanged is None else f"{it.second_run_unchanged} of {it.cases}",
        "not tried" if it.blind_run_unchanged is None else f"{it.blind_run_unchanged} of {it.cases}",
        f"{it.characters_sent:,} / {it.characters_changed:,} = {ratio}",
        f"{intact} of {it.machine_segments}",
        str(it.waiting),
        f"{1000 * it.seconds / it.cases:.0f} ms",
    ]


def way_heading(way: str) -> str:
    """A way, at the head of a column."""
    return "own sentences" if way == BOUND else way


def way_label(way: str) -> str:
    """A way, for people."""
    return _LABELS.get(way, f"draft, engine {way}")
