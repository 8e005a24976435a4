"""The environment, read once: what belongs to whoever runs AMTS, and not to a translation repository.

A repository's settings may come from anyone who can commit to it; where money is spent and with whose bucket is the
operator's to say. So the environment wins, and the lower of two limits holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sync.config import Engine
from sync.engines import PAID
from sync.model import AmtsError

_AMAZON = {
    "AMTS_AMAZON_BUCKET": "bucket",
    "AMTS_AMAZON_ROLE": "role",
    "AMTS_AMAZON_PREFIX": "prefix",
    "AMTS_AMAZON_PROJECT": "project",
}
# Where the environment says one of them, a repository says none: half of each would be nobody's choice.
_OPERATORS = ("bucket", "role", "prefix", "project", "region")
# The variable that sets one of the other engines up.
_PRICES = {"openai": "AMTS_OPENAI_PRICES", "bedrock": "AMTS_BEDROCK_PRICES"}
_SET_UP = {"local": "AMTS_LOCAL_MODEL", "openai": "AMTS_OPENAI_URL", "bedrock": "AMTS_BEDROCK_MODEL"}
_MAX_COST = "AMTS_MAX_COST"
_POLL = "AMTS_AMAZON_POLL"


class SettingsError(AmtsError):
    """The environment holds something that cannot be used."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says of engines: `amazon` holds options of that one, `engines` names those it sets up.

    `unpriced` are those that may cost something, and nobody says what. `max_cost` in US dollars, for any engine;
    `poll` in seconds between two looks at a job. None: it says nothing.
    """

    amazon: Mapping[str, str]
    max_cost: float | None = None
    poll: float | None = None
    engines: frozenset[str] = frozenset()
    unpriced: frozenset[str] = frozenset()


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings of an environment, such as os.environ. Raises SettingsError."""
    amazon = {option: environment[name] for name, option in _AMAZON.items() if environment.get(name)}
    engines = {engine for engine, name in _SET_UP.items() if environment.get(name, "").strip()}
    return Settings(
        amazon,
        _number(environment, _MAX_COST, "US dollars"),
        _number(environment, _POLL, "seconds"),
        frozenset(engines | ({"amazon"} if amazon else set())),
        frozenset(engine for engine, name in _PRICES.items() if not environment.get(name, "").strip()),
    )


def with_settings(engine: Engine, settings: Settings) -> Engine:
    """An engine with what the environment says of it."""
    told = _as_operated(engine, settings) if engine.name == "amazon" else engine
    return with_limit(told, settings.max_cost) if settings.max_cost is not None and engine.name in PAID else told


def _as_operated(amazon: Engine, settings: Settings) -> Engine:
    ours = _OPERATORS if settings.amazon else ()
    options = {**{key: value for key, value in amazon.options.items() if key not in ours}, **settings.amazon}
    if settings.poll is not None:
        options["poll"] = settings.poll
    return replace(amazon, options=options)


def for_benchmark(engine: Engine, settings: Settings, given: float | None, otherwise: float) -> tuple[Engine, float]:
    """An engine with the limit of a benchmark in US dollars, as it was given, or else by default; and that limit.

    Where no price is known a limit that nobody asked for is none: it could not be held.
    """
    limit = min(value for value in (otherwise if given is None else given, settings.max_cost) if value is not None)
    is_asked_for = given is not None or engine.name not in settings.unpriced
    if engine.name in PAID and is_asked_for:
        engine = replace(engine, options={**engine.options, "max_cost": limit})
    return with_settings(engine, settings), limit


def with_limit(engine: Engine, dollars: float) -> Engine:
    """An engine that spends no more than that: the lower limit holds, at the engine's own prices."""
    options = {key: value for key, value in engine.options.items() if key != "prices"}
    return replace(engine, options={**options, "max_cost": _lower(options.get("max_cost"), dollars)})


def _lower(given: object, limit: float) -> object:
    # What is no number is left for the engine to refuse, by its name.
    if given is None:
        return limit
    return min(given, limit) if isinstance(given, int | float) and not isinstance(given, bool) else given


def _number(environment: Mapping[str, str], name: str, unit: str) -> float | None:
    text = environment.get(name, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1_000_000:  # also for nan
        raise SettingsError(f"{name} is {text[:40]!r}: set it to {unit}, such as 20")
    return value
