"""The trial of an engine on the book's held-out sentences: beside updates, when it would say something new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from bot.tasks import Bench, Outcome, Prepared, keep
from sync import pipeline, trial
from sync.config import Engine
from sync.drafts import Asked
from sync.engines import EngineError, Knowledge, Make, create, max_cost
from sync.model import TranslationUnit
from sync.sections import quiet
from sync.trial import Quality


def is_due(bench: Bench, knowledge: Knowledge) -> bool:
    """Whether a trial with what the book teaches now would say something new."""
    due = trial.is_due(bench.record.quality, bench.config.engine.name, knowledge.units)
    return due and bool(trial.sample(knowledge.units, bench.language))


def prepare_trial(bench: Bench, make: Make = create) -> tuple[Prepared, tuple[TranslationUnit, ...], int]:
    """The jobs of a trial, the pairs that it is made on, and how many the book has. Raises EngineError."""
    engine = bench.config.engine
    knowledge = pipeline.learn(bench.read(bench.sight.target), quiet).knowledge
    pairs = trial.sample(knowledge.units, bench.language)
    languages = bench.config.source_language, bench.language
    asked = trial.prepare(engine, knowledge, pairs, languages, make) if pairs else {}
    if not asked:
        raise EngineError("there is nothing to try an engine on")
    prepared = Prepared(None, {}, lambda _: Outcome(bench.record), limit_of(engine), asked)
    return prepared, pairs, len(knowledge.units)


def quality_of(bench: Bench, pairs: Sequence[TranslationUnit], units: int, asked: Mapping[str, Asked]) -> Quality:
    """What the trial came to."""
    date = datetime.fromtimestamp(int(bench.sight.date.partition(" ")[0]), UTC).date().isoformat()
    answers = {name: found.answers for name, found in asked.items() if found.failure is None}
    adapted, plain = trial.measure(answers, pairs, bench.language)
    characters = sum(len(unit.source) for unit in pairs)
    return Quality(bench.config.engine.name, date, units, len(pairs), characters, adapted, plain)


def prepare_quality(bench: Bench, found: Quality) -> Prepared:
    """Remember what a trial came to."""
    outcome = keep(bench, replace(bench.record, quality=found), {})
    return Prepared(None, {}, lambda _: outcome)


def limit_of(engine: Engine) -> float | None:
    """US dollars that an update or a trial may cost; None: there is no limit."""
    return max_cost(engine.name, engine.options)
