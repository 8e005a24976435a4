"""Files as parts: nothing is lost, and an edit is no larger than what was changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.repositories import book_folder
from sync.parts import Edit, Part, edits, joined, kept, parts_of_lines, parts_of_section, starts

PIECES = st.sampled_from(
    [
        *("# A", "It is. So it is.", "\n", "\n\n", " ", "- ", "> ", "1. ", "\r\n", "\t", "\ufeff", "$$", "[^n]: "),
        *("| a | b |\n|--|--|\n| c | d |\n", "```\nx\n```\n", "![cup](cup.png)", ":label:`x`", "[**Hot.", "Cold.**]"),
        "是。不是。",
    ]
)
TEXTS = st.lists(PIECES, max_size=12).map("".join)


@given(TEXTS)
def test_parts_are_the_file(text: str) -> None:
    for parts in (parts_of_section(text, "zh"), parts_of_section(text, "en"), parts_of_lines(text)):
        assert joined(parts) == text
        assert [text[at : at + len(part.body)] for at, part in zip(starts(parts), parts, strict=True)] == [
            part.body for part in parts
        ]


@given(TEXTS, TEXTS)
def test_edits_lead_from_one_version_to_the_other(old: str, new: str) -> None:
    a, b = parts_of_section(old, "en"), parts_of_section(new, "en")
    made: list[str] = []
    at = 0
    for edit in edits(a, b):
        assert edit.start >= at
        made += [part.body for part in a[at : edit.start]]
        made += [part.body for part in b[edit.new_start : edit.new_end]]
        at = edit.end
    assert made + [part.body for part in a[at:]] == [part.body for part in b]
    assert all(a[i].body == b[k].body for k, i in kept(a, b).items())


def test_every_section_of_the_book_and_of_the_real_data_is_its_parts(d2l: Path) -> None:
    with book_folder() as book:
        for path in [*book.rglob("*.md"), *sorted(d2l.glob("zh/**/*.md"))[:40], *sorted(d2l.glob("ko/**/*.md"))[:40]]:
            text = path.read_bytes().decode()
            assert joined(parts_of_section(text, "zh")) == text, path


def test_markers_and_bars_frame_the_words() -> None:
    text = "# 茶\n\n1. 一。二。\n\n| 甲 | 乙 |\n| -- | -- |\n\n![图](a.png)\n:width:`1px`\n\n```\nx = 1\n```\n"
    assert parts_of_section(text, "zh") == (
        Part("# ", "茶", "\n\n"),
        Part("1. ", "一。", ""),
        Part("", "二。", "\n\n"),
        Part("| ", "甲", " "),
        Part("| ", "乙", " |\n"),
        Part("", "| -- | -- |", "\n\n"),
        Part("![", "图", ""),
        Part("", "](a.png)", "\n"),
        Part("", ":width:`1px`", "\n\n"),
        Part("", "```", "\n"),
        Part("", "x = 1", "\n"),
        Part("", "```", "\n"),
    )


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("甲。乙。丙。", "甲。乙。丙。", []),
        ("甲。乙。丙。", "甲。新。丙。", [Edit(1, 2, 1, 2)]),
        ("甲。乙。丙。", "新。来。丙。", [Edit(0, 1, 0, 1), Edit(1, 2, 1, 2)]),
        ("甲。乙。", "甲。新。乙。", [Edit(1, 1, 1, 2)]),
        ("甲。乙。丙。", "甲。丙。", [Edit(1, 2, 1, 1)]),
        ("旧的杯子。", "新的来了。红的旧杯子。", [Edit(0, 0, 0, 1), Edit(0, 1, 1, 2)]),
        ("甲。乙。", "很长的一句。不像别的。第三。", [Edit(0, 2, 0, 3)]),
        ("- 甲。", "* 甲。", []),
    ],
)
def test_edits_are_as_small_as_can_be_told(old: str, new: str, wanted: list[Edit]) -> None:
    assert edits(parts_of_section(old, "zh"), parts_of_section(new, "zh")) == wanted


def test_a_file_of_very_many_lines_is_compared_as_a_whole() -> None:
    one = parts_of_lines("a\n" * 30_000)
    assert edits(one, one) == []
    assert edits(one, one[1:]) == [Edit(0, 30_000, 0, 29_999)]
