"""Translation engines behind one small protocol; `create` makes one from its name in the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sync.engines.base import EngineError, Handle, Job, Translator
from sync.engines.memory import DEFAULT_THRESHOLD, MemoryTranslator
from sync.engines.none import NoTranslator
from sync.memory import TranslationMemory

__all__ = ["ENGINES", "EngineError", "Handle", "Job", "Translator", "create"]

Options = Mapping[str, object]


def create(name: str, memory: TranslationMemory, options: Options) -> Translator:
    """The engine of that name. Raises EngineError naming the engines or options that are known.

    Options of `memory`: `threshold`, the least similarity (0–1) of a fuzzy match. `none` has none.
    """
    maker = ENGINES.get(name)
    if maker is None:
        raise EngineError(f"unknown engine {name[:40]!r}; known are {', '.join(ENGINES)}")
    return maker(memory, options)


def _create_memory(memory: TranslationMemory, options: Options) -> Translator:
    _check_options("memory", options, ("threshold",))
    threshold = options.get("threshold", DEFAULT_THRESHOLD)
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 < threshold <= 1:
        raise EngineError(f"engine memory: threshold must be a number above 0 and up to 1, not {threshold!r:.40}")
    return MemoryTranslator(memory, float(threshold))


def _create_none(_: TranslationMemory, options: Options) -> Translator:
    _check_options("none", options, ())
    return NoTranslator()


def _check_options(engine: str, options: Options, known: tuple[str, ...]) -> None:
    for option in options:
        if option not in known:
            allowed = f"known are {', '.join(known)}" if known else "it has none"
            raise EngineError(f"engine {engine}: unknown option {option[:40]!r}; {allowed}")


ENGINES: Mapping[str, Callable[[TranslationMemory, Options], Translator]] = {
    "memory": _create_memory,
    "none": _create_none,
}
