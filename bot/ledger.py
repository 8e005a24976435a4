"""The ledger: what review made of every merged pull request of AMTS, by section; JSON Lines beside the bot's record."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime

from sync.effort import Effort
from sync.model import AmtsError

PATH = "ledger.jsonl"
WHOLE = ""  # the section of an entry that stands for all sections
MAX_BYTES = 100_000_000  # bytes
_MOST_TOLD = 20  # bad lines
_MOST = 10**12
_LONGEST = 1_000
# BLEU may be a rounding above its scale.
_LIMITS = {"bleu": 1.01, "chrf": 100.01}
_SIGNATURE = re.compile(r"[A-Za-z0-9.:|+/_-]{0,200}")  # the slash is of MeCab's version for Korean


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
    text = "".join(json.dumps(asdict(found), ensure_ascii=False) + "\n" for found in entries)
    return text.encode("utf-8", "backslashreplace")  # a path that is no UTF-8 becomes an escape that JSON knows


def load(data: bytes, where: str) -> tuple[Entry, ...]:
    """The entries of a dump. Raises LedgerError at the first line that is none."""
    entries, bad = read(data, where)
    if bad:
        raise LedgerError(bad[0])
    return entries


def read(data: bytes, where: str) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """The good entries of a dump, and what to do about each bad line: after 20 of those, about the rest together.

    A ledger may come from anyone who can push to the repository `where`.
    """
    if len(data) > MAX_BYTES:
        return (), (too_large(where),)
    entries: list[Entry] = []
    bad: list[str] = []
    more = 0
    # Only a line feed ends a line: a path may hold what Unicode calls a line separator.
    for number, line in enumerate(io.BytesIO(data), 1):
        if not line.strip():
            continue
        try:
            entries.append(_entry(json.loads(line.decode())))
        except (ValueError, KeyError, TypeError, RecursionError):
            if len(bad) < _MOST_TOLD:
                bad.append(f"{where}: {PATH}, line {number}, is no entry of AMTS: correct or remove that line")
            else:
                more += 1
    if more:
        bad.append(f"{where}: {PATH}: {more:,} more lines are no entries of AMTS: correct or remove them")
    return tuple(entries), tuple(bad)


def too_large(where: str) -> str:
    """What is said of a ledger that is not read for its size."""
    return f"{where}: {PATH} is larger than {MAX_BYTES // 1_000_000} MB: remove its oldest lines"


def of_pull_requests(entries: Sequence[Entry], numbers: Iterable[int]) -> dict[int, list[Entry]]:
    """The entries of some pull requests, by number."""
    return {number: found for number in numbers if (found := [one for one in entries if one.pull_request == number])}


def _entry(item: object) -> Entry:
    """Raises ValueError, KeyError, TypeError."""
    if not isinstance(item, dict):
        raise TypeError
    for known in fields(Entry):
        _CHECKS[str(known.type)](known.name, item[known.name])
    found = Entry(**item)
    if not _SIGNATURE.fullmatch(found.signature):
        raise ValueError
    if found.merged:
        datetime.fromisoformat(found.merged)
    return found


def _check_text(_: str, value: object) -> None:
    if not isinstance(value, str):
        raise TypeError
    if len(value) > _LONGEST:
        raise ValueError


def _check_count(_: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    if not 0 <= value <= _MOST:
        raise ValueError


def _check_score(name: str, value: object) -> None:
    if value is None:
        return
    if not isinstance(value, float | int) or isinstance(value, bool):
        raise TypeError
    if not 0 <= value <= _LIMITS.get(name, _MOST):  # which is false of what is no number
        raise ValueError


def _check_counts(name: str, value: object) -> None:
    if not isinstance(value, dict):
        raise TypeError
    for word, count in value.items():
        _check_text(name, word)
        _check_count(name, count)


_CHECKS: Mapping[str, Callable[[str, object], None]] = {
    "str": _check_text, "int": _check_count, "float | None": _check_score, "Mapping[str, int]": _check_counts,
}  # fmt: skip
