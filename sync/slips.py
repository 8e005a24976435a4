"""Slips of the pen: brackets that do not close, what is written twice, what was left in the source's language.

All is told from the two texts of a segment and from what the book writes itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set

from sync.inline import mask, tokens
from sync.languages import is_spaceless
from sync.typography import has_script, is_latin

_OPENING = dict(zip("(（[【「『《〈“‘{", ")）]】」』》〉”’}", strict=True))
_PAIRS = (("(（", ")）"), ("【", "】"), ("「", "」"), ("『", "』"), ("《", "》"), ("〈", "〉"), ("«", "»"))
_QUOTES = re.compile('["“”„]')
_ENUMERATED = re.compile(r"^\s*[0-9a-zA-Z]{1,3}[)）]")
_ENCLOSED = re.compile(r"[(（\[「『《“\"][^()（）\[\]「」『』《》“”\"]*[)）\]」』》”\"]")
_ESCAPED = re.compile(r"\\.", re.S)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_LATIN_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]+(?:['’][A-Za-z\u00c0-\u024f]+)*")  # others may touch it
_TWICE = re.compile(r"\b([^\W\d_]+)[ ]+\1\b(?!['’-]\w)")
# A single character twice is mostly the end of a word and the beginning of the next one, but for these.
_TWICE_CLOSE = re.compile(r"([\u3040-\u30ff\u3400-\u9fff]{2,4}|[的了是和与把被将也都而及或给のをにはがと])\1")
_MARKS = re.compile(r"(?:[,.:;?!，。：；？！、][ ]?){2,}")
_RUN = 4  # words of the source, one after another and not all names, that a translation does not keep
_LEAST_WORDS = 3


def find_unbalanced(source: str, target: str) -> Iterator[str]:
    """Brackets and quotes of a translation that do not close, where those of its source do."""
    was, now = _plain(source), _plain(target)
    for opening, closing in _PAIRS:
        opened, closed = _count(now, opening), _count(now, closing)
        if opened != closed and _count(was, opening) == _count(was, closing):
            sign = opening if opened > closed else closing
            shown = " or ".join(sorted({c for c in sign if c in target} or {sign[0]}))
            yield f"{shown} has no counterpart: {opened} opening, {closed} closing"
    quotes = _QUOTES.findall(now)  # a straight one may close a curly one: that is for the eye
    if len(quotes) % 2 and not len(_QUOTES.findall(was)) % 2:
        yield f"a quote does not close: {' '.join(quotes)}"


def _count(text: str, signs: str) -> int:
    return sum(text.count(sign) for sign in signs)


def _plain(text: str) -> str:
    """A text without protected tokens, escapes, and the bracket behind the number of a list item."""
    return _ENUMERATED.sub("", _ESCAPED.sub("", mask(text, tokens(text), "\x00")))


def doubled(text: str, language: str) -> Iterator[str]:
    """What stands twice in a row in a text: words (lower case), and marks."""
    masked = mask(text, tokens(text), "\x00")
    if is_spaceless(language):
        yield from (match[0] for match in _TWICE_CLOSE.finditer(masked) if match[0][0] != "一")
    yield from (match[0].casefold() for match in _TWICE.finditer(masked))
    for match in _MARKS.finditer(masked):
        marks = re.sub(r"\s", "", match[0])
        if masked[match.end() : match.end() + 1] == "/":  # a path
            continue
        if not re.fullmatch(r"\.{2,}|。{2,6}|[?!？！]+", marks) or marks in ("..", "。。"):
            yield marks


def find_doubled(source: str, target: str, language: str, known: Set[str]) -> Iterator[str]:
    """What a translation says twice and its source does not; `known` is what the book itself writes so."""
    found = [twice for twice in doubled(target, language) if twice not in known]
    if len(found) > sum(1 for _ in doubled(source, language)):
        yield from (f"twice in a row: “{twice}”" for twice in found)


def find_untranslated(source: str, target: str, language: str, kept: Mapping[str, int] | Set[str]) -> Iterator[str]:
    """Words that a translation has from its source as they are. `kept`: words that the book itself leaves so."""
    pattern = _WORD if is_latin(language) else _LATIN_WORD
    there = _words(target, pattern)
    if not there:
        return
    if not is_latin(language) and not has_script(mask(target, tokens(target), " "), language):
        if any(word.islower() and word not in kept for word in there) and len(target.split()) >= _LEAST_WORDS:
            yield "it is not translated"
        return
    # What stands in brackets or quotes beside its translation is meant so.
    run = _longest_run(_words(source, pattern), _words(_ENCLOSED.sub(" | ", target), pattern), kept)
    if run:
        yield f"left in the source language: “{' '.join(run)}”"


def _words(text: str, pattern: re.Pattern[str]) -> list[str]:
    return pattern.findall(mask(text, tokens(text), " "))


def _longest_run(wanted: list[str], there: list[str], kept: Mapping[str, int] | Set[str]) -> list[str]:
    """The longest run of words of which every few stand in the source too; none where few of them are common words."""
    known = set(_runs(wanted))
    best: list[str] = []
    start = 0  # of the run that goes on
    for place, run in enumerate(_runs(there)):
        if run not in known:
            start = place + 1
        elif place + _RUN - start > len(best):
            best = there[start : place + _RUN]
    common = sum(word.islower() and word not in kept for word in best)
    return best if 2 * common >= len(best) else []


def _runs(words: list[str]) -> Iterator[tuple[str, ...]]:
    return zip(*(words[start:] for start in range(_RUN)), strict=False)
