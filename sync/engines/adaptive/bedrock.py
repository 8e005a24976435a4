"""The model of the engine `bedrock`: Amazon Bedrock's `Converse`, the same for all of its models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sync.engines.adaptive.model import End, Form, Prices, Prompt, Reply
from sync.engines.adaptive.options import Environment
from sync.engines.amazon.client import bedrock, explained
from sync.engines.base import JobError

# Of the service model `bedrock-runtime`, StopReason; whatever else it is, the segment has no translation.
_ENDS = {"end_turn": End.COMPLETE, "max_tokens": End.CUT_OFF}


@dataclass(frozen=True)
class BedrockModel:
    """A model, by its id, the id of an inference profile, or the ARN of either."""

    model: str
    context: int
    concurrency: int
    prices: Prices | None

    @property
    def form(self) -> Form:
        """Converse takes conversations."""
        return "chat"

    @property
    def identity(self) -> str:
        """The model's id."""
        return self.model

    def ask(self, prompt: Prompt) -> Reply:
        """The model's answer. Raises JobError."""
        with explained(f"ask the model {self.model[:100]}"):
            found = self._client.converse(
                modelId=self.model,
                system=[{"text": turn.text} for turn in prompt.turns if turn.role == "system"],
                messages=[
                    {"role": turn.role, "content": [{"text": turn.text}]}
                    for turn in prompt.turns
                    if turn.role != "system"
                ],
                inferenceConfig={"maxTokens": prompt.answer_tokens, "temperature": 0.0},
            )
        return _reply(found)

    @cached_property
    def _client(self) -> Any:
        return bedrock()


def _reply(found: Mapping[str, Any]) -> Reply:
    reason = str(found.get("stopReason"))
    usage = found.get("usage", {})
    spent = int(usage.get("inputTokens", 0)), int(usage.get("outputTokens", 0))
    end = _ENDS.get(reason, End.REFUSED)
    if end is not End.COMPLETE:
        return Reply(reason if end is End.REFUSED else "", end, *spent)
    try:
        # A model that reasons says so in blocks of its own.
        texts = [block["text"] for block in found["output"]["message"]["content"] if "text" in block]
    except (KeyError, TypeError):
        raise JobError("Amazon: what Bedrock answers holds no message: try again later") from None
    return Reply("".join(texts), end, *spent)


def bedrock_model(variables: Mapping[str, str]) -> BedrockModel:
    """The model that the environment names: AMTS_BEDROCK_MODEL, and how it is used. Raises EngineError.

    Credentials and region are found as for the engine amazon.
    """
    told = Environment("bedrock", variables)
    return BedrockModel(
        told.needed("MODEL", "the id of a model or of an inference profile"),
        told.whole("CONTEXT", 16_384, 10_000_000),
        told.whole("CONCURRENCY", 4, 64),
        told.prices(),
    )
