"""The engine that is never asked: nothing is sent anywhere, only structure is carried over."""

from __future__ import annotations

from sync.engines.base import Handle, Job, dump_job, load_job
from sync.model import Translation


class NoTranslator:
    """Answers no request."""

    name = "none"

    def submit(self, job: Job) -> Handle:
        """The job itself: there is nothing to wait for."""
        return dump_job(job)

    def poll(self, handle: Handle) -> dict[str, Translation]:
        """Nothing. Raises EngineError for the handle of another engine."""
        load_job(handle)
        return {}
