"""Faults put into good translations on purpose, one for each check: what a check is worth is what it finds of them.

Each function takes a segment, what the checks know of its book, and a source of chance, and returns the translation
with one fault in it; None where the fault cannot be made there: where there is no number, nothing can be wrong with it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from sync.checks import find_numbers
from sync.customs import Choice, choices
from sync.findings import Standard
from sync.habits import length_of
from sync.inline import mask, tokens
from sync.languages import is_spaceless
from sync.model import Check, Token, TokenKind

Seed = Callable[[str, str, Standard, random.Random], str | None]

_WORD = re.compile(r"[^\W\d_]{2,}")
_CLOSE_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]{2}")
_MARK = re.compile(r"[,，。、](?=\S)|[.。]$")
_BRACKET = re.compile("[()（）“”「」《》]")
_ENGLISH = re.compile(r"(?:(?<=\s)|^)[a-z]+(?: [a-z]+){4,9}(?=[\s,.;:]|$)")
_ROLE = re.compile(r":(?:numref|eqref|ref):`([^`]+)`")
_UNIT = re.compile(r"(?<=\d)( ?)(GB|MB|KB|kB|TB|GHz|MHz|ms|km|cm|kg|%|°C)(?![A-Za-z/])")
_OTHER_UNITS = {
    "GB": "MB", "MB": "GB", "KB": "MB", "kB": "MB", "TB": "GB", "GHz": "MHz", "MHz": "GHz", "ms": "ns", "km": "cm",
    "cm": "km", "kg": "mg", "%": "°C", "°C": "°F",
}  # fmt: skip
_PLACES = {"half width": 0, "full width": 1}
_WIDTHS = (",.:;?!()", "，。：；？！（）")
_QUOTES = {"straight": "“", "curly": '"', "corner": '"', "angular": '"'}


def _reference(source: str, target: str, standard: Standard, chance: random.Random) -> str | None:
    """A reference to a label that does not exist: a letter too many."""
    found = [match for token in tokens(target) for match in [_ROLE.fullmatch(token.text)] if match]
    if not found or not standard.references.labels:
        return None
    role = chance.choice(found)
    wrong = role[0].replace(role[1], f"{role[1]}{chance.choice('abc')}")
    return target.replace(role[0], wrong, 1)


def _token(source: str, target: str, standard: Standard, chance: random.Random) -> str | None:
    """A token that both texts have is lost, or a letter in it is another one."""
    there = {token.text for token in tokens(source)}
    found = [token for token in tokens(target) if token.text in there and any(map(str.isalpha, token.text))]
    if not found:
        return None
    token = chance.choice(found)
    if token.kind is not TokenKind.LINK and chance.random() < 0.5:
        return target[: token.start] + target[token.end :]
    letters = [place for place, sign in enumerate(token.text) if sign.isascii() and sign.isalpha()]
    at = token.start + chance.choice(letters) if letters else token.start
    return target[:at] + ("q" if target[at] != "q" else "z") + target[at + 1 :]


def _english(source: str, target: str, standard: Standard, chance: random.Random) -> str | None:
    """The whole segment, or some words of it, are still those of the source."""
    found = _ENGLISH.findall(mask(source, tokens(source), "\x00"))
    if not found:
        return None
    if chance.random() < 0.3:
        return source
    words = chance.choice(found)
    start, end = max(_between(target, tokens(target)), key=lambda span: span[1] - span[0])
    middle = (start + end) // 2
    return f"{target[:middle]}{words}{target[min(middle + len(words) // 2, end) :]}"


def _between(text: str, found: Sequence[Token]) -> list[tuple[int, int]]:
    """The stretches of a text that hold no token."""
    edges = [0, *(edge for token in found for edge in (token.start, token.end)), len(text)]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _number(source: str, target: str, standard: Standard, chance: random.Random) -> str | None:
    """A digit of a number is another one, or its unit is."""
    if (unit := _UNIT.search(target)) and _UNIT.search(source) and chance.random() < 0.5:
        return f"{target[: unit.start(2)]}{_OTHER_UNITS[unit[2]]}{target[unit.end() :]}"
    there = {number.digits for number in find_numbers(source)}
    found = [number for number in find_numbers(target) if number.digits in there]
    if not found:
        return None
    number = chance.choice(found)
    place = chance.choice([i for i, sign in enumerate(number.text) if sign.isdigit()]) + number.start
    return f"{target[:place]}{(int(target[place]) + chance.randint(1, 9)) % 10}{target[place + 1 :]}"


def _term(source: str, target: str, standard: Standard, chance: random.Random) -> str | None:
    """A term is rendered by another word of the book, or not at all: everywhere in the segment, as an engine would."""
    renderings = standard.habits.renderings
    found = [one for one in renderings.found(source) if one.target in target]
    if not found:
        return None
    term = chance.choice(found)
    words = sorted({one.target for one in renderings.known.values()})
    others = [one for one in words if one not in target and term.target not in one and one not in term.target]
    return target.replace(term.target, chance.choice([*others, term.source]))


def _bracket(source: str, target: str, standard: Standard, chance: random.Random) -> str | None:
    """A bracket or a quote is missing."""
    found = [match.start() for match in _BRACKET.finditer(mask(target, tokens(target), "\x00"))]
    if not found:
        return None
    place = chance.choice(found)
    return target[:place] + target[place + 1 :]


def _proportion(source: str, target: str, standard: Standard, chance: random.Random) -> str | None:
    """Three quarters of the text are missing, or it stands there four times."""
    if standard.habits.proportion(source) is None:
        return None
    if chance.random() < 0.5:
        return " ".join([target] * 4)
    quarter = length_of(target) // 4
    return next((target[:end] for end in range(len(target), 0, -1) if length_of(target[:end]) <= quarter), None)


def _twice(source: str, target: str, standard: Standard, chance: random.Random) -> str | None:
    """A word is written twice, or a mark."""
    masked = mask(target, tokens(target), "\x00")
    close = is_spaceless(standard.language)
    words = [(match, "" if close else " ") for match in (_CLOSE_WORD if close else _WORD).finditer(masked)]
    marks = [(match, "") for match in _MARK.finditer(masked)]
    kinds = [kind for kind in (words, marks) if kind]
    if not kinds:
        return None
    match, gap = chance.choice(chance.choice(kinds))
    return f"{target[: match.end()]}{gap}{match[0]}{target[match.end() :]}"


def _custom(source: str, target: str, standard: Standard, chance: random.Random) -> str | None:
    """A space, the width of a mark or a quote that goes against what the book does."""
    customs = standard.habits.customs
    found = [
        choice
        for choice in choices(target, standard.language)
        if choice.custom in customs.usual and customs.usual[choice.custom][0] == choice.made
    ]
    return _otherwise(target, chance.choice(found)) if found else None


def _otherwise(text: str, choice: Choice) -> str:
    before, piece, after = text[: choice.start], text[choice.start : choice.end], text[choice.end :]
    if choice.custom[0] == "space":
        other = piece.replace(" ", "") if choice.made == "a space" else f"{piece[0]} {piece[1:]}"
    elif choice.custom[0] == "width":
        place = _PLACES[choice.made]
        other = _WIDTHS[1 - place][_WIDTHS[place].index(piece)]
    else:
        other = _QUOTES[choice.made]
    return before + other + after


SEEDS: dict[Check, Seed] = {
    Check.REFERENCES: _reference,
    Check.TOKENS: _token,
    Check.UNTRANSLATED: _english,
    Check.NUMBERS: _number,
    Check.TERMINOLOGY: _term,
    Check.BRACKETS: _bracket,
    Check.LENGTH: _proportion,
    Check.DOUBLED: _twice,
    Check.TYPOGRAPHY: _custom,
}
