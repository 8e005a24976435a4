"""The commands of the bot: `amts serve`, `amts worker`, `amts run`, `amts jobs`, `amts app-manifest`."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click
from rich.table import Table
from rich.text import Text

from bot.cli.output import note, one_line, put_tables, put_text
from bot.service import ServiceError, read_database, read_service
from bot.settings import SettingsError

if TYPE_CHECKING:
    from bot.jobs import Job, Jobs

_STATES = ("waits", "queued", "runs", "done", "failed", "cancelled", "given up")


@click.command()
@click.option("--bind", default="127.0.0.1:8000", show_default=True, metavar="HOST:PORT", help="Where to listen.")
@click.option("--processes", default=2, show_default=True, type=click.IntRange(1, 64), help="How many answer.")
def serve(bind: str, processes: int) -> int:
    """Take GitHub's webhooks: POST /webhook, GET /healthz, GET /readyz.

    The settings come from the environment: docs/app.md of AMTS has them all. `amts worker` does the work.
    """
    from bot.office import web

    with _one_fault_a_line():
        web()  # what is wrong with the settings is said here, once, and not by each process
    # Its control socket would lie in the home folder of whoever runs it, and nobody asked for one.
    options = ("--threads", "4", "--access-logfile", "-", "--worker-tmp-dir", tempfile.gettempdir(),
               "--no-control-socket")  # fmt: skip
    os.execv(  # noqa: S606 - the server takes the place of this process
        sys.executable,
        [sys.executable, "-m", "gunicorn", "--bind", bind, "--workers", str(processes), *options, "bot.office:web()"],
    )


@click.command()
def worker() -> NoReturn:
    """Work on jobs: updates, and what comments ask for. Ends at SIGTERM; what runs then goes on in the next worker.

    The settings come from the environment, the same as those of `amts serve`: docs/app.md of AMTS has them all.
    """
    from bot.office import worker as make_worker

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with _one_fault_a_line():
        service = read_service(os.environ)
    with make_worker(service, os.environ):
        note("worker: ready")
        stop.wait()
    # Jobs that wait for something else must not keep the process; they go on in the next one.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


@contextmanager
def _one_fault_a_line() -> Iterator[None]:
    """Say everything that is wrong with the settings, and end with exit code 2."""
    try:
        yield
    except ServiceError as error:
        for fault in error.faults:
            note(f"error: {fault}")
        raise click.exceptions.Exit(2) from None


@click.command()
@click.option("--repository", required=True, metavar="OWNER/NAME", help="The translation repository.")
@click.option("--section", "sections", multiple=True, metavar="PATH", help="Only this section; repeatable.")
@click.option("--engine", metavar="NAME", help="What translates the changed sentences.  [default: as in its settings]")
@click.option("--language", "-l", metavar="CODE", help="Where its settings do not say it.")
@click.option("--dry-run", is_flag=True, help="Push nothing, send nothing that costs: only say what it would propose.")
@click.option("--summary", type=click.Path(path_type=Path), help="Add the report to this file, too.")
def run(
    repository: str,
    sections: tuple[str, ...],
    engine: str | None,
    language: str | None,
    dry_run: bool,
    summary: Path | None,
) -> int:
    """Update one translation repository once, without a server: what the GitHub Action does.

    Takes the token from GITHUB_TOKEN. Branches, pull requests and comments are the same as the bot's. In a workflow
    of GitHub Actions the report goes to the step summary, too.
    """
    from bot import single

    token = os.environ.get("GITHUB_TOKEN", "")
    if not token:
        raise click.UsageError("GITHUB_TOKEN is missing: set it to a token that may write to the repository")
    wishes = single.Wishes(sections, engine, language)
    act = single.rehearse if dry_run else single.run
    report = act(repository, token, wishes, os.environ)
    put_text(f"{report}\n")
    for place in (summary, os.environ.get("GITHUB_STEP_SUMMARY")):
        if place:
            with Path(place).open("a", encoding="utf-8") as file:
                file.write(f"{report}\n")
    return 0


@click.group()
def jobs() -> None:
    """Look at the jobs of the bot; start them anew, or cancel them."""


@jobs.command("list")
@click.option("--state", "states", multiple=True, type=click.Choice(_STATES), help="Only these; repeatable.")
@click.option("--limit", default=30, show_default=True, type=click.IntRange(1, 1_000))
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_jobs(states: tuple[str, ...], limit: int, as_json: bool) -> int:
    """The newest jobs."""
    found = _jobs().list(states, limit)
    if as_json:
        put_text(json.dumps([_fields(job) for job in found], indent=1, ensure_ascii=False) + "\n")
        return 0
    table = Table("job", "kind", "of", "state", "begun")
    table.add_column("result", overflow="fold")
    for job in found:
        row = (job.id, job.kind, job.subject, job.state, _time(job.created), job.result)
        table.add_row(*(Text(one_line(text)) for text in row))
    put_tables([table])
    return 0


@jobs.command()
@click.argument("id")
def show(id: str) -> int:
    """One job with its stages."""
    job = _jobs().show(id)
    shown = {**_fields(job), "created": _time(job.created), "updated": _time(job.updated),
             "stages": ", ".join(job.stages) or "none yet"}  # fmt: skip
    for name, value in shown.items():
        put_text(one_line(f"{name}: {value}") + "\n")
    return 0


@jobs.command()
@click.argument("id")
def retry(id: str) -> int:
    """Start a job that ended anew, from its first stage; prints the id of the new one."""
    new = _jobs().retry(id)
    note(f"started {id} anew: `amts jobs show {new}` shows how it goes")
    put_text(f"{new}\n")
    return 0


@jobs.command()
@click.argument("id")
def cancel(id: str) -> int:
    """Let a job end where it is."""
    _jobs().cancel(id)
    note(f"cancelled: {id}")
    return 0


def _jobs() -> Jobs:
    """The jobs of the bot that the environment names. Raises SettingsError where there is no database yet."""
    from bot.jobs import Jobs

    url = read_database(os.environ)
    file = url.removeprefix("sqlite:///")
    if file != url and not Path(file).is_file():
        raise SettingsError(f"there is no database at {file}: has the bot run? set AMTS_HOME or AMTS_DATABASE_URL")
    return Jobs(url)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _fields(job: Job) -> dict[str, object]:
    return {"id": job.id, "kind": job.kind, "of": job.subject, "state": job.state, "created": job.created,
            "updated": job.updated, "result": job.result, "stages": list(job.stages)}  # fmt: skip


@click.command("app-manifest")
@click.option("--url", required=True, metavar="ADDRESS", help="Where `amts serve` can be reached, by https.")
@click.option("--name", default="AMTS", show_default=True, help="Of the GitHub App; must be free on GitHub.")
def app_manifest(url: str, name: str) -> int:
    """Print the manifest that creates the GitHub App, with the permissions that it needs and no others."""
    from bot.manifest import manifest

    put_text(json.dumps(manifest(url, name), indent=2) + "\n")
    return 0
