"""What models answered, kept: asked twice, paid once. An SQLite file that any number of processes may use at once."""

from __future__ import annotations

import os
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from sync.engines.adaptive.model import End, Reply
from sync.engines.base import EngineError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, engine TEXT NOT NULL, model TEXT NOT NULL, text TEXT NOT NULL, end TEXT NOT NULL,
    input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, asked REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS claims (
    key TEXT PRIMARY KEY, owner TEXT NOT NULL, until REAL NOT NULL
) WITHOUT ROWID;
"""
_PATIENCE = 60.0  # seconds to wait for another process that writes


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
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make(path)
            self._connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.executescript(_SCHEMA)

    def get(self, key: str) -> Reply | None:
        """The answer that is kept for a prompt."""
        found = self._run("SELECT text, end, input_tokens, output_tokens FROM answers WHERE key = ?", key)
        return Reply(found[0][0], End(found[0][1]), found[0][2], found[0][3]) if found else None

    def claim(self, key: str, seconds: float) -> bool:
        """Whether the caller is to ask for it, now and for so many seconds: nobody else is, and it is not known.

        What a process claimed that has died is free at once, if it was on this machine.
        """
        now = time.time()
        with self._lock, self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                known = self._connection.execute("SELECT 1 FROM answers WHERE key = ?", (key,)).fetchone()
                taken = self._connection.execute("SELECT owner, until FROM claims WHERE key = ?", (key,)).fetchone()
                is_free = not known and (taken is None or taken[1] < now or not _lives(taken[0]))
                if is_free:
                    values = (key, _owner(), now + seconds)
                    self._connection.execute("INSERT OR REPLACE INTO claims VALUES (?, ?, ?)", values)
                return is_free
            finally:
                self._connection.execute("COMMIT")

    def put(self, key: str, engine: str, model: str, reply: Reply) -> None:
        """Keeps an answer; the claim to it ends."""
        row = (key, engine, model, reply.text, reply.end.value, reply.input_tokens, reply.output_tokens, time.time())
        self._run("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *row)
        self.release(key)

    def release(self, key: str) -> None:
        """The caller does not ask for it any more."""
        self._run("DELETE FROM claims WHERE key = ?", key)

    def close(self) -> None:
        """Closes the file."""
        with self._lock, self._explained():
            self._connection.close()

    def _run(self, statement: str, *values: object) -> list[tuple[str, str, int, int]]:
        # One connection for all threads: what it does takes microseconds beside any answer of a model.
        with self._lock, self._explained():
            return self._connection.execute(statement, values).fetchall()

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


def _owner() -> str:
    return f"{os.getpid()}@{socket.gethostname()}"


def _lives(owner: str) -> bool:
    """Whether a process may still be at work: surely not where it was on this machine and is gone."""
    pid, _, host = owner.partition("@")
    if host != socket.gethostname():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is another user's
        pass
    return True
