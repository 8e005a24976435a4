"""What comments do: to drafts, to what is remembered, and what is said to whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.sandbox.amazon import AmazonSandbox, JobFails, Pace
from bot.settings import read_settings
from sync import lock
from sync.ground import BRANCH
from sync.history import Version
from tests.bot.github import UPSTREAM, WRITER, ZH, Bot, running

INDEX, LOG, NOTATION = "index.md", "chapter_measuring/tea-log.md", "notation.md"
POT = "> 盯着看的壶，烧开的速度一点也不慢。\n"


def change(bot: Bot) -> None:
    """Two English changes: one in a number, one that needs a translation."""
    bot.replace(INDEX, "2 cups", "5 cups")
    bot.replace(LOG, "does not need a battery", "does not need a plug")


@pytest.fixture
def drafted(bot: Bot) -> Bot:
    """The bot with an open pull request of two sections."""
    change(bot)
    bot.update()
    return bot


@pytest.fixture(scope="module")
def shared(small_book: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    """The same for all tests that leave the drafts as they are."""
    with running(small_book, tmp_path_factory.mktemp("shared")) as found:
        change(found)
        found.update()
        yield found


@pytest.fixture(scope="module")
def amazon() -> Iterator[AmazonSandbox]:
    with AmazonSandbox(pace=Pace(parallel_data=0.05, queued=0.02, running=0.05)) as sandbox:
        yield sandbox


def with_amazon(bot: Bot, amazon: AmazonSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in amazon.environment().items():
        monkeypatch.setenv(name, value)
    settings = {"AMTS_AMAZON_BUCKET": amazon.bucket, "AMTS_AMAZON_ROLE": amazon.role, "AMTS_AMAZON_POLL": "0.2"}
    bot.world = replace(bot.world, settings=read_settings(settings))


def reactions(bot: Bot) -> list[str]:
    """How the bot reacted to the last comment, in the order of the names."""
    assert bot.said is not None
    return [content for _, content in bot.github.reactions(bot.said.comment)]


# -- who is heard, and where --------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", ["rita", "stranger"])
def test_without_write_access_one_polite_line_and_nothing_else(shared: Bot, person: str) -> None:
    before = shared.github.snapshot(ZH)
    (said,) = shared.ask(1, "/amts pause", person)
    assert said.startswith(f"Thank you, {person}; AMTS follows commands only of people with write access here.")
    assert reactions(shared) == []
    after = shared.github.snapshot(ZH)
    assert {**after, "comments": None} == {**before, "comments": None}


def test_the_same_comment_is_answered_once(shared: Bot) -> None:
    shared.ask(1, "/amts help")
    before = shared.github.snapshot(ZH)
    shared.answer_again()
    assert shared.github.snapshot(ZH) == before


def test_comments_elsewhere_and_without_a_command_are_left_alone(shared: Bot) -> None:
    shared.github.create_branch(ZH, "topic", shared.github.branches(ZH)[BRANCH], WRITER)
    number = shared.github.open_pull_request(ZH, "Mine", "", "topic", "main", WRITER)
    assert shared.ask(number, "/amts skip index.md") == []
    assert shared.ask(1, "> /amts pause\n\nshould I?") == []
    assert shared.ask(1, "`/amts pause`") == []
    assert not shared.record().paused
    assert reactions(shared) == []


def test_a_command_that_does_not_exist_is_answered_with_the_nearest(shared: Bot) -> None:
    (said,) = shared.ask(1, "/amts retranslat index.md")
    assert "`retranslat`" in said
    assert "Did you mean <code>retranslate " in said
    assert reactions(shared) == ["confused", "eyes"]
    (said,) = shared.ask(1, "/amts skip indx")
    assert "There is no section `indx` here. Did you mean `index.md`?" in said


def test_two_commands_in_one_comment_are_done_in_their_order(drafted: Bot) -> None:
    skipped, status = drafted.ask(1, "/amts skip index.md\n\nand\n\n/amts status")
    assert skipped.startswith("`index.md` is out of this pull request.")
    assert "This pull request: 1 section" in status
    assert "1 section is declined" in status
    assert reactions(drafted) == ["eyes", "rocket"]


def test_in_a_pull_request_that_is_closed_there_is_nothing_to_do(drafted: Bot) -> None:
    drafted.github.merge(ZH, 1, WRITER)
    replies = drafted.ask(1, "/amts retranslate\n/amts skip index.md")
    said = [reply.partition(",")[0] for reply in replies if not reply.startswith("Merged, thank you.")]
    assert said == ["This pull request is not open any more"] * 2
    assert reactions(drafted) == ["confused", "eyes"]


# -- pause and resume ---------------------------------------------------------------------------------------------


def test_nothing_is_added_during_a_pause(drafted: Bot) -> None:
    (said,) = drafted.ask(1, "/amts pause")
    assert said.startswith("AMTS is paused in this repository")
    tip = drafted.pull().head_sha
    drafted.replace(NOTATION, "the number of readings", "how many readings there are")
    drafted.update()
    assert drafted.pull().head_sha == tip
    assert "**AMTS is paused here**" in drafted.pull().body
    (said,) = drafted.ask(1, "/amts resume")
    assert said.startswith("AMTS goes on")
    assert drafted.pull().head_sha != tip
    assert drafted.sections() == {INDEX, LOG, NOTATION}
    assert "paused" not in drafted.pull().body


def test_it_can_be_resumed_where_all_pull_requests_are_closed(drafted: Bot) -> None:
    drafted.ask(1, "/amts pause")
    drafted.github.merge(ZH, 1, WRITER)
    drafted.replace(NOTATION, "the number of readings", "how many readings there are")
    assert drafted.update() == "nothing is open"
    drafted.ask(1, "/amts resume")
    assert drafted.pull().number == 2
    assert drafted.sections() == {NOTATION}


# -- skip ---------------------------------------------------------------------------------------------------------


def test_a_skipped_section_comes_back_when_its_english_changes(drafted: Bot) -> None:
    drafted.ask(1, "/amts skip index")
    assert drafted.read(INDEX, ZH, BRANCH) == drafted.read(INDEX, ZH)
    assert drafted.read("index_origin.md", ZH, BRANCH) == drafted.read("index_origin.md", ZH)
    assert drafted.sections() == {LOG}
    assert "`index.md`" not in drafted.pull().body
    drafted.update()
    assert drafted.sections() == {LOG}
    drafted.replace(INDEX, "5 cups", "7 cups")
    drafted.update()
    assert drafted.sections() == {INDEX, LOG}
    assert "7个杯子" in drafted.read(INDEX, ZH, BRANCH)


def test_who_asks_for_the_same_again_is_told_the_same(drafted: Bot) -> None:
    (said,) = drafted.ask(1, "/amts skip index")
    assert said.startswith("`index.md` is out of this pull request. It comes back when its English changes.")
    tip = drafted.pull().head_sha
    (again,) = drafted.ask(1, "/amts skip index")
    assert again.partition("<!--")[0] == said.partition("<!--")[0]
    assert reactions(drafted) == ["eyes", "rocket"]
    assert drafted.pull().head_sha == tip
    said = "".join(drafted.ask(1, "/amts skip index.md tea-log indx"))
    assert "There is no section `indx` here. Did you mean `index.md`?" in said
    assert f"`{LOG}` and `index.md` are out of this pull request" in said
    assert set(drafted.record().declined) == {INDEX, LOG}


def test_a_section_that_people_edited_is_not_skipped(drafted: Bot) -> None:
    drafted.replace(INDEX, POT, "> 看着的壶。\n", ZH, BRANCH)
    drafted.update()
    (said,) = drafted.ask(1, "/amts skip index.md tea-log")
    assert "Not skipped: `index.md`." in said
    assert f"`{LOG}` is out of this pull request" in said
    assert reactions(drafted) == ["confused", "eyes"]
    assert "> 看着的壶。\n" in drafted.read(INDEX, ZH, BRANCH)
    assert drafted.sections() == {INDEX}


def test_a_pull_request_whose_sections_are_all_skipped_is_closed(drafted: Bot) -> None:
    drafted.ask(1, "/amts skip index.md chapter_measuring/")
    assert drafted.pulls() == []
    assert (
        "Every section of this pull request was skipped" in drafted.comments(1)[-1].body + drafted.comments(1)[-2].body
    )
    assert drafted.update() == "nothing is open"
    assert set(drafted.record().declined) == {INDEX, LOG}


def test_a_section_that_moved_is_back_where_it_was_when_it_is_skipped(bot: Bot) -> None:
    bot.revise()
    bot.update()
    moved, before = "chapter_models/line-fit.md", "chapter_measuring/cooling.md"
    (said,) = bot.ask(1, "/amts skip line-fit steeping")
    assert f"`{moved}` and `chapter_models/steeping.md` are out" in said
    assert bot.github.file(ZH, BRANCH, moved) is None
    assert bot.github.file(ZH, BRANCH, "chapter_models/steeping.md") is None
    assert bot.read(before, ZH, BRANCH) == bot.read(before, ZH)
    bot.update()
    assert bot.github.file(ZH, BRANCH, moved) is None
    assert not {moved, before} & bot.sections()


def test_where_a_lock_tells_what_was_translated_a_skipped_section_is_as_it_was_there_too(bot: Bot) -> None:
    bot.settings("layout: {origin: none}\n")
    before = bot.github.branches(UPSTREAM)["main"]
    names = (INDEX, LOG, NOTATION, *(f"chapter_measuring/{name}.md" for name in ("averages", "cooling", "mercury")))
    locked = {path: Version(before, path) for path in (*names, "chapter_measuring/thermometers.md")}
    origins = {path.replace(".md", "_origin.md"): None for path in locked}
    bot.write({lock.PATH: lock.dump(locked), **origins}, ZH)
    change(bot)
    bot.update()
    after = bot.github.branches(UPSTREAM)["main"]
    assert bot.sections() == {INDEX, LOG}
    assert _locked(bot) == {**locked, INDEX: Version(after, INDEX), LOG: Version(after, LOG)}
    bot.ask(1, "/amts skip index.md")
    assert bot.read(INDEX, ZH, BRANCH) == bot.read(INDEX, ZH)
    assert _locked(bot) == {**locked, LOG: Version(after, LOG)}
    bot.update()
    assert bot.sections() == {LOG}
    assert set(bot.record().declined) == {INDEX}


def _locked(bot: Bot) -> dict[str, Version]:
    return lock.load(bot.read(lock.PATH, ZH, BRANCH))


# -- retranslate --------------------------------------------------------------------------------------------------


def test_drafts_are_made_anew_by_another_engine_where_nobody_edited(
    bot: Bot, amazon: AmazonSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot.revise()
    bot.update()
    bot.replace(LOG, "在数字旁边写上单位。", "数字旁边要写单位。", ZH, BRANCH)
    with_amazon(bot, amazon, monkeypatch)
    waiting = bot.pull().title
    (said,) = bot.ask(1, "/amts retranslate chapter_models --engine amazon")
    assert re.match(r"\d+ segments drafted anew\.", said)
    assert reactions(bot) == ["eyes", "rocket"]
    assert bot.pull().title != waiting
    assert "数字旁边要写单位。" in bot.read(LOG, ZH, BRANCH)
    (said,) = bot.ask(1, "/amts retranslate tea-log --engine none")
    assert "数字旁边要写单位。" in bot.read(LOG, ZH, BRANCH)


def test_an_engine_that_fails_is_told_and_can_be_asked_again(
    drafted: Bot, amazon: AmazonSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_amazon(drafted, amazon, monkeypatch)
    tip = drafted.pull().head_sha
    amazon.inject(JobFails("no capacity"))
    (said,) = drafted.ask(1, "/amts retranslate --engine amazon")
    assert "Nothing was drafted anew" in said
    assert reactions(drafted) == ["confused", "eyes"]
    assert drafted.pull().head_sha == tip
    amazon.clear_faults()
    (said,) = drafted.ask(1, "/amts retranslate --engine amazon")
    assert "1 segment drafted anew." in said


def test_an_engine_that_cannot_be_used_here_is_told(shared: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    (said,) = shared.ask(1, "/amts retranslate --engine amazon")
    assert "Amazon: no region is set" in said
    assert reactions(shared) == ["confused", "eyes"]


def test_an_update_whose_engine_fails_drafts_the_rest_and_is_taken_up_later(
    bot: Bot, amazon: AmazonSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot.settings("engine: {name: amazon}\n")
    with_amazon(bot, amazon, monkeypatch)
    amazon.inject(JobFails("no capacity"))
    change(bot)
    bot.update()
    assert "5个杯子" in bot.read(INDEX, ZH, BRANCH)
    assert bot.sections() == {INDEX, LOG}
    assert "### Left alone because of an error" in bot.pull().body
    assert "no capacity" in bot.pull().body
    assert bot.noted[ZH] == (UPSTREAM, None, None)  # the poll takes it for one that moved
    amazon.clear_faults()
    bot.update()
    assert "no capacity" not in bot.pull().body
    assert "### Left alone" not in bot.pull().body
    assert bot.noted[ZH] == (UPSTREAM, None, bot.github.branches(UPSTREAM)["main"])
