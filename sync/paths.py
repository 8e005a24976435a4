"""Best monotone paths: which pieces of two sequences go together, by dynamic programming; and increasing runs."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

_CELLS = 40_000  # of a gap's table; a larger one is banded around its diagonal
_MOST_CELLS = 2_000_000  # of any table: tens of thousands of blocks without a fixed point
_NO_JOINS = 10_000_000  # cells of a table; in a larger one only single pieces are linked
_JOIN_COST = 0.25
_CLEAR = 0.97  # a single link this good needs no look at joins
_NO_WAY = 255

BLOCK_STEPS = ((1, 1), (1, 2), (2, 1), (1, 3), (3, 1))
SENTENCE_STEPS = (*BLOCK_STEPS, (2, 2))

Score = Callable[[int, int, int, int], float]


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


def best_path(
    n: int,
    m: int,
    score: Score,
    unlinked: float,
    steps: tuple[tuple[int, int], ...] = BLOCK_STEPS,
    join_cost: float = _JOIN_COST,
    bound: Score | None = None,
) -> list[tuple[int, int, int, int, float]]:
    """The best monotone path through an n by m table; links on it as (i, width, j, height, score).

    `bound` is never less than `score`, and cheap: it spares asking for scores that cannot matter.
    """
    if n * m > _NO_JOINS:
        steps = ((1, 1),)
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
