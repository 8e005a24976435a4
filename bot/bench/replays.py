"""Real updates replayed, all of a folder: the figures, and what deserves a look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean

from rich.table import Table
from rich.text import Text

from bot.bench import Progress, percent
from bot.bench.replay import TOLERANCE, Outcome, known_units, measure, read_replays


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
        table.add_row("second run changes nothing", f"{sum(c.second_run_unchanged for c in cases)} of {total}")
        table.add_row("  and without a recorded base", f"{sum(c.blind_run_unchanged for c in cases)} of {total}")
        ratio = f"{sent / changed:.3f}" if changed else "–"
        table.add_row("characters sent / characters changed", f"{sent} / {changed} = {ratio}")
        intact = percent(machine - damaged, machine)
        table.add_row("machine-written segments with intact tokens", f"{intact} of {machine}")
        table.add_row("segments left waiting", str(sum(case.waiting for case in cases)))
        table.add_row("time for one draft, mean", f"{1000 * mean(case.seconds for case in cases):.0f} ms")
        return table


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


def bench_replays(folder: Path, progress: Progress) -> ReplayFigures:
    """Drafts every replay below `folder`; FileError where there is none or one is not complete."""
    replays = read_replays(folder)
    outcomes: list[Outcome] = []
    failures: list[Failure] = []
    for number, replay in enumerate(replays):
        progress("replays", number, len(replays))
        try:
            outcomes.append(measure(replay, list(known_units(replay, replays))))
        except Exception as error:  # whatever it is: a case that is not drafted counts as one
            failures.append(Failure(replay.name, f"{type(error).__name__}: {error}"))
    progress("replays", len(replays), len(replays))
    return ReplayFigures(tuple(outcomes), tuple(failures))
