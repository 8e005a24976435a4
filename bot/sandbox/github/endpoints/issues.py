"""Issues and what pull requests share with them: comments, reactions, labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.sandbox.github import thread_views as views
from bot.sandbox.github.calls import Answer, Call, Listing
from bot.sandbox.github.errors import ApiError, invalid, malformed, not_found
from bot.sandbox.github.fields import Fields, parse_time
from bot.sandbox.github.records import Comment, Label, Role, Thread
from bot.sandbox.github.routing import route
from bot.sandbox.github.services import Services
from bot.sandbox.github.views import View
from bot.sandbox.github.world import Need

_BOTH = ("issues", "pull_requests")  # either is enough for what issues and pull requests share
_REASONS = ("completed", "not_planned", "reopened", "duplicate")
_ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}"
_COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment_id}"


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

    @route(f"GET {_ISSUE}", *_BOTH)
    def issue(self, call: Call) -> Answer:
        """One issue."""
        return Answer(200, self._view(self._thread(call)))

    @route(f"PATCH {_ISSUE}", *_BOTH, access="write")
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

    @route(f"GET {_ISSUE}/comments", *_BOTH)
    def comments(self, call: Call) -> Listing:
        """The comments, oldest first; `since`: those that changed since."""
        thread, since = self._thread(call), call.query.get("since")
        moment = parse_time(since) if since else None
        with self._world.lock:
            found = [one for one in thread.comments if moment is None or one.updated >= moment]
        return Listing(found, self._comment_view)

    @route(f"POST {_ISSUE}/comments", *_BOTH, access="write")
    def create_comment(self, call: Call) -> Answer:
        """Write a comment."""
        comment = self._threads.comment(self._thread(call), call.actor, call.body().text("body"))
        return Answer(201, self._comment_view(comment))

    @route(f"GET {_COMMENT}", *_BOTH)
    def comment(self, call: Call) -> Answer:
        """One comment."""
        return Answer(200, self._comment_view(self._comment(call)))

    @route(f"PATCH {_COMMENT}", *_BOTH, access="write")
    def edit_comment(self, call: Call) -> Answer:
        """Change a comment."""
        comment = self._comment(call)
        self._threads.check_author(call.actor, comment.author, call.repository)
        self._threads.edit_comment(comment, call.actor.user, call.body().text("body"))
        return Answer(200, self._comment_view(comment))

    @route(f"DELETE {_COMMENT}", *_BOTH, access="write")
    def delete_comment(self, call: Call) -> Answer:
        """Delete a comment."""
        comment = self._comment(call)
        self._threads.check_author(call.actor, comment.author, call.repository)
        self._threads.delete_comment(comment, call.actor.user)
        return Answer(204)

    @route(f"GET {_COMMENT}/reactions", *_BOTH)
    def reactions(self, call: Call) -> Listing:
        """The reactions to a comment; `content`: of one kind."""
        comment, content = self._comment(call), call.query.get("content")
        with self._world.lock:
            found = [one for one in comment.reactions if content in (None, one.content)]
        return Listing(found, lambda one: views.reaction(one, self._world.at))

    @route(f"POST {_COMMENT}/reactions", *_BOTH, access="write")
    def react(self, call: Call) -> Answer:
        """React to a comment: 200 where the same reaction is there already."""
        reaction, new = self._threads.react(self._comment(call), call.actor.user, call.body().text("content"))
        return Answer(201 if new else 200, views.reaction(reaction, self._world.at))

    @route(f"DELETE {_COMMENT}/reactions/{{reaction_id}}", *_BOTH, access="write")
    def take_back(self, call: Call) -> Answer:
        """Take a reaction back."""
        comment, number = self._comment(call), call.number("reaction_id")
        with self._world.lock:
            found = next((one for one in comment.reactions if one.id == number), None)
            if found is None or found.author is not call.actor.user:
                raise not_found()
            comment.reactions.remove(found)
        return Answer(204)

    @route(f"GET {_ISSUE}/labels", *_BOTH)
    def labels(self, call: Call) -> Listing:
        """The labels of an issue."""
        return Listing(list(self._thread(call).labels), lambda one: self._label_view(one, call))

    @route(f"POST {_ISSUE}/labels", *_BOTH, access="write", role=Role.TRIAGE)
    def add_labels(self, call: Call) -> Answer:
        """Put labels on an issue; new ones are made."""
        thread = self._thread(call)
        self._threads.add_labels(thread, call.actor.user, _label_names(call))
        return Answer(200, [self._label_view(one, call) for one in thread.labels])

    @route(f"PUT {_ISSUE}/labels", *_BOTH, access="write", role=Role.TRIAGE)
    def set_labels(self, call: Call) -> Answer:
        """Put exactly these labels on an issue; new ones are made."""
        thread = self._thread(call)
        self._set_labels(thread, call, _label_names(call))
        return Answer(200, [self._label_view(one, call) for one in thread.labels])

    @route(f"DELETE {_ISSUE}/labels/{{name}}", *_BOTH, access="write", role=Role.TRIAGE)
    def remove_label(self, call: Call) -> Answer:
        """Take a label off an issue."""
        thread, name = self._thread(call), call.values["name"].lower()
        label = next((one for one in thread.labels if one.name.lower() == name), None)
        if label is None:
            raise ApiError(404, "Label does not exist")
        self._threads.remove_label(thread, call.actor.user, label)
        return Answer(200, [self._label_view(one, call) for one in thread.labels])

    @route("GET /repos/{owner}/{repo}/labels", *_BOTH)
    def repository_labels(self, call: Call) -> Listing:
        """The labels of a repository."""
        with self._world.lock:
            found = list(call.repository.labels.values())
        return Listing(found, lambda one: self._label_view(one, call))

    @route("GET /repos/{owner}/{repo}/labels/{name}", *_BOTH)
    def label(self, call: Call) -> Answer:
        """One label of a repository."""
        with self._world.lock:
            found = call.repository.labels.get(call.values["name"].lower())
        if found is None:
            raise not_found()
        return Answer(200, self._label_view(found, call))

    @route("POST /repos/{owner}/{repo}/labels", *_BOTH, access="write", role=Role.WRITE)
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
        self._check_issue(call, thread)
        return thread

    def _comment(self, call: Call) -> Comment:
        with self._world.lock:
            comment = self._world.comments.get(call.number("comment_id"))
        if comment is None or comment.thread.repository is not call.repository:
            raise not_found()
        self._check_issue(call, comment.thread)
        return comment

    def _check_issue(self, call: Call, thread: Thread) -> None:
        """Raises ApiError (403) where an App that may work on pull requests only comes to an issue."""
        if thread.pull is None and call.actor.integration:
            access = "read" if call.request.method == "GET" else "write"
            self._world.check(call.actor, call.repository, Need(("issues",), access, Role.READ))

    def _set_labels(self, thread: Thread, call: Call, names: Sequence[str]) -> None:
        wanted = {name.lower() for name in names}
        for label in [one for one in thread.labels if one.name.lower() not in wanted]:
            self._threads.remove_label(thread, call.actor.user, label)
        self._threads.add_labels(thread, call.actor.user, names)

    def _view(self, thread: Thread) -> View:
        with self._world.lock:
            return self._threads.issue_view(thread)

    def _comment_view(self, comment: Comment) -> View:
        with self._world.lock:
            return self._threads.comment_view(comment)

    def _label_view(self, label: Label, call: Call) -> View:
        return views.label(label, call.repository, self._world.at)


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
