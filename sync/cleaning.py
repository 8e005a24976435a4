"""Translation units as parallel data: cleaned, in the form that an engine takes, a test set held out.

Bad pairs teach an engine bad translations, so what is doubtful is dropped, and counted by its reason.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import median

from sync.checks import verify_markup
from sync.inline import fold, mask, strip_marks, tokens
from sync.memory import DOUBTFUL
from sync.model import BlockKind, TranslationUnit
from sync.parallel_data import write_units
from sync.spans import encode_pair
from sync.typography import has_script

# A segment with more is skipped by the service (developer guide, "Customizing your translations with parallel data").
MAX_BYTES = 1_000
HELD_OUT = 50  # one in so many is held out

# A target may be this many times as long or as short as the book's translations usually are, and some characters
# more. Of the rows of D2L's Korean and Chinese books that are beyond, most are cut off, or hold a sentence too many.
_RATIO = 1.75
_SLACK = 10
_LEAST_LENGTH = 20  # characters of a source whose ratio tells something
_LEAST_ROWS = 30  # fewer tell nothing of what is usual

# A target that still has so much of at least so many words of the source was not translated, or only in part.
_SAME_WORDS = 0.6
_LEAST_WORDS = 5

_REFUSED = re.compile(r"[+\-=@]|.*[\x00-\x1f\x7f-\x9f\u2028\u2029]", re.DOTALL)
_LETTERS = re.compile(r"[^\W\d_]+")


class Reason(StrEnum):
    """Why a unit is dropped, in the order in which it is looked for."""

    EMPTY = "empty"
    UNTRANSLATED = "untranslated"
    DOUBTFUL = "doubtful alignment"
    TOKENS = "protected tokens differ"
    REFUSED = "refused by the service"
    BYTES = "over 1,000 bytes"
    MARKUP = "markup differs"
    RATIO = "length ratio"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class ParallelData:
    """Parallel data of one language, and its test set.

    `units`: the rows, their texts as segments are sent (HTML, see `sync.spans`), sorted. `held_out`: plain text,
    never among the rows, nor anything that is nearly the same. `dropped`: how many units by reason, 0 included.
    `fingerprint`: SHA-256 (hexadecimal) of the rows as CSV, so that another one means another file.
    """

    source_language: str
    language: str
    units: tuple[TranslationUnit, ...]
    held_out: tuple[TranslationUnit, ...]
    dropped: Mapping[str, int]
    fingerprint: str


@dataclass(frozen=True, slots=True)
class _Row:
    plain: TranslationUnit
    sent: TranslationUnit
    lengths: tuple[int, int]  # in characters, without protected tokens and spaces


def clean(units: Iterable[TranslationUnit], language: str, source_language: str = "en") -> ParallelData:
    """The parallel data that translation units make; the units come oldest first.

    Of several with the same source the newest one that is good wins. The same units give the same rows in the
    same order, and so does any other order of units whose sources differ.
    """
    dropped = Counter({reason.value: 0 for reason in Reason})
    good: list[_Row] = []
    for unit in units:
        found = _row(unit, language)
        if isinstance(found, Reason):
            dropped[found.value] += 1
        else:
            good.append(found)
    usual = _usual_ratio(good)
    kept = [row for row in good if usual is None or _is_in_proportion(*row.lengths, usual)]
    newest = {row.plain.source: row for row in kept}
    dropped[Reason.RATIO.value] = len(good) - len(kept)
    dropped[Reason.DUPLICATE.value] = len(kept) - len(newest)
    rows = sorted(newest.values(), key=lambda row: (row.sent.source, row.sent.target))
    held_out = {row.plain.source for row in rows if is_held_out(row.plain.source)}
    sent = tuple(row.sent for row in rows if row.plain.source not in held_out)
    return ParallelData(
        source_language,
        language,
        sent,
        tuple(row.plain for row in rows if row.plain.source in held_out),
        dict(dropped),
        _fingerprint(sent, language, source_language),
    )


def is_held_out(source: str) -> bool:
    """Whether a source belongs to the test set: told by itself alone, and the same for all that is nearly the same.

    Case, spaces, punctuation, numbers and what the protected tokens say make no difference.
    """
    alike = " ".join(_LETTERS.findall(mask(source, tokens(source), " ").casefold()))
    digest = hashlib.sha256(alike.encode()).digest()
    return int.from_bytes(digest[:8], "big") % HELD_OUT == 0


def _row(unit: TranslationUnit, language: str) -> _Row | Reason:
    """A unit as a row, or why it is none; length and duplicates are judged over all rows."""
    plain = replace(unit, source=fold(strip_marks(unit.source)), target=fold(strip_marks(unit.target), language))
    if not plain.source or not plain.target:
        return Reason.EMPTY
    source, target = (mask(text, tokens(text), " ") for text in (plain.source, plain.target))
    if _is_untranslated(source, target, language):
        return Reason.UNTRANSLATED
    if plain.confidence < DOUBTFUL:
        return Reason.DOUBTFUL
    pair = encode_pair(plain.source, plain.target)
    if pair is None:
        return Reason.TOKENS
    if any(_REFUSED.match(text) for text in pair):
        return Reason.REFUSED
    if max(len(text.encode()) for text in pair) > MAX_BYTES:
        return Reason.BYTES
    if verify_markup(plain.source, plain.target, BlockKind.PARAGRAPH):
        return Reason.MARKUP  # an engine would learn to break it
    lengths = (len("".join(source.split())), len("".join(target.split())))
    return _Row(plain, replace(plain, source=pair[0], target=pair[1]), lengths)


def _is_untranslated(source: str, target: str, language: str) -> bool:
    """Whether a target has nothing of its language, or most of the words of the source. Both are without tokens."""
    if source.casefold() == target.casefold() or not has_script(target, language):
        return True
    wanted = _LETTERS.findall(source.casefold())
    if len(wanted) < _LEAST_WORDS:
        return False
    there = set(_LETTERS.findall(target.casefold()))
    return sum(word in there for word in wanted) > _SAME_WORDS * len(wanted)


def _usual_ratio(rows: Iterable[_Row]) -> float | None:
    """How long a target usually is for its source; None where too few rows tell."""
    ratios = [target / source for source, target in (row.lengths for row in rows) if source >= _LEAST_LENGTH]
    return median(ratios) if len(ratios) >= _LEAST_ROWS else None


def _is_in_proportion(source: int, target: int, usual: float) -> bool:
    expected = source * usual
    return target <= _RATIO * expected + _SLACK and expected <= _RATIO * target + _SLACK


def _fingerprint(rows: Iterable[TranslationUnit], language: str, source_language: str) -> str:
    stream = io.StringIO()
    write_units(rows, stream, "csv", language, source_language)
    return hashlib.sha256(stream.getvalue().encode()).hexdigest()
