"""Comments on issues and pull requests, and reactions to them."""

from __future__ import annotations

import bot.sandbox.github.thread_views as views
from bot.sandbox.github.calls import Answer, Call, Listing
from bot.sandbox.github.endpoints.issues import BOTH, ISSUE, check_issue
from bot.sandbox.github.errors import not_found
from bot.sandbox.github.fields import parse_time
from bot.sandbox.github.records import Comment, Thread
from bot.sandbox.github.routing import route
from bot.sandbox.github.services import Services
from bot.sandbox.github.views import View

_COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment_id}"


class CommentEndpoints:
    """What is asked of comments."""

    def __init__(self, services: Services) -> None:
        self._world = services.world
        self._threads = services.threads

    @route(f"GET {ISSUE}/comments", *BOTH)
    def comments(self, call: Call) -> Listing:
        """The comments, oldest first; `since`: those that changed since."""
        thread, since = self._thread(call), call.query.get("since")
        moment = parse_time(since) if since else None
        with self._world.lock:
            found = [one for one in thread.comments if moment is None or one.updated >= moment]
        return Listing(found, self._comment_view)

    @route(f"POST {ISSUE}/comments", *BOTH, access="write")
    def create_comment(self, call: Call) -> Answer:
        """Write a comment."""
        comment = self._threads.comment(self._thread(call), call.actor, call.body().text("body"))
        return Answer(201, self._comment_view(comment))

    @route(f"GET {_COMMENT}", *BOTH)
    def comment(self, call: Call) -> Answer:
        """One comment."""
        return Answer(200, self._comment_view(self._comment(call)))

    @route(f"PATCH {_COMMENT}", *BOTH, access="write")
    def edit_comment(self, call: Call) -> Answer:
        """Change a comment."""
        comment = self._comment(call)
        self._threads.check_author(call.actor, comment.author, call.repository)
        self._threads.edit_comment(comment, call.actor.user, call.body().text("body"))
        return Answer(200, self._comment_view(comment))

    @route(f"DELETE {_COMMENT}", *BOTH, access="write")
    def delete_comment(self, call: Call) -> Answer:
        """Delete a comment."""
        comment = self._comment(call)
        self._threads.check_author(call.actor, comment.author, call.repository)
        self._threads.delete_comment(comment, call.actor.user)
        return Answer(204)

    @route(f"GET {_COMMENT}/reactions", *BOTH)
    def reactions(self, call: Call) -> Listing:
        """The reactions to a comment; `content`: of one kind."""
        comment, content = self._comment(call), call.query.get("content")
        with self._world.lock:
            found = [one for one in comment.reactions if content in (None, one.content)]
        return Listing(found, lambda one: views.reaction(one, self._world.at))

    @route(f"POST {_COMMENT}/reactions", *BOTH, access="write")
    def react(self, call: Call) -> Answer:
        """React to a comment: 200 where the same reaction is there already."""
        reaction, new = self._threads.react(self._comment(call), call.actor.user, call.body().text("content"))
        return Answer(201 if new else 200, views.reaction(reaction, self._world.at))

    @route(f"DELETE {_COMMENT}/reactions/{{reaction_id}}", *BOTH, access="write")
    def take_back(self, call: Call) -> Answer:
        """Take a reaction back."""
        comment, number = self._comment(call), call.number("reaction_id")
        with self._world.lock:
            found = next((one for one in comment.reactions if one.id == number), None)
            if found is None or found.author is not call.actor.user:
                raise not_found()
            comment.reactions.remove(found)
        return Answer(204)

    def _thread(self, call: Call) -> Thread:
        thread = self._world.thread(call.repository, call.number("issue_number"))
        check_issue(call, thread, self._world)
        return thread

    def _comment(self, call: Call) -> Comment:
        with self._world.lock:
            comment = self._world.comments.get(call.number("comment_id"))
        if comment is None or comment.thread.repository is not call.repository:
            raise not_found()
        check_issue(call, comment.thread, self._world)
        return comment

    def _comment_view(self, comment: Comment) -> View:
        with self._world.lock:
            return self._threads.comment_view(comment)
