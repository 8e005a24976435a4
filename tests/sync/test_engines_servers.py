"""What servers of the OpenAI API do that they should not, or each in its own way: told, adapted to, survived."""

from __future__ import annotations

import json
import logging
import os
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sync.drafts import wait
from sync.engines import Answers, EngineError, JobError, Knowledge, create, rehearse
from sync.engines.adaptive.cache import Cache
from sync.engines.adaptive.model import End, Reply
from sync.engines.survey import survey
from sync.model import TranslationUnit
from tests.model_server import (
    GOOD,
    ModelServer,
    Raw,
    Script,
    Setting,
    gradients,
    model_server,
    segment,
    setting,
    translation,
)  # fmt: skip

__all__ = ["setting"]  # a fixture


@pytest.fixture
def server(setting: Setting) -> Iterator[ModelServer]:
    """A server that answers well, until a test gives it another script; the engine is set up for it."""
    with model_server(lambda _: GOOD) as running:
        setting(running.environment())
        yield running


def asked(server: ModelServer, script: Script, many: int) -> tuple[Answers, list[dict[str, Any]]]:
    """The answers to so many segments, and what the server was asked for them."""
    server.script = script
    before = len(server.asked)
    translator = create("openai", Knowledge(), {"retry": False})
    return wait(translator, translator.submit(gradients(many)), lambda: None), server.asked[before:]


def test_one_segment_that_is_refused_does_not_touch_the_others(server: ModelServer) -> None:
    def filters(told: Mapping[str, Any]) -> str | Raw:
        bad = "model aaa " in segment(told)["text"]
        return Raw(400, '{"error": {"code": "content_filter"}}') if bad else GOOD

    found, _ = asked(server, filters, 10)
    texts = [found.translations[str(number)] for number in range(10)]
    assert [each.text is None for each in texts] == [number == 2 for number in range(10)]
    assert "HTTP 400" in texts[2].reason
    assert "content_filter" in texts[2].reason
    # It may be answered another day.
    found, again = asked(server, lambda _: GOOD, 10)
    assert [segment(each)["text"] for each in again] == [gradients(10).requests[2].source]
    assert all(each.text for each in found.translations.values())


def test_a_server_that_refuses_everything_is_not_asked_for_a_whole_book(setting: Setting) -> None:
    with model_server(lambda _: Raw(400, "no such parameter")) as server:
        setting(server.environment())
        translator = create("openai", Knowledge(), {})
        handle = translator.submit(gradients(50))
        with pytest.raises(JobError, match="HTTP 400: no such parameter"):
            wait(translator, handle, lambda: None)
        assert len(server.asked) < 10


def test_a_server_of_another_generation_is_asked_in_its_own_words(server: ModelServer) -> None:
    def strict(told: Mapping[str, Any]) -> str | Raw:
        for name in ("max_tokens", "temperature", "seed"):
            if name in told:
                return Raw(400, json.dumps({"error": {"message": f"Unsupported parameter: '{name}'"}}))
        assert told["max_completion_tokens"] > 0
        return GOOD

    found, told = asked(server, strict, 3)
    assert all(each.text for each in found.translations.values())
    assert [name for name in told[0] if name not in told[-1]] == ["temperature", "seed", "max_tokens"]
    assert len(told) == 6  # the first one goes alone, and the others learn from it


@pytest.mark.parametrize(
    "content",
    ["模型\ud83d的梯度", translation("模型\ud83d的梯度。"), json.dumps({"translation": "模型\ud83d的梯度。"})],
)
def test_half_a_character_is_survived(server: ModelServer, content: str) -> None:
    choices = [{"finish_reason": "stop", "message": {"content": content}}]
    found, _ = asked(server, lambda _: Raw(200, json.dumps({"choices": choices})), 2)
    assert [each.text for each in found.translations.values()] == [None, None]
    assert all("character" in each.reason for each in found.translations.values())


def test_a_larger_context_is_another_chance(server: ModelServer) -> None:
    def small(_: Mapping[str, Any]) -> Raw:
        return Raw(400, '{"error": {"message": "exceeds the maximum context length"}}')

    found, _ = asked(server, small, 1)
    assert found.translations["0"].text is None
    found, told = asked(server, lambda _: GOOD, 1)
    assert found.translations["0"].text is not None
    assert len(told) == 1


def test_who_asks_for_much_patience_is_asked_another_day(setting: Setting) -> None:
    with model_server(lambda _: Raw(429, "quota: later", {"Retry-After": "3600"})) as server:
        setting(server.environment())
        translator = create("openai", Knowledge(), {})
        handle = translator.submit(gradients(3))
        with pytest.raises(JobError, match="HTTP 429: quota: later; it asks to wait for 3,600 seconds"):
            wait(translator, handle, lambda: None)
        assert len(server.asked) == 1


def test_a_long_wait_is_told(setting: Setting, caplog: pytest.LogCaptureFixture) -> None:
    with model_server(lambda _: Raw(503, "busy", {"Retry-After": "30"})) as server, caplog.at_level(logging.WARNING):
        setting(server.environment())
        translator = create("openai", Knowledge(), {})
        handle = translator.submit(gradients(1))
        poll = threading.Thread(target=translator.poll, args=(handle,))
        poll.start()
        end = time.monotonic() + 30
        while "waiting for 30 seconds" not in caplog.text:
            assert time.monotonic() < end
            time.sleep(0.02)
        translator.finish(handle)  # and nobody waits for it to end
        poll.join()
    assert "HTTP 503: busy" in caplog.text


def test_an_answer_that_trickles_is_late(setting: Setting) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            try:
                for _ in range(600):
                    self.wfile.write(b" " * 100)
                    self.wfile.flush()
                    time.sleep(0.1)
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.server_port}/v1"
        setting({"AMTS_OPENAI_URL": url, "AMTS_OPENAI_MODEL": "m", "AMTS_OPENAI_TIMEOUT": "1"})
        translator = create("openai", Knowledge(), {})
        handle = translator.submit(gradients(1))
        with pytest.raises(JobError, match="nothing within the 1 seconds of AMTS_OPENAI_TIMEOUT; asked 2 times"):
            wait(translator, handle, lambda: None)
        listener.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "url",
    ["http://:pw@h/v1", "http://me@h/v1", "http://[::1/v1", "http://h:99999/v1", "http://h:0/v1", "http://h/v1?x=1",
     "http://h/v1#x", "ftp://h/v1", "http:///v1", "http://h h/v1", "http://ex\u00e4mple/v1"],
)  # fmt: skip
def test_what_is_no_address_is_refused(setting: Setting, url: str) -> None:
    setting({"AMTS_OPENAI_URL": url, "AMTS_OPENAI_MODEL": "m"})
    with pytest.raises(EngineError, match=r"^AMTS_OPENAI_URL must be an http or https address") as caught:
        create("openai", Knowledge(), {})
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("status", [401, 402, 403])
def test_what_a_server_says_of_an_account_is_not_told(setting: Setting, status: int) -> None:
    with model_server(lambda _: Raw(status, "org-12345 owes sk-another")) as server:
        setting(server.environment())
        translator = create("openai", Knowledge(), {})
        handle = translator.submit(gradients(2))
        with pytest.raises(JobError, match=f"HTTP {status}: ") as caught:
            wait(translator, handle, lambda: None)
    assert "12345" not in str(caught.value)


def test_a_context_for_no_sentence_is_refused(setting: Setting) -> None:
    setting({"AMTS_OPENAI_URL": "http://h/v1", "AMTS_OPENAI_MODEL": "m", "AMTS_OPENAI_CONTEXT": "10"})
    with pytest.raises(EngineError, match="AMTS_OPENAI_CONTEXT is 10: set it to 256 tokens or more"):
        create("openai", Knowledge(), {})


def test_the_file_may_be_removed_at_any_time(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    one = Cache(path)
    one.put("a", "e", "m", Reply("一", End.COMPLETE))
    for file in tmp_path.iterdir():
        file.unlink()
    assert one.get("a") is None
    one.put("b", "e", "m", Reply("二", End.COMPLETE))
    assert Cache(path).get("b") == Reply("二", End.COMPLETE)


def test_the_file_may_be_removed_while_others_have_it_open(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    one, other = Cache(path), Cache(path)
    for cache in (one, other):
        cache.put("a", "e", "m", Reply("一"))
    path.unlink()
    one.put("b", "e", "m", Reply("二"))
    assert other.get("b") == Reply("二", End.COMPLETE)
    other.put("c", "e", "m", Reply("三"))
    assert one.get("c") == Reply("三", End.COMPLETE)
    assert one.get("a") is None


def test_a_claim_is_ended_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    cache = Cache(path)
    with sqlite3.connect(path) as other:
        other.execute("INSERT INTO claims VALUES ('k', '1@elsewhere@x', 1e12)")
        # A container begins with the same number each time: another life of this process.
        other.execute("INSERT INTO claims VALUES ('l', ?, 1e12)", (f"{os.getpid()}@{socket.gethostname()}@before",))
    other.close()
    cache.release("k")
    assert not cache.claim("k", 60)
    assert cache.claim("l", 60)


def test_where_the_answers_cannot_be_kept_no_model_is_ready(setting: Setting, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with model_server(lambda _: GOOD) as server:
        variables = {**server.environment(), "AMTS_CACHE": str(tmp_path / "file" / "answers.sqlite")}
        (found,) = (standing for standing in survey(variables) if standing.engine == "openai")
    assert found.state == "not set up"
    assert "set AMTS_CACHE to another file" in found.detail


def test_a_model_that_has_yet_to_be_downloaded_is_not_downloaded_to_be_listed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("xllamacpp", reason="no llama.cpp: pip install 'amts[local]'")
    hub = pytest.importorskip("huggingface_hub", reason="no hub: pip install 'amts[local]'")
    monkeypatch.setattr(f"{hub.__name__}.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    variables = {"AMTS_LOCAL_MODEL": "someone/model-GGUF:model.gguf", "AMTS_CACHE": str(tmp_path / "a.sqlite")}
    (found,) = (standing for standing in survey(variables) if standing.engine == "local")
    assert (found.state, "is downloaded from Hugging Face when it is first used" in found.detail) == ("ready", True)


def test_a_dry_run_says_how_much_would_be_asked_though_no_price_is_known(setting: Setting) -> None:
    units = (TranslationUnit("A model is trained.", "训练模型。"),)
    with model_server(lambda _: GOOD) as server:
        setting(server.environment())
        rehearsal = rehearse("openai", Knowledge(units), {})
        found = wait(rehearsal, rehearsal.submit(gradients(3)), lambda: None)
        assert server.asked == []
    assert found.cost is None
    assert any("engine openai: 3 requests, about " in note for note in found.notes)
