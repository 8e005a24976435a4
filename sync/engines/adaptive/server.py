"""The server of the engine `openai`, over HTTP by requests, which nothing else of the engines uses.

Errors may be read by everybody who sees a pull request, so they do not say where the server is.
"""

from __future__ import annotations

import json
import logging
import random
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests

from sync.engines.adaptive.model import NoAnswer
from sync.engines.base import JobError

_log = logging.getLogger(__name__)
TRIES = 6
_LONG = 8.0  # seconds of waiting that are told
_LATE = 2  # of these, that may come to no answer in time: each may have to be paid for
LONGEST_WAIT = 60.0  # seconds between two tries that the server may ask for
_MOST_BYTES = 2_000_000  # of an answer
_AGAIN = {408, 409, 425, 429, 500, 502, 503, 504}
_PAID = {504, 524}  # the model was too slow for what stands before it


@dataclass(frozen=True)
class Server:
    """A server at an address without a slash at its end. `timeout` in seconds for one answer. `repr` shows no key."""

    url: str
    key: str = field(repr=False)
    timeout: float
    _sessions: threading.local = field(default_factory=threading.local, init=False, repr=False, compare=False)

    def send(
        self, method: str, path: str, body: Mapping[str, object] | None, stop: threading.Event, tries: int = TRIES
    ) -> tuple[Any, int]:
        """The JSON that comes back, tried again while the server is busy or away; how often none came in time.

        Raises JobError: Refused, or NoAnswer.
        """
        failure, late, lost = "", 0, 0
        for attempt in range(tries):
            wait = 0.5 * 2**attempt
            try:
                with self._session.request(
                    method, f"{self.url}/{path}", json=body, auth=self._signed, timeout=(10, self.timeout),
                    allow_redirects=False, stream=True,
                ) as answer:  # fmt: skip
                    content = _content(answer, time.monotonic() + self.timeout)
                    status, wanted = answer.status_code, answer.headers.get("Retry-After", "")
            except requests.ReadTimeout:
                failure = f"nothing within the {self.timeout:g} seconds of AMTS_OPENAI_TIMEOUT"
                late, lost = late + 1, lost + 1
            except requests.RequestException as error:
                failure = type(error).__name__.removeprefix("_")
                lost += _was_sent(error)
                if isinstance(error, ValueError):  # an address that is none
                    break
            else:
                if status == 200:
                    return self._parsed(content, lost), lost
                lost += status in _PAID
                said = " ".join(content.decode("utf-8", "replace").split())
                if status not in _AGAIN:
                    raise Refused(status, self._without_key(said))
                failure, wait = f"HTTP {status}: {self._without_key(said)[:200]}", _asked_for(wanted, wait)
            if wait > LONGEST_WAIT:
                failure += f"; it asks to wait for {wait:,.0f} seconds"
            if late == _LATE or wait > LONGEST_WAIT or attempt + 1 == tries:
                break
            if wait >= _LONG:
                _log.warning("the server is busy (%s): waiting for %d seconds", failure, wait)
            # Jittered, so that many that wait do not ask all at once; not a secret.
            if stop.wait(wait * random.uniform(1, 1.25)):  # noqa: S311
                break
        raise NoAnswer(
            f"engine openai: no answer from the server of AMTS_OPENAI_URL ({failure}; asked {attempt + 1} times): see "
            "that it runs, and try again; what was answered is kept",
            lost,
        )

    @staticmethod
    def _parsed(content: bytes, lost: int) -> Any:
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            why = "engine openai: the server does not answer in JSON: check AMTS_OPENAI_URL"
            raise NoAnswer(why, lost + 1) from None

    @property
    def _session(self) -> requests.Session:
        if not hasattr(self._sessions, "session"):
            self._sessions.session = requests.Session()
        found: requests.Session = self._sessions.session
        return found

    def _signed(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # As a function, or else requests would put what a .netrc holds in its place.
        if self.key:
            request.headers["Authorization"] = f"Bearer {self.key}"
        return request

    def _without_key(self, said: str) -> str:
        return said.replace(self.key, "…") if self.key else said


class _FarTooLong(requests.RequestException):
    """An answer that no segment has."""


class Refused(JobError):
    """The server does not take the request."""

    def __init__(self, status: int, said: str) -> None:
        advice = {
            401: "check AMTS_OPENAI_KEY", 403: "check AMTS_OPENAI_KEY", 402: "it wants to be paid",
            404: "check AMTS_OPENAI_URL (it mostly ends in /v1) and AMTS_OPENAI_MODEL",
        }.get(status, "check AMTS_OPENAI_URL and AMTS_OPENAI_MODEL")  # fmt: skip
        # What it says of a key or an account is not for everybody.
        why = f": {said[:200]}" if said and status not in (401, 402, 403) else ""
        refuses = "leads elsewhere" if 300 <= status < 400 else "refuses"
        super().__init__(f"engine openai: the server {refuses}, HTTP {status}{why}: {advice}")
        self.status = status
        self.said = said[:2000]


def _content(answer: requests.Response, until: float) -> bytes:
    """The body of an answer, bounded in length and time; requests' own timeout is one between two bytes."""
    content = bytearray()
    # In few bytes, each of which may come just in time.
    for part in answer.iter_content(8):
        content += part
        if len(content) > _MOST_BYTES:
            raise _FarTooLong
        if time.monotonic() > until:
            raise requests.ReadTimeout
    return bytes(content)


def _was_sent(error: requests.RequestException) -> bool:
    """Whether a request may have come to the model, though its answer did not come back."""
    if isinstance(error, (requests.ConnectTimeout, ValueError)):
        return False
    return "NewConnectionError" not in repr(error)


def _asked_for(wanted: str, otherwise: float) -> float:
    """The seconds that a server asks for (Retry-After)."""
    return float(wanted) if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", wanted) else otherwise


def is_address(url: str) -> bool:
    """Whether it is an http or https address that holds nothing else, such as a password."""
    try:
        parts = urlsplit(url)
        is_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    is_plain = not (set("@?#") & set(url)) and url.isascii() and url.isprintable() and " " not in url
    return parts.scheme in ("http", "https") and bool(parts.hostname) and is_port and is_plain
