"""The dashboard: the issue that lists what is open, what waits and what was declined, with boxes to tick."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote

from bot.counts import WAITING
from bot.grouping import chapter_of
from bot.markup import code
from bot.records import Proposal, Record, Waiting
from bot.review import count_segments, of_proposal, open_proposals
from bot.wording import MAX_BODY, language_name, listing, plural, short, take

TITLE = "AMTS: translation dashboard"
MARKER = "<!-- amts:dashboard -->"

# Together with what is sure to be short these are less than MAX_BODY.
_TABLE_ROOM = 12_000
_WAITING_ROOM = 28_000
_DECLINED_ROOM = 20_000
_LONGEST_NAME = 1_000  # in a box, as it is written there
_MOST_TICKED = 1_000
_BAR = 20

_TICKED = re.compile(
    rf"^ {{0,3}}[-*+] +\[[xX]\] +<!-- amts:(open|again)=([\w.~/%-]{{1,{_LONGEST_NAME}}}) -->", re.M | re.A
)


@dataclass(frozen=True, slots=True)
class Ticked:
    """The boxes that are ticked: chapters to open a pull request for, declined sections to draft after all."""

    chapters: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()


def body(record: Record, language: str, upstream: str, source: str | None) -> str:
    """The dashboard's text (Markdown, at most MAX_BODY characters).

    `source` is the revision of the upstream that was looked at last. The totals are always complete; lists are cut to
    the room there is, and say so.
    """
    looked = f"last looked at {code(short(source))}" if source else "not looked at yet"
    parts = [
        MARKER,
        f"How the {language_name(language)} translation follows {code(upstream)}, {looked}. AMTS keeps this issue up "
        "to date: it reads the boxes that are ticked, and writes over everything else.",
        *([_PAUSED] if record.paused else []),
        *_totals(record),
        *_open(record, language),
        *_waiting(record),
        *_declined(record),
    ]
    return "\n\n".join(parts) + "\n"


def ticked(body: str) -> Ticked:
    """The boxes that are ticked in a dashboard that people may have edited.

    Only lines as `body` writes them count; the names are those on these lines, which the record need not know.
    """
    found: dict[str, dict[str, None]] = {"open": {}, "again": {}}
    for match in _TICKED.finditer(body[: 4 * MAX_BODY]):
        if len(found[match[1]]) < _MOST_TICKED:
            found[match[1]][unquote(match[2])] = None
    return Ticked(tuple(found["open"]), tuple(found["again"]))


_PAUSED = "**AMTS is paused**: it drafts nothing until somebody with write access comments `/amts resume`."


def _totals(record: Record) -> Iterator[str]:
    proposals = open_proposals(record)
    if not proposals and not record.waiting:
        yield "There is nothing to review."
        return
    ready = sum(proposal.segments for proposal in proposals)
    later = sum(chapter.segments for chapter in record.waiting)
    pulls, chapters = plural(len(proposals), "pull request"), plural(len(record.waiting), "chapter")
    total = ready + later
    filled = round(_BAR * ready / total) if total else _BAR
    yield (
        f"`{'█' * filled}{'░' * (_BAR - filled)}` {ready:,} of {plural(total, 'segment')} to review are in "
        f"{pulls}; {later:,} wait, in {chapters}."
    )


def _open(record: Record, language: str) -> Iterator[str]:
    proposals = sorted(open_proposals(record), key=lambda found: (found.number or sys.maxsize, found.branch))
    if not proposals:
        return
    shown = take((_row(proposal, language) for proposal in proposals), _TABLE_ROOM)
    if left_out := len(proposals) - len(shown):
        shown.append(f"| … and {left_out:,} more | | | | | |")
    head = (
        "| pull request | chapter | sections | segments to review | waiting for a translator | sections that failed |"
    )
    yield "### Open pull requests"
    yield "\n".join([head, "| --- | --- | ---: | ---: | ---: | ---: |", *shown])


def _row(proposal: Proposal, language: str) -> str:
    review = of_proposal(proposal, language)
    chapter = chapter_of(proposal.branch)
    number = f"#{proposal.number}" if proposal.number is not None else "being opened"
    waiting = count_segments(review.sections)[WAITING]
    counts = (len(review.sections), proposal.segments, waiting, review.failed)
    name = code(chapter) if chapter else "all"
    return f"| {number} | {name} | {' | '.join(f'{count:,}' for count in counts)} |"


def _waiting(record: Record) -> Iterator[str]:
    yield from listing(
        "### Chapters that wait\n\nOne is opened when another is merged or closed. Tick a box to open one now.",
        map(_chapter, record.waiting),
        len(record.waiting),
        _WAITING_ROOM,
    )


def _chapter(waiting: Waiting) -> str:
    counts = f"{plural(waiting.sections, 'section')}, {plural(waiting.segments, 'segment')} to review"
    return f"- {_box('open', waiting.chapter)}{code(waiting.chapter)}: {counts}"


def _declined(record: Record) -> Iterator[str]:
    yield from listing(
        f"### Declined: {plural(len(record.declined), 'section')}\n\nThese were skipped, or their pull request was "
        "closed. They come back when their English changes. Tick a box to have one drafted now.",
        (f"- {_box('again', path)}{code(path)}" for path in sorted(record.declined)),
        len(record.declined),
        _DECLINED_ROOM,
    )


def _box(what: str, name: str) -> str:
    """A box to tick, with a name in a comment that no name can end; none where that would be very long."""
    written = quote(name, errors="replace").replace("--", "-%2D")
    return f"[ ] <!-- amts:{what}={written} --> " if len(written) <= _LONGEST_NAME else ""
