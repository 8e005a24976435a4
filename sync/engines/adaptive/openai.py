"""The model of the engine `openai`: any server that speaks the OpenAI API, over HTTP by requests.

Ollama, vLLM, llama.cpp's server, cloud services. Address, model and key come from the environment alone. Errors
may be read by everybody who sees a pull request, so they do not say where the server is.
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

from sync.engines.adaptive.model import (
    SCHEMA,
    End,
    Form,
    NoAnswer,
    Prices,
    Prompt,
    Refusals,
    Reply,
    is_too_long,
    received,
)
from sync.engines.adaptive.options import Environment
from sync.engines.base import EngineError, JobError

_log = logging.getLogger(__name__)
_TRIES = 6
_LONG = 8.0  # seconds of waiting that are told
_LATE = 2  # of these, that may come to no answer in time: each may have to be paid for
_LONGEST_WAIT = 60.0  # seconds between two tries that the server may ask for
_MOST_BYTES = 2_000_000  # of an answer
_AGAIN = {408, 409, 425, 429, 500, 502, 503, 504}
# What a server may not take, by what it says then.
_UNTAKEN = {
    "response_format": re.compile(r"response_format|json_schema|structured|grammar", re.IGNORECASE),
    "max_tokens": re.compile(r"max_tokens|max_completion_tokens", re.IGNORECASE),
    "temperature": re.compile(r"temperature", re.IGNORECASE),
    "seed": re.compile(r"\bseed\b", re.IGNORECASE),
}
_OF_PROMPT = (400, 413, 422)  # that may be the fault of a single prompt
_ENDS = {"stop": End.COMPLETE, "length": End.CUT_OFF, "content_filter": End.REFUSED}


@dataclass
class OpenAiModel:
    """A model at a server. `timeout` in seconds for one answer. `repr` shows no key."""

    url: str
    model: str
    key: str = field(repr=False)
    form: Form = "chat"
    context: int = 8192
    concurrency: int = 4
    timeout: float = 120.0
    prices: Prices | None = None
    _untaken: set[str] = field(default_factory=set, init=False)
    _refusals: Refusals = field(default_factory=Refusals, init=False, repr=False)
    _sessions: threading.local = field(default_factory=threading.local, init=False, repr=False)

    @property
    def identity(self) -> str:
        """The server and the model's name there: two servers may mean two models by one name."""
        return f"{self.url} {self.model}"

    @property
    def patience(self) -> float:
        """All tries, with the waits between them."""
        return _LATE * (self.timeout + 30) + _TRIES * _LONGEST_WAIT * 1.5

    def ask(self, prompt: Prompt, stop: threading.Event) -> Reply:
        """The model's answer. Raises JobError."""
        try:
            found, lost = self._adapted(prompt, stop)
        except _Refused as refused:
            if refused.status in _OF_PROMPT and is_too_long(refused.said):
                return Reply("", End.TOO_LONG)
            if refused.status in _OF_PROMPT and self._refusals.is_of_one():
                return Reply(f"HTTP {refused.status}: {refused.said[:200]}", End.REFUSED)
            raise
        self._refusals.answered()
        return self._read(prompt, found, lost)

    def models(self) -> list[str]:
        """The names of the server's models, asked for once. Raises JobError."""
        found, _ = self._send("GET", "models", None, threading.Event(), tries=1)
        data = found.get("data") if isinstance(found, dict) else None
        return [str(item.get("id"))[:100] for item in data or () if isinstance(item, dict)]

    def _adapted(self, prompt: Prompt, stop: threading.Event) -> tuple[Any, int]:
        """What comes back, asked for without what the server does not take; see `_send`."""
        path = "chat/completions" if prompt.form == "chat" else "completions"
        while True:
            asked = self._asked(prompt)
            try:
                return self._send("POST", path, asked, stop)
            except _Refused as refused:
                named = [name for name, pattern in _UNTAKEN.items() if name in asked and pattern.search(refused.said)]
                if refused.status not in (400, 422, 501) or not named:
                    raise
                self._untaken.add(named[0])

    def _asked(self, prompt: Prompt) -> Mapping[str, object]:
        asked: dict[str, object] = {"model": self.model, "temperature": 0, "seed": 1}
        if prompt.form == "chat":
            asked["messages"] = [{"role": turn.role, "content": turn.text} for turn in prompt.turns]
            shape = {"name": "translation", "strict": True, "schema": SCHEMA}
            asked["response_format"] = {"type": "json_schema", "json_schema": shape}
        else:
            asked |= {"prompt": prompt.turns[0].text, "stop": [prompt.stop]}
        asked["max_tokens"] = prompt.answer_tokens
        if "max_tokens" in self._untaken:
            asked["max_completion_tokens"] = prompt.answer_tokens
        return {name: value for name, value in asked.items() if name not in self._untaken}

    @staticmethod
    def _read(prompt: Prompt, found: Any, lost: int) -> Reply:
        try:
            choice = found["choices"][0]
            usage = found.get("usage") or {}
            message = choice.get("message")
            text = choice["text"] if message is None else message.get("content") or message.get("refusal") or ""
            end = _ENDS.get(str(choice["finish_reason"]), End.REFUSED)
            if message is not None and message.get("refusal"):
                end = End.REFUSED
            spent = usage.get("prompt_tokens"), usage.get("completion_tokens")
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            raise JobError(
                "engine openai: what the server answers is no answer of the OpenAI API: check AMTS_OPENAI_URL"
            ) from None
        return received(prompt, str(text), end, *spent, lost=lost)

    def _send(
        self, method: str, path: str, body: Mapping[str, object] | None, stop: threading.Event, tries: int = _TRIES
    ) -> tuple[Any, int]:
        """The JSON that comes back, tried again while the server is busy or away; how often none came in time.

        Raises JobError: _Refused, or NoAnswer.
        """
        failure, late = "", 0
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
                failure, late = f"nothing within the {self.timeout:g} seconds of AMTS_OPENAI_TIMEOUT", late + 1
            except requests.RequestException as error:
                failure = type(error).__name__.removeprefix("_")
                if isinstance(error, ValueError):  # an address that is none
                    break
            else:
                if status == 200:
                    return self._parsed(content), late
                said = " ".join(content.decode("utf-8", "replace").split())
                if status not in _AGAIN:
                    raise _Refused(status, self._without_key(said))
                failure, wait = f"HTTP {status}: {self._without_key(said)[:200]}", _asked_for(wanted, wait)
            if wait > _LONGEST_WAIT:
                failure += f"; it asks to wait for {wait:,.0f} seconds"
            if late == _LATE or wait > _LONGEST_WAIT or attempt + 1 == tries:
                break
            if wait >= _LONG:
                _log.warning("the server is busy (%s): waiting for %d seconds", failure, wait)
            # Jittered, so that many that wait do not ask all at once; not a secret.
            if stop.wait(wait * random.uniform(1, 1.25)):  # noqa: S311
                break
        raise NoAnswer(
            f"engine openai: no answer from the server of AMTS_OPENAI_URL ({failure}; asked {attempt + 1} times): see "
            "that it runs, and try again; what was answered is kept",
            late,
        )

    def _parsed(self, content: bytes) -> Any:
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise JobError("engine openai: the server does not answer in JSON: check AMTS_OPENAI_URL") from None

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


class _Refused(JobError):
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


def _asked_for(wanted: str, otherwise: float) -> float:
    """The seconds that a server asks for (Retry-After)."""
    return float(wanted) if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", wanted) else otherwise


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        is_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    is_plain = not (set("@?#") & set(url)) and url.isascii() and url.isprintable() and " " not in url
    return parts.scheme in ("http", "https") and bool(parts.hostname) and is_port and is_plain


def openai_model(variables: Mapping[str, str]) -> OpenAiModel:
    """The model that the environment names: AMTS_OPENAI_URL, _MODEL, _KEY, and how it is used. Raises EngineError."""
    told = Environment("openai", variables)
    url = told.needed("URL", "http://localhost:11434/v1").rstrip("/")
    if not _is_address(url):
        raise EngineError(f"{told.name('URL')} must be an http or https address without user or query: …/v1")
    key = told.text("KEY")
    if key and not (key.isascii() and key.isprintable()):
        raise EngineError(f"{told.name('KEY')} holds what no key does: copy it again")
    return OpenAiModel(
        url,
        told.needed("MODEL", "the name of a model at that server"),
        key,
        told.form("chat"),
        told.context(8192),
        told.whole("CONCURRENCY", 4, 64),
        told.whole("TIMEOUT", 120, 3600),
        told.prices(),
    )
