"""Translation units as files: CSV and TSV (as Amazon Translate takes parallel data), TMX, and JSON."""

from __future__ import annotations

import csv
import importlib
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import TextIO

from sync.inline import fold, strip_marks
from sync.model import AmtsError, Provenance, TranslationUnit

FORMATS = ("csv", "tsv", "tmx", "json")
MAX_BYTES = 100_000_000
MAX_CHARACTERS = 20_000  # of one text; sentences and paragraphs are far shorter

_LINE_END = re.compile(r"\r?\n")


class ParallelDataError(AmtsError):
    """A file of translation units that cannot be read, or a format that is not known."""


def read_units(path: Path, language: str, source_language: str = "en") -> list[TranslationUnit]:
    """The translation units of a file, its format told by its ending; `language` is that of the targets.

    CSV and TSV: the first row holds the language codes, the source first. JSON: as `write_units` writes it.
    Rows that lack either text are left out. Raises ParallelDataError.
    """
    form = path.suffix.lower().removeprefix(".")
    if form not in FORMATS:
        raise ParallelDataError(f"{path}: unknown format {form!r}; its name must end in {_endings()}")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ParallelDataError(f"{path} is larger than {MAX_BYTES // 1_000_000} MB: split it")
        data = path.read_bytes()
    except OSError as error:
        raise ParallelDataError(f"cannot read {path}: {error.strerror or error}") from None
    try:
        return list(_parse(data, form, path.name, language, source_language))
    except AmtsError as error:
        raise ParallelDataError(f"{path}: {error}") from None
    except UnicodeDecodeError as error:
        raise ParallelDataError(f"{path} is not UTF-8 (byte {error.start}): convert it to UTF-8") from None


def write_units(
    units: Iterable[TranslationUnit],
    stream: TextIO,
    format: str,
    language: str,
    source_language: str = "en",
) -> None:
    """Writes units to a text stream as csv, tsv, tmx or json; line ends are `\\n`.

    Only JSON holds confidence, origin and provenance:
    `{"source_language", "target_language", "units": [{"source", "target", "confidence", …}]}`.
    Raises ParallelDataError for another format.
    """
    codes = (source_language, language)
    match format:
        case "csv":
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(codes)
            writer.writerows((unit.source, unit.target) for unit in units)
        case "tsv":
            # No quoting in TSV: a tab would be read as another column.
            rows = (codes, *((unit.source, unit.target) for unit in units))
            stream.writelines("\t".join(fold(text) for text in row) + "\n" for row in rows)
        case "tmx":
            stream.write(_tmx().write_tmx(units, *codes))
        case "json":
            json.dump(
                {
                    "source_language": source_language,
                    "target_language": language,
                    "units": [_fields(unit) for unit in units],
                },
                stream,
                ensure_ascii=False,
                indent=1,
            )
            stream.write("\n")
        case _:
            raise ParallelDataError(f"unknown format {format!r}; known are {', '.join(FORMATS)}")


def _parse(data: bytes, form: str, origin: str, language: str, source_language: str) -> Iterator[TranslationUnit]:
    codes = (source_language, language)
    match form:
        case "tmx":
            return _units(_tmx().read_tmx(data, *codes), origin, language)
        case "json":
            return _read_json(data.decode("utf-8-sig"), origin, *codes)
    text = data.decode("utf-8-sig")
    rows = _csv_rows(text) if form == "csv" else (line.split("\t") for line in _LINE_END.split(text))
    return _units(_read_rows(rows, *codes), origin, language)


def _units(pairs: Iterable[tuple[str, str]], origin: str, language: str) -> Iterator[TranslationUnit]:
    for number, (source, target) in enumerate(pairs, 1):
        if max(len(source), len(target)) > MAX_CHARACTERS:
            raise ParallelDataError(f"unit {number} is longer than {MAX_CHARACTERS} characters: remove it")
        source, target = fold(strip_marks(source)), fold(strip_marks(target), language)
        if source and target:
            yield TranslationUnit(source, target, origin=origin, provenance=Provenance.FILE)


def _csv_rows(text: str) -> Iterator[Sequence[str]]:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        try:
            yield next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise ParallelDataError(f"line {rows.line_num}: {error}") from None


def _read_rows(rows: Iterator[Sequence[str]], source_language: str, language: str) -> Iterator[tuple[str, str]]:
    header = [code.strip() for code in next(rows, ())]
    first = _find(header[:1], source_language)
    column = _find(header[1:], language)
    if first is None or column is None:
        found = ", ".join(code[:20] for code in header[:10]) or "nothing"
        raise ParallelDataError(
            f"the first row must hold language codes, {source_language} first and {language} after it; "
            f"it holds: {found}"
        )
    column += 1
    for row in rows:
        if len(row) > column:
            yield row[0], row[column]


def _find(codes: Sequence[str], language: str) -> int | None:
    """Where `language` stands in `codes`; failing that, the first variant of it (zh-CN for zh)."""
    wanted = language.replace("_", "-").lower()
    tidy = [code.replace("_", "-").lower() for code in codes]
    if wanted in tidy:
        return tidy.index(wanted)
    bases = [code.partition("-")[0] for code in tidy]
    base = wanted.partition("-")[0]
    return bases.index(base) if base in bases else None


def _read_json(text: str, origin: str, source_language: str, language: str) -> Iterator[TranslationUnit]:
    try:
        content = json.loads(text)
        codes = [str(content["source_language"]), str(content["target_language"])]
        if _find(codes[:1], source_language) is None or _find(codes[1:], language) is None:
            raise ParallelDataError(f"holds {codes[0][:20]} to {codes[1][:20]}, not {source_language} to {language}")
        for fields in content["units"]:
            for unit in _units([(str(fields["source"]), str(fields["target"]))], origin, language):
                yield TranslationUnit(
                    unit.source,
                    unit.target,
                    confidence=min(1.0, max(0.0, float(fields.get("confidence", 1.0)))),
                    origin=str(fields.get("origin") or origin),
                    provenance=Provenance(fields.get("provenance", Provenance.FILE)),
                )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ParallelDataError("not a JSON file of translation units") from None


def _fields(unit: TranslationUnit) -> dict[str, object]:
    return {
        "source": unit.source,
        "target": unit.target,
        "confidence": round(unit.confidence, 3),
        "origin": unit.origin,
        "provenance": unit.provenance.value,
    }


def _tmx() -> ModuleType:
    """The module that reads and writes TMX; its library is an extra."""
    try:
        return importlib.import_module("sync.tmx")
    except ModuleNotFoundError:
        raise ParallelDataError("TMX needs an extra: pip install 'amts[tmx]', or use CSV") from None


def _endings() -> str:
    return ", ".join(f".{form}" for form in FORMATS)
