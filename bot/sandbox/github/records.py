"""What the sandbox keeps: repositories, issues and pull requests, comments, check runs, installations.

The records can change. Who reads or changes one holds the lock of the world (`world.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock

from bot.sandbox.github.accounts import App, Kind, Permissions, Role, User, now
from bot.sandbox.github.git import BareRepository


@dataclass(slots=True, eq=False)
class Label:
    """A label of a repository."""

    id: int
    name: str
    color: str = "ededed"
    description: str | None = None


@dataclass(slots=True, eq=False)
class Reaction:
    """A reaction to a comment."""

    id: int
    author: User
    content: str
    created: datetime = field(default_factory=now)


@dataclass(slots=True, eq=False)
class Comment:
    """A comment on an issue or a pull request."""

    id: int
    thread: Thread
    author: User
    body: str
    by_app: bool
    reactions: list[Reaction] = field(default_factory=list)
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)


@dataclass(slots=True, eq=False)
class Pull:
    """What a pull request has beside what an issue has. Branches are names in the repository itself."""

    id: int
    head: str
    base: str
    head_sha: str
    base_sha: str  # as of the last push to the head, as GitHub has it
    draft: bool = False
    merged: datetime | None = None
    merged_by: User | None = None
    merge_commit: str | None = None
    reviewers: list[User] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Thread:
    """An issue; a pull request where `pull` is there."""

    id: int
    repository: Repository
    number: int
    title: str
    body: str | None
    author: User
    by_app: bool
    pull: Pull | None = None
    open: bool = True
    reason: str | None = None
    closed: datetime | None = None
    closed_by: User | None = None
    labels: list[Label] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)

    @property
    def state(self) -> str:
        """ "open" or "closed"; a merged pull request is closed."""
        return "open" if self.open else "closed"


@dataclass(frozen=True, slots=True)
class Annotation:
    """A remark of a check run on lines of a file."""

    path: str
    start_line: int
    end_line: int
    annotation_level: str
    message: str
    title: str | None = None
    raw_details: str | None = None
    start_column: int | None = None
    end_column: int | None = None


@dataclass(slots=True, eq=False)
class CheckRun:
    """A check run on a commit."""

    id: int
    app: App
    head_sha: str
    name: str
    external_id: str = ""
    details_url: str | None = None
    status: str = "queued"
    conclusion: str | None = None
    started: datetime = field(default_factory=now)
    completed: datetime | None = None
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: list[Annotation] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Repository:
    """A repository. `lock` is held by whoever changes its refs, and taken before the lock of the world."""

    id: int
    owner: User
    name: str
    git: BareRepository
    private: bool
    default_branch: str
    roles: dict[str, Role]  # by login
    threads: dict[int, Thread] = field(default_factory=dict)  # by number, in order
    labels: dict[str, Label] = field(default_factory=dict)  # by name in lower case
    checks: dict[int, CheckRun] = field(default_factory=dict)
    actions_open_pulls: bool = True  # "Allow GitHub Actions to create and approve pull requests"
    archived: bool = False  # nobody can write to it
    created: datetime = field(default_factory=now)
    pushed: datetime = field(default_factory=now)
    lock: RLock = field(default_factory=RLock)

    @property
    def full_name(self) -> str:
        """OWNER/NAME."""
        return f"{self.owner.login}/{self.name}"

    def role(self, user: User) -> Role:
        """What a person may do here."""
        if user is self.owner:
            return Role.ADMIN
        return max(self.roles.get(user.login, Role.NONE), Role.NONE if self.private else Role.READ)


@dataclass(slots=True, eq=False)
class Installation:
    """The App on one account, for some of its repositories."""

    id: int
    app: App
    account: User
    repositories: list[Repository] = field(default_factory=list)
    suspended: datetime | None = None
    suspended_by: User | None = None
    created: datetime = field(default_factory=now)


@dataclass(frozen=True, slots=True, eq=False)
class Actor:
    """Who makes a request. `user` is whom the outcome shows; `repository` is that of a job."""

    kind: Kind
    user: User
    app: App | None = None
    installation: Installation | None = None
    repository: Repository | None = None
    only: frozenset[int] | None = None  # ids of the repositories that the token was narrowed to
    permissions: Permissions = field(default_factory=dict)

    @property
    def integration(self) -> bool:
        """Whether an App's permissions count, not a person's role."""
        return self.kind in (Kind.INSTALLATION, Kind.JOB)

    def holds(self, repository: Repository) -> bool:
        """Whether the token of an App or a job is for this repository."""
        if self.installation is not None:
            held = repository in self.installation.repositories and self.installation.suspended is None
            return held and (self.only is None or repository.id in self.only)
        return self.repository is repository
