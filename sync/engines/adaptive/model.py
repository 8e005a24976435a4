"""What the engines ask: a model, by prompts of one of three forms."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Literal, Protocol, get_args

# How a model is asked: a base model by text to go on with, an instruction model by its chat template, a translation
# model by the text of its own template (TranslateGemma's), which holds languages and texts and nothing else.
Form = Literal["completion", "chat", "translation"]
FORMS: tuple[Form, ...] = get_args(Form)
# Of the answer to a prompt of the form `chat`.
SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {"translation": {"type": "string"}},
    "required": ["translation"],
    "additionalProperties": False,
}
# Raise it when what is asked changes in a way that the prompt does not show, such as the settings of sampling.
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of a conversation; but for the form `chat` there is one, the text to go on with."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked: greedily (temperature 0, seed 1), for at most `answer_tokens`.

    `stop`: where an answer ends, though the model would go on.
    """

    form: Form
    turns: tuple[Turn, ...]
    answer_tokens: int
    stop: str | None = None

    def key(self, engine: str, model: str) -> str:
        """SHA-256 (hexadecimal) of everything that the answer depends on."""
        told = [_VERSION, engine, model, asdict(self)]
        return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).hexdigest()

    @property
    def characters(self) -> int:
        """Of all turns."""
        return sum(len(turn.text) for turn in self.turns)

    @property
    def tokens(self) -> int:
        """About how many tokens it takes, without the answer."""
        return sum(estimated_tokens(turn.text) + 8 for turn in self.turns)


class End(StrEnum):
    """How an answer ended."""

    COMPLETE = "complete"
    CUT_OFF = "cut off"  # at its limit
    TOO_LONG = "too long"  # the prompt: there is no answer
    REFUSED = "refused"  # by the model, a filter, or for a reason of the service; the text says why


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered, and the tokens that were read and written, as it counts them."""

    text: str
    end: End = End.COMPLETE
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for a million tokens."""

    input: float
    output: float

    def dollars(self, input_tokens: int, output_tokens: int) -> float:
        """What so many tokens cost."""
        return (input_tokens * self.input + output_tokens * self.output) / 1_000_000


class Model(Protocol):
    """A model that can be asked by several threads at once.

    `identity`: what its answers depend on beside the prompt, such as its name. `context`: tokens of prompt and answer
    together. `concurrency`: prompts at a time. `prices` None: they are not known, or there are none.
    """

    @property
    def identity(self) -> str: ...

    @property
    def form(self) -> Form: ...

    @property
    def context(self) -> int: ...

    @property
    def concurrency(self) -> int: ...

    @property
    def prices(self) -> Prices | None: ...

    def ask(self, prompt: Prompt) -> Reply:
        """The answer to a prompt. Raises JobError where it is not the prompt's fault that there is none."""
        ...


def estimated_tokens(text: str) -> int:
    """About how many tokens a text takes, rather more than fewer: vocabularies differ."""
    latin = sum(character < "\u0250" for character in text)
    return latin // 3 + (len(text) - latin) * 6 // 5 + 1
