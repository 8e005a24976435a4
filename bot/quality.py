"""What months of review say: the trend of effort and scores, and the cohorts that lag. Entries in, values out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from bot.cohorts import Lagging, cohorts_of, lagging
from bot.grouping import chapters_of
from bot.ledger import WHOLE, Entry
from bot.trend import BY_HAND, FROM_NOTHING, Row, figures_of, rows_of


@dataclass(frozen=True, slots=True)
class Quality:
    """The trend and the cohorts that lag, worst first; how many were judged, and how many have too few data."""

    rows: tuple[Row, ...]
    lagging: tuple[Lagging, ...]
    judged: int
    too_few: int

    def to_json(self) -> dict[str, object]:
        """All of it, with the definitions of what was saved."""
        return {
            "definitions": {"saved_from_nothing": FROM_NOTHING, "saved_by_hand": BY_HAND},
            "trend": [{"by": it.by, "name": it.name, "month": it.month, **it.figures.to_json()} for it in self.rows],
            "lagging": [
                asdict(it) | {"figures": it.figures.to_json(), "rest": it.rest.to_json()} for it in self.lagging
            ],
            "judged": self.judged,
            "too_few": self.too_few,
        }


def quality(entries: Iterable[Entry]) -> Quality:
    """The trend and the cohorts of a ledger; the same entry twice counts once, as it was told last."""
    known = {(entry.repository, entry.pull_request, entry.section): entry for entry in entries}
    sections = [entry for entry in known.values() if entry.section != WHOLE]
    told = {(entry.repository, entry.pull_request) for entry in known.values() if entry.section == WHOLE}
    # Scores of a whole pull request are better founded than those of its sections.
    merges = [
        entry
        for entry in known.values()
        if entry.section == WHOLE or (entry.repository, entry.pull_request) not in told
    ]
    chapters = _chapters(sections)
    rows = [
        *rows_of("all", merges, lambda _: ""),
        *rows_of("language", merges, lambda entry: entry.language),
        *rows_of("engine", merges, lambda entry: entry.engine),
        *rows_of("chapter", sections, lambda entry: chapters[entry.repository, entry.section]),
    ]
    cohorts = [
        *cohorts_of("language", sections, lambda entry: entry.language),
        *(
            cohort
            for repository in sorted({entry.repository for entry in sections})
            for cohort in cohorts_of(
                "chapter",
                [entry for entry in sections if entry.repository == repository],
                lambda entry: chapters[entry.repository, entry.section],
            )
        ),
    ]
    judged = [cohort for cohort in cohorts if cohort.can_be_judged]
    typed = figures_of(sections).edits
    found = [late for cohort in judged if (late := lagging(cohort, typed)) is not None]
    found.sort(key=lambda it: ((it.rest.effort or 0) - (it.figures.effort or 0), it.by, it.name))
    return Quality(tuple(rows), tuple(found), len(judged), len(cohorts) - len(judged))


def _chapters(sections: Iterable[Entry]) -> dict[tuple[str, str], str]:
    """The chapter of every section, by repository and path; the repository is part of its name."""
    paths: defaultdict[str, set[str]] = defaultdict(set)
    for entry in sections:
        paths[entry.repository].add(entry.section)
    return {
        (repository, path): f"{repository} {chapter}"
        for repository, own in paths.items()
        for path, chapter in chapters_of(own).items()
    }
