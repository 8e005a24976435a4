"""Workers of the bot in processes of their own, forked from one that has everything loaded, to be killed anywhere.

A worker can be told to die before or after any transaction that changes its database. At requests the stand-ins kill
it, from outside.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import select
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Point:
    """The `number`-th time (from 1) that a worker comes by."""

    what: str
    number: int = 1


@dataclass
class WorkerProcess:
    """A worker that was started. `log`: what it says; `places`: the changes of its database, one a line."""

    pid: int
    log: Path
    places: Path
    _handle: int = field(init=False)

    def __post_init__(self) -> None:
        self._handle = os.pidfd_open(self.pid)

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing where it has ended."""
        try:
            signal.pidfd_send_signal(self._handle, number)
        except ProcessLookupError:
            return

    def ended(self, timeout: float = 0.0) -> bool:
        """Whether it ends within so many seconds."""
        return bool(select.select([self._handle], [], [], timeout)[0])

    def kill(self) -> None:
        """End it as a machine that fails does."""
        self.send(signal.SIGKILL)
        assert self.ended(10)

    def said(self) -> str:
        """Its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def passed(self) -> list[str]:
        """The changes of its database, before and after each."""
        return self.places.read_text(encoding="utf-8").splitlines()


def points(passed: list[str]) -> list[Point]:
    """Places with how often each was come by."""
    count: Counter[str] = Counter()
    found = []
    for what in passed:
        count[what] += 1
        found.append(Point(what, count[what]))
    return found


class Zygote:
    """A process that has the bot loaded; a context manager, whose workers end with it."""

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

    def fork(
        self, environment: Mapping[str, str], folder: Path, die: Point | None = None, spare: set[str] | None = None
    ) -> WorkerProcess:
        """Start `amts worker` with exactly these variables; it logs into `folder`.

        It dies at a change of its database: at the point `die`, or at the first place that is not in `spare`.
        """
        name = f"worker-{len(self._started)}"
        log, places = folder / f"{name}.log", folder / f"{name}.places"
        log.touch()
        places.touch()
        order = {
            "environment": dict(environment), "log": str(log), "places": str(places),
            "die": [die.what, die.number] if die else None, "spare": None if spare is None else sorted(spare),
        }  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        worker = WorkerProcess(int(self._process.stdout.readline()), log, places)
        self._started.append(worker)
        return worker


def _watch(places: int, deadly: Callable[[str, int], bool]) -> None:
    """Write down every change of the database, before and after it is made, and die at a deadly one."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine
    from sqlalchemy.pool import Pool

    count: Counter[str] = Counter()

    def reached(what: str) -> None:
        count[what] += 1
        os.write(places, f"{what}\n".encode())
        if deadly(what, count[what]):
            os.kill(os.getpid(), signal.SIGKILL)

    def ran(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        words = statement.split()
        if words[0] in ("INSERT", "UPDATE", "DELETE"):
            table = words[1] if words[0] == "UPDATE" else words[2]
            stage = next((value for value in _values(parameters) if isinstance(value, str) and value in _NAMES), "")
            connection.info.setdefault("ran", []).append(" ".join((words[0].lower(), table.strip('"'), stage)).strip())

    def commits(connection: Any) -> None:
        changes = getattr(connection.connection.dbapi_connection, "total_changes", None)
        done = connection.info.pop("ran", [])
        if done and (changes is None or changes != connection.info.get("changes", 0)):
            connection.info.update(changes=changes, done=", ".join(done))
            reached(f"before {', '.join(done)}")

    def returns(connection: Any, record: Any) -> None:
        if done := record.info.pop("done", None):
            reached(f"after {done}")

    event.listen(Engine, "after_cursor_execute", ran)
    event.listen(Engine, "commit", commits)
    event.listen(Pool, "checkin", returns)


_NAMES = {
    "who", "awaited", "upstreams", "read", "translate", "poll", "assemble and push", "remember", "publish", "finish", "tell",
    "mend", "permission", "status", "reply", "eyes", "rocket", "confused", "wait", "deliver", "gather", "update", "comment",
}  # fmt: skip


def _values(parameters: Any) -> tuple[Any, ...]:
    return tuple(parameters.values()) if isinstance(parameters, dict) else tuple(parameters or ())


def _work(order: dict[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(order["environment"])
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND)
    for standard in (1, 2):
        os.dup2(log, standard)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    die, spare = order["die"], order["spare"]

    def deadly(what: str, number: int) -> bool:
        return [what, number] == die or (spare is not None and what not in spare)

    _watch(os.open(order["places"], os.O_WRONLY | os.O_APPEND), deadly)
    from bot.cli import main

    sys.argv = ["amts", "worker"]
    main()


def _breed() -> None:
    # All that a worker needs, and would load late.
    for module in ("bot.cli", "bot.office", "bot.workflow", "sync.engines.amazon.engine"):
        importlib.import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin.buffer:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _work(order)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _breed()
