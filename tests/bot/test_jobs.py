"""The bot's jobs in real workers: gathered, one at a time in a repository, taken over, told, started anew, removed."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import Enum
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from bot.cli import _run
from bot.events import InstallationChanged, PullRequestChanged, Push
from bot.jobs import Job, Jobs, JobsError, Places
from bot.registry import DatabaseError
from bot.sandbox.github import When
from bot.sandbox.repositories import BookRepositories, build
from bot.workflow import StageError, patiently
from sync import config
from tests.bot.scenes import AUTHOR, BUSY, TRANSLATOR, Scene
from tests.bot.workers import Zygote
from tests.postgres import command, postgres, server

__all__ = ["postgres", "server"]  # fixtures

Make = Callable[..., Scene]


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    with Zygote() as process:
        yield process


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> BookRepositories:
    return build(tmp_path_factory.mktemp("books"))


@pytest.fixture
def make(tmp_path: Path, books: BookRepositories, zygote: Zygote) -> Iterator[Make]:
    """Makes one scene with these translations; variables of the environment are given as words."""
    scenes = []

    def make_scene(
        *languages: str, database: str | None = None, upstream_installed: bool = True, **settings: str
    ) -> Scene:
        chosen = BookRepositories(books.source, {name: books.targets[name] for name in languages or ("zh",)})
        scene = Scene(tmp_path, chosen, zygote, settings, database, upstream_installed=upstream_installed)
        scenes.append(scene)
        return scene.__enter__()

    yield make_scene
    for scene in scenes:
        scene.__exit__(None, None, None)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str | None:
    """The URL of a database; None: a file of the scene's."""
    return None if request.param == "sqlite" else str(request.getfixturevalue("postgres"))


class Hold:
    """Holds the first request of a name, until it is let go."""

    def __init__(self, scene: Scene, name: str, when: When) -> None:
        self.reached, self.go = threading.Event(), threading.Event()
        self._name, self._when = name, when
        scene.hub.on_request = self

    def __call__(self, number: int, name: str, when: Enum) -> None:
        if (name.startswith(self._name), when) == (True, self._when) and not self.reached.is_set():
            self.reached.set()
            assert self.go.wait(60)


def of_kind(scene: Scene, kind: str, subject: str = "tea/zh") -> list[Job]:
    return [job for job in scene.jobs.list((), 500) if job.kind == kind and job.subject == subject]


def settled(scene: Scene) -> Scene:
    """The scene with a worker that has nothing to do."""
    worker = scene.start()
    scene.until(lambda: "ready" in worker.said(), "a worker")
    scene.settle()
    return scene


# Gathered.


def test_pushes_in_quick_succession_are_one_update(make: Make) -> None:
    scene = settled(make(AMTS_QUIET_PERIOD="2"))
    for _ in range(6):
        scene.jobs.deliver(str(uuid4()), Push("tea/zh", "main", "0" * 40, False, None))
        time.sleep(0.15)
    assert of_kind(scene, "update") == []
    scene.settle()
    assert len(of_kind(scene, "update")) == 1


def test_an_update_begins_though_pushes_go_on(make: Make) -> None:
    scene = settled(make(AMTS_QUIET_PERIOD="0.3"))
    end = time.monotonic() + 20
    while not of_kind(scene, "update"):
        scene.jobs.deliver(str(uuid4()), Push("tea/zh", "main", "0" * 40, False, None))
        time.sleep(0.1)
        assert time.monotonic() < end


def test_what_comes_while_an_update_is_at_work_is_one_more(make: Make) -> None:
    scene = settled(make())
    hold = Hold(scene, "git-receive-pack", When.BEFORE)
    scene.push()
    assert hold.reached.wait(60)
    text = scene.hub.file("tea/en", "main", "index.md") or b""
    for number in range(3):
        scene.hub.commit("tea/en", "main", {"index.md": text + b"\nOne more.\n" * (number + 1)}, "Add", AUTHOR)
        scene.hub.drain()
        done = [number + 2, number + 2]  # with the first one, of the English book and of its translation
        scene.until(lambda: [_ended(scene, "gather", name) for name in ("tea/en", "tea/zh")] == done, "it is taken")  # noqa: B023 - called at once
    assert [job.state for job in of_kind(scene, "update")] == ["queued", "runs"]
    hold.go.set()
    scene.settle()
    assert len(of_kind(scene, "update")) == 2
    assert b"One more.\n\nOne more.\n\nOne more." in (scene.hub.file("tea/zh", "amts/sync", "index_origin.md") or b"")


def _ended(scene: Scene, kind: str, subject: str) -> int:
    return sum(job.state == "done" for job in of_kind(scene, kind, subject))


def test_what_is_delivered_again_is_done_once(make: Make) -> None:
    scene = settled(make())
    scene.push()
    scene.settle()
    scene.comment("/amts status")
    scene.settle()
    seen, jobs = scene.picture(), len(scene.jobs.list((), 500))
    taken = [delivery for delivery in scene.hub.deliveries if delivery.status == 202]
    assert {"push", "issue_comment"} <= {delivery.event for delivery in taken}
    for delivery in taken * 2:
        scene.hub.redeliver(delivery.id)
    scene.settle()
    assert [delivery.status for delivery in scene.hub.deliveries if delivery.redelivery] == [202] * len(taken) * 2
    assert scene.picture() == seen
    assert len(scene.jobs.list((), 500)) == jobs
    # But whoever runs the bot may have it done anew.
    scene.hub.delete_comment(scene.hub.comments("tea/zh", 1)[-1].id, "amts[bot]")
    scene.jobs.retry(of_kind(scene, "comment")[0].id)
    scene.settle()
    assert scene.picture() == seen


def test_webhooks_and_a_worker_share_a_file(make: Make) -> None:
    scene = settled(make())
    with sqlite3.connect(scene.folder / "home" / "amts.sqlite") as file:
        assert file.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    for _ in range(60):
        scene.jobs.deliver(str(uuid4()), PullRequestChanged("tea/zh", 1, "closed", "x", False, "p", False))
    scene.settle()
    assert Counter(job.state for job in scene.jobs.list((), 500)).keys() == {"done"}
    assert len([job for job in scene.jobs.list((), 500) if job.kind == "deliver"]) == 60
    assert scene.workers[-1].said() == "amts: worker: ready\n"


# One at a time, many side by side.


def test_a_repository_is_worked_on_once_at_a_time(make: Make, postgres: str) -> None:
    scene = settled(make("zh", "es", database=postgres, AMTS_CONCURRENCY="4"))
    other = scene.start()
    scene.until(lambda: "ready" in other.said(), "another worker")
    scene.push()
    scene.settle()
    at_once: list[Counter[str]] = []
    stop, both = threading.Event(), threading.Event()

    def watch() -> None:
        engine = sa.create_engine(postgres.replace("postgresql:", "postgresql+psycopg:"))
        query = sa.text("SELECT queue_partition_key FROM dbos.workflow_status "
                        "WHERE status = 'PENDING' AND queue_name = 'updates'")  # fmt: skip
        while not stop.wait(0.02):
            with engine.connect() as connection:
                rows = connection.execute(query).all()
            at_once.append(Counter(row[0] for row in rows))
            if len(at_once[-1]) == 2:
                both.set()
        engine.dispose()

    def hold(number: int, name: str, when: Enum) -> None:
        if name in ("info/refs git-upload-pack tea/zh", "info/refs git-upload-pack tea/es"):
            both.wait(60)
        time.sleep(0.02)

    scene.hub.on_request = hold
    watcher = threading.Thread(target=watch)
    watcher.start()
    for number in range(2):
        for name in ("zh", "es"):
            scene.comment(f"/amts retranslate\n/amts status {number}", f"tea/{name}")
            scene.jobs.deliver(str(uuid4()), Push(f"tea/{name}", "main", "0" * 40, False, None))
    scene.settle()
    stop.set()
    watcher.join()
    assert max(max(seen.values(), default=0) for seen in at_once) == 1
    assert both.is_set()  # both repositories together, whichever worker has them
    assert {job.state for job in scene.jobs.list((), 500)} == {"done"}


def test_stages_wait_for_a_place_and_begin_no_more_when_it_closes() -> None:
    places, inside, most = Places(2), 0, 0
    lock, go = threading.Lock(), threading.Event()
    ended: list[BaseException | None] = []

    def work() -> None:
        nonlocal inside, most
        try:
            with places.take():
                with lock:
                    inside += 1
                    most = max(most, inside)
                assert go.wait(10)
                with lock:
                    inside -= 1
            ended.append(None)
        except BaseException as error:
            ended.append(error)

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    while inside < 2:
        time.sleep(0.01)
    assert not places.close(0.1)
    go.set()
    assert places.close(10)
    for thread in threads:
        thread.join()
    assert most == 2
    assert [error is None for error in ended].count(True) == 2
    assert not any(isinstance(error, Exception) for error in ended)  # nothing that a stage would catch
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - what it is, is not to be known
        places.rest(60)
    assert not isinstance(caught.value, Exception)


def test_a_pause_does_not_wait_for_an_update(make: Make) -> None:
    scene = settled(make())
    scene.push()
    scene.settle()
    hold = Hold(scene, "info/refs git-receive-pack", When.BEFORE)
    scene.hub.commit("tea/en", "main", {"index.md": b"# A book\n\nAll of it is new.\n"}, "Rewrite", AUTHOR)
    assert hold.reached.wait(60)
    comment = scene.comment("/amts pause")
    scene.until(lambda: ("amts[bot]", "rocket") in scene.hub.reactions(comment), "an answer")
    hold.go.set()
    scene.settle()
    (pull,) = scene.hub.pull_requests("tea/zh")
    assert "resume" in pull.body
    assert {job.state for job in scene.jobs.list((), 500)} == {"done"}


# Taken over.


def test_a_worker_ends_soon_and_the_next_one_goes_on(make: Make, database: str | None) -> None:
    scene = settled(make(database=database))
    hold = Hold(scene, "git-receive-pack", When.BEFORE)
    scene.push()
    assert hold.reached.wait(60)
    scene.workers[-1].send(signal.SIGTERM)
    assert not scene.workers[-1].ended(0.3)  # a stage that is at work may end
    hold.go.set()
    assert scene.workers[-1].ended(30)
    assert scene.jobs.list(BUSY, 1)
    began = time.monotonic()
    settled(scene)
    assert time.monotonic() - began < 50  # it is not taken for dead first, which takes a minute
    assert len(scene.hub.pull_requests("tea/zh")) == 1
    assert {job.state for job in scene.jobs.list((), 500)} == {"done"}
    assert scene.workers[-1].said() == "amts: worker: ready\n"


def test_jobs_that_wait_do_not_keep_a_worker(make: Make) -> None:
    scene = settled(make())
    scene.hub.secondary_limit(1, 8)
    scene.push()
    scene.until(lambda: scene.hub.requests[-1] and scene.jobs.list(("runs",), 1), "a job that runs")
    scene.until(
        lambda: any("wait" in scene.jobs.show(job.id).stages for job in scene.jobs.list(("runs",), 9)), "a wait"
    )
    scene.workers[-1].send(signal.SIGTERM)
    assert scene.workers[-1].ended(6)
    settled(scene)
    assert len(scene.hub.pull_requests("tea/zh")) == 1


def test_the_jobs_of_a_dead_worker_are_taken_over(make: Make, postgres: str) -> None:
    scene = settled(make(database=postgres, AMTS_HEARTBEAT="0.3"))
    hold = Hold(scene, "git-receive-pack", When.AFTER)
    scene.push()
    assert hold.reached.wait(60)
    other = scene.start()
    scene.until(lambda: "ready" in other.said(), "another worker")
    scene.workers[0].kill()
    hold.go.set()
    scene.settle()
    assert len(scene.hub.pull_requests("tea/zh")) == 1
    assert {job.state for job in scene.jobs.list((), 500)} == {"done"}
    assert len(scene.registry.living(60)) == 1


def test_a_worker_asks_at_its_start_whether_github_takes_its_key(make: Make) -> None:
    scene = make()
    wrong = scene.start({"AMTS_APP_ID": str(scene.hub.app_id + 1)})
    assert wrong.ended(20)
    assert wrong.said() == (
        "amts: error: the GitHub App: GitHub does not accept the credentials: check the App's key, or the token\n"
    )
    alone = scene.start({"AMTS_GITHUB_API_URL": "http://127.0.0.1:9/api/v3"})
    scene.until(lambda: "ready" in alone.said(), "a worker")
    assert "the GitHub App: GitHub's answer was lost or cut short (ConnectionError)" in alone.said().splitlines()[0]


def test_a_second_worker_of_a_file_is_refused(make: Make) -> None:
    scene = settled(make())
    second = scene.start()
    assert second.ended(20)
    (line,) = second.said().splitlines()
    assert line == (
        "amts: error: another worker works with this database already, and SQLite serves one: use PostgreSQL for more"
    )
    scene.workers.pop().kill()
    scene.workers[-1].kill()
    assert "ready" in settled(scene).workers[-1].said()


# Told, looked at, started anew, cancelled.


def test_a_job_whose_process_dies_again_and_again_is_given_up_and_told(make: Make) -> None:
    scene = settled(make())
    hold = Hold(scene, "git-receive-pack", When.BEFORE)
    scene.push()
    assert hold.reached.wait(60)
    scene.workers[-1].kill()
    hold.go.set()
    with sqlite3.connect(scene.folder / "home" / "amts.sqlite") as file:
        file.execute("UPDATE workflow_status SET recovery_attempts = 60 WHERE name = 'update'")
    file.close()
    settled(scene)
    (job,) = scene.jobs.list(("given up",), 9)
    scene.until(lambda: scene.hub.issues("tea/zh"), "an issue")
    (issue,) = scene.hub.issues("tea/zh")
    assert "died 50 times" in issue.body
    scene.jobs.retry(job.id)
    scene.settle()
    assert len(scene.hub.pull_requests("tea/zh")) == 1
    assert [found.state for found in scene.hub.issues("tea/zh")] == ["closed"]


def test_what_fails_is_told_and_can_be_started_anew(
    make: Make, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = settled(make())
    text = b"upstream: tea/en\nupstream_branch: next\nlanguage: zh\n"
    scene.hub.commit("tea/zh", "main", {config.PATH: text}, "Follow another branch", TRANSLATOR)
    scene.settle()
    (failed,) = [job for job in of_kind(scene, "update") if job.state == "failed"]
    assert "no branch next" in failed.result
    (issue,) = scene.hub.issues("tea/zh")
    assert (issue.state, "no branch next" in issue.body) == ("open", True)
    said = scene.workers[-1].said()
    assert [line for line in said.splitlines() if "Traceback" in line or "File " in line] == []
    assert len(said.splitlines()) == 2
    assert "no branch next" in said

    for name in ("AMTS_HOME", "AMTS_DATABASE_URL"):
        monkeypatch.setenv(name, scene.environment[name])
    capfd.readouterr()
    assert _run(["jobs", "show", failed.id]) == 0
    shown = capfd.readouterr().out
    assert "state: failed" in shown
    assert re.search(r"^created: 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC$", shown, re.MULTILINE)
    assert re.search(r"^stages: read, ", shown, re.MULTILINE)
    scene.hub.commit("tea/en", "next", {"index.md": b"# A book\n\nAll of it is new.\n"}, "Go on", AUTHOR)
    assert _run(["jobs", "retry", failed.id]) == 0
    told = capfd.readouterr()
    new = told.out.strip()
    assert told.err == f"amts: started {failed.id} anew: `amts jobs show {new}` shows how it goes\n"
    scene.settle()
    assert scene.jobs.show(new).state == "done"
    assert scene.jobs.show(new).stages[0] == "read"
    assert len(scene.hub.pull_requests("tea/zh")) == 1
    assert [found.state for found in scene.hub.issues("tea/zh")] == ["closed"]
    assert _run(["jobs", "list", "--state", "failed", "--json"]) == 0
    assert f'"{failed.id}"' in capfd.readouterr().out


def test_a_job_that_is_cancelled_does_no_more(make: Make) -> None:
    scene = settled(make())
    hold = Hold(scene, "git-receive-pack", When.BEFORE)
    scene.jobs.deliver(str(uuid4()), InstallationChanged(1, ("tea/zh",), ()))
    scene.settle()
    scene.hub.webhook_url = None
    scene.push()
    scene.jobs.deliver(str(uuid4()), Push("tea/zh", "main", "0" * 40, False, None))
    assert hold.reached.wait(60)
    (job,) = [job for job in of_kind(scene, "update") if job.state == "runs"]
    with pytest.raises(JobsError, match="has not ended"):
        scene.jobs.retry(job.id)
    scene.jobs.cancel(job.id)
    hold.go.set()
    scene.settle()
    assert scene.jobs.show(job.id).state == "cancelled"
    assert scene.hub.pull_requests("tea/zh") == []
    with pytest.raises(JobsError, match="has ended"):
        scene.jobs.cancel(job.id)
    with pytest.raises(JobsError, match="there is no job"):
        scene.jobs.show("nothing")
    scene.jobs.retry(job.id)
    scene.settle()
    assert len(scene.hub.pull_requests("tea/zh")) == 1


def test_an_error_that_nobody_expected_is_one_like_any_other() -> None:
    class Once:
        def step(self, name: str, make: Callable[[], object]) -> object:
            return make()

        def sleep(self, seconds: float) -> None:
            raise AssertionError("there is nothing to wait for")

    with pytest.raises(StageError, match=r"^unexpected ZeroDivisionError.*: please report it$"):
        patiently(Once(), "divide", lambda: 1 // 0)


# Looked after.


def test_an_upstream_that_tells_nothing_is_looked_at(make: Make) -> None:
    scene = settled(make(upstream_installed=False, AMTS_POLL_PERIOD="1"))
    scene.push()
    assert scene.hub.deliveries == ()
    scene.until(lambda: scene.hub.pull_requests("tea/zh"), "a pull request")


def test_upstreams_are_asked_side_by_side(make: Make) -> None:
    scene = settled(make("zh", "es", upstream_installed=False, AMTS_POLL_PERIOD="1"))
    both, met = threading.Barrier(2), threading.Event()

    def meet(number: int, name: str, when: Enum) -> None:
        if name == "info/refs git-upload-pack tea/en" and when == When.BEFORE and not met.is_set():
            with suppress(threading.BrokenBarrierError):
                both.wait(10)
                met.set()

    scene.hub.on_request = meet
    assert met.wait(20)


def test_who_takes_part_is_kept_up_to_date(make: Make) -> None:
    scene = settled(make("zh", "es", AMTS_POLL_PERIOD="1"))
    scene.hub.uninstall("tea/es")
    scene.until(lambda: [entry.name for entry in scene.registry.all()] == ["tea/en", "tea/zh"], "it is told")
    scene.hub.install("tea/es")  # as another installation, with other tokens
    scene.until(lambda: scene.registry.following("tea/en") == ["tea/es", "tea/zh"], "it is told")
    scene.hub.webhook_url = None
    scene.hub.uninstall("tea/zh")
    scene.until(lambda: scene.registry.following("tea/en") == ["tea/es"], "it is found out")
    assert scene.jobs.list(("failed", "given up"), 1) == []


def test_what_is_old_is_removed(make: Make) -> None:
    scene = settled(make())
    scene.jobs.deliver(str(uuid4()), Push("tea/zh", "main", "0" * 40, False, None))
    scene.settle()
    old = of_kind(scene, "update")[0]
    scene.workers[-1].kill()
    with sqlite3.connect(scene.folder / "home" / "amts.sqlite") as file:
        ago = (time.time() - 40 * 86_400) * 1000
        file.execute("UPDATE workflow_status SET completed_at = ? WHERE workflow_uuid = ?", (ago, old.id))
    file.close()
    place = scene.folder / "home" / "mirrors" / "00" / "unused.git"
    place.mkdir(parents=True)
    (place / "pack").write_bytes(bytes(11_000_000))
    os.utime(place, (0, 0))
    young = len(scene.jobs.list((), 500)) - 1
    scene.start({"AMTS_MIRRORS_GB": "0.01"})
    scene.until(lambda: not place.exists(), "the mirror is removed")
    assert len(scene.jobs.list((), 500)) == young
    with sqlite3.connect(scene.folder / "home" / "amts.sqlite") as file:
        for table in ("workflow_input", "workflow_output", "operation_outputs"):
            left = file.execute(f"SELECT count(*) FROM {table} WHERE workflow_uuid = ?", (old.id,))  # noqa: S608 - names from above
            assert left.fetchone() == (0,)
    file.close()


# What is said, and what is not.


def test_a_database_that_is_gone_is_told_at_once_and_without_secrets(server: str, postgres: str) -> None:
    with pytest.raises(DatabaseError, match="check AMTS_DATABASE_URL") as caught:
        Jobs("postgresql://me:secret@127.0.0.1:1/none")
    assert "secret" not in str(caught.value)
    jobs = Jobs(postgres)
    command(server, f"DROP DATABASE {sa.make_url(postgres).database} WITH (FORCE)")
    began = time.monotonic()
    with pytest.raises(DatabaseError, match="check AMTS_DATABASE_URL"):
        jobs.deliver(str(uuid4()), Push("tea/zh", "main", "0" * 40, False, None))
    assert time.monotonic() - began < 25  # left to itself, DBOS goes on trying
    jobs.close()


def test_what_a_database_complains_of_is_logged_without_its_values(make: Make) -> None:
    scene = settled(make())
    with sqlite3.connect(scene.folder / "home" / "amts.sqlite") as file:
        file.execute("ALTER TABLE operation_outputs RENAME TO gone")
    file.close()
    scene.jobs.deliver(str(uuid4()), Push("tea/a-name-in-a-payload", "main", "0" * 40, False, None))
    scene.until(lambda: "OperationalError" in scene.workers[-1].said(), "a complaint")
    said = scene.workers[-1].said()
    assert "a-name-in-a-payload" not in said
    assert "[SQL" not in said
    assert scene.hub.private_key.splitlines()[1] not in said
