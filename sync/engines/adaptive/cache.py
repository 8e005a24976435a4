"""What models answered, kept: asked twice, paid once; and what a job has spent.

An SQLite file that any number of processes may use at once.
"""

from __future__ import annotations

import os
import secrets
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from sync.engines.adaptive.model import End, Reply, Spent
from sync.engines.base import EngineError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, engine TEXT NOT NULL, model TEXT NOT NULL, text TEXT NOT NULL, end TEXT NOT NULL,
    input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, asked REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS claims (
    key TEXT PRIMARY KEY, owner TEXT NOT NULL, until REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spending (
    id INTEGER PRIMARY KEY, run TEXT NOT NULL, settled INTEGER NOT NULL, characters INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS spending_of_run ON spending (run);
"""
_RESERVE = "INSERT INTO spending (run, settled, characters, input_tokens, output_tokens, at) VALUES (?, ?, ?, ?, ?, ?)"
_PATIENCE = 60.0  # seconds to wait for another process that writes
_ABANDONED = 90 * 86_400.0  # seconds
# This process, among all that had its number before it: a container begins with the same one each time.
_SELF = secrets.token_hex(8)


def cache_path(environment: Mapping[str, str]) -> Path:
    """The file: AMTS_CACHE, or else `amts/answers.sqlite` in the user's folder of caches."""
    if environment.get("AMTS_CACHE"):
        return Path(environment["AMTS_CACHE"]).expanduser()
    base = environment.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path("~/.cache").expanduser()) / "amts" / "answers.sqlite"


class Cache:
    """Answers by the key of their prompt. All methods raise EngineError where the file cannot be used."""

    def __init__(self, path: Path) -> None:
        """The file and its folder are made if need be, for their owner's eyes alone: they hold text of the book."""
        self._path = path
        self._lock = threading.Lock()
        with self._explained():
            self._connection, self._file = self._opened()

    def _opened(self) -> tuple[sqlite3.Connection, tuple[int, int]]:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._make(self._path)
        connection = sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_SCHEMA)
        return connection, _identity(self._path)

    def get(self, key: str) -> Reply | None:
        """The answer that is kept for a prompt."""
        found = self._run("SELECT text, end, input_tokens, output_tokens FROM answers WHERE key = ?", key)
        return Reply(found[0][0], End(found[0][1]), found[0][2], found[0][3]) if found else None

    def claim(self, key: str, seconds: float) -> bool:
        """Whether the caller is to ask for it, now and for so many seconds: nobody else is, and it is not known.

        What a process claimed that has died is free at once, if it was on this machine.
        """
        now = time.time()
        with self._alone() as connection:
            known = connection.execute("SELECT 1 FROM answers WHERE key = ?", (key,)).fetchone()
            taken = connection.execute("SELECT owner, until FROM claims WHERE key = ?", (key,)).fetchone()
            is_free = not known and (taken is None or taken[1] < now or not _lives(taken[0]))
            if is_free:
                values = (key, _owner(), now + seconds)
                connection.execute("INSERT OR REPLACE INTO claims VALUES (?, ?, ?)", values)
            return is_free

    def put(self, key: str, engine: str, model: str, reply: Reply) -> None:
        """Keeps an answer; the claim to it ends."""
        row = (key, engine, model, reply.text, reply.end.value, reply.input_tokens, reply.output_tokens, time.time())
        self._run("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *row)
        self.release(key)

    def release(self, key: str) -> None:
        """The caller does not ask for it any more."""
        self._run("DELETE FROM claims WHERE key = ? AND owner = ?", key, _owner())

    # What a job has spent, in whichever processes.

    def reserve(self, run: str, runs: Iterable[str], decide: Callable[[Spent, Spent], Spent | None]) -> int | None:
        """Sets aside what a request of a run may take, before it is sent: a number for `settle`.

        `decide` says how much, knowing what these `runs` have spent together, and what of theirs is set aside; where
        it says None, nothing is set aside.
        """
        runs = tuple(runs)
        with self._alone() as connection:
            wanted = decide(_sum(connection, runs, 1), _sum(connection, runs, 0))
            if wanted is None:
                return None
            values = (run, 0, wanted.characters, wanted.input_tokens, wanted.output_tokens, time.time())
            return connection.execute(_RESERVE, values).lastrowid

    def settle(self, place: int, spent: Spent) -> None:
        """What the request took in the end; nothing at all where that is no request."""
        if spent.requests:
            statement = (
                "UPDATE spending SET settled = 1, characters = ?, input_tokens = ?, output_tokens = ? WHERE id = ?"
            )
            self._run(statement, spent.characters, spent.input_tokens, spent.output_tokens, place)
        else:
            self._run("DELETE FROM spending WHERE id = ?", place)

    def spent(self, runs: Iterable[str]) -> Spent:
        """What these runs have spent together, with what is set aside."""
        runs = tuple(runs)
        with self._connected() as connection:
            return _sum(connection, runs, 1) + _sum(connection, runs, 0)

    def forget(self, run: str) -> None:
        """The run is over; and so are those that nobody ended, long ago."""
        self._run("DELETE FROM spending WHERE run = ? OR at < ?", run, time.time() - _ABANDONED)

    def close(self) -> None:
        """Closes the file."""
        with self._lock, self._explained():
            self._connection.close()

    def _run(self, statement: str, *values: object) -> list[tuple[str, str, int, int]]:
        with self._connected() as connection:
            return connection.execute(statement, values).fetchall()

    @contextmanager
    def _alone(self) -> Iterator[sqlite3.Connection]:
        """The connection, while no other process writes."""
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            finally:
                connection.execute("COMMIT")

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        # One connection for all threads: what it does takes microseconds beside any answer of a model.
        with self._lock, self._explained():
            if _identity(self._path) != self._file:  # somebody has removed it, which is allowed at any time
                self._connection.close()
                self._connection, self._file = self._opened()
            yield self._connection

    @staticmethod
    def _make(path: Path) -> None:
        # Only where it is new: to close a file that SQLite has open in this process would end SQLite's own locks on it.
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise EngineError(
                f"cannot use {self._path}, where the answers of models are kept ({error}): "
                "free or remove it, or set AMTS_CACHE to another file"
            ) from None


def _identity(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_dev, found.st_ino


def _sum(connection: sqlite3.Connection, runs: Iterable[str], settled: int) -> Spent:
    statement = (
        "SELECT count(*), sum(characters), sum(input_tokens), sum(output_tokens) FROM spending "
        "WHERE run = ? AND settled = ?"
    )
    found = Spent()
    for run in runs:
        found += Spent(*(value or 0 for value in connection.execute(statement, (run, settled)).fetchone()))
    return found


def _owner() -> str:
    return f"{os.getpid()}@{socket.gethostname()}@{_SELF}"


def _lives(owner: str) -> bool:
    """Whether a process may still be at work: surely not where it was on this machine and is gone."""
    pid, host, who = (*owner.split("@"), "", "")[:3]
    if host != socket.gethostname():
        return True
    if pid == str(os.getpid()):
        return who == _SELF
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is another user's
        pass
    return True
