"""What there is to review, be it from a sync's report or from the bot's record, and where to look first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from bot.counts import COLUMNS, WAITING
from bot.records import Proposal, Record, SectionRecord
from bot.wording import plural
from sync.model import Check, Cost, Operation, SectionReport, SectionState, SegmentResult, SyncReport


@dataclass(frozen=True, slots=True)
class Characters:
    """Characters of the source, of its changed segments, and of what was sent to an engine."""

    source: int = 0
    changed: int = 0
    sent: int = 0


@dataclass(frozen=True, slots=True)
class ReviewedSection:
    """A section, drafted or not: `changes` are its segments that are not simply as they were, `kept` counts those."""

    path: str
    source_path: str | None
    state: SectionState
    drafted: bool
    changes: tuple[SegmentResult, ...] = ()
    kept: int = 0
    notes: tuple[str, ...] = ()
    draft_notes: tuple[str, ...] = ()
    error: str | None = None
    characters: Characters = Characters()


@dataclass(frozen=True, slots=True)
class Review:
    """An update of a translation, as its reviewers need to see it. `source` is the revision that it leads to."""

    language: str
    engine: str
    source: str
    sections: tuple[ReviewedSection, ...]
    notes: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    cost: Cost | None = None

    @property
    def drafted(self) -> tuple[ReviewedSection, ...]:
        """The sections that there are drafts of."""
        return tuple(section for section in self.sections if section.drafted)

    @property
    def failed(self) -> int:
        """How many sections have an error."""
        return sum(section.error is not None for section in self.sections)


class Risk(IntEnum):
    """Why a reviewer should look at a segment, in the order in which to look.

    What misleads a reader comes first. New text that is still in the source language comes last: it shows.
    """

    STALE = 0
    SUSPECT = 1  # a check found something
    UNCERTAIN = 2
    TRANSLATED = 3
    MISSING = 4


@dataclass(frozen=True, slots=True)
class Tally:
    """How many segments there are to review, how many of them need a look, and how many of these wait for a translator.

    All that are not as they were are there to review.
    """

    to_review: int
    to_look_at: int
    waiting: int


_GRAVITY = {check: place for place, check in enumerate(Check)}


def of_report(report: SyncReport) -> Review:
    """What a sync left to review."""
    sections = tuple(map(_of_report, report.sections))
    return Review(report.language, report.engine, report.source_revision, sections, report.notes, cost=report.cost)


def of_proposal(proposal: Proposal, language: str) -> Review:
    """What a proposal of the bot leaves to review: everything in its pull request."""
    sections = tuple(_of_record(path, section) for path, section in sorted(proposal.sections.items()))
    return Review(
        language, proposal.engine, proposal.source, sections, proposal.notes, proposal.conflicts, proposal.cost
    )


def open_proposals(record: Record) -> list[Proposal]:
    """The proposals of the record that are not about to be closed."""
    return [proposal for proposal in record.proposals.values() if proposal.closing is None]


def count_segments(sections: Iterable[ReviewedSection]) -> dict[str, int]:
    """Segments by what became of them, each counted once: what waits is waiting, whatever the plan was."""
    found: Counter[str] = Counter()
    for section in sections:
        found.update(WAITING if result.waiting else result.operation.value for result in section.changes)
        found[Operation.KEPT] += section.kept
    return {column: found[column] for column in COLUMNS}


def count_characters(sections: Sequence[ReviewedSection]) -> Characters:
    """The characters of several sections together."""
    each = [section.characters for section in sections]
    return Characters(sum(c.source for c in each), sum(c.changed for c in each), sum(c.sent for c in each))


def tally(sections: Iterable[ReviewedSection]) -> Tally:
    """The counts that all texts of the bot give, so that they agree."""
    changes = [result for section in sections for result in section.changes]
    look = sum(risk(result) is not None for result in changes)
    return Tally(len(changes), look, sum(result.waiting for result in changes))


def tally_text(counts: Tally) -> str:
    """The counts in words, the same everywhere; plain text."""
    if not counts.to_look_at:
        return f"{plural(counts.to_review, 'segment')} to review, none of them marked for a look"
    need = "needs" if counts.to_look_at == 1 else "need"
    wait = "waits" if counts.waiting == 1 else "wait"
    return (
        f"{plural(counts.to_review, 'segment')} to review, {counts.to_look_at:,} of them {need} a look, "
        f"{counts.waiting:,} of these {wait} for a translator"
    )


def count_findings(sections: Iterable[ReviewedSection]) -> dict[Check, int]:
    """In how many segments each check found something, the gravest first; those that found nothing are left out."""
    found = Counter(
        check
        for section in sections
        for result in section.changes
        for check in {finding.check for finding in result.findings}
    )
    return {check: found[check] for check in Check if found[check]}


def risk(result: SegmentResult) -> Risk | None:
    """Why to look at a segment; None where there is nothing to see."""
    if result.waiting:
        return Risk.STALE if is_stale(result) else Risk.MISSING
    if result.findings:
        return Risk.SUSPECT
    if result.uncertain:
        return Risk.UNCERTAIN
    return Risk.TRANSLATED if result.operation == Operation.TRANSLATED else None


def is_stale(result: SegmentResult) -> bool:
    """Whether an old translation stands that waits for a translator."""
    return result.waiting and result.old_target is not None


def by_risk(sections: Sequence[ReviewedSection]) -> list[tuple[ReviewedSection, SegmentResult]]:
    """The segments that need a look, the riskiest first; those of equal risk from all sections by turns.

    Of those in which a check found something the ones with the gravest findings come first.

    So the first few of them say something about all of a book that is far behind, not about its first section.
    """
    found = []
    for place, section in enumerate(sections):
        turns: Counter[tuple[Risk, int]] = Counter()
        for result in section.changes:
            reason = risk(result)
            if reason is not None:
                rank = (reason, _gravity(result))
                found.append(((*rank, turns[rank], place), section, result))
                turns[rank] += 1
    found.sort(key=lambda item: item[0])
    return [(section, result) for _, section, result in found]


def _gravity(result: SegmentResult) -> int:
    """Where its gravest finding stands among the checks; 0 where that is not why to look at it."""
    if result.waiting or not result.findings:
        return 0
    return min(_GRAVITY[finding.check] for finding in result.findings)


def status(result: SegmentResult) -> str:
    """What became of a segment, and why; as plain text, which may quote what came from outside."""
    said = result.operation.value
    if result.waiting:
        patched = result.operation == Operation.PATCHED
        stands = "in part carried over" if patched else "the old translation stands"
        said = f"waiting for a translator, {stands if is_stale(result) else 'it is not translated'}"
    elif result.uncertain:
        said += ", uncertain"
    # "moved (moved)" says no more than "moved".
    return said if result.reason in ("", result.operation.value) else f"{said} ({result.reason})"


def is_change(result: SegmentResult) -> bool:
    """Whether a segment is not simply as it was."""
    return result.waiting or result.uncertain or result.operation != Operation.KEPT or result.reason != "unchanged"


def _of_report(section: SectionReport) -> ReviewedSection:
    draft = section.draft
    if draft is None:
        error = section.error
        return ReviewedSection(
            section.path, section.source_path, section.state, False, notes=section.notes, error=error
        )
    changes = tuple(filter(is_change, draft.results))
    return ReviewedSection(
        section.path,
        section.source_path,
        section.state,
        True,
        changes,
        len(draft.results) - len(changes),
        section.notes,
        draft.notes,
        section.error,
        Characters(draft.characters_source, draft.characters_changed, draft.characters_sent),
    )


def _of_record(path: str, section: SectionRecord) -> ReviewedSection:
    changes = tuple(filter(is_change, section.results))
    kept = section.kept + len(section.results) - len(changes)
    drafted = section.error is None or bool(changes or kept)
    return ReviewedSection(
        path,
        section.source_path,
        section.state,
        drafted,
        changes,
        kept,
        section.notes,
        (),
        section.error,
        Characters(*section.characters),
    )
