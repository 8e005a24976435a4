"""The stand-in for GitHub, used by PyGithub and git; every answer and webhook is read with GitHub's own models."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from github import Auth, Github, GithubException, GithubIntegration
from github.Repository import Repository
from githubkit.webhooks import parse
from githubkit_schemas.latest import models
from pydantic import TypeAdapter

from bot.sandbox.github import ApiError, GitHubSandbox, When
from bot.sandbox.github.processes import GitError

BOOK, OTHER, HIDDEN = "book/zh", "book/es", "book/secret"
NONE = "0" * 40
PERSON = ("-c", "user.name=Test", "-c", "user.email=test@example.org")

_ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}"
_COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment_id}"
_PULL = "/repos/{owner}/{repo}/pulls/{pull_number}"
_RUN = "/repos/{owner}/{repo}/check-runs/{check_run_id}"
# What GitHub's API description says that each endpoint answers; None: nothing.
MODELS: dict[str, Any] = {
    "GET /app": models.Integration,
    "GET /app/installations": list[models.Installation],
    "GET /app/installations/{installation_id}": models.Installation,
    "POST /app/installations/{installation_id}/access_tokens": models.InstallationToken,
    "GET /installation/repositories": models.InstallationRepositoriesGetResponse200,
    "GET /app/hook/deliveries": list[models.HookDeliveryItem],
    "GET /app/hook/deliveries/{delivery_id}": models.HookDelivery,
    "POST /app/hook/deliveries/{delivery_id}/attempts": models.AppHookDeliveriesDeliveryIdAttemptsPostResponse202,
    "GET /user": models.PublicUser,
    "GET /users/{login}": models.PublicUser,
    "GET /rate_limit": models.RateLimitOverview,
    "GET /repos/{owner}/{repo}": models.FullRepository,
    "GET /repos/{owner}/{repo}/installation": models.Installation,
    "GET /repos/{owner}/{repo}/collaborators/{login}/permission": models.RepositoryCollaboratorPermission,
    "GET /repos/{owner}/{repo}/branches": list[models.ShortBranch],
    "GET /repos/{owner}/{repo}/branches/{branch}": models.BranchWithProtection,
    "GET /repos/{owner}/{repo}/commits/{ref}": models.Commit,
    "GET /repos/{owner}/{repo}/git/ref/{ref}": models.GitRef,
    "GET /repos/{owner}/{repo}/git/matching-refs/{ref}": list[models.GitRef],
    "POST /repos/{owner}/{repo}/git/refs": models.GitRef,
    "DELETE /repos/{owner}/{repo}/git/refs/{ref}": None,
    "GET /repos/{owner}/{repo}/issues": list[models.Issue],
    "POST /repos/{owner}/{repo}/issues": models.Issue,
    f"GET {_ISSUE}": models.Issue,
    f"PATCH {_ISSUE}": models.ReposOwnerRepoIssuesIssueNumberPatchResponse200,
    f"GET {_ISSUE}/comments": list[models.IssueComment],
    f"POST {_ISSUE}/comments": models.IssueComment,
    f"GET {_COMMENT}": models.IssueComment,
    f"PATCH {_COMMENT}": models.IssueComment,
    f"DELETE {_COMMENT}": None,
    f"GET {_COMMENT}/reactions": list[models.Reaction],
    f"POST {_COMMENT}/reactions": models.Reaction,
    f"DELETE {_COMMENT}/reactions/{{reaction_id}}": None,
    f"GET {_ISSUE}/labels": list[models.Label],
    f"POST {_ISSUE}/labels": list[models.Label],
    f"PUT {_ISSUE}/labels": list[models.Label],
    f"DELETE {_ISSUE}/labels/{{name}}": list[models.Label],
    "GET /repos/{owner}/{repo}/labels": list[models.Label],
    "GET /repos/{owner}/{repo}/labels/{name}": models.Label,
    "POST /repos/{owner}/{repo}/labels": models.Label,
    "GET /repos/{owner}/{repo}/pulls": list[models.PullRequestSimple],
    "POST /repos/{owner}/{repo}/pulls": models.PullRequest,
    f"GET {_PULL}": models.PullRequest,
    f"PATCH {_PULL}": models.PullRequest,
    f"GET {_PULL}/files": list[models.DiffEntry],
    f"GET {_PULL}/commits": list[models.Commit],
    f"GET {_PULL}/merge": None,
    f"PUT {_PULL}/merge": models.PullRequestMergeResult,
    f"POST {_PULL}/requested_reviewers": models.PullRequestSimple,
    "POST /repos/{owner}/{repo}/check-runs": models.CheckRun,
    f"GET {_RUN}": models.CheckRun,
    f"PATCH {_RUN}": models.CheckRun,
    f"GET {_RUN}/annotations": list[models.CheckAnnotation],
    "GET /repos/{owner}/{repo}/commits/{ref}/check-runs": models.ReposOwnerRepoCommitsRefCheckRunsGetResponse200,
}  # fmt: skip


def git(folder: Path, *command: str) -> str:
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    ran = subprocess.run(["git", *PERSON, *command], cwd=folder, check=True, capture_output=True, env=environment)
    return ran.stdout.decode().strip()


def refused(folder: Path, *command: str) -> str:
    """What git says where it fails."""
    with pytest.raises(subprocess.CalledProcessError) as caught:
        git(folder, *command)
    return bytes(caught.value.stderr).decode()


@dataclass
class Hooks:
    """A receiver of webhooks: what came, and the status that it answers."""

    status: int = 202
    received: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    @property
    def events(self) -> list[str]:
        """The event and the action of each webhook."""
        return [
            " ".join(filter(None, (headers["X-GitHub-Event"], json.loads(body).get("action"))))
            for headers, body in self.received
        ]

    def payloads(self, event: str, action: str | None = None) -> list[dict[str, Any]]:
        """The payloads of an event."""
        found = [json.loads(body) for headers, body in self.received if headers["X-GitHub-Event"] == event]
        return [payload for payload in found if action in (None, payload.get("action"))]


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    hooks = Hooks()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802 - the server looks for this name
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hooks.received.append((self.headers, body))
            self.send_response(hooks.status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        hooks.url = f"http://127.0.0.1:{server.server_port}/webhook"
        yield hooks
        server.shutdown()
        thread.join()


@dataclass
class Recorder:
    """Every answer of the API."""

    answers: list[tuple[str, int, bytes]] = field(default_factory=list)

    def __call__(self, name: str, status: int, body: bytes) -> None:
        self.answers.append((name, status, body))

    def check(self) -> None:
        """Read every answer as what GitHub says that it is."""
        for name, status, body in self.answers:
            if status >= 400:
                model: Any = models.BasicError
                if status == 422 and "errors" in json.loads(body):
                    model = models.ValidationError
            else:
                model = MODELS[name]
            if model is None:
                assert (status, body) == (204, b""), name
            else:
                TypeAdapter(model).validate_json(body)


def adapt(hooks: Hooks, secret: str) -> None:
    """Check the signature of every webhook, and read it as what GitHub says that it is."""
    for headers, body in hooks.received:
        assert headers["Content-Type"] == "application/json"
        assert headers["User-Agent"].startswith("GitHub-Hookshot/")
        assert headers["X-GitHub-Hook-Installation-Target-ID"] == "4711"
        assert headers["X-Hub-Signature-256"] == f"sha256={hmac.digest(secret.encode(), body, hashlib.sha256).hex()}"
        parse(headers["X-GitHub-Event"], body)  # type: ignore[call-overload]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A work tree with two commits on main."""
    folder = tmp_path / "source"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    for text in ("One.\n", "One.\nTwo.\n"):
        (folder / "a.md").write_text(text)
        (folder / "b.md").write_text("Same.\n")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message=Write")
    return folder


@pytest.fixture
def sandbox(tmp_path: Path, source: Path, hooks: Hooks) -> Iterator[GitHubSandbox]:
    """A sandbox with the App on two repositories and not on a third; at the end all that it said is checked."""
    recorder = Recorder()
    with GitHubSandbox(tmp_path / "github") as sandbox:
        sandbox.on_answer = recorder
        people = {"ann": "write", "rob": "read", "ada": "admin"}
        sandbox.add_repository(BOOK, source, collaborators=people)
        sandbox.add_repository(OTHER, source, collaborators=people)
        sandbox.add_repository(HIDDEN, source, private=True, collaborators=people)
        sandbox.install(BOOK, OTHER)
        sandbox.webhook_url = hooks.url
        yield sandbox
        sandbox.drain()
    recorder.check()
    adapt(hooks, sandbox.webhook_secret)


def app(sandbox: GitHubSandbox) -> GithubIntegration:
    return GithubIntegration(
        auth=Auth.AppAuth(sandbox.app_id, sandbox.private_key),
        base_url=sandbox.api_url,
        retry=None,
        seconds_between_requests=None,
        seconds_between_writes=None,
    )


def token_of(sandbox: GitHubSandbox, full_name: str = BOOK) -> str:
    return app(sandbox).get_access_token(app(sandbox).get_repo_installation(*full_name.split("/")).id).token


def client(sandbox: GitHubSandbox, token: str | None) -> Github:
    return Github(
        auth=Auth.Token(token) if token else None,
        base_url=sandbox.api_url,
        retry=None,
        seconds_between_requests=None,
        seconds_between_writes=None,
    )


def book(sandbox: GitHubSandbox) -> Repository:
    """The repository as the App sees it."""
    return client(sandbox, token_of(sandbox)).get_repo(BOOK)


def address(sandbox: GitHubSandbox, token: str | None, full_name: str = BOOK) -> str:
    user = f"x-access-token:{token}@" if token else ""
    return f"{sandbox.url.replace('://', f'://{user}')}/{full_name}.git"


def call(sandbox: GitHubSandbox, token: str | None, name: str, body: Any = None) -> requests.Response:
    """A call without PyGithub, for what it would not send."""
    method, path = name.split(" ")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.request(method, f"{sandbox.api_url}{path}", headers=headers, json=body, timeout=20)


def errors(caught: pytest.ExceptionInfo[GithubException]) -> tuple[int, list[Any]]:
    return caught.value.status, caught.value.data.get("errors", [])


def open_pull(sandbox: GitHubSandbox, head: str = "amts/sync", text: bytes = b"One.\nTwo.\nThree.\n") -> int:
    """A pull request of the App's from a new branch: its number."""
    sandbox.commit(BOOK, head, {"a.md": text}, "Draft", "ann")
    return book(sandbox).create_pull(base="main", head=head, title="Sync", body="Text").number


# -- every endpoint ------------------------------------------------------------------------------------------------


def test_every_endpoint_answers_as_github_describes_it(sandbox: GitHubSandbox, hooks: Hooks) -> None:
    answered: set[str] = set()
    record = sandbox.on_answer
    assert record is not None

    def note(name: str, status: int, body: bytes) -> None:
        record(name, status, body)
        if status < 300:
            answered.add(name)

    sandbox.on_answer = note
    integration = app(sandbox)
    assert integration.get_app().slug == "amts"
    (installation,) = integration.get_installations()
    assert integration.get_app_installation(installation.id).id == installation.id
    assert [found.full_name for found in installation.get_repos()] == [BOOK, OTHER]

    repository = book(sandbox)
    assert (repository.default_branch, repository.permissions.push) == ("main", True)
    assert repository.get_collaborator_permission("ann") == "write"
    github = client(sandbox, sandbox.user_token("ann"))
    assert github.get_user().login == "ann"
    assert github.get_user("amts[bot]").type == "Bot"
    assert github.get_rate_limit().rate.limit == 5000

    sandbox.commit(BOOK, "amts/sync", {"a.md": b"One.\nZwei.\n", "b.md": None, "c.md": b"New.\n"}, "Draft", "ann")
    assert {branch.name for branch in repository.get_branches()} == {"main", "amts/sync"}
    tip = repository.get_branch("amts/sync").commit.sha
    assert repository.get_commit(tip).commit.message == "Draft"
    assert repository.get_git_ref("heads/amts/sync").object.sha == tip
    assert [ref.ref for ref in repository.get_git_matching_refs("heads/amts/")] == ["refs/heads/amts/sync"]
    made = repository.create_git_ref("refs/heads/amts/other", tip)
    made.delete()

    pull = repository.create_pull(base="main", head="amts/sync", title="Sync", body="Text", draft=True)
    assert (pull.user.login, pull.draft, pull.mergeable, pull.mergeable_state) == ("amts[bot]", True, True, "draft")
    assert (pull.commits, pull.additions, pull.deletions, pull.changed_files) == (1, 2, 2, 3)
    assert {file.filename: file.status for file in pull.get_files()} == {
        "a.md": "modified", "b.md": "removed", "c.md": "added",
    }  # fmt: skip
    assert [commit.sha for commit in pull.get_commits()] == [tip]
    pull.edit(title="Sync the book")
    pull.create_review_request(["ada"])
    assert [found.number for found in repository.get_pulls(head="book:amts/sync")] == [pull.number]
    pull.add_to_labels("amts", "draft")
    pull.set_labels("amts")
    assert [label.name for label in pull.get_labels()] == ["amts"]
    pull.remove_from_labels("amts")
    repository.create_label("help", "ff0000", "Needs a person")
    assert repository.get_label("help").color == "ff0000"
    assert {label.name for label in repository.get_labels()} == {"amts", "draft", "help"}

    issue = repository.create_issue("Dashboard", "- [ ] one", labels=["amts"])
    issue.edit(body="- [x] one", state="closed", state_reason="not_planned")
    assert repository.get_issue(issue.number).state_reason == "not_planned"
    assert [found.number for found in repository.get_issues(state="closed")] == [issue.number]
    comment = issue.create_comment("Hello")
    comment.edit("Hello again")
    assert [found.body for found in issue.get_comments()] == ["Hello again"]
    reaction = issue.get_comment(comment.id).create_reaction("rocket")
    assert [found.content for found in comment.get_reactions()] == ["rocket"]
    comment.delete_reaction(reaction.id)
    comment.delete()

    output = {"title": "T", "summary": "S", "annotations": [remark(1)]}
    run = repository.create_check_run("AMTS", tip, external_id="key", status="in_progress", output=output)
    run.edit(status="completed", conclusion="neutral", output=output)
    assert repository.get_check_run(run.id).output.annotations_count == 2
    assert [found.message for found in run.get_annotations()] == ["Look at line 1"] * 2
    assert [found.external_id for found in repository.get_commit(tip).get_check_runs()] == ["key"]

    assert not repository.get_pull(pull.number).is_merged()
    assert call(sandbox, token_of(sandbox), f"PUT /repos/{BOOK}/pulls/{pull.number}/merge").status_code == 405  # draft
    sandbox.commit(BOOK, "ready", {"d.md": b"D\n"}, "More", "ann")
    ready = repository.create_pull(base="main", head="ready", title="More")
    assert ready.merge().merged
    assert ready.is_merged()

    sandbox.drain()
    (first, *_) = integration.requester.requestJsonAndCheck("GET", "/app/hook/deliveries")[1][-1:]
    full = integration.requester.requestJsonAndCheck("GET", f"/app/hook/deliveries/{first['id']}")[1]
    assert full["request"]["payload"]["ref"] == "refs/heads/amts/sync"
    integration.requester.requestJsonAndCheck("POST", f"/app/hook/deliveries/{first['id']}/attempts")
    assert set(sandbox.endpoints) == set(MODELS)
    assert answered == set(MODELS)


def remark(line: int) -> dict[str, Any]:
    place = {"path": "a.md", "start_line": line, "end_line": line}
    return {**place, "annotation_level": "warning", "title": "Look", "message": f"Look at line {line}"}


def test_every_webhook_is_as_github_describes_it(sandbox: GitHubSandbox, hooks: Hooks) -> None:
    sandbox.ping()
    sandbox.uninstall(OTHER)
    sandbox.install(OTHER)
    number = open_pull(sandbox)
    repository = book(sandbox)
    repository.get_pull(number).edit(title="Other", body="More")
    repository.get_pull(number).create_review_request(["ada"])
    repository.get_issue(number).add_to_labels("amts")
    repository.get_issue(number).remove_from_labels("amts")
    sandbox.commit(BOOK, "amts/sync", {"e.md": b"E\n"}, "More", "ann")
    sandbox.close(BOOK, number, "ann")
    sandbox.reopen(BOOK, number, "ann")
    comment = sandbox.comment(BOOK, number, "/amts status", "ann")
    sandbox.edit_comment(comment, "/amts help", "ann")
    sandbox.delete_comment(comment, "ann")
    issue = sandbox.open_issue(BOOK, "Dashboard", "- [ ] one", "ann")
    sandbox.edit_body(BOOK, issue, "- [x] one", "ann")
    sandbox.add_labels(BOOK, issue, ["amts"], "ann")
    sandbox.close(BOOK, issue, "ann")
    sandbox.reopen(BOOK, issue, "ann")
    run = repository.create_check_run("AMTS", sandbox.branches(BOOK)["main"])
    run.edit(conclusion="success")
    sandbox.merge(BOOK, number, "ann", delete_branch=True)
    sandbox.suspend("book")
    sandbox.comment(BOOK, number, "Nobody hears this", "ann")
    sandbox.unsuspend("book")
    sandbox.uninstall(BOOK, OTHER)
    sandbox.drain()
    assert hooks.events == [
        "ping", "installation_repositories removed", "installation_repositories added",
        "push", "pull_request opened", "pull_request edited", "pull_request review_requested",
        "pull_request labeled", "pull_request unlabeled", "push", "pull_request synchronize",
        "pull_request closed", "pull_request reopened",
        "issue_comment created", "issue_comment edited", "issue_comment deleted",
        "issues opened", "issues edited", "issues labeled", "issues closed", "issues reopened",
        "check_run created", "check_run completed", "pull_request closed", "push", "push",
        "installation suspend", "installation unsuspend", "installation deleted",
    ]  # fmt: skip
    assert hooks.payloads("pull_request", "edited")[0]["changes"] == {"title": {"from": "Sync"}, "body": {"from": "Text"}}
    assert hooks.payloads("issues", "edited")[0]["changes"] == {"body": {"from": "- [ ] one"}}
    merged = hooks.payloads("pull_request", "closed")[1]["pull_request"]
    assert (merged["merged"], merged["merged_by"]["login"]) == (True, "ann")
    assert {"pull_request" in payload["issue"] for payload in hooks.payloads("issue_comment")} == {True}
