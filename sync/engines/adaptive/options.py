"""What the engines `local`, `openai` and `bedrock` are told: by a repository's settings, and by the environment.

Where a model is, which one it is and what it costs is said by the environment of whoever runs AMTS, never by a
translation repository: that may be anyone's, and must lead no bot to an address, a file or an expense of its choice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from sync.engines.adaptive.model import FORMS, Form, Prices
from sync.engines.base import EngineError
from sync.engines.reading import number, read, switch, whole


@dataclass(frozen=True, slots=True)
class Options:
    """What a repository may say.

    `examples`: translation units shown with each segment, at most. `around`: whether the sentences before and after it
    are shown. `retry`: an answer that is refused is asked for once more, with the fault named.
    """

    examples: int = 8
    around: bool = True
    retry: bool = True
    max_characters: int | None = None  # of the segments of one run
    max_cost: float | None = None  # US dollars, of one run; it takes a price


_LEAST_CONTEXT = 256
_READERS = {
    "examples": whole(0, 32),
    "around": switch,
    "retry": switch,
    "max_characters": whole(0, 10_000_000_000),
    "max_cost": number(0, 100_000),
}


def read_options(engine: str, given: Mapping[str, object]) -> Options:
    """The options of the settings. Raises EngineError naming the option and what is allowed."""
    return Options(**read(engine, given, _READERS))


@dataclass(frozen=True, slots=True)
class Environment:
    """The variables of one engine: `AMTS_OPENAI_URL` is `text("URL")` of the engine openai."""

    engine: str
    variables: Mapping[str, str]

    def name(self, what: str) -> str:
        """The name of a variable."""
        return f"AMTS_{self.engine.upper()}_{what}"

    def text(self, what: str) -> str:
        """A variable's value, "" where it is not set."""
        return self.variables.get(self.name(what), "").strip()

    def needed(self, what: str, example: str) -> str:
        """A variable that must be set. Raises EngineError."""
        if found := self.text(what):
            return found
        raise EngineError(f"engine {self.engine} is not set up: set {self.name(what)}, such as {example}")

    def context(self, default: int, most: int = 10_000_000) -> int:
        """The tokens of a prompt and its answer: at least what one sentence takes. Raises EngineError."""
        found = self.whole("CONTEXT", default, most)
        if found < _LEAST_CONTEXT:
            raise EngineError(f"{self.name('CONTEXT')} is {found}: set it to {_LEAST_CONTEXT} tokens or more")
        return found

    def whole(self, what: str, default: int, most: int) -> int:
        """A whole number from 1. Raises EngineError."""
        text = self.text(what) or str(default)
        if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
            raise EngineError(f"{self.name(what)} is {text[:40]!r}: set it to a whole number from 1 to {most:,}")
        return int(text)

    def form(self, default: Form) -> Form:
        """How the model is asked. Raises EngineError."""
        text = self.text("FORM") or default
        for form in FORMS:
            if text == form:
                return form
        raise EngineError(f"{self.name('FORM')} is {text[:40]!r}: set it to one of {', '.join(FORMS)}")

    def prices(self) -> Prices | None:
        """US dollars for a million tokens, read and written. Raises EngineError."""
        text = self.text("PRICES")
        if not text:
            return None
        try:
            ours, theirs = (float(part) for part in text.replace(",", " ").split())
        except ValueError:
            ours = theirs = math.nan
        if not (0 <= ours < 100_000 and 0 <= theirs < 100_000):  # also for nan
            raise EngineError(
                f"{self.name('PRICES')} is {text[:40]!r}: set it to the dollars for a million tokens read, "
                "and written, such as '0.25 2'"
            )
        return Prices(ours, theirs)
