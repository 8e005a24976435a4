"""How sure a figure is: confidence intervals by bootstrap."""

from __future__ import annotations

import random
from collections.abc import Sequence

_SAMPLES = 1000
_SEED = 12345  # sacreBLEU's own: the same figures give the same interval


def ratio_interval(parts: Sequence[float], wholes: Sequence[float]) -> tuple[float, float]:
    """The 95 % confidence interval of sum(parts) / sum(wholes), by 1,000 samples of the pairs with replacement.

    Each pair is one thing that was measured: a section, a case. Samples whose wholes are nothing are left out.
    Raises ValueError where there are no pairs, where the wholes are nothing in all of them, or where there are not
    as many of both.
    """
    pairs = list(zip(parts, wholes, strict=True))
    chance = random.Random(_SEED)  # noqa: S311 (repeatable, no secret)
    ratios = []
    for _ in range(_SAMPLES if pairs else 0):
        sample = chance.choices(pairs, k=len(pairs))
        whole = sum(pair[1] for pair in sample)
        if whole:
            ratios.append(sum(pair[0] for pair in sample) / whole)
    if not ratios:
        raise ValueError("there is nothing to take a share of")
    ratios.sort()
    edge = int(0.025 * len(ratios))
    return ratios[edge], ratios[-1 - edge]


def mean_interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % confidence interval of a mean, likewise. Raises ValueError where there are no values."""
    return ratio_interval(values, [1.0] * len(values))
