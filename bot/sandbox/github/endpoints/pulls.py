"""Pull requests."""

from __future__ import annotations

from collections.abc import Mapping

import bot.sandbox.github.commit_views as commit_views
import bot.sandbox.github.thread_views as views
from bot.sandbox.github.accounts import Role
from bot.sandbox.github.calls import Answer, Call, Listing
from bot.sandbox.github.endpoints.issues import in_order, text_changes
from bot.sandbox.github.errors import ApiError, not_found
from bot.sandbox.github.pulls import METHODS
from bot.sandbox.github.records import Pull, Repository, Thread
from bot.sandbox.github.routing import route
from bot.sandbox.github.services import Services
from bot.sandbox.github.views import View

_PULL = "/repos/{owner}/{repo}/pulls/{pull_number}"


class PullEndpoints:
    """What is asked of pull requests alone."""

    def __init__(self, services: Services) -> None:
        self._world = services.world
        self._threads = services.threads
        self._pulls = services.pulls

    @route("GET /repos/{owner}/{repo}/pulls", "pull_requests")
    def pulls(self, call: Call) -> Listing:
        """The pull requests that fit the query, newest first if it says nothing."""
        with self._world.lock:
            found = [one for one in call.repository.threads.values() if _fits(one, call.repository, call.query)]
        return Listing(in_order(found, call.query), self._short_view)

    @route("POST /repos/{owner}/{repo}/pulls", "pull_requests", access="write")
    def create(self, call: Call) -> Answer:
        """Open a pull request."""
        body = call.body()
        head, base = body.text("head"), body.text("base")
        title, text, draft = body.text("title"), body.optional_text("body"), body.flag("draft")
        thread = self._pulls.open(call.repository, call.actor, title, text, head, base, draft=draft)
        return Answer(201, self._threads.pull_view(thread))

    @route(f"GET {_PULL}", "pull_requests")
    def pull(self, call: Call) -> Answer:
        """One pull request."""
        thread, _ = self._pull(call)
        return Answer(200, self._threads.pull_view(thread))

    @route(f"PATCH {_PULL}", "pull_requests", access="write")
    def edit(self, call: Call) -> Answer:
        """Change a pull request."""
        (thread, pull), body, user = self._pull(call), call.body(), call.actor.user
        self._threads.check_author(call.actor, thread.author, call.repository)
        state, base = body.choice("state", ("open", "closed")), body.optional_text("base")
        self._threads.edit(thread, user, text_changes(body))
        if base is not None:
            self._pulls.change_base(thread, pull, user, base)
        if state == "closed":
            self._threads.close(thread, user)
        elif state == "open":
            self._pulls.reopen(thread, pull, user)
        return Answer(200, self._threads.pull_view(thread))

    @route(f"GET {_PULL}/files", "pull_requests")
    def files(self, call: Call) -> Listing:
        """The files that a pull request changes."""
        thread, pull = self._pull(call)
        found = self._threads.merging(thread, pull).comparison.files
        return Listing(found, lambda one: views.file(one, pull.head_sha, call.repository, self._world.at))

    @route(f"GET {_PULL}/commits", "pull_requests")
    def commits(self, call: Call) -> Listing:
        """The commits of a pull request, oldest first."""
        _, pull = self._pull(call)
        found = call.repository.git.commits(pull.base_sha, pull.head_sha, limit=250)
        return Listing(found, lambda one: commit_views.commit(one, call.repository, self._world.at))

    @route(f"GET {_PULL}/merge", "pull_requests")
    def is_merged(self, call: Call) -> Answer:
        """204 where a pull request is merged, else 404."""
        _, pull = self._pull(call)
        if pull.merged is None:
            raise not_found()
        return Answer(204)

    @route(f"PUT {_PULL}/merge", "contents", access="write", role=Role.WRITE)
    def merge(self, call: Call) -> Answer:
        """Merge a pull request."""
        (thread, pull), body = self._pull(call), call.body()
        method = body.choice("merge_method", METHODS) or "merge"
        commit = self._pulls.merge(thread, pull, call.actor.user, method, body.optional_text("sha"))
        return Answer(200, {"sha": commit, "merged": True, "message": "Pull Request successfully merged"})

    @route(f"POST {_PULL}/requested_reviewers", "pull_requests", access="write", role=Role.WRITE)
    def request_reviewers(self, call: Call) -> Answer:
        """Ask people for a review. The sandbox has no teams."""
        (thread, pull), body = self._pull(call), call.body()
        if body.texts("team_reviewers"):
            raise ApiError(422, "Could not resolve to a node with the global id of the team.")
        self._pulls.request_reviewers(thread, pull, call.actor.user, body.texts("reviewers") or [])
        return Answer(201, self._short_view(thread))

    def _pull(self, call: Call) -> tuple[Thread, Pull]:
        thread = self._world.thread(call.repository, call.number("pull_number"))
        if thread.pull is None:
            raise not_found()
        return thread, thread.pull

    def _short_view(self, thread: Thread) -> View:
        with self._world.lock:
            if thread.pull is None:
                raise not_found()
            return views.pull_request(thread, thread.pull, self._world.at)


def _fits(thread: Thread, home: Repository, query: Mapping[str, str]) -> bool:
    pull = thread.pull
    if pull is None or query.get("state", "open") not in ("all", thread.state):
        return False
    head = f"{home.owner.login}:{pull.head}"
    # A head without an owner is no filter, as at GitHub.
    wanted = query.get("head", "")
    return (wanted == head if ":" in wanted else True) and query.get("base", pull.base) == pull.base
