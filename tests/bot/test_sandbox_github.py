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
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from github import Auth, Github, GithubException, GithubIntegration
from github.Repository import Repository
from githubkit_schemas.latest import models
from pydantic import TypeAdapter

from bot.sandbox.github import ApiError, GitHubSandbox, When
from bot.sandbox.github.processes import GitError

BOOK, OTHER, HIDDEN = "book/zh", "book/es", "book/secret"
NONE = "0" * 40
PERSON = ("-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "init.templateDir=")

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
    "POST /api/graphql": dict[str, dict[str, dict[str, str]]],  # described elsewhere: data, viewer, login
    "GET /rate_limit": models.RateLimitOverview,
    "GET /repos/{owner}/{repo}": models.FullRepository,
    "GET /repos/{owner}/{repo}/installation": models.Installation,
    "GET /repos/{owner}/{repo}/collaborators/{login}/permission": models.RepositoryCollaboratorPermission,
    "GET /repos/{owner}/{repo}/branches": list[models.ShortBranch],
    "GET /repos/{owner}/{repo}/branches/{branch}": models.BranchWithProtection,
    "GET /repos/{owner}/{repo}/commits/{ref}": models.Commit,
    "GET /repos/{owner}/{repo}/contents/{path}": models.ContentFile,
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
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hooks.received.append((dict(self.headers.items()), body))
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


@lru_cache
def adapter(model: Any) -> TypeAdapter[Any]:
    return TypeAdapter(model)


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
                adapter(model).validate_json(body)


def adapt(hooks: Hooks, secret: str) -> None:
    """Check the signature of every webhook, and read it as what GitHub says that it is."""
    for headers, body in hooks.received:
        assert headers["Content-Type"] == "application/json"
        assert headers["User-Agent"].startswith("GitHub-Hookshot/")
        assert headers["X-GitHub-Hook-Installation-Target-ID"] == "4711"
        assert headers["X-Hub-Signature-256"] == f"sha256={hmac.digest(secret.encode(), body, hashlib.sha256).hex()}"
        adapter(webhook_model(headers["X-GitHub-Event"], json.loads(body).get("action", ""))).validate_json(body)


def webhook_model(event: str, action: str) -> Any:
    """What GitHub says that a webhook is: much faster than to try what all of an event's actions are."""
    name = "".join(word.capitalize() for word in f"{event}_{action}".split("_"))
    return getattr(models, f"Webhook{name}Oneof0" if action == "review_requested" else f"Webhook{name}")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work tree with two commits on main, which no test changes."""
    folder = tmp_path_factory.mktemp("source")
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


def new_token(sandbox: GitHubSandbox, full_name: str = BOOK) -> str:
    jwt = Auth.AppAuth(sandbox.app_id, sandbox.private_key).token
    installation = call(sandbox, jwt, f"GET /repos/{full_name}/installation").json()["id"]
    return str(call(sandbox, jwt, f"POST /app/installations/{installation}/access_tokens").json()["token"])


token_of = lru_cache(maxsize=4)(new_token)


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
    tokens = sandbox.user_token("ann"), token_of(sandbox), sandbox.job_token(BOOK)
    github = client(sandbox, tokens[0])
    assert github.get_user().login == "ann"
    assert github.get_user("amts[bot]").type == "Bot"
    assert github.get_rate_limit().rate.limit == 5000
    file = repository.get_contents("a.md")
    assert not isinstance(file, list)
    assert file.decoded_content == b"One.\nTwo.\n"
    assert [whose(sandbox, token) for token in tokens] == ["ann", "amts[bot]", "github-actions[bot]"]

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

    output: dict[str, Any] = {"title": "T", "summary": "S", "annotations": [remark(1)]}
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


def whose(sandbox: GitHubSandbox, token: str) -> str:
    """Whose account a token belongs to."""
    _, answer = client(sandbox, token).requester.graphql_query("{ viewer { login } }", {})
    return str(answer["data"]["viewer"]["login"])


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
    assert hooks.payloads("pull_request", "edited")[0]["changes"] == {
        "title": {"from": "Sync"},
        "body": {"from": "Text"},
    }
    assert hooks.payloads("issues", "edited")[0]["changes"] == {"body": {"from": "- [ ] one"}}
    merged = hooks.payloads("pull_request", "closed")[1]["pull_request"]
    assert (merged["merged"], merged["merged_by"]["login"]) == (True, "ann")
    assert {"pull_request" in payload["issue"] for payload in hooks.payloads("issue_comment")} == {True}


def test_the_models_refuse_what_is_not_githubs(sandbox: GitHubSandbox, hooks: Hooks) -> None:
    open_pull(sandbox)
    sandbox.drain()
    _, body = hooks.received[1]
    payload = json.loads(body)
    del payload["pull_request"]["head"]["repo"]["owner"]
    model = adapter(webhook_model("pull_request", "opened"))
    with pytest.raises(ValueError, match=r"head\.repo\.owner"):
        model.validate_python(payload)
    assert model.validate_json(body).pull_request.head.repo.owner.login == "book"


# -- who may do what -----------------------------------------------------------------------------------------------


def test_tokens_end(sandbox: GitHubSandbox) -> None:
    sandbox.token_lifetime = 0
    with pytest.raises(GithubException, match="Bad credentials") as caught:
        client(sandbox, new_token(sandbox)).get_repo(BOOK)
    assert caught.value.status == 401
    sandbox.token_lifetime = 3600
    expires = app(sandbox).get_access_token(app(sandbox).get_repo_installation("book", "zh").id).expires_at
    assert timedelta(minutes=59) < expires - datetime.now(UTC) <= timedelta(hours=1)
    token = token_of(sandbox)
    sandbox.uninstall(BOOK, OTHER)
    assert call(sandbox, token, f"GET /repos/{BOOK}").status_code == 401
    assert call(sandbox, "ghs_never", f"GET /repos/{BOOK}").json()["message"] == "Bad credentials"


def test_json_web_tokens_are_checked(sandbox: GitHubSandbox, tmp_path: Path) -> None:
    with GitHubSandbox(tmp_path / "another") as another:
        stranger = another.private_key

    def token_with(key: str = sandbox.private_key, **changed: Any) -> str:
        issued = int(time.time())
        claims = {"iss": str(sandbox.app_id), "iat": issued, "exp": issued + 300, **changed}
        return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, "RS256")

    good = token_with()
    cases = {
        good: 200,
        token_with(iat=int(time.time()) + 300): 401,
        token_with(exp=int(time.time()) - 5): 401,
        token_with(exp=int(time.time()) + 3600): 401,
        token_with(exp=None): 401,
        token_with(exp="tomorrow"): 401,
        token_with(iss="1"): 401,
        token_with(stranger): 401,
        jwt.encode({"iss": str(sandbox.app_id)}, "s" * 32, "HS256"): 401,
        good[:-4] + "AAAA": 401,
        good.rpartition(".")[0] + ".": 401,
        "e30.e30.": 401,
        "a.é.b": 401,
        sandbox.user_token("ann"): 401,
    }
    for token, status in cases.items():
        encoded = requests.get(
            f"{sandbox.api_url}/app", headers={"Authorization": f"Bearer {token}".encode()}, timeout=20
        )
        assert (encoded.status_code, token[:12]) == (status, token[:12])
    assert call(sandbox, good, f"GET /repos/{BOOK}").status_code == 404
    assert call(sandbox, good, f"GET /repos/{HIDDEN}/installation").status_code == 404
    assert call(sandbox, sandbox.user_token("ann"), f"GET /repos/{BOOK}/installation").status_code == 401


# Who asks; where; and what answers to: read the repository, comment, label, make a check run.
ACCESS = [
    ("nobody", BOOK, [200, 401, 401, 401]),
    ("nobody", HIDDEN, [404, 404, 404, 404]),
    ("stranger", BOOK, [200, 201, 403, 403]),
    ("stranger", HIDDEN, [404, 404, 404, 404]),
    ("rob", BOOK, [200, 201, 403, 403]),
    ("ann", HIDDEN, [200, 201, 200, 403]),
    ("app", BOOK, [200, 201, 200, 201]),
    ("app", HIDDEN, [404, 404, 404, 404]),
    ("job", BOOK, [200, 201, 200, 201]),
    ("job", OTHER, [200, 403, 403, 403]),
    ("job", HIDDEN, [404, 404, 404, 404]),
    ("reading job", BOOK, [200, 403, 403, 403]),
]


def test_who_may_do_what(sandbox: GitHubSandbox) -> None:
    tokens: dict[str, str | None] = {
        "nobody": None,
        "app": token_of(sandbox),
        "job": sandbox.job_token(BOOK),
        "reading job": sandbox.job_token(BOOK, {"contents": "read", "issues": "read"}),
        **{login: sandbox.user_token(login) for login in ("stranger", "rob", "ann")},
    }
    numbers = {name: sandbox.open_issue(name, "Title", "Text", "ada") for name in (BOOK, OTHER, HIDDEN)}

    def statuses(who: str, repository: str) -> list[int]:
        path, issue = f"/repos/{repository}", f"/repos/{repository}/issues/{numbers[repository]}"
        run = {"name": "AMTS", "head_sha": sandbox.branches(repository)["main"]}
        answers = [
            call(sandbox, tokens[who], f"GET {path}"),
            call(sandbox, tokens[who], f"POST {issue}/comments", {"body": "Hello"}),
            call(sandbox, tokens[who], f"POST {issue}/labels", ["amts"]),
            call(sandbox, tokens[who], f"POST {path}/check-runs", run),
        ]
        return [answer.status_code for answer in answers]

    assert [(who, repository, statuses(who, repository)) for who, repository, _ in ACCESS] == ACCESS


def test_tokens_can_be_narrowed(sandbox: GitHubSandbox) -> None:
    integration = app(sandbox)
    number = integration.get_repo_installation("book", "zh").id
    reader = integration.get_access_token(number, permissions={"contents": "read", "metadata": "read"}).token
    assert call(sandbox, reader, f"POST /repos/{BOOK}/issues", {"title": "T"}).status_code == 403
    path = f"POST /app/installations/{number}/access_tokens"
    jwt = Auth.AppAuth(sandbox.app_id, sandbox.private_key).token
    narrow = call(sandbox, jwt, path, {"repositories": ["zh"]}).json()
    assert [one["full_name"] for one in narrow["repositories"]] == [BOOK]
    assert call(sandbox, narrow["token"], f"POST /repos/{BOOK}/issues", {"title": "T"}).status_code == 201
    assert call(sandbox, narrow["token"], f"POST /repos/{OTHER}/issues", {"title": "T"}).status_code == 403
    assert call(sandbox, jwt, path, {"repositories": ["zh", "secret"]}).status_code == 422
    assert call(sandbox, jwt, path, {"permissions": {"administration": "write"}}).status_code == 422
    sandbox.suspend("book")
    assert call(sandbox, jwt, path).status_code == 403


def test_an_app_may_do_what_it_was_granted(tmp_path: Path, source: Path) -> None:
    with GitHubSandbox(tmp_path / "github", permissions={"metadata": "read", "pull_requests": "write"}) as sandbox:
        sandbox.add_repository(BOOK, source, collaborators={"ann": "write"})
        sandbox.install(BOOK)
        sandbox.commit(BOOK, "amts/sync", {"a.md": b"New\n"}, "Draft", "ann")
        repository = book(sandbox)
        number = repository.create_pull(base="main", head="amts/sync", title="T").number
        repository.get_issue(number).create_comment("On a pull request that is allowed")
        issue = sandbox.open_issue(BOOK, "Title", "Text", "ann")
        assert call(
            sandbox, token_of(sandbox), f"POST /repos/{BOOK}/issues/{issue}/comments", {"body": "x"}
        ).json() == {
            "message": "Resource not accessible by integration",
            "documentation_url": "https://docs.github.com/rest",
            "status": "403",
        }


def test_permissions_of_collaborators(sandbox: GitHubSandbox) -> None:
    for role in ("read", "triage", "write", "maintain", "admin"):
        sandbox.set_role(BOOK, f"person-{role}", role)
    jobs = client(sandbox, sandbox.job_token(BOOK)).get_repo(BOOK)
    words = {role: jobs.get_collaborator_permission(f"person-{role}") for role in ("triage", "maintain", "admin")}
    assert words == {"triage": "read", "maintain": "write", "admin": "admin"}
    roles = {role: jobs.get_collaborator_role_name(f"person-{role}") for role in ("triage", "maintain")}
    assert roles == {"triage": "triage", "maintain": "maintain"}
    sandbox.add_user("stranger")
    assert jobs.get_collaborator_permission("stranger") == "read"  # a public repository
    hidden = client(sandbox, sandbox.user_token("ada")).get_repo(HIDDEN)
    assert hidden.get_collaborator_permission("stranger") == "none"
    for login in ("amts[bot]", "nobody-at-all"):
        with pytest.raises(GithubException) as caught:
            jobs.get_collaborator_permission(login)
        assert caught.value.status == 404


def test_a_job_has_no_account_and_may_be_kept_from_opening_pull_requests(sandbox: GitHubSandbox) -> None:
    token = sandbox.job_token(BOOK)
    assert call(sandbox, token, "GET /user").status_code == 403
    sandbox.commit(BOOK, "amts/sync", {"a.md": b"New\n"}, "Draft", "ann")
    sandbox.forbid_pull_requests_of_actions(BOOK)
    jobs = client(sandbox, token).get_repo(BOOK)
    with pytest.raises(GithubException, match="not permitted to create or approve"):
        jobs.create_pull(base="main", head="amts/sync", title="T")
    assert jobs.create_issue("T").user.login == "github-actions[bot]"
    run = jobs.create_check_run("AMTS", sandbox.branches(BOOK)["main"])
    assert run.app.slug == "github-actions"
    assert [check.app for check in sandbox.check_runs(BOOK, run.head_sha)] == ["github-actions"]
    with pytest.raises(GithubException, match="only be modified by the GitHub App that created it"):
        book(sandbox).get_check_run(run.id).edit(status="completed", conclusion="success")


def test_nobody_writes_to_an_archive(sandbox: GitHubSandbox, tmp_path: Path) -> None:
    sandbox.archive(BOOK)
    assert book(sandbox).archived
    with pytest.raises(GithubException, match="archived so is read-only"):
        book(sandbox).create_issue("T")
    git(tmp_path, "clone", "--quiet", address(sandbox, None), "clone")
    assert "403" in refused(tmp_path / "clone", "push", address(sandbox, token_of(sandbox)), "HEAD:new")


# -- git -----------------------------------------------------------------------------------------------------------


def test_who_may_clone_and_push(sandbox: GitHubSandbox, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", address(sandbox, None), "clone")
    assert "could not read Username" in refused(tmp_path, "clone", address(sandbox, None, HIDDEN), "no")
    assert "not found" in refused(tmp_path, "clone", address(sandbox, token_of(sandbox), HIDDEN), "no")
    assert "Authentication failed" in refused(tmp_path, "clone", address(sandbox, "ghs_none", HIDDEN), "no")
    git(tmp_path, "clone", "--quiet", address(sandbox, sandbox.user_token("rob"), HIDDEN), "hidden")
    folder = tmp_path / "clone"
    for token, said in {
        None: "could not read Username",
        sandbox.user_token("rob"): "Permission to book/zh.git denied to rob.",
        sandbox.job_token(OTHER): "Permission to book/zh.git denied to github-actions[bot].",
        sandbox.job_token(BOOK, {"contents": "read"}): "Permission to book/zh.git denied",
    }.items():
        assert said in refused(folder, "push", address(sandbox, token), "HEAD:refs/heads/new")
    for name, token in {"a": sandbox.user_token("ann"), "b": token_of(sandbox), "c": sandbox.job_token(BOOK)}.items():
        git(folder, "push", "--quiet", address(sandbox, token), f"HEAD:refs/heads/{name}")
    assert sandbox.branches(BOOK).keys() == {"main", "a", "b", "c"}


def test_clones_without_blobs_and_commits_by_their_id(sandbox: GitHubSandbox, tmp_path: Path) -> None:
    sandbox.create_branch(BOOK, "gone", sandbox.branches(BOOK)["main"], "ann")
    lost = sandbox.commit(BOOK, "gone", {"lost.md": b"Lost\n"}, "Lost", "ann")
    sandbox.delete_branch(BOOK, "gone", "ann")
    git(tmp_path, "clone", "--quiet", "--bare", "--filter=blob:none", address(sandbox, None), "clone")
    missing = git(tmp_path / "clone", "rev-list", "--objects", "--missing=print", "main").count("?")
    assert missing == 3
    git(tmp_path / "clone", "fetch", "--quiet", "origin", lost)
    assert git(tmp_path / "clone", "cat-file", "-p", f"{lost}:lost.md") == "Lost"


def test_a_push_is_all_or_nothing_where_it_asks_for_that(sandbox: GitHubSandbox, hooks: Hooks, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", address(sandbox, sandbox.user_token("ann")), "clone")
    folder = tmp_path / "clone"
    commit = git(folder, "commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "New")
    stranger = git(folder, "commit-tree", "HEAD^{tree}", "-m", "No parent")
    atomic = ("push", "--quiet", "--atomic", "origin", f"{commit}:refs/heads/amts/sync")
    assert "rejected" in refused(folder, *atomic, f"{stranger}:refs/heads/main")
    assert sandbox.branches(BOOK).keys() == {"main"}
    git(folder, *atomic, f"{commit}:refs/amts/state")
    assert sandbox.snapshot(BOOK)["refs"] == {
        "refs/amts/state": commit,
        "refs/heads/amts/sync": commit,
        "refs/heads/main": sandbox.branches(BOOK)["main"],
    }
    sandbox.drain()
    assert [payload["ref"] for payload in hooks.payloads("push")] == ["refs/heads/amts/sync"]


def test_pull_requests_have_refs_that_nobody_else_sets(sandbox: GitHubSandbox, tmp_path: Path) -> None:
    number = open_pull(sandbox)
    tip = sandbox.branches(BOOK)["amts/sync"]
    git(tmp_path, "clone", "--quiet", address(sandbox, sandbox.user_token("ada")), "clone")
    folder = tmp_path / "clone"
    sandbox.close(BOOK, number, "ann")
    sandbox.delete_branch(BOOK, "amts/sync", "ann")
    git(folder, "fetch", "--quiet", "origin", f"refs/pull/{number}/head")
    assert git(folder, "rev-parse", "FETCH_HEAD") == tip
    assert "hidden ref" in refused(folder, "push", "origin", "HEAD:refs/pull/9/head")


def test_large_pushes_arrive_in_chunks(sandbox: GitHubSandbox, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", address(sandbox, sandbox.user_token("ann")), "clone")
    folder = tmp_path / "clone"
    data = os.urandom(3_000_000)
    (folder / "large.bin").write_bytes(data)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=Large")
    git(folder, "push", "--quiet", "origin", "HEAD:main")
    assert sandbox.file(BOOK, "main", "large.bin") == data
    assert sandbox.file(BOOK, "main", "none") is None


def test_pushes_are_told_as_they_were(sandbox: GitHubSandbox, hooks: Hooks, tmp_path: Path) -> None:
    before = sandbox.branches(BOOK)["main"]
    git(tmp_path, "clone", "--quiet", address(sandbox, sandbox.user_token("ann")), "clone")
    folder = tmp_path / "clone"
    (folder / "a.md").write_text("Changed.\n")
    (folder / "ç.md").write_text("New.\n")
    git(folder, "rm", "--quiet", "b.md")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=First\n\nWith a body.")
    git(folder, "commit", "--quiet", "--allow-empty", "--message=Second")
    tip = git(folder, "rev-parse", "HEAD")
    git(folder, "push", "--quiet", "origin", "main")
    git(folder, "push", "--quiet", "origin", "main:topic")
    git(folder, "push", "--quiet", "--force", "origin", f"{before}:refs/heads/topic")
    git(folder, "push", "--quiet", "origin", f"{tip}:refs/heads/topic")
    git(folder, "push", "--quiet", "origin", ":topic")
    git(folder, "tag", "--annotate", "--message=One", "v1")
    git(folder, "push", "--quiet", "origin", "v1")
    sandbox.drain()
    pushes = hooks.payloads("push")
    shape = [
        (one["ref"], one["before"], one["after"], one["created"], one["deleted"], one["forced"], len(one["commits"]))
        for one in pushes
    ]
    topic, tag = "refs/heads/topic", git(folder, "rev-parse", "v1")
    assert shape == [
        ("refs/heads/main", before, tip, False, False, False, 2),
        (topic, NONE, tip, True, False, False, 0),
        (topic, tip, before, False, False, True, 0),
        (topic, before, tip, False, False, False, 2),
        (topic, tip, NONE, False, True, False, 0),
        ("refs/tags/v1", NONE, tag, True, False, False, 0),
    ]
    first, second = pushes[0]["commits"]
    assert (first["message"], second["message"]) == ("First\n\nWith a body.", "Second")
    assert (first["added"], first["modified"], first["removed"]) == (["ç.md"], ["a.md"], ["b.md"])
    assert (second["added"], second["modified"], second["removed"]) == ([], [], [])
    assert [commit["distinct"] for commit in pushes[0]["commits"] + pushes[3]["commits"]] == [True, True, False, False]
    assert pushes[0]["head_commit"]["id"] == pushes[5]["head_commit"]["id"] == tip
    assert pushes[4]["head_commit"] is None
    assert {one["sender"]["login"] for one in pushes} == {one["pusher"]["name"] for one in pushes} == {"ann"}


def test_a_merge_commit_is_told_by_what_it_changes_on_its_branch(sandbox: GitHubSandbox, hooks: Hooks) -> None:
    number = open_pull(sandbox)
    sandbox.commit(BOOK, "main", {"c.md": b"C\n"}, "Beside", "ann")
    commit = sandbox.merge(BOOK, number, "ann")
    sandbox.drain()
    listed = hooks.payloads("push")[-1]["commits"]
    assert [(one["id"] == commit, one["modified"]) for one in listed] == [(False, ["a.md"]), (True, ["a.md"])]


def test_a_long_push_lists_its_newest_commits(sandbox: GitHubSandbox, hooks: Hooks, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", address(sandbox, None), "clone")
    folder, parent = tmp_path / "clone", sandbox.branches(BOOK)["main"]
    stream = "".join(
        f"commit refs/heads/main\ncommitter T <t@example.org> {1_700_000_000 + n} +0000\ndata <<.\n{n}\n.\n"
        + (f"from {parent}\n" if n == 0 else "")
        + f"M 644 inline n.md\ndata <<.\n{n}\n.\n\n"
        for n in range(2100)
    )
    subprocess.run(["git", "fast-import", "--quiet"], cwd=folder, input=stream.encode(), check=True)
    sandbox.push(BOOK, folder, "main", "ann")
    sandbox.drain()
    (push,) = hooks.payloads("push")
    assert len(push["commits"]) == 2048
    assert (push["commits"][0]["message"], push["commits"][-1]["message"]) == ("52", "2099")


def test_commits_of_people_are_the_same_every_time(sandbox: GitHubSandbox, tmp_path: Path, source: Path) -> None:
    def work(one: GitHubSandbox) -> dict[str, str]:
        one.commit(BOOK, "topic", {"new.md": b"New\n"}, "New", "ann")
        number = one.open_pull_request(BOOK, "T", "B", "topic", "main", "ann")
        one.commit(BOOK, "main", {"beside.md": b"Beside\n"}, "Beside", "ann")
        one.merge(BOOK, number, "ann")
        return one.branches(BOOK)

    with GitHubSandbox(tmp_path / "again") as again:
        for name in (BOOK, OTHER, HIDDEN):
            again.add_repository(name, source, collaborators={"ann": "write", "rob": "read", "ada": "admin"})
        assert work(again) == work(sandbox)


# -- pull requests -------------------------------------------------------------------------------------------------


def test_pull_requests_that_cannot_be(sandbox: GitHubSandbox) -> None:
    number = open_pull(sandbox)
    sandbox.create_branch(BOOK, "same", sandbox.branches(BOOK)["main"], "ann")
    repository = book(sandbox)

    def fault(**changed: Any) -> tuple[int, list[Any]]:
        wanted = {"base": "main", "head": "amts/sync", "title": "T", "body": "B", **changed}
        with pytest.raises(GithubException) as caught:
            repository.create_pull(**wanted)
        return errors(caught)

    def custom(message: str) -> tuple[int, list[Any]]:
        return 422, [{"resource": "PullRequest", "code": "custom", "message": message}]

    def field_error(name: str, code: str, message: str | None = None) -> tuple[int, list[Any]]:
        more = {"message": message} if message else {}
        return 422, [{"resource": "PullRequest", "field": name, "code": code, **more}]

    assert fault() == custom("A pull request already exists for book:amts/sync.")
    assert fault(head="book:amts/sync") == fault()
    assert fault(head="main") == custom("No commits between main and main")
    assert fault(head="same") == custom("No commits between main and same")
    assert fault(head="none") == fault(head="someone:main") == field_error("head", "invalid")
    assert fault(base="none") == field_error("base", "invalid")
    assert fault(title=" ") == field_error("title", "missing_field")
    assert fault(title="t" * 257) == field_error("title", "custom", "title is too long (maximum is 256 characters)")
    long = field_error("body", "custom", "body is too long (maximum is 65536 characters)")
    assert fault(body="b" * 65_537) == long
    repository.get_pull(number).edit(body="é" * 65_536)
    with pytest.raises(GithubException) as caught:
        repository.get_pull(number).edit(body="b" * 65_537)
    assert errors(caught) == long
    assert [pull.number for pull in sandbox.pull_requests(BOOK)] == [number]
    raw = call(sandbox, token_of(sandbox), f"POST /repos/{BOOK}/pulls", {"head": "amts/sync", "base": "main"})
    assert (raw.status_code, raw.json()["message"]) == (422, 'Invalid request.\n\n"title" wasn\'t supplied.')
    raw = call(sandbox, token_of(sandbox), f"POST /repos/{BOOK}/pulls", {"head": 7, "base": "main", "title": "T"})
    assert "7 is not a string" in raw.json()["message"]


def test_a_pull_request_follows_its_branch(sandbox: GitHubSandbox, hooks: Hooks, tmp_path: Path) -> None:
    number = open_pull(sandbox)
    first = sandbox.branches(BOOK)["amts/sync"]
    second = sandbox.commit(BOOK, "amts/sync", {"c.md": b"C\n"}, "More", "ann")
    pull = book(sandbox).get_pull(number)
    assert (pull.head.sha, pull.commits, pull.state) == (second, 2, "open")
    sandbox.drain()
    (told,) = hooks.payloads("pull_request", "synchronize")
    assert (told["before"], told["after"], told["pull_request"]["head"]["sha"]) == (first, second, second)
    sandbox.delete_branch(BOOK, "amts/sync", "ada")
    pull = book(sandbox).get_pull(number)
    assert (pull.state, pull.merged, sandbox.pull_requests(BOOK)[0].closed_by) == ("closed", False, "ada")
    assert (pull.raw_data["mergeable"], pull.mergeable_state) == (None, "unknown")
    with pytest.raises(GithubException) as caught:
        pull.edit(state="open")
    assert "branch has been deleted" in errors(caught)[1][0]["message"]
    sandbox.create_branch(BOOK, "amts/sync", second, "ann")
    pull.edit(state="open")
    assert pull.state == "open"
    git(tmp_path, "clone", "--quiet", address(sandbox, sandbox.user_token("ann")), "clone")
    git(tmp_path / "clone", "push", "--quiet", "--force", "origin", "main:amts/sync")
    assert [pull.state for pull in sandbox.pull_requests(BOOK)] == ["closed"]  # nothing is left to merge


def test_a_push_to_the_base_can_merge(sandbox: GitHubSandbox, tmp_path: Path) -> None:
    number = open_pull(sandbox)
    git(tmp_path, "clone", "--quiet", address(sandbox, sandbox.user_token("ann")), "clone")
    git(tmp_path / "clone", "push", "--quiet", "origin", "origin/amts/sync:main")
    pull = book(sandbox).get_pull(number)
    assert (pull.merged, pull.merged_by and pull.merged_by.login, pull.state) == (True, "ann", "closed")
    assert pull.merge_commit_sha == sandbox.branches(BOOK)["main"]


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_merging(sandbox: GitHubSandbox, method: str) -> None:
    number = open_pull(sandbox)
    tip = sandbox.commit(BOOK, "amts/sync", {"c.md": b"C\n"}, "More", "ann")
    base = sandbox.commit(BOOK, "main", {"d.md": b"D\n"}, "Beside", "ann")
    assert book(sandbox).get_pull(number).mergeable
    commit = sandbox.merge(BOOK, number, "ada", method, delete_branch=True)
    assert sandbox.branches(BOOK) == {"main": commit}
    files = {path: sandbox.file(BOOK, "main", path) for path in ("a.md", "c.md", "d.md")}
    assert files == {"a.md": b"One.\nTwo.\nThree.\n", "c.md": b"C\n", "d.md": b"D\n"}
    made = book(sandbox).get_commit(commit)
    assert made.commit.committer.name == "GitHub"
    parents = [parent.sha for parent in made.parents]
    message, author = made.commit.message, made.commit.author.name
    if method == "merge":
        assert (parents, author) == ([base, tip], "ada")
        assert message == f"Merge pull request #{number} from book/amts/sync\n\nSync"
    elif method == "squash":
        assert (parents, author, message) == ([base], "ada", f"Sync (#{number})\n\n* Draft\n\n* More")
    else:
        assert (len(parents), author, message) == (1, "ann", "More")
        assert [parent.sha for parent in book(sandbox).get_commit(parents[0]).parents] == [base]
    (pull,) = sandbox.pull_requests(BOOK)
    assert (pull.merged, pull.merge_commit, pull.closed_by, pull.state) == (True, commit, "ada", "closed")


def test_what_conflicts_is_not_merged(sandbox: GitHubSandbox) -> None:
    number = open_pull(sandbox)
    sandbox.commit(BOOK, "main", {"a.md": b"Another text.\n"}, "Beside", "ann")
    pull = book(sandbox).get_pull(number)
    assert (pull.mergeable, pull.mergeable_state) == (False, "dirty")
    for method in ("merge", "squash", "rebase"):
        with pytest.raises(ApiError, match="merge conflicts") as caught:
            sandbox.merge(BOOK, number, "ann", method)
        assert caught.value.status == 405
    with pytest.raises(GithubException) as moved:
        pull.merge(sha=NONE)
    assert moved.value.status == 409
    assert [pull.merged for pull in sandbox.pull_requests(BOOK)] == [False]


def test_changing_the_base(sandbox: GitHubSandbox, hooks: Hooks) -> None:
    number = open_pull(sandbox)
    tip = sandbox.commit(BOOK, "other", {"d.md": b"D\n"}, "Other", "ann")
    pull = book(sandbox).get_pull(number)
    pull.edit(base="other")
    assert (pull.base.ref, pull.base.sha) == ("other", tip)
    sandbox.drain()
    assert hooks.payloads("pull_request", "edited")[0]["changes"]["base"]["ref"] == {"from": "main"}


def test_reviewers_are_collaborators(sandbox: GitHubSandbox) -> None:
    pull = book(sandbox).get_pull(open_pull(sandbox))
    pull.create_review_request(["ann", "rob"])
    assert sandbox.pull_requests(BOOK)[0].reviewers == ("ann", "rob")
    for wanted in (["ada", "stranger"], ["amts[bot]"]):
        with pytest.raises(GithubException) as caught:
            pull.create_review_request(wanted)
        assert caught.value.status == 422
    assert sandbox.pull_requests(BOOK)[0].reviewers == ("ann", "rob")


def test_lists_of_pull_requests(sandbox: GitHubSandbox) -> None:
    first, second = open_pull(sandbox, "one", b"1\n"), open_pull(sandbox, "two", b"2\n")
    sandbox.close(BOOK, first, "ann")
    repository = book(sandbox)

    def numbers(**query: str) -> list[int]:
        return [pull.number for pull in repository.get_pulls(**query)]

    assert numbers() == [second]
    assert numbers(state="closed") == numbers(state="all", head="book:one") == [first]
    assert numbers(state="all", sort="created", direction="asc") == [first, second]
    assert numbers(state="all", head="book:none") == numbers(base="none") == []
    assert numbers(state="all", head="one") == [second, first]  # no owner, no filter


# -- issues, comments, labels --------------------------------------------------------------------------------------


def closing(repository: Repository, number: int) -> tuple[str, str | None, str | None]:
    issue = repository.get_issue(number)
    return issue.state, issue.state_reason, issue.closed_by.login if issue.closed_by else None


def test_lists_of_issues(sandbox: GitHubSandbox) -> None:
    repository = book(sandbox)
    one = repository.create_issue("One", "Text", labels=["amts", "Help"])
    two = sandbox.open_issue(BOOK, "Two", "Text", "rob")
    pull = open_pull(sandbox)
    repository.get_issue(pull).add_to_labels("amts")

    def numbers(**query: Any) -> list[int]:
        return [issue.number for issue in repository.get_issues(**query)]

    assert numbers() == [pull, two, one.number]
    assert numbers(labels=["AMTS"]) == [pull, one.number]
    assert numbers(labels=["amts", "help"]) == [one.number]
    assert numbers(creator="rob") == [two]
    assert numbers(creator=client(sandbox, token_of(sandbox)).get_user("amts[bot]")) == [pull, one.number]
    assert numbers(since=datetime.now(UTC) + timedelta(hours=1)) == []
    assert [found.pull_request is not None for found in repository.get_issues()] == [True, False, False]
    sandbox.close(BOOK, two, "ann")
    assert closing(repository, two) == ("closed", "completed", "ann")
    repository.get_issue(two).edit(state="open")
    assert closing(repository, two) == ("open", "reopened", None)
    assert numbers(state="closed") == []


def test_texts_that_github_refuses(sandbox: GitHubSandbox) -> None:
    repository, path = book(sandbox), f"/repos/{BOOK}/issues"
    issue = repository.create_issue("T")
    assert issue.raw_data["body"] is None
    issue.create_comment("c" * 65_536)
    for text in ("c" * 65_537, " \n"):
        with pytest.raises(GithubException) as caught:
            issue.create_comment(text)
        assert (caught.value.status, errors(caught)[1][0]["resource"]) == (422, "IssueComment")
    with pytest.raises(GithubException):
        repository.create_issue("T", "b" * 65_537)
    with pytest.raises(GithubException):
        issue.add_to_labels("l" * 51)
    token = token_of(sandbox)
    for body in ({}, {"title": None}, {"title": ["T"]}, [1], {"title": "T", "labels": "amts"}):
        assert call(sandbox, token, f"POST {path}", body).status_code == 422
    headers = {"Authorization": f"Bearer {token}"}
    broken = requests.post(f"{sandbox.api_url}{path}", headers=headers, data=b"{", timeout=20)
    assert (broken.status_code, broken.json()["message"]) == (400, "Problems parsing JSON")
    assert call(sandbox, token, "GET /nothing/here").status_code == 404
    assert call(sandbox, token, f"GET /repos/{BOOK}/branches/%00").status_code == 404
    bad = {"title": "T", "head": "\0", "base": "main"}
    assert call(sandbox, token, f"POST /repos/{BOOK}/pulls", bad).status_code == 422
    assert call(sandbox, token, f"GET {path}/99").status_code == 404
    assert len(sandbox.issues(BOOK)) == 1


def test_texts_of_others_need_write_access(sandbox: GitHubSandbox) -> None:
    number = sandbox.open_issue(BOOK, "T", "B", "ada")
    comment = sandbox.comment(BOOK, number, "Hello", "ada")
    path = f"/repos/{BOOK}/issues"
    statuses = {
        login: [
            call(sandbox, sandbox.user_token(login), f"PATCH {path}/{number}", {"body": login}).status_code,
            call(sandbox, sandbox.user_token(login), f"PATCH {path}/comments/{comment}", {"body": "x"}).status_code,
        ]
        for login in ("rob", "ann", "ada")
    }
    assert statuses == {"rob": [403, 403], "ann": [200, 200], "ada": [200, 200]}
    assert call(sandbox, sandbox.user_token("rob"), f"DELETE {path}/comments/{comment}").status_code == 403
    other = f"/repos/{OTHER}/issues/comments/{comment}"
    assert call(sandbox, sandbox.user_token("ada"), f"GET {other}").status_code == 404


def test_comments_since(sandbox: GitHubSandbox) -> None:
    number = sandbox.open_issue(BOOK, "T", "B", "ada")
    sandbox.comment(BOOK, number, "Hello", "ada")
    issue = book(sandbox).get_issue(number)
    assert [one.body for one in issue.get_comments(since=datetime.now(UTC) - timedelta(hours=1))] == ["Hello"]
    assert [one.body for one in issue.get_comments(since=datetime.now(UTC) + timedelta(hours=1))] == []
    assert [(one.author, one.body) for one in sandbox.comments(BOOK, number)] == [("ada", "Hello")]
    path = f"GET /repos/{BOOK}/issues/{number}/comments?since=yesterday"
    assert call(sandbox, token_of(sandbox), path).status_code == 422


def test_a_reaction_is_made_once(sandbox: GitHubSandbox) -> None:
    number = sandbox.open_issue(BOOK, "T", "B", "ada")
    comment = sandbox.comment(BOOK, number, "Hello", "ada")
    path = f"/repos/{BOOK}/issues/comments/{comment}/reactions"
    token = token_of(sandbox)
    statuses = [call(sandbox, token, f"POST {path}", {"content": "eyes"}).status_code for _ in range(3)]
    assert statuses == [201, 200, 200]
    assert call(sandbox, sandbox.user_token("rob"), f"POST {path}", {"content": "eyes"}).status_code == 201
    assert call(sandbox, token, f"POST {path}", {"content": "wink"}).status_code == 422
    assert sandbox.reactions(comment) == [("amts[bot]", "eyes"), ("rob", "eyes")]
    (mine, his) = call(sandbox, token, f"GET {path}?content=eyes").json()
    assert call(sandbox, token, f"GET {path}?content=rocket").json() == []
    assert call(sandbox, token, f"DELETE {path}/{his['id']}").status_code == 404
    assert call(sandbox, token, f"DELETE {path}/{mine['id']}").status_code == 204
    assert sandbox.reactions(comment) == [("rob", "eyes")]


# -- check runs ----------------------------------------------------------------------------------------------------


def test_check_runs_have_limits(sandbox: GitHubSandbox) -> None:
    repository, commit = book(sandbox), sandbox.branches(BOOK)["main"]
    output = {"title": "T", "summary": "S"}
    run = repository.create_check_run(
        "AMTS", commit, output={**output, "annotations": [remark(n + 1) for n in range(50)]}
    )
    run.edit(output={**output, "annotations": [remark(51)]})
    assert len(sandbox.check_runs(BOOK, commit)[0].annotations) == run.output.annotations_count == 51
    bad: list[dict[str, Any]] = [
        {"annotations": [remark(1)] * 51},
        {"annotations": [{"path": "a.md"}]},
        {"annotations": [remark(1) | {"annotation_level": "error"}]},
        {"annotations": [remark(1) | {"end_line": 0}]},
        {"annotations": [remark(1) | {"end_line": 2, "start_column": 1}]},
        {"annotations": [remark(1) | {"message": "m" * 65_537}]},
        {"annotations": [remark(1) | {"start_line": True}]},
        {"summary": "s" * 65_536},
        {"text": "s" * 65_536},
    ]
    for wrong in bad:
        with pytest.raises(GithubException) as caught:
            run.edit(output=output | wrong)
        assert caught.value.status == 422
    assert "No more than 50 items are allowed; 51 were supplied." in (
        call(sandbox, token_of(sandbox), f"PATCH /repos/{BOOK}/check-runs/{run.id}", {"output": output | bad[0]}).text
    )
    path = f"POST /repos/{BOOK}/check-runs"
    wrong_bodies = [
        {"name": "AMTS", "head_sha": NONE},
        {"name": "AMTS", "head_sha": "main"},
        {"name": "AMTS"},
        {"name": "AMTS", "head_sha": commit, "output": {"title": "T"}},
        {"name": "AMTS", "head_sha": commit, "conclusion": "fine"},
        {"name": "AMTS", "head_sha": commit, "completed_at": "now"},
    ]
    assert {call(sandbox, token_of(sandbox), path, body).status_code for body in wrong_bodies} == {422}
    assert len(sandbox.check_runs(BOOK, commit)) == 1


def test_check_runs_of_a_commit(sandbox: GitHubSandbox) -> None:
    repository, commit = book(sandbox), sandbox.branches(BOOK)["main"]
    for key in ("one", "two"):
        repository.create_check_run("AMTS", commit, external_id=key, conclusion="success")
    repository.create_check_run("Other", commit)
    jobs = client(sandbox, sandbox.job_token(BOOK)).get_repo(BOOK)
    jobs.create_check_run("AMTS", commit, external_id="job")

    def keys(**query: Any) -> list[str]:
        return [run.external_id for run in repository.get_commit(commit).get_check_runs(**query)]

    assert keys() == ["job", "", "two"]
    assert keys(check_name="AMTS", filter="all") == ["job", "two", "one"]
    assert keys(check_name="AMTS", status="completed") == ["two"]
    by_app = call(sandbox, token_of(sandbox), f"GET /repos/{BOOK}/commits/main/check-runs?app_id={sandbox.app_id}")
    assert [run["name"] for run in by_app.json()["check_runs"]] == ["Other", "AMTS"]
    assert call(sandbox, token_of(sandbox), f"GET /repos/{BOOK}/commits/none/check-runs").status_code == 422


# -- pages of lists, limits ----------------------------------------------------------------------------------------


def test_lists_come_in_pages(sandbox: GitHubSandbox) -> None:
    number = sandbox.open_issue(BOOK, "T", "B", "ada")
    for n in range(65):
        sandbox.comment(BOOK, number, f"Comment {n}", "ada")
    assert [one.body for one in book(sandbox).get_issue(number).get_comments()] == [f"Comment {n}" for n in range(65)]
    path = f"GET /repos/{BOOK}/issues/{number}/comments"
    middle = call(sandbox, token_of(sandbox), f"{path}?page=2&per_page=30")
    assert middle.links.keys() == {"prev", "next", "last", "first"}
    assert [middle.links[rel]["url"].partition("?")[2] for rel in ("prev", "next", "last")] == [
        "page=1&per_page=30", "page=3&per_page=30", "page=3&per_page=30",
    ]  # fmt: skip
    assert len(call(sandbox, token_of(sandbox), f"{path}?per_page=1000").json()) == 65
    last = call(sandbox, token_of(sandbox), f"{path}?page=3")
    assert (set(last.links), len(last.json())) == ({"prev", "first"}, 5)
    assert call(sandbox, token_of(sandbox), f"{path}?page=4").json() == []


def test_the_primary_limit(sandbox: GitHubSandbox) -> None:
    token = token_of(sandbox)
    sandbox.primary_limit(2, 1.0)
    answers = [call(sandbox, token, f"GET /repos/{BOOK}") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 403, 403]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["1", "0", "0", "0"]
    assert answers[2].json()["message"].startswith("API rate limit exceeded for installation ID ")
    assert int(answers[2].headers["x-ratelimit-reset"]) - time.time() <= 1
    assert sandbox.hammered == 1  # the first one could not know
    assert call(sandbox, token, "GET /rate_limit").json()["rate"]["remaining"] == 0
    time.sleep(1.1)
    assert call(sandbox, token, f"GET /repos/{BOOK}").headers["x-ratelimit-remaining"] == "4999"
    assert sandbox.hammered == 1


@pytest.mark.parametrize("status", [403, 429])
def test_the_secondary_limit(sandbox: GitHubSandbox, status: int) -> None:
    token = token_of(sandbox)
    sandbox.secondary_limit(2, 1, status)
    first = call(sandbox, token, f"GET /repos/{BOOK}")
    assert (first.status_code, first.headers["retry-after"]) == (status, "1")
    assert first.json()["message"].startswith("You have exceeded a secondary rate limit.")
    assert int(first.headers["x-ratelimit-remaining"]) > 0
    time.sleep(1.05)
    assert call(sandbox, token, f"GET /repos/{BOOK}").status_code == status
    assert sandbox.hammered == 0
    assert call(sandbox, token, f"GET /repos/{BOOK}").status_code == 200
    assert sandbox.hammered == 1
    sandbox.secondary_limit(1, None, status)
    assert "retry-after" not in call(sandbox, token, f"GET /repos/{BOOK}").headers


# -- webhooks ------------------------------------------------------------------------------------------------------


def test_deliveries_and_what_became_of_them(sandbox: GitHubSandbox, hooks: Hooks) -> None:
    sandbox.commit(BOOK, "main", {"a.md": b"1\n"}, "One", "ann")
    sandbox.drain()
    hooks.status = 503
    sandbox.commit(BOOK, "main", {"a.md": b"2\n"}, "Two", "ann")
    sandbox.drain()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        sandbox.webhook_url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        sandbox.commit(BOOK, "main", {"a.md": b"3\n"}, "Three", "ann")
        sandbox.drain()
    assert [(one.event, one.status) for one in sandbox.deliveries] == [("push", 202), ("push", 503), ("push", 502)]
    hooks.status, sandbox.webhook_url = 202, hooks.url
    again = sandbox.redeliver(sandbox.deliveries[1].id)
    sandbox.drain()
    first, last = sandbox.deliveries[1], sandbox.deliveries[-1]
    assert (last.id, last.guid, last.redelivery, last.status) == (again, first.guid, True, 202)
    assert hooks.received[-1][1] == hooks.received[1][1]
    assert hooks.received[-1][0]["X-GitHub-Delivery"] == hooks.received[1][0]["X-GitHub-Delivery"]
    with pytest.raises(KeyError):
        sandbox.redeliver(999)


def test_webhooks_are_for_where_the_app_is(sandbox: GitHubSandbox, hooks: Hooks, source: Path) -> None:
    sandbox.commit(HIDDEN, "main", {"a.md": b"1\n"}, "Not installed", "ann")
    sandbox.add_repository("book/new", source)
    sandbox.webhook_url = None
    sandbox.commit(BOOK, "main", {"a.md": b"1\n"}, "Nobody listens", "ann")
    sandbox.webhook_url = hooks.url
    sandbox.install("book/new", "book/secret")
    sandbox.commit("book/new", "main", {"a.md": b"1\n"}, "Installed", "ann")
    sandbox.drain()
    assert hooks.events == ["installation_repositories added", "push"]
    (told,) = hooks.payloads("installation_repositories")
    assert [one["full_name"] for one in told["repositories_added"]] == ["book/new", HIDDEN]
    assert hooks.payloads("push")[0]["installation"]["id"] == told["installation"]["id"]


def test_an_app_gets_what_it_subscribes_to(tmp_path: Path, source: Path, hooks: Hooks) -> None:
    with GitHubSandbox(tmp_path / "github", webhook_url=hooks.url, events=("issues",)) as sandbox:
        sandbox.add_repository(BOOK, source)
        sandbox.install(BOOK)
        sandbox.commit(BOOK, "main", {"a.md": b"1\n"}, "One", "ann")
        sandbox.open_issue(BOOK, "T", "B", "ann")
        sandbox.webhook_secret = "another"  # noqa: S105 - of this test
        sandbox.close(BOOK, 1, "ann")
        sandbox.drain()
        adapt(Hooks(received=hooks.received[-1:]), "another")
    assert hooks.events == ["installation created", "issues opened", "issues closed"]


def test_waiting_for_webhooks_ends(sandbox: GitHubSandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        sandbox.webhook_url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        sandbox.ping()
        with pytest.raises(TimeoutError, match="1 webhooks are still waiting"):
            sandbox.drain(0.1)


# -- the sandbox itself --------------------------------------------------------------------------------------------


def test_requests_are_told_before_and_after(sandbox: GitHubSandbox, tmp_path: Path) -> None:
    token = token_of(sandbox)
    start, seen = len(sandbox.requests), []
    issues: list[tuple[When, int]] = []

    def look(number: int, name: str, when: When) -> None:
        seen.append((number, name, when))
        issues.append((when, len(sandbox.issues(BOOK))))

    sandbox.on_request = look
    call(sandbox, token, f"POST /repos/{BOOK}/issues", {"title": "T"})
    call(sandbox, token, "GET /nothing")
    name = "POST /repos/{owner}/{repo}/issues"
    assert seen[:2] == [(start + 1, name, When.BEFORE), (start + 1, name, When.AFTER)]
    assert issues[:2] == [(When.BEFORE, 0), (When.AFTER, 1)]
    assert sandbox.requests[start:] == (name, "GET {path}")
    git(tmp_path, "clone", "--quiet", "--bare", address(sandbox, None), "clone")
    assert sandbox.requests[start + 2 :] == (f"info/refs git-upload-pack {BOOK}", *[f"git-upload-pack {BOOK}"] * 2)


def test_a_request_that_arrived_is_carried_out_without_its_client(sandbox: GitHubSandbox) -> None:
    token, done = token_of(sandbox), threading.Event()
    gone = threading.Event()

    def look(number: int, name: str, when: When) -> None:
        if when is When.BEFORE:
            assert gone.wait(10)
        else:
            done.set()

    sandbox.on_request = look
    body = json.dumps({"title": "T"}).encode()
    head = f"POST /api/v3/repos/{BOOK}/issues HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
    with socket.create_connection(("127.0.0.1", int(sandbox.url.rpartition(":")[2]))) as client_socket:
        client_socket.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        while len(sandbox.requests) == 0 or "issues" not in sandbox.requests[-1]:
            time.sleep(0.005)
    gone.set()
    assert done.wait(10)
    sandbox.on_request = None
    assert [issue.title for issue in sandbox.issues(BOOK)] == ["T"]


def test_a_connection_can_be_dropped_by_who_looks_on(sandbox: GitHubSandbox) -> None:
    token = token_of(sandbox)

    def drop(number: int, name: str, when: When) -> None:
        if when is When.AFTER:
            raise ConnectionAbortedError

    sandbox.on_request = drop
    with pytest.raises(requests.ConnectionError):
        call(sandbox, token, f"POST /repos/{BOOK}/issues", {"title": "T"})
    sandbox.on_request = None
    assert len(sandbox.issues(BOOK)) == 1


def test_connections_stay_open(sandbox: GitHubSandbox) -> None:
    connection = http.client.HTTPConnection(sandbox.url.removeprefix("http://"), timeout=20)
    connection.connect()
    kept = connection.sock
    for path in ("/api/v3/rate_limit", "/", "/api/v3/users/ann", f"/{BOOK}.git/info/refs?service=git-upload-pack"):
        connection.request("GET", path)
        answer = connection.getresponse()
        assert (answer.status, answer.version, len(answer.read()) > 0) == (200, 11, True)
        assert connection.sock is kept
    connection.close()


def test_many_at_once(sandbox: GitHubSandbox, hooks: Hooks, tmp_path: Path) -> None:
    number = sandbox.open_issue(BOOK, "T", "B", "ada")
    for n in range(4):
        git(tmp_path, "clone", "--quiet", address(sandbox, sandbox.user_token("ann")), f"clone-{n}")

    def comment(n: int) -> None:
        issue = book(sandbox).get_issue(number)
        for m in range(5):
            issue.create_comment(f"{n} {m}")

    def push(n: int) -> None:
        folder = tmp_path / f"clone-{n}"
        (folder / f"{n}.md").write_text("New\n")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message=New")
        git(folder, "push", "--quiet", "origin", f"HEAD:branch-{n}")

    with ThreadPoolExecutor(8) as pool:
        work = [*(pool.submit(comment, n) for n in range(4)), *(pool.submit(push, n) for n in range(4))]
        for future in work:
            future.result()
    sandbox.drain()
    assert sorted(one.body for one in sandbox.comments(BOOK, number)) == [
        f"{n} {m}" for n in range(4) for m in range(5)
    ]
    assert len({one.id for one in sandbox.comments(BOOK, number)}) == 20
    pushes = {one["ref"]: one["after"] for one in hooks.payloads("push")}
    assert pushes == {f"refs/heads/branch-{n}": sandbox.branches(BOOK)[f"branch-{n}"] for n in range(4)}
    assert hooks.events.count("issue_comment created") == 20
    assert [int(one.id) for one in sandbox.deliveries] == sorted(one.id for one in sandbox.deliveries)


def test_snapshots_can_be_compared(sandbox: GitHubSandbox, tmp_path: Path, source: Path) -> None:
    def work(one: GitHubSandbox, *, twice: bool) -> dict[str, Any]:
        number = open_pull(one)
        issue = book(one).get_issue(number)
        issue.add_to_labels("amts")
        comment = one.comment(BOOK, number, "/amts status", "ann")
        for _ in range(1 + twice):
            issue.get_comment(comment).create_reaction("eyes")
        run = book(one).create_check_run("AMTS", one.branches(BOOK)["amts/sync"], conclusion="neutral")
        run.edit(output={"title": "T", "summary": "S", "annotations": [remark(1)]})
        one.open_issue(BOOK, "Dashboard", "Text", "ann")
        return one.snapshot(BOOK)

    with GitHubSandbox(tmp_path / "again") as again:
        again.add_user("somebody")  # other ids
        again.add_repository(BOOK, source, collaborators={"ann": "write"})
        again.install(BOOK)
        first, second = work(sandbox, twice=False), work(again, twice=True)
        assert first == second
        again.comment(BOOK, 1, "One more", "ann")
        assert again.snapshot(BOOK) != first
    assert first["comments"][1] == [("ann", "/amts status", [("amts[bot]", "eyes")])]
    assert json.loads(json.dumps(first))["pull_requests"][0]["labels"] == ["amts"]


def test_repositories_come_from_elsewhere(sandbox: GitHubSandbox, source: Path, tmp_path: Path) -> None:
    git(source, "bundle", "create", "--quiet", str(tmp_path / "book.bundle"), "--all", "HEAD")
    sandbox.add_repository("else/bundle", tmp_path / "book.bundle")
    sandbox.add_repository("else/empty")
    sandbox.add_repository("else/topic", source, default_branch="topic")
    assert sandbox.branches("else/bundle") == sandbox.branches(BOOK)
    commit = sandbox.commit("else/empty", "main", {"dir/a b.md": b"First\n"}, "First", "ann")
    assert sandbox.branches("else/empty") == {"main": commit}
    assert sandbox.file("else/empty", commit, "dir/a b.md") == b"First\n"
    repository = client(sandbox, None).get_repo("else/topic")
    assert (repository.default_branch, repository.owner.type) == ("topic", "Organization")
    with pytest.raises(ApiError):
        sandbox.merge("else/none", 1, "ann")
    with pytest.raises(GitError):
        sandbox.push(BOOK, source, "none:none", "ann")


def test_nothing_is_served_after_the_end(tmp_path: Path) -> None:
    with GitHubSandbox(tmp_path / "github") as sandbox:
        connection = http.client.HTTPConnection(sandbox.url.removeprefix("http://"), timeout=20)
        connection.request("GET", "/")
        assert connection.getresponse().read()
    with pytest.raises((OSError, http.client.HTTPException)):
        answer_of(connection)
    connection.close()


def answer_of(connection: http.client.HTTPConnection) -> bytes:
    connection.request("GET", "/")
    return connection.getresponse().read()


# -- pages for browsers --------------------------------------------------------------------------------------------


def test_pages_show_what_there_is_and_run_nothing(sandbox: GitHubSandbox) -> None:
    evil = "<script>alert('1')</script> & \"quoted\""
    number = open_pull(sandbox, "amts/sync", f"{evil}\n".encode())
    pull = book(sandbox).get_pull(number)
    pull.edit(title=f"Title {evil}", body=f"Body {evil}")
    pull.add_to_labels("a<b")
    comment = sandbox.comment(BOOK, number, f"Comment {evil}", "ann")
    book(sandbox).get_issue(number).get_comment(comment).create_reaction("rocket")
    output: dict[str, Any] = {
        "title": evil,
        "summary": evil,
        "annotations": [remark(1) | {"message": evil, "path": "<a>.md"}],
    }
    book(sandbox).create_check_run("AMTS", pull.head.sha, conclusion="neutral", output=output)
    issue = sandbox.open_issue(BOOK, f"Issue {evil}", evil, "ann")
    before = sandbox.requests
    safe = "&lt;script&gt;alert(&#x27;1&#x27;)&lt;/script&gt; &amp; &quot;quoted&quot;"
    pages = {path: requests.get(f"{sandbox.url}{path}", timeout=20) for path in
             ("/", f"/{BOOK}", f"/{BOOK}/pull/{number}", f"/{BOOK}/issues/{issue}")}  # fmt: skip
    for page in pages.values():
        assert page.status_code == 200
        assert "<script" not in page.text
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert BOOK in pages["/"].text
    assert f"Title {safe}" in pages[f"/{BOOK}"].text
    assert f"Issue {safe}" in pages[f"/{BOOK}"].text
    text = pages[f"/{BOOK}/pull/{number}"].text
    for part in (
        f"Title {safe}",
        f"Body {safe}",
        "a&lt;b",
        f"Comment {safe}",
        "🚀 amts[bot]",
        "&lt;a&gt;.md:1 warning",
        f"<ins>+{safe}</ins>",
    ):
        assert part in text
    for path in ("/nothing/here", "/nothing", f"/{BOOK}/pull/99", "/%00/%3Cscript%3E"):
        page = requests.get(f"{sandbox.url}{path}", timeout=20)
        assert page.status_code == 404
        assert "<script" not in page.text
    assert requests.post(f"{sandbox.url}/", timeout=20).status_code == 405
    assert sandbox.requests == before
