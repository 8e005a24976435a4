"""How accounts and repositories look in answers and webhooks."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.sandbox.github.accounts import Role, User
from bot.sandbox.github.records import Repository

View = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the sandbox is: `web` for browsers and git, `api` for the REST API. Without a slash at the end."""

    web: str
    api: str


def node(kind: str, number: int) -> str:
    """A global id, as GraphQL has it."""
    return f"{kind}_{base64.urlsafe_b64encode(str(number).encode()).decode().rstrip('=')}"


def time(moment: datetime | None) -> str | None:
    """A moment as the API writes it."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def user(account: User, at: Addresses) -> View:
    """An account, wherever it is named."""
    api = f"{at.api}/users/{account.login}"
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node("U", account.id),
        "avatar_url": f"{at.web}/avatars/{account.id}",
        "gravatar_id": "",
        "url": api,
        "html_url": f"{at.web}/{account.login}",
        "followers_url": f"{api}/followers",
        "following_url": f"{api}/following{{/other_user}}",
        "gists_url": f"{api}/gists{{/gist_id}}",
        "starred_url": f"{api}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{api}/subscriptions",
        "organizations_url": f"{api}/orgs",
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events{{/privacy}}",
        "received_events_url": f"{api}/received_events",
        "type": account.type,
        "user_view_type": "public",
        "site_admin": False,
    }


def profile(account: User, repositories: int, at: Addresses) -> View:
    """An account that is asked for by itself."""
    empty = ("company", "location", "email", "hireable", "bio", "twitter_username")
    return {
        **user(account, at),
        "name": account.login,
        "blog": "",
        **dict.fromkeys(empty),
        "public_repos": repositories,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": time(account.created),
        "updated_at": time(account.created),
    }


def organization(account: User, at: Addresses) -> View:
    """An organisation, in webhooks."""
    api = f"{at.api}/orgs/{account.login}"
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node("O", account.id),
        "url": api,
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events",
        "hooks_url": f"{api}/hooks",
        "issues_url": f"{api}/issues",
        "members_url": f"{api}/members{{/member}}",
        "public_members_url": f"{api}/public_members{{/member}}",
        "avatar_url": f"{at.web}/avatars/{account.id}",
        "description": None,
    }


# The templates of a repository's addresses, after its own.
_PARTS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
_COUNTS = ("forks", "forks_count", "stargazers_count", "watchers", "watchers_count")


def short_repository(repository: Repository) -> View:
    """A repository, where webhooks about installations name it."""
    return {
        "id": repository.id,
        "node_id": node("R", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
    }


def repository(repository: Repository, at: Addresses) -> View:
    """A repository, wherever it is part of something else."""
    api, web = repository_api(repository, at), f"{at.web}/{repository.full_name}"
    issues = sum(thread.open for thread in repository.threads.values())
    return {
        **short_repository(repository),
        "owner": user(repository.owner, at),
        "html_url": web,
        "url": api,
        **{name: api + part for name, part in _PARTS.items()},
        "git_url": f"{web}.git",
        "ssh_url": f"{web}.git",
        "clone_url": f"{web}.git",
        "svn_url": web,
        "mirror_url": None,
        "homepage": None,
        "description": None,
        "language": None,
        "license": None,
        "fork": False,
        "is_template": False,
        "topics": [],
        "visibility": "private" if repository.private else "public",
        "default_branch": repository.default_branch,
        "archived": repository.archived,
        "disabled": False,
        "size": 0,
        **dict.fromkeys(_COUNTS, 0),
        "open_issues": issues,
        "open_issues_count": issues,
        "has_issues": True,
        "has_projects": False,
        "has_wiki": False,
        "has_pages": False,
        "has_discussions": False,
        "has_downloads": True,
        "allow_forking": True,
        "web_commit_signoff_required": False,
        "created_at": time(repository.created),
        "updated_at": time(repository.pushed),
        "pushed_at": time(repository.pushed),
    }


def full_repository(record: Repository, role: Role, at: Addresses) -> View:
    """A repository that is asked for by itself, with what the asker may do there."""
    return {
        **repository(record, at),
        "permissions": permissions(role),
        "subscribers_count": 0,
        "network_count": 0,
        "allow_merge_commit": True,
        "allow_squash_merge": True,
        "allow_rebase_merge": True,
        "delete_branch_on_merge": False,
    }


def permissions(role: Role) -> View:
    """A role as the API writes it out."""
    return {
        "admin": role >= Role.ADMIN,
        "maintain": role >= Role.MAINTAIN,
        "push": role >= Role.WRITE,
        "triage": role >= Role.TRIAGE,
        "pull": role >= Role.READ,
    }


def collaborator(account: User, role: Role, at: Addresses) -> View:
    """What a person may do in a repository: the four old words, and the name of the role."""
    word = {Role.TRIAGE: "read", Role.MAINTAIN: "write"}.get(role, role.name.lower())
    person = {**user(account, at), "permissions": permissions(role), "role_name": role.name.lower()}
    return {"permission": word, "role_name": role.name.lower(), "user": person}


def repository_api(repository: Repository, at: Addresses) -> str:
    """The address of a repository in the API."""
    return f"{at.api}/repos/{repository.full_name}"
