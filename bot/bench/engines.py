"""How fast an engine that asks a model is: batching beside one prompt at a time, retrieval, and a second run."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean

from rich.table import Table

from bot.bench import Progress
from bot.files import pairs_in
from sync.drafts import wait
from sync.engines import Job, Knowledge
from sync.engines.adaptive import open_model
from sync.engines.adaptive.cache import Cache
from sync.engines.adaptive.engine import AdaptiveTranslator
from sync.engines.adaptive.options import Options
from sync.engines.adaptive.retrieval import Retriever
from sync.languages import language as find_language
from sync.markdown import parse
from sync.model import AmtsError, Request, TranslationUnit
from sync.units import translation_units

_UNITS = 20_000  # that examples are retrieved from; a smaller book is repeated, each time with other words
_ASKED = 200  # segments that they are retrieved for
_EXAMPLES = 8
TIMES = 1.5  # as fast as one at a time
MILLISECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Speed:
    """Segments that were translated, in seconds, so many prompts at a time with so many examples each."""

    examples: int
    concurrency: int
    segments: int
    seconds: float
    input_tokens: int
    output_tokens: int

    @property
    def rate(self) -> float:
        """Segments a second."""
        return self.segments / self.seconds


@dataclass(frozen=True, slots=True)
class EngineFigures:
    """What was measured; `again` is how many requests a second run of the same made."""

    model: str
    units: int
    retrieval: float  # milliseconds for a segment
    speeds: tuple[Speed, ...]
    again: int

    @property
    def gain(self) -> float:
        """How many times as fast batching is as one at a time, at best of the two kinds of prompts."""
        return max(self.gains.values())

    @property
    def gains(self) -> Mapping[int, float]:
        """The same by the number of examples."""
        kinds = dict.fromkeys(speed.examples for speed in self.speeds)
        return {kind: self._rates(kind)[1] / self._rates(kind)[0] for kind in kinds}

    def _rates(self, examples: int) -> list[float]:
        """One at a time, then many."""
        return [speed.rate for speed in self.speeds if speed.examples == examples]

    @property
    def as_said(self) -> bool:
        """Whether the goals are reached."""
        return self.gain >= TIMES and self.retrieval <= MILLISECONDS and self.again == 0

    def to_json(self) -> dict[str, object]:
        """Everything."""
        return {
            **asdict(self),
            "gains": {str(kind): gain for kind, gain in self.gains.items()},
            "as_said": self.as_said,
        }

    def tables(self) -> Sequence[Table]:
        """Every run, then the goals."""
        runs = Table(title=f"Engine local, {self.model}")
        for heading in ("examples", "at a time", "segments", "seconds", "segments a second", "tokens read", "written"):
            runs.add_column(heading, justify="right")
        for speed in self.speeds:
            runs.add_row(
                str(speed.examples), str(speed.concurrency), str(speed.segments), f"{speed.seconds:.1f}",
                f"{speed.rate:.2f}", f"{speed.input_tokens:,}", f"{speed.output_tokens:,}",
            )  # fmt: skip
        goals = Table("figure", "to reach", "measured")
        for kind, gain in self.gains.items():
            goals.add_row(f"batching, {kind} examples: times as fast", f"≥ {TIMES:g}", f"{gain:.2f}")
        goals.add_row(
            f"retrieval of {_EXAMPLES} from {self.units:,} units, ms a segment",
            f"≤ {MILLISECONDS:g}",
            f"{self.retrieval:.2f}",
        )
        goals.add_row("requests of a second run", "0", str(self.again))
        return [runs, goals]


def bench_engines(folder: Path, language: str, segments: int, progress: Progress) -> EngineFigures:
    """Measures the model of AMTS_LOCAL_MODEL on the pairs below `folder`. Raises EngineError, FileError, AmtsError."""
    code = find_language(language).code
    many_at_once = os.environ.get("AMTS_LOCAL_CONCURRENCY") or "4"
    if many_at_once == "1":
        raise AmtsError("AMTS_LOCAL_CONCURRENCY is 1, and there is nothing to compare it with: set it to 2 or more")
    units = _units(folder, code, progress)
    asked, known = units[:: max(len(units) // _ASKED, 1)], tuple(units)
    sample = [Request(str(n), unit.source) for n, unit in enumerate(_spread(units, segments))]
    taught = tuple(unit for unit in known if unit.source not in {request.source for request in sample})
    if not sample or not taught:
        raise AmtsError(f"{folder} holds too few sentence pairs to measure anything")
    many, milliseconds = _retrieval(known, asked, code)
    if not many:
        raise AmtsError(f"{folder} holds no sentence pairs that could be examples")
    speeds: list[Speed] = []
    model = ""
    with tempfile.TemporaryDirectory() as place:
        for kind in (0, _EXAMPLES):
            for concurrency in ("1", many_at_once):
                progress("translate", len(speeds), 4)
                environment = {**os.environ, "AMTS_LOCAL_CONCURRENCY": concurrency}
                cache = Path(place) / f"{kind}-{concurrency}.sqlite"
                speed, model, again = _timed(environment, taught, sample, code, kind, cache)
                speeds.append(speed)
        progress("translate", 4, 4)
    return EngineFigures(model, many, milliseconds, tuple(speeds), again)


def _units(folder: Path, code: str, progress: Progress) -> list[TranslationUnit]:
    places = pairs_in(folder)
    units: list[TranslationUnit] = []
    for number, place in enumerate(places):
        progress("align", number, len(places))
        pair = place.read()
        units += translation_units(parse(pair.source, "en"), parse(pair.target, code), origin=place.path)
    progress("align", len(places), len(places))
    return units


def _spread(units: Sequence[TranslationUnit], many: int) -> Sequence[TranslationUnit]:
    """Sentences from all over the book that are worth translating."""
    good = [unit for unit in units if len(unit.source) > 20 and unit.confidence > 0.9]
    return good[:: max(len(good) // many, 1)][:many]


def _retrieval(units: Sequence[TranslationUnit], asked: Sequence[TranslationUnit], code: str) -> tuple[int, float]:
    """How many units there were, and the milliseconds that a segment took."""
    grown = list(units)
    for copy in range(1, 1 + _UNITS // max(len(units), 1)):
        grown += [
            TranslationUnit(f"{unit.source} {_word(copy)}.", f"{unit.target} {_word(copy)}.", unit.confidence)
            for unit in units
        ]
    # Cleaning drops some of them.
    retriever = Retriever(grown[: _UNITS * 5 // 4], code, "en")
    times = []
    for unit in asked[:_ASKED]:
        began = time.perf_counter()
        retriever.examples(unit.source, _EXAMPLES)
        times.append(time.perf_counter() - began)
    return len(retriever), 1000 * fmean(times)


def _word(number: int) -> str:
    return "variant" + "x" * number


def _timed(
    environment: Mapping[str, str],
    known: tuple[TranslationUnit, ...],
    requests: Sequence[Request],
    code: str,
    examples: int,
    cache: Path,
) -> tuple[Speed, str, int]:
    """How fast the segments are translated, by which model, and what a second run asked of it."""
    model = open_model("local", environment)
    knowledge = Knowledge(known)
    job = Job("en", code, tuple(requests))
    kept = Cache(cache)
    warm = AdaptiveTranslator(
        "local", knowledge, model, Options(examples=0, retry=False), Cache(cache.with_suffix(".w"))
    )
    wait(warm, warm.submit(Job("en", code, (Request("w", "The model is loaded."),))), lambda: None)
    runs = []
    for _ in range(2):
        translator = AdaptiveTranslator("local", knowledge, model, Options(examples=examples, retry=False), kept)
        handle = translator.submit(job)
        began = time.perf_counter()
        wait(translator, handle, lambda: None)
        runs.append((time.perf_counter() - began, translator.spent(handle)))
    (seconds, spent), (_, again) = runs
    speed = Speed(examples, model.concurrency, spent.requests, seconds, spent.input_tokens, spent.output_tokens)
    return speed, model.identity, again.requests
