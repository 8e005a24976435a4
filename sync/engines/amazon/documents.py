"""Segments as HTML documents for the service, and back. Pure functions.

One element with an id for each distinct text; what two segments share is sent, and paid for, once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser

from sync.checks import check_translation
from sync.engines.amazon.facts import DOCUMENT_BYTES
from sync.inline import tokens
from sync.model import BlockKind
from sync.spans import SpanFault, decode, encode

CONTENT_TYPE = "text/html"
_HEAD = '<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head><body>\n'
_TAIL = "</body></html>\n"


@dataclass(frozen=True, slots=True)
class Document:
    """A file for the service; `texts` are the segments in it, by the id of their element."""

    name: str
    html: str
    texts: Mapping[str, str]


def has_words(text: str) -> bool:
    """Whether there is anything to translate in a segment, its protected tokens aside."""
    position, outside = 0, []
    for token in tokens(text):
        outside.append(text[position : token.start])
        position = token.end
    return any(character.isalpha() for part in (*outside, text[position:]) for character in part)


def documents(texts: Iterable[str]) -> list[Document]:
    """The distinct texts, in order, as documents that are not too large. File names are flat."""
    filled: list[Document] = []
    elements: list[str] = []
    held: dict[str, str] = {}
    size = 0
    for number, text in enumerate(dict.fromkeys(texts)):
        piece = element(f"s{number}", text)
        length = len(piece.encode())
        if held and size + length > DOCUMENT_BYTES:
            filled.append(_document(len(filled), elements, held))
            elements, held, size = [], {}, 0
        elements.append(piece)
        held[f"s{number}"] = text
        size += length
    return [*filled, _document(len(filled), elements, held)] if held else filled


def element(id: str, text: str) -> str:
    """A segment as an HTML element of its own."""
    return f'<p id="{id}">{encode(text)}</p>'


def read_elements(html: str) -> dict[str, str]:
    """The inner HTML of each element with an id, as it stands in a document that came back.

    One that occurs twice or is never closed is left out: it cannot be trusted.
    """
    reader = _Elements(html)
    reader.feed(html)
    reader.close()
    return {id: inner for id, inner in reader.found.items() if id not in reader.repeated}


def read_translation(source: str, inner: str) -> str:
    """The translation of a segment from the inner HTML of its element, verified. Raises SpanFault."""
    text = decode(source, inner)
    # Its kind of block is not known here; the draft checks it once more, with that.
    if fault := check_translation(source, text, BlockKind.PARAGRAPH):
        raise SpanFault(fault)
    return text


def _document(number: int, elements: Sequence[str], texts: Mapping[str, str]) -> Document:
    return Document(f"{number:05}.html", _HEAD + "\n".join(elements) + "\n" + _TAIL, dict(texts))


class _Elements(HTMLParser):
    """Finds every `<p id=…>` and keeps what stands in it, character for character."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=False)
        self._lines = html.split("\n")
        self.found: dict[str, str] = {}
        self.repeated: set[str] = set()
        self._id: str | None = None
        self._inner: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "p":
            self._id, self._inner = dict(attrs).get("id"), []
        else:
            self._inner.append(self.get_starttag_text() or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inner.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if tag != "p":
            self._inner.append(f"</{tag}>")
            return
        if self._id is not None:
            if self._id in self.found:
                self.repeated.add(self._id)
            self.found[self._id] = "".join(self._inner)
        self._id = None

    def handle_data(self, data: str) -> None:
        self._inner.append(data)

    def handle_entityref(self, name: str) -> None:
        self._inner.append(f"&{name}{self._semicolon(1 + len(name))}")

    def handle_charref(self, name: str) -> None:
        self._inner.append(f"&#{name}{self._semicolon(2 + len(name))}")

    def _semicolon(self, length: int) -> str:
        """What ended the reference that was just read: a service may leave a bare & as it was."""
        line, column = self.getpos()
        return ";" if self._lines[line - 1][column + length : column + length + 1] == ";" else ""

    def handle_comment(self, data: str) -> None:
        self._inner.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self._inner.append(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self._inner.append(f"<?{data}>")
