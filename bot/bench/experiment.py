"""What a book's own sentence pairs are worth to an engine: articles translated without and with them.

Each article is translated in both directions, three ways: with nothing, with the paragraph pairs, and with the
sentence pairs of all the other sections. What is translated are the article's aligned sentences, so that hypothesis
and reference cover the same text. One job for each direction and way, over all articles.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path, PurePosixPath

from rapidfuzz import fuzz, process

from bot.bench import Progress
from bot.files import PairFiles, pairs_in
from sync.config import Engine
from sync.engines import Job, Knowledge, Translator, create
from sync.faults import unexpected
from sync.inline import fold, mask, strip_marks, tokens
from sync.languages import language as find_language
from sync.markdown import parse
from sync.model import AmtsError, Cost, Request, TranslationUnit
from sync.parallel_data import read_units
from sync.sentences import split
from sync.units import translation_units

SOURCE_LANGUAGE = "en"


class Way(StrEnum):
    """The parallel data that an engine is given."""

    NONE = "none"
    PARAGRAPHS = "paragraphs"
    SENTENCES = "sentences"


# An experiment must not go without ACT unseen, nor use it where it is what the rest is compared with; and it
# leaves nothing behind.
_TOLD: Mapping[str, Mapping[Way, Mapping[str, object]]] = {
    "amazon": {
        Way.NONE: {"act": "never", "keep": False},
        Way.PARAGRAPHS: {"act": "always", "keep": False},
        Way.SENTENCES: {"act": "always", "keep": False},
    },
}


class ArticleError(AmtsError):
    """An article that cannot be found, or nothing left to try."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What is to be tried: `names` are articles (the stem of a file, or its path) below `folder`.

    `added` are files of translation units that are used besides the folder's. `seen`: the articles' own units are
    left in the parallel data.
    """

    folder: Path
    language: str
    names: tuple[str, ...]
    engine: Engine
    added: tuple[Path, ...] = ()
    seen: bool = False


@dataclass(frozen=True, slots=True)
class Article:
    """A section that is translated, by its path, and its aligned sentences."""

    path: str
    units: tuple[TranslationUnit, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """One direction and way, ready to be sent; `estimate` is None where nothing is paid for.

    `units` is how many the engine may draw on, `held_out` how many of the others were kept from it.
    """

    job: Job
    way: Way
    units: int
    held_out: int
    translator: Translator
    estimate: Cost | None


@dataclass(frozen=True, slots=True)
class Experiment:
    """All trials, of which nothing was sent yet. `errors`: why an article is not in them, by path."""

    language: str
    articles: tuple[Article, ...]
    trials: tuple[Trial, ...]
    errors: Mapping[str, str]
    notes: tuple[str, ...] = ()

    @property
    def estimate(self) -> Cost | None:
        """The cost of all trials together; None: nothing is paid for."""
        return total(trial.estimate for trial in self.trials)


def total(costs: Iterable[Cost | None]) -> Cost | None:
    """Several costs as one; None where nothing is paid for."""
    known = [cost for cost in costs if cost is not None]
    if not known:
        return None
    ways = {way: sum(cost.alternatives.get(way, cost.dollars) for cost in known) for way in known[0].alternatives}
    return Cost(
        sum(cost.characters for cost in known),
        sum(cost.billed for cost in known),
        sum(cost.dollars for cost in known),
        ways,
    )


def prepare(setup: Setup, progress: Progress) -> Experiment:
    """Reads the book and works out what would be sent, and what it would cost.

    An article that cannot be read is left out, and so is any other section. Raises FileError (no pairs),
    ArticleError, ParallelDataError, EngineError, UnknownLanguage.
    """
    code = find_language(setup.language).code
    if code == SOURCE_LANGUAGE:
        raise ArticleError(f"translations of {SOURCE_LANGUAGE} into itself: name the language of the translations")
    places = pairs_in(setup.folder)
    wanted = [place.path for place in choose(places, setup.names)]
    added = [unit for file in setup.added for unit in read_units(file, code, SOURCE_LANGUAGE)]
    sentences, paragraphs, errors = _read(places, code, progress)
    articles = tuple(Article(path, sentences[path]) for path in wanted if sentences.get(path))
    missing = {path: errors.pop(path, "it has no aligned sentences") for path in wanted if not sentences.get(path)}
    if not articles:
        raise ArticleError("; ".join(f"{path}: {error}" for path, error in missing.items()))
    own = _Own([unit for path in wanted for found in (sentences, paragraphs) for unit in found.get(path, ())], code)
    data: dict[Way, tuple[list[TranslationUnit], int]] = {Way.NONE: ([], 0)}
    for way, sections in ((Way.PARAGRAPHS, paragraphs), (Way.SENTENCES, sentences)):
        units = [*added, *(unit for found in sections.values() for unit in found)]  # oldest first
        left = units if setup.seen else [unit for unit in units if unit not in own]
        data[way] = left, len(units) - len(left)
    trials: list[Trial] = []
    for direction in ((SOURCE_LANGUAGE, code), (code, SOURCE_LANGUAGE)):
        for way, (units, held_out) in data.items():
            progress("estimate", len(trials), 2 * len(data))
            trials.append(_trial(setup, direction, way, articles, units, held_out))
    progress("estimate", len(trials), len(trials))
    notes = tuple(f"{path}: not used as parallel data: {error}" for path, error in errors.items())
    return Experiment(code, articles, tuple(trials), missing, notes)


def choose(places: Sequence[PairFiles], names: Sequence[str]) -> list[PairFiles]:
    """The pairs of that name: a path, with or without `.md`, or the stem of a file. Raises ArticleError."""
    chosen: dict[str, PairFiles] = {}
    for name in names:
        found = [place for place in places if name in (place.path, place.path.removesuffix(".md"))]
        found = found or [place for place in places if PurePosixPath(place.path).stem == name]
        if not found:
            known = {PurePosixPath(place.path).stem for place in places}
            nearest = process.extractOne(name[:100], sorted(known), scorer=fuzz.ratio)
            hint = f"; did you mean {nearest[0]}?" if nearest else ""
            raise ArticleError(f"no article {name[:100]!r}{hint}")
        if len(found) > 1:
            paths = ", ".join(place.path for place in found[:3])
            raise ArticleError(f"{len(found)} articles are named {name!r}: name one by its path, such as {paths}")
        chosen[found[0].path] = found[0]
    return list(chosen.values())


_Units = dict[str, tuple[TranslationUnit, ...]]


def _read(places: Sequence[PairFiles], language: str, progress: Progress) -> tuple[_Units, _Units, dict[str, str]]:
    """The sentence pairs and the paragraph pairs of each section, and why a section gives none, all by path."""
    sentences: _Units = {}
    paragraphs: _Units = {}
    errors: dict[str, str] = {}
    for number, place in enumerate(places):
        progress("align", number, len(places))
        try:
            pair = place.read()
            source, target = parse(pair.source, SOURCE_LANGUAGE), parse(pair.target, language)
            units = (
                tuple(translation_units(source, target, "sentence", place.path)),
                tuple(translation_units(source, target, "paragraph", place.path)),
            )
        except Exception as error:  # whatever it is: a section's fault must not cost the others
            errors[place.path] = reason(error)
        else:
            sentences[place.path], paragraphs[place.path] = units
    progress("align", len(places), len(places))
    return sentences, paragraphs, errors


def reason(error: Exception) -> str:
    """An error as one line, expected or not."""
    return str(error) if isinstance(error, AmtsError) else unexpected(error)


class _Own:
    """The articles' own units, and every other that gives one of their texts away, on either side."""

    def __init__(self, units: Iterable[TranslationUnit], language: str) -> None:
        self._language = language
        self._texts = set().union(*map(self._texts_of, units))

    def __contains__(self, unit: TranslationUnit) -> bool:
        # A paragraph gives an article's text away by any of its sentences.
        return not self._texts.isdisjoint(self._texts_of(unit))

    def _texts_of(self, unit: TranslationUnit) -> set[str]:
        return _texts(unit.source, SOURCE_LANGUAGE) | _texts(unit.target, self._language)


def _texts(text: str, language: str) -> set[str]:
    """A text as a whole, and each of its sentences."""
    return {_key(text), *(_key(text[start:end]) for start, end in split(mask(text, tokens(text)), language))}


def _key(text: str) -> str:
    return fold(strip_marks(text))


def _trial(
    setup: Setup,
    direction: tuple[str, str],
    way: Way,
    articles: Sequence[Article],
    units: Sequence[TranslationUnit],
    held_out: int,
) -> Trial:
    """One way in one direction. Raises EngineError."""
    turned = direction[0] != SOURCE_LANGUAGE
    requests = tuple(
        Request(request_id(article, number), turned_round(unit).source if turned else unit.source)
        for article in articles
        for number, unit in enumerate(article.units)
    )
    # A name of its own: what an engine keeps of the book itself must stay as it is.
    project = f"bench-{setup.folder.resolve().name}-{way}"
    knowledge = Knowledge(tuple(map(turned_round, units)) if turned else tuple(units), project=project)
    options = {**setup.engine.options, **_TOLD.get(setup.engine.name, {}).get(way, {})}
    translator = create(setup.engine.name, knowledge, options)
    job = Job(*direction, requests, _around(articles, requests))
    return Trial(job, way, len(units), held_out, translator, translator.estimate(job))


def _around(articles: Sequence[Article], requests: Sequence[Request]) -> dict[str, tuple[str, str]]:
    """The sentences before and after each request in its article, by its id."""
    texts = {request.id: request.source for request in requests}
    ids = [[request_id(article, number) for number in range(len(article.units))] for article in articles]
    return {
        id: (texts[own[place - 1]] if place else "", texts[own[place + 1]] if place + 1 < len(own) else "")
        for own in ids
        for place, id in enumerate(own)
    }


def request_id(article: Article, number: int) -> str:
    """The id of a unit's request; `number` is its place in the article."""
    return f"{article.path}:{number}"


def turned_round(unit: TranslationUnit) -> TranslationUnit:
    """The unit with its sides changed."""
    return replace(unit, source=unit.target, target=unit.source)
