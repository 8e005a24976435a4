"""THE BOT'S MAIN PATH: one task on one translation repository, stage by stage, each safe to repeat.

read (GitHub and git) ─ plan ─ translate (submit, wait, poll) ─ assemble ─ check and score ─ publish (push, show)

What a stage gives is kept by a `Keeper`: in a database, so that a task survives the death of its process; or not at
all, where a command or an Action does it in one go.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from bot import commands, records, replies
from bot.asking import Value, as_asked, finish_jobs, poll, submit
from bot.commands import Command, Help, Pause, Resume, Retranslate, Score, Skip, Status, Unknown
from bot.dashboard import Ticked
from bot.figures import closing_comment, score_text
from bot.forge import Forge, ForgeError, Later
from bot.ledger import Merge
from bot.merges import entries, entries_of, review
from bot.publish import PROBLEM_MARKER, mend, publish, tell_errors, tell_problem, tell_settings
from bot.records import Record, load_quality
from bot.replies import SETTINGS_MARKER
from bot.steering import prepare_pause, prepare_retranslate, prepare_skip, proposal_of
from bot.tasks import Bench, Outcome, Prepared, open_bench
from bot.trials import prepare_quality, prepare_trial, quality_of
from bot.updates import prepare_update
from bot.world import Idle, Sight, World, look, read_record, settle
from sync.config import ConfigError
from sync.faults import unexpected
from sync.mirrors import Moved, Unreachable
from sync.model import AmtsError, TranslationUnit

_log = logging.getLogger(__name__)
_TRIES = 6  # of a task, each time that somebody pushed while it was at work
_PATIENCE = 100  # times that GitHub may ask for a while, or be away, before a stage is given up: about a day
_LONGEST_WAIT = 900.0  # seconds between two tries
_HEADS = "refs/heads/"
_WRITE = frozenset({"admin", "write", "maintain"})


class StageError(AmtsError):
    """A stage came to something that nobody expected."""


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


def update(
    keeper: Keeper,
    world: World,
    repository: str,
    sections: Sequence[str] = (),
    untried: Callable[[], None] | None = None,
) -> str:
    """Bring the pull requests of a translation repository to what its upstream is now; says what came of it.

    Only these sections are drafted, if any are given. `untried` is called where `try_engine` would say something new.

    Raises AmtsError for what finally fails; without `sections`, after it was told in the repository.
    """

    def prepare(bench: Bench) -> Prepared:
        return prepare_update(bench, sections)

    def work() -> Any:
        done = _work(keeper, world, repository, prepare, _attempt)
        if done["seen"] is not None and not sections:
            # Noted only now: what failed before is tried again at the next look at the upstreams.
            patiently(keeper, "note", lambda: world.done(repository, *done["seen"]))
        if done["untried"] and untried is not None:
            untried()
        return done

    try:
        if sections:  # whoever names them stands by, and is told what fails
            return str(work()["summary"])
        return _told(keeper, world, repository, work)
    except Idle as idle:
        return f"nothing to do: {idle}"


def try_engine(keeper: Keeper, world: World, repository: str) -> str:
    """Try the engine of a repository on the sentences that it is never shown, and remember the figures.

    Says what came of it. Raises AmtsError.
    """
    sight = Sight.load(patiently(keeper, "read", lambda: look(world, repository).dump()))
    known: list[tuple[Sequence[TranslationUnit], int]] = []

    def prepare(bench: Bench) -> Prepared:
        prepared, pairs, units = prepare_trial(bench)
        known[:] = [(pairs, units)]
        return prepared

    with _Ready(world, sight, prepare) as ready:
        handles, answers = _ask(keeper, ready)

        def measure() -> Value:
            bench = ready.bench
            asked = {name: as_asked(found) for name, found in answers.items()}
            return asdict(quality_of(bench, *known[0], asked))

        found = load_quality(patiently(keeper, "measure", measure))
        _work(keeper, world, repository, lambda bench: prepare_quality(bench, found), _remember)
        patiently(keeper, "finish", lambda: finish_jobs(ready.prepared, handles, answers))
    return f"{found.engine}: {found.n} sentences"


def answer(keeper: Keeper, world: World, repository: str, said: Said) -> str:
    """Do what a comment asks for; says what came of it. Raises AmtsError for what finally fails."""
    asked = commands.read_commands(said.body)
    if not asked:
        return "no command"
    if not _is_ours(keeper, world, repository, said):
        return "not a pull request of AMTS"
    if not _may_ask(keeper, world, repository, said):
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


def greet(keeper: Keeper, world: World, repository: str, said: Said) -> str:
    """Show who may ask that the comment was taken, though it has to wait for its turn."""
    if _is_ours(keeper, world, repository, said) and _may_ask(keeper, world, repository, said):
        _react(keeper, world, repository, said, "eyes")
        return "taken"
    return "not for AMTS"


def _is_ours(keeper: Keeper, world: World, repository: str, said: Said) -> bool:
    """Whether a comment stands on one of the bot's pull requests."""
    number = said.number
    branch = patiently(keeper, "pull request", lambda: world.connect(repository).pull_request(number).branch)
    return records.is_own(branch)


def _may_ask(keeper: Keeper, world: World, repository: str, said: Said) -> bool:
    author = said.author
    return patiently(keeper, "permission", lambda: world.connect(repository).permission(author)) in _WRITE


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

    if isinstance(command, Score):
        asked = command.sections
        text, wrong = patiently(keeper, "score", lambda: _score(world, repository, said.number, asked))
        return (text,), wrong

    def prepare(bench: Bench) -> Prepared:
        if isinstance(command, Retranslate):
            return prepare_retranslate(bench, command, said.number, world)
        if isinstance(command, Skip):
            return prepare_skip(bench, command, said.number)
        return prepare_pause(bench, command)

    # A pause does not wait for its turn: an update may be at work, and only one of the two may show what it did.
    attempt = _remember if isinstance(command, Pause) else _attempt
    told = _work(keeper, world, repository, prepare, attempt)
    if isinstance(command, Resume):
        _work(keeper, world, repository, lambda bench: prepare_update(bench), _attempt)
    return tuple(told["replies"]), told["failed"]


def _work(
    keeper: Keeper, world: World, repository: str, prepare: Callable[[Bench], Prepared], attempt: Callable[..., Any]
) -> Any:
    """One task through its stages; again from the first one where somebody pushed in the meantime."""
    for number in range(_TRIES):
        if number:
            keeper.sleep(2.0**number)
        try:
            return attempt(keeper, world, repository, prepare)
        except Moved as moved:
            _log.info("%s: %s", repository, moved)
    raise ForgeError(f"{repository} was pushed to again and again: the next change there starts this anew")


def _remember(keeper: Keeper, world: World, repository: str, prepare: Callable[[Bench], Prepared]) -> Any:
    """What changes the record and nothing else."""
    sight = Sight.load(patiently(keeper, "read", lambda: look(world, repository).dump()))

    def push() -> Value:
        with ExitStack() as held:
            bench = open_bench(world, sight, held)
            return _push(bench, prepare(bench), {})

    return patiently(keeper, "remember", push)


class _Ready:
    """A task prepared by this process, as soon as it is needed: another one may have begun it. A context manager."""

    def __init__(self, world: World, sight: Sight, prepare: Callable[[Bench], Prepared]) -> None:
        self._world = world
        self._sight = sight
        self._prepare = prepare
        self._made: tuple[Bench, Prepared] | None = None
        self._held = ExitStack()

    def __enter__(self) -> _Ready:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    @property
    def bench(self) -> Bench:
        return self._get()[0]

    @property
    def prepared(self) -> Prepared:
        return self._get()[1]

    def _get(self) -> tuple[Bench, Prepared]:
        if self._made is None:
            bench = open_bench(self._world, self._sight, self._held)
            self._made = bench, self._prepare(bench)
        return self._made

    def let_go(self) -> None:
        """Let others have the books; an engine is still asked, without them."""
        self._held.close()

    def forget(self) -> None:
        """Prepare it anew when it is needed next."""
        self._made = None


def _ask(keeper: Keeper, ready: _Ready) -> tuple[dict[str, Any], dict[str, Any]]:
    """The handles of a task's jobs, and what became of them, by name."""
    handles = patiently(keeper, "translate", lambda: submit(ready.prepared))
    answers: dict[str, Any] = {}
    is_late = False
    while waiting := [name for name in handles if name not in answers]:
        looked = patiently(keeper, "poll", lambda: poll(ready.prepared, handles, waiting))
        answers |= looked["answers"]
        if len(answers) < len(handles):
            ready.let_go()
            keeper.sleep(looked["pause"])
            is_late = True
    if is_late:
        ready.forget()
    return handles, answers


def _attempt(keeper: Keeper, world: World, repository: str, prepare: Callable[[Bench], Prepared]) -> Any:
    sight = Sight.load(patiently(keeper, "read", lambda: look(world, repository).dump()))
    with _Ready(world, sight, prepare) as ready:
        handles, answers = _ask(keeper, ready)
        done = patiently(keeper, "assemble and push", lambda: _push(ready.bench, ready.prepared, answers))
        told = patiently(keeper, "publish", lambda: _publish(world, sight, done, ready.bench))
        patiently(keeper, "finish", lambda: finish_jobs(ready.prepared, handles, answers))
    is_complete = not any("failure" in found for found in answers.values())
    return {
        "summary": told,
        "seen": (sight.upstream, sight.upstream_branch, sight.source) if is_complete else None,
        **{name: done[name] for name in ("replies", "failed", "errors", "untried")},
    }


def _push(bench: Bench, prepared: Prepared, answers: Mapping[str, Any]) -> Value:
    """Drafts and record committed and pushed, all at once. Raises Moved."""
    outcome: Outcome = prepared.complete({branch: as_asked(found) for branch, found in answers.items()})
    bench.target.push(outcome.updates)
    heads = {ref.removeprefix(_HEADS): commit for ref, commit in outcome.updates.items() if ref.startswith(_HEADS)}
    return {
        "record": outcome.updates.get(records.REF, bench.sight.record),
        "tips": {**bench.sight.tips, **heads},
        "replies": list(outcome.replies),
        "failed": outcome.failed,
        "errors": dict(outcome.errors),
        "untried": outcome.untried,
    }


def _publish(world: World, sight: Sight, done: Mapping[str, Any], bench: Bench) -> Value:
    """Show what was pushed."""
    record = replace(settle(read_record(bench.target, done["record"]), sight), source=sight.source)
    created = {branch: found.number is None for branch, found in record.proposals.items()}
    forge = world.connect(sight.repository)
    seen = Ticked(sight.chapters, sight.sections)
    told = publish(forge, record, bench.config, sight.branch, sight.upstream, done["tips"], created, seen)
    _tell_effort(forge, bench)
    return told


def _tell_effort(forge: Forge, bench: Bench) -> None:
    """Say in each pull request that was merged since the last look what review made of its draft."""
    found = entries_of(bench.target, bench.sight, bench.merged, bench.language)
    for number in dict.fromkeys(entry.pull_request for entry in found):
        text = closing_comment([entry for entry in found if entry.pull_request == number])
        try:
            forge.comment(number, "merged", text)
        except Later:
            raise
        except ForgeError as error:  # the conversation may be locked; the ledger has the figures
            _log.warning("#%d: %s", number, error)


def _status(world: World, repository: str, number: int) -> str:
    sight = look(world, repository)
    with world.mirrors.hold(world.access(repository), sight.commits) as target:
        record: Record = settle(read_record(target, sight.record), sight)
        language = world.config(target, sight.target).language or ""
    return replies.status_text(record, proposal_of(record, number), language, sight.upstream)


def _score(world: World, repository: str, number: int, sections: Sequence[str]) -> tuple[str, bool]:
    """What has become of a pull request's draft so far, and whether that could not be said."""
    sight = look(world, repository)
    with world.mirrors.hold(world.access(repository), sight.commits) as target:
        proposal = proposal_of(settle(read_record(target, sight.record), sight), number)
        tip = sight.tips.get(proposal.branch) if proposal else None
        if proposal is None or tip is None:
            return replies.not_open(), True
        found, missing = commands.find_sections(sections, sorted(proposal.sections)) if sections else ((), ())
        if missing:
            return replies.unknown_sections(missing), True
        language = world.config(target, sight.target).language or ""
        reviewed = review(target, sight.record, proposal, tip, language)
        chosen = {path: units for path, units in reviewed.items() if path in found or not sections}
        merge = Merge("", repository, number, language, proposal.engine)
        return score_text(entries(merge, chosen)), False


def _told(keeper: Keeper, world: World, repository: str, work: Callable[[], Any]) -> str:
    """Do it, and tell the people of the repository what finally fails, in one issue that is updated in place."""
    try:
        done = work()
    except Idle:
        raise
    except ConfigError as error:
        wrong = str(error)
        patiently(keeper, "tell", lambda: tell_settings(world.connect(repository), wrong))
        return f"settings: {error}"
    except AmtsError as error:
        why = str(error)
        try:
            patiently(keeper, "tell", lambda: tell_problem(world.connect(repository), why))
        except AmtsError as silenced:  # issues may be switched off: what failed first is what counts
            _log.warning("%s: cannot be told there: %s", repository, silenced)
        raise
    marks = [SETTINGS_MARKER]
    if errors := done["errors"]:
        patiently(keeper, "tell", lambda: tell_errors(world.connect(repository), errors))
    else:
        marks.append(PROBLEM_MARKER)
    patiently(keeper, "mend", lambda: mend(world.connect(repository), *marks))
    return str(done["summary"])


def _say(keeper: Keeper, world: World, repository: str, said: Said, key: str, text: str) -> None:
    patiently(keeper, "reply", lambda: world.connect(repository).comment(said.number, f"{said.comment}-{key}", text))


def _react(keeper: Keeper, world: World, repository: str, said: Said, reaction: str) -> None:
    patiently(keeper, reaction, lambda: world.connect(repository).react(said.number, said.comment, reaction))


def _name(command: object) -> str:
    return f"`/amts {type(command).__name__.lower()}`"


def patiently(keeper: Keeper, name: str, make: Callable[[], Value]) -> Value:
    """A stage, again after a while where GitHub asks for that or cannot be reached. Raises AmtsError."""
    for number in range(_PATIENCE):
        kept = keeper.step(name, lambda: _or_later(make))
        if "later" not in kept:
            if "moved" in kept:
                raise Moved(kept["moved"])
            return kept["value"]
        _log.info("%s: %s", name, kept["why"])
        keeper.sleep(max(kept["later"], min(_LONGEST_WAIT, 2.0 ** min(number, 20))))
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
    except AmtsError:
        raise
    except Exception as error:  # a fault of ours ends a task like any other, and is told like any other
        raise StageError(unexpected(error)) from error
