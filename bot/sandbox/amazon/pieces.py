"""A segment in pieces: text that may be translated, elements that may not, and other inline markup."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass

# As the service escapes text: quotes too, which a reader must decode once and not twice.
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


@dataclass(frozen=True, slots=True)
class Text:
    """Text, its entities decoded."""

    text: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """An element with `translate="no"`, byte for byte: its start tag, what is in it, its end tag."""

    start: str
    inner: str
    end: str
    id: str

    @property
    def text(self) -> str:
        """What a reader sees of it."""
        return html.unescape(self.inner)


@dataclass(frozen=True, slots=True)
class Tag:
    """Any other inline tag, or a comment, byte for byte."""

    raw: str


Piece = Text | Fixed | Tag
Pieces = tuple[Piece, ...]


def write_html(pieces: Iterable[Piece]) -> str:
    """The pieces as HTML."""
    return "".join(_html(piece) for piece in pieces)


def visible(pieces: Iterable[Piece]) -> str:
    """The text of the pieces, without markup."""
    return "".join(piece.text for piece in pieces if not isinstance(piece, Tag))


def _html(piece: Piece) -> str:
    match piece:
        case Text(text):
            return text.translate(_ESCAPED)
        case Tag(raw):
            return raw
        case Fixed(start, inner, end):
            return start + inner + end
