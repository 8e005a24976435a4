"""What a sync did, in numbers and in full: counts of segments and characters, and the report as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict

from sync.model import Draft, Operation, SectionState, SyncReport

WAITING = "waiting"
COLUMNS = (*(o.value for o in Operation if o != Operation.REMOVED), WAITING, Operation.REMOVED.value)


def report_json(report: SyncReport) -> dict[str, object]:
    """A report as JSON values, complete.

    `language`, `engine`, `source_revision`, `target_revision`, `commit` (null: none was made), `notes`,
    `cost` (the fields of Cost, null where nothing is paid for; of a dry run: what it would cost);
    `totals`: `sections` (by state), `errors`, and `segments`, `uncertain`, `characters_source`,
    `characters_changed`, `characters_sent` as in `draft_json`;
    `sections`: `path`, `source_path`, `state`, `base`, `error`, `notes`, and `draft` (`draft_json`, or null).
    """
    drafts = drafts_of(report)
    return {
        "language": report.language,
        "engine": report.engine,
        "source_revision": report.source_revision,
        "target_revision": report.target_revision,
        "commit": report.commit,
        "notes": list(report.notes),
        "cost": asdict(report.cost) if report.cost else None,
        "totals": {
            "sections": {state.value: count_in_state(report, state) for state in SectionState},
            "errors": sum(section.error is not None for section in report.sections),
            "segments": count_segments(drafts),
            "uncertain": sum(result.uncertain for draft in drafts for result in draft.results),
            **count_characters(drafts),
        },
        "sections": [
            {
                "path": section.path,
                "source_path": section.source_path,
                "state": section.state.value,
                "base": section.base,
                "error": section.error,
                "notes": list(section.notes),
                "draft": draft_json(section.draft) if section.draft else None,
            }
            for section in report.sections
        ],
    }


def draft_json(draft: Draft) -> dict[str, object]:
    """A draft as JSON values, complete.

    `segments`: how many were `kept`, `moved`, `patched`, `translated`, `waiting`, `removed`, each in one of
    them (what waits for a translator is counted as waiting alone); `uncertain`; `characters_source`,
    `characters_changed`, `characters_sent`; `notes`; `results`: the fields of SegmentResult; `text`.
    """
    return {
        "segments": count_segments([draft]),
        "uncertain": sum(result.uncertain for result in draft.results),
        **count_characters([draft]),
        "notes": list(draft.notes),
        "results": [asdict(result) for result in draft.results],
        "text": draft.text,
    }


def drafts_of(report: SyncReport) -> list[Draft]:
    """The drafts of a report, in its order."""
    return [section.draft for section in report.sections if section.draft]


def count_segments(drafts: Iterable[Draft]) -> dict[str, int]:
    """Segments by what became of them, each counted once: what waits is waiting, whatever the plan was."""
    found = Counter(
        WAITING if result.waiting else result.operation.value for draft in drafts for result in draft.results
    )
    return {column: found[column] for column in COLUMNS}


def count_characters(drafts: list[Draft]) -> dict[str, int]:
    """Characters of the source, of its changed segments, and of what was sent to the engine."""
    return {
        "characters_source": sum(draft.characters_source for draft in drafts),
        "characters_changed": sum(draft.characters_changed for draft in drafts),
        "characters_sent": sum(draft.characters_sent for draft in drafts),
    }


def count_in_state(report: SyncReport, state: SectionState) -> int:
    """How many sections are in a state."""
    return sum(section.state == state for section in report.sections)
