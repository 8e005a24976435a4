"""What follows when refs change: the events of the push, and pull requests that move, close or are merged with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import bot.sandbox.github.commit_views as commit_views
from bot.sandbox.github.accounts import User, now
from bot.sandbox.github.git import NO_COMMIT
from bot.sandbox.github.records import Repository, Thread
from bot.sandbox.github.threads import Threads
from bot.sandbox.github.views import View
from bot.sandbox.github.world import World

MAX_COMMITS = 2048  # that the event of a push lists
_BRANCH = "refs/heads/"

T = TypeVar("T")


class Pushes:
    """Changes of refs, one at a time in each repository."""

    def __init__(self, world: World, threads: Threads) -> None:
        self._world = world
        self._threads = threads

    def around(self, repository: Repository, user: User, change: Callable[[], T]) -> T:
        """Let `change` work on the refs of a repository, then see to all that follows: what it returned."""
        with repository.lock:
            before = repository.git.refs()
            try:
                return change()
            finally:
                self._settle(repository, user, before)

    def _settle(self, repository: Repository, user: User, before: dict[str, str]) -> None:
        after = repository.git.refs()
        changed = {
            name: (before.get(name), after.get(name))
            for name in before | after
            if before.get(name) != after.get(name) and name.startswith((_BRANCH, "refs/tags/"))
        }
        if changed:
            with self._world.lock:
                repository.pushed = now()
        for name, (old, new) in changed.items():
            self._world.tell("push", None, repository, user, **self._payload(repository, user, before, name, old, new))
            if name.startswith(_BRANCH):
                self._follow(repository, user, name.removeprefix(_BRANCH), old, new)

    def _payload(
        self, repository: Repository, user: User, before: dict[str, str], name: str, old: str | None, new: str | None
    ) -> View:
        git, at = repository.git, self._world.at
        others = [sha for ref, sha in before.items() if ref.startswith(_BRANCH)]
        commits: list[View] = []
        head = None
        if new is not None and name.startswith(_BRANCH):
            fresh = git.new_commits(new, others)
            listed = git.commits(old, new, without=() if old else others, limit=MAX_COMMITS)
            commits = [commit_views.pushed_commit(one, repository, at, distinct=one.id in fresh) for one in listed]
        if new is not None and (tip := git.commit_id(new)) is not None:
            (newest,) = git.commits(None, tip, limit=1)
            head = commit_views.pushed_commit(newest, repository, at, distinct=bool(commits) or old is None)
        forced = old is not None and new is not None and not git.is_ancestor(old, new)
        return {
            "ref": name,
            "before": old or NO_COMMIT,
            "after": new or NO_COMMIT,
            "created": old is None,
            "deleted": new is None,
            "forced": forced,
            "base_ref": None,
            "compare": f"{at.web}/{repository.full_name}/compare/{(old or NO_COMMIT)[:12]}...{(new or NO_COMMIT)[:12]}",
            "commits": commits,
            "head_commit": head,
            "pusher": {"name": user.login, "email": user.email},
        }

    def _follow(self, repository: Repository, user: User, branch: str, old: str | None, new: str | None) -> None:
        """Bring the pull requests from and to a branch up to date with a push."""
        for thread in self._open_pulls(repository):
            pull = thread.pull
            if pull is None:
                continue
            base = repository.git.branch(pull.base)
            if branch == pull.head and new is None:
                self._threads.close(thread, user)
            elif branch == pull.head and new is not None and base is not None:
                with self._world.lock:
                    pull.head_sha, pull.base_sha, thread.updated = new, base, now()
                repository.git.update_ref(f"refs/pull/{thread.number}/head", new)
                self._threads.tell(thread, "synchronize", user, before=old or NO_COMMIT, after=new)
                if repository.git.is_ancestor(new, base):
                    self._threads.close(thread, user)  # nothing is left to merge
            elif branch == pull.base and new is None:
                self._threads.close(thread, user)
            elif branch == pull.base and new is not None and repository.git.is_ancestor(pull.head_sha, new):
                self.mark_merged(thread, user, new)

    def mark_merged(self, thread: Thread, user: User, commit: str) -> None:
        """A pull request is merged by a commit that its base has."""
        with self._world.lock:
            if thread.pull is None or not thread.open:
                return
            thread.pull.merged, thread.pull.merged_by, thread.pull.merge_commit = now(), user, commit
        self._threads.close(thread, user)

    def _open_pulls(self, repository: Repository) -> list[Thread]:
        with self._world.lock:
            return [thread for thread in repository.threads.values() if thread.open and thread.pull is not None]
