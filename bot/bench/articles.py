"""The published tables, measured again: BLEU of articles without and with the book's own sentence pairs."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from statistics import fmean

from rich.table import Table
from rich.text import Text

from bot.bench import Progress
from bot.bench.experiment import SOURCE_LANGUAGE, Experiment, Trial, Way, total
from bot.bench.trials import ArticleScore, Outcome, carry_out
from sync.model import Cost
from sync.score import bleu, bleu_spread

# English to Chinese, then Chinese to English; without ACT, with paragraph pairs, with sentence pairs. Published by
# the authors of AMTS for Amazon Translate.
PUBLISHED = {
    "approx-training": ((0.553, 0.549, 0.589), (0.717, 0.747, 0.770)),
    "bert-dataset": ((0.548, 0.612, 0.689), (0.771, 0.831, 0.900)),
    "language-models-and-dataset": ((0.502, 0.518, 0.607), (0.683, 0.736, 0.806)),
    "machine-translation-and-dataset": ((0.519, 0.546, 0.599), (0.706, 0.788, 0.890)),
    "sentiment-analysis-and-dataset": ((0.558, 0.631, 0.712), (0.725, 0.828, 0.862)),
}
_LABELS = {Way.NONE: "without", Way.PARAGRAPHS: "paragraph pairs", Way.SENTENCES: "sentence pairs"}
_NOTHING = "–"
_REASONS = 5  # of those why segments failed, for each trial


@dataclass(frozen=True, slots=True)
class ArticleFigures:
    """What became of an experiment."""

    experiment: Experiment
    outcomes: tuple[Outcome, ...]

    @property
    def failed(self) -> bool:
        """Whether an article could not be read, a job came to nothing, or segments have no translation."""
        return bool(self.experiment.errors) or any(outcome.error or _faults(outcome) for outcome in self.outcomes)

    @property
    def cost(self) -> Cost | None:
        """What was spent, as far as the engine says; None: nothing is paid for."""
        return total(outcome.cost for outcome in self.outcomes)

    def to_json(self) -> dict[str, object]:
        """Every trial with its scores, and every segment behind them; figures not rounded."""
        cost = self.cost
        return {
            "language": self.experiment.language,
            "cost": None if cost is None else asdict(cost),
            "trials": [self._trial_json(outcome) for outcome in self.outcomes],
            "errors": dict(self.experiment.errors),
            "notes": list(self.experiment.notes),
        }

    def _trial_json(self, outcome: Outcome) -> dict[str, object]:
        trial = outcome.trial
        return {
            "source_language": trial.job.source_language,
            "target_language": trial.job.target_language,
            "engine": trial.translator.name,
            "parallel_data": trial.way.value,
            "units": trial.units,
            "held_out": trial.held_out,
            "average": _mean(outcome),
            "as_one": _as_one(outcome),
            "published_average": self._published_average(trial),
            "signature": _signature(outcome),
            "segments": len(trial.job.requests),
            "failed": _faults(outcome).total(),
            "cost": None if outcome.cost is None else asdict(outcome.cost),
            "error": outcome.error,
            "notes": list(outcome.notes),
            "articles": [asdict(score) | {"published": published(score.path, trial)} for score in outcome.scores],
        }

    def tables(self) -> list[Table]:
        """What went wrong, what each job was, and the scores as they were published."""
        return [self._finding_table(), self._trial_table(), self._score_table()]

    def _score_table(self) -> Table:
        signatures = dict.fromkeys(score.signature for outcome in self.outcomes for score in outcome.scores)
        legend = "BLEU (0–1) ± half its 95 % confidence interval" + " (published figure)" * self._compares
        table = Table(title="BLEU against the human translation", caption="; ".join([legend, *signatures]))
        table.add_column("article", overflow="fold")
        for outcome in self.outcomes:
            table.add_column(f"{direction(outcome.trial)}\n{_LABELS[outcome.trial.way]}", justify="right")
        for number, article in enumerate(self.experiment.articles):
            cells = [
                _cell(outcome.scores[number], published(article.path, outcome.trial)) if outcome.scores else _NOTHING
                for outcome in self.outcomes
            ]
            table.add_row(Text(shown(PurePosixPath(article.path).stem)), *cells)
        table.add_section()
        averages = [_figure(_mean(outcome), self._published_average(outcome.trial)) for outcome in self.outcomes]
        table.add_row("average", *averages)
        table.add_row("all as one text", *(_interval(_as_one(outcome)) for outcome in self.outcomes))
        return table

    def _trial_table(self) -> Table:
        table = Table(title="What each job was", caption="Units: what the engine may draw on; held out: kept from it.")
        for heading in ("direction", "parallel data"):
            table.add_column(heading)
        for heading in ("units", "held out", "segments", "failed", "characters", "dollars"):
            table.add_column(heading, justify="right")
        for outcome in self.outcomes:
            trial, cost = outcome.trial, outcome.cost
            table.add_row(
                direction(trial),
                _LABELS[trial.way],
                f"{trial.units:,}",
                f"{trial.held_out:,}",
                f"{len(trial.job.requests):,}",
                f"{_faults(outcome).total():,}",
                _NOTHING if cost is None else f"{cost.characters:,}",
                _NOTHING if cost is None else f"{cost.dollars:,.2f}",
            )
        if (spent := self.cost) is not None:
            table.add_section()
            table.add_row("all", *[""] * 5, f"{spent.characters:,}", f"{spent.dollars:,.2f}")
        return table

    def _finding_table(self) -> Table:
        table = Table(title="What deserves a look")
        for heading in ("where", "what"):
            table.add_column(heading, overflow="fold")
        for path, error in self.experiment.errors.items():
            table.add_row(Text(shown(path)), Text(shown(f"left out: {error}")))
        for note in self.experiment.notes:
            table.add_row("the book", Text(shown(note)))
        for outcome in self.outcomes:
            where = f"{direction(outcome.trial)}, {_LABELS[outcome.trial.way]}"
            if outcome.error is not None:
                table.add_row(where, Text(shown(outcome.error)))
            for note in outcome.notes:
                table.add_row(where, Text(shown(note)))
            for reason, count in _faults(outcome).most_common(_REASONS):
                table.add_row(where, Text(shown(f"{count} × left as they are: {reason}")))
        return table

    @property
    def _compares(self) -> bool:
        paths = [article.path for article in self.experiment.articles]
        return any(published(path, trial) is not None for path in paths for trial in self.experiment.trials)

    def _published_average(self, trial: Trial) -> float | None:
        """That of the same articles; None where one of them was not published."""
        found = [published(article.path, trial) for article in self.experiment.articles]
        known = [figure for figure in found if figure is not None]
        return fmean(known) if len(known) == len(found) else None


def bench_articles(experiment: Experiment, progress: Progress) -> ArticleFigures:
    """Carries out an experiment, which costs what its estimate says."""
    return ArticleFigures(experiment, carry_out(experiment, progress))


def published(path: str, trial: Trial) -> float | None:
    """The figure that was published for an article in a direction and way, if one was."""
    languages = (trial.job.source_language, trial.job.target_language)
    directions = ((SOURCE_LANGUAGE, "zh"), ("zh", SOURCE_LANGUAGE))
    figures = PUBLISHED.get(PurePosixPath(path).stem)
    if figures is None or languages not in directions:
        return None
    return figures[directions.index(languages)][list(Way).index(trial.way)]


def cost_table(experiment: Experiment) -> Table:
    """What each job will cost, and all of them; without rows where nothing is paid for."""
    cost = experiment.estimate
    table = Table(title="What this will cost, in US dollars", caption="The most that can be charged for.")
    for heading in ("direction", "parallel data"):
        table.add_column(heading)
    for heading in ("segments", "characters", "with markup", "dollars", *(cost.alternatives if cost else ())):
        table.add_column(heading, justify="right")
    for trial in experiment.trials:
        if trial.estimate is not None:
            cells = _prices(len(trial.job.requests), trial.estimate)
            table.add_row(direction(trial), f"{_LABELS[trial.way]}, {trial.units:,} units", *cells)
    if cost is not None:
        table.add_section()
        paid = [trial for trial in experiment.trials if trial.estimate is not None]
        table.add_row("all", "", *_prices(sum(len(trial.job.requests) for trial in paid), cost))
    return table


def _prices(segments: int, cost: Cost) -> list[str]:
    dollars = (cost.dollars, *cost.alternatives.values())
    return [f"{segments:,}", f"{cost.characters:,}", f"{cost.billed:,}", *(f"{price:,.2f}" for price in dollars)]


def direction(trial: Trial) -> str:
    """The languages, for people."""
    return f"{trial.job.source_language} → {trial.job.target_language}"


def shown(text: str) -> str:
    """Text from outside on one line, bounded, and without what could steer a terminal."""
    return " ".join("".join(mark if mark.isprintable() else " " for mark in text[:500]).split())


def _mean(outcome: Outcome) -> float | None:
    return fmean(score.bleu for score in outcome.scores) if outcome.scores else None


def _signature(outcome: Outcome) -> str | None:
    return outcome.scores[0].signature if outcome.scores else None


def _faults(outcome: Outcome) -> Counter[str]:
    """Why segments have no translation, and how many."""
    return Counter(found.fault for score in outcome.scores for found in score.hypotheses if found.fault)


def _cell(score: ArticleScore, known: float | None) -> str:
    return f"{score.bleu:.3f} ±{score.spread:.3f}{_beside(known)}"


def _as_one(outcome: Outcome) -> tuple[float, float] | None:
    """BLEU of all articles as one text, and half its interval, which is narrower than that of any one of them."""
    found = [hypothesis for score in outcome.scores for hypothesis in score.hypotheses]
    texts = [each.text for each in found], [each.reference for each in found]
    language = outcome.trial.job.target_language
    return (bleu(*texts, language).value, bleu_spread(*texts, language)) if found else None


def _interval(found: tuple[float, float] | None) -> str:
    return _NOTHING if found is None else f"{found[0]:.3f} ±{found[1]:.3f}"


def _figure(value: float | None, known: float | None) -> str:
    return f"{_NOTHING if value is None else f'{value:.3f}'}{_beside(known)}"


def _beside(known: float | None) -> str:
    return "" if known is None else f" ({known:.3f})"
