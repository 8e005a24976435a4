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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
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
CREATE TABLE IF NOT EXISTS spent (
    run TEXT PRIMARY KEY, purse TEXT NOT NULL, requests INTEGER NOT NULL, characters INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
    estimated_input INTEGER NOT NULL, estimated_output INTEGER NOT NULL, at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS spent_of_purse ON spent (purse);
CREATE TABLE IF NOT EXISTS aside (
    id TEXT PRIMARY KEY, purse TEXT NOT NULL, run TEXT NOT NULL, input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL, at REAL NOT NULL
) WITHOUT ROWID;
"""
_NOWHERE = (0, 0)
_ADD = (
    "INSERT INTO spent VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run) DO UPDATE SET "
    "requests = requests + excluded.requests, characters = characters + excluded.characters, "
    "input_tokens = input_tokens + excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens, "
    "estimated_input = estimated_input + excluded.estimated_input, "
    "estimated_output = estimated_output + excluded.estimated_output, at = excluded.at"
)
_SUM = (
    "SELECT sum(requests), sum(characters), sum(input_tokens), sum(output_tokens), sum(estimated_input), "
    "sum(estimated_output) FROM spent WHERE purse = ?"
)
_ASIDE = "SELECT count(*), sum(input_tokens), sum(output_tokens) FROM aside WHERE purse = ?"
_FORGET = ("DELETE FROM spent WHERE at < ?", "DELETE FROM aside WHERE at < ?")
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


@dataclass(frozen=True, slots=True)
class Reserved:
    """What is set aside for a request of a run."""

    id: str
    purse: str
    run: str
    amount: Spent


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
        # No WAL: who removes this file alone would leave the others of it, which fit no new one.
        connection.execute("PRAGMA journal_mode = TRUNCATE")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(_SCHEMA)
        for statement in _FORGET:
            connection.execute(statement, (time.time() - _ABANDONED,))
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

    # What runs have spent, in whichever processes. Runs of one purse share a limit.

    def reserve(self, purse: str, run: str, decide: Callable[[Spent, Spent, Spent], Spent | None]) -> Reserved | None:
        """Sets aside what a request may take, before it is sent.

        `decide` says how much, knowing what the runs of the purse have spent, what had been estimated for that, and
        what is set aside; where it says None, nothing is set aside.
        """
        with self._alone() as connection:
            wanted = decide(*_purse(connection, purse))
            if wanted is None:
                return None
            reserved = Reserved(secrets.token_hex(16), purse, run, wanted)
            values = (reserved.id, purse, run, wanted.input_tokens, wanted.output_tokens, time.time())
            connection.execute("INSERT INTO aside VALUES (?, ?, ?, ?, ?, ?)", values)
            return reserved

    def settle(self, reserved: Reserved, spent: Spent, estimated: Spent) -> None:
        """What the request took in the end, and what had been estimated for it."""
        values = (
            reserved.run, reserved.purse, spent.requests, spent.characters, spent.input_tokens, spent.output_tokens,
            estimated.input_tokens, estimated.output_tokens, time.time(),
        )  # fmt: skip
        with self._alone() as connection:
            connection.execute("DELETE FROM aside WHERE id = ?", (reserved.id,))
            connection.execute(_ADD, values)

    def spent(self, run: str) -> Spent:
        """What a run has spent."""
        statement = "SELECT requests, characters, input_tokens, output_tokens FROM spent WHERE run = ?"
        with self._connected() as connection:
            found = connection.execute(statement, (run,)).fetchone()
        return Spent(*found) if found else Spent()

    def spent_of(self, purse: str) -> Spent:
        """What all runs of a purse have spent, with what is set aside."""
        with self._connected() as connection:
            spent, _, aside = _purse(connection, purse)
        return spent + aside

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
                self._file = _NOWHERE
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
        return -1, -1
    return found.st_dev, found.st_ino


def _purse(connection: sqlite3.Connection, purse: str) -> tuple[Spent, Spent, Spent]:
    """What was spent, what had been estimated for it, what is set aside."""
    sums = [value or 0 for value in connection.execute(_SUM, (purse,)).fetchone()]
    aside = [value or 0 for value in connection.execute(_ASIDE, (purse,)).fetchone()]
    return Spent(*sums[:4]), Spent(0, 0, *sums[4:]), Spent(aside[0], 0, *aside[1:])


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
