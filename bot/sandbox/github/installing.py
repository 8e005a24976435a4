"""What happens to installations of the App."""

from __future__ import annotations

from collections.abc import Sequence

import bot.sandbox.github.app_views as app_views
import bot.sandbox.github.views as views
from bot.sandbox.github.accounts import User, now
from bot.sandbox.github.records import Installation, Repository
from bot.sandbox.github.world import World


class Installing:
    """Installs the App on repositories, and tells it. An account has one installation."""

    def __init__(self, world: World) -> None:
        self._world = world

    def install(self, account: User, repositories: Sequence[Repository]) -> Installation:
        """Install the App on repositories of an account, or on more of them."""
        with self._world.lock:
            if (installation := self.of(account)) is None:
                installation = Installation(next(self._world.ids), self._world.app, account, list(repositories))
                self._world.installations[installation.id] = installation
                self._tell(installation, "created", repositories=_named(repositories), requester=None)
            elif added := [one for one in repositories if one not in installation.repositories]:
                installation.repositories += added
                self._tell_of_repositories(installation, "added", added, [])
        return installation

    def uninstall(self, account: User, repositories: Sequence[Repository]) -> None:
        """Take the App off repositories of an account; off the last of them, and it is deleted."""
        with self._world.lock:
            if (installation := self.of(account)) is None:
                return
            removed = [one for one in repositories if one in installation.repositories]
            left = [one for one in installation.repositories if one not in removed]
            if not left:
                del self._world.installations[installation.id]
                self._world.tokens.revoke(installation)
                self._tell(installation, "deleted", repositories=_named(installation.repositories))
            installation.repositories = left
            if left and removed:
                self._tell_of_repositories(installation, "removed", [], removed)

    def suspend(self, account: User) -> None:
        """Suspend the installation of an account: it gets no tokens and no events."""
        with self._world.lock:
            if (installation := self.of(account)) is not None and installation.suspended is None:
                installation.suspended, installation.suspended_by = now(), account
                self._world.tokens.revoke(installation)
                self._tell(installation, "suspend", repositories=_named(installation.repositories))

    def unsuspend(self, account: User) -> None:
        """End the suspension of an installation."""
        with self._world.lock:
            if (installation := self.of(account)) is not None and installation.suspended is not None:
                installation.suspended = installation.suspended_by = None
                self._tell(installation, "unsuspend", repositories=_named(installation.repositories))

    def of(self, account: User) -> Installation | None:
        """The installation on an account."""
        found = (one for one in self._world.installations.values() if one.account is account)
        return next(found, None)

    def _tell(self, installation: Installation, action: str, **content: object) -> None:
        view = app_views.installation(installation, self._world.at)
        self._world.tell_app("installation", action, installation.account, installation, installation=view, **content)

    def _tell_of_repositories(
        self, installation: Installation, action: str, added: Sequence[Repository], removed: Sequence[Repository]
    ) -> None:
        self._world.tell_app(
            "installation_repositories",
            action,
            installation.account,
            installation,
            installation=app_views.installation(installation, self._world.at),
            repository_selection="selected",
            repositories_added=_named(added),
            repositories_removed=_named(removed),
            requester=None,
        )


def _named(repositories: Sequence[Repository]) -> list[views.View]:
    return [views.short_repository(one) for one in repositories]
