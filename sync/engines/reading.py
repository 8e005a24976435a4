"""Options of an engine, as the settings give them, checked one by one."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from rapidfuzz import process

from sync.engines.base import EngineError

Reader = Callable[[object], Any]


class Wrong(ValueError):
    """What a value should have been."""


def read(engine: str, given: Mapping[str, object], readers: Mapping[str, Reader], where: str = "") -> dict[str, Any]:
    """The options given, each as its reader gives it. Raises EngineError naming the option and what is allowed."""
    found: dict[str, Any] = {}
    for key, value in given.items():
        if key not in readers:
            nearest = process.extractOne(key[:40], list(readers), score_cutoff=60)
            hint = f"; did you mean {nearest[0]}? Known" if nearest else "; known"
            raise EngineError(f"engine {engine}: unknown option {where + key[:40]!r}{hint} are {', '.join(readers)}")
        try:
            found[key] = readers[key](value)
        except Wrong as wrong:
            raise EngineError(f"engine {engine}: {where}{key} must be {wrong}, not {_shown(value)}") from None
    return found


def matching(pattern: re.Pattern[str], wanted: str) -> Reader:
    """A reader of text that a pattern matches as a whole; `wanted` says what it is, for people."""

    def read_text(value: object) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise Wrong(wanted)
        return value

    return read_text


def among(*allowed: str) -> Reader:
    """A reader of one of several words."""

    def read_word(value: object) -> str:
        # YAML reads `never` as text, but `no` and `off` as false.
        if not isinstance(value, str) or value not in allowed:
            raise Wrong(f"one of {', '.join(allowed)}")
        return value

    return read_word


def switch(value: object) -> bool:
    """The reader of true or false."""
    if not isinstance(value, bool):
        raise Wrong("true or false")
    return value


def whole(least: int, most: int) -> Reader:
    """A reader of whole numbers in a range, both ends included."""

    def read_whole(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise Wrong(f"a whole number from {least:,} to {most:,}")
        return value

    return read_whole


def number(least: float, most: float) -> Reader:
    """A reader of numbers in a range, both ends included."""

    def read_number(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
            raise Wrong(f"a number from {least:g} to {most:,g}")
        if not least <= value <= most:
            raise Wrong(f"a number from {least:g} to {most:,g}")
        return float(value)

    return read_number


def _shown(value: object) -> str:
    return repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:57]}…"
