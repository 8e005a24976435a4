"""What a machine-written segment must hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.checks import check_translation, find_numbers, verify_numbers, verify_tokens
from sync.markdown import parse
from sync.model import BlockKind

GOOD = [
    ("The loss is $l$.", "损失是$l$。"),
    ("See :numref:`fig_a` and `x|y`.", "参见:numref:`fig_a`和`x|y`。"),
    ("In :numref:`fig_a` it is shown.", ":numref:`fig_a`显示了它。"),
    ("A *good* model and a **better** one.", "一个*好*模型和一个**更好**的。"),
    ("A *good* model.", "一个好模型。"),  # emphasis may go
    ("See [this page](a.md) or ![one](b.png).", "参见![图](b.png)或[这一页](a.md)。"),
    ("See [this [inner] page](a.md).", "参见[这[内]页](a.md)。"),
    ("Note [1] says so.", "注[1]这样说。"),
    ("Use $5 or less.", "用$5或更少。"),
    ("- 1 is negative", "- 1 是负数"),
    ("The GPU.", "图形处理器（GPU），一种专门的处理器，最初用于绘图。"),
    ("Names in snake_case.", "snake_case的名字。"),
    ("Zero-width: می‌خواهم", "می‌خواهم"),
    (r"A bracket \[ alone.", r"一个\[括号。"),
]


@pytest.mark.parametrize(("source", "text"), GOOD)
def test_a_good_translation_passes(source: str, text: str) -> None:
    assert check_translation(source, text, BlockKind.PARAGRAPH) is None


@pytest.mark.parametrize(
    ("source", "text", "reason"),
    [
        ("A text.", "", "empty"),
        ("A text.", "  ", "empty"),
        ("A text.", " 文", "white space around"),
        ("A text.", "文\n本", "line break"),
        ("A text.", "文\r本", "line break"),
        ("A text.", "文\u2028本", "U+2028"),
        ("A text.", "文\x00本", "U+0000"),
        ("A text.", "文\x1b[31m本", "U+001B"),
        ("A text.", "文\u202e本", "U+202E"),
        ("A text.", "文\u2066本", "U+2066"),
        ("A text.", "长" * 300, "far too long: 300 characters for 7"),
        ("A long text. " * 100, "短。", "far too short"),
        ("Use $x$.", "用。", "protected token lost: $x$"),
        ("Use it.", "用$x$。", "protected token added: $x$"),
        ("Use `a` and `a`.", "用`a`。", "protected token lost: `a`"),
        ("Use it.", "用<script>它。", "protected token added: <script>"),
        ("See [it](a.md).", "见[它](b.md)。", "protected token lost: ](a.md)"),
        ("See [it](a.md).", "见它](a.md)。", "protected token lost: ](a.md)"),
        ("See [it](a.md).", "见](a.md)[它。", "protected token lost: ](a.md)"),
        ("See ![it](a.png).", "见[它](a.png)。", "unbalanced markup"),
        ("Use it.", "用`它。", "unbalanced markup: 1 ` where"),
        ("Use it.", "用$它。", "unbalanced markup: 1 $ where"),
        ("A *good* model.", "一个*好模型。", "unbalanced markup: * does not close"),
        ("A **good** model.", "一个**好*模型。", "unbalanced markup: * does not close"),
        ("A text.", "# 文本", "would begin another block: '#'"),
        ("A text.", "- 文本", "would begin another block: '-'"),
        ("A text.", "* 文本", "would begin another block"),
        ("A text.", "1. 文本", "would begin another block: '1.'"),
        ("A text.", "> 文本", "would begin another block"),
        ("A text.", "| 文本 |", "would begin another block"),
        ("A text.", "---", "would begin another block"),
        ("A text.", "===", "would begin another block"),
        ("A text.", ":begin_tab: 文本", "would begin another block"),
        ("A text.", "[a]: 文本", "would begin another block"),
    ],
)
def test_a_bad_translation_is_refused(source: str, text: str, reason: str) -> None:
    assert reason in (check_translation(source, text, BlockKind.PARAGRAPH) or "passed")


def test_a_fence_is_refused() -> None:
    assert check_translation("A text.", "```文本", BlockKind.PARAGRAPH) is not None
    assert check_translation("A text.", "~~~文本", BlockKind.PARAGRAPH) is not None


def test_a_bar_is_refused_in_a_table_only() -> None:
    assert check_translation("a or b", "甲|乙", BlockKind.PARAGRAPH) is None
    assert "another table cell" in (check_translation("a or b", "甲|乙", BlockKind.TABLE) or "")
    assert check_translation("a or b", r"甲\|乙", BlockKind.TABLE) is None


def test_what_the_source_has_itself_may_stand() -> None:
    assert check_translation("# 1 is the number", "# 1 是号码", BlockKind.PARAGRAPH) is None
    assert check_translation("a \u202e b", "甲\u202e乙", BlockKind.PARAGRAPH) is None


def test_a_reason_is_one_short_line() -> None:
    reason = check_translation("Use it.", " ".join(f"`{'x' * 500}{n}`" for n in range(9))[:200], BlockKind.PARAGRAPH)
    assert reason is not None
    many = verify_tokens("", " ".join(f"`{'x' * 500}{n}`" for n in range(9)))
    assert many is not None
    assert len(many) < 300
    assert many.endswith("and 6 more")


plain = st.text(st.sampled_from("ab1 .#-*_+=>|`~$[]()!:<&\\"), min_size=1, max_size=30)


@given(plain)
def test_what_passes_for_a_sentence_stays_in_its_paragraph(text: str) -> None:
    if check_translation("Some words.", text, BlockKind.PARAGRAPH) is None:
        for place in ("{}", "First line\n{}\nlast line\n"):
            assert {block.kind for block in parse(place.format(text)).blocks} == {BlockKind.PARAGRAPH}


@given(plain)
def test_the_source_itself_passes(source: str) -> None:
    if source.strip() and source == source.strip():
        assert check_translation(source, source, BlockKind.TABLE) is None


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("There are 3 of 10.", ["3", "10"]),
        ("有3层和1,000个", ["3", "1,000"]),
        ("Use 0.5, or -2.", ["0.5", "2"]),
        ("In `a[3]` and $x_4$ it is 5.", ["5"]),
        ("ResNet50, v2 and 3x3", []),
        ("", []),
    ],
)
def test_numbers(text: str, numbers: list[str]) -> None:
    found = find_numbers(text)
    assert [number.text for number in found] == numbers
    assert all(text[number.start : number.end] == number.text for number in found)


def test_numbers_are_compared_without_separators() -> None:
    assert verify_numbers("0.5 and 1,000", "1000 ve 0,5") is None
    assert verify_numbers("Use 3.", "使用３。") is None
    assert verify_numbers("Use 3 or 4.", "使用3或5。") == "numbers differ: lost 4; added 5"
    assert verify_numbers("Use three.", "使用3。") == "numbers differ: added 3"
