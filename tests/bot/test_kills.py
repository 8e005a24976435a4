"""Killed at any point and started again: pull requests, commits, comments, checks and batch jobs are the same.

A point is a request to GitHub or to AWS, before or after it is carried out, or a change of the worker's database,
before or after it is made: these are the boundaries of stages and of jobs. By default one run is struck at one place
after another; with AMTS_KILLS=all each single point is struck, in a run of its own.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.amazon import AmazonSandbox, Pace
from bot.sandbox.repositories import BookRepositories, build
from tests.bot.scenes import Scene
from tests.bot.workers import Point, Zygote, points

each_point = pytest.mark.skipif(os.environ.get("AMTS_KILLS") != "all", reason="takes hours: AMTS_KILLS=all")
HEARTBEAT = "amts_workers"  # how often it beats is not the same in two runs


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    with Zygote() as process:
        yield process


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> BookRepositories:
    return build(tmp_path_factory.mktemp("books"))


class Requests:
    """Counts what a stand-in is asked; kills the worker that asks at the point `die`, or at places not in `spare`.

    Only every `step`-th of those places is struck.
    """

    def __init__(self, scene: Scene, die: Point | None = None, spare: set[str] | None = None, step: int = 1) -> None:
        self._scene = scene
        self._die = die
        self._spare = spare
        self._step = step
        self._count: Counter[str] = Counter()
        self._dead: set[tuple[str, int]] = set()
        self._lock = threading.Lock()
        self.passed: list[str] = []

    def __call__(self, number: int, name: str, when: Enum) -> None:
        what = f"{when.value} {name}"
        with self._lock:
            if (name, number) in self._dead:
                return  # it is carried out, though who asked for it is dead
            self._count[what] += 1
            self.passed.append(what)
            if self._is_deadly(what):
                self._dead.add((name, number))
                self._scene.workers[-1].kill()

    def _is_deadly(self, what: str) -> bool:
        if self._spare is None or what in self._spare:
            return self._die == Point(what, self._count[what])
        self._spare.add(what)
        return len(self._spare) % self._step == 0


class Plain:
    """A change of the English, and a comment: one translation has one pull request, the other several, and more."""

    files: Mapping[str, str] = {
        "es": "pull_requests: {labels: [draft], reviewers: [translator], max_segments: 10, max_open: 1}\n"
    }

    def __init__(self, folder: Path, books: BookRepositories, zygote: Zygote) -> None:
        self._folder = folder
        self._books = books
        self._zygote = zygote
        self.number = 0

    @property
    def settings(self) -> dict[str, str]:
        """Of the workers."""
        return {"AMTS_HEARTBEAT": "10"}

    @contextmanager
    def scene(self) -> Iterator[Scene]:
        """A new one."""
        self.number += 1
        place = self._folder / str(self.number)
        with Scene(place, self._books, self._zygote, self.settings, files=self.files) as scene:
            yield scene

    def watch(self, scene: Scene, requests: Requests | None) -> None:
        """Let somebody look on all requests."""
        scene.hub.on_request = requests

    @cached_property
    def whole(self) -> tuple[Any, list[str], list[str]]:
        """What comes of it without any kill, and the places: at requests, and in the database."""
        with self.scene() as scene:
            requests = Requests(scene)
            self.watch(scene, requests)
            seen = self.play(scene, scene.start)
            return seen, requests.passed, scene.workers[-1].passed()

    def play(self, scene: Scene, start: Callable[[], object]) -> Any:
        """What is to be the same in the end. `start` starts a worker."""
        start()
        for act in (lambda: None, scene.push, lambda: scene.comment("/amts skip line-fit.md\n/amts retranslate")):
            act()
            scene.settle(start)
        return scene.picture()


class Short(Plain):
    """The same for one translation alone."""

    def __init__(self, folder: Path, books: BookRepositories, zygote: Zygote) -> None:
        super().__init__(folder, BookRepositories(books.source, {"zh": books.targets["zh"]}), zygote)


class Amazon(Short):
    """The same with batch jobs."""

    def __init__(self, folder: Path, books: BookRepositories, zygote: Zygote, amazon: AmazonSandbox) -> None:
        super().__init__(folder, books, zygote)
        self._amazon = amazon
        self.files = {"zh": "engine: amazon\n"}

    @property
    def settings(self) -> dict[str, str]:
        return {
            **self._amazon.environment(), "AMTS_AMAZON_BUCKET": self._amazon.bucket,
            "AMTS_AMAZON_ROLE": self._amazon.role, "AMTS_AMAZON_PROJECT": f"run-{self.number}",
            "AMTS_AMAZON_POLL": "0.1", **super().settings,
        }  # fmt: skip

    def watch(self, scene: Scene, requests: Requests | None) -> None:
        self._amazon.on_request = requests

    def play(self, scene: Scene, start: Callable[[], object]) -> Any:
        before = len(self._amazon.jobs)
        seen = super().play(scene, start)
        jobs = [(job.status, job.languages, job.characters, job.documents) for job in self._amazon.jobs[before:]]
        return seen, jobs


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, books: BookRepositories, zygote: Zygote) -> Plain:
    return Plain(tmp_path_factory.mktemp("plain"), books, zygote)


@pytest.fixture(scope="module")
def stand_in() -> Iterator[AmazonSandbox]:
    with AmazonSandbox(pace=Pace(parallel_data=0.05, queued=0.02, running=0.05)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def amazon(
    tmp_path_factory: pytest.TempPathFactory, books: BookRepositories, zygote: Zygote, stand_in: AmazonSandbox
) -> Iterator[Amazon]:
    yield Amazon(tmp_path_factory.mktemp("amazon"), books, zygote, stand_in)
    stand_in.on_request = None


def test_a_worker_that_dies_at_every_change_of_its_database(
    tmp_path: Path, books: BookRepositories, zygote: Zygote
) -> None:
    short = Short(tmp_path, books, zygote)
    wanted, _, places = short.whole
    spare: set[str] = set()
    with short.scene() as scene:

        def start() -> None:
            if scene.workers:
                spare.add(scene.workers[-1].passed()[-1])
            scene.start(spare=spare)

        assert short.play(scene, start) == wanted
        assert set(places) <= spare | set(scene.workers[-1].passed())
        assert len(scene.workers) > 40


@pytest.mark.parametrize(("story", "step"), [("plain", 8), ("amazon", 4)])
def test_a_worker_that_dies_at_requests(story: str, step: int, request: pytest.FixtureRequest) -> None:
    told: Plain = request.getfixturevalue(story)
    wanted, _, _ = told.whole
    with told.scene() as scene:
        told.watch(scene, Requests(scene, spare=set(), step=step))
        assert told.play(scene, scene.start) == wanted
        assert len(scene.workers) > 3


@each_point
@pytest.mark.parametrize("story", ["plain", "amazon"])
def test_a_worker_that_dies_at_any_single_request(story: str, request: pytest.FixtureRequest) -> None:
    told: Plain = request.getfixturevalue(story)
    wanted, places, _ = told.whole
    missed, wrong = 0, []
    for point in points(places):
        with told.scene() as scene:
            told.watch(scene, Requests(scene, die=point))
            if told.play(scene, scene.start) != wanted:
                wrong.append(point)
            missed += len(scene.workers) == 1
    print(f"{story}: {len(places)} requests, {missed} not come by again, wrong: {wrong}")
    assert wrong == []
    assert missed < len(places) / 10


@each_point
@pytest.mark.parametrize("story", ["plain", "amazon"])
def test_a_worker_that_dies_at_any_single_change_of_its_database(story: str, request: pytest.FixtureRequest) -> None:
    told: Plain = request.getfixturevalue(story)
    wanted, _, places = told.whole
    missed, wrong = 0, []
    chosen = [point for point in points(places) if HEARTBEAT not in point.what or point.number < 3]
    for point in chosen:
        with told.scene() as scene:

            def start(scene: Scene = scene, point: Point = point) -> None:
                scene.start(die=None if scene.workers else point)

            if told.play(scene, start) != wanted:
                wrong.append(point)
            missed += len(scene.workers) == 1
    print(f"{story}: {len(chosen)} changes, {missed} not come by again, wrong: {wrong}")
    assert wrong == []
    assert missed < len(chosen) / 10
