"""The registry: which repositories take part, which workers live; the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.registry import DatabaseError, Entry, Registry, driver, file_of
from tests.postgres import postgres, server

__all__ = ["postgres", "server"]  # fixtures


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'r.sqlite'}" if request.param == "sqlite" else request.getfixturevalue("postgres")


@pytest.fixture
def registry(url: str) -> Iterator[Registry]:
    found = Registry(url)
    yield found
    found.close()


def test_a_repository_is_remembered_and_forgotten(registry: Registry) -> None:
    zh, es = Entry("tea/zh", "tea/en", None, "a" * 40), Entry("tea/es", None)
    registry.put(zh)
    registry.put(es)
    assert registry.all() == [es, zh]
    registry.put(Entry("tea/es", "Tea/EN", "draft", "b" * 40))
    assert registry.following("tea/en") == ["tea/es", "tea/zh"]
    registry.remove("tea/es")
    registry.remove("tea/es")
    assert registry.following("TEA/en") == ["tea/zh"]


def test_a_worker_that_is_silent_lives_no_more(registry: Registry) -> None:
    registry.alive("one")
    registry.alive("two")
    assert registry.living(30) == ["one", "two"]
    time.sleep(2.1)
    registry.alive("two")
    assert registry.living(2) == ["two"]
    assert registry.living(30) == ["two"]  # and it is forgotten for good
    registry.alive("one")
    registry.leave("two")
    assert registry.living(30) == ["one"]


def test_it_is_made_by_many_at_once(url: str) -> None:
    def make(number: int) -> None:
        made = Registry(url)
        made.put(Entry(f"tea/{number}", None))
        made.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(make, range(16)))
    found = Registry(url)
    assert len(found.all()) == 16
    found.close()


def test_readers_and_a_writer_do_not_wait_for_one_another(tmp_path: Path) -> None:
    place = tmp_path / "r.sqlite"
    registry = Registry(f"sqlite:///{place}")
    with sqlite3.connect(place) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        other.execute("BEGIN IMMEDIATE")
        assert registry.all() == []
        other.rollback()
    other.close()
    registry.close()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:secret@127.0.0.1:1/none",
        "postgresql://me:secret@127.0.0.1:port/none",
        "sqlite:////no/such/folder/r.sqlite",
    ],
)
def test_what_cannot_be_used_is_told_without_its_password(url: str) -> None:
    with pytest.raises(DatabaseError, match="check AMTS_DATABASE_URL") as caught:
        Registry(url)
    assert "secret" not in str(caught.value)
    assert "port/" not in str(caught.value)


def test_a_server_that_is_gone_is_not_waited_for_without_end() -> None:
    assert driver("postgres://me@db/x") == "postgresql+psycopg://me@db/x?connect_timeout=10"
    assert driver("postgresql+psycopg://db/x?connect_timeout=3") == "postgresql+psycopg://db/x?connect_timeout=3"
    assert driver("sqlite:////srv/jobs.sqlite") == "sqlite:////srv/jobs.sqlite"
    assert file_of("sqlite:////srv/jobs.sqlite") == Path("/srv/jobs.sqlite")
    assert file_of("postgresql://db/x") is None
