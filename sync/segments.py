"""The segments inside a block: sentences, headings, table cells, captions, each with its protected tokens."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import pairwise

from sync import sentences
from sync.blocks import DELIMITER_ROW, LIST_MARKER
from sync.inline import find_marks, mask, tokens
from sync.model import BlockKind, Segment, Token, TokenKind

_HEADING = re.compile(r"[ \t]*#{1,6}[ \t]*")
_HEADING_END = re.compile(r"(?<![ \t])[ \t]+#+$")
_SETEXT_END = re.compile(r"\r?\n[ \t>]*(?:=+|-+)[ \t]*(?:\r?\n)?$")
_FOOTNOTE_START = re.compile(r"\s*\[\^[^\]\s]*\]:[ \t]*")
_LINE_PREFIX = re.compile(r"[ \t]*(?:>[ \t]?)*[ \t]*")
_UNESCAPED_PIPE = re.compile(r"(?<!\\)\|")
_DELIMITER_ROW = re.compile(rf"[ \t>]*+{DELIMITER_ROW}")
_LINK_TEXT = 1_000  # characters; a longer text of a link is taken for prose
_QUOTED_LINE = re.compile(r"(?<=\n)[ \t]*(?:>[ \t]?)+")


def find_segments(text: str, kind: BlockKind, start: int, end: int, language: str) -> tuple[Segment, ...]:
    """The segments of the block text[start:end], in order; none where its kind is not translated."""
    block = text[start:end]
    if kind == BlockKind.HEADING:
        return _heading(block, start)
    if kind in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.FOOTNOTE):
        return _prose(block, kind, start, language)
    if kind == BlockKind.TABLE:
        return _table(block, start)
    if kind == BlockKind.IMAGE:
        a, b = block.index("![") + 2, block.rindex("](")
        return _whole(block, a, b, start)
    return ()


def _whole(block: str, a: int, b: int, offset: int) -> tuple[Segment, ...]:
    """block[a:b], trimmed, as one segment."""
    while a < b and block[a].isspace():
        a += 1
    while b > a and block[b - 1].isspace():
        b -= 1
    return (_segment(block[a:b], offset + a),) if a < b else ()


def _segment(text: str, offset: int, found: tuple[Token, ...] | None = None) -> Segment:
    found = tokens(text) if found is None else found
    protected = tuple(Token(t.start + offset, t.end + offset, t.kind, t.text) for t in found)
    return Segment(offset, offset + len(text), text, protected)


def _heading(block: str, offset: int) -> tuple[Segment, ...]:
    lead = _LINE_PREFIX.match(block)
    marker = LIST_MARKER.match(block)
    a = marker.end() if marker else (lead.end() if lead else 0)
    atx = _HEADING.match(block, a)
    if atx:
        a = atx.end()
        closing = _HEADING_END.search(block.rstrip(), a)
        return _whole(block, a, closing.start() if closing else len(block), offset)
    underline = _SETEXT_END.search(block)
    return _whole(block, a, underline.start() if underline else len(block), offset)


def _prose(block: str, kind: BlockKind, offset: int, language: str) -> tuple[Segment, ...]:
    """The sentences of a paragraph, list item or footnote; slide marks go with the sentence they touch."""
    a = 0
    if kind == BlockKind.FOOTNOTE:
        head = _FOOTNOTE_START.match(block)
        a = head.end() if head else 0
    else:
        lead = _LINE_PREFIX.match(block)
        a = lead.end() if lead else 0
        while kind == BlockKind.LIST_ITEM and (marker := LIST_MARKER.match(block, a)):
            lead = _LINE_PREFIX.match(block, marker.end())
            a = lead.end() if lead else marker.end()
    body = block[a:]
    found = tokens(body)
    signs = list(mask(body, found))
    # The bracket that opens a link has lost its other half to the mask: it would hold many sentences together.
    links = _links(body, found)
    for start, _ in links:
        signs[start] = "\x00"
        if body[start - 1 : start] == "!":
            signs[start - 1] = "\x00"  # a picture, no exclamation
        if body[start - 1 : start] == "!":  # of a picture
            signs[start - 1] = "\x00"
    marks = find_marks(body)
    for start, end, _, _ in marks:
        signs[start:end] = " " * (end - start)
    masked = "".join(signs)
    if "\n" in masked and ">" in block:
        masked = _QUOTED_LINE.sub(lambda m: " " * len(m.group()), masked)
    spans = _with_notes(_outside_links(sentences.split(masked, language), links), found, body)
    spans = _with_marks(spans, marks, len(body))
    segments = []
    at = 0
    for start, end in spans:
        while at < len(found) and found[at].end <= start:
            at += 1
        inside = []
        for token in (found[index] for index in range(at, len(found))):
            if token.start >= end:
                break
            inside.append(Token(token.start - start, token.end - start, token.kind, token.text))
        segments.append(_segment(body[start:end], offset + a + start, tuple(inside)))
    return tuple(segments)


def _links(body: str, found: tuple[Token, ...]) -> list[tuple[int, int]]:
    """Where the text of each link begins, at its bracket, and where its target does."""
    links = []
    for token in found:
        if token.kind == TokenKind.LINK:
            start = body.rfind("[", max(0, token.start - _LINK_TEXT), token.start)
            if start >= 0:
                links.append((start, token.start))
    return links


def _outside_links(spans: list[tuple[int, int]], links: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sentences, joined where one would end inside the text of a link: its target must not be parted from it."""
    if len(spans) < 2 or not links:
        return spans
    joined = [spans[0]]
    starts = [start for start, _ in links]
    for start, end in spans[1:]:
        near = bisect_right(starts, start) - 1
        if near >= 0 and links[near][0] < start <= links[near][1]:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _with_notes(spans: list[tuple[int, int]], found: tuple[Token, ...], body: str) -> list[tuple[int, int]]:
    """Sentences with the footnote references that stand right behind their full stops."""
    notes = {token.start: token.end for token in found if token.kind == TokenKind.FOOTNOTE}
    extended: list[tuple[int, int]] = []
    for start, end in spans if notes else ():
        if extended and extended[-1][1] > start:  # it began with the reference that the one before has taken
            start = extended[-1][1]
            start += len(body[start:end]) - len(body[start:end].lstrip())
            if start >= end:
                continue
        while end in notes:
            end = notes[end]
        extended.append((start, end))
    return extended if notes else spans


def _with_marks(
    spans: list[tuple[int, int]], marks: list[tuple[int, int, str, bool]], length: int
) -> list[tuple[int, int]]:
    """Extend sentences over the slide marks beside them: an opening one to the next, a closing one back."""
    if not spans:
        return [(marks[0][0], marks[-1][1])] if marks else []
    starts = [a for a, _ in spans]
    ends = [b for _, b in spans]
    for start, end, _, opens in marks:
        index = bisect_right(starts, start) - 1
        if index >= 0 and end <= ends[index]:
            continue
        if opens and index + 1 < len(spans):
            starts[index + 1] = min(starts[index + 1], start)
        elif index >= 0:
            ends[index] = max(ends[index], end)
        else:
            starts[0] = min(starts[0], start)
    return list(zip(starts, ends, strict=True))


def _table(block: str, offset: int) -> tuple[Segment, ...]:
    """The cells of a table; the delimiter row has none."""
    segments: list[Segment] = []
    position = 0
    for index, line in enumerate(block.splitlines(keepends=True)):
        if not (index == 1 and _DELIMITER_ROW.match(line.rstrip("\r\n"))):
            masked = mask(line, tokens(line))
            lead = _LINE_PREFIX.match(line)
            edges = [
                lead.end() - 1 if lead else -1,
                *(m.start() for m in _UNESCAPED_PIPE.finditer(masked)),
                len(line),
            ]
            for left, right in pairwise(edges):
                segments += _whole(line, left + 1, right, offset + position)
        position += len(line)
    return tuple(segments)
