"""One branch of drafts: what is to be done on it, the commit that comes out, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot import baselines, replies
from bot.afresh import answers_known, start_over
from bot.records import Proposal, SectionRecord
from bot.review import is_change
from bot.tasks import Bench
from bot.wording import plural
from sync import lock, pipeline
from sync.bases import read_text
from sync.drafts import Asked, Plans
from sync.effort import Baseline, removed, written
from sync.engines import Job
from sync.followup import follow, is_plain
from sync.ground import Ground, ground_on
from sync.lexicon import Lexicon
from sync.model import Draft, SectionReport, SectionState, SegmentResult, Translation
from sync.pipeline import Drafted, Planned, Reading
from sync.reviewed import reviewed
from sync.sections import Pair, quiet
from sync.trail import is_by_bot


@dataclass(frozen=True, slots=True)
class Branch:
    """What is to be done on a branch.

    `left_out` are sections that it drafted, and that need no draft any more; `afresh` those whose earlier drafts are
    replaced, with `answers` that an engine gave for them, by request id.
    """

    name: str
    planned: Planned
    left_out: tuple[str, ...] = ()
    afresh: frozenset[str] = frozenset()
    answers: Mapping[str, Translation] = field(default_factory=dict)

    @property
    def job(self) -> Job:
        """What the engine is asked."""
        job = self.planned.job
        return replace(job, requests=tuple(request for request in job.requests if request.id not in self.answers))

    def with_known(self, asked: Asked) -> Asked:
        """What became of the job, with the answers that were there before."""
        translations = {**self.answers, **asked.answers.translations}
        return replace(asked, answers=replace(asked.answers, translations=translations))

    def reused(self, path: str) -> int:
        """Characters of a section that were sent to the engine for an earlier draft, and not again."""
        if path not in self.planned.plans.plans:
            return 0
        requests = self.planned.plans.requests_of(path)
        return sum(len(request.source) for id, request in requests.items() if id in self.answers)


def plan_branch(
    bench: Bench, branch: str, sections: Iterable[str], only: Collection[str | None] | None, merged: Reading,
    plans: Plans, lexicon: Callable[[], Lexicon],
) -> Branch | None:  # fmt: skip
    """The plan of one branch: what it covers already and what is new in it; None where that is nothing."""
    proposal = bench.record.proposals.get(branch)
    known = proposal.sections if proposal else {}
    ground = ground_of(bench, branch)
    reading = merged if ground.parents[0] == bench.sight.target else bench.read(ground.parents[0])
    left_out = _needless(bench, known, ground, reading, merged)
    if left_out:
        commit = leave_out(bench, {path: known[path] for path in left_out}, ground.parents)
        if commit != ground.parents[0]:
            ground = replace(ground, parents=(commit,))
            reading = bench.read(commit)
    wanted = {*sections, *(section.source_path for path, section in known.items() if path not in left_out)}
    wanted = wanted if only is None else wanted & set(only)
    chosen = sorted({pair.source_path or "" for pair in reading.pairs if pair.source_path in wanted} - {""})
    if chosen:
        made = plans if reading is merged else Plans()
        reading, afresh = start_over(bench, known, ground, reading, merged)
        planned = _plan(ground, reading, chosen, made, lexicon)
        return Branch(branch, planned, left_out, afresh, answers_known(planned.plans, known, afresh))
    return Branch(branch, Planned(ground, reading, (), Plans()), left_out) if left_out else None


def _plan(
    ground: Ground, reading: Reading, sources: Sequence[str], plans: Plans, lexicon: Callable[[], Lexicon]
) -> Planned:
    """The plans of sections, named by their paths in the source; those that were made already are taken."""
    pairs = tuple(pipeline.choose(reading.pairs, sources))
    work = {pair.path for pair in pairs if pair.has_work}
    if work <= plans.plans.keys() | plans.errors.keys():
        made = {path: plan for path, plan in plans.plans.items() if path in work}
        return Planned(ground, reading, pairs, Plans(made, {p: e for p, e in plans.errors.items() if p in work}))
    return pipeline.plan(ground, reading, sources, lexicon(), quiet)


def _needless(
    bench: Bench, known: Mapping[str, SectionRecord], ground: Ground, reading: Reading, merged: Reading
) -> tuple[str, ...]:
    """The sections of a proposal that need no draft any more, and that nobody worked on there.

    Their English is what it was before, or gone; or the default branch has got a translation of it from people.
    """
    if reading is merged:
        return ()
    here = {pair.path: pair for pair in reading.pairs}
    there = {pair.source_path: pair for pair in merged.pairs}
    idle = []
    for path in known:
        pair = here.get(path)
        if pair is None or pair.error:
            continue
        on_default = there.get(pair.source_path)
        if pair.source_path is None or (on_default and not on_default.error and not on_default.has_work):
            idle.append(path)
    if not idle:
        return ()
    theirs = reviewed(bench.target, ground.commit, ground.parents[0], idle, bench.config.author, bench.language)
    return tuple(path for path in idle if path not in theirs)


def leave_out(bench: Bench, sections: Mapping[str, SectionRecord], parents: tuple[str, ...]) -> str:
    """A commit on top of others in which the files of sections are those of the default branch again.

    The first of the parents itself, where they are that already.
    """
    target, layout = bench.target, bench.config.layout
    before, now = target.tree(bench.sight.target), target.tree(parents[0])
    files: dict[str, bytes | None] = {}
    paths = {*sections, *(section.moved_from for section in sections.values() if section.moved_from)}
    for name in filter(None, (*paths, *map(layout.origin_path, paths))):
        if before.get(name) != now.get(name):
            files[name] = target.read(before[name].blob) if name in before else None
    if layout.origin is None and before.get(lock.PATH) != now.get(lock.PATH):
        old, new = (
            lock.load(read_text(target, lock.PATH, tree[lock.PATH])) if lock.PATH in tree else {}
            for tree in (before, now)
        )
        left = {path: version for path, version in new.items() if path not in paths}
        files[lock.PATH] = lock.dump(left | {path: old[path] for path in paths & old.keys()}).encode()
    if not files:
        return parents[0]
    message = f"Leave out {plural(len(sections), 'section')}\n\nAMTS-Source: {bench.sight.source}\n"
    return target.write(parents, files, message, bench.config.author, bench.sight.date)


def ground_of(bench: Bench, branch: str) -> Ground:
    """What the drafts of a branch build on.

    A branch that is left over from a pull request which was closed stays a parent, so that nothing is lost and nothing
    is forced, but its files are those of the default branch again; not so where people committed to it.
    """
    tip = bench.sight.tips.get(branch)
    target = bench.sight.target
    if tip is not None and bench.sight.record is not None and branch not in bench.record.proposals:
        if bench.target.contains(target, tip):
            return Ground(target, (target,), tip)
        if all(is_by_bot(commit, bench.config.author) for commit in bench.target.commits(tip, target)):
            return Ground(target, (target, tip), tip)
    return ground_on(bench.target, branch, tip, target, bench.config, bench.sight.date)


def propose(bench: Bench, branch: Branch, drafted: Drafted) -> Proposal | None:
    """The proposal of a branch with the drafts committed; None where there never was anything to propose."""
    before, report = bench.record.proposals.get(branch.name), drafted.report
    if before is None and not drafted.publication.files:
        return None
    commit = _commit(bench, branch, drafted)
    sections = _sections(bench, before, branch, drafted, commit)
    if before is not None and commit == bench.sight.tips.get(branch.name):
        proposal = replace(before, commit=commit, sections=sections)
    else:
        proposal = Proposal(
            branch.name, commit, report.source_revision, report.target_revision, report.engine, sections,
            number=before.number if before else None,
            notes=report.notes or (before.notes if before else ()),
            conflicts=tuple(dict.fromkeys((*(before.conflicts if before else ()), *branch.planned.ground.conflicts))),
            cost=report.cost or (before.cost if before else None),
            after=bench.record.last.get(branch.name, 0),
        )  # fmt: skip
    if bench.target.has_changes_of(bench.sight.target, commit):
        return replace(proposal, closing=replies.nothing_left(bench.sight.source)) if before else None
    return replace(proposal, closing=None)


def baselines_of(bench: Bench, branch: Branch, drafted: Drafted) -> dict[str, tuple[Baseline, ...]]:
    """What review will be measured against, by section: this draft, behind those before that people have worked on."""
    found: dict[str, tuple[Baseline, ...]] = {}
    pairs = {pair.new_path: pair for pair in branch.planned.chosen}
    for section in drafted.report.sections:
        if section.draft is None:
            continue
        pair = pairs[section.path]
        before: tuple[Baseline, ...] = ()
        if branch.name in bench.record.proposals and pair.path not in branch.afresh:
            before = baselines.read(bench.target, bench.sight.record, branch.name, pair.path)
        results = section.draft.results
        now = Baseline(section.draft.text, written(results), removed(results))
        # Whatever was drafted afresh before, it is no draft any more.
        if now.written or now.removed or pair.path in branch.afresh:
            found[section.path] = (*before, now)
    return found


def _commit(bench: Bench, branch: Branch, drafted: Drafted) -> str:
    """The tip of a branch from now on."""
    ground, files = branch.planned.ground, drafted.publication.files
    if files:
        message, author = drafted.publication.message, drafted.publication.author
        return bench.target.write(ground.parents, files, message, author, bench.sight.date)
    is_leaving = bool(branch.left_out) and ground.parents[0] != bench.sight.target
    # The default branch is merged in along with drafts, or where both changed a file: not for its own sake.
    if ground.tip is None or is_leaving or ground.conflicts or _both_changed(bench, ground):
        return ground.parents[0]
    return ground.tip


def _both_changed(bench: Bench, ground: Ground) -> bool:
    """Whether the default branch changed a file that its merge into a branch had to put together."""
    target, tip = bench.target, ground.tip
    if tip is None or ground.parents[0] in (tip, ground.commit):
        return False
    base = target.merge_base(ground.commit, tip)
    old, theirs, ours = (target.tree(commit) if commit else {} for commit in (base, ground.commit, tip))
    return any(
        theirs.get(path) != old.get(path) and ours.get(path) not in (old.get(path), theirs.get(path))
        for path in {*theirs, *ours}
    )


def _sections(
    bench: Bench, before: Proposal | None, branch: Branch, drafted: Drafted, commit: str
) -> dict[str, SectionRecord]:
    """What is remembered of the sections of a branch, whose tip is at `commit` now."""
    left = {path: found for path, found in (before.sections if before else {}).items() if path not in branch.left_out}
    pairs = {pair.new_path: pair for pair in branch.planned.chosen} | {p.path: p for p in branch.planned.chosen}
    sections: dict[str, SectionRecord] = {}
    for section in drafted.report.sections:
        pair = pairs[section.path]
        known = left.pop(pair.path, None)
        if section.draft is not None:
            sections[section.path] = _section(section, section.draft, pair, branch, known, bench.language)
        elif section.error is not None:
            known = known or SectionRecord(section.source_path or "", "", section.state)
            sections[section.path] = replace(known, error=section.error)
        elif known is not None and known.source:
            left[section.path] = replace(known, error=None)
    if before is not None and commit != before.commit:
        tree = bench.target.tree(commit)
        for path, found in left.items():
            if path in tree and found.source:
                left[path] = _followed(found, read_text(bench.target, path, tree[path]), bench.language)
    return dict(sorted((left | sections).items()))


def _followed(section: SectionRecord, text: str, language: str) -> SectionRecord:
    """A section that was not drafted again, at the text that people may have given it since."""
    results = follow(section.results, (), text, language)
    looked = tuple(filter(is_looked_at, results))
    return replace(section, results=looked, kept=section.kept + len(results) - len(looked))


def _section(
    section: SectionReport, draft: Draft, pair: Pair, branch: Branch, before: SectionRecord | None, language: str
) -> SectionRecord:
    """What is remembered of a section that was drafted, on top of what was before."""
    is_afresh = pair.path in branch.afresh
    results = follow(before.results, draft.results, draft.text, language) if before and not is_afresh else draft.results
    looked = tuple(filter(is_looked_at, results))
    earlier = before.characters if before else (0, 0, 0)
    changed = draft.characters_changed + (0 if is_afresh else earlier[1])
    sent = draft.characters_sent - branch.reused(pair.path) + earlier[2]
    moved_from = pair.path if pair.path != pair.new_path and pair.state is not SectionState.NEW else None
    return SectionRecord(
        section.source_path or "",
        source_blob(branch.planned.reading, section.source_path),
        before.state if before and before.state is SectionState.NEW else section.state,
        looked,
        len(results) - len(looked),
        section.notes + draft.notes,
        None,
        (draft.characters_source, changed, sent),
        before.moved_from or moved_from if before and before.source else moved_from,
    )


def source_blob(reading: Reading, source_path: str | None) -> str:
    """The blob of a section of the source; empty where it is gone."""
    entry = reading.book.source_tree.get(source_path or "")
    return entry.blob if entry else ""


def is_looked_at(result: SegmentResult) -> bool:
    """Whether a segment belongs into the record."""
    return is_change(result) and not is_plain(result)
