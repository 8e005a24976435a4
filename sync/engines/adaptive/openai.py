"""The model of the engine `openai`: any server that speaks the OpenAI API, over HTTP by requests.

Ollama, vLLM, llama.cpp's server, cloud services. Address, model and key come from the environment alone. Errors
may be read by everybody who sees a pull request, so they do not say where the server is.
"""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests

from sync.engines.adaptive.model import SCHEMA, End, Form, Prices, Prompt, Reply
from sync.engines.adaptive.options import Environment
from sync.engines.base import EngineError, JobError

_TRIES = 6
_LONGEST_WAIT = 60.0  # seconds between two tries, whatever the server asks for
_MOST_BYTES = 2_000_000  # of an answer
_AGAIN = {408, 409, 425, 429, 500, 502, 503, 504}
_NO_CONTEXT = re.compile(r"context.{0,20}(?:length|size|window)|maximum context|too many tokens", re.IGNORECASE)
_NO_SCHEMA = re.compile(r"response_format|json_schema|structured|grammar", re.IGNORECASE)
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
    _schema: bool = field(default=True, init=False)
    _sessions: threading.local = field(default_factory=threading.local, init=False, repr=False)

    @property
    def identity(self) -> str:
        """The server and the model's name there: two servers may mean two models by one name."""
        return f"{self.url} {self.model}"

    def ask(self, prompt: Prompt) -> Reply:
        """The model's answer. Raises JobError."""
        asked: dict[str, object] = {
            "model": self.model,
            "max_tokens": prompt.answer_tokens,
            "temperature": 0,
            "seed": 1,
        }
        if prompt.form != "chat":
            return self._ask("completions", asked | {"prompt": prompt.turns[0].text, "stop": [prompt.stop]})
        asked["messages"] = [{"role": turn.role, "content": turn.text} for turn in prompt.turns]
        if self._schema:
            shape = {"name": "translation", "strict": True, "schema": SCHEMA}
            return self._ask("chat/completions", asked, {"type": "json_schema", "json_schema": shape})
        return self._ask("chat/completions", asked)

    def models(self) -> list[str]:
        """The names of the server's models, asked for once. Raises JobError."""
        found = self._send("GET", "models", None, tries=1)
        data = found.get("data") if isinstance(found, dict) else None
        return [str(item.get("id"))[:100] for item in data or () if isinstance(item, dict)]

    def _ask(self, path: str, asked: Mapping[str, object], shape: Mapping[str, object] | None = None) -> Reply:
        try:
            found = self._send("POST", path, {**asked, "response_format": shape} if shape else asked)
        except _Refused as refused:
            if refused.status in (400, 413, 422) and _NO_CONTEXT.search(refused.said):
                return Reply("", End.TOO_LONG)
            if shape is not None and refused.status in (400, 422, 501) and _NO_SCHEMA.search(refused.said):
                self._schema = False  # the server has no such thing: the prompt alone says it
                return self._ask(path, asked)
            raise
        return self._read(found)

    def _read(self, found: Any) -> Reply:
        try:
            choice = found["choices"][0]
            usage = found.get("usage") or {}
            message = choice.get("message")
            text = choice["text"] if message is None else message.get("content") or message.get("refusal") or ""
            end = _ENDS.get(str(choice["finish_reason"]), End.REFUSED)
            if message is not None and message.get("refusal"):
                end = End.REFUSED
            spent = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            raise JobError(
                "engine openai: what the server answers is no answer of the OpenAI API: check AMTS_OPENAI_URL"
            ) from None
        return Reply(str(text), end, *spent)

    def _send(self, method: str, path: str, body: Mapping[str, object] | None, tries: int = _TRIES) -> Any:
        """The JSON that comes back, tried again while the server is busy or away. Raises JobError."""
        failure = ""
        for attempt in range(tries):
            try:
                with self._session.request(
                    method, f"{self.url}/{path}", json=body, auth=self._signed, timeout=(10, self.timeout),
                    allow_redirects=False, stream=True,
                ) as answer:  # fmt: skip
                    content = self._content(answer)
                    status, wanted = answer.status_code, answer.headers.get("Retry-After", "")
            except requests.RequestException as error:
                failure, wanted = f"{type(error).__name__}", ""
            else:
                if status == 200:
                    return self._parsed(content)
                said = " ".join(content.decode("utf-8", "replace").split())
                if status not in _AGAIN:
                    raise _Refused(status, self._without_key(said))
                failure = f"HTTP {status}"
            if attempt + 1 < tries:
                time.sleep(_wait(attempt, wanted))
        raise JobError(
            f"engine openai: the server did not answer ({failure}, {tries} times): see that it runs, and try "
            "again; what was answered is kept"
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

    @staticmethod
    def _content(answer: requests.Response) -> bytes:
        content = b""
        for part in answer.iter_content(65_536):
            content += part
            if len(content) > _MOST_BYTES:
                raise requests.exceptions.ContentDecodingError("far too long")
        return content

    def _without_key(self, said: str) -> str:
        return said.replace(self.key, "…") if self.key else said


class _Refused(JobError):
    """The server does not take the request."""

    def __init__(self, status: int, said: str) -> None:
        advice = {
            401: "check AMTS_OPENAI_KEY", 403: "check AMTS_OPENAI_KEY", 402: "it wants to be paid",
            404: "check AMTS_OPENAI_URL (it mostly ends in /v1) and AMTS_OPENAI_MODEL",
        }.get(status, "check AMTS_OPENAI_URL and AMTS_OPENAI_MODEL")  # fmt: skip
        super().__init__(f"engine openai: the server refuses, HTTP {status}: {said[:200]}: {advice}")
        self.status = status
        self.said = said[:2000]


def _wait(attempt: int, wanted: str) -> float:
    """Seconds until the next try: what the server asks for (Retry-After), or else twice as long each time."""
    asked = float(wanted) if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", wanted) else 0.5 * 2**attempt
    # Jittered, so that many that wait do not ask all at once; not a secret.
    return min(asked, _LONGEST_WAIT) * random.uniform(1, 1.25)  # noqa: S311


def openai_model(variables: Mapping[str, str]) -> OpenAiModel:
    """The model that the environment names: AMTS_OPENAI_URL, _MODEL, _KEY, and how it is used. Raises EngineError."""
    told = Environment("openai", variables)
    url = told.needed("URL", "http://localhost:11434/v1").rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise EngineError(f"{told.name('URL')} must be an http or https address without user or query: …/v1")
    key = told.text("KEY")
    if key and not (key.isascii() and key.isprintable()):
        raise EngineError(f"{told.name('KEY')} holds what no key does: copy it again")
    return OpenAiModel(
        url,
        told.needed("MODEL", "the name of a model at that server"),
        key,
        told.form("chat"),
        told.whole("CONTEXT", 8192, 10_000_000),
        told.whole("CONCURRENCY", 4, 64),
        told.whole("TIMEOUT", 120, 3600),
        told.prices(),
    )
