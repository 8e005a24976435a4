"""What people ask for in comments: to draft anew, to leave sections out, to pause and to resume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot import baselines, replies
from bot.branches import leave_out
from bot.commands import Pause, Resume, Retranslate, Skip, find_sections
from bot.records import Proposal, Record, SectionRecord
from bot.review import is_change
from bot.tasks import Bench, Outcome, Prepared, keep
from bot.wording import plural
from bot.world import World
from sync import pipeline
from sync.bases import read_text
from sync.config import ConfigError, Engine
from sync.drafts import Asked
from sync.effort import Baseline, written
from sync.engines import EngineError, Job, create
from sync.model import Draft, Operation, Request, Translation
from sync.redraft import redraft, requests
from sync.reviewed import reviewed
from sync.sections import quiet


def proposal_of(record: Record, number: int) -> Proposal | None:
    """What is proposed in a pull request, if it is open."""
    return next((found for found in record.proposals.values() if found.number == number), None)


def prepare_pause(bench: Bench, command: Pause | Resume) -> Prepared:
    """Do nothing more in this repository, or go on."""
    paused = isinstance(command, Pause)
    outcome = keep(bench, replace(bench.record, paused=paused), {})
    said = replace(outcome, replies=(replies.paused() if paused else replies.resumed(),))
    return Prepared(None, {}, lambda _: said)


def prepare_skip(bench: Bench, command: Skip, number: int) -> Prepared:
    """Take sections out of a pull request, and draft them no more until their English changes."""
    proposal = proposal_of(bench.record, number)
    tip = bench.sight.tips.get(proposal.branch) if proposal else None
    if proposal is None or tip is None:
        return _refused(bench, replies.not_open())
    # With those that are out already: who asks twice, or once beside a crash, is told the same.
    found, missing = find_sections(command.sections, sorted({*proposal.sections, *bench.record.declined}))
    here = [path for path in found if path in proposal.sections]
    theirs = reviewed(bench.target, bench.sight.target, tip, here, bench.config.author, bench.language)
    out = [path for path in found if path not in theirs]
    free = [path for path in here if path not in theirs]
    said = [replies.unknown_sections(missing)] if missing else []
    said += [replies.not_skipped(tuple(theirs))] if theirs else []
    said += [replies.skipped(out)] if out else []
    failed = bool(missing or theirs)
    if not free:
        return Prepared(None, {}, lambda _: Outcome(bench.record, replies=tuple(said), failed=failed))
    commit = leave_out(bench, {path: proposal.sections[path] for path in free}, (tip,))
    left = {path: section for path, section in proposal.sections.items() if path not in free}
    declined = {path: proposal.sections[path].source for path in free}
    closing = None if left else replies.all_skipped()
    record = bench.record.with_proposal(replace(proposal, commit=commit, sections=left, closing=closing))
    record = replace(record, declined={**record.declined, **declined})
    outcome = keep(bench, record, {f"refs/heads/{proposal.branch}": commit})
    made = replace(outcome, replies=tuple(said), failed=failed)
    return Prepared(None, {}, lambda _: made)


def prepare_retranslate(bench: Bench, command: Retranslate, number: int, world: World) -> Prepared:
    """Draft anew what a machine wrote, or what waits, and nobody has edited."""
    proposal = proposal_of(bench.record, number)
    tip = bench.sight.tips.get(proposal.branch) if proposal else None
    if proposal is None or tip is None:
        return _refused(bench, replies.not_open())
    known = sorted(proposal.sections)
    found, missing = find_sections(command.sections, known) if command.sections else (tuple(known), ())
    said = [replies.unknown_sections(missing)] if missing else []
    tree = bench.target.tree(tip)
    texts = {path: read_text(bench.target, path, tree[path]) for path in found if path in tree}
    asked_for = {path: requests(text, proposal.sections[path].results, bench.language) for path, text in texts.items()}
    job = _job(bench, asked_for)
    if not job.requests:
        return _refused(bench, *(said or [replies.retranslated(0, 0, ())]))
    merged = bench.read(bench.sight.target)
    lessons = pipeline.learn(merged, quiet)
    try:
        engine = _engine(bench, command, world)
        translator = create(engine.name, lessons.knowledge, engine.options)
    except (ConfigError, EngineError) as error:  # it is not set up, or not allowed here: the other commands go on
        return _refused(bench, *said, replies.engine_failed(str(error)))

    def complete(asked: Mapping[str, Asked]) -> Outcome:
        answer = asked.get(proposal.branch, Asked())
        if answer.failure is not None:
            return Outcome(bench.record, replies=(*said, replies.engine_failed(answer.failure)), failed=True)
        drafts = {
            path: redraft(text, proposal.sections[path].results, _own(path, asked_for[path], answer), bench.language)
            for path, text in texts.items()
            if asked_for[path]
        }
        drafts = pipeline.check(drafts, merged, lambda: lessons.habits)
        return _redrafted(bench, proposal, drafts, texts, translator.name, said, len(job.requests))

    return Prepared(translator, {proposal.branch: job}, complete)


def _job(bench: Bench, asked_for: Mapping[str, Sequence[Request]]) -> Job:
    all_of_them = tuple(replace(found, id=f"{path}:{found.id}") for path, made in asked_for.items() for found in made)
    return Job(bench.config.source_language, bench.language, all_of_them)


def _own(path: str, made: Sequence[Request], answer: Asked) -> dict[str, Translation]:
    """The translations of one section, by the ids that it knows."""
    found = {request.id: answer.answers.translations.get(f"{path}:{request.id}") for request in made}
    return {id: replace(translation, id=id) for id, translation in found.items() if translation is not None}


def _engine(bench: Bench, command: Retranslate, world: World) -> Engine:
    engine = bench.config.engine
    if command.engine is not None and command.engine != engine.name:
        engine = world.engine(Engine(command.engine))
    if not command.act and engine.name == "amazon":
        engine = replace(engine, options={**engine.options, "act": "never"})
    return engine


def _redrafted(
    bench: Bench, proposal: Proposal, drafts: Mapping[str, Draft], texts: Mapping[str, str], engine: str,
    said: Sequence[str], asked: int,
) -> Outcome:  # fmt: skip
    changed = {path: draft for path, draft in drafts.items() if draft.text != texts[path]}
    count = sum(_difference(proposal.sections[path], draft) for path, draft in changed.items())
    reasons = sorted({
        result.reason for draft in drafts.values() for result in draft.results if result.waiting and result.reason
    })  # fmt: skip
    left = asked - count
    reply = replies.retranslated(count, left, reasons if left else ())
    if not changed:
        return Outcome(bench.record, replies=(*said, reply))
    commit = bench.target.write(
        (bench.sight.tips[proposal.branch],), {path: draft.text.encode() for path, draft in changed.items()},
        _message(f"Draft {plural(count, 'segment')} anew", proposal, engine), bench.config.author, bench.sight.date,
    )  # fmt: skip
    sections = dict(proposal.sections)
    old = {path: {found.id: found.draft for found in sections[path].results} for path in changed}
    for path, draft in changed.items():
        source, altered, sent = sections[path].characters
        looked = tuple(result for result in draft.results if is_change(result))
        sections[path] = replace(
            sections[path], results=looked, characters=(source, altered, sent + draft.characters_sent)
        )
    made = replace(proposal, commit=commit, sections=sections, engine=engine)
    again = {
        path: (
            *baselines.read(bench.target, bench.sight.record, proposal.branch, path),
            Baseline(
                draft.text, written(result for result in draft.results if result.draft != old[path].get(result.id))
            ),
        )
        for path, draft in changed.items()
    }
    updates = {f"refs/heads/{proposal.branch}": commit}
    outcome = keep(bench, bench.record.with_proposal(made), updates, {proposal.branch: again})
    return replace(outcome, replies=(*said, reply), failed=bool(said))


def _difference(before: SectionRecord, draft: Draft) -> int:
    old = {result.id: result.draft for result in before.results}
    return sum(
        result.operation is Operation.TRANSLATED and old.get(result.id) != result.draft for result in draft.results
    )


def _message(what: str, proposal: Proposal, engine: str | None = None) -> str:
    """A commit message with the trailers that tell the bot's own commits."""
    lines = [f"AMTS-Source: {proposal.source}", f"AMTS-Target: {proposal.target}"]
    lines += [f"AMTS-Engine: {engine}"] if engine else []
    return f"{what}\n\n" + "\n".join(lines) + "\n"


def _refused(bench: Bench, *said: str) -> Prepared:
    return Prepared(None, {}, lambda _: Outcome(bench.record, replies=said, failed=True))
