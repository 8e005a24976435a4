"""Alignment of a section with its translation: blocks, sentences, translation units."""

from __future__ import annotations

import pytest

from sync.align import align_blocks, align_sentences
from sync.lexicon import Lexicon
from sync.markdown import parse
from sync.model import BlockKind, TranslationUnit
from sync.units import agreement, resemblance, translation_units

CUPS, TEA, HEAT = "We fill 3 cups with `pour()`.", "The tea in $c_1$ cools.", "Heat flows as $q$ says."
CUPS_ZH, TEA_ZH, HEAT_ZH = "我们用`pour()`倒满3个杯子。", "$c_1$中的茶变凉。", "热量按$q$流动。"
CODE = "```python\nx = read()  # all\n```"
CODE_ZH = "```python\nx = read()  # 全部\n```"
NOTE = "译者注：见附录。"

# source, target -> the links, `2-34` for one from the third source block to the fourth and fifth target block
BLOCKS = {
    "one to one": ([CUPS, CODE, TEA], [CUPS_ZH, CODE_ZH, TEA_ZH], "0-0 1-1 2-2"),
    "a note of the translator": ([CUPS, TEA, HEAT, CODE], [CUPS_ZH, TEA_ZH, NOTE, HEAT_ZH, CODE_ZH], "0-0 1-1 2-3 3-4"),
    "a tab of another framework": (
        [CODE, TEA],
        [CODE_ZH, "```python\n#@tab paddle\nx = paddle.load()\n```", TEA_ZH],
        "0-0 1-2",
    ),
    "a paragraph the translator left out": ([CUPS, HEAT, TEA], [CUPS_ZH, TEA_ZH], "0-0 2-1"),
    "merged": ([CUPS, TEA, CODE], [CUPS_ZH + TEA_ZH, CODE_ZH], "01-0 2-1"),
    "split": ([f"{CUPS} {TEA}", CODE], [CUPS_ZH, TEA_ZH, CODE_ZH], "0-01 1-2"),
    "reordered": ([f"* {t}" for t in (CUPS, TEA, HEAT)], [f"* {t}" for t in (HEAT_ZH, CUPS_ZH, TEA_ZH)], "0-1 1-2 2-0"),
    "labels": (
        ["# A", ":label:`sec_a`", "# B", ":label:`sec_b`"],
        ["# 甲", ":label:`sec_a`", ":label:`sec_b`"],
        "0-0 1-1 3-2",
    ),
    "nothing on one side": ([CUPS], [], ""),
}


@pytest.mark.parametrize(("source", "target", "expected"), BLOCKS.values(), ids=BLOCKS.keys())
def test_blocks(source: list[str], target: list[str], expected: str) -> None:
    a, b = parse("\n\n".join([*source, ""])), parse("\n\n".join([*target, ""]), "zh")
    content = [[i for i, block in enumerate(section.blocks) if block.kind != "blank"] for section in (a, b)]
    links = [
        "".join(str(content[0].index(i)) for i in link.sources)
        + "-"
        + "".join(str(content[1].index(j)) for j in link.targets)
        for link in align_blocks(a, b)
    ]
    assert " ".join(links) == expected


# The same for the sentences of a paragraph.
SENTENCES = {
    "one to one": ([CUPS, TEA], [CUPS_ZH, TEA_ZH], "0-0 1-1"),
    "merged": ([CUPS, TEA, HEAT], [f"{CUPS_ZH[:-1]}，{TEA_ZH}", HEAT_ZH], "01-0 2-1"),
    "split": ([f"{CUPS[:-1]} and {TEA}", HEAT], [CUPS_ZH, TEA_ZH, HEAT_ZH], "0-01 1-2"),
    "left out": ([CUPS, TEA, HEAT], [CUPS_ZH, HEAT_ZH], "0-0 2-1"),
    "added": ([CUPS, HEAT], [CUPS_ZH, TEA_ZH, HEAT_ZH], "0-0 1-2"),
    "nothing": ([CUPS], [], ""),
}


@pytest.mark.parametrize(("source", "target", "expected"), SENTENCES.values(), ids=SENTENCES.keys())
def test_sentences(source: list[str], target: list[str], expected: str) -> None:
    a = [segment for block in parse(" ".join(source)).blocks for segment in block.segments]
    b = [segment for block in parse("".join(target), "zh").blocks for segment in block.segments]
    assert (len(a), len(b)) == (len(source), len(target))
    links = align_sentences(a, b, BlockKind.PARAGRAPH)
    written = ["".join(map(str, link.sources)) + "-" + "".join(map(str, link.targets)) for link in links]
    assert " ".join(written) == expected


def test_a_lexicon_tells_sentences_apart_that_look_alike() -> None:
    nouns = {"tensor": "张量", "matrix": "矩阵", "weight": "权重", "kernel": "内核"}
    verbs = {"update": "更新", "remove": "删除", "inspect": "检查"}
    lexicon = Lexicon.learn(
        [
            TranslationUnit(f"{verb} every {noun}", f"{verb_zh}每个{noun_zh}")
            for noun, noun_zh in nouns.items()
            for verb, verb_zh in verbs.items()
        ],
        "zh",
    )
    a = [segment for block in parse("* update tensor\n* remove kernel\n").blocks for segment in block.segments]
    b = [segment for block in parse("* 删除内核\n", "zh").blocks for segment in block.segments]
    assert [link.sources for link in align_sentences(a, b, BlockKind.LIST_ITEM, lexicon)] == [(1,)]


def test_units_are_single_lines_without_slide_marks() -> None:
    source = parse("[**We fill 3 cups\nwith `pour()`.**]\n\n$$y$$\n\n| A | B |\n|---|---|\n")
    target = parse("[**我们用`pour()`倒满\n3个杯子。**]\n\n$$y$$\n\n| 甲 | 乙 |\n|---|---|\n", "zh")
    units = translation_units(source, target, origin="cups.md")
    assert [(unit.source, unit.target) for unit in units] == [
        (CUPS, CUPS_ZH.replace("满", "满 ")),
        ("A", "甲"),
        ("B", "乙"),
    ]
    assert {unit.origin for unit in units} == {"cups.md"}
    assert all(0 < unit.confidence <= 1 for unit in units)


def test_units_by_paragraph() -> None:
    source, target = parse(f"{CUPS}\n{TEA}\n"), parse(f"{CUPS_ZH}{TEA_ZH}\n", "zh")
    units = translation_units(source, target, "paragraph")
    assert [(unit.source, unit.target) for unit in units] == [(f"{CUPS} {TEA}", f"{CUPS_ZH}{TEA_ZH}")]


def test_resemblance_tells_the_right_origin() -> None:
    target = parse("\n\n".join([CUPS_ZH, CODE_ZH, TEA_ZH]), "zh")
    right = resemblance(parse("\n\n".join([CUPS, CODE, TEA])), target)
    longer = resemblance(parse("\n\n".join([CUPS, CODE, TEA, HEAT])), target)
    other = resemblance(parse("\n\n".join([HEAT, "```\nz\n```"])), target)
    assert right > longer > other
    assert resemblance(parse(""), parse("")) == 1


def test_agreement_is_best_with_the_right_sentences() -> None:
    def segments(text: str, language: str = "en") -> list:  # type: ignore[type-arg]
        return [segment for block in parse(text, language).blocks for segment in block.segments]

    target = segments(CUPS_ZH + TEA_ZH, "zh")
    right = agreement(segments(f"{CUPS} {TEA}"), target, BlockKind.PARAGRAPH)
    assert right > agreement(segments(f"{CUPS} {TEA} {HEAT}"), target, BlockKind.PARAGRAPH)
