"""The few fields of GitHub's webhooks that are used, typed and checked: JSON -> Event.

An event only says where to look: what is to be done is found by looking at the repository itself. So whatever
changes nothing that AMTS looks at is no event at all. Shapes: GitHub's documentation of webhook events and payloads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from bot.payload import EventError, Fields
from sync.ground import BRANCH

_HEADS = "refs/heads/"
_COMMAND = "/amts"


@dataclass(frozen=True, slots=True)
class Push:
    """Somebody pushed to the default branch of a repository: `branch`, which is now at the commit `after`.

    `sender` is a login, None where GitHub names nobody.
    """

    repository: str
    branch: str
    after: str
    forced: bool
    sender: str | None


@dataclass(frozen=True, slots=True)
class Comment:
    """A person wrote a comment that may hold commands. `number` is the issue's or pull request's."""

    repository: str
    number: int
    comment_id: int
    author: str
    body: str
    on_pull_request: bool


@dataclass(frozen=True, slots=True)
class PullRequestChanged:
    """Somebody else closed, reopened or pushed to a pull request whose branch is one of AMTS.

    `action` is closed, reopened or synchronize, `branch` the head's; it is in the repository itself.
    """

    repository: str
    number: int
    action: str
    branch: str
    merged: bool
    sender: str
    sender_is_bot: bool


@dataclass(frozen=True, slots=True)
class IssueEdited:
    """Somebody else edited, closed or reopened an issue that AMTS opened; `body` is its text now."""

    repository: str
    number: int
    body: str
    sender: str
    sender_is_bot: bool


@dataclass(frozen=True, slots=True)
class InstallationChanged:
    """Repositories that take part from now on, or no more. Both are empty where only permissions changed."""

    installation: int
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ping:
    """GitHub tries out the address."""


Event = Push | Comment | PullRequestChanged | IssueEdited | InstallationChanged | Ping
_KINDS: Mapping[str, type[Event]] = {
    kind.__name__: kind for kind in (Push, Comment, PullRequestChanged, IssueEdited, InstallationChanged, Ping)
}


def read_event(name: str, payload: object, own_login: str) -> Event | None:
    """The event that a webhook tells of, None where there is nothing to do. Raises EventError.

    `name` is that of the header X-GitHub-Event, `payload` the parsed JSON, `own_login` the App's, such as
    `amts[bot]`: what it did itself is no event.
    """
    reader = _READERS.get(name)
    return reader(Fields(payload, "the payload"), own_login.casefold()) if reader else None


def dump(event: Event) -> dict[str, object]:
    """An event as JSON has it; `load` reads it again."""
    values = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(event).items()}
    return {"event": type(event).__name__, **values}


def load(stored: Mapping[str, Any]) -> Event:
    """The event that `dump` was given. Raises EventError for one that this version does not know."""
    given = dict(stored)
    kind = _KINDS.get(str(given.pop("event", None)))
    if kind is None or {field.name for field in fields(kind)} != given.keys():
        raise EventError("a stored event is of another version of AMTS: look at the repository again")
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}
    return kind(**values)


@dataclass(frozen=True, slots=True)
class _Account:
    login: str
    is_bot: bool

    def is_own(self, own: str) -> bool:
        return self.login.casefold() == own


def _account(holder: Fields, key: str) -> _Account | None:
    """Who did it; None where GitHub names nobody, such as an account that was deleted."""
    if key not in holder:
        return None
    account = holder.part(key)
    login = account.login("login")
    is_bot = login.endswith("[bot]") or ("type" in account and account.word("type") == "Bot")
    return _Account(login, is_bot)


def _push(payload: Fields, own: str) -> Push | None:
    ref = payload.ref("ref")
    deleted, forced = payload.flag("deleted"), payload.flag("forced")
    after = payload.commit("after")
    repository, sender = payload.part("repository"), _account(payload, "sender")
    default = repository.branch("default_branch")
    full_name = repository.full_name()
    if deleted or ref != _HEADS + default or (sender and sender.is_own(own)):
        return None
    return Push(full_name, default, after, forced, sender.login if sender else None)


def _comment(payload: Fields, own: str) -> Comment | None:
    if payload.word("action") != "created":
        return None
    repository, issue, comment = payload.part("repository"), payload.part("issue"), payload.part("comment")
    author = _account(comment, "user")
    body = comment.body()
    found = Comment(
        repository.full_name(),
        issue.whole("number"),
        comment.whole("id"),
        author.login if author else "",
        body,
        "pull_request" in issue,
    )
    nobody = author is None or author.is_bot or author.is_own(own)
    return None if nobody or _COMMAND not in body.casefold() else found


def _pull_request(payload: Fields, own: str) -> PullRequestChanged | None:
    action = payload.word("action")
    if action not in ("closed", "reopened", "synchronize"):
        return None
    repository, request, sender = payload.part("repository"), payload.part("pull_request"), _sender(payload)
    head = request.part("head")
    found = PullRequestChanged(
        repository.full_name(),
        request.whole("number"),
        action,
        head.ref("ref"),
        "merged" in request and request.flag("merged"),
        sender.login,
        sender.is_bot,
    )
    # The repository of a head is null where a fork was deleted; a fork's branch is nothing of AMTS.
    here = "repo" in head and head.part("repo").full_name() == found.repository
    ours = found.branch == BRANCH or found.branch.startswith(f"{BRANCH}-")
    return found if here and ours and not sender.is_own(own) else None


def _issue(payload: Fields, own: str) -> IssueEdited | None:
    if payload.word("action") not in ("edited", "closed", "reopened"):
        return None
    repository, issue, sender = payload.part("repository"), payload.part("issue"), _sender(payload)
    author = _account(issue, "user")
    found = IssueEdited(repository.full_name(), issue.whole("number"), issue.body(), sender.login, sender.is_bot)
    ours = author is not None and author.is_own(own)
    return found if ours and not sender.is_own(own) else None


def _sender(payload: Fields) -> _Account:
    sender = _account(payload, "sender")
    if sender is None:
        raise EventError("sender is not an account: send what GitHub sends")
    return sender


def _installation(payload: Fields, _: str) -> InstallationChanged | None:
    action = payload.word("action")
    if action not in ("created", "unsuspend", "deleted", "suspend", "new_permissions_accepted"):
        return None
    number = payload.part("installation").whole("id")
    names = payload.full_names("repositories")
    added = names if action in ("created", "unsuspend") else ()
    removed = names if action in ("deleted", "suspend") else ()
    return InstallationChanged(number, added, removed)


def _installation_repositories(payload: Fields, _: str) -> InstallationChanged | None:
    if payload.word("action") not in ("added", "removed"):
        return None
    number = payload.part("installation").whole("id")
    return InstallationChanged(
        number, payload.full_names("repositories_added"), payload.full_names("repositories_removed")
    )


def _ping(_: Fields, own: str) -> Ping:
    return Ping()


_READERS = {
    "push": _push,
    "issue_comment": _comment,
    "pull_request": _pull_request,
    "issues": _issue,
    "installation": _installation,
    "installation_repositories": _installation_repositories,
    "ping": _ping,
}
