"""Three versions of a file into one: what people wrote wins over what a machine wrote.

The base, theirs (a revision of the translation: people's, or what people have merged) and ours (the branch of
the drafts, where it is known which parts are people's). Parts that only one side changed are merged; where
both changed a part, people's own side stands.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sync.align import align_blocks, align_sentences
from sync.markdown import parse
from sync.model import Block
from sync.parts import Edit, Part, edits, joined, parts_of_section, starts
from sync.units import segments_of


@dataclass(slots=True)
class Merged:
    """The merged parts, and what stood in the way; the sets hold places among the parts of the base.

    `conflicts`: places among the merged parts where people on both sides changed the same, so that theirs was left
    out. `lost`: where a machine's change gave way; `unfilled`: before which its additions did. `theirs`: where a
    change of theirs stands; `refused`: where one was left out.
    """

    parts: list[Part] = field(default_factory=list)
    conflicts: list[int] = field(default_factory=list)
    lost: set[int] = field(default_factory=set)
    unfilled: set[int] = field(default_factory=set)
    theirs: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)

    @property
    def text(self) -> str:
        return joined(self.parts)


def merge_parts(base: Sequence[Part], theirs: Sequence[Part], ours: Sequence[Part], people: frozenset[int]) -> Merged:
    """Merge what both sides made of `base`; `people`: the places of people's parts among those of ours."""
    merged = Merged()
    at = their_at = our_at = 0
    for low, high, their_edits, our_edits in _clusters(edits(base, theirs), edits(base, ours)):
        steps = low - at
        for n in range(steps):
            merged.parts.append(_framed(ours[our_at + n].body, base[at + n], theirs[their_at + n], ours[our_at + n]))
        there = _side(low, high, their_edits, their_at + steps)
        here = _side(low, high, our_edits, our_at + steps)
        _settle(merged, base[low:high], low, theirs, there, ours, here, (bool(their_edits), bool(our_edits)), people)
        at, their_at, our_at = high, there.stop, here.stop
    for b, t, o in zip(base[at:], theirs[their_at:], ours[our_at:], strict=True):
        merged.parts.append(_framed(o.body, b, t, o))
    return merged


def _clusters(theirs: list[Edit], ours: list[Edit]) -> Iterable[tuple[int, int, list[Edit], list[Edit]]]:
    """Stretches of the base that were changed, in order: one edit of one side, or edits of both that overlap."""
    waiting = sorted([(edit.start, edit.end, 0, edit) for edit in theirs] + [(e.start, e.end, 1, e) for e in ours])
    at = 0
    while at < len(waiting):
        low, high = waiting[at][:2]
        sides: tuple[list[Edit], list[Edit]] = ([], [])
        sides[waiting[at][2]].append(waiting[at][3])
        at += 1
        while at < len(waiting) and (waiting[at][0] < high or (waiting[at][:2] == (low, low) and low == high)):
            high = max(high, waiting[at][1])
            sides[waiting[at][2]].append(waiting[at][3])
            at += 1
        yield low, high, *sides


def _side(low: int, high: int, own: list[Edit], start: int) -> range:
    """The parts of one side that stand for base[low:high]; they begin at `start`."""
    grown = sum((edit.new_end - edit.new_start) - (edit.end - edit.start) for edit in own)
    return range(start, start + high - low + grown)


def _settle(
    merged: Merged, base: Sequence[Part], low: int, theirs: Sequence[Part], there: range, ours: Sequence[Part],
    here: range, changed: tuple[bool, bool], people: frozenset[int],
) -> None:  # fmt: skip
    """Choose what stands for a stretch of the base, and note what that means."""
    high = low + len(base)
    their_parts, our_parts = ([side[n] for n in places] for side, places in ((theirs, there), (ours, here)))
    by_people = any(n in people for n in here)
    same = [part.body for part in their_parts] == [part.body for part in our_parts]
    if not changed[0] or same:
        chosen = our_parts
    elif not changed[1]:
        chosen = their_parts
        merged.theirs.update(range(low, high))
    elif not by_people:
        chosen = their_parts
        merged.theirs.update(range(low, high))
        merged.lost.update(range(low, high))
        if not base or len(our_parts) > len(base):
            merged.unfilled.update((low, high))
    elif not base:  # two additions, both of them people's
        has = {part.body for part in our_parts}
        chosen = [*our_parts, *(part for part in their_parts if part.body not in has)]
    else:
        chosen = our_parts
        merged.refused.update(range(low, high))
        merged.conflicts.append(len(merged.parts))
    merged.parts += _fitted(chosen, base, their_parts, our_parts) if base else chosen


def _fitted(
    chosen: Sequence[Part], base: Sequence[Part], theirs: Sequence[Part], ours: Sequence[Part]
) -> Iterable[Part]:
    """The chosen parts, framed at both ends as the side that changed the frame has it."""
    if not (chosen and theirs and ours):
        return chosen
    head = _one(base[0].head, theirs[0].head, ours[0].head)
    tail = _one(base[-1].tail, theirs[-1].tail, ours[-1].tail)
    first = [Part(head, chosen[0].body, chosen[0].tail), *chosen[1:]]
    return [*first[:-1], Part(first[-1].head, first[-1].body, tail)]


def _framed(body: str, base: Part, theirs: Part, ours: Part) -> Part:
    return Part(_one(base.head, theirs.head, ours.head), body, _one(base.tail, theirs.tail, ours.tail))


def _one(base: str, theirs: str, ours: str) -> str:
    """The version of the side that changed it; ours where both did."""
    return theirs if ours == base else ours


@dataclass(frozen=True, slots=True)
class Sides:
    """Three versions of a file: at the base, theirs and ours. None: there is none."""

    base: str | None
    theirs: str | None
    ours: str | None


def merge_origins(origins: Sides, translation: str, merged: Merged, language: str, source_language: str) -> str | None:
    """The English that a merged translation was made from; None where it is not known.

    `translation` is the text of the translation at the base, `merged` what became of it. Where a machine's draft gave
    way, its English goes back to the one before, so that the next sync sees that it has changed; where people's text
    of either side stands, so does its English.
    """
    if origins.base is None or origins.theirs is None or origins.ours is None:
        untold = merged.lost | merged.unfilled or origins.ours == origins.base
        return origins.theirs if untold else origins.ours
    versions = (origins.base, origins.theirs, origins.ours)
    base, theirs, ours = (parts_of_section(text, source_language) for text in versions)
    english = _english(origins.base, base, translation, language, source_language)
    our_edits, their_edits = edits(base, ours), edits(base, theirs)
    lost, unfilled = _linked(merged.lost, english), _around(merged.unfilled, english)
    gone = [edit for edit in our_edits if _meets(edit, lost) or (edit.start == edit.end and edit.start in unfilled)]
    if (merged.lost or merged.unfilled) and not gone:
        return origins.theirs  # which English goes with it cannot be told: all of it is looked at again
    taken, refused = _linked(merged.theirs, english), _linked(merged.refused, english)
    gone += [edit for edit in our_edits if edit not in gone and _meets(edit, taken) and _overlaps(edit, their_edits)]
    not_taken = [edit for edit in their_edits if _meets(edit, refused)]
    mine, other = _applied(base, ours, our_edits, gone), _applied(base, theirs, their_edits, not_taken)
    return merge_parts(base, other, mine, frozenset(range(len(mine)))).text


def _english(
    source: str, parts: Sequence[Part], target: str, language: str, source_language: str
) -> dict[int, set[int]]:
    """The parts of an origin that each part of its translation was made from, by their places."""
    old, own = parse(source, source_language), parse(target, language)
    at, own_at = starts(parts), starts(parts_of_section(target, language))
    found: dict[int, set[int]] = {}

    def link(own_places: Iterable[int], places: Iterable[int]) -> None:
        known = set(places)
        for place in own_places:
            found.setdefault(place, set()).update(known)

    for pair in align_blocks(old, own):
        blocks, own_blocks = [old.blocks[i] for i in pair.sources], [own.blocks[j] for j in pair.targets]
        a, b = segments_of(blocks), segments_of(own_blocks)
        sentences = align_sentences(a, b, blocks[0].kind) if a and b else []
        linked: set[int] = set()
        for one in sentences:
            linked |= set(one.targets)
            link((_place(own_at, b[j].start) for j in one.targets), (_place(at, a[i].start) for i in one.sources))
        whole = [place for block in blocks for place in _places(at, block)]
        if not sentences:
            link((place for block in own_blocks for place in _places(own_at, block)), whole)
        link((_place(own_at, b[j].start) for j in range(len(b)) if j not in linked), whole)
    return found


def _place(begins: list[int], offset: int) -> int:
    return max(bisect_right(begins, offset) - 1, 0)


def _places(begins: list[int], block: Block) -> range:
    return range(_place(begins, block.start), _place(begins, max(block.end - 1, block.start)) + 1)


def _linked(places: Iterable[int], english: dict[int, set[int]]) -> set[int]:
    return set().union(*(english.get(place, ()) for place in places))


def _around(places: Iterable[int], english: dict[int, set[int]]) -> set[int]:
    """The gaps of an origin (before which part) that go with gaps of its translation."""
    before = _linked((place - 1 for place in places), english)
    return {place + 1 for place in before} | _linked(places, english)


def _meets(edit: Edit, places: set[int]) -> bool:
    return any(place in places for place in range(edit.start, edit.end))


def _overlaps(edit: Edit, others: Sequence[Edit]) -> bool:
    return any(edit.start < other.end and other.start < edit.end for other in others)


def _applied(base: Sequence[Part], new: Sequence[Part], found: Sequence[Edit], without: Sequence[Edit]) -> list[Part]:
    """The base with its edits made, but for some."""
    parts: list[Part] = []
    at = 0
    for edit in found:
        parts += new[at : edit.new_start]
        parts += base[edit.start : edit.end] if edit in without else new[edit.new_start : edit.new_end]
        at = edit.new_end
    return [*parts, *new[at:]]
