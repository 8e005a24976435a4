"""The three-way merge of a sequence, for blocks of a section and sentences of a block alike.

Three sequences: the old source, the new source, the translation. Links tie old source to translation,
matches tie old source to new source. What is tied together is one closure; it is kept, edited or removed as a
whole. The translation's own order stands, but for what moved upstream; what is new follows its predecessor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sync.align import Link
from sync.diff import Match


@dataclass(slots=True)
class Closure:
    """Pieces that belong together, by index. `equal`: every old piece stands unchanged in the new source."""

    old: list[int] = field(default_factory=list)
    new: list[int] = field(default_factory=list)
    target: list[int] = field(default_factory=list)
    confidence: float = 1.0
    equal: bool = True
    moved: bool = False

    @property
    def added(self) -> bool:
        return bool(self.new) and not self.old and not self.target

    @property
    def removed(self) -> bool:
        return bool(self.old) and not self.new

    @property
    def foreign(self) -> bool:
        """Only the translation has it."""
        return not self.old and not self.new

    @property
    def contiguous(self) -> bool:
        return not self.target or self.target[-1] - self.target[0] == len(self.target) - 1


@dataclass(frozen=True, slots=True)
class Standing:
    """A piece of the merged sequence that the translation has, by its index there."""

    closure: Closure
    target: int


@dataclass(frozen=True, slots=True)
class Added:
    """A piece of the merged sequence that is new upstream, by its index in the new source."""

    closure: Closure
    new: int


Place = Standing | Added


def closures(sizes: tuple[int, int, int], links: Sequence[Link], matches: Sequence[Match]) -> list[Closure]:
    """Everything in exactly one closure, ordered by the new source, then the old, then the translation.

    `sizes`: how many pieces the old source, the new source and the translation have.
    """
    parent: dict[tuple[str, int], tuple[str, int]] = {}

    def root(node: tuple[str, int]) -> tuple[str, int]:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for side, size in zip("ont", sizes, strict=True):
        parent.update({(side, i): (side, i) for i in range(size)})
    tied = [(("o", link.sources), ("t", link.targets)) for link in links]
    tied += [(("o", match.old), ("n", match.new)) for match in matches]
    for (side, first), (other, second) in tied:
        nodes = [(side, i) for i in first] + [(other, j) for j in second]
        for node in nodes[1:]:
            parent[root(node)] = root(nodes[0])
    found: dict[tuple[str, int], Closure] = {}
    for node in parent:
        closure = found.setdefault(root(node), Closure())
        {"o": closure.old, "n": closure.new, "t": closure.target}[node[0]].append(node[1])
    for link in links:
        closure = found[root(("o", link.sources[0]))]
        closure.confidence = min(closure.confidence, link.confidence)
    equal: set[int] = set()
    for match in matches:
        closure = found[root(("o", match.old[0]))]
        closure.equal = closure.equal and match.equal
        closure.moved = closure.moved or match.moved
        equal.update(match.old)
    for closure in found.values():
        closure.old.sort()
        closure.new.sort()
        closure.target.sort()
        matched = [i for i in closure.old if i in equal]
        closure.equal = closure.equal and len(matched) == len(closure.old) and (bool(closure.old) or not closure.new)
        closure.moved = closure.moved and bool(closure.target)
    return sorted(found.values(), key=_order)


def _order(closure: Closure) -> tuple[int, int, int]:
    last = 1 << 60
    return (
        closure.new[0] if closure.new else last,
        closure.old[0] if closure.old else last,
        closure.target[0] if closure.target else last,
    )


def arrange(found: Sequence[Closure]) -> list[Place]:
    """The merged sequence. Removed closures that are certain are left out; callers keep doubtful ones by
    clearing `Closure.old` of them beforehand (see `spare`).
    """
    by_target = {j: closure for closure in found for j in closure.target}
    last = max(by_target, default=-1)
    anchors: dict[int, list[Place]] = {-1: []}  # what goes behind an index of the translation; -1: before all
    stays: dict[int, bool] = {}
    for j in range(last + 1):
        closure = by_target[j]
        stays[j] = not closure.removed and not closure.moved
        anchors[j] = []
    here = -1
    new_pieces = sorted(((k, closure) for closure in found for k in closure.new), key=lambda pair: pair[0])
    placed: set[int] = set()
    for k, closure in new_pieces:
        if closure.target and not closure.moved:
            here = max(here_of for here_of in closure.target)
            continue
        if closure.target:
            if id(closure) not in placed:
                placed.add(id(closure))
                anchors[_behind(here, by_target, last)] += [Standing(closure, j) for j in closure.target]
        elif closure.added:
            anchors[_behind(here, by_target, last)].append(Added(closure, k))
    merged = list(anchors[-1])
    for j in range(last + 1):
        if stays[j]:
            merged.append(Standing(by_target[j], j))
        merged += anchors[j]
    return merged


def _behind(here: int, by_target: dict[int, Closure], last: int) -> int:
    """Behind `here` and the text that only the translation has there: it follows its predecessor."""
    if here < 0:
        return here
    while here < last and by_target[here + 1].foreign:
        here += 1
    return here


def rivals(closure: Closure, found: Sequence[Closure]) -> list[int]:
    """Indices of the text of the translation alone that stands right beside a closure's own."""
    alone = {j for other in found if other.foreign for j in other.target}
    return [j for j in (closure.target[0] - 1, closure.target[-1] + 1) if j in alone]
