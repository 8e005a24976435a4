"""Sends the App's webhooks, signed, one after another, and remembers how each was answered."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from queue import SimpleQueue
from threading import Condition, Thread
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from bot.sandbox.github.accounts import now

_TIMEOUT = 10.0  # seconds that GitHub waits for an answer
_LARGEST = 25 * 1024 * 1024  # bytes of a payload; GitHub sends no larger ones
NO_ANSWER = 502  # what GitHub says where nobody answers
_SHOWN = 4096  # bytes of an answer that are kept


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook that was sent, or is waiting to be. `status`: of the answer; 502: none came, None: not sent yet.

    A redelivery has the `guid` of the first delivery (the header X-GitHub-Delivery) and an id of its own.
    """

    id: int
    guid: str
    event: str
    action: str | None
    payload: dict[str, Any]
    status: int | None = None
    redelivery: bool = False
    duration: float = 0.0  # seconds
    delivered: datetime = field(default_factory=now)
    headers: dict[str, str] = field(default_factory=dict)
    answer: str = ""


class Webhooks:
    """The deliveries of one App. `url` (None: nobody listens) and `secret` can change between deliveries.

    Events that happen while nobody listens are lost, as at GitHub.
    """

    def __init__(self, app_id: int, url: str | None, secret: str) -> None:
        self.url = url
        self.secret = secret
        self._app_id = app_id
        self._ids = count(1)
        self._deliveries: dict[int, Delivery] = {}
        self._waiting = 0
        self._closing = False
        self._changed = Condition()
        self._queue: SimpleQueue[int | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="webhooks", daemon=True)

    def start(self) -> None:
        """Send what waits, and what comes."""
        self._thread.start()

    def close(self) -> None:
        """End after the one that is being sent; what waits is lost."""
        self._closing = True
        self._queue.put(None)
        self._thread.join()

    def send(self, event: str, action: str | None, payload: dict[str, Any]) -> None:
        """Send an event, soon."""
        with self._changed:
            if self.url is not None:
                self._add(Delivery(next(self._ids), str(uuid4()), event, action, payload))

    def redeliver(self, delivery: int) -> int:
        """Send a delivery again: the id of the new one. KeyError where there is none of that id."""
        with self._changed:
            first = self._deliveries[delivery]
            again = replace(first, id=next(self._ids), status=None, redelivery=True, delivered=now())
            self._add(again)
        return again.id

    def drain(self, timeout: float = 30.0) -> None:
        """Wait until nothing waits to be sent. Raises TimeoutError after so many seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._waiting, timeout):
                raise TimeoutError(f"{self._waiting} webhooks are still waiting after {timeout} s")

    def deliveries(self) -> tuple[Delivery, ...]:
        """Every delivery, in order."""
        with self._changed:
            return tuple(self._deliveries.values())

    def _add(self, delivery: Delivery) -> None:
        self._deliveries[delivery.id] = delivery
        self._waiting += 1
        self._queue.put(delivery.id)

    def _work(self) -> None:
        while (number := self._queue.get()) is not None and not self._closing:
            with self._changed:
                delivery = self._deliveries[number]
            done = self._deliver(delivery)
            with self._changed:
                self._deliveries[number] = done
                self._waiting -= 1
                self._changed.notify_all()

    def _deliver(self, delivery: Delivery) -> Delivery:
        url, body = self.url, json.dumps(delivery.payload).encode()
        headers = self._headers(delivery, body)
        began = time.monotonic()
        status, answer = NO_ANSWER, ""
        if url is not None and len(body) <= _LARGEST:
            try:
                status, answer = _post(url, headers, body)
            except (OSError, http.client.HTTPException) as error:
                answer = f"{type(error).__name__}: {error}"
        duration = round(time.monotonic() - began, 3)
        return replace(delivery, status=status, duration=duration, headers=headers, answer=answer, delivered=now())

    def _headers(self, delivery: Delivery, body: bytes) -> dict[str, str]:
        return {
            "Accept": "*/*",
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/0000000",
            "X-GitHub-Delivery": delivery.guid,
            "X-GitHub-Event": delivery.event,
            "X-GitHub-Hook-ID": str(self._app_id),
            "X-GitHub-Hook-Installation-Target-ID": str(self._app_id),
            "X-GitHub-Hook-Installation-Target-Type": "integration",
            "X-Hub-Signature": _signature(self.secret, body, "sha1"),
            "X-Hub-Signature-256": _signature(self.secret, body, "sha256"),
        }


def _signature(secret: str, body: bytes, algorithm: str) -> str:
    return f"{algorithm}={hmac.new(secret.encode(), body, getattr(hashlib, algorithm)).hexdigest()}"


def _post(url: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
    place = urlsplit(url)
    connect = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    connection = connect(place.netloc, timeout=_TIMEOUT)
    try:
        connection.request("POST", (place.path or "/") + (f"?{place.query}" if place.query else ""), body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(_SHOWN).decode(errors="replace")
    finally:
        connection.close()
