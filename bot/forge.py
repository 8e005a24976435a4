"""GitHub: what the bot asks of it. The only user of PyGithub.

Every write is safe to repeat: a comment is found again by its hidden mark, a check run by its external id, a pull
request by its branch, an issue by its mark. GitHub's limits and its bad moments become `Later`, with the time to
wait; what it refuses for good becomes a ForgeError.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock
from typing import Any, TypeVar

import requests
from github import Auth, BadAttributeException, Github, GithubException, GithubIntegration
from github.CheckRun import CheckRun
from github.Issue import Issue as GithubIssue
from github.PullRequest import PullRequest as GithubPullRequest

from bot.annotations import Annotation, Check
from sync.model import AmtsError

_BATCH = 50  # annotations that GitHub takes in one request
_UNWELL = 30.0  # seconds to leave a server alone that answers with an error of its own, or not at all
_SECONDARY = 60.0  # seconds to wait at a secondary limit without `retry-after` (GitHub's guide on rate limits)
_LONGEST = 3 * 3600.0  # a reset further away than that is a mistake of somebody's clock
_LAGGING = ("no commit found", "no commits between", "already exists", "'field': 'head'", '"field": "head"')
_TIMEOUT = 30  # seconds
_PAGE = 100  # entries in one answer, the most that GitHub gives
# How PyGithub meets an answer that is cut short, or of another shape.
_MISSHAPEN = (AssertionError, AttributeError, KeyError, TypeError, ValueError)
T = TypeVar("T")
CHECK = "AMTS"


class ForgeError(AmtsError):
    """GitHub refuses something."""


class NotFound(ForgeError):
    """It is not there, or may not be seen."""


class Later(AmtsError):
    """GitHub wants to be left alone for a while, or cannot answer now; `seconds` says for how long."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


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


@dataclass(frozen=True, slots=True)
class Server:
    """Which GitHub is spoken to, and how fast: `pause` in seconds between two writes (its guide asks for 1)."""

    api: str = "https://api.github.com"
    pause: float = 1.0


class App:
    """GitHub as the App sees it."""

    def __init__(self, server: Server, app_id: int, private_key: str) -> None:
        self._server = server
        try:
            auth = Auth.AppAuth(app_id, private_key)
            auth.create_jwt()
        except Exception as error:  # whatever the library for keys says may quote the key
            raise ForgeError("the private key of the GitHub App cannot be read: give the .pem file as it is") from error
        self._app = GithubIntegration(
            auth=auth, base_url=server.api, timeout=_TIMEOUT, retry=None, seconds_between_requests=0,
            seconds_between_writes=server.pause, per_page=_PAGE, lazy=True,
        )  # fmt: skip
        self._gate = _Gate()
        self._installed: dict[int, tuple[Github, _Gate]] = {}
        self._where: dict[str, int] = {}
        self._login: str | None = None

    @property
    def login(self) -> str:
        """The login that the App acts under, `slug[bot]`."""
        if self._login is None:
            with self._gate.asking("the GitHub App"):
                self._login = f"{_known(str, self._app.get_app().slug)}[bot]"
        return self._login

    def repositories(self) -> list[str]:
        """The full names of all repositories that have installed the App, sorted."""
        with self._gate.asking("the installations of the GitHub App"):
            names: dict[str, int] = {}
            for installation in self._app.get_installations():
                if not installation.raw_data.get("suspended_at"):
                    names |= {found.full_name: installation.id for found in installation.get_repos()}
        self._where = names
        return sorted(names)

    def forge(self, repository: str) -> Forge:
        """GitHub as the App sees it in one repository. Raises NotFound where it is not installed there."""
        if repository not in self._where:
            with self._gate.asking(f"the installation in {repository}"):
                self._where[repository] = _known(int, self._app.get_repo_installation(*repository.split("/")).id)
        number = self._where[repository]
        if number not in self._installed:
            self._installed[number] = self._app.get_github_for_installation(number), _Gate()
        github, gate = self._installed[number]
        return Forge(github, repository, self.login, gate)

    def forget(self, repository: str) -> None:
        """Ask again next time whether the App is installed there."""
        self._where.pop(repository, None)


def with_token(server: Server, token: str, repository: str, login: str | None) -> Forge:
    """GitHub as the holder of a token sees it in one repository; without a `login` it is asked whose token it is."""
    github = Github(
        auth=Auth.Token(token), base_url=server.api, timeout=_TIMEOUT, retry=None, seconds_between_requests=0,
        seconds_between_writes=server.pause, per_page=_PAGE, lazy=True,
    )  # fmt: skip
    gate = _Gate()
    if login is None:
        with gate.asking("whose token it is"):
            login = _known(str, github.get_user().login)
    return Forge(github, repository, login, gate)


class Forge:
    """One repository on GitHub. Every method raises ForgeError and Later."""

    def __init__(self, github: Github, repository: str, login: str, gate: _Gate) -> None:
        self.repository = repository
        self.login = login
        self._github = github
        self._asking = gate.asking
        self._repository = github.get_repo(repository)  # nothing is asked before it is needed

    def place(self) -> Place:
        """Where it is."""
        with self._asking(self.repository):
            found = self._github.get_repo(self.repository)
            return Place(_known(str, found.default_branch), _known(bool, found.archived), _known(bool, found.private))

    def sees(self, repository: str) -> bool:
        """Whether another repository is there for whoever acts here: a public one, or one of the same installation."""
        try:
            with self._asking(repository):
                return _known(int, self._github.get_repo(repository).id) > 0
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
                return _known(str, self._repository.get_collaborator_permission(login))
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
        """Open the pull request of a branch, or find it open."""
        found = self.open_pull_request(branch, base)
        if found is not None:
            return found
        with self._asking(f"opening the pull request of {branch} in {self.repository}"), _not_yet():
            made = self._repository.create_pull(base, branch, title=title, body=body, draft=draft)
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
                Issue(_known(int, issue.number), issue.state == "open", _known(str, issue.title), issue.body or "")
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
                return Issue(_known(int, made.number), True, title, body)
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
        with self._asking(f"the check run on {head[:12]} in {self.repository}"), _not_yet():
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
        _known(int, found.number),
        _known(str, found.head.ref),
        _known(str, found.head.sha),
        _known(str, found.state) == "open",
        found.merged_at is not None,
        found.user.login if found.user else "",
        _known(str, found.title),
        found.body or "",
    )


class _Gate:
    """Lets one call through at a time, and none for as long as GitHub asks to be left alone.

    PyGithub keeps a request on its connection until the answer is read, so threads must take turns.
    """

    def __init__(self) -> None:
        self._closed_until = 0.0
        self._turn = RLock()

    @contextmanager
    def asking(self, what: str) -> Iterator[None]:
        """Turn what goes wrong into errors of ours, which quote neither tokens nor addresses."""
        left = self._closed_until - time.monotonic()
        if left > 0:
            raise Later(f"{what}: GitHub's rate limit is reached", left + _spread(1))
        try:
            with self._turn:
                yield
        except GithubException as error:
            seconds = _limited(error)
            if seconds is not None:
                self._closed_until = max(self._closed_until, time.monotonic() + seconds)
                raise Later(f"{what}: GitHub's rate limit is reached", seconds + _spread(1)) from None
            raise _error(what, error) from None
        except (requests.RequestException, BadAttributeException, *_MISSHAPEN) as error:
            raise Later(f"{what}: GitHub's answer was lost or cut short ({type(error).__name__})", _UNWELL) from None


def _known(kind: type[T], value: object) -> T:
    """A value of GitHub's answer that has to be there; PyGithub gives None for what is missing."""
    if not isinstance(value, kind):
        raise TypeError(f"no {kind.__name__}")
    return value


def _spread(seconds: float) -> float:
    """A part of so many seconds, so that many who wait do not come back at once."""
    return random.uniform(0, seconds)  # noqa: S311 - no secret


@contextmanager
def _not_yet() -> Iterator[None]:
    """Wait where GitHub does not know yet what was pushed a moment ago, or lists what it has made."""
    try:
        yield
    except GithubException as error:
        said = f"{error.data}".lower()
        if error.status == 422 and any(words in said for words in _LAGGING):
            raise Later("GitHub does not know yet what was pushed", 5.0) from None
        raise


def _error(what: str, error: GithubException) -> AmtsError:
    said = error.data.get("message") if isinstance(error.data, dict) else None
    details = _details(error.data) if isinstance(error.data, dict) else ""
    if error.status >= 500 or error.status in (0, 408):
        return Later(f"{what}: GitHub answers with {error.status}", _UNWELL + _spread(_UNWELL))
    if error.status == 401:
        return ForgeError(f"{what}: GitHub does not accept the credentials: check the App's key, or the token")
    if error.status == 404:
        return NotFound(f"{what}: GitHub has no such thing, or does not show it to AMTS: check the App's permissions")
    message = " ".join(f"{said or 'no reason'}{details}".split())[:300]
    return ForgeError(f"{what}: GitHub refuses ({error.status}): {message}")


def _details(data: dict[str, Any]) -> str:
    errors = data.get("errors")
    if not isinstance(errors, list):
        return ""
    said = [
        str(item.get("message") or item.get("code") or "") if isinstance(item, dict) else str(item) for item in errors
    ]
    return f": {'; '.join(filter(None, said))}" if any(said) else ""


def _limited(error: GithubException) -> float | None:
    """Seconds to wait where a limit was reached (docs.github.com, "Rate limits for the REST API"); None: none was."""
    if error.status not in (403, 429):
        return None
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if after := _figure(headers.get("retry-after")):
        return min(after, _LONGEST)
    if headers.get("x-ratelimit-remaining") == "0":
        reset = _figure(headers.get("x-ratelimit-reset")) or 0
        return min(max(reset - time.time(), 0.0) + 1, _LONGEST)  # it is given in whole seconds
    said = error.data.get("message") if isinstance(error.data, dict) else error.data
    return _SECONDARY if error.status == 429 or "rate limit" in str(said).lower() else None


def _figure(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdigit() else None


Connect = Callable[[str], Forge]  # a repository's full name -> GitHub in it
