"""The bilingual lexicon: what it learns from pairs of sentences, and what it says of them."""

from __future__ import annotations

from itertools import product

import pytest

from sync.lexicon import Lexicon, source_stems, target_stems
from sync.model import TranslationUnit

NOUNS = {"tensor": "张量", "matrix": "矩阵", "weight": "权重", "layer": "图层", "kernel": "核函数", "batch": "批量"}
VERBS = {
    "update": "更新",
    "initialize": "初始",
    "remove": "删除",
    "inspect": "检查",
    "combine": "合并",
    "shuffle": "打乱",
}
UNITS = [
    TranslationUnit(f"now {verb} every {noun}", f"现在{verb_zh}每个{noun_zh}")
    for (noun, noun_zh), (verb, verb_zh) in product(NOUNS.items(), VERBS.items())
]


def test_it_learns_which_word_translates_which() -> None:
    lexicon = Lexicon.learn(UNITS, "zh")
    for english, chinese in {**NOUNS, **VERBS}.items():
        assert lexicon.strength(english[:6], chinese[:2]) > 0.9
    assert lexicon.strength("tensor", "矩阵") < 0.5
    assert lexicon.strength("unknown", "张量") == 0


def test_a_word_of_every_sentence_says_nothing() -> None:
    assert "every" not in Lexicon.learn(UNITS, "zh").table


def test_coverage_tells_a_translation_from_another_sentence() -> None:
    lexicon = Lexicon.learn(UNITS, "zh")
    source = [stem for *_, stem in source_stems("update tensor")]
    right, wrong = ({stem for *_, stem in target_stems(text, "zh")} for text in ("更新张量", "删除图层"))
    assert lexicon.coverage(source, right)[0] > 0.9
    assert lexicon.coverage(source, wrong)[0] < 0.3
    assert lexicon.coverage(["unknown"], right) == (0, 0)


def test_doubtful_pairs_teach_nothing() -> None:
    doubtful = [TranslationUnit(unit.source, unit.target, 0.4) for unit in UNITS]
    assert not Lexicon.learn(doubtful, "zh")


def test_too_few_pairs_teach_nothing() -> None:
    assert not Lexicon.learn(UNITS[:3], "zh")
    assert not Lexicon.learn([], "zh")


def test_the_order_of_the_pairs_does_not_matter() -> None:
    first, other = Lexicon.learn(UNITS, "zh"), Lexicon.learn(UNITS[::-1], "zh")
    assert {stem: set(choices) for stem, choices in first.table.items()} == {
        stem: set(choices) for stem, choices in other.table.items()
    }
    for stem, choices in first.table.items():
        assert choices == pytest.approx(dict(other.table[stem]))


@pytest.mark.parametrize(
    ("text", "language", "stems"),
    [
        ("更新`x`张量", "zh", ["更新", "张量"]),
        ("核函数", "zh", ["核函", "函数"]),
        ("텐서를", "ko", ["텐서", "서를"]),
        ("Ağırlıkları güncelle", "tr", ["ağırl", "günce"]),
    ],
)
def test_stems_of_a_translation(text: str, language: str, stems: list[str]) -> None:
    found = target_stems(text, language)
    assert [stem for *_, stem in found] == stems
    assert all(text[a:b].lower().startswith(stem[: b - a]) for a, b, stem in found)


def test_stems_of_the_source_leave_tokens_out() -> None:
    assert source_stems("Update `tensor` of $weights$ to 3") == [(0, 6, "update")]
