"""The addresses of the API: methods of the endpoints, marked with what they answer and what that needs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from bot.sandbox.github.accounts import Role
from bot.sandbox.github.calls import Answer, Call, Listing
from bot.sandbox.github.world import Need

Handler = Callable[[Call], Answer | Listing]
_MARK = "github_route"

F = TypeVar("F", bound=Callable[..., Answer | Listing])


@dataclass(frozen=True, slots=True)
class Route:
    """An address of the API and what answers there. `need` is None where no repository is asked for."""

    name: str  # METHOD /path/{value}
    handler: Handler
    need: Need | None
    pattern: re.Pattern[str]


def route(name: str, *permissions: str, access: str = "read", role: Role = Role.READ) -> Callable[[F], F]:
    """Mark a method as what answers at an address, `METHOD /path/{value}`.

    An App needs one of the permissions, with the access; a person needs the role.
    """

    def mark(handler: F) -> F:
        setattr(handler, _MARK, (name, Need(permissions, access, role) if permissions else None))
        return handler

    return mark


class Routes:
    """The marked methods of some objects."""

    def __init__(self, *endpoints: object) -> None:
        self._routes: list[Route] = []
        for endpoint in endpoints:
            for attribute in vars(type(endpoint)).values():
                if (mark := getattr(attribute, _MARK, None)) is not None:
                    name, need = mark
                    handler = getattr(endpoint, attribute.__name__)
                    self._routes.append(Route(name, handler, need, _pattern(name)))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all routes."""
        return tuple(one.name for one in self._routes)

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route of a request, and the values in its address."""
        wanted = f"{method} {path}"
        for one in self._routes:
            if match := one.pattern.fullmatch(wanted):
                return one, match.groupdict()
        return None


def _pattern(name: str) -> re.Pattern[str]:
    """`{number}`, `{…_id}` are digits, `{ref}`, `{branch}`, `{path}` may hold slashes; anything else is one part."""
    pieces = re.split(r"\{(\w+)\}", name)
    for index in range(1, len(pieces), 2):
        value = pieces[index]
        digits = value.endswith(("number", "_id"))
        what = "[0-9]{1,18}" if digits else r"[^\0]+" if value in ("ref", "branch", "path") else r"[^/\0]+"
        pieces[index] = f"(?P<{value}>{what})"
    pieces[::2] = [re.escape(piece) for piece in pieces[::2]]
    return re.compile("".join(pieces))
