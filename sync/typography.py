"""The typography that a book prefers, for machine text: spaces between scripts, and the width of punctuation.

Chinese and Japanese only. Elsewhere both are a matter of the language, not of taste: Korean, too, is written with
spaces between words and with half-width punctuation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from sync.inline import tokens
from sync.model import TokenKind

Spacing = Literal["keep", "space", "none"]
Punctuation = Literal["keep", "full", "half"]

# The first words of the Unicode names of a language's letters. A language that is not here is written in Latin letters.
_SCRIPTS = {
    **dict.fromkeys(("zh", "zh-TW"), ("CJK",)),
    "ja": ("CJK", "HIRAGANA", "KATAKANA"),
    "ko": ("HANGUL",),
    **dict.fromkeys(("bg", "kk", "mk", "mn", "ru", "sr", "uk"), ("CYRILLIC",)),
    **dict.fromkeys(("ar", "fa", "fa-AF", "ps", "ur"), ("ARABIC",)),
    **dict.fromkeys(("hi", "mr"), ("DEVANAGARI",)),
    "am": ("ETHIOPIC",), "bn": ("BENGALI",), "el": ("GREEK",), "gu": ("GUJARATI",), "he": ("HEBREW",),
    "hy": ("ARMENIAN",), "ka": ("GEORGIAN",), "kn": ("KANNADA",), "ml": ("MALAYALAM",), "pa": ("GURMUKHI",),
    "si": ("SINHALA",), "ta": ("TAMIL",), "te": ("TELUGU",), "th": ("THAI",),
}  # fmt: skip

_CJK = "々〆\u3041-\u3096\u30a1-\u30fa\u30fc\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_LATIN = "0-9A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
# A character of the private use area stands for each protected token: one that reads like a word, one that needs
# a space beside it (an address ends there, Sphinx sees a role by it), and any other.
_WORD, _SPACED, _OTHER = "\ue000", "\ue001", "\ue002"
_STANDS_FOR = {
    TokenKind.CODE: _WORD,
    TokenKind.MATH: _WORD,
    TokenKind.ROLE: _SPACED,
    TokenKind.URL: _SPACED,
}
_PLACEHOLDER = re.compile(f"[{_WORD}{_SPACED}{_OTHER}]")
_HAS_CJK = re.compile(f"[{_CJK}]")

_WIDE = dict(zip(",.:;!?()", "，。：；！？（）", strict=True))
_NARROW = {wide: narrow for narrow, wide in _WIDE.items()} | {"、": ","}
# The spaces after a full-width mark are in the mark itself, but those that a role or an address needs.
_SPACES = rf"(?: +(?![ {_SPACED}]))?"
_MARK_TO_WIDEN = re.compile(
    rf"(?<=[{_CJK}])(?:([,.:;?])(?!\1)|!(?![!\[])){_SPACES}"  # not an ellipsis, not the sign of a picture
    rf"|(?<=[{_LATIN}{_WORD}{_SPACED})）])[,:;!?] *(?=[{_CJK}])"
    rf"|(?<=[{_WORD}{_SPACED})）])\. *(?=[{_CJK}])"  # after a Latin word it may belong to that: "e.g."
    rf"|(?<=[{_LATIN}{_WORD}{_SPACED})）])[,.:;!?]$"
)
# Half width would make a link, a definition, an escape, a picture or the number of a list item of these.
_MARK_TO_NARROW = {
    False: re.compile(r"(?<![\\\]])(?:[，。：；？（）]|！(?!\[))"),
    True: re.compile(r"(?<![\\\]])(?:[，、。：；？（）]|！(?!\[))"),
}
_LIST_NUMBER = re.compile(r"\d{1,9}[。）]")
_SPACE_AT_BRACKET = re.compile(
    rf"(?<![ {_SPACED}]) +(?=（)|(?<=（) +(?![ {_SPACED}])|(?<! ) +(?=）)|(?<=）) +(?![ {_SPACED}])"
)
_BETWEEN = re.compile(rf"(?<=[{_CJK}])(?=[{_LATIN}{_WORD}{_SPACED}])|(?<=[{_LATIN}{_WORD}{_SPACED}])(?=[{_CJK}])")
_SPACE_BETWEEN = re.compile(rf"(?<=[{_CJK}]) +(?=[{_LATIN}{_WORD}])|(?<=[{_LATIN}{_WORD}]) +(?=[{_CJK}])")


@dataclass(frozen=True, slots=True)
class Typography:
    """What a translation prefers; `keep` is as the engine writes it.

    `spacing`: between Chinese or Japanese and Latin letters, digits, code or formulas. `punctuation`: the width of
    `,.:;!?()` in Chinese or Japanese text.
    """

    spacing: Spacing = "keep"
    punctuation: Punctuation = "keep"


def apply(text: str, typography: Typography, language: str) -> str:
    """`text` (one line of Markdown) in the typography that is preferred; twice is the same as once.

    Protected tokens, numbers, the signs of Markdown, and what stands between Latin words stay as they are.
    """
    if language not in ("zh", "zh-TW", "ja") or _PLACEHOLDER.search(text):
        return text
    found = tokens(text)
    pieces, position = [], 0
    for token in found:
        pieces += [text[position : token.start], _STANDS_FOR.get(token.kind, _OTHER)]
        position = token.end
    masked = "".join([*pieces, text[position:]])
    if not _HAS_CJK.search(masked):
        return text
    for change in _changes(typography, language):
        masked = change(masked)
    originals = iter(found)
    result = _PLACEHOLDER.sub(lambda _: next(originals).text, masked)
    # A sign beside it may make a token of what was none: then rather nothing is changed.
    return result if [token.text for token in tokens(result)] == [token.text for token in found] else text


def has_script(text: str, language: str) -> bool:
    """Whether `text` has a letter of the script that `language` is written in."""
    script = _SCRIPTS.get(language, ("LATIN",))
    return any(_script(character) in script for character in text)


def is_latin(language: str) -> bool:
    """Whether `language` is written in Latin letters."""
    return language not in _SCRIPTS


@lru_cache(maxsize=4096)
def _script(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0] if character.isalpha() else ""


def _changes(typography: Typography, language: str) -> list[Callable[[str], str]]:
    japanese = language == "ja"
    punctuation: dict[Punctuation, list[Callable[[str], str]]] = {
        "keep": [],
        "full": [_widen_brackets, lambda text: _widen_marks(text, "、" if japanese else "，")],
        "half": [lambda text: _narrow(text, _MARK_TO_NARROW[japanese])],
    }
    spacing: dict[Spacing, list[Callable[[str], str]]] = {
        "keep": [],
        "space": [lambda text: _BETWEEN.sub(" ", text)],
        "none": [lambda text: _SPACE_BETWEEN.sub("", text)],
    }
    return punctuation[typography.punctuation] + spacing[typography.spacing]


def _widen_marks(text: str, comma: str) -> str:
    def widened(match: re.Match[str]) -> str:
        return comma if match[0][0] == "," else _WIDE[match[0][0]]

    return _MARK_TO_WIDEN.sub(widened, text)


def _widen_brackets(text: str) -> str:
    """Pairs of brackets with Chinese or Japanese in or beside them as full-width ones; not `f(x)`, nor slide marks."""
    signs = list(text)
    opened: list[int] = []
    last_cjk = -1
    for place, sign in enumerate(text):
        if _HAS_CJK.match(sign):
            last_cjk = place
        elif sign == "(" and not text.endswith("\\", 0, place):
            opened.append(place)
        elif sign == ")" and opened and not text.endswith("\\", 0, place):
            start = opened.pop()
            before, after = text[:start].rstrip(" ")[-1:], text[place + 1 :].lstrip(" ")[:1]
            outside = _HAS_CJK.match(before) or (_HAS_CJK.match(after) and not before.isalnum())
            if (last_cjk > start or outside) and not text.startswith(("**", "~~"), start + 1):
                signs[start], signs[place] = "（", "）"
    return _SPACE_AT_BRACKET.sub("", "".join(signs))


def _narrow(text: str, marks: re.Pattern[str]) -> str:
    number = _LIST_NUMBER.match(text)

    def narrowed(match: re.Match[str]) -> str:
        sign, before, after = match[0], text[: match.start()][-1:], text[match.end() :][:1]
        if number and match.start() < number.end():
            return sign
        if sign == "（":
            return " (" if _is_word(before) else "("
        return _NARROW[sign] + (" " if _is_word(after) or after == "（" else "")

    return marks.sub(narrowed, text)


def _is_word(character: str) -> bool:
    return character.isalnum() or (character != "" and character in _WORD + _SPACED)
