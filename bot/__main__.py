"""`python -m bot`: the command `amts`."""

from __future__ import annotations

from bot.cli import main

main()
