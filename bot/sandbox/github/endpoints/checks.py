"""Check runs."""

from __future__ import annotations

import bot.sandbox.github.commit_views as commit_views
from bot.sandbox.github.calls import Answer, Call, Listing
from bot.sandbox.github.checks import CONCLUSIONS, LEVELS, MAX_ANNOTATIONS, MAX_TEXT, STATUSES, CheckChanges, newest
from bot.sandbox.github.errors import ApiError, malformed, not_found
from bot.sandbox.github.fields import Fields
from bot.sandbox.github.records import Annotation, CheckRun
from bot.sandbox.github.routing import route
from bot.sandbox.github.services import Services
from bot.sandbox.github.views import View

_RUN = "/repos/{owner}/{repo}/check-runs/{check_run_id}"
_MAX_MESSAGE = 64 * 1024  # bytes of an annotation's message or details
_MAX_TITLE = 255


class CheckEndpoints:
    """What is asked of check runs."""

    def __init__(self, services: Services) -> None:
        self._world = services.world
        self._checks = services.checks

    @route("POST /repos/{owner}/{repo}/check-runs", "checks", access="write")
    def create(self, call: Call) -> Answer:
        """Make a check run."""
        body = call.body()
        name, commit = body.text("name"), body.text("head_sha")
        run = self._checks.create(call.repository, call.actor, name, commit, _changes(body))
        return Answer(201, self._view(run, call))

    @route(f"GET {_RUN}", "checks")
    def check_run(self, call: Call) -> Answer:
        """One check run."""
        return Answer(200, self._view(self._run(call), call))

    @route(f"PATCH {_RUN}", "checks", access="write")
    def update(self, call: Call) -> Answer:
        """Change a check run."""
        run = self._run(call)
        self._checks.update(call.repository, call.actor, run, _changes(call.body()))
        return Answer(200, self._view(run, call))

    @route(f"GET {_RUN}/annotations", "checks")
    def annotations(self, call: Call) -> Listing:
        """The remarks of a check run."""
        run = self._run(call)
        return Listing(
            list(run.annotations), lambda one: commit_views.annotation(one, run, call.repository, self._world.at)
        )

    @route("GET /repos/{owner}/{repo}/commits/{ref}/check-runs", "checks")
    def for_ref(self, call: Call) -> Listing:
        """The check runs of a commit, newest first: of each App and name the newest, unless `filter` is `all`."""
        query = call.query
        if (commit := call.repository.git.commit_id(call.values["ref"])) is None:
            raise ApiError(422, f"No commit found for SHA: {call.values['ref']}")
        with self._world.lock:
            runs = [run for run in call.repository.checks.values() if run.head_sha == commit]
        if query.get("filter", "latest") == "latest":
            runs = newest(runs)
        found = [
            run
            for run in runs
            if query.get("check_name", run.name) == run.name
            and query.get("status", run.status) == run.status
            and query.get("app_id", str(run.app.id)) == str(run.app.id)
        ]
        return Listing(found[::-1], lambda one: self._view(one, call), "check_runs")

    def _run(self, call: Call) -> CheckRun:
        with self._world.lock:
            run = call.repository.checks.get(call.number("check_run_id"))
        if run is None:
            raise not_found()
        return run

    def _view(self, run: CheckRun, call: Call) -> View:
        with self._world.lock:
            return commit_views.check_run(run, call.repository, self._world.at)


def _changes(body: Fields) -> CheckChanges:
    """What a body says of a check run. Raises ApiError (422)."""
    output = body.object("output")
    title = summary = text = None
    annotations: list[Annotation] = []
    if output is not None:
        title, summary = output.optional_text("title"), output.text("summary")
        text = output.optional_text("text")
        for words in (summary, text or ""):
            if len(words) > MAX_TEXT:
                raise malformed(f"Only {MAX_TEXT} characters are allowed; {len(words)} were supplied.")
        annotations = [_annotation(fields) for fields in output.objects("annotations", MAX_ANNOTATIONS)]
    return CheckChanges(
        body.optional_text("name"),
        body.optional_text("external_id"),
        body.optional_text("details_url"),
        body.choice("status", STATUSES),
        body.choice("conclusion", CONCLUSIONS),
        body.moment("started_at"),
        body.moment("completed_at"),
        title,
        summary,
        text,
        annotations,
    )


def _annotation(fields: Fields) -> Annotation:
    level = fields.choice("annotation_level", LEVELS)
    start, end = fields.number("start_line"), fields.number("end_line")
    message, details, title = fields.text("message"), fields.optional_text("raw_details"), fields.optional_text("title")
    columns = fields.optional_number("start_column"), fields.optional_number("end_column")
    if level is None:
        raise malformed('"annotation_level" wasn\'t supplied.')
    if start < 1 or end < start:
        raise malformed(f"The lines {start} to {end} are no range.")
    if start != end and columns != (None, None):
        raise malformed("Columns need start_line and end_line to be the same.")
    if max(len(message.encode()), len((details or "").encode())) > _MAX_MESSAGE or len(title or "") > _MAX_TITLE:
        raise malformed("An annotation is too long.")
    return Annotation(fields.text("path"), start, end, level, message, title, details, *columns)
