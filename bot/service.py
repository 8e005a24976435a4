"""The settings of the bot as a service: the environment, read and checked once at start."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.settings import SettingsError

_DAY = 86_400.0  # seconds
_SHORTEST_SECRET = 16  # characters; who finds it out can tell the bot anything
_GITHUB = "https://github.com"
_API = "https://api.github.com"


@dataclass(frozen=True, slots=True)
class Server:
    """Which GitHub is spoken to, and how fast: `pause` in seconds between two writes (its guide asks for 1)."""

    api: str = "https://api.github.com"
    pause: float = 1.0


class ServiceError(SettingsError):
    """The environment is not as the service needs it; `faults` has a line for each thing that is wrong."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Service:
    """What the service is told. `repr` shows no secret.

    `secrets`: of the webhook, the one in use and, while it is changed, the one before. Times are in seconds: `quiet`
    without another push before an update begins, `poll` between two looks at an upstream, `tick` between two looks at
    the queues, `heartbeat` between two signs of life of a worker, `keep` until jobs that ended are removed. `limit`:
    bytes that the mirrors may take. `workers`: stages that one process works on at once. `hosts`: servers beside
    GitHub that an upstream may be at.
    """

    home: Path
    database: str = field(repr=False)
    app_id: int
    private_key: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    server: Server = field(default_factory=Server)
    web: str = _GITHUB
    quiet: float = 60.0
    poll: float = 3600.0
    tick: float = 1.0
    limit: int = 20_000_000_000
    workers: int = 2
    hosts: frozenset[str] = frozenset()
    heartbeat: float = 10.0
    keep: float = 28 * _DAY


def read_service(environment: Mapping[str, str]) -> Service:
    """The settings of an environment, such as os.environ.

    Raises ServiceError that names everything that is wrong or missing.
    """
    wrong: list[str] = []

    def number(name: str, default: float, least: float, most: float, unit: str) -> float:
        return _number(environment, wrong, name, default, least, most, unit)

    home = _home(environment)
    app_id = environment.get("AMTS_APP_ID", "")
    if not re.fullmatch(r"[1-9][0-9]{0,11}", app_id):
        given = f"is {app_id[:20]!r}" if app_id else "is missing"
        wrong.append(f"AMTS_APP_ID {given}: set it to the number of the GitHub App, from its settings page")
    secrets = tuple(
        filter(None, (environment.get(name) for name in ("AMTS_WEBHOOK_SECRET", "AMTS_WEBHOOK_SECRET_OLD")))
    )
    secret = environment.get("AMTS_WEBHOOK_SECRET", "")
    if not secret:
        wrong.append("AMTS_WEBHOOK_SECRET is missing: set it to the webhook secret of the GitHub App")
    elif len(secret) < _SHORTEST_SECRET:
        wrong.append(
            f"AMTS_WEBHOOK_SECRET has fewer than {_SHORTEST_SECRET} characters: make one by `openssl rand -hex 32`, "
            "and give it to the GitHub App, too"
        )
    key = _private_key(environment, wrong)
    web = (environment.get("AMTS_GITHUB_URL") or _GITHUB).rstrip("/")
    api = (environment.get("AMTS_GITHUB_API_URL") or (_API if web == _GITHUB else f"{web}/api/v3")).rstrip("/")
    for name, value in (("AMTS_GITHUB_URL", web), ("AMTS_GITHUB_API_URL", api)):
        if not value.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
            wrong.append(f"{name} must be an https address")
    service = Service(
        home=home,
        database=read_database(environment),
        app_id=int(app_id) if app_id.isdecimal() else 0,
        private_key=key,
        secrets=secrets,
        server=Server(api, _pause(environment, wrong)),
        web=web,
        quiet=number("AMTS_QUIET_PERIOD", 60, 0, 86_400, "seconds"),
        poll=number("AMTS_POLL_PERIOD", 3600, 1, 604_800, "seconds"),
        tick=number("AMTS_TICK", 1, 0.05, 60, "seconds"),
        limit=int(number("AMTS_MIRRORS_GB", 20, 0.01, 10_000, "gigabytes") * 1e9),
        hosts=frozenset(environment.get("AMTS_UPSTREAM_HOSTS", "").lower().replace(",", " ").split()),
        workers=int(number("AMTS_CONCURRENCY", 2, 1, 64, "a number of stages at once")),
        heartbeat=number("AMTS_HEARTBEAT", 10, 0.1, 600, "seconds"),
        keep=number("AMTS_KEEP_DAYS", 28, 4, 10_000, "days") * _DAY,
    )
    if not service.database.startswith(("sqlite:///", "postgresql://", "postgres://", "postgresql+psycopg://")):
        wrong.append("AMTS_DATABASE_URL must begin with sqlite:/// or postgresql://")
    if wrong:
        raise ServiceError(wrong)
    return service


def read_pause(environment: Mapping[str, str]) -> float:
    """The pause between two writes to GitHub, in seconds. Raises SettingsError."""
    wrong: list[str] = []
    pause = _pause(environment, wrong)
    if wrong:
        raise SettingsError(wrong[0])
    return pause


def _pause(environment: Mapping[str, str], wrong: list[str]) -> float:
    return _number(environment, wrong, "AMTS_WRITE_PAUSE", 1, 0, 60, "seconds")


def _number(
    environment: Mapping[str, str], wrong: list[str], name: str, default: float, least: float, most: float, unit: str
) -> float:
    """A number of the environment; where it is none, `wrong` says so."""
    text = environment.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        wrong.append(f"{name} is {text[:20]!r}: set it to {unit}, from {least:g} to {most:g}")
        return default
    return value


def read_database(environment: Mapping[str, str]) -> str:
    """The URL of the database: the one that is set, else a SQLite file in the folder of the service."""
    return environment.get("AMTS_DATABASE_URL") or f"sqlite:///{_home(environment) / 'amts.sqlite'}"


def _home(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("AMTS_HOME") or "amts-data").absolute()


def _private_key(environment: Mapping[str, str], wrong: list[str]) -> str:
    text, path = environment.get("AMTS_PRIVATE_KEY", ""), environment.get("AMTS_PRIVATE_KEY_FILE", "")
    if path:
        try:
            text = Path(path).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            reason = os.strerror(error.errno or 0) if isinstance(error, OSError) else "it is not text"
            wrong.append(f"AMTS_PRIVATE_KEY_FILE cannot be read: {reason}")
            return ""
    text = text.replace("\\n", "\n")  # as platforms store it that allow for one line only
    if text and "PRIVATE KEY-----" not in text:
        given = "AMTS_PRIVATE_KEY_FILE" if path else "AMTS_PRIVATE_KEY"
        wrong.append(f"{given} holds no private key: give the .pem file that GitHub made, as it is")
    elif not text:
        wrong.append("AMTS_PRIVATE_KEY, or AMTS_PRIVATE_KEY_FILE, is missing: the .pem file that GitHub made")
    return text
