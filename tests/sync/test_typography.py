"""Typography of machine text: what is preferred is done, the rest stays, and twice is the same as once."""

from __future__ import annotations

import time
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.inline import tokens
from sync.typography import Punctuation, Spacing, Typography, apply, has_script, is_latin

SPACINGS: tuple[Spacing, ...] = ("keep", "space", "none")
PUNCTUATIONS: tuple[Punctuation, ...] = ("keep", "full", "half")
ALL = [Typography(spacing, punctuation) for spacing, punctuation in product(SPACINGS, PUNCTUATIONS)]

PIECES = [
    "水", "茶叶", "テスト", "々", "GPU", "Latin word", "3.14", "1,000", "7", "é", " ", "  ", ",", ".", ":", ";", "!", "?",
    "...", "(", ")", "，", "。", "：", "！", "？", "（", "）", "、", "*", "**", "[", "]", "](x.md)", "![", "`code`", "$x$",
    ":numref:`fig`", "https://example.org/a", "<b>", "[^1]", "\\", "“", "”", "-", "/", "1.", "(**", "**)",
]  # fmt: skip
LINES = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("使用GPU训练3次模型", "使用 GPU 训练 3 次模型"),
        ("函数`f`返回$x$的值", "函数 `f` 返回 $x$ 的值"),
        ("见:numref:`fig_a`的图", "见 :numref:`fig_a` 的图"),
        ("使用 GPU 训练", "使用 GPU 训练"),
        ("**GPU**很快，GPU。", "**GPU**很快，GPU。"),
        ("见[文档](a.md)和[^1]", "见[文档](a.md)和[^1]"),
    ],
)
def test_a_space_between_scripts(text: str, wanted: str) -> None:
    assert apply(text, Typography(spacing="space"), "zh") == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("使用 GPU 训练 3 次模型", "使用GPU训练3次模型"),
        ("函数 `f` 返回  $x$ 的值", "函数`f`返回$x$的值"),
        ("见 :numref:`fig_a` 的图", "见 :numref:`fig_a` 的图"),
        ("见 https://example.org 的页", "见 https://example.org 的页"),
        ("the Latin words 不变", "the Latin words不变"),
    ],
)
def test_no_space_between_scripts(text: str, wanted: str) -> None:
    assert apply(text, Typography(spacing="none"), "zh") == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("我们训练, 然后测试.", "我们训练，然后测试。"),
        ("使用GPU, 然后使用`x`. 好吗?", "使用GPU，然后使用`x`。好吗？"),
        ("模型 (model) 有 3.14 和 1,000 个值.", "模型（model）有 3.14 和 1,000 个值。"),
        ("如下(见 :numref:`a`):", "如下（见 :numref:`a`）："),
        ("回归( :numref:`a` )好", "回归（ :numref:`a`）好"),
        ("函数 f(x) 的值, 如 e.g. 这个", "函数 f(x) 的值，如 e.g. 这个"),
        ("看[文档](a.md), 好!", "看[文档](a.md), 好！"),
        ("图![图](a.png)", "图![图](a.png)"),
        ("等等...", "等等..."),
        ("结果 (水 (茶) 好)", "结果（水（茶）好）"),
        ("Hello, world. 中文", "Hello, world. 中文"),
        (r"转义\(中\)", r"转义\(中\)"),
        ("(**强调**)水", "(**强调**)水"),
        ("使用GPU.", "使用GPU。"),
    ],
)
def test_full_width_punctuation(text: str, wanted: str) -> None:
    assert apply(text, Typography(punctuation="full"), "zh") == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("我们训练，然后测试。", "我们训练, 然后测试."),
        ("模型（model）好！", "模型 (model) 好!"),
        ("看：`x`。", "看: `x`."),
        ("水、茶", "水、茶"),
        ("[文档]（水）", "[文档]（水)"),
        ("水！[图](a.png)", "水！[图](a.png)"),
        ("1）水", "1）水"),
    ],
)
def test_half_width_punctuation(text: str, wanted: str) -> None:
    assert apply(text, Typography(punctuation="half"), "zh") == wanted


def test_japanese_has_a_comma_of_its_own() -> None:
    assert apply("テスト, 水.", Typography(punctuation="full"), "ja") == "テスト、水。"
    assert apply("テスト、水。", Typography(punctuation="half"), "ja") == "テスト, 水."


@pytest.mark.parametrize("language", ["ko", "es", "en"])
def test_other_languages_are_left_alone(language: str) -> None:
    assert all(apply("水GPU, 水.", typography, language) == "水GPU, 水." for typography in ALL)


@given(LINES, st.sampled_from(ALL), st.sampled_from(["zh", "zh-TW", "ja"]))
def test_twice_is_the_same_as_once(text: str, typography: Typography, language: str) -> None:
    once = apply(text, typography, language)
    assert apply(once, typography, language) == once


@given(LINES, st.sampled_from(ALL), st.sampled_from(["zh", "ja"]))
def test_protected_tokens_and_words_stay(text: str, typography: Typography, language: str) -> None:
    result = apply(text, typography, language)
    assert [token.text for token in tokens(result)] == [token.text for token in tokens(text)]
    assert [c for c in result if c.isalnum() or c in "*[]\\`$"] == [c for c in text if c.isalnum() or c in "*[]\\`$"]


@given(st.text(st.characters(max_codepoint=0x24F)), st.sampled_from(ALL))
def test_latin_text_stays(text: str, typography: Typography) -> None:
    assert apply(text, typography, "zh") == text


@given(LINES, st.sampled_from(["zh", "ja"]))
def test_nothing_is_preferred_by_default(text: str, language: str) -> None:
    assert apply(text, Typography(), language) == text


@pytest.mark.parametrize("typography", ALL)
@pytest.mark.parametrize("unit", ["(", "水 ", "水 (", "，", "(水)", ", 水", "(a)", " "])
def test_it_takes_linear_time(typography: Typography, unit: str) -> None:
    text = "水" + unit * (40_000 // len(unit))
    began = time.perf_counter()
    apply(text, typography, "zh")
    assert time.perf_counter() - began < 2


def test_the_script_of_a_language() -> None:
    assert has_script("a 水", "zh")
    assert not has_script("水 3,", "ko")
    assert has_script("물", "ko")
    assert has_script("é", "es")
    assert not is_latin("ja")
    assert is_latin("pt-PT")
