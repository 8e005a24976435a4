"""What an update does to the pull requests of a translation repository, whatever happened there and upstream."""

from __future__ import annotations

from random import Random

import pytest

from bot import records
from bot.sandbox.github.facts import IssueFacts
from bot.wording import MAX_BODY
from sync.ground import BRANCH
from sync.model import AmtsError
from tests.bot.github import LOGIN, SETTINGS, UPSTREAM, WRITER, ZH, Bot
from tests.bot.outside import effects
from tests.conftest import git

INDEX, LOG, AVERAGES, NOTATION = (
    "index.md",
    "chapter_measuring/tea-log.md",
    "chapter_measuring/averages.md",
    "notation.md",
)
DATE = "1700000000 +0000"
WATCHED = "A watched pot boils at exactly the same speed."


def change(bot: Bot, what: str = "1") -> str:
    """An English change in `index.md`."""
    return bot.replace(INDEX, "2 cups", f"{what}2 cups")


def change_log(bot: Bot) -> str:
    """An English change in the section on the log, which the memory knows no translation of."""
    return bot.replace(LOG, "does not need a battery", "does not need a plug")


# -- from a push to a pull request --------------------------------------------------------------------------------


def test_an_update_with_nothing_to_do_leaves_no_trace(bot: Bot) -> None:
    before = bot.github.snapshot(ZH)
    assert bot.update() == "nothing is open"
    assert bot.github.snapshot(ZH) == before


def test_a_push_becomes_one_pull_request_of_the_whole_change(bot: Bot) -> None:
    bot.revise()
    assert bot.update() == f"{BRANCH}: #1"
    pull = bot.pull()
    assert (pull.author, pull.head, pull.base, pull.draft) == (LOGIN, BRANCH, "main", False)
    assert len(pull.body) <= MAX_BODY
    assert bot.sections() == {
        INDEX, NOTATION, AVERAGES, LOG, "chapter_measuring/thermometers.md", "chapter_models/line-fit.md",
        "chapter_models/steeping.md",
    }  # fmt: skip
    for path in bot.sections():
        assert bot.read(path.replace(".md", "_origin.md"), ZH, BRANCH) == bot.read(path)
    assert "3个杯子" in bot.read(INDEX, ZH, BRANCH)
    (check,) = bot.github.check_runs(ZH, pull.head_sha)
    assert (check.status, check.conclusion) == ("completed", "neutral")


def test_a_second_update_changes_nothing(bot: Bot) -> None:
    bot.revise()
    bot.update()
    before = bot.github.snapshot(ZH)
    assert bot.update() == f"{BRANCH}: #1"
    assert bot.github.snapshot(ZH) == before


def test_later_pushes_are_added_and_the_text_is_that_of_the_whole(bot: Bot) -> None:
    change(bot)
    bot.update()
    first = bot.pull()
    change_log(bot)
    bot.update()
    second = bot.pull()
    assert (second.number, second.head) == (first.number, first.head)
    assert "12个杯子" in bot.read(INDEX, ZH, BRANCH)
    assert "`index.md`" in second.body
    assert f"`{LOG}`" in second.body
    assert "12个杯子" in second.body
    assert "2 sections" in second.title
    assert _is_fast_forward(bot, first.head_sha, second.head_sha)


def test_two_changes_of_one_sentence_are_told_as_one(bot: Bot) -> None:
    change(bot, "1")
    bot.update()
    change(bot, "3")
    bot.update()
    (result,) = bot.record().proposals[BRANCH].sections[INDEX].results
    assert result.old_source is not None
    assert "and 2 cups" in result.old_source
    assert result.new_source is not None
    assert "132 cups" in result.new_source
    assert result.draft is not None
    assert "132个杯子" in result.draft


def test_the_order_of_pushes_does_not_matter(bot: Bot) -> None:
    change(bot)
    older = bot.github.branches(UPSTREAM)["main"]
    bot.replace(NOTATION, "the number of readings", "how many readings there are")
    newer = bot.github.branches(UPSTREAM)["main"]
    bot.update()
    bot.github.create_branch(UPSTREAM, "main", older, WRITER)
    bot.update()
    assert bot.sections() == {INDEX}
    bot.github.create_branch(UPSTREAM, "main", newer, WRITER)
    bot.update()
    assert bot.sections() == {INDEX, NOTATION}
    assert bot.pull().number == 1


def _is_fast_forward(bot: Bot, old: str, new: str) -> bool:
    with bot.world.mirrors.follow(bot.world.access(ZH)) as mirror:
        return mirror.contains(new, old)


# -- people work on it, too ---------------------------------------------------------------------------------------


def test_what_people_write_on_the_branch_stays_between_pushes(bot: Bot) -> None:
    bot.replace(INDEX, WATCHED, "A watched kettle boils at exactly the same speed.")
    bot.update()
    theirs = "> 盯着看的水壶一样快。\n"
    bot.replace(INDEX, "> 盯着看的壶，烧开的速度一点也不慢。\n", theirs, ZH, BRANCH)
    by_person = bot.github.branches(ZH)[BRANCH]
    change(bot)
    bot.update()
    text = bot.read(INDEX, ZH, BRANCH)
    assert theirs in text
    assert "12个杯子" in text
    assert _is_fast_forward(bot, by_person, bot.pull().head_sha)
    assert "No segment is waiting for a translator." in bot.pull().body


def test_what_a_person_translated_waits_no_longer(bot: Bot) -> None:
    bot.replace(INDEX, WATCHED, "A watched kettle boils at exactly the same speed.")
    bot.update()
    assert ", 1 segment waiting" in bot.pull().title
    bot.replace(INDEX, "> 盯着看的壶，烧开的速度一点也不慢。\n", "> 盯着看的水壶一样快。\n", ZH, BRANCH)
    bot.update()
    assert "waiting" not in bot.pull().title
    checks = bot.github.check_runs(ZH, bot.github.branches(ZH)[BRANCH])
    assert [check.conclusion for check in checks] == ["success"]


def test_what_waits_goes_on_waiting_when_people_commit_something_else(bot: Bot) -> None:
    bot.revise()
    bot.update()
    assert ", 19 segments waiting" in bot.pull().title
    bot.write({"note.txt": "x"}, ZH, BRANCH)
    bot.update()
    assert ", 19 segments waiting" in bot.pull().title
    bot.replace("chapter_models/steeping.md", "Pour five cups", "Pour 15 cups")
    bot.update()
    assert ", 19 segments waiting" in bot.pull().title


def test_the_default_branch_is_merged_in_where_it_moved(bot: Bot) -> None:
    change(bot)
    bot.update()
    bot.replace(LOG, "纸不需要电池。", "纸不用电池。", ZH)
    bot.write({"LICENSE": "As you like.\n"}, ZH)
    bot.replace(NOTATION, "the number of readings", "how many readings there are")
    bot.update()
    assert bot.read("LICENSE", ZH, BRANCH) == "As you like.\n"
    assert "纸不用电池。" in bot.read(LOG, ZH, BRANCH)
    assert bot.pull().number == 1
    assert bot.record().proposals[BRANCH].conflicts == ()


def test_the_default_branch_is_not_merged_in_for_its_own_sake(bot: Bot) -> None:
    change(bot)
    bot.update()
    tip = bot.pull().head_sha
    bot.write({"LICENSE": "As you like.\n"}, ZH)
    bot.update()
    assert bot.pull().head_sha == tip


def test_the_default_branch_is_merged_in_where_both_changed_a_file(bot: Bot) -> None:
    change(bot)
    bot.update()
    bot.replace(INDEX, "2个杯子", "两个杯子", ZH)
    bot.update()
    assert bot.github.merge(ZH, 1, WRITER)


def test_where_people_on_both_sides_changed_the_same_the_branch_wins_and_it_is_named(bot: Bot) -> None:
    bot.replace(INDEX, WATCHED, "A watched kettle boils at exactly the same speed.")
    bot.update()
    here, there = "> 盯着看的水壶一样快。\n", "> 看着的壶，一样快。\n"
    bot.replace(INDEX, "> 盯着看的壶，烧开的速度一点也不慢。\n", here, ZH, BRANCH)
    bot.replace(INDEX, "> 盯着看的壶，烧开的速度一点也不慢。\n", there, ZH)
    bot.update()
    text = bot.read(INDEX, ZH, BRANCH)
    assert here in text
    assert there not in text
    (conflict,) = bot.record().proposals[BRANCH].conflicts
    assert conflict.startswith("index.md, line ")
    assert "### Changed here and on the default branch" in bot.pull().body
    assert "people changed it on both sides" in bot.pull().body
    bot.update()
    assert bot.github.merge(ZH, 1, WRITER)


# -- merged, closed, reopened -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "delete_branch"), [("merge", True), ("squash", False), ("rebase", False)])
def test_after_a_merge_the_next_change_has_a_pull_request_of_its_own(
    bot: Bot, method: str, delete_branch: bool
) -> None:
    change(bot)
    bot.update()
    bot.replace(INDEX, "12个杯子", "十二个杯子", ZH, BRANCH)
    bot.github.merge(ZH, 1, WRITER, method, delete_branch=delete_branch)
    assert bot.update() == "nothing is open"
    merged = bot.read(INDEX, ZH)
    assert "十二个杯子" in merged
    change_log(bot)
    bot.update()
    pull = bot.pull()
    assert pull.number == 2
    assert bot.sections() == {LOG}
    assert "`index.md`" not in pull.body
    assert bot.read(INDEX, ZH, BRANCH) == merged
    assert bot.github.merge(ZH, 2, WRITER)
    assert bot.read(INDEX, ZH) == merged


def test_nothing_left_to_do_closes_it_with_a_word(bot: Bot) -> None:
    bot.revise()
    bot.update()
    bot.github.create_branch(UPSTREAM, "main", _before(bot), WRITER)
    bot.update()
    (pull,) = bot.github.pull_requests(ZH)
    assert (pull.state, pull.merged, pull.closed_by) == ("closed", False, LOGIN)
    (said,) = bot.comments(1)
    assert said.body.startswith("Nothing is left to do here")
    assert bot.update() == "nothing is open"
    assert bot.record().declined == {}
    bot.revise()
    assert bot.update() == f"{BRANCH}: #2"


def _before(bot: Bot) -> str:
    """The commit of the upstream that the translation was made from."""
    with bot.world.mirrors.follow(bot.world.upstream(UPSTREAM, ZH)) as mirror:
        return mirror.resolve("main~1")


def test_what_people_wrote_for_a_change_that_is_undone_is_not_thrown_away(bot: Bot) -> None:
    before = bot.github.branches(UPSTREAM)["main"]
    change(bot)
    change_log(bot)
    bot.update()
    bot.replace(LOG, "纸不需要电池。", "纸不需要插座。", ZH, BRANCH)
    bot.github.create_branch(UPSTREAM, "main", before, WRITER)
    bot.update()
    assert bot.pull().number == 1
    assert bot.sections() == {LOG}
    assert "纸不需要插座。" in bot.read(LOG, ZH, BRANCH)
    assert bot.read(INDEX, ZH, BRANCH) == bot.read(INDEX, ZH)


def test_one_that_a_person_closed_is_respected_until_its_english_changes(bot: Bot) -> None:
    change(bot)
    bot.update()
    bot.github.close(ZH, 1, WRITER)
    assert bot.update() == "nothing is open"
    change_log(bot)
    bot.update()
    assert bot.sections() == {LOG}
    assert bot.read(INDEX, ZH, BRANCH) == bot.read(INDEX, ZH)
    assert bot.pull().number == 2
    change(bot, "3")
    bot.update()
    assert bot.sections() == {LOG, INDEX}
    assert "132个杯子" in bot.read(INDEX, ZH, BRANCH)
    assert bot.record().declined == {}


def test_deleting_the_branch_closes_it_for_the_time_being(bot: Bot) -> None:
    change(bot)
    bot.update()
    bot.github.delete_branch(ZH, BRANCH, WRITER)
    assert bot.update() == "nothing is open"
    assert set(bot.record().declined) == {INDEX}


def test_one_that_is_reopened_goes_on_with_what_people_wrote_there(bot: Bot) -> None:
    change(bot)
    bot.update()
    bot.replace(INDEX, "12个杯子", "十二个杯子", ZH, BRANCH)
    bot.update()
    bot.github.close(ZH, 1, WRITER)
    bot.update()
    assert set(bot.record().declined) == {INDEX}
    bot.github.reopen(ZH, 1, WRITER)
    assert bot.update() == f"{BRANCH}: #1"
    assert bot.record().declined == {}
    change_log(bot)
    assert bot.update() == f"{BRANCH}: #1"
    assert bot.sections() == {INDEX, LOG}
    assert "十二个杯子" in bot.read(INDEX, ZH, BRANCH)
    assert "`index.md`" in bot.pull().body


def test_one_that_is_closed_during_an_update_is_not_opened_again(bot: Bot) -> None:
    change(bot)
    bot.update()
    change_log(bot)
    bot.keeper.before = lambda stage: bot.github.close(ZH, 1, WRITER) if stage == "publish" else None
    assert bot.update() == "nothing is open"
    assert bot.pulls() == []


def test_in_whatever_order_things_happen_no_word_of_people_is_lost(bot: Bot) -> None:
    random = Random(5)  # noqa: S311 - the same order every time
    upstream = [
        (INDEX, "2 cups", "5 cups"),
        (INDEX, WATCHED, "A watched kettle boils at exactly the same speed."),
        (LOG, "does not need a battery", "does not need a plug"),
        (AVERAGES, "The median is more patient", "The median has more patience"),
        (INDEX, "5 cups", "2 cups"),
    ]
    theirs = [
        (INDEX, "译者注：本书的实验请在大人陪同下进行。", "译者注：请小心开水。"),
        (INDEX, "> 盯着看的壶，烧开的速度一点也不慢。", "> 盯着看的水壶一样快。"),
        (LOG, "纸不需要电池。", "纸不需要插座。"),
        (AVERAGES, "中位数更有耐心：", "中位数更加耐心："),
    ]
    steps = [*("upstream" for _ in upstream), *("branch" for _ in theirs), "default"]
    written: list[tuple[str, str]] = []
    tip: str | None = None
    bot.replace(*upstream.pop(0))
    for step in ["update", *random.sample(steps[1:], len(steps) - 1)]:
        if step == "upstream":
            bot.replace(*upstream.pop(0))
        elif step == "branch":
            path, old, new = theirs.pop(0)
            if old in bot.read(path, ZH, BRANCH):
                tip = bot.replace(path, old, new, ZH, BRANCH)
                written.append((path, new))
        elif step == "default":
            bot.write({f"note-{random.random()}.txt": "x"}, ZH)
        bot.update()
        pull = bot.pull()
        assert pull.number == 1
        assert tip is None or _is_fast_forward(bot, tip, pull.head_sha)
        tip = pull.head_sha
        for path, text in written:
            assert text in bot.read(path, ZH, BRANCH), (step, path)
    assert len(written) == 4
    bot.github.merge(ZH, 1, WRITER)
    assert all(text in bot.read(path, ZH) for path, text in written)


# -- too large for one pull request -------------------------------------------------------------------------------

SPLIT = "pull_requests: {max_segments: 5, max_open: 1}\n"


def dashboard(bot: Bot) -> IssueFacts:
    (found,) = [issue for issue in bot.github.issues(ZH) if issue.title == "AMTS: translation dashboard"]
    return found


def tick(bot: Bot, box: str) -> None:
    """Tick a box of the dashboard, as a person does."""
    issue = dashboard(bot)
    assert f"- [ ] <!-- amts:{box} -->" in issue.body
    body = issue.body.replace(f"- [ ] <!-- amts:{box} -->", f"- [x] <!-- amts:{box} -->")
    bot.github.edit_body(ZH, issue.number, body, WRITER)


def heads(bot: Bot) -> dict[str, int]:
    return {pull.head: pull.number for pull in bot.pulls()}


def test_what_is_too_large_comes_chapter_by_chapter(bot: Bot) -> None:
    bot.settings(SPLIT)
    bot.revise()
    bot.update()
    measuring, models, front = (f"{BRANCH}-{name}" for name in ("chapter_measuring", "chapter_models", "front"))
    assert heads(bot) == {measuring: 1}
    assert "the chapter `chapter_measuring` only" in bot.pull().body
    assert dashboard(bot).state == "open"
    for waiting in ("chapter_models", "front"):
        assert f"- [ ] <!-- amts:open={waiting} --> `{waiting}`: 2 sections" in dashboard(bot).body
    tick(bot, "open=front")
    bot.update()
    assert set(heads(bot)) == {measuring, front}
    assert "amts:open=front" not in dashboard(bot).body
    bot.update()
    assert set(heads(bot)) == {measuring, front}
    bot.github.merge(ZH, heads(bot)[measuring], WRITER)
    bot.update()
    assert set(heads(bot)) == {front}
    bot.github.merge(ZH, heads(bot)[front], WRITER)
    bot.update()
    assert set(heads(bot)) == {models}
    assert "chapter_models` | 2 |" in dashboard(bot).body
    bot.github.merge(ZH, heads(bot)[models], WRITER)
    bot.update()
    assert (bot.pulls(), dashboard(bot).state) == ([], "closed")
    bot.update()
    assert bot.github.requests.count("POST /repos/{owner}/{repo}/issues") == 1
    assert dashboard(bot).state == "closed"
    bot.replace(NOTATION, "the number of readings", "how many readings there are")
    bot.update()
    assert dashboard(bot).state == "open"
    assert set(heads(bot)) == {BRANCH}


def test_a_declined_section_is_drafted_again_when_its_box_is_ticked(bot: Bot) -> None:
    bot.settings(SPLIT)
    bot.revise()
    bot.update()
    bot.github.close(ZH, 1, WRITER)
    bot.update()
    assert set(heads(bot)) == {f"{BRANCH}-chapter_models"}
    tick(bot, f"again={LOG}")
    bot.update()
    assert LOG not in bot.record().declined
    assert AVERAGES in bot.record().declined
    assert [item.chapter for item in bot.record().waiting] == ["chapter_measuring", "front"]


# -- settings, and repositories that take no part -----------------------------------------------------------------


def issues(bot: Bot) -> list[IssueFacts]:
    return bot.github.issues(ZH)


def test_wrong_settings_are_answered_with_one_issue_until_they_are_right(bot: Bot) -> None:
    bot.settings("engin: memory\n")
    bot.revise()
    assert bot.update().startswith("settings: .github/amts.yml, line 3: engin is not a setting")
    (issue,) = issues(bot)
    assert "line 3: engin is not a setting; did you mean engine?" in issue.body
    bot.settings("labels: [x]\n")
    bot.update()
    (issue,) = issues(bot)
    assert "line 3: labels is not a setting" in issue.body
    assert bot.pulls() == []
    bot.settings("")
    bot.update()
    (issue,) = issues(bot)
    assert issue.state == "closed"
    (said,) = bot.comments(issue.number)
    assert said.body.startswith("The settings can be used again")
    bot.update()
    assert [found.state for found in issues(bot)] == ["closed"]
    assert len(bot.comments(issue.number)) == 1
    assert bot.pull().head == BRANCH


def test_an_issue_on_settings_that_a_person_closed_stays_closed(bot: Bot) -> None:
    bot.settings("engin: memory\n")
    bot.update()
    bot.github.close(ZH, 1, WRITER)
    bot.update()
    assert [issue.state for issue in issues(bot)] == ["closed"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [(None, "has no .github/amts.yml"), ("language: zh\n", "names no upstream")],
)
def test_a_repository_that_takes_no_part_is_left_alone(bot: Bot, settings: str | None, said: str) -> None:
    bot.write({SETTINGS: settings}, ZH)
    before = bot.github.snapshot(ZH)
    assert bot.update() == f"nothing to do: tea/zh {said}"
    assert bot.github.snapshot(ZH) == before
    assert bot.noted[ZH] == (None, None, None)


def test_an_archived_and_an_empty_repository_are_left_alone(bot: Bot) -> None:
    bot.github.add_repository("tea/empty")
    bot.github.install("tea/empty")
    assert bot.update("tea/empty") == "nothing to do: tea/empty has no .github/amts.yml"
    bot.github.archive(ZH)
    assert bot.update() == "nothing to do: tea/zh is archived"


def test_settings_without_a_language_and_with_a_file_as_upstream_are_refused(bot: Bot) -> None:
    bot.write({SETTINGS: f"upstream: {UPSTREAM}\n"}, ZH)
    assert "language is missing" in bot.update()
    bot.write({SETTINGS: "upstream: /etc\nlanguage: zh\n"}, ZH)
    assert "upstream must be owner/name or an https address" in bot.update()


def test_a_private_upstream_of_another_owner_is_not_read(bot: Bot) -> None:
    bot.github.add_repository("other/secret", bot.book / "en", private=True)
    bot.github.install("other/secret")
    bot.write({SETTINGS: "upstream: other/secret\nlanguage: zh\n"}, ZH)
    assert bot.update() == f"settings: {SETTINGS}: upstream other/secret is not there, or private: name a public one"
    (issue,) = issues(bot)
    assert issue.title == "AMTS: the settings need to be corrected"
    assert "git-upload-pack other/secret" not in bot.github.requests
    bot.write({SETTINGS: "upstream: tea/eng\nlanguage: zh\n"}, ZH)
    assert "upstream tea/eng is not there" in bot.update()


def test_a_private_upstream_of_the_same_owner_is_read_for_a_private_translation_only(bot: Bot) -> None:
    bot.github.add_repository("tea/draft", bot.book / "en", private=True, collaborators={WRITER: "write"})
    bot.github.add_repository("tea/inside", bot.book / "es", private=True, collaborators={WRITER: "write"})
    bot.github.install("tea/draft", "tea/inside")
    for repository in (ZH, "tea/inside"):
        bot.write({SETTINGS: "upstream: tea/draft\nlanguage: es\n"}, repository)
    assert "everybody could read its text here" in bot.update()
    assert bot.update("tea/inside") == f"{BRANCH}: #1"


# -- how a pull request looks -------------------------------------------------------------------------------------


def test_labels_reviewers_and_draft_are_as_the_settings_say(bot: Bot) -> None:
    bot.settings("pull_requests: {labels: [translation, bot], reviewers: [rita, stranger, wei], draft: true}\n")
    change(bot)
    bot.update()
    pull = bot.pull()
    assert (pull.labels, pull.draft) == (("bot", "translation"), True)
    assert sorted(pull.reviewers) == ["rita", "wei"]
    (said,) = bot.comments(1)
    assert "stranger" in said.body
    assert "rita" not in said.body
    change_log(bot)
    bot.update()
    assert len(bot.comments(1)) == 1


def test_what_people_make_of_title_and_text_stays(bot: Bot) -> None:
    change(bot)
    bot.update()
    bot.github.edit_title(ZH, 1, "Twelve cups", WRITER)
    change_log(bot)
    bot.update()
    assert bot.pull().title == "Twelve cups"
    assert f"`{LOG}`" in bot.pull().body
    assert bot.comments(1) == []
    theirs = bot.pull().body.replace("This brings", "Please read it aloud.\r\n\r\nThis brings")
    bot.github.edit_body(ZH, 1, theirs, WRITER)
    bot.replace(NOTATION, "the number of readings", "how many readings there are")
    bot.update()
    assert (bot.pull().title, bot.pull().body) == ("Twelve cups", theirs)
    (said,) = bot.comments(1)
    assert f"`{NOTATION}`" in said.body
    assert len(said.body) <= MAX_BODY
    change(bot, "3")
    bot.update()
    (again,) = bot.comments(1)
    assert again.id == said.id
    assert "132" in again.body


def test_a_new_title_stays_one_of_the_bots_own_though_people_changed_the_text(bot: Bot) -> None:
    change(bot)
    bot.update()
    bot.github.edit_body(ZH, 1, bot.pull().body + "\nAnd mind the cups.\n", WRITER)
    change_log(bot)
    bot.update()
    assert "2 sections" in bot.pull().title
    bot.replace(NOTATION, "the number of readings", "how many readings there are")
    bot.update()
    assert "3 sections" in bot.pull().title
    assert "And mind the cups." in bot.pull().body


def test_text_of_the_book_has_no_effect_on_github(bot: Bot) -> None:
    evil = "@octocat closes #1, fixes tea/zh#1, see https://github.com/tea/zh/issues/1 --> [skip ci] /amts pause"
    bot.replace(INDEX, WATCHED, evil)
    bot.write({"chapter_@octocat/closes #1.md": f"# {evil}\n\n{evil}\n"})
    bot.update()
    pull = bot.pull()
    assert len(bot.sections()) == 2
    ours = bot.github.branches(UPSTREAM)["main"]  # in no repository but the upstream, where nothing is told of it
    assert effects(pull.title.replace(ours[:10], "")) == effects(pull.body.replace(ours[:10], "")) == []
    assert "octocat" not in _messages(bot, pull.head_sha)


def _messages(bot: Bot, commit: str) -> str:
    with bot.world.mirrors.follow(bot.world.access(ZH)) as mirror:
        return "\n".join(found.message for found in mirror.commits(commit, bot.github.branches(ZH)["main"]))


def test_more_than_fifty_remarks_are_all_in_the_check_run_and_the_text_keeps_its_limit(bot: Bot) -> None:
    cups = "\n".join(f"Cup {number} was {'very ' * 40}good.\n" for number in range(130))
    bot.write({"chapter_models/cups.md": f"# Cups\n\n{cups}"})
    bot.update()
    (check,) = bot.github.check_runs(ZH, bot.pull().head_sha)
    assert len(check.annotations) == len(set(check.annotations)) == 131
    assert len(bot.pull().body) <= MAX_BODY


# -- what goes wrong ----------------------------------------------------------------------------------------------


def test_history_of_the_upstream_may_be_rewritten(bot: Bot) -> None:
    change(bot)
    bot.update()
    bot.github.create_branch(UPSTREAM, "main", _rewritten(bot), WRITER)
    bot.update()
    assert bot.pull().number == 1
    assert bot.sections() == {INDEX, LOG}


def _rewritten(bot: Bot) -> str:
    """The commit of another history of the upstream, of one commit, with a change more."""
    files = {path: bot.read(path) for path in (INDEX, LOG, AVERAGES, NOTATION)}
    files |= {
        f"chapter_measuring/{name}.md": bot.read(f"chapter_measuring/{name}.md")
        for name in ("cooling", "mercury", "thermometers")
    }
    files[LOG] = files[LOG].replace("does not need a battery", "does not need a plug")
    with bot.world.mirrors.follow(bot.world.upstream(UPSTREAM, ZH)) as mirror:
        commit = mirror.write((), {path: text.encode() for path, text in files.items()}, "Anew", "X <x@y.z>", DATE)
        bot.github.push(UPSTREAM, mirror.git_dir, f"{commit}:refs/heads/anew", WRITER)
    return commit


def test_a_section_is_renamed_upstream_while_its_draft_is_open(bot: Bot) -> None:
    change_log(bot)
    bot.update()
    new = "chapter_models/diary.md"
    bot.write({LOG: None, new: bot.read(LOG).replace("Write at once.", "Write at twice.")})
    bot.update()
    assert bot.sections() == {new}
    assert bot.github.file(ZH, BRANCH, LOG) is None
    assert bot.record().proposals[BRANCH].sections[new].moved_from == LOG
    reasons = {result.new_source for result in bot.record().proposals[BRANCH].sections[new].results}
    assert {"Paper does not need a plug.", "Write at twice."} <= reasons
    assert "`chapter_measuring/tea-log.md`:" not in bot.pull().body


def test_a_section_that_is_gone_upstream_again_is_taken_out(bot: Bot) -> None:
    bot.write({"chapter_models/new.md": "# New\n\nText.\n"})
    change(bot)
    bot.update()
    bot.write({"chapter_models/new.md": None})
    bot.update()
    assert bot.sections() == {INDEX}
    assert bot.github.file(ZH, BRANCH, "chapter_models/new.md") is None
    assert "new.md" not in bot.pull().body


def test_sections_with_an_error_are_told_and_the_others_drafted(bot: Bot) -> None:
    bot.write({NOTATION: "# 别的东西\n\n完全没有关系的一句话。\n"}, ZH)
    bot.replace(NOTATION, "the number of readings", "how many readings there are")
    change(bot)
    bot.update()
    assert bot.sections() == {INDEX}
    (issue,) = issues(bot)
    assert issue.title == "AMTS: 1 section left alone because of an error"
    assert "- `notation.md`: the translation does not resemble its English" in issue.body
    bot.update()
    assert [found.state for found in issues(bot)] == ["open"]
    bot.write({NOTATION: git(bot.book / "zh", "show", f"main:{NOTATION}") + "\n"}, ZH)
    bot.update()
    assert [found.state for found in issues(bot)] == ["closed"]
    assert bot.sections() == {INDEX, NOTATION}


def test_a_protected_branch_is_told_and_nothing_is_changed(bot: Bot) -> None:
    change(bot)
    hook = bot.folder / "github" / f"{ZH}.git" / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'branch amts/sync is protected' >&2\ntest $1 != refs/heads/amts/sync\n")
    hook.chmod(0o755)
    with pytest.raises(AmtsError, match="refuses the push"):
        bot.update()
    (issue,) = issues(bot)
    assert "refuses the push" in issue.body
    assert set(bot.github.branches(ZH)) == {"main"}
    hook.unlink()
    assert bot.update() == f"{BRANCH}: #2"
    assert [found.state for found in issues(bot)] == ["closed"]


def test_a_damaged_record_is_told_and_harms_nothing_else(bot: Bot) -> None:
    change(bot)
    bot.update()
    change_log(bot)
    before = bot.github.branches(ZH)
    for damage in ("not JSON", '{"version": 2}', '{"version": 1}', "[1]", "null", None):
        _write_ref(bot, records.REF, {records.PATH: damage, "other.txt": "x"})
        with pytest.raises(AmtsError, match="delete the ref"):
            bot.update()
    assert bot.github.branches(ZH) == before
    (issue,) = issues(bot)
    assert "refs/amts/state" in issue.body
    assert bot.pull().number == 1


def test_a_record_that_names_a_branch_of_people_is_refused(bot: Bot) -> None:
    change(bot)
    bot.update()
    text = bot.github.file(ZH, records.REF, records.PATH)
    assert text is not None
    _write_ref(bot, records.REF, {records.PATH: text.decode().replace(f'"{BRANCH}"', '"main"')})
    before = bot.github.branches(ZH)
    with pytest.raises(AmtsError, match="delete the ref"):
        bot.update()
    assert bot.github.branches(ZH) == before


def _write_ref(bot: Bot, ref: str, files: dict[str, str | None]) -> None:
    with bot.world.mirrors.follow(bot.world.access(ZH)) as mirror:
        content = {path: None if text is None else text.encode() for path, text in files.items()}
        commit = mirror.write((mirror.ref(ref) or "",), content, "Damage", "X <x@y.z>", DATE)
        mirror.push({ref: commit})
