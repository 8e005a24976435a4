"""The figures that AMTS is held to, and the commands that measure them on real books.

Each module measures one thing: it takes a folder, tells a `Progress` how far it is, and returns a frozen
value with `tables()` for people and `to_json()` for programs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from rich.table import Table

# stage, how many are done, how many there are
Progress = Callable[[str, int, int], None]


class Figures(Protocol):
    """What a benchmark returns."""

    def tables(self) -> Sequence[Table]:
        """The figures for people, the summary last."""

    def to_json(self) -> Mapping[str, object]:
        """The same figures, and each case behind them, for programs."""


def percent(part: float, whole: float) -> str:
    """`part` of `whole` as a percentage for people; a dash where there is nothing to take a part of."""
    return f"{100 * part / whole:.2f} %" if whole else "–"


__all__ = ["Figures", "Progress", "percent"]
