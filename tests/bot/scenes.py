"""The small book on a stand-in for GitHub, the bot's web application in this process, its workers in others."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from bot import records
from bot.jobs import Jobs
from bot.office import web
from bot.registry import Entry, Registry
from bot.sandbox.github import GitHubSandbox
from bot.sandbox.repositories import BookRepositories
from sync import config
from tests.bot.workers import Point, WorkerProcess, Zygote

AUTHOR, TRANSLATOR = "author", "translator"
PATIENCE = 300.0  # seconds
BUSY = ("waits", "queued", "runs")


class Scene:
    """A context manager. `tea/en` is at its first commit, and the bot has looked at it and its translations.

    `settings` are variables of the workers' environment, `files` more lines of a translation's settings file;
    `upstream_installed`: whether `tea/en` has the App, too.
    """

    def __init__(
        self,
        folder: Path,
        books: BookRepositories,
        zygote: Zygote,
        settings: Mapping[str, str] | None = None,
        database: str | None = None,
        files: Mapping[str, str] | None = None,
        upstream_installed: bool = True,
    ) -> None:
        self.folder = folder
        self.workers: list[WorkerProcess] = []
        self._books = books
        self._zygote = zygote
        self._settings = settings or {}
        self._files = files or {}
        self._upstream_installed = upstream_installed
        self.database = database or f"sqlite:///{folder / 'home' / 'amts.sqlite'}"

    def __enter__(self) -> Scene:
        with ExitStack() as stack:
            (self.folder / "home").mkdir(parents=True)
            self.hub = hub = stack.enter_context(GitHubSandbox(self.folder / "hub"))
            self._fill(hub)
            self.environment = {
                **{name: value for name, value in os.environ.items() if not name.startswith("AMTS_")},
                "AMTS_HOME": str(self.folder / "home"), "AMTS_DATABASE_URL": self.database,
                "AMTS_APP_ID": str(hub.app_id), "AMTS_PRIVATE_KEY": hub.private_key,
                "AMTS_WEBHOOK_SECRET": hub.webhook_secret, "AMTS_GITHUB_URL": hub.url,
                "AMTS_GITHUB_API_URL": hub.api_url, "AMTS_QUIET_PERIOD": "0.05", "AMTS_TICK": "0.1",
                "AMTS_WRITE_PAUSE": "0", "AMTS_POLL_PERIOD": "604800", "AMTS_HEARTBEAT": "0.5", **self._settings,
            }  # fmt: skip
            self.registry = Registry(self.database)
            stack.callback(self.registry.close)
            head = hub.branches("tea/en")["main"]
            for language in self._books.targets:
                self.registry.put(Entry(f"tea/{language}", "tea/en", None, head))
            if self._upstream_installed:
                self.registry.put(Entry("tea/en", None))
            self.jobs = Jobs(self.database)
            stack.callback(self.jobs.close)
            server = make_server("127.0.0.1", 0, web(self.environment), True, request_handler=_Silent)
            stack.callback(server.server_close)
            thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            hub.webhook_url = f"http://127.0.0.1:{server.server_port}/webhook"
            stack.callback(self._end)
            self._closing = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def _fill(self, hub: GitHubSandbox) -> None:
        hub.add_repository("tea/en", default_branch="main", collaborators={AUTHOR: "admin"})
        hub.push("tea/en", self._books.source, "main~1:refs/heads/main", AUTHOR)
        for language, path in self._books.targets.items():
            hub.add_repository(f"tea/{language}", path, collaborators={TRANSLATOR: "admin"})
            if language in self._files:
                text = f"upstream: tea/en\nlanguage: {language}\n{self._files[language]}".encode()
                hub.commit(f"tea/{language}", "main", {config.PATH: text}, "Choose settings", TRANSLATOR)
        hub.install(*(f"tea/{language}" for language in self._books.targets))
        if self._upstream_installed:
            hub.install("tea/en")

    def _end(self) -> None:
        self.hub.on_request = None
        for worker in self.workers:
            worker.kill()

    def start(
        self, settings: Mapping[str, str] | None = None, die: Point | None = None, spare: set[str] | None = None
    ) -> WorkerProcess:
        """Start a worker."""
        worker = self._zygote.fork({**self.environment, **(settings or {})}, self.folder, die, spare)
        self.workers.append(worker)
        return worker

    def push(self) -> None:
        """The change of the English book arrives."""
        self.hub.push("tea/en", self._books.source, "main:refs/heads/main", AUTHOR)

    def comment(self, text: str, repository: str = "tea/zh") -> int:
        """A translator comments on the first pull request: the comment's id."""
        return self.hub.comment(repository, 1, text, TRANSLATOR)

    def settle(self, again: Callable[[], object] | None = None) -> None:
        """Wait until there is nothing to do any more. `again` is called whenever the last worker has ended."""
        end = time.monotonic() + PATIENCE
        quiet = 0
        while quiet < 2:  # what a job did may be told, and become another one
            if self.workers[-1].ended():
                assert again is not None, self.workers[-1].said()
                again()
            self.hub.drain()
            # The first job of all is to look at the upstreams.
            quiet = quiet + 1 if self.jobs.list((), 1) and not self.jobs.list(BUSY, 1) else 0
            assert time.monotonic() < end, (self.jobs.list(BUSY, 10), [worker.said() for worker in self.workers[-2:]])
            time.sleep(0.05)

    def until(self, look: Callable[[], object], what: str) -> None:
        """Wait until `look` finds something."""
        end = time.monotonic() + PATIENCE
        while not look():
            assert time.monotonic() < end, (what, [worker.said() for worker in self.workers[-2:]])
            time.sleep(0.05)

    def picture(self) -> dict[str, Any]:
        """All that can be seen of the repositories, with commits known by what they are instead of their ids."""
        return {name: _picture(self.hub, self.folder / "hub", f"tea/{name}") for name in ("en", *self._books.targets)}


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing."""


def _picture(hub: GitHubSandbox, folder: Path, repository: str) -> dict[str, Any]:
    """A snapshot without what two runs may have different: the dates of the bot's commits, ids, and the address."""
    place = folder / f"{repository}.git"
    names = _names(place)

    def known(text: str) -> str:
        text = re.sub(r"\b[0-9a-f]{7,40}\b", lambda found: names.get(found[0][:7], found[0])[: len(found[0])], text)
        text = re.sub(r"<!-- amts:text [0-9a-f]+ -->", "<!-- amts:text -->", text)
        return re.sub(r"<!-- amts:comment \d+-", "<!-- amts:comment ", text.replace(hub.url, "HUB"))

    seen = json.loads(known(json.dumps(hub.snapshot(repository), ensure_ascii=False)))
    for run in seen["check_runs"]:
        run["external_id"] = ""  # made of the commit's id
    seen["check_runs"].sort(key=json.dumps)
    record = hub.file(repository, records.REF, records.PATH)
    seen["record"] = known(record.decode()) if record else None
    return dict(seen)


def _names(place: Path) -> dict[str, str]:
    """What each commit is called that is the same in every run, by the first digits of its id."""
    log = subprocess.run(
        ["git", "log", "--all", "--topo-order", "--reverse", "--format=%H%x1f%T%x1f%P%x1f%an%x1f%cn%x1f%B%x1e"],
        cwd=place, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    names: dict[str, str] = {}
    state = set(_lines(place, "rev-list", records.REF)) if _lines(place, "for-each-ref", records.REF) else set()
    for entry in filter(None, (part.strip("\n") for part in log.split("\x1e"))):
        commit, tree, parents, author, committer, message = entry.split("\x1f")
        # A record names commits, so its tree is another one in each run; it is compared by itself.
        same = [names[parent[:7]] for parent in parents.split()]
        text = [commit in state or tree, same, author, committer, re.sub(r"\b[0-9a-f]{12,40}\b", "", message)]
        names[commit[:7]] = hashlib.sha1(json.dumps(text).encode()).hexdigest()  # noqa: S324 - no secret, a name
    return names


def _lines(place: Path, *command: str) -> list[str]:
    return subprocess.run(["git", *command], cwd=place, check=True, capture_output=True, text=True).stdout.split()
