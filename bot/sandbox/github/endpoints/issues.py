"""Issues, and the labels of issues and pull requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import bot.sandbox.github.thread_views as views
from bot.sandbox.github.accounts import Role
from bot.sandbox.github.calls import Answer, Call, Listing
from bot.sandbox.github.errors import ApiError, invalid, malformed, not_found
from bot.sandbox.github.fields import Fields, parse_time
from bot.sandbox.github.records import Label, Thread
from bot.sandbox.github.routing import route
from bot.sandbox.github.services import Services
from bot.sandbox.github.views import View
from bot.sandbox.github.world import Need, World

BOTH = ("issues", "pull_requests")  # either is enough for what issues and pull requests share
_REASONS = ("completed", "not_planned", "reopened", "duplicate")
ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}"


class IssueEndpoints:
    """What is asked of issues. A pull request is an issue too."""

    def __init__(self, services: Services) -> None:
        self._world = services.world
        self._threads = services.threads
        self._pulls = services.pulls

    @route("GET /repos/{owner}/{repo}/issues", "issues")
    def issues(self, call: Call) -> Listing:
        """The issues and pull requests that fit the query, newest first if it says nothing."""
        with self._world.lock:
            found = [one for one in call.repository.threads.values() if _fits(one, call.query)]
        return Listing(in_order(found, call.query), self._view)

    @route("POST /repos/{owner}/{repo}/issues", "issues", access="write")
    def create(self, call: Call) -> Answer:
        """Open an issue. Labels of one who may not set any are dropped, as GitHub does."""
        body = call.body()
        title, text = body.text("title"), body.optional_text("body")
        labels = body.texts("labels") or []
        if not call.actor.integration and call.repository.role(call.actor.user) < Role.TRIAGE:
            labels = []
        thread = self._threads.open_issue(call.repository, call.actor, title, text, labels)
        return Answer(201, self._view(thread))

    @route(f"GET {ISSUE}", *BOTH)
    def issue(self, call: Call) -> Answer:
        """One issue."""
        return Answer(200, self._view(self._thread(call)))

    @route(f"PATCH {ISSUE}", *BOTH, access="write")
    def edit(self, call: Call) -> Answer:
        """Change an issue."""
        thread, body, user = self._thread(call), call.body(), call.actor.user
        self._threads.check_author(call.actor, thread.author, call.repository)
        state, reason = body.choice("state", ("open", "closed")), body.choice("state_reason", _REASONS)
        labels = body.texts("labels")
        self._threads.edit(thread, user, text_changes(body))
        if labels is not None:
            self._set_labels(thread, call, labels)
        if state == "closed":
            self._threads.close(thread, user, reason)
        elif state == "open" and thread.pull is not None:
            self._pulls.reopen(thread, thread.pull, user)
        elif state == "open":
            self._threads.reopen(thread, user)
        return Answer(200, self._view(thread))

    @route(f"GET {ISSUE}/labels", *BOTH)
    def labels(self, call: Call) -> Listing:
        """The labels of an issue."""
        return Listing(list(self._thread(call).labels), lambda one: self._label_view(one, call))

    @route(f"POST {ISSUE}/labels", *BOTH, access="write", role=Role.TRIAGE)
    def add_labels(self, call: Call) -> Answer:
        """Put labels on an issue; new ones are made."""
        thread = self._thread(call)
        self._threads.add_labels(thread, call.actor.user, _label_names(call))
        return Answer(200, [self._label_view(one, call) for one in thread.labels])

    @route(f"PUT {ISSUE}/labels", *BOTH, access="write", role=Role.TRIAGE)
    def set_labels(self, call: Call) -> Answer:
        """Put exactly these labels on an issue; new ones are made."""
        thread = self._thread(call)
        self._set_labels(thread, call, _label_names(call))
        return Answer(200, [self._label_view(one, call) for one in thread.labels])

    @route(f"DELETE {ISSUE}/labels/{{name}}", *BOTH, access="write", role=Role.TRIAGE)
    def remove_label(self, call: Call) -> Answer:
        """Take a label off an issue."""
        thread, name = self._thread(call), call.values["name"].lower()
        label = next((one for one in thread.labels if one.name.lower() == name), None)
        if label is None:
            raise ApiError(404, "Label does not exist")
        self._threads.remove_label(thread, call.actor.user, label)
        return Answer(200, [self._label_view(one, call) for one in thread.labels])

    @route("GET /repos/{owner}/{repo}/labels", *BOTH)
    def repository_labels(self, call: Call) -> Listing:
        """The labels of a repository."""
        with self._world.lock:
            found = list(call.repository.labels.values())
        return Listing(found, lambda one: self._label_view(one, call))

    @route("GET /repos/{owner}/{repo}/labels/{name}", *BOTH)
    def label(self, call: Call) -> Answer:
        """One label of a repository."""
        with self._world.lock:
            found = call.repository.labels.get(call.values["name"].lower())
        if found is None:
            raise not_found()
        return Answer(200, self._label_view(found, call))

    @route("POST /repos/{owner}/{repo}/labels", *BOTH, access="write", role=Role.WRITE)
    def create_label(self, call: Call) -> Answer:
        """Make a label."""
        body = call.body()
        name, color = body.text("name"), body.optional_text("color") or "ededed"
        if len(color) != 6 or not set(color.lower()) <= set("0123456789abcdef"):
            raise invalid("Label", "color")
        with self._world.lock:
            if name.lower() in call.repository.labels:
                raise invalid("Label", "name", "already_exists")
            label = self._threads.label(call.repository, name)
            label.color, label.description = color.lower(), body.optional_text("description")
        return Answer(201, self._label_view(label, call))

    def _thread(self, call: Call) -> Thread:
        thread = self._world.thread(call.repository, call.number("issue_number"))
        check_issue(call, thread, self._world)
        return thread

    def _set_labels(self, thread: Thread, call: Call, names: Sequence[str]) -> None:
        wanted = {name.lower() for name in names}
        for label in [one for one in thread.labels if one.name.lower() not in wanted]:
            self._threads.remove_label(thread, call.actor.user, label)
        self._threads.add_labels(thread, call.actor.user, names)

    def _view(self, thread: Thread) -> View:
        with self._world.lock:
            return self._threads.issue_view(thread)

    def _label_view(self, label: Label, call: Call) -> View:
        return views.label(label, call.repository, self._world.at)


def check_issue(call: Call, thread: Thread, world: World) -> None:
    """Raises ApiError (403) where an App that may work on pull requests only comes to an issue."""
    if thread.pull is None and call.actor.integration:
        access = "read" if call.request.method == "GET" else "write"
        world.check(call.actor, call.repository, Need(("issues",), access, Role.READ))


def in_order(threads: Sequence[Thread], query: Mapping[str, str]) -> list[Thread]:
    """Issues or pull requests in the order that a query asks for: newest first, if it says nothing."""
    sort = query.get("sort")

    def place(thread: Thread) -> tuple[object, int]:
        if sort == "comments":
            return len(thread.comments), thread.number
        return (thread.updated if sort == "updated" else thread.created), thread.number

    ordered = sorted(threads, key=place)
    return ordered if query.get("direction") == "asc" else ordered[::-1]


def text_changes(body: Fields) -> dict[str, str | None]:
    """The title and the body, as far as they are given."""
    changes: dict[str, str | None] = {}
    if "title" in body:
        changes["title"] = body.text("title")
    if "body" in body:
        changes["body"] = body.optional_text("body")
    return changes


def _fits(thread: Thread, query: Mapping[str, str]) -> bool:
    names = {label.name.lower() for label in thread.labels}
    wanted = {name.strip().lower() for name in query.get("labels", "").split(",") if name.strip()}
    since = query.get("since")
    return (
        query.get("state", "open") in ("all", thread.state)
        and wanted <= names
        and query.get("creator", thread.author.login).lower() == thread.author.login.lower()
        and (not since or thread.updated >= parse_time(since))
    )


def _label_names(call: Call) -> list[str]:
    """The labels in a body: a list, or an object that has one."""
    content = call.json()
    body = Fields({"labels": content}) if isinstance(content, list) else call.body()
    if (names := body.texts("labels")) is None:
        raise malformed('"labels" wasn\'t supplied.')
    return names
