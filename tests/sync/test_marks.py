"""Slide marks: found over sentences, compared between revisions, and projected onto a translation."""

from __future__ import annotations

import pytest

from sync.lexicon import Lexicon
from sync.markdown import parse
from sync.marks import Span, changed, outer_marks, project, spans
from sync.model import TranslationUnit
from sync.units import segments_of


def _spans(text: str) -> list[Span]:
    return spans(text, segments_of(parse(text).blocks))


def test_spans_over_sentences() -> None:
    found = _spans("One is [**this here**]. [**Two. Three.**] Four.\n")
    assert [(span.first, span.last, span.text) for span in found] == [(0, 0, "this here"), (1, 2, "Two. Three.")]


def test_a_span_is_known_by_its_words() -> None:
    old, new = _spans("[**One.**] (**Two.**) Three.\n"), _spans("[**One**]. (**Two.**) [**Three.**]\n")
    assert changed(old, new) == ([], [2])
    assert changed(new, old) == ([2], [])


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("[**All of it.**]", ("[**", "**]")),
        ("[**All of it**].", ("[**", "**]")),
        ("(**Some**) of it.", ("", "")),
        ("[**One**] [**two**]", ("", "")),
        ("None.", ("", "")),
    ],
)
def test_marks_around_the_whole(text: str, marks: tuple[str, str]) -> None:
    assert outer_marks(text) == marks


NOUNS = {"apples": "사과를", "pears": "배추를", "plums": "자두를", "grapes": "포도를", "lemons": "레몬을"}
VERBS = {"wash": "씻고", "peel": "깎고", "slice": "썰고", "store": "두고", "weigh": "재고"}
LEXICON = Lexicon.learn(
    [
        TranslationUnit(f"first {verb} then count {noun}", f"{noun_ko} 먼저 {verb_ko} 나서 센다")
        for noun, noun_ko in NOUNS.items()
        for verb, verb_ko in VERBS.items()
    ],
    "ko",
)


@pytest.mark.parametrize(
    ("source", "marked", "target", "expected"),
    [
        ("We call `f` first, then `g`.", "`g`", "먼저 `f`, 그다음 `g`를 부른다.", "`g`"),
        (
            "Here and now peel the plums for us.",
            "peel the plums",
            "이제 여기서 우리가 자두를 깎고 있다.",
            "자두를 깎고 있다",
        ),
        ("All of this.", "All of this.", "이것 모두.", "이것 모두."),
        ("All of this.", "All of this", "이것 모두.", "이것 모두"),
        ("Read the file data.csv now.", "data.csv", "이제 data.csv 파일을 읽자.", "data.csv"),
    ],
)
def test_projection(source: str, marked: str, target: str, expected: str) -> None:
    start = source.index(marked)
    found = project(source, start, start + len(marked), target, LEXICON, "ko")
    assert found is not None
    assert target[slice(*found)] == expected


def test_a_part_that_nothing_tells_of_is_not_placed() -> None:
    source = "Here are several words that no lexicon knows."
    assert project(source, 9, 22, "여기에는 알 수 없는 낱말이 있습니다 그리고 더.", None, "ko") is None
