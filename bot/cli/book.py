"""The commands that work on git repositories: `amts sync` and `amts status`."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TypeVar

import click
from rich.table import Table
from rich.text import Text

from bot.cli.output import STDOUT, Dollars, json_option, note, one_line, progress, put_json, put_tables, put_text
from bot.messages import pull_request, report_json
from bot.settings import read_settings, with_limit, with_settings
from sync import config
from sync.bases import read_text
from sync.config import Config, Engine
from sync.engines import PAID, check, create, rehearse
from sync.languages import language as find_language
from sync.model import SectionState, SyncReport
from sync.pipeline import sync_translation
from sync.publish import Publish, to_branch, to_folder, to_nowhere
from sync.repos import Repository
from sync.status import SectionStatus
from sync.status import status as status_of

Command = TypeVar("Command", bound=Callable[..., int])

repository = click.Path(path_type=Path)


def on_translation(command: Command) -> Command:
    """The arguments of a command that works on a source and its translation."""
    checked_out = "[default: what is checked out]"
    for parameter in (
        click.option("--target-revision", default="HEAD", metavar="REV", help=f"Of TARGET.  {checked_out}"),
        click.option("--source-revision", default="HEAD", metavar="REV", help=f"Of SOURCE.  {checked_out}"),
        click.option("--language", "-l", metavar="CODE", help="Language of TARGET, where its settings do not say it."),
        click.argument("target", type=repository),
        click.argument("source", type=repository),
    ):
        command = parameter(command)
    return command


@click.command()
@on_translation
@click.option("--section", "sections", multiple=True, metavar="PATH", help="Only this section; repeatable.")
@click.option("--engine", metavar="NAME", help="What translates the changed sentences.  [default: as in its settings]")
@click.option("--no-act", is_flag=True, help="Engine amazon: without Active Custom Translation, cheaper.")
@click.option(
    "--max-cost", type=Dollars(), metavar="DOLLARS", help="Refuse to spend more, with an engine that is paid for."
)
@json_option
@click.option("--dry-run", is_flag=True, help="Write nothing, and send nothing that costs: only say what it would.")
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), help="Write the drafts as files below it.")
def sync(
    source: Path,
    target: Path,
    language: str | None,
    source_revision: str,
    target_revision: str,
    sections: tuple[str, ...],
    engine: str | None,
    no_act: bool,
    max_cost: float | None,
    json_file: Path | None,
    dry_run: bool,
    output: Path | None,
) -> int:
    """Draft every section of the translation TARGET that lags behind SOURCE.

    The drafts are committed to the branch amts/sync of TARGET; its work tree and index stay as they are.
    Prints the text of the pull request.
    """
    if dry_run and output is not None:
        raise click.UsageError("--dry-run writes nothing, so it goes without --output")
    with Repository(source) as english, Repository(target) as translation:
        settings = read_config(translation, target_revision, language)
        if engine is not None and engine != settings.engine.name:
            settings = replace(settings, engine=Engine(engine))
        chosen = _told(settings.engine, no_act, max_cost)
        settings = replace(settings, engine=with_settings(chosen, read_settings(os.environ)))
        with progress() as report_progress:
            report = sync_translation(
                english,
                translation,
                settings,
                _publisher(translation, dry_run, output),
                source_revision=source_revision,
                target_revision=target_revision,
                sections=sections,
                make=rehearse if dry_run else create,
                progress=report_progress,
            )
    if json_file is not None:
        put_json(report_json(report), json_file)
    if json_file != STDOUT:
        title, body = pull_request(report)
        put_text(f"{title}\n\n{body}")
    return _tell_errors(report)


def _told(engine: Engine, no_act: bool, max_cost: float | None) -> Engine:
    """An engine with what the command line says of it."""
    if no_act and engine.name != "amazon":
        raise click.UsageError(f"--no-act is for the engine amazon, not for {engine.name}")
    if max_cost is not None and engine.name not in PAID:
        raise click.UsageError(f"--max-cost is for engines that are paid for, not for {engine.name}")
    if no_act:
        engine = replace(engine, options={**engine.options, "act": "never"})
    return engine if max_cost is None else with_limit(engine, max_cost)


def _tell_errors(report: SyncReport) -> int:
    """The exit code; each error on a line, one that many sections share only once."""
    errors: dict[str, list[str]] = {}
    for section in report.sections:
        if section.error is not None:
            errors.setdefault(section.error, []).append(section.path)
    for error, paths in errors.items():
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        note(f"error: {paths[0]}{more}: {error}")
    return 1 if errors else 0


def _publisher(target: Repository, dry_run: bool, output: Path | None) -> Publish:
    if dry_run:
        return to_nowhere
    return to_branch(target) if output is None else to_folder(output)


def read_config(target: Repository, revision: str, language: str | None) -> Config:
    """The settings of a translation repository at a revision, its defaults where it has none.

    Raises click.UsageError where they name another language.
    """
    tree = target.tree(target.resolve(revision))
    text = read_text(target, config.PATH, tree[config.PATH]) if config.PATH in tree else ""
    settings = config.load(text)
    if not language:
        return settings
    code = find_language(language).code
    if settings.language not in (None, code):
        raise click.UsageError(
            f"--language {code}: {config.PATH} of {target.label} says {settings.language}: leave --language out"
        )
    return replace(settings, language=code)


@click.command()
@on_translation
@json_option
def status(
    source: Path,
    target: Path,
    language: str | None,
    source_revision: str,
    target_revision: str,
    json_file: Path | None,
) -> int:
    """Show how every section of the translation TARGET stands to SOURCE."""
    with Repository(source) as english, Repository(target) as translation, progress() as report_progress:
        settings = read_config(translation, target_revision, language)
        engine = with_settings(settings.engine, read_settings(os.environ))
        check(engine.name, engine.options)  # or a sync would be the first to refuse it
        sections = status_of(
            english,
            translation,
            settings,
            source_revision=source_revision,
            target_revision=target_revision,
            progress=report_progress,
        )
    if json_file is not None:
        put_json({"sections": [asdict(section) for section in sections], "totals": _totals(sections)}, json_file)
    if json_file != STDOUT:
        put_tables([_section_table(sections), _total_table(sections)])
    return 1 if any(section.error for section in sections) else 0


def _totals(sections: Sequence[SectionStatus]) -> dict[str, object]:
    states = Counter(section.state for section in sections)
    return {
        "sections": {state.value: states[state] for state in SectionState},
        "segments": sum(section.segments or 0 for section in sections),
        "errors": sum(section.error is not None for section in sections),
    }


def _section_table(sections: Sequence[SectionStatus]) -> Table:
    table = Table("section", "state")
    for heading in ("commits", "segments"):
        table.add_column(heading, justify="right")
    table.add_column("notes", overflow="fold")
    for section in sections:
        said = [section.error] if section.error else section.notes
        # Paths and notes come from the repositories: no styles, no control characters.
        table.add_row(
            Text(one_line(section.path)),
            section.state.value,
            *("–" if number is None else str(number) for number in (section.commits, section.segments)),
            Text(one_line("; ".join(said))),
        )
    return table


def _total_table(sections: Sequence[SectionStatus]) -> Table:
    table = Table("in total", "sections")
    table.columns[1].justify = "right"
    for state, number in Counter(section.state for section in sections).items():
        table.add_row(state.value, str(number))
    table.add_row("segments behind", str(sum(section.segments or 0 for section in sections)))
    return table
