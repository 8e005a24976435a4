"""The commands that work on files, without git: `amts draft`, `segments`, `align`, `score`."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import click
from rich.table import Table

from bot.cli.output import (
    STDOUT,
    json_option,
    note,
    output_option,
    progress,
    put_json,
    put_tables,
    put_text,
)
from bot.counts import count_segments, draft_json
from bot.files import FileError, Pair, PairFiles, pairs_between, pairs_in, read_text
from bot.settings import read_settings, with_settings
from sync.config import Engine
from sync.drafts import check_texts
from sync.engines import Knowledge, create
from sync.languages import language as find_language
from sync.lexicon import Lexicon
from sync.markdown import parse
from sync.memory import read_units, write_units
from sync.model import AmtsError, Block, Draft, Segment, TranslationUnit
from sync.pipeline import draft_section
from sync.score import ScoreError, bleu, chrf, prose_pairs, prose_text, ter
from sync.units import translation_units

Granularity = Literal["sentence", "paragraph"]

path = click.Path(path_type=Path)
language_option = click.option(
    "--language", "-l", required=True, metavar="CODE", help="Language of the translation, such as zh."
)


@click.command()
@click.argument("old_source", type=path)
@click.argument("new_source", type=path)
@click.argument("old_translation", type=path)
@language_option
@output_option
@json_option
@click.option("--memory", "memories", type=path, multiple=True, help="More translation memory: CSV, TSV, TMX.")
@click.option("--memory-from", "folders", type=path, multiple=True, help="More: pairs X_origin.md, X.md.")
@click.option("--engine", default="memory", show_default=True, help="What translates the changed sentences.")
def draft(
    old_source: Path,
    new_source: Path,
    old_translation: Path,
    language: str,
    output: Path,
    json_file: Path | None,
    memories: tuple[Path, ...],
    folders: tuple[Path, ...],
    engine: str,
) -> int:
    """Draft the update of one section: OLD_TRANSLATION was made from OLD_SOURCE, which is now NEW_SOURCE.

    With --json - the draft goes to standard output only inside the JSON.
    """
    code = find_language(language).code
    old, new, target = read_text(old_source), read_text(new_source), read_text(old_translation)
    check_texts(old, new, target, code)
    units = _units(Pair(str(old_translation), old, target), code, "sentence")
    for file in memories:
        units.extend(read_units(file, code))
    failed = False
    for folder in folders:
        more, complete = _units_of(pairs_in(folder), code, "sentence")
        units.extend(more)
        failed |= not complete
    translator = create(engine, Knowledge(tuple(units)), _options(engine))
    drafted = draft_section(old, new, target, code, translator, Lexicon.learn(units, code))
    if json_file is not None:
        put_json(draft_json(drafted), json_file)
    if json_file != STDOUT or output != STDOUT:
        put_text(drafted.text, output)
    _tell(drafted)
    return 1 if failed else 0


def _options(engine: str) -> Mapping[str, object]:
    """What an engine is told. A single section is no book whose sentence pairs would be kept at a service."""
    told = {"act": "never"} if engine == "amazon" else {}
    return with_settings(Engine(engine, told), read_settings(os.environ)).options


def _tell(drafted: Draft) -> None:
    counts = count_segments([drafted])
    note("segments: " + ", ".join(f"{number} {name}" for name, number in counts.items()))
    for remark in drafted.notes:
        note(remark)


@click.command()
@click.argument("file", type=path)
@click.option("--language", "-l", default="en", show_default=True, metavar="CODE", help="Language of FILE.")
@json_option
def segments(file: Path, language: str, json_file: Path | None) -> int:
    """List the blocks, segments and protected tokens of FILE with their spans, in characters."""
    section = parse(read_text(file), find_language(language).code)
    if json_file is not None:
        put_json({"blocks": [_block_json(block) for block in section.blocks]}, json_file)
    if json_file != STDOUT:
        put_text("".join(_block_lines(block) for block in section.blocks))
    return 0


def _block_json(block: Block) -> dict[str, object]:
    return {
        "kind": block.kind.value,
        "start": block.start,
        "end": block.end,
        "segments": [_segment_json(segment) for segment in block.segments],
    }


def _segment_json(segment: Segment) -> dict[str, object]:
    return {
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "protected": [
            {"start": token.start, "end": token.end, "kind": token.kind.value} for token in segment.protected
        ],
    }


def _block_lines(block: Block) -> str:
    lines = [f"{block.start}-{block.end} {block.kind.value}"]
    for segment in block.segments:
        lines.append(f"  {segment.start}-{segment.end} {segment.text!r}")
        lines += [f"    {token.start}-{token.end} {token.kind.value} {token.text!r}" for token in segment.protected]
    return "\n".join(lines) + "\n"


@click.command()
@click.argument("origin", type=path)
@click.argument("translation", type=path)
@language_option
@click.option("--granularity", type=click.Choice(["sentence", "paragraph"]), default="sentence", show_default=True)
@click.option("--format", "form", type=click.Choice(["csv", "tsv", "tmx", "json"]), default="csv", show_default=True)
@output_option
def align(origin: Path, translation: Path, language: str, granularity: Granularity, form: str, output: Path) -> int:
    """List the translation units of two files or two folders.

    Two folders are parallel: the same path in both. The same folder twice holds pairs X_origin.md, X.md.
    """
    code = find_language(language).code
    if origin.is_dir() != translation.is_dir():
        raise FileError(f"{origin} and {translation}: name two files or two folders")
    if origin.is_dir():
        units, complete = _units_of(pairs_between(origin, translation), code, granularity)
    else:
        pair = Pair(str(translation), read_text(origin), read_text(translation))
        units, complete = _units(pair, code, granularity), True
    stream = io.StringIO(newline="")
    write_units(units, stream, form, code)
    put_text(stream.getvalue(), output)
    return 0 if complete else 1


def _units(pair: Pair, language: str, granularity: Granularity) -> list[TranslationUnit]:
    return translation_units(parse(pair.source), parse(pair.target, language), granularity, pair.path)


def _units_of(
    files: Iterable[PairFiles], language: str, granularity: Granularity
) -> tuple[list[TranslationUnit], bool]:
    """The units of all pairs, and whether all could be read; those that could not are told."""
    units: list[TranslationUnit] = []
    complete = True
    places = list(files)
    with progress() as report:
        for number, place in enumerate(places):
            report("aligning", number, len(places))
            try:
                units.extend(_units(place.read(), language, granularity))
            except AmtsError as error:
                complete = False
                note(f"error: {place.path}: {error}")
    return units, complete


@click.command()
@click.argument("hypothesis", type=path)
@click.argument("reference", type=path)
@language_option
@json_option
def score(hypothesis: Path, reference: Path, language: str, json_file: Path | None) -> int:
    """Score the prose of HYPOTHESIS against REFERENCE: BLEU on 0-1, chrF and TER, with signatures."""
    code = find_language(language).code
    first, second = (parse(read_text(file), code) for file in (hypothesis, reference))
    texts = [prose_text(first)], [prose_text(second)]
    if not any(texts[1]):
        raise ScoreError(f"there is no prose to score in {reference}")
    scores = {
        "BLEU": bleu(*texts, code),
        "chrF": chrf(*texts),
        "TER": ter(*prose_pairs(first, second), code),
    }
    if json_file is not None:
        values = {name: {"value": it.value, "signature": it.signature} for name, it in scores.items()}
        put_json(values, json_file)
    if json_file != STDOUT:
        table = Table("metric", "value", "signature")
        for name, it in scores.items():
            table.add_row(name, f"{it.value:.4f}", it.signature)
        put_tables([table])
    return 0
