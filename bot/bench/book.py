"""A whole book planned and assembled: time, peak memory and growth, beside `md2po` on the same files.

Everything runs in processes of its own, in turn, on the same machine and in the same run. Figures of AMTS
are medians of several; md2po runs once, since in one run its time grows with the square of the book. What
it takes for the same files one by one is told beside it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import mean, median

from rich.table import Table

from bot.bench import Progress
from bot.bench.workload import chosen, new_source_path
from sync.languages import language as find_language
from sync.model import AmtsError

RUNS = 3
ENGINES = ("none", "memory")
PARTS = (4, 2)  # a quarter and half of the book, beside the whole
# ru_maxrss is in kilobytes, on macOS in bytes (getrusage(2) of each).
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
_MB = 1_000_000


class BenchError(AmtsError):
    """A benchmark cannot run: what is missing or failed, and what to do."""


@dataclass(frozen=True, slots=True)
class Run:
    """One process: wall time from start to end in seconds, peak memory in bytes, and what it printed."""

    seconds: float
    peak: int
    output: str


@dataclass(frozen=True, slots=True)
class Figure:
    """Medians over the runs of one command. `work` leaves out the start of the process, where it is known."""

    name: str
    sections: int
    characters: int
    seconds: float
    work: float
    peak: int


@dataclass(frozen=True, slots=True)
class BookFigures:
    """`whole`: each engine on the whole book; `parts`: the first engine on growing parts of it.

    The figures of a part are means over all such parts (four quarters), so that they hold the same sections.

    `refused`: files that md2po cannot extract; they are left out of its run, not of ours.
    """

    whole: tuple[Figure, ...]
    md2po: Figure
    md2po_each: Figure
    refused: tuple[str, ...]
    parts: tuple[Figure, ...]

    @property
    def growth(self) -> float:
        """Time for each character of the whole book, relative to the smallest part: 1 where it is linear."""
        small, large = self.parts[0], self.parts[-1]
        return (large.work / large.characters) / (small.work / small.characters)

    def to_json(self) -> dict[str, object]:
        """All figures, the ratios to md2po by engine, and the growth."""
        return {
            "whole": [asdict(figure) for figure in self.whole],
            "md2po": asdict(self.md2po),
            "md2po_each": asdict(self.md2po_each),
            "md2po_refused": list(self.refused),
            "ratio_to_md2po": {figure.name: figure.seconds / self.md2po.seconds for figure in self.whole},
            "parts": [asdict(figure) for figure in self.parts],
            "growth": self.growth,
        }

    def tables(self) -> list[Table]:
        """The whole book beside md2po, and how time grows with it."""
        beside = Table(title=f"The whole book; AMTS: median of {RUNS} runs")
        growth = Table(title=f"Growth: {self.growth:.2f} times the time a character (1: linear)")
        for table, headings in (
            (beside, ("command", "files", "seconds", "× md2po", "peak MB")),
            (growth, ("command", "files", "M characters", "seconds", "s each million")),
        ):
            for heading in headings:
                table.add_column(heading, justify="left" if heading == "command" else "right")
        for figure in (*self.whole, self.md2po, self.md2po_each):
            ratio = f"{figure.seconds / self.md2po.seconds:.2f}"
            beside.add_row(
                figure.name, str(figure.sections), f"{figure.seconds:.2f}", ratio, f"{figure.peak / _MB:.0f}"
            )
        for figure in self.parts:
            size = figure.characters / _MB
            growth.add_row(
                figure.name,
                str(figure.sections),
                f"{size:.2f}",
                f"{figure.work:.2f}",
                f"{figure.work / size:.2f}",
            )
        return [beside, growth]


def bench_book(source: Path, target: Path, language: str, progress: Progress) -> BookFigures:
    """Measures drafting the pairs below `target` from the English below `source`.

    FileError where there is no pair; BenchError where md2po (package mdpo) is missing or a process fails.
    """
    code = find_language(language).code
    if find_spec("mdpo") is None:
        raise BenchError("md2po is not installed: install the package mdpo (the extra `bench`)")
    places = chosen(target, 1, 0)
    ours = {
        (engine, every, first): [
            *(sys.executable, "-m", "bot.bench.workload", "draft"),
            *(engine, str(source.resolve()), str(target.resolve()), code, str(every), str(first)),
        ]
        for engine, every, first in [
            *((engine, 1, 0) for engine in ENGINES),
            *((ENGINES[0], every, first) for every in PARTS for first in range(every)),
        ]
    }
    texts = {file.resolve() for place in places for file in (new_source_path(source, place), place.translation)}
    files = sorted(str(file) for file in texts)
    total = RUNS * len(ours) + 2
    runs: dict[tuple[str, int, int], list[Run]] = {key: [] for key in ours}
    # In turn and not one after the other, so that a busy moment does not hit one of them alone.
    for number, (key, command) in enumerate(list(ours.items()) * RUNS):
        progress("runs", number, total)
        runs[key].append(measured(command))
    progress("runs", total - 2, total)
    each = measured([sys.executable, "-m", "bot.bench.workload", "md2po", *files])
    extracted = json.loads(each.output)["extracted"]
    progress("runs", total - 1, total)
    once = measured([sys.executable, "-m", "mdpo.md2po", *extracted])
    progress("runs", total, total)
    return BookFigures(
        whole=tuple(_figure(engine, runs[engine, 1, 0]) for engine in ENGINES),
        md2po=_theirs("md2po, one run", extracted, once),
        md2po_each=_theirs("md2po, file by file", extracted, each),
        refused=tuple(sorted(set(files) - set(extracted))),
        parts=tuple(
            _mean([_figure(ENGINES[0], runs[ENGINES[0], every, first]) for first in range(every)])
            for every in (*PARTS, 1)
        ),
    )


def _mean(parts: Sequence[Figure]) -> Figure:
    """The parts of one size that make up the book, as one figure."""
    return Figure(
        name=parts[0].name,
        sections=round(mean(part.sections for part in parts)),
        characters=round(mean(part.characters for part in parts)),
        seconds=mean(part.seconds for part in parts),
        work=mean(part.work for part in parts),
        peak=max(part.peak for part in parts),
    )


def _theirs(name: str, files: Sequence[str], run: Run) -> Figure:
    characters = sum(len(Path(file).read_text(encoding="utf-8")) for file in files)
    return medians(name, len(files), characters, [run], [run.seconds])


def _figure(engine: str, runs: Sequence[Run]) -> Figure:
    told = [json.loads(run.output) for run in runs]
    work = [float(one["seconds"]) for one in told]
    return medians(f"amts, engine {engine}", told[0]["sections"], told[0]["characters"], runs, work)


def medians(name: str, sections: int, characters: int, runs: Sequence[Run], work: Sequence[float]) -> Figure:
    """The figure of several runs; `work` are their seconds without the start of the process."""
    return Figure(
        name=name,
        sections=sections,
        characters=characters,
        seconds=median(run.seconds for run in runs),
        work=median(work),
        peak=max(run.peak for run in runs),
    )


def measured(command: Sequence[str]) -> Run:
    """Runs a command in a process of its own. Raises BenchError where it fails."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        # The arguments are a fixed command and paths, no shell.
        process = subprocess.Popen(command, stdout=output, stderr=errors)  # noqa: S603
        # wait4 tells the peak memory of this one process; `communicate` would not.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            last = errors.read().decode("utf-8", "replace").strip().splitlines()[-1:]
            raise BenchError(f"{' '.join(command[:4])} … failed: {last[0] if last else 'no message'}")
        return Run(seconds, usage.ru_maxrss * _RSS_UNIT, output.read().decode("utf-8", "replace"))
