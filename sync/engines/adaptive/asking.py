"""A model is asked, segment by segment, and what it answered is kept; what is left to ask follows from the cache."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from sync.engines.adaptive.cache import Cache
from sync.engines.adaptive.masks import is_maskable
from sync.engines.adaptive.model import End, Model, Prompt, Reply
from sync.engines.adaptive.prompt import Material, build, shortened
from sync.engines.adaptive.trust import Fault, read

_CLAIM = 900.0  # seconds after which a process of another machine that asked is taken for dead
_ASKINGS = 10  # of one segment, in which its prompt is shortened and its answer refused


@dataclass(frozen=True, slots=True)
class Found:
    """What became of a segment: its translation, or the fault that stood in the way."""

    text: str | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Asking:
    """A model that is asked in the name of an engine. `retry`: once more where an answer is refused."""

    engine: str
    model: Model
    cache: Cache
    retry: bool

    def key(self, prompt: Prompt) -> str:
        """The key of a prompt in the cache."""
        return prompt.key(self.engine, self.model.identity)

    def first(self, material: Material) -> Prompt | None:
        """What is asked for a segment if its answer is not refused; None where it is too long."""
        return build(material, self.model.form, self.model.context)

    def next(self, material: Material, usual: float | None) -> Prompt | Found:
        """What became of a segment, as far as the cache knows; or the prompt that is to be asked next.

        `usual`: see `sync.engines.adaptive.trust.read`.
        """
        if not is_maskable(material.source):
            return Found(None, "its text looks like markup that is meant for the model")
        for _ in range(_ASKINGS):
            prompt = self.first(material)
            if prompt is None:
                break
            reply = self.cache.get(self.key(prompt))
            if reply is None:
                return prompt
            if reply.end is End.TOO_LONG:
                # It counts otherwise than `build` does: the half of the examples that are more relevant stay.
                shorter = shortened(material)
                if shorter is None:
                    break
                material = shorter
                continue
            try:
                return Found(read(reply, material, self.model.form, usual))
            except Fault as fault:
                if material.fault is not None:
                    return Found(None, f"{material.fault}; asked again: {fault}")
                if not self.retry or not (self.model.form == "chat" or material.examples):
                    return Found(None, str(fault))  # a model that takes no instruction would answer the same
                material = replace(material, fault=str(fault))
        return Found(None, f"too long for the model, which takes {self.model.context:,} tokens")

    def ask(self, prompts: Mapping[str, Prompt], until: float, count: Callable[[Prompt, Reply | None], None]) -> bool:
        """Asks for prompts by their key, some at a time, until a `time.monotonic()`; whether any was asked for.

        What another process asks for at this moment is left to it. `count` is called before each request, without a
        reply, and may refuse it by a JobError; and after it. Raises JobError as soon as one prompt does.
        """
        stop = threading.Event()

        def ask_one(key: str, prompt: Prompt) -> bool:
            if stop.is_set() or time.monotonic() >= until or not self.cache.claim(key, _CLAIM):
                return False
            try:
                count(prompt, None)
                reply = self.model.ask(prompt)
                self.cache.put(key, self.engine, self.model.identity, reply)
            except BaseException:
                stop.set()  # it is no fault of this one prompt, so the others would fare no better
                self.cache.release(key)
                raise
            count(prompt, reply)
            return True

        with ThreadPoolExecutor(self.model.concurrency) as pool:
            return any([*pool.map(ask_one, prompts, prompts.values())])
