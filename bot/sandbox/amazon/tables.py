"""Files of translations as the service reads them: CSV, TSV and TMX, whose columns are languages."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from xml.parsers import expat

from bot.sandbox.amazon.languages import CODES


class TableError(ValueError):
    """A file that cannot be read at all; its text says why."""


@dataclass(frozen=True, slots=True)
class Table:
    """The language codes, the source first, and the rows, which may have too few or too many fields."""

    codes: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def read_table(data: bytes, form: str) -> Table:
    """A file in the form "CSV", "TSV" or "TMX". Raises TableError."""
    if form == "TMX":
        return _read_tmx(data)
    if data.startswith(b"\xef\xbb\xbf"):
        raise TableError("The file begins with a byte order mark; it must be UTF-8 without one.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TableError(f"The file is not UTF-8 (byte {error.start}).") from None
    rows = list(_csv_rows(text) if form == "CSV" else _tsv_rows(text))
    if not rows:
        raise TableError("The file is empty.")
    return Table(_codes(rows[0]), tuple(rows[1:]))


def _codes(row: tuple[str, ...]) -> tuple[str, ...]:
    if len(row) < 2:
        raise TableError("The first row must hold a source and at least one target language code.")
    if unknown := [code for code in row if code not in CODES]:
        raise TableError(f"The first row must hold language codes; {unknown[0][:40]!r} is none.")
    if len(set(row)) < len(row):
        raise TableError("A language code occurs twice in the first row.")
    return row


def _csv_rows(text: str) -> Iterator[tuple[str, ...]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        yield from map(tuple, reader)
    except csv.Error as error:
        raise TableError(f"The file is not CSV: line {reader.line_num}: {error}.") from None


def _tsv_rows(text: str) -> Iterator[tuple[str, ...]]:
    for line in text.removesuffix("\n").split("\n") if text else ():
        line = line.removesuffix("\r")
        yield tuple(line.split("\t")) if line else ()


def _read_tmx(data: bytes) -> Table:
    tmx = _Tmx()
    try:
        tmx.parser.Parse(data, True)
    except expat.ExpatError as error:
        raise TableError(f"The file is not TMX: {error}.") from None
    codes = [code for unit in tmx.units for code in unit]
    source = tmx.source or (codes[0] if codes else "")
    columns = _codes((source, *dict.fromkeys(code for code in codes if code != source)))
    return Table(columns, tuple(tuple(unit.get(code, "") for code in columns) for unit in tmx.units))


class _Tmx:
    """Collects the segments of each translation unit by language; inline elements leave their text."""

    def __init__(self) -> None:
        self.source = ""
        self.units: list[dict[str, str]] = []
        self._language = ""
        self._text: list[str] | None = None
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data
        self.parser.EntityDeclHandler = self._entity

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match name:
            case "header" if attributes.get("srclang", "*all*") != "*all*":
                self.source = attributes["srclang"]
            case "tu":
                self.units.append({})
            case "tuv":
                self._language = attributes.get("xml:lang") or attributes.get("lang") or ""
            case "seg" if self.units:
                self._text = []

    def _end(self, name: str) -> None:
        if name == "seg" and self._text is not None:
            self.units[-1][self._language] = "".join(self._text)
            self._text = None

    def _data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def _entity(self, *_: object) -> None:
        raise TableError("The file declares entities; TMX needs none.")
