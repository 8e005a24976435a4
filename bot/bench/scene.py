"""A book and its translations in the stand-in for GitHub, and the bot's workflow on them, in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot import records, workflow
from bot.asking import Value
from bot.login import App
from bot.records import Record
from bot.sandbox.github import GitHubSandbox, PullRequestFacts
from bot.sandbox.github.git import BareRepository
from bot.sandbox.github.processes import GitError, git
from bot.service import Server
from bot.settings import Settings
from bot.world import World
from sync import config
from sync.config import PullRequests
from sync.mirrors import Mirrors
from sync.model import AmtsError

SOURCE = "book/en"
ONE = 1_000_000  # segments of a pull request that takes all there is
REVIEWABLE = PullRequests().max_segments
_PERSON = "reviewer"
_SETTINGS = """\
upstream: {source}
language: {language}
engine: memory
pull_requests: {{max_segments: {most}}}
"""


class SceneError(AmtsError):
    """The data cannot be used for a benchmark of the bot."""


class Stopwatch:
    """Keeps nothing of a workflow's stages but how long they took, in seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def step(self, name: str, make: Callable[[], Value]) -> Value:
        """Do a stage, and take its time."""
        began = time.perf_counter()
        try:
            return make()
        finally:
            self.seconds += time.perf_counter() - began

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Scene:
    """The upstream SOURCE and any number of translations of it; `history` has all that the upstream may be brought to.

    Repositories are named OWNER/NAME, as on GitHub. Nobody sends webhooks: `update` is what they would lead to.
    """

    hub: GitHubSandbox
    world: World
    folder: Path
    history: BareRepository

    def commits(self, count: int) -> list[str]:
        """The last commits that changed Markdown on the book's own line, oldest first, and the one before them.

        Raises SceneError where there are not so many.
        """
        listing = ("rev-list", "--first-parent", f"--max-count={count + 1}", "HEAD", "--", "*.md")
        line = git(self.history.path, *listing).decode().split()
        if len(line) <= count:
            raise SceneError(f"the book has {len(line)} commits, and {count + 1} are needed: ask for fewer")
        return line[::-1]

    def push(self, commit: str) -> None:
        """Bring the upstream's default branch to a commit of the book."""
        branch = self.history.default_branch()
        self.hub.push(SOURCE, self.history.path, f"+{commit}:refs/heads/{branch}", _PERSON)

    def add_folder(self, name: str, folder: Path, language: str, most: int) -> None:
        """Add a translation with the files of a folder; `most`: segments of one pull request."""
        files: dict[str, bytes | None] = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and ".git" not in path.relative_to(folder).parts
        }
        files[config.PATH] = _SETTINGS.format(source=SOURCE, language=language, most=most).encode()
        self.hub.add_repository(name)
        self.hub.commit(name, "main", files, "The translation", _PERSON)
        self.hub.install(name)

    def add_copy(self, name: str, of: str) -> None:
        """Add a translation with the branches of another, and none of what the bot remembers of that."""
        self.hub.add_repository(name, self._place(of))
        self.hub.install(name)

    def update(self, name: str) -> float:
        """Let the bot look at a translation: the seconds it took. Raises AmtsError."""
        watch = Stopwatch()
        workflow.update(watch, self.world, name)
        return watch.seconds

    def record(self, name: str) -> Record:
        """What the bot remembers of a translation."""
        data = self.hub.file(name, records.REF, records.PATH)
        return Record() if data is None else records.load(data)

    def open_pulls(self, name: str) -> list[PullRequestFacts]:
        """The open pull requests of a translation, oldest first."""
        return [pull for pull in self.hub.pull_requests(name) if pull.state == "open"]

    def merge(self, name: str, number: int) -> None:
        """Merge a pull request, and delete its branch."""
        self.hub.merge(name, number, _PERSON, delete_branch=True)

    def files(self, name: str, revision: str) -> dict[str, bytes]:
        """The Markdown files of a revision of a translation, by path."""
        place = self._place(name)
        listing = git(place, "ls-tree", "-r", "-z", "--name-only", "--full-tree", revision)
        paths = [path for path in listing.decode().split("\0") if path.endswith(".md")]
        return {path: git(place, "cat-file", "blob", f"{revision}:{path}") for path in paths}

    def _place(self, name: str) -> Path:
        return self.folder / "hub" / f"{name}.git"


@contextmanager
def open_scene(folder: Path, book: Path) -> Iterator[Scene]:
    """A scene in an empty folder; `book` is a git repository or a bundle, whose default branch is the book.

    Raises SceneError where it is neither.
    """
    try:
        history = BareRepository.create(folder / "history.git", book, None)
    except GitError as error:
        raise SceneError(f"{book} is no git repository or bundle: {str(error).splitlines()[-1]}") from None
    with GitHubSandbox(folder / "hub") as hub:
        hub.add_repository(SOURCE, history.path)
        hub.install(SOURCE)
        app = App(Server(hub.api_url, pause=0), hub.app_id, hub.private_key)
        yield Scene(hub, World(app.forge, Mirrors(folder / "mirrors", 10**12), Settings({}), hub.url), folder, history)
