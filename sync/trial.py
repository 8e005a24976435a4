"""What an engine is worth on this book: the held-out sentence pairs translated, with the book's own pairs and without.

The held-out ones are never given to an engine (see `sync.cleaning`), and are the same as long as the book is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sync import score
from sync.cleaning import is_held_out
from sync.config import Engine
from sync.engines import Answers, Job, Knowledge, Make, Translator
from sync.inline import fold, strip_marks
from sync.model import Provenance, Request, TranslationUnit

CHARACTERS = 10_000  # of the source, sent once for each way
_LEAST = 20  # pairs, below which a figure says nothing
_SURE = 0.75  # of an alignment, for its target to be a reference
_GROWN = 0.05  # share by which the pairs have to become more or fewer for another trial
_PREFIX = "trial:"
ADAPTED, PLAIN = f"{_PREFIX}with", f"{_PREFIX}without"
# How an engine is told to go without, or not to; the others are given no pairs.
_TOLD: Mapping[str, Mapping[str, Mapping[str, object]]] = {
    "amazon": {ADAPTED: {"act": "always"}, PLAIN: {"act": "never"}},
}
_USELESS_WITHOUT = frozenset({"memory"})  # which translates by these pairs alone
_NEVER = frozenset({"none"})


@dataclass(frozen=True, slots=True)
class Measure:
    """Scores over `answered` of the pairs: BLEU 0–1, chrF 0–100, TER in edits for 100 words.

    `spread` is half the 95 % interval of the BLEU, `signature` sacreBLEU's for it.
    """

    answered: int
    bleu: float
    spread: float
    chrf: float
    ter: float
    signature: str


@dataclass(frozen=True, slots=True)
class Quality:
    """What came of a trial: on `date` (ISO 8601), with so many `units` of the book, on `n` held-out pairs.

    `adapted` is with them, `plain` without; None where that was not tried, or not answered.
    """

    engine: str
    date: str
    units: int
    n: int
    characters: int
    adapted: Measure | None = None
    plain: Measure | None = None


def is_trial(name: str) -> bool:
    """Whether a job of this name is one of a trial."""
    return name.startswith(_PREFIX)


def is_due(earlier: Quality | None, engine: str, units: Sequence[TranslationUnit]) -> bool:
    """Whether a trial would say something new: of another engine than the one before, or with other pairs."""
    if engine in _NEVER:
        return False
    if earlier is None or earlier.engine != engine:
        return True
    return abs(len(units) - earlier.units) > _GROWN * earlier.units


def sample(units: Sequence[TranslationUnit], characters: int = CHARACTERS) -> tuple[TranslationUnit, ...]:
    """Held-out pairs of people, chosen by the hash of their source, whose sources have so many characters at most."""
    known = {
        unit.source: unit
        for unit in (_plain(unit) for unit in units)
        if unit.provenance is Provenance.BOOK and unit.confidence >= _SURE and is_held_out(unit.source)
    }
    chosen = []
    for unit in sorted(known.values(), key=lambda unit: hashlib.sha256(unit.source.encode()).digest()):
        characters -= len(unit.source)
        if characters < 0:
            break
        chosen.append(unit)
    return tuple(chosen) if len(chosen) >= _LEAST else ()


def prepare(
    engine: Engine, knowledge: Knowledge, pairs: Sequence[TranslationUnit], languages: tuple[str, str], make: Make
) -> dict[str, tuple[Translator, Job]]:
    """The jobs of a trial by their names, each with its translator; `languages`: of source and target.

    Raises EngineError.
    """
    job = Job(*languages, tuple(Request(str(number), unit.source) for number, unit in enumerate(pairs)))
    kept = replace(knowledge, units=tuple(unit for unit in knowledge.units if not is_held_out(_plain(unit).source)))
    told = _TOLD.get(engine.name, {})
    ways = {ADAPTED: kept}
    if engine.name not in _USELESS_WITHOUT:
        ways[PLAIN] = kept if told else replace(kept, units=())
    translators = {
        name: make(engine.name, data, {**engine.options, **told.get(name, {})}) for name, data in ways.items()
    }
    return {name: (translator, job) for name, translator in translators.items()}


def measure(answers: Answers | None, pairs: Sequence[TranslationUnit], language: str) -> Measure | None:
    """The scores of what was answered; None where that is too little to say anything."""
    if answers is None:
        return None
    texts = [
        (found.text, unit.target)
        for number, unit in enumerate(pairs)
        if (found := answers.translations.get(str(number))) is not None and found.text
    ]
    if len(texts) < _LEAST:
        return None
    hypotheses, references = [text for text, _ in texts], [text for _, text in texts]
    bleu = score.bleu(hypotheses, references, language)
    return Measure(
        len(texts), bleu.value, score.bleu_spread(hypotheses, references, language),
        score.chrf(hypotheses, references).value, score.ter(hypotheses, references, language).value, bleu.signature,
    )  # fmt: skip


def _plain(unit: TranslationUnit) -> TranslationUnit:
    return replace(unit, source=fold(strip_marks(unit.source)))
