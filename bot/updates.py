"""What is to be done in a translation repository, from what was seen of it: jobs for the engine, then commits.

`prepare` plans, and says what the engine is to be asked; `complete` makes commits and the new record of the answers.
Both follow from the sight alone, so that they can be done again after a crash, with the same outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from bot import records, replies
from bot.grouping import Groups, chapters_of, group
from bot.records import Proposal, Record, SectionRecord
from bot.review import is_change
from bot.world import Sight, World, read_record
from sync import pipeline
from sync.config import Config
from sync.drafts import Asked, plan_pairs
from sync.engines import Job, Make, Translator, create
from sync.followup import follow
from sync.ground import Ground, ground_on
from sync.mirrors import Mirror
from sync.model import Plan, SectionReport, SectionState
from sync.pipeline import Lessons, Planned, Reading
from sync.sections import Pair, quiet


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a task comes to.

    `updates`: the commit of each ref that is to be pushed, at once; `record`: what the bot remembers from then on.
    `replies` are for who asked for it; `failed`: it could not be done as asked.
    """

    record: Record
    updates: Mapping[str, str] = field(default_factory=dict)
    replies: tuple[str, ...] = ()
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """A task up to the engine: a job for each branch, and what makes an outcome of the answers."""

    translator: Translator | None
    jobs: Mapping[str, Job]
    complete: Callable[[Mapping[str, Asked]], Outcome]


@dataclass(frozen=True, slots=True)
class Bench:
    """What a task works with: the sight, both repositories, the settings and the record as they were seen."""

    sight: Sight
    source: Mirror
    target: Mirror
    config: Config
    record: Record

    @property
    def language(self) -> str:
        return self.config.language or ""


def open_bench(world: World, sight: Sight, held: ExitStack) -> Bench:
    """The mirrors with all that the sight names, for as long as `held` is open. Raises AmtsError."""
    target = held.enter_context(world.mirrors.hold(world.access(sight.repository), sight.commits))
    upstream = world.upstream(sight.upstream, sight.repository)
    source = held.enter_context(world.mirrors.hold(upstream, [sight.source]))
    settings = world.config(target, sight.target)
    record = settle(read_record(target, sight.record), sight)
    return Bench(sight, source, target, settings, record)


def settle(record: Record, sight: Sight) -> Record:
    """The record after what became of its pull requests: merged and closed ones are no proposals any more.

    What a person closed is declined, section by section, at the English that it was drafted to.
    """
    for branch, proposal in record.proposals.items():
        pull = sight.pulls.get(branch)
        if pull is None:
            continue
        if pull.open:
            record = record.with_proposal(replace(proposal, number=pull.number))
            continue
        if pull.declined:
            declined = {path: section.source for path, section in proposal.sections.items() if section.source}
            record = replace(record, declined={**record.declined, **declined})
        record = replace(record.without(branch), last={**record.last, branch: pull.number})
    wanted = set(sight.sections)
    return replace(record, declined={path: blob for path, blob in record.declined.items() if path not in wanted})


def prepare_update(bench: Bench, sections: Sequence[str] = (), make: Make = create) -> Prepared:
    """Draft what lags behind, where nobody declined it; only these sections, if any are given."""
    if bench.record.paused:
        return Prepared(None, {}, lambda _: Outcome(bench.record))
    reading = _read(bench, bench.sight.target)
    chosen = pipeline.choose(reading.pairs, sections)
    work = [pair for pair in chosen if pair.has_work and not _is_declined(pair, reading, bench.record)]
    learning = work or bench.record.proposals
    lessons = pipeline.learn(reading if learning else replace(reading, pairs=()), quiet)
    counts = _count(work, reading, lessons)
    groups = _group(bench, reading, counts)
    planned: dict[str, Planned] = {}
    for branch in sorted({*groups.branches, *bench.record.proposals}):
        plan = _plan(bench, branch, groups.branches.get(branch, ()), reading, lessons)
        if plan is not None:
            planned[branch] = plan
    engine = bench.config.engine
    translator = make(engine.name, lessons.knowledge, engine.options)

    def complete(asked: Mapping[str, Asked]) -> Outcome:
        record = replace(bench.record, waiting=groups.waiting, source=bench.sight.source)
        record = replace(record, dashboard=record.dashboard or bool(groups.waiting))
        updates: dict[str, str] = {}
        for branch, plan in planned.items():
            proposal = _draft(bench, branch, plan, translator.name, asked.get(branch, Asked()), lessons)
            if proposal is None:
                continue
            record = record.with_proposal(proposal)
            if proposal.commit != bench.sight.tips.get(branch):
                updates[f"refs/heads/{branch}"] = proposal.commit
        return keep(bench, record, updates)

    return Prepared(translator, {branch: plan.job for branch, plan in planned.items()}, complete)


def keep(bench: Bench, record: Record, updates: Mapping[str, str]) -> Outcome:
    """The outcome with the record committed, where it changed."""
    before = read_record(bench.target, bench.sight.record)
    # GitHub gives the numbers, and is asked for them: a record is no other because they are known now.
    numberless = {branch: replace(found, number=None) for branch, found in record.proposals.items()}
    record = replace(record, proposals=numberless)
    if replace(record, source=before.source) == before and not updates:
        return Outcome(before)
    sight = bench.sight
    commit = bench.target.write(
        (sight.record,) if sight.record else (), {records.PATH: records.dump(record)},
        f"What AMTS remembers of {sight.source[:12]}\n", bench.config.author, sight.date,
    )  # fmt: skip
    return Outcome(record, {**updates, records.REF: commit})


def _read(bench: Bench, commit: str) -> Reading:
    return pipeline.read(bench.source, bench.target, bench.config, bench.sight.source, commit, quiet)


def _is_declined(pair: Pair, reading: Reading, record: Record) -> bool:
    """Whether people do not want this section drafted, at the English that it has now."""
    blob = record.declined.get(pair.path) or record.declined.get(pair.new_path)
    return blob is not None and blob == source_blob(reading, pair.source_path)


def source_blob(reading: Reading, source_path: str | None) -> str:
    """The blob of a section of the source; empty where it is gone."""
    entry = reading.book.source_tree.get(source_path or "")
    return entry.blob if entry else ""


def _count(work: Sequence[Pair], reading: Reading, lessons: Lessons) -> dict[str, int]:
    """How many segments there are to review in each section, by its path in the source."""
    plans = plan_pairs(work, reading.book, lessons.lexicon, quiet).plans
    return {pair.source_path or "": _to_review(plans[pair.path]) for pair in work if pair.path in plans}


def _to_review(plan: Plan) -> int:
    return sum(is_change(result) for result in plan.results)


def _group(bench: Bench, reading: Reading, counts: Mapping[str, int]) -> Groups:
    open_ones = {branch: found for branch, found in bench.record.proposals.items() if found.closing is None}
    covered = {
        section.source_path: branch for branch, found in open_ones.items() for section in found.sections.values()
    }
    book = [pair.source_path for pair in reading.pairs if pair.source_path]
    return group(counts, book, covered, open_ones.keys(), bench.sight.chapters, bench.config.pull_requests)


def _plan(bench: Bench, branch: str, sections: Iterable[str], merged: Reading, lessons: Lessons) -> Planned | None:
    """The plan of one branch: what it covers already and what is new in it; None where that is nothing."""
    proposal = bench.record.proposals.get(branch)
    wanted = {*sections, *(section.source_path for section in (proposal.sections if proposal else {}).values())}
    ground = ground_of(bench, branch)
    reading = merged if ground.parents[0] == bench.sight.target else _read(bench, ground.parents[0])
    chosen = sorted({pair.source_path for pair in reading.pairs if pair.source_path in wanted} - {None, ""})
    if not chosen:
        return None
    return pipeline.plan(ground, reading, [path for path in chosen if path], lessons.lexicon, quiet)


def ground_of(bench: Bench, branch: str) -> Ground:
    """What the drafts of a branch build on.

    A branch that is left over from a pull request which was closed stays a parent, so that nothing is lost and nothing
    is forced, but its files are those of the default branch again.
    """
    tip = bench.sight.tips.get(branch)
    target = bench.sight.target
    if tip is not None and bench.sight.record is not None and branch not in bench.record.proposals:
        merged = bench.target.contains(target, tip)
        return Ground(target, (target,) if merged else (target, tip), tip)
    return ground_on(bench.target, branch, tip, target, bench.config, bench.sight.date)


def _draft(bench: Bench, branch: str, planned: Planned, engine: str, asked: Asked, lessons: Lessons) -> Proposal | None:
    """The proposal of a branch with the drafts committed; None where there never was anything to propose."""
    before = bench.record.proposals.get(branch)
    drafted = pipeline.draft(planned, engine, asked, lessons.notes, quiet)
    ground, tip = planned.ground, bench.sight.tips.get(branch)
    commit = ground.parents[0]
    if drafted.publication.files:
        publication = drafted.publication
        commit = bench.target.write(
            ground.parents, publication.files, publication.message, publication.author, bench.sight.date
        )
    elif not ground.conflicts and tip is not None:
        commit = tip  # the default branch is merged in along with drafts, not for its own sake
    if before is None and not drafted.publication.files:
        return None
    report = drafted.report
    sections = dict(before.sections) if before else {}
    for section in report.sections:
        if section.draft is not None or section.error is not None:
            sections[section.path] = _section(section, planned.reading, sections.get(section.path), bench.language)
    proposal = Proposal(
        branch, commit, report.source_revision, report.target_revision, engine, sections,
        number=before.number if before else None,
        notes=report.notes or (before.notes if before else ()),
        conflicts=tuple(dict.fromkeys((*(before.conflicts if before else ()), *ground.conflicts))),
        cost=report.cost or (before.cost if before else None),
        after=bench.record.last.get(branch, 0),
    )  # fmt: skip
    if before is not None and commit == tip and not any(section.error for section in report.sections):
        proposal = before
    if bench.target.has_changes_of(bench.sight.target, commit):
        return replace(proposal, closing=replies.nothing_left(bench.sight.source)) if before else None
    return replace(proposal, closing=None)


def _section(section: SectionReport, reading: Reading, before: SectionRecord | None, language: str) -> SectionRecord:
    """What is remembered of a section that was drafted, on top of what was before."""
    draft = section.draft
    if draft is None:
        known = before or SectionRecord(section.source_path or "", "", section.state)
        return replace(known, error=section.error)
    results = follow(before.results, draft.results, draft.text, language) if before else draft.results
    looked = tuple(result for result in results if is_change(result))
    earlier = before.characters if before else (0, 0, 0)
    return SectionRecord(
        section.source_path or "",
        source_blob(reading, section.source_path),
        before.state if before and before.state is SectionState.NEW else section.state,
        looked,
        len(results) - len(looked),
        section.notes + draft.notes,
        None,
        (draft.characters_source, earlier[1] + draft.characters_changed, earlier[2] + draft.characters_sent),
    )


def chapter_names(reading: Reading) -> dict[str, str]:
    """The chapter of each section of the source."""
    return chapters_of([pair.source_path for pair in reading.pairs if pair.source_path])
