"""Fixtures: the small book, and the bot on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.sandbox.repositories import build
from tests.bot.github import Bot, running


@pytest.fixture(scope="session")
def small_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the small book's repositories `en`, `zh` and `es`."""
    folder = tmp_path_factory.mktemp("book")
    build(folder)
    return folder


@pytest.fixture
def bot(small_book: Path, tmp_path: Path) -> Iterator[Bot]:
    """The bot on the small book, whose Chinese translation is up to date."""
    with running(small_book, tmp_path) as found:
        yield found
