"""The sandbox: a small GitHub on loopback, which keeps its state in memory and its repositories in a folder."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from enum import Enum
from pathlib import Path
from threading import Lock
from types import TracebackType

import bot.sandbox.github.app_views as app_views
from bot.sandbox.github.githttp import GitHttp
from bot.sandbox.github.pages import Pages
from bot.sandbox.github.people import People
from bot.sandbox.github.rest import GRAPHQL, PREFIX, RestApi
from bot.sandbox.github.services import Services
from bot.sandbox.github.transport import Request, Response, Server
from bot.sandbox.github.views import Addresses
from bot.sandbox.github.webhooks import Delivery, Webhooks
from bot.sandbox.github.world import EVENTS, PERMISSIONS, World

_APP_ID = 4711


class When(Enum):
    """When a test may look on.

    BEFORE: the request has arrived, nothing was done yet; it will be carried out even if its client dies now.
    AFTER: it was carried out, its answer was not sent yet.
    """

    BEFORE = "before"
    AFTER = "after"


class GitHubSandbox(People):
    """A small GitHub with one App; a context manager that serves from entry to exit.

    `url` is for browsers and git (`url/OWNER/NAME.git`), `api_url` the base of the REST API. The repositories lie in
    `folder`, which should be empty. `permissions` and `events` are those of the App.

    `on_request` is called in the server's threads with the number of a request (from 1; `requests` has its name at
    that number less one), its name, and the moment; `on_answer` with the name, the status and the body of each answer
    of the API. Pages for browsers are not counted among the requests.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        webhook_url: str | None = None,
        slug: str = "amts",
        permissions: Mapping[str, str] = PERMISSIONS,
        events: tuple[str, ...] = EVENTS,
    ) -> None:
        self.on_request: Callable[[int, str, When], None] | None = None
        self.on_answer: Callable[[str, int, bytes], None] | None = None
        self._server = Server(port, self._application)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self.api_url = f"{self.url}{PREFIX}"
        self._webhooks = Webhooks(_APP_ID, webhook_url, secrets.token_hex(16))
        at = Addresses(self.url, self.api_url)
        world = World(folder.resolve(), at, self._webhooks, _APP_ID, slug, permissions, events)
        services = Services(world)
        super().__init__(services)
        self._api = RestApi(services)
        self._git = GitHttp(services)
        self._pages = Pages(world)
        self._requests: list[str] = []
        self._lock = Lock()

    def __enter__(self) -> GitHubSandbox:
        with ExitStack() as stack:
            self._webhooks.start()
            stack.callback(self._webhooks.close)
            self._server.start()
            stack.callback(self._server.close)
            self._closing = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    @property
    def app_id(self) -> int:
        """The id of the App: the issuer of its JSON Web Tokens."""
        return self._world.app.id

    @property
    def slug(self) -> str:
        """The name of the App in addresses; its login is `slug[bot]`."""
        return self._world.app.slug

    @property
    def private_key(self) -> str:
        """The App's private key, PEM."""
        return self._world.key.pem

    @property
    def webhook_secret(self) -> str:
        """What webhooks are signed with. It can be changed at any time."""
        return self._webhooks.secret

    @webhook_secret.setter
    def webhook_secret(self, secret: str) -> None:
        self._webhooks.secret = secret

    @property
    def webhook_url(self) -> str | None:
        """Where webhooks go; None: nowhere, and what happens meanwhile is never told."""
        return self._webhooks.url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self._webhooks.url = url

    @property
    def token_lifetime(self) -> float:
        """How long new tokens of installations are good for, in seconds: an hour, unless changed."""
        return self._world.tokens.lifetime

    @token_lifetime.setter
    def token_lifetime(self, seconds: float) -> None:
        self._world.tokens.lifetime = seconds

    @property
    def requests(self) -> tuple[str, ...]:
        """The requests in order of arrival: `POST /repos/{owner}/{repo}/pulls`, `git-upload-pack OWNER/NAME`.

        What git asks first is `info/refs git-upload-pack OWNER/NAME`.
        """
        with self._lock:
            return tuple(self._requests)

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The names of all endpoints of the API."""
        return self._api.names

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """Every webhook, in order, with how it was answered."""
        return self._webhooks.deliveries()

    def redeliver(self, delivery_id: int) -> int:
        """Send a webhook again: the id of the new delivery."""
        return self._webhooks.redeliver(delivery_id)

    def drain(self, timeout: float = 30.0) -> None:
        """Wait until every webhook is delivered. Raises TimeoutError after so many seconds."""
        self._webhooks.drain(timeout)

    def ping(self) -> None:
        """Send the webhook that GitHub sends when an App's webhook is set up."""
        hook = app_views.hook(self._world.app, self._webhooks.url, self._world.at)
        self._webhooks.send("ping", None, {"zen": "Keep it logically awesome.", "hook_id": hook["id"], "hook": hook})

    def primary_limit(self, remaining: int, reset_in: float) -> None:
        """Leave so many requests until the primary rate limit is reset, in seconds."""
        self._world.limits.set_primary(remaining, reset_in)

    def secondary_limit(self, next_n: int, retry_after: int | None, status: int = 403) -> None:
        """Refuse the next requests for a secondary rate limit, with status 403 or 429.

        `retry_after`: seconds, as the answers say; None: they do not say.
        """
        self._world.limits.set_secondary(next_n, retry_after, status)

    @property
    def hammered(self) -> int:
        """The calls of the API that were made while the caller had been told to wait."""
        return self._world.limits.hammered

    def _application(self, request: Request) -> Response:
        in_api = request.path.startswith(f"{PREFIX}/") or request.path == GRAPHQL
        name = self._api.name(request) if in_api else self._git.name(request)
        if name is None:
            return self._pages.answer(request)
        with self._lock:
            self._requests.append(name)
            number = len(self._requests)
        self._look_on(number, name, When.BEFORE)
        response = self._api.answer(request) if in_api else self._git.answer(request)
        self._look_on(number, name, When.AFTER)
        if in_api and self.on_answer is not None:
            self.on_answer(name, response.status, response.body)
        return response

    def _look_on(self, number: int, name: str, when: When) -> None:
        if self.on_request is not None:
            self.on_request(number, name, when)
