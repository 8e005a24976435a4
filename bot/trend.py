"""Figures of review over time: sums and means over entries of the ledger, by month.

Effort is the share of a text that reviewers typed: characters changed from the draft to what was merged, for each
character merged. Scores of several entries are their means, by segments drafted;
there is none of BLEU scores that were computed differently.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

from bot.ledger import Entry

FROM_NOTHING = "against translating the changed sentences from nothing: 1 - characters changed / characters merged"
BY_HAND = "against updating the old text by hand: 1 - characters changed / characters from the old text to the merged"


@dataclass(frozen=True, slots=True)
class Figures:
    """Some entries together: sums of what is counted, means of the scores (None: nothing was scored).

    `signature` is sacreBLEU's of the BLEU; where there are several, with a space between, `bleu` is None.
    """

    pull_requests: int
    segments: int
    accepted: int
    waiting: int
    undone: int
    characters: int
    edits: int
    edits_by_hand: int
    bleu: float | None
    chrf: float | None
    ter: float | None
    signature: str = ""

    @property
    def effort(self) -> float | None:
        """Characters changed for each character merged; None where nothing was merged."""
        return self.edits / self.characters if self.characters else None

    @property
    def saved_from_nothing(self) -> float | None:
        """FROM_NOTHING; None where nothing was merged."""
        return None if self.effort is None else 1 - self.effort

    @property
    def saved_by_hand(self) -> float | None:
        """BY_HAND; None where there was nothing to update."""
        return 1 - self.edits / self.edits_by_hand if self.edits_by_hand else None

    @property
    def accepted_share(self) -> float | None:
        """The share of segments merged exactly as drafted, of those that are done."""
        done = self.segments - self.undone
        return self.accepted / done if done else None

    def to_json(self) -> dict[str, object]:
        """All of it by name."""
        return asdict(self) | {
            "effort": self.effort,
            "saved_from_nothing": self.saved_from_nothing,
            "saved_by_hand": self.saved_by_hand,
            "accepted_share": self.accepted_share,
        }


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one cohort in one month ("2026-03"; empty: in all). `by`: all, language, engine or chapter."""

    by: str
    name: str
    month: str
    figures: Figures


def figures_of(entries: Sequence[Entry]) -> Figures:
    """The figures of some entries together."""
    signatures = sorted({entry.signature for entry in entries if entry.bleu is not None})
    return Figures(
        pull_requests=len({(entry.repository, entry.pull_request) for entry in entries}),
        segments=sum(entry.segments for entry in entries),
        accepted=sum(entry.accepted for entry in entries),
        waiting=sum(entry.waiting for entry in entries),
        undone=sum(entry.undone for entry in entries),
        characters=sum(entry.characters for entry in entries),
        edits=sum(entry.edits for entry in entries),
        edits_by_hand=sum(entry.edits_by_hand for entry in entries),
        bleu=_mean(entries, lambda entry: entry.bleu) if len(signatures) == 1 else None,
        chrf=_mean(entries, lambda entry: entry.chrf),
        ter=_mean(entries, lambda entry: entry.ter),
        signature=" ".join(signatures),
    )


def _mean(entries: Iterable[Entry], score_of: Callable[[Entry], float | None]) -> float | None:
    """The mean of a score by segments that AMTS drafted; None where none was scored."""
    scored = [(score, entry.segments - entry.waiting) for entry in entries if (score := score_of(entry)) is not None]
    weight = sum(segments for _, segments in scored)
    return sum(score * segments for score, segments in scored) / weight if weight > 0 else None


def grouped(entries: Iterable[Entry], key: Callable[[Entry], str]) -> dict[str, list[Entry]]:
    """The entries by a key, in the order of the keys."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(key(entry), []).append(entry)
    return dict(sorted(found.items()))


def rows_of(by: str, entries: Sequence[Entry], name_of: Callable[[Entry], str]) -> Iterator[Row]:
    """The rows of each cohort: its months, then all of them."""
    for name, own in grouped(entries, name_of).items():
        for month, some in grouped(own, _month).items():
            yield Row(by, name, month, figures_of(some))
        yield Row(by, name, "", figures_of(own))


def _month(entry: Entry) -> str:
    """The month of a merge; a ledger may come from anyone, and with it what is no time."""
    return month[0] if (month := re.match(r"[0-9]{4}-[0-9]{2}", entry.merged)) else "unknown"
