"""Post-edit effort: what people made of a draft, segment by segment, and what that saved them.

The draft is compared with the text that was merged, in characters (Levenshtein distance), over the segments that AMTS
wrote in or left waiting; what was kept, as it was, is no work of its own and counts nowhere.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from rapidfuzz.distance import Levenshtein

from sync import score
from sync.inline import fold
from sync.model import Operation, SegmentResult
from sync.parts import Edit, Part, edits, parts_of_section, starts

_WRITTEN = (Operation.PATCHED, Operation.TRANSLATED)
_MOST_FOR_TER = 200  # characters of a text: TER takes seconds for a rewritten paragraph, minutes for a page
_MOST_COMPARED = 10**10  # characters by characters


@dataclass(frozen=True, slots=True)
class Written:
    """A segment that AMTS wrote, or left waiting for a translator: where it stands in the text of its draft.

    `source` is its English, `old_source` and `before` are the English and the translation that it took the place of.
    """

    start: int
    end: int
    source: str
    old_source: str | None = None
    before: str | None = None
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Baseline:
    """A section as AMTS left it, what of it AMTS wrote, and the English whose translation it took out."""

    text: str
    written: tuple[Written, ...]
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What became of one or a few written segments in a row: all texts are single lines, `merged` empty if taken out.

    More than one where people joined or split sentences, so that it cannot be told which became which. `beside`:
    characters of the texts that are those of neighbours, which AMTS did not write.
    """

    segments: tuple[Written, ...]
    before: str
    draft: str
    merged: str
    beside: int = 0

    @property
    def waited(self) -> bool:
        """Whether AMTS had left some of it to a translator."""
        return any(segment.waiting for segment in self.segments)

    @property
    def accepted(self) -> bool:
        """Whether it was merged exactly as AMTS wrote it."""
        return self.draft == self.merged and not self.waited

    @property
    def still_waits(self) -> bool:
        """Whether nobody did what was left to do."""
        return self.draft == self.merged and self.waited

    @property
    def characters(self) -> int:
        """Characters as merged, without those of neighbours."""
        return max(len(self.merged) - self.beside, 0)

    @property
    def edits(self) -> int:
        """Characters that people changed; all that they wrote where the draft had the source language."""
        in_source_language = self.waited and not self.before
        return self.characters if in_source_language else _distance(self.draft, self.merged)

    @property
    def edits_by_hand(self) -> int:
        """Characters to change from the old translation, without any draft."""
        return _distance(self.before, self.merged)


@dataclass(frozen=True, slots=True)
class Effort:
    """What review made of written segments.

    `accepted` were merged exactly as drafted; `waiting` had been left to a translator, and `undone` of them still are:
    these count in nothing below. `characters` as merged, `edits` from the draft to that, `edits_by_hand` from the old
    translation; from nothing where there was none, or the draft had the source language. The scores are those of what
    AMTS wrote against what was merged: BLEU 0–1, chrF 0–100, TER in edits for 100 words, over texts of at most 200
    characters; None without anything to score.
    """

    segments: int = 0
    accepted: int = 0
    waiting: int = 0
    undone: int = 0
    characters: int = 0
    edits: int = 0
    edits_by_hand: int = 0
    bleu: score.Score | None = None
    chrf: score.Score | None = None
    ter: score.Score | None = None


def written(results: Iterable[SegmentResult]) -> tuple[Written, ...]:
    """What of a draft AMTS wrote or left waiting, by the results of its sync; only what has a place in the text."""
    return tuple(
        Written(r.start, r.end, r.new_source or "", r.old_source, r.old_target, r.waiting)
        for r in results
        if r.operation in _WRITTEN and r.start is not None and r.end is not None
    )


def removed(results: Iterable[SegmentResult]) -> tuple[str, ...]:
    """The English whose translation a draft took out."""
    return tuple(r.old_source for r in results if r.operation is Operation.REMOVED and r.old_source)


def follow(baselines: Sequence[Baseline], merged: str, language: str) -> list[Reviewed]:
    """What became of the segments of several drafts of a section, oldest first, in the text that was merged.

    A segment that a later draft wrote anew counts there alone.
    """
    found: list[Reviewed] = []
    for place, baseline in enumerate(baselines):
        later = Counter(source for other in baselines[place + 1 :] for source in _replaced(other))
        left = []
        for segment in baseline.written:
            if later[segment.source] > 0:
                later[segment.source] -= 1
            else:
                left.append(segment)
        found += _compare(baseline.text, left, merged, language)
    return found


def _replaced(later: Baseline) -> Iterator[str]:
    """The English of what a later draft wrote anew or took out."""
    yield from later.removed
    for segment in later.written:
        yield segment.source
        if segment.old_source is not None and segment.old_source != segment.source:
            yield segment.old_source


def measure(reviewed: Sequence[Reviewed], language: str) -> Effort:
    """The effort of all of these together. Raises UnknownLanguage."""
    done = [unit for unit in reviewed if not unit.still_waits]
    scored = [(unit.draft, unit.merged) for unit in done if not unit.waited and unit.merged and unit.draft]
    hypotheses, references = [draft for draft, _ in scored], [merged for _, merged in scored]
    short = [pair for pair in scored if max(map(len, pair)) <= _MOST_FOR_TER]
    return Effort(
        segments=_count(reviewed),
        accepted=_count(unit for unit in reviewed if unit.accepted),
        waiting=sum(segment.waiting for unit in reviewed for segment in unit.segments),
        undone=_count(unit for unit in reviewed if unit.still_waits),
        characters=sum(unit.characters for unit in done),
        edits=sum(unit.edits for unit in done),
        edits_by_hand=sum(unit.edits_by_hand for unit in done),
        bleu=score.bleu(hypotheses, references, language) if scored else None,
        chrf=score.chrf(hypotheses, references) if scored else None,
        ter=score.ter([draft for draft, _ in short], [merged for _, merged in short], language) if short else None,
    )


def _distance(old: str, new: str) -> int:
    """Characters changed from one text to another; of two whole files as if nothing had been kept, for time's sake."""
    if len(old) * len(new) > _MOST_COMPARED:
        return max(len(old), len(new))
    return Levenshtein.distance(old, new)


def _count(reviewed: Iterable[Reviewed]) -> int:
    return sum(len(unit.segments) for unit in reviewed)


def _compare(text: str, segments: Sequence[Written], merged: str, language: str) -> list[Reviewed]:
    old, new = parts_of_section(text, language), parts_of_section(merged, language)
    runs = _joined(edits(old, new))
    changed = {place: edit for edit in runs for place in range(edit.start, edit.end)}
    arrived = Counter(fold(part.body, language) for edit in runs for part in new[edit.new_start : edit.new_end])
    begins = starts(old)
    found: list[Reviewed] = []
    if not old:  # no draft at all
        return found
    for several in _linked([(segment, _reach(_places(begins, segment), changed)) for segment in segments]):
        places = sorted({place for _, reach in several for place in reach})
        standing = [[old[place]] if place not in changed else _instead(place, changed[place], new) for place in places]
        found.append(
            _moved(
                Reviewed(
                    tuple(segment for segment, _ in several),
                    _before(several, places, begins, old, language),
                    _line([old[place] for place in places], language),
                    _line([part for parts in standing for part in parts], language),
                    sum(len(fold(old[place].body, language)) for place in _beside(several, places, begins)),
                ),
                arrived,
            )
        )
    return found


def _beside(several: Sequence[tuple[Written, range]], places: Sequence[int], begins: Sequence[int]) -> list[int]:
    """The parts among these that AMTS did not write."""
    own = {place for segment, _ in several for place in _places(begins, segment)}
    return [place for place in places if place not in own]


def _before(
    several: Sequence[tuple[Written, range]], places: Sequence[int], begins: Sequence[int], old: Sequence[Part],
    language: str,
) -> str:  # fmt: skip
    """The old translations of written segments, with those of their neighbours in between."""
    texts = {place: fold(old[place].body, language) for place in _beside(several, places, begins)}
    texts |= {_places(begins, segment)[0]: segment.before or "" for segment, _ in several}
    return " ".join(text for _, text in sorted(texts.items()) if text)


def _moved(unit: Reviewed, arrived: Counter[str]) -> Reviewed:
    """A unit that was taken out here and stands elsewhere just as it was drafted: nobody changed it."""
    if unit.merged or arrived[unit.draft] <= 0:
        return unit
    arrived[unit.draft] -= 1
    return replace(unit, merged=unit.draft)


def _joined(found: Sequence[Edit]) -> list[Edit]:
    """The edits, those in a row as one where parts were joined or split: which became which cannot be told there."""
    joined: list[Edit] = []
    for edit in found:
        last = joined[-1] if joined else None
        in_a_row = last is not None and (last.end, last.new_end) == (edit.start, edit.new_start)
        if last is not None and in_a_row and not (_is_even(last) and _is_even(edit)):
            joined[-1] = Edit(last.start, edit.end, last.new_start, edit.new_end)
        else:
            joined.append(edit)
    return joined


def _is_even(edit: Edit) -> bool:
    return edit.end - edit.start == edit.new_end - edit.new_start == 1


def _places(begins: Sequence[int], segment: Written) -> range:
    """The parts that a segment stands in."""
    first = max(bisect_right(begins, segment.start) - 1, 0)
    return range(first, max(bisect_right(begins, segment.end - 1), first + 1))


def _reach(places: range, changed: Mapping[int, Edit]) -> range:
    """The parts with all that people changed along with them."""
    runs = [changed[place] for place in places if place in changed]
    first = min([places[0], *(run.start for run in runs)])
    return range(first, max([places[-1] + 1, *(run.end for run in runs)]))


def _linked(segments: Sequence[tuple[Written, range]]) -> list[list[tuple[Written, range]]]:
    """Segments whose parts overlap, together."""
    groups: list[list[tuple[Written, range]]] = []
    end = -1
    for item in sorted(segments, key=lambda item: (item[1].start, item[1].stop)):
        if groups and item[1].start < end:
            groups[-1].append(item)
        else:
            groups.append([item])
        end = max(end, item[1].stop)
    return groups


def _instead(place: int, edit: Edit, new: Sequence[Part]) -> Sequence[Part]:
    """What took the place of a part; of several parts that were changed together it is said with the first one."""
    return new[edit.new_start : edit.new_end] if place == edit.start else ()


def _line(parts: Sequence[Part], language: str) -> str:
    """Parts in a row as a single line, without what frames them."""
    joints = [f"{before.body}{before.tail}{after.head}" for before, after in pairwise(parts)]
    return fold("".join([*joints, parts[-1].body]), language) if parts else ""
