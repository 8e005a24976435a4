"""The parts of the service put together from its settings: for the web process, for a worker, for a single run."""

from __future__ import annotations

import logging
import os
import socket
import uuid
from collections.abc import Mapping
from wsgiref.types import WSGIApplication

from bot.gate import Later
from bot.jobs import Jobs, Office, Pace, Places, Worker
from bot.login import App
from bot.registry import DatabaseError, Entry, Registry, file_of
from bot.service import Service, read_service
from bot.settings import SettingsError, read_settings
from bot.webhook import create_app
from bot.world import World
from sync.mirrors import Mirrors
from sync.model import AmtsError

_log = logging.getLogger(__name__)


def web(environment: Mapping[str, str] | None = None) -> WSGIApplication:
    """The application that takes webhooks. Raises AmtsError where it cannot work."""
    service = read_service(os.environ if environment is None else environment)
    _make_home(service)
    registry = Registry(service.database)
    jobs = Jobs(service.database)
    app = App(service.server, service.app_id, service.private_key)

    def faults() -> list[str]:
        try:
            registry.check()
        except AmtsError as error:
            return [str(error)]
        return []

    return create_app(service.secrets, app.login, jobs.deliver, faults)


def worker(service: Service, environment: Mapping[str, str], executor: str | None = None) -> Worker:
    """A worker, to be entered. Raises AmtsError where it cannot work, such as with a key that GitHub does not take."""
    _make_home(service)
    registry = Registry(service.database)
    app = App(service.server, service.app_id, service.private_key)
    try:
        _log.info("works as %s", app.login)
    except Later as later:
        _log.warning("%s: it is asked again with the first job", later)

    def note(repository: str, upstream: str | None, branch: str | None, head: str | None) -> None:
        try:
            registry.put(Entry(repository, upstream, branch, head))
        except DatabaseError as error:  # what is not noted is found out again at the next look at the upstreams
            _log.warning("%s: %s", repository, error)

    settings = read_settings(environment)
    # With the credentials and the power of this machine nobody translates before whoever runs it has set that up.
    world = World(
        app.forge, Mirrors(service.home / "mirrors", service.limit), settings, service.web, note,
        hosts=service.hosts, engines=settings.engines,
    )  # fmt: skip
    pace = Pace(service.quiet, service.tick, service.poll, service.heartbeat, service.keep)
    office = Office(world, registry, app.repositories, app.forget, Places(service.workers), pace)
    file = file_of(service.database)
    if file is None:
        return Worker(office, service.database, executor or _unique())
    # A file serves one machine, and its one worker takes up its own jobs when it comes back.
    return Worker(office, service.database, executor or "local", file.with_name(f"{file.name}.worker"))


def _make_home(service: Service) -> None:
    """Make the folder of the service where it is missing. Raises SettingsError."""
    try:
        service.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise SettingsError(f"AMTS_HOME: {service.home} cannot be made ({reason}): name a folder of your own") from None


def _unique() -> str:
    return f"{socket.gethostname()[:60]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
