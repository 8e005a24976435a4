"""What happens to issues, and to pull requests as far as they are like issues: edits, comments, labels, reactions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import bot.sandbox.github.thread_views as views
from bot.sandbox.github.accounts import App, Role, User, now
from bot.sandbox.github.errors import ApiError, invalid
from bot.sandbox.github.records import Actor, Comment, Label, Pull, Reaction, Repository, Thread
from bot.sandbox.github.views import View
from bot.sandbox.github.world import World

MAX_BODY = 65_536  # characters of a body or a comment
MAX_TITLE = 256
_MAX_LABEL = 50


class Threads:
    """Issues, and the issue in each pull request."""

    def __init__(self, world: World) -> None:
        self._world = world

    def open_issue(
        self, repository: Repository, actor: Actor, title: str, body: str | None, labels: Iterable[str]
    ) -> Thread:
        """Open an issue. Raises ApiError."""
        check_texts("Issue", title, body)
        with self._world.lock:
            thread = self.add(repository, actor, title, body)
            self.tell(thread, "opened", actor.user)
            self.add_labels(thread, actor.user, labels)
        return thread

    def add(self, repository: Repository, actor: Actor, title: str, body: str | None) -> Thread:
        """A new issue of the next number, and nobody told."""
        with self._world.lock:
            number = max(repository.threads, default=0) + 1
            by_app = actor.integration
            thread = Thread(next(self._world.ids), repository, number, title, body, actor.user, by_app)
            repository.threads[number] = thread
        return thread

    def edit(self, thread: Thread, user: User, changes: dict[str, str | None]) -> None:
        """Change `title` or `body`, as far as given. Raises ApiError."""
        check_texts(_resource(thread), changes.get("title", thread.title), changes.get("body", thread.body))
        with self._world.lock:
            before = {name: getattr(thread, name) for name, value in changes.items() if getattr(thread, name) != value}
            for name in before:
                setattr(thread, name, changes[name])
            if before:
                thread.updated = now()
        if before:
            told = {name: {"from": value or ""} for name, value in before.items()}
            self.tell(thread, "edited", user, changes=told)

    def close(self, thread: Thread, user: User, reason: str | None = None) -> None:
        """Close an issue or a pull request; closed ones stay as they are. `reason`: as the API has it."""
        with self._world.lock:
            if not thread.open:
                return
            thread.open, thread.closed_by = False, user
            thread.closed = thread.updated = now()
            thread.reason = None if thread.pull is not None else reason or "completed"
        self.tell(thread, "closed", user)

    def reopen(self, thread: Thread, user: User) -> None:
        """Reopen an issue or a pull request; open ones stay as they are."""
        with self._world.lock:
            if thread.open:
                return
            thread.open, thread.closed_by, thread.closed = True, None, None
            thread.updated = now()
            thread.reason = None if thread.pull is not None else "reopened"
        self.tell(thread, "reopened", user)

    def comment(self, thread: Thread, actor: Actor, body: str) -> Comment:
        """Write a comment. Raises ApiError."""
        check_comment(body)
        with self._world.lock:
            by_app = actor.integration
            comment = Comment(next(self._world.ids), thread, actor.user, body, by_app)
            thread.comments.append(comment)
            thread.updated = comment.created
            self._world.comments[comment.id] = comment
            self._tell_of_comment(comment, "created", actor.user)
        return comment

    def edit_comment(self, comment: Comment, user: User, body: str) -> None:
        """Change a comment. Raises ApiError."""
        check_comment(body)
        with self._world.lock:
            before, comment.body = comment.body, body
            comment.updated = comment.thread.updated = now()
            if before != body:
                self._tell_of_comment(comment, "edited", user, changes={"body": {"from": before}})

    def delete_comment(self, comment: Comment, user: User) -> None:
        """Delete a comment."""
        with self._world.lock:
            comment.thread.comments.remove(comment)
            del self._world.comments[comment.id]
            self._tell_of_comment(comment, "deleted", user)

    def react(self, comment: Comment, user: User, content: str) -> tuple[Reaction, bool]:
        """Add a reaction: it, and whether it is new. Raises ApiError."""
        if content not in views.REACTIONS:
            raise invalid("Reaction", "content")
        with self._world.lock:
            for reaction in comment.reactions:
                if reaction.author is user and reaction.content == content:
                    return reaction, False
            reaction = Reaction(next(self._world.ids), user, content)
            comment.reactions.append(reaction)
        return reaction, True

    def label(self, repository: Repository, name: str) -> Label:
        """A label of a repository, made where there is none. Raises ApiError."""
        if not name.strip() or len(name) > _MAX_LABEL:
            raise invalid("Label", "name")
        with self._world.lock:
            return repository.labels.setdefault(name.lower(), Label(next(self._world.ids), name))

    def add_labels(self, thread: Thread, user: User, names: Iterable[str]) -> None:
        """Put labels on an issue or a pull request. Raises ApiError."""
        labels = [self.label(thread.repository, name) for name in names]
        for label in labels:
            with self._world.lock:
                if label in thread.labels:
                    continue
                thread.labels.append(label)
                thread.updated = now()
                view = views.label(label, thread.repository, self._world.at)
            self.tell(thread, "labeled", user, label=view)

    def remove_label(self, thread: Thread, user: User, label: Label) -> None:
        """Take a label off an issue or a pull request."""
        with self._world.lock:
            thread.labels.remove(label)
            view = views.label(label, thread.repository, self._world.at)
        self.tell(thread, "unlabeled", user, label=view)

    def check_author(self, actor: Actor, author: User, repository: Repository) -> None:
        """Raises ApiError (403) unless `actor` wrote a text, or may change those of others."""
        with self._world.lock:
            if actor.user is not author and not actor.integration and repository.role(actor.user) < Role.WRITE:
                raise ApiError(403, "Must have push access to Repository.")

    def issue_view(self, thread: Thread) -> View:
        """An issue as the API has it. The lock is held."""
        return views.issue(thread, self._by(thread.author), self._world.at)

    def comment_view(self, comment: Comment) -> View:
        """A comment as the API has it. The lock is held."""
        return views.comment(comment, self._by(comment.author), self._world.at)

    def pull_view(self, thread: Thread) -> View:
        """A pull request as the API has it where it is asked for by itself."""
        if thread.pull is None:
            raise ValueError(f"{thread.repository.full_name}#{thread.number} is no pull request")
        merging = self.merging(thread, thread.pull)
        with self._world.lock:
            return views.full_pull_request(thread, thread.pull, merging, self._world.at)

    def merging(self, thread: Thread, pull: Pull) -> views.Merging:
        """What git says of a pull request; of one that is not open, as it was."""
        git = thread.repository.git
        with self._world.lock:
            base, head, open_now = pull.base_sha, pull.head_sha, thread.open
        if not open_now:
            return views.Merging(git.compare(base, head), None)
        tip = git.branch(pull.base) or base
        return views.Merging(git.compare(tip, head), git.mergeable(tip, head))

    def tell(self, thread: Thread, action: str, sender: User, **content: Any) -> None:
        """Send the App an event of an issue or a pull request."""
        if thread.pull is not None:
            about = {"number": thread.number, "pull_request": self.pull_view(thread)}
            self._world.tell("pull_request", action, thread.repository, sender, **about, **content)
            return
        with self._world.lock:
            self._world.tell("issues", action, thread.repository, sender, issue=self.issue_view(thread), **content)

    def _tell_of_comment(self, comment: Comment, action: str, sender: User, **content: Any) -> None:
        about = {"issue": self.issue_view(comment.thread), "comment": self.comment_view(comment)}
        self._world.tell("issue_comment", action, comment.thread.repository, sender, **about, **content)

    def _by(self, author: User) -> App:
        """The App whose bot an author is, if that is so."""
        return self._world.actions if author is self._world.actions.bot else self._world.app


def check_texts(resource: str, title: str | None, body: str | None) -> None:
    """Raises ApiError (422) for a title or a body that GitHub does not take."""
    if title is None or not title.strip():
        raise invalid(resource, "title", "missing_field")
    for name, text, most in (("title", title, MAX_TITLE), ("body", body or "", MAX_BODY)):
        if len(text) > most:
            raise invalid(resource, name, "custom", f"{name} is too long (maximum is {most} characters)")


def check_comment(body: str) -> None:
    """Raises ApiError (422) for a comment that GitHub does not take."""
    if not body.strip():
        raise invalid("IssueComment", "data", "unprocessable", "Body cannot be blank")
    if len(body) > MAX_BODY:
        raise invalid("IssueComment", "body", "custom", f"body is too long (maximum is {MAX_BODY} characters)")


def _resource(thread: Thread) -> str:
    return "Issue" if thread.pull is None else "PullRequest"
