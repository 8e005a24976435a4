"""Smart HTTP for git: who may clone and push, and what a push leads to."""

from __future__ import annotations

import base64
import binascii
import re

from bot.sandbox.github.accounts import Kind
from bot.sandbox.github.errors import ApiError
from bot.sandbox.github.processes import http_backend
from bot.sandbox.github.records import Actor, Repository
from bot.sandbox.github.services import Services
from bot.sandbox.github.transport import Request, Response

_ADDRESS = re.compile(r"/([\w.-]+/[\w.-]+?)(?:\.git)?/(info/refs|git-upload-pack|git-receive-pack)")
_SERVICE = re.compile(r"service=(git-upload-pack|git-receive-pack)")
_PUSH = "git-receive-pack"


class GitHttp:
    """Answers git. A token comes as the password; the user name may be anything, as at GitHub."""

    def __init__(self, services: Services) -> None:
        self._world = services.world
        self._pushes = services.pushes

    def name(self, request: Request) -> str | None:
        """What a request of git is called; None where it is none."""
        if (address := _ADDRESS.fullmatch(request.path)) is None:
            return None
        full_name, what = address.groups()
        return f"{'info/refs ' if what == 'info/refs' else ''}{_service(request)} {full_name}"

    def answer(self, request: Request) -> Response:
        """What git is answered."""
        address = _ADDRESS.fullmatch(request.path)
        if address is None:
            return Response(404)
        full_name, what = address.groups()
        pushing = _service(request) == _PUSH
        try:
            actor = self._actor(request)
            repository = self._world.visible(actor, full_name)
            if pushing:
                self._check_push(actor, repository)
        except ApiError as error:
            return self._refusal(request, error)
        if pushing and what != "info/refs":
            return self._pushes.around(repository, actor.user, lambda: self._backend(request, repository, what))
        return self._backend(request, repository, what)

    def _check_push(self, actor: Actor, repository: Repository) -> None:
        if actor.kind is Kind.NOBODY:
            raise ApiError(401, "Authentication required.")
        if not self._world.may_write(actor, repository):
            raise ApiError(403, f"Permission to {repository.full_name}.git denied to {actor.user.login}.")

    def _refusal(self, request: Request, error: ApiError) -> Response:
        """A repository that is hidden from nobody in particular asks for a token, as at GitHub."""
        status = 401 if error.status == 404 and not request.headers.get("Authorization") else error.status
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        if status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="GitHub"'
        return Response(status, f"{error}\n".encode(), headers)

    def _actor(self, request: Request) -> Actor:
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return self._world.nobody
        try:
            text = base64.b64decode(encoded, validate=True).decode() if scheme.lower() == "basic" else ""
        except (binascii.Error, UnicodeDecodeError):
            text = ""
        with self._world.lock:
            return self._world.tokens.actor(text.partition(":")[2])

    def _backend(self, request: Request, repository: Repository, what: str) -> Response:
        variables = {
            "REQUEST_METHOD": request.method,
            "PATH_INFO": f"/{repository.full_name}.git/{what}",
            "QUERY_STRING": request.query,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(request.body)),
            "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }
        status, headers, body = http_backend(self._world.folder, variables, request.body)
        return Response(status, body, headers)


def _service(request: Request) -> str:
    asked = _SERVICE.search(request.query)
    return asked[1] if asked else request.path.rpartition("/")[2]
