"""Replies are short and exact, and what they quote has no effect."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from bot import replies
from bot.commands import Unknown, read_commands
from bot.messages import MAX_BODY
from bot.records import Record
from tests.bot.outside import EVIL, effects, structure
from tests.bot.samples import PROPOSAL, RECORD, proposal_of, section_of

UPSTREAM = "d2l-ai/d2l-en"


def test_help_names_commands_that_there_are() -> None:
    named = re.findall(r"`(/amts [^`]+)`", replies.help_text())
    assert len(named) == 9
    for command in named:
        written = command.replace("SECTION", "index.md").replace("NAME", "memory")
        (read,) = read_commands(written)
        assert not isinstance(read, Unknown), command


def test_no_reply_is_a_command_itself() -> None:
    said = [replies.help_text(), replies.paused(), replies.resumed(), replies.unknown_command("/amts stop", "status")]
    assert [read_commands(reply) for reply in said] == [()] * len(said)


def test_status_says_how_things_stand() -> None:
    assert replies.status_text(RECORD, PROPOSAL, "zh", UPSTREAM) == (
        "- The Chinese translation follows `d2l-ai/d2l-en`, last looked at `aaaaaaaaaa`.\n"
        "- This pull request: 3 sections, 5 segments to review, 3 of them need a look, 2 of these wait for a "
        "translator, 1 section left alone because of an error. The source is that at `aaaaaaaaaa`.\n"
        "- 2 chapters with 121 segments to review wait.\n"
        "- 1 section is declined, and left out until the English changes.\n"
        "- AMTS is not paused.\n"
    )


def test_status_of_nothing_and_of_other_pull_requests() -> None:
    other = replace(PROPOSAL, branch="amts/sync-a")
    closing = replace(PROPOSAL, branch="amts/sync-b", closing="done")
    both = Record(paused=True, proposals={p.branch: p for p in (PROPOSAL, other, closing)})
    said = replies.status_text(both, PROPOSAL, "zh", UPSTREAM)
    assert "not looked at yet" in said
    assert "- 1 other pull request open.\n" in said
    assert "- AMTS is paused: `/amts resume` makes it go on.\n" in said
    assert "- 2 pull requests open.\n" in replies.status_text(both, None, "zh", UPSTREAM)
    nothing = replies.status_text(Record(), None, "zh", UPSTREAM).splitlines()
    assert nothing[1:] == ["- AMTS is not paused."]


def test_what_is_unknown_is_answered_with_the_nearest() -> None:
    assert replies.unknown_command("stats", "status") == (
        "AMTS does not know `stats`. Did you mean `status`? `/amts help` lists what it knows.\n"
    )
    assert "Did you mean" not in replies.unknown_command("stats", None)
    assert replies.unknown_sections([("indx", "index.md")]) == (
        "There is no section `indx` here. Did you mean `index.md`?\n"
    )
    assert replies.unknown_sections([("a", None), ("b", "c.md")]) == (
        "There are no such sections here:\n\n- `a`\n- `b`: did you mean `c.md`?\n"
    )


def test_skipped_sections_are_named() -> None:
    assert replies.skipped(["a.md"]) == "`a.md` is out of this pull request. It comes back when its English changes.\n"
    assert replies.skipped(["a.md", "b.md", "c.md"]).startswith(
        "`a.md`, `b.md` and `c.md` are out of this pull request."
    )
    many = replies.skipped([f"{n}.md" for n in range(1_500)])
    assert "`19.md` and 1,480 more are out" in many
    assert "Not skipped: `a.md`. People edited it on this branch" in replies.not_skipped(["a.md"])


def test_what_was_drafted_anew_is_counted_and_reasons_are_said_once() -> None:
    assert replies.retranslated(1, 0, []) == "1 segment drafted anew.\n"
    assert replies.retranslated(0, 1, ["refused"]) == "No segment was drafted anew. 1 left as it was:\n\n- refused\n"
    assert replies.retranslated(3, 4, ["b", "a", "a"]) == (
        "3 segments drafted anew. 4 left as they were:\n\n- a (2 times)\n- b\n"
    )
    assert replies.retranslated(3, 4, []) == "3 segments drafted anew. 4 left as they were.\n"
    assert replies.retranslated(0, 0, ()).startswith("There is nothing to draft anew")
    assert "- … and 4 other reasons" in replies.retranslated(0, 9, list("abcdefghi"))


def test_the_issue_on_settings_names_key_and_line() -> None:
    error = ".github/amts.yml, line 3: langage is not a setting; did you mean language?"
    title, body = replies.config_problem(error, ".github/amts.yml")
    assert title == "AMTS: the settings need to be corrected"
    assert body.startswith("<!-- amts:settings -->\n\nAMTS cannot use the settings in `.github/amts.yml`, and ")
    assert f"- {error}\n" in body


def test_a_failure_says_what_why_and_which_job() -> None:
    said = replies.job_failed("the update to 1a2b3c", "the engine is away: try again later", "job-7")
    assert said.startswith("AMTS could not finish the update to 1a2b3c:\n\n- the engine is away: try again later\n")
    assert "job `job-7`" in said


QUOTING: dict[str, Callable[[str], str]] = {
    "status": lambda text: replies.status_text(
        RECORD, proposal_of({text: section_of(error=text)}, f"amts/sync-{text}"), "zh", text
    ),
    "no access": replies.no_access,
    "command": lambda text: replies.unknown_command(text, text),
    "section": lambda text: replies.unknown_sections([(text, text)]),
    "sections": lambda text: replies.unknown_sections([(text, text)] * 900),
    "skipped": lambda text: replies.skipped([text] * 900),
    "not skipped": lambda text: replies.not_skipped([text] * 900),
    "retranslated": lambda text: replies.retranslated(2, 900, [f"{text} {n}" for n in range(900)]),
    "engine failed": replies.engine_failed,
    "settings": lambda text: replies.config_problem(text, text)[1],
    "job": lambda text: replies.job_failed(text, text, text),
}


@pytest.mark.parametrize("name", QUOTING)
def test_what_a_reply_quotes_has_no_effect(name: str) -> None:
    for evil in EVIL:
        said = QUOTING[name](evil)
        assert effects(said) == []
        assert read_commands(said) == ()
        assert structure(said) == structure(QUOTING[name]("plain"))


@pytest.mark.parametrize("name", QUOTING)
def test_every_reply_is_bounded(name: str) -> None:
    for endless in ("@" * 70_000, "字" * 70_000, "`|" * 35_000):
        assert len(QUOTING[name](endless)) < MAX_BODY


def test_replies_end_with_a_line_break_for_the_caller_to_add_to() -> None:
    said = [
        replies.help_text(), replies.nothing_left("a" * 40), replies.config_mended(), replies.paused(),
        replies.resumed(), replies.all_skipped(), replies.not_open(), replies.no_access("somebody"),
    ]  # fmt: skip
    assert [reply for reply in said if not reply.endswith("\n") or reply.endswith("\n\n")] == []
