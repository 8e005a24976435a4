"""An engine that costs money, or time, and is only asked how much: what `--dry-run` uses in its place."""

from __future__ import annotations

from sync.engines.base import Answers, Handle, Job, Translator, dump_job, load_job, outlook
from sync.model import Cost


class Rehearsal:
    """Has the name and the prices of another engine, and sends nothing."""

    pause = 0.0

    def __init__(self, engine: Translator) -> None:
        self._engine = engine

    @property
    def name(self) -> str:
        """That of the engine."""
        return self._engine.name

    def estimate(self, job: Job) -> Cost | None:
        """What the engine would take for the job."""
        return self._engine.estimate(job)

    def submit(self, job: Job) -> Handle:
        """The job itself: it goes nowhere."""
        return dump_job(job)

    def poll(self, handle: Handle) -> Answers:
        """No translation, only the price. Raises EngineError."""
        job = load_job(handle)
        cost = self.estimate(job)
        notes = [
            "dry run: nothing was sent to the engine",
            *outlook(self._engine, job),
            *(cost.remarks if cost else ()),
        ]
        return Answers(notes=tuple(notes), cost=cost)

    def finish(self, handle: Handle) -> None:
        """Nothing is kept outside."""
