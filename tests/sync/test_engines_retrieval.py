"""Which translation units a segment is shown with."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bot.files import pairs_in
from sync.cleaning import is_held_out
from sync.engines.adaptive.retrieval import Retriever
from sync.markdown import parse
from sync.model import TranslationUnit
from sync.units import translation_units

UNITS = [
    TranslationUnit("The gradient of the loss is computed for each minibatch.", "对每个小批量计算损失的梯度。"),
    TranslationUnit("The gradient of the loss is computed for every minibatch.", "对每一个小批量计算损失的梯度。"),
    TranslationUnit("A minibatch holds `batch_size` examples.", "一个小批量包含`batch_size`个样本。"),
    TranslationUnit("Dropout is applied to every hidden layer.", "暂退法应用于每个隐藏层。"),
    TranslationUnit("We plot the loss after each epoch.", "我们在每个周期后绘制损失。"),
    TranslationUnit("The weather was fine and warm that day.", "那天天气晴朗温暖。"),
]


def shown(source: str, limit: int = 8, units: list[TranslationUnit] = UNITS) -> list[str]:
    return [example.source for example in Retriever(units, "zh", "en").examples(source, limit)]


def test_the_most_relevant_comes_first() -> None:
    assert shown("Dropout is applied to this layer.")[0] == UNITS[3].source
    assert "The weather was fine and warm that day." not in shown("Dropout changes hidden activations.")


def test_near_duplicates_are_shown_once() -> None:
    found = shown("The gradient of the loss is computed here.")
    assert len({UNITS[0].source, UNITS[1].source} & set(found)) == 1


def test_what_the_examples_do_not_show_yet_counts_more() -> None:
    """Two examples for each half of a segment: one of either half, before a second one of the same."""
    units = [
        TranslationUnit("Attention weights are computed with queries here.", "这里用查询计算注意力权重。"),
        TranslationUnit("Attention weights are used with many queries now.", "现在对许多查询使用注意力权重。"),
        TranslationUnit("Convolution kernels slide over images.", "卷积核在图像上滑动。"),
    ]
    found = shown("Attention weights with queries replace convolution kernels.", 2, units)
    assert units[2].source in found


def test_protected_tokens_are_masked() -> None:
    assert "A minibatch holds <0> examples." in shown("A minibatch of examples")


def test_no_more_than_asked_for_and_none_where_nothing_is_shared() -> None:
    assert len(shown("The gradient of the loss of each minibatch and layer", 2)) == 2
    assert shown("The gradient", 0) == []
    assert shown("Xylophone") == []
    assert shown("$x$") == []
    assert shown("Dropout", units=[]) == []


def test_the_same_units_give_the_same_examples_in_any_order() -> None:
    source = "The gradient of the loss of each minibatch"
    assert shown(source) == shown(source, units=UNITS[::-1])


def test_languages_without_spaces_are_searched_by_character() -> None:
    turned = [TranslationUnit(unit.target, unit.source) for unit in UNITS]
    found = Retriever(turned, "en", "zh").examples("暂退法用在隐藏层上。", 1)
    assert [example.target for example in found] == [UNITS[3].source]


def test_what_is_held_out_is_never_shown() -> None:
    letters = "abcdefghij"
    words = [f"{a}{b}{c}" for a in letters for b in letters for c in letters]
    units = [TranslationUnit(f"The word {word} stands here.", f"词{word}在这里。") for word in words]
    held_out = {unit.source for unit in units if is_held_out(unit.source)}
    retriever = Retriever(units, "zh", "en")
    assert held_out
    assert len(retriever) == len(units) - len(held_out)
    for source in held_out:
        assert source not in {example.source for example in retriever.examples(source, 32)}


def test_the_usual_length_takes_enough_units() -> None:
    assert Retriever(UNITS, "zh", "en").usual_ratio is None
    units = [TranslationUnit(f"Sentence number {'a' * n} of the book.", f"书的第{'a' * n}句话在。") for n in range(60)]
    ratio = Retriever(units, "zh", "en").usual_ratio
    assert ratio is not None
    assert 0.2 < ratio < 1


@pytest.fixture(scope="module")
def chinese(d2l: Path) -> list[TranslationUnit]:
    units: list[TranslationUnit] = []
    for place in pairs_in(d2l / "zh")[:40]:
        pair = place.read()
        units += translation_units(parse(pair.source, "en"), parse(pair.target, "zh"), origin=place.path)
    return units


def test_real_segments_are_shown_examples_enough_examples(chinese: list[TranslationUnit]) -> None:
    asked, known = chinese[::50], [unit for n, unit in enumerate(chinese) if n % 50]
    retriever = Retriever(known, "zh", "en")
    began = time.perf_counter()
    found = {unit.source: retriever.examples(unit.source, 8) for unit in asked}
    assert (time.perf_counter() - began) / len(found) < 0.05  # seconds; far more than it takes
    assert sum(len(examples) == 8 for examples in found.values()) > 0.8 * len(found)
    for examples in found.values():
        sources = [example.source for example in examples]
        assert len(set(sources)) == len(sources)
