"""The typography that a book prefers, for machine text: spaces between scripts, and the width of punctuation.

Chinese and Japanese only. Elsewhere both are a matter of the language, not of taste: Korean, too, is written with
spaces between words and with half-width punctuation.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from sync.inline import tokens
from sync.model import TokenKind

Spacing = Literal["keep", "space", "none"]
Punctuation = Literal["keep", "full", "half"]

# The scripts of a language's letters. A language that is not here is written in Latin letters.
_SCRIPTS = {
    **dict.fromkeys(("zh", "zh-TW"), ("HAN",)),
    "ja": ("HAN", "HIRAGANA", "KATAKANA"),
    "ko": ("HANGUL",),
    **dict.fromkeys(("bg", "kk", "mk", "mn", "ru", "sr", "uk"), ("CYRILLIC",)),
    **dict.fromkeys(("ar", "fa", "fa-AF", "ps", "ur"), ("ARABIC",)),
    **dict.fromkeys(("hi", "mr"), ("DEVANAGARI",)),
    "am": ("ETHIOPIC",), "bn": ("BENGALI",), "el": ("GREEK",), "gu": ("GUJARATI",), "he": ("HEBREW",),
    "hy": ("ARMENIAN",), "ka": ("GEORGIAN",), "kn": ("KANNADA",), "ml": ("MALAYALAM",), "pa": ("GURMUKHI",),
    "si": ("SINHALA",), "ta": ("TAMIL",), "te": ("TELUGU",), "th": ("THAI",),
}  # fmt: skip
# Where the letters of a script are. COMMON are those that texts of any script may hold: signs of mathematics, of
# measures and of phonetics, and marks that several scripts share. Source: Scripts.txt of Unicode's character database.
_RANGES = {
    "COMMON": "aa b5 ba 2b9-2df 2e5-2e9 2ec-2ff 374 640 1ce9-1cfa 2071 207f 2090-209c 2100-2125 2127-2129 212c-2131 "
    "2133-214d 2e2f 3006 3031-3035 303c 30fc a717-a71f a788 ff70 ff9e-ff9f 1d400-1d7ff",
    "LATIN": "41-5a 61-7a c0-2b8 2e0-2e4 1d00-1d25 1d2c-1d5c 1d62-1d65 1d6b-1d77 1d79-1dbe 1e00-1eff 212a-212b 2132 "
    "214e 2160-2188 2c60-2c7f a722-a787 a78b-a7ff ab30-ab64 ab66-ab69 fb00-fb06 ff21-ff3a ff41-ff5a 10780-107ba "
    "1df00-1dfff",
    "GREEK": "370-373 375-3e1 3f0-3ff 1d26-1d2a 1d5d-1d61 1d66-1d6a 1dbf 1f00-1fff 2126 ab65",
    "CYRILLIC": "400-52f 1c80-1c8f 1d2b 1d78 2de0-2dff a640-a69f 1e030-1e08f",
    "ARMENIAN": "531-58f fb13-fb17",
    "HEBREW": "591-5f4 fb1d-fb4f",
    "ARABIC": "620-63f 641-6ff 750-77f 870-8ff fb50-fdff fe70-fefc 1ee00-1eeff",
    "DEVANAGARI": "900-97f a8e0-a8ff 11b00-11b5f",
    "BENGALI": "980-9ff",
    "GURMUKHI": "a00-a7f",
    "GUJARATI": "a80-aff",
    "TAMIL": "b80-bff 11fc0-11fff",
    "TELUGU": "c00-c7f",
    "KANNADA": "c80-cff",
    "MALAYALAM": "d00-d7f",
    "SINHALA": "d80-dff 111e1-111f4",
    "THAI": "e01-e5b",
    "GEORGIAN": "10a0-10ff 1c90-1cbf 2d00-2d2f",
    "HANGUL": "1100-11ff 3131-318e a960-a97c ac00-d7fb ffa0-ffdc",
    "ETHIOPIC": "1200-139f 2d80-2dde ab01-ab2e 1e7e0-1e7ff",
    "HIRAGANA": "3041-309f 1b001-1b11f 1b132 1b150-1b152",
    "KATAKANA": "30a1-30fa 30fd-30ff 31f0-31ff ff66-ff6f ff71-ff9d 1aff0-1b000 1b120-1b122 1b155 1b164-1b167",
    "HAN": "3005-3007 3021-3029 3038-303b 3400-4dbf 4e00-9fff f900-faff 16fe3 20000-323af",
}


def _bounds(ranges: dict[str, str]) -> list[tuple[int, int, str]]:
    """First, last and script of each range, by place."""
    found = []
    for script, parts in ranges.items():
        for part in parts.split():
            first, _, last = part.partition("-")
            found.append((int(first, 16), int(last or first, 16), script))
    return sorted(found)


_BOUNDS = _bounds(_RANGES)

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
    wanted = scripts_of(language)
    return any(script_of(character) in wanted for character in text)


def scripts_of(language: str) -> tuple[str, ...]:
    """The scripts that `language` is written in."""
    return _SCRIPTS.get(language, ("LATIN",))


@lru_cache(maxsize=4096)
def script_of(character: str) -> str:
    """The script of a letter, of which OTHER are all that no language here is written in; "" of what is no letter.

    COMMON are letters that any text may hold, such as signs of mathematics.
    """
    if not character.isalpha():
        return ""
    place = bisect_right(_BOUNDS, ord(character), key=lambda bound: bound[0]) - 1
    _, last, script = _BOUNDS[place]
    return script if ord(character) <= last else "OTHER"


def is_latin(language: str) -> bool:
    """Whether `language` is written in Latin letters."""
    return language not in _SCRIPTS


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
