"""What happens to check runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import bot.sandbox.github.commit_views as commit_views
from bot.sandbox.github.accounts import App, now
from bot.sandbox.github.errors import ApiError, no_integration_access
from bot.sandbox.github.records import Actor, Annotation, CheckRun, Repository
from bot.sandbox.github.world import World

STATUSES = ("queued", "in_progress", "completed")
CONCLUSIONS = ("action_required", "cancelled", "failure", "neutral", "skipped", "success", "timed_out")
LEVELS = ("notice", "warning", "failure")
MAX_ANNOTATIONS = 50  # of one request
MAX_TEXT = 65_535  # characters of a summary or a text


@dataclass(frozen=True, slots=True)
class CheckChanges:
    """What a request sets; None: nothing is said of it."""

    name: str | None = None
    external_id: str | None = None
    details_url: str | None = None
    status: str | None = None
    conclusion: str | None = None
    started: datetime | None = None
    completed: datetime | None = None
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: Sequence[Annotation] = ()


class Checks:
    """Check runs on commits. Only Apps and jobs make them."""

    def __init__(self, world: World) -> None:
        self._world = world

    def create(self, repository: Repository, actor: Actor, name: str, commit: str, changes: CheckChanges) -> CheckRun:
        """Make a check run on a commit. Raises ApiError."""
        app = _app(actor)
        if repository.git.commit_id(commit) != commit:
            raise ApiError(422, f"No commit found for SHA: {commit}")
        with self._world.lock:
            run = CheckRun(next(self._world.ids), app, commit, name)
            _apply(run, changes)
            repository.checks[run.id] = run
            self._tell(run, "created", repository, actor)
        return run

    def update(self, repository: Repository, actor: Actor, run: CheckRun, changes: CheckChanges) -> None:
        """Change a check run; annotations are added to those that it has. Raises ApiError for another App's."""
        if _app(actor) is not run.app:
            rule = "check run can only be modified by the GitHub App that created it."
            raise ApiError(403, f"Invalid app_id `{_app(actor).id}` - {rule}")
        with self._world.lock:
            before = run.status
            _apply(run, changes)
            if before != "completed" and run.status == "completed":
                self._tell(run, "completed", repository, actor)

    def _tell(self, run: CheckRun, action: str, repository: Repository, actor: Actor) -> None:
        view: dict[str, Any] = commit_views.check_run(run, repository, self._world.at)
        self._world.tell("check_run", action, repository, actor.user, check_run=view)


def newest(runs: Sequence[CheckRun]) -> list[CheckRun]:
    """Of check runs in order, the last one of each App and name."""
    return list({(run.app.id, run.name): run for run in runs}.values())


def _app(actor: Actor) -> App:
    if not actor.integration:
        raise ApiError(403, "You must authenticate via a GitHub App.")
    if actor.app is None:
        raise no_integration_access()
    return actor.app


def _apply(run: CheckRun, changes: CheckChanges) -> None:
    for name in ("name", "external_id", "details_url", "title", "summary", "text", "started"):
        if (value := getattr(changes, name)) is not None:
            setattr(run, name, value)
    run.annotations += changes.annotations
    run.status = "completed" if changes.conclusion is not None else changes.status or run.status
    if run.status == "completed":
        run.conclusion = changes.conclusion or run.conclusion
        run.completed = changes.completed or run.completed or now()
    else:
        run.conclusion = run.completed = None
