"""`amts engines`: what translates here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table
from rich.text import Text

from bot.cli.output import STDOUT, json_option, one_line, put_json, put_tables

if TYPE_CHECKING:
    from sync.engines.survey import State

_MARKS: Mapping[State, tuple[str, str]] = {
    "ready": ("✓", "green"),
    "not installed": ("–", ""),
    "not set up": ("–", ""),
    "unreachable": ("✗", "bold red"),
}


@click.command()
@json_option
def engines(json_file: Path | None) -> None:
    """Show which engines are installed, set up and reachable. Translates nothing and costs nothing.

    An engine is set up by the environment; docs/engines.md says how.
    """
    from sync.engines.survey import survey  # only who asks for it waits for it

    found = survey(os.environ)
    if json_file is not None:
        put_json({"engines": [asdict(standing) for standing in found]}, json_file)
    if json_file != STDOUT:
        table = Table("", "engine", "state")
        table.add_column("what it is, or what to do", overflow="fold")
        for standing in found:
            # What a server says comes from outside: no styles, no control characters.
            mark = Text(*_MARKS[standing.state])
            table.add_row(mark, standing.engine, standing.state, Text(one_line(standing.detail)))
        put_tables([table])
