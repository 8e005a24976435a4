"""What a model may cost: told beforehand, set aside before each request, counted after it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sync.engines.adaptive.cache import Cache, Reserved
from sync.engines.adaptive.model import Prices, Prompt, Spent
from sync.engines.base import JobError, exceeded
from sync.model import Cost


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt for segments of so many characters, which may have to be asked so many `times` at most."""

    prompt: Prompt
    characters: int
    times: int = 1

    @property
    def estimate(self) -> Spent:
        """What asking once takes at most, by an estimate of its tokens."""
        return Spent(1, self.characters, self.prompt.tokens, self.prompt.answer_tokens)


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of an engine: US dollars, which take prices, and characters of the segments of one job."""

    engine: str
    prices: Prices | None
    max_cost: float | None
    max_characters: int | None

    def dollars(self, spent: Spent) -> float:
        """What that costs; nothing where the price is not known."""
        return self.prices.dollars(spent) if self.prices else 0.0

    def cost(self, questions: Iterable[Question]) -> Cost:
        """What asking all of them costs at most."""
        asked = list(questions)
        return Cost(
            sum(each.characters for each in asked),
            sum(each.prompt.characters * each.times for each in asked),
            sum(self.dollars(each.estimate) * each.times for each in asked),
        )

    def objection(self, cost: Cost) -> str | None:
        """Why work of that cost is refused; None where it is not."""
        limit = exceeded(cost.dollars, cost.characters, self.max_cost, self.max_characters)
        if limit is None:
            return None
        return (
            f"engine {self.engine}: {cost.characters:,} characters would cost up to ${cost.dollars:,.2f}, over the "
            f"{limit}, and nothing was sent: raise it, or draft fewer sections"
        )

    def reserve(self, cache: Cache, purse: str, run: str, question: Question) -> Reserved:
        """Sets aside what a question may cost.

        Raises JobError where that and what the runs of the purse have spent, in whichever processes, is more than
        the limit.
        """
        limit = self.max_cost

        def decide(spent: Spent, estimated: Spent, aside: Spent) -> Spent | None:
            # A model that took more tokens than were estimated will do so again.
            estimate = question.estimate
            wanted = replace(
                estimate,
                input_tokens=_scaled(estimate.input_tokens, spent.input_tokens, estimated.input_tokens),
                output_tokens=_scaled(estimate.output_tokens, spent.output_tokens, estimated.output_tokens),
            )
            return wanted if limit is None or self.dollars(spent + aside + wanted) <= limit else None

        reserved = cache.reserve(purse, run, decide)
        if reserved is None:
            raise JobError(
                f"engine {self.engine}: ${self.dollars(cache.spent_of(purse)):,.2f} were spent, and more would go over "
                f"the max_cost of ${limit:g}: what was answered is kept; raise it, and run it again"
            )
        return reserved


def _scaled(estimate: int, spent: int, estimated: int) -> int:
    return estimate if spent <= estimated or not estimated else math.ceil(estimate * spent / estimated)
