"""`amts bench replays` and `amts bench mine`: real updates, done in every way that is there."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click
from rich.console import Console
from rich.table import Table

from bot.bench.replay import Replay, read_replays, without_meta, write_replay
from bot.cli.output import PIPE_WIDTH, Dollars, json_option, note, progress, put_figures
from bot.cli.quality import load_charts
from bot.settings import for_benchmark, read_settings
from sync.config import Engine
from sync.engines import Knowledge, create, one_purse
from sync.model import Cost

_MAX_COST = 5.0  # US dollars
Command = TypeVar("Command", bound=Callable[..., int])
folder = click.Path(path_type=Path, exists=True, file_okay=False)


def _drawable(context: click.Context, parameter: click.Parameter, file: Path | None) -> Path | None:
    """Refuse a chart that cannot be written before any work is done. Raises ChartError, UsageError."""
    if file is not None:
        load_charts().form_of(file)
        if not file.parent.is_dir():
            raise click.BadParameter(f"{file.parent} is no folder: make it first", context, parameter)
    return file


def on_replays(command: Command) -> Command:
    """The options of a command that does replays."""
    for option in (
        json_option,
        click.option("--yes", is_flag=True, help="Spend what it costs without asking."),
        click.option(
            "--max-cost", type=Dollars(), metavar="DOLLARS",
            help="Refuse to spend more.  [default: 5, where a price is known]",
        ),
        click.option(
            "--chart", type=click.Path(path_type=Path, dir_okay=False), callback=_drawable,
            help="Draw it: .svg or .png.",
        ),
        click.option(
            "--engine", "engines", multiple=True, default=("none", "memory"), show_default=True, metavar="NAME",
            help="What drafts; repeatable.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


@click.command()
@click.argument("directory", type=folder)
@on_replays
def replays(
    directory: Path,
    engines: tuple[str, ...],
    chart: Path | None,
    max_cost: float | None,
    yes: bool,
    json_file: Path | None,
) -> int:
    """Do the real updates below DIRECTORY and compare with what the translators merged.

    Beside each other: the old translation left alone, a draft with each engine, one with the translators' own
    sentences, and po4a where it is installed.
    """
    told, limit = _told(engines, max_cost)
    incomplete = without_meta(directory)
    for place in incomplete:
        note(f"left out: {place}: it has no meta.json")
    return max(_bench(read_replays(directory), told, chart, limit, yes, json_file), int(bool(incomplete)))


@click.command()
@click.argument("repository", type=folder)
@click.option("--language", "-l", metavar="CODE", help="Of the translation, where its settings do not say it.")
@click.option("--to", "target", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Keep them here.")
@click.option("--only", is_flag=True, help="Mine only, and do not measure: with --to.")
@on_replays
def mine(
    repository: Path,
    language: str | None,
    target: Path | None,
    only: bool,
    engines: tuple[str, ...],
    chart: Path | None,
    max_cost: float | None,
    yes: bool,
    json_file: Path | None,
) -> int:
    """Make replays of the history of REPOSITORY, a translation, and do them.

    They are the commits that changed X_origin.md and X.md together, on any branch.
    """
    from bot.bench.mine import mine as mine_repository

    if only and target is None:
        raise click.UsageError("--only keeps the replays and nothing else: say where, with --to")
    told, limit = _told(engines, max_cost)
    with progress() as report:
        found = mine_repository(repository, language, report)
    if target is not None:
        for replay in found.replays:
            write_replay(replay, target)
    for name, why in found.left_out.items():
        note(f"left out: {name}: {why}")
    note(f"{len(found.replays)} updates found, {len(found.left_out)} left out")
    if only:
        put_figures(found, json_file)
        return 0
    return _bench(found.replays, told, chart, limit, yes, json_file)


def _told(names: Sequence[str], max_cost: float | None) -> tuple[list[Engine], float]:
    """The engines, with what the environment says of them, and the limit. Raises EngineError, SettingsError."""
    settings = read_settings(os.environ)
    found: list[Engine] = []
    limit = _MAX_COST
    for name in dict.fromkeys(names):
        # A section alone is no book whose sentence pairs would be kept at a service.
        options = {"act": "never"} if name == "amazon" else {}
        engine, limit = for_benchmark(Engine(name, options), settings, max_cost, _MAX_COST)
        create(engine.name, Knowledge(), engine.options)  # what is not set up is told before any work is done
        found.append(engine)
    return found, limit


def _bench(
    cases: Sequence[Replay],
    engines: Sequence[Engine],
    chart: Path | None,
    limit: float,
    yes: bool,
    json_file: Path | None,
) -> int:
    from bot.bench.replays import bench_replays, estimate_replays

    charts = load_charts() if chart is not None else None
    with progress() as report:
        cost = estimate_replays(cases, engines, report)
    if not agreed(cost, _cost_table(cost), limit, yes):
        note("nothing was sent")
        return 1
    with progress() as report, one_purse():
        figures = bench_replays(cases, engines, report)
    put_figures(figures, json_file)
    if charts is not None:
        charts.write_chart(charts.gains(figures.gains()), chart)
    return 1 if figures.failures else 0


def _cost_table(cost: Cost | None) -> Table:
    table = Table("characters", "billed at most", "dollars")
    if cost is not None:
        table.add_row(f"{cost.characters:,}", f"{cost.billed:,}", f"${cost.dollars:,.2f}")
    return table


def agreed(cost: Cost | None, table: Table, limit: float, yes: bool) -> bool:
    """Whether what a benchmark costs may be spent; whoever is at the terminal is shown `table` and asked.

    Nothing is asked where it costs nothing. Raises UsageError over the limit, and where there is nobody to ask.
    """
    if cost is None or cost.characters == 0:
        return True
    # Not to standard output, where only the figures go.
    Console(stderr=True, width=None if sys.stderr.isatty() else PIPE_WIDTH).print(table)
    if cost.dollars > limit:
        raise click.UsageError(
            f"this would cost ${cost.dollars:,.2f}, over the limit of ${limit:,.2f}, and nothing was sent: "
            "ask for less, or raise --max-cost and AMTS_MAX_COST"
        )
    if yes:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError(f"this costs ${cost.dollars:,.2f}, and there is no terminal to ask on: add --yes")
    return click.confirm(f"Spend ${cost.dollars:,.2f}?", err=True)
