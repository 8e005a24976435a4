"""What the engines ask: a model, by prompts of one of three forms."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Literal, Protocol, get_args

from sync.engines.base import JobError

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
_MOST_TOKENS = 100_000_000  # of one answer: more is no count
_REFUSALS = 3  # before the first answer, that may be the fault of single prompts
_MANY = 1_000_000
_HALF = re.compile("[\ud800-\udfff]")
_TOO_LONG = re.compile(
    r"context.{0,20}(?:length|size|window)|maximum context|too many (?:input )?tokens|(?:input|prompt) is too long",
    re.IGNORECASE,
)


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
    requests: int = 1  # that it took


def received(
    prompt: Prompt, text: str, end: End, input_tokens: object = None, output_tokens: object = None, lost: int = 0
) -> Reply:
    """A reply out of what came from outside: a text that can be stored, counts that can be added up.

    What a service does not count is estimated. `lost`: how often it had been asked before, and nothing came back: that
    may have to be paid for, too.
    """
    text = _HALF.sub("\ufffd", text)  # half of a surrogate pair, which JSON can hold and no file can
    written = _counted(output_tokens) or (estimated_tokens(text) if text else 0)
    read = _counted(input_tokens) or prompt.tokens
    return Reply(text, end, read + lost * prompt.tokens, written + lost * prompt.answer_tokens, 1 + lost)


def _counted(value: object) -> int:
    return value if isinstance(value, int) and 0 < value < _MOST_TOKENS else 0


class NoAnswer(JobError):
    """A prompt that was not answered. `sent`: how often it was asked all the same, and may have to be paid for."""

    def __init__(self, message: str, sent: int) -> None:
        super().__init__(message)
        self.sent = sent


class Refusals:
    """Whether a service that refuses a prompt refuses that one alone, or has been set up wrongly and refuses all."""

    def __init__(self) -> None:
        self._left = _REFUSALS
        self._lock = threading.Lock()

    def answered(self) -> None:
        """It has answered another prompt, so it is that one's fault from now on."""
        with self._lock:
            self._left = _MANY

    def reply(self, said: str, shown: str) -> Reply | None:
        """The reply to a prompt that was refused, by what the service said; None where it refuses all.

        `shown` is what people are told of it.
        """
        if _TOO_LONG.search(said):
            return Reply("", End.TOO_LONG)
        with self._lock:
            self._left -= 1
            return Reply(shown, End.REFUSED) if self._left >= 0 else None


@dataclass(frozen=True, slots=True)
class Spent:
    """What was asked of a model: requests, characters of the segments that they are for, tokens read and written."""

    requests: int = 0
    characters: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def times(self, count: int) -> Spent:
        """The same, so many times; its characters were sent all the same, and are told with the answer."""
        return Spent(count, 0, self.input_tokens * count, self.output_tokens * count)

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.requests + other.requests,
            self.characters + other.characters,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
        )


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for a million tokens."""

    input: float
    output: float

    def dollars(self, spent: Spent) -> float:
        """What was spent."""
        return (spent.input_tokens * self.input + spent.output_tokens * self.output) / 1_000_000


class Model(Protocol):
    """A model that can be asked by several threads at once.

    `identity`: what its answers depend on beside the prompt, such as its name. `context`: tokens of prompt and answer
    together. `concurrency`: prompts at a time. `prices` None: they are not known, or there are none. `patience`:
    seconds that an answer may take, after which whoever asked is taken for dead.
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

    @property
    def patience(self) -> float: ...

    def ask(self, prompt: Prompt, stop: threading.Event) -> Reply:
        """The answer to a prompt. Raises JobError where it is not the prompt's fault that there is none.

        `stop` is set when nobody waits for it any more.
        """
        ...


def estimated_tokens(text: str) -> int:
    """About how many tokens a text takes, rather more than fewer: vocabularies differ."""
    latin = sum(character < "\u0250" for character in text)
    return latin // 3 + (len(text) - latin) * 6 // 5 + 1
