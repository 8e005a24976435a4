"""The bot in this process, with the stand-in for GitHub and the project's small book: an update takes half a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot import records, workflow
from bot.asking import Value
from bot.login import App
from bot.records import Record
from bot.sandbox.github import GitHubSandbox
from bot.sandbox.github.facts import CommentFacts, PullRequestFacts
from bot.service import Server
from bot.settings import read_settings
from bot.workflow import Said
from bot.world import World
from sync.mirrors import Mirrors
from tests.conftest import git

UPSTREAM = "tea/en"
ZH = "tea/zh"
SETTINGS = ".github/amts.yml"
REVISED = "revised"  # the branch of the upstream with the whole revision of the small book
LOGIN = "amts[bot]"
WRITER = "wei"  # has write access to the translations; the owner of the book, tea, is not mentioned anywhere


@dataclass
class Unkept:
    """A keeper that keeps nothing, waits parts of a second only, and notes how long it should have."""

    slept: list[float] = field(default_factory=list)
    before: Callable[[str], None] = lambda _: None  # called with the name of each stage

    def step(self, name: str, make: Callable[[], Value]) -> Value:
        self.before(name)
        return make()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        time.sleep(seconds if seconds < 1 else 0.01)


@dataclass
class Bot:
    """The App and what it works on, in `folder`; `book` has the repositories of the small book.

    `noted` are the notes on repositories that the poll goes by.
    """

    book: Path
    folder: Path
    github: GitHubSandbox
    world: World
    keeper: Unkept
    noted: dict[str, tuple[str | None, ...]]
    said: Said | None = None

    def update(self, repository: str = ZH) -> str:
        """What an update comes to."""
        return workflow.update(self.keeper, self.world, repository)

    def ask(self, number: int, text: str, as_user: str = WRITER, repository: str = ZH) -> list[str]:
        """Comment on a pull request, and let the bot answer: what it says."""
        comment = self.github.comment(repository, number, text, as_user)
        before = {one.id for one in self.github.comments(repository, number)}
        self.said = Said(number, comment, as_user, text)
        workflow.answer(self.keeper, self.world, repository, self.said)
        return [one.body for one in self.github.comments(repository, number) if one.id not in before]

    def answer_again(self, repository: str = ZH) -> None:
        """Let the bot answer the last comment as if nobody had."""
        assert self.said is not None
        workflow.answer(self.keeper, self.world, repository, self.said)

    def write(self, files: Mapping[str, str | None], repository: str = UPSTREAM, branch: str = "main") -> str:
        """Commit files (None: removed) as a person: the commit."""
        content = {path: None if text is None else text.encode() for path, text in files.items()}
        return self.github.commit(repository, branch, content, "Edit", WRITER)

    def replace(self, path: str, old: str, new: str, repository: str = UPSTREAM, branch: str = "main") -> str:
        """Commit a change of a part of a text as a person: the commit."""
        text = self.read(path, repository, branch)
        assert old in text, f"{old!r} is not in {path}"
        return self.write({path: text.replace(old, new)}, repository, branch)

    def revise(self) -> str:
        """Push the whole revision of the small book upstream: the commit."""
        commit = self.github.branches(UPSTREAM)[REVISED]
        self.github.create_branch(UPSTREAM, "main", commit, WRITER)
        return commit

    def read(self, path: str, repository: str = UPSTREAM, branch: str = "main") -> str:
        """A file as it stands on a branch."""
        data = self.github.file(repository, branch, path)
        assert data is not None, f"{repository} has no {path} on {branch}"
        return data.decode()

    def settings(self, text: str, repository: str = ZH) -> None:
        """Write more settings, below those of the small book."""
        language = repository.rpartition("/")[2]
        self.write({SETTINGS: f"upstream: {UPSTREAM}\nlanguage: {language}\n{text}"}, repository)

    def pulls(self, repository: str = ZH) -> list[PullRequestFacts]:
        """The open pull requests."""
        return [pull for pull in self.github.pull_requests(repository) if pull.state == "open"]

    def pull(self, repository: str = ZH) -> PullRequestFacts:
        """The open pull request; there is one."""
        (found,) = self.pulls(repository)
        return found

    def comments(self, number: int, repository: str = ZH) -> list[CommentFacts]:
        """What the bot said on an issue or a pull request."""
        return [one for one in self.github.comments(repository, number) if one.author == LOGIN]

    def record(self, repository: str = ZH) -> Record:
        """What the bot remembers."""
        data = self.github.file(repository, records.REF, records.PATH)
        assert data is not None
        return records.load(data)

    def sections(self, repository: str = ZH) -> set[str]:
        """The sections that are in a pull request."""
        return {path for found in self.record(repository).proposals.values() for path in found.sections}


@contextmanager
def running(book: Path, folder: Path) -> Iterator[Bot]:
    """The bot on the repositories of the small book, whose Chinese translation is up to date: nothing to do yet."""
    with GitHubSandbox(folder / "github") as github:
        github.add_repository(UPSTREAM, book / "en", collaborators={WRITER: "write"})
        github.add_repository(ZH, book / "zh", collaborators={WRITER: "write", "rita": "read"})
        github.create_branch(UPSTREAM, REVISED, github.branches(UPSTREAM)["main"], WRITER)
        github.create_branch(UPSTREAM, "main", git(book / "en", "rev-parse", "main~1"), WRITER)
        github.install(ZH)
        yield on(book, folder, github)


def on(book: Path, folder: Path, github: GitHubSandbox) -> Bot:
    """The bot for a sandbox, with its mirrors in a folder."""
    app = App(Server(github.api_url, 0), github.app_id, github.private_key)
    noted: dict[str, tuple[str | None, ...]] = {}

    def note(repository: str, *found: str | None) -> None:
        noted[repository] = found

    mirrors = Mirrors(folder / "mirrors", 10**9)
    world = World(app.forge, mirrors, read_settings({}), github.url, note)
    return Bot(book, folder, github, world, Unkept(), noted)
