"""What the stand-in answers instead of a result."""

from __future__ import annotations


class ServiceError(Exception):
    """An error of the service: its code as in the service model, a message, and the status of the HTTP answer."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
