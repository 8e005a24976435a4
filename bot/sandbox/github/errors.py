"""What the API refuses, worded as GitHub words it, since clients read these bodies."""

from __future__ import annotations

from typing import Any

_DOCS = "https://docs.github.com/rest"


class ApiError(Exception):
    """An answer that is a refusal: the status, and the members of its body."""

    def __init__(self, status: int, message: str, *, errors: tuple[Any, ...] = (), docs: str = _DOCS) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"message": message}
        if errors:
            self.body["errors"] = list(errors)
        self.body |= {"documentation_url": docs, "status": str(status)}


def not_found() -> ApiError:
    """What is not there, or is nothing for whoever asks."""
    return ApiError(404, "Not Found")


def bad_credentials() -> ApiError:
    """The token is not, or no longer, a token."""
    return ApiError(401, "Bad credentials")


def no_integration_access() -> ApiError:
    """An App or a job lacks the permission."""
    return ApiError(403, "Resource not accessible by integration")


def invalid(resource: str, field: str, code: str = "invalid", message: str | None = None) -> ApiError:
    """One field of a resource is wrong; `code` is one of GitHub's, with a message where it is `custom`."""
    error = {"resource": resource, "field": field, "code": code}
    return ApiError(422, "Validation Failed", errors=({**error, "message": message} if message else error,))


def custom(resource: str, message: str) -> ApiError:
    """A rule that no single field breaks."""
    return ApiError(422, "Validation Failed", errors=({"resource": resource, "code": "custom", "message": message},))


def malformed(what: str) -> ApiError:
    """The body does not fit the description of the API."""
    return ApiError(422, f"Invalid request.\n\n{what}")
