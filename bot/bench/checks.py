"""The checks of a segment on real translations: seeded faults that are found, and alarms about what people wrote.

The habits that a segment is held against are learnt from other sections than its own, as those of a draft are from
what was merged before. What a person really did wrong (a word twice) counts as a false alarm all the same.

The faults of two checks, terms and typography, are drawn from what the check itself has learnt of the book: they say
how surely it finds what it knows, not how much of all terms and customs it knows.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.table import Table
from rich.text import Text

from bot.bench import Progress, percent
from bot.bench.seeds import SEEDS
from bot.files import PairFiles, pairs_in
from sync.findings import Standard, find_faults
from sync.habits import Habits
from sync.inline import fold, strip_marks
from sync.languages import language as find_language
from sync.markdown import parse
from sync.memory import DOUBTFUL
from sync.model import Check, Finding, TranslationUnit
from sync.references import References
from sync.units import translation_units

_PARTS = 5  # of the book; the habits for each are learnt from the others
_EACH = 200  # seeded faults of each kind
_SHOWN = 5  # examples of alarms of each kind
_MOST_ALARMS = 1 / 50  # of the segments
_LEAST_FOUND = 0.95


@dataclass(frozen=True, slots=True)
class Example:
    """A segment with something to tell: its section, both texts, and the reason of the alarm, if there was one."""

    path: str
    source: str
    target: str
    reason: str = ""


@dataclass(slots=True)
class CheckCounts:
    """Of one check: seeds that were sown and found, segments with a false alarm, and examples of what went wrong."""

    seeds: int = 0
    found: int = 0
    alarms: int = 0
    false: list[Example] = field(default_factory=list)
    missed: list[Example] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CheckFigures:
    """What the checks are worth on a book. `untranslated` segments stand there in English, and are not counted on."""

    segments: int
    alarmed: int
    untranslated: int
    doubtful: int
    checks: dict[Check, CheckCounts]

    @property
    def as_said(self) -> bool:
        """Whether every check is measured, one segment in 50 has an alarm at most, and 95 % of each fault are found."""
        enough = all(one.found >= _LEAST_FOUND * one.seeds for one in self.checks.values())
        return enough and not self.unmeasured and self.alarmed <= _MOST_ALARMS * self.segments

    @property
    def unmeasured(self) -> tuple[Check, ...]:
        """The checks of whose faults too few could be sown in this book to tell anything."""
        return tuple(check for check in Check if check not in self.checks or self.checks[check].seeds < _EACH)

    def to_json(self) -> dict[str, object]:
        """All figures, with examples."""
        return {
            "segments": self.segments,
            "alarmed": self.alarmed,
            "untranslated": self.untranslated,
            "doubtful": self.doubtful,
            "unmeasured": [check.value for check in self.unmeasured],
            "checks": {check.value: asdict(one) for check, one in self.checks.items()},
        }

    def tables(self) -> list[Table]:
        """Examples of alarms and of faults that were not found, and the figures."""
        examples = Table(title="Alarms about what people wrote, and seeded faults not found; examples")
        for heading in ("check", "section", "", "source", "translation"):
            examples.add_column(heading, overflow="fold")
        for check, one in self.checks.items():
            for kind, listed in (("alarm", one.false), ("not found", one.missed)):
                for case in listed[:_SHOWN]:
                    said = f"{kind}: {case.reason}" if case.reason else kind
                    texts = (Text(text[:160]) for text in (said, case.source, case.target))
                    examples.add_row(check.value, case.path, *texts)
        table = Table(
            title=f"Checks on {self.segments:,} segments that people translated; not counted: {self.untranslated:,} "
            f"left in English, {self.doubtful:,} whose counterpart is doubtful. The faults of {Check.TERMINOLOGY} and "
            f"{Check.TYPOGRAPHY} are drawn from what the check has learnt."
        )
        for heading in ("check", "faults sown", "found", "segments with a false alarm", "one in"):
            table.add_column(heading, justify="left" if heading == "check" else "right")
        for check, one in self.checks.items():
            found = percent(one.found, one.seeds) if check not in self.unmeasured else "not measured"
            table.add_row(check.value, f"{one.seeds} of {_EACH}", found, *self._alarms(one.alarms))
        table.add_row("any", "", "", *self._alarms(self.alarmed))
        return [examples, table]

    def _alarms(self, count: int) -> tuple[str, str]:
        return f"{count:,}", f"{self.segments / count:,.0f}" if count else "–"


@dataclass(frozen=True, slots=True)
class _Case:
    """A segment that people translated, and what it is held against."""

    unit: TranslationUnit
    standard: Standard
    findings: tuple[Finding, ...]


def bench_checks(folder: Path, language: str, progress: Progress) -> CheckFigures:
    """Runs the checks on the pairs below `folder`, and on translations of it with seeded faults.

    FileError where there is no pair.
    """
    code = find_language(language).code
    places = pairs_in(folder)
    books, references = _read(folder, places, code, progress)
    everything = [unit for units in books for unit in units]
    cases: list[_Case] = []
    for part in range(_PARTS):
        progress("alarms", part, _PARTS)
        others = (unit for number, units in enumerate(books) if number % _PARTS != part for unit in units)
        standard = Standard(code, Habits.learn(others, (), code), references)
        own = (unit for units in books[part::_PARTS] for unit in units)
        cases += [_Case(unit, standard, _findings(unit, unit.target, standard)) for unit in own if _is_translated(unit)]
    counts = {check: CheckCounts() for check in Check}
    for case in cases:
        _count_alarms(case, counts)
    for done, check in enumerate(Check):
        progress("faults", done, len(Check))
        _sow(check, cases, counts[check])
    progress("faults", len(Check), len(Check))
    doubtful = sum(unit.confidence < DOUBTFUL for unit in everything)
    alarmed = sum(bool(case.findings) for case in cases)
    return CheckFigures(len(cases), alarmed, len(everything) - doubtful - len(cases), doubtful, counts)


def _read(
    folder: Path, places: Sequence[PairFiles], language: str, progress: Progress
) -> tuple[list[list[TranslationUnit]], References]:
    """The translation units of each section, and what there is to refer to."""
    units: list[list[TranslationUnit]] = []
    texts: list[str] = []
    for number, place in enumerate(places):
        progress("align", number, len(places))
        pair = place.read()
        texts += [pair.source, pair.target]
        units.append(translation_units(parse(pair.source), parse(pair.target, language), origin=pair.path))
    progress("align", len(places), len(places))
    files = (file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    return units, References.of(texts, files)


def _is_translated(unit: TranslationUnit) -> bool:
    """Whether a unit is a translation at all, and surely one of its source."""
    return unit.confidence >= DOUBTFUL and unit.source.casefold() != unit.target.casefold()


def _findings(unit: TranslationUnit, target: str, standard: Standard) -> tuple[Finding, ...]:
    return find_faults(unit.source, target, unit.origin, standard)


def _count_alarms(case: _Case, counts: dict[Check, CheckCounts]) -> None:
    said = {finding.check: finding.reason for finding in case.findings}
    for check, reason in said.items():
        counts[check].alarms += 1
        counts[check].false.append(Example(case.unit.origin, case.unit.source, case.unit.target, reason))


def _sow(check: Check, cases: Iterable[_Case], counts: CheckCounts) -> None:
    """Puts a fault into the segments that come first by a hash of their source, among those where it can be put."""
    for case in sorted(cases, key=lambda case: _digest(f"{check} {case.unit.origin} {case.unit.source}")):
        if counts.seeds == _EACH:
            return
        source, target = (
            fold(strip_marks(case.unit.source)),
            fold(strip_marks(case.unit.target), case.standard.language),
        )
        chance = random.Random(f"{check} {source}")  # noqa: S311 (a repeatable fault, no secret)
        wrong = SEEDS[check](source, target, case.standard, chance)
        if wrong is None or wrong == target:
            continue
        counts.seeds += 1
        before = Counter(finding for finding in case.findings if finding.check is check)
        after = Counter(finding for finding in _findings(case.unit, wrong, case.standard) if finding.check is check)
        if after - before:
            counts.found += 1
        else:
            counts.missed.append(Example(case.unit.origin, source, wrong))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


__all__ = ["CheckCounts", "CheckFigures", "Example", "bench_checks"]
