"""How the commands speak: data to standard output or files, notes and progress to standard error."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from bot.bench import Figures, Progress
from bot.files import write_text

STDOUT: Final = Path("-")
PIPE_WIDTH = 200
# Nothing is said about work that takes less, and without a terminal no more often than this.
SILENT_SECONDS = 1.0
LINE_SECONDS = 5.0

# `-` stands for standard output.
_output_path = click.Path(path_type=Path, allow_dash=True, dir_okay=False)


def _in_a_folder(context: click.Context, parameter: click.Parameter, file: Path | None) -> Path | None:
    """Refuse a file that cannot be written because its folder is not there, before any work is done."""
    if file is not None and not file.parent.is_dir():
        raise click.BadParameter(f"{file.parent} is no folder: make it first", context, parameter)
    return file


# `--json` without a file is standard output too.
json_option = click.option(
    "--json",
    "json_file",
    type=_output_path,
    callback=_in_a_folder,
    is_flag=False,
    flag_value="-",
    metavar="[FILE]",
    help="As JSON; without FILE, or with -, to standard output and nothing else there.",
)
output_option = click.option(
    "--output",
    "-o",
    type=_output_path,
    callback=_in_a_folder,
    default=STDOUT,
    help="Where the result goes.  [default: -]",
)


def one_line(message: str) -> str:
    """`message` on one line and without what could steer a terminal: it may quote what came from outside."""
    shown = (mark if mark.isprintable() else " " if mark.isspace() else "�" for mark in message)
    return " ".join("".join(shown).split())


def note(message: str) -> None:
    """One line for people, to standard error."""
    click.echo(f"amts: {one_line(message)}", err=True)


def put_text(text: str, file: Path = STDOUT) -> None:
    """Writes `text` as UTF-8, byte for byte, to a file (whole or not at all) or to standard output."""
    if file == STDOUT:
        sys.stdout.flush()
        # Not sys.stdout.buffer: with PYTHONUNBUFFERED it drops what a pipe does not take at once.
        with open(sys.stdout.fileno(), "wb", closefd=False) as stream:
            # A file name that is no UTF-8 becomes an escape that JSON knows.
            stream.write(text.encode("utf-8", "backslashreplace"))
    else:
        write_text(file, text)


def put_json(value: Mapping[str, object], file: Path) -> None:
    """Writes `value` as JSON, in the order it has, to a file or to standard output."""
    put_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", file)


def console() -> Console:
    """Where tables go: standard output, as wide as the terminal, or wide enough for a row on a line."""
    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)


def put_tables(tables: Sequence[Table]) -> None:
    """Prints the tables that have rows to standard output."""
    out = console()
    for table in tables:
        if table.row_count:
            out.print(table)


def put_figures(figures: Figures, json_file: Path | None) -> None:
    """Prints the tables of a benchmark and writes its JSON; where that is standard output, it alone."""
    if json_file is not None:
        put_json(figures.to_json(), json_file)
    if json_file != STDOUT:
        put_tables(figures.tables())


@contextmanager
def progress() -> Iterator[Progress]:
    """Tells how far a command is: bars on a terminal, else now and then a line."""
    if sys.stderr.isatty():
        with _bars() as report:
            yield report
    else:
        yield _lines()


@contextmanager
def _bars() -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bars = Bars(*columns, console=Console(stderr=True), transient=True)
    tasks: dict[str, TaskID] = {}
    began = time.monotonic()

    def report(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = bars.add_task(one_line(stage), total=total)
        bars.update(tasks[stage], completed=done, total=total)
        if time.monotonic() - began > SILENT_SECONDS:
            bars.start()

    try:
        yield report
    finally:
        bars.stop()


def _lines() -> Progress:
    last = time.monotonic()

    def report(stage: str, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= LINE_SECONDS:
            last = time.monotonic()
            note(f"{stage}: {done} of {total}")

    return report


class Dollars(click.FloatRange):
    """A sum that may be spent: zero or more, and a number, as no sum is above `nan`."""

    def __init__(self) -> None:
        super().__init__(0)

    def convert(self, value: float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        dollars = float(super().convert(value, param, ctx))
        if math.isnan(dollars):
            self.fail("it must be a number", param, ctx)
        return dollars
