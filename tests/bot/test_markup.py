"""Text from outside is shown as it is, and without effect."""

from __future__ import annotations

import html as entities
import re
from unicodedata import category

import mistune
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.markup import code, differences, escape, html_code, one_line, plain_name
from tests.bot.outside import EVIL, SHA, effects, rendered, structure

_SIGNS = "ab1 @#|`\\<>&*_[]()!~$:/.-+=\n\u202e中"


@pytest.mark.parametrize("evil", EVIL)
def test_it_has_no_effect_wherever_it_stands(evil: str) -> None:
    for piece in (escape(evil), code(evil), *differences(evil, evil[::-1]), *differences("", evil)):
        for body in (f"- x: {piece}", f"x {piece}", f"| a |\n| --- |\n| {piece} |"):
            assert effects(body) == []
    folded = f"<details><summary>{html_code(evil)}</summary>\n\ntext\n\n</details>"
    assert effects(folded) == []
    assert structure(folded) == structure("<details><summary><code>x</code></summary>\n\ntext\n\n</details>")


@pytest.mark.parametrize(
    "live",
    [
        "@octocat", "closes #1", "o/r#1", "fixes GH-12", "https://github.com/o/r/issues/1", "www.example.org", ":smile:",
        SHA, f"o/r@{SHA}", "deadbee", "a:/amts x\n/amts pause", "[skip ci]", "`@octocat`", "x\nCo-authored-by: y", "\u202e",
    ],
)  # fmt: skip
def test_without_escaping_there_would_be_effects(live: str) -> None:
    assert effects(f"- x: {live}") != []


@given(st.text(st.sampled_from(_SIGNS + "gh-fixes 0cde"), max_size=40))
@example("#1:#")
@example("1//a:ptth")
def test_no_text_has_an_effect(text: str) -> None:
    for piece in (escape(text), code(text), *differences(text, text[::-1])):
        assert set(re.findall(r"</?([a-z]+)", rendered(f"- x: {piece}"))) <= {"ul", "li", "code", "del", "ins"}
        assert effects(f"- x: {piece}") == []
        assert not re.match(r"\s*/[a-z]", piece)


@given(st.text(max_size=60) | st.text(st.sampled_from(_SIGNS), max_size=60))
@example(SHA)
def test_escaped_text_shows_what_it_was(text: str) -> None:
    """Rendered, every character that can be seen is there, and what cannot be seen has a sign instead."""
    shown = entities.unescape(
        re.sub(r"<!-- -->|</?p>", "", str(mistune.create_markdown(escape=False)(f"x{escape(text)}x")))
    ).strip()[1:-1]
    hidden = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    signs = ("\ufffd" if category(sign) in hidden and sign not in "\u200c\u200d" else sign for sign in text)
    seen = "".join(" " if sign.isspace() else shown for sign, shown in zip(text, signs, strict=True))
    assert "".join(shown.split()) == "".join(seen.split())


def test_a_commit_id_is_broken_so_that_no_part_of_it_is_one() -> None:
    assert escape("deadbee") == "deadbe<!-- -->e"
    assert escape(SHA) == "<!-- -->".join(SHA[at : at + 6] for at in range(0, 40, 6))
    assert escape("deadbe, feedback 123456") == "deadbe, feedback 123456"


def test_commands_are_broken_and_paths_are_not() -> None:
    assert escape("/amts pause, chapter/index.md") == "/<!-- -->amts pause, chapter/index.md"
    assert code("/amts pause") == "<code>/<!-- -->amts pause</code>"
    assert code("chapter/index.md") == "`chapter/index.md`"


def test_code_that_would_skip_checks_is_escaped() -> None:
    assert code("[skip ci].md") == "<code>\\[skip ci\\].md</code>"
    assert html_code("[skip ci]") == "<code>&lbrack;skip ci]</code>"


def test_code_in_a_summary_is_html() -> None:
    assert html_code("a<b>&`c`") == "<code>a&lt;b&gt;&amp;`c`</code>"


@pytest.mark.parametrize("name", ["chapter_linear-networks", "chapter_2", "Intro", "gh-pages", "x" * 60])
def test_a_plain_name_stays(name: str) -> None:
    assert plain_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "GH-1", "a b", "a/b", "@all", "closes #1", "a" + SHA[:6], "ch.1", "章", "x" * 61, "a\n"]
)
def test_what_might_make_a_reference_is_no_plain_name(name: str) -> None:
    assert plain_name(name) is None


def test_one_line_is_plain_and_bounded() -> None:
    assert one_line("a\n b\u202e | `c` @d", 100) == "a b\ufffd | `c` @d"
    assert one_line("字" * 70_000, 10) == "字" * 9 + "…"


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
