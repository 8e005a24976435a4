"""What several engines may spend together: a limit holds for all that is asked for with one purse."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[str | None] = ContextVar("purse", default=None)


@contextmanager
def one_purse() -> Iterator[None]:
    """All engines that are made inside share their limit in US dollars; else each has one of its own."""
    token = _current.set(_current.get() or secrets.token_hex(16))
    try:
        yield
    finally:
        _current.reset(token)


def current_purse() -> str | None:
    """The name of the purse that is shared here."""
    return _current.get()
