"""Who speaks to GitHub: the App, or the holder of a token."""

from __future__ import annotations

from github import Auth, Github, GithubIntegration

from bot.forge import Connect, Forge
from bot.gate import ForgeError, Gate, NotFound, known
from bot.service import Server

_TIMEOUT = 30  # seconds
_PAGE = 100  # entries in one answer, the most that GitHub gives


class App:
    """GitHub as the App sees it."""

    def __init__(self, server: Server, app_id: int, private_key: str) -> None:
        self._server = server
        try:
            auth = Auth.AppAuth(app_id, private_key)
            auth.create_jwt()
        except Exception as error:  # whatever the library for keys says may quote the key
            raise ForgeError("the private key of the GitHub App cannot be read: give the .pem file as it is") from error
        self._app = GithubIntegration(
            auth=auth, base_url=server.api, timeout=_TIMEOUT, retry=None, seconds_between_requests=0,
            seconds_between_writes=server.pause, per_page=_PAGE, lazy=True,
        )  # fmt: skip
        self._gate = Gate()
        self._installed: dict[int, tuple[Github, Gate]] = {}
        self._where: dict[str, int] = {}
        self._login: str | None = None

    @property
    def login(self) -> str:
        """The login that the App acts under, `slug[bot]`. Raises ForgeError, Later."""
        if self._login is None:
            try:
                with self._gate.asking("the GitHub App"):
                    self._login = f"{known(str, self._app.get_app().slug)}[bot]"
            except NotFound:
                raise ForgeError("GitHub knows no App with this number: check AMTS_APP_ID") from None
        return self._login

    def repositories(self) -> list[str]:
        """The full names of all repositories that have installed the App, sorted."""
        with self._gate.asking("the installations of the GitHub App"):
            names: dict[str, int] = {}
            for installation in self._app.get_installations():
                if not installation.raw_data.get("suspended_at"):
                    names |= {found.full_name: installation.id for found in installation.get_repos()}
        self._where = names
        return sorted(names)

    def forge(self, repository: str) -> Forge:
        """GitHub as the App sees it in one repository. Raises NotFound where it is not installed there."""
        if repository not in self._where:
            with self._gate.asking(f"the installation in {repository}"):
                self._where[repository] = known(int, self._app.get_repo_installation(*repository.split("/")).id)
        number = self._where[repository]
        if number not in self._installed:
            self._installed[number] = self._app.get_github_for_installation(number), Gate()
        github, gate = self._installed[number]
        return Forge(github, repository, self.login, gate)

    def forget(self, repository: str) -> None:
        """Ask again next time whether the App is installed there."""
        self._where.pop(repository, None)


def with_token(server: Server, token: str) -> Connect:
    """GitHub as the holder of a token sees it: of a person's, of a job's in an Action, of an App's installation.

    Asks GitHub whose it is. Raises ForgeError, Later.
    """
    github = Github(
        auth=Auth.Token(token), base_url=server.api, timeout=_TIMEOUT, retry=None, seconds_between_requests=0,
        seconds_between_writes=server.pause, per_page=_PAGE, lazy=True,
    )  # fmt: skip
    gate = Gate()
    with gate.asking("the account that the token belongs to"):
        # The REST API tells an App neither its own name nor that of the job that it works for.
        _, answer = github.requester.graphql_query("query { viewer { login } }", {})
        login = known(str, answer["data"]["viewer"]["login"])
    return lambda repository: Forge(github, repository, login, gate)
