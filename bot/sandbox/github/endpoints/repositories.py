"""Repositories: themselves, what people may do there, branches and refs."""

from __future__ import annotations

import bot.sandbox.github.app_views as app_views
import bot.sandbox.github.commit_views as commit_views
import bot.sandbox.github.views as views
from bot.sandbox.github.accounts import Kind, Role
from bot.sandbox.github.calls import Answer, Call, Listing
from bot.sandbox.github.errors import ApiError, not_found
from bot.sandbox.github.processes import GitError
from bot.sandbox.github.routing import route
from bot.sandbox.github.services import Services

_HEADS = "refs/heads/"


class RepositoryEndpoints:
    """What is asked of a repository. Files are read by git; whether one is there, also here."""

    def __init__(self, services: Services) -> None:
        self._world = services.world
        self._pushes = services.pushes

    @route("GET /repos/{owner}/{repo}", "metadata")
    def repository(self, call: Call) -> Answer:
        """A repository, and what whoever asks may do there."""
        with self._world.lock:
            role = call.repository.role(call.actor.user)
            if call.actor.integration:
                role = Role.WRITE if self._world.may_write(call.actor, call.repository) else Role.READ
            return Answer(200, views.full_repository(call.repository, role, self._world.at))

    @route("GET /repos/{owner}/{repo}/installation")
    def installation(self, call: Call) -> Answer:
        """The installation of the App on a repository."""
        if call.actor.kind is not Kind.APP:
            raise ApiError(401, "A JSON web token could not be decoded")
        repository = self._world.repository(f"{call.values['owner']}/{call.values['repo']}")
        with self._world.lock:
            found = self._world.installation(repository)
            if found is None:
                raise not_found()
            return Answer(200, app_views.installation(found, self._world.at))

    @route("GET /repos/{owner}/{repo}/collaborators/{login}/permission", "metadata")
    def permission(self, call: Call) -> Answer:
        """What a person may do in a repository."""
        account = self._world.known_user(call.values["login"])
        if account.type != "User":
            raise ApiError(404, f"{account.login} is not a user")
        with self._world.lock:
            role = call.repository.role(account)
            return Answer(200, views.collaborator(account, role, self._world.at))

    @route("GET /repos/{owner}/{repo}/branches", "contents")
    def branches(self, call: Call) -> Listing:
        """Every branch."""
        found = call.repository.git.refs(_HEADS)
        return Listing(
            sorted(found.items()),
            lambda one: commit_views.short_branch(one[0].removeprefix(_HEADS), one[1], call.repository, self._world.at),
        )

    @route("GET /repos/{owner}/{repo}/branches/{branch}", "contents")
    def branch(self, call: Call) -> Answer:
        """One branch."""
        name, git = call.values["branch"], call.repository.git
        if (tip := git.branch(name)) is None:
            raise ApiError(404, "Branch not found")
        (commit,) = git.commits(None, tip, limit=1)
        return Answer(200, commit_views.branch(name, commit, call.repository, self._world.at))

    @route("GET /repos/{owner}/{repo}/commits/{ref}", "contents")
    def commit(self, call: Call) -> Answer:
        """One commit, by its id or by a branch."""
        git, wanted = call.repository.git, call.values["ref"]
        if (found := git.commit_id(wanted)) is None:
            raise ApiError(422, f"No commit found for SHA: {wanted}")
        (commit,) = git.commits(None, found, limit=1)
        return Answer(200, commit_views.commit(commit, call.repository, self._world.at))

    @route("GET /repos/{owner}/{repo}/contents/{path}", "contents")
    def content(self, call: Call) -> Answer:
        """A file of the default branch."""
        path, branch = call.values["path"], f"{_HEADS}{call.repository.default_branch}"
        if (data := call.repository.git.file(branch, path)) is None:
            raise not_found()
        return Answer(200, commit_views.content(path, data, call.repository, self._world.at))

    @route("GET /repos/{owner}/{repo}/git/ref/{ref}", "contents")
    def ref(self, call: Call) -> Answer:
        """One ref, without `refs/` in front."""
        name = f"refs/{call.values['ref']}"
        if (sha := call.repository.git.refs(name).get(name)) is None:
            raise not_found()
        return Answer(200, commit_views.ref(name, sha, call.repository, self._world.at))

    @route("GET /repos/{owner}/{repo}/git/matching-refs/{ref}", "contents")
    def matching_refs(self, call: Call) -> Listing:
        """Every ref whose name begins so."""
        start = f"refs/{call.values['ref']}"
        found = [(name, sha) for name, sha in call.repository.git.refs().items() if name.startswith(start)]
        return Listing(found, lambda one: commit_views.ref(one[0], one[1], call.repository, self._world.at))

    @route("POST /repos/{owner}/{repo}/git/refs", "contents", access="write", role=Role.WRITE)
    def create_ref(self, call: Call) -> Answer:
        """Make a ref."""
        body = call.body()
        name, sha = body.text("ref"), body.text("sha")
        git = call.repository.git
        if not name.startswith("refs/") or name.count("/") < 2:
            raise ApiError(422, "Reference name must start with 'refs/' and contain at least one more slash.")
        if git.commit_id(sha) != sha:
            raise ApiError(422, "Object does not exist")

        def make() -> None:
            if name in git.refs(name):
                raise ApiError(422, "Reference already exists")
            try:
                git.update_ref(name, sha)
            except GitError:
                raise ApiError(422, "Reference update failed") from None

        self._pushes.around(call.repository, call.actor.user, make)
        return Answer(201, commit_views.ref(name, sha, call.repository, self._world.at))

    @route("DELETE /repos/{owner}/{repo}/git/refs/{ref}", "contents", access="write", role=Role.WRITE)
    def delete_ref(self, call: Call) -> Answer:
        """Delete a ref."""
        name, git = f"refs/{call.values['ref']}", call.repository.git

        def delete() -> None:
            if name not in git.refs(name):
                raise ApiError(422, "Reference does not exist")
            if name == f"{_HEADS}{call.repository.default_branch}" or name.startswith("refs/pull/"):
                raise ApiError(422, "Reference cannot be deleted")
            git.update_ref(name, None)

        self._pushes.around(call.repository, call.actor.user, delete)
        return Answer(204)
