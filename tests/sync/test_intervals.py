"""Confidence intervals hold what they say."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.intervals import mean_interval, ratio_interval

PAIRS = st.lists(st.tuples(st.integers(0, 500), st.integers(1, 500)), min_size=1, max_size=30)


@settings(deadline=None)
@given(PAIRS)
def test_an_interval_lies_among_the_ratios_and_is_the_same_each_time(pairs: list[tuple[int, int]]) -> None:
    parts, wholes = zip(*pairs, strict=True)
    low, high = ratio_interval(parts, wholes)
    assert min(a / b for a, b in pairs) - 1e-9 <= low <= high <= max(a / b for a, b in pairs) + 1e-9
    assert ratio_interval(parts, wholes) == (low, high)


def test_equal_things_leave_no_doubt() -> None:
    assert ratio_interval([3, 3, 3], [4, 4, 4]) == (0.75, 0.75)


def test_the_mean_of_a_known_distribution_is_inside_about_as_often_as_said() -> None:
    chance = random.Random(7)  # noqa: S311
    inside = 0
    for _ in range(100):
        low, high = mean_interval([chance.gauss(2, 1) for _ in range(40)])
        inside += low <= 2 <= high
    assert 88 <= inside <= 99


def test_more_data_make_it_narrower() -> None:
    chance = random.Random(7)  # noqa: S311
    values = [chance.gauss(0, 1) for _ in range(400)]
    few, many = mean_interval(values[:20]), mean_interval(values)
    assert many[1] - many[0] < (few[1] - few[0]) / 2


@pytest.mark.parametrize(("parts", "wholes"), [([], []), ([1], [0]), ([1, 2], [1])])
def test_what_has_no_ratio_is_refused(parts: list[float], wholes: list[float]) -> None:
    with pytest.raises(ValueError, match=r"nothing to take a share of|zip\(\)"):
        ratio_interval(parts, wholes)
