"""Durable jobs: webhooks queued, updates run stage by stage, over the death of any process. The only user of DBOS.

deliveries ─ gather (waits until it is quiet) ─ updates (one at a time in a repository) · commands

Every stage's result is kept in the database. A job whose worker died, or was ended, goes on in another one: in the next
that starts, or, where the database is PostgreSQL, in any that lives.
"""

from __future__ import annotations

import fcntl
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSClient, DBOSConfig, Debouncer, SetEnqueueOptions, SetWorkflowID
from sqlalchemy.exc import SQLAlchemyError

from bot import commands, events, workflow
from bot.asking import Value
from bot.commands import Pause, Resume, Retranslate, Skip
from bot.events import Comment, Event, InstallationChanged, IssueEdited, PullRequestChanged, Push
from bot.forge import ForgeError, Later
from bot.publish import tell_problem
from bot.registry import DatabaseError, Entry, Registry, driver
from bot.workflow import Said
from bot.world import World
from sync.faults import unexpected
from sync.mirrors import remote_head
from sync.model import AmtsError

# Jobs go on over a deploy: raise this only where the stages themselves change, and let running ones end first.
VERSION = "1"
_NAME = "amts"
_SILENT = 6  # heartbeats that a worker leaves out before it is taken for dead
_LONGEST_QUIET = 10  # times the quiet period, after which an update begins though pushes go on
_THREADS = 64  # jobs that one process holds, most of them asleep
_HELD = 4  # updates that a process takes for each place: some wait for an engine, and other processes want some too
_ASKED = 8  # upstreams asked at once for where they are
_GRACE = 8.0  # seconds that stages have to end in when a worker is to end; who waits for it often has ten
_UNWELL = 10.0  # seconds to leave a database alone that does not answer
_ATTEMPTS = 50  # of a job whose process dies each time
_BATCH = 200  # ended jobs removed at once
_GIVEN_UP = "MAX_RECOVERY_ATTEMPTS_EXCEEDED"
_STATES = {"DELAYED": "waits", "ENQUEUED": "queued", "PENDING": "runs", "SUCCESS": "done", "ERROR": "failed",
           "CANCELLED": "cancelled", _GIVEN_UP: "given up"}  # fmt: skip
_ENDED = ["SUCCESS", "ERROR", "CANCELLED", _GIVEN_UP]
# Of a job that is started anew.
_QUEUES = {"update": "updates", "comment": "updates", "greet": "commands", "gather": "gather", "poll": "upstreams",
           "tell": "commands", "trial": "trials"}  # fmt: skip
_log = logging.getLogger(__name__)


class JobsError(AmtsError):
    """A job cannot be found, or not be treated like this; or a worker cannot start."""


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


class _Stopped(BaseException):
    """The worker ends, and the job goes on in the next one. No error: nobody is to catch it, or to write it down."""


class Places:
    """Where stages are worked on: so many at once, and none any more once they are closed."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._free = count
        self._closed = False
        self._changed = threading.Condition()

    @contextmanager
    def take(self) -> Iterator[None]:
        """Wait for a place, and keep it."""
        with self._changed:
            self._changed.wait_for(lambda: self._free or self._closed)
            if self._closed:
                raise _Stopped
            self._free -= 1
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()

    def rest(self, seconds: float) -> None:
        """Wait beside them."""
        with self._changed:
            if self._changed.wait_for(lambda: self._closed, max(seconds, 0.0)):
                raise _Stopped

    def close(self, patience: float) -> bool:
        """Let nobody in any more: whether all had left within so many seconds."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._free == self.count, patience)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often things are done, in seconds.

    `quiet` without another push before an update begins; `tick` between two looks at the queues, `poll` between two
    at the upstreams, `heartbeat` between two signs of life; `keep`: how long jobs that ended are kept.
    """

    quiet: float = 60.0
    tick: float = 1.0
    poll: float = 3600.0
    heartbeat: float = 10.0
    keep: float = 28 * 86_400.0


@dataclass(frozen=True, slots=True)
class Office:
    """What this process works with.

    `repositories` lists those that have installed the App; `forget` drops what is remembered of its installation in
    one of them.
    """

    world: World
    registry: Registry
    repositories: Callable[[], list[str]]
    forget: Callable[[str], None]
    places: Places
    pace: Pace


_office: Office | None = None  # one a process, as DBOS is


def _here() -> Office:
    if _office is None:
        raise JobsError("no worker runs in this process")
    return _office


class _Kept:
    """Stages kept by DBOS."""

    def step(self, name: str, make: Callable[[], Value]) -> Value:
        def work() -> Value:
            with _here().places.take():
                return make()

        return DBOS.run_step({"name": name}, work)

    def sleep(self, seconds: float) -> None:
        # DBOS.sleep would keep the process from ending.
        until = DBOS.run_step({"name": "wait"}, lambda: time.time() + seconds)
        _here().places.rest(until - time.time())


@DBOS.workflow(name="deliver")
def _deliver(event: dict[str, Any]) -> str:
    """What GitHub told: the repositories to look at, and the comments to answer."""
    told = events.load(event)
    if isinstance(told, Comment):
        return _take(told)
    for name in workflow.patiently(_Kept(), "who", lambda: _or_later(lambda: _concerned(told))):
        _gather(name)
    return type(told).__name__


def _take(comment: Comment) -> str:
    asked = commands.read_commands(comment.body)
    if not asked or not comment.on_pull_request:
        return "no command on a pull request"
    said = Said(comment.number, comment.comment_id, comment.author, comment.body)
    # What changes drafts waits for its turn in the repository; the rest is answered at once.
    queue = "updates" if any(isinstance(one, Retranslate | Skip | Resume) for one in asked) else "commands"
    if queue == "updates":
        greeting = f"greet-{comment.repository}-{comment.comment_id}"
        _start("commands", comment.repository, greeting, _greet, comment.repository, asdict(said))
    _start(queue, comment.repository, f"comment-{comment.repository}-{comment.comment_id}", _answer,
           comment.repository, asdict(said))  # fmt: skip
    return f"{len(asked)} commands"


def _or_later(make: Callable[[], list[str]]) -> list[str]:
    """What `make` gives. Raises Later where the database does not answer."""
    try:
        return make()
    except DatabaseError as error:
        raise Later(str(error), _UNWELL) from None


def _concerned(told: Event) -> list[str]:
    office = _here()
    if isinstance(told, Push):
        return sorted({told.repository, *office.registry.following(told.repository)})
    if isinstance(told, InstallationChanged):
        for name in (*told.removed, *told.added):
            office.forget(name)
        for name in told.removed:
            office.registry.remove(name)
        return list(told.added)
    if isinstance(told, PullRequestChanged | IssueEdited):
        return [told.repository]
    return []


def _gather(repository: str) -> None:
    """Look at a repository once it has been quiet for a while."""
    quiet = max(_here().pace.quiet, 0.05)
    Debouncer.create(_look, queue="gather", debounce_timeout_sec=_LONGEST_QUIET * quiet).debounce(
        repository, quiet, repository
    )


def _start(queue: str, repository: str, id: str, job: Callable[..., str], *arguments: Any) -> None:
    with SetWorkflowID(id), SetEnqueueOptions(queue_partition_key=repository):
        DBOS.enqueue_workflow(queue, job, *arguments)


@DBOS.workflow(name="gather")
def _look(repository: str) -> str:
    if DBOS.run_step({"name": "awaited"}, lambda: _is_awaited(repository)):
        return "an update that is queued already sees to it"
    _start("updates", repository, f"update-{DBOS.workflow_id}", _update, repository)
    return "queued"


def _is_awaited(repository: str) -> bool:
    """Whether an update is queued that has not looked yet: it will see all that is there now."""
    queued = DBOS.list_workflows(
        status="ENQUEUED", name="update", queue_name="updates", app_version=VERSION, load_output=False
    )
    ids = [status.workflow_id for status in queued if _job(status).subject == repository]
    # One whose worker died is queued again, and goes on from what it saw then.
    return any(not DBOS.list_workflow_steps(id, load_output=False, limit=1) for id in ids)


@DBOS.workflow(name="update", max_recovery_attempts=_ATTEMPTS)
def _update(repository: str) -> str:
    with _installed(repository):

        def untried() -> None:
            _start("trials", repository, f"trial-{DBOS.workflow_id}", _try, repository)

        return workflow.update(_Kept(), _here().world, repository, untried=untried)


@DBOS.workflow(name="trial")
def _try(repository: str) -> str:
    """Beside updates: an engine may take hours, and no draft depends on it."""
    with _installed(repository):
        said = workflow.try_engine(_Kept(), _here().world, repository)
    _gather(repository)  # the texts of pull requests quote it
    return said


@DBOS.workflow(name="greet")
def _greet(repository: str, said: dict[str, Any]) -> str:
    with _installed(repository):
        return workflow.greet(_Kept(), _here().world, repository, Said(**said))


@DBOS.workflow(name="comment", max_recovery_attempts=_ATTEMPTS)
def _answer(repository: str, said: dict[str, Any]) -> str:
    asked = Said(**said)
    with _installed(repository):
        result = workflow.answer(_Kept(), _here().world, repository, asked)
    # Answered beside an update that may be at work; what pull requests say of it follows in its turn.
    if any(isinstance(one, Pause) for one in commands.read_commands(asked.body)):
        _gather(repository)
    return result


@contextmanager
def _installed(repository: str) -> Iterator[None]:
    """Where GitHub refuses something, the App may have been installed anew since it was asked for last."""
    try:
        yield
    except ForgeError:
        _here().forget(repository)
        raise


@DBOS.workflow(name="tell")
def _tell(repository: str, id: str) -> str:
    """Say in a repository that a job was given up, which cannot say so itself."""
    why = f"the process that worked on it died {_ATTEMPTS} times; whoever runs AMTS finds it as the job {id}"
    with _installed(repository):
        workflow.patiently(_Kept(), "tell", lambda: tell_problem(_here().world.connect(repository), why))
    return "told"


@DBOS.workflow(name="poll")
def _poll(_period: int) -> str:
    """Look after upstreams whose pushes nobody tells, and after repositories that were missed."""
    moved = workflow.patiently(_Kept(), "upstreams", lambda: _or_later(_moved))
    for name in moved:
        _gather(name)
    return f"{len(moved)} to look at"


def _moved() -> list[str]:
    office = _here()
    there = office.repositories()
    known = {entry.name: entry for entry in office.registry.all()}
    for name in known.keys() - set(there):
        office.registry.remove(name)
    with ThreadPoolExecutor(_ASKED) as asking:  # each may take as long as a server that does not answer
        moved = asking.map(lambda name: name not in known or _has_moved(known[name]), there)
        return [name for name, found in zip(there, moved, strict=True) if found]


def _has_moved(entry: Entry) -> bool:
    if entry.upstream is None:
        return False
    try:
        _, head = remote_head(_here().world.upstream(entry.upstream, entry.name), entry.branch)
    except AmtsError as error:
        _log.warning("%s: %s", entry.name, error)
        return False
    return head != entry.head


class Worker:
    """Works on jobs until it is stopped; a context manager, one a process.

    `executor` is its name, among all that use the database; `lock`: a file that no two workers may hold (None: any
    number may work). Entering raises AmtsError where it cannot work.
    """

    def __init__(self, office: Office, database: str, executor: str, lock: Path | None = None) -> None:
        self._office = office
        self._executor = executor
        self._lock = lock
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=args, name=name, daemon=True)
            for name, args in {
                "amts-heartbeat": (self._live, office.pace.heartbeat),
                "amts-tidy": (self._tidy, max(office.pace.poll, 60.0)),
            }.items()
        ]
        self._polled = 0
        self._given_up: set[str] = set()
        self._config: DBOSConfig = {
            "name": _NAME,
            "system_database_url": driver(database),
            "application_version": VERSION,
            "executor_id": executor,
            "max_executor_threads": _THREADS,
            "log_level": "WARNING",
            "notification_listener_polling_interval_sec": max(office.pace.tick / 2, 0.05),
        }

    def __enter__(self) -> Worker:
        global _office
        with ExitStack() as stack:
            if self._lock is not None:
                stack.enter_context(_alone(self._lock))
            _speak_softly()
            # First of all, so that nobody takes its jobs for those of a worker that died.
            self._office.registry.alive(self._executor)
            _office = self._office
            self._launch()
            for thread in self._threads:
                thread.start()
            self._held = stack.pop_all()
        return self

    def _launch(self) -> None:
        tick = self._office.pace.tick
        try:
            DBOS(config=self._config)
            DBOS.launch()
            register = DBOS.register_queue
            register("deliveries", worker_concurrency=8, polling_interval_sec=tick)
            register("gather", worker_concurrency=8, polling_interval_sec=tick)
            register("upstreams", worker_concurrency=1, polling_interval_sec=tick)
            register("commands", partition_concurrency=1, worker_concurrency=8, polling_interval_sec=tick)
            register("trials", partition_concurrency=1, worker_concurrency=2, polling_interval_sec=tick)
            held = min(_HELD * self._office.places.count, _THREADS // 2)
            register("updates", partition_concurrency=1, worker_concurrency=held, polling_interval_sec=tick)
        except (SQLAlchemyError, OSError) as error:
            DBOS.destroy()
            raise _unusable(error) from None

    def __exit__(self, *_: object) -> None:
        """Stop taking jobs, and let stages that are at work end, if they do so soon; the rest is for the next worker.

        Threads may be left that wait for something else: end the process.
        """
        self._stop.set()
        done = self._office.places.close(_GRACE)
        DBOS.destroy(workflow_completion_timeout_sec=0)
        try:
            if done:  # else others wait until it is silent for certain
                self._office.registry.leave(self._executor)
        except AmtsError as error:  # they do so then, too
            _log.warning("%s", error)
        self._held.close()

    def _repeat(self, work: Callable[[], None], period: float) -> None:
        while True:
            try:
                work()
            except Exception as error:  # whatever it was, it is tried again
                said = str(error) if isinstance(error, AmtsError) else unexpected(error)
                _log.warning("%s: tried again in %g seconds", said, period)
            if self._stop.wait(period):
                return

    def _live(self) -> None:
        """Say so, take up the jobs of those who do not, tell of those given up, look after the upstreams in time."""
        pace, registry = self._office.pace, self._office.registry
        registry.alive(self._executor)
        living = registry.living(_SILENT * pace.heartbeat)
        running = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        if dead := {status.executor_id for status in running if status.executor_id} - set(living):
            # DBOS knows how to take jobs over, and says so in no public function.
            DBOS._recover_pending_workflows(sorted(dead))
        self._give_up()
        period = int(time.time() // pace.poll)
        if period != self._polled:
            with SetWorkflowID(f"poll-{period}"):
                DBOS.enqueue_workflow("upstreams", _poll, 0)
            self._polled = period

    def _give_up(self) -> None:
        lost = DBOS.list_workflows(status=_GIVEN_UP, name=["update", "comment"], limit=_BATCH, sort_desc=True)
        for status in lost:
            if status.workflow_id not in self._given_up:
                self._given_up.add(status.workflow_id)
                repository = _job(status).subject
                _start("commands", repository, f"tell-{status.workflow_id}", _tell, repository, status.workflow_id)

    def _tidy(self) -> None:
        """Remove the jobs that ended long ago, and the mirrors that are one too many."""
        before = datetime.fromtimestamp(time.time() - self._office.pace.keep, UTC).isoformat()
        while not self._stop.is_set():
            old = DBOS.list_workflows(
                status=_ENDED, completed_before=before, limit=_BATCH, load_input=False, load_output=False
            )
            if not old:
                break
            DBOS.delete_workflows([status.workflow_id for status in old])
        self._office.world.mirrors.clean()


class Jobs:
    """The jobs as another process sees them: the webhook, which adds some, and `amts jobs`.

    Every method raises DatabaseError.
    """

    def __init__(self, database: str) -> None:
        _speak_softly()
        with _asking():
            DBOS.migrate(driver(database))  # whoever comes first makes the tables
            self._client = DBOSClient(
                system_database_url=driver(database), application_name=_NAME, retry_connection_errors=False
            )

    def close(self) -> None:
        """Close the connections."""
        self._client.destroy()

    def deliver(self, delivery: str, event: Event) -> None:
        """Queue what GitHub told; the same delivery twice is queued once."""
        with _asking():
            self._client.enqueue(
                {"queue_name": "deliveries", "workflow_name": "deliver", "workflow_id": f"delivery-{delivery}",
                 "app_version": VERSION}, events.dump(event),
            )  # fmt: skip

    def list(self, states: tuple[str, ...], limit: int) -> list[Job]:
        """The newest jobs in these states, all where there are none."""
        wanted = [name for name, shown in _STATES.items() if shown in states] or None
        with _asking():
            return [_job(status) for status in self._client.list_workflows(status=wanted, limit=limit, sort_desc=True)]

    def show(self, id: str) -> Job:
        """One job, with its stages. Raises JobsError."""
        with _asking():
            found = self._client.list_workflows(workflow_ids=[id])
            if not found:
                raise JobsError(f"there is no job {id[:80]!r}: `amts jobs list` shows them")
            stages = tuple(str(step["function_name"]) for step in self._client.list_workflow_steps(id))
            return _job(found[0], stages)

    def retry(self, id: str) -> str:
        """Start a job that ended anew, from its first stage; returns the id of the new one. Raises JobsError."""
        job = self.show(id)
        if job.state in ("waits", "queued", "runs"):
            raise JobsError(f"job {id} has not ended: cancel it first")
        queue = _QUEUES.get(job.kind, "deliveries")
        partition = job.subject if queue in ("updates", "commands") else None
        with _asking():
            handle = self._client.fork_workflow(
                id, 1, application_version=VERSION, queue_name=queue, queue_partition_key=partition
            )
        return handle.get_workflow_id()

    def cancel(self, id: str) -> None:
        """Let a job end where it is: no stage of it begins any more. Raises JobsError."""
        if self.show(id).state not in ("waits", "queued", "runs"):
            raise JobsError(f"job {id} has ended already")
        with _asking():
            self._client.cancel_workflow(id)


def _job(status: Any, stages: tuple[str, ...] = ()) -> Job:
    arguments = (status.input or {}).get("args", ()) if status.input else ()
    first = arguments[0] if arguments else ""
    subject = first.get("repository", first.get("event", "")) if isinstance(first, Mapping) else first
    result = str(status.error) if status.error is not None else str(status.output or "")
    return Job(
        status.workflow_id, status.name, subject if isinstance(subject, str) else "",
        _STATES.get(status.status, status.status),
        (status.created_at or 0) / 1000, (status.updated_at or 0) / 1000, result, stages,
    )  # fmt: skip


@contextmanager
def _asking() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise _unusable(error) from None


def _unusable(error: Exception) -> DatabaseError:
    return DatabaseError(f"the database cannot be used ({type(error).__name__}): check AMTS_DATABASE_URL")


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Be the only worker that holds a file. Raises JobsError."""
    with place.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise JobsError(
                "another worker works with this database already, and SQLite serves one: use PostgreSQL for more"
            ) from None
        yield


class _Softly(logging.Filter):
    """Keeps the first line of what DBOS logs: behind it are statements with their values, and tracebacks."""

    def filter(self, record: logging.LogRecord) -> bool:
        said, error = record.getMessage().partition("\n")[0], record.exc_info[1] if record.exc_info else None
        if isinstance(error, Exception):
            said += f" {error}" if isinstance(error, AmtsError) else f" {unexpected(error)}"
        record.msg, record.args, record.exc_info, record.exc_text = said, (), None, None
        return True


_SOFTLY = _Softly()


def _speak_softly() -> None:
    """Let DBOS log what is wrong, where AMTS does, and nothing else."""
    logger = logging.getLogger("dbos")
    logger.setLevel(logging.WARNING)
    logger.addFilter(_SOFTLY)
    if not logger.handlers:  # else DBOS adds one that writes its own way
        logger.addHandler(logging.NullHandler())
