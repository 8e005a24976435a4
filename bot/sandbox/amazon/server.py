"""The sandbox: one address on loopback that answers as Amazon Translate, S3, IAM and STS."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum
from io import BytesIO
from threading import Lock, Thread
from types import TracebackType
from typing import Any, ClassVar

from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler, make_server

from bot.sandbox.amazon.account import Pace
from bot.sandbox.amazon.errors import ServiceError
from bot.sandbox.amazon.faults import ConnectionDropped, ErrorFault, Fault, Faults
from bot.sandbox.amazon.parallel_data import ParallelDataFigures
from bot.sandbox.amazon.service import Service
from bot.sandbox.amazon.storage import AGENT, KEY_ID, REGION, SECRET, Storage
from bot.sandbox.amazon.terminology import TerminologyFigures

_TARGET = "AWSShineFrontendService_20170701."
_JSON = "application/x-amz-json-1.1"
_MAX_BODY = 64 * 1024 * 1024  # bytes of a request to the service itself

StartResponse = Callable[..., Any]


class When(Enum):
    """When a test may look on.

    BEFORE: the request has arrived, nothing was done yet; it will be carried out even if its client dies now.
    AFTER: it was carried out, its answer was not sent yet.
    """

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class JobFigures:
    """A job that was started. `characters`: translated so far, markup not counted; `documents`: in its folder."""

    id: str
    name: str | None
    status: str
    client_token: str
    parallel_data: str | None
    terminology: str | None
    languages: tuple[str, ...]
    characters: int
    documents: int


class AmazonSandbox:
    """The stand-in for Amazon Translate beside moto's S3, IAM and STS; a context manager.

    moto keeps its state once a process, so only one sandbox can be open at a time in one: RuntimeError otherwise.
    `on_request` is called in the server's threads with the number of a request (from 1; `requests` has its name at
    that number less one), its name, and the moment.
    """

    bucket = "amts-sandbox"
    _open: ClassVar[Lock] = Lock()

    def __init__(self, faults: Iterable[Fault] = (), pace: Pace | None = None, port: int = 0) -> None:
        self.on_request: Callable[[int, str, When], None] | None = None
        self.role = ""
        self.url = ""
        self._faults = Faults(faults)
        self._pace = pace or Pace()
        self._port = port
        self._requests: list[str] = []
        self._lock = Lock()
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __enter__(self) -> AmazonSandbox:
        if not self._open.acquire(blocking=False):
            raise RuntimeError("another AmazonSandbox is open in this process: close it first")
        with ExitStack() as stack:
            stack.callback(self._open.release)
            stack.callback(moto_api_backend.reset)
            server = make_server("127.0.0.1", self._port, self._application, True, request_handler=_Handler)
            stack.callback(server.server_close)
            self.url = f"http://127.0.0.1:{server.server_port}"
            thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            moto_api_backend.reset()
            storage = Storage(self.url)
            self._service = Service(storage, self._faults, self._pace)
            stack.callback(self._service.close)
            self.role = storage.prepare(self.bucket, "amts-sandbox")
            self._closing = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def environment(self) -> dict[str, str]:
        """The environment variables that make a client talk to the sandbox, and to nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def inject(self, *faults: Fault) -> None:
        """Let things go wrong from now on, beside what goes wrong already."""
        self._faults.add(faults)

    def clear_faults(self) -> None:
        """Let nothing go wrong any more."""
        self._faults.clear()

    @property
    def jobs(self) -> tuple[JobFigures, ...]:
        """Every job that was ever started, in order."""
        return tuple(
            JobFigures(
                job.id,
                job.parameters.get("JobName"),
                job.status,
                job.parameters["ClientToken"],
                next(iter(job.parameters.get("ParallelDataNames", ())), None),
                next(iter(job.parameters.get("TerminologyNames", ())), None),
                tuple(job.parameters["TargetLanguageCodes"]),
                job.characters,
                job.documents,
            )
            for job in self._service.jobs.started().values()
        )

    @property
    def parallel_data(self) -> dict[str, ParallelDataFigures]:
        """Every parallel data resource, by name."""
        return self._service.parallel_data.figures()

    @property
    def terminologies(self) -> dict[str, TerminologyFigures]:
        """Every terminology, by name."""
        return self._service.terminologies.figures()

    @property
    def requests(self) -> tuple[str, ...]:
        """The names of the requests in order of arrival: operations of Translate, else as "S3 PUT", "IAM POST"."""
        with self._lock:
            return tuple(self._requests)

    @property
    def translated(self) -> int:
        """Characters sent to TranslateText so far, markup and all."""
        return self._service.text.translated

    def _application(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if AGENT in environ.get("HTTP_USER_AGENT", ""):
            return self._moto(environ, start_response)  # type: ignore[no-any-return]
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        ours = target.startswith(_TARGET)
        name = target.removeprefix(_TARGET) if ours else _name(environ)
        with self._lock:
            self._requests.append(name)
            number = len(self._requests)
        _receive(environ)
        self._look_on(number, name, When.BEFORE)
        answer = self._translate(environ, name) if ours else self._other(environ, name)
        self._look_on(number, name, When.AFTER)
        if self._faults.take(ConnectionDropped, name, named=not ours):
            # The server takes this for a client that is gone, and closes the connection without an answer.
            raise ConnectionAbortedError(name)
        return answer(environ, start_response)

    def _look_on(self, number: int, name: str, when: When) -> None:
        if self.on_request is not None:
            self.on_request(number, name, when)

    def _translate(self, environ: dict[str, Any], operation: str) -> Response:
        request = Request(environ)
        request.max_content_length = _MAX_BODY
        try:
            if request.method != "POST" or request.path != "/" or request.mimetype != _JSON:
                raise ServiceError("SerializationException", f"A request is a POST of {_JSON} to /.")
            if "AWS4-HMAC-SHA256" not in request.headers.get("Authorization", ""):
                raise ServiceError("MissingAuthenticationTokenException", "The request is not signed.")
            return _answer(self._service.handle(operation, _parameters(request)))
        except ServiceError as error:
            return _answer({"__type": error.code, "Message": error.message}, error.status)

    def _other(self, environ: dict[str, Any], name: str) -> Response:
        if fault := self._faults.take(ErrorFault, name, named=True):
            code = fault.code.removesuffix("Exception")
            body = f"<Error><Code>{code}</Code><Message>{fault.message}</Message></Error>"
            if not name.startswith("S3"):
                body = f"<ErrorResponse>{body}</ErrorResponse>"
            status = 403 if fault.code == "AccessDeniedException" else fault.status
            return Response(body, status, content_type="application/xml")
        return Response.from_app(self._moto, environ, buffered=True)


class _Handler(WSGIRequestHandler):
    """Writes no log of requests, and closes a connection that is to be dropped."""

    def connection_dropped(self, error: BaseException, environ: dict[str, Any] | None = None) -> None:
        """Lets nothing more be read from a connection whose request was not answered."""
        self.close_connection = True

    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing: `AmazonSandbox.requests` tells what was asked."""


def _receive(environ: dict[str, Any]) -> None:
    """Take in the whole body, so that what follows does not depend on whether the client is still there."""
    body = Request(environ).get_data(cache=False)
    environ["wsgi.input"] = BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))


def _name(environ: dict[str, Any]) -> str:
    """The service that a request was signed for, S3 where it was not, and its method."""
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].partition(",")[0].split("/")
    service = scope[3] if len(scope) > 3 else "s3"
    return f"{service.upper()} {environ['REQUEST_METHOD']}"


def _parameters(request: Request) -> object:
    try:
        return json.loads(request.get_data())
    except (ValueError, RecursionError):
        raise ServiceError("SerializationException", "The body is not JSON.") from None


def _answer(content: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(content), status, content_type=_JSON)
