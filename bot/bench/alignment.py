"""Alignment under known damage: blocks of a translation deleted, merged and inserted at random.

Only sections whose origin and translation have the same sequence of block kinds are taken: there the n-th
block of one translates the n-th of the other, and after the damage the right links are known exactly.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from rich.table import Table
from rich.text import Text

from bot.bench import Progress, percent
from bot.files import Pair, pairs_in
from sync.align import align_blocks
from sync.lexicon import Lexicon
from sync.markdown import parse
from sync.model import Block, BlockKind, Section
from sync.units import translation_units

# Each of the three kinds of damage is done at this share of the places where it can be.
RATE = 0.05
PARTS = 4


@dataclass(frozen=True, slots=True)
class Damaged:
    """A pair with a damaged translation. `expected[i]`: the right targets of the i-th source block."""

    source: Section
    target: Section
    expected: tuple[frozenset[int], ...]  # indices into the content blocks of `target`
    inserted: frozenset[int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Counts of blocks of one section; `wrong` says which links were not the right ones."""

    path: str
    links: int
    links_right: int
    deletions: int
    deletions_seen: int
    insertions: int
    insertions_seen: int
    merges: int
    merges_right: int
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlignmentFigures:
    """All sections of known alignment; `skipped` had another structure than their origin."""

    outcomes: tuple[Outcome, ...]  # as a sync aligns them, with a lexicon learnt from other sections
    alone: tuple[Outcome, ...]  # each from its own two texts only
    skipped: int

    def summary(self) -> dict[str, int]:
        """The counts over all sections, as a sync aligns them."""
        return {"sections": len(self.outcomes), "skipped": self.skipped, **_totals(self.outcomes)}

    def to_json(self) -> dict[str, object]:
        """The summaries and every section."""
        return {
            "summary": self.summary(),
            "summary_alone": _totals(self.alone),
            "sections": [asdict(outcome) for outcome in self.outcomes],
        }

    def tables(self) -> list[Table]:
        """What went wrong, and the summary."""
        wrong = Table(title="Not aligned as they should be")
        wrong.add_column("section", overflow="fold")
        wrong.add_column("what", overflow="fold")
        for outcome in self.outcomes:
            for what in outcome.wrong:
                wrong.add_row(outcome.path, Text(what))
        totals = self.summary()
        table = Table(title=f"Alignment under damage, {totals['sections']} sections of known alignment")
        table.add_column("figure")
        table.add_column("right", justify="right")
        table.add_column("from the section alone", justify="right")
        alone = _totals(self.alone)
        rows = {
            "links right": ("links_right", "links"),
            "of them merged blocks": ("merges_right", "merges"),
            "deletions seen": ("deletions_seen", "deletions"),
            "insertions seen": ("insertions_seen", "insertions"),
        }
        for label, (part, whole) in rows.items():
            share = percent(totals.get(part, 0), totals.get(whole, 0))
            table.add_row(label, f"{share} of {totals.get(whole, 0)}", percent(alone.get(part, 0), alone.get(whole, 0)))
        return [wrong, table]


def _totals(outcomes: tuple[Outcome, ...]) -> dict[str, int]:
    totals: defaultdict[str, int] = defaultdict(int)
    for outcome in outcomes:
        for name, value in asdict(outcome).items():
            if isinstance(value, int):
                totals[name] += value
    return dict(totals)


def bench_alignment(folder: Path, language: str, progress: Progress) -> AlignmentFigures:
    """Damages and aligns the pairs `X_origin.md` / `X.md` below `folder`; FileError where there is none.

    The lexicon for a section is learnt from sections of other parts of the book, as they are, never from
    itself: a sync has one from the whole repository.
    """
    places = pairs_in(folder)
    pairs = [place.read() for place in places]
    lexicons = _lexicons(pairs, language)
    outcomes: list[Outcome] = []
    alone: list[Outcome] = []
    for number, pair in enumerate(pairs):
        progress("sections", number, len(pairs))
        damaged = damage(pair, language)
        if damaged is not None:
            outcomes.append(_measure(pair.path, damaged, lexicons[number % PARTS]))
            alone.append(_measure(pair.path, damaged, None))
    progress("sections", len(places), len(places))
    return AlignmentFigures(tuple(outcomes), tuple(alone), len(places) - len(outcomes))


def _lexicons(pairs: list[Pair], language: str) -> list[Lexicon]:
    """For each part of the book, a lexicon learnt from all the other parts."""
    units = [translation_units(parse(pair.source), parse(pair.target, language)) for pair in pairs]
    return [
        Lexicon.learn((unit for number, own in enumerate(units) if number % PARTS != part for unit in own), language)
        for part in range(PARTS)
    ]


def damage(pair: Pair, language: str) -> Damaged | None:
    """The pair with its translation damaged, the same for the same pair.

    None where its alignment is not known, or where the damaged text does not parse into the blocks meant.
    """
    source, target = parse(pair.source), parse(pair.target, language)
    pieces = _pieces(target)
    if [block.kind for block in _content(source)] != [block.kind for block, _ in pieces]:
        return None
    chance = random.Random(pair.path)  # noqa: S311 (repeatable damage, no secret)
    foreign = [block.text for block, _ in pieces if _joinable(block) and len(block.text) > 40]
    texts: list[str] = []
    kinds: list[BlockKind] = []
    expected: list[frozenset[int]] = []
    inserted: set[int] = set()
    joined = False
    for (block, tail), following in zip(pieces, [*pieces[1:], None], strict=True):
        roll = chance.random()
        if joined:  # the block before took this one in
            expected.append(frozenset({len(texts) - 1}))
            texts[-1] += block.text + tail
            joined = False
        elif roll < RATE:
            expected.append(frozenset())
            continue
        else:
            expected.append(frozenset({len(texts)}))
            kinds.append(block.kind)
            may_join = following is not None and tail and _joinable(block) and _joinable(following[0])
            joined = bool(may_join) and roll < 2 * RATE
            texts.append(block.text if joined else block.text + tail)
        if foreign and _joinable(block) and tail and not joined and chance.random() < RATE:
            inserted.add(len(texts))
            kinds.append(BlockKind.PARAGRAPH)
            texts.append(_shuffled(chance.choice(foreign), chance) + "\n\n")
    result = parse("".join(texts), language)
    if [block.kind for block in _content(result)] != kinds:
        return None
    return Damaged(source, result, tuple(expected), frozenset(inserted))


def _content(section: Section) -> list[Block]:
    return [block for block in section.blocks if block.kind is not BlockKind.BLANK]


def _pieces(section: Section) -> list[tuple[Block, str]]:
    """The content blocks, each with the blank ones that follow it."""
    at = [index for index, block in enumerate(section.blocks) if block.kind is not BlockKind.BLANK]
    ends = [*at[1:], len(section.blocks)]
    return [
        (section.blocks[start], "".join(blank.text for blank in section.blocks[start + 1 : end]))
        for start, end in zip(at, ends, strict=True)
    ]


def _joinable(block: Block) -> bool:
    return block.kind is BlockKind.PARAGRAPH and not block.prefix


def _shuffled(text: str, chance: random.Random) -> str:
    """A note that resembles no block of the section: the words of one of them, in another order."""
    words = [word for word in text.split() if word.isalpha()] or ["…"]
    chance.shuffle(words)
    return " ".join(words)


def _measure(path: str, damaged: Damaged, lexicon: Lexicon | None) -> Outcome:
    places = {place: number for number, place in enumerate(_content_places(damaged.target))}
    sources = _content_places(damaged.source)
    found: defaultdict[int, set[int]] = defaultdict(set)
    for link in align_blocks(damaged.source, damaged.target, lexicon):
        for source in link.sources:
            found[source].update(places[target] for target in link.targets)
    linked_targets = set().union(*found.values())
    right, seen, wrong = 0, 0, []
    for number, expected in enumerate(damaged.expected):
        links = frozenset(found[sources[number]])
        right += bool(expected) and links == expected
        seen += not expected and not links
        if links != expected:
            text = damaged.source.blocks[sources[number]].text[:60]
            wrong.append(f"block {number} to {sorted(links)}, not {sorted(expected)}: {text!r}")
    merged = _merged(damaged.expected)
    merges_right = [all(frozenset(found[sources[n]]) == damaged.expected[n] for n in both) for both in merged]
    return Outcome(
        path=path,
        links=sum(bool(expected) for expected in damaged.expected),
        links_right=right,
        deletions=sum(not expected for expected in damaged.expected),
        deletions_seen=seen,
        insertions=len(damaged.inserted),
        insertions_seen=len(damaged.inserted - linked_targets),
        merges=len(merged),
        merges_right=sum(merges_right),
        wrong=tuple(wrong),
    )


def _content_places(section: Section) -> list[int]:
    return [index for index, block in enumerate(section.blocks) if block.kind is not BlockKind.BLANK]


def _merged(expected: Sequence[frozenset[int]]) -> list[tuple[int, int]]:
    return [(a, b) for a, b in pairwise(range(len(expected))) if expected[a] and expected[a] == expected[b]]
