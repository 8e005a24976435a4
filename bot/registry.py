"""Which repositories take part, and which workers live: two small tables beside the jobs, in the same database."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from sync.model import AmtsError

_PATIENCE = 10  # seconds that a connection, or SQLite's lock, is waited for
_TRIES = 5
_META = sa.MetaData()
_REPOSITORIES = sa.Table(
    "amts_repositories",
    _META,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("upstream", sa.String(2_000)),  # null: it takes no part
    sa.Column("branch", sa.String(300)),  # of the upstream; null: its default one
    sa.Column("head", sa.String(40)),  # of the upstream, when it was looked at last
)
_WORKERS = sa.Table(
    "amts_workers",
    _META,
    sa.Column("id", sa.String(200), primary_key=True),
    sa.Column("seen", sa.Float, nullable=False),  # seconds since 1970
)


class DatabaseError(AmtsError):
    """The database cannot be used."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A repository that was looked at: what it names as its upstream (None: it takes no part), and where that was."""

    name: str
    upstream: str | None
    branch: str | None = None
    head: str | None = None


class Registry:
    """The tables. Every method raises DatabaseError."""

    def __init__(self, url: str) -> None:
        """Take the URL of a SQLite or PostgreSQL database; the tables are made where they are missing."""
        wait = {"timeout": _PATIENCE} if url.startswith("sqlite") else {}
        try:
            self._engine = sa.create_engine(driver(url), pool_pre_ping=True, hide_parameters=True, connect_args=wait)
            self._prepare()
        except (sa.exc.SQLAlchemyError, ImportError, ValueError) as error:
            raise DatabaseError(f"the database cannot be used: {_reason(error)}: check AMTS_DATABASE_URL") from None

    def _prepare(self) -> None:
        for left in reversed(range(_TRIES)):
            try:
                if self._engine.dialect.name == "sqlite":
                    with self._engine.connect() as connection:
                        connection.exec_driver_sql("PRAGMA journal_mode=WAL")  # kept in the file, for every user of it
                _META.create_all(self._engine)
            except sa.exc.DBAPIError:  # another process may be at the same at this moment
                if not left:
                    raise
                time.sleep(0.2)
            else:
                return

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def check(self) -> None:
        """Raise DatabaseError where the database does not answer."""
        self._run(sa.select(sa.literal(1)))

    def put(self, entry: Entry) -> None:
        """Remember a repository."""
        values = {"upstream": entry.upstream, "branch": entry.branch, "head": entry.head}
        self._upsert(_REPOSITORIES, "name", entry.name, values)

    def remove(self, name: str) -> None:
        """Forget a repository."""
        self._run(sa.delete(_REPOSITORIES).where(_REPOSITORIES.c.name == name))

    def all(self) -> list[Entry]:
        """Every repository that was looked at, by name."""
        return [Entry(*row) for row in self._run(sa.select(_REPOSITORIES).order_by(_REPOSITORIES.c.name))]

    def following(self, upstream: str) -> list[str]:
        """The repositories that name this one as their upstream."""
        wanted = sa.func.lower(_REPOSITORIES.c.upstream) == upstream.lower()
        return [row[0] for row in self._run(sa.select(_REPOSITORIES.c.name).where(wanted).order_by("name"))]

    def alive(self, worker: str) -> None:
        """Note that a worker lives."""
        self._upsert(_WORKERS, "id", worker, {"seen": self._now()})

    def leave(self, worker: str) -> None:
        """Note that a worker lives no more."""
        self._run(sa.delete(_WORKERS).where(_WORKERS.c.id == worker))

    def living(self, silence: float) -> list[str]:
        """The workers that said something within so many seconds; the others are forgotten."""
        self._run(sa.delete(_WORKERS).where(_WORKERS.c.seen < self._now() - silence))
        return [row[0] for row in self._run(sa.select(_WORKERS.c.id).order_by(_WORKERS.c.id))]

    def _now(self) -> Any:
        """The time by one clock for all: that of the server, where there is one."""
        if self._engine.dialect.name == "sqlite":
            return time.time()
        return sa.extract("epoch", sa.func.clock_timestamp())

    def _upsert(self, table: sa.Table, key: str, value: str, values: dict[str, Any]) -> None:
        # Both know the same words for it, and SQLAlchemy has them for each dialect.
        if self._engine.dialect.name == "sqlite":
            from sqlalchemy.dialects.sqlite import insert as insert_into
        else:
            from sqlalchemy.dialects.postgresql import insert as insert_into  # type: ignore[assignment]
        statement = insert_into(table).values({key: value, **values})
        self._run(statement.on_conflict_do_update(index_elements=[key], set_=values))

    def _run(self, statement: sa.Executable) -> list[Any]:
        try:
            with self._engine.begin() as connection:
                result = connection.execute(statement)
                return list(result) if result.returns_rows else []
        except sa.exc.SQLAlchemyError as error:
            raise DatabaseError(f"the database does not answer: {_reason(error)}") from None


def driver(url: str) -> str:
    """A URL as AMTS uses it: for PostgreSQL with psycopg 3, and no wait without an end for a server that is gone."""
    for prefix in ("postgres://", "postgresql://", "postgresql+psycopg://"):
        if url.startswith(prefix):
            found = sa.make_url("postgresql+psycopg://" + url.removeprefix(prefix))
            if "connect_timeout" not in found.query:
                found = found.update_query_dict({"connect_timeout": str(_PATIENCE)})
            return found.render_as_string(hide_password=False)
    return url


def file_of(url: str) -> Path | None:
    """The file of a SQLite database; None for a server."""
    return Path(sa.make_url(url).database or "") if url.startswith("sqlite") else None


def _reason(error: Exception) -> str:
    """What is wrong, without the URL, which may hold a password."""
    cause = getattr(error, "orig", None) or error
    return f"{type(cause).__name__}"
