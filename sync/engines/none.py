"""The engine that is never asked: nothing is sent anywhere, only structure is carried over."""

from __future__ import annotations

from sync.engines.base import Answers, Handle, Job, dump_job, load_job


class NoTranslator:
    """Answers no request."""

    name = "none"
    pause = 0.0

    def estimate(self, job: Job) -> None:
        """Nothing is sent, and nothing paid."""

    def submit(self, job: Job) -> Handle:
        """The job itself: there is nothing to wait for."""
        return dump_job(job)

    def poll(self, handle: Handle) -> Answers:
        """Nothing. Raises EngineError for the handle of another engine."""
        load_job(handle)
        return Answers()

    def finish(self, handle: Handle) -> None:
        """Nothing is kept outside."""
