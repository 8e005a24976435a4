"""A call of the API as its handlers see it, what they can answer, and the pages of a list."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from bot.sandbox.github.errors import ApiError, malformed
from bot.sandbox.github.fields import Fields
from bot.sandbox.github.records import Actor, Repository
from bot.sandbox.github.transport import Request
from bot.sandbox.github.views import View

_PER_PAGE = 30
_MAX_PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and JSON; without content where there is none."""

    status: int
    content: Any = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that is answered in pages. `render` writes out the entries of a page; `member`: inside an object."""

    entries: Sequence[Any]
    render: Callable[[Any], View]
    member: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A call whose address is known and whose caller may make it."""

    request: Request
    actor: Actor
    values: Mapping[str, str]  # of the address
    found: Repository | None = None
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def repository(self) -> Repository:
        """The repository that the address names."""
        if self.found is None:
            raise LookupError(f"{self.request.path} names no repository")
        return self.found

    def number(self, name: str) -> int:
        """A number of the address."""
        return int(self.values[name])

    def body(self) -> Fields:
        """The object in the body. Raises ApiError (400, 422)."""
        content = self.json()
        if not isinstance(content, dict):
            raise malformed("The body is not an object.")
        return Fields(content)

    def json(self) -> object:
        """The JSON in the body, an empty object where there is no body. Raises ApiError (400)."""
        try:
            return json.loads(self.request.body or b"{}")
        except (ValueError, RecursionError):
            raise ApiError(400, "Problems parsing JSON") from None


def page(listing: Listing, query: Mapping[str, str], address: str) -> tuple[Any, dict[str, str]]:
    """The content and the Link header of one page of a list."""
    per_page = min(_whole(query.get("per_page"), _PER_PAGE), _MAX_PER_PAGE)
    number = _whole(query.get("page"), 1)
    last = max(1, -(-len(listing.entries) // per_page))
    shown = [listing.render(entry) for entry in listing.entries[(number - 1) * per_page : number * per_page]]
    wanted = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
    if number >= last:
        del wanted["next"], wanted["last"]
    if number == 1:
        del wanted["prev"], wanted["first"]
    links = [f'<{address}?{urlencode({**query, "page": other})}>; rel="{word}"' for word, other in wanted.items()]
    headers = {"Link": ", ".join(links)} if links else {}
    if listing.member is None:
        return shown, headers
    return {"total_count": len(listing.entries), listing.member: shown}, headers


def read_query(query: str) -> dict[str, str]:
    """The last value of each name of a query."""
    return {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}


def _whole(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and 0 < int(text) < 10**9 else default
