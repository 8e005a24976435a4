"""Which translation units an engine is shown for a segment: BM25 finds candidates, likeness and coverage choose.

The best examples share rare words with the segment (BM25), run like it (fuzzy match), and between them cover as many
of its words as they can: a near-duplicate of an example that is already chosen adds nothing and is passed over.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

import bm25s
import numpy as np
from rapidfuzz.distance import Indel
from rapidfuzz.process import cdist

from sync.cleaning import clean
from sync.engines.adaptive.masks import masked, shortened
from sync.model import TranslationUnit

# It tells how it builds an index, unasked.
logging.getLogger("bm25s").setLevel(logging.WARNING)

_CANDIDATES = 48  # of BM25's best, that are looked at again
_NEARLY_THE_SAME = 0.85
# What is asked of a candidate: half that it is relevant, half that it runs like the segment; and of what it shares
# with the segment, that the examples chosen before it do not show that yet.
_LIKENESS = 0.5
_COVERED = 0.5

_LEAST_LENGTH = 20  # characters of a source whose ratio tells something
_LEAST_UNITS = 30  # fewer tell nothing of what is usual

_MASK = re.compile(r"<\d+>")
# A word; where none are written apart, each character, and each two.
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f"
_WORD = re.compile(rf"[{_CJK}]+|[^\W{_CJK}]+")
_IS_CJK = re.compile(rf"[{_CJK}]")


@dataclass(frozen=True, slots=True)
class Example:
    """A translation unit as it is shown: masked; `score` above 0, the higher the more relevant."""

    source: str
    target: str
    score: float


class Retriever:
    """The translation units of a book, cleaned, to be asked for those most like a segment. Deterministic.

    What is held out as a test set (`sync.cleaning`) is not among them.
    """

    def __init__(self, units: Iterable[TranslationUnit], language: str, source_language: str) -> None:
        """The units come oldest first; of several with the same source the newest stands."""
        rows = clean(units, language, source_language).units
        self._pairs = [(shortened(row.source), shortened(row.target)) for row in rows]
        self._words = [_words(source) for source, _ in self._pairs]
        self._index = None
        if any(self._words):
            self._index = bm25s.BM25(method="lucene")
            self._index.index(self._words, show_progress=False)

    @cached_property
    def usual_ratio(self) -> float | None:
        """Characters of a target for each of its source, usually; None where too few units tell."""
        lengths = [(len("".join(source.split())), len("".join(target.split()))) for source, target in self._pairs]
        ratios = [target / source for source, target in lengths if source >= _LEAST_LENGTH]
        return median(ratios) if len(ratios) >= _LEAST_UNITS else None

    def __len__(self) -> int:
        return len(self._pairs)

    def examples(self, source: str, limit: int) -> tuple[Example, ...]:
        """Up to `limit` examples for a segment, the best first."""
        wanted = _words(masked(source))
        if self._index is None or not wanted or limit < 1:
            return ()
        return self._choose(self._candidates(wanted), wanted, limit)

    def _candidates(self, wanted: Sequence[str]) -> list[tuple[int, float]]:
        """The best units by BM25 with their score, 0–1 relative to the best."""
        assert self._index is not None  # noqa: S101 - told by the caller
        scores = self._index.get_scores(list(dict.fromkeys(wanted)))
        many = min(_CANDIDATES, len(scores))
        best = np.argpartition(-scores, many - 1)[:many]
        # Equal scores in the order of the units, whatever the partition made of it.
        ranked = sorted((-float(scores[place]), int(place)) for place in best if scores[place] > 0)
        return [(place, score / ranked[0][0]) for score, place in ranked]

    def _choose(
        self, candidates: Sequence[tuple[int, float]], wanted: Sequence[str], limit: int
    ) -> tuple[Example, ...]:
        if not candidates:
            return ()
        words = [self._words[place] for place, _ in candidates]
        likeness = cdist([wanted], words, scorer=Indel.normalized_similarity)[0]
        among = cdist(words, words, scorer=Indel.normalized_similarity)
        scores = [
            (1 - _LIKENESS) * relevance + _LIKENESS * float(like)
            for (_, relevance), like in zip(candidates, likeness, strict=True)
        ]
        shared = [set(wanted) & set(found) for found in words]
        chosen: list[int] = []
        covered: set[str] = set()
        left = list(range(len(candidates)))
        while left and len(chosen) < limit:
            best = max(left, key=lambda place: (_fresh(scores[place], shared[place], covered), -place))
            chosen.append(best)
            covered |= shared[best]
            left = [place for place in left if place != best and among[best][place] < _NEARLY_THE_SAME]
        return tuple(Example(*self._pairs[candidates[place][0]], scores[place]) for place in chosen)


def _fresh(score: float, shared: set[str], covered: set[str]) -> float:
    """A score, less where the words that an example shares are covered already."""
    return score * (1 - _COVERED * len(shared & covered) / max(len(shared), 1))


def _words(text: str) -> list[str]:
    found: list[str] = []
    for run in _WORD.findall(_MASK.sub(" ", text).casefold()):
        if _IS_CJK.match(run):
            found += [*run, *(run[place : place + 2] for place in range(len(run) - 1))]
        else:
            found.append(run)
    return found
