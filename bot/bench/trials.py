"""An experiment carried out: every job sent, waited for, and scored."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.bench import Progress
from bot.bench.experiment import SOURCE_LANGUAGE, Article, Experiment, Trial, reason, request_id, turned_round
from sync.checks import check_translation
from sync.engines import Answers, Handle
from sync.model import BlockKind, Cost, Translation, TranslationUnit
from sync.score import bleu, bleu_spread


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What became of a segment; `fault` says why its source was left standing, as in a draft."""

    source: str
    text: str
    reference: str
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class ArticleScore:
    """BLEU of one article on 0–1, and half the width of its 95 % confidence interval."""

    path: str
    bleu: float
    spread: float
    signature: str
    hypotheses: tuple[Hypothesis, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trial gave: the scores of the articles, in order, or the error that stood in its way."""

    trial: Trial
    scores: tuple[ArticleScore, ...] = ()
    cost: Cost | None = None
    notes: tuple[str, ...] = ()
    error: str | None = None


def carry_out(experiment: Experiment, progress: Progress) -> tuple[Outcome, ...]:
    """Sends all jobs, waits for them side by side, and scores what came back. One that fails costs no other."""
    trials = experiment.trials
    handles: dict[int, Handle] = {}
    results: dict[int, Answers | str] = {}
    for number, trial in enumerate(trials):
        progress("translate", 0, len(trials))
        try:
            handles[number] = trial.translator.submit(trial.job)
        except Exception as error:  # whatever it is: it must not cost the others, which are paid for
            results[number] = reason(error)
    while open_ones := [number for number in handles if number not in results]:
        for number in open_ones:
            try:
                answers = trials[number].translator.poll(handles[number])
            except Exception as error:
                results[number] = reason(error)
            else:
                if answers is not None:
                    results[number] = answers
            progress("translate", len(results), len(trials))
        if all(number not in results for number in open_ones):
            # Jittered, so that many that wait do not ask all at once; not a secret.
            time.sleep(max(trials[number].translator.pause for number in open_ones) * random.uniform(0.8, 1.2))  # noqa: S311
    outcomes = []
    for number, trial in enumerate(trials):
        progress("score", number, len(trials))
        outcome = _outcome(experiment, trial, results[number])
        outcomes.append(_finished(outcome, handles.get(number)))
    progress("score", len(trials), len(trials))
    return tuple(outcomes)


def _finished(outcome: Outcome, handle: Handle | None) -> Outcome:
    """The engine may forget the job: its answers are scored."""
    if handle is None or outcome.error is not None:
        return outcome
    try:
        outcome.trial.translator.finish(handle)
    except Exception as error:
        return replace(outcome, notes=(*outcome.notes, reason(error)))
    return outcome


def _outcome(experiment: Experiment, trial: Trial, result: Answers | str) -> Outcome:
    if isinstance(result, str):
        return Outcome(trial, error=result)
    scores = tuple(_score(article, trial, result.translations) for article in experiment.articles)
    return Outcome(trial, scores, result.cost, result.notes)


def _score(article: Article, trial: Trial, translations: Mapping[str, Translation]) -> ArticleScore:
    turned = trial.job.source_language != SOURCE_LANGUAGE
    hypotheses = tuple(
        _hypothesis(turned_round(unit) if turned else unit, translations.get(request_id(article, number)))
        for number, unit in enumerate(article.units)
    )
    texts = [found.text for found in hypotheses], [found.reference for found in hypotheses]
    language = trial.job.target_language
    score = bleu(*texts, language)
    return ArticleScore(article.path, score.value, bleu_spread(*texts, language), score.signature, hypotheses)


def _hypothesis(unit: TranslationUnit, translation: Translation | None) -> Hypothesis:
    """A segment as it would stand in a draft."""
    if translation is None:
        return Hypothesis(unit.source, unit.source, unit.target, "it was not sent")
    if translation.text is None:
        return Hypothesis(unit.source, unit.source, unit.target, translation.reason or "the engine gives no reason")
    text = translation.text.strip()
    # Its kind of block is not known here; that matters only in a table.
    if fault := check_translation(unit.source, text, BlockKind.PARAGRAPH):
        return Hypothesis(unit.source, unit.source, unit.target, fault)
    return Hypothesis(unit.source, text, unit.target)
