"""The protocol of a translation engine. It fits one that answers at once and one that answers tomorrow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Protocol

from sync.memory import TranslationMemory
from sync.model import AmtsError, Cost, Request, Term, Translation, TranslationUnit

# What `submit` returns and `poll` takes: plain text that can be stored, and used by another process.
Handle = str


class EngineError(AmtsError):
    """An engine that is not known, wrong options for it, work over its limits, or a handle that is not its own."""


class JobError(EngineError):
    """A job that could not be done, though it was asked for rightly: trying again later may help."""


@dataclass(frozen=True)
class Knowledge:
    """What an engine may draw on: the book's own translation units (oldest first), its terminology, its name.

    `project` names the translation repository: what an engine keeps of a book outside is kept under that name.
    """

    units: tuple[TranslationUnit, ...] = ()
    terms: tuple[Term, ...] = ()
    project: str = ""

    @cached_property
    def memory(self) -> TranslationMemory:
        """The units as a translation memory."""
        return TranslationMemory(self.units)


@dataclass(frozen=True, slots=True)
class Job:
    """The segments of one or more sections that go to an engine together; the ids must be unique in it.

    `around`, by request id: the sentences of the new source before and after it, "" where there is none. They are not
    translated, but say what a pronoun stands for.
    """

    source_language: str
    target_language: str
    requests: tuple[Request, ...]
    around: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answers:
    """What became of a job.

    `translations`, by request id: one for every request that was sent to the engine, its text None where it has
    none. A request that is not in it was not sent, and its characters do not count as sent.
    `notes` are for people, about the job as a whole. `cost` is None where nothing is paid for.
    """

    translations: Mapping[str, Translation] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    cost: Cost | None = None


class Translator(Protocol):
    """A translation engine."""

    @property
    def name(self) -> str:
        """Its name in the settings."""
        ...

    @property
    def pause(self) -> float:
        """Seconds to wait before asking again for a job that runs."""
        ...

    def estimate(self, job: Job) -> Cost | None:
        """What a job would cost, without sending anything; None: nothing."""
        ...

    def submit(self, job: Job) -> Handle:
        """Takes a job in. The same job twice is safe, and paid for once. Raises EngineError, JobError."""
        ...

    def poll(self, handle: Handle) -> Answers | None:
        """What became of it, as often as one asks; None while the job runs. Raises EngineError, JobError."""
        ...

    def finish(self, handle: Handle) -> None:
        """The answers are stored: what was kept for the job outside can go. Raises JobError."""
        ...


def exceeded(dollars: float, characters: int, max_cost: float | None, max_characters: int | None) -> str | None:
    """The limit that work of so many dollars and characters is over, for people; None where it is over none."""
    if max_cost is not None and dollars > max_cost:
        return f"max_cost of ${max_cost:g}"
    if max_characters is not None and characters > max_characters:
        return f"max_characters of {max_characters:,}"
    return None


def done(translator: Translator, handle: Handle) -> int:
    """How many segments of a job an engine has worked off; 0 where it does not tell."""
    tell = getattr(translator, "done", None)
    return tell(handle) if tell is not None else 0


def outlook(translator: Translator, job: Job) -> tuple[str, ...]:
    """What an engine would have to do for a job, for people; nothing where it does not tell."""
    tell = getattr(translator, "outlook", None)
    return (tell(job),) if tell is not None else ()


def dump_job(job: Job) -> Handle:
    """A job as a handle, for engines that need no other."""
    return json.dumps(asdict(job), ensure_ascii=False, sort_keys=True)


def load_job(handle: Handle) -> Job:
    """The job of a handle made by `dump_job`. Raises EngineError."""
    try:
        return job_of(json.loads(handle))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise EngineError("not a handle of this engine: submit the job again") from None


def job_of(fields: Mapping[str, Any]) -> Job:
    """The job of its fields, as `dataclasses.asdict` gives them. ValueError, KeyError or TypeError for others."""
    return Job(
        str(fields["source_language"]),
        str(fields["target_language"]),
        tuple(_load_request(request) for request in fields["requests"]),
        {str(id): (str(before), str(after)) for id, (before, after) in fields.get("around", {}).items()},
    )


def _load_request(fields: Mapping[str, Any]) -> Request:
    previous = fields["previous"]
    if previous is not None:
        old_source, old_target = previous
        previous = (str(old_source), str(old_target))
    return Request(str(fields["id"]), str(fields["source"]), previous)
