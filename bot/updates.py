"""The update of a translation repository: which sections lag behind, on which branches they are drafted, and so on.

Branches and pull requests follow from what was seen of the repository, and from nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.branches import Branch, is_looked_at, plan_branch, propose, source_blob
from bot.grouping import Groups, group
from bot.records import Record
from bot.review import open_proposals
from bot.tasks import Bench, Outcome, Prepared, keep
from sync import pipeline
from sync.config import Engine
from sync.drafts import Asked, Plans, plan_pairs
from sync.engines import PAID, Make, create
from sync.engines.amazon.options import read_options
from sync.model import Plan
from sync.pipeline import Reading
from sync.sections import Pair, quiet


def prepare_update(bench: Bench, sections: Sequence[str] = (), make: Make = create) -> Prepared:
    """Draft what lags behind, where nobody declined it; only these sections, if any are given."""
    if bench.record.paused:
        return Prepared(None, {}, lambda _: keep(bench, bench.record, {}))
    merged = bench.read(bench.sight.target)
    declined = _still_declined(bench.record, merged)
    chosen = pipeline.choose(merged.pairs, sections)
    work = [pair for pair in chosen if pair.has_work and not {pair.path, pair.new_path} & declined.keys()]
    learning = work or bench.record.proposals
    lessons = pipeline.learn(merged if learning else replace(merged, pairs=()), quiet)
    plans = plan_pairs(work, merged.book, lessons.lexicon, quiet)
    groups = _group(bench, merged, work, plans)
    only = {pair.source_path for pair in chosen} if sections else None
    branches: dict[str, Branch] = {}
    for name in sorted({*groups.branches, *bench.record.proposals}):
        found = plan_branch(bench, name, groups.branches.get(name, ()), only, merged, lessons)
        if found is not None:
            branches[name] = found
    engine = bench.config.engine
    translator = make(engine.name, lessons.knowledge, engine.options)

    def complete(asked: Mapping[str, Asked]) -> Outcome:
        waiting = bench.record.waiting if sections else groups.waiting
        record = replace(bench.record, waiting=waiting, declined=declined, source=bench.sight.source)
        record = replace(record, dashboard=record.dashboard or bool(waiting))
        updates: dict[str, str] = {}
        errors = {pair.path: pair.error for pair in chosen if pair.error} | dict(plans.errors)
        for name, branch in branches.items():
            drafted = pipeline.draft(branch.planned, translator.name, asked.get(name, Asked()), lessons.notes, quiet)
            errors |= {section.path: section.error for section in drafted.report.sections if section.error}
            proposal = propose(bench, branch, drafted)
            if proposal is None:
                continue
            record = record.with_proposal(proposal)
            if proposal.commit != bench.sight.tips.get(name):
                updates[f"refs/heads/{name}"] = proposal.commit
        told = {path for found in open_proposals(record) for path, section in found.sections.items() if section.error}
        left = {path: error for path, error in sorted(errors.items()) if path not in told}
        return replace(keep(bench, record, updates), errors=left)

    jobs = {name: branch.planned.job for name, branch in branches.items()}
    return Prepared(translator, jobs, complete, _limit(engine))


def _limit(engine: Engine) -> float | None:
    return read_options(engine.options).max_cost if engine.name in PAID else None


def _still_declined(record: Record, reading: Reading) -> dict[str, str]:
    """The sections that people do not want drafted at the English that they have now."""
    pairs = {pair.new_path: pair for pair in reading.pairs} | {pair.path: pair for pair in reading.pairs}
    found = ((path, blob, pairs.get(path)) for path, blob in record.declined.items())
    return {
        path: blob
        for path, blob, pair in found
        if pair is not None and (pair.error or (pair.has_work and blob == source_blob(reading, pair.source_path)))
    }


def _group(bench: Bench, reading: Reading, work: Sequence[Pair], plans: Plans) -> Groups:
    """The branches of the sections that there is a plan for, by their paths in the source."""
    counts = {pair.source_path or "": _to_review(plans.plans[pair.path]) for pair in work if pair.path in plans.plans}
    homes: dict[str | None, str] = {}  # the branch of each path that a section in a pull request has or had
    opened = open_proposals(bench.record)
    for found in opened:
        for path, section in found.sections.items():
            homes |= {section.source_path: found.branch, path: found.branch, section.moved_from: found.branch}
    covered = {}
    for pair in work:
        home = homes.get(pair.source_path) or homes.get(pair.path) or homes.get(pair.new_path)
        if home is not None:
            covered[pair.source_path or ""] = home
    book = [pair.source_path for pair in reading.pairs if pair.source_path]
    names = {found.branch for found in opened}
    return group(counts, book, covered, names, bench.sight.chapters, bench.config.pull_requests)


def _to_review(plan: Plan) -> int:
    return sum(is_looked_at(result) for result in plan.results)
