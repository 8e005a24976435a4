"""What is to be asked of a model for a segment, and what became of it: that follows from what it has answered."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace

from sync.engines.adaptive.budget import Question
from sync.engines.adaptive.cache import Cache
from sync.engines.adaptive.masks import is_maskable
from sync.engines.adaptive.model import End, Model, Prompt, Reply
from sync.engines.adaptive.prompt import Material, build, shortened
from sync.engines.adaptive.trust import Fault, read

_ASKINGS = 10  # of one segment, in which its prompt is shortened and its answer refused
# What a model answers stays as it is; what its service refuses may be answered tomorrow, or by another of its settings.
_LASTING = (End.COMPLETE, End.CUT_OFF)


@dataclass(frozen=True, slots=True)
class Found:
    """What became of a segment: its translation, or the fault that stood in the way."""

    text: str | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Asking:
    """A model that is asked in the name of an engine. `retry`: once more where an answer is refused.

    `places`: to be taken while it is asked.
    """

    engine: str
    model: Model
    cache: Cache
    retry: bool
    places: threading.Semaphore
    _passing: dict[str, Reply] = field(default_factory=dict)

    def key(self, prompt: Prompt) -> str:
        """The key of a prompt in the cache."""
        return prompt.key(self.engine, self.model.identity)

    def reply(self, key: str) -> Reply | None:
        """What was answered to a prompt."""
        found = self._passing.get(key) or self.cache.get(key)
        return found if found is None or found.end in _LASTING or key in self._passing else None

    def keep(self, key: str, reply: Reply) -> None:
        """Keeps an answer: for good, or as long as this process lives."""
        if reply.end in _LASTING:
            self.cache.put(key, self.engine, self.model.identity, reply)
        else:
            self._passing[key] = reply

    def next(self, material: Material, usual: float | None) -> Question | Found:
        """What became of a segment, as far as is known; or what is to be asked next.

        `usual`: see `sync.engines.adaptive.trust.read`.
        """
        if not is_maskable(material.source):
            return Found(None, "its text looks like markup that is meant for the model")
        is_first = True
        for _ in range(_ASKINGS):
            prompt = build(material, self.model.form, self.model.context)
            if prompt is None:
                break
            reply = self.reply(self.key(prompt))
            if reply is None:
                # Its characters are sent once, however often it is asked for.
                characters = len(material.source) if is_first else 0
                return Question(
                    prompt, characters, 2 if material.fault is None and self._may_ask_again(material) else 1
                )
            is_first = False
            if reply.end is End.TOO_LONG:
                # It counts otherwise than `build` does: the half of the examples that are more relevant stay.
                shorter = shortened(material)
                if shorter is None:
                    break
                material = shorter
                continue
            text, fault = self._read(reply, material, usual)
            if text is not None:
                return Found(text)
            if material.fault is not None:
                return Found(None, f"{material.fault}; asked again: {fault}")
            if not self._may_ask_again(material):
                return Found(None, fault)
            material = replace(material, fault=fault)
        return Found(None, f"too long for the model, which takes {self.model.context:,} tokens")

    def _read(self, reply: Reply, material: Material, usual: float | None) -> tuple[str | None, str]:
        """The translation, or else what is wrong with the answer."""
        if "\ufffd" in reply.text and "\ufffd" not in material.source:
            return None, "the answer holds half of a character"
        try:
            return read(reply, material, self.model.form, usual), ""
        except Fault as fault:
            return None, str(fault).encode("utf-8", "replace").decode()  # JSON in it may hold such halves, too

    def _may_ask_again(self, material: Material) -> bool:
        # A model that takes no instruction, and is shown nothing, would answer the same.
        return self.retry and (self.model.form == "chat" or bool(material.examples))
