"""One repository on GitHub: what the bot asks of it, and writes there.

Every write is safe to repeat: a comment is found again by its hidden mark, a check run by its external id, a pull
request by its branch, an issue by its mark.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from github import Github, GithubException
from github.CheckRun import CheckRun
from github.Issue import Issue as GithubIssue
from github.PullRequest import PullRequest as GithubPullRequest

from bot.annotations import Annotation, Check
from bot.gate import ForgeError, Gate, Later, NotFound, known, not_yet

__all__ = ["CHECK", "Connect", "Forge", "ForgeError", "Issue", "Later", "NotFound", "Place", "PullRequest"]

_BATCH = 50  # annotations that GitHub takes in one request
_log = logging.getLogger(__name__)
CHECK = "AMTS"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as it is now."""

    number: int
    branch: str
    head: str
    open: bool
    merged: bool
    author: str
    title: str
    body: str
    merged_at: str | None = None  # ISO 8601
    merge_commit: str | None = None


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue of the bot's."""

    number: int
    open: bool
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Place:
    """What a repository is: the branch that is its default, whether it is closed for good, and who may see it."""

    default_branch: str
    archived: bool
    private: bool


class Forge:
    """One repository on GitHub. Every method raises ForgeError and Later."""

    def __init__(self, github: Github, repository: str, login: str, gate: Gate) -> None:
        self.repository = repository
        self.login = login
        self._github = github
        self._asking = gate.asking
        self._repository = github.get_repo(repository)  # nothing is asked before it is needed

    def place(self) -> Place:
        """Where it is."""
        with self._asking(self.repository):
            found = self._github.get_repo(self.repository)
            return Place(known(str, found.default_branch), known(bool, found.archived), known(bool, found.private))

    def has(self, path: str) -> bool:
        """Whether the default branch has a file, asked without a clone."""
        try:
            with self._asking(f"{path} in {self.repository}"):
                found = self._repository.get_contents(path)
                return not isinstance(found, list) and known(str, found.sha) != ""  # a list: it is a folder
        except NotFound:
            return False

    def sees(self, repository: str) -> bool:
        """Whether another repository is there for whoever acts here: a public one, or one of the same installation."""
        try:
            with self._asking(repository):
                return known(int, self._github.get_repo(repository).id) > 0
        except NotFound:
            return False

    def token(self) -> str:
        """A token that git may use now; keep it nowhere."""
        with self._asking("a token"):
            auth = self._github.requester.auth
            return auth.token if auth is not None else ""

    def permission(self, login: str) -> str:
        """What a person may do: admin, write, read or none."""
        try:
            with self._asking(f"the permission of {login}"):
                return known(str, self._repository.get_collaborator_permission(login))
        except NotFound:
            return "none"

    def pull_request(self, number: int) -> PullRequest:
        """A pull request as it is now."""
        with self._asking(f"pull request {number} of {self.repository}"):
            return _pull_request(self._repository.get_pull(number))

    def open_pull_request(self, branch: str, base: str) -> PullRequest | None:
        """The open pull request of a branch of the repository itself into another."""
        return self._find(branch, base, "open")

    def newest_pull_request(self, branch: str, base: str) -> PullRequest | None:
        """The pull request of a branch into another that was opened last."""
        return self._find(branch, base, "all")

    def _find(self, branch: str, base: str, state: str) -> PullRequest | None:
        with self._asking(f"the pull requests of {branch} in {self.repository}"):
            head = f"{self.repository.split('/')[0]}:{branch}"
            found = self._repository.get_pulls(state=state, head=head, base=base, sort="created", direction="desc")
            same = (pull for pull in found if (pull.head.ref, pull.base.ref) == (branch, base))
            return next(map(_pull_request, same), None)

    def open(self, branch: str, base: str, title: str, body: str, draft: bool) -> PullRequest:
        """Open the pull request of a branch, or find it open; an ordinary one where there are no drafts."""
        found = self.open_pull_request(branch, base)
        if found is not None:
            return found
        with self._asking(f"opening the pull request of {branch} in {self.repository}"), not_yet():
            try:
                made = self._repository.create_pull(base, branch, title=title, body=body, draft=draft)
            except GithubException as error:  # private repositories have them with some of GitHub's plans only
                if not draft or error.status != 422 or "draft" not in f"{error.data}".lower():
                    raise
                _log.warning("%s has no draft pull requests: an ordinary one is opened", self.repository)
                made = self._repository.create_pull(base, branch, title=title, body=body, draft=False)
            return _pull_request(made)

    def edit(self, number: int, title: str, body: str) -> None:
        """Set title and text of a pull request."""
        with self._asking(f"the text of pull request {number} of {self.repository}"):
            self._repository.get_issue(number).edit(title=title, body=body)

    def label(self, number: int, labels: Sequence[str]) -> None:
        """Add labels to a pull request or issue."""
        with self._asking(f"the labels of {self.repository}#{number}"):
            self._repository.get_issue(number).add_to_labels(*labels)

    def request_reviews(self, number: int, reviewers: Sequence[str]) -> None:
        """Ask people, and teams as owner/team, to review a pull request."""
        people = [name for name in reviewers if "/" not in name]
        teams = [name.split("/")[1] for name in reviewers if "/" in name]
        with self._asking(f"reviewers of {self.repository}#{number}"):
            self._repository.get_pull(number).create_review_request(people, teams)

    def close(self, number: int) -> None:
        """Close a pull request or issue."""
        with self._asking(f"closing {self.repository}#{number}"):
            self._repository.get_issue(number).edit(state="closed")

    def comment(self, number: int, key: str, body: str) -> None:
        """Say something once: not again where a comment with the same key is there already."""
        mark = f"<!-- amts:comment {key} -->"
        with self._asking(f"a comment on {self.repository}#{number}"):
            issue = self._repository.get_issue(number)
            for comment in issue.get_comments():
                if comment.user is not None and comment.user.login == self.login and mark in (comment.body or ""):
                    if comment.body != f"{body}\n\n{mark}":
                        comment.edit(f"{body}\n\n{mark}")
                    return
            issue.create_comment(f"{body}\n\n{mark}")

    def react(self, number: int, comment: int, reaction: str) -> None:
        """React to a comment: `eyes`, `rocket`, `confused`."""
        with self._asking(f"a reaction in {self.repository}#{number}"):
            self._repository.get_issue(number).get_comment(comment).create_reaction(reaction)

    def issues(self) -> list[Issue]:
        """The bot's own issues, open or not; pull requests are none."""
        with self._asking(f"the issues of {self.repository}"):
            creator = self._github.get_user(self.login)
            return [
                Issue(known(int, issue.number), issue.state == "open", known(str, issue.title), issue.body or "")
                for issue in self._repository.get_issues(state="all", creator=creator)
                if issue.pull_request is None
            ]

    def issue(self, mark: str) -> Issue | None:
        """The bot's issue whose text begins with a mark: an open one, else the newest."""
        found = [issue for issue in self.issues() if issue.body.startswith(mark)]
        return max(found, key=lambda issue: (issue.open, issue.number), default=None)

    def open_issue(self, mark: str, title: str, body: str) -> Issue:
        """The bot's issue with a mark, with this text: made, reopened where the bot had closed it, or updated."""
        found = self.issue(mark)
        with self._asking(f"an issue in {self.repository}"):
            if found is None:
                made = self._repository.create_issue(title, body)
                return Issue(known(int, made.number), True, title, body)
            issue = self._repository.get_issue(found.number)
            if not found.open and self._closed(issue):
                issue.edit(title=title, body=body, state="open")
            elif (found.title, found.body) != (title, body):
                issue.edit(title=title, body=body)
            return Issue(found.number, issue.state == "open", title, body)

    def _closed(self, issue: GithubIssue) -> bool:
        return issue.closed_by is not None and issue.closed_by.login == self.login

    def check(self, head: str, key: str, check: Check) -> None:
        """Show a check run on a commit, with its annotations; not again where one with the same key is complete."""
        with self._asking(f"the check run on {head[:12]} in {self.repository}"), not_yet():
            runs = self._repository.get_commit(head).get_check_runs(check_name=CHECK)
            run = next((found for found in runs if found.external_id == key), None)
            if run is None:
                run = self._repository.create_check_run(CHECK, head, external_id=key, status="in_progress")
            self._complete(run, check)

    def _complete(self, run: CheckRun, check: Check) -> None:
        if run.status == "completed":
            return
        there = run.output.annotations_count or 0 if run.output else 0
        left = check.annotations[there:]  # GitHub appends what each request brings
        output: dict[str, Any] = {"title": check.title, "summary": check.summary}
        while len(left) > _BATCH:
            run.edit(output={**output, "annotations": [_annotation(found) for found in left[:_BATCH]]})
            left = left[_BATCH:]
        run.edit(
            status="completed",
            conclusion=check.conclusion,
            output={**output, "annotations": [_annotation(found) for found in left]},
        )


def _annotation(found: Annotation) -> dict[str, Any]:
    return {
        "path": found.path,
        "start_line": found.start_line,
        "end_line": found.end_line,
        "annotation_level": found.level,
        "title": found.title,
        "message": found.message,
    }


def _pull_request(found: GithubPullRequest) -> PullRequest:
    return PullRequest(
        known(int, found.number),
        known(str, found.head.ref),
        known(str, found.head.sha),
        known(str, found.state) == "open",
        found.merged_at is not None,
        found.user.login if found.user else "",
        known(str, found.title),
        found.body or "",
        found.merged_at.isoformat() if found.merged_at else None,
        found.merge_commit_sha if found.merged_at else None,
    )


Connect = Callable[[str], Forge]  # a repository's full name -> GitHub in it
