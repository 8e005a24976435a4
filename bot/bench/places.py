"""Where a section can be edited so that its translation after the edit is known.

Only blocks whose counterpart is beyond doubt are places: between two anchors (code, formulas, labels that
both texts have once) both texts must have the same kinds of blocks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from bot.files import Pair
from sync.markdown import parse
from sync.model import Block, BlockKind, Section

COMMENT = re.compile(r"#[^\n]*|\"\"\"[\s\S]*?\"\"\"|//[^\n]*")
_ANCHORS = {BlockKind.FENCE, BlockKind.MATH, BlockKind.DIRECTIVE}


@dataclass(frozen=True, slots=True)
class Place:
    """A block of the origin and its certain counterpart."""

    source: Block
    target: Block
    alone: bool  # both are plain paragraphs with one blank block on either side
    following: tuple[Block, Block] | None  # the next content blocks, where they are counterparts too


@dataclass(frozen=True, slots=True)
class Field:
    """Where edits can be made in a pair."""

    source: str
    target: str
    places: tuple[Place, ...]


def find_places(pair: Pair, language: str) -> Field:
    """The places of a pair where edits can be made, in the order of the origin."""
    source, target = parse(pair.source), parse(pair.target, language)
    certain = dict(_counterparts(source, target))
    places = []
    for a, b in certain.items():
        both = (_next_content(source, a), _next_content(target, b))
        following = None
        if both[0] is not None and both[1] is not None and certain.get(both[0]) == both[1]:
            following = (source.blocks[both[0]], target.blocks[both[1]])
        alone = _stands_alone(source, a) and _stands_alone(target, b)
        places.append(Place(source.blocks[a], target.blocks[b], alone, following))
    return Field(pair.source, pair.target, tuple(places))


def _counterparts(source: Section, target: Section) -> Iterator[tuple[int, int]]:
    """Pairs of blocks that are counterparts beyond doubt, in order, by their place in `blocks`."""
    a, b = _content(source), _content(target)
    keys_a, keys_b = ({i: _anchor(s.blocks[i]) for i in places} for s, places in ((source, a), (target, b)))
    unique_a, unique_b = _once(keys_a), _once(keys_b)
    fixed = [(place, unique_b[key]) for key, place in unique_a.items() if key in unique_b]
    if any(one[1] >= two[1] for one, two in pairwise(fixed)):
        return  # reordered: nothing is certain
    edges = [(-1, -1), *fixed, (len(source.blocks), len(target.blocks))]
    for (a0, b0), (a1, b1) in pairwise(edges):
        gap_a, gap_b = [i for i in a if a0 < i < a1], [j for j in b if b0 < j < b1]
        if [source.blocks[i].kind for i in gap_a] == [target.blocks[j].kind for j in gap_b]:
            yield from zip(gap_a, gap_b, strict=True)
        if a1 < len(source.blocks):
            yield a1, b1


def _content(section: Section) -> list[int]:
    return [index for index, block in enumerate(section.blocks) if block.kind is not BlockKind.BLANK]


def _anchor(block: Block) -> str:
    if block.kind not in _ANCHORS:
        return ""
    return " ".join(COMMENT.sub("", block.text).split())


def _once(keys: dict[int, str]) -> dict[str, int]:
    counts = Counter(keys.values())
    return {key: place for place, key in keys.items() if key and counts[key] == 1}


def _next_content(section: Section, place: int) -> int | None:
    later = range(place + 1, len(section.blocks))
    return next((index for index in later if section.blocks[index].kind is not BlockKind.BLANK), None)


def _stands_alone(section: Section, place: int) -> bool:
    """Whether a block is a paragraph with exactly one blank line before and after it, and text after that."""
    if not 0 < place < len(section.blocks) - 2:
        return False
    before, block, after, following = section.blocks[place - 1 : place + 3]
    return (
        block.kind is BlockKind.PARAGRAPH
        and not block.prefix
        and all(blank.kind is BlockKind.BLANK and blank.text in {"\n", "\r\n"} for blank in (before, after))
        and following.kind is not BlockKind.BLANK
    )
