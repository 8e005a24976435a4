"""The protocol of a translation engine. It fits one that answers at once and one that answers tomorrow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from sync.model import AmtsError, Request, Translation

# What `submit` returns and `poll` takes: plain text that can be stored, and used by another process.
Handle = str


class EngineError(AmtsError):
    """An engine that is not known, wrong options for it, or a handle that is not its own."""


@dataclass(frozen=True, slots=True)
class Job:
    """The segments of one or more sections that go to an engine together; the ids must be unique in it."""

    source_language: str
    target_language: str
    requests: tuple[Request, ...]


class Translator(Protocol):
    """A translation engine."""

    @property
    def name(self) -> str:
        """Its name in the settings."""
        ...

    def submit(self, job: Job) -> Handle:
        """Takes a job in. The same job twice is safe. Raises EngineError."""
        ...

    def poll(self, handle: Handle) -> dict[str, Translation] | None:
        """What became of each request, by its id; None while the job runs. Raises EngineError.

        There is a Translation for every request that was sent to the engine, its text None where it has none.
        A request that was not sent is not in the answer, and its characters do not count as sent.
        """
        ...


def dump_job(job: Job) -> Handle:
    """A job as a handle, for engines that need no other."""
    return json.dumps(asdict(job), ensure_ascii=False, sort_keys=True)


def load_job(handle: Handle) -> Job:
    """The job of a handle made by `dump_job`. Raises EngineError."""
    try:
        fields = json.loads(handle)
        return Job(
            str(fields["source_language"]),
            str(fields["target_language"]),
            tuple(_load_request(request) for request in fields["requests"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise EngineError("not a handle of this engine: submit the job again") from None


def _load_request(fields: Mapping[str, Any]) -> Request:
    previous = fields["previous"]
    if previous is not None:
        old_source, old_target = previous
        previous = (str(old_source), str(old_target))
    return Request(str(fields["id"]), str(fields["source"]), previous)
