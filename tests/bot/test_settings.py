"""The environment: what belongs to whoever pays wins over what a repository says."""

from __future__ import annotations

import pytest

from bot.settings import SettingsError, read_settings, with_limit, with_settings
from sync.config import Engine

GIVEN = {
    "bucket": "theirs",
    "role": "theirs",
    "region": "eu-west-1",
    "max_cost": 5,
    "prices": {"act": 0},
    "act": "never",
}


def test_without_an_environment_the_repository_decides() -> None:
    assert with_settings(Engine("amazon", GIVEN), read_settings({})) == Engine("amazon", GIVEN)


def test_whose_bucket_it_is_says_the_environment_alone() -> None:
    found = with_settings(Engine("amazon", GIVEN), read_settings({"AMTS_AMAZON_BUCKET": "ours"}))
    assert found.options == {"bucket": "ours", "max_cost": 5, "prices": {"act": 0}, "act": "never"}


@pytest.mark.parametrize(("limit", "holds"), [("2", 2.0), ("10", 5)])
def test_the_lower_limit_holds_at_the_prices_of_the_engine(limit: str, holds: float) -> None:
    found = with_settings(Engine("amazon", GIVEN), read_settings({"AMTS_MAX_COST": limit}))
    assert found.options["max_cost"] == holds
    assert "prices" not in found.options


def test_a_limit_where_there_was_none() -> None:
    assert with_limit(Engine("amazon"), 3.0).options == {"max_cost": 3.0}


def test_other_engines_have_none_of_it() -> None:
    settings = read_settings({"AMTS_AMAZON_BUCKET": "ours", "AMTS_MAX_COST": "1"})
    assert with_settings(Engine("memory"), settings) == Engine("memory")
    assert with_settings(Engine("local", {"examples": 2}), settings) == Engine("local", {"examples": 2})


@pytest.mark.parametrize("engine", ["openai", "bedrock"])
def test_the_limit_holds_for_all_that_is_paid_for(engine: str) -> None:
    settings = read_settings({"AMTS_AMAZON_BUCKET": "ours", "AMTS_MAX_COST": "1"})
    assert with_settings(Engine(engine, {"max_cost": 7, "examples": 2}), settings).options == {
        "max_cost": 1.0,
        "examples": 2,
    }


def test_which_engines_are_set_up() -> None:
    assert read_settings({"AMTS_OPENAI_KEY": "k", "AMTS_LOCAL_MODEL": " "}).engines == frozenset()
    assert read_settings({"AMTS_OPENAI_URL": "http://localhost/v1", "AMTS_AMAZON_ROLE": "r"}).engines == {
        "openai",
        "amazon",
    }


def test_how_often_a_job_is_looked_at() -> None:
    found = with_settings(Engine("amazon", {"poll": 9.0}), read_settings({"AMTS_AMAZON_POLL": "0.5"}))
    assert found.options == {"poll": 0.5}


@pytest.mark.parametrize("text", ["much", "-1", "nan", "inf"])
def test_a_limit_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="AMTS_MAX_COST is"):
        read_settings({"AMTS_MAX_COST": text})
