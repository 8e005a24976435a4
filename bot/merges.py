"""What review made of drafts: of pull requests that were merged, for the ledger; of one that is open, for who asks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot import baselines, ledger
from bot.ledger import Entry, Merge
from bot.records import Proposal
from bot.world import Sight
from sync.bases import read_text
from sync.effort import Reviewed, follow, measure
from sync.inline import mask, tokens
from sync.mirrors import Mirror
from sync.model import AmtsError

_WORD = re.compile(r"[^\W\d_]{4,}")
_MOST_TERMS = 20
_LEAST = 2  # segments that a word must be changed in to be named


def entries_of(target: Mirror, sight: Sight, merged: Iterable[Proposal], language: str) -> list[Entry]:
    """The entries of pull requests that were merged since the record was written."""
    found: list[Entry] = []
    for proposal in merged:
        pull = sight.pulls[proposal.branch]
        merge = Merge(pull.merged_at or "", sight.repository, pull.number, language, proposal.engine)
        # Of a later commit than the merge's, if that is not there: a default branch that was forced, or shallow.
        commit = pull.commit if pull.commit and _has(target, sight.target, pull.commit) else sight.target
        found += entries(merge, review(target, sight.record, proposal, commit, language))
    return found


def _has(target: Mirror, tip: str, commit: str) -> bool:
    try:
        return target.contains(tip, commit)
    except AmtsError:
        return False


def entries(merge: Merge, reviewed: Mapping[str, Sequence[Reviewed]]) -> list[Entry]:
    """An entry for each section, by its path, and before them one for all; none where AMTS wrote nothing."""
    every = [unit for units in reviewed.values() for unit in units]
    named = {ledger.WHOLE: every, **reviewed} if every else {}
    return [
        ledger.entry(merge, section, measure(units, merge.language), changed_words(units))
        for section, units in named.items()
    ]


def review(
    target: Mirror, record: str | None, proposal: Proposal, commit: str, language: str
) -> dict[str, list[Reviewed]]:
    """What became of the segments that AMTS wrote, by section, in the files of a commit; what is not there is left out.

    `record` is the commit of the record that has the drafts.
    """
    tree = target.tree(commit)
    found: dict[str, list[Reviewed]] = {}
    for path in sorted(proposal.sections):
        drafts = baselines.read(target, record, proposal.branch, path)
        if drafts and path in tree:
            try:
                units = follow(drafts, read_text(target, path, tree[path]), language)
            except AmtsError:  # no text any more: nothing that could be compared
                continue
            if units:
                found[path] = units
    return found


def changed_words(reviewed: Sequence[Reviewed]) -> dict[str, int]:
    """The words of the English that people changed translations of, and in how many segments, most frequent first.

    Only those that are more frequent there than where the draft was accepted: so function words drop out.
    """
    changed = Counter(_words(unit for unit in reviewed if not unit.accepted and not unit.still_waits))
    accepted = Counter(_words(unit for unit in reviewed if unit.accepted))
    many, others = changed.total() or 1, accepted.total() or 1
    telling = [
        (word, count) for word, count in changed.items() if count >= _LEAST and count / many > accepted[word] / others
    ]
    return dict(sorted(telling, key=lambda item: (-item[1], item[0]))[:_MOST_TERMS])


def _words(reviewed: Iterable[Reviewed]) -> Iterator[str]:
    for unit in reviewed:
        for segment in unit.segments:
            yield from {word.lower() for word in _WORD.findall(mask(segment.source, tokens(segment.source), " "))}
