"""What all operations share: the account's storage, faults, threads, tokens of requests, and pages of lists."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event, RLock, Thread
from typing import Any

from bot.sandbox.amazon.errors import ServiceError
from bot.sandbox.amazon.faults import Faults
from bot.sandbox.amazon.storage import ACCOUNT, REGION, Storage

Parameters = Mapping[str, Any]
Answer = dict[str, Any]
PAGE = 100  # entries of a list, where the client does not say


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things take, in seconds: an import of parallel data; a job in the queue; a job at work, at least."""

    parallel_data: float = 0.2
    queued: float = 0.1
    running: float = 0.2


class Account:
    """State and helpers that the operations share. `lock` guards whatever they keep."""

    def __init__(self, storage: Storage, faults: Faults, pace: Pace) -> None:
        self.storage = storage
        self.faults = faults
        self.pace = pace
        self.lock = RLock()
        self.closing = Event()
        self._threads: list[Thread] = []
        self._tokens: dict[tuple[str, str], tuple[dict[str, Any], Answer]] = {}

    def once(self, operation: str, parameters: Parameters, act: Callable[[], Answer]) -> Answer:
        """What `act` answers, or answered when the same request with the same ClientToken came before.

        Raises ServiceError where the token came before with other parameters.
        """
        key = (operation, str(parameters["ClientToken"]))
        with self.lock:
            if key in self._tokens:
                before, answer = self._tokens[key]
                if before != parameters:
                    raise ServiceError(
                        "InvalidParameterValueException", f"ClientToken {key[1]} was used with other parameters."
                    )
                return answer
            answer = act()
            self._tokens[key] = (dict(parameters), answer)
            return answer

    def begin(self, work: Callable[[], None]) -> None:
        """Do some work in a thread; it must end soon after `closing` is set."""
        thread = Thread(target=work, daemon=True)
        with self.lock:
            self._threads = [*(other for other in self._threads if other.is_alive()), thread]
        thread.start()

    def close(self) -> None:
        """End all work."""
        self.closing.set()
        for thread in self._threads:
            thread.join()


def now() -> float:
    """Seconds since the epoch, as the service writes times."""
    return round(time.time(), 3)


def arn(kind: str, name: str) -> str:
    """The ARN of a resource of this account."""
    return f"arn:aws:translate:{REGION}:{ACCOUNT}:{kind}/{name}"


def without_none(answer: Answer) -> Answer:
    """An answer without the members that have no value."""
    return {name: value for name, value in answer.items() if value is not None}


def page(name: str, entries: Sequence[Any], parameters: Parameters, *, bad_token: str) -> Answer:
    """One page of a list as the member `name`; `bad_token` is the error code for a token that is no page's."""
    start = _offset(parameters.get("NextToken"), len(entries), bad_token)
    end = start + parameters.get("MaxResults", PAGE)
    answer: Answer = {name: list(entries[start:end])}
    if end < len(entries):
        answer["NextToken"] = base64.b64encode(f"page:{end}".encode()).decode()
    return answer


def _offset(token: str | None, count: int, bad_token: str) -> int:
    if token is None:
        return 0
    try:
        word, _, number = base64.b64decode(token, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        word, number = "", ""
    if word != "page" or not (number.isascii() and number.isdigit()) or int(number) > count:
        raise ServiceError(bad_token, "NextToken is not valid.")
    return int(number)
