"""The endpoints of the REST API, by what they are about."""

from __future__ import annotations

from bot.sandbox.github.endpoints.apps import AppEndpoints
from bot.sandbox.github.endpoints.checks import CheckEndpoints
from bot.sandbox.github.endpoints.comments import CommentEndpoints
from bot.sandbox.github.endpoints.issues import IssueEndpoints
from bot.sandbox.github.endpoints.pulls import PullEndpoints
from bot.sandbox.github.endpoints.repositories import RepositoryEndpoints
from bot.sandbox.github.routing import Routes
from bot.sandbox.github.services import Services


def routes(services: Services) -> Routes:
    """Every address of the API."""
    # Checks first: the address of a commit, whose name may hold slashes, would take theirs.
    issues = (IssueEndpoints, CommentEndpoints, PullEndpoints)
    kinds = (AppEndpoints, CheckEndpoints, RepositoryEndpoints, *issues)
    return Routes(*(kind(services) for kind in kinds))
