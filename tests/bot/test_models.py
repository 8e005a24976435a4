"""Engines that ask a model, in the bot: used where whoever runs it has set them up, within what may be spent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.settings import read_settings
from sync.engines import EngineError
from tests.bot.github import WRITER, ZH, Bot
from tests.model_server import ModelServer, model_server, segment, translation

BRANCH = "amts/sync"
LOG = "chapter_measuring/tea-log.md"
PRICES = {"AMTS_OPENAI_PRICES": "1000 10000"}


def with_plug(asked: Mapping[str, Any]) -> str:
    """What a good translator makes of the old translation."""
    return translation(str(segment(asked)["old_translation"]).replace("电池", "插头"))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ModelServer]:
    monkeypatch.setenv("AMTS_CACHE", str(tmp_path / "answers.sqlite"))
    with model_server(with_plug) as running:
        for name, value in running.environment(**PRICES).items():
            monkeypatch.setenv(name, value)
        yield running


def operated(bot: Bot, variables: Mapping[str, str]) -> None:
    """Let the bot work as a worker with that environment does."""
    settings = read_settings(variables)
    bot.world = replace(bot.world, settings=settings, engines=settings.engines)


def change(bot: Bot) -> None:
    bot.replace(LOG, "does not need a battery", "does not need a plug")


def test_a_model_drafts_what_changed_once(bot: Bot, server: ModelServer) -> None:
    operated(bot, server.environment())
    bot.settings("engine: {name: openai, options: {examples: 2}}\n")
    change(bot)
    bot.update()
    assert "纸不需要插头。" in bot.read(LOG, ZH, BRANCH)
    assert "engine openai" in bot.pull().body
    asked = len(server.asked)
    assert asked > 0
    bot.replace("index.md", "2 cups", "5 cups")
    bot.update()
    assert len(server.asked) == asked


def test_an_engine_that_nobody_set_up_is_used_for_no_repository(bot: Bot, server: ModelServer) -> None:
    operated(bot, {"AMTS_LOCAL_MODEL": "model.gguf"})
    bot.settings("engine: {name: openai}\n")
    change(bot)
    bot.update()
    assert bot.pulls() == []
    assert server.asked == []
    said = [issue.body for issue in bot.github.issues(ZH)]
    assert any("engine openai: whoever runs this bot has not set it up" in body for body in said)


def test_nor_for_a_comment(bot: Bot, server: ModelServer) -> None:
    operated(bot, {})
    bot.settings("engine: {name: none}\n")
    change(bot)
    bot.update()
    (said,) = bot.ask(1, "/amts retranslate --engine openai")
    assert "engine openai: whoever runs this bot has not set it up" in said
    assert server.asked == []
    operated(bot, server.environment())
    (said,) = bot.ask(1, "/amts retranslate --engine openai", WRITER)
    assert "1 segment drafted anew." in said


def test_nobody_spends_more_than_whoever_runs_the_bot_allows(bot: Bot, server: ModelServer) -> None:
    operated(bot, {**server.environment(), "AMTS_MAX_COST": "0.05"})
    bot.settings("engine: {name: openai, options: {max_cost: 50}}\n")
    change(bot)
    with pytest.raises(EngineError, match=r"over the max_cost of \$0\.05, and nothing was sent"):
        bot.update()
    assert server.asked == []
    assert any(r"over the max\_cost of \$0.05" in issue.body for issue in bot.github.issues(ZH))
