"""One upstream push, many translation repositories: what two workers on PostgreSQL do, beside one.

Each run has everything anew: a stand-in for GitHub, a database server, the bot's processes. The stand-in is this
process, which does nothing else meanwhile: the answer that completes a repository's check run is the end of its update.

GitHub answers over a network, the stand-in at once; so each answer can be held back for as long as GitHub takes.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from statistics import mean, median

from rich.table import Table

from bot.bench import Progress
from bot.files import pairs_in
from bot.jobs import Jobs
from bot.registry import Registry
from bot.sandbox.github import GitHubSandbox, When
from bot.sandbox.postgres import running_postgres
from bot.sandbox.repositories import LANGUAGES, book_folder
from bot.sandbox.service import RunningService
from sync import config
from sync.languages import language as find_language
from sync.model import AmtsError

GOAL = 1.6
_UPSTREAM = "tea/en"
_PERSON = "author"
_SETTINGS = "upstream: {upstream}\nlanguage: {language}\npull_requests: {{max_segments: 1000000}}\n"
_PATIENCE = 3600.0  # seconds for all repositories


class WorkersBenchError(AmtsError):
    """The benchmark does not come to its end."""


@dataclass(frozen=True, slots=True)
class Book:
    """The English before and after the push, and the files of each translation, by language: path -> bytes."""

    before: Mapping[str, bytes]
    after: Mapping[str, bytes]
    translations: Mapping[str, Mapping[str, bytes]]


@dataclass(frozen=True, slots=True)
class Run:
    """One push drafted everywhere by so many workers. All times are in seconds.

    `updated`: from the push until each repository was done, in order. The others are those of the processor: of the
    workers and of the stand-in, each with its git; None where the machine does not tell.
    """

    workers: int
    updated: tuple[float, ...]
    cpu_workers: float | None
    cpu_github: float

    @property
    def throughput(self) -> float:
        """Repositories a second."""
        return len(self.updated) / self.updated[-1]


@dataclass(frozen=True, slots=True)
class WorkersFigures:
    """Runs with one worker and with two, by turns. `cores`: of this machine; `latency` of the stand-in, in seconds."""

    runs: tuple[Run, ...]
    cores: int
    latency: float = 0.0

    def throughput(self, workers: int) -> float:
        """The mean over the runs with so many workers, in repositories a second."""
        return mean(run.throughput for run in self.runs if run.workers == workers)

    @property
    def ratio(self) -> float:
        """The throughput of two workers, in times that of one."""
        return self.throughput(2) / self.throughput(1)

    @property
    def as_said(self) -> bool:
        """Whether the goal is reached."""
        return self.ratio >= GOAL

    def to_json(self) -> dict[str, object]:
        """The ratio and all runs."""
        return {
            "ratio": self.ratio,
            "goal": GOAL,
            "cores": self.cores,
            "latency": self.latency,
            "repositories_a_second": {str(workers): self.throughput(workers) for workers in (1, 2)},
            "runs": [asdict(run) for run in self.runs],
        }

    def tables(self) -> list[Table]:
        """The runs, and what two workers are worth."""
        what = f"One push, {len(self.runs[0].updated)} translation repositories, answers after {self.latency:g} s"
        runs = Table("workers", title=what)
        for heading in ("seconds", "median", "repositories a second", "workers busy", "stand-in busy", "of cores"):
            runs.add_column(heading, justify="right")
        for run in self.runs:
            busy = [None if cpu is None else cpu / run.updated[-1] for cpu in (run.cpu_workers, run.cpu_github)]
            runs.add_row(
                str(run.workers),
                f"{run.updated[-1]:.1f}",
                f"{median(run.updated):.1f}",
                f"{run.throughput:.2f}",
                *("–" if share is None else f"{share:.2f}" for share in busy),
                str(self.cores),
            )
        table = Table("figure", "value", title="Two workers on PostgreSQL, beside one")
        table.add_row("throughput", f"{self.ratio:.2f} times (goal: at least {GOAL})")
        table.add_row("what bounds it", self._bound())
        return [runs, table]

    def _bound(self) -> str:
        """Where the processor time goes that two workers would need."""
        one, two = self._busy(1), self._busy(2)
        if one is None or two is None:
            return "this machine does not tell"
        return (
            f"one worker and the stand-in keep {one:.2f} of {self.cores} cores busy, two {two:.2f}: "
            f"no more than {self.cores / one:.2f} times can be had here"
        )

    def _busy(self, workers: int) -> float | None:
        """How many cores the runs with so many workers keep busy; None where the machine does not tell."""
        found = [run for run in self.runs if run.workers == workers]
        busy = [(run.cpu_workers + run.cpu_github) / run.updated[-1] for run in found if run.cpu_workers is not None]
        return mean(busy) if busy else None


def small_book() -> Book:
    """The project's own book."""
    with book_folder() as folder:
        before, after = _texts(folder / "en-before"), _texts(folder / "en-after")
        translations = {language: _texts(folder / language) for language in LANGUAGES}
    pairs = {
        language: {**texts, **{_origin(path): before[path] for path in texts}}
        for language, texts in translations.items()
    }
    return Book(before, after, pairs)


def real_book(source: Path, target: Path, language: str) -> Book:
    """The new English below `source`, and the pairs X_origin.md and X.md below `target`. Raises FileError."""
    places = pairs_in(target)
    before = {place.path: place.origin.read_bytes() for place in places}
    pairs = {place.path: place.translation.read_bytes() for place in places}
    pairs |= {_origin(path): text for path, text in before.items()}
    return Book(before, _texts(source), {find_language(language).code: pairs})


def _texts(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.md"))}


def _origin(path: str) -> str:
    return f"{path.removesuffix('.md')}_origin.md"


def bench_workers(book: Book, repositories: int, rounds: int, latency: float, progress: Progress) -> WorkersFigures:
    """Push once for one worker and once for two, so many times; each answer of the stand-in takes `latency` seconds.

    Raises PostgresError, ServiceFailed and WorkersBenchError where a run does not come to its end.
    """
    counts = [1, 2] * rounds
    runs: list[Run] = []
    for workers in counts:
        before = len(runs) * repositories

        def report(done: int, before: int = before) -> None:
            progress("repositories", before + done, len(counts) * repositories)

        runs.append(_run(book, repositories, workers, latency, report))
    return WorkersFigures(tuple(runs), len(os.sched_getaffinity(0)), latency)


def _run(book: Book, repositories: int, workers: int, latency: float, report: Callable[[int], None]) -> Run:
    """One push, with everything anew."""
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="amts-")))
        url = running.enter_context(running_postgres())
        hub = running.enter_context(GitHubSandbox(folder / "github"))
        names = _publish(hub, book, repositories)
        done = _Done(hub)
        settings = {"AMTS_DATABASE_URL": url}
        service = running.enter_context(RunningService(hub, folder / "home", settings, workers=0))
        pids = [service.start_worker().pid for _ in range(workers)]
        _await_first_looks(url, repositories)
        hub.on_request = _held_back(latency)
        before = _busy(pids), _own()
        began = time.monotonic()
        changes = {**dict.fromkeys(book.before.keys() - book.after.keys()), **book.after}
        hub.commit(_UPSTREAM, "main", changes, "Revise the book", _PERSON)
        updated = [at - began for at in done.all(set(names), report)]
        after = _busy(pids), _own()
        busy = None if before[0] is None or after[0] is None else after[0] - before[0]
        return Run(workers, tuple(sorted(updated)), busy, after[1] - before[1])


def _publish(hub: GitHubSandbox, book: Book, repositories: int) -> list[str]:
    """The English as it was, and so many translations of it."""
    hub.add_repository(_UPSTREAM)
    hub.commit(_UPSTREAM, "main", book.before, "The book", _PERSON)
    names = []
    for number, language in zip(range(repositories), cycle(book.translations), strict=False):
        names.append(f"tea/{language}-{number}")
        settings = _SETTINGS.format(upstream=_UPSTREAM, language=language).encode()
        hub.add_repository(names[-1])
        files = {**book.translations[language], config.PATH: settings}
        hub.commit(names[-1], "main", files, "The translation", _PERSON)
    hub.install(_UPSTREAM, *names)
    return names


def _held_back(seconds: float) -> Callable[[int, str, When], None]:
    """Lets each answer wait."""

    def wait(_number: int, _name: str, when: When) -> None:
        if when is When.AFTER:
            time.sleep(seconds)

    return wait


class _Done:
    """The repositories whose check run is complete, which is the last that an update does, and since when."""

    def __init__(self, hub: GitHubSandbox) -> None:
        self._since: dict[str, float] = {}
        self._changed = threading.Condition()
        hub.on_answer = self._answered

    def _answered(self, name: str, status: int, body: bytes) -> None:
        if name.startswith("PATCH ") and "/check-runs/" in name and status == 200:
            run = json.loads(body)
            repository = run["url"].partition("/repos/")[2].partition("/check-runs/")[0]
            with self._changed:
                if run["status"] == "completed":
                    self._since.setdefault(repository, time.monotonic())
                    self._changed.notify_all()

    def all(self, names: set[str], report: Callable[[int], None]) -> list[float]:
        """Wait for all of these: since when each is done. Raises WorkersBenchError."""
        with self._changed:
            while left := names - self._since.keys():
                report(len(names) - len(left))
                if not self._changed.wait(_PATIENCE):
                    raise WorkersBenchError(f"{len(left)} of {len(names)} repositories are not updated: see the log")
            report(len(names))
            return [self._since[name] for name in names]


def _await_first_looks(url: str, repositories: int) -> None:
    """Wait until the bot knows every repository, and has nothing left to do."""
    with closing(Registry(url)) as registry, closing(Jobs(url)) as jobs:
        end = time.monotonic() + _PATIENCE
        while len(registry.following(_UPSTREAM)) < repositories or jobs.list(("waits", "queued", "runs"), 1):
            if time.monotonic() > end:
                raise WorkersBenchError("the bot does not come to look at all repositories")
            time.sleep(0.2)


def _busy(pids: Iterable[int]) -> float | None:
    """Seconds of processor time that processes and what they started have taken; None where there is no /proc."""
    total = 0
    for pid in pids:
        place = Path(f"/proc/{pid}/stat")
        if not place.is_file():
            return None
        # proc(5): utime, stime, cutime, cstime are the 14th to 17th; the name, in brackets, may hold anything.
        total += sum(map(int, place.read_text(encoding="utf-8").rpartition(")")[2].split()[11:15]))
    return total / os.sysconf("SC_CLK_TCK")


def _own() -> float:
    """The same of this process."""
    return sum(os.times()[:4])
