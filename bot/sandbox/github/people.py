"""What people do on the sandbox, and what can be seen of it: for tests and the demo, without HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import bot.sandbox.github.facts as facts
from bot.sandbox.github.accounts import Kind, Role
from bot.sandbox.github.errors import ApiError, not_found
from bot.sandbox.github.facts import CheckFacts, CommentFacts, IssueFacts, PullRequestFacts, Snapshot
from bot.sandbox.github.git import BareRepository
from bot.sandbox.github.records import Actor, Comment, Pull, Repository, Thread
from bot.sandbox.github.services import Services
from bot.sandbox.github.world import PERMISSIONS, signature


class People:
    """Helpers that act as people, and what there is to see. Each raises ApiError where GitHub would refuse.

    Repositories are named OWNER/NAME, people by their login (made where it is new), issues and pull requests by number.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._world = services.world

    def add_user(self, login: str) -> None:
        """Add a person."""
        self._world.user(login)

    def add_repository(
        self,
        full_name: str,
        source: Path | None = None,
        *,
        private: bool = False,
        default_branch: str | None = None,
        collaborators: Mapping[str, str] | None = None,
    ) -> None:
        """Add a repository: a bare clone of a local one or of a bundle, or an empty one. Nobody is told.

        `collaborators`: login to "read", "triage", "write", "maintain" or "admin".
        """
        git = BareRepository.create(self._world.folder / f"{full_name}.git", source, default_branch)
        roles = {login: Role[role.upper()] for login, role in (collaborators or {}).items()}
        self._world.add_repository(full_name, git, private=private, roles=roles)

    def set_role(self, full_name: str, login: str, role: str) -> None:
        """Give a person another role in a repository; "none" takes it away."""
        repository = self._world.repository(full_name)
        with self._world.lock:
            repository.roles[self._world.user(login).login] = Role[role.upper()]

    def forbid_pull_requests_of_actions(self, full_name: str) -> None:
        """Do not let the tokens of jobs open pull requests: a setting of GitHub, off in new repositories."""
        self._world.repository(full_name).actions_open_pulls = False

    def archive(self, full_name: str) -> None:
        """Archive a repository: nobody can write to it any more."""
        self._world.repository(full_name).archived = True

    def install(self, *full_names: str) -> None:
        """Install the App on repositories: one installation for each of their owners."""
        for owner, repositories in self._by_owner(full_names).items():
            self._services.installing.install(self._world.user(owner), repositories)

    def uninstall(self, *full_names: str) -> None:
        """Take the App off repositories; off the last one of an owner, and the installation is deleted."""
        for owner, repositories in self._by_owner(full_names).items():
            self._services.installing.uninstall(self._world.user(owner), repositories)

    def suspend(self, owner: str) -> None:
        """Suspend the installation of an owner."""
        self._services.installing.suspend(self._world.user(owner))

    def unsuspend(self, owner: str) -> None:
        """End the suspension of the installation of an owner."""
        self._services.installing.unsuspend(self._world.user(owner))

    def user_token(self, login: str) -> str:
        """A token that acts as a person."""
        with self._world.lock:
            return self._world.tokens.issue(self._person(login))[0]

    def job_token(self, full_name: str, permissions: Mapping[str, str] | None = None) -> str:
        """The GITHUB_TOKEN of a job of an Action: it acts as github-actions[bot], in one repository only."""
        repository, actions = self._world.repository(full_name), self._world.actions
        granted = dict(PERMISSIONS if permissions is None else permissions)
        with self._world.lock:
            actor = Actor(Kind.JOB, actions.bot, actions, repository=repository, permissions=granted)
            return self._world.tokens.issue(actor)[0]

    def push(self, full_name: str, local: Path, refspec: str, as_user: str) -> None:
        """Push from a local repository. Raises GitError where git refuses."""
        repository, user = self._world.repository(full_name), self._world.user(as_user)
        self._services.pushes.around(repository, user, lambda: repository.git.fetch(local, refspec))

    def commit(self, full_name: str, branch: str, files: Mapping[str, bytes | None], message: str, as_user: str) -> str:
        """Commit files (None: removed) to a branch, a new one begins at the default one, and push: the commit."""
        repository, user = self._world.repository(full_name), self._world.user(as_user)
        return self._services.pushes.around(
            repository, user, lambda: repository.git.commit(branch, files, message, signature(user))
        )

    def create_branch(self, full_name: str, branch: str, commit: str, as_user: str) -> None:
        """Make a branch at a commit, or set one there by force."""
        repository, user = self._world.repository(full_name), self._world.user(as_user)
        name = f"refs/heads/{branch}"
        self._services.pushes.around(repository, user, lambda: repository.git.update_ref(name, commit))

    def delete_branch(self, full_name: str, branch: str, as_user: str) -> None:
        """Delete a branch."""
        repository, user = self._world.repository(full_name), self._world.user(as_user)
        name = f"refs/heads/{branch}"
        self._services.pushes.around(repository, user, lambda: repository.git.update_ref(name, None))

    def open_issue(self, full_name: str, title: str, body: str, as_user: str) -> int:
        """Open an issue: its number."""
        repository = self._world.repository(full_name)
        return self._services.threads.open_issue(repository, self._person(as_user), title, body, ()).number

    def open_pull_request(self, full_name: str, title: str, body: str, head: str, base: str, as_user: str) -> int:
        """Open a pull request from a branch to another: its number."""
        repository, actor = self._world.repository(full_name), self._person(as_user)
        return self._services.pulls.open(repository, actor, title, body, head, base, draft=False).number

    def comment(self, full_name: str, number: int, text: str, as_user: str) -> int:
        """Write a comment: its id."""
        return self._services.threads.comment(self._thread(full_name, number), self._person(as_user), text).id

    def edit_comment(self, comment_id: int, text: str, as_user: str) -> None:
        """Change a comment."""
        self._services.threads.edit_comment(self._comment(comment_id), self._world.user(as_user), text)

    def delete_comment(self, comment_id: int, as_user: str) -> None:
        """Delete a comment."""
        self._services.threads.delete_comment(self._comment(comment_id), self._world.user(as_user))

    def edit_title(self, full_name: str, number: int, title: str, as_user: str) -> None:
        """Change the title of an issue or a pull request."""
        self._services.threads.edit(self._thread(full_name, number), self._world.user(as_user), {"title": title})

    def edit_body(self, full_name: str, number: int, body: str, as_user: str) -> None:
        """Change the body of an issue or a pull request, as who ticks a box in it does."""
        self._services.threads.edit(self._thread(full_name, number), self._world.user(as_user), {"body": body})

    def add_labels(self, full_name: str, number: int, labels: Iterable[str], as_user: str) -> None:
        """Put labels on an issue or a pull request."""
        self._services.threads.add_labels(self._thread(full_name, number), self._world.user(as_user), labels)

    def merge(
        self, full_name: str, number: int, as_user: str, method: str = "merge", *, delete_branch: bool = False
    ) -> str:
        """Merge a pull request by "merge", "squash" or "rebase": the commit. ApiError (405) where it conflicts."""
        thread, pull = self._pull(full_name, number)
        commit = self._services.pulls.merge(thread, pull, self._world.user(as_user), method)
        if delete_branch:
            self.delete_branch(full_name, pull.head, as_user)
        return commit

    def close(self, full_name: str, number: int, as_user: str) -> None:
        """Close an issue or a pull request."""
        self._services.threads.close(self._thread(full_name, number), self._world.user(as_user))

    def reopen(self, full_name: str, number: int, as_user: str) -> None:
        """Reopen an issue or a pull request."""
        thread, user = self._thread(full_name, number), self._world.user(as_user)
        if thread.pull is None:
            self._services.threads.reopen(thread, user)
        else:
            self._services.pulls.reopen(thread, thread.pull, user)

    def branches(self, full_name: str) -> dict[str, str]:
        """The commit of each branch."""
        found = self._world.repository(full_name).git.refs("refs/heads/")
        return {name.removeprefix("refs/heads/"): sha for name, sha in found.items()}

    def file(self, full_name: str, revision: str, path: str) -> bytes | None:
        """A file as of a revision, None where there is none."""
        return self._world.repository(full_name).git.file(revision, path)

    def pull_requests(self, full_name: str) -> list[PullRequestFacts]:
        """Every pull request, by number."""
        with self._world.lock:
            threads = self._world.repository(full_name).threads.values()
            return [facts.pull_request(thread, thread.pull) for thread in threads if thread.pull is not None]

    def issues(self, full_name: str) -> list[IssueFacts]:
        """Every issue that is no pull request, by number."""
        with self._world.lock:
            threads = self._world.repository(full_name).threads.values()
            return [facts.issue(thread) for thread in threads if thread.pull is None]

    def comments(self, full_name: str, number: int) -> list[CommentFacts]:
        """The comments on an issue or a pull request, oldest first."""
        with self._world.lock:
            return [facts.comment(one) for one in self._thread(full_name, number).comments]

    def reactions(self, comment_id: int) -> list[tuple[str, str]]:
        """Who reacted to a comment, and how: (login, content), in order."""
        with self._world.lock:
            return facts.reactions(self._comment(comment_id))

    def check_runs(self, full_name: str, commit: str) -> list[CheckFacts]:
        """The check runs on a commit, oldest first."""
        with self._world.lock:
            runs = self._world.repository(full_name).checks.values()
            return [facts.check_run(run) for run in runs if run.head_sha == commit]

    def snapshot(self, full_name: str) -> Snapshot:
        """Everything that can be seen of a repository, without ids and times, to be compared with another run's."""
        repository = self._world.repository(full_name)
        refs = repository.git.refs()
        with self._world.lock:
            return facts.snapshot(repository, refs)

    def _by_owner(self, full_names: Iterable[str]) -> dict[str, list[Repository]]:
        owners: dict[str, list[Repository]] = {}
        for repository in map(self._world.repository, full_names):
            owners.setdefault(repository.owner.login, []).append(repository)
        return owners

    def _person(self, login: str) -> Actor:
        return Actor(Kind.PERSON, self._world.user(login))

    def _thread(self, full_name: str, number: int) -> Thread:
        return self._world.thread(self._world.repository(full_name), number)

    def _pull(self, full_name: str, number: int) -> tuple[Thread, Pull]:
        thread = self._thread(full_name, number)
        if thread.pull is None:
            raise not_found()
        return thread, thread.pull

    def _comment(self, number: int) -> Comment:
        with self._world.lock:
            if number not in self._world.comments:
                raise ApiError(404, "Not Found")
            return self._world.comments[number]
