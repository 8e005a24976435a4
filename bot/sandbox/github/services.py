"""Everything that can happen on the sandbox, over one world."""

from __future__ import annotations

from bot.sandbox.github.checks import Checks
from bot.sandbox.github.installing import Installing
from bot.sandbox.github.pulls import Pulls
from bot.sandbox.github.pushes import Pushes
from bot.sandbox.github.threads import Threads
from bot.sandbox.github.world import World


class Services:
    """The world, and what changes it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.threads = Threads(world)
        self.pushes = Pushes(world, self.threads)
        self.pulls = Pulls(world, self.threads, self.pushes)
        self.checks = Checks(world)
        self.installing = Installing(world)
