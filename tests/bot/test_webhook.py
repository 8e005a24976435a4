"""The webhook over HTTP: what is taken, what is refused, and that nothing makes it fall over."""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
import logging
import random
import socket
from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from bot.events import Event, read_event
from bot.payload import parse_json
from bot.webhook import WebhookError, create_app, is_signed
from tests.bot import payloads
from tests.bot.payloads import OWN, SEEDS

SECRET = "It's a Secret to Everybody"  # noqa: S105 (GitHub's own example)
OTHER = "Schlüssel"
DELIVERY = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
LIMIT = 25 * 1024 * 1024


class Queue:
    """Takes events as the durable queue does, one a delivery; `broken` is raised instead, if set."""

    def __init__(self) -> None:
        self.events: dict[str, Event] = {}
        self.broken: Exception | None = None
        self.faults: list[str] = []

    def add(self, delivery: str, event: Event) -> None:
        if self.broken:
            raise self.broken
        self.events.setdefault(delivery, event)

    def reasons(self) -> list[str]:
        if self.broken:
            raise self.broken
        return self.faults


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def app(queue: Queue) -> Flask:
    return create_app([SECRET, OTHER], OWN, queue.add, queue.reasons)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def sign(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def headers(body: bytes, event: str, **changed: str | None) -> dict[str, str]:
    """GitHub's headers for a body; the changed ones have `_` for `-`, and None leaves one out."""
    ours = {
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/044aadd",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": DELIVERY,
        "X-Hub-Signature-256": sign(body),
        **{name.replace("_", "-"): value for name, value in changed.items()},
    }
    return {name: value for name, value in ours.items() if value is not None}


def encode(payload: object) -> bytes:
    return json.dumps(payload).encode()


def deliver(client: FlaskClient, event: str, payload: object, **changed: str | None) -> TestResponse:
    body = encode(payload)
    return client.post("/webhook", data=body, headers=headers(body, event, **changed))


PUSH = encode(payloads.push())


@pytest.mark.parametrize(("name", "payload"), SEEDS)
def test_an_event_becomes_a_job(client: FlaskClient, queue: Queue, name: str, payload: object) -> None:
    answer = deliver(client, name, payload)
    if name == "ping":
        assert (answer.status_code, queue.events) == (200, {})
    else:
        assert (answer.status_code, answer.json) == (202, {"job": DELIVERY})
        assert queue.events == {DELIVERY: read_event(name, payload, OWN)}


def test_what_is_not_acted_on_is_no_job(client: FlaskClient, queue: Queue) -> None:
    for name, payload in (("push", payloads.push("refs/tags/v1")), ("star", {"action": "created"})):
        answer = deliver(client, name, payload)
        assert (answer.status_code, answer.data, queue.events) == (204, b"", {})


def test_the_id_of_a_delivery_is_the_same_however_it_is_written(client: FlaskClient, queue: Queue) -> None:
    for delivery in (DELIVERY, DELIVERY.upper()):
        assert deliver(client, "push", payloads.push(), X_GitHub_Delivery=delivery).json == {"job": DELIVERY}
    assert list(queue.events) == [DELIVERY]


def test_the_signature_is_githubs() -> None:
    # The example of GitHub's documentation, "Validating webhook deliveries".
    body, digest = b"Hello, World!", "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert is_signed(body, f"sha256={digest}", [SECRET])


@pytest.mark.parametrize("secrets", [[SECRET], [OTHER, SECRET], [SECRET, OTHER], ["", SECRET]])
def test_every_secret_of_a_rotation_signs(secrets: list[str]) -> None:
    assert is_signed(PUSH, sign(PUSH), secrets)
    assert not is_signed(PUSH, sign(PUSH, "a third one"), secrets)


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "sha256=",
        sign(PUSH)[7:],
        sign(PUSH)[:-1],
        sign(PUSH) + "0",
        sign(PUSH).upper(),
        sign(PUSH).replace("sha256", "sha1"),
        sign(PUSH, ""),
        sign(PUSH + b" "),
        "sha256=" + "0" * 64,
        "sha256=" + "é" * 64,
        "sha256=" + "٣" * 64,
        sign(PUSH) + "\n",
    ],
)
def test_a_wrong_signature_is_refused_like_none(client: FlaskClient, queue: Queue, signature: str | None) -> None:
    assert not is_signed(PUSH, signature, [SECRET, "", OTHER])
    if signature and (not signature.isascii() or "\n" in signature):
        return  # no header can hold it
    answer = client.post("/webhook", data=PUSH, headers=headers(PUSH, "push", X_Hub_Signature_256=signature))
    absent = client.post("/webhook", data=PUSH, headers=headers(PUSH, "push", X_Hub_Signature_256=None))
    assert (answer.status_code, answer.data, queue.events) == (401, absent.data, {})


@pytest.mark.parametrize("secrets", [[], [""], [SECRET, ""]])
def test_there_is_no_app_without_a_secret(queue: Queue, secrets: list[str]) -> None:
    with pytest.raises(WebhookError, match="set one"):
        create_app(secrets, OWN, queue.add, queue.reasons)


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("Content_Type", "application/x-www-form-urlencoded", 415),
        ("Content_Type", "text/plain", 415),
        ("Content_Type", None, 415),
        ("X_GitHub_Event", None, 400),
        ("X_GitHub_Event", "", 400),
        ("X_GitHub_Event", "Push", 400),
        ("X_GitHub_Event", "push,push", 400),
        ("X_GitHub_Event", "p" * 65, 400),
        ("X_GitHub_Delivery", None, 400),
        ("X_GitHub_Delivery", "1", 400),
        ("X_GitHub_Delivery", DELIVERY + "0", 400),
        ("X_GitHub_Delivery", DELIVERY.replace("7", "g"), 400),
        ("X_GitHub_Delivery", "../" + DELIVERY, 400),
    ],
)
def test_a_wrong_header_is_refused(
    client: FlaskClient, queue: Queue, header: str, value: str | None, status: int
) -> None:
    answer = deliver(client, "push", payloads.push(), **{header: value})
    assert (answer.status_code, queue.events) == (status, {})
    assert answer.json
    assert header.replace("_", " ").split()[-1].lower() in answer.json["error"].lower()


def test_a_form_is_told_what_to_choose(client: FlaskClient) -> None:
    answer = client.post("/webhook", data={"payload": PUSH.decode()})
    assert answer.json == {
        "error": "the content type is not application/json: choose it in the settings of the webhook"
    }


def test_the_content_type_may_name_utf_8(client: FlaskClient) -> None:
    assert deliver(client, "push", payloads.push(), Content_Type="application/json; charset=utf-8").status_code == 202


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        b"\x00",
        b"[" * 200_000,
        b'{"ref":' * 100_000,
        b'{"ref": "\\ud800"}',
        b'{"a": 1, "a": 1}',
        b'{"deleted": NaN}',
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 10_000 + b"}",
        PUSH + b"x",
        PUSH[:-1],
    ],
    ids=lambda body: repr(body[:12]),
)
def test_signed_nonsense_is_refused(client: FlaskClient, queue: Queue, body: bytes) -> None:
    answer = client.post("/webhook", data=body, headers=headers(body, "push"))
    assert (answer.status_code, queue.events) == (400, {})
    assert answer.json
    assert answer.json["error"].endswith("send what GitHub sends")


def test_a_queue_that_is_away_is_told_and_logged_without_the_payload(
    client: FlaskClient, queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    queue.broken = OSError("no connection to postgresql://amts:password@db/amts, [parameters: 'open-book/book']")
    with caplog.at_level(logging.DEBUG):
        answer = deliver(client, "push", payloads.push())
    assert answer.status_code == 503
    assert 0 < int(answer.headers["Retry-After"]) <= 300
    assert answer.json == {"error": "the job was not stored: deliver it again later"}
    assert f"delivery {DELIVERY} (push) was not stored: OSError" in caplog.text
    for secret in ("password", "open-book", "Traceback", SECRET):
        assert secret not in caplog.text
        assert secret not in answer.text
    queue.broken = None
    assert deliver(client, "push", payloads.push()).status_code == 202


def test_health_and_readiness(client: FlaskClient, queue: Queue) -> None:
    assert (client.get("/healthz").status_code, client.get("/readyz").status_code) == (200, 200)
    queue.faults = ["the database does not answer: see DATABASE_URL"]
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"faults": queue.faults})
    assert client.get("/healthz").status_code == 200


def test_readiness_that_cannot_be_found_out(client: FlaskClient, queue: Queue) -> None:
    queue.broken = OSError("password")
    answer = client.get("/readyz")
    assert (answer.status_code, "password" in answer.text) == (503, False)
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/webhook/", "//webhook", "/Webhook", "/webhook/x", "/static/x", "/healthz/", "/é"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_there_is_nothing_else(client: FlaskClient, method: str, path: str) -> None:
    answer = client.open(path, method=method)
    assert (answer.status_code, answer.json) == (404, {"error": "not found"})


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/webhook", {"POST"}),
        ("PUT", "/webhook", {"POST"}),
        ("DELETE", "/webhook", {"POST"}),
        ("OPTIONS", "/webhook", {"POST"}),
        ("TRACE", "/webhook", {"POST"}),
        ("POST", "/healthz", {"GET", "HEAD"}),
        ("POST", "/readyz", {"GET", "HEAD"}),
        ("OPTIONS", "/readyz", {"GET", "HEAD"}),
    ],
)
def test_other_methods_are_refused(client: FlaskClient, method: str, path: str, allowed: set[str]) -> None:
    answer = client.open(path, method=method)
    assert (answer.status_code, answer.json) == (405, {"error": "method not allowed"})
    assert set(answer.headers["Allow"].split(", ")) == allowed


def test_every_answer_is_json_that_no_browser_makes_more_of(client: FlaskClient) -> None:
    answers = [
        client.get("/nowhere"),
        client.get("/webhook"),
        client.get("/healthz"),
        client.get("/readyz"),
        client.post("/webhook", data=PUSH),
        deliver(client, "push", payloads.push()),
        deliver(client, "star", {}),
    ]
    assert [answer.status_code for answer in answers] == [404, 405, 200, 200, 415, 202, 204]
    for answer in answers:
        assert answer.content_type == "application/json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "Server" not in answer.headers


@pytest.fixture
def port(app: Flask) -> Iterator[int]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def head(lines: dict[str, str]) -> bytes:
    given = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST /webhook HTTP/1.1\r\nHost: localhost\r\n{given}\r\n".encode("latin-1")


def exchange(port: int, *sent: bytes) -> int:
    """The status of what is answered to these bytes; the connection stays open until there is an answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        for part in sent:
            connection.sendall(part)
        return int(connection.makefile("rb").readline().split()[1])


def padded(size: int) -> bytes:
    return PUSH + b" " * (size - len(PUSH))


def chunks(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 1024 * 1024):
        part = body[start : start + 1024 * 1024]
        yield f"{len(part):x}\r\n".encode() + part + b"\r\n"


@pytest.mark.parametrize("excess", [0, 1])
def test_a_body_has_a_limit(port: int, queue: Queue, excess: int) -> None:
    body = padded(LIMIT + excess)
    status = exchange(port, head({**headers(body, "push"), "Content-Length": str(len(body))}), body)
    assert (status, len(queue.events)) == ((413, 0) if excess else (202, 1))


@pytest.mark.parametrize("excess", [0, 1])
def test_so_has_a_body_in_chunks(port: int, queue: Queue, excess: int) -> None:
    body = padded(LIMIT + excess)
    lines = {**headers(body, "push"), "Transfer-Encoding": "chunked"}
    status = exchange(port, head(lines), *chunks(body), b"0\r\n\r\n")
    assert (status, len(queue.events)) == ((413, 0) if excess else (202, 1))


def test_what_is_beyond_the_limit_is_not_waited_for(port: int) -> None:
    assert exchange(port, head({**headers(b"", "push"), "Content-Length": str(10**12)})) == 413
    body = padded(LIMIT + 1)
    assert exchange(port, head({**headers(body, "push"), "Transfer-Encoding": "chunked"}), *chunks(body)) == 413


def test_what_is_not_signed_is_not_read(port: int) -> None:
    unsigned = headers(PUSH, "push", X_Hub_Signature_256=None)
    assert exchange(port, head({**unsigned, "Content-Length": str(LIMIT)})) == 401
    assert exchange(port, head({**unsigned, "Transfer-Encoding": "chunked"})) == 401


@pytest.mark.parametrize("body", [b"zz\r\n", b"-5\r\nhello\r\n", b"5\r\nhelloworld\r\n"])
def test_broken_chunks_are_refused(port: int, queue: Queue, body: bytes) -> None:
    status = exchange(port, head({**headers(PUSH, "push"), "Transfer-Encoding": "chunked"}), body, b"0\r\n\r\n")
    assert (status in (400, 401, 413), queue.events) == (True, {})


class BrokenBody:
    """The body of a request that a server finds fault with, in words of its own, as gunicorn does."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def read(self, size: int = -1) -> bytes:
        raise self._error


@pytest.mark.parametrize("error", [OSError("reset"), ValueError("closed"), EOFError("no chunk"), MemoryError()])
def test_a_body_that_the_server_cannot_read(client: FlaskClient, queue: Queue, error: Exception) -> None:
    broken = {"wsgi.input": BrokenBody(error), "wsgi.input_terminated": True}
    answer = client.post("/webhook", headers=headers(PUSH, "push"), environ_overrides=broken)
    assert (answer.status_code, queue.events) == (400, {})


def test_a_client_that_goes_away(port: int, queue: Queue) -> None:
    for lines in ({"Content-Length": str(len(PUSH))}, {"Transfer-Encoding": "chunked"}):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(head({**headers(PUSH, "push"), **lines}) + b"1000\r\n" + PUSH[:100])
            connection.shutdown(socket.SHUT_WR)
            assert int(connection.makefile("rb").readline().split()[1]) in (400, 401)
    assert queue.events == {}


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "+5", "٣".encode().decode("latin-1")])
def test_a_length_that_is_none_is_refused(port: int, queue: Queue, length: str) -> None:
    status = exchange(port, head({**headers(PUSH, "push"), "Content-Length": length}))
    assert (status in (400, 401), queue.events) == (True, {})


@pytest.mark.parametrize("host", ["", "a b", "[::1", "x" * 5_000, "é", "a:b:c", "a\x00b", "../", "%00"])
def test_a_strange_host_is_no_error_of_ours(client: FlaskClient, host: str) -> None:
    answer = client.post("/webhook", data=PUSH, headers=headers(PUSH, "push"), environ_overrides={"HTTP_HOST": host})
    assert answer.status_code in (202, 400)


ODD: tuple[Any, ...] = (
    None, True, 0, -1, 2**63, 10**30, 0.5, 1e308, "", " ", "\x00", "\ud800", "a\r\nb: c", "../../etc/passwd",
    "refs/heads/--upload-pack=touch x", "'; drop table jobs; --", "/amts", "é" * 300, "x" * 70_000, [], {}, [[]], [None],
    {"full_name": "a/b"}, {"login": "amts[bot]", "type": "Bot"},
)  # fmt: skip


def mutate_value(chance: random.Random, payload: object) -> object:
    """Some values somewhere in it replaced, left out, doubled, nested, or swapped with another."""
    changed = {"payload": json.loads(json.dumps(payload))}
    for _ in range(chance.randint(1, 3)):
        holder: Any = changed
        key: Any = "payload"
        while isinstance(holder[key], dict | list) and holder[key] and chance.random() < 0.8:
            holder = holder[key]
            key = chance.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        kind = chance.randrange(6)
        if kind == 0 and holder is not changed:
            del holder[key]
        elif kind == 1:
            holder[key] = [copy.deepcopy(holder[key]) for _ in range(chance.choice((1, 2, 50)))]
        elif kind == 2:
            holder[key] = {chance.choice(("id", "full_name", "login", "ref")): holder[key]}
        elif kind == 3 and isinstance(holder[key], str):
            text = holder[key]
            at = chance.randint(0, len(text))
            holder[key] = (
                text[:at] + chance.choice(("\x00", "\n", "/", "..", " ", "\ud800", "界", "]", "-")) + text[at:]
            )
        else:
            holder[key] = copy.deepcopy(chance.choice(ODD))
    return changed["payload"]


def mutate_bytes(chance: random.Random, body: bytes) -> bytes:
    """Some bytes of it replaced, left out, put in, or moved."""
    changed = bytearray(body)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed) + 1)
        until = at + chance.choice((0, 1, 1, 5, 200))
        new = chance.choice(
            (b"", b"\x00", b"\xff", b'"', b"{", b"]", b",", b"\\ud800", b"\\", b"9" * 5_000, b"[" * 3_000)
        )
        changed[at:until] = new if chance.random() < 0.7 else changed[:until][::-1]
    return bytes(changed)


def test_ten_thousand_mutated_payloads(client: FlaskClient, queue: Queue) -> None:
    chance = random.Random(4)  # noqa: S311 (the same cases every time)
    statuses = dict.fromkeys((200, 202, 204, 400, 401, 413, 415), 0)
    names = [name for name, _ in SEEDS]
    for number in range(10_000):
        name, payload = chance.choice(SEEDS)
        if chance.random() < 0.05:
            name = chance.choice([*names, "star", "unheard_of"])
        body = encode(mutate_value(chance, payload)) if chance.random() < 0.6 else mutate_bytes(chance, encode(payload))
        lines = headers(body, name, X_GitHub_Delivery=f"{number:08x}{DELIVERY[8:]}")
        if forged := chance.random() < 0.1:
            lines["X-Hub-Signature-256"] = sign(body, "a guess")
        queue.events.clear()
        status = client.post("/webhook", data=body, headers=lines).status_code
        statuses[status] += 1  # a KeyError for any other
        assert forged == (status == 401)
        if status == 202:
            assert list(queue.events.values()) == [read_event(name, parse_json(body), OWN)]
        else:
            assert queue.events == {}
    assert all(statuses[status] > 100 for status in (200, 202, 204, 400, 401)), statuses
