"""The engine `bedrock`, by boto3 over HTTP: a server on loopback, held to botocore's model of the service."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from sync.drafts import wait
from sync.engines import EngineError, Job, JobError, Knowledge, create
from sync.model import Request, Translation, TranslationUnit
from tests.model_server import translation

SERVICE = botocore.session.get_session().get_service_model("bedrock-runtime")
ASKED: Any = SERVICE.operation_model("Converse").input_shape
ANSWERED: Any = SERVICE.operation_model("Converse").output_shape
REASONS: frozenset[str] = frozenset(ANSWERED.members["stopReason"].enum)
SOURCE = "The hidden layer of `net` is large."
GOOD = translation("<0>的隐藏层很大。")
KNOWN = Knowledge((TranslationUnit("The hidden layer is small.", "隐藏层很小。"),))


class Bedrock:
    """What was asked, and what is answered next: a body, or a status with the code of an error."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.answers: list[dict[str, Any] | tuple[int, str, str]] = []


def body(text: str, reason: str = "end_turn", **more: Any) -> dict[str, Any]:
    """An answer, which must be one that the service can give."""
    found = {
        "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
        "stopReason": reason,
        "usage": {"inputTokens": 50, "outputTokens": 7, "totalTokens": 57},
        "metrics": {"latencyMs": 1},
        **more,
    }
    report = ParamValidator().validate(found, ANSWERED)
    assert not report.has_errors(), report.generate_report()
    assert reason in REASONS
    return found


@pytest.fixture
def bedrock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bedrock]:
    state = Bedrock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            state.paths.append(self.path)
            state.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            answer = state.answers.pop(0) if len(state.answers) > 1 else state.answers[0]
            status, headers = 200, {}
            if isinstance(answer, tuple):
                status, code, message = answer
                headers, answer = {"x-amzn-ErrorType": code}, {"message": message}
            content = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Type": "application/json", "Content-Length": len(content)}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        for name, value in {
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": f"http://127.0.0.1:{listener.server_port}",
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-west-2",
            "AMTS_BEDROCK_MODEL": "vendor.model-v1:0", "AMTS_BEDROCK_PRICES": "1 5",
            "AMTS_CACHE": str(tmp_path / "answers.sqlite"),
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        yield state
        listener.shutdown()
        thread.join()


def ask(*sources: str, **options: object) -> Mapping[str, Translation]:
    translator = create("bedrock", KNOWN, options)
    job = Job("en", "zh", tuple(Request(source, source) for source in sources))
    return wait(translator, translator.submit(job), lambda: None).translations


def test_a_segment_is_translated(bedrock: Bedrock) -> None:
    bedrock.answers = [body(GOOD)]
    assert ask(SOURCE)[SOURCE].text == "`net`的隐藏层很大。"
    (asked,) = bedrock.asked
    assert bedrock.paths == ["/model/vendor.model-v1%3A0/converse"]
    assert not ParamValidator().validate({"modelId": "m", **asked}, ASKED).has_errors()
    assert [message["role"] for message in asked["messages"]] == ["user", "assistant", "user"]
    assert asked["inferenceConfig"]["temperature"] == 0
    assert "Chinese" in asked["system"][0]["text"]
    assert ask(SOURCE)[SOURCE].text == "`net`的隐藏层很大。"
    assert len(bedrock.asked) == 1  # asked twice, paid once


@pytest.mark.parametrize("reason", sorted(REASONS - {"end_turn", "model_context_window_exceeded"}))
def test_anything_but_the_end_of_a_turn_is_a_failure_of_that_segment(bedrock: Bedrock, reason: str) -> None:
    other = "The hidden layer is deep."
    bedrock.answers = [body(GOOD, reason), body(translation("隐藏层很深。"))]
    found = ask(SOURCE, retry=False)
    assert found[SOURCE].text is None
    assert any(word in found[SOURCE].reason for word in (reason, "cut off"))
    assert ask(other)[other].text == "隐藏层很深。"


def test_what_a_model_thinks_is_no_answer(bedrock: Bedrock) -> None:
    content = [{"reasoningContent": {"reasoningText": {"text": "hm"}}}, {"text": GOOD}]
    bedrock.answers = [body("", output={"message": {"role": "assistant", "content": content}})]
    assert ask(SOURCE)[SOURCE].text == "`net`的隐藏层很大。"


@pytest.mark.parametrize(
    ("status", "code", "advice"),
    [
        (403, "AccessDeniedException", "allow it for these credentials"),
        (404, "ResourceNotFoundException", "check AMTS_BEDROCK_MODEL"),
        (400, "ValidationException", "check AMTS_BEDROCK_MODEL"),
    ],
)
def test_errors_of_the_service_say_what_to_do(bedrock: Bedrock, status: int, code: str, advice: str) -> None:
    bedrock.answers = [(status, code, "No.")] * 9
    with pytest.raises(JobError, match=f"Amazon: cannot ask the model vendor.model-v1:0: {code}, No: {advice}"):
        ask(*(f"The hidden layer {word} is deep." for word in ("one", "two", "three", "four")), retry=False)


def test_what_is_wrong_with_one_segment_does_not_touch_the_others(bedrock: Bedrock) -> None:
    first = "The hidden layer is deep."  # the shortest one goes first
    bedrock.answers = [(400, "ValidationException", "Blocked."), body(GOOD)]
    found = ask(SOURCE, first, retry=False)
    assert found[first].text is None
    assert "ValidationException, Blocked" in found[first].reason
    assert found[SOURCE].text == "`net`的隐藏层很大。"


@pytest.mark.parametrize(
    "answer",
    [
        (400, "ValidationException", "Input is too long for requested model."),
        body("", "model_context_window_exceeded"),
    ],
)
def test_what_is_too_long_is_asked_for_with_fewer_examples(bedrock: Bedrock, answer: Any) -> None:
    bedrock.answers = [answer, body(GOOD)]
    assert ask(SOURCE)[SOURCE].text is not None
    first, second = (len(asked["messages"]) for asked in bedrock.asked)
    assert second < first


def test_a_busy_service_is_asked_again(bedrock: Bedrock) -> None:
    bedrock.answers = [(429, "ThrottlingException", "Slow down."), body(GOOD)]
    assert ask(SOURCE)[SOURCE].text is not None
    assert len(bedrock.asked) == 2


def test_without_a_model_it_is_not_set_up(bedrock: Bedrock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AMTS_BEDROCK_MODEL")
    with pytest.raises(EngineError, match="engine bedrock is not set up: set AMTS_BEDROCK_MODEL"):
        create("bedrock", KNOWN, {})
