"""The update of a translation repository: which sections lag behind, on which branches they are drafted, and so on.

Branches and pull requests follow from what was seen of the repository, and from nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

from bot.branches import Branch, baselines_of, is_looked_at, plan_branch, propose, source_blob
from bot.grouping import Groups, group
from bot.records import Record, SectionRecord
from bot.review import open_proposals
from bot.tasks import Bench, Outcome, Prepared, keep
from bot.trials import is_due, limit_of
from sync import pipeline
from sync.drafts import Asked, Plans, plan_pairs
from sync.effort import Baseline
from sync.engines import Knowledge, Make, create
from sync.model import Plan, SectionState
from sync.pipeline import Lessons, Reading
from sync.sections import Pair, quiet


def prepare_update(bench: Bench, sections: Sequence[str] = (), make: Make = create) -> Prepared:
    """Draft what lags behind, where nobody declined it; only these sections, if any are given."""
    if bench.record.paused:
        return Prepared(None, {}, lambda _: keep(bench, bench.record, {}))
    merged = bench.read(bench.sight.target)
    declined = _still_declined(bench.record, merged)
    chosen = pipeline.choose(merged.pairs, sections)
    work = [pair for pair in chosen if pair.has_work and not {pair.path, pair.new_path} & declined.keys()]

    @cache
    def lessons() -> Lessons:  # what takes longest, and is not needed where nothing lags behind
        return pipeline.learn(merged, quiet)

    covered = _covered(bench.record, work)
    fresh = [pair for pair in work if pair.path not in covered]
    plans = plan_pairs(fresh, merged.book, lessons().lexicon, quiet) if fresh else Plans()
    groups = _group(bench, merged, work, plans, covered)
    only = {pair.source_path for pair in chosen} if sections else None
    branches: dict[str, Branch] = {}
    for name in sorted({*groups.branches, *bench.record.proposals}):
        found = plan_branch(bench, name, groups.branches.get(name, ()), only, merged, plans, lambda: lessons().lexicon)
        if found is not None:
            branches[name] = found
    engine = bench.config.engine
    is_asked = any(branch.job.requests for branch in branches.values())
    knowledge = lessons().knowledge if is_asked else Knowledge(project=bench.target.name)
    translator = make(engine.name, knowledge, engine.options)
    notes = (*_gone(merged), *(lessons().notes if is_asked else ()))

    def complete(asked: Mapping[str, Asked]) -> Outcome:
        waiting = bench.record.waiting if sections else groups.waiting
        record = replace(bench.record, waiting=waiting, declined=declined, source=bench.sight.source)
        record = replace(record, dashboard=record.dashboard or bool(waiting))
        updates: dict[str, str] = {}
        drafts: dict[str, dict[str, tuple[Baseline, ...]]] = {}
        errors = {pair.path: pair.error for pair in chosen if pair.error} | dict(plans.errors)
        for name, branch in branches.items():
            answered = branch.with_known(asked.get(name, Asked()))
            drafted = pipeline.draft(branch.planned, translator.name, answered, notes, quiet, lambda: lessons().habits)
            errors |= {section.path: section.error for section in drafted.report.sections if section.error}
            proposal = propose(bench, branch, drafted)
            if proposal is None:
                continue
            record = record.with_proposal(proposal)
            drafts[name] = baselines_of(bench, branch, drafted)
            if proposal.commit != bench.sight.tips.get(name):
                updates[f"refs/heads/{name}"] = proposal.commit
        told = {path for found in open_proposals(record) for path, section in found.sections.items() if section.error}
        left = {path: error for path, error in sorted(errors.items()) if path not in told}
        return replace(keep(bench, record, updates, drafts), errors=left, untried=is_asked and is_due(bench, knowledge))

    jobs = {name: branch.job for name, branch in branches.items()}
    return Prepared(translator, jobs, complete, limit_of(engine))


def _gone(reading: Reading) -> tuple[str, ...]:
    """A note on each section whose source is gone: it is for people to remove."""
    gone = (pair for pair in reading.pairs if pair.state is SectionState.GONE)
    return tuple(f"{pair.path}: {'; '.join(pair.notes) or 'its source is gone upstream'}" for pair in gone)


def _still_declined(record: Record, reading: Reading) -> dict[str, str]:
    """The sections that people do not want drafted at the English that they have now."""
    pairs = {pair.new_path: pair for pair in reading.pairs} | {pair.path: pair for pair in reading.pairs}
    found = ((path, blob, pairs.get(path)) for path, blob in record.declined.items())
    return {
        path: blob
        for path, blob, pair in found
        if pair is not None and (pair.error or (pair.has_work and blob == source_blob(reading, pair.source_path)))
    }


def _covered(record: Record, work: Sequence[Pair]) -> dict[str, tuple[str, SectionRecord]]:
    """The branch of each section that is in an open pull request, and what is remembered of it, by its path."""
    homes: dict[str | None, tuple[str, SectionRecord]] = {}  # by each path that it has or had
    for found in open_proposals(record):
        for path, section in found.sections.items():
            homes |= dict.fromkeys((section.source_path, path, section.moved_from), (found.branch, section))
    known = {
        pair.path: homes.get(pair.source_path) or homes.get(pair.path) or homes.get(pair.new_path) for pair in work
    }
    return {path: home for path, home in known.items() if home is not None}


def _group(
    bench: Bench, reading: Reading, work: Sequence[Pair], plans: Plans, covered: Mapping[str, tuple[str, SectionRecord]]
) -> Groups:
    """The branches of the sections that have work, by their paths in the source.

    What is in a pull request already counts as it was counted there: its plan is made on its branch.
    """
    counts = {pair.source_path or "": _to_review(plans.plans[pair.path]) for pair in work if pair.path in plans.plans}
    counts |= {pair.source_path or "": len(covered[pair.path][1].results) for pair in work if pair.path in covered}
    homes = {pair.source_path or "": covered[pair.path][0] for pair in work if pair.path in covered}
    book = [pair.source_path for pair in reading.pairs if pair.source_path]
    names = {found.branch for found in open_proposals(bench.record)}
    return group(counts, book, homes, names, bench.sight.chapters, bench.config.pull_requests)


def _to_review(plan: Plan) -> int:
    return sum(is_looked_at(result) for result in plan.results)
