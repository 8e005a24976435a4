"""A task in a translation repository: what it works with, what it asks an engine, and what it comes to.

What is prepared and completed follows from the sight alone, so that it can be done again after a crash, with the same
outcome.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from bot import baselines, ledger, records
from bot.baselines import Drafts
from bot.merges import entries_of
from bot.records import Proposal, Record
from bot.world import Sight, World, merged, read_record, settle
from sync import pipeline
from sync.config import Config
from sync.drafts import Asked
from sync.engines import Job, Translator
from sync.mirrors import Mirror
from sync.pipeline import Reading
from sync.sections import quiet

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a task comes to.

    `updates`: the commit of each ref that is to be pushed, at once; `record`: what the bot remembers from then on.
    `replies` are for who asked for it; `failed`: it could not be done as asked. `errors`: why sections were left alone,
    by path, as far as no pull request says so. `untried`: a trial of the engine would say something new.
    """

    record: Record
    updates: Mapping[str, str] = field(default_factory=dict)
    replies: tuple[str, ...] = ()
    failed: bool = False
    untried: bool = False
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A task up to the engine: a job for each branch, and what makes an outcome of the answers.

    `limit`: US dollars that all of the jobs together may cost; None where none costs anything. `trials` are jobs that
    measure the engine, by name, which no draft depends on.
    """

    translator: Translator | None
    jobs: Mapping[str, Job]
    complete: Callable[[Mapping[str, Asked]], Outcome]
    limit: float | None = None
    trials: Mapping[str, tuple[Translator, Job]] = field(default_factory=dict)

    @property
    def asked(self) -> dict[str, tuple[Translator, Job]]:
        """Every job with the engine that is asked, by its name; what drafts need comes first."""
        drafts = {name: (self.translator, job) for name, job in self.jobs.items() if self.translator and job.requests}
        return {**drafts, **self.trials}


@dataclass(frozen=True, slots=True)
class Bench:
    """What a task works with: the sight, both repositories, the settings and the record as they were seen.

    `merged` are the proposals whose pull requests were merged since that record was written.
    """

    sight: Sight
    source: Mirror
    target: Mirror
    config: Config
    record: Record
    merged: tuple[Proposal, ...] = ()

    @property
    def language(self) -> str:
        return self.config.language or ""

    def read(self, commit: str) -> Reading:
        """Every section as a commit of the translation repository has it. Raises AmtsError."""
        return pipeline.read(self.source, self.target, self.config, self.sight.source, commit, quiet)


def open_bench(world: World, sight: Sight, held: ExitStack) -> Bench:
    """The mirrors with all that the sight names, for as long as `held` is open. Raises AmtsError."""
    target = held.enter_context(world.mirrors.hold(world.access(sight.repository), sight.commits))
    upstream = world.upstream(sight.upstream, sight.repository)
    source = held.enter_context(world.mirrors.hold(upstream, [sight.source]))
    settings = world.config(target, sight.target)
    remembered = read_record(target, sight.record)
    record = without_removed(settle(remembered, sight), sight, target)
    return Bench(sight, source, target, settings, record, merged(remembered, sight))


def without_removed(record: Record, sight: Sight, target: Mirror) -> Record:
    """The record without the sections whose drafts people removed on a branch: they are declined, as if skipped."""
    for branch, proposal in record.proposals.items():
        tip = sight.tips.get(branch)
        tree = target.tree(tip) if tip else {}
        gone = {path: found for path, found in proposal.sections.items() if found.source and tip and path not in tree}
        if gone:
            left = {path: found for path, found in proposal.sections.items() if path not in gone}
            declined = {**record.declined, **{path: found.source for path, found in gone.items()}}
            record = replace(record.with_proposal(replace(proposal, sections=left)), declined=declined)
    return record


def keep(bench: Bench, record: Record, updates: Mapping[str, str], drafts: Drafts | None = None) -> Outcome:
    """The outcome with the record committed, where it changed, and with it what new `drafts` hold.

    What review made of those that were merged goes into the ledger.
    """
    before = read_record(bench.target, bench.sight.record)
    # GitHub gives the numbers, and is asked for them: a record is no other because they are known now.
    numberless = {branch: replace(found, number=None) for branch, found in record.proposals.items()}
    record = replace(record, proposals=numberless)
    if replace(record, source=before.source) == before and not updates:
        return Outcome(before)
    sight = bench.sight
    files = {records.PATH: records.dump(record), **_drafts(bench, record, drafts or {}), **_ledger(bench)}
    commit = bench.target.write(
        (sight.record,) if sight.record else (), files,
        f"What AMTS remembers of {sight.source[:12]}\n", bench.config.author, sight.date,
    )  # fmt: skip
    return Outcome(record, {**updates, records.REF: commit})


def _drafts(bench: Bench, record: Record, new: Drafts) -> dict[str, bytes | None]:
    """The files of drafts that change: new ones, and those that nobody will merge any more."""
    proposals = (*record.proposals.values(), *record.shelved.values())
    wanted = {baselines.name_of(found.branch, path) for found in proposals for path in found.sections}
    there = bench.target.tree(bench.sight.record) if bench.sight.record else {}
    gone = [name for name in there if name.startswith(baselines.FOLDER) and name not in wanted]
    made = {baselines.name_of(branch, path): found for branch, paths in new.items() for path, found in paths.items()}
    return {**dict.fromkeys(gone), **{name: baselines.dump(made[name]) for name in made.keys() & wanted}}


def _ledger(bench: Bench) -> dict[str, bytes]:
    """The ledger with what was merged since it was written; nothing where that is nothing."""
    entries = entries_of(bench.target, bench.sight, bench.merged, bench.language)
    if not entries:
        return {}
    there = bench.target.tree(bench.sight.record).get(ledger.PATH) if bench.sight.record else None
    if there is not None and there.size > ledger.MAX_BYTES:  # whoever made it so large may mend it
        _log.warning("%s: %s is too large to be added to", bench.sight.repository, ledger.PATH)
        return {}
    before = bench.target.read(there.blob) if there is not None else b""
    joint = b"" if not before or before.endswith(b"\n") else b"\n"
    return {ledger.PATH: before + joint + ledger.dump(entries)}
