"""Parallel data of a whole book: time and peak memory, beside `md2po` extracting the same files.

Each run is a process of its own: the whole command, from its start to the file that is written.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from rich.table import Table

from bot.bench import Progress
from bot.bench.book import RUNS, BenchError, Figure, Run, measured, medians
from bot.bench.workload import chosen
from sync.languages import language as find_language

_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class ExtractionFigures:
    """What building the parallel data took, and md2po for the same files.

    `refused`: files that md2po cannot extract; they are left out of its runs, not of ours.
    """

    ours: Figure
    md2po_each: Figure
    md2po: Figure
    refused: tuple[str, ...]
    units: int
    held_out: int
    dropped: dict[str, int]

    @property
    def ratio(self) -> float:
        """Our time relative to md2po file by file, where its time does not grow with the square of the book."""
        return self.ours.seconds / self.md2po_each.seconds

    def to_json(self) -> dict[str, object]:
        """All figures, and both ratios."""
        return {
            "parallel_data": asdict(self.ours),
            "md2po_each": asdict(self.md2po_each),
            "md2po": asdict(self.md2po),
            "md2po_refused": list(self.refused),
            "ratio_to_md2po_each": self.ratio,
            "ratio_to_md2po": self.ours.seconds / self.md2po.seconds,
            "units": self.units,
            "held_out": self.held_out,
            "dropped": self.dropped,
        }

    def tables(self) -> list[Table]:
        """The commands beside each other, and what became of the units."""
        times = Table(title=f"Parallel data of the whole book; medians of {RUNS} runs, md2po in one run: once")
        for heading in ("command", "files", "seconds", "× md2po file by file", "peak MB"):
            times.add_column(heading, justify="left" if heading == "command" else "right")
        for figure in (self.ours, self.md2po_each, self.md2po):
            ratio = f"{figure.seconds / self.md2po_each.seconds:.2f}"
            cells = (str(figure.sections), f"{figure.seconds:.2f}", ratio, f"{figure.peak / _MB:.0f}")
            times.add_row(figure.name, *cells)
        units = Table("translation units", "")
        units.columns[1].justify = "right"
        rows = {"kept": self.units, "held out": self.held_out}
        rows |= {f"dropped: {reason}": count for reason, count in self.dropped.items()}
        for name, count in rows.items():
            units.add_row(name, f"{count:,}")
        return [times, units]


def bench_extraction(target: Path, language: str, progress: Progress) -> ExtractionFigures:
    """Measures `amts parallel-data` on the pairs below `target`.

    FileError where there is no pair; BenchError where md2po (package mdpo) is missing or a process fails.
    """
    code = find_language(language).code
    if find_spec("mdpo") is None:
        raise BenchError("md2po is not installed: install the package mdpo (the extra `bench`)")
    files = sorted(str(file.resolve()) for place in chosen(target, 1, 0) for file in (place.origin, place.translation))
    arguments = ("parallel-data", str(target.resolve()), "--language", code, "--output", os.devnull, "--json", "-")
    commands = {
        "amts": [sys.executable, "-m", "bot.cli", *arguments],
        "md2po": [sys.executable, "-m", "bot.bench.workload", "md2po", *files],
    }
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    total = RUNS * len(commands) + 1
    # In turn and not one after the other, so that a busy moment does not hit one of them alone.
    for number, (name, command) in enumerate(list(commands.items()) * RUNS):
        progress("runs", number, total)
        runs[name].append(measured(command))
    extracted: list[str] = json.loads(runs["md2po"][0].output)["extracted"]
    progress("runs", total - 1, total)
    once = measured([sys.executable, "-m", "mdpo.md2po", *extracted])
    progress("runs", total, total)
    told = json.loads(runs["amts"][0].output)
    return ExtractionFigures(
        ours=_figure("amts parallel-data", files, runs["amts"]),
        md2po_each=_figure("md2po, file by file", extracted, runs["md2po"]),
        md2po=_figure("md2po, one run", extracted, [once]),
        refused=tuple(sorted(set(files) - set(extracted))),
        units=told["units"],
        held_out=told["held_out"],
        dropped=told["dropped"],
    )


def _figure(name: str, files: Sequence[str], runs: Sequence[Run]) -> Figure:
    characters = sum(len(Path(file).read_text(encoding="utf-8")) for file in files)
    return medians(name, len(files), characters, runs, [run.seconds for run in runs])
