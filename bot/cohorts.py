"""Cohorts that lag: languages and chapters whose drafts take reviewers more work than the others.

Each is compared with the rest by itself: that there are many comparisons is not corrected for, so that of twenty or
forty cohorts that are like the others one may be named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.ledger import Entry
from bot.trend import Figures, figures_of, grouped
from sync.intervals import ratio_interval

# A cohort with less is not judged: a few sentences say nothing of the next ones.
LEAST_SEGMENTS = 30
LEAST_SECTIONS = 5  # merged ones; the interval is taken over them
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Lagging:
    """A cohort whose effort is above that of the rest: its 95 % interval lies above it.

    `rest`: the other languages, or the other chapters of the same translation. `interval`: of its effort, 95 %.
    `share`: its part of all characters that reviewers typed; `spared`: those that would be spared if its effort were
    that of the rest. `sections` and `terms` would help most if the engine had more examples of them: the characters
    that would be spared there, and the segments with that word that were changed beyond those that the rest would have.
    """

    by: str
    name: str
    figures: Figures
    rest: Figures
    interval: tuple[float, float]
    share: float
    spared: int
    sections: Mapping[str, int]
    terms: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Cohort:
    """Entries of sections, and those that they are compared with."""

    by: str
    name: str
    own: Sequence[Entry]
    rest: Sequence[Entry]

    @property
    def can_be_judged(self) -> bool:
        """Whether there is enough on both sides."""
        return all(
            len(side) >= LEAST_SECTIONS
            and sum(entry.segments - entry.undone for entry in side) >= LEAST_SEGMENTS
            and any(entry.characters for entry in side)
            for side in (self.own, self.rest)
        )


def cohorts_of(by: str, entries: Sequence[Entry], name_of: Callable[[Entry], str]) -> Iterator[Cohort]:
    """Each cohort beside all others; none where there is only one."""
    groups = grouped(entries, name_of)
    if len(groups) > 1:
        for name, own in groups.items():
            yield Cohort(by, name, own, [entry for entry in entries if name_of(entry) != name])


def lagging(cohort: Cohort, typed: int) -> Lagging | None:
    """A cohort that can be judged as one that lags; None: it does not. `typed`: all characters of all cohorts."""
    own, rest = figures_of(cohort.own), figures_of(cohort.rest)
    usual = rest.edits / rest.characters
    low, high = ratio_interval([it.edits for it in cohort.own], [it.characters for it in cohort.own])
    if low <= usual:
        return None
    excess: Counter[str] = Counter()
    terms: Counter[str] = Counter()
    for entry in cohort.own:
        excess[entry.section] += round(entry.edits - usual * entry.characters)
        terms.update(entry.terms)
    elsewhere: Counter[str] = Counter()
    for entry in cohort.rest:
        elsewhere.update(entry.terms)
    for term in terms:
        terms[term] -= round(elsewhere[term] / rest.segments * own.segments)
    return Lagging(
        cohort.by,
        cohort.name,
        own,
        rest,
        (low, high),
        own.edits / typed,
        round(own.edits - usual * own.characters),
        _most(excess),
        _most(terms),
    )


def _most(counts: Counter[str]) -> dict[str, int]:
    """The most frequent, those of nothing or less left out; in order of the alphabet where they are equal."""
    found = sorted((item for item in counts.items() if item[1] > 0), key=lambda item: (-item[1], item[0]))
    return dict(found[:_MOST_NAMED])
