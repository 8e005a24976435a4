"""A server that speaks the OpenAI API on loopback: what it answers is said by a test."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sync.engines import Job
from sync.model import Request


@dataclass(frozen=True)
class Raw:
    """An answer of HTTP, as it is."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


# What is asked -> the text of the model's message, or the answer of HTTP.
Script = Callable[[Mapping[str, Any]], str | Raw]


@dataclass
class ModelServer:
    """What was asked, each with its headers, and the most requests that were open at once."""

    url: str
    script: Script
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    at_once: int = 0
    open: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def environment(self, **more: str) -> dict[str, str]:
        """What leads the engine `openai` here."""
        return {"AMTS_OPENAI_URL": self.url, "AMTS_OPENAI_MODEL": "tiny", **more}

    def answer(self, asked: dict[str, Any], headers: Mapping[str, str]) -> Raw:
        with self.lock:
            self.asked.append(asked)
            self.headers.append(headers)
            self.open += 1
            self.at_once = max(self.at_once, self.open)
        try:
            said = self.script(asked)
        finally:
            with self.lock:
                self.open -= 1
        if isinstance(said, Raw):
            return said
        message = {"role": "assistant", "content": said}
        usage = {"prompt_tokens": 100, "completion_tokens": 10}
        choices = [{"index": 0, "finish_reason": "stop", "message": message}]
        return Raw(200, json.dumps({"id": "1", "object": "chat.completion", "choices": choices, "usage": usage}))


@contextmanager
def model_server(script: Script) -> Iterator[ModelServer]:
    """The server, running."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._send(server.answer(asked, dict(self.headers)))

        def do_GET(self) -> None:
            self._send(Raw(200, json.dumps({"object": "list", "data": [{"id": "tiny"}]})))

        def _send(self, raw: Raw) -> None:
            body = raw.body.encode()
            self.send_response(raw.status)
            for name, value in {"Content-Type": "application/json", **raw.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        server = ModelServer(f"http://127.0.0.1:{listener.server_port}/v1", script)
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        listener.shutdown()
        thread.join()


def segment(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a chat asks for: the object of its last message."""
    found = json.loads(asked["messages"][-1]["content"])
    assert isinstance(found, dict)
    return found


def translation(text: str) -> str:
    """A good answer's content."""
    return json.dumps({"translation": text}, ensure_ascii=False)


GOOD = translation("计算模型的梯度。")  # to each segment of `gradients`
Setting = Callable[..., None]


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Setting:
    """A function that sets the environment; the answers are kept in a file of the test's own."""
    monkeypatch.setenv("AMTS_CACHE", str(tmp_path / "answers.sqlite"))

    def put(variables: Mapping[str, str], **more: str) -> None:
        for name, value in {**variables, **more}.items():
            monkeypatch.setenv(name, value)

    return put


def gradients(many: int) -> Job:
    """So many segments, each of them one letter longer than the one before."""
    texts = (f"The gradient of model {'a' * (number + 1)} is computed." for number in range(many))
    return Job("en", "zh", tuple(Request(str(number), text) for number, text in enumerate(texts)))
