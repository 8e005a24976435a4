"""The bot's own processes beside a stand-in for GitHub: what takes webhooks, and workers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from urllib.error import URLError
from urllib.request import urlopen

from bot.sandbox.github import GitHubSandbox

_PATIENCE = 60.0  # seconds that a process has to be ready


class ServiceFailed(RuntimeError):
    """A process of the bot ended, or was not ready in time; holds what it said last."""


class RunningService:
    """`amts serve` and `amts worker` for a sandbox; a context manager. The sandbox sends its webhooks there.

    `home` is where their data is kept; `settings` are more variables of their environment.
    """

    def __init__(self, github: GitHubSandbox, home: Path, settings: Mapping[str, str], workers: int = 1) -> None:
        self._github = github
        self._home = home
        self._settings = settings
        self._count = workers
        self._processes: list[subprocess.Popen[bytes]] = []
        self.url = ""

    def environment(self) -> dict[str, str]:
        """The environment of the processes: that of this one, and what makes them speak to the sandbox."""
        return {
            **os.environ,
            "AMTS_HOME": str(self._home),
            "AMTS_APP_ID": str(self._github.app_id),
            "AMTS_PRIVATE_KEY": self._github.private_key,
            "AMTS_WEBHOOK_SECRET": self._github.webhook_secret,
            "AMTS_GITHUB_URL": self._github.url,
            "AMTS_GITHUB_API_URL": self._github.api_url,
            "AMTS_QUIET_PERIOD": "0.3",
            "AMTS_TICK": "0.1",
            "AMTS_WRITE_PAUSE": "0",
            **self._settings,
        }

    def __enter__(self) -> RunningService:
        self._home.mkdir(parents=True, exist_ok=True)
        try:
            self._serve()
            for _ in range(self._count):
                self.start_worker()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End all processes."""
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()

    def start_worker(self, settings: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start another worker, and wait until it is ready. Raises ServiceFailed."""
        place = self._home / f"worker-{len(self._processes)}.log"
        process = self._start(["worker"], place, settings or {})
        self._await(process, place, lambda: b"ready" in place.read_bytes())
        return process

    def _serve(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        place = self._home / "serve.log"
        process = self._start(["serve", "--bind", f"127.0.0.1:{port}", "--processes", "1"], place, {})
        self._await(process, place, self._answers)
        self._github.webhook_url = f"{self.url}/webhook"

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/readyz", timeout=1) as answer:  # noqa: S310 - an address of our own, on loopback
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def _start(self, command: list[str], log: Path, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
        with log.open("wb") as file:
            process = subprocess.Popen(  # noqa: S603 - this very program, with arguments from this module
                [sys.executable, "-m", "bot.cli", *command],
                env={**self.environment(), **settings},
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        self._processes.append(process)
        return process

    def _await(self, process: subprocess.Popen[bytes], log: Path, ready: Callable[[], bool]) -> None:
        end = time.monotonic() + _PATIENCE
        while not ready():
            if process.poll() is not None or time.monotonic() > end:
                said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
                raise ServiceFailed(f"a process of the bot is not ready: {' '.join(said[-3:]) or 'it said nothing'}")
            time.sleep(0.05)
