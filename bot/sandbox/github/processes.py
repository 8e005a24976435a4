"""Runs git, and git's own CGI program for smart HTTP."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

# What the server allows, whatever the settings of the machine say. Blobless clones and any commit by its id are
# allowed as at GitHub; refs/pull belongs to the server.
_SERVER = {
    "http.receivepack": "true",
    "receive.advertiseAtomic": "true",
    "receive.fsckObjects": "true",
    "receive.hideRefs": "refs/pull",
    "receive.autogc": "false",
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",
}


class GitError(Exception):
    """A git command failed; the text is what it wrote to standard error."""


def git(folder: Path, *command: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> bytes:
    """What a git command prints in a folder. Raises GitError where it fails."""
    ran = run(folder, *command, stdin=stdin, environment=environment)
    if ran.returncode:
        raise GitError(f"git {command[0]}: {ran.stderr.decode(errors='replace').strip()}")
    return ran.stdout


def run(
    folder: Path, *command: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """A git command that ran in a folder, whether or not it failed."""
    return subprocess.run(  # noqa: S603 - arguments come from this package
        ["git", *command],  # noqa: S607 - git from the PATH
        cwd=folder,
        env=_environment() | dict(environment or {}),
        input=stdin,
        capture_output=True,
        check=False,
    )


def http_backend(root: Path, request: Mapping[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
    """The answer of `git http-backend` to a request, told as CGI variables: status, headers, body.

    Raises GitError where the program fails.
    """
    settings = {"GIT_CONFIG_COUNT": str(len(_SERVER))}
    for number, (name, value) in enumerate(_SERVER.items()):
        settings |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    answer = git(
        root,
        "http-backend",
        stdin=body,
        environment={**settings, **request, "GIT_PROJECT_ROOT": str(root), "GIT_HTTP_EXPORT_ALL": "1"},
    )
    head, _, content = answer.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n"))
    return int(headers.pop("Status", "200").split()[0]), headers, content


def _environment() -> dict[str, str]:
    """The environment without the settings of whoever runs the sandbox."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
