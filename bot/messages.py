"""What AMTS says: the text of a pull request, and the same in full as JSON. Pure text, no I/O.

Texts of the book are untrusted: they are escaped wherever they stand (see bot.markup).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.counts import (
    COLUMNS,
    WAITING,
    count_characters,
    count_in_state,
    count_segments,
    draft_json,
    drafts_of,
    report_json,
)
from bot.markup import code, differences, escape, html_code
from sync.languages import LANGUAGES
from sync.model import Cost, Draft, Operation, SectionReport, SectionState, SegmentResult, SyncReport

__all__ = ["MAX_BODY", "draft_json", "pull_request", "report_json"]

# GitHub refuses a longer body. What is not sure to be short has a part of it for itself; the list of all
# other changes, which is folded away, has the rest.
MAX_BODY = 65_536
_ERROR_ROOM = 6_000
_EXAMPLE_ROOM = 22_000
_TABLE_ROOM = 16_000
_LIST_ROOM = 2_500
_REST_MARGIN = 500
_MOST_EXAMPLES = 20

_LISTED = {
    SectionState.RENAMED: "Renamed upstream",
    SectionState.NEW: "New upstream",
    SectionState.GONE: "Gone upstream; proposed for removal, nothing was removed",
    SectionState.NO_ORIGIN: "No known origin",
}


def pull_request(report: SyncReport) -> tuple[str, str]:
    """Title and body (Markdown, at most MAX_BODY characters) of the pull request for a report.

    The summary is always complete; examples, rows and lists are cut to the room there is, and say so.
    """
    parts = [
        _summary(report),
        *_errors(report),
        *_examples(report),
        *_table(report),
        *_lists(report),
        *_notes(report),
    ]
    body = "\n\n".join(parts)
    rest = _rest(report, MAX_BODY - len(body) - _REST_MARGIN)
    return _title(report), "\n\n".join([body, *rest]) + "\n"


def _title(report: SyncReport) -> str:
    drafted = len(drafts_of(report))
    if not drafted:
        return f"{_language(report)}: nothing to update from {_short(report.source_revision)}"
    waiting = count_segments(drafts_of(report))[WAITING]
    tail = f", {_plural(waiting, 'segment')} waiting" if waiting else ""
    source = _short(report.source_revision)
    return f"{_language(report)}: update from {source}, {_plural(drafted, 'section')}{tail}"


def _summary(report: SyncReport) -> str:
    source = code(_short(report.source_revision))
    sentences = [f"AMTS compared the {_language(report)} translation with its source at {source}."]
    drafts = drafts_of(report)
    sentences += _drafted(drafts, report.engine, report.cost) if drafts else ["It drafted nothing."]
    sentences.append(_states(report))
    if report.commit:
        sentences.append(f"The drafts are in commit {code(_short(report.commit))}.")
    elif drafts:
        sentences.append("Nothing was committed.")
    return " ".join(sentences)


def _drafted(drafts: list[Draft], engine: str, cost: Cost | None) -> Iterator[str]:
    """What was drafted, how, and what is left to do, in sentences."""
    counts, characters = count_segments(drafts), count_characters(drafts)
    results = [result for draft in drafts for result in draft.results]
    done = ", ".join(f"{counts[name]} {name}" for name in COLUMNS if name != WAITING)
    yield f"It drafted {_plural(len(drafts), 'section')}; of their segments: {done}."
    if counts[WAITING]:
        stale = sum(_is_stale(result) for result in results)
        yield (
            f"**{_plural(counts[WAITING], 'segment')} waiting for a translator**: "
            f"{stale} with the old translation, now stale, {counts[WAITING] - stale} in the source language."
        )
    else:
        yield "No segment is waiting for a translator."
    if counts[Operation.TRANSLATED]:
        yield f"Translated segments are made by a machine (engine {code(engine, 40)})."
    if counts[Operation.PATCHED]:
        yield "In patched ones what needs no translating was carried over: formulas, code, references, marks."
    uncertain = sum(result.uncertain and not result.waiting for result in results)
    yield f"{uncertain} of all are marked as uncertain. No one has reviewed them."
    if characters["characters_sent"]:
        sent, all_of_it = characters["characters_sent"], characters["characters_source"]
        yield f"The engine was sent {sent:,} of {all_of_it:,} source characters."
    else:
        yield "Nothing was sent to an engine."
    if cost is not None:
        yield _price(cost, would=not characters["characters_sent"])


def _price(cost: Cost, would: bool) -> str:
    """What was paid, or would be."""
    ways = ", ".join(f"${dollars:,.2f} {way}" for way, dollars in cost.alternatives.items())
    said = "Sending the changed segments would cost" if would else "That cost"
    return (
        f"{said} at most ${cost.dollars:,.2f}: {cost.characters:,} characters, {cost.billed:,} with markup"
        f"{f' ({ways})' if would and ways else ''}."
    )


def _states(report: SyncReport) -> str:
    counts = [f"{number} {state.value}" for state in SectionState if (number := count_in_state(report, state))]
    failed = sum(section.error is not None for section in report.sections)
    if failed:
        counts.append(f"**{failed} with an error**")
    return f"Sections: {', '.join(counts)}." if counts else "The translation has no sections."


def _errors(report: SyncReport) -> list[str]:
    failed = [(section.path, section.error) for section in report.sections if section.error is not None]
    lines = (f"- {code(path)}: {escape(error, 500)}" for path, error in failed)
    return _listing("### Left alone because of an error", lines, len(failed), _ERROR_ROOM)


def _examples(report: SyncReport) -> list[str]:
    found = [(s, r) for s in report.sections if s.draft for r in s.draft.results if _risk(r) is not None]
    found.sort(key=lambda pair: _risk(pair[1]) or 0)  # a stable sort: in the book's order among equals
    shown = _take((_example(*pair) for pair in found[:_MOST_EXAMPLES]), _EXAMPLE_ROOM)
    if not shown:
        return []
    left_out = len(found) - len(shown)
    more = [f"… and {left_out} more, in the list of all changes."] if left_out else []
    return ["### Look here first", *shown, *more]


def _risk(result: SegmentResult) -> int | None:
    """The order in which a reviewer should look; None where there is nothing to see.

    What misleads a reader comes first. New text that is still in the source language comes last: it shows.
    """
    if result.waiting:
        return 0 if _is_stale(result) else 3
    if result.uncertain:
        return 1
    return 2 if result.operation == Operation.TRANSLATED else None


def _is_stale(result: SegmentResult) -> bool:
    """Whether an old translation stands that waits for a translator."""
    return result.waiting and result.old_target is not None


def _example(section: SectionReport, result: SegmentResult) -> str:
    before, now = _side_by_side(result.old_source, result.new_source)
    old, draft = _side_by_side(result.old_target, result.draft)
    return "\n".join(
        [
            f"**{_place(section, result)}**: {_status(result)}",
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
    return "–" if text is None else escape(text, 500)


def _status(result: SegmentResult) -> str:
    """What became of a segment, and why."""
    said = result.operation.value
    if result.waiting:
        patched = result.operation == Operation.PATCHED
        stands = "in part carried over" if patched else "the old translation stands"
        said = f"waiting for a translator, {stands if _is_stale(result) else 'it is not translated'}"
    elif result.uncertain:
        said += ", uncertain"
    # "moved (moved)" says no more than "moved".
    return said if result.reason in ("", result.operation.value) else f"{said} ({escape(result.reason, 200)})"


def _place(section: SectionReport, result: SegmentResult) -> str:
    return code(section.path) + (f", line {result.line}" if result.line is not None else "")


def _table(report: SyncReport) -> list[str]:
    drafted = [(section, section.draft) for section in report.sections if section.draft]
    if not drafted:
        return []
    rows = (_row(code(section.path), [draft]) for section, draft in drafted)
    shown = _take(rows, _TABLE_ROOM)
    if left_out := len(drafted) - len(shown):
        shown.append(f"| … and {left_out} more |{' |' * (len(COLUMNS) + 2)}")
    head = ["section", *COLUMNS, "source characters", "sent"]
    total = _row("**total**", [draft for _, draft in drafted])
    rule = "|".join([" --- ", *(" ---: " for _ in head[1:])])
    return ["### Segments by section", "\n".join([f"| {' | '.join(head)} |", f"|{rule}|", *shown, total])]


def _row(name: str, drafts: list[Draft]) -> str:
    counts, characters = count_segments(drafts), count_characters(drafts)
    numbers = [*(counts[column] for column in COLUMNS)]
    numbers += [characters["characters_source"], characters["characters_sent"]]
    return f"| {name} | {' | '.join(f'{number:,}' for number in numbers)} |"


def _lists(report: SyncReport) -> Iterator[str]:
    for state, heading in _LISTED.items():
        sections = [section for section in report.sections if section.state == state]
        yield from _listing(f"### {heading}", map(_listed, sections), len(sections), _LIST_ROOM)


def _listed(section: SectionReport) -> str:
    same = section.source_path is None or section.source_path == section.path
    source = "" if same else f", source {code(section.source_path or '')}"
    notes = f": {escape('; '.join(section.notes), 500)}" if section.notes else ""
    return f"- {code(section.path)}{source}{notes}"


def _notes(report: SyncReport) -> list[str]:
    notes = [("", note) for note in report.notes]
    for section in report.sections:
        listed = section.state in _LISTED  # and there its notes stand with it
        found = (*(() if listed else section.notes), *(section.draft.notes if section.draft else ()))
        notes += [(section.path, note) for note in found]
    lines = (f"- {f'{code(path)}: ' if path else ''}{escape(note, 500)}" for path, note in notes)
    return _listing("### Notes", lines, len(notes), 2 * _LIST_ROOM)


def _rest(report: SyncReport, room: int) -> list[str]:
    """Every segment that is not simply as it was, section by section, folded away."""
    parts: list[str] = []
    cut = "More changes do not fit here; the command's JSON has them all."
    room -= len(cut) + 100
    for section in report.sections:
        results = section.draft.results if section.draft else ()
        changed = [result for result in results if _is_change(result)]
        if not changed:
            continue
        summary = f"All changes in {html_code(section.path)}: {len(changed)}"
        frame = f"<details><summary>{summary}</summary>\n\n", "\n\n</details>"
        shown = _take(map(_change, changed), room - sum(map(len, frame)) - 2)
        if shown:
            parts.append(frame[0] + "\n".join(shown) + frame[1])
            room -= len(parts[-1]) + 2
        if len(shown) < len(changed):
            return [*parts, cut]
    return parts


def _is_change(result: SegmentResult) -> bool:
    return result.waiting or result.uncertain or result.operation != Operation.KEPT or result.reason != "unchanged"


def _change(result: SegmentResult) -> str:
    text = result.draft or result.old_target or result.new_source or result.old_source or "no text"
    line = f"line {result.line}, " if result.line is not None else ""
    return f"- {line}{_status(result)}: {escape(text, 160)}"


def _listing(heading: str, lines: Iterable[str], number: int, room: int) -> list[str]:
    if not number:
        return []
    shown = _take(lines, room)
    more = [f"- … and {number - len(shown)} more"] if len(shown) < number else []
    return [heading, "\n".join([*shown, *more])]


def _take(pieces: Iterable[str], room: int) -> list[str]:
    """The first of `pieces`, as many as `room` characters hold; no more of them are made than that."""
    taken: list[str] = []
    for piece in pieces:
        room -= len(piece) + 2
        if room < 0:
            break
        taken.append(piece)
    return taken


def _language(report: SyncReport) -> str:
    known = LANGUAGES.get(report.language)
    return known.name if known else "unknown language"


def _short(revision: str) -> str:
    return revision[:10]


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
