"""One run without a server: the same stages as the bot's, kept nowhere."""

from __future__ import annotations

import logging
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot import workflow
from bot.asking import Value
from bot.grouping import chapter_of
from bot.login import with_token
from bot.markup import code
from bot.messages import proposal_body, proposal_title
from bot.publish import list_errors
from bot.records import Record
from bot.service import Server, read_pause
from bot.settings import read_settings
from bot.tasks import open_bench
from bot.updates import prepare_update
from bot.world import Idle, World, look
from sync import engines
from sync.drafts import ask
from sync.languages import language as find_language
from sync.mirrors import Mirrors
from sync.model import AmtsError
from sync.sections import quiet

_log = logging.getLogger(__name__)


class RunError(AmtsError):
    """A run is told something that cannot be."""


class _Unkept:
    """Stages done one after another."""

    def step(self, name: str, make: Callable[[], Value]) -> Value:
        return make()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a run is told beside the repository's settings: only these sections, another engine, a language."""

    sections: tuple[str, ...] = ()
    engine: str | None = None
    language: str | None = None


def run(repository: str, token: str, wishes: Wishes, environment: Mapping[str, str]) -> str:
    """Update one translation repository once, as the holder of a token.

    Returns the text of what is proposed now (Markdown). Raises AmtsError.
    """
    with _world(repository, token, wishes, environment) as world:
        summary = workflow.update(
            _Unkept(), world, repository, wishes.sections, untried=lambda: _try_engine(world, repository)
        )
        try:
            sight = look(world, repository)
        except Idle as idle:
            return f"Nothing to do: {idle}"
        with ExitStack() as held:
            bench = open_bench(world, sight, held)
            return _report(bench.record, bench.language) or summary


def _try_engine(world: World, repository: str) -> None:
    """What fails there costs no draft."""
    try:
        workflow.try_engine(_Unkept(), world, repository)
    except AmtsError as error:
        _log.warning("%s: the engine could not be tried: %s", repository, error)


def rehearse(repository: str, token: str, wishes: Wishes, environment: Mapping[str, str]) -> str:
    """What such a run would propose (Markdown): nothing is pushed, and nothing sent that costs. Raises AmtsError."""
    with _world(repository, token, wishes, environment) as world, ExitStack() as held:
        try:
            bench = open_bench(world, look(world, repository), held)
        except Idle as idle:
            return f"Nothing to do: {idle}"
        prepared = prepare_update(bench, wishes.sections, engines.rehearse)
        answers = {
            branch: ask(prepared.translator, job, quiet)
            for branch, job in prepared.jobs.items()
            if prepared.translator is not None
        }
        outcome = prepared.complete(answers)
        texts = [_report(outcome.record, bench.language) or "There is nothing to draft.", *list_errors(outcome.errors)]
        return "\n\n".join(texts)


def _report(record: Record, language: str) -> str:
    """The text of every pull request, and what waits."""
    texts = [
        f"# {proposal_title(found, language)}\n\n"
        + proposal_body(found, language, chapter_of(branch), record.paused, record.quality)
        for branch, found in record.proposals.items()
        if found.closing is None
    ]
    if record.waiting:
        chapters = ", ".join(code(item.chapter) for item in record.waiting)
        texts.append(f"Chapters that wait for their turn: {chapters}.")
    return "\n\n".join(texts)


@contextmanager
def _world(repository: str, token: str, wishes: Wishes, environment: Mapping[str, str]) -> Iterator[World]:
    _check(repository, wishes)
    settings = read_settings(environment)
    web = environment.get("GITHUB_SERVER_URL", "https://github.com").rstrip("/")
    api = environment.get("GITHUB_API_URL", "https://api.github.com").rstrip("/")
    connect = with_token(Server(api, read_pause(environment)), token)
    with tempfile.TemporaryDirectory(prefix="amts-") as folder:
        mirrors = Mirrors(Path(folder), 10**12)
        yield World(connect, mirrors, settings, web, wishes=(wishes.engine, wishes.language), hosts=None)


def _check(repository: str, wishes: Wishes) -> None:
    """Raise AmtsError for what can be seen to be wrong before anybody is asked."""
    if not re.fullmatch(r"[\w-][\w.-]*/[\w.-]+", repository, re.ASCII):
        raise RunError(f"{repository[:100]!r} is no repository: write it as OWNER/NAME")
    if wishes.engine is not None and wishes.engine not in engines.ENGINES:
        raise RunError(f"unknown engine {wishes.engine[:40]!r}; known are {', '.join(engines.ENGINES)}")
    if wishes.language is not None:
        find_language(wishes.language)
