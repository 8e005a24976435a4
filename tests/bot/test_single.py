"""A run without a server does what the bot does, as the holder of a token; a rehearsal does nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bot.cli import _run
from bot.single import Wishes, rehearse, run
from sync.ground import BRANCH
from sync.model import AmtsError
from tests.bot.github import SETTINGS, UPSTREAM, WRITER, ZH, Bot

INDEX, LOG = "index.md", "chapter_measuring/tea-log.md"


def environment(bot: Bot) -> dict[str, str]:
    return {"GITHUB_SERVER_URL": bot.github.url, "GITHUB_API_URL": bot.github.api_url, "AMTS_WRITE_PAUSE": "0"}


def change(bot: Bot) -> None:
    bot.replace(INDEX, "2 cups", "5 cups")
    bot.replace(LOG, "does not need a battery", "does not need a plug")


def test_a_person_runs_it_as_the_bot_would(bot: Bot) -> None:
    change(bot)
    token = bot.github.user_token(WRITER)
    report = run(ZH, token, Wishes(), environment(bot))
    pull = bot.pull()
    assert (pull.author, pull.head) == (WRITER, BRANCH)
    assert report.startswith(f"# {pull.title}\n\n<!-- amts:pull-request -->\n")
    assert "`index.md`" in report
    assert token not in report
    assert bot.sections() == {INDEX, LOG}
    assert bot.github.check_runs(ZH, pull.head_sha) == []  # only an App may show one
    bot.github.close(ZH, 1, WRITER)
    assert run(ZH, token, Wishes(), environment(bot)) == "nothing is open"
    assert set(bot.record().declined) == {INDEX, LOG}  # closed by hand, though by the holder of the token
    assert bot.pulls() == []


def test_a_job_of_an_action_runs_it_and_goes_on_where_the_bot_was(bot: Bot) -> None:
    bot.replace(INDEX, "2 cups", "5 cups")
    bot.update()
    bot.replace(LOG, "does not need a battery", "does not need a plug")
    run(ZH, bot.github.job_token(ZH), Wishes(), environment(bot))
    assert bot.pull().number == 1
    assert bot.sections() == {INDEX, LOG}
    assert bot.update() == f"{BRANCH}: #1"


def test_a_token_of_the_app_itself_does_what_the_bot_does(bot: Bot) -> None:
    change(bot)
    run(ZH, bot.world.connect(ZH).token(), Wishes(), environment(bot))
    pull = bot.pull()
    assert pull.author == "amts[bot]"
    assert [check.status for check in bot.github.check_runs(ZH, pull.head_sha)] == ["completed"]
    assert bot.update() == f"{BRANCH}: #1"


def test_what_can_be_seen_to_be_wrong_is_said_before_anybody_is_asked(bot: Bot) -> None:
    before = len(bot.github.requests)
    for repository, wishes, more, said in (
        ("zh", Wishes(), {}, "'zh' is no repository: write it as OWNER/NAME"),
        ("tea/zh/x", Wishes(), {}, "'tea/zh/x' is no repository"),
        (ZH, Wishes(engine="memry"), {}, "unknown engine 'memry'; known are memory, "),
        (ZH, Wishes(language="klingon"), {}, "unknown language 'klingon'"),
        (ZH, Wishes(), {"AMTS_WRITE_PAUSE": "soon"}, "AMTS_WRITE_PAUSE is 'soon'"),
        (ZH, Wishes(), {"AMTS_MAX_COST": "much"}, "AMTS_MAX_COST is 'much'"),
    ):
        for act in (run, rehearse):
            with pytest.raises(AmtsError, match=said):
                act(repository, "ghp_x", wishes, {**environment(bot), **more})
    assert len(bot.github.requests) == before


def test_writes_keep_the_pause_that_is_set(bot: Bot) -> None:
    change(bot)
    began = time.monotonic()
    run(ZH, bot.github.user_token(WRITER), Wishes(), {**environment(bot), "AMTS_WRITE_PAUSE": "0.7"})
    writes = [name for name in bot.github.requests if name.split()[0] in ("POST", "PATCH", "PUT")]
    assert len(writes) > 1
    assert time.monotonic() - began > 0.7 * (len(writes) - 1)


def test_where_jobs_may_open_no_pull_request_it_is_said_and_done_once_they_may(bot: Bot) -> None:
    change(bot)
    bot.github.forbid_pull_requests_of_actions(ZH)
    token = bot.github.job_token(ZH)
    with pytest.raises(AmtsError, match="not permitted to create or approve pull requests") as caught:
        run(ZH, token, Wishes(), environment(bot))
    assert token not in str(caught.value)
    (issue,) = bot.github.issues(ZH)
    assert (issue.title, issue.author) == ("AMTS: an update failed", "github-actions[bot]")
    assert bot.pulls() == []
    bot.update()
    assert bot.sections() == {INDEX, LOG}
    assert bot.pull().number == 2


def test_a_dry_run_says_what_it_would_propose_and_pushes_nothing(bot: Bot) -> None:
    bot.write({"notation.md": "# 别的东西\n\n完全没有关系的一句话。\n"}, ZH)
    bot.replace("notation.md", "the number of readings", "how many readings there are")
    change(bot)
    before = bot.github.snapshot(ZH)
    report = rehearse(ZH, bot.github.user_token("rita"), Wishes(), environment(bot))
    assert bot.github.snapshot(ZH) == before
    assert report.startswith("# Chinese: update from ")
    assert "`index.md`" in report
    assert "`notation.md`: the translation does not resemble its English" in report
    bot.update()
    assert f"# {bot.pull().title}\n" in report


def test_wishes_count_more_than_the_settings(bot: Bot) -> None:
    change(bot)
    bot.settings("engine: memory\n")
    token = bot.github.user_token(WRITER)
    said = rehearse(ZH, token, Wishes((LOG,), "none", "es"), environment(bot))
    assert said.startswith("# Spanish: update from ")
    assert f"`{LOG}`" in said
    assert "`index.md`" not in said
    run(ZH, token, Wishes((LOG,)), environment(bot))
    assert bot.sections() == {LOG}
    run(ZH, token, Wishes(), environment(bot))
    assert bot.sections() == {LOG, INDEX}


def test_what_was_asked_for_wrongly_is_said_to_who_asked_and_nobody_else(bot: Bot) -> None:
    change(bot)
    before = bot.github.snapshot(ZH)
    for act, wishes, said in (
        (run, Wishes(("indx.md",)), "no section 'indx.md': did you mean index.md?"),
        (rehearse, Wishes(("indx.md",)), "no section 'indx.md': did you mean index.md?"),
        (rehearse, Wishes(engine="memry"), "unknown engine 'memry'"),
        (rehearse, Wishes(language="klingon"), "klingon"),
    ):
        with pytest.raises(AmtsError, match=said):
            act(ZH, bot.github.user_token(WRITER), wishes, environment(bot))
    assert bot.github.snapshot(ZH) == before


@pytest.mark.parametrize("person", ["rita", None])
def test_without_the_right_to_write_it_ends_with_one_line(bot: Bot, person: str | None) -> None:
    change(bot)
    token = bot.github.user_token(person) if person else "ghp_invalid"
    before = bot.github.branches(ZH)
    with pytest.raises(AmtsError) as caught:
        run(ZH, token, Wishes(), environment(bot))
    assert "\n" not in str(caught.value)
    assert token not in str(caught.value)
    assert bot.github.branches(ZH) == before


def test_a_repository_that_takes_no_part_has_nothing_to_do(bot: Bot) -> None:
    bot.write({SETTINGS: None}, ZH)
    token = bot.github.user_token(WRITER)
    for act in (run, rehearse):
        assert act(ZH, token, Wishes(), environment(bot)) == "Nothing to do: tea/zh has no .github/amts.yml"


def test_the_command_takes_its_token_from_the_environment_and_fills_the_summary(
    bot: Bot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    change(bot)
    summary = tmp_path / "summary.md"
    for name, value in {**environment(bot), "GITHUB_STEP_SUMMARY": str(summary)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    assert _run(["run", "--repository", ZH, "--dry-run"]) == 2
    assert "GITHUB_TOKEN is missing" in capfd.readouterr().err
    monkeypatch.setenv("GITHUB_TOKEN", bot.github.user_token(WRITER))
    assert _run(["run", "--repository", ZH, "--dry-run"]) == 0
    said = capfd.readouterr().out
    assert said.startswith("# Chinese: update from ")
    assert summary.read_text(encoding="utf-8") == said
    assert bot.github.branches(UPSTREAM)
    assert set(bot.github.branches(ZH)) == {"main"}
