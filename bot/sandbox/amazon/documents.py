"""Documents: which parts of them are translated, segment by segment, and everything else byte for byte."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import accumulate

from bot.sandbox.amazon.pieces import Fixed, Piece, Pieces, Tag, Text, visible, write_html

# What becomes of a segment; None: it vanishes, with its element.
Translate = Callable[[Pieces], Pieces | None]

_INLINE_TAGS = (
    "a abbr b bdi bdo big br cite code data del dfn em font i img input ins kbd label mark q s samp small span strike "
    "strong sub sup time tt u var wbr"
)
_VOID_TAGS = "area base br col embed hr img input link meta source track wbr"
_INLINE = frozenset(_INLINE_TAGS.split())
_VOID = frozenset(_VOID_TAGS.split())
_UNREAD = frozenset(("script", "style"))
_MARKUP = re.compile(r"</?[A-Za-z][^<>]*>")
_LINE = re.compile(r"[^\r\n]+")


def has_markup(text: str) -> bool:
    """Whether a text holds HTML tags."""
    return _MARKUP.search(text) is not None


def translate_html(document: str, translate: Translate) -> str:
    """An HTML document with each segment inside `<html>` translated; elsewhere nothing changes."""
    return _Writer(translate, inside=False).write(_events(document))


def translate_fragment(fragment: str, translate: Translate) -> str:
    """As `translate_html`, for a piece of HTML without the `html` element: all of it is translated."""
    return _Writer(translate, inside=True).write(_events(fragment))


def translate_plain(text: str, translate: Translate) -> str:
    """A text without markup, each of its lines a segment."""

    def line(match: re.Match[str]) -> str:
        before, core, after = _peel((Text(match.group()),))
        return before + visible(translate(core) or ()) + after if core else match.group()

    return _LINE.sub(line, text)


def html_segments(fragment: str) -> tuple[Pieces, ...]:
    """The segments of a piece of HTML."""
    found: list[Pieces] = []

    def take(pieces: Pieces) -> Pieces:
        found.append(pieces)
        return pieces

    translate_fragment(fragment, take)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Event:
    """A start tag, end tag, text or anything else (kind "other"), with its exact source."""

    kind: str
    name: str
    attributes: dict[str, str | None]
    raw: str


class _Scanner(HTMLParser):
    """Where each tag, text and entity of a document begins."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[tuple[tuple[int, int], str, str, dict[str, str | None]]] = []

    def _add(self, kind: str, name: str = "", attributes: dict[str, str | None] | None = None) -> None:
        self.found.append((self.getpos(), kind, name, attributes or {}))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._add("start", tag, dict(attrs))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._add("empty", tag, dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        self._add("end", tag)

    def handle_data(self, data: str) -> None:
        self._add("text")

    def handle_entityref(self, name: str) -> None:
        self._add("text")

    def handle_charref(self, name: str) -> None:
        self._add("text")

    def handle_comment(self, data: str) -> None:
        self._add("comment")

    def handle_decl(self, decl: str) -> None:
        self._add("other")

    def handle_pi(self, data: str) -> None:
        self._add("other")

    def unknown_decl(self, data: str) -> None:
        self._add("other")


def _events(document: str) -> list[_Event]:
    """The document in pieces; joined they are the document."""
    scanner = _Scanner()
    scanner.feed(document)
    scanner.close()
    lines = [0, *accumulate(len(line) + 1 for line in document.split("\n"))]
    starts = [lines[line - 1] + column for (line, column), *_ in scanner.found]
    ends = [*starts[1:], len(document)]
    pieces = zip(scanner.found, starts, ends, strict=True)
    return [_Event(kind, name, attributes, document[a:b]) for (_, kind, name, attributes), a, b in pieces]


class _Writer:
    """Writes a document anew, its segments translated. A segment is what stands between two block tags."""

    def __init__(self, translate: Translate, *, inside: bool) -> None:
        self._translate = translate
        self._inside = inside
        self._out: list[str] = []
        self._run: list[Piece] = []
        self._opened = False  # whether the last thing written is the start tag of a block
        self._vanishing = False  # whether the next end tag goes with the segment before it

    def write(self, events: list[_Event]) -> str:
        rest = iter(events)
        for event in rest:
            if not self._inside:
                self._inside = event.kind == "start" and event.name == "html"
                self._out.append(event.raw)
            elif event.kind == "text":
                self._run.append(Text(html.unescape(event.raw)))
            elif event.kind == "start" and (event.attributes.get("translate") == "no" or event.name in _UNREAD):
                self._leave_alone(event, rest)
            elif event.kind == "comment" or event.name in _INLINE:
                self._run.append(Tag(event.raw))
            else:
                self._block_tag(event)
        self._flush()
        return "".join(self._out)

    def _leave_alone(self, event: _Event, rest: Iterator[_Event]) -> None:
        inner, end = ("", "") if event.name in _VOID else _until_closed(event.name, rest)
        if event.name in _INLINE:
            self._run.append(Fixed(event.raw, inner, end, event.attributes.get("id") or ""))
        else:
            self._flush()
            self._out.append(event.raw + inner + end)
            self._opened = False

    def _block_tag(self, event: _Event) -> None:
        self._flush()
        if self._vanishing and event.kind == "end":
            self._vanishing = False
            return
        self._out.append(event.raw)
        self._opened = event.kind == "start" and event.name not in _VOID
        if event.kind == "end" and event.name == "html":
            self._inside = False

    def _flush(self) -> None:
        before, core, after = _peel(_merged(self._run))
        self._run = []
        if not core:
            self._out.append(before + after)
            return
        translated = self._translate(core)
        if translated is not None:
            self._out.append(before + write_html(translated) + after)
        elif self._opened:
            self._out.pop()
            self._vanishing = True
        self._opened = False


def _until_closed(name: str, rest: Iterator[_Event]) -> tuple[str, str]:
    """What stands in an element, and its end tag."""
    inner: list[str] = []
    depth = 1
    for event in rest:
        depth += (event.kind == "start" and event.name == name) - (event.kind == "end" and event.name == name)
        if depth == 0:
            return "".join(inner), event.raw
        inner.append(event.raw)
    return "".join(inner), ""


def _merged(run: list[Piece]) -> Pieces:
    """The pieces with neighbouring texts joined."""
    merged: list[Piece] = []
    for piece in run:
        if isinstance(piece, Text) and merged and isinstance(last := merged[-1], Text):
            merged[-1] = Text(last.text + piece.text)
        else:
            merged.append(piece)
    return tuple(merged)


def _peel(pieces: Pieces) -> tuple[str, Pieces, str]:
    """White space before, the segment, white space after. No segment where there is nothing to read."""
    if not visible(pieces).strip():
        return write_html(pieces), (), ""
    inner, before, after = list(pieces), "", ""
    if isinstance(first := inner[0], Text):
        before = first.text[: len(first.text) - len(first.text.lstrip())]
        inner[0] = Text(first.text.lstrip())
    if isinstance(last := inner[-1], Text):
        after = last.text[len(last.text.rstrip()) :]
        inner[-1] = Text(last.text.rstrip())
    return before, tuple(piece for piece in inner if piece != Text("")), after
