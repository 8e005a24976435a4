"""One section's fault must not cost the others their drafts: it becomes a line of the report."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from sync.model import AmtsError
from sync.sections import Pair, Progress

_ROOT = Path(__file__).parents[1]
_log = logging.getLogger(__name__)
Made = TypeVar("Made")


def each(
    pairs: Iterable[Pair], make: Callable[[Pair], Made], stage: str, progress: Progress
) -> tuple[dict[str, Made], dict[str, str]]:
    """What `make` makes of each pair, and why of the others it made nothing: both by the pair's path.

    No error is raised for a section, not even one that nobody expected.
    """
    made: dict[str, Made] = {}
    errors: dict[str, str] = {}
    everything = list(pairs)
    for done, pair in enumerate(everything):
        progress(stage, done, len(everything))
        try:
            made[pair.path] = make(pair)
        except AmtsError as error:
            errors[pair.path] = str(error)
        except Exception as error:
            errors[pair.path] = f"{stage}: {unexpected(error)}"
    progress(stage, len(everything), len(everything))
    return made, errors


def unexpected(error: Exception) -> str:
    """An error that nobody expected, as one line: its type, and where in our code. The rest is logged for DEBUG.

    Its message is left out: it may quote anything.
    """
    _log.debug("unexpected error", exc_info=error)
    where = ""
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if any(path.is_relative_to(_ROOT / package) for package in ("bot", "sync")):
            where = f" in {path.relative_to(_ROOT).as_posix()}, line {frame.lineno}"
    return f"unexpected {type(error).__name__}{where}: please report it"
