"""Which engines can be used here: what is installed, set up by the environment, and reachable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

from sync.engines.adaptive import open_cache
from sync.engines.adaptive.options import Environment
from sync.engines.base import EngineError

State = Literal["ready", "not installed", "not set up", "unreachable"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How an engine stands, and what is to be known or done, on one line."""

    engine: str
    state: State
    detail: str


def survey(variables: Mapping[str, str]) -> list[Standing]:
    """Every engine of `sync.engines.ENGINES`, as the environment (such as os.environ) has it. Nothing is translated."""
    return [
        Standing("memory", "ready", "exact and fuzzy matches of the book's own translation memory"),
        Standing("none", "ready", "structure alone is carried over"),
        _standing("amazon", (), variables, "BUCKET", _amazon),
        _standing("local", ("bm25s", "xllamacpp"), variables, "MODEL", _local),
        _standing("openai", ("bm25s", "requests"), variables, "URL", _openai),
        _standing("bedrock", ("bm25s",), variables, "MODEL", _bedrock),
    ]


def _standing(
    engine: str, libraries: tuple[str, ...], variables: Mapping[str, str], what: str, look: Callable[[Environment], str]
) -> Standing:
    """`libraries` are those of its extra, `what` the variable that sets an engine up; `look` raises EngineError."""
    told = Environment(engine, variables)
    if missing := [library for library in libraries if find_spec(library) is None]:
        extra = "local" if engine == "local" else "adaptive"
        return Standing(engine, "not installed", f"it needs {', '.join(missing)}: pip install 'amts[{extra}]'")
    if not told.text(what):
        page = "amazon" if engine == "amazon" else "engines"
        return Standing(engine, "not set up", f"set {told.name(what)}; see docs/{page}.md")
    try:
        if engine != "amazon":
            open_cache(variables)
        return Standing(engine, "ready", look(told))
    except _Unreachable as error:
        return Standing(engine, "unreachable", str(error))
    except EngineError as error:
        return Standing(engine, "not set up", str(error))


class _Unreachable(EngineError):
    """It is set up, and does not answer."""


def _amazon(_: Environment) -> str:
    return f"as {_caller()}; `amts doctor` looks at bucket, role and permissions"


def _local(told: Environment) -> str:
    from sync.engines.adaptive.local import is_here, local_model

    if not is_here(told.variables):
        return f"{told.text('MODEL')} is downloaded from Hugging Face when it is first used"
    model = local_model(told.variables)
    asked = {"completion": "a base model", "chat": "an instruction model", "translation": "a translation model"}
    return (
        f"{model.header.name}: {asked[model.form]}, {model.context:,} tokens for a prompt, {model.concurrency} at once"
    )


def _openai(told: Environment) -> str:
    from sync.engines.adaptive.openai import openai_model

    model = openai_model(told.variables)
    try:
        names = model.models()
    except EngineError as error:
        raise _Unreachable(str(error)) from None
    if model.model not in names:
        known = f"it has {', '.join(names[:5])}" if names else "it names none"
        raise EngineError(
            f"the server has no model {model.model[:100]}: {known}: set {told.name('MODEL')} to one of its own"
        )
    return f"{model.model} at {model.server.url}{_price(told)}"


def _bedrock(told: Environment) -> str:
    from sync.engines.adaptive.bedrock import bedrock_model

    model = bedrock_model(told.variables)
    return f"{model.model}, as {_caller()}{_price(told)}"


def _price(told: Environment) -> str:
    prices = told.prices()
    if prices is None:
        return f"; its price is not known: {told.name('PRICES')}"
    return f"; ${prices.input:g} and ${prices.output:g} for a million tokens read and written"


def _caller() -> str:
    """Who the AWS credentials belong to."""
    from sync.engines.amazon.client import Aws, explained

    try:
        with explained("ask who the credentials belong to"):
            return str(Aws(None).sts.get_caller_identity()["Arn"])
    except EngineError as error:
        raise _Unreachable(str(error)) from None
