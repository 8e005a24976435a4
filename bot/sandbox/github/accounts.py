"""Accounts and Apps, what people may do, and by what kind of token a request is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, IntEnum

Permissions = Mapping[str, str]  # of an App or a job: "contents", "issues" … to "read" or "write"


class Role(IntEnum):
    """What a person may do in a repository; each role includes those before it."""

    NONE = 0
    READ = 1
    TRIAGE = 2
    WRITE = 3
    MAINTAIN = 4
    ADMIN = 5


class Kind(Enum):
    """By what kind of token a request is made."""

    NOBODY = "nobody"
    PERSON = "person"
    APP = "app"  # a JSON Web Token, signed with the App's key
    INSTALLATION = "installation"
    JOB = "job"  # the GITHUB_TOKEN of an Action


def now() -> datetime:
    """The time of the API: UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(slots=True, eq=False)
class User:
    """An account: of a person, an organisation, or a bot."""

    id: int
    login: str
    type: str = "User"
    created: datetime = field(default_factory=now)

    @property
    def email(self) -> str:
        """The address in commits: the older form of GitHub's, without the id, so that commits are always the same."""
        return f"{self.login}@users.noreply.github.com"


@dataclass(frozen=True, slots=True)
class App:
    """A GitHub App; `permissions` are what an installation grants it, `events` what it subscribes to."""

    id: int
    slug: str
    name: str
    owner: User
    bot: User
    permissions: Permissions
    events: tuple[str, ...]
    created: datetime = field(default_factory=now)
