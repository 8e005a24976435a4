"""A task in a translation repository: what it works with, what it asks an engine, and what it comes to.

What is prepared and completed follows from the sight alone, so that it can be done again after a crash, with the same
outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from bot import records
from bot.records import Record
from bot.world import Sight, World, read_record, settle
from sync import pipeline
from sync.config import Config
from sync.drafts import Asked
from sync.engines import Job, Translator
from sync.mirrors import Mirror
from sync.pipeline import Reading
from sync.sections import quiet


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a task comes to.

    `updates`: the commit of each ref that is to be pushed, at once; `record`: what the bot remembers from then on.
    `replies` are for who asked for it; `failed`: it could not be done as asked. `errors`: why sections were left alone,
    by path, as far as no pull request says so.
    """

    record: Record
    updates: Mapping[str, str] = field(default_factory=dict)
    replies: tuple[str, ...] = ()
    failed: bool = False
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A task up to the engine: a job for each branch, and what makes an outcome of the answers.

    `limit`: US dollars that all of the jobs together may cost; None where none costs anything.
    """

    translator: Translator | None
    jobs: Mapping[str, Job]
    complete: Callable[[Mapping[str, Asked]], Outcome]
    limit: float | None = None


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

    def read(self, commit: str) -> Reading:
        """Every section as a commit of the translation repository has it. Raises AmtsError."""
        return pipeline.read(self.source, self.target, self.config, self.sight.source, commit, quiet)


def open_bench(world: World, sight: Sight, held: ExitStack) -> Bench:
    """The mirrors with all that the sight names, for as long as `held` is open. Raises AmtsError."""
    target = held.enter_context(world.mirrors.hold(world.access(sight.repository), sight.commits))
    upstream = world.upstream(sight.upstream, sight.repository)
    source = held.enter_context(world.mirrors.hold(upstream, [sight.source]))
    settings = world.config(target, sight.target)
    record = without_removed(settle(read_record(target, sight.record), sight), sight, target)
    return Bench(sight, source, target, settings, record)


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
