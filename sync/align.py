"""Alignment of a section with its translation: blocks by anchors, then sentences inside aligned blocks.

Blocks: keys that are unique on both sides (code without its comments, formulas, labels) are fixed points;
the longest increasing run of them splits the section into small gaps; dynamic programming over 1-1, 1-2,
2-1, … and unlinked blocks fills each gap; what is left is tried once more out of order, since translators
and editors reorder. Sentences: the same dynamic programming inside each link.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Literal

from sync.features import (
    Features,
    as_pieces,
    content,
    extract,
    join,
    joinable,
    prose_bound,
    shared,
    similarity,
)
from sync.inline import fold, strip_marks
from sync.lexicon import Lexicon, source_vocabulary, target_vocabulary
from sync.model import Block, BlockKind, Section, Segment, TranslationUnit

UNLINKED = 0.22  # what a block left alone is worth; two of them must be beaten by a link
CERTAIN = 0.5  # below it a link is doubtful: no memory, not overwritten
_CROSSING = 0.72  # a link out of order must be this good
_ORDERLY = 0.25  # least score of items of two lists of equal length that stand in the same order
_PARALLEL = 0.3  # what the same structure on both sides of a gap is worth
_PARALLEL_MOST = 12
_CELLS = 40_000  # of a gap's table; a larger one is banded around its diagonal
_MOST_CELLS = 2_000_000  # of any table: tens of thousands of blocks without a fixed point
_JOIN_COST = 0.25
_CLEAR = 0.97  # a single link this good needs no look at joins
_NO_WAY = 255

_BLOCK_STEPS = ((1, 1), (1, 2), (2, 1), (1, 3), (3, 1))
_SENTENCE_STEPS = (*_BLOCK_STEPS, (2, 2))


@dataclass(frozen=True, slots=True)
class Link:
    """Blocks (or sentences) that translate each other, by index; one side may be empty nowhere."""

    sources: tuple[int, ...]
    targets: tuple[int, ...]
    confidence: float


def align_blocks(source: Section, target: Section, lexicon: Lexicon | None = None) -> list[Link]:
    """Links between the blocks of a section and of its translation, indices into `blocks`.

    Ordered by source. Blank blocks are left out; a block in no link has no counterpart. Without a lexicon
    (better learnt from the whole repository) one is learnt from the section itself, where it is needed.
    """
    a, b = content(source), content(target)
    sides = _prepared(extract(as_pieces(source, a)), extract(as_pieces(target, b)))
    if lexicon:
        links = _align(sides.with_lexicon(lexicon))
    else:
        links = _align(sides)
        if _in_doubt(sides, links):
            own = _own_lexicon(sides, links, target.language)
            links = _align(sides.with_lexicon(own)) if own else links
    return [
        Link(tuple(a[i] for i in link.sources), tuple(b[j] for j in link.targets), link.confidence)
        for link in links
    ]


def _in_doubt(sides: _Sides, links: list[Link]) -> bool:
    """Whether prose was left over or joined on either side: length and anchors alone may be wrong there."""
    linked = sum(len(link.sources) + len(link.targets) for link in links if sides.a[link.sources[0]].flowing)
    everything = sum(f.flowing for f in (*sides.a, *sides.b))
    return linked < everything or any(len(link.sources) + len(link.targets) > 2 for link in links)


def _own_lexicon(sides: _Sides, links: list[Link], code: str) -> Lexicon:
    units = [
        TranslationUnit(sides.a[link.sources[0]].text, sides.b[link.targets[0]].text, link.confidence)
        for link in links
        if sides.a[link.sources[0]].flowing and len(link.sources) == len(link.targets) == 1
    ]
    return Lexicon.learn(units, code)


@dataclass(frozen=True, slots=True)
class _Sides:
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

    def with_lexicon(self, lexicon: Lexicon) -> _Sides:
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
        assert self.lexicon is not None
        for k in range(i, i + n):
            coverage, known = self.lexicon.coverage(self.stems_a[k], others)
            if known > 0.5 and coverage < 0.3:
                return False
        return True


_FEW = 5
_LEXICAL = 0.8  # the most that the lexicon counts


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


def _prepared(a: list[Features], b: list[Features], lexicon: Lexicon | None = None) -> _Sides:
    a, b, weights = shared(a, b)
    sides = _Sides(a, b, weights, _length_ratio(a, b), _Sums.over(a), _Sums.over(b))
    return sides.with_lexicon(lexicon) if lexicon else sides


def _length_ratio(a: list[Features], b: list[Features]) -> float:
    source = sum(f.length for f in a if f.flowing)
    target = sum(f.length for f in b if f.flowing)
    return min(max(target / source, 0.15), 4.0) if source and target else 1.0


def _align(sides: _Sides) -> list[Link]:
    fixed = _fixed_points(sides)
    links: list[Link] = []
    previous = (-1, -1)
    for i, j in [*fixed, (len(sides.a), len(sides.b))]:
        links += _fill(sides, previous[0] + 1, i, previous[1] + 1, j)
        if i < len(sides.a):
            links.append(Link((i,), (j,), 1.0))
        previous = (i, j)
    links += _crossings(sides, links)
    links = _reordered_lists(sides, links)
    return _confident(sorted(links, key=lambda link: link.sources))


def _fixed_points(sides: _Sides) -> list[tuple[int, int]]:
    """The longest increasing run of pairs whose key is unique on both sides."""
    where_a, where_b = _unique(sides.a), _unique(sides.b)
    pairs = sorted((i, where_b[key]) for key, i in where_a.items() if key in where_b)
    return [pairs[k] for k in increasing([j for _, j in pairs])]


def _unique(features: list[Features]) -> dict[tuple[BlockKind, str], int]:
    counts = Counter((f.kind, f.key) for f in features if f.key)
    solid = {key for key, count in counts.items() if count == 1 and len(key[1]) >= 6}
    found = {(f.kind, f.key): i for i, f in enumerate(features) if (f.kind, f.key) in solid}
    signatures: dict[tuple[BlockKind, str], list[int]] = {}
    for i, f in enumerate(features):
        if f.flowing and f.weight >= 1.5:
            signatures.setdefault((f.kind, "|".join(sorted(f"{k}{n}" for k, n in f.anchors.items()))), []).append(i)
    found.update({key: places[0] for key, places in signatures.items() if len(places) == 1})
    return found


def increasing(values: Sequence[int]) -> list[int]:
    """Positions of a longest strictly increasing subsequence of distinct `values`."""
    tails: list[int] = []
    at: list[int] = []
    before: list[int] = []
    for position, value in enumerate(values):
        rank = bisect_left(tails, value)
        before.append(at[rank - 1] if rank else -1)
        if rank == len(tails):
            tails.append(value)
            at.append(position)
        else:
            tails[rank] = value
            at[rank] = position
    chain: list[int] = []
    position = at[-1] if at else -1
    while position >= 0:
        chain.append(position)
        position = before[position]
    return chain[::-1]


def _fill(sides: _Sides, a0: int, a1: int, b0: int, b1: int) -> list[Link]:
    """Links inside one gap, by dynamic programming."""
    n, m = a1 - a0, b1 - b0
    if not n or not m:
        return []
    found = best_path(
        n,
        m,
        lambda i, x, j, y: sides.score(a0 + i, x, b0 + j, y),
        UNLINKED,
        bound=lambda i, x, j, y: sides.bound(a0 + i, x, b0 + j, y),
    )
    straight = _straight(sides, a0, b0, n) if n == m else None
    if straight is not None:
        linked = sum(x + y for _, x, _, y, _ in found)
        total = sum(score * (x + y) / 2 for _, x, _, y, score in found) + (n + m - linked) * UNLINKED
        if sum(straight) + _PARALLEL >= total:
            return [Link((a0 + k,), (b0 + k,), max(score, CERTAIN)) for k, score in enumerate(straight)]
    return [
        Link(tuple(range(a0 + i, a0 + i + x)), tuple(range(b0 + j, b0 + j + y)), score) for i, x, j, y, score in found
    ]


def _straight(sides: _Sides, a0: int, b0: int, n: int) -> list[float] | None:
    """Scores of linking a gap in order, where both sides have the same kinds of blocks; None otherwise.

    The same structure between two fixed points is evidence of its own: a translator may be terse or free.
    """
    a, b = sides.a[a0 : a0 + n], sides.b[b0 : b0 + n]
    if n > _PARALLEL_MOST or [f.kind for f in a] != [g.kind for g in b] or not all(f.flowing for f in a):
        return None
    scores = [sides.score(a0 + k, 1, b0 + k, 1) for k in range(n)]
    return scores if min(scores) >= 0.12 else None


Score = Callable[[int, int, int, int], float]


def best_path(
    n: int,
    m: int,
    score: Score,
    unlinked: float,
    steps: tuple[tuple[int, int], ...] = _BLOCK_STEPS,
    join_cost: float = _JOIN_COST,
    bound: Score | None = None,
) -> list[tuple[int, int, int, int, float]]:
    """The best monotone path through an n by m table; links on it as (i, width, j, height, score).

    `bound` is never less than `score`, and cheap: it spares asking for scores that cannot matter.
    """
    table = _Table(score, bound, unlinked, steps, join_cost)
    band = max(n, m) if n * m <= _CELLS else max(abs(n - m) + 8, _CELLS // (n + m) + 8, 12)
    slope = m / n
    band = min(band, max(_MOST_CELLS // (2 * n), int(slope) + 12))
    for i in range(n + 1):
        table.add_row(i, max(0, int(i * slope) - band), min(m, int(i * slope) + band))
    return table.path(n, m)


class _Table:
    """The table of a best path: of its values the last rows, of the way to each place one byte."""

    def __init__(
        self, score: Score, bound: Score | None, unlinked: float, steps: tuple[tuple[int, int], ...], join_cost: float
    ) -> None:
        self._score, self._bound, self._unlinked = score, bound, unlinked
        self._moves = ((0, 1), (1, 0), *steps)
        self._links = [(k, x, y, x + y, join_cost * (x + y - 2)) for k, (x, y) in enumerate(steps, 2)]
        self._reach = max(x for x, _ in steps)
        self._rows: list[dict[int, float]] = []  # the row in work first, then those above it
        self._ways: list[tuple[int, bytearray]] = []  # of each row its first column, and the moves that led there

    def add_row(self, i: int, low: int, high: int) -> None:
        """The best value of each place from column `low` to `high`, and the move that leads to it."""
        row: dict[int, float] = {}
        above = self._rows[0] if self._rows else {}
        self._rows = [row, *self._rows[: self._reach]]
        ways = bytearray([_NO_WAY]) * (high - low + 1)
        for j in range(low, high + 1):
            top, way = (0.0 if i == j == 0 else -1.0), _NO_WAY
            if j - 1 in row:
                top, way = row[j - 1] + self._unlinked, 0
            if j in above and above[j] + self._unlinked > top:
                top, way = above[j] + self._unlinked, 1
            top, way = self._linked(i, j, top, way)
            if top >= 0:
                row[j], ways[j - low] = top, way
        self._ways.append((low, ways))

    def _linked(self, i: int, j: int, top: float, way: int) -> tuple[float, int]:
        """The best value with a link that ends at (i, j), where it is above `top`, and its move."""
        rows = self._rows
        one = 0.0
        for move, x, y, size, cost in self._links:
            if one > _CLEAR:
                break
            base = rows[x].get(j - y) if x < len(rows) else None
            if base is None or base + size / 2 - cost <= top:
                continue
            if self._bound is not None:
                limit = self._bound(i - x, x, j - y, y) + 1e-9  # sums are rounded
                if limit <= _CLEAR and (limit <= 2 * self._unlinked or base + limit * size / 2 - cost <= top):
                    continue
            value = self._score(i - x, x, j - y, y)
            if size == 2:
                one = value
            total = base + value * size / 2 - cost
            if value > 2 * self._unlinked and total > top:
                top, way = total, move
        return top, way

    def path(self, i: int, j: int) -> list[tuple[int, int, int, int, float]]:
        """The links on the way to (i, j); their scores are asked for again, which costs less than keeping all."""
        links = []
        while i or j:
            low, ways = self._ways[i]
            way = ways[j - low]
            if way == _NO_WAY:
                break
            x, y = self._moves[way]
            i, j = i - x, j - y
            if x and y:
                links.append((i, x, j, y, self._score(i, x, j, y)))
        return links[::-1]


def _crossings(sides: _Sides, links: list[Link]) -> list[Link]:
    """Links out of order between what is left: equal keys, or prose whose anchors say so."""
    left_a = _left(len(sides.a), {i for link in links for i in link.sources})
    left_b = _left(len(sides.b), {j for link in links for j in link.targets})
    if not left_a or not left_b or len(left_a) * len(left_b) > _CELLS:
        return []
    scored = []
    for i in left_a:
        for j in left_b:
            f, g = sides.a[i], sides.b[j]
            weak = f.flowing and min(f.weight, g.weight) < 0.8
            common = f.kind == BlockKind.DIRECTIVE and not f.key.startswith(":label:")
            if not weak and not common and (score := sides.score(i, 1, j, 1)) >= _CROSSING:
                scored.append((score, -abs(i - j), i, j))
    found: list[Link] = []
    taken_a: set[int] = set()
    taken_b: set[int] = set()
    for score, _, i, j in sorted(scored, reverse=True):
        if i not in taken_a and j not in taken_b:
            taken_a.add(i)
            taken_b.add(j)
            found.append(Link((i,), (j,), score))
    return found


def _reordered_lists(sides: _Sides, links: list[Link]) -> list[Link]:
    """Lists of equal length whose items were reordered: what anchors tell stays, the rest goes in order.

    Going on in order past a moved item would shift every item behind it.
    """
    by_source = {link.sources[0]: link for link in links if len(link.sources) == len(link.targets) == 1}
    linked = {j for link in links for j in link.targets}
    for start, end in _runs(sides.a):
        inside = [by_source[i].targets[0] for i in range(start, end) if i in by_source]
        run = next(((b, e) for b, e in _runs(sides.b) if inside and b <= min(inside) and max(inside) < e), None)
        if run is None or run[1] - run[0] != end - start or len(inside) == end - start:
            continue
        if all(j in linked for j in range(*run)):
            continue
        fixed = {
            i: by_source[i]
            for i in range(start, end)
            if i in by_source and sides.a[i].weight >= 0.4 and sides.score(i, 1, by_source[i].targets[0], 1) > 0.5
        }
        taken = {link.targets[0] for link in fixed.values()}
        rest = [i for i in range(start, end) if i not in fixed]
        open_ = [j for j in range(*run) if j not in taken]
        pairs = [(i, j, sides.score(i, 1, j, 1)) for i, j in zip(rest, open_, strict=True)]
        if all(score > _ORDERLY for _, _, score in pairs):
            dropped = {id(by_source[i]) for i in rest if i in by_source}
            links = [link for link in links if id(link) not in dropped]
            links += [Link((i,), (j,), score) for i, j, score in pairs]
    return links


def _runs(features: list[Features]) -> list[tuple[int, int]]:
    """Lists: runs of neighbouring list items, as half-open ranges."""
    runs: list[tuple[int, int]] = []
    for i, f in enumerate(features):
        if f.kind != BlockKind.LIST_ITEM:
            continue
        if runs and runs[-1][1] == i:
            runs[-1] = (runs[-1][0], i + 1)
        else:
            runs.append((i, i + 1))
    return [run for run in runs if run[1] - run[0] > 1]


def _left(count: int, taken: set[int]) -> list[int]:
    return [i for i in range(count) if i not in taken]


def _confident(links: list[Link]) -> list[Link]:
    """A link whose neighbours on both sides are linked next to it is more certain than its score alone."""
    by_end = {(link.sources[-1], link.targets[-1]): link for link in links}
    by_start = {(link.sources[0], link.targets[0]): link for link in links}
    sure = []
    for link in links:
        before = by_end.get((link.sources[0] - 1, link.targets[0] - 1))
        after = by_start.get((link.sources[-1] + 1, link.targets[-1] + 1))
        doubt = 1 - min(link.confidence, 1.0)
        for neighbour in (before, after):
            if neighbour is not None and neighbour.confidence > 0.6:
                doubt *= 0.6
        sure.append(Link(link.sources, link.targets, round(1 - doubt, 4)))
    return sure


def align_sentences(
    source: Sequence[Segment],
    target: Sequence[Segment],
    kind: BlockKind = BlockKind.PARAGRAPH,
    lexicon: Lexicon | None = None,
) -> list[Link]:
    """Links between the sentences of aligned blocks, by index, in order."""
    if not source or not target:
        return []
    if len(source) == len(target) == 1:
        return [Link((0,), (0,), 1.0)]
    sides = _prepared(
        extract((kind, segment.text) for segment in source),
        extract((kind, segment.text) for segment in target),
        lexicon,
    )
    found = best_path(len(source), len(target), sides.score, 0.12, _SENTENCE_STEPS, bound=sides.bound)
    return [Link(tuple(range(i, i + x)), tuple(range(j, j + y)), score) for i, x, j, y, score in found]


def segments_of(blocks: Iterable[Block]) -> list[Segment]:
    """The segments of several blocks, in order."""
    return [segment for block in blocks for segment in block.segments]


def translation_units(
    source: Section, target: Section, granularity: Literal["sentence", "paragraph"] = "sentence", origin: str = ""
) -> list[TranslationUnit]:
    """Aligned pairs of text; code, formulas, pictures and whatever has no counterpart are left out."""
    units: list[TranslationUnit] = []
    for link in align_blocks(source, target):
        a = segments_of(source.blocks[i] for i in link.sources)
        b = segments_of(target.blocks[j] for j in link.targets)
        if not a or not b:
            continue
        if granularity == "paragraph":
            units += _units(source, target, a, b, [Link(_all(a), _all(b), 1.0)], link.confidence, origin)
            continue
        kind = source.blocks[link.sources[0]].kind
        units += _units(source, target, a, b, align_sentences(a, b, kind), link.confidence, origin)
    return units


def _all(items: Sequence[Segment]) -> tuple[int, ...]:
    return tuple(range(len(items)))


def _units(
    source: Section, target: Section, a: list[Segment], b: list[Segment], links: list[Link], confidence: float,
    origin: str,
) -> list[TranslationUnit]:  # fmt: skip
    return [
        TranslationUnit(
            unit_text(source.text, source.language, [a[i] for i in link.sources]),
            unit_text(target.text, target.language, [b[j] for j in link.targets]),
            round(min(confidence, 0.5 + link.confidence / 2 if len(links) == 1 else link.confidence + 0.2, 1.0), 3),
            origin,
        )
        for link in links
    ]


def unit_text(text: str, language: str, segments: Sequence[Segment]) -> str:
    """Segments as the one line that the memory and the engines see: white space folded, slide marks gone."""
    if not segments:
        return ""
    whole = text[segments[0].start : segments[-1].end]
    if any(a.end > b.start for a, b in zip(segments, segments[1:], strict=False)) or "|" in whole:
        whole = "\n".join(segment.text for segment in segments)
    prefix = ">" if "\n" in whole and ">" in whole else ""
    return fold(strip_marks(whole), language, prefix)


def resemblance(source: Section, target: Section) -> float:
    """How well a translation aligns with a source, 0–1: the share of both sides' content that is linked.

    Cheap enough to choose among revisions of a section.
    """
    links = align_blocks(source, target)
    a, b = content(source), content(target)
    total = _size(source.blocks, a) + _size(target.blocks, b)
    linked = sum(
        link.confidence * (_size(source.blocks, link.sources) + _size(target.blocks, link.targets)) for link in links
    )
    return linked / total if total else 1.0


def _size(blocks: Sequence[Block], indices: Sequence[int]) -> int:
    return sum(min(len(blocks[i].text), 400) for i in indices)


def agreement(
    source: Sequence[Segment], target: Sequence[Segment], kind: BlockKind, lexicon: Lexicon | None = None
) -> float:
    """How well the sentences of a block align with those of another, 0–1, by the characters that are linked."""
    links = align_sentences(source, target, kind, lexicon)
    total = sum(len(segment.text) for segment in (*source, *target))
    linked = sum(
        link.confidence
        * (sum(len(source[i].text) for i in link.sources) + sum(len(target[j].text) for j in link.targets))
        for link in links
    )
    return linked / total if total else 1.0
