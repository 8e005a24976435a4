"""`amts bench …` and `amts demo`."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from bot.bench import Figures, Progress
from bot.cli.output import Dollars, console, json_option, note, progress, put_figures, put_text
from bot.cli.replays import agreed, mine, replays
from bot.settings import for_benchmark, read_settings
from sync.config import Engine
from sync.engines import Knowledge, create, one_purse

if TYPE_CHECKING:
    pass

# Imports are made where they are used: a benchmark brings in libraries that no other command needs.

F = TypeVar("F", bound=Figures)

folder = click.Path(path_type=Path, exists=True, file_okay=False)
file = click.Path(path_type=Path, exists=True, dir_okay=False)
anything = click.Path(path_type=Path, exists=True)

language_option = click.option(
    "--language", "-l", default="ko", show_default=True, help="Language of the translations."
)


@click.group()
def bench() -> None:
    """Measure AMTS on real books: the figures of the README."""


bench.add_command(replays)
bench.add_command(mine)


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
def checks(directory: Path, language: str, json_file: Path | None) -> int:
    """Run the checks on what people translated below DIRECTORY, and on the same with faults put into it."""
    from bot.bench.checks import bench_checks

    return _held(_measured(lambda report: bench_checks(directory, language, report), json_file).as_said)


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


@bench.command()
@click.argument("target", type=folder)
@click.option("--language", "-l", required=True, metavar="CODE", help="Language of the translations.")
@click.option("--articles", "names", required=True, metavar="NAME,…", help="Names or paths, with commas between.")
@click.option("--engine", default="amazon", show_default=True, metavar="NAME", help="What translates them.")
@click.option("--seen", is_flag=True, help="Leave the articles themselves in the parallel data.")
@click.option("--add", "added", type=file, multiple=True, help="More parallel data: CSV, TSV, TMX or JSON; repeatable.")
@click.option(
    "--max-cost", type=Dollars(), metavar="DOLLARS",
    help="Refuse to spend more, all jobs together.  [default: 50, where a price is known]",
)  # fmt: skip
@click.option("--yes", is_flag=True, help="Spend what it costs without asking.")
@json_option
def articles(
    target: Path,
    language: str,
    names: str,
    engine: str,
    seen: bool,
    added: tuple[Path, ...],
    max_cost: float | None,
    yes: bool,
    json_file: Path | None,
) -> int:
    """Score translations of articles, both ways, without and with the book's own sentence pairs.

    TARGET holds the pairs X_origin.md and X.md; all but the articles are what the engine may learn from.
    """
    from bot.bench.articles import bench_articles, cost_table
    from bot.bench.experiment import Setup, prepare

    wanted = tuple(name.strip() for name in names.split(",") if name.strip())
    if not wanted:
        raise click.BadParameter("name at least one article", param_hint="--articles")
    told, limit = for_benchmark(Engine(engine), read_settings(os.environ), max_cost, 50.0)
    create(told.name, Knowledge(), told.options)  # what is not set up is told before any work is done
    with progress() as report, one_purse():
        experiment = prepare(Setup(target, language, wanted, told, added, seen), report)
    if not agreed(experiment.estimate, cost_table(experiment), limit, yes):
        note("nothing was sent")
        return 1
    figures = _measured(lambda report: bench_articles(experiment, report), json_file)
    if figures.failed:
        note("not all segments have a translation: the tables say how many, and why")
    return 1 if figures.failed else 0


@bench.command(name="engines")
@click.argument("target", type=folder)
@click.option("--segments", default=40, show_default=True, type=click.IntRange(2), help="To translate, in each run.")
@click.option("--language", "-l", required=True, metavar="CODE", help="Language of the translations.")
@json_option
def engine_speed(target: Path, segments: int, language: str, json_file: Path | None) -> int:
    """Time the model of the engine local on the pairs below TARGET: batching, retrieval, and a second run."""
    from bot.bench.engines import bench_engines

    return _held(_measured(lambda report: bench_engines(target, language, segments, report), json_file).as_said)


@bench.command(name="parallel-data")
@click.argument("target", type=folder)
@language_option
@json_option
def parallel_data(target: Path, language: str, json_file: Path | None) -> None:
    """Time making the parallel data of the pairs below TARGET, beside md2po extracting the same files."""
    from bot.bench.extraction import bench_extraction

    _measured(lambda report: bench_extraction(target, language, report), json_file)


@bench.command()
@click.option("--seconds", default=60.0, show_default=True, type=click.FloatRange(1), help="For each of the two.")
@json_option
def webhook(seconds: float, json_file: Path | None) -> int:
    """Send `amts serve` webhooks as fast as one client can, beside a bare Flask route that does one SQLite insert."""
    from bot.bench.webhook import bench_webhook

    return _held(_measured(lambda report: bench_webhook(seconds, report), json_file).as_said)


@bench.command()
@click.argument("source", type=folder, required=False)
@click.argument("target", type=folder, required=False)
@click.option("--repositories", default=20, show_default=True, type=click.IntRange(1), help="Translations of the book.")
@click.option("--rounds", default=2, show_default=True, type=click.IntRange(1), help="Runs with one worker and two.")
@click.option(
    "--latency",
    default=0.1,
    show_default=True,
    type=click.FloatRange(0, 10),
    help="Seconds that GitHub takes to answer.",
)
@language_option
@json_option
def workers(
    source: Path | None,
    target: Path | None,
    repositories: int,
    rounds: int,
    latency: float,
    language: str,
    json_file: Path | None,
) -> int:
    """Time one upstream push for many translations: two workers on PostgreSQL, beside one.

    The book is a small one, unless SOURCE holds the new English of another, and TARGET the pairs X_origin.md and X.md.
    """
    from bot.bench.workers import bench_workers, real_book, small_book

    if source is not None and target is None:
        raise click.UsageError("name TARGET too, the folder of the pairs of this book")
    book = small_book() if source is None or target is None else real_book(source, target, language)
    return _held(
        _measured(lambda report: bench_workers(book, repositories, rounds, latency, report), json_file).as_said
    )


@bench.command()
@click.argument("book", type=anything)
@click.argument("translation", type=folder)
@click.option("--last", default=100, show_default=True, type=click.IntRange(1), help="So many commits of BOOK.")
@click.option("--burst", default=1, show_default=True, type=click.IntRange(1), help="So many of them in one push.")
@language_option
@json_option
def pushes(book: Path, translation: Path, last: int, burst: int, language: str, json_file: Path | None) -> int:
    """Replay the last commits of BOOK as pushes: one pull request, and the same draft as one sync of them all?

    BOOK is a git repository or a bundle, TRANSLATION a folder of pairs X_origin.md and X.md.
    """
    from bot.bench.pushes import bench_pushes

    return _held(
        _measured(lambda report: bench_pushes(book, translation, language, last, burst, report), json_file).as_said
    )


@bench.command()
@click.argument("book", type=anything)
@click.argument("translation", type=folder)
@language_option
@json_option
def chapters(book: Path, translation: Path, language: str, json_file: Path | None) -> int:
    """Bring a whole TRANSLATION up to date with BOOK by chapter, merging one pull request after another.

    BOOK is a git repository or a bundle, TRANSLATION a folder of pairs X_origin.md and X.md.
    """
    from bot.bench.chapters import bench_chapters

    figures = _measured(lambda report: bench_chapters(book, translation, language, report), json_file)
    return _held(not figures.faults)


def _held(as_said: bool) -> int:
    """The exit code of a benchmark with a goal."""
    return 0 if as_said else 1


def _measured(measure: Callable[[Progress], F], json_file: Path | None) -> F:
    """The figures, when they are printed."""
    with progress() as report:
        figures = measure(report)
    put_figures(figures, json_file)
    return figures


@click.command()
@click.option("--keep", is_flag=True, help="Leave it running at the end, for a browser, until Ctrl-C.")
@click.option(
    "--books",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Only build the book's repositories in DIR, which must be empty or new, to try other commands on.",
)
def demo(keep: bool, books: Path | None) -> int:
    """See the bot at work: a small book and two translations, on a small GitHub that runs on this machine."""
    if books is not None and keep:
        raise click.UsageError("--books runs nothing that could be kept: leave --keep out")
    if books is not None:
        return _build_books(books)
    from bot.demo import run_demo

    return run_demo(console(), _until_interrupted if keep else None)


def _build_books(folder: Path) -> int:
    from bot.sandbox.repositories import build

    if folder.is_dir() and any(folder.iterdir()):
        raise click.BadParameter(f"{folder} is not empty: name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    made = build(folder)
    put_text("".join(f"{path}\n" for path in (made.source, *made.targets.values())))
    return 0


def _until_interrupted() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        note("ending …")
