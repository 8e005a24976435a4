"""What happens to pull requests: they are opened, get reviewers, are pointed at another base, merged, reopened."""

from __future__ import annotations

from collections.abc import Sequence

import bot.sandbox.github.views as views
from bot.sandbox.github.accounts import Kind, Role, User, now
from bot.sandbox.github.errors import ApiError, custom, invalid
from bot.sandbox.github.git import MergeConflict, Signature
from bot.sandbox.github.pushes import Pushes
from bot.sandbox.github.records import Actor, Pull, Repository, Thread
from bot.sandbox.github.threads import Threads, check_texts
from bot.sandbox.github.world import World, signature

_RESOURCE = "PullRequest"
METHODS = ("merge", "squash", "rebase")


class Pulls:
    """Pull requests from one branch of a repository to another."""

    def __init__(self, world: World, threads: Threads, pushes: Pushes) -> None:
        self._world = world
        self._threads = threads
        self._pushes = pushes

    def open(
        self, repository: Repository, actor: Actor, title: str, body: str | None, head: str, base: str, *, draft: bool
    ) -> Thread:
        """Open a pull request; `head` is a branch, or OWNER:BRANCH. Raises ApiError."""
        if actor.kind is Kind.JOB and not repository.actions_open_pulls:
            raise ApiError(403, "GitHub Actions is not permitted to create or approve pull requests.")
        check_texts(_RESOURCE, title, body)
        branch = own_branch(repository, head)
        with repository.lock:
            head_sha, base_sha = self._ends(repository, branch, base)
            with self._world.lock:
                self._check_alone(repository, branch, base)
                thread = self._threads.add(repository, actor, title, body)
                thread.pull = Pull(next(self._world.ids), branch, base, head_sha, base_sha, draft)
            repository.git.update_ref(f"refs/pull/{thread.number}/head", head_sha)
        self._threads.tell(thread, "opened", actor.user)
        return thread

    def change_base(self, thread: Thread, pull: Pull, user: User, base: str) -> None:
        """Point a pull request at another branch. Raises ApiError."""
        with thread.repository.lock:
            _, base_sha = self._ends(thread.repository, pull.head, base)
            with self._world.lock:
                if base == pull.base:
                    return
                self._check_alone(thread.repository, pull.head, base)
                before = {"ref": {"from": pull.base}, "sha": {"from": pull.base_sha}}
                pull.base, pull.base_sha, thread.updated = base, base_sha, now()
        self._threads.tell(thread, "edited", user, changes={"base": before})

    def reopen(self, thread: Thread, pull: Pull, user: User) -> None:
        """Reopen a pull request. Raises ApiError where it is merged, its branch is gone, or another took its place."""
        with thread.repository.lock:
            if thread.open:
                return
            head = thread.repository.git.branch(pull.head)
            if pull.merged is not None:
                raise invalid(_RESOURCE, "state", "custom", "state cannot be changed. The pull request is merged.")
            if head is None:
                gone = f"state cannot be changed. The {pull.head} branch has been deleted."
                raise invalid(_RESOURCE, "state", "custom", gone)
            head_sha, base_sha = self._ends(thread.repository, pull.head, pull.base)
            with self._world.lock:
                self._check_alone(thread.repository, pull.head, pull.base)
                pull.head_sha, pull.base_sha = head_sha, base_sha
            thread.repository.git.update_ref(f"refs/pull/{thread.number}/head", head_sha)
        self._threads.reopen(thread, user)

    def merge(self, thread: Thread, pull: Pull, user: User, method: str, head_sha: str | None = None) -> str:
        """Merge a pull request: the commit. Raises ApiError (405 where it cannot be, 409 where its head moved)."""
        repository, git = thread.repository, thread.repository.git
        with repository.lock:
            base = git.branch(pull.base)
            if not thread.open or pull.draft or base is None:
                raise ApiError(405, "Pull Request is not mergeable")
            if head_sha is not None and head_sha != pull.head_sha:
                raise ApiError(409, "Head branch was modified. Review and try the merge again.")
            try:
                commit = self._merged(thread, pull, base, signature(user), method)
            except MergeConflict:
                raise ApiError(405, "Pull Request has merge conflicts") from None

            def advance() -> None:
                git.update_ref(f"refs/heads/{pull.base}", commit, base)
                with self._world.lock:
                    pull.merged, pull.merged_by, pull.merge_commit = now(), user, commit
                self._threads.close(thread, user)

            self._pushes.around(repository, user, advance)
        return commit

    def request_reviewers(self, thread: Thread, pull: Pull, user: User, logins: Sequence[str]) -> None:
        """Ask people for a review. Raises ApiError (422) for one who is no collaborator, or is the author."""
        repository = thread.repository
        with self._world.lock:
            people = [self._world.users.get(login.lower()) for login in logins]
            if thread.author in people:
                raise ApiError(422, "Review cannot be requested from pull request author.")
            known = [person for person in people if person is not None and self._collaborates(person, repository)]
            if len(known) < len(people):
                raise ApiError(
                    422,
                    "Reviews may only be requested from collaborators. One or more of the users or teams you "
                    f"specified is not a collaborator of the {repository.full_name} repository.",
                )
            asked = [person for person in known if person not in pull.reviewers]
            pull.reviewers += asked
        for person in asked:
            self._threads.tell(thread, "review_requested", user, requested_reviewer=views.user(person, self._world.at))

    def _merged(self, thread: Thread, pull: Pull, base: str, person: Signature, method: str) -> str:
        git, number = thread.repository.git, thread.number
        if method == "rebase":
            return git.rebase(base, pull.head_sha)
        if method == "squash":
            listed = "\n\n".join(f"* {commit.message.strip()}" for commit in git.commits(base, pull.head_sha))
            return git.squash(base, pull.head_sha, f"{thread.title} (#{number})\n\n{listed}\n", person)
        source = f"{thread.repository.owner.login}/{pull.head}"
        return git.merge(base, pull.head_sha, f"Merge pull request #{number} from {source}\n\n{thread.title}\n", person)

    def _ends(self, repository: Repository, head: str, base: str) -> tuple[str, str]:
        """The commits of two branches that a pull request can join. Raises ApiError."""
        git = repository.git
        head_sha, base_sha = git.branch(head), git.branch(base)
        for field, sha in (("head", head_sha), ("base", base_sha)):
            if sha is None:
                raise invalid(_RESOURCE, field)
        if head_sha is None or base_sha is None or git.is_ancestor(head_sha, base_sha):
            raise custom(_RESOURCE, f"No commits between {base} and {head}")
        if git.merge_base(base_sha, head_sha) is None:
            raise custom(_RESOURCE, f"The {head} branch has no history in common with {base}")
        return head_sha, base_sha

    def _check_alone(self, repository: Repository, head: str, base: str) -> None:
        for thread in repository.threads.values():
            if thread.open and thread.pull is not None and (thread.pull.head, thread.pull.base) == (head, base):
                raise custom(_RESOURCE, f"A pull request already exists for {repository.owner.login}:{head}.")

    def _collaborates(self, person: User, repository: Repository) -> bool:
        return person is repository.owner or repository.roles.get(person.login, Role.NONE) > Role.NONE


def own_branch(repository: Repository, head: str) -> str:
    """The branch that BRANCH or OWNER:BRANCH names. Raises ApiError (422) for another owner's: there are no forks."""
    owner, colon, branch = head.rpartition(":")
    if colon and owner.lower() != repository.owner.login.lower():
        raise invalid(_RESOURCE, "head")
    return branch
