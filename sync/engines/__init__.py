"""Translation engines behind one small protocol; `create` makes one from its name in the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sync.engines.base import Answers, EngineError, Handle, Job, JobError, Knowledge, Translator
from sync.engines.memory import DEFAULT_THRESHOLD, MemoryTranslator
from sync.engines.none import NoTranslator
from sync.engines.rehearsal import Rehearsal

__all__ = [
    "ENGINES", "Answers", "EngineError", "Handle", "Job", "JobError", "Knowledge", "Make", "Translator", "create",
    "rehearse",
]  # fmt: skip

Options = Mapping[str, object]
Make = Callable[[str, Knowledge, Options], Translator]  # `create`, `rehearse`


def create(name: str, knowledge: Knowledge, options: Options) -> Translator:
    """The engine of that name. Raises EngineError naming the engines or options that are known.

    Options of `memory`: `threshold`, the least similarity (0–1) of a fuzzy match; of `amazon`: the fields of
    `sync.engines.amazon.options.Options`. `none` has none.
    """
    maker = ENGINES.get(name)
    if maker is None:
        raise EngineError(f"unknown engine {name[:40]!r}; known are {', '.join(ENGINES)}")
    return maker(knowledge, options)


def rehearse(name: str, knowledge: Knowledge, options: Options) -> Translator:
    """The same, but an engine that is paid for sends nothing and only says what it would cost. Raises EngineError."""
    engine = create(name, knowledge, options)
    return Rehearsal(engine) if name in PAID else engine


def _create_memory(knowledge: Knowledge, options: Options) -> Translator:
    _check_options("memory", options, ("threshold",))
    threshold = options.get("threshold", DEFAULT_THRESHOLD)
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 < threshold <= 1:
        raise EngineError(f"engine memory: threshold must be a number above 0 and up to 1, not {threshold!r:.40}")
    return MemoryTranslator(knowledge.memory, float(threshold))


def _create_none(_: Knowledge, options: Options) -> Translator:
    _check_options("none", options, ())
    return NoTranslator()


def _create_amazon(knowledge: Knowledge, options: Options) -> Translator:
    # Only who uses it waits for boto3.
    from sync.engines.amazon.engine import AmazonTranslator
    from sync.engines.amazon.options import read_options

    return AmazonTranslator(knowledge, read_options(options))


def _check_options(engine: str, options: Options, known: tuple[str, ...]) -> None:
    for option in options:
        if option not in known:
            allowed = f"known are {', '.join(known)}" if known else "it has none"
            raise EngineError(f"engine {engine}: unknown option {option[:40]!r}; {allowed}")


ENGINES: Mapping[str, Callable[[Knowledge, Options], Translator]] = {
    "memory": _create_memory,
    "none": _create_none,
    "amazon": _create_amazon,
}
PAID = frozenset({"amazon"})
TAKE_TERMS = frozenset({"amazon"})
