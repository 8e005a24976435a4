"""A PostgreSQL server of its own on loopback, from the programs that are installed, and gone when it is not needed."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sync.model import AmtsError

_USER = "amts"
_PATIENCE = 60.0  # seconds until it is ready, and until it has ended
_DEBIAN = Path("/usr/lib/postgresql")  # where Debian's package has the programs, by version


class PostgresError(AmtsError):
    """No server can be started here."""


def find_programs() -> Path:
    """The folder of `initdb` and `postgres`, of the newest version that is installed. Raises PostgresError."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(_DEBIAN.glob("[0-9]*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    for folder in folders:
        if all((folder / program).is_file() for program in ("initdb", "postgres")):
            return folder
    raise PostgresError("PostgreSQL is not installed: on Debian and Ubuntu, apt install postgresql")


@contextmanager
def running_postgres() -> Iterator[str]:
    """The URL of the empty database of a new server, which takes connections on 127.0.0.1 until this ends.

    PostgreSQL refuses to run as root: then it runs as `postgres`, or as `nobody`. Raises PostgresError.
    """
    programs, account = find_programs(), _account()
    # Not below a folder of the caller's, which that account might not be let into.
    folder = Path(tempfile.mkdtemp(prefix="amts-postgres-"))
    try:
        password = secrets.token_hex(16)
        _initialise(programs, folder, password, account)
        port = _free_port()
        with _server(programs, folder, port, account):
            yield f"postgresql://{_USER}:{password}@127.0.0.1:{port}/postgres"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _account() -> dict[str, Any]:
    """Whom the programs run as, in the words of `subprocess`."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in known:
            return {"user": known[name].pw_uid, "group": known[name].pw_gid, "extra_groups": []}
    raise PostgresError("PostgreSQL does not run as root, and there is no account `postgres` or `nobody`: add one")


def _initialise(programs: Path, folder: Path, password: str, account: dict[str, Any]) -> None:
    secret = folder / "password"
    secret.write_text(f"{password}\n", encoding="ascii")
    for path in (folder, secret):
        if account:
            os.chown(path, account["user"], account["group"])
    command = [
        *(str(programs / "initdb"), "--pgdata", str(folder / "data"), "--username", _USER, "--pwfile", str(secret)),
        *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync"),
    ]
    ran = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, check=False, **account)  # noqa: S603 - the programs that are installed
    secret.unlink()
    if ran.returncode:
        raise PostgresError(f"initdb failed: {_last_line(ran.stderr)}")


@contextmanager
def _server(programs: Path, folder: Path, port: int, account: dict[str, Any]) -> Iterator[None]:
    log = folder / "log"
    settings = {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": ""}
    options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
    with log.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603 - the programs that are installed
            [str(programs / "postgres"), "-D", str(folder / "data"), *options],
            cwd=folder,
            env=_environment(),
            stdout=file,
            stderr=subprocess.STDOUT,
            **account,
        )
    try:
        end = time.monotonic() + _PATIENCE
        while b"ready to accept connections" not in log.read_bytes():
            if process.poll() is not None or time.monotonic() > end:
                raise PostgresError(f"postgres does not start: {_last_line(log.read_bytes())}")
            time.sleep(0.02)
        yield
    finally:
        process.send_signal(signal.SIGINT)  # end now, with whoever is connected
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment() -> dict[str, str]:
    """The environment without what would set up another server, and with messages in English."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def _last_line(said: bytes) -> str:
    return (said.decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
