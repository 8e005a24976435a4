"""Translation memory: translation units by their source, exact and fuzzy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from rapidfuzz import process
from rapidfuzz.distance import Indel

from sync.checks import find_numbers
from sync.inline import fold, strip_marks, tokens
from sync.model import TokenKind, TranslationUnit
from sync.parallel_data import ParallelDataError, read_units, write_units

__all__ = ["Match", "ParallelDataError", "TranslationMemory", "read_units", "similarity", "write_units"]

# A unit below this is more likely wrong than right (TranslationUnit.confidence is 0–1).
DOUBTFUL = 0.5

_WORD = re.compile(r"\w+|[^\w\s]")
# Private-use characters stand for protected tokens, one for each kind, and for numbers.
_PLACEHOLDERS = {kind: chr(0xE000 + number) for number, kind in enumerate(TokenKind)}
_NUMBER = "\ue0ff"
_UNKNOWN = "\0"


@dataclass(frozen=True, slots=True)
class Match:
    """A unit whose source resembles what was asked for; `similarity` in 0–1, 1 for the same words."""

    unit: TranslationUnit
    similarity: float


def words(source: str) -> list[str]:
    """The words and punctuation marks of `source`, protected tokens and numbers replaced by placeholders."""
    return [word for word, _ in words_and_values(source)]


def words_and_values(source: str) -> list[tuple[str, str]]:
    """Each word of `words(source)` with the text it stands for: a token's, a number's or its own."""
    spans = [(token.start, token.end, _PLACEHOLDERS[token.kind]) for token in tokens(source)]
    spans += [(number.start, number.end, _NUMBER) for number in find_numbers(source)]
    found: list[tuple[str, str]] = []
    position = 0
    for start, end, placeholder in sorted(spans):
        found += [(word, word) for word in _WORD.findall(source[position:start])]
        found.append((placeholder, source[start:end]))
        position = end
    return found + [(word, word) for word in _WORD.findall(source[position:])]


def similarity(one: str, other: str) -> float:
    """How alike two texts are, 0–1: the words they share in order, as a part of all their words."""
    return float(Indel.normalized_similarity(words(_key(one)), words(_key(other))))


class TranslationMemory:
    """The translation units of one language. A value: it does not change once it is made.

    Doubtful units are left out. Where a source has several targets, the most frequent one stands,
    and the last of equally frequent ones.
    """

    def __init__(self, units: Iterable[TranslationUnit]) -> None:
        found: dict[str, dict[str, list[TranslationUnit]]] = {}
        for unit in units:
            source = _key(unit.source)
            if unit.confidence < DOUBTFUL or not source or not unit.target.strip():
                continue
            targets = found.setdefault(source, {})
            same = targets.pop(unit.target, [])  # taken out and put back: the last one seen stands last
            same.append(unit)
            targets[unit.target] = same
        self._by_source = {
            source: replace(max(reversed(targets.values()), key=len)[-1], source=source)
            for source, targets in found.items()
        }
        self._units = tuple(self._by_source.values())

    @property
    def units(self) -> tuple[TranslationUnit, ...]:
        """The units in use, one for each source, in the order in which the sources first came."""
        return self._units

    def exact(self, source: str) -> TranslationUnit | None:
        """The unit with this source, white space and slide marks aside."""
        return self._by_source.get(_key(source))

    def fuzzy(self, source: str, cutoff: float) -> Match | None:
        """The best match that is at least `cutoff` similar (0–1), or None."""
        return next(iter(self.matches(source, cutoff, limit=5)), None)

    def matches(self, source: str, cutoff: float, limit: int) -> list[Match]:
        """Up to `limit` matches at least `cutoff` similar (0–1), best first.

        Of equally similar ones those that also share protected tokens and numbers come first.
        """
        key = _key(source)
        wanted = words_and_values(key)
        if not wanted:
            return []
        letters, lines = self._index
        line = "".join(letters.get(word, _UNKNOWN) for word, _ in wanted)
        found = process.extract(line, lines, scorer=Indel.normalized_similarity, score_cutoff=cutoff, limit=4 * limit)
        values = [value for _, value in wanted]
        ranked: list[tuple[float, float, int]] = []
        for _, score, index in found:
            others = [value for _, value in words_and_values(self._units[index].source)]
            ranked.append((score, Indel.normalized_similarity(values, others), -index))
        return [Match(self._units[-index], score) for score, _, index in sorted(ranked, reverse=True)[:limit]]

    @cached_property
    def _index(self) -> tuple[dict[str, str], list[str]]:
        """Each word of the memory as one character, and each source as a string of these.

        rapidfuzz compares strings of characters many at a time: 20,000 sources take a few milliseconds.
        """
        letters: dict[str, str] = {}
        lines = []
        for source in self._by_source:
            lines.append("".join([letters.setdefault(word, _letter(len(letters))) for word in words(source)]))
        return letters, lines


def _letter(number: int) -> str:
    code = number + 1  # 0 stands for words that are not in the memory
    return chr(code if code < 0xD800 else code + 0x800)  # surrogates are no characters


def _key(text: str) -> str:
    return fold(strip_marks(text))
