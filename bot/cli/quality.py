"""`amts quality`: what review made of the drafts, month by month, and which cohorts lag behind."""

from __future__ import annotations

import csv
import importlib
import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

import click
from rich.table import Table
from rich.text import Text

from bot.cli.output import STDOUT, json_option, note, one_line, put_json, put_tables, put_text
from bot.cohorts import LEAST_SECTIONS, LEAST_SEGMENTS, Lagging
from bot.ledger import MAX_BYTES, PATH, Entry, LedgerError, read, too_large
from bot.quality import Quality
from bot.quality import quality as quality_of
from bot.records import REF
from bot.trend import BY_HAND, FROM_NOTHING, Figures, Row
from sync.languages import language as find_language
from sync.model import AmtsError
from sync.repos import Repository, RepositoryError

_NOTHING = "–"
_MOST_LANGUAGES = 20
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would take for one


class QualityError(AmtsError):
    """A repository without a ledger."""


_file = click.Path(path_type=Path, allow_dash=True, dir_okay=False)


@click.command()
@click.argument("repositories", nargs=-1, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--language", "-l", metavar="CODE", help="Only this language.")
@json_option
@click.option("--csv", "csv_file", type=_file, is_flag=False, flag_value="-", metavar="[FILE]", help="Trend as CSV.")
@click.option(
    "--jsonl", "jsonl_file", type=_file, is_flag=False, flag_value="-", metavar="[FILE]", help="Trend as JSON Lines."
)
@click.option("--ledger", is_flag=True, help="With --csv or --jsonl: every entry of the ledger, not the trend.")
@click.option("--charts", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Charts, SVG and PNG.")
def quality(
    repositories: tuple[Path, ...],
    language: str | None,
    json_file: Path | None,
    csv_file: Path | None,
    jsonl_file: Path | None,
    ledger: bool,
    charts: Path | None,
) -> int:
    """What reviewers made of the drafts: effort, BLEU, and which languages and chapters lag behind.

    REPOSITORIES are clones of translations (`git fetch origin '+refs/amts/*:refs/amts/*'` brings their ledger). Without
    any, those that the bot on this machine keeps mirrors of, below AMTS_HOME.
    """
    if [json_file, csv_file, jsonl_file].count(STDOUT) > 1:
        raise click.UsageError("only one of --json, --csv and --jsonl can go to standard output: name a file")
    if ledger and csv_file is None and jsonl_file is None:
        raise click.UsageError("--ledger says what --csv or --jsonl write: add one of them")
    code = None if language is None else find_language(language).code
    every, complete = _gather(repositories or _mirrors())
    entries = [entry for entry in every if code in (None, entry.language)]
    if not entries and complete:
        note(_nothing(every, code))
    found = quality_of(entries)
    rows = [asdict(entry) for entry in entries] if ledger else [_row_json(row) for row in found.rows]
    if json_file is not None:
        put_json(found.to_json(), json_file)
    if csv_file is not None:
        put_text(_as_csv(rows), csv_file)
    if jsonl_file is not None:
        put_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), jsonl_file)
    if charts is not None and entries:
        _write_charts(found, charts)
    if entries and STDOUT not in (json_file, csv_file, jsonl_file):
        _show(found)
    return 0 if complete else 1


def _nothing(every: Sequence[Entry], code: str | None) -> str:
    if not every:
        return "nothing that AMTS drafted was merged yet"
    known = sorted({entry.language for entry in every})
    more = f" and {len(known) - _MOST_LANGUAGES} more" if len(known) > _MOST_LANGUAGES else ""
    return f"no merges in {code}: the ledger has {', '.join(known[:_MOST_LANGUAGES])}{more}"


def _mirrors() -> list[Path]:
    """The mirrors of the bot that have a ledger."""
    home = Path(os.environ.get("AMTS_HOME") or "amts-data").absolute()
    places = sorted((home / "mirrors").glob("*/*.git"))
    if not places:
        raise QualityError(f"the bot has no mirrors in {home}: set AMTS_HOME, or name clones of translations")
    return [place for place in places if _has_ledger(place)]


def _has_ledger(place: Path) -> bool:
    try:
        repository = Repository(place)
    except RepositoryError:  # what is wrong with it is told where it is read
        return True
    with repository:
        try:
            return PATH in repository.tree(repository.resolve(REF))
        except RepositoryError:  # an upstream, or a translation that the bot has not drafted yet
            return False


def _gather(places: Sequence[Path]) -> tuple[list[Entry], bool]:
    """The entries of all clones, and whether all could be read; of several, what could not is told.

    Raises RepositoryError, LedgerError, QualityError where there is but one.
    """
    entries: list[Entry] = []
    complete = True
    for place in places:
        try:
            found, bad = _entries(place)
        except AmtsError as error:
            if len(places) == 1:
                raise
            found, bad = (), (f"error: {error}",)
        entries.extend(found)
        complete = complete and not bad
        for line in bad:
            note(line)
    return entries, complete


def _entries(path: Path) -> tuple[Sequence[Entry], Sequence[str]]:
    """The ledger of a clone, and what is said of its bad lines. Raises RepositoryError, LedgerError, QualityError."""
    with Repository(path) as repository:
        try:
            tree = repository.tree(repository.resolve(REF))
        except RepositoryError:
            raise QualityError(
                f"{path} has no {REF}: git fetch origin '+refs/amts/*:refs/amts/*' brings it, where AMTS works"
            ) from None
        if PATH not in tree:
            return (), ()
        if tree[PATH].size > MAX_BYTES:
            raise LedgerError(too_large(str(path)))
        return read(repository.read(tree[PATH].blob), str(path))


def _row_json(row: Row) -> dict[str, object]:
    return {"by": row.by, "name": row.name, "month": row.month, **row.figures.to_json()}


def _as_csv(rows: Sequence[Mapping[str, object]]) -> str:
    stream = io.StringIO(newline="")
    if rows:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(rows[0])
        writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return stream.getvalue()


def _cell(value: object) -> object:
    """A value of CSV: no text that a spreadsheet would run, nothing for None."""
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False)
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _write_charts(found: Quality, folder: Path) -> None:
    charts = load_charts()
    folder.mkdir(parents=True, exist_ok=True)
    lagging = {it.name for it in found.lagging if it.by == "chapter"}
    made = {"over-time": charts.over_time(found.rows), "chapters": charts.by_chapter(found.rows, lagging)}
    for name, chart in made.items():
        for form in ("svg", "png"):
            charts.write_chart(chart, folder / f"{name}.{form}")


def load_charts() -> ModuleType:
    """The module that draws charts. Raises UsageError where matplotlib is missing."""
    try:
        return importlib.import_module("bot.charts")
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("matplotlib"):
            raise
        raise click.UsageError("charts need an extra: pip install 'amts[charts]'") from None


def _show(found: Quality) -> None:
    put_tables([_trend(found), _chapters(found), _lagging(found)])
    compared = f"{found.judged} languages and chapters were compared with the rest"
    few = f"{LEAST_SEGMENTS} segments in {LEAST_SECTIONS} merged sections"
    put_text(
        f"Effort: characters changed / characters merged, in what AMTS wrote or left waiting.\n"
        f"Saved (a): {FROM_NOTHING}.\nSaved (b): {BY_HAND}.\n"
        f"Waited: left to a translator. Still wait: those of them that are not done; they count in no share, effort or "
        f"score, and are told only here and among the segments.\n"
        f"{compared}; {found.too_few} have fewer than {few} and were not. "
        f"That there are many comparisons is not corrected for.\n"
        f"{_signatures(found)}"
    )


def _signatures(found: Quality) -> str:
    known = sorted({one for row in found.rows for one in row.figures.signature.split()})
    several = f" Of several together there is no mean: {_NOTHING}." if len(known) > 1 else ""
    return f"BLEU, by sacreBLEU: {', '.join(known)}.{several}\n" if known else ""


_HEADINGS = (
    "merges", "segments", "accepted unchanged", "waited", "still wait", "effort", "saved (a)", "saved (b)",
    "BLEU", "chrF", "TER",
)  # fmt: skip


def _trend(found: Quality) -> Table:
    table = Table("by", "", "month", title="Review of drafts by month")
    for heading in _HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in found.rows:
        if row.by != "chapter":
            table.add_row(row.by, _name(row.name), Text(row.month or "all"), *_cells(row.figures))
    return table


def _chapters(found: Quality) -> Table:
    table = Table("chapter", title="Review of drafts by chapter, all months")
    for heading in _HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in found.rows:
        if row.by == "chapter" and not row.month:
            table.add_row(_name(row.name), *_cells(row.figures))
    return table


def _cells(it: Figures) -> list[str]:
    return [
        str(it.pull_requests),
        str(it.segments),
        _percent(it.accepted_share),
        str(it.waiting),
        str(it.undone),
        _percent(it.effort),
        _percent(it.saved_from_nothing),
        _percent(it.saved_by_hand),
        *(_NOTHING if score is None else f"{score:.{digits}f}" for score, digits in
          ((it.bleu, 3), (it.chrf, 1), (it.ter, 1))),
    ]  # fmt: skip


def _lagging(found: Quality) -> Table:
    table = Table(title="Lagging behind: effort whose 95 % interval lies above the rest")
    for heading in ("cohort", "effort (95 %)", "the rest", "share of the work", "more examples would help most in"):
        table.add_column(heading, overflow="fold")
    for it in found.lagging:
        low, high = it.interval
        table.add_row(
            _name(it.name),
            f"{_percent(it.figures.effort)} ({_percent(low)}–{_percent(high)}), n = {it.figures.segments}",
            _percent(it.rest.effort),
            f"{_percent(it.share)}; {it.spared:,} characters above the rest",
            _name(_help(it)),
        )
    return table


def _help(it: Lagging) -> str:
    sections = ", ".join(f"{path} ({characters:,} characters)" for path, characters in it.sections.items())
    terms = ", ".join(f"{word} ({count})" for word, count in it.terms.items())
    return f"{sections or _NOTHING}; terms: {terms or _NOTHING}"


def _name(name: str) -> Text:
    """What a ledger calls something: no styles, no control characters."""
    return Text(one_line(name))


def _percent(share: float | None) -> str:
    return _NOTHING if share is None else f"{100 * share:.1f} %"
