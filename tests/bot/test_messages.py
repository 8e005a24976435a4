"""The pull request says what happened, in bounds, and text of the book has no effect in it."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bot.messages import MAX_BODY, draft_json, proposal_body, proposal_title, pull_request, report_json
from bot.records import Proposal
from sync.config import Config
from sync.model import (
    Check,
    Draft,
    Finding,
    Operation,
    SectionReport,
    SectionState,
    SegmentResult,
    SyncReport,
)
from sync.pipeline import sync_translation
from sync.publish import to_branch
from sync.repos import Repository
from tests.bot.outside import EVIL, effects, structure
from tests.bot.samples import ENGLISH, FUZZY, KEPT, PATCHED, PROPOSAL, REMOVED, STALE, proposal_of, result, section_of
from tests.conftest import Write, git


def draft(*results: SegmentResult, notes: tuple[str, ...] = ()) -> Draft:
    return Draft("text\n", results, notes, characters_source=1000, characters_changed=90, characters_sent=80)


def section(path: str, *results: SegmentResult, state: SectionState = SectionState.BEHIND) -> SectionReport:
    return SectionReport(path, path, state, base="b" * 40, draft=draft(*results) if results else None)


def report(*sections: SectionReport, commit: str | None = "d" * 40, notes: tuple[str, ...] = ()) -> SyncReport:
    return SyncReport("zh", "memory", "a" * 40, "c" * 40, sections, commit, notes)


REPORT = report(
    section("chapter_a/index.md", KEPT, KEPT, FUZZY, PATCHED, REMOVED),
    section("chapter_b/loss.md", KEPT, ENGLISH, STALE),
    section("chapter_c/same.md", state=SectionState.UP_TO_DATE),
    section("chapter_d/gone.md", state=SectionState.GONE),
    replace(section("chapter_e/old.md", state=SectionState.RENAMED), source_path="chapter_f/new.md"),
    replace(section("chapter_g/bad.md"), error="unclosed fence in line 3: close it"),
    notes=("A note on all.",),
)


def rows(body: str) -> dict[str, list[str]]:
    """The cells of every row of the table of segments, by its first one."""
    table = body[body.index("| section |") :].split("\n\n")[0].splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in table]
    return {row[0]: row[1:] for row in cells}


def test_the_title_says_what_and_what_waits() -> None:
    assert pull_request(REPORT)[0] == "Chinese: update from aaaaaaaaaa, 2 sections, 2 segments waiting"
    assert pull_request(report(section("a.md", KEPT)))[0] == "Chinese: update from aaaaaaaaaa, 1 section"
    assert pull_request(report())[0] == "Chinese: nothing to update from aaaaaaaaaa"


def test_the_summary_comes_first_and_has_the_totals() -> None:
    first, summary = pull_request(REPORT)[1].split("\n\n")[:2]
    assert "It drafted 2 sections: " in first
    assert "**2 segments waiting for a translator**: 1 with the old translation, now stale, 1 in the" in first
    assert "What became of their segments: 3 kept, 0 moved, 1 patched, 1 translated, 1 removed." in summary
    assert "Translated segments take words of translators from elsewhere in the book (engine `memory`)." in summary
    assert "160 of 2,000 source characters" in summary
    assert "3 behind, 1 up to date" not in summary
    assert "1 up to date, 3 behind, 1 renamed upstream, 1 gone upstream, **1 with an error**" in summary
    assert "`dddddddddd`" in summary


def test_a_dry_run_and_nothing_to_do_say_so() -> None:
    assert "Nothing was committed." in pull_request(replace(REPORT, commit=None))[1]
    nothing = pull_request(report(section("a.md", state=SectionState.UP_TO_DATE), commit=None))[1]
    assert "It drafted nothing.\n\nSections: 1 up to date." in nothing
    assert "###" not in nothing


def test_rows_add_up_to_the_total() -> None:
    table = rows(pull_request(REPORT)[1])
    assert table["section"] == [
        *("kept", "moved", "patched", "translated", "waiting", "removed"), "source characters", "sent"
    ]  # fmt: skip
    assert table["`chapter_a/index.md`"] == ["2", "0", "1", "1", "0", "1", "1,000", "80"]
    assert table["`chapter_b/loss.md`"] == ["1", "0", "0", "0", "2", "0", "1,000", "80"]
    assert table["**total**"] == ["3", "0", "1", "1", "2", "1", "2,000", "160"]


def test_what_misleads_is_shown_first_and_what_is_plainly_missing_last() -> None:
    body = pull_request(REPORT)[1]
    first = body[body.index("### Look here first") : body.index("### Segments by section")]
    places = re.findall(r"^\*\*(.+?)\*\*: (.+)$", first, re.M)
    assert [place for place, _ in places] == [
        "`chapter_b/loss.md`, line 12",
        "`chapter_a/index.md`, line 20",
        "`chapter_b/loss.md`, line 14",
    ]
    assert "waiting for a translator, the old translation stands (edited; no match" in places[0][1]
    assert places[1][1] == "translated, uncertain (fuzzy match 0.93)"
    assert "waiting for a translator, it is not translated" in places[2][1]


def test_old_and_new_stand_side_by_side_with_marks() -> None:
    body = pull_request(REPORT)[1]
    assert (
        "| old | The model has <del>two</del> layers. | 模型有两层。 |\n"
        "| new | The model has <ins>three large</ins> layers. | 模型有两层。 |"
    ) in body
    assert "| old | – | – |\n| new | A new one. | A new one. |" in body


def test_everything_else_is_folded_away() -> None:
    body = pull_request(REPORT)[1]
    folded = body[body.index("<details>") :]
    assert "<summary>All changes in <code>chapter_a/index.md</code>: 3</summary>" in folded
    assert "- line 21, patched (inline code): 用\\`b\\`。" in folded
    assert "- removed (gone upstream): 没了。" in folded
    assert "unchanged" not in body


def test_a_change_without_a_draft_shows_what_there_is() -> None:
    moved = result(Operation.MOVED, (None, ":label:`a`", None, None), "moved")
    assert "- line 1, moved: :<!-- -->label:\\`a\\`" in pull_request(report(section("a.md", moved)))[1]


def test_results_with_few_texts_show_those_they_have() -> None:
    english = result(
        texts=(None, "A new one.", None, None), reason="already in the translation, in English", waiting=True, line=None
    )
    never = result(texts=("Old.", "New.", None, None), reason="the translation has no such sentence", uncertain=True)
    code_kept = result(Operation.PATCHED, ("a", "b", "c", "d"), "the translation's own code was kept", waiting=True)
    body = pull_request(report(section("a.md", english, never, code_kept)))[1]
    assert "1 with the old translation, now stale, 1 in the source language" in body
    assert (
        "**`a.md`**: waiting for a translator, it is not translated (already in the translation, in English)\n\n"
        "| | source | translation |\n| --- | --- | --- |\n| old | – | – |\n| new | A new one. | – |"
    ) in body
    assert "kept, uncertain (the translation has no such sentence)\n" in body
    assert "| old | <del>Old</del>. | – |\n| new | <ins>New</ins>. | – |" in body
    assert "waiting for a translator, in part carried over (the translation's own code was kept)" in body


def test_the_summary_says_only_what_is_so() -> None:
    nothing_sent = replace(section("a.md", KEPT), draft=replace(draft(KEPT), characters_sent=0))
    summary = " ".join(pull_request(report(nothing_sent))[1].split("\n\n")[:2])
    assert "Nothing was sent to an engine." in summary
    assert "machine" not in summary
    assert "carried over" not in summary


def test_notes_stand_with_the_section_where_it_is_listed() -> None:
    moved = replace(section("new/a.md", PATCHED, state=SectionState.RENAMED), notes=("moves from a.md to new/a.md",))
    behind = replace(section("b.md", PATCHED), notes=("its origin was edited",))
    body = pull_request(report(moved, behind))[1]
    assert "### Renamed upstream\n\n- `new/a.md`: moves from a.md to new/a.md" in body
    assert "### Notes\n\n- `b.md`: its origin was edited" in body


def test_sections_to_decide_on_errors_and_notes_are_listed() -> None:
    body = pull_request(REPORT)[1]
    assert "nothing was removed\n\n- `chapter_d/gone.md`" in body
    assert "- `chapter_e/old.md`, source `chapter_f/new.md`" in body
    assert "error\n\n- `chapter_g/bad.md`: unclosed fence in line 3: close it" in body
    assert "- A note on all." in body


def everywhere(text: str) -> SyncReport:
    """A report with `text` in every place that can come from outside."""
    changed = result(Operation.TRANSLATED, (text, f"{text} new", text, f"new {text}"), text, waiting=True)
    more = result(Operation.PATCHED, (text, text, text, text), text)
    return report(
        SectionReport(text, text, SectionState.BEHIND, draft=draft(changed, more, notes=(text,)), notes=(text,)),
        SectionReport(text, f"{text}2", SectionState.RENAMED),
        SectionReport(text, None, SectionState.GONE, error=text),
        notes=(text,),
    )


PLAIN = pull_request(everywhere("plain"))[1]


@pytest.mark.parametrize("evil", EVIL)
def test_text_from_outside_has_no_effect(evil: str) -> None:
    title, body = pull_request(everywhere(evil))
    assert evil not in title
    assert effects(body) == []
    assert structure(body) == structure(PLAIN)


HUGE = {
    "many sections": report(*(section(f"chapter_{n}/index.md", KEPT, STALE, FUZZY) for n in range(3_000))),
    "many segments": report(section("a.md", *[STALE, PATCHED] * 5_000)),
    "long texts": report(section("a.md", *[replace(STALE, new_source="word " * 9_000, draft="字" * 50_000)] * 40)),
    "texts of markup": report(section("a.md", *[replace(STALE, old_target="@" * 9_000, draft="#1" * 9_000)] * 40)),
    "long paths": report(*(section("p" * 4_000 + str(n), KEPT, STALE) for n in range(100))),
    "many errors": report(*(replace(section(f"{n}.md"), error="wrong " * 500) for n in range(500))),
    "many gone": report(*(section(f"{n}.md", state=SectionState.GONE) for n in range(9_000))),
    "many notes": report(section("a.md", KEPT), notes=("note @x " * 100,) * 1_000),
    "all at once": report(
        *(
            replace(section(f"@{n}" * 300, STALE, PATCHED, state=state), error="&" * 900, notes=("@" * 900,) * 9)
            for n in range(400)
            for state in SectionState
        ),
        notes=("|" * 900,) * 900,
    ),
}


@pytest.mark.parametrize("name", HUGE)
def test_it_always_fits(name: str) -> None:
    title, body = pull_request(HUGE[name])
    assert len(title) < 200
    assert len(body) <= MAX_BODY
    assert body.startswith("AMTS compared the Chinese translation")
    assert body.count("<details>") == body.count("</details>")


def test_what_is_left_out_is_counted() -> None:
    body = pull_request(HUGE["many sections"])[1]
    shown = len([name for name in rows(body) if name.startswith("`")])
    assert f"| … and {3_000 - shown:,} more |" in body
    assert rows(body)["**total**"][4] == "3,000"
    assert "… and 5,980 more, in the list of all changes." in body


def test_json_is_complete_and_plain() -> None:
    content = json.loads(json.dumps(report_json(REPORT)))
    assert content["totals"]["segments"] == {
        "kept": 3, "moved": 0, "patched": 1, "translated": 1, "waiting": 2, "removed": 1
    }  # fmt: skip
    assert content["totals"]["sections"]["gone upstream"] == 1
    assert content["totals"]["characters_sent"] == 160
    assert content["totals"]["errors"] == 1
    assert content["totals"]["uncertain"] == 1
    assert [s["path"] for s in content["sections"]] == [s.path for s in REPORT.sections]
    assert content["sections"][2]["draft"] is None
    waiting = content["sections"][1]["draft"]["results"][2]
    assert (waiting["operation"], waiting["waiting"], waiting["line"]) == ("translated", True, 12)
    assert waiting["new_source"] == "The model has three large layers."


def test_json_of_a_draft_holds_its_text() -> None:
    content = draft_json(draft(KEPT, STALE, notes=("a",)))
    assert content["text"] == "text\n"
    assert content["notes"] == ["a"]
    assert content["characters_changed"] == 90


def test_the_same_report_gives_the_same_text() -> None:
    assert pull_request(REPORT) == pull_request(REPORT)


def test_many_sections_with_one_error_say_it_once() -> None:
    body = pull_request(report(*(replace(section(f"{n}.md"), error="the engine is away") for n in range(1_200))))[1]
    assert "error\n\n- 1,200 sections (`0.md`, `1.md` and 1,198 more): the engine is away\n" in body


def test_it_says_whose_words_stand_in_translated_segments() -> None:
    machine, own = replace(FUZZY, machine=True), FUZZY
    all_of_them = pull_request(report(section("a.md", machine, STALE)))[1]
    assert "Translated segments are made by a machine (engine `memory`)." in all_of_them
    some = pull_request(report(section("a.md", machine, own, machine)))[1]
    assert "2 of the translated segments are made by a machine (engine `memory`); the others take words of" in some
    assert "made by a machine" not in pull_request(report(section("a.md", own)))[1]


def test_a_title_of_nothing_but_failures_says_so() -> None:
    failed = replace(section("a.md"), error="unclosed fence")
    assert pull_request(report(failed))[0] == "Chinese: 1 section failed from aaaaaaaaaa"


def test_the_examples_are_of_all_sections_by_turns_but_by_risk_first() -> None:
    body = pull_request(report(*(section(f"{n}.md", *[STALE] * 9, FUZZY) for n in range(3)), section("x.md", FUZZY)))[1]
    places = re.findall(r"^\*\*`(.+?)\.md`, line (\d+)", body, re.M)
    assert places[:4] == [("0", "12"), ("1", "12"), ("2", "12"), ("0", "12")]
    late = pull_request(report(*(section(f"{n}.md", STALE, FUZZY) for n in range(3)), section("x.md", FUZZY)))[1]
    assert re.findall(r"^\*\*`(.+?)\.md`, line (\d+)", late, re.M)[3:] == [
        ("0", "20"), ("1", "20"), ("2", "20"), ("x", "20")
    ]  # fmt: skip


def test_numbers_agree_with_their_verbs() -> None:
    assert "1 segment is marked as uncertain." in pull_request(report(section("a.md", FUZZY)))[1]
    assert "2 segments are marked as uncertain." in pull_request(report(section("a.md", FUZZY, FUZZY)))[1]
    assert "marked as" not in pull_request(report(section("a.md", STALE)))[1]


def test_the_title_of_a_proposal_names_a_plain_chapter() -> None:
    assert proposal_title(PROPOSAL, "zh") == "Chinese: update from aaaaaaaaaa, 2 sections, 2 segments waiting"
    chapter = replace(PROPOSAL, branch="amts/sync-chapter_linear-networks")
    assert proposal_title(chapter, "zh").startswith("Chinese: update chapter_linear-networks from aaaaaaaaaa, 2 ")
    for evil in ("GH-12", "@everyone", "closes-#1", "x" * 300):
        named = replace(PROPOSAL, branch=f"amts/sync-{evil}")
        assert proposal_title(named, "zh") == proposal_title(PROPOSAL, "zh")


def test_the_body_of_a_proposal_has_all_that_is_in_it() -> None:
    body = proposal_body(PROPOSAL, "zh", None, False)
    assert body.startswith(
        "<!-- amts:pull-request -->\n\nThis brings the Chinese translation in step with its source at"
    )
    assert "What became of their segments: 27 kept, 0 moved, 1 patched, 1 translated, 1 removed." in body
    assert "**2 segments waiting for a translator**: 1 with the old" in body
    assert "- chapter\\_a/index.md, line 3: the text of 123456<!-- -->7890 was left out" in body
    assert "### Left alone because of an error\n\n- `chapter_g/bad.md`: unclosed fence" in body
    assert rows(body)["`chapter_a/index.md`"] == ["20", "0", "1", "1", "0", "1", "1,000", "80"]
    assert rows(body)["**total**"] == ["27", "0", "1", "1", "2", "1", "2,000", "160"]
    assert "- A note on all." in body
    assert "All changes in <code>chapter_b/loss.md</code>: 2" in body
    assert body.splitlines()[-2:] == [
        "Comment `/amts help` to see how to steer AMTS.",
        "What people edit on this branch is theirs: AMTS does nothing to it.",
    ]
    assert "paused" not in body
    assert "commit" not in body


def test_the_body_of_a_proposal_says_its_chapter_and_that_amts_is_paused() -> None:
    body = proposal_body(PROPOSAL, "zh", "chapter_a", True)
    assert "at `aaaaaaaaaa`, in the chapter `chapter_a` only:" in body
    assert "**AMTS is paused here**" in body.split("\n\n")[1]


def hostile(text: str) -> Proposal:
    """A proposal with `text` in every place that can come from outside."""
    changed = result(Operation.TRANSLATED, (text, f"{text} new", text, f"new {text}"), text, waiting=True)
    more = result(Operation.PATCHED, (text, text, text, text), text)
    sections = {
        text: section_of(changed, more, notes=(text,)),
        f"{text}2": replace(section_of(changed, state=SectionState.RENAMED, notes=(text,)), source_path=text),
        f"{text}3": section_of(error=text, state=SectionState.NEW),
        f"{text}4": section_of(error=text),
    }
    return replace(proposal_of(sections, conflicts=(text,), notes=(text,)), engine=text)


@pytest.mark.parametrize("evil", EVIL)
def test_text_from_outside_has_no_effect_in_a_proposal(evil: str) -> None:
    body = proposal_body(hostile(evil), "zh", evil, False)
    plain = proposal_body(hostile("plain"), "zh", "plain", False)
    assert effects(body) == []
    assert structure(body) == structure(plain)
    assert body.count("<!-- amts:") == 1
    assert proposal_title(hostile(evil), "zh") == proposal_title(hostile("plain"), "zh")


ENDLESS = replace(STALE, new_source="word " * 14_000, draft="@" * 70_000, old_target="#1" * 35_000)


@pytest.mark.parametrize(
    "proposal",
    [
        proposal_of({f"chapter_{n}/index.md": section_of(STALE, FUZZY, kept=9) for n in range(3_000)}),
        proposal_of({"a.md": section_of(*[STALE, FUZZY, PATCHED, ENGLISH] * 5_000)}),
        proposal_of({f"{n}.md": section_of(*[ENDLESS] * 40) for n in range(40)}),
        proposal_of({f"@{n}" * 2_000: section_of(ENDLESS, error=f"&@{n}" * 900) for n in range(200)}),
        proposal_of({"a.md": section_of(STALE)}, conflicts=("@ " * 900,) * 900, notes=("|" * 900,) * 900),
    ],
    ids=["sections", "segments", "long texts", "long paths and errors", "conflicts and notes"],
)
def test_a_proposal_always_fits_and_is_soon_there(proposal: Proposal) -> None:
    began = time.process_time()
    body = proposal_body(proposal, "zh", "@" * 9_000, True)
    assert time.process_time() - began < 2
    assert len(body) <= MAX_BODY
    assert body.count("<details>") == body.count("</details>")
    assert body.endswith("AMTS does nothing to it.\n")
    assert "### Look here first\n\n**" in body
    assert len(proposal_title(proposal, "zh")) < 200


def test_a_commit_message_holds_nothing_of_the_book(tmp_path: Path, write: Write) -> None:
    english, chinese = tmp_path / "en", tmp_path / "zh"
    name = "@everyone closes #1 [skip ci].md"
    old, new = "# A title\n\nWe train it.\n", "# A title\n\nWe train it, @octocat, and it fixes #12.\n"
    write(english, {name: new})
    write(chinese, {name: "# 一个标题\n\n我们训练它。\n", name.replace(".md", "_origin.md"): old})
    with Repository(english) as source, Repository(chinese) as target:
        report = sync_translation(source, target, Config(language="zh"), to_branch(target))
        message = git(chinese, "log", "-1", "--format=%B", str(report.commit))
    assert [section.error for section in report.sections] == [None]
    revisions = rf"\b({report.source_revision}|{report.source_revision[:12]}|{report.target_revision})\b"
    assert effects(re.sub(revisions, "", message)) == []
    assert "closes" not in message
    assert "train" not in message


SUSPECT = replace(
    result(Operation.PATCHED, ("It is 94.", "It is 95.", "是94。", "是96。"), "number", id="s", line=3),
    findings=(Finding(Check.NUMBERS, "numbers differ: 95 | <b>96</b> @all"), Finding(Check.LENGTH, "too long")),
)


def test_findings_are_shown_with_their_reasons_behind_what_is_stale() -> None:
    body = pull_request(report(section("a.md", ENGLISH, FUZZY, SUSPECT, STALE)))[1]
    assert "The checks found something in 1 segment (numbers 1, length 1)" in body
    assert "4 segments to review, 4 of them need a look, 2 of these wait for a translator." in body
    first = body[body.index("### Look here first") : body.index("### Segments by section")]
    assert re.findall(r"^\*\*`a.md`, line (\d+)", first, re.M) == ["12", "3", "20", "14"]
    assert "- numbers: numbers differ: 95 \\| &lt;b&gt;96&lt;/b&gt; @<!-- -->all\n- length: too long\n" in first


def test_the_gravest_findings_come_first() -> None:
    light = replace(SUSPECT, id="l", line=1, findings=(Finding(Check.TYPOGRAPHY, "a space"),))
    body = pull_request(report(section("a.md", light, SUSPECT)))[1]
    assert body.index("`a.md`, line 3") < body.index("`a.md`, line 1")
