"""Translation engines behind one small protocol; `create` makes one from its name in the settings."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from sync.engines.adaptive.purse import one_purse
from sync.engines.base import Answers, EngineError, Handle, Job, JobError, Knowledge, Translator, done
from sync.engines.memory import DEFAULT_THRESHOLD, MemoryTranslator
from sync.engines.none import NoTranslator
from sync.engines.rehearsal import Rehearsal

__all__ = [
    "ENGINES", "FREE", "PAID", "TAKE_TERMS", "Answers", "EngineError", "Handle", "Job", "JobError", "Knowledge", "Make",
    "Translator", "check", "create", "done", "max_cost", "one_purse", "rehearse",
]  # fmt: skip

if TYPE_CHECKING:
    from sync.engines.adaptive.options import Options as AdaptiveOptions

Options = Mapping[str, object]
Make = Callable[[str, Knowledge, Options], Translator]  # `create`, `rehearse`
_ADAPTIVE = ("local", "openai", "bedrock")  # a model that is shown the book


def create(name: str, knowledge: Knowledge, options: Options) -> Translator:
    """The engine of that name. Raises EngineError naming the engines or options that are known.

    Options of `memory`: `threshold`, the least similarity (0–1) of a fuzzy match; of `amazon`: the fields of
    `sync.engines.amazon.options.Options`; of `local`, `openai` and `bedrock`: those of
    `sync.engines.adaptive.options.Options`, and the environment says the rest. `none` has none.
    """
    _check_name(name)
    return ENGINES[name](knowledge, options)


def check(name: str, options: Options) -> None:
    """Refuse an engine that is not known, or wrong options for it, before anything is done. Raises EngineError."""
    _check_name(name)
    _CHECKS[name](options)


def max_cost(name: str, options: Options) -> float | None:
    """The US dollars that one run may cost; None: there is no limit. Raises EngineError for wrong options."""
    if name == "amazon":
        from sync.engines.amazon.options import read_options as read_amazon

        return read_amazon(options).max_cost
    return _read_adaptive(name, options).max_cost if name in _ADAPTIVE else None


def rehearse(name: str, knowledge: Knowledge, options: Options) -> Translator:
    """The same, but one that is not free is asked for nothing and only says what it would cost. Raises EngineError."""
    engine = create(name, knowledge, options)
    return engine if name in FREE else Rehearsal(engine)


def _check_name(name: str) -> None:
    if name not in ENGINES:
        raise EngineError(f"unknown engine {name[:40]!r}; known are {', '.join(ENGINES)}")


def _create_memory(knowledge: Knowledge, options: Options) -> Translator:
    return MemoryTranslator(knowledge.memory, _threshold(options))


def _threshold(options: Options) -> float:
    _check_options("memory", options, ("threshold",))
    threshold = options.get("threshold", DEFAULT_THRESHOLD)
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 < threshold <= 1:
        raise EngineError(f"engine memory: threshold must be a number above 0 and up to 1, not {threshold!r:.40}")
    return float(threshold)


def _create_none(_: Knowledge, options: Options) -> Translator:
    _check_options("none", options, ())
    return NoTranslator()


def _create_amazon(knowledge: Knowledge, options: Options) -> Translator:
    # Only who uses it waits for boto3.
    from sync.engines.amazon.engine import AmazonTranslator
    from sync.engines.amazon.options import read_options

    return AmazonTranslator(knowledge, read_options(options))


def _create_adaptive(name: str, knowledge: Knowledge, options: Options) -> Translator:
    read = _read_adaptive(name, options)
    from sync.engines.adaptive import open_cache, open_model

    model = open_model(name, os.environ)
    try:
        from sync.engines.adaptive.engine import AdaptiveTranslator
    except ModuleNotFoundError as error:
        raise EngineError(f"engine {name} needs {error.name}: pip install 'amts[adaptive]'") from None
    return AdaptiveTranslator(name, knowledge, model, read, open_cache(os.environ))


def _read_adaptive(name: str, options: Options) -> AdaptiveOptions:
    from sync.engines.adaptive.options import read_options

    return read_options(name, options)


def _check_amazon(options: Options) -> None:
    from sync.engines.amazon.options import read_options

    read_options(options)


def _check_options(engine: str, options: Options, known: tuple[str, ...]) -> None:
    for option in options:
        if option not in known:
            allowed = f"known are {', '.join(known)}" if known else "it has none"
            raise EngineError(f"engine {engine}: unknown option {option[:40]!r}; {allowed}")


ENGINES: Mapping[str, Callable[[Knowledge, Options], Translator]] = {
    "memory": _create_memory,
    "none": _create_none,
    "amazon": _create_amazon,
    **{name: partial(_create_adaptive, name) for name in _ADAPTIVE},
}
_CHECKS: Mapping[str, Callable[[Options], object]] = {
    "memory": _threshold,
    "none": lambda options: _check_options("none", options, ()),
    "amazon": _check_amazon,
    **{name: partial(_read_adaptive, name) for name in _ADAPTIVE},
}
PAID = frozenset({"amazon", "openai", "bedrock"})  # or may be: a server may be one's own
FREE = frozenset({"memory", "none"})
TAKE_TERMS = frozenset({"amazon", *_ADAPTIVE})
