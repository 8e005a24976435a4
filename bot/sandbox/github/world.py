"""The state of the sandbox: who and what there is, who may do what, and what the App is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import RLock
from typing import Any

import bot.sandbox.github.views as views
from bot.sandbox.github.accounts import App, Kind, Permissions, Role, User
from bot.sandbox.github.credentials import AppKey, Tokens
from bot.sandbox.github.errors import ApiError, no_integration_access, not_found
from bot.sandbox.github.git import BareRepository, Signature
from bot.sandbox.github.limits import RateLimits
from bot.sandbox.github.records import Actor, Comment, Installation, Repository, Thread
from bot.sandbox.github.views import Addresses
from bot.sandbox.github.webhooks import Webhooks

PERMISSIONS = {"checks": "write", "contents": "write", "issues": "write", "metadata": "read", "pull_requests": "write"}
EVENTS = ("check_run", "issue_comment", "issues", "pull_request", "push")
_ALWAYS_SENT = ("installation", "installation_repositories", "ping")  # to every App, subscribed or not
_ACCESS = {"read": 1, "write": 2}

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Need:
    """What a request needs: of an App or a job one of the permissions, of a person a role."""

    permissions: tuple[str, ...]
    access: str  # "read" or "write"
    role: Role


class World:
    """All state but git's. `lock` guards it; git and the network are never waited for while it is held."""

    def __init__(
        self,
        folder: Path,
        at: Addresses,
        webhooks: Webhooks,
        app_id: int,
        slug: str,
        permissions: Permissions,
        events: tuple[str, ...],
    ) -> None:
        self.folder = folder
        self.at = at
        self.lock = RLock()
        self.ids = count(1001)
        self.users: dict[str, User] = {}  # by login in lower case
        self.repositories: dict[str, Repository] = {}  # by full name in lower case
        self.installations: dict[int, Installation] = {}
        self.comments: dict[int, Comment] = {}
        self.tokens = Tokens()
        self.limits = RateLimits()
        self.webhooks = webhooks
        self.key = AppKey()
        owner = self.user("amts-authors", "Organization")
        self.app = App(app_id, slug, slug.upper(), owner, self.user(f"{slug}[bot]", "Bot"), permissions, events)
        actions = {**PERMISSIONS}
        self.actions = App(
            15368, "github-actions", "GitHub Actions", owner, self.user("github-actions[bot]", "Bot"), actions, ()
        )
        self.nobody = Actor(Kind.NOBODY, User(0, "anonymous"))

    def user(self, login: str, kind: str = "User") -> User:
        """The account of a login, made where there is none."""
        with self.lock:
            if login.lower() not in self.users:
                self.users[login.lower()] = User(next(self.ids), login, kind)
            return self.users[login.lower()]

    def known_user(self, login: str) -> User:
        """The account of a login. Raises ApiError (404)."""
        with self.lock:
            if login.lower() not in self.users:
                raise not_found()
            return self.users[login.lower()]

    def add_repository(
        self, full_name: str, git: BareRepository, *, private: bool, roles: Mapping[str, Role]
    ) -> Repository:
        """Add a repository; its owner is an organisation, where the login is new."""
        owner, _, name = full_name.partition("/")
        with self.lock:
            account = self.user(owner, "Organization")
            named = {self.user(login).login: role for login, role in roles.items()}
            repository = Repository(next(self.ids), account, name, git, private, git.default_branch(), named)
            self.repositories[full_name.lower()] = repository
        return repository

    def repository(self, full_name: str) -> Repository:
        """The repository of a name, whoever asks. Raises ApiError (404)."""
        with self.lock:
            if full_name.lower() not in self.repositories:
                raise not_found()
            return self.repositories[full_name.lower()]

    def visible(self, actor: Actor, full_name: str) -> Repository:
        """The repository of a name, for who may read it. Raises ApiError (404)."""
        repository = self.repository(full_name)
        with self.lock:
            seen = not repository.private or (
                actor.holds(repository) if actor.integration else repository.role(actor.user) >= Role.READ
            )
        if not seen or actor.kind is Kind.APP:
            raise not_found()
        return repository

    def check(self, actor: Actor, repository: Repository, need: Need) -> None:
        """Raises ApiError (401, 403) where `actor`, who sees the repository, may not do what needs `need`."""
        with self.lock:
            if repository.archived and need.access == "write":
                raise ApiError(403, "Repository was archived so is read-only.")
            if actor.integration:
                public = not repository.private and need.access == "read"
                granted = max(_ACCESS.get(actor.permissions.get(name, ""), 0) for name in need.permissions)
                if not public and not (actor.holds(repository) and granted >= _ACCESS[need.access]):
                    raise no_integration_access()
            elif actor.kind is Kind.NOBODY and need.access == "write":
                raise ApiError(401, "Requires authentication")
            elif repository.role(actor.user) < need.role:
                raise ApiError(403, f"Must have {need.role.name.lower()} access to Repository.")

    def may_write(self, actor: Actor, repository: Repository) -> bool:
        """Whether `actor` may push to a repository."""
        try:
            self.check(actor, repository, Need(("contents",), "write", Role.WRITE))
        except ApiError:
            return False
        return True

    def thread(self, repository: Repository, number: int) -> Thread:
        """An issue or a pull request. Raises ApiError (404)."""
        with self.lock:
            if number not in repository.threads:
                raise not_found()
            return repository.threads[number]

    def installation(self, repository: Repository) -> Installation | None:
        """The installation of the App that holds a repository."""
        with self.lock:
            held = (one for one in self.installations.values() if repository in one.repositories)
            return next(held, None)

    def tell(self, event: str, action: str | None, repository: Repository, sender: User, **content: Any) -> None:
        """Send the App an event of a repository, if it is installed there and subscribes to it."""
        with self.lock:
            installation = self.installation(repository)
            if installation is None or installation.suspended is not None:
                return
            about = {"repository": views.repository(repository, self.at)}
            self.tell_app(event, action, sender, installation, **content, **about)

    def tell_app(
        self, event: str, action: str | None, sender: User, installation: Installation, /, **content: Any
    ) -> None:
        """Send the App an event: the action, the content, who caused it, and which installation it concerns."""
        if event not in (*_ALWAYS_SENT, *self.app.events):
            return
        payload: Payload = {"action": action} if action else {}
        payload |= content | {"sender": views.user(sender, self.at)}
        payload.setdefault("installation", {"id": installation.id, "node_id": views.node("INS", installation.id)})
        if installation.account.type == "Organization":
            payload["organization"] = views.organization(installation.account, self.at)
        self.webhooks.send(event, action, payload)


def signature(user: User) -> Signature:
    """How an account signs commits."""
    return Signature(user.login, user.email)
