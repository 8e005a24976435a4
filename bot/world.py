"""What is out there: a translation repository, its upstream and its pull requests, looked at once and written down.

All that a task does follows from what was seen then, so that a task that is taken up again does the same.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from bot import dashboard, records
from bot.forge import Connect, NotFound
from bot.records import Proposal, Record
from bot.settings import Settings, with_settings
from sync import config
from sync.bases import read_text
from sync.config import Config, ConfigError, Engine
from sync.engines import ENGINES, FREE
from sync.languages import language as find_language
from sync.mirrors import Access, LoginWanted, Mirror, Mirrors, Moved, Unreachable, remote_head
from sync.model import AmtsError

_BRANCHES = "refs/heads/amts/"
_LARGEST_RECORD = 50_000_000  # bytes


@dataclass(frozen=True, slots=True)
class World:
    """What tasks reach out with.

    `web` is the address of GitHub itself, which clones come from; `note` takes what was found out about a repository:
    its upstream (None: it takes no part), its branch, and the commit that it is at. `wishes`: an engine and a language
    that count more than the repository's settings. `hosts`: the other servers that an upstream may be at (None: any),
    `engines`: those that may be used beside the free ones (None: any).
    """

    connect: Connect
    mirrors: Mirrors
    settings: Settings
    web: str = "https://github.com"
    note: Callable[[str, str | None, str | None, str | None], None] = lambda *_: None
    wishes: tuple[str | None, str | None] = (None, None)
    hosts: frozenset[str] | None = frozenset()
    engines: frozenset[str] | None = None

    def done(self, repository: str, upstream: str, branch: str | None, source: str) -> None:
        """Note that nothing is left to do in a repository of what its upstream had at a commit."""
        self.note(repository, self.name_of(upstream) or upstream, branch, source)

    def access(self, repository: str) -> Access:
        """How git speaks to a repository that AMTS works in."""
        return Access(f"{self.web}/{repository}.git", self.connect(repository).token)

    def upstream(self, address: str, repository: str) -> Access:
        """How git reads the upstream that a translation repository names. Raises ConfigError.

        Its settings may come from anyone who can write to it: so it gets to see what everybody may see, by https, and
        beside that only a private repository of the same owner, where it is private itself.
        """
        name = self.name_of(address)
        if name is None:
            host = urlsplit(address).netloc.lower() if address.startswith("https://") else None
            if host is None:
                raise ConfigError(f"{config.PATH}: upstream must be owner/name or an https address for the bot")
            if self.hosts is not None and host not in self.hosts:
                raise ConfigError(
                    f"{config.PATH}: upstream is at {host[:100]}, which whoever runs this bot does not allow"
                )
            return Access(address, is_trusted=False)
        if name.split("/")[0].lower() == repository.split("/")[0].lower():
            try:
                is_private = self.connect(name).place().private
            except NotFound:  # the App is not installed there, which a public repository needs not
                is_private = False
            if is_private and not self.connect(repository).place().private:
                raise ConfigError(f"{config.PATH}: upstream {name} is private, and everybody could read its text here")
            if is_private:
                return self.access(name)
        return Access(f"{self.web}/{name}.git")

    def config(self, target: Mirror, commit: str) -> Config:
        """The settings of a translation repository. Raises Idle where it has none, ConfigError."""
        tree = target.tree(commit)
        if config.PATH not in tree:
            raise Idle(f"{target.name} has no {config.PATH}")
        settings = config.load(read_text(target, config.PATH, tree[config.PATH]))
        engine, wanted = self.wishes
        if wanted is not None:
            settings = replace(settings, language=find_language(wanted).code)
        if engine is not None and engine != settings.engine.name:
            settings = replace(settings, engine=Engine(engine))
        if settings.upstream is not None and settings.language is None:
            raise ConfigError(f"{config.PATH}: language is missing: name the language of the translation")
        return replace(settings, engine=self.engine(settings.engine))

    def engine(self, wanted: Engine) -> Engine:
        """An engine that a repository, or a comment, asks for, as it may be used here. Raises ConfigError."""
        if self.engines is not None and wanted.name not in self.engines | FREE and wanted.name in ENGINES:
            raise ConfigError(
                f"engine {wanted.name}: whoever runs this bot has not set it up: choose another, in {config.PATH}"
            )
        return with_settings(wanted, self.settings)

    def name_of(self, address: str) -> str | None:
        """The full name of a repository on this GitHub; None for one elsewhere."""
        name = address.removeprefix(f"{self.web}/").rstrip("/").removesuffix(".git")
        return name if re.fullmatch(r"[\w.-]+/[\w.-]+", name) and not name.startswith(".") else None


@dataclass(frozen=True, slots=True)
class Pull:
    """The newest pull request of a branch; when it was merged (ISO 8601), and as which commit."""

    number: int
    open: bool
    merged: bool
    merged_at: str | None = None
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen of a translation repository.

    `source` and `target` are the commits of the upstream's branch and of the repository's default `branch`, `record`
    that of the bot's record, `tips` the commit of each of the bot's branches, `pulls` the pull request of each.
    `chapters` and `sections` were asked for on the dashboard. `date` is what commits are dated.
    """

    repository: str
    upstream: str
    source: str
    target: str
    branch: str
    record: str | None
    date: str
    tips: Mapping[str, str] = field(default_factory=dict)
    pulls: Mapping[str, Pull] = field(default_factory=dict)
    chapters: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    upstream_branch: str | None = None

    def dump(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return asdict(self)

    @classmethod
    def load(cls, fields: Mapping[str, Any]) -> Sight:
        """What `dump` gave."""
        pulls = {branch: Pull(**pull) for branch, pull in fields["pulls"].items()}
        sections = {key: tuple(fields[key]) for key in ("chapters", "sections")}
        return cls(**{**fields, "pulls": pulls, **sections})

    @property
    def commits(self) -> list[str]:
        """The commits of the translation repository that the work is based on."""
        return [self.target, *self.tips.values(), *([self.record] if self.record else [])]


class Idle(AmtsError):
    """There is nothing that AMTS has to do with in this repository."""


def look(world: World, repository: str) -> Sight:
    """See how things are. Raises Idle, ConfigError for wrong settings, and other AmtsErrors."""
    try:
        return _look(world, repository)
    except Idle:
        world.note(repository, None, None, None)
        raise


def _look(world: World, repository: str) -> Sight:
    forge = world.connect(repository)
    place = forge.place()
    if place.archived:
        raise Idle(f"{repository} is archived")
    if not forge.has(config.PATH):  # whoever takes no part is not cloned
        raise Idle(f"{repository} has no {config.PATH}")
    with world.mirrors.follow(world.access(repository)) as target:
        head = target.ref(f"refs/heads/{place.default_branch}")
        if head is None:
            raise Idle(f"{repository} has no commit yet")
        settings = world.config(target, head)
        state = target.ref(records.REF)
        record = read_record(target, state)
        tips = target.refs(_BRANCHES)
    if settings.upstream is None:
        raise Idle(f"{repository} names no upstream")
    upstream = world.upstream(settings.upstream, repository)
    try:
        _, source = remote_head(upstream, settings.upstream_branch)
    except (Unreachable, LoginWanted):
        name = world.name_of(settings.upstream)
        if name is not None and not forge.sees(name):  # which git cannot tell from a server that is away
            raise ConfigError(f"{config.PATH}: upstream {name} is not there, or private: name a public one") from None
        raise
    # That this is the upstream is known from now on; that nothing is left to do of it, only once an update is done.
    world.note(repository, world.name_of(settings.upstream) or settings.upstream, settings.upstream_branch, None)
    listed = forge.issue(dashboard.MARKER) if record.dashboard else None
    ticked = dashboard.ticked(listed.body) if listed else dashboard.Ticked()
    pulls = {}
    for branch, proposal in (*record.shelved.items(), *record.proposals.items()):
        found = forge.newest_pull_request(branch, place.default_branch)
        if found is not None and found.number > proposal.after:
            pulls[branch] = Pull(found.number, found.open, found.merged, found.merged_at, found.merge_commit)
    # Merged between the two looks, a pull request would seem to be gone while its words are not there yet.
    if remote_head(world.access(repository), place.default_branch)[1] != head:
        raise Moved(f"{repository} was pushed to while it was looked at")
    return Sight(
        repository, settings.upstream, source, head, place.default_branch, state, f"{int(time.time())} +0000",
        tips, pulls, ticked.chapters, ticked.sections, settings.upstream_branch,
    )  # fmt: skip


def read_record(target: Mirror, commit: str | None) -> Record:
    """The bot's record as a commit has it; an empty one where there is none."""
    if commit is None:
        return Record()
    tree = target.tree(commit)
    if records.PATH not in tree:
        raise records.RecordError(f"{records.REF} of {target.name} holds no record: delete the ref")
    if tree[records.PATH].size > _LARGEST_RECORD:
        raise records.RecordError(f"{records.REF} of {target.name} is too large to be a record of AMTS: delete the ref")
    return records.load(target.read(tree[records.PATH].blob))


def settle(record: Record, sight: Sight) -> Record:
    """The record after what became of its pull requests: merged and closed ones are no proposals any more.

    What a person closed is declined, section by section, at the English that it was drafted to; until it is reopened.
    """
    for branch, proposal in record.proposals.items():
        pull = sight.pulls.get(branch)
        if pull is None or pull.number <= proposal.after:
            continue
        if pull.open:
            record = record.with_proposal(replace(proposal, number=pull.number))
            continue
        if not pull.merged and proposal.closing is None:
            shelved = {**record.shelved, branch: replace(proposal, number=None)}
            record = replace(record, declined={**record.declined, **_drafted(proposal)}, shelved=shelved)
        record = replace(record.without(branch), last={**record.last, branch: pull.number})
    for branch, proposal in record.shelved.items():
        pull = sight.pulls.get(branch)
        if pull is not None and pull.merged and pull.number > proposal.after and branch not in record.proposals:
            left = {item for item in record.declined.items() if item not in _drafted(proposal).items()}
            shelved = {name: kept for name, kept in record.shelved.items() if name != branch}
            record = replace(record, declined=dict(sorted(left)), shelved=shelved)
        if pull is not None and pull.open and branch not in record.proposals:
            left = {item for item in record.declined.items() if item not in _drafted(proposal).items()}
            record = replace(record, declined=dict(sorted(left)), last={**record.last, branch: proposal.after})
            record = record.with_proposal(replace(proposal, number=pull.number))
    wanted = set(sight.sections)
    return replace(record, declined={path: blob for path, blob in record.declined.items() if path not in wanted})


def merged(record: Record, sight: Sight) -> tuple[Proposal, ...]:
    """The proposals of a record whose pull requests were merged since it was written."""
    proposals = {**record.shelved, **record.proposals}  # one that was closed may have been reopened and merged
    pulls = ((proposal, sight.pulls.get(branch)) for branch, proposal in proposals.items())
    return tuple(found for found, pull in pulls if pull is not None and pull.merged and pull.number > found.after)


def _drafted(proposal: Proposal) -> dict[str, str]:
    """The sections of a proposal, each with the English it was drafted to."""
    return {path: section.source for path, section in proposal.sections.items() if section.source}
