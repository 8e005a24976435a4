"""One edited sentence: whether the edit leaves its meaning alone, and what of it is carried over."""

from __future__ import annotations

from collections import Counter

import pytest

from sync.edits import emphasise, lexemes, neutral, patch, renew_tokens

WORDS = Counter(
    {
        "gradient": 5,
        "gradeint": 1,
        "model": 3,
        "models": 3,
        "dataset": 2,
        "stable": 2,
        "unstable": 2,
        "boosted": 1,
        "boost": 2,
    }
)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("The cup\nis hot.", "The  cup is hot.", "white space"),
        ("The cup, is hot.", "The cup is hot.", "punctuation"),
        ('The "cup" is hot.', "The “cup” is hot.", "punctuation"),
        ("the cup is hot.", "The cup is hot.", "punctuation"),
        ("See cup in table.", "See the cup in a table.", "article"),
        ("The gradeint is small.", "The gradient is small.", "spelling"),
        ("The data set is small.", "The dataset is small.", "spelling"),
        ("The cup cup is hot.", "The cup is hot.", "spelling"),
        ("The model is small.", "The models is small.", None),
        ("It is boosted now.", "It is boost now.", None),
        ("It is stable now.", "It is unstable now.", None),
        ("The gradient is small.", "The gradeint is small.", None),
        ("The cup is hot.", "The cup is not hot.", None),
        ("Use `x` here.", "Use `y` here.", None),
        ("Let $x$ be 1.", "Let $x$ be 2.", None),
        ("The cup is hot.", "The cup is hot?", None),
    ],
)
def test_edits_that_leave_the_meaning_alone(old: str, new: str, reason: str | None) -> None:
    assert neutral(old, new, WORDS) == reason


@pytest.mark.parametrize(
    ("old", "new", "target", "expected", "reason"),
    [
        ("Call `f` now.", "Call `g` now.", "现在调用`f`。", "现在调用`g`。", "inline code"),
        ("Let $x$ be.", "Let $y$ be.", "令$x$为。", "令$y$为。", "formula"),
        ("See :numref:`a`.", "See :numref:`b`.", "参见 :numref:`a`。", "参见 :numref:`b`。", "reference"),
        ("See [it](a.md).", "See [it](b.md).", "参见[它](a.md)。", "参见[它](b.md)。", "link target"),
        ("It took 10 days.", "It took 12 days.", "花了10天。", "花了12天。", "number"),
        ("Use `a` and `b`.", "Use `c` and `d`.", "用`a`和`b`。", "用`c`和`d`。", "inline code"),
        ("`a` or `a`.", "`b` or `b`.", "`a`或`a`。", "`b`或`b`。", "inline code"),
        ("Use x here.", "Use `x` here.", "在此用 x 吧。", "在此用 `x` 吧。", "inline code"),
        ("See :cite:`A`.", "See :cite:`A` :cite:`B`.", "见 :cite:`A`。", "见 :cite:`A` :cite:`B`。", "reference"),
        ("The *cup* is hot.", "The **cup** is hot.", "*杯子*很热。", "**杯子**很热。", "emphasis"),
        ("The *cup* is hot.", "The cup is hot.", "*杯子*很热。", "杯子很热。", "emphasis"),
        ("Call `f` now.", "Call `g` now.", "现在\n调用`f`。", "现在\n调用`g`。", "inline code"),
    ],
)
def test_patches(old: str, new: str, target: str, expected: str, reason: str) -> None:
    patched = patch(old, new, target)
    assert patched is not None
    assert (patched.text, patched.reason) == (expected, reason)


@pytest.mark.parametrize(
    ("old", "new", "target"),
    [
        ("Give `a` to `b`.", "Give `b` to `a`.", "把`a`给`b`。"),  # a swap: which is which cannot be told
        ("From $x$ to $y$.", "From $y$ to $z$.", "从$x$到$y$。"),  # a chain
        ("`a` or `a`.", "`a` or `b`.", "`a`或`a`。"),  # which of the two?
        ("Use `a`.", "Use `b`.", "用`a`，对，`a`。"),  # the translation has it twice
        ("Use `a`.", "Use `b`.", "用它。"),  # and here not at all
        ("Use `a` now.", "Use `b` never.", "现在用`a`。"),  # words changed too
        ("Use `a` now.", "Use now.", "现在用`a`。"),
        ("It is hot.", "It is cold.", "很热。"),
    ],
)
def test_what_is_not_mechanical_is_not_patched(old: str, new: str, target: str) -> None:
    assert patch(old, new, target) is None


@pytest.mark.parametrize(
    ("old", "new", "target"),
    [
        ("The *cup* and *tea*.", "The cup and *tea*.", "*杯子*和茶。"),  # the translation has fewer
        ("The *cup* is hot.", "The *cup* is *hot*.", "*杯子*很热。"),  # a new one: where?
        ("*a* b *a*.", "a b *a*.", "*甲*乙*甲*。"),  # which of two alike?
        ("The *cup* is hot.", "The *mug* is hot.", "*杯子*很热。"),
        ("The *cup* is hot.", "The **cup** is cold.", "*杯子*很热。"),
    ],
)
def test_emphasis_that_cannot_be_placed_is_left(old: str, new: str, target: str) -> None:
    assert emphasise(old, new, target) is None


@pytest.mark.parametrize(
    ("old", "new", "target", "expected"),
    [
        (
            "In :numref:`sec_a` we saw how cups keep the heat.",
            "In :numref:`sec_b` we saw how mugs keep the heat.",
            "在 :numref:`sec_a`中我们看到了杯子如何保温。",
            "在 :numref:`sec_b`中我们看到了杯子如何保温。",
        ),
        (  # a swap
            "Use `a` before you call `b` in this old code.",
            "Use `b` before you call `a` in that old code.",
            "用`a`再用`b`。",
            "用`a`再用`b`。",
        ),
        (  # the old one is still there elsewhere
            "Use `a` with all the cups, then use `a` again.",
            "Use `b` with all the mugs, then use `a` again.",
            "用`a`，再用`a`。",
            "用`a`，再用`a`。",
        ),
        (  # which of the two?
            "In :numref:`sec_a` we saw how cups keep the heat.",
            "In :numref:`sec_b` we saw how mugs keep the heat.",
            "如 :numref:`sec_a`和 :numref:`sec_a`所示。",
            "如 :numref:`sec_a`和 :numref:`sec_a`所示。",
        ),
        (  # the translation has the new one already
            "In :numref:`sec_a` we saw how cups keep the heat.",
            "In :numref:`sec_b` we saw how mugs keep the heat.",
            "如 :numref:`sec_a`和 :numref:`sec_b`所示。",
            "如 :numref:`sec_a`和 :numref:`sec_b`所示。",
        ),
        ("Use `a` here.", "Quite another sentence with `b`.", "用`a`。", "用`a`。"),
        ("Let $x$ be any of the cups.", "Let `x` be any of the mugs.", "令$x$为杯子。", "令$x$为杯子。"),
    ],
)
def test_dead_tokens_of_a_stale_sentence_are_renewed(old: str, new: str, target: str, expected: str) -> None:
    assert renew_tokens(old, new, target) == expected


def test_lexemes_keep_tokens_whole() -> None:
    assert lexemes("Use `a b`, it's 3.5% of $x + y$!") == ["Use", "`a b`", ",", "it's", "3.5%", "of", "$x + y$", "!"]
