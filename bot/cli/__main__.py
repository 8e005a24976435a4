"""`python -m bot.cli` is `amts`."""

from bot.cli import main

main()
