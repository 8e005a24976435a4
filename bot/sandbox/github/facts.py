"""What a test can see of a sandbox: plain values, which can be compared."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from bot.sandbox.github.records import CheckRun, Comment, Pull, Repository, Thread

Snapshot = dict[str, Any]


@dataclass(frozen=True, slots=True)
class IssueFacts:
    """An issue."""

    number: int
    title: str
    body: str
    state: str
    reason: str | None
    author: str
    labels: tuple[str, ...]
    closed_by: str | None


@dataclass(frozen=True, slots=True)
class PullRequestFacts:
    """A pull request; `head` and `base` are branches."""

    number: int
    title: str
    body: str
    state: str
    author: str
    labels: tuple[str, ...]
    closed_by: str | None
    head: str
    base: str
    head_sha: str
    draft: bool
    merged: bool
    merge_commit: str | None
    reviewers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommentFacts:
    """A comment."""

    id: int
    author: str
    body: str


@dataclass(frozen=True, slots=True)
class CheckFacts:
    """A check run. `annotations`: the path, first and last line, level and message of each."""

    name: str
    app: str
    head_sha: str
    external_id: str
    status: str
    conclusion: str | None
    title: str | None
    summary: str | None
    text: str | None
    annotations: tuple[tuple[str, int, int, str, str], ...]


def issue(thread: Thread) -> IssueFacts:
    """The facts of an issue."""
    return IssueFacts(
        thread.number,
        thread.title,
        thread.body or "",
        thread.state,
        thread.reason,
        thread.author.login,
        tuple(sorted(label.name for label in thread.labels)),
        thread.closed_by.login if thread.closed_by else None,
    )


def pull_request(thread: Thread, pull: Pull) -> PullRequestFacts:
    """The facts of a pull request."""
    return PullRequestFacts(
        thread.number,
        thread.title,
        thread.body or "",
        thread.state,
        thread.author.login,
        tuple(sorted(label.name for label in thread.labels)),
        thread.closed_by.login if thread.closed_by else None,
        pull.head,
        pull.base,
        pull.head_sha,
        pull.draft,
        pull.merged is not None,
        pull.merge_commit,
        tuple(reviewer.login for reviewer in pull.reviewers),
    )


def comment(record: Comment) -> CommentFacts:
    """The facts of a comment."""
    return CommentFacts(record.id, record.author.login, record.body)


def reactions(record: Comment) -> list[tuple[str, str]]:
    """Who reacted to a comment, and how, in order of names."""
    return sorted((reaction.author.login, reaction.content) for reaction in record.reactions)


def check_run(run: CheckRun) -> CheckFacts:
    """The facts of a check run."""
    remarks = tuple(
        (one.path, one.start_line, one.end_line, one.annotation_level, one.message) for one in run.annotations
    )
    return CheckFacts(
        run.name,
        run.app.slug,
        run.head_sha,
        run.external_id,
        run.status,
        run.conclusion,
        run.title,
        run.summary,
        run.text,
        remarks,
    )


def snapshot(repository: Repository, refs: dict[str, str]) -> Snapshot:
    """Everything that can be seen of a repository, without ids and times: `refs` but those of pull requests."""
    issues, pulls, comments = [], [], {}
    for thread in repository.threads.values():
        if thread.pull is None:
            issues.append(asdict(issue(thread)))
        else:
            pulls.append(asdict(pull_request(thread, thread.pull)))
        comments[thread.number] = [(one.author.login, one.body, reactions(one)) for one in thread.comments]
    return {
        "refs": {name: sha for name, sha in sorted(refs.items()) if not name.startswith("refs/pull/")},
        "issues": issues,
        "pull_requests": pulls,
        "comments": comments,
        "labels": sorted(label.name for label in repository.labels.values()),
        "check_runs": [asdict(check_run(run)) for run in repository.checks.values()],
    }
