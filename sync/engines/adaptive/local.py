"""The model of the engine `local`: llama.cpp in this process, by xllamacpp, which nothing else uses.

Prompts that come from several threads at once are computed together (continuous batching). A model is loaded once in
a process and stays there.
"""

from __future__ import annotations

import os
import re
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sync.engines.adaptive.gguf import Header, read_header
from sync.engines.adaptive.model import SCHEMA, End, Form, Prices, Prompt, Reply, received
from sync.engines.adaptive.options import Environment
from sync.engines.base import EngineError, JobError

_HUB_NAME = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+):(?P<file>[\w./-]+\.gguf)")
# TranslateGemma's template is known by it.
_TRANSLATES = "source_lang_code"
_CONTEXT = {"completion": 4096, "chat": 4096, "translation": 2048}
_EXAMPLE = "/models/translategemma-4b-it.Q4_K_M.gguf"
_EXTRA = "engine local needs {}: pip install 'amts[local]'"
_servers: dict[tuple[str, int, int, int], Any] = {}
_loading = threading.Lock()


@dataclass(frozen=True)
class LocalModel:
    """A GGUF file that is loaded when it is first asked.

    `context`: tokens of a prompt and its answer. `concurrency`: prompts that are computed together.
    """

    path: Path
    header: Header
    form: Form
    context: int
    concurrency: int
    threads: int
    prices: Prices | None = field(default=None, init=False)

    @property
    def identity(self) -> str:
        """The file, and how it is asked."""
        return f"{self.header.identity} {self.form}"

    @property
    def patience(self) -> float:
        """A small machine may take long."""
        return 3600.0

    def ask(self, prompt: Prompt, stop: threading.Event) -> Reply:
        """The model's answer. Raises JobError."""
        settings: dict[str, object] = {"max_tokens": prompt.answer_tokens, "temperature": 0, "top_k": 1, "seed": 1}
        if prompt.form != "chat":
            asked = {**settings, "prompt": prompt.turns[0].text, "stop": [prompt.stop]}
            return _reply(prompt, self._server.handle_completions(asked), lambda choice: choice["text"])
        asked = {
            **settings,
            "messages": [{"role": turn.role, "content": turn.text} for turn in prompt.turns],
            "response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}},
            "chat_template_kwargs": {"enable_thinking": False},
        }
        found = self._server.handle_chat_completions(asked)
        return _reply(prompt, found, lambda choice: choice["message"]["content"])

    @cached_property
    def _server(self) -> Any:
        key = (str(self.path), self.context, self.concurrency, self.threads)
        with _loading:
            if key not in _servers:
                _servers[key] = self._loaded()
            return _servers[key]

    def _loaded(self) -> Any:
        try:
            import xllamacpp
        except ModuleNotFoundError as error:
            raise EngineError(_EXTRA.format(error.name)) from None
        settings = xllamacpp.CommonParams()
        settings.model.path = str(self.path)
        settings.n_ctx = self.context * self.concurrency  # llama.cpp shares it out
        settings.n_parallel = self.concurrency
        settings.n_threads_http = self.concurrency + 2
        settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = self.threads
        settings.cache_ram_mib = 0  # no two prompts are alike for long
        settings.verbosity = 0
        # It also listens on loopback, where not everybody on the machine may ask it.
        settings.api_keys = [secrets.token_hex(32)]
        settings.ui = False
        try:
            return xllamacpp.Server(settings)
        except (RuntimeError, ValueError) as error:
            raise EngineError(
                f"cannot load the model {self.path.name} ({str(error)[:200]}): name another file, or lower the context"
            ) from None


def local_model(variables: Mapping[str, str]) -> LocalModel:
    """The model that the environment names: AMTS_LOCAL_MODEL, and how it is used.

    That is a GGUF file, or `owner/repository:file.gguf` on Hugging Face, which is downloaded. Raises EngineError.
    """
    told = Environment("local", variables)
    path = _file(told.needed("MODEL", _EXAMPLE))
    header = read_header(path)
    form = told.form(_form(header))
    most = header.context or 1_000_000
    return LocalModel(
        path,
        header,
        form,
        told.context(min(_CONTEXT[form], most), most),
        told.whole("CONCURRENCY", 4, 64),
        told.whole("THREADS", os.cpu_count() or 1, 1024),
    )


def _form(header: Header) -> Form:
    if header.template is None:
        return "completion"
    return "translation" if _TRANSLATES in header.template else "chat"


def is_here(variables: Mapping[str, str]) -> bool:
    """Whether the file is on this machine, or has yet to be downloaded. Raises EngineError."""
    name = Environment("local", variables).needed("MODEL", _EXAMPLE)
    named = _HUB_NAME.fullmatch(name)
    if Path(name).expanduser().is_file() or named is None:
        return True
    try:
        from huggingface_hub import try_to_load_from_cache
    except ModuleNotFoundError as error:
        raise EngineError(_EXTRA.format(error.name)) from None
    return isinstance(try_to_load_from_cache(named["repo"], named["file"]), str)


def _file(name: str) -> Path:
    path = Path(name).expanduser()
    if path.is_file():
        return path
    named = _HUB_NAME.fullmatch(name)
    if named is None:
        raise EngineError(
            "AMTS_LOCAL_MODEL names no file that is there: set it to a GGUF file, or to owner/repository:file.gguf"
        )
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import HfHubHTTPError
    except ModuleNotFoundError as error:
        raise EngineError(_EXTRA.format(error.name)) from None
    try:
        return Path(hf_hub_download(named["repo"], named["file"]))
    except (OSError, ValueError, HfHubHTTPError) as error:
        said = " ".join(str(error).split())[:200]
        raise EngineError(f"cannot get {name} from Hugging Face: {said}: check its name, or try again") from None


def _reply(prompt: Prompt, found: Mapping[str, Any], text: Callable[[Mapping[str, Any]], str]) -> Reply:
    if error := found.get("error"):
        if error.get("type") == "exceed_context_size_error":
            return Reply("", End.TOO_LONG)
        raise JobError(f"engine local: the model did not answer: {str(error.get('message'))[:200]}")
    choice, usage = found["choices"][0], found.get("usage", {})
    end = End.COMPLETE if choice["finish_reason"] == "stop" else End.CUT_OFF
    return received(prompt, text(choice) or "", end, usage.get("prompt_tokens"), usage.get("completion_tokens"))
