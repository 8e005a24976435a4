"""The text of a pull request: of the command line's from a sync's report, of the bot's from its record.

Texts of the book are untrusted: they are escaped wherever they stand (see bot.markup).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.counts import COLUMNS, WAITING, draft_json, report_json
from bot.figures import engine_note, moved
from bot.grouping import chapter_of
from bot.markup import code, differences, escape, html_code, plain_name
from bot.records import Proposal
from bot.review import (
    Review,
    ReviewedSection,
    by_risk,
    count_characters,
    count_findings,
    count_segments,
    is_stale,
    of_proposal,
    of_report,
    status,
    tally,
    tally_text,
)
from bot.wording import MAX_BODY, language_name, listing, plural, short, take
from sync.model import Cost, Operation, SectionState, SegmentResult, SyncReport
from sync.trial import Quality

__all__ = [
    "MARKER",
    "MAX_BODY",
    "draft_json",
    "errors",
    "findings_text",
    "proposal_body",
    "proposal_title",
    "pull_request",
    "report_json",
]

MARKER = "<!-- amts:pull-request -->"

# What is not sure to be short has a part of the body for itself; the list of all other changes, which is folded
# away, has the rest.
_ERROR_ROOM = 6_000
_CONFLICT_ROOM = 4_000
_EXAMPLE_ROOM = 22_000
_TABLE_ROOM = 14_000
_LIST_ROOM = 2_000
_NOTE_ROOM = 4_000
_REST_MARGIN = 500
_MOST_EXAMPLES = 20
_MOST_REASONS = 6

_LISTED = {
    SectionState.RENAMED: "Renamed upstream",
    SectionState.NEW: "New upstream",
    SectionState.GONE: "Gone upstream; proposed for removal, nothing was removed",
    SectionState.NO_ORIGIN: "No known origin",
}
_STEERING = (
    "Comment `/amts help` to see how to steer AMTS.\n"
    "What people edit on this branch is theirs: AMTS does nothing to it.\n"
)
_PAUSED = "**AMTS is paused here**: it adds nothing until somebody with write access comments `/amts resume`."


def pull_request(report: SyncReport) -> tuple[str, str]:
    """Title and body (Markdown, at most MAX_BODY characters) of the pull request for a report.

    The summary is always complete; examples, rows and lists are cut to the room there is, and say so.
    """
    review = of_report(report)
    opening = f"AMTS compared the {language_name(report.language)} translation with its source at"
    committed = []
    if report.commit:
        committed = [f"The drafts are in commit {code(short(report.commit))}."]
    elif review.drafted:
        committed = ["Nothing was committed."]
    summary = " ".join([f"{opening} {code(short(report.source_revision))}.", *_summary(review)])
    details = " ".join([*_details(review), *committed])
    return _title(review, ""), _body([summary, details], review, "the command's JSON has them all.", "")


def proposal_title(proposal: Proposal, language: str) -> str:
    """The title of the bot's pull request. GitHub links what is in it: nothing of the book is, but a plain chapter."""
    chapter = chapter_of(proposal.branch)
    return _title(of_proposal(proposal, language), (chapter and plain_name(chapter)) or "")


def proposal_body(
    proposal: Proposal, language: str, chapter: str | None, paused: bool, known: Quality | None = None
) -> str:
    """The body (Markdown, at most MAX_BODY characters) of the bot's pull request: of all that is in it.

    `chapter` is the one that it is for, None where it is for the whole book; `known` is what is known of the engine
    on this book. The summary is always complete; examples, rows and lists are cut to the room there is, and say so.
    """
    review = of_proposal(proposal, language)
    what = f"This brings the {language_name(language)} translation in step with its source at"
    only = f", in the chapter {code(chapter)} only: every other one has a pull request of its own" if chapter else ""
    summary = " ".join([f"{what} {code(short(proposal.source))}{only}.", *_summary(review, by="AMTS")])
    engine = engine_note(known, proposal.engine)
    details = " ".join(_details(review))
    head = [MARKER, *([_PAUSED] if paused else []), summary, details, *([engine] if engine else [])]
    return _body(head, review, "the changed files of this pull request have them all.", _STEERING)


def _title(review: Review, chapter: str) -> str:
    drafted, source = review.drafted, short(review.source)
    whose = language_name(review.language)
    if not drafted:
        failed = plural(review.failed, "section")
        return f"{whose}: {f'{failed} failed' if review.failed else 'nothing to update'} from {source}"
    waiting = count_segments(drafted)[WAITING]
    tail = f", {plural(waiting, 'segment')} waiting" if waiting else ""
    what = f"update {chapter}" if chapter else "update"
    return f"{whose}: {what} from {source}, {plural(len(drafted), 'section')}{tail}"


def _body(head: list[str], review: Review, all_changes: str, steering: str) -> str:
    parts = [
        *head,
        *_conflicts(review),
        *errors(review),
        *_examples(review),
        *_table(review),
        *moved(review.drafted, review.language),
        *_lists(review),
        *_notes(review),
    ]
    end = [steering] if steering else []
    room = MAX_BODY - len("\n\n".join([*parts, *end])) - _REST_MARGIN
    rest = _rest(review, room, f"More changes do not fit here; {all_changes}")
    return "\n\n".join([*parts, *rest, *end]).rstrip("\n") + "\n"


def _summary(review: Review, by: str = "It") -> Iterator[str]:
    """What there is to do for people, in sentences."""
    drafted = review.drafted
    if not drafted:
        yield f"{by} drafted nothing."
        return
    waiting = count_segments(drafted)[WAITING]
    yield f"{by} drafted {plural(len(drafted), 'section')}: {tally_text(tally(drafted))}."
    yield from findings_text(review)
    if waiting:
        stale = sum(is_stale(result) for section in drafted for result in section.changes)
        yield (
            f"**{plural(waiting, 'segment')} waiting for a translator**: "
            f"{stale:,} with the old translation, now stale, {waiting - stale:,} in the source language."
        )
    else:
        yield "No segment is waiting for a translator."
    yield "AMTS does not judge how a sentence reads: that takes a person."


def _details(review: Review) -> Iterator[str]:
    """What was done, how, and to which sections, in sentences."""
    if review.drafted:
        yield from _drafted(review)
    yield _states(review)


def _drafted(review: Review) -> Iterator[str]:
    drafted = review.drafted
    counts, characters = count_segments(drafted), count_characters(drafted)
    results = [result for section in drafted for result in section.changes]
    done = ", ".join(f"{counts[name]:,} {name}" for name in COLUMNS if name != WAITING)
    yield f"What became of their segments: {done}."
    if counts[Operation.TRANSLATED]:
        yield _translated(results, review.engine)
    if counts[Operation.PATCHED]:
        yield "In patched ones what needs no translating was carried over: formulas, code, references, marks."
    uncertain = sum(result.uncertain and not result.waiting for result in results)
    if uncertain:
        yield f"{plural(uncertain, 'segment')} {'is' if uncertain == 1 else 'are'} marked as uncertain."
    if characters.sent:
        yield f"The engine was sent {characters.sent:,} of {characters.source:,} source characters."
    else:
        yield "Nothing was sent to an engine."
    if review.cost is not None:
        yield _price(review.cost, would=not characters.sent)


def findings_text(review: Review) -> Iterator[str]:
    """A sentence on what the checks found, with the number of segments for each check; nothing where they did not."""
    found = count_findings(review.sections)
    if found:
        segments = sum(bool(result.findings) for section in review.sections for result in section.changes)
        each = ", ".join(f"{check} {count:,}" for check, count in found.items())
        where = plural(segments, "segment")
        yield f"The checks found something in {where} ({each}): each says why, and the text may be right all the same."


def _translated(results: list[SegmentResult], engine: str) -> str:
    """Whose words those of the translated segments are."""
    machine = [result.machine for result in results if result.operation == Operation.TRANSLATED and not result.waiting]
    made = f"made by a machine (engine {code(engine, 40)})"
    if all(machine):
        return f"Translated segments are {made}."
    if any(machine):
        return f"{machine.count(True):,} of the translated segments are {made}; the others take words of translators."
    return f"Translated segments take words of translators from elsewhere in the book (engine {code(engine, 40)})."


def _price(cost: Cost, would: bool) -> str:
    """What was paid, or would be."""
    ways = ", ".join(f"${dollars:,.2f} {way}" for way, dollars in cost.alternatives.items())
    said = "Sending the changed segments would cost" if would else "That cost"
    return (
        f"{said} at most ${cost.dollars:,.2f}: {cost.characters:,} characters, {cost.billed:,} with markup"
        f"{f' ({ways})' if would and ways else ''}."
    )


def _states(review: Review) -> str:
    found = [section.state for section in review.sections]
    counts = [f"{found.count(state):,} {state.value}" for state in SectionState if state in found]
    if review.failed:
        counts.append(f"**{review.failed:,} with an error**")
    return f"Sections: {', '.join(counts)}." if counts else "The translation has no sections."


def _conflicts(review: Review) -> list[str]:
    lines = (f"- {escape(conflict, 500)}" for conflict in review.conflicts)
    heading = "### Changed here and on the default branch: what stands here was kept, so look at both"
    return listing(heading, lines, len(review.conflicts), _CONFLICT_ROOM)


def errors(review: Review) -> list[str]:
    """The heading and the list of what went wrong: what many sections share is said once. Empty where nothing did."""
    failed: dict[str, list[str]] = {}
    for section in review.sections:
        if section.error is not None:
            failed.setdefault(section.error, []).append(section.path)
    lines = (f"- {_failed(paths)}: {escape(error, 500)}" for error, paths in failed.items())
    return listing("### Left alone because of an error", lines, len(failed), _ERROR_ROOM)


def _failed(paths: list[str]) -> str:
    """The sections with one error: their number where there are several."""
    if len(paths) == 1:
        return code(paths[0])
    more = f" and {len(paths) - 2:,} more" if len(paths) > 2 else ""
    return f"{plural(len(paths), 'section')} ({', '.join(map(code, paths[:2]))}{more})"


def _examples(review: Review) -> list[str]:
    found = by_risk(review.sections)
    shown = take((_example(*pair) for pair in found[:_MOST_EXAMPLES]), _EXAMPLE_ROOM)
    if not shown:
        return []
    left_out = len(found) - len(shown)
    more = [f"… and {left_out:,} more, in the list of all changes."] if left_out else []
    return ["### Look here first", *shown, *more]


def _example(section: ReviewedSection, result: SegmentResult) -> str:
    before, now = _side_by_side(result.old_source, result.new_source)
    old, draft = _side_by_side(result.old_target, result.draft)
    place = code(section.path) + (f", line {result.line}" if result.line is not None else "")
    return "\n".join(
        [
            f"**{place}**: {escape(status(result), 250)}",
            *(f"- {finding.check}: {escape(finding.reason, 300)}" for finding in result.findings[:_MOST_REASONS]),
            "",
            "| | source | translation |",
            "| --- | --- | --- |",
            f"| old | {before} | {old} |",
            f"| new | {now} | {draft} |",
        ]
    )


def _side_by_side(old: str | None, new: str | None) -> tuple[str, str]:
    """Both texts, what differs marked; without marks where there is nothing to compare with."""
    if old is None or new is None or old == new:
        return _shown(old), _shown(new)
    return differences(old, new)


def _shown(text: str | None) -> str:
    return "–" if text is None else escape(text, 400)


def _table(review: Review) -> list[str]:
    drafted = review.drafted
    if not drafted:
        return []
    shown = take((_row(code(section.path), [section]) for section in drafted), _TABLE_ROOM)
    if left_out := len(drafted) - len(shown):
        shown.append(f"| … and {left_out:,} more |{' |' * (len(COLUMNS) + 2)}")
    head = ["section", *COLUMNS, "source characters", "sent"]
    total = _row("**total**", drafted)
    rule = "|".join([" --- ", *(" ---: " for _ in head[1:])])
    return ["### Segments by section", "\n".join([f"| {' | '.join(head)} |", f"|{rule}|", *shown, total])]


def _row(name: str, sections: Sequence[ReviewedSection]) -> str:
    characters = count_characters(sections)
    numbers = [*count_segments(sections).values(), characters.source, characters.sent]
    return f"| {name} | {' | '.join(f'{number:,}' for number in numbers)} |"


def _lists(review: Review) -> Iterator[str]:
    for state, heading in _LISTED.items():
        sections = [section for section in review.sections if section.state == state]
        yield from listing(f"### {heading}", map(_listed, sections), len(sections), _LIST_ROOM)


def _listed(section: ReviewedSection) -> str:
    same = section.source_path is None or section.source_path == section.path
    source = "" if same else f", source {code(section.source_path or '')}"
    notes = f": {escape('; '.join(section.notes), 500)}" if section.notes else ""
    return f"- {code(section.path)}{source}{notes}"


def _notes(review: Review) -> list[str]:
    notes = [("", note) for note in review.notes]
    for section in review.sections:
        listed = section.state in _LISTED  # and there its notes stand with it
        notes += [(section.path, note) for note in (*(() if listed else section.notes), *section.draft_notes)]
    lines = (f"- {f'{code(path)}: ' if path else ''}{escape(note, 500)}" for path, note in notes)
    return listing("### Notes", lines, len(notes), _NOTE_ROOM)


def _rest(review: Review, room: int, cut: str) -> list[str]:
    """Every segment that is not simply as it was, section by section, folded away; `cut` is said where not all fit."""
    parts: list[str] = []
    room -= len(cut) + 100
    for section in review.sections:
        changes = section.changes
        if not changes:
            continue
        summary = f"All changes in {html_code(section.path)}: {len(changes):,}"
        frame = f"<details><summary>{summary}</summary>\n\n", "\n\n</details>"
        shown = take(map(_change, changes), room - sum(map(len, frame)) - 2)
        if shown:
            parts.append(frame[0] + "\n".join(shown) + frame[1])
            room -= len(parts[-1]) + 2
        if len(shown) < len(changes):
            return [*parts, cut]
    return parts


def _change(result: SegmentResult) -> str:
    text = result.draft or result.old_target or result.new_source or result.old_source or "no text"
    line = f"line {result.line}, " if result.line is not None else ""
    found = "".join(f"; {finding.check}: {escape(finding.reason, 200)}" for finding in result.findings[:_MOST_REASONS])
    return f"- {line}{escape(status(result), 250)}{found}: {escape(text, 160)}"
