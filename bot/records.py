"""What the bot remembers of a translation repository: the record, a JSON file in that repository's `refs/amts/state`.

The record is the wanted state: branches are pushed together with it, and publishing makes GitHub match it. So a
process may die anywhere, and a run without a server has the same memory as one with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any, TypeVar

from sync import followup
from sync.ground import BRANCH
from sync.model import AmtsError, Cost, SectionState, SegmentResult
from sync.trial import Measure, Quality

REF = "refs/amts/state"
PATH = "record.json"
_VERSION = 1
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SIGNATURE = re.compile(r"[\w.:|/+-]{0,200}", re.ASCII)
T = TypeVar("T")


class RecordError(AmtsError):
    """The record cannot be read."""


@dataclass(frozen=True, slots=True)
class SectionRecord:
    """A section in a pull request: the English it was drafted to, and what became of its segments since it was opened.

    `source` is the blob of that English, empty where there is no draft; `kept` counts the segments that are as they
    were, which are not in `results`. `moved_from`: the path on the default branch, where that is another one.
    """

    source_path: str
    source: str
    state: SectionState
    results: tuple[SegmentResult, ...] = ()
    kept: int = 0
    notes: tuple[str, ...] = ()
    error: str | None = None
    characters: tuple[int, int, int] = (0, 0, 0)  # of the source, of changed segments, sent
    moved_from: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the bot proposes on one branch.

    `commit`: the tip as the bot left it; `source`, `target`: the revisions it was drafted from. `number` is that of the
    pull request, None until it is known; it is greater than `after`, that of the branch's last one before. `conflicts`
    are those of merges into the branch, one line each. `closing` says why the pull request is to be closed.
    """

    branch: str
    commit: str
    source: str
    target: str
    engine: str
    sections: Mapping[str, SectionRecord]
    number: int | None = None
    notes: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    cost: Cost | None = None
    after: int = 0
    closing: str | None = None

    @property
    def segments(self) -> int:
        """How many segments there are to review."""
        return sum(len(section.results) for section in self.sections.values())


@dataclass(frozen=True, slots=True)
class Waiting:
    """A chapter whose pull request is not opened yet, and how much there is to review in it."""

    chapter: str
    sections: int
    segments: int


@dataclass(frozen=True, slots=True)
class Record:
    """The bot's memory.

    `source`: the revision of the upstream that was looked at last. `declined`: the sections that people do not want
    drafted, each with the blob of the English it was declined at: it is respected until that changes. `proposals` are
    by branch, `waiting` the chapters that have no pull request yet; `dashboard`: whether an issue lists them.
    `last` is the number of the last pull request of a branch that was merged or closed. `shelved` are the proposals
    whose pull request a person closed, by branch, until the next one there: it may be reopened. `quality` is what the
    engine's last trial came to.
    """

    source: str | None = None
    paused: bool = False
    declined: Mapping[str, str] = field(default_factory=dict)
    proposals: Mapping[str, Proposal] = field(default_factory=dict)
    waiting: tuple[Waiting, ...] = ()
    dashboard: bool = False
    last: Mapping[str, int] = field(default_factory=dict)
    shelved: Mapping[str, Proposal] = field(default_factory=dict)
    quality: Quality | None = None

    def with_proposal(self, proposal: Proposal) -> Record:
        """The record with one proposal put in, or in place of that on the same branch."""
        shelved = {branch: kept for branch, kept in self.shelved.items() if branch != proposal.branch}
        return replace(self, proposals={**self.proposals, proposal.branch: proposal}, shelved=shelved)

    def without(self, branch: str) -> Record:
        """The record without the proposal on a branch."""
        return replace(self, proposals={name: kept for name, kept in self.proposals.items() if name != branch})


def is_own(branch: str) -> bool:
    """Whether a branch is one that the bot drafts on."""
    return branch == BRANCH or branch.startswith(f"{BRANCH}-")


def dump(record: Record) -> bytes:
    """The record as JSON: the same for the same record."""
    whole = {"version": _VERSION, **asdict(replace(record, proposals={}, shelved={}))}
    for name, proposals in (("proposals", record.proposals), ("shelved", record.shelved)):
        whole[name] = {branch: _proposal_json(found) for branch, found in proposals.items()}
    return (json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def load(data: bytes) -> Record:
    """The record of its JSON. Raises RecordError: it may come from anyone who can push to the repository."""
    try:
        fields = json.loads(data)
        if fields.pop("version") != _VERSION:
            raise RecordError(f"{REF} was written by another version of AMTS: use that, or delete the ref")
        return Record(
            source=_optional(str, fields["source"]),
            paused=_of(bool, fields["paused"]),
            declined={_of(str, path): _of(str, blob) for path, blob in fields["declined"].items()},
            proposals=_proposals(fields["proposals"]),
            waiting=tuple(
                Waiting(_of(str, item["chapter"]), _of(int, item["sections"]), _of(int, item["segments"]))
                for item in fields["waiting"]
            ),
            dashboard=_of(bool, fields["dashboard"]),
            last={_of(str, branch): _of(int, number) for branch, number in fields["last"].items()},
            shelved=_proposals(fields["shelved"]),
            quality=load_quality(fields["quality"]) if fields.get("quality") is not None else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RecordError(f"{REF} holds no record of AMTS: delete the ref, and the next sync starts anew") from error


def _proposal_json(proposal: Proposal) -> dict[str, Any]:
    sections = {
        path: {**asdict(replace(section, results=())), "results": followup.dump(section.results)}
        for path, section in proposal.sections.items()
    }
    return {**asdict(replace(proposal, sections={})), "sections": sections}


def _proposals(fields: Mapping[str, Any]) -> dict[str, Proposal]:
    proposals = {_of(str, branch): _proposal(found) for branch, found in fields.items()}
    for branch, found in proposals.items():
        # What is named here is pushed to: never to a branch of people.
        if branch != found.branch or not is_own(branch):
            raise ValueError(f"{branch!r:.40} is no branch of AMTS")
    return proposals


def _proposal(fields: Mapping[str, Any]) -> Proposal:
    cost = fields["cost"]
    return Proposal(
        _of(str, fields["branch"]),
        _commit(fields["commit"]),
        _commit(fields["source"]),
        _commit(fields["target"]),
        _of(str, fields["engine"]),
        {_of(str, path): _section(found) for path, found in fields["sections"].items()},
        _optional(int, fields["number"]),
        _lines(fields["notes"]),
        _lines(fields["conflicts"]),
        None if cost is None else _cost(cost),
        _of(int, fields["after"]),
        _optional(str, fields["closing"]),
    )


def _section(fields: Mapping[str, Any]) -> SectionRecord:
    source, changed, sent = fields["characters"]
    return SectionRecord(
        _of(str, fields["source_path"]),
        _of(str, fields["source"]),
        SectionState(fields["state"]),
        followup.load(fields["results"]),
        _of(int, fields["kept"]),
        _lines(fields["notes"]),
        _optional(str, fields["error"]),
        (_of(int, source), _of(int, changed), _of(int, sent)),
        _optional(str, fields["moved_from"]),
    )


def _cost(fields: Mapping[str, Any]) -> Cost:
    return Cost(_of(int, fields["characters"]), _of(int, fields["billed"]), float(fields["dollars"]))


def load_quality(fields: Mapping[str, Any]) -> Quality:
    """What came of a trial, from its fields. Raises ValueError, KeyError or TypeError for others."""
    return Quality(
        _of(str, fields["engine"]), date.fromisoformat(fields["date"]).isoformat(),
        _of(int, fields["units"]), _of(int, fields["n"]), _of(int, fields["characters"]),
        _measure(fields["adapted"]), _measure(fields["plain"]),
    )  # fmt: skip


def _measure(fields: Mapping[str, Any] | None) -> Measure | None:
    if fields is None:
        return None
    bleu, spread, chrf, ter = (float(fields[name]) for name in ("bleu", "spread", "chrf", "ter"))
    signature = _of(str, fields["signature"])
    # All of it is quoted in texts on GitHub.
    if not all(0 <= score < 1e6 for score in (bleu, spread, chrf, ter)) or not _SIGNATURE.fullmatch(signature):
        raise ValueError("no score")
    return Measure(_of(int, fields["answered"]), bleu, spread, chrf, ter, signature)


def _commit(value: object) -> str:
    if not _COMMIT.fullmatch(_of(str, value)):
        raise ValueError(f"{value!r:.40} is no id of a commit")
    return str(value)


def _lines(values: Any) -> tuple[str, ...]:
    return tuple(_of(str, value) for value in values)


def _of(kind: type[T], value: object) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r:.40} is no {kind.__name__}")
    return value


def _optional(kind: type[T], value: object) -> T | None:
    return None if value is None else _of(kind, value)
