"""Inside a block: protected tokens, slide marks, masks and folding. Everything here is linear in its input."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from functools import lru_cache

from sync.languages import is_spaceless
from sync.model import Token, TokenKind

# Without any of these there is no token: most sentences need no further look.
_SIGNS = ("`", "$", "<", "](", "][", "[^", "://")
_CACHED = 2_000  # characters; the same sentences are asked for again and again, whole sections are not
# Where a token may begin. Runs of backticks and dollars are closed by a run of the same length.
# Looking ahead for the first character spares trying every alternative at every place.
_START = re.compile(
    r"(?=[\\:`$\]\[<h])(?:"
    r"(?P<escape>\\[\\`$*_{}\[\]()#+.!<>|~-])|(?P<role>:[A-Za-z][\w-]{0,40}:(?=`))|(?P<tick>`+)|(?P<dollar>\$+)"
    r"|(?P<link>\](?=[\[(]))|(?P<note>\[\^[^\]\s]{1,100}\])|(?P<tag><)|(?P<url>https?://))"
)
_TARGET = re.compile(r"\]\((?:[^()\n]{0,2000}(?:\([^()\n]{0,200}\)[^()\n]{0,2000}){0,5})\)|\]\[[^\[\]\n]{0,200}\]")
_TAG = re.compile(
    r"<https?://[^\s<>]{1,2000}>|<[\w.+-]{1,64}@[\w.-]{1,255}>|</?[A-Za-z][\w-]{0,40}(?:\s[^<>]{0,1000})?/?>"
    r"|<!--.{0,4000}?-->",
    re.S,
)
_URL = re.compile(r"https?://[^\s<>()\[\]`\"'，。；：！？、（）《》」』”’]{1,2000}")
_PARAGRAPH_BREAK = re.compile(r"\n[ \t>]*\n")

# Slide marks of D2L's notebooks: [**…**], (**…**), [~~…~~], (~~…~~). `***]` closes an emphasis and a mark.
_MARK = re.compile(r"(?P<open>[\[(](?:\*\*|~~)(?!\*\*[\])]))|(?P<close>(?:\*\*|~~)[\])])")
_OPENING = ("[**", "(**", "[~~", "(~~")
_CJK = "\u3000-\u303f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef"
_CJK_BREAK = re.compile(rf"(?<=[{_CJK}])[ \t]*\r?\n\s*(?=[{_CJK}])")
_QUOTE_PREFIX = re.compile(r"(?<=\n)[ \t]{0,3}(?:>[ \t]?)+")


class _Closers:
    """For each kind of run, where it occurs; finds the next one after a position in O(log n)."""

    def __init__(self, text: str, pattern: str) -> None:
        self._at: dict[str, list[int]] = defaultdict(list)
        for match in re.finditer(pattern, text):
            self._at[match.group()].append(match.start())

    def after(self, run: str, position: int) -> int:
        places = self._at.get(run, [])
        index = bisect_left(places, position)
        return places[index] if index < len(places) else -1


def tokens(text: str) -> tuple[Token, ...]:
    """The protected tokens of a piece of text, in order, without overlaps. Offsets are into `text`."""
    if not any(sign in text for sign in _SIGNS):
        return ()
    return _tokens_again(text) if len(text) <= _CACHED else _tokens(text)


@lru_cache(maxsize=8192)
def _tokens_again(text: str) -> tuple[Token, ...]:
    return _tokens(text)


def _tokens(text: str) -> tuple[Token, ...]:
    found: list[Token] = []
    ticks = _Closers(text, r"`+")
    dollars = _Closers(text.replace("\\$", "\x01\x01"), r"\$+")
    breaks = [match.start() for match in _PARAGRAPH_BREAK.finditer(text)]
    bracket = text.find("[")
    position = 0
    while match := _START.search(text, position):
        stray = match.lastgroup == "link" and not 0 <= bracket < match.start()
        end = None if stray else _token_end(text, match, ticks, dollars, breaks)
        if end is None:
            position = match.end()
            continue
        kind = _KINDS[match.lastgroup or ""]
        found.append(Token(match.start(), end, kind, text[match.start() : end]))
        position = end
    return tuple(found)


_KINDS = {
    "role": TokenKind.ROLE,
    "tick": TokenKind.CODE,
    "dollar": TokenKind.MATH,
    "link": TokenKind.LINK,
    "note": TokenKind.FOOTNOTE,
    "tag": TokenKind.HTML,
    "url": TokenKind.URL,
}


def _token_end(text: str, match: re.Match[str], ticks: _Closers, dollars: _Closers, breaks: list[int]) -> int | None:
    """Where the token that begins at `match` ends, or None if it is none after all."""
    kind, start, end = match.lastgroup, match.start(), match.end()
    if kind == "note":
        return end
    if kind in ("tick", "role"):
        run = "`" * (len(text[end : end + 100]) - len(text[end : end + 100].lstrip("`"))) if kind == "role" else ""
        run = run or match.group()
        body = end + len(run) if kind == "role" else end
        close = ticks.after(run, body)
        limit = bisect_left(breaks, start)
        if close < 0 or (limit < len(breaks) and breaks[limit] < close):
            return None
        return close + len(run)
    if kind == "dollar":
        return _math_end(text, match, dollars, breaks)
    if kind == "link":
        target = _TARGET.match(text, start)
        return target.end() if target else None
    if kind == "tag":
        tag = _TAG.match(text, start)
        return tag.end() if tag else None
    if kind == "url":
        url = _URL.match(text, start)
        return start + len(url.group().rstrip(".,;:!?*~")) if url else None
    return None


def _math_end(text: str, match: re.Match[str], dollars: _Closers, breaks: list[int]) -> int | None:
    run, start, end = match.group(), match.start(), match.end()
    if len(run) > 2:
        return None
    close = dollars.after(run, end)
    limit = bisect_left(breaks, start)
    if close < 0 or (limit < len(breaks) and breaks[limit] < close and run == "$"):
        return None
    body = text[end:close]
    after = close + len(run)
    if run == "$":
        # "$5 and $6" is money: a number before a space, closed in front of a digit.
        money = body[:1].isdigit() and (body[-1:].isspace() or text[after : after + 1].isdigit())
        if money and "\\" not in body:
            return None
        if body[:1].isspace() and body[-1:].isspace() and "\\" not in body and len(body) > 40:
            return None
    return after


def mask(text: str, found: tuple[Token, ...], filler: str = "\x00") -> str:
    """`text` with each token replaced by a filler of equal length, so that offsets hold."""
    parts = []
    position = 0
    for token in found:
        parts += [text[position : token.start], filler * (token.end - token.start)]
        position = token.end
    return "".join([*parts, text[position:]])


def strip_marks(text: str) -> str:
    """`text` without its slide marks; tokens are left alone."""
    marks = find_marks(text)
    if not marks:
        return text
    parts = []
    position = 0
    for start, end, _, _ in marks:
        parts.append(text[position:start])
        position = end
    return "".join([*parts, text[position:]])


def find_marks(text: str) -> list[tuple[int, int, str, bool]]:
    """Slide marks of `text` in order: (start, end, the mark, whether it opens). Unpaired ones are left out."""
    if ("**" not in text and "~~" not in text) or not any(sign in text for sign in _OPENING):
        return []
    masked = mask(text, tuple(t for t in tokens(text) if not t.text.startswith("$$")))
    opened: list[tuple[int, int, str]] = []
    found: list[tuple[int, int, str, bool]] = []
    for match in _MARK.finditer(masked):
        sign = match.group()
        if match.lastgroup == "open":
            opened.append((match.start(), match.end(), sign))
        elif opened and opened[-1][2][1:] == sign[:2] and opened[-1][2][0] + sign[2] in ("[]", "()"):
            start, end, opening = opened.pop()
            found += [(start, end, opening, True), (match.start(), match.end(), sign, False)]
    return sorted(found)


def fold(text: str, language: str = "en", prefix: str = "") -> str:
    """`text` on one line: white space folded, the block's line prefix gone; the ends trimmed.

    Between two Chinese or Japanese characters a line break is no space.
    """
    if ">" in prefix:
        text = _QUOTE_PREFIX.sub("", text)
    if "\n" in text and is_spaceless(language):
        text = _CJK_BREAK.sub("", text)
    return " ".join(text.split())
