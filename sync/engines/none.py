"""The engine that translates nothing: only structure is carried over."""

from __future__ import annotations

from sync.engines.base import Handle, Job, dump_job, load_job
from sync.model import Translation


class NoTranslator:
    """Answers every request with no text."""

    name = "none"

    def submit(self, job: Job) -> Handle:
        """The job itself: there is nothing to wait for."""
        return dump_job(job)

    def poll(self, handle: Handle) -> dict[str, Translation]:
        """A Translation without text for every request. Raises EngineError."""
        requests = load_job(handle).requests
        return {request.id: Translation(request.id, None, "no engine") for request in requests}
