"""Parallel data at work: the example whose source is a segment, or very nearly, gives its translation."""

from __future__ import annotations

import re
import zlib
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping

from rapidfuzz import fuzz, process

from bot.sandbox.amazon.documents import html_segments
from bot.sandbox.amazon.pieces import Fixed, Piece, Pieces, Tag, Text, visible

NEAR = 90.0  # of 100: how alike an example must be to be used for another text

_SPACE = re.compile(r"\s+")
_NUMBERS_AND_SIGNS = re.compile(r"\d+|[\[\]*_~()|!]")


class Examples:
    """The examples of one language, looked up by the text of a segment."""

    def __init__(self, rows: Mapping[str, str]) -> None:
        """`rows`: target by source, both as they stand in the file."""
        self._targets = {_key(_pieces(source)): target for source, target in rows.items()}
        self._sources = sorted(self._targets, key=len)
        self._lengths = [len(source) for source in self._sources]

    def translate(self, segment: Pieces) -> Pieces | None:
        """The target of the example for a segment, with this segment's elements; None where no example fits.

        An example fits where it has the same elements, by their ids; or, if it was written without elements, where
        its target holds their text. One that is only near must have the same numbers and signs of markup.
        """
        for key in dict.fromkeys((_key(segment), _SPACE.sub(" ", visible(segment)))):
            source = key if key in self._targets else self._nearest(key)
            if source is not None:
                placed = _placed(_pieces(self._targets[source]), segment)
                if placed is not None:
                    return placed
        return None

    def _nearest(self, key: str) -> str | None:
        # Two texts whose lengths differ more cannot be as alike as NEAR asks for.
        ratio = (200 - NEAR) / NEAR
        first = bisect_left(self._lengths, int(len(key) / ratio))
        last = bisect_right(self._lengths, int(len(key) * ratio) + 1)
        found = process.extractOne(key, self._sources[first:last], scorer=fuzz.ratio, score_cutoff=NEAR)
        return found[0] if found and _numbers_and_signs(found[0]) == _numbers_and_signs(key) else None


def _pieces(field: str) -> Pieces:
    """A field of the file: HTML, or plain text if that is what it holds."""
    if "<" not in field and "&" not in field:
        return (Text(field),)
    segments = html_segments(field)
    return segments[0] if len(segments) == 1 else (Text(field),)


def _key(pieces: Pieces) -> str:
    """A segment as text to be compared: one sign for each element, the same for the same id."""
    return _SPACE.sub(" ", "".join(_sign(piece) for piece in pieces))


def _sign(piece: Piece) -> str:
    match piece:
        case Text(text):
            return text
        case Tag(raw):
            return raw
        case Fixed():
            return chr(0xE000 + zlib.crc32(piece.id.encode()) % 6400)


def _numbers_and_signs(text: str) -> Counter[str]:
    return Counter(_NUMBERS_AND_SIGNS.findall(text))


def _placed(target: Pieces, segment: Pieces) -> Pieces | None:
    """`target` with the elements of `segment` in place of its own, or in place of their text."""
    fixed = [piece for piece in segment if isinstance(piece, Fixed)]
    theirs = [piece.id for piece in target if isinstance(piece, Fixed)]
    if theirs:
        ours = {piece.id: piece for piece in fixed}
        same = sorted(theirs) == sorted(piece.id for piece in fixed)
        return tuple(ours[p.id] if isinstance(p, Fixed) else p for p in target) if same else None
    pieces = target
    for element in fixed:
        replaced = _split_at(pieces, element)
        if replaced is None:
            return None
        pieces = replaced
    return pieces


def _split_at(pieces: Pieces, element: Fixed) -> Pieces | None:
    for place, piece in enumerate(pieces):
        if isinstance(piece, Text) and element.text and element.text in piece.text:
            before, _, after = piece.text.partition(element.text)
            return (*pieces[:place], Text(before), element, Text(after), *pieces[place + 1 :])
    return None
