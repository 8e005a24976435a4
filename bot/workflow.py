"""THE BOT'S MAIN PATH: one task on one translation repository, stage by stage, each safe to repeat.

read (GitHub and git) ─ plan ─ translate (submit, wait, poll) ─ assemble ─ check and score ─ publish (push, show)

What a stage gives is kept by a `Keeper`: in a database, so that a task survives the death of its process; or not at
all, where a command or an Action does it in one go.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from bot import commands, replies
from bot.commands import Command, Help, Resume, Retranslate, Skip, Status, Unknown
from bot.forge import ForgeError, Later
from bot.publish import publish
from bot.records import Record
from bot.steering import prepare_pause, prepare_retranslate, prepare_skip, proposal_of
from bot.updates import Bench, Outcome, Prepared, open_bench, prepare_update, settle
from bot.world import Idle, Sight, World, look, read_record
from sync import config
from sync.config import ConfigError
from sync.drafts import Asked, finish
from sync.engines import Answers, JobError
from sync.mirrors import Moved, Unreachable
from sync.model import AmtsError, Cost, Translation

_log = logging.getLogger(__name__)
_TRIES = 6  # of a task, each time that somebody pushed while it was at work
_PATIENCE = 60  # times that GitHub may ask for a while before a stage is given up
_PROBLEM = "<!-- amts:problem -->"
_WRITE = frozenset({"admin", "write", "maintain"})

Value = Any  # what JSON can hold


class Keeper(Protocol):
    """Keeps what each stage gave."""

    def step(self, name: str, make: Callable[[], Value]) -> Value:
        """What `make` gives, or gave when this stage was done before."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait, over the death of the process if need be."""
        ...


@dataclass(frozen=True, slots=True)
class Said:
    """A comment that holds commands. `number` is that of the pull request."""

    number: int
    comment: int
    author: str
    body: str


def update(keeper: Keeper, world: World, repository: str, sections: Sequence[str] = ()) -> str:
    """Bring the pull requests of a translation repository to what its upstream is now; says what came of it.

    Only these sections are drafted, if any are given.

    Raises AmtsError for what finally fails, after it was told in the repository.
    """

    def prepare(bench: Bench) -> Prepared:
        return prepare_update(bench, sections)

    try:
        return _told(keeper, world, repository, lambda: _work(keeper, world, repository, prepare))
    except Idle as idle:
        return f"nothing to do: {idle}"


def answer(keeper: Keeper, world: World, repository: str, said: Said) -> str:
    """Do what a comment asks for; says what came of it. Raises AmtsError for what finally fails."""
    asked = commands.read_commands(said.body)
    if not asked:
        return "no command"
    allowed = patiently(keeper, "permission", lambda: world.connect(repository).permission(said.author))
    if allowed not in _WRITE:
        _say(keeper, world, repository, said, "access", replies.no_access(said.author))
        return f"{said.author} has no write access"
    _react(keeper, world, repository, said, "eyes")
    failed = False
    for place, command in enumerate(asked):
        try:
            outcome = _obey(keeper, world, repository, said, command)
        except Idle as idle:
            outcome = (str(idle),), True
        except AmtsError as error:
            _say(
                keeper,
                world,
                repository,
                said,
                str(place),
                replies.job_failed(_name(command), str(error), str(said.comment)),
            )
            _react(keeper, world, repository, said, "confused")
            raise
        texts, wrong = outcome
        failed = failed or wrong
        if texts:
            _say(keeper, world, repository, said, str(place), "\n\n".join(texts))
    _react(keeper, world, repository, said, "confused" if failed else "rocket")
    return f"{len(asked)} command{'' if len(asked) == 1 else 's'} of {said.author}"


def _obey(
    keeper: Keeper, world: World, repository: str, said: Said, command: Command | Unknown
) -> tuple[tuple[str, ...], bool]:
    """What to reply to a command, and whether it could not be done."""
    if isinstance(command, Unknown):
        return (replies.unknown_command(command.text, command.nearest),), True
    if isinstance(command, Help):
        return (replies.help_text(),), False
    if isinstance(command, Status):
        return (patiently(keeper, "status", lambda: _status(world, repository, said.number)),), False

    def prepare(bench: Bench) -> Prepared:
        if isinstance(command, Retranslate):
            return prepare_retranslate(bench, command, said.number, world)
        if isinstance(command, Skip):
            return prepare_skip(bench, command, said.number)
        return prepare_pause(bench, command)

    told = _work(keeper, world, repository, lambda bench: prepare(bench))
    if isinstance(command, Resume):
        _work(keeper, world, repository, lambda bench: prepare_update(bench))
    return tuple(told["replies"]), told["failed"]


def _work(keeper: Keeper, world: World, repository: str, prepare: Callable[[Bench], Prepared]) -> Any:
    """One task through all stages; again from the first one where somebody pushed in the meantime."""
    for attempt in range(_TRIES):
        if attempt:
            keeper.sleep(2.0**attempt)
        try:
            return _attempt(keeper, world, repository, prepare)
        except Moved as moved:
            _log.info("%s: %s", repository, moved)
    raise ForgeError(f"{repository} was pushed to again and again: the next change there starts this anew")


def _attempt(keeper: Keeper, world: World, repository: str, prepare: Callable[[Bench], Prepared]) -> Any:
    sight = Sight.load(patiently(keeper, "read", lambda: look(world, repository).dump()))
    with ExitStack() as held:
        ready: list[tuple[Bench, Prepared]] = []

        def prepared() -> tuple[Bench, Prepared]:
            """The task prepared, by this process: another one may have taken it up since it was prepared first."""
            if not ready:
                bench = open_bench(world, sight, held)
                ready.append((bench, prepare(bench)))
            return ready[0]

        handles = patiently(keeper, "translate", lambda: _submit(prepared()[1]))
        answers: dict[str, Any] = {}
        while waiting := [branch for branch in handles if branch not in answers]:
            answers |= patiently(keeper, "poll", lambda: _poll(prepared()[1], handles, waiting))
            if len(answers) < len(handles):
                translator = prepared()[1].translator
                ready.clear()
                held.close()
                keeper.sleep(translator.pause if translator else 1.0)
        done = patiently(keeper, "assemble and push", lambda: _push(*prepared(), answers))
        told = patiently(keeper, "publish", lambda: _publish(world, sight, done["record"], prepared()[0]))
        patiently(keeper, "finish", lambda: _finish(prepared()[1], handles, answers))
    return {"summary": told, "replies": done["replies"], "failed": done["failed"]}


def _submit(prepared: Prepared) -> Value:
    """The handle of each branch's job, or why it could not be begun."""
    handles: dict[str, Any] = {}
    for branch, job in prepared.jobs.items():
        if job.requests and prepared.translator is not None:
            try:
                handles[branch] = {"handle": prepared.translator.submit(job)}
            except JobError as error:
                handles[branch] = {"failure": str(error)}
    return handles


def _poll(prepared: Prepared, handles: Mapping[str, Any], branches: list[str]) -> Value:
    """The answers that are there now, by branch."""
    found: dict[str, Any] = {}
    for branch in branches:
        if "failure" in handles[branch] or prepared.translator is None:
            found[branch] = handles[branch]
            continue
        try:
            answers = prepared.translator.poll(handles[branch]["handle"])
        except JobError as error:
            found[branch] = {"failure": str(error)}
        else:
            if answers is not None:
                found[branch] = {"handle": handles[branch]["handle"], "answers": _dump(answers)}
    return found


def _push(bench: Bench, prepared: Prepared, answers: Mapping[str, Any]) -> Value:
    """Drafts and record committed and pushed, all at once. Raises Moved."""
    outcome: Outcome = prepared.complete({branch: _asked(found) for branch, found in answers.items()})
    bench.target.push(outcome.updates, {})
    record = outcome.updates.get("refs/amts/state", bench.sight.record)
    return {"record": record, "replies": list(outcome.replies), "failed": outcome.failed}


def _publish(world: World, sight: Sight, commit: str | None, bench: Bench) -> Value:
    """Show what was pushed."""
    record = settle(read_record(bench.target, commit), sight)
    created = {branch: found.number is None for branch, found in record.proposals.items()}
    return publish(world.connect(sight.repository), record, bench.config, sight.branch, sight.upstream, created)


def _finish(prepared: Prepared, handles: Mapping[str, Any], answers: Mapping[str, Any]) -> Value:
    """What the engine keeps for the jobs can go, as the drafts are pushed."""
    notes: list[str] = []
    for branch, found in answers.items():
        if "answers" in found and prepared.translator is not None:
            notes += finish(prepared.translator, handles[branch]["handle"])
    return notes


def _dump(answers: Answers) -> Value:
    return {
        "translations": {id: asdict(found) for id, found in answers.translations.items()},
        "notes": list(answers.notes),
        "cost": asdict(answers.cost) if answers.cost else None,
    }


def _asked(found: Mapping[str, Any]) -> Asked:
    if "failure" in found:
        return Asked(failure=found["failure"])
    fields = found["answers"]
    cost = fields["cost"]
    return Asked(
        Answers(
            {id: Translation(**translation) for id, translation in fields["translations"].items()},
            tuple(fields["notes"]),
            Cost(**{**cost, "remarks": tuple(cost["remarks"])}) if cost else None,
        ),
        found["handle"],
    )


def _status(world: World, repository: str, number: int) -> str:
    sight = look(world, repository)
    with world.mirrors.hold(world.access(repository), sight.commits) as target:
        record: Record = settle(read_record(target, sight.record), sight)
        language = world.config(target, sight.target).language or ""
    return replies.status_text(record, proposal_of(record, number), language, sight.upstream)


def _told(keeper: Keeper, world: World, repository: str, work: Callable[[], Any]) -> str:
    """Do it, and tell the people of the repository what finally fails, in one issue that is updated in place."""
    try:
        summary = str(work()["summary"])
    except Idle:
        raise
    except ConfigError as error:
        title, body = replies.config_problem(str(error), config.PATH)
        patiently(keeper, "tell", lambda: _tell(world, repository, replies.SETTINGS_MARKER, title, body))
        return f"settings: {error}"
    except AmtsError as error:
        body = f"{_PROBLEM}\n\n{replies.job_failed('an update', str(error), repository)}"
        patiently(keeper, "tell", lambda: _tell(world, repository, _PROBLEM, "AMTS: an update failed", body))
        raise
    patiently(keeper, "mend", lambda: _mend(world, repository))
    return summary


def _tell(world: World, repository: str, mark: str, title: str, body: str) -> Value:
    return world.connect(repository).open_issue(mark, title, body).number


def _mend(world: World, repository: str) -> Value:
    """Close what was said of earlier failures, now that all is well."""
    forge = world.connect(repository)
    closed = []
    for issue in forge.issues():
        if issue.open and issue.body.startswith((_PROBLEM, replies.SETTINGS_MARKER)):
            forge.comment(issue.number, f"mended-{hash_of(issue.body)}", replies.config_mended())
            forge.close(issue.number)
            closed.append(issue.number)
    return closed


def hash_of(text: str) -> str:
    """A short name for a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _say(keeper: Keeper, world: World, repository: str, said: Said, key: str, text: str) -> None:
    patiently(keeper, "reply", lambda: world.connect(repository).comment(said.number, f"{said.comment}-{key}", text))


def _react(keeper: Keeper, world: World, repository: str, said: Said, reaction: str) -> None:
    patiently(keeper, reaction, lambda: world.connect(repository).react(said.number, said.comment, reaction))


def _name(command: object) -> str:
    return f"`/amts {type(command).__name__.lower()}`"


def patiently(keeper: Keeper, name: str, make: Callable[[], Value]) -> Value:
    """A stage, again after a while where GitHub asks for that or cannot be reached. Raises AmtsError."""
    for _ in range(_PATIENCE):
        kept = keeper.step(name, lambda: _or_later(make))
        if "later" not in kept:
            if "moved" in kept:
                raise Moved(kept["moved"])
            return kept["value"]
        _log.info("%s: %s", name, kept["why"])
        keeper.sleep(kept["later"])
    raise ForgeError(f"{name}: given up after {_PATIENCE} tries: {kept['why']}")


def _or_later(make: Callable[[], Value]) -> dict[str, Value]:
    try:
        return {"value": make()}
    except Later as later:
        return {"later": later.seconds, "why": str(later)}
    except Unreachable as error:
        return {"later": 30.0, "why": str(error)}
    except Moved as moved:
        return {"moved": str(moved)}
