"""A small stateful GitHub on loopback: one App, people, repositories over real git, pull requests, webhooks.

For the tests of the bot and for the demo. Its clients are PyGithub, git, and a browser; what it answers and sends has
the form of GitHub's own API, version 2022-11-28.
"""

from __future__ import annotations

from bot.sandbox.github.errors import ApiError
from bot.sandbox.github.facts import CheckFacts, CommentFacts, IssueFacts, PullRequestFacts, Snapshot
from bot.sandbox.github.server import GitHubSandbox, When
from bot.sandbox.github.webhooks import Delivery

__all__ = [
    "ApiError",
    "CheckFacts",
    "CommentFacts",
    "Delivery",
    "GitHubSandbox",
    "IssueFacts",
    "PullRequestFacts",
    "Snapshot",
    "When",
]
