"""What an engine is worth on this book: the held-out sentence pairs translated, with the book's own pairs and without.

The held-out ones are never given to an engine (see `sync.cleaning`), and are the same as long as the book is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sync import score
from sync.cleaning import clean, is_held_out
from sync.config import Engine
from sync.engines import Answers, Job, Knowledge, Make, Translator, one_purse
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


def sample(
    units: Sequence[TranslationUnit], language: str, characters: int = CHARACTERS
) -> tuple[TranslationUnit, ...]:
    """Held-out pairs of people, chosen by the hash of their source, whose sources have so many characters at most.

    Only such as are fit to be examples (see `sync.cleaning`), so that a reference is a translation.
    """
    ours = [unit for unit in units if unit.provenance is Provenance.BOOK and unit.confidence >= _SURE]
    chosen = []
    for unit in sorted(clean(ours, language).held_out, key=lambda unit: hashlib.sha256(unit.source.encode()).digest()):
        if len(unit.source) <= characters:
            characters -= len(unit.source)
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
    with one_purse():
        translators = {
            name: make(engine.name, data, {**engine.options, **told.get(name, {})}) for name, data in ways.items()
        }
    return {name: (translator, job) for name, translator in translators.items()}


def measure(
    answers: Mapping[str, Answers], pairs: Sequence[TranslationUnit], language: str
) -> tuple[Measure | None, Measure | None]:
    """The scores with the book's pairs and without, both on what both answered; None for a way that did not answer.

    None for both where that is too little to say anything.
    """
    ways = {name: _texts(answers[name]) for name in (ADAPTED, PLAIN) if name in answers}
    common = [str(number) for number in range(len(pairs)) if all(str(number) in texts for texts in ways.values())]
    if len(common) < _LEAST:
        return None, None
    references = [pairs[int(id)].target for id in common]
    found = {name: _measure([texts[id] for id in common], references, language) for name, texts in ways.items()}
    return found.get(ADAPTED), found.get(PLAIN)


def _texts(answers: Answers) -> dict[str, str]:
    return {id: found.text for id, found in answers.translations.items() if found.text}


def _measure(hypotheses: Sequence[str], references: Sequence[str], language: str) -> Measure:
    bleu = score.bleu(hypotheses, references, language)
    return Measure(
        len(hypotheses), min(bleu.value, 1.0), score.bleu_spread(hypotheses, references, language),
        score.chrf(hypotheses, references).value, score.ter(hypotheses, references, language).value, bleu.signature,
    )  # fmt: skip


def _plain(unit: TranslationUnit) -> TranslationUnit:
    return replace(unit, source=fold(strip_marks(unit.source)))
