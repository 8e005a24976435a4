"""How commits, branches and check runs look in answers and webhooks."""

from __future__ import annotations

import hashlib
from base64 import encodebytes
from dataclasses import asdict

from bot.sandbox.github.app_views import app
from bot.sandbox.github.history import LoggedCommit
from bot.sandbox.github.records import Annotation, CheckRun, Repository
from bot.sandbox.github.views import Addresses, View, node, repository_api, time


def commit(record: LoggedCommit, home: Repository, at: Addresses) -> View:
    """A commit."""
    api, web = f"{repository_api(home, at)}/commits/{record.id}", f"{at.web}/{home.full_name}/commit/{record.id}"
    git = f"{repository_api(home, at)}/git"
    return {
        "sha": record.id,
        "node_id": node("C", int(record.id[:12], 16)),
        "url": api,
        "html_url": web,
        "comments_url": f"{api}/comments",
        "author": None,
        "committer": None,
        "parents": [
            {
                "sha": parent,
                "url": f"{repository_api(home, at)}/commits/{parent}",
                "html_url": f"{at.web}/{home.full_name}/commit/{parent}",
            }
            for parent in record.parents
        ],
        "commit": {
            "url": f"{git}/commits/{record.id}",
            "message": record.message.strip(),
            "comment_count": 0,
            "author": {"name": record.author, "email": record.author_email, "date": record.date},
            "committer": {"name": record.committer, "email": record.committer_email, "date": record.committed},
            "tree": {"sha": record.tree, "url": f"{git}/trees/{record.tree}"},
        },
    }


def pushed_commit(record: LoggedCommit, home: Repository, at: Addresses, *, distinct: bool) -> View:
    """A commit, in the event of a push. `distinct`: no branch had it before."""
    return {
        "id": record.id,
        "tree_id": record.tree,
        "distinct": distinct,
        "message": record.message.strip(),
        "timestamp": record.committed,
        "url": f"{at.web}/{home.full_name}/commit/{record.id}",
        "author": {"name": record.author, "email": record.author_email, "date": record.date},
        "committer": {"name": record.committer, "email": record.committer_email, "date": record.committed},
        "added": record.added,
        "removed": record.removed,
        "modified": record.modified,
    }


def ref(name: str, sha: str, home: Repository, at: Addresses) -> View:
    """A ref that points to a commit."""
    git = f"{repository_api(home, at)}/git"
    return {
        "ref": name,
        "node_id": node("REF", int(sha[:12], 16)),
        "url": f"{git}/{name}",
        "object": {"type": "commit", "sha": sha, "url": f"{git}/commits/{sha}"},
    }


def content(path: str, data: bytes, home: Repository, at: Addresses) -> View:
    """A file of the default branch."""
    blob = hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()  # noqa: S324 - git's name for it
    api, branch = repository_api(home, at), home.default_branch
    own, web = f"{api}/contents/{path}?ref={branch}", f"{at.web}/{home.full_name}/blob/{branch}/{path}"
    return {
        "type": "file",
        "encoding": "base64",
        "size": len(data),
        "name": path.rpartition("/")[2],
        "path": path,
        "content": encodebytes(data).decode(),
        "sha": blob,
        "url": own,
        "git_url": f"{api}/git/blobs/{blob}",
        "html_url": web,
        "download_url": None,
        "_links": {"self": own, "git": f"{api}/git/blobs/{blob}", "html": web},
    }


def short_branch(name: str, sha: str, home: Repository, at: Addresses) -> View:
    """A branch, in lists."""
    return {
        "name": name,
        "commit": {"sha": sha, "url": f"{repository_api(home, at)}/commits/{sha}"},
        "protected": False,
    }


def branch(name: str, tip: LoggedCommit, home: Repository, at: Addresses) -> View:
    """A branch that is asked for by itself."""
    api = f"{repository_api(home, at)}/branches/{name}"
    return {
        "name": name,
        "commit": commit(tip, home, at),
        "_links": {"self": api, "html": f"{at.web}/{home.full_name}/tree/{name}"},
        "protected": False,
        "protection": {"enabled": False, "required_status_checks": {"contexts": [], "checks": []}},
        "protection_url": f"{api}/protection",
    }


def check_run(record: CheckRun, home: Repository, at: Addresses) -> View:
    """A check run."""
    api = f"{repository_api(home, at)}/check-runs/{record.id}"
    return {
        "id": record.id,
        "node_id": node("CR", record.id),
        "head_sha": record.head_sha,
        "external_id": record.external_id,
        "url": api,
        "html_url": f"{at.web}/{home.full_name}/runs/{record.id}",
        "details_url": record.details_url or at.web,
        "status": record.status,
        "conclusion": record.conclusion,
        "started_at": time(record.started),
        "completed_at": time(record.completed),
        "output": {
            "title": record.title,
            "summary": record.summary,
            "text": record.text,
            "annotations_count": len(record.annotations),
            "annotations_url": f"{api}/annotations",
        },
        "name": record.name,
        "check_suite": {"id": record.id},
        "app": app(record.app, at),
        "pull_requests": [],
    }


def annotation(record: Annotation, run: CheckRun, home: Repository, at: Addresses) -> View:
    """A remark of a check run."""
    return {**asdict(record), "blob_href": f"{at.web}/{home.full_name}/blob/{run.head_sha}/{record.path}"}
