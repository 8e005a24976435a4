"""How issues, pull requests, comments, labels and reactions look in answers and webhooks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from bot.sandbox.github.accounts import App, Role, User
from bot.sandbox.github.app_views import app
from bot.sandbox.github.history import ChangedFile, Comparison
from bot.sandbox.github.records import Comment, Label, Pull, Reaction, Repository, Thread
from bot.sandbox.github.views import Addresses, View, node, repository, repository_api, time, user

REACTIONS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")


@dataclass(frozen=True, slots=True)
class Merging:
    """What git says of a pull request; whether it can be merged is only asked of an open one."""

    comparison: Comparison
    mergeable: bool | None


def label(record: Label, home: Repository, at: Addresses) -> View:
    """A label."""
    return {
        "id": record.id,
        "node_id": node("LA", record.id),
        "url": f"{repository_api(home, at)}/labels/{record.name}",
        "name": record.name,
        "color": record.color,
        "default": False,
        "description": record.description,
        "archived_at": None,
        "archived_by": None,
    }


def reaction(record: Reaction, at: Addresses) -> View:
    """A reaction."""
    return {
        "id": record.id,
        "node_id": node("REA", record.id),
        "user": user(record.author, at),
        "content": record.content,
        "created_at": time(record.created),
    }


def comment(record: Comment, by: App, at: Addresses) -> View:
    """A comment; `by` is the App that wrote it, if one did."""
    api, thread = repository_api(record.thread.repository, at), record.thread
    address = f"{api}/issues/comments/{record.id}"
    return {
        "id": record.id,
        "node_id": node("IC", record.id),
        "url": address,
        "html_url": f"{_page(thread, at)}#issuecomment-{record.id}",
        "issue_url": f"{api}/issues/{thread.number}",
        "user": user(record.author, at),
        "body": record.body,
        "created_at": time(record.created),
        "updated_at": time(record.updated),
        "author_association": _association(record.author, thread.repository),
        "performed_via_github_app": app(by, at) if record.by_app else None,
        "reactions": _reactions(record.reactions, address),
    }


def issue(record: Thread, by: App, at: Addresses) -> View:
    """An issue, or a pull request as an issue; `by` is the App that opened it, if one did."""
    home = record.repository
    address = f"{repository_api(home, at)}/issues/{record.number}"
    view: View = {
        "id": record.id,
        "node_id": node("I", record.id),
        "url": address,
        "repository_url": repository_api(home, at),
        "labels_url": f"{address}/labels{{/name}}",
        "comments_url": f"{address}/comments",
        "events_url": f"{address}/events",
        "html_url": _page(record, at),
        "timeline_url": f"{address}/timeline",
        "number": record.number,
        "state": record.state,
        "state_reason": record.reason,
        "title": record.title,
        "body": record.body,
        "user": user(record.author, at),
        "labels": [label(one, home, at) for one in record.labels],
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "locked": False,
        "active_lock_reason": None,
        "comments": len(record.comments),
        "closed_at": time(record.closed),
        "closed_by": None if record.closed_by is None else user(record.closed_by, at),
        "created_at": time(record.created),
        "updated_at": time(record.updated),
        "author_association": _association(record.author, home),
        "performed_via_github_app": app(by, at) if record.by_app else None,
        "reactions": _reactions((), address),
    }
    if record.pull is not None:
        api, page = f"{repository_api(home, at)}/pulls/{record.number}", _page(record, at)
        view["draft"] = record.pull.draft
        view["pull_request"] = {
            "url": api,
            "html_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "merged_at": time(record.pull.merged),
        }
    return view


def pull_request(record: Thread, pull: Pull, at: Addresses) -> View:
    """A pull request, in lists."""
    home = record.repository
    repo, page = repository_api(home, at), _page(record, at)
    api, issue_api = f"{repo}/pulls/{record.number}", f"{repo}/issues/{record.number}"
    links = {
        "self": api,
        "html": page,
        "issue": issue_api,
        "comments": f"{issue_api}/comments",
        "review_comments": f"{api}/comments",
        "review_comment": f"{repo}/pulls/comments{{/number}}",
        "commits": f"{api}/commits",
        "statuses": f"{repo}/statuses/{pull.head_sha}",
    }
    return {
        "id": pull.id,
        "node_id": node("PR", pull.id),
        "url": api,
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        **{f"{name}_url": links[name] for name in links if name not in ("self", "html")},
        "number": record.number,
        "state": record.state,
        "locked": False,
        "title": record.title,
        "body": record.body,
        "user": user(record.author, at),
        "labels": [label(one, home, at) for one in record.labels],
        "milestone": None,
        "active_lock_reason": None,
        "created_at": time(record.created),
        "updated_at": time(record.updated),
        "closed_at": time(record.closed),
        "merged_at": time(pull.merged),
        "merge_commit_sha": pull.merge_commit,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [user(one, at) for one in pull.reviewers],
        "requested_teams": [],
        "head": _end(home, pull.head, pull.head_sha, at),
        "base": _end(home, pull.base, pull.base_sha, at),
        "_links": {name: {"href": address} for name, address in links.items()},
        "author_association": _association(record.author, home),
        "auto_merge": None,
        "draft": pull.draft,
    }


def full_pull_request(record: Thread, pull: Pull, merging: Merging, at: Addresses) -> View:
    """A pull request that is asked for by itself, and in webhooks."""
    found = merging.comparison
    state = {None: "unknown", True: "clean", False: "dirty"}[merging.mergeable]
    return {
        **pull_request(record, pull, at),
        "merged": pull.merged is not None,
        "mergeable": merging.mergeable,
        "rebaseable": merging.mergeable,
        "mergeable_state": "draft" if record.open and pull.draft else state,
        "merged_by": None if pull.merged_by is None else user(pull.merged_by, at),
        "comments": len(record.comments),
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": found.commits,
        "additions": found.additions,
        "deletions": found.deletions,
        "changed_files": len(found.files),
    }


def file(record: ChangedFile, commit: str, home: Repository, at: Addresses) -> View:
    """A file that a pull request changes."""
    web, place = f"{at.web}/{home.full_name}", f"{commit}/{record.path}"
    view: View = {
        "sha": record.blob,
        "filename": record.path,
        "status": record.status,
        "additions": record.additions,
        "deletions": record.deletions,
        "changes": record.additions + record.deletions,
        "blob_url": f"{web}/blob/{place}",
        "raw_url": f"{web}/raw/{place}",
        "contents_url": f"{repository_api(home, at)}/contents/{record.path}?ref={commit}",
    }
    if record.patch is not None:
        view["patch"] = record.patch
    if record.previous_path is not None:
        view["previous_filename"] = record.previous_path
    return view


def _page(thread: Thread, at: Addresses) -> str:
    return f"{at.web}/{thread.repository.full_name}/{'issues' if thread.pull is None else 'pull'}/{thread.number}"


def _end(home: Repository, branch: str, commit: str, at: Addresses) -> View:
    """The head or the base of a pull request."""
    return {
        "label": f"{home.owner.login}:{branch}",
        "ref": branch,
        "sha": commit,
        "user": user(home.owner, at),
        "repo": repository(home, at),
    }


def _association(author: User, home: Repository) -> str:
    if author is home.owner:
        return "OWNER"
    return "COLLABORATOR" if home.roles.get(author.login, Role.NONE) > Role.NONE else "NONE"


def _reactions(records: tuple[Reaction, ...] | list[Reaction], address: str) -> View:
    counts = Counter(record.content for record in records)
    return {
        "url": f"{address}/reactions",
        "total_count": len(records),
        **{content: counts[content] for content in REACTIONS},
    }
