"""Real updates replayed: every way of doing them beside the others, and what deserves a look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from rich.table import Table
from rich.text import Text

from bot.bench import Progress, po4a
from bot.bench.attempts import ALONE, BOUND, Attempt, Outcome, attempt_all, estimate
from bot.bench.experiment import total
from bot.bench.replay import Replay, known_units
from bot.bench.ways import PO4A, draft_table, figures_of, is_worse, way_heading, way_label, way_table
from sync.config import Engine
from sync.engines import PAID
from sync.model import Cost


@dataclass(frozen=True, slots=True)
class ReplayFigures:
    """All replays, each done in all `ways`, leaving the old translation alone first; `engines` are those that draft."""

    ways: tuple[str, ...]
    engines: tuple[str, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def failures(self) -> list[tuple[str, str, str]]:
        """What came to nothing: the case, the way, and why. That po4a does not take a case is no failure of ours."""
        return [(case.name, way, why) for case in self.outcomes for way, why in case.failed.items() if way != PO4A]

    @property
    def changed(self) -> list[Outcome]:
        """The cases in which an engine has something to do: English sentences changed."""
        return [case for case in self.outcomes if case.changed]

    @property
    def common(self) -> list[Outcome]:
        """The cases that every way could do."""
        return [case for case in self.outcomes if not case.failed]

    @property
    def signatures(self) -> list[str]:
        """How the scores were computed; several of a kind where there are several languages."""
        scores = [case.attempts[ALONE].nearness for case in self.outcomes if ALONE in case.attempts]
        return sorted(
            {f"BLEU {it.bleu.signature}" for it in scores}
            | {f"chrF {it.chrf.signature}" for it in scores}
            | {f"TER {it.ter.signature}" for it in scores}
        )

    def gains(self) -> dict[str, list[float | None]]:
        """For each way but leaving alone, what it gained in prose BLEU by that in every case; None: it could not."""
        return {
            way_label(way): [case.gain(way) if way in case.attempts else None for case in self.outcomes]
            for way in self.ways
            if way != ALONE
        }

    def to_json(self) -> dict[str, object]:
        """The figures of every way over all cases, those with changed prose, those that every way did; each case."""
        return {
            "ways": {way: self._way_json(way, self.outcomes) for way in self.ways},
            "changed": {"cases": len(self.changed), **{way: self._way_json(way, self.changed) for way in self.ways}},
            "common": {"cases": len(self.common), **{way: self._way_json(way, self.common) for way in self.ways}},
            "signatures": self.signatures,
            "cases": [_case_json(case) for case in self.outcomes],
        }

    @staticmethod
    def _way_json(way: str, outcomes: Sequence[Outcome]) -> dict[str, object] | None:
        found = figures_of(way, outcomes)
        return None if found is None else asdict(found)

    def tables(self) -> list[Table]:
        """One row a case, what deserves a look, the drafts, and every way beside the others."""
        every = way_table(f"Replays: all {len(self.outcomes)}", self.ways, self.outcomes, self.signatures)
        tables = [self._case_table(), self._finding_table(), draft_table(self.engines, self.outcomes), every]
        if self.changed and len(self.changed) < len(self.outcomes):
            title = f"Replays: the {len(self.changed)} in which English prose changed"
            tables.append(way_table(title, self.ways, self.changed, self.signatures))
        if self.common and len(self.common) < len(self.outcomes):
            title = f"Replays: the {len(self.common)} that every way could do"
            tables.append(way_table(title, self.ways, self.common, self.signatures))
        return tables

    def _case_table(self) -> Table:
        table = Table(title="Prose BLEU against what the translators merged")
        table.add_column("case", overflow="fold")
        for heading in (*map(way_heading, self.ways), "changed"):
            table.add_column(heading, justify="right", no_wrap=True)
        for case in self.outcomes:
            found = (case.attempts.get(way) for way in self.ways)
            scores = (f"{attempt.nearness.bleu.value:.4f}" if attempt else "–" for attempt in found)
            worse = any(is_worse(case, way) for way in self.engines)
            row = (f"{case.language} {case.name}", *scores, f"{case.changed:,}")
            table.add_row(*row, style="red" if worse else None)
        return table

    def _finding_table(self) -> Table:
        table = Table(title="What deserves a look")
        for heading in ("case", "way", "what", "where"):
            table.add_column(heading, overflow="fold")
        for case in self.outcomes:
            for way, why in case.failed.items():
                if way != PO4A:  # its reasons are in the JSON
                    table.add_row(case.name, way_heading(way), "not done", Text(why))
            for way in self.engines:
                for what, where in _findings(case, way):
                    # Text: a book may hold what looks like a style.
                    table.add_row(case.name, way, what, Text(where))
        return table


def _findings(case: Outcome, way: str) -> Iterator[tuple[str, str]]:
    attempt = case.attempts.get(way)
    if attempt is None:
        return
    if is_worse(case, way):
        yield "lower than left alone", f"{case.gain(way):+.4f}"
    if attempt.second_run_unchanged is False:
        yield "second run changes it", ""
    for block in attempt.lost:
        yield "block lost", block[:120]
    for segment in attempt.damaged:
        yield "tokens differ", segment[:240]
    if attempt.sent > case.changed:
        yield "more sent than changed", f"{attempt.sent} > {case.changed}"


def _case_json(case: Outcome) -> dict[str, object]:
    return {
        "name": case.name,
        "language": case.language,
        "section": case.section,
        "blocks_kept_by_translators": case.kept,
        "characters_changed": case.changed,
        "attempts": {way: _attempt_json(attempt) for way, attempt in case.attempts.items()},
        "failed": dict(case.failed),
    }


def _attempt_json(attempt: Attempt) -> dict[str, object]:
    near = attempt.nearness
    scores = {"prose_bleu": near.bleu.value, "chrf": near.chrf.value, "ter": near.ter.value, "edits": near.edits}
    return scores | {name: value for name, value in asdict(attempt).items() if name != "nearness"}


def estimate_replays(replays: Sequence[Replay], engines: Sequence[Engine], progress: Progress) -> Cost | None:
    """What all replays would cost at most, without sending anything; None: nothing. Raises EngineError."""
    paid = [engine for engine in engines if engine.name in PAID]
    costs = []
    for number, replay in enumerate(replays if paid else ()):
        progress("estimate", number, len(replays))
        units = list(known_units(replay, replays))
        costs += [estimate(replay, units, engine) for engine in paid]
    return total(costs)


def bench_replays(replays: Sequence[Replay], engines: Sequence[Engine], progress: Progress) -> ReplayFigures:
    """Does every replay in every way: with each engine, and with po4a where that is installed.

    Each case knows the old pairs of others (`known_units`). A way that fails costs no other.
    """
    outside = {PO4A: po4a.translate} if po4a.is_installed() else {}
    outcomes = []
    for number, replay in enumerate(replays):
        progress("replays", number, len(replays))
        outcomes.append(attempt_all(replay, list(known_units(replay, replays)), engines, outside))
    progress("replays", len(replays), len(replays))
    names = tuple(dict.fromkeys(engine.name for engine in engines))
    return ReplayFigures((ALONE, *names, BOUND, *outside), names, tuple(outcomes))
