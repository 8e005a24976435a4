"""Numbers and their units in a segment and in its translation: which are lost, which came from nowhere.

More forgiving than `sync.checks.verify_numbers`, because translators are: a number may be a word on either side, stand
in a formula, or be written in ten thousands. What cannot be told is not said.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator

from sync.checks import find_numbers
from sync.inline import mask, tokens

_ANY = re.compile(r"\d+(?:[.,]\d+)*")
_NUMERIC = re.compile(r"\$\s*([\d.,]+(?:\\?%)?)\s*\$")  # a formula of a number alone
_PART = re.compile(r"\d+")
_SMALL = 20  # up to here a number is often a word
_ENGLISH = re.compile(
    r"\b(?:(zero\w*|nonzero\w*|no|none|empty|vanish\w*)|(ones?|an?|single|once|first|each|unit|per|mono\w*|uni\w+|identity)"
    r"|(two|twice|doubl\w*|second|pair\w*|both|half|halve\w*|dual\w*|binary|bi\w+|quadratic\w*|squared?|another)"
    r"|(three|third|thrice|tripl\w*|cubic|tri\w+)|(four|fourth|quarter\w*|quad\w*|fold)|(five|fifth)|(six|sixth)"
    r"|(seven|seventh)|(eight|eighth|octet)|(nine|ninth)|(ten|tenth|decade\w*|dozens?)|(eleven\w*)|(twel\w+)"
    r"|(thirteen\w*)|(fourteen\w*)|(fifteen\w*)|(sixteen\w*)|(seventeen\w*)|(eighteen\w*)|(nineteen\w*)|(twent\w+))\b",
    re.I,
)
_LARGE = re.compile(
    r"\b(?:hundred|thousand|million|billion|trillion|centur|thirt|fort|fift|sixt|sevent|eight|ninet|twenty)", re.I
)
_LARGE_BEHIND = re.compile(rf"[ -]*{_LARGE.pattern}", re.I)
# Sign characters of numbers that the script itself has, and what they stand for.
_NUMERALS = {
    "zh": "零一二三四五六七八九十", "zh-TW": "零一二三四五六七八九十", "ja": "零一二三四五六七八九十",
}  # fmt: skip
_KOREAN = (
    "영|제로", "하나|한|첫|일", "둘|두|이|쌍|배", "셋|세|삼", "넷|네|사", "다섯|오", "여섯|육", "일곱|칠", "여덟|팔",
    "아홉|구", "열|십",
)  # fmt: skip
_MYRIADS = re.compile(r"(?<=\d)[.,]*\s*[十百千万亿億萬兆십백천만억조]")  # behind a number
_MYRIAD_WORDS = re.compile(r"[千万亿億萬兆][万亿億萬]|[천만억]\s?(?:만|개|번|명)")
_UNIT_NAMES = (
    r"%|°\s?[CF]|℃|℉|[kKMGTP]i?(?:B|b|bit|byte)s?(?:/s|ps)?|[MGTP]?FLOPS?|[kMG]?Hz|[nμµm]s|[kM]?W"
    r"|[kcmnμµ]m|[km]g|min|px|fps"
)
_UNIT = re.compile(rf"(?<!\d)(?<!\d[.,])(\d+(?:[.,]\d+)*)\$?\s?({_UNIT_NAMES})(?![A-Za-z0-9])")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_SAME = {"℃": "°C", "℉": "°F", "µ": "μ"}


def is_only_quantities(text: str) -> bool:
    """Whether a text holds nothing but numbers, their units, signs and protected tokens, as in every language."""
    return not _LETTERS.search(_UNIT.sub(" ", mask(text, tokens(text), " ")))


def find_faults(source: str, target: str, language: str, source_language: str = "en") -> Iterator[str]:
    """What is wrong with the numbers of a translation, for people; both texts are single lines."""
    source, target = (_NUMERIC.sub(" \\1 ", text) for text in (source, target))
    exchanged = _exchanged(source, target)
    lost, added = exchanged or (_lost(source, target, language), _added(source, target, source_language))
    if lost and added:
        yield f"numbers differ: {_list(lost)} in the source, {_list(added)} in the translation"
    elif lost:
        yield f"the translation lacks the number {_list(lost)}"
    elif added := [number for number in added if _small(_decimal(number)) is None]:
        yield f"the source has no number {_list(added)}"
    yield from _units(source, target)


def _exchanged(source: str, target: str) -> tuple[list[str], list[str]] | None:
    """What stands on either side only, where both have as many numbers; None where they have not, or agree.

    Then no number was made a word, or of one: one is simply another.
    """
    was, now = ({n.digits: n.text for n in find_numbers(text)} for text in (source, target))
    counts = [Counter(n.digits for n in find_numbers(text)) for text in (source, target)]
    if counts[0].total() != counts[1].total() or _MYRIADS.search(target) or _LARGE.search(source):
        return None
    lost, added = counts[0] - counts[1], counts[1] - counts[0]
    if not lost:
        return None
    return [was[digits] for digits in lost], [now[digits] for digits in added]


def _lost(source: str, target: str, language: str) -> list[str]:
    there = _everywhere(target)
    free = bool(_MYRIADS.search(target) or _MYRIAD_WORDS.search(target))
    lost: dict[str, str] = {}  # the digits of each
    for number in find_numbers(source):
        if number.digits in there or all(part in there for part in _parts(number.text)):
            continue
        if (free or _LARGE_BEHIND.match(source, number.end)) and len(number.digits.rstrip("0")) <= 4:
            continue  # 1.2 million, 120万
        lost[number.text] = number.digits
    return [text for text, digits in lost.items() if not _may_be_word(digits, target, language)]


def _added(source: str, target: str, source_language: str) -> list[str]:
    there = _everywhere(source)
    backwards = sorted(digits[::-1] for digits in there)
    words = _words(source) if source_language == "en" else None
    large = bool(_LARGE.search(source))
    added = []
    for number in find_numbers(target):
        ending = number.digits[::-1]
        place = bisect_left(backwards, ending)  # of the first that may begin with it
        if "".join(backwards[place : place + 1]).startswith(ending) or any(p in there for p in _parts(number.text)):
            continue  # 1990s, 90年代
        value = _small(number.digits)
        if value is not None and (words is None or value in words):
            continue
        if _MYRIADS.match(target, number.end) or (large and number.digits.endswith("0")):
            continue
        added.append(number.text)
    return list(dict.fromkeys(added))


def _everywhere(text: str) -> set[str]:
    """The digits of all numbers of a text, in formulas and names too, whole and in parts."""
    found: set[str] = set()
    for match in _ANY.finditer(_decimal(text)):
        found.add(re.sub(r"[.,]", "", match[0]))
        found.update(_PART.findall(match[0]))
    return found


def _parts(text: str) -> list[str]:
    """The numbers of a list without spaces; a decimal or a thousand has none."""
    plain = _decimal(text)
    return _PART.findall(plain) if "," in plain else [re.sub(r"\D", "", plain)]


def _decimal(text: str) -> str:
    """`text` with its digits in ASCII."""
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


def _small(number: str) -> int | None:
    """The value of a number that may be a word; None of a greater one, which may have any number of digits."""
    digits = re.sub(r"\D", "", number).lstrip("0")
    if len(digits) > len(str(_SMALL)):
        return None
    value = int(digits or "0")
    return value if value <= _SMALL else None


def _words(source: str) -> set[int]:
    """The values of the number words of English text."""
    return {next(i for i, group in enumerate(match.groups()) if group) for match in _ENGLISH.finditer(source)}


def _may_be_word(digits: str, target: str, language: str) -> bool:
    """Whether the translation may have written a number as a word."""
    value = _small(digits)
    if value is None:
        return False
    if language in _NUMERALS:
        signs = _NUMERALS[language]
        return signs[min(value, 10)] in target or (value == 2 and "两" in target)
    if language == "ko":
        return bool(re.search(_KOREAN[min(value, 10)], target))
    return True


def _units(source: str, target: str) -> Iterator[str]:
    wanted, found = _units_of(source), _units_of(target)
    for digits, units in wanted.items():
        others = found.get(digits)
        if others and not others & units:
            was, now = (", ".join(sorted(names)) for names in (units, others))
            yield f"units differ: {digits} {was} in the source, {now} in the translation"


def _units_of(text: str) -> dict[str, set[str]]:
    """The units that stand behind each number."""
    masked = mask(text, tuple(token for token in tokens(text) if not token.text.startswith("$")))
    found: defaultdict[str, set[str]] = defaultdict(set)
    for match in _UNIT.finditer(masked):
        unit = re.sub(r"\s", "", match[2])
        for one, other in _SAME.items():
            unit = unit.replace(one, other)
        found[re.sub(r"[.,]", "", match[1])].add(unit)
    return found


def _list(values: list[str]) -> str:
    shown = ", ".join(values[:3])
    return shown if len(values) <= 3 else f"{shown} and {len(values) - 3} more"
