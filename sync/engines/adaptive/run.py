"""A job at work in this process."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from sync.engines.adaptive.asking import Found
from sync.engines.adaptive.model import Reply
from sync.engines.adaptive.prompt import Material
from sync.engines.base import Job
from sync.model import Translation


@dataclass(frozen=True, slots=True)
class Spent:
    """What was asked of a model, in tokens as it counts them."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def and_for(self, reply: Reply) -> Spent:
        """With one reply more."""
        return Spent(
            self.requests + 1, self.input_tokens + reply.input_tokens, self.output_tokens + reply.output_tokens
        )


@dataclass
class Run:
    """A job on which this process works: its segments, what became of some, and what was spent here."""

    job: Job
    known: Mapping[str, Translation]
    materials: Mapping[str, Material]
    found: dict[str, Found] = field(default_factory=dict)
    spent: Spent = field(default_factory=Spent)
    lock: threading.Lock = field(default_factory=threading.Lock)
