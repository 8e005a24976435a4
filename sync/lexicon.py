"""A small bilingual lexicon, learnt from translation units: which words translate which.

IBM Model 1 (Brown et al., 1993, "The Mathematics of Statistical Machine Translation") over word stems, or
over character pairs where a script has no spaces; a handful of EM steps in numpy. It is no translator: it
tells whether two sentences can be each other's translation, and where in a sentence a word went.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from sync.inline import mask, tokens
from sync.languages import is_spaceless
from sync.model import TranslationUnit

_ENGLISH = re.compile(r"[A-Za-z]{3,}")
_CJK_RUN = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")
_THAI_RUN = re.compile(r"[\u0e00-\u0e7f]+")
_HANGUL = re.compile(r"[\uac00-\ud7a3]+")
_LETTERS = re.compile(r"[^\W\d_]{3,}")
_STEPS = 4
_BEST = 6  # translations kept for a stem
_LEAST = 0.06  # weaker associations are noise
_MOST_PAIRS = 6_000_000  # bound on memory: 8 bytes each
_AT_ONCE = 500_000  # pairs worked on at a time
_Integers = npt.NDArray[np.int32]
_Numbers = npt.NDArray[np.float64]


def source_stems(text: str) -> list[tuple[int, int, str]]:
    """Stems of an English text with their spans; protected tokens left out."""
    masked = mask(text, tokens(text), " ")
    return [(m.start(), m.end(), m.group().lower()[:6]) for m in _ENGLISH.finditer(masked)]


def target_stems(text: str, language: str) -> list[tuple[int, int, str]]:
    """Stems of a translation with their spans: character pairs, syllable pairs or word beginnings."""
    masked = mask(text, tokens(text), " ")
    if language == "ko" or is_spaceless(language):
        runs = _HANGUL if language == "ko" else _THAI_RUN if language == "th" else _CJK_RUN
        pairs = []
        for run in runs.finditer(masked):
            if run.end() - run.start() == 1:
                pairs.append((run.start(), run.end(), run.group()))
            last = min(run.end(), run.start() + 4) if language == "ko" else run.end()
            pairs += [(i, i + 2, masked[i : i + 2]) for i in range(run.start(), last - 1)]
        return pairs
    return [(m.start(), m.end(), m.group().lower()[:5]) for m in _LETTERS.finditer(masked)]


# The blocks of one section: they are asked for to learn from, and again to align with what was learnt.
@lru_cache(maxsize=1024)
def source_vocabulary(text: str) -> tuple[str, ...]:
    """The different stems of an English text, in the order in which they first come."""
    return tuple(dict.fromkeys(stem for _, _, stem in source_stems(text)))


@lru_cache(maxsize=1024)
def target_vocabulary(text: str, language: str) -> frozenset[str]:
    """The different stems of a translation."""
    return frozenset(stem for _, _, stem in target_stems(text, language))


@dataclass(frozen=True, slots=True)
class Lexicon:
    """`table`: English stem -> its likely stems in the target language, best first.

    Each has a weight in 0–1, relative to the best one's.
    """

    language: str
    table: Mapping[str, Mapping[str, float]]
    rarity: Mapping[str, float]

    @classmethod
    def learn(cls, units: Iterable[TranslationUnit], language: str) -> Lexicon:
        """Learn from aligned pairs of text, in any order; a few dozen are some use, thousands much."""
        sources: list[tuple[str, ...]] = []
        targets: list[frozenset[str]] = []
        for unit in units:
            if unit.confidence >= 0.5:
                sources.append(source_vocabulary(unit.source))
                targets.append(target_vocabulary(unit.target, language))
        return _learn(sources, targets, language)

    def __bool__(self) -> bool:
        return bool(self.table)

    def coverage(self, source: Iterable[str], target: Set[str]) -> tuple[float, float]:
        """(share of the known source stems whose translation is in `target`, how much evidence that is).

        Both weighed by rarity. The evidence is about 1 for a word that few sentences have.
        """
        found = known = 0.0
        for stem in source:
            choices = self.table.get(stem)
            if choices is None:
                continue
            weight = self.rarity[stem]
            known += weight
            for stem_there, likelihood in choices.items():
                if stem_there in target:
                    found += weight * likelihood
                    break
        return (found / known if known else 0.0), known

    def strength(self, source: str, target: str) -> float:
        """How likely one stem translates the other, 0–1."""
        return self.table.get(source, {}).get(target, 0.0)


def _learn(sources: Sequence[Sequence[str]], targets: Sequence[Set[str]], language: str) -> Lexicon:
    count = len(sources)
    if count < 4:
        return Lexicon(language, {}, {})
    df_s, df_t = (Counter(stem for stems in side for stem in stems) for side in (sources, targets))
    often = max(4, count // 5)
    index_s = {stem: i for i, stem in enumerate(sorted(s for s, n in df_s.items() if 2 <= n <= often))}
    index_t = {stem: i for i, stem in enumerate(sorted(t for t, n in df_t.items() if 2 <= n <= often))}
    if not index_s or not index_t:
        return Lexicon(language, {}, {})
    pairs = _pairs(sources, targets, index_s, index_t)
    if not len(pairs.cell):
        return Lexicon(language, {}, {})
    # EM over p(t | s); each target stem of a unit is explained by the unit's source stems.
    p = np.ones(len(pairs.s_of))
    expected = p
    for _ in range(_STEPS):
        expected = pairs.expected(p)
        p = expected / np.bincount(pairs.s_of, expected, minlength=len(index_s))[pairs.s_of]
    n_s = np.array([df_s[stem] for stem in index_s], dtype=float)
    n_t = np.array([df_t[stem] for stem in index_t], dtype=float)
    dice = 2 * expected / (n_s[pairs.s_of] + n_t[pairs.t_of])
    return _table(dice, pairs, list(index_s), list(index_t), df_s, count, language)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """The pairs of stems that occur together, `s_of` and `t_of`, and their occurrences, ordered by source stem.

    `cell`: of each occurrence its pair; `group`: the place of its target stem, by which the source stems
    that explain the same one are known. There may be millions of occurrences: four bytes each, no temporaries.
    """

    s_of: _Integers
    t_of: _Integers
    cell: _Integers
    group: _Integers
    groups: int

    def expected(self, p: _Numbers) -> _Numbers:
        """How often each pair is expected to be a translation, given the likelihood `p` of each."""
        explained = np.zeros(self.groups)
        for part in self._parts():
            explained += np.bincount(self.group[part], p[self.cell[part]], minlength=self.groups)
        expected = np.zeros(len(p))
        for part in self._parts():
            share = p[self.cell[part]] / explained[self.group[part]]
            expected += np.bincount(self.cell[part], share, minlength=len(p))
        return expected

    def _parts(self) -> list[slice]:
        return [slice(start, start + _AT_ONCE) for start in range(0, len(self.cell), _AT_ONCE)]


def _pairs(
    sources: Sequence[Sequence[str]], targets: Sequence[Set[str]], index_s: dict[str, int], index_t: dict[str, int]
) -> _Pairs:
    units_of: list[list[int]] = [[] for _ in index_s]  # of each source stem
    others: list[_Integers] = []  # target stems of each unit
    total = 0
    for unit, (stems, there) in enumerate(zip(sources, targets, strict=True)):
        known = [index_s[stem] for stem in stems if stem in index_s]
        others.append(np.array(sorted(index_t[stem] for stem in there if stem in index_t), dtype=np.int32))
        if total + len(known) * len(others[-1]) > _MOST_PAIRS:
            break
        total += len(known) * len(others[-1])
        for stem in known:
            units_of[stem].append(unit)
    places = np.cumsum([0, *(len(there) for there in others)])
    group_of = [np.arange(a, b, dtype=np.int32) for a, b in pairwise(places)]
    cell, group = np.empty(total, dtype=np.int32), np.empty(total, dtype=np.int32)
    t_of: list[_Integers] = []
    counts: list[int] = []
    start = pairs = 0
    for units in units_of:
        found, inverse = np.unique(_joined(others[unit] for unit in units), return_inverse=True)
        end = start + len(inverse)
        cell[start:end] = inverse + pairs
        group[start:end] = _joined(group_of[unit] for unit in units)
        t_of.append(found)
        counts.append(len(found))
        start, pairs = end, pairs + len(found)
    s_of = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    return _Pairs(s_of, _joined(t_of), cell, group, int(places[-1]))


def _joined(arrays: Iterable[_Integers]) -> _Integers:
    return np.concatenate([np.zeros(0, dtype=np.int32), *arrays])


def _table(
    dice: _Numbers, pairs: _Pairs, names_s: list[str], names_t: list[str], df_s: Counter[str], count: int,
    language: str,
) -> Lexicon:  # fmt: skip
    table: dict[str, dict[str, float]] = {}
    strong = np.flatnonzero(dice >= _LEAST)
    dice, s_of, t_of = dice[strong], pairs.s_of[strong], pairs.t_of[strong]
    for k in np.lexsort((t_of, -dice, s_of)):
        choices = table.setdefault(names_s[s_of[k]], {})
        if len(choices) < _BEST:
            choices[names_t[t_of[k]]] = float(dice[k])
    rarity = {}
    for stem, choices in table.items():
        best = max(choices.values())
        # A stem whose best translation is weak says little, whether it is found or not.
        rarity[stem] = float(np.log(count / df_s[stem]) / np.log(max(count, 3))) * min(1.0, best * 1.5)
        table[stem] = {t: p / best for t, p in choices.items()}
    return Lexicon(language, table, rarity)
