"""The pull request says what happened, in bounds, and text of the book has no effect in it."""

from __future__ import annotations

import html as entities
import json
import re
from dataclasses import replace
from unicodedata import category

import mistune
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.markup import code, differences, escape, html_code
from bot.messages import MAX_BODY, draft_json, pull_request, report_json
from sync.model import (
    BlockKind,
    Draft,
    Operation,
    SectionReport,
    SectionState,
    SegmentResult,
    SyncReport,
)


def result(
    operation: Operation = Operation.KEPT,
    texts: tuple[str | None, str | None, str | None, str | None] = ("Old.", "Old.", "旧。", "旧。"),
    reason: str = "unchanged",
    *,
    id: str = "1",
    waiting: bool = False,
    uncertain: bool = False,
    line: int | None = 1,
) -> SegmentResult:
    return SegmentResult(
        id, BlockKind.PARAGRAPH, operation, reason, *texts, waiting=waiting, uncertain=uncertain, line=line
    )


KEPT = result()
STALE = result(
    Operation.TRANSLATED,
    ("The model has two layers.", "The model has three large layers.", "模型有两层。", "模型有两层。"),
    "edited; no match in the memory",
    waiting=True,
    line=12,
)
ENGLISH = result(Operation.TRANSLATED, (None, "A new one.", None, "A new one."), "new; no match", waiting=True, line=14)
FUZZY = result(
    Operation.TRANSLATED,
    (None, "We test it.", None, "我们测试它。"),
    "fuzzy match 0.93",
    uncertain=True,
    line=20,
)
PATCHED = result(Operation.PATCHED, ("Use `a`.", "Use `b`.", "用`a`。", "用`b`。"), "inline code", line=21)
REMOVED = result(Operation.REMOVED, ("Gone.", None, "没了。", None), "gone upstream", line=None)


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
    summary = pull_request(REPORT)[1].split("\n\n")[0]
    assert "drafted 2 sections; of their segments: 3 kept, 0 moved, 1 patched, 1 translated, 1 removed." in summary
    assert "**2 segments waiting for a translator**: 1 with the old translation, now stale, 1 in the" in summary
    assert "made by a machine (engine `memory`)" in summary
    assert "160 of 2,000 source characters" in summary
    assert "3 behind, 1 up to date" not in summary
    assert "1 up to date, 3 behind, 1 renamed upstream, 1 gone upstream, **1 with an error**" in summary
    assert "`dddddddddd`" in summary


def test_a_dry_run_and_nothing_to_do_say_so() -> None:
    assert "Nothing was committed." in pull_request(replace(REPORT, commit=None))[1]
    nothing = pull_request(report(section("a.md", state=SectionState.UP_TO_DATE), commit=None))[1]
    assert "It drafted nothing. Sections: 1 up to date." in nothing
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
    summary = pull_request(report(nothing_sent))[1].split("\n\n")[0]
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


EVIL = [
    "@octocat please",
    "fixes #12 and closes owner/name#1",
    "GH-123 gh-7",
    "https://github.com/o/r/issues/1 www.example.org ftp://x.y mail@example.org",
    "</details></td></code><script>alert(1)</script><img src=x>",
    "` `` ``` code",
    "a | b || c \\| d \\",
    "![x](http://e.v/il.png) [x](javascript:1) [x][y]",
    "**bold** _em_ ~~del~~ $x$ $$y$$ # heading",
    "<!-- comment --> &lt;b&gt; &amp; &#64;octocat",
    "line\nbreak\r\n\n# heading\n\n---\n\n</details>",
    "\u202eright to left\u202c \x1b[31mred\x00",
    ":label: :smile:",
    "- item",
    "1. item",
    "+ item",
    "===",
    "> quote",
    "    indented",
]


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


def visible(body: str) -> str:
    """What GitHub looks for references in: text outside code, the rest gone in a way that joins nothing."""
    html = str(mistune.create_markdown(escape=False, plugins=["table", "strikethrough", "url"])(body))
    html = re.sub(r"<code>.*?</code>", "\x00", html, flags=re.S)
    return re.sub(r"<[^>]*>", "\x00", html)


def structure(body: str) -> list[str]:
    """The tags of a body as GitHub would render it, in order."""
    html = str(mistune.create_markdown(escape=False, plugins=["table", "strikethrough", "url"])(body))
    return re.findall(r"</?[a-z][^>]*>", html)


PLAIN = pull_request(everywhere("plain"))[1]


@pytest.mark.parametrize("evil", EVIL)
def test_text_from_outside_has_no_effect(evil: str) -> None:
    title, body = pull_request(everywhere(evil))
    assert evil not in title
    shown = visible(body)
    assert not re.search(r"@\w|#\d|\bgh-\d|://\w|\bwww\.\w", shown, re.I)
    assert not re.search(r"[\u202a-\u202e\u2066-\u2069\x00-\x09\x0b-\x1f]", body)
    ignored = {"<del>", "</del>", "<ins>", "</ins>"}  # where the words differ depends on the words
    assert [t for t in structure(body) if t not in ignored] == [t for t in structure(PLAIN) if t not in ignored]


@given(st.text(st.sampled_from("ab1 @#|`\\<>&*_[]()!~$:/.-+=\n\u202e中"), max_size=40))
def test_no_text_from_outside_has_an_effect(text: str) -> None:
    for piece in (escape(text), code(text), *differences(text, text[::-1])):
        html = str(mistune.create_markdown(escape=False, plugins=["table", "strikethrough", "url"])(f"- x: {piece}"))
        assert set(re.findall(r"</?([a-z]+)", html)) <= {"ul", "li", "code", "del", "ins"}
        assert not re.search(r"@\w|#\d|://\w|[\u202e]", visible(f"- x: {piece}"))


@given(st.text(max_size=60) | st.text(st.sampled_from("ab1 @#|`\\<>&;*_[]()!~$:/.-+=中"), max_size=60))
def test_escaped_text_shows_what_it_was(text: str) -> None:
    """Rendered, every character that can be seen is there, and what cannot be seen has a sign instead."""
    rendered = str(mistune.create_markdown(escape=False)(f"x{escape(text)}x"))
    shown = entities.unescape(re.sub(r"<!-- -->|</?p>", "", rendered)).strip()[1:-1]
    hidden = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    signs = ("\ufffd" if category(sign) in hidden and sign not in "\u200c\u200d" else sign for sign in text)
    seen = "".join(" " if sign.isspace() else shown for sign, shown in zip(text, signs, strict=True))
    assert "".join(shown.split()) == "".join(seen.split())


def test_code_in_a_summary_is_html() -> None:
    assert html_code("a<b>&`c`") == "<code>a&lt;b&gt;&amp;`c`</code>"


def test_differences_are_by_word_and_by_chinese_character() -> None:
    assert differences("a small model", "a large model") == (
        "a <del>small</del> model",
        "a <ins>large</ins> model",
    )
    assert differences("a b c d", "a x y d") == ("a <del>b c</del> d", "a <ins>x y</ins> d")
    assert differences("三个小模型", "三个大模型") == ("三个<del>小</del>模型", "三个<ins>大</ins>模型")


def test_where_nearly_everything_differs_there_are_no_marks() -> None:
    old, new = differences("a b " * 500, "a c " * 500)
    assert old == ("a b " * 500)[:299] + "…"
    assert new == ("a c " * 500)[:299] + "…"


def test_long_equal_parts_are_cut() -> None:
    old, new = differences("same " * 200 + "a", "same " * 200 + "b")
    assert len(old) < 200
    assert old.endswith("<del>a</del>")
    assert new.endswith("<ins>b</ins>")


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
    assert f"| … and {3_000 - shown} more |" in body
    assert rows(body)["**total**"][4] == "3,000"
    assert "… and 5980 more, in the list of all changes." in body


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
