"""Webhook payloads as GitHub sends them: the fields that AMTS reads, among some of those that it does not."""

from __future__ import annotations

from typing import Any

OWN = "amts[bot]"
SHA = "0123456789abcdef0123456789abcdef01234567"
NOUGHTS = "0" * 40
Payload = dict[str, Any]


def account(login: str) -> Payload:
    bot = login.endswith("[bot]")
    return {
        "login": login,
        "id": 583231,
        "node_id": "MDQ6VXNlcjU4MzIzMQ==",
        "url": f"https://api.github.com/users/{login.replace('[', '%5B').replace(']', '%5D')}",
        "type": "Bot" if bot else "User",
        "site_admin": False,
    }


def repository(full_name: str = "open-book/book-ko", default_branch: str = "main") -> Payload:
    owner, _, name = full_name.partition("/")
    return {
        "id": 1296269,
        "name": name,
        "full_name": full_name,
        "private": False,
        "owner": account(owner),
        "html_url": f"https://github.com/{full_name}",
        "description": None,
        "fork": False,
        "created_at": 1296068472,
        "size": 108,
        "topics": ["book", "übersetzung"],
        "default_branch": default_branch,
    }


def webhook(full_name: str = "open-book/book-ko", sender: str = "mina", **rest: object) -> Payload:
    return {
        **rest,
        "repository": repository(full_name),
        "sender": account(sender),
        "installation": {"id": 4711, "node_id": "MDIz"},
    }


def push(ref: str = "refs/heads/main", sender: str = "mina", **changed: object) -> Payload:
    commit = {
        "id": SHA,
        "tree_id": SHA[::-1],
        "distinct": True,
        "message": "Say it better\n\n“quoted”, 번역",
        "timestamp": "2026-02-03T10:11:12+01:00",
        "author": {"name": "Mina", "email": "mina@example.org", "username": "mina"},
        "added": [],
        "removed": [],
        "modified": ["chapter_one/index.md"],
    }
    return {
        "ref": ref,
        "before": SHA[::-1],
        "after": SHA,
        "base_ref": None,
        "created": False,
        "deleted": False,
        "forced": False,
        "compare": "https://github.com/open-book/book/compare/a...b",
        "commits": [commit],
        "head_commit": commit,
        "pusher": {"name": "mina", "email": "mina@example.org"},
        **webhook("open-book/book", sender),
        **changed,
    }


def issue(author: str = OWN, body: str | None = "- [x] chapter_one", on_pull_request: bool = False) -> Payload:
    where = {"pull_request": {"url": "https://api.github.com/repos/open-book/book-ko/pulls/7", "merged_at": None}}
    return {
        "id": 73464126,
        "number": 7,
        "title": "Translations",
        "user": account(author),
        "labels": [],
        "state": "open",
        "locked": False,
        "comments": 0,
        "created_at": "2026-02-03T10:11:12Z",
        "body": body,
        "reactions": {"+1": 0, "-1": 0, "total_count": 0},
        **(where if on_pull_request else {}),
    }


def comment(body: str = "/amts status\r\n", author: str = "mina", action: str = "created") -> Payload:
    written = {
        "id": 99262140,
        "user": account(author),
        "created_at": "2026-02-03T10:11:12Z",
        "author_association": "COLLABORATOR",
        "body": body,
        "performed_via_github_app": None,
    }
    return webhook(sender=author, action=action, issue=issue(on_pull_request=True), comment=written)


def pull_request(
    action: str = "closed",
    branch: str = "amts/sync",
    head: str | None = "open-book/book-ko",
    sender: str = "mina",
    merged: bool = True,
) -> Payload:
    request = {
        "id": 279147437,
        "number": 7,
        "state": "closed" if action == "closed" else "open",
        "user": account(OWN),
        "body": "The text",
        "merged": merged,
        "mergeable": None,
        "head": {"ref": branch, "sha": SHA, "label": f"x:{branch}", "repo": repository(head) if head else None},
        "base": {"ref": "main", "sha": SHA[::-1], "label": "open-book:main", "repo": repository()},
        "additions": 1,
    }
    return webhook(sender=sender, action=action, number=7, pull_request=request)


def issues(action: str = "edited", author: str = OWN, sender: str = "mina", body: str | None = "- [x] one") -> Payload:
    return webhook(sender=sender, action=action, issue=issue(author, body), changes={"body": {"from": "- [ ] one"}})


def installation(action: str = "created") -> Payload:
    return {
        "action": action,
        "installation": {"id": 4711, "account": account("open-book"), "app_id": 1, "events": ["push"]},
        "repositories": [_listed("open-book/book"), _listed("open-book/book-ko")],
        "requester": None,
        "sender": account("mina"),
    }


def installation_repositories(action: str = "added") -> Payload:
    changed = [_listed("open-book/book-vi")]
    return {
        "action": action,
        "installation": {"id": 4711, "account": account("open-book"), "app_id": 1, "events": ["push"]},
        "repository_selection": "selected",
        "repositories_added": changed if action == "added" else [],
        "repositories_removed": changed if action == "removed" else [],
        "sender": account("mina"),
    }


def _listed(full_name: str) -> Payload:
    name = full_name.partition("/")[2]
    return {"id": 1296269, "node_id": "MDEw", "name": name, "full_name": full_name, "private": False}


def ping() -> Payload:
    return {"zen": "Keep it logically awesome.", "hook_id": 30, "hook": {"type": "App", "id": 30, "active": True}}


# One of each kind that is acted on.
SEEDS: tuple[tuple[str, Payload], ...] = (
    ("push", push()),
    ("issue_comment", comment()),
    ("pull_request", pull_request()),
    ("pull_request", pull_request("synchronize", "amts/sync-chapter_one", merged=False)),
    ("issues", issues()),
    ("installation", installation()),
    ("installation_repositories", installation_repositories()),
    ("ping", ping()),
)
