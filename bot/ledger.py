"""The ledger: what review made of every merged pull request of AMTS, by section; JSON Lines beside the bot's record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from sync.effort import Effort
from sync.model import AmtsError

PATH = "ledger.jsonl"
WHOLE = ""  # the section of an entry that stands for all sections
_MOST_ENTRIES = 1_000_000


class LedgerError(AmtsError):
    """A ledger that cannot be read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What review made of one section of a pull request, or of all (`section` is empty); see `sync.effort.Effort`.

    `merged` is when, in ISO 8601; `bleu` is 0–1, `chrf` 0–100, `ter` edits for 100 words, None where there was nothing
    to score; `signature` is sacreBLEU's of the BLEU. `terms`: words of the English segments that people had to change,
    the most frequent first, each with the number of those segments.
    """

    merged: str
    repository: str
    pull_request: int
    language: str
    engine: str
    section: str
    segments: int
    accepted: int
    waiting: int
    undone: int
    characters: int
    edits: int
    edits_by_hand: int
    ter: float | None = None
    bleu: float | None = None
    chrf: float | None = None
    signature: str = ""
    terms: Mapping[str, int] = field(default_factory=dict)

    @property
    def saved_from_nothing(self) -> float | None:
        """The share of typing that was spared, against translating these sentences from nothing (1: all of it)."""
        return 1 - self.edits / self.characters if self.characters else None

    @property
    def saved_by_hand(self) -> float | None:
        """The share of typing that was spared, against updating the old translation by hand."""
        return 1 - self.edits / self.edits_by_hand if self.edits_by_hand else None


@dataclass(frozen=True, slots=True)
class Merge:
    """A merged pull request: what all of its entries share."""

    merged: str
    repository: str
    pull_request: int
    language: str
    engine: str


def entry(merge: Merge, section: str, effort: Effort, terms: Mapping[str, int]) -> Entry:
    """The entry of a section, or of all of them."""
    ter, bleu, chrf = (found.value if found else None for found in (effort.ter, effort.bleu, effort.chrf))
    return Entry(
        merge.merged, merge.repository, merge.pull_request, merge.language, merge.engine, section,
        effort.segments, effort.accepted, effort.waiting, effort.undone,
        effort.characters, effort.edits, effort.edits_by_hand,
        ter, bleu, chrf, effort.bleu.signature if effort.bleu else "", dict(terms),
    )  # fmt: skip


def dump(entries: Iterable[Entry]) -> bytes:
    """The entries as JSON Lines: the same for the same entries."""
    return "".join(json.dumps(asdict(found), ensure_ascii=False) + "\n" for found in entries).encode()


def load(data: bytes, where: str) -> tuple[Entry, ...]:
    """The entries of a dump. Raises LedgerError: it may come from anyone who can push to the repository."""
    try:
        lines = [json.loads(line) for line in data.decode().splitlines() if line.strip()]
        if len(lines) > _MOST_ENTRIES:
            raise ValueError
        return tuple(map(_entry, lines))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise LedgerError(f"{where}: {PATH} is no ledger of AMTS: remove the file from that ref") from None


def of_pull_requests(entries: Sequence[Entry], numbers: Iterable[int]) -> dict[int, list[Entry]]:
    """The entries of some pull requests, by number."""
    return {number: found for number in numbers if (found := [one for one in entries if one.pull_request == number])}


_KINDS: Mapping[str, tuple[type, ...]] = {
    "str": (str,), "int": (int,), "float | None": (float, int, type(None)), "Mapping[str, int]": (dict,)
}  # fmt: skip


def _entry(item: Mapping[str, Any]) -> Entry:
    for known in fields(Entry):
        value = item[known.name]
        if not isinstance(value, _KINDS[str(known.type)]) or isinstance(value, bool):
            raise TypeError
        if isinstance(value, int | float) and not 0 <= value < float("inf"):
            raise ValueError
    terms = {str(word): int(count) for word, count in item["terms"].items()}
    return Entry(**{**item, "terms": terms})
