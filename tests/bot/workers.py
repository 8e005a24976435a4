"""Workers of the bot in processes of their own, forked from one that has everything loaded, to be killed anywhere.

A point is a moment in which a worker can be killed: before or after a transaction that changes its database. (Those
at requests are known to the stand-ins, which kill from outside.)
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Point:
    """The `number`-th time (from 1) that something happens."""

    what: str
    number: int


@dataclass
class WorkerProcess:
    """A worker that was started. `log`: what it says; `points`: the changes of its database, one a line."""

    pid: int
    log: Path
    points: Path
    _handle: int = field(init=False)

    def __post_init__(self) -> None:
        self._handle = os.pidfd_open(self.pid)

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing where it has ended."""
        try:
            signal.pidfd_send_signal(self._handle, number)
        except ProcessLookupError:
            return

    def ended(self, timeout: float) -> bool:
        """Whether it ends within so many seconds."""
        return bool(select.select([self._handle], [], [], timeout)[0])

    def kill(self) -> None:
        """End it as a machine that fails does."""
        self.send(signal.SIGKILL)
        assert self.ended(10)

    def said(self) -> str:
        """Its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def seen(self) -> list[Point]:
        """The points that it came by."""
        count: Counter[str] = Counter()
        found = []
        for line in self.points.read_text(encoding="utf-8").splitlines():
            count[line] += 1
            found.append(Point(line, count[line]))
        return found


class Zygote:
    """A process that has the bot loaded; a context manager."""

    def __enter__(self) -> Zygote:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bot.workers"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._started: list[WorkerProcess] = []
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._started:
            worker.send(signal.SIGKILL)
        self._process.communicate(timeout=10)

    def fork(self, environment: Mapping[str, str], folder: Path, die: Point | None = None) -> WorkerProcess:
        """Start `amts worker` with exactly these variables; it logs into `folder`, and dies at a point."""
        name = f"worker-{len(self._started)}"
        log, points = folder / f"{name}.log", folder / f"{name}.points"
        order = {
            "environment": dict(environment), "log": str(log), "points": str(points),
            "die": [die.what, die.number] if die else None,
        }  # fmt: skip
        points.touch()
        log.touch()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        worker = WorkerProcess(int(self._process.stdout.readline()), log, points)
        self._started.append(worker)
        return worker


def _watch(points: int, die: tuple[str, int] | None) -> None:
    """Write down every change of the database, before and after it is made, and die at the one that is named."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine
    from sqlalchemy.pool import Pool

    count: Counter[str] = Counter()

    def reached(what: str) -> None:
        count[what] += 1
        os.write(points, f"{what}\n".encode())
        if (what, count[what]) == die:
            os.kill(os.getpid(), signal.SIGKILL)

    def wrote(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        words = statement.replace('"', " ").split()
        if words[0] in ("INSERT", "UPDATE", "DELETE") and cursor.rowcount > 0:
            table = words[1] if words[0] == "UPDATE" else words[2]
            step = parameters.get("function_name", "") if isinstance(parameters, dict) else _name(parameters)
            connection.info.setdefault("wrote", []).append(f"{words[0].lower()} {table} {step}".strip())

    def commits(connection: Any) -> None:
        if connection.info.get("wrote"):
            reached(f"before {', '.join(connection.info['wrote'])}")

    def returns(connection: Any, record: Any) -> None:
        if done := record.info.pop("wrote", None):
            reached(f"after {', '.join(done)}")

    event.listen(Engine, "after_cursor_execute", wrote)
    event.listen(Engine, "commit", commits)
    event.listen(Pool, "checkin", returns)


def _name(parameters: Any) -> str:
    return str(parameters)[:300]


def _work(order: dict[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(order["environment"])
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND)
    for standard in (1, 2):
        os.dup2(log, standard)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    _watch(os.open(order["points"], os.O_WRONLY | os.O_APPEND), tuple(order["die"]) if order["die"] else None)
    from bot.cli import main

    sys.argv = ["amts", "worker"]
    main()


def _breed() -> None:
    # All that a worker needs, and needs late.
    import bot.cli
    import bot.office
    import sync.engines.amazon.engine  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin.buffer:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _work(order)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _breed()
