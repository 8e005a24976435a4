"""Sections of a branch that only AMTS wrote in: drafted from the default branch again, as if all came in one push.

So a pull request that grew push by push holds what one draft of all of them would, and not edits of edits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.records import SectionRecord
from bot.tasks import Bench
from sync.drafts import Plans
from sync.ground import Ground
from sync.inline import fold
from sync.model import Operation, SegmentResult, Translation
from sync.pipeline import Reading
from sync.sections import Pair
from sync.trail import untouched


def start_over(
    bench: Bench, known: Mapping[str, SectionRecord], ground: Ground, reading: Reading, merged: Reading
) -> tuple[Reading, frozenset[str]]:
    """The reading of a branch, the sections that only AMTS wrote in there as the default branch has them; and which.

    `known` are the sections of its proposal by their paths there, `merged` is the reading of the default branch.
    """
    there = {pair.source_path: pair for pair in merged.pairs if pair.has_work}
    drafted = [pair for pair in reading.pairs if pair.path in known and pair.has_work and pair.source_path in there]
    if reading is merged or not drafted:
        return reading, frozenset()
    paths = [pair.path for pair in drafted]
    ours = untouched(bench.target, ground.commit, ground.parents[0], paths, bench.config.author)
    pairs = (_as_merged(pair, there[pair.source_path]) if pair.path in ours else pair for pair in reading.pairs)
    return replace(reading, pairs=tuple(pairs)), ours


def _as_merged(pair: Pair, there: Pair) -> Pair:
    """The section in its place on the branch, with the texts of the default branch."""
    return replace(
        pair, state=there.state, base=there.base, behind=there.behind, old_source=there.old_source,
        old_target=there.old_target, notes=there.notes,
    )  # fmt: skip


def answers_known(plans: Plans, known: Mapping[str, SectionRecord], paths: Iterable[str]) -> dict[str, Translation]:
    """What an engine answered before, by the ids of the requests that ask it again: it is neither sent nor paid twice.

    `paths` are the sections to look at, whose earlier results `known` has.
    """
    found: dict[str, Translation] = {}
    for path in paths:
        if path in plans.plans and path in known:
            made = {fold(result.new_source or ""): result for result in known[path].results if _is_machine(result)}
            for id, request in plans.requests_of(path).items():
                result = made.get(fold(request.source))
                if result is not None:
                    found[id] = Translation(id, result.draft, _how(result), 1.0 - 0.5 * result.uncertain)
    return found


def _is_machine(result: SegmentResult) -> bool:
    return result.machine and not result.waiting and result.operation is Operation.TRANSLATED and bool(result.draft)


def _how(result: SegmentResult) -> str:
    """How an earlier translation was made, as its result tells it behind what was planned."""
    return result.reason.partition(": ")[2]
