"""What GitHub sent: bytes -> JSON -> fields, each checked when it is asked for.

The patterns are GitHub's own, or git's, and every text is bounded; errors name the field and never quote it.
"""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import NoReturn

from sync.model import AmtsError

_MAX_ID = 2**63 - 1
_MAX_REPOSITORIES = 10_000  # of one installation
_MAX_TEXT = 262_144  # characters; GitHub takes 65,536 in a comment, each of at most four bytes
_LOGIN = re.compile(r"[A-Za-z0-9_-]{1,100}(?:\[bot\])?")  # old ones hold more than GitHub allows today
_FULL_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_WORD = re.compile(r"[A-Za-z_]{1,64}")
# As git check-ref-format has it; a component holds no space or control character, nor any of `~^:?*[\`.
_PART = r"(?!\.)(?:(?!\.\.|@\{|\.lock(?:/|$)|\.$)[^\x00-\x20\x7f~^:?*\[\\/\ud800-\udfff])+"
_REF = re.compile(rf"(?=.{{1,255}}$){_PART}(?:/{_PART})*")
_BRANCH = re.compile(rf"(?!-){_REF.pattern}")  # git's own commands make no other, which they would take for an option
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL and UTF-8 have no place for them


class EventError(AmtsError):
    """A payload is not what GitHub sends."""


def parse_json(body: bytes) -> object:
    """The value of a body. Raises EventError where it is not JSON in UTF-8, or a key stands in an object twice."""
    try:
        return json.loads(
            body.decode("utf-8"), object_pairs_hook=_object, parse_float=_finite, parse_constant=_constant
        )
    except (ValueError, RecursionError):
        raise EventError("the body is not JSON in UTF-8, or too deep: send what GitHub sends") from None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError("a number is too large")
    return value


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


class Fields:
    """An object of the payload whose fields are checked when they are asked for; `where` names it in errors."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise EventError(f"{where} is not an object: send what GitHub sends")
        self._value = value
        self._where = where

    def __contains__(self, key: str) -> bool:
        """Whether the field is there and not null."""
        return self._value.get(key) is not None

    def part(self, key: str) -> Fields:
        """An object inside this one."""
        return Fields(self._value.get(key), self._name(key))

    def whole(self, key: str) -> int:
        """A whole number above 0, as ids are."""
        value = self._value.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MAX_ID:
            self._refuse(key, "a positive number")
        return value

    def flag(self, key: str) -> bool:
        """True or false."""
        value = self._value.get(key)
        if not isinstance(value, bool):
            self._refuse(key, "true or false")
        return value

    def body(self, key: str = "body") -> str:
        """A text that a person wrote; empty where it is null, as GitHub has it for an empty one."""
        value = "" if key not in self else self._value[key]
        if not isinstance(value, str) or len(value) > _MAX_TEXT or _UNSTORABLE.search(value):
            self._refuse(key, f"a text of at most {_MAX_TEXT:,} characters")
        return value

    def word(self, key: str) -> str:
        """A word such as an action."""
        return self._matching(key, _WORD, "a word")

    def login(self, key: str) -> str:
        """The login of an account, a bot's with its `[bot]`."""
        return self._matching(key, _LOGIN, "a login")

    def commit(self, key: str) -> str:
        """A commit id, of noughts where there is no commit."""
        return self._matching(key, _COMMIT, "a commit id")

    def ref(self, key: str) -> str:
        """The name of a ref, full or without what stands before it."""
        return self._matching(key, _REF, "the name of a ref")

    def branch(self, key: str) -> str:
        """The short name of a branch that can be handed to git."""
        return self._matching(key, _BRANCH, "the name of a branch")

    def full_names(self, key: str) -> tuple[str, ...]:
        """The full names of a list of repositories; none where it is left out."""
        value = self._value.get(key, [])
        if not isinstance(value, list) or len(value) > _MAX_REPOSITORIES:
            self._refuse(key, f"a list of at most {_MAX_REPOSITORIES:,} repositories")
        return tuple(Fields(item, f"an item of {self._name(key)}").full_name() for item in value)

    def full_name(self) -> str:
        """The `full_name` of a repository: owner/name."""
        return self._matching("full_name", _FULL_NAME, "owner/name")

    def _matching(self, key: str, pattern: re.Pattern[str], what: str) -> str:
        value = self._value.get(key)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            self._refuse(key, what)
        return value

    def _name(self, key: str) -> str:
        return key if self._where == "the payload" else f"{self._where}.{key}"

    def _refuse(self, key: str, wanted: str) -> NoReturn:
        raise EventError(f"{self._name(key)} is not {wanted}: send what GitHub sends")
