"""Charts as SVG and PNG, by matplotlib: no display, no font but its own, the same bytes for the same figures.

An extra (`amts[charts]`): import this module only where a chart is asked for.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from itertools import cycle
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator, PercentFormatter

from bot.files import FileError
from bot.trend import Figures, Row
from sync.model import AmtsError
from sync.publish import write_whole

_METADATA: Mapping[str, dict[str, None]] = {"svg": {"Date": None}, "png": {"Software": None}}
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")  # told apart by everybody
_MARKERS = "osD^vP*"
_MOST_BARS = 40
_LINEAR = 0.01  # gains beyond that are drawn on a logarithmic scale
_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_LONGEST_LABEL = 48


class ChartError(AmtsError):
    """A chart that cannot be written."""


def _style() -> AbstractContextManager[None]:
    # A label is the name of somebody's folder: no `$` in it begins a formula. The salt makes ids in SVG repeatable.
    return mpl.rc_context(
        {"text.parse_math": False, "svg.hashsalt": "amts", "axes.spines.top": False, "axes.spines.right": False}
    )


def over_time(rows: Sequence[Row]) -> Figure:
    """BLEU and effort by month, a line for each language and for each engine."""
    with _style():
        chart = Figure(figsize=(11, 7), layout="constrained")
        panels = chart.subplots(2, 2, sharex=True, squeeze=False)
        for column, by in enumerate(("language", "engine")):
            told = [row for row in rows if row.by == by and row.month]
            _lines(panels[0][column], told, lambda figures: figures.bleu)
            _lines(panels[1][column], told, lambda figures: figures.effort)
            panels[0][column].set_title(f"by {by}")
            panels[0][column].set_ylim(0, 1.02)
            panels[1][column].set_ylim(bottom=0)
            panels[1][column].yaxis.set_major_formatter(PercentFormatter(1))
        panels[0][0].set_ylabel("BLEU, draft to merged")
        panels[1][0].set_ylabel("effort: share changed")
        chart.autofmt_xdate()
        return chart


def by_chapter(rows: Sequence[Row], lagging: Collection[str]) -> Figure:
    """Effort by chapter over all months, most first, with the number of segments; those that lag in another colour."""
    found = [(row.figures.effort, row) for row in rows if row.by == "chapter" and not row.month]
    efforts = sorted(((e, row) for e, row in found if e is not None), key=lambda it: (-it[0], it[1].name))
    shown = efforts[:_MOST_BARS]
    with _style():
        chart = Figure(figsize=(9, 1.6 + 0.28 * len(shown)), layout="constrained")
        axes = chart.subplots()
        colours = [_COLOURS[1] if row.name in lagging else _COLOURS[0] for _, row in shown]
        bars = axes.barh([str(place) for place in range(len(shown))], [effort for effort, _ in shown], color=colours)
        axes.bar_label(bars, [f"{row.figures.segments} segments" for _, row in shown], padding=3, fontsize=8)
        axes.set_yticks(range(len(shown)), [_label(row.name) for _, row in shown], fontsize=8)
        axes.invert_yaxis()
        axes.margins(x=0.15)
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.set_xlabel("effort: characters changed / characters merged")
        if lagging:
            axes.legend(handles=_lagging_legend(), loc="lower right", frameon=False, fontsize=8)
        more = f", the {len(shown)} of {len(efforts)} with the most" if len(efforts) > len(shown) else ""
        axes.set_title(f"Effort by chapter{more}")
        return chart


def gains(ways: Mapping[str, Sequence[float | None]]) -> Figure:
    """What each way gained in every case over the old translation (prose BLEU), the cases of a way in order.

    None: it could not do that case.
    """
    with _style():
        chart = Figure(figsize=(9, 5), layout="constrained")
        axes = chart.subplots()
        axes.axhline(0, color="#777777", linewidth=1)
        for (way, values), colour, marker in zip(ways.items(), cycle(_COLOURS), cycle(_MARKERS), strict=False):
            done = sorted(value for value in values if value is not None)
            label = f"{_label(way)} ({len(done)} cases)"
            axes.plot(range(1, len(done) + 1), done, color=colour, marker=marker, markersize=4, label=label)
        axes.set_yscale("symlog", linthresh=_LINEAR)
        axes.yaxis.set_major_locator(FixedLocator([sign * tick for sign in (-1, 1) for tick in (0, *_TICKS)]))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+g}" if value else "0"))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylabel("prose BLEU above the old translation left alone")
        axes.set_xlabel("cases, in the order of what was gained")
        if ways:
            axes.legend(frameon=False)
        return chart


def form_of(file: Path) -> str:
    """What a chart with the name of `file` is written as: svg or png. Raises ChartError."""
    form = file.suffix.lower().removeprefix(".")
    if form not in _METADATA:
        raise ChartError(f"a chart is an .svg or a .png, not {file.name!r}: give it such a name")
    return form


def write_chart(chart: Figure, file: Path) -> None:
    """Writes a chart as SVG or PNG, as the name of the file says, whole or not at all. Raises ChartError, FileError."""
    form = form_of(file)
    stream = io.BytesIO()
    with _style():
        chart.savefig(stream, format=form, dpi=150, metadata=_METADATA[form])
    try:
        write_whole(file, stream.getvalue())
    except OSError as error:
        raise FileError(f"cannot write {file}: {error.strerror or error}") from None


def _lines(axes: Axes, rows: Sequence[Row], value_of: Callable[[Figures], float | None]) -> None:
    names = dict.fromkeys(row.name for row in rows)
    for name, colour, marker in zip(names, cycle(_COLOURS), cycle(_MARKERS), strict=False):
        found = [(_day(row.month), value_of(row.figures)) for row in rows if row.name == name]
        points = [(day, value) for day, value in found if day is not None and value is not None]
        if points:
            days, values = zip(*points, strict=True)
            axes.plot(days, values, color=colour, marker=marker, markersize=4, label=_label(name))
    if axes.lines:
        axes.legend(frameon=False, fontsize=8)


def _day(month: str) -> date | None:
    """The first day of a month such as 2026-03; None where the ledger has no such time."""
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError:
        return None


def _label(name: str) -> str:
    """A name in letters that matplotlib's own font has, and no longer than fits."""
    plain = name.encode("ascii", "backslashreplace").decode()
    plain = plain if len(plain) <= _LONGEST_LABEL else f"…{plain[1 - _LONGEST_LABEL :]}"
    return f" {plain}" if plain.startswith("_") else plain  # matplotlib's own sign for what is in no legend


def _lagging_legend() -> list[Patch]:
    labels = ("not told from the rest", "lags behind: its 95 % interval lies above the rest")
    return [Patch(color=colour, label=label) for colour, label in zip(_COLOURS, labels, strict=False)]
