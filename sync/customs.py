"""What a book does where a language leaves the choice: spaces between scripts, the width of marks, kinds of quotes.

A custom is learnt from the translators' own text, and only where they nearly always choose the same: so a check that
compares with it says nothing about a book that has no clear habit.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from sync.inline import tokens
from sync.languages import LANGUAGES, is_spaceless
from sync.model import TokenKind
from sync.typography import has_script

CLEAR = 0.98  # of the places, at least, where the same is chosen
_ENOUGH = 100  # places; fewer show no habit
_AROUND = 6  # characters shown on either side

_HALF, _FULL = ",.:;?!()", "，。：；？！（）"
_WIDTHS = {**{mark: mark for mark in _HALF}, **dict(zip(_FULL, _HALF, strict=True))}
_QUOTES = {
    '"': "straight", "“": "curly", "”": "curly", "「": "corner", "」": "corner", "«": "angular", "»": "angular",
}  # fmt: skip
# What stands for a protected token, by its kind.
_STANDS_FOR = {
    TokenKind.CODE: "\ue000",
    TokenKind.MATH: "\ue001",
    TokenKind.ROLE: "\ue002",
    TokenKind.LINK: "\ue003",
    TokenKind.URL: "\ue004",
    TokenKind.HTML: "\ue005",
    TokenKind.FOOTNOTE: "\ue006",
}
_NAMES = {
    "\ue000": "code", "\ue001": "a formula", "\ue002": "a reference", "\ue003": "the target of a link",
    "\ue004": "an address", "\ue005": "a tag", "\ue006": "a footnote", "foreign": "letters of another script",
    "digit": "a number",
}  # fmt: skip
_PLACEHOLDERS = frozenset(_STANDS_FOR.values())
_NEIGHBOURS = re.compile(r"(?=(\S)( ?)(\S))")
_WORDS = frozenset({"own", "foreign", "digit", *_PLACEHOLDERS})
_EMPHASIS = frozenset("*_")  # it may need a space to be seen as such
_DIGIT_MARKS = frozenset(",.:：")  # between digits they belong to the number

Custom = tuple[str, str, str]  # what is chosen ("space", "width", "quotes"), and of what


@dataclass(frozen=True, slots=True)
class Choice:
    """A place of a text where its writer chose: `start` and `end` are offsets into the text."""

    custom: Custom
    made: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Customs:
    """`usual`: for each clear custom what is chosen, in how many places, of how many."""

    language: str = ""
    usual: Mapping[Custom, tuple[str, int, int]] = field(default_factory=dict)

    @classmethod
    def learn(cls, texts: Iterable[str], language: str, most: int) -> Customs:
        """Learn from a book's own segments. The clearest customs are taken, as long as they have `most` exceptions."""
        counts: defaultdict[Custom, Counter[str]] = defaultdict(Counter)
        for text in texts:
            for choice in choices(text, language):
                counts[choice.custom][choice.made] += 1
        clear = []
        for custom, made in counts.items():
            usual, number = made.most_common(1)[0]
            total = made.total()
            if total >= _ENOUGH and number >= CLEAR * total:
                clear.append(((total - number) / total, -total, custom, (usual, number, total)))
        found: dict[Custom, tuple[str, int, int]] = {}
        for _, _, custom, (usual, number, total) in sorted(clear):
            most -= total - number
            if most < 0:
                break
            found[custom] = (usual, number, total)
        return cls(language, found)

    def breaches(self, text: str) -> list[tuple[Choice, str]]:
        """Where a text goes against a custom, and why that is said."""
        if not self.usual:
            return []
        found = []
        for choice in choices(text, self.language):
            usual = self.usual.get(choice.custom)
            if usual is not None and usual[0] != choice.made:
                found.append((choice, _reason(text, choice, usual, self.language)))
        return found


def choices(text: str, language: str) -> Iterator[Choice]:
    """The places of one line of Markdown where its writer chose, in no particular order."""
    masked = _masked(text)
    for match in _NEIGHBOURS.finditer(masked):
        left, right = _class(match[1], language), _class(match[3], language)
        # Between the words of one language spaces are no custom, but its grammar; in Chinese there are none.
        if left == right and (left != "own" or not is_spaceless(language)):
            continue
        if {left, right} & _WORDS and not {left, right} & _EMPHASIS:
            made = "a space" if match[2] else "no space"
            yield Choice(("space", left, right), made, match.start(1), match.end(3))
    for place, sign in enumerate(masked):
        if sign in _QUOTES:
            yield Choice(("quotes", "", ""), _QUOTES[sign], place, place + 1)
        elif sign in _WIDTHS and not _is_escaped(masked, place):
            beside = masked[place - 1 : place] if _WIDTHS[sign] != "(" else masked[place + 1 : place + 2]
            before = _class(beside, language) if beside else ""
            if before in _WORDS and not (before == "digit" and sign in _DIGIT_MARKS):
                made = "half width" if sign in _HALF else "full width"
                yield Choice(("width", _WIDTHS[sign], before), made, place, place + 1)


def _is_escaped(text: str, place: int) -> bool:
    return text[place - 1 : place] in ("\\", "]", "[")


def _masked(text: str) -> str:
    """`text` with a placeholder for each character of a token, so that offsets hold."""
    parts = []
    position = 0
    for token in tokens(text):
        parts += [text[position : token.start], _STANDS_FOR[token.kind] * (token.end - token.start)]
        position = token.end
    return "".join([*parts, text[position:]])


@lru_cache(maxsize=8192)
def _class(character: str, language: str) -> str:
    """What a character is to its neighbours: a letter of the language, of another script, a digit, or itself."""
    if character.isdigit():
        return "digit"
    if not character.isalpha():
        return character
    return "own" if has_script(character, language) else "foreign"


def _reason(text: str, choice: Choice, usual: tuple[str, int, int], language: str) -> str:
    what, left, right = choice.custom
    shown = text[max(choice.start - _AROUND, 0) : choice.end + _AROUND]
    often = f"as in {usual[1]:,} of {usual[2]:,} places of this book"
    if what == "space":
        between = f"between {_name(left, language)} and {_name(right, language)}"
        return f"{choice.made} {between}, not {usual[0]} {often}: “{shown}”"
    if what == "width":
        return f"{choice.made} “{text[choice.start : choice.end]}”, not {usual[0]} {often}: “{shown}”"
    return f"{choice.made} quotes, not {usual[0]} ones {often}: “{shown}”"


def _name(kind: str, language: str) -> str:
    if kind == "own":
        known = LANGUAGES.get(language)
        return f"{known.name.partition(' ')[0]} letters" if known else "letters"
    return _NAMES.get(kind, f"“{kind}”")
