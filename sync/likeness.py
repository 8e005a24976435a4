"""How likely one piece of text translates another: anchors and length, and the lexicon where there is one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from sync.features import Features, extract, join, joinable, prose_bound, shared, similarity
from sync.lexicon import Lexicon, source_vocabulary, target_vocabulary
from sync.model import BlockKind

_FEW = 5
_CLEARLY = 0.25  # by how much a link must beat its rivals before human text is taken out for it
_ADDS = 0.05
_LEXICAL = 0.8  # the most that the lexicon counts


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides of an alignment. What dynamic programming asks for at every place is summed up once."""

    a: list[Features]
    b: list[Features]
    weights: dict[str, float]
    ratio: float
    sums_a: _Sums
    sums_b: _Sums
    lexicon: Lexicon | None = None
    stems_a: tuple[tuple[str, ...], ...] = ()
    stems_b: tuple[frozenset[str], ...] = ()
    known: list[float] = field(default_factory=list)  # evidence of the stems before each piece of `a`

    def with_lexicon(self, lexicon: Lexicon) -> Sides:
        nothing: frozenset[str] = frozenset()
        stems_a = tuple(source_vocabulary(f.text) if f.flowing else () for f in self.a)
        stems_b = tuple(target_vocabulary(f.text, lexicon.language) if f.flowing else nothing for f in self.b)
        known = _before([lexicon.coverage(stems, nothing)[1] for stems in stems_a])
        return replace(self, lexicon=lexicon, stems_a=stems_a, stems_b=stems_b, known=known)

    def bound(self, i: int, n: int, j: int, m: int) -> float:
        """No less than `score` of the same, from kinds, lengths and weights alone: most pairs end here."""
        if not self.a[i].flowing:
            return 1.0 if n + m > 2 or self.a[i].kind == self.b[j].kind else 0.0
        if m == 1 and not self.b[j].flowing:
            return 0.0
        (length, weight), (other_length, other_weight) = self.sums_a.of(i, n), self.sums_b.of(j, m)
        value = prose_bound(self.a[i].kind, (length, other_length), (weight, other_weight), self.ratio)
        if self.lexicon is None:
            return value
        return value + _evidence(self.known[i + n] - self.known[i]) * (0.5 - 0.5 * value)

    def score(self, i: int, n: int, j: int, m: int) -> float:
        """How well a[i:i+n], joined, is translated by b[j:j+m], joined; 0–1."""
        if n == m == 1 and self.a[i].flowing and self.a[i].text == self.b[j].text:
            return 1.0  # not translated yet
        if n == m == 1:
            f, g = self.a[i], self.b[j]
        elif joinable(self.a[i : i + n], self.b[j : j + m]):
            f, g = self.sums_a.joined(self.a, i, n), self.sums_b.joined(self.b, j, m)
        else:
            return 0.0
        value = similarity(f, g, self.weights, self.ratio)
        if self.lexicon is None or not (f.flowing and g.flowing) or value == 0:
            return value
        others = self.stems_b[j] if m == 1 else frozenset().union(*self.stems_b[j : j + m])
        if n + m > 2 and not self._all_said(i, n, others):
            return 0.0
        stems = self.stems_a[i]
        if n > 1:
            stems = tuple(dict.fromkeys(stem for k in range(i, i + n) for stem in self.stems_a[k]))
        coverage, known = self.lexicon.coverage(stems, others)
        evidence = _evidence(known)
        if coverage < 0.5 and len(stems) < _FEW:  # a heading has too few words for a miss to mean much
            evidence /= 2
        return value * (1 - evidence) + evidence * min(1.0, coverage / 0.65) * (0.5 + 0.5 * value)

    def _all_said(self, i: int, n: int, others: frozenset[str]) -> bool:
        """Whether each of several source blocks has its words in the target: a deleted one has not."""
        if self.lexicon is None:
            return True
        for k in range(i, i + n):
            coverage, known = self.lexicon.coverage(self.stems_a[k], others)
            if known > 0.5 and coverage < 0.3:
                return False
        return True


@dataclass(frozen=True, slots=True)
class _Sums:
    """Lengths and weights of one side before each of its pieces; and neighbours joined, each made once."""

    lengths: list[int]
    weights: list[float]
    _joined: dict[tuple[int, int], Features] = field(default_factory=dict)

    @classmethod
    def over(cls, side: Sequence[Features]) -> _Sums:
        return cls(list(accumulate((f.length for f in side), initial=0)), _before([f.weight for f in side]))

    def of(self, start: int, count: int) -> tuple[int, float]:
        """Length and weight of `count` pieces from `start` on."""
        end = start + count
        return self.lengths[end] - self.lengths[start], self.weights[end] - self.weights[start]

    def joined(self, side: list[Features], start: int, count: int) -> Features:
        if count == 1:
            return side[start]
        found = self._joined.get((start, count))
        if found is None:
            found = self._joined[start, count] = join(side[start : start + count])
        return found


def _before(values: Iterable[float]) -> list[float]:
    """The sum of what comes before each value, and of all."""
    return list(accumulate(values, initial=0.0))


def _evidence(known: float) -> float:
    """How much the lexicon counts where it knows this much of the source."""
    return _LEXICAL * known / (known + 0.7)


def prepared(a: list[Features], b: list[Features], lexicon: Lexicon | None = None) -> Sides:
    """Both sides, weighed against each other; with the stems that `lexicon` needs."""
    a, b, weights = shared(a, b)
    sides = Sides(a, b, weights, _length_ratio(a, b), _Sums.over(a), _Sums.over(b))
    return sides.with_lexicon(lexicon) if lexicon else sides


def contested(
    source: tuple[BlockKind, str],
    linked: Sequence[tuple[BlockKind, str]],
    rivals: Sequence[tuple[BlockKind, str]],
    ratio: float,
    lexicon: Lexicon | None,
) -> bool:
    """Whether `linked` cannot be told from `rivals`, text beside it that only the translation has.

    To take a human text out wants more certainty than to leave it: a translator's note must not go for the
    paragraph that it stands beside. Several linked pieces must each add to the likeness of the whole.
    `ratio`: characters of the translation per character of the source, over the section.
    """
    a, b = extract([source]), extract([*linked, *rivals])
    sides = replace(prepared(a, b, lexicon), ratio=ratio)
    scores = [sides.score(0, 1, j, 1) for j in range(len(b))]
    best = max(scores[: len(linked)])
    if rivals and max(scores[len(linked) :]) > best - _CLEARLY:
        return True
    return len(linked) > 1 and sides.score(0, 1, 0, len(linked)) <= best + _ADDS


def _length_ratio(a: list[Features], b: list[Features]) -> float:
    source = sum(f.length for f in a if f.flowing)
    target = sum(f.length for f in b if f.flowing)
    return min(max(target / source, 0.15), 4.0) if source and target else 1.0
