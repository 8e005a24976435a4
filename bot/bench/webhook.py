"""Webhooks as fast as one client sends them: to `amts serve`, and to a bare Flask route that does one SQLite insert.

Both are served by gunicorn with the same options, and take the same requests by turns, so that a busy moment does not
hit one of them alone. The client keeps its connection. No worker runs: what is measured is how deliveries are taken.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from statistics import mean, quantiles
from urllib.parse import urlsplit
from uuid import uuid4

from rich.table import Table

from bot.bench import Progress
from bot.bench.bare import DATABASE
from bot.jobs import Jobs
from bot.sandbox.github import Delivery, GitHubSandbox
from bot.sandbox.repositories import build
from bot.sandbox.service import RunningService
from sync.model import AmtsError

GOAL = 3.0  # times the bare route
_SLICE = 2.0  # seconds that one of the two is sent requests before it is the other's turn
_PATIENCE = 30.0  # seconds that a server has to be ready
_UPSTREAM = "tea/en"
_MANY = 100_000_000
# As `amts serve` has them.
_SERVER = ("--workers", "1", "--threads", "4", "--access-logfile", "-", "--no-control-socket")


class WebhookBenchError(AmtsError):
    """The benchmark cannot run."""


@dataclass(slots=True)
class Load:
    """Requests that were answered: the time of each in seconds, their statuses, and the ids they were sent under."""

    times: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    ids: list[str] = field(default_factory=list)

    def percentile(self, percent: int) -> float:
        """The time that so many percent of the requests took at most, in seconds."""
        return quantiles(self.times, n=100, method="inclusive")[percent - 1]

    def to_json(self) -> dict[str, object]:
        """The figures."""
        return {
            "requests": len(self.times),
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "requests_a_second": 1 / mean(self.times),
            "seconds_mean": mean(self.times),
            "seconds_p50": self.percentile(50),
            "seconds_p99": self.percentile(99),
        }


@dataclass(frozen=True, slots=True)
class WebhookFigures:
    """`ours`: the bot's; `jobs`: the ids of the deliveries that are jobs in its database now, once for each job."""

    ours: Load
    bare: Load
    jobs: Mapping[str, int]
    body: int  # bytes of a request

    @property
    def ratio(self) -> float:
        """The mean time of a request, in times that of the bare route."""
        return mean(self.ours.times) / mean(self.bare.times)

    @property
    def lost(self) -> int:
        """Deliveries that are no job."""
        return sum(id not in self.jobs for id in self.ours.ids)

    @property
    def doubled(self) -> int:
        """Jobs too many."""
        return sum(self.jobs.values()) - len(self.ours.ids) + self.lost

    @property
    def as_said(self) -> bool:
        """Whether nothing was lost or doubled, everything was acknowledged, and it is quick enough."""
        return self.ours.statuses.keys() == {202} and not self.lost and not self.doubled and self.ratio <= GOAL

    def to_json(self) -> dict[str, object]:
        """All figures."""
        return {
            "ratio": self.ratio,
            "goal": GOAL,
            "lost": self.lost,
            "doubled": self.doubled,
            "bytes": self.body,
            "amts": self.ours.to_json(),
            "bare": self.bare.to_json(),
        }

    def tables(self) -> list[Table]:
        """Both, side by side."""
        table = Table("figure", title=f"Deliveries of {self.body:,} bytes, as fast as one client sends them")
        for heading in ("amts serve", "bare route"):
            table.add_column(heading, justify="right")
        both = (self.ours, self.bare)
        table.add_row("requests", *(f"{len(load.times):,}" for load in both))
        table.add_row("acknowledged (202)", *(f"{load.statuses[202]:,}" for load in both))
        table.add_row("requests a second", *(f"{1 / mean(load.times):.0f}" for load in both))
        table.add_row("time for a request, mean", *(f"{1000 * mean(load.times):.2f} ms" for load in both))
        table.add_row("  50 % took at most", *(f"{1000 * load.percentile(50):.2f} ms" for load in both))
        table.add_row("  99 % took at most", *(f"{1000 * load.percentile(99):.2f} ms" for load in both))
        table.add_row("jobs lost / doubled", f"{self.lost} / {self.doubled}", "–")
        table.add_row("time, beside the bare route", f"{self.ratio:.2f} (goal: at most {GOAL:g})", "1")
        return [table]


def bench_webhook(seconds: float, progress: Progress) -> WebhookFigures:
    """Send each of the two servers requests for so many seconds in all. Raises WebhookBenchError, ServiceFailed."""
    with tempfile.TemporaryDirectory(prefix="amts-") as place:
        folder = Path(place)
        with _running_bot(folder) as (service, delivery), _running_bare(folder) as bare:
            loads = Load(), Load()
            turns = max(1, round(seconds / _SLICE))
            for turn in range(turns):
                progress("seconds", round(turn * seconds / turns), round(seconds))
                for load, url in zip(loads, (f"{service.url}/webhook", bare), strict=True):
                    _send(url, delivery, seconds / turns, load)
            progress("seconds", round(seconds), round(seconds))
        jobs = _jobs(folder / "home" / "amts.sqlite")
        del jobs[delivery.guid]  # which the stand-in had sent
        return WebhookFigures(*loads, jobs, len(_body(delivery)))


@contextmanager
def _running_bot(folder: Path) -> Iterator[tuple[RunningService, Delivery]]:
    """`amts serve` without a worker, and a webhook as GitHub sends it for a push."""
    (folder / "books").mkdir()
    books = build(folder / "books")
    with GitHubSandbox(folder / "github") as hub:
        hub.add_repository(_UPSTREAM, default_branch="main")
        hub.push(_UPSTREAM, books.source, "main~1:refs/heads/main", "author")
        hub.install(_UPSTREAM)
        with RunningService(hub, folder / "home", {}, workers=0) as service:
            hub.push(_UPSTREAM, books.source, "main:refs/heads/main", "author")
            hub.drain()
            yield service, hub.deliveries[-1]


@contextmanager
def _running_bare(folder: Path) -> Iterator[str]:
    """The bare route, served as `amts serve` is: its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ("-m", "gunicorn", "--bind", f"127.0.0.1:{port}", *_SERVER, "--worker-tmp-dir", tempfile.gettempdir())
    with (folder / "bare.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - the server that is installed, with arguments from this module
            [sys.executable, *command, "bot.bench.bare:web()"],
            env={**os.environ, DATABASE: str(folder / "bare.sqlite")},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _await(process, port)
        yield f"http://127.0.0.1:{port}/webhook"
    finally:
        process.terminate()
        process.wait()


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > end:
            raise WebhookBenchError("the bare route is not served: is gunicorn installed?")
        time.sleep(0.05)


def _body(delivery: Delivery) -> bytes:
    return json.dumps(delivery.payload).encode()


def _send(url: str, delivery: Delivery, seconds: float, load: Load) -> None:
    """Send a webhook again and again, each time under an id of its own, over one connection."""
    place, body = urlsplit(url), _body(delivery)
    with closing(HTTPConnection(place.netloc, timeout=_PATIENCE)) as connection:
        connection.connect()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            id = str(uuid4())
            headers = {**delivery.headers, "X-GitHub-Delivery": id}
            began = time.perf_counter()
            connection.request("POST", place.path, body, headers)
            with connection.getresponse() as answer:
                answer.read()
            load.times.append(time.perf_counter() - began)
            load.statuses[answer.status] += 1
            load.ids.append(id)


def _jobs(database: Path) -> Counter[str]:
    """How many jobs there are for each delivery."""
    with closing(Jobs(f"sqlite:///{database}")) as jobs:
        return Counter(job.id.removeprefix("delivery-") for job in jobs.list((), _MANY) if job.kind == "deliver")
