"""Alignment of a section with its translation: blocks by anchors, then sentences inside aligned blocks.

Blocks: keys that are unique on both sides (code without its comments, formulas, labels) are fixed points;
the longest increasing run of them splits the section into small gaps; dynamic programming over 1-1, 1-2,
2-1, … and unlinked blocks fills each gap; what is left is tried once more out of order, since translators
and editors reorder. Sentences: the same dynamic programming inside each link.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sync.features import Features, as_pieces, content, extract
from sync.lexicon import Lexicon
from sync.likeness import Sides, prepared
from sync.model import BlockKind, Section, Segment, TranslationUnit
from sync.paths import SENTENCE_STEPS, best_path, increasing

UNLINKED = 0.22  # what a block left alone is worth; two of them must be beaten by a link
_UNLINKED_SENTENCE = 0.12
CERTAIN = 0.5  # below it a link is doubtful: no memory, not overwritten
_CROSSING = 0.72  # a link out of order must be this good
_ORDERLY = 0.25  # least score of items of two lists of equal length that stand in the same order
_PARALLEL = 0.3  # what the same structure on both sides of a gap is worth
_PARALLEL_MOST = 12
_MOST_PAIRS = 40_000  # looked at for links out of order
_MOST_CELLS = 10_000_000  # of a table aligned by dynamic programming


@dataclass(frozen=True, slots=True)
class Link:
    """Blocks (or sentences) that translate each other, by index; neither side is empty."""

    sources: tuple[int, ...]
    targets: tuple[int, ...]
    confidence: float


def align_blocks(source: Section, target: Section, lexicon: Lexicon | None = None) -> list[Link]:
    """Links between the blocks of a section and of its translation, indices into `blocks`.

    Ordered by source. Blank blocks are left out; a block in no link has no counterpart. Without a lexicon
    (better learnt from the whole repository) one is learnt from the section itself, where it is needed.
    """
    a, b = content(source), content(target)
    sides = prepared(extract(as_pieces(source, a)), extract(as_pieces(target, b)))
    if lexicon:
        links = _align(sides.with_lexicon(lexicon))
    else:
        links = _align(sides)
        if _in_doubt(sides, links):
            own = _own_lexicon(sides, links, target.language)
            links = _align(sides.with_lexicon(own)) if own else links
    return [
        Link(tuple(a[i] for i in link.sources), tuple(b[j] for j in link.targets), link.confidence) for link in links
    ]


def _in_doubt(sides: Sides, links: list[Link]) -> bool:
    """Whether prose was left over or joined on either side: length and anchors alone may be wrong there."""
    linked = sum(len(link.sources) + len(link.targets) for link in links if sides.a[link.sources[0]].flowing)
    everything = sum(f.flowing for f in (*sides.a, *sides.b))
    return linked < everything or any(len(link.sources) + len(link.targets) > 2 for link in links)


def _own_lexicon(sides: Sides, links: list[Link], code: str) -> Lexicon:
    units = [
        TranslationUnit(sides.a[link.sources[0]].text, sides.b[link.targets[0]].text, link.confidence)
        for link in links
        if sides.a[link.sources[0]].flowing and len(link.sources) == len(link.targets) == 1
    ]
    return Lexicon.learn(units, code)


def _align(sides: Sides) -> list[Link]:
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


def _fixed_points(sides: Sides) -> list[tuple[int, int]]:
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


def _fill(sides: Sides, a0: int, a1: int, b0: int, b1: int) -> list[Link]:
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


def _straight(sides: Sides, a0: int, b0: int, n: int) -> list[float] | None:
    """Scores of linking a gap in order, where both sides have the same kinds of blocks; None otherwise.

    The same structure between two fixed points is evidence of its own: a translator may be terse or free.
    """
    a, b = sides.a[a0 : a0 + n], sides.b[b0 : b0 + n]
    if n > _PARALLEL_MOST or [f.kind for f in a] != [g.kind for g in b] or not all(f.flowing for f in a):
        return None
    scores = [sides.score(a0 + k, 1, b0 + k, 1) for k in range(n)]
    return scores if min(scores) >= 0.12 else None


def _crossings(sides: Sides, links: list[Link]) -> list[Link]:
    """Links out of order between what is left: equal keys, or prose whose anchors say so."""
    left_a = _left(len(sides.a), {i for link in links for i in link.sources})
    left_b = _left(len(sides.b), {j for link in links for j in link.targets})
    if not left_a or not left_b or len(left_a) * len(left_b) > _MOST_PAIRS:
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


def _reordered_lists(sides: Sides, links: list[Link]) -> list[Link]:
    """Lists of equal length whose items were reordered: what anchors tell stays, the rest goes in order.

    Going on in order past a moved item would shift every item behind it.
    """
    by_source = {link.sources[0]: link for link in links if len(link.sources) == len(link.targets) == 1}
    linked = {j for link in links for j in link.targets}
    run_of = {j: run for run in _runs(sides.b) for j in range(*run)}
    dropped: set[int] = set()
    found: list[Link] = []
    for start, end in _runs(sides.a):
        inside = [by_source[i].targets[0] for i in range(start, end) if i in by_source]
        run = run_of.get(min(inside, default=-1))
        if run is None or max(inside) >= run[1] or run[1] - run[0] != end - start or len(inside) == end - start:
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
            dropped.update(id(by_source[i]) for i in rest if i in by_source)
            found += [Link((i,), (j,), score) for i, j, score in pairs]
    return [*(link for link in links if id(link) not in dropped), *found]


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
    sides = prepared(
        extract((kind, segment.text) for segment in source),
        extract((kind, segment.text) for segment in target),
        lexicon,
    )
    if kind == BlockKind.TABLE and len(source) == len(target) and len(source) ** 2 > _MOST_CELLS:
        scores = [sides.score(i, 1, i, 1) for i in range(len(source))]  # the same shape: cell by cell
        return [Link((i,), (i,), score) for i, score in enumerate(scores) if score > 2 * _UNLINKED_SENTENCE]
    found = best_path(len(source), len(target), sides.score, _UNLINKED_SENTENCE, SENTENCE_STEPS, bound=sides.bound)
    return [Link(tuple(range(i, i + x)), tuple(range(j, j + y)), score) for i, x, j, y, score in found]
