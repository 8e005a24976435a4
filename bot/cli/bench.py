"""`amts bench …` and `amts demo`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from bot.bench import Figures, Progress
from bot.cli.output import console, json_option, progress, put_figures

# Imports are made where they are used: a benchmark brings in libraries that no other command needs.

F = TypeVar("F", bound=Figures)

folder = click.Path(path_type=Path, exists=True, file_okay=False)


language_option = click.option(
    "--language", "-l", default="ko", show_default=True, help="Language of the translations."
)


@click.group()
def bench() -> None:
    """Measure AMTS on real books: the figures of the README."""


@bench.command()
@click.argument("directory", type=folder)
@json_option
def replays(directory: Path, json_file: Path | None) -> int:
    """Draft the real updates below DIRECTORY and compare with what the translators merged."""
    from bot.bench.replays import bench_replays

    figures = _measured(lambda report: bench_replays(directory, report), json_file)
    return 1 if figures.failures else 0


@bench.command()
@click.argument("directory", type=folder)
@language_option
@json_option
def edits(directory: Path, language: str, json_file: Path | None) -> None:
    """Make one synthetic edit of each kind in every section below DIRECTORY: the rest must stay."""
    from bot.bench.edits import bench_edits

    _measured(lambda report: bench_edits(directory, language, report), json_file)


@bench.command()
@click.argument("directory", type=folder)
@language_option
@json_option
def alignment(directory: Path, language: str, json_file: Path | None) -> None:
    """Delete, merge and insert blocks in sections of known alignment: are the links still found?"""
    from bot.bench.alignment import bench_alignment

    _measured(lambda report: bench_alignment(directory, language, report), json_file)


@bench.command()
@click.argument("source", type=folder)
@click.argument("target", type=folder)
@language_option
@json_option
def book(source: Path, target: Path, language: str, json_file: Path | None) -> None:
    """Time planning and assembling a whole book, beside md2po extracting the same files.

    SOURCE holds the new English, TARGET the pairs X_origin.md and X.md.
    """
    from bot.bench.book import bench_book

    _measured(lambda report: bench_book(source, target, language, report), json_file)


def _measured(measure: Callable[[Progress], F], json_file: Path | None) -> F:
    """The figures, when they are printed."""
    with progress() as report:
        figures = measure(report)
    put_figures(figures, json_file)
    return figures


@click.command()
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Build the repositories in DIR, which must be empty or new, and leave them there.",
)
def demo(keep: Path | None) -> int:
    """Build a small book and its translations, change the English, and draft the updates."""
    from bot.demo import run_demo

    if keep is not None:
        if keep.is_dir() and any(keep.iterdir()):
            raise click.BadParameter(f"{keep} is not empty: name a new folder")
        keep.mkdir(parents=True, exist_ok=True)
    return run_demo(console(), keep)
