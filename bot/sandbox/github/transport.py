"""HTTP on loopback: whole requests in, whole answers out, over connections that stay open.

werkzeug's server closes the connection after each answer, which costs a client that keeps its connections a new
one for each call; so this is the standard library's server.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from threading import Lock, Thread
from typing import Any
from urllib.parse import unquote, urlsplit

_MAX_LINE = 1024  # bytes of the size of a chunk


@dataclass(frozen=True, slots=True)
class Request:
    """A request, read to its end. `path` is decoded."""

    method: str
    path: str
    query: str
    headers: Message
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """An answer."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Application = Callable[[Request], Response]


class Server:
    """Serves an application on 127.0.0.1, each connection in a thread, from `start` to `close`."""

    def __init__(self, port: int, application: Application) -> None:
        self._server = _Server(port, application)
        self.port: int = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name="github sandbox", daemon=True)

    def start(self) -> None:
        """Accept connections."""
        self._thread.start()

    def close(self) -> None:
        """Accept no more, and end those that are open."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.drop_connections()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def __init__(self, port: int, application: Application) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.application = application
        self._lock = Lock()
        self._connections: set[socket.socket] = set()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._connections.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing where a client is gone; else as usual."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def drop_connections(self) -> None:
        with self._lock:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # its client was faster


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle_request(self) -> None:
        place = urlsplit(self.path)
        body = _read_body(self.headers, self.rfile)
        request = Request(self.command, unquote(place.path), place.query, self.headers, body)
        self._answer(self.server.application(request))

    do_DELETE = do_GET = do_PATCH = do_POST = do_PUT = handle_request  # noqa: N815 - the server looks for these names

    def _answer(self, response: Response) -> None:
        status = HTTPStatus(response.status)
        lines = [f"HTTP/1.1 {status.value} {status.phrase}"]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        lines += [f"Date: {self.date_time_string()}"]
        if status is not HTTPStatus.NO_CONTENT:
            lines += [f"Content-Length: {len(response.body)}"]
        # In one piece: two small ones would wait for one another.
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + response.body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: `GitHubSandbox.requests` tells what was asked."""


def _read_body(headers: Message, stream: BufferedIOBase) -> bytes:
    if headers.get("Transfer-Encoding", "").lower() != "chunked":
        return stream.read(int(headers.get("Content-Length", 0)))
    pieces = []
    while size := int(stream.readline(_MAX_LINE).split(b";")[0], 16):
        pieces.append(stream.read(size))
        stream.readline()
    while stream.readline(_MAX_LINE).strip():
        pass  # trailers
    return b"".join(pieces)
