"""The options of the engine `amazon`, checked."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from rapidfuzz import process

from sync.engines.base import EngineError

Act = Literal["auto", "always", "never"]

_BUCKET = re.compile(r"[a-z0-9][.\-a-z0-9]{1,61}[a-z0-9]")
_ROLE = re.compile(r"arn:aws(-[^:]+)?:iam::[0-9]{12}:role/.{1,512}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_NAME = re.compile(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*")
_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for a million characters (aws.amazon.com/translate/pricing)."""

    standard: float = 15.0
    act: float = 60.0


@dataclass(frozen=True, slots=True)
class Options:
    """What the engine `amazon` is told. Bucket, role and region may come from the environment instead.

    `act`: ACT where there is parallel data (auto), or not at all else (always), or TranslateText alone (never).
    `retry`: segments that came back damaged are tried once more with TranslateText.
    """

    region: str | None = None
    bucket: str | None = None
    role: str | None = None  # ARN of the role that the service reads and writes the bucket with
    prefix: str = "amts"  # the folder of the bucket that is ours
    project: str | None = None  # names the parallel data; else the translation repository's name does
    act: Act = "auto"
    formality: Literal["formal", "informal"] | None = None
    profanity: Literal["mask"] | None = None
    retry: bool = True
    keep: bool = True  # false: parallel data and terminology are removed when their job is finished
    concurrency: int = 8  # TranslateText calls at a time
    deadline: float = 24.0  # hours that a job may take
    poll: float = 20.0  # seconds between two looks at it
    max_characters: int | None = None  # of one run, markup counted
    max_cost: float = 50.0  # US dollars, of one run
    prices: Prices = field(default_factory=Prices)


def read_options(given: Mapping[str, object]) -> Options:
    """The options of the settings. Raises EngineError naming the option and what is allowed."""
    return replace(Options(), **_checked(given, _READERS, ""))


def _checked(given: Mapping[str, object], readers: Mapping[str, _Reader], where: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in given.items():
        if key not in readers:
            nearest = process.extractOne(key[:40], list(readers), score_cutoff=60)
            hint = f"; did you mean {nearest[0]}?" if nearest else ""
            raise EngineError(
                f"engine amazon: unknown option {where + key[:40]!r}{hint} Known are {', '.join(readers)}"
            )
        try:
            found[key] = readers[key](value)
        except _Wrong as wrong:
            raise EngineError(f"engine amazon: {where}{key} must be {wrong}, not {_shown(value)}") from None
    return found


class _Wrong(ValueError):
    """What a value should have been."""


_Reader = Callable[[object], Any]


def _shown(value: object) -> str:
    return repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:57]}…"


def _matching(pattern: re.Pattern[str], wanted: str) -> _Reader:
    def read(value: object) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise _Wrong(wanted)
        return value

    return read


def _among(*allowed: str) -> _Reader:
    def read(value: object) -> str:
        # YAML reads `never` as text, but `no` and `off` as false.
        if not isinstance(value, str) or value not in allowed:
            raise _Wrong(f"one of {', '.join(allowed)}")
        return value

    return read


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("true or false")
    return value


def _whole(least: int, most: int) -> _Reader:
    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise _Wrong(f"a whole number from {least:,} to {most:,}")
        return value

    return read


def _number(least: float, most: float) -> _Reader:
    def read(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
            raise _Wrong(f"a number from {least:g} to {most:,g}")
        if not least <= value <= most:
            raise _Wrong(f"a number from {least:g} to {most:,g}")
        return float(value)

    return read


def _prices(value: object) -> Prices:
    if not isinstance(value, Mapping):
        raise _Wrong("standard and act, each in dollars for a million characters")
    readers = {price.name: _number(0, 10_000) for price in fields(Prices)}
    return Prices(**_checked({str(key): item for key, item in value.items()}, readers, "prices."))


_READERS: Mapping[str, _Reader] = {
    "region": _matching(_REGION, "a region such as us-west-2"),
    "bucket": _matching(_BUCKET, "the name of an S3 bucket"),
    "role": _matching(_ROLE, "the ARN of a role: arn:aws:iam::123456789012:role/NAME"),
    "prefix": _matching(_PREFIX, "a folder of letters, digits, ., _ and -"),
    "project": _matching(_NAME, "a name of letters, digits and single - or _"),
    "act": _among("auto", "always", "never"),
    "formality": _among("formal", "informal"),
    "profanity": _among("mask"),
    "retry": _switch,
    "keep": _switch,
    "concurrency": _whole(1, 50),
    "deadline": _number(0.001, 24 * 30),
    "poll": _number(0.05, 3600),
    "max_characters": _whole(0, 10_000_000_000),
    "max_cost": _number(0, 100_000),
    "prices": _prices,
}
