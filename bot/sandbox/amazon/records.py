"""The rows of a parallel data file, sorted out as the service does."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot.sandbox.amazon.tables import Table

MAX_SEGMENT = 1_000  # bytes; developer guide, "Parallel data input files"
_REFUSED = ("+", "-", "=", "@")


@dataclass(frozen=True, slots=True)
class Imported:
    """A parallel data file as it was read: of `rows`, some were skipped, some failed, the rest imported."""

    source: str
    targets: tuple[str, ...]
    rows: int
    skipped: int
    failed: int
    characters: int
    texts: Mapping[str, Mapping[str, str]]  # by target language: target by source

    @property
    def imported(self) -> int:
        """Rows that were imported. Of several with the same source, the last is used."""
        return self.rows - self.skipped - self.failed


def import_table(table: Table) -> Imported:
    """What of a file is imported: a row with a field that the service refuses is left out and counted."""
    source, *targets = table.codes
    texts: dict[str, dict[str, str]] = {target: {} for target in targets}
    skipped = failed = characters = 0
    for row in table.rows:
        if _is_skipped(row, len(table.codes)):
            skipped += 1
        elif any(unicodedata.category(character) == "Cc" and character != "\t" for character in "".join(row)):
            failed += 1
        else:
            characters += sum(map(len, row))
            for target, text in zip(targets, row[1:], strict=True):
                texts[target].pop(row[0], None)
                texts[target][row[0]] = text
    return Imported(source, tuple(targets), len(table.rows), skipped, failed, characters, MappingProxyType(texts))


def _is_skipped(row: tuple[str, ...], columns: int) -> bool:
    return len(row) != columns or any(
        not text.strip()
        or text.startswith(_REFUSED)
        or "\n" in text
        or "\r" in text
        or len(text.encode()) > MAX_SEGMENT
        for text in row
    )
