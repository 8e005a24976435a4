"""What changed between two revisions of the same text: blocks of a section, or sentences of a block."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

from rapidfuzz.distance import Indel, LCSseq

from sync.code import tab_of
from sync.edits import is_token, lexemes
from sync.features import content, inner_text
from sync.inline import fold, strip_marks
from sync.model import PROSE, Block, BlockKind, Section
from sync.paths import best_path, increasing

_WORD = re.compile(r"\w+|[^\w\s]")
_ALIKE = 0.45  # less alike than this, and two pieces are a removal and an insertion
_ALIKE_ALONE = 0.3  # enough where nothing else stands between two unchanged neighbours
_DEFINED = 0.25  # added where two pieces begin with the same protected token
_MOVED = 0.85
_MOVED_STEPS = ((1, 1), (2, 1), (1, 2))  # moved pieces may have been merged or split too
_SHORT = 12  # characters: too short to be known again elsewhere
_CELLS = 40_000_000  # of a longest common subsequence; 5 MB of bits


@dataclass(frozen=True, slots=True)
class Match:
    """Pieces of the old and the new revision that are the same piece, by index.

    `equal`: the same but for white space and slide marks; `moved`: found out of order.
    """

    old: tuple[int, ...]
    new: tuple[int, ...]
    equal: bool
    moved: bool = False


def match_blocks(old: Section, new: Section) -> list[Match]:
    """Matches between the blocks of two revisions, as indices into `blocks`; blank blocks left out."""
    a, b = content(old), content(new)
    sides = _Blocks([old.blocks[i] for i in a], [new.blocks[j] for j in b])
    found = _match(
        [block_key(block) for block in sides.old],
        [block_key(block) for block in sides.new],
        sides.alike,
        sides.renamed,
    )
    return [Match(tuple(a[i] for i in m.old), tuple(b[j] for j in m.new), m.equal, m.moved) for m in found]


def match_texts(old: Sequence[str], new: Sequence[str]) -> list[Match]:
    """Matches between two lists of sentences, each on one line without slide marks."""
    words_old, words_new = [_words(text) for text in old], [_words(text) for text in new]

    def alike(i: int, n: int, j: int, m: int) -> float:
        return _joined(words_old, i, n, words_new, j, m)

    return _match(list(old), list(new), alike)


def block_key(block: Block) -> str:
    """Equal keys: nothing to do but, at most, white space and slide marks."""
    if block.kind in (BlockKind.FENCE, BlockKind.CODE):
        return f"{block.kind}:{block.text.strip()}"
    return f"{block.kind}:{fold(strip_marks(block.text), prefix=block.prefix)}"


class _Blocks:
    """How alike blocks of two revisions are; words are counted once for each block."""

    def __init__(self, old: list[Block], new: list[Block]) -> None:
        self.old, self.new = old, new
        self._words: dict[int, list[str]] = {}

    def _of(self, block: Block) -> list[str]:
        words = self._words.get(id(block))
        if words is None:
            text = strip_marks(inner_text(block))
            words = self._words[id(block)] = _words(text) if block.segments else _signs(text)
        return words

    def alike(self, i: int, n: int, j: int, m: int) -> float:
        first, second = self.old[i], self.new[j]
        if n == m == 1:
            if first.kind != second.kind and not (first.kind in PROSE and second.kind in PROSE):
                return 0.0
            if first.kind == BlockKind.DIRECTIVE and first.text.split("`")[0] != second.text.split("`")[0]:
                return 0.0
            if first.kind == BlockKind.FENCE and tab_of(first.text) != tab_of(second.text):
                return 0.8 * _words_alike(self._of(first), self._of(second))
            return _words_alike(self._of(first), self._of(second))
        joined = (*self.old[i : i + n], *self.new[j : j + m])
        if any(block.kind not in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM) for block in joined):
            return 0.0
        return _joined(
            [self._of(block) for block in self.old[i : i + n]],
            0,
            n,
            [self._of(b) for b in self.new[j : j + m]],
            0,
            m,
        )

    def renamed(self, rows: list[int], columns: list[int], matches: list[Match]) -> list[Match]:
        """A heading that no word was left of: alone of its level between two unchanged neighbours."""
        found = []
        for level in range(1, 7) if rows and columns else ():
            a = [i for i in rows if _level(self.old[i]) == level]
            b = [j for j in columns if _level(self.new[j]) == level]
            if len(a) == len(b) == 1 and not any(m.old == (a[0],) or m.new == (b[0],) for m in matches):
                found.append(Match((a[0],), (b[0],), equal=False))
        return found


def _level(block: Block) -> int:
    """Of an ATX heading; 0 of everything else."""
    if block.kind != BlockKind.HEADING:
        return 0
    text = block.text.lstrip()
    return len(text) - len(text.lstrip("#"))


def _words(text: str) -> list[str]:
    """Of prose: a protected token is one word, and a formula's signs do not make two formulas alike."""
    return [word.lower() if word.isalpha() else word for word in lexemes(text)[:3000]]


def _signs(text: str) -> list[str]:
    """Of code and formulas."""
    return _WORD.findall(text)[:3000]


def _words_alike(a: list[str], b: list[str]) -> float:
    if not a or not b:
        return float(a == b)
    alike = Indel.normalized_similarity(a, b)
    if a[0] == b[0] and is_token(a[0]):  # a list of definitions: "`x`: what it is"
        return min(1.0, alike + _DEFINED)
    return alike


def _joined(a: list[list[str]], i: int, n: int, b: list[list[str]], j: int, m: int) -> float:
    """Likeness of a[i:i+n] to b[j:j+m]; 0 unless every part of the joined side adds to it.

    Near-identical neighbours (the tabs of several frameworks) would match as a split or a merge otherwise.
    """
    whole = _words_alike(list(chain(*a[i : i + n])), list(chain(*b[j : j + m])))
    if n == m == 1:
        return whole
    single = max(_words_alike(x, y) for x in a[i : i + n] for y in b[j : j + m])
    return whole if whole > single + 0.03 and whole > 0.6 else 0.0


def _match(
    old: list[str],
    new: list[str],
    alike: Callable[[int, int, int, int], float],
    renamed: Callable[[list[int], list[int], list[Match]], list[Match]] | None = None,
) -> list[Match]:
    equal = _equal_runs(old, new)
    matches = [Match((i,), (j,), equal=True) for i, j in equal]
    used_old, used_new = {i for i, _ in equal}, {j for _, j in equal}
    previous = (-1, -1)
    gaps = []
    for i, j in [*equal, (len(old), len(new))]:
        gaps.append((previous[0] + 1, i, previous[1] + 1, j))
        previous = (i, j)
    # Moves of identical pieces first: an edited neighbour must not take what only moved.
    moved = _moves(old, new, used_old, used_new)
    matches += moved
    gone_old, gone_new = {m.old[0] for m in moved}, {m.new[0] for m in moved}
    for a0, a1, b0, b1 in gaps:
        rows = [i for i in range(a0, a1) if i not in gone_old]
        columns = [j for j in range(b0, b1) if j not in gone_new]
        found = _edits(rows, columns, alike)
        if renamed is not None:
            found += renamed(rows, columns, found)
        matches += found
    matches += _moved_edits(len(old), len(new), matches, alike)
    return sorted(matches, key=lambda match: (match.old, match.new))


def _equal_runs(old: list[str], new: list[str]) -> list[tuple[int, int]]:
    """Equal pieces in order: unique ones as fixed points, a longest common subsequence between them."""
    if old == new:
        return [(i, i) for i in range(len(old))]
    counts_old, counts_new = Counter(old), Counter(new)
    where = {key: j for j, key in enumerate(new) if counts_new[key] == 1}
    pairs = [(i, where[key]) for i, key in enumerate(old) if counts_old[key] == 1 and key in where]
    fixed = [pairs[k] for k in increasing([j for _, j in pairs])]
    found: list[tuple[int, int]] = []
    previous = (-1, -1)
    for i, j in [*fixed, (len(old), len(new))]:
        a0, b0 = previous[0] + 1, previous[1] + 1
        found += _common(old, new, a0, i, b0, j)
        if i < len(old):
            found.append((i, j))
        previous = (i, j)
    return found


def _common(old: list[str], new: list[str], a0: int, a1: int, b0: int, b1: int) -> list[tuple[int, int]]:
    if a0 == a1 or b0 == b1:
        return []
    if (a1 - a0) * (b1 - b0) > _CELLS:  # thousands of repeated blocks: what is equal in place
        return [(a0 + k, b0 + k) for k in range(min(a1 - a0, b1 - b0)) if old[a0 + k] == new[b0 + k]]
    return [
        (a0 + step.src_start + k, b0 + step.dest_start + k)
        for step in LCSseq.opcodes(old[a0:a1], new[b0:b1])
        if step.tag == "equal"
        for k in range(step.src_end - step.src_start)
    ]


def _moves(old: list[str], new: list[str], used_old: set[int], used_new: set[int]) -> list[Match]:
    places: dict[str, list[int]] = {}
    for j, key in enumerate(new):
        if j not in used_new and len(key) >= _SHORT:
            places.setdefault(key, []).append(j)
    moves = []
    for i, key in enumerate(old):
        if i not in used_old and places.get(key):
            moves.append(Match((i,), (places[key].pop(0),), equal=True, moved=True))
    return moves


def _edits(rows: list[int], columns: list[int], alike: Callable[[int, int, int, int], float]) -> list[Match]:
    """Edited, split and merged pieces between two equal neighbours."""
    if not rows or not columns:
        return []
    if len(rows) == len(columns) == 1:
        return (
            [Match((rows[0],), (columns[0],), equal=False)] if alike(rows[0], 1, columns[0], 1) > _ALIKE_ALONE else []
        )

    def score(i: int, n: int, j: int, m: int) -> float:
        whole = rows[i : i + n], columns[j : j + m]
        if any(part[-1] - part[0] != len(part) - 1 for part in whole):
            return 0.0
        return alike(rows[i], n, columns[j], m)

    found = best_path(len(rows), len(columns), score, _ALIKE / 2, join_cost=0.05)
    return [Match(tuple(rows[i : i + n]), tuple(columns[j : j + m]), equal=False) for i, n, j, m, _ in found]


def _moved_edits(n: int, m: int, matches: list[Match], alike: Callable[[int, int, int, int], float]) -> list[Match]:
    """Pieces that were moved and edited a little, or between which another one was moved away."""
    left_old = sorted(set(range(n)) - {i for match in matches for i in match.old})
    left_new = sorted(set(range(m)) - {j for match in matches for j in match.new})
    if not left_old or not left_new or len(left_old) * len(left_new) > 4000:
        return []
    free_old, free_new = set(left_old), set(left_new)
    scored = sorted(
        (
            (alike(i, n, j, m), -i, -j, n, m)
            for i in left_old
            for j in left_new
            for n, m in _MOVED_STEPS
            if free_old.issuperset(range(i, i + n)) and free_new.issuperset(range(j, j + m))
        ),
        reverse=True,
    )
    found: list[Match] = []
    for score, i, j, n, m in scored:
        if score < _MOVED:
            break
        ours, theirs = tuple(range(-i, n - i)), tuple(range(-j, m - j))
        if free_old.issuperset(ours) and free_new.issuperset(theirs):
            free_old.difference_update(ours)
            free_new.difference_update(theirs)
            found.append(Match(ours, theirs, equal=False, moved=True))
    return found
