"""The words that all texts of AMTS share: counted nouns, names, and lists that keep within bounds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bot.markup import code
from sync.languages import LANGUAGES

# GitHub refuses a longer body of a pull request, an issue or a comment.
MAX_BODY = 65_536
_MOST_NAMES = 20
_COMMIT = re.compile(r"[0-9a-f]{40,64}")


def language_name(code: str) -> str:
    """The English name of a language."""
    known = LANGUAGES.get(code)
    return known.name if known else "unknown language"


def short(revision: str) -> str:
    """As much of a commit's id as tells it from others; any other name of a revision as it is."""
    return revision[:10] if _COMMIT.fullmatch(revision) else revision


def plural(number: int, noun: str) -> str:
    """A number and what it counts: `1 section`, `2,000 sections`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def names(paths: Sequence[str]) -> str:
    """Names of sections as code, in a sentence; many of them cut short."""
    shown = [code(path) for path in paths[:_MOST_NAMES]]
    more = len(paths) - len(shown)
    if more:
        return f"{', '.join(shown)} and {more:,} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def listing(heading: str, lines: Iterable[str], number: int, room: int) -> list[str]:
    """A heading and a list of `number` lines, those that `room` characters hold; nothing where there is none."""
    if not number:
        return []
    shown = take(lines, room)
    more = [f"- … and {number - len(shown):,} more"] if len(shown) < number else []
    return [heading, "\n".join([*shown, *more])]


def take(pieces: Iterable[str], room: int) -> list[str]:
    """The first of `pieces`, as many as `room` characters hold; no more of them are made than that."""
    taken: list[str] = []
    for piece in pieces:
        room -= len(piece) + 2
        if room < 0:
            break
        taken.append(piece)
    return taken
