"""The model of the engine `openai`: any server that speaks the OpenAI API.

Ollama, vLLM, llama.cpp's server, cloud services. Address, model and key come from the environment alone.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sync.engines.adaptive.model import (
    SCHEMA,
    End,
    Form,
    NoAnswer,
    Prices,
    Prompt,
    Refusals,
    Reply,
    received,
)
from sync.engines.adaptive.options import Environment
from sync.engines.adaptive.server import LONGEST_WAIT, TRIES, Refused, Server, is_address
from sync.engines.base import EngineError

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
    """A model at a server."""

    server: Server
    model: str
    form: Form = "chat"
    context: int = 8192
    concurrency: int = 4
    prices: Prices | None = None
    _untaken: set[str] = field(default_factory=set, init=False)
    _refusals: Refusals = field(default_factory=Refusals, init=False, repr=False)

    @property
    def identity(self) -> str:
        """The server and the model's name there: two servers may mean two models by one name."""
        return f"{self.server.url} {self.model}"

    @property
    def patience(self) -> float:
        """All tries, with the waits between them."""
        return TRIES * (self.server.timeout + 10 + 1.25 * LONGEST_WAIT)

    def ask(self, prompt: Prompt, stop: threading.Event) -> Reply:
        """The model's answer. Raises JobError."""
        try:
            found, lost = self._adapted(prompt, stop)
        except Refused as refused:
            shown = f"HTTP {refused.status}: {refused.said[:200]}"
            if refused.status in _OF_PROMPT and (reply := self._refusals.reply(refused.said, shown)):
                return reply
            raise
        self._refusals.answered()
        return self._read(prompt, found, lost)

    def models(self) -> list[str]:
        """The names of the server's models, asked for once. Raises JobError."""
        found, _ = self.server.send("GET", "models", None, threading.Event(), tries=1)
        data = found.get("data") if isinstance(found, dict) else None
        return [str(item.get("id"))[:100] for item in data or () if isinstance(item, dict)]

    def _adapted(self, prompt: Prompt, stop: threading.Event) -> tuple[Any, int]:
        """What comes back, asked for without what the server does not take; see `Server.send`."""
        path = "chat/completions" if prompt.form == "chat" else "completions"
        while True:
            asked = self._asked(prompt)
            try:
                return self.server.send("POST", path, asked, stop)
            except Refused as refused:
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
            why = "engine openai: what the server answers is no answer of the OpenAI API: check AMTS_OPENAI_URL"
            raise NoAnswer(why, lost + 1) from None
        return received(prompt, str(text), end, *spent, lost=lost)


def openai_model(variables: Mapping[str, str]) -> OpenAiModel:
    """The model that the environment names: AMTS_OPENAI_URL, _MODEL, _KEY, and how it is used. Raises EngineError."""
    told = Environment("openai", variables)
    url = told.needed("URL", "http://localhost:11434/v1").rstrip("/")
    if not is_address(url):
        raise EngineError(f"{told.name('URL')} must be an http or https address without user or query: …/v1")
    key = told.text("KEY")
    if key and not (key.isascii() and key.isprintable()):
        raise EngineError(f"{told.name('KEY')} holds what no key does: copy it again")
    return OpenAiModel(
        Server(url, key, told.whole("TIMEOUT", 120, 3600)),
        told.needed("MODEL", "the name of a model at that server"),
        told.form("chat"),
        told.context(8192),
        told.whole("CONCURRENCY", 4, 64),
        told.prices(),
    )
