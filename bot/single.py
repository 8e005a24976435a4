"""One run without a server: the same stages as the bot's, kept nowhere."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot import workflow
from bot.forge import Server, with_token
from bot.grouping import chapter_of
from bot.markup import code
from bot.messages import proposal_body, proposal_title
from bot.publish import list_errors
from bot.records import Record
from bot.settings import read_settings
from bot.tasks import open_bench
from bot.updates import prepare_update
from bot.workflow import Value
from bot.world import Idle, World, look
from sync import engines
from sync.drafts import ask
from sync.mirrors import Mirrors
from sync.sections import quiet


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
        summary = workflow.update(_Unkept(), world, repository, wishes.sections)
        try:
            sight = look(world, repository)
        except Idle as idle:
            return f"Nothing to do: {idle}"
        with ExitStack() as held:
            bench = open_bench(world, sight, held)
            return _report(bench.record, bench.language) or summary


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
        f"# {proposal_title(found, language)}\n\n{proposal_body(found, language, chapter_of(branch), record.paused)}"
        for branch, found in record.proposals.items()
        if found.closing is None
    ]
    if record.waiting:
        chapters = ", ".join(code(item.chapter) for item in record.waiting)
        texts.append(f"Chapters that wait for their turn: {chapters}.")
    return "\n\n".join(texts)


@contextmanager
def _world(repository: str, token: str, wishes: Wishes, environment: Mapping[str, str]) -> Iterator[World]:
    web = environment.get("GITHUB_SERVER_URL", "https://github.com").rstrip("/")
    server = Server(environment.get("GITHUB_API_URL", "https://api.github.com").rstrip("/"))
    # In a workflow of GitHub Actions the token is that of an App which may not ask for its own name.
    login = "github-actions[bot]" if environment.get("GITHUB_ACTIONS") == "true" else None
    forge = with_token(server, token, repository, login)
    with tempfile.TemporaryDirectory(prefix="amts-") as folder:
        yield World(
            lambda name: forge if name == repository else with_token(server, token, name, forge.login),
            Mirrors(Path(folder), 10**12),
            read_settings(environment),
            web,
            wishes=(wishes.engine, wishes.language),
            hosts=None,
        )
