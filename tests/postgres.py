"""A real PostgreSQL server for tests, where its programs are installed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import psycopg
import pytest
import sqlalchemy as sa

from bot.sandbox.postgres import PostgresError, running_postgres

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a server."""
    try:
        with running_postgres() as url:
            yield url
    except PostgresError as error:
        pytest.skip(str(error))


@pytest.fixture
def postgres(server: str) -> str:
    """The URL of an empty database."""
    name = f"test_{next(_NUMBERS)}"
    command(server, f"CREATE DATABASE {name}")
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)


def command(url: str, text: str) -> None:
    """Have a server do something."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(text.encode())
