"""Segments as HTML and back: protected tokens as spans that no engine translates, matched by their ids.

The form is that of Amazon Translate's do-not-translate tags (developer guide, "Using do-not-translate"): what stands
in `<span translate="no">` is left alone, but may move. Parallel data holds the same form, so that the
examples look like the text.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from sync.inline import mask, tokens
from sync.model import TokenKind

_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# What the service puts for a span while it translates; it must never be seen.
_RESIDUE = re.compile(r"DNT_", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\r\n\f\v]+")
_MARK = re.compile(r"\*+|~~|\[|\]")


class SpanFault(ValueError):
    """Why a text that came back does not hold the spans that were sent, for people."""


def encode(source: str) -> str:
    """A segment (one line of Markdown) as HTML, its protected tokens as spans numbered from 0."""
    return _encode(source, [token.text for token in tokens(source)])


def encode_pair(source: str, target: str) -> tuple[str, str] | None:
    """Both texts of a translation unit as HTML: the same token has the same number in both.

    None where their protected tokens differ: such a pair would teach an engine to lose them.
    """
    ours, theirs = ([token.text for token in tokens(text)] for text in (source, target))
    if sorted(ours) != sorted(theirs):
        return None
    return _encode(source, ours), _encode(target, ours)


def decode(source: str, inner: str) -> str:
    """The text of a translated segment: `inner` is the HTML inside its element, `source` what was sent.

    Entities are decoded once, spans replaced by the tokens of `source` with their ids, white space folded to
    what `source` has. Raises SpanFault.
    """
    sent = [token.text for token in tokens(source)]
    parser = _Inner(len(sent))
    parser.feed(inner)
    parser.close()
    if parser.open is not None:
        raise SpanFault(f"span {parser.open} is not closed")
    pieces: list[str] = []
    seen: set[int] = set()
    for number, text in parser.pieces:
        if number is None:
            pieces.append(text)
            continue
        if number in seen:
            raise SpanFault(f"protected token repeated: {sent[number]:.60}")
        if _SPACE.sub(" ", text).strip() != _SPACE.sub(" ", sent[number]).strip():
            raise SpanFault(f"protected token changed: {sent[number]:.60} became {text:.60}")
        seen.add(number)
        pieces.append(sent[number])
    if lost := [token for number, token in enumerate(sent) if number not in seen]:
        raise SpanFault(f"protected token lost: {lost[0]:.60}")
    if _RESIDUE.search("".join(text for number, text in parser.pieces if number is None)) and "DNT_" not in source:
        raise SpanFault("a placeholder of the service (DNT_) is left in the text")
    return _respaced(source, "".join(pieces))


def _encode(text: str, numbered: list[str]) -> str:
    """`text` with each token as a span that has the number of its first unused equal in `numbered`."""
    free: dict[str, list[int]] = {}
    for number, known in reversed(list(enumerate(numbered))):
        free.setdefault(known, []).append(number)
    pieces: list[str] = []
    position = 0
    for token in tokens(text):
        span = f'<span translate="no" id="{free[token.text].pop()}">{token.text.translate(_ESCAPED)}</span>'
        pieces += [text[position : token.start].translate(_ESCAPED), span]
        position = token.end
    return "".join([*pieces, text[position:].translate(_ESCAPED)])


class _Inner(HTMLParser):
    """Collects (number of a span or None, text) in order. Raises SpanFault for any other element."""

    def __init__(self, spans: int) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[tuple[int | None, str]] = []
        self.open: int | None = None
        self._spans = spans

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        number = dict(attrs).get("id") or ""
        if tag != "span" or self.open is not None or not (number.isascii() and number.isdigit()):
            raise SpanFault(f"an element that was not sent: <{tag[:20]}>")
        if len(number) > 6 or int(number) >= self._spans:
            raise SpanFault(f"a span that was not sent: {number[:20]}")
        self.open = int(number)
        self.pieces.append((self.open, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag != "span" or self.open is None:
            raise SpanFault(f"an element that was not sent: </{tag[:20]}>")
        self.open = None

    def handle_data(self, data: str) -> None:
        if self.open is not None:
            data = self.pieces.pop()[1] + data
        self.pieces.append((self.open, data))

    def handle_comment(self, data: str) -> None:
        raise SpanFault("a comment that was not sent")

    def handle_decl(self, decl: str) -> None:
        raise SpanFault("an element that was not sent: a declaration")

    def handle_pi(self, data: str) -> None:
        raise SpanFault("an element that was not sent: an instruction")

    def unknown_decl(self, data: str) -> None:
        raise SpanFault("an element that was not sent: a declaration")


def _respaced(source: str, text: str) -> str:
    """`text` on one line, without the white space that engines put inside markup and around tokens.

    Where a sign touches a token in `source`, it touches it in the result; what opens or closes an emphasis or a
    link touches the words inside.
    """
    text = _SPACE.sub(" ", text).strip()
    before, after = _touching(source)
    drop: set[int] = set()
    for token in tokens(text):
        if (
            text[token.start - 1 : token.start] == " "
            and (text[token.start - 2 : token.start - 1], token.text) in before
        ):
            drop.add(token.start - 1)
        if text[token.end : token.end + 1] == " " and (token.text, text[token.end + 1 : token.end + 2]) in after:
            drop.add(token.end)
    ours, theirs = _marks(source), _marks(text)
    if [mark.group() for mark in ours] == [mark.group() for mark in theirs]:
        depth: set[str] = set()
        for sent, found in zip(ours, theirs, strict=True):
            sign = sent.group()
            closes = sign == "]" or sign in depth
            depth ^= {sign}
            inner, place = (sent.start() - 1, found.start() - 1) if closes else (sent.end(), found.end())
            if source[inner : inner + 1].strip() and text[place : place + 1] == " ":
                drop.add(place)
    return "".join(character for place, character in enumerate(text) if place not in drop)


def _marks(text: str) -> list[re.Match[str]]:
    """What opens or closes an emphasis or a link, in order."""
    masked = list(mask(text, found := tokens(text)))
    for token in found:
        if token.kind == TokenKind.LINK:
            masked[token.start] = "]"
    return list(_MARK.finditer("".join(masked)))


def _touching(source: str) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """(sign, token) and (token, sign) that touch in `source`, and nowhere stand apart."""
    before: set[tuple[str, str]] = set()
    after: set[tuple[str, str]] = set()
    apart: set[tuple[str, str]] = set()
    for token in tokens(source):
        left, right = source[max(token.start - 2, 0) : token.start], source[token.end : token.end + 2]
        if _is_sign(left[-1:]):
            before.add((left[-1], token.text))
        if _is_sign(right[:1]):
            after.add((token.text, right[0]))
        apart |= {(left[:1], token.text)} if left[1:] == " " else set()
        apart |= {(token.text, right[1:])} if right[:1] == " " else set()
    return before - apart, after - apart


def _is_sign(character: str) -> bool:
    return bool(character) and not (character.isalnum() or character.isspace())
