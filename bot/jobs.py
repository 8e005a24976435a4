"""Durable jobs: webhooks queued, updates run stage by stage, over the death of any process. The only user of DBOS.

deliveries ─ gather (waits until it is quiet) ─ updates (one at a time in a repository) · commands

Every stage's result is kept in the database. A worker that dies leaves its jobs to whoever finds out: to itself when it
starts again, to another worker where the database is PostgreSQL.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSClient, DBOSConfig, Debouncer, SetEnqueueOptions, SetWorkflowID
from sqlalchemy.exc import SQLAlchemyError

from bot import commands, events, workflow
from bot.commands import Resume, Retranslate, Skip
from bot.events import Comment, Event, InstallationChanged, IssueEdited, PullRequestChanged, Push
from bot.registry import DatabaseError, Registry, driver
from bot.workflow import Said, Value
from bot.world import World
from sync.mirrors import remote_head
from sync.model import AmtsError

# Jobs go on over a deploy: raise this only where the stages themselves change, and let running ones end first.
VERSION = "1"
_NAME = "amts"
_DEAD = 60.0  # seconds of silence
_HEARTBEAT = 10.0  # seconds
_LONGEST_QUIET = 10  # times the quiet period, after which an update begins though pushes go on
_THREADS = 64  # jobs that one process holds, most of them asleep
_STATES = {"DELAYED": "waits", "ENQUEUED": "queued", "PENDING": "runs", "SUCCESS": "done", "ERROR": "failed",
           "CANCELLED": "cancelled", "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "given up"}  # fmt: skip
_log = logging.getLogger(__name__)


class JobsError(AmtsError):
    """A job cannot be found, or not be treated like this."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job. Times are in seconds since 1970; `result` is what came of it, or why it failed."""

    id: str
    kind: str
    subject: str
    state: str
    created: float
    updated: float
    result: str
    stages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Office:
    """What this process works with."""

    world: World
    registry: Registry
    repositories: Callable[[], list[str]]
    quiet: float
    slots: threading.Semaphore


_office: Office | None = None  # one a process, as DBOS is


def _here() -> Office:
    if _office is None:
        raise JobsError("no worker runs in this process")
    return _office


class _Kept:
    """Stages kept by DBOS."""

    def step(self, name: str, make: Callable[[], Value]) -> Value:
        def work() -> Value:
            with _here().slots:
                return make()

        return DBOS.run_step({"name": name}, work)

    def sleep(self, seconds: float) -> None:
        DBOS.sleep(seconds)


@DBOS.workflow(name="deliver")
def _deliver(event: dict[str, Any]) -> str:
    """What GitHub told: the repositories to look at, and the comments to answer."""
    told = events.load(event)
    if isinstance(told, Comment):
        return _take(told)
    for name in _Kept().step("who", lambda: _concerned(told)):
        _gather(name)
    return type(told).__name__


def _take(comment: Comment) -> str:
    asked = commands.read_commands(comment.body)
    if not asked or not comment.on_pull_request:
        return "no command on a pull request"
    said = Said(comment.number, comment.comment_id, comment.author, comment.body)
    # What changes drafts waits for its turn in the repository; the rest is answered at once.
    queue = "updates" if any(isinstance(one, Retranslate | Skip | Resume) for one in asked) else "commands"
    _start(queue, comment.repository, f"comment-{comment.repository}-{comment.comment_id}", _answer,
           comment.repository, asdict(said))  # fmt: skip
    return f"{len(asked)} commands"


def _concerned(told: Event) -> list[str]:
    registry = _here().registry
    if isinstance(told, Push):
        return sorted({told.repository, *registry.following(told.repository)})
    if isinstance(told, InstallationChanged):
        for name in told.removed:
            registry.remove(name)
        return list(told.added)
    if isinstance(told, PullRequestChanged | IssueEdited):
        return [told.repository]
    return []


def _gather(repository: str) -> None:
    """Look at a repository once it has been quiet for a while."""
    quiet = max(_here().quiet, 0.05)
    Debouncer.create(_look, queue="gather", debounce_timeout_sec=_LONGEST_QUIET * quiet).debounce(
        repository, quiet, repository
    )


def _start(queue: str, repository: str, id: str, job: Callable[..., str], *arguments: Any) -> None:
    with SetWorkflowID(id), SetEnqueueOptions(queue_partition_key=repository):
        DBOS.enqueue_workflow(queue, job, *arguments)


@DBOS.workflow(name="gather")
def _look(repository: str) -> str:
    _start("updates", repository, f"update-{DBOS.workflow_id}", _update, repository)
    return "queued"


@DBOS.workflow(name="update")
def _update(repository: str) -> str:
    return workflow.update(_Kept(), _here().world, repository)


@DBOS.workflow(name="comment")
def _answer(repository: str, said: dict[str, Any]) -> str:
    return workflow.answer(_Kept(), _here().world, repository, Said(**said))


@DBOS.workflow(name="poll")
def _poll(_period: int) -> str:
    """Look after upstreams whose pushes nobody tells, after repositories that were missed, and after the mirrors."""
    moved = _Kept().step("upstreams", _moved)
    for name in moved:
        _gather(name)
    return f"{len(moved)} to look at"


def _moved() -> list[str]:
    office = _here()
    known = {entry.name: entry for entry in office.registry.all()}
    found = [name for name in office.repositories() if name not in known]
    for name in known.keys() - set(office.repositories()):
        office.registry.remove(name)
    for name, entry in known.items():
        if entry.upstream is None:
            continue
        try:
            _, head = remote_head(office.world.upstream(entry.upstream, name), entry.branch)
        except AmtsError as error:
            _log.warning("%s: %s", name, error)
            continue
        if head != entry.head:
            found.append(name)
    office.world.mirrors.clean()
    return found


class Worker:
    """Works on jobs until it is stopped; a context manager, one a process."""

    def __init__(self, office: Office, database: str, home: Path, executor: str, tick: float, poll: float) -> None:
        self._office = office
        self._executor = executor
        self._poll = poll
        self._tick = tick
        self._home = home
        self._stop = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="amts-heartbeat", daemon=True)
        self._config: DBOSConfig = {
            "name": _NAME,
            "system_database_url": driver(database),
            "application_version": VERSION,
            "executor_id": executor,
            "max_executor_threads": _THREADS,
            "log_level": "WARNING",
            "notification_listener_polling_interval_sec": max(tick / 2, 0.05),
        }

    def __enter__(self) -> Worker:
        global _office
        _office = self._office
        DBOS(config=self._config)
        DBOS.launch()
        register = DBOS.register_queue
        register("deliveries", worker_concurrency=8, polling_interval_sec=self._tick)
        register("gather", worker_concurrency=8, polling_interval_sec=self._tick)
        register("commands", partition_concurrency=1, worker_concurrency=8, polling_interval_sec=self._tick)
        register("updates", partition_concurrency=1, worker_concurrency=_THREADS // 2, polling_interval_sec=self._tick)
        self._heart.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop taking jobs; what runs goes on in the next worker, stage by stage."""
        self._stop.set()
        self._heart.join()
        DBOS.destroy(workflow_completion_timeout_sec=0)
        self._office.registry.leave(self._executor)

    def _beat(self) -> None:
        registry = self._office.registry
        while True:
            try:
                registry.alive(self._executor)
                for dead in registry.dead(_DEAD):
                    # DBOS knows how to take jobs over, and says so in no public function.
                    DBOS._recover_pending_workflows([dead])
                    registry.leave(dead)
                with SetWorkflowID(f"poll-{int(time.time() // self._poll)}"):
                    DBOS.enqueue_workflow("deliveries", _poll, 0)
            except (AmtsError, SQLAlchemyError) as error:
                _log.warning("the database does not answer (%s): tried again", type(error).__name__)
            if self._stop.wait(_HEARTBEAT):
                return


class Jobs:
    """The jobs as another process sees them: the webhook, which adds some, and `amts jobs`."""

    def __init__(self, database: str) -> None:
        try:
            DBOS.migrate(driver(database))  # whoever comes first makes the tables
            self._client = DBOSClient(system_database_url=driver(database), application_name=_NAME)
        except (SQLAlchemyError, OSError) as error:
            raise DatabaseError(
                f"the database cannot be used ({type(error).__name__}): check AMTS_DATABASE_URL"
            ) from None

    def close(self) -> None:
        """Close the connections."""
        self._client.destroy()

    def deliver(self, delivery: str, event: Event) -> None:
        """Queue what GitHub told; the same delivery twice is queued once."""
        self._client.enqueue(
            {"queue_name": "deliveries", "workflow_name": "deliver", "workflow_id": f"delivery-{delivery}",
             "app_version": VERSION}, events.dump(event),
        )  # fmt: skip

    def list(self, states: tuple[str, ...], limit: int) -> list[Job]:
        """The newest jobs in these states, all where there are none."""
        wanted = [name for name, shown in _STATES.items() if shown in states] or None
        found = self._client.list_workflows(status=wanted, limit=limit, sort_desc=True)
        return [_job(status) for status in found]

    def show(self, id: str) -> Job:
        """One job, with its stages. Raises JobsError."""
        found = self._client.list_workflows(workflow_ids=[id])
        if not found:
            raise JobsError(f"there is no job {id[:80]!r}: `amts jobs` lists them")
        stages = tuple(str(step["function_name"]) for step in self._client.list_workflow_steps(id))
        return _job(found[0], stages)

    def retry(self, id: str) -> str:
        """Start a job that ended anew; returns the id of the new one. Raises JobsError."""
        job = self.show(id)
        if job.state in ("waits", "queued", "runs"):
            raise JobsError(f"job {id} has not ended: cancel it first")
        partition = job.subject if job.kind in ("update", "comment") else None
        queue = {"update": "updates", "comment": "updates"}.get(job.kind, "deliveries")
        handle = self._client.fork_workflow(id, 1, queue_name=queue, queue_partition_key=partition)
        return handle.get_workflow_id()

    def cancel(self, id: str) -> None:
        """Let a job end where it is. Raises JobsError."""
        self.show(id)
        self._client.cancel_workflow(id)


def _job(status: Any, stages: tuple[str, ...] = ()) -> Job:
    arguments = (status.input or {}).get("args", ()) if status.input else ()
    first = arguments[0] if arguments else ""
    subject = first.get("repository", first.get("event", "")) if isinstance(first, Mapping) else str(first)
    result = str(status.error) if status.error is not None else str(status.output or "")
    return Job(
        status.workflow_id, status.name, str(subject), _STATES.get(status.status, status.status),
        (status.created_at or 0) / 1000, (status.updated_at or 0) / 1000, result, stages,
    )  # fmt: skip
