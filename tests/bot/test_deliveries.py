"""Webhooks as they really come: many times, at once, out of order. The bot's own processes, beside the stand-in."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from bot.jobs import Jobs
from bot.sandbox.github import Delivery, GitHubSandbox, PullRequestFacts
from bot.sandbox.service import RunningService
from bot.webhook import is_signed

UPSTREAM, TRANSLATIONS = "tea/en", ("tea/zh", "tea/es")
AUTHOR = "author"
SECTION = "chapter_measuring/averages.md"
ORIGIN = "chapter_measuring/averages_origin.md"
CODE = "mean = sum(readings) / len(readings)"
NOWHERE = "http://127.0.0.1:9/webhook"
CLIENTS = 8
PATIENCE = 60.0  # seconds


@dataclass
class Site:
    """The bot at work. `address` is where it takes webhooks; the stand-in sends them to nobody."""

    hub: GitHubSandbox
    jobs: Jobs
    address: str
    lines: list[str]

    def push(self) -> Delivery:
        """Push one more line of code upstream, which nobody is told: the webhook that got lost."""
        self.lines.append(f"cup_{len(self.lines)} = {70 + len(self.lines)}.25")
        text = (self.hub.file(UPSTREAM, "main", SECTION) or b"").decode()
        assert text.count(CODE) == 1
        changed = text.replace(CODE, f"{self.lines[-1]}\n{CODE}").encode()
        self.hub.commit(UPSTREAM, "main", {SECTION: changed}, f"Add {self.lines[-1]}", AUTHOR)
        self.hub.drain()
        lost = self.hub.deliveries[-1]
        assert (lost.event, lost.status) == ("push", 502)
        return lost

    def deliver(self, deliveries: Sequence[tuple[Delivery, str]]) -> list[int]:
        """Deliver webhooks, each under an id, from several clients at once: how each was answered."""
        place = urlsplit(self.address)

        def send(some: Sequence[tuple[Delivery, str]]) -> list[int]:
            connection = HTTPConnection(place.netloc, timeout=30)
            statuses = []
            for delivery, guid in some:
                headers = {**delivery.headers, "X-GitHub-Delivery": guid}
                connection.request("POST", place.path, json.dumps(delivery.payload).encode(), headers)
                with connection.getresponse() as answer:
                    answer.read()
                    statuses.append(answer.status)
            connection.close()
            return statuses

        with ThreadPoolExecutor(CLIENTS) as clients:
            return [one for some in clients.map(send, (deliveries[n::CLIENTS] for n in range(CLIENTS))) for one in some]

    def settle(self) -> None:
        """Wait until no job is left to do."""
        _until(lambda: not self.jobs.list(("waits", "queued", "runs"), 10))

    def pull(self, name: str) -> PullRequestFacts:
        """The one pull request there ever was in a translation."""
        (found,) = self.hub.pull_requests(name)
        assert found.state == "open"
        return found

    def shown(self, name: str, path: str) -> str:
        """A file of the pull request."""
        return (self.hub.file(name, "amts/sync", path) or b"").decode()


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def site(small_book: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The bot, once it has opened its first pull requests."""
    folder = tmp_path_factory.mktemp("deliveries")
    with GitHubSandbox(folder / "github") as hub:
        for name in (UPSTREAM, *TRANSLATIONS):
            hub.add_repository(name, small_book / name.partition("/")[2])
        hub.install(UPSTREAM, *TRANSLATIONS)
        with RunningService(hub, folder / "home", {}) as service:
            hub.webhook_url = NOWHERE
            jobs = Jobs(f"sqlite:///{folder / 'home' / 'amts.sqlite'}")
            found = Site(hub, jobs, f"{service.url}/webhook", [])
            _until(lambda: all(hub.pull_requests(name) for name in TRANSLATIONS))
            found.settle()
            yield found
            jobs.close()


def test_webhooks_are_those_of_the_stand_in(site: Site) -> None:
    lost = site.push()
    signature = lost.headers["X-Hub-Signature-256"]
    assert is_signed(json.dumps(lost.payload).encode(), signature, [site.hub.webhook_secret])


def test_one_push_delivered_a_hundred_times_by_eight_clients_at_once(site: Site) -> None:
    push = site.push()
    # GitHub delivers again under the same id; another hook on the same repository has ids of its own.
    ids = [push.guid] * 50 + [str(uuid4()) for _ in range(50)]
    assert site.deliver([(push, guid) for guid in ids]) == [202] * 100
    site.settle()
    taken = [job.id for job in site.jobs.list((), 10_000) if job.kind == "deliver"]
    assert sorted(taken) == sorted(f"delivery-{guid}" for guid in set(ids))
    _assert_complete(site)


def test_fifty_pushes_delivered_in_any_order_while_more_are_made(site: Site) -> None:
    shuffled = random.Random(4)  # noqa: S311 - an order, no secret
    pushes = [site.push() for _ in range(25)]
    shuffled.shuffle(pushes)
    with ThreadPoolExecutor(1) as meanwhile:
        answers = meanwhile.submit(site.deliver, [(push, push.guid) for push in pushes])
        later = [site.push() for _ in range(25)]
    assert answers.result() == [202] * 25
    shuffled.shuffle(later)
    assert site.deliver([(push, push.guid) for push in later]) == [202] * 25
    site.settle()
    assert len(site.lines) >= 50
    _assert_complete(site)


def _assert_complete(site: Site) -> None:
    """One pull request in each translation, with every change that was ever pushed, once."""
    english = (site.hub.file(UPSTREAM, "main", SECTION) or b"").decode()
    for name in TRANSLATIONS:
        assert site.pull(name).author == "amts[bot]"
        assert site.shown(name, ORIGIN) == english
        translated = site.shown(name, SECTION).splitlines()
        assert [line for line in translated if line.startswith("cup_")] == site.lines
