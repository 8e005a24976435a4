"""The fields of a JSON object that a client sent, checked one by one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from bot.sandbox.github.errors import malformed

T = TypeVar("T")


class Fields:
    """A JSON object from a client; each method checks a field and raises ApiError (422) where it is wrong."""

    def __init__(self, content: Mapping[str, object]) -> None:
        self._content = content

    def __contains__(self, name: str) -> bool:
        return name in self._content

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all fields."""
        return tuple(self._content)

    def text(self, name: str) -> str:
        """A text that must be there."""
        if name not in self._content:
            raise malformed(f'"{name}" wasn\'t supplied.')
        return _typed(name, self._content[name], str, "a string")

    def optional_text(self, name: str) -> str | None:
        """A text, None where it is absent or null."""
        value = self._content.get(name)
        return None if value is None else _typed(name, value, str, "a string")

    def choice(self, name: str, allowed: Sequence[str]) -> str | None:
        """One of some words, None where it is absent or null."""
        value = self.optional_text(name)
        if value is not None and value not in allowed:
            raise malformed(f"For 'properties/{name}', {value} is not a member of {list(allowed)}.")
        return value

    def number(self, name: str) -> int:
        """A whole number that must be there."""
        if name not in self._content:
            raise malformed(f'"{name}" wasn\'t supplied.')
        return _typed(name, self._content[name], int, "an integer")

    def optional_number(self, name: str) -> int | None:
        """A whole number, None where it is absent or null."""
        return None if self._content.get(name) is None else self.number(name)

    def flag(self, name: str) -> bool:
        """True or False; False where it is absent."""
        return _typed(name, self._content.get(name, False), bool, "a boolean")

    def moment(self, name: str) -> datetime | None:
        """A time, None where it is absent or null."""
        value = self.optional_text(name)
        return None if value is None else parse_time(value)

    def texts(self, name: str) -> list[str] | None:
        """Texts, or objects with a `name`; None where they are absent."""
        if name not in self._content:
            return None
        entries = _typed(name, self._content[name], list, "an array")
        named = [entry.get("name") if isinstance(entry, dict) else entry for entry in entries]
        return [_typed(name, entry, str, "a string") for entry in named]

    def object(self, name: str) -> Fields | None:
        """An object, None where it is absent."""
        if name not in self._content:
            return None
        return Fields(_typed(name, self._content[name], dict, "an object"))

    def objects(self, name: str, most: int) -> list[Fields]:
        """Objects, none where they are absent."""
        entries = _typed(name, self._content.get(name, []), list, "an array")
        if len(entries) > most:
            raise malformed(f"No more than {most} items are allowed; {len(entries)} were supplied.")
        return [Fields(_typed(name, entry, dict, "an object")) for entry in entries]


def _typed(name: str, value: object, kind: type[T], article: str) -> T:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        shown = "nil" if value is None else json.dumps(value)[:80]
        raise malformed(f"For 'properties/{name}', {shown} is not {article}.")
    return value


def parse_time(text: str) -> datetime:
    """A time as the API takes it. Raises ApiError (422)."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise malformed(f"{text[:80]} is not a date-time.")
    return moment
