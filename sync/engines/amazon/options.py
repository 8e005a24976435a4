"""The options of the engine `amazon`, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Literal

from sync.engines.reading import Reader, Wrong, among, matching, number, read, switch, whole

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
    return replace(Options(), **read("amazon", given, _READERS))


def _prices(value: object) -> Prices:
    if not isinstance(value, Mapping):
        raise Wrong("standard and act, each in dollars for a million characters")
    readers = {price.name: number(0, 10_000) for price in fields(Prices)}
    return Prices(**read("amazon", {str(key): item for key, item in value.items()}, readers, "prices."))


_READERS: Mapping[str, Reader] = {
    "region": matching(_REGION, "a region such as us-west-2"),
    "bucket": matching(_BUCKET, "the name of an S3 bucket"),
    "role": matching(_ROLE, "the ARN of a role: arn:aws:iam::123456789012:role/NAME"),
    "prefix": matching(_PREFIX, "a folder of letters, digits, ., _ and -"),
    "project": matching(_NAME, "a name of letters, digits and single - or _"),
    "act": among("auto", "always", "never"),
    "formality": among("formal", "informal"),
    "profanity": among("mask"),
    "retry": switch,
    "keep": switch,
    "concurrency": whole(1, 50),
    "deadline": number(0.001, 24 * 30),
    "poll": number(0.05, 3600),
    "max_characters": whole(0, 10_000_000_000),
    "max_cost": number(0, 100_000),
    "prices": _prices,
}
