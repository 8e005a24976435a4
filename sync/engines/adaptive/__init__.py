"""Engines that are shown the book's most relevant sentence pairs with each request: `local`, `openai`, `bedrock`.

`engine` is the way through, the same for all of them; `local`, `openai` and `bedrock` are the models that it asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from sync.engines.adaptive.cache import Cache, cache_path
from sync.engines.adaptive.model import Model
from sync.engines.base import EngineError


def open_model(engine: str, variables: Mapping[str, str]) -> Model:
    """The model of an engine, as the environment names it. Raises EngineError."""
    # Only who uses one waits for its library.
    match engine:
        case "local":
            from sync.engines.adaptive.local import local_model

            return local_model(variables)
        case "openai":
            try:
                from sync.engines.adaptive.openai import openai_model
            except ModuleNotFoundError as error:
                raise EngineError(f"engine openai needs {error.name}: pip install 'amts[adaptive]'") from None
            return openai_model(variables)
        case "bedrock":
            from sync.engines.adaptive.bedrock import bedrock_model

            return bedrock_model(variables)
    raise EngineError(f"engine {engine[:40]!r} asks no model")


def open_cache(variables: Mapping[str, str]) -> Cache:
    """The answers that are kept; the same for all engines of a process. Raises EngineError."""
    return _opened(cache_path(variables))


@lru_cache
def _opened(path: Path) -> Cache:
    return Cache(path)
