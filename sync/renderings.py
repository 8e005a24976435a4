"""How a book renders its terms: as its terminology says, and as its translators nearly always do.

A rendering is learnt from translation units by counting alone: a phrase of the source, and the piece of text that
nearly all its translations have and few others do.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sync.inline import mask, tokens
from sync.languages import is_spaceless
from sync.memory import DOUBTFUL
from sync.model import Term, TranslationUnit

USUAL = 0.9  # of the places, at least, that have a rendering
_ENOUGH = 10  # places; fewer show no usage
_LONGEST = 3  # words of a phrase
_SHORTEST = 3  # translations in which a rendering is looked for: one of them is no exception
_SPECIFIC = 4.0  # times as frequent where the phrase stands as elsewhere
_ALIKE = 0.02  # of two renderings that are about as frequent the longer one is meant
_LONGEST_UNIT = 2_000  # characters of either text; from a longer one nothing is learnt
_COMPARED = 400  # characters of a translation in which a rendering is looked for
_STEM = 5  # letters by which the words of a language with endings are compared

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_SPACES = re.compile(r"\s+")
_CLOSE_RUN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\u0e00-\u0e7f]{2,}")
_OF_ENGLISH = (
    "a an and are as at be been being but by can could did do does each for from had has have he her his how i if in "
    "into is it its just let like many may more most much must no not of on one only or other our out over per same "
    "she should show so some such than that the their them then there these they this those thus to too two under up "
    "us use used using very via was we well were what when where whether which while who why will with within without "
    "would you your also about after all any because before between both case cases different during e.g even example "
    "first following given hence here however i.e since section see note now new need make made get"
)
_FUNCTION_WORDS = frozenset(_OF_ENGLISH.split())  # no term begins or ends with one


@dataclass(frozen=True, slots=True)
class Rendering:
    """A term and its translation; `seen` of `total` places of the book have it (0 of 0: the terminology says so)."""

    source: str
    target: str
    seen: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Renderings:
    """The renderings of a book, by the words of each term."""

    language: str = ""
    known: Mapping[tuple[str, ...], Rendering] = field(default_factory=dict)

    @classmethod
    def learn(cls, units: Sequence[TranslationUnit], terms: Iterable[Term], language: str, most: float) -> Renderings:
        """Those that the units show, the most consistent first, and all terms of the terminology, which count more.

        So many are taken that the translators' own text would go against them in `most` places.
        """
        known = dict(_learnt(units, language, most))
        for term in terms:
            if key := tuple(word for word, _ in _source_words(term.source)):
                known[key] = Rendering(term.source, term.target)
        return cls(language, known)

    def missing(self, source: str, target: str) -> list[Rendering]:
        """The renderings of terms in the source that its translation lacks, the term being told by its longest form."""
        if not self.known:
            return []
        comparable = _comparable(target, self.language)
        return [
            rendering
            for rendering in self.found(source)
            if _comparable(rendering.target, self.language).strip() not in comparable
        ]

    def found(self, source: str) -> list[Rendering]:
        """The renderings of the terms in the source, each once, in its order."""
        words = _source_words(source)
        found: dict[str, Rendering] = {}
        place = 0
        while place < len(words):
            for length in range(min(_LONGEST, len(words) - place), 0, -1):
                rendering = self.known.get(tuple(word for word, _ in words[place : place + length]))
                if rendering is not None and not any(ends for _, ends in words[place : place + length - 1]):
                    found[rendering.source] = rendering
                    break
            else:
                length = 1
            place += length
        return list(found.values())


def _learnt(
    units: Sequence[TranslationUnit], language: str, most: float
) -> Iterator[tuple[tuple[str, ...], Rendering]]:
    targets: list[str] = []
    sections: list[str] = []
    places: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    written: dict[tuple[str, ...], str] = {}
    # A heading that many sections have ("Summary") is one place: it says little of how a sentence is rendered.
    for unit in {unit.source: unit for unit in units if _teaches(unit)}.values():
        for phrase, text in _phrases(unit.source):
            places[phrase].append(len(targets))
            written.setdefault(phrase, text)
        targets.append(_comparable(unit.target, language))
        sections.append(unit.origin)
    found = []
    frequency: dict[str, int] = {}
    for phrase, there in places.items():
        if len(there) < _ENOUGH:
            continue
        best = _rendering([targets[place] for place in there], targets, frequency, language)
        if best is not None:
            target, seen = best
            # None seen is not none ever: as many more as half a section may hold, since usage changes by section.
            broken = len(there) - seen + len(there) / (2 * len({sections[place] for place in there}))
            found.append((broken / len(there), broken, phrase, Rendering(written[phrase], target, seen, len(there))))
    for _, broken, phrase, rendering in sorted(found, key=lambda one: one[:3]):
        most -= broken
        if most < 0:
            return
        yield phrase, rendering


def _teaches(unit: TranslationUnit) -> bool:
    return unit.confidence >= DOUBTFUL and max(len(unit.source), len(unit.target)) <= _LONGEST_UNIT


def _rendering(
    own: Sequence[str], everywhere: Sequence[str], frequency: dict[str, int], language: str
) -> tuple[str, int] | None:
    """What nearly all of the translations in `own` have and few others do, and how many of them have it."""
    shortest = sorted(own, key=len)[:_SHORTEST]
    exceptions = int((1 - USUAL) * len(own))
    good = []
    for piece in dict.fromkeys(piece for text in shortest for piece in _pieces(text[:_COMPARED], language)):
        left = exceptions
        for text in own:
            left -= piece not in text
            if left < 0:
                break
        else:
            seen = len(own) - exceptions + left
        if left < 0:
            continue
        if piece not in frequency:
            frequency[piece] = sum(piece in text for text in everywhere)
        elsewhere = (frequency[piece] - seen) / max(len(everywhere) - len(own), 1)
        if seen / len(own) >= _SPECIFIC * elsewhere:
            good.append((seen, piece))
    if not good:
        return None
    top = max(seen for seen, _ in good)
    seen, piece = max(
        ((seen, piece) for seen, piece in good if seen >= top - _ALIKE * len(own)),
        key=lambda one: (len(one[1]), one[0], one[1]),
    )
    return piece.strip(), seen


def _source_words(text: str) -> list[tuple[str, bool]]:
    """The words of a text in the form by which terms are known, each with whether a phrase ends behind it."""
    masked = mask(text, tokens(text), "\x00")
    found = list(_WORD.finditer(masked))
    starts = [*(match.start() for match in found[1:]), len(masked)]
    return [
        (_singular(match[0].casefold()), masked[match.end() : start] != " ")
        for match, start in zip(found, starts, strict=False)
    ]


def _singular(word: str) -> str:
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-2] if word.endswith(("sses", "xes", "ches", "shes")) else word[:-1]


def _phrases(source: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each different phrase of a source that may be a term, as words and as text."""
    words = _source_words(source)
    seen: set[tuple[str, ...]] = set()
    for start in range(len(words)):
        for length in range(1, min(_LONGEST, len(words) - start) + 1):
            part = words[start : start + length]
            phrase = tuple(word for word, _ in part)
            outer = {phrase[0], phrase[-1]}
            if not outer & _FUNCTION_WORDS and len(phrase[0]) > 1 and len(phrase[-1]) > 1 and phrase not in seen:
                seen.add(phrase)
                yield phrase, " ".join(phrase)
            if part[-1][1]:
                break


def _comparable(text: str, language: str) -> str:
    """A translation in the form in which renderings are looked for.

    Without spaces, as in Korean they are put one way and another; in languages with endings the stems of its words.
    """
    masked = mask(text, tokens(text), "\x00")
    if language == "ko" or is_spaceless(language):
        return _SPACES.sub("", masked).casefold()
    return f" {' '.join(word[:_STEM] for word in _WORD.findall(masked.casefold()))} "


def _pieces(comparable: str, language: str) -> Iterator[str]:
    """The pieces of a translation that may be a rendering."""
    if language == "ko" or is_spaceless(language):
        for run in _CLOSE_RUN.findall(comparable):
            for start in range(len(run) - 1):
                for end in range(start + 2, min(start + 8, len(run)) + 1):
                    yield run[start:end]
        return
    words = comparable.split()
    for start in range(len(words)):
        for end in range(start + 1, min(start + 4, len(words)) + 1):
            if any(len(word) > 3 for word in words[start:end]):
                yield f" {' '.join(words[start:end])} "
