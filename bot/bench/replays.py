"""Real updates replayed: how near a draft comes to what the translators then merged.

A replay is a folder with `meta.json`, `old.en.md`, `new.en.md`, `old.LL.md` and the translators' own
`new.LL.md`. The translation memory and the lexicon of a case come from the *old* pairs of the other cases
of its language, every case of the same section left out, and from its own old pair: never from an answer.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from statistics import mean

from rich.table import Table
from rich.text import Text

from bot.bench import Progress, percent
from bot.files import FileError, read_text
from sync.align import translation_units
from sync.engines import create
from sync.languages import language as find_language
from sync.lexicon import Lexicon
from sync.markdown import parse, tokens
from sync.memory import TranslationMemory
from sync.model import (
    TRANSLATABLE,
    BlockKind,
    Draft,
    Operation,
    Section,
    SegmentResult,
    TranslationUnit,
)
from sync.pipeline import draft_section
from sync.score import prose_bleu

# A draft that scores lower than the old translation by more than this is listed.
TOLERANCE = 0.005


@dataclass(frozen=True, slots=True)
class Replay:
    """One real update. `reference` is what the translators merged."""

    name: str
    language: str
    section: str
    old_source: str
    new_source: str
    old_target: str
    reference: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What drafting one replay gave. BLEU values are prose BLEU against the reference, on 0–1."""

    name: str
    language: str
    alone: float  # the old translation left alone
    none: float  # drafted with structure only
    memory: float  # drafted with the embedded engine
    bound: float  # drafted with the translators' own sentences as memory
    kept: int  # blocks of the old translation that the translators kept
    lost: tuple[str, ...]  # those of them that the draft has not, byte for byte
    second_run_unchanged: bool  # with the base revision recorded, as `amts sync` does
    blind_run_unchanged: bool  # from the same three files again: for information
    changed: int  # characters of the source sentences that changed
    sent: int  # characters sent to the engine
    machine: int  # segments a machine wrote
    damaged: tuple[str, ...]  # those of them with other protected tokens than their source
    operations: dict[str, int]
    waiting: int
    seconds: float  # one draft with the embedded engine

    @property
    def worse(self) -> bool:
        """Whether leaving the old translation alone would have been clearly better."""
        return min(self.none, self.memory) < self.alone - TOLERANCE


@dataclass(frozen=True, slots=True)
class Failure:
    """A replay that could not be drafted, and why."""

    name: str
    error: str


@dataclass(frozen=True, slots=True)
class ReplayFigures:
    """All replays of a folder."""

    outcomes: tuple[Outcome, ...]
    failures: tuple[Failure, ...]

    @property
    def means(self) -> dict[str, float]:
        """Mean prose BLEU over the cases drafted, by what was scored."""
        names = ("alone", "none", "memory", "bound")
        return {name: mean(getattr(case, name) for case in self.outcomes) for name in names}

    def summary(self) -> dict[str, object]:
        """The figures over all cases; empty but for the counts where no case was drafted."""
        cases = self.outcomes
        counts: dict[str, object] = {
            "cases": len(cases) + len(self.failures),
            "drafted": len(cases),
        }
        if not cases:
            return counts
        return counts | {
            "prose_bleu": self.means,
            "worse_than_alone": [case.name for case in cases if case.worse],
            "blocks_kept_by_translators": sum(case.kept for case in cases),
            "blocks_lost": sum(len(case.lost) for case in cases),
            "second_run_unchanged": sum(case.second_run_unchanged for case in cases),
            "blind_run_unchanged": sum(case.blind_run_unchanged for case in cases),
            "characters_changed": sum(case.changed for case in cases),
            "characters_sent": sum(case.sent for case in cases),
            "machine_segments": sum(case.machine for case in cases),
            "damaged_segments": sum(len(case.damaged) for case in cases),
            "waiting": sum(case.waiting for case in cases),
            "seconds": sum(case.seconds for case in cases),
        }

    def to_json(self) -> dict[str, object]:
        """The summary, every case and every failure."""
        return {
            "summary": self.summary(),
            "cases": [asdict(case) | {"worse": case.worse} for case in self.outcomes],
            "failures": [asdict(failure) for failure in self.failures],
        }

    def tables(self) -> list[Table]:
        """One row a case, what deserves a look, and the summary."""
        return [self._case_table(), self._finding_table(), self._summary_table()]

    def _case_table(self) -> Table:
        table = Table(title="Prose BLEU against what the translators merged")
        table.add_column("case", overflow="fold")
        for heading in ("alone", "none", "memory", "bound", "gain", "lost", "sent/changed", "waiting", "ms"):
            table.add_column(heading, justify="right", no_wrap=True)
        for case in self.outcomes:
            scores = (f"{score:.4f}" for score in (case.alone, case.none, case.memory, case.bound))
            table.add_row(
                f"{case.language} {case.name}",
                *scores,
                f"{case.memory - case.alone:+.4f}",
                f"{len(case.lost)}/{case.kept}",
                f"{case.sent}/{case.changed}",
                str(case.waiting),
                f"{1000 * case.seconds:.0f}",
                style="red" if case.worse else None,
            )
        return table

    def _finding_table(self) -> Table:
        table = Table(title="What deserves a look")
        table.add_column("case", overflow="fold")
        table.add_column("what")
        table.add_column("where", overflow="fold")
        for failure in self.failures:
            table.add_row(failure.name, "not drafted", Text(failure.error))
        for case in self.outcomes:
            for what, where in _findings(case):
                table.add_row(case.name, what, Text(where))  # Text: a book may hold what looks like a style
        return table

    def _summary_table(self) -> Table:
        table = Table(title="Replays")
        table.add_column("figure")
        table.add_column("value", justify="right")
        cases = self.outcomes
        total = len(cases) + len(self.failures)
        table.add_row("cases drafted", f"{len(cases)} of {total}")
        if not cases:
            return table
        labels = {
            "alone": "old translation left alone",
            "none": "draft, engine none",
            "memory": "draft, engine memory",
            "bound": "draft, the translators' own sentences",
        }
        for name, value in self.means.items():
            table.add_row(f"mean prose BLEU: {labels[name]}", f"{value:.4f}")
        kept, lost = sum(case.kept for case in cases), sum(len(case.lost) for case in cases)
        machine, damaged = sum(case.machine for case in cases), sum(len(case.damaged) for case in cases)
        sent, changed = sum(case.sent for case in cases), sum(case.changed for case in cases)
        table.add_row(f"cases lower than left alone by > {TOLERANCE}", str(sum(c.worse for c in cases)))
        table.add_row("blocks the translators kept, in the draft", f"{percent(kept - lost, kept)} of {kept}")
        table.add_row(
            "second run changes nothing", f"{sum(c.second_run_unchanged for c in cases)} of {total}"
        )
        table.add_row(
            "  and without a recorded base", f"{sum(c.blind_run_unchanged for c in cases)} of {total}"
        )
        ratio = f"{sent / changed:.3f}" if changed else "–"
        table.add_row("characters sent / characters changed", f"{sent} / {changed} = {ratio}")
        intact = percent(machine - damaged, machine)
        table.add_row("machine-written segments with intact tokens", f"{intact} of {machine}")
        table.add_row("segments left waiting", str(sum(case.waiting for case in cases)))
        table.add_row("time for one draft, mean", f"{1000 * mean(case.seconds for case in cases):.0f} ms")
        return table


def bench_replays(folder: Path, progress: Progress) -> ReplayFigures:
    """Drafts every replay below `folder`; FileError where there is none or one is not complete."""
    replays = read_replays(folder)
    outcomes: list[Outcome] = []
    failures: list[Failure] = []
    for number, replay in enumerate(replays):
        progress("replays", number, len(replays))
        try:
            outcomes.append(_measure(replay, list(_known_units(replay, replays))))
        except Exception as error:  # whatever it is: a case that is not drafted counts as one
            failures.append(Failure(replay.name, f"{type(error).__name__}: {error}"))
    progress("replays", len(replays), len(replays))
    return ReplayFigures(tuple(outcomes), tuple(failures))


def read_replays(folder: Path) -> list[Replay]:
    """The replays below `folder`, by path; FileError where there is none or a file is missing."""
    if not folder.is_dir():
        raise FileError(f"{folder} is not a folder: name one that holds replays")
    replays = [_read_replay(meta.parent) for meta in sorted(folder.rglob("meta.json"))]
    if not replays:
        raise FileError(
            f"{folder} holds no replay: a replay is a folder with meta.json, old.en.md, new.en.md …"
        )
    return replays


def _read_replay(folder: Path) -> Replay:
    meta = folder / "meta.json"
    try:
        fields = json.loads(read_text(meta))
        code, section = str(fields["language"]), str(fields["section"])
    except (ValueError, KeyError, TypeError):
        raise FileError(f'{meta} is not a JSON object with "language" and "section"') from None
    code = find_language(code).code
    return Replay(
        name=folder.name,
        language=code,
        section=section,
        old_source=read_text(folder / "old.en.md"),
        new_source=read_text(folder / "new.en.md"),
        old_target=read_text(folder / f"old.{code}.md"),
        reference=read_text(folder / f"new.{code}.md"),
    )


def _known_units(replay: Replay, replays: Iterable[Replay]) -> Iterator[TranslationUnit]:
    for other in replays:
        same_section = other.section == replay.section
        if other.language == replay.language and (other is replay or not same_section):
            yield from _units(other.old_source, other.old_target, other.language, other.section)


# Each pair is aligned once, though every other case of its language uses it.
@cache
def _units(source: str, target: str, language: str, origin: str) -> tuple[TranslationUnit, ...]:
    return tuple(translation_units(parse(source), parse(target, language), origin=origin))


def _measure(replay: Replay, units: Sequence[TranslationUnit]) -> Outcome:
    lexicon = Lexicon.learn(units, replay.language)

    def draft(engine: str, memory: TranslationMemory, old_source: str, old_target: str) -> Draft:
        translator = create(engine, memory, {})
        return draft_section(old_source, replay.new_source, old_target, replay.language, translator, lexicon)

    memory = TranslationMemory(units)
    answers = TranslationMemory(_units(replay.new_source, replay.reference, replay.language, "reference"))
    structure = draft("none", memory, replay.old_source, replay.old_target)
    began = time.perf_counter()
    drafted = draft("memory", memory, replay.old_source, replay.old_target)
    seconds = time.perf_counter() - began
    bound = draft("memory", answers, replay.old_source, replay.old_target)
    again = draft("memory", memory, replay.new_source, drafted.text)
    blind = draft("memory", memory, replay.old_source, drafted.text)

    reference = parse(replay.reference, replay.language)
    old, new = parse(replay.old_target, replay.language), parse(drafted.text, replay.language)
    kept = _blocks(old) & _blocks(reference)
    machine = [result for result in drafted.results if _machine_wrote(result)]
    return Outcome(
        name=replay.name,
        language=replay.language,
        alone=prose_bleu(old, reference),
        none=prose_bleu(parse(structure.text, replay.language), reference),
        memory=prose_bleu(new, reference),
        bound=prose_bleu(parse(bound.text, replay.language), reference),
        kept=kept.total(),
        lost=tuple((kept - _blocks(new)).elements()),
        second_run_unchanged=again.text == drafted.text and not again.characters_sent,
        blind_run_unchanged=blind.text == drafted.text,
        changed=drafted.characters_changed,
        sent=drafted.characters_sent,
        machine=len(machine),
        damaged=tuple(_side_by_side(result) for result in machine if not _tokens_intact(result)),
        operations=dict(Counter(result.operation.value for result in drafted.results)),
        waiting=sum(result.waiting for result in drafted.results),
        seconds=seconds,
    )


def _blocks(section: Section) -> Counter[str]:
    # The line end that closes a block depends on what follows it, not on who wrote it.
    return Counter(block.text.rstrip("\r\n") for block in section.blocks if block.kind is not BlockKind.BLANK)


def _machine_wrote(result: SegmentResult) -> bool:
    written = result.operation in {Operation.PATCHED, Operation.TRANSLATED} and not result.waiting
    return written and result.kind in TRANSLATABLE


def _tokens_intact(result: SegmentResult) -> bool:
    return _token_texts(result.draft) == _token_texts(result.new_source)


def _token_texts(text: str | None) -> Counter[str]:
    return Counter(token.text for token in tokens(text or ""))


def _side_by_side(result: SegmentResult) -> str:
    return f"{result.new_source} → {result.draft}"


def _findings(case: Outcome) -> Iterator[tuple[str, str]]:
    if case.worse:
        yield (
            "lower than left alone",
            f"none {case.none - case.alone:+.4f}, memory {case.memory - case.alone:+.4f}",
        )
    if not case.second_run_unchanged:
        yield "second run changes it", case.name
    for block in case.lost:
        yield "block lost", block[:120]
    for segment in case.damaged:
        yield "tokens differ", segment[:240]
    if case.sent > case.changed:
        yield "more sent than changed", f"{case.sent} > {case.changed}"
