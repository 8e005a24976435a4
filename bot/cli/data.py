"""`amts parallel-data`: the translation units of a whole translation repository, ready for an engine."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from bot.cli.book import read_config
from bot.cli.output import STDOUT, json_option, note, output_option, progress, put_json, put_text
from bot.cli.section import Granularity
from bot.files import PairFiles, pairs_in
from sync.bases import read_text
from sync.book import open_book
from sync.cleaning import ParallelData, clean
from sync.config import Config
from sync.faults import unexpected
from sync.languages import language as find_language
from sync.markdown import parse
from sync.memory import read_units, write_units
from sync.model import AmtsError, SectionError, TranslationUnit
from sync.parallel_data import FORMATS, ParallelDataError
from sync.repos import Repository
from sync.sections import Pair, read_pairs
from sync.units import translation_units


@dataclass(frozen=True, slots=True)
class _Place:
    """A section: the path of its translation, and how to read the English it was made from and the translation."""

    path: str
    read: Callable[[], tuple[str, str]]


path = click.Path(path_type=Path)


@click.command(name="parallel-data")
@click.argument("target", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--language", "-l", required=True, metavar="CODE", help="Language of TARGET, such as zh.")
@output_option
@click.option(
    "--format", "form", type=click.Choice(FORMATS[:3]), default="csv", show_default=True, help="Of the result."
)
@click.option(
    "--granularity", type=click.Choice(["sentence", "paragraph"]), default="sentence", show_default=True,
    help="Pairs of sentences give the better translations.",
)  # fmt: skip
@click.option("--add", "added", type=path, multiple=True, metavar="FILE", help="More pairs: CSV, TSV, TMX; repeatable.")
@click.option("--test-set", type=path, metavar="FILE", help="Write the pairs that are held out: CSV, TSV, TMX, JSON.")
@click.option("--source", type=path, help="The repository of the English, where TARGET keeps no origins.")
@json_option
def parallel_data(
    target: Path,
    language: str,
    output: Path,
    form: str,
    granularity: Granularity,
    added: tuple[Path, ...],
    test_set: Path | None,
    source: Path | None,
    json_file: Path | None,
) -> int:
    """Extract the translation units of TARGET as parallel data for an engine.

    TARGET is a git repository, read at its HEAD, or a folder of pairs X_origin.md and X.md. With --json - the
    parallel data are written only where --output names a file.
    """
    code = find_language(language).code
    held_out_form = _form_of(test_set)
    with _opened(target, source, code) as (places, source_language):
        older = [unit for file in added for unit in read_units(file, code, source_language)]
        units, complete = _aligned(places, code, source_language, granularity)
    data = clean([*older, *units], code, source_language)
    if json_file != STDOUT or output != STDOUT:
        put_text(_written(data.units, form, data), output)
    if test_set is not None:
        put_text(_written(data.held_out, held_out_form, data), test_set)
    if json_file is not None:
        put_json(_as_json(data, granularity, len(places)), json_file)
    _tell(data)
    return 0 if complete else 1


def _form_of(file: Path | None) -> str:
    form = file.suffix.lower().removeprefix(".") if file is not None else FORMATS[0]
    if form not in FORMATS:
        raise ParallelDataError(f"{file}: its name must end in {', '.join(f'.{known}' for known in FORMATS)}")
    return form


@contextmanager
def _opened(target: Path, source: Path | None, language: str) -> Iterator[tuple[Sequence[_Place], str]]:
    """The sections of a translation, those that changed longest ago first, and the language of the source."""
    is_repository = (target / ".git").exists() or (target / "HEAD").is_file()
    if not is_repository:
        if source is not None:
            raise click.UsageError("--source goes with a git repository: a folder holds its origins itself")
        yield [_Place(pair.path, partial(_pair_texts, pair)) for pair in pairs_in(target)], Config().source_language
        return
    with ExitStack() as stack:
        translation = stack.enter_context(Repository(target))
        settings = read_config(translation, "HEAD", language)
        commit = translation.resolve()
        if source is None:
            places = _beside_origins(translation, commit, settings)
        else:
            places = _with_sources(stack.enter_context(Repository(source)), translation, commit, settings)
        changed = translation.last_changed(commit)
        yield sorted(places, key=lambda place: (changed.get(place.path, 0), place.path)), settings.source_language


def _pair_texts(files: PairFiles) -> tuple[str, str]:
    pair = files.read()
    return pair.source, pair.target


def _beside_origins(target: Repository, commit: str, settings: Config) -> list[_Place]:
    """The sections that have their origin beside them."""
    tree = target.tree(commit)
    sources = {path: source for path in tree if (source := settings.layout.source_path(path)) is not None}
    wanted = set(settings.sections(list(sources.values())))
    translations = [path for path, source in sources.items() if source in wanted]
    origins = {path: settings.layout.origin_path(path) for path in translations}

    def read(path: str, origin: str) -> tuple[str, str]:
        return read_text(target, origin, tree[origin]), read_text(target, path, tree[path])

    places = [_Place(path, partial(read, path, origin)) for path, origin in origins.items() if origin in tree]
    if not places:
        raise SectionError(f"no section of {target.path} has its English beside it: name its repository with --source")
    if without := len(translations) - len(places):
        note(f"{without} sections without their English beside them left out: --source names where it is")
    return places


def _with_sources(source: Repository, target: Repository, commit: str, settings: Config) -> list[_Place]:
    """The sections with the English they were made from, found as `amts sync` finds it."""
    book = open_book(source, target, source.resolve(), commit, settings)

    def read(pair: Pair) -> tuple[str, str]:
        if pair.error is not None:
            raise SectionError(pair.error)
        return pair.old_source, pair.old_target

    with progress() as report:
        pairs = read_pairs(book, report)
    return [
        _Place(pair.path, partial(read, pair)) for pair in pairs if pair.error or (pair.old_source and pair.old_target)
    ]


def _aligned(
    places: Sequence[_Place], language: str, source_language: str, granularity: Granularity
) -> tuple[list[TranslationUnit], bool]:
    """The units of all sections, and whether all could be read; those that could not are told."""
    units: list[TranslationUnit] = []
    complete = True
    with progress() as report:
        for number, place in enumerate(places):
            report("aligning", number, len(places))
            try:
                source, target = place.read()
                units += translation_units(
                    parse(source, source_language), parse(target, language), granularity, place.path
                )
            except Exception as error:
                complete = False
                reason = str(error) if isinstance(error, AmtsError) else unexpected(error)
                note(f"error: {place.path}: {reason}")
    return units, complete


def _written(units: Sequence[TranslationUnit], form: str, data: ParallelData) -> str:
    stream = io.StringIO()
    write_units(units, stream, form, data.language, data.source_language)
    return stream.getvalue()


def _as_json(data: ParallelData, granularity: Granularity, sections: int) -> dict[str, object]:
    return {
        "source_language": data.source_language,
        "target_language": data.language,
        "granularity": granularity,
        "sections": sections,
        "units": len(data.units),
        "held_out": len(data.held_out),
        "dropped": dict(data.dropped),
        "fingerprint": data.fingerprint,
    }


def _tell(data: ParallelData) -> None:
    """What was kept, held out and dropped, on standard error."""
    rows = [("kept", len(data.units)), ("held out", len(data.held_out))]
    rows += [(f"dropped: {reason}", count) for reason, count in data.dropped.items() if count]
    if sys.stderr.isatty():
        table = Table("translation units", "")
        table.columns[1].justify = "right"
        for name, count in rows:
            table.add_row(name, f"{count:,}")
        Console(stderr=True).print(table)
    else:
        for name, count in rows:
            note(f"{name}: {count}")
    note(f"fingerprint: {data.fingerprint}")
