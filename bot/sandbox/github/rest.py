"""The REST API: who calls, may they, what answers; with GitHub's headers, limits and pages."""

from __future__ import annotations

import json
from http.client import responses
from typing import Any

import bot.sandbox.github.endpoints as endpoints
from bot.sandbox.github.accounts import Kind
from bot.sandbox.github.calls import Answer, Call, page, read_query
from bot.sandbox.github.credentials import bearer
from bot.sandbox.github.errors import ApiError, not_found
from bot.sandbox.github.limits import RateLimited
from bot.sandbox.github.records import Actor
from bot.sandbox.github.routing import Route
from bot.sandbox.github.services import Services
from bot.sandbox.github.transport import Request, Response

PREFIX = "/api/v3"
GRAPHQL = "/api/graphql"
_FREE = "GET /rate_limit"  # asking costs nothing
_UNKNOWN = "{path}"


class RestApi:
    """Answers requests to addresses under PREFIX, and to GRAPHQL."""

    def __init__(self, services: Services) -> None:
        self._world = services.world
        self._routes = endpoints.routes(services)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all endpoints."""
        return self._routes.names

    def name(self, request: Request) -> str:
        """The name of the endpoint that a request is for."""
        found = self._routes.find(request.method, request.path.removeprefix(PREFIX))
        return found[0].name if found else f"{request.method} {_UNKNOWN}"

    def answer(self, request: Request) -> Response:
        """What the API answers."""
        found = self._routes.find(request.method, request.path.removeprefix(PREFIX))
        headers = self._world.limits.headers()
        try:
            actor = self._actor(request)
            if found is None or found[0].name != _FREE:
                headers = self._world.limits.spend(_whose(actor))
            if found is None:
                raise not_found()
            status, content, more = self._result(request, actor, *found)
        except RateLimited as error:
            return _response(error.status, error.body, error.headers)
        except ApiError as error:
            return _response(error.status, error.body, headers)
        return _response(status, content, headers | more)

    def _actor(self, request: Request) -> Actor:
        header = request.headers.get("Authorization", "")
        if not header:
            return self._world.nobody
        token = bearer(header)
        if token is not None and token.count(".") == 2:
            self._world.key.check(token, self._world.app)
            return Actor(Kind.APP, self._world.app.bot, self._world.app)
        with self._world.lock:
            return self._world.tokens.actor(token or "")

    def _result(
        self, request: Request, actor: Actor, route: Route, values: dict[str, str]
    ) -> tuple[int, Any, dict[str, str]]:
        repository = None
        if route.need is not None:
            repository = self._world.visible(actor, f"{values['owner']}/{values['repo']}")
            self._world.check(actor, repository, route.need)
        call = Call(request, actor, values, repository, read_query(request.query))
        result = route.handler(call)
        if isinstance(result, Answer):
            return result.status, result.content, {}
        with self._world.lock:
            content, headers = page(result, call.query, f"{self._world.at.web}{request.path}")
        return 200, content, headers


def _whose(actor: Actor) -> str:
    if actor.installation is not None:
        return f"installation ID {actor.installation.id}"
    return "127.0.0.1" if actor.kind is Kind.NOBODY else f"user ID {actor.user.id}"


def _response(status: int, content: Any, headers: dict[str, str]) -> Response:
    told = {
        "Server": "github.com",
        "X-GitHub-Media-Type": "github.v3; format=json",
        "X-GitHub-Api-Version-Selected": "2022-11-28",
        **headers,
        "Status": f"{status} {responses[status]}",
    }
    if content is None:
        return Response(status, headers=told)
    return Response(status, json.dumps(content).encode(), {"Content-Type": "application/json; charset=utf-8", **told})
