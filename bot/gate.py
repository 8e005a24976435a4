"""How GitHub is asked: one call at a time, at its pace, with what goes wrong told in errors of ours.

GitHub's limits and its bad moments become `Later`, with the time to wait; what it refuses for good a ForgeError.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any, TypeVar

import requests
from github import BadAttributeException, GithubException

from sync.model import AmtsError

_UNWELL = 30.0  # seconds to leave a server alone that answers with an error of its own, or not at all
_SECONDARY = 60.0  # seconds to wait at a secondary limit without `retry-after` (GitHub's guide on rate limits)
_LONGEST = 3 * 3600.0  # a reset further away than that is a mistake of somebody's clock
_LAGGING = ("no commit found", "no commits between", "already exists", "'field': 'head'", '"field": "head"')
# How PyGithub meets an answer that is cut short, or of another shape.
_MISSHAPEN = (AssertionError, AttributeError, KeyError, TypeError, ValueError)
T = TypeVar("T")


class ForgeError(AmtsError):
    """GitHub refuses something."""


class NotFound(ForgeError):
    """It is not there, or may not be seen."""


class Later(AmtsError):
    """GitHub wants to be left alone for a while, or cannot answer now; `seconds` says for how long."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class Gate:
    """Lets one call through at a time, and none for as long as GitHub asks to be left alone.

    PyGithub keeps a request on its connection until the answer is read, so threads must take turns.
    """

    def __init__(self) -> None:
        self._closed_until = 0.0
        self._turn = RLock()

    @contextmanager
    def asking(self, what: str) -> Iterator[None]:
        """Turn what goes wrong into errors of ours, which quote neither tokens nor addresses."""
        left = self._closed_until - time.monotonic()
        if left > 0:
            raise Later(f"{what}: GitHub's rate limit is reached", left + _spread(1))
        try:
            with self._turn:
                yield
        except GithubException as error:
            seconds = _limited(error)
            if seconds is not None:
                self._closed_until = max(self._closed_until, time.monotonic() + seconds)
                raise Later(f"{what}: GitHub's rate limit is reached", seconds + _spread(1)) from None
            raise _error(what, error) from None
        except (requests.RequestException, BadAttributeException, *_MISSHAPEN) as error:
            raise Later(f"{what}: GitHub's answer was lost or cut short ({type(error).__name__})", _UNWELL) from None


def known(kind: type[T], value: object) -> T:
    """A value of GitHub's answer that has to be there; PyGithub gives None for what is missing."""
    if not isinstance(value, kind):
        raise TypeError(f"no {kind.__name__}")
    return value


def _spread(seconds: float) -> float:
    """A part of so many seconds, so that many who wait do not come back at once."""
    return random.uniform(0, seconds)  # noqa: S311 - no secret


@contextmanager
def not_yet() -> Iterator[None]:
    """Wait where GitHub does not know yet what was pushed a moment ago, or lists what it has made."""
    try:
        yield
    except GithubException as error:
        said = f"{error.data}".lower()
        if error.status == 422 and any(words in said for words in _LAGGING):
            raise Later("GitHub does not know yet what was pushed", 5.0) from None
        raise


def _error(what: str, error: GithubException) -> AmtsError:
    said = error.data.get("message") if isinstance(error.data, dict) else None
    details = _details(error.data) if isinstance(error.data, dict) else ""
    if error.status >= 500 or error.status in (0, 408):
        return Later(f"{what}: GitHub answers with {error.status}", _UNWELL + _spread(_UNWELL))
    if error.status == 401:
        return ForgeError(f"{what}: GitHub does not accept the credentials: check the App's key, or the token")
    if error.status == 404:
        return NotFound(f"{what}: GitHub has no such thing, or does not show it to AMTS: check the App's permissions")
    message = " ".join(f"{said or 'no reason'}{details}".split())[:300]
    return ForgeError(f"{what}: GitHub refuses ({error.status}): {message}")


def _details(data: dict[str, Any]) -> str:
    errors = data.get("errors")
    if not isinstance(errors, list):
        return ""
    said = [
        str(item.get("message") or item.get("code") or "") if isinstance(item, dict) else str(item) for item in errors
    ]
    return f": {'; '.join(filter(None, said))}" if any(said) else ""


def _limited(error: GithubException) -> float | None:
    """Seconds to wait where a limit was reached (docs.github.com, "Rate limits for the REST API"); None: none was."""
    if error.status not in (403, 429):
        return None
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if after := _figure(headers.get("retry-after")):
        return min(after, _LONGEST)
    if headers.get("x-ratelimit-remaining") == "0":
        reset = _figure(headers.get("x-ratelimit-reset")) or 0
        return min(max(reset - time.time(), 0.0) + 1, _LONGEST)  # it is given in whole seconds
    said = error.data.get("message") if isinstance(error.data, dict) else error.data
    return _SECONDARY if error.status == 429 or "rate limit" in str(said).lower() else None


def _figure(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdigit() else None
