"""What a machine-written segment must hold before it may stand in a draft. Pure functions over text."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

from sync.inline import mask, tokens
from sync.model import BlockKind, TokenKind

# A translation longer or shorter than this is a runaway or a cut-off answer; real ones stay within
# a factor of 5 even between English and Chinese, short labels aside.
_LONGEST = 5
_SHORTEST = 20
_SLACK = 200

# Embeddings, overrides and isolates: text that reads otherwise than it is written (CVE-2021-42574).
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Zl", "Zp"})

_BLOCK_START = re.compile(
    r"#{1,6}(?:\s|$)|[-+*](?:\s|$)|\d{1,9}[.)](?:\s|$)|>|\||`{3}|~{3}|\$\$|[=-]+\s*$|(?:[-*_]\s*){3,}$"
    r"|:[A-Za-z_]+:(?!`)|\[\^?[^\]]{1,200}\]:|</?[A-Za-z]|<!--"
)
_UNESCAPED = re.compile(r"\\.|(?P<sign>!\[|[\[\]|]|`+|\$+|\*+|~~+)", re.S)
_NUMBER = re.compile(r"(?<![A-Za-z_\d])\d+(?:[.,]\d+)*(?P<letter>[A-Za-z_]?)")
_SEPARATOR = re.compile(r"[.,]")


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a text; `text` as it is written, `digits` without separators and in ASCII."""

    start: int
    end: int
    text: str
    digits: str


def find_numbers(text: str) -> tuple[Number, ...]:
    """The numbers of `text` outside its protected tokens, in order. Part of a name (`ResNet50`) is none."""
    masked = mask(text, tokens(text))
    found = (match for match in _NUMBER.finditer(masked) if not match["letter"])
    return tuple(Number(match.start(), match.end(), match[0], _digits(match[0])) for match in found)


def check_translation(request_source: str, text: str, kind: BlockKind) -> str | None:
    """Why `text` may not stand for `request_source` in a block of `kind`, for people; None where it may.

    Both are single lines. Refused: lost or added protected tokens, line breaks and invisible characters, text
    out of all proportion, unbalanced markup, and text that would begin another kind of block.
    """
    return (
        _check_characters(request_source, text)
        or _check_length(request_source, text)
        or verify_tokens(request_source, text)
        or verify_markup(request_source, text, kind)
    )


def verify_tokens(source: str, text: str) -> str | None:
    """Why the protected tokens of `text` are not exactly those of `source`; None where they are."""
    wanted = Counter(token.text for token in tokens(source))
    found = Counter(token.text for token in tokens(text))
    if lost := list((wanted - found).elements()):
        return f"protected token lost: {_list(lost)}"
    if added := list((found - wanted).elements()):
        return f"protected token added: {_list(added)}"
    return None


def verify_numbers(source: str, text: str) -> str | None:
    """How the numbers of `text` differ from those of `source`, separators aside; None where they agree.

    A reason to look, not to refuse: a translator may write a number as a word.
    """
    wanted = Counter(number.digits for number in find_numbers(source))
    found = Counter(number.digits for number in find_numbers(text))
    if wanted == found:
        return None
    lost, added = list((wanted - found).elements()), list((found - wanted).elements())
    parts = [f"{name} {_list(values)}" for name, values in (("lost", lost), ("added", added)) if values]
    return f"numbers differ: {'; '.join(parts)}"


def _check_characters(source: str, text: str) -> str | None:
    if not text.strip():
        return "the translation is empty"
    if text != text.strip():
        return "white space around the translation"
    for character in sorted(set(text) - set(source)):
        if character in "\n\r":
            return "line break in the translation"
        if character in _BIDI or unicodedata.category(character) in _FORBIDDEN_CATEGORIES:
            return f"character U+{ord(character):04X} is not allowed in a translation"
    return None


def _check_length(source: str, text: str) -> str | None:
    if len(text) > _LONGEST * len(source) + _SLACK:
        return f"far too long: {len(text)} characters for {len(source)}"
    if _SHORTEST * len(text) + _SLACK < len(source):
        return f"far too short: {len(text)} characters for {len(source)}"
    return None


def verify_markup(source: str, text: str, kind: BlockKind) -> str | None:
    """Why the markup of `text` is not that of `source` in a block of `kind`; None where it is."""
    opened = _begins_block(text)
    if opened is not None and _begins_block(source) is None:
        return f"would begin another block: {opened!r}"
    wanted, found = _signs(source), _signs(text)
    if kind == BlockKind.TABLE and found["|"] > wanted["|"]:
        return "an unescaped | would begin another table cell"
    for sign in ("[", "]", "![", "`", "$"):
        if found[sign] != wanted[sign]:
            return f"unbalanced markup: {found[sign]} {sign} where the source has {wanted[sign]}"
    if _closes_early(text) and not _closes_early(source):
        return "unbalanced markup: ] before its ["
    for sign in ("*", "~~"):
        if found[sign] % 2 and not wanted[sign] % 2:
            return f"unbalanced markup: {sign} does not close"
    return None


def _begins_block(text: str) -> str | None:
    found = _BLOCK_START.match(text)
    token = next(iter(tokens(text)), None)
    # A formula, a tag or a code span that merely comes first is checked as a protected token.
    if found is None or (token is not None and token.start == 0 and not _is_fence(found[0])):
        return None
    return found[0].strip()


def _is_fence(sign: str) -> bool:
    return sign in ("```", "~~~", "$$")


def _signs(text: str) -> Counter[str]:
    """How often each sign of inline markup occurs outside protected tokens; runs count by their length."""
    counts: Counter[str] = Counter()
    for sign in _outside_tokens(text):
        if sign in ("[", "]", "![", "|"):
            counts[sign] += 1
        elif sign.startswith("~~"):
            counts["~~"] += 1
        else:
            counts[sign[0]] += len(sign)
    return counts


def _closes_early(text: str) -> bool:
    depth = 0
    for sign in _outside_tokens(text):
        depth += (sign in ("[", "![")) - (sign == "]")
        if depth < 0:
            return True
    return False


def _outside_tokens(text: str) -> list[str]:
    # The target of a link is protected; its closing bracket still closes.
    targets = [token.start for token in tokens(text) if token.kind == TokenKind.LINK]
    masked = list(mask(text, tokens(text)))
    for start in targets:
        masked[start] = "]"
    return [match["sign"] for match in _UNESCAPED.finditer("".join(masked)) if match["sign"]]


def _digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(digit)) for digit in _SEPARATOR.sub("", text))


def _list(texts: list[str]) -> str:
    shown = ", ".join(text if len(text) <= 60 else f"{text[:57]}…" for text in texts[:3])
    return shown if len(texts) <= 3 else f"{shown} and {len(texts) - 3} more"
