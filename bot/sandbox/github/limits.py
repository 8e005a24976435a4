"""GitHub's rate limits, primary and secondary, and who calls on although told to wait."""

from __future__ import annotations

import time
from threading import Lock

from bot.sandbox.github.errors import ApiError

LIMIT = 5000  # requests an hour
_HOUR = 3600.0
_PRIMARY = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"
_SECONDARY = f"{_PRIMARY}#about-secondary-rate-limits"

Headers = dict[str, str]


class RateLimits:
    """One budget for all tokens. `hammered` counts the requests made while a client had been told to wait."""

    def __init__(self) -> None:
        self.hammered = 0
        self._lock = Lock()
        self._remaining = LIMIT
        self._reset = time.time() + _HOUR
        self._told_until = 0.0
        self._refusals = 0
        self._retry_after: int | None = None
        self._status = 403

    def set_primary(self, remaining: int, reset_in: float) -> None:
        """Leave `remaining` requests until the limit is reset, in seconds."""
        with self._lock:
            self._remaining, self._reset = remaining, time.time() + reset_in

    def set_secondary(self, refusals: int, retry_after: int | None, status: int) -> None:
        """Refuse the next requests, with the status 403 or 429; None: without saying how long to wait."""
        with self._lock:
            self._refusals, self._retry_after, self._status = refusals, retry_after, status

    def spend(self, who: str) -> Headers:
        """Count a request, made by `who`: the headers of its answer. The refusal is an ApiError with `headers`."""
        with self._lock:
            time_of_request = time.time()
            if time_of_request >= self._reset:
                self._remaining, self._reset = LIMIT, time_of_request + _HOUR
            if time_of_request < self._told_until:
                self.hammered += 1
            if self._refusals:
                self._refusals -= 1
                self._told_until = time_of_request + (60 if self._retry_after is None else self._retry_after)
                waiting = {} if self._retry_after is None else {"Retry-After": str(self._retry_after)}
                raise RateLimited(self._status, _SECONDARY_MESSAGE, _SECONDARY, self._headers() | waiting)
            if self._remaining <= 0:
                self._told_until = self._reset
                message = f"API rate limit exceeded for {who}."
                raise RateLimited(403, message, _PRIMARY, self._headers())
            self._remaining -= 1
            return self._headers()

    def headers(self) -> Headers:
        """The headers of an answer that costs nothing."""
        with self._lock:
            return self._headers()

    def _headers(self) -> Headers:
        return {
            "X-RateLimit-Limit": str(LIMIT),
            "X-RateLimit-Remaining": str(max(0, self._remaining)),
            "X-RateLimit-Reset": str(int(self._reset)),
            "X-RateLimit-Used": str(LIMIT - max(0, self._remaining)),
            "X-RateLimit-Resource": "core",
        }


class RateLimited(ApiError):
    """A refusal for a limit, and the headers that say so."""

    def __init__(self, status: int, message: str, docs: str, headers: Headers) -> None:
        super().__init__(status, message, docs=docs)
        self.headers = headers


_SECONDARY_MESSAGE = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
    "If you reach out to GitHub Support for help, please include the request ID."
)
