"""The App, its installations, tokens and deliveries; accounts; rate limits."""

from __future__ import annotations

import re
from typing import Any

import bot.sandbox.github.app_views as app_views
import bot.sandbox.github.views as views
from bot.sandbox.github.accounts import Kind
from bot.sandbox.github.calls import Answer, Call, Listing
from bot.sandbox.github.errors import ApiError, no_integration_access, not_found
from bot.sandbox.github.fields import Fields
from bot.sandbox.github.records import Actor, Installation
from bot.sandbox.github.routing import route
from bot.sandbox.github.services import Services
from bot.sandbox.github.webhooks import Delivery


class AppEndpoints:
    """What an App asks of itself, and what belongs to no repository."""

    def __init__(self, services: Services) -> None:
        self._world = services.world

    @route("GET /app")
    def app(self, call: Call) -> Answer:
        """The App that signed the token."""
        _require_app(call.actor)
        count = {"installations_count": len(self._world.installations)}
        return Answer(200, app_views.app(self._world.app, self._world.at) | count)

    @route("GET /app/installations")
    def installations(self, call: Call) -> Listing:
        """Every installation."""
        _require_app(call.actor)
        with self._world.lock:
            found = tuple(self._world.installations.values())
        return Listing(found, lambda one: app_views.installation(one, self._world.at))

    @route("GET /app/installations/{installation_id}")
    def installation(self, call: Call) -> Answer:
        """One installation."""
        return Answer(200, app_views.installation(self._installation(call), self._world.at))

    @route("POST /app/installations/{installation_id}/access_tokens")
    def create_token(self, call: Call) -> Answer:
        """A token for an installation, or for some of its repositories, with some of its permissions."""
        installation, body = self._installation(call), call.body()
        if installation.suspended is not None:
            raise ApiError(403, "This installation has been suspended")
        permissions = self._permissions(body.object("permissions"))
        names = body.texts("repositories")
        with self._world.lock:
            chosen = [one for one in installation.repositories if names is None or one.name in names]
            if names is not None and len(chosen) < len(set(names)):
                raise ApiError(422, "There is at least one repository that does not exist or is not accessible.")
            only = None if names is None else frozenset(one.id for one in chosen)
            bot = self._world.app.bot
            actor = Actor(Kind.INSTALLATION, bot, self._world.app, installation, only=only, permissions=permissions)
            token, expires = self._world.tokens.issue(actor)
            content: dict[str, Any] = {
                "token": token,
                "expires_at": views.time(expires),
                "permissions": permissions,
                "repository_selection": "selected",
            }
            if names is not None:
                content["repositories"] = [views.repository(one, self._world.at) for one in chosen]
        return Answer(201, content)

    @route("GET /installation/repositories")
    def repositories(self, call: Call) -> Listing:
        """The repositories that an installation's token is for."""
        with self._world.lock:
            if call.actor.installation is None:
                raise ApiError(403, "You must authenticate with an installation access token.")
            held = [one for one in call.actor.installation.repositories if call.actor.holds(one)]
        return Listing(held, lambda one: views.repository(one, self._world.at), "repositories")

    @route("GET /app/hook/deliveries")
    def deliveries(self, call: Call) -> Listing:
        """The webhooks that were sent, newest first."""
        _require_app(call.actor)
        sent = [one for one in self._world.webhooks.deliveries() if one.status is not None]
        return Listing(sent[::-1], app_views.delivery)

    @route("GET /app/hook/deliveries/{delivery_id}")
    def delivery(self, call: Call) -> Answer:
        """One webhook, with what it held and how it was answered."""
        return Answer(200, app_views.full_delivery(self._delivery(call), self._world.webhooks.url))

    @route("POST /app/hook/deliveries/{delivery_id}/attempts")
    def redeliver(self, call: Call) -> Answer:
        """Send a webhook again."""
        self._world.webhooks.redeliver(self._delivery(call).id)
        return Answer(202, {})

    @route("GET /user")
    def own_user(self, call: Call) -> Answer:
        """The account of a person's token."""
        if call.actor.kind is Kind.NOBODY:
            raise ApiError(401, "Requires authentication")
        if call.actor.kind is not Kind.PERSON:
            raise no_integration_access()
        return Answer(200, views.profile(call.actor.user, 0, self._world.at))

    @route("POST /api/graphql")
    def viewer(self, call: Call) -> Answer:
        """Whose the token is, the one thing that GraphQL is asked for: it tells jobs and installations, too."""
        if call.actor.kind in (Kind.NOBODY, Kind.APP):
            raise ApiError(401, "This endpoint requires you to be authenticated.")
        if re.fullmatch(r"(query)?\{viewer\{login\}\}", re.sub(r"\s+", "", call.body().text("query"))) is None:
            return Answer(200, {"errors": [{"message": "The sandbox knows no such query."}]})
        return Answer(200, {"data": {"viewer": {"login": call.actor.user.login}}})

    @route("GET /users/{login}")
    def user(self, call: Call) -> Answer:
        """An account."""
        account = self._world.known_user(call.values["login"])
        with self._world.lock:
            own = sum(one.owner is account and not one.private for one in self._world.repositories.values())
        return Answer(200, views.profile(account, own, self._world.at))

    @route("GET /rate_limit")
    def rate_limit(self, call: Call) -> Answer:
        """What is left of the budget. Asking costs nothing."""
        told = self._world.limits.headers()
        names = ("limit", "used", "remaining", "reset")
        core = {name: int(told[f"X-RateLimit-{name.capitalize()}"]) for name in names}
        return Answer(200, {"resources": {"core": core, "search": core}, "rate": core})

    def _permissions(self, wanted: Fields | None) -> dict[str, str]:
        granted = dict(self._world.app.permissions)
        if wanted is None or not wanted.names:
            return granted
        asked = {name: wanted.choice(name, ("read", "write")) for name in wanted.names}
        if any(granted.get(name) not in ("write", access) for name, access in asked.items()):
            raise ApiError(422, "The permissions requested are not granted to this installation.")
        return {name: access for name, access in asked.items() if access is not None}

    def _installation(self, call: Call) -> Installation:
        _require_app(call.actor)
        with self._world.lock:
            found = self._world.installations.get(call.number("installation_id"))
        if found is None:
            raise not_found()
        return found

    def _delivery(self, call: Call) -> Delivery:
        _require_app(call.actor)
        number = call.number("delivery_id")
        found = (one for one in self._world.webhooks.deliveries() if one.id == number)
        if (delivery := next(found, None)) is None:
            raise not_found()
        return delivery


def _require_app(actor: Actor) -> None:
    if actor.kind is not Kind.APP:
        raise ApiError(401, "A JSON web token could not be decoded")
