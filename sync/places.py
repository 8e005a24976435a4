"""Where the segments of a draft stand: in the draft itself, and in the file that people have worked on since."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sync.inline import fold, strip_marks
from sync.languages import is_spaceless
from sync.model import SegmentResult
from sync.parts import parts_of_section, starts

_MOST_JOINED = 4  # parts of a file that one result may speak of
_FOREIGN_END = re.compile(r"(?<=[.!?])\s+|(?<=[.!?][)\"'*_])\s+")
_OPENING = 4  # characters by which most texts are told apart

Span = tuple[int, int]


def placed(results: Sequence[SegmentResult], text: str, language: str) -> tuple[SegmentResult, ...]:
    """The results of the draft `text` with its lines, and which of the places with the same text each one is.

    Those without a `start` stay as they are.
    """
    known = sorted({result.start for result in results if result.start is not None})
    if not known:
        return tuple(results)
    lines: dict[int, int] = {}
    line, position = 1, 0
    for start in known:
        line += text.count("\n", position, start)
        lines[start], position = line, start
    standing = _standing(text, language, (result for result in results if result.start is not None))

    def at_its_place(result: SegmentResult) -> SegmentResult:
        if result.start is None:
            return result
        spans = standing.get(_key(result.draft or "", language), [])
        nth = sum(start <= result.start for start, _ in spans)
        return replace(result, line=lines[result.start], nth=max(nth, 1), among=max(len(spans), 1))

    return tuple(at_its_place(result) for result in results)


def find_places(results: Sequence[SegmentResult], text: str, language: str) -> dict[int, Span | None]:
    """Where the texts of results, as they were drafted, stand in a later version of the file: by their index.

    What does not stand there any more is left out. None: it stood in several places and now stands in more or in
    fewer, so that which of them is which cannot be told.
    """
    standing = _standing(text, language, results)
    found: dict[int, Span | None] = {}
    for index, result in enumerate(results):
        if result.start is None or not result.draft:
            continue
        spans = standing.get(_key(result.draft, language), [])
        if spans:
            found[index] = spans[result.nth - 1] if len(spans) == result.among else None
    return found


def line_of(text: str, offset: int) -> int:
    """The 1-based line of an offset."""
    return text.count("\n", 0, offset) + 1


def _key(text: str, language: str) -> str:
    return fold(strip_marks(text), language, ">")


def _standing(text: str, language: str, results: Iterable[SegmentResult]) -> dict[str, list[Span]]:
    """Where the texts of results stand, each on one line and without slide marks: parts, or a few of them in a row."""
    wanted = {_key(result.draft, language) for result in results if result.draft}
    openings = {key[:_OPENING] for key in wanted}
    pieces = _pieces(text, language)
    found: dict[str, list[Span]] = {}
    for first, (begin, _) in enumerate(pieces):
        for _, end in pieces[first : first + _MOST_JOINED]:
            key = _key(text[begin:end], language)
            if key in wanted:
                found.setdefault(key, []).append((begin, end))
            if len(key) >= _OPENING and key[:_OPENING] not in openings:
                break  # whatever follows, it is none of them
    return found


def _pieces(text: str, language: str) -> list[Span]:
    """The parts of a file; of a language without spaces cut where a sentence of another one may end.

    English that waits for its translation stands there, several sentences in what is one of that language.
    """
    pieces: list[Span] = []
    parts = parts_of_section(text, language)
    for begin, part in zip(starts(parts), parts, strict=True):
        cuts = list(_FOREIGN_END.finditer(part.body)) if is_spaceless(language) else []
        firsts = [0, *(cut.end() for cut in cuts)]
        lasts = [*(cut.start() for cut in cuts), len(part.body)]
        pieces += [(begin + first, begin + last) for first, last in zip(firsts, lasts, strict=True)]
    return pieces
