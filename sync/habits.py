"""What a book's own translators do, learnt once from their text, for the checks to compare a draft with.

Each habit is taken only as far as the translators keep to it themselves: a check that would speak up about their own
text all the time is no use on a draft.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sync.customs import Customs
from sync.inline import mask, tokens
from sync.memory import DOUBTFUL
from sync.model import Term, TokenKind, TranslationUnit
from sync.renderings import Renderings
from sync.slips import doubled
from sync.typography import is_latin

# In so many of the translators' own segments at most, one in the number, a habit may be broken.
_CUSTOMS_BROKEN = 1_000
_TERMS_BROKEN = 650
_DOUBLED = 1_000  # what is doubled in more than one segment in so many is meant so
_BOUNDS = (40, 64, 128)  # lengths from which on another proportion may be usual
_ENOUGH_LENGTHS = 100
_RARE = 0.001  # of the translations at either end are out of proportion
_FACTORS = (2.3, 2.8)  # what is in proportion and what is not, whatever the book does
_LATIN = re.compile(r"[A-Za-z]+")
_TARGET = re.compile(r"\]\(\s*(https?://[^\s()]+)")
_LOCAL = 0.2  # of the links to a host lead elsewhere on it in the translation: to its own pages


@dataclass(frozen=True, slots=True)
class Proportion:
    """How long a translation usually is: characters for each of the source, and the bounds of what is usual."""

    usual: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Habits:
    """What a book does. The empty one knows nothing: checks that need it say nothing.

    `doubled`: what the book itself writes twice in a row. `own_pages`: hosts on which the translation has pages of its
    own. `proportions`: by the least length of a source.
    """

    customs: Customs = field(default_factory=Customs)
    renderings: Renderings = field(default_factory=Renderings)
    doubled: frozenset[str] = frozenset()
    own_pages: frozenset[str] = frozenset()
    proportions: Mapping[int, Proportion] = field(default_factory=dict)

    @classmethod
    def learn(cls, units: Iterable[TranslationUnit], terms: Iterable[Term], language: str) -> Habits:
        """The habits that translation units show; `terms` are those of the terminology."""
        known = [unit for unit in units if unit.confidence >= DOUBTFUL and unit.target]
        targets = [unit.target for unit in known]
        twice = Counter(one for text in targets for one in set(doubled(text, language)))
        return cls(
            Customs.learn(targets, language, len(known) // _CUSTOMS_BROKEN),
            Renderings.learn(known, terms, language, max(1.0, len(known) / _TERMS_BROKEN)),
            frozenset(one for one, count in twice.items() if count > max(1, len(known) // _DOUBLED)),
            _own_pages(known),
            _proportions(known, language),
        )

    def proportion(self, source: str) -> Proportion | None:
        """How long the translation of a source should be; None where that cannot be told."""
        length = length_of(source)
        place = bisect_right(_BOUNDS, length) - 1
        return self.proportions.get(_BOUNDS[place]) if place >= 0 else None


def length_of(text: str) -> int:
    """The characters of a source without its protected tokens and spaces."""
    return len("".join(mask(text, tokens(text), " ").split()))


def length_of_translation(text: str, language: str) -> int:
    """The same of a translation, whose names and quotations in Latin letters do not count in another script."""
    return length_of(text if is_latin(language) else _LATIN.sub("", mask(text, tokens(text), " ")))


def host_of(token: str) -> str:
    """The host that the target of a link leads to; empty where it stays in the book."""
    found = _TARGET.match(token)
    try:
        return urlsplit(found[1]).netloc.lower() if found else ""
    except ValueError:  # an address that is none leads nowhere
        return ""


def _own_pages(units: Sequence[TranslationUnit]) -> frozenset[str]:
    everywhere: Counter[str] = Counter()
    changed: Counter[str] = Counter()
    for unit in units:
        there = {token.text for token in tokens(unit.target) if token.kind is TokenKind.LINK}
        hosts = Counter(map(host_of, there))
        for token in tokens(unit.source):
            host = host_of(token.text) if token.kind is TokenKind.LINK else ""
            if host:
                everywhere[host] += 1
                changed[host] += token.text not in there and hosts[host] > 0
    return frozenset(host for host, count in everywhere.items() if changed[host] > max(_LOCAL * count, 2))


def _proportions(units: Sequence[TranslationUnit], language: str) -> dict[int, Proportion]:
    ratios: dict[int, list[float]] = {bound: [] for bound in _BOUNDS}
    for unit in units:
        source, target = length_of(unit.source), length_of_translation(unit.target, language)
        if source >= _BOUNDS[0] and target:
            ratios[_BOUNDS[bisect_right(_BOUNDS, source) - 1]].append(math.log(target / source))
    return {bound: _proportion(found) for bound, found in ratios.items() if len(found) >= _ENOUGH_LENGTHS}


def _proportion(found: list[float]) -> Proportion:
    found.sort()
    middle = found[len(found) // 2]
    rare = math.ceil(_RARE * len(found))
    inside, outside = map(math.log, _FACTORS)
    below = min(max(middle - found[rare], inside), outside)
    above = min(max(found[-1 - rare] - middle, inside), outside)
    return Proportion(math.exp(middle), math.exp(middle - below), math.exp(middle + above))
