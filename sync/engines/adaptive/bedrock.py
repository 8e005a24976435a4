"""The model of the engine `bedrock`: Amazon Bedrock's `Converse`, the same for all of its models."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sync.engines.adaptive.model import (
    End,
    Form,
    NoAnswer,
    Prices,
    Prompt,
    Refusals,
    Reply,
    received,
)  # fmt: skip
from sync.engines.adaptive.options import Environment
from sync.engines.amazon.client import BEDROCK_SECONDS, BEDROCK_TRIES, Invalid, TimedOut, bedrock, explained
from sync.engines.base import JobError

# Of the service model `bedrock-runtime`, StopReason; whatever else it is, the segment has no translation.
_ENDS = {"end_turn": End.COMPLETE, "max_tokens": End.CUT_OFF, "model_context_window_exceeded": End.TOO_LONG}


@dataclass(frozen=True)
class BedrockModel:
    """A model, by its id, the id of an inference profile, or the ARN of either."""

    model: str
    context: int
    concurrency: int
    prices: Prices | None
    _refusals: Refusals = field(default_factory=Refusals, init=False, repr=False, compare=False)

    @property
    def form(self) -> Form:
        """Converse takes conversations."""
        return "chat"

    @property
    def identity(self) -> str:
        """The model's id."""
        return self.model

    @property
    def patience(self) -> float:
        """All tries, with the waits between them."""
        return 2 * BEDROCK_TRIES * BEDROCK_SECONDS

    def ask(self, prompt: Prompt, stop: threading.Event) -> Reply:
        """The model's answer. Raises JobError."""
        try:
            found = self._converse(prompt)
        except Invalid as error:
            if reply := self._refusals.reply(str(error), str(error)):
                return reply
            raise
        except TimedOut as error:
            raise NoAnswer(str(error), BEDROCK_TRIES) from None
        self._refusals.answered()
        return _reply(prompt, found)

    def _converse(self, prompt: Prompt) -> Any:
        with explained(f"ask the model {self.model[:100]}"):
            return self._client.converse(
                modelId=self.model,
                system=[{"text": turn.text} for turn in prompt.turns if turn.role == "system"],
                messages=[
                    {"role": turn.role, "content": [{"text": turn.text}]}
                    for turn in prompt.turns
                    if turn.role != "system"
                ],
                inferenceConfig={"maxTokens": prompt.answer_tokens, "temperature": 0.0},
            )

    @cached_property
    def _client(self) -> Any:
        return bedrock()


def _reply(prompt: Prompt, found: Mapping[str, Any]) -> Reply:
    reason = str(found.get("stopReason"))
    usage = found.get("usage", {})
    spent = usage.get("inputTokens"), usage.get("outputTokens")
    end = _ENDS.get(reason, End.REFUSED)
    if end is not End.COMPLETE:
        return received(prompt, reason if end is End.REFUSED else "", end, *spent)
    try:
        # A model that reasons says so in blocks of its own.
        texts = [block["text"] for block in found["output"]["message"]["content"] if "text" in block]
    except (KeyError, TypeError):
        raise JobError("Amazon: what Bedrock answers holds no message: try again later") from None
    return received(prompt, "".join(texts), end, *spent)


def bedrock_model(variables: Mapping[str, str]) -> BedrockModel:
    """The model that the environment names: AMTS_BEDROCK_MODEL, and how it is used. Raises EngineError.

    Credentials and region are found as for the engine amazon.
    """
    told = Environment("bedrock", variables)
    return BedrockModel(
        told.needed("MODEL", "the id of a model or of an inference profile"),
        told.context(16_384),
        told.whole("CONCURRENCY", 4, 64),
        told.prices(),
    )
