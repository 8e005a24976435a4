"""Where GitHub's webhooks arrive: checked, handed on, answered. No work is done in the request."""

from __future__ import annotations

import hmac
import json
import logging
import re
from collections.abc import Callable, Sequence
from typing import NoReturn

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from bot.events import Event, Ping, read_event
from bot.payload import EventError, parse_json
from sync.model import AmtsError

_MAX_BODY = 25 * 1024 * 1024  # bytes; GitHub sends no larger payload
_RETRY_AFTER = 30  # seconds
_SIGNATURE = re.compile(r"sha256=[0-9a-f]{64}")
_NAME = re.compile(r"[a-z_]{1,64}")
_DELIVERY = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
_log = logging.getLogger(__name__)


class WebhookError(AmtsError):
    """The app cannot be made as it was asked for."""


class _Refusal(Exception):
    """What the sender is told, and with which status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def is_signed(body: bytes, signature: str | None, secrets: Sequence[str]) -> bool:
    """Whether `signature`, the value of X-Hub-Signature-256, is that of `body` with one of the secrets.

    Takes the same time for every signature of the right form. An empty secret signs nothing.
    """
    if signature is None or not _SIGNATURE.fullmatch(signature):
        return False
    wanted = [hmac.digest(secret.encode(), body, "sha256").hex() for secret in secrets if secret]
    return any([hmac.compare_digest(f"sha256={digest}", signature) for digest in wanted])  # noqa: C419 (all of them)


def create_app(
    secrets: Sequence[str],
    own_login: str,
    enqueue: Callable[[str, Event], None],
    faults: Callable[[], list[str]],
) -> Flask:
    """The WSGI application. Raises WebhookError without secrets.

    `secrets`: of the webhook, two of them while one takes the other's place. `own_login`: the App's, `<slug>[bot]`.
    `enqueue` stores an event as a durable job under the id of its delivery, once however often it is called for
    it; it may raise anything. `faults`: one line for each reason why jobs cannot be taken now; shown to anybody.
    """
    if not secrets or not all(secrets):
        raise WebhookError("the webhook has an empty secret: set one, the same as in the settings of the GitHub App")
    app = Flask("amts", static_folder=None)
    # One byte more than is allowed tells a body in chunks that is too large from one that is not.
    app.config.update(MAX_CONTENT_LENGTH=_MAX_BODY + 1)
    app.url_map.merge_slashes = False

    def webhook() -> Response:
        body = _signed_body(secrets)
        name = _header("X-GitHub-Event", _NAME, "the name of an event")
        delivery = _header("X-GitHub-Delivery", _DELIVERY, "the id of a delivery").lower()
        event = read_event(name, parse_json(body), own_login)
        if event is None:
            return Response(status=204, content_type="application/json")
        if isinstance(event, Ping):
            return _answer({"event": "ping"}, 200)
        try:
            enqueue(delivery, event)
        except Exception as error:  # whatever it is, GitHub keeps the delivery, and nothing of it belongs in a log
            _log.error("delivery %s (%s) was not stored: %s", delivery, name, type(error).__name__)
            raise _Refusal(503, "the job was not stored: deliver it again later") from None
        return _answer({"job": delivery}, 202)

    def ready() -> Response:
        try:
            reasons = faults()
        except Exception as error:
            _log.error("the state was not found out: %s", type(error).__name__)
            reasons = ["the state cannot be found out: see the log"]
        return _answer({"faults": reasons}, 503) if reasons else _answer({"status": "ok"}, 200)

    # OPTIONS is not answered: no browser of another site has any business here.
    for path, view, method in (
        ("/webhook", webhook, "POST"),
        ("/healthz", lambda: _answer({"status": "ok"}, 200), "GET"),
        ("/readyz", ready, "GET"),
    ):
        app.add_url_rule(path, path, view, methods=[method], provide_automatic_options=False)
    app.register_error_handler(_Refusal, _refused)
    app.register_error_handler(EventError, lambda error: _refused(_Refusal(400, str(error))))
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)
    app.after_request(_with_headers)
    return app


def _signed_body(secrets: Sequence[str]) -> bytes:
    """The body of the request as it came, once it is known to be GitHub's."""
    if request.mimetype != "application/json":
        raise _Refusal(415, "the content type is not application/json: choose it in the settings of the webhook")
    if request.content_length is not None and request.content_length > _MAX_BODY:
        _too_large()
    signature = request.headers.get("X-Hub-Signature-256")
    body = _read() if signature else b""  # what is not signed need not be read
    if len(body) > _MAX_BODY:
        _too_large()
    if not is_signed(body, signature, secrets):
        raise _Refusal(401, "the signature is missing or wrong: set the same secret here and in the GitHub App")
    return body


def _read() -> bytes:
    try:
        return request.get_data(cache=False)
    except HTTPException:
        raise
    except Exception:  # each server has errors of its own for chunks that are none
        raise _Refusal(400, "the body cannot be read to its end: send it again") from None


def _too_large() -> NoReturn:
    raise _Refusal(413, f"the body is larger than {_MAX_BODY:,} bytes: GitHub sends none like that")


def _header(name: str, pattern: re.Pattern[str], what: str) -> str:
    value = request.headers.get(name, "")
    if not pattern.fullmatch(value):
        raise _Refusal(400, f"the header {name} is not {what}: send what GitHub sends")
    return value


def _answer(content: dict[str, object], status: int) -> Response:
    return Response(json.dumps(content), status, content_type="application/json")


def _refused(refusal: _Refusal) -> Response:
    _log.info("refused with %d: %s", refusal.status, refusal)
    answer = _answer({"error": str(refusal)}, refusal.status)
    if refusal.status == 503:
        answer.headers["Retry-After"] = str(_RETRY_AFTER)
    return answer


def _http_error(error: HTTPException) -> Response:
    answer = _answer({"error": error.name.lower()}, error.code or 500)
    for key, value in error.get_headers():
        if key == "Allow":
            answer.headers[key] = value
    return answer


def _unexpected(error: Exception) -> Response:
    _log.error("unexpected %s: please report it", type(error).__name__)
    return _answer({"error": "internal server error"}, 500)


def _with_headers(answer: Response) -> Response:
    answer.headers.update(_HEADERS)
    return answer
