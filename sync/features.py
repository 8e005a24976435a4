"""What a block or sentence can be recognised by in another language: keys, anchors and length."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz

from sync.code import code_key, tab_of
from sync.inline import fold, mask, strip_marks, tokens
from sync.model import PROSE, Block, BlockKind, Section, TokenKind

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]+|\d+(?:[.,]\d+)*")
_HOST = re.compile(r"https?://[^/\s)]+")
_CACHED = 4_000  # characters; few blocks are longer, and those may be very long
_FLOWING = PROSE | {BlockKind.FOOTNOTE}
# What a machine or a hurried translator puts on one line, and the sign by which it shows there.
_SIGNS = {
    BlockKind.HEADING: re.compile(r"\s#{1,6}\s"),
    BlockKind.LIST_ITEM: re.compile(r"\s(?:[*-]|\d{1,2}\.)\s"),
    BlockKind.MATH: re.compile(r"\$\$"),
    BlockKind.PARAGRAPH: re.compile(""),
}


@dataclass(frozen=True, slots=True)
class Features:
    """`key`: equal keys mean equal content; `anchors`: what survives translation; `length`: characters."""

    kind: BlockKind
    key: str
    anchors: Mapping[str, int]
    length: int
    weight: float
    text: str

    @property
    def flowing(self) -> bool:
        """Prose: recognised by anchors and length; everything else by its key."""
        return self.kind in _FLOWING


def content(section: Section) -> list[int]:
    """Indices of the blocks that hold content."""
    return [i for i, block in enumerate(section.blocks) if block.kind != BlockKind.BLANK]


def extract(pieces: Iterable[tuple[BlockKind, str]]) -> list[Features]:
    """Features of blocks or sentences, each given as its kind and its text; anchors are weighed later."""
    return [_extract_again(kind, text) if len(text) <= _CACHED else _extract(kind, text) for kind, text in pieces]


@lru_cache(maxsize=2048)
def _extract_again(kind: BlockKind, text: str) -> Features:
    """A translation is aligned with the old source, then with the new one, and most of that is the same."""
    return _extract(kind, text)


def _extract(kind: BlockKind, text: str) -> Features:
    if kind == BlockKind.FENCE:
        return Features(kind, code_key(text), {}, len(text), 0.0, text)
    if kind not in _FLOWING:
        plain = strip_marks(text) if kind == BlockKind.MATH else text
        key = "".join(plain.split())
        if kind == BlockKind.IMAGE:
            key = key[key.rindex("](") :]
        if kind == BlockKind.MATH:
            key = key.rstrip(".,;:。，")
        return Features(kind, key, {f"k{key}": 1}, len(text), 0.0, text)
    plain = fold(strip_marks(text))
    found = tokens(plain)
    anchors = Counter("".join(token.text.split()) for token in found)
    for token in found:
        if token.kind in (TokenKind.LINK, TokenKind.URL) and (host := _HOST.search(token.text)):
            anchors["h" + host.group()] += 1  # another page of the same site: discussion links
    masked = mask(plain, found, " ")
    for word in _WORD.findall(masked):
        anchors["w" + word.lower()] += 1
    words = len(" ".join(masked.split()))
    return Features(kind, "", anchors, words + 4 * len(found), 0.0, plain)


def shared(a: list[Features], b: list[Features]) -> tuple[list[Features], list[Features], dict[str, float]]:
    """Both sides with only the anchors that occur on both, and the weight of each: the rarer the heavier."""
    counts_a: Counter[str] = Counter()
    counts_b: Counter[str] = Counter()
    for features, counts in ((a, counts_a), (b, counts_b)):
        for feature in features:
            counts.update(feature.anchors)
    weights: dict[str, float] = {}
    for anchor in counts_a.keys() | counts_b.keys():
        word = anchor.startswith("w") and not anchor[1:2].isdigit()
        if word and not (anchor in counts_a and anchor in counts_b):
            continue  # a word of one language only says nothing
        local = anchor.startswith(("](", "http")) and not (anchor in counts_a and anchor in counts_b)
        weights[anchor] = (0.2 if local else 0.6 if word else 1.0) / math.sqrt(max(counts_a[anchor], counts_b[anchor]))
    return _weigh(a, weights), _weigh(b, weights), weights


def _weigh(features: list[Features], weights: dict[str, float]) -> list[Features]:
    weighed = []
    for f in features:
        anchors = {anchor: n for anchor, n in f.anchors.items() if anchor in weights}
        total = sum(weights[anchor] * n for anchor, n in anchors.items())
        weighed.append(Features(f.kind, f.key, anchors, f.length, total, f.text))
    return weighed


def joinable(group: list[Features], others: list[Features]) -> bool:
    """Whether a translator may have merged `group` into `others`, or split one into the other.

    Blocks of one kind may be; blocks of several kinds only where the sign of each shows in the other side.
    """
    kinds = {f.kind for f in group}
    kinds.update(f.kind for f in others)
    if len(kinds) == 1:
        return kinds <= _SIGNS.keys() and BlockKind.HEADING not in kinds
    return kinds <= _SIGNS.keys() and _shows(group, others) and _shows(others, group)


def _shows(group: list[Features], whole: list[Features]) -> bool:
    return all(any(f.kind == g.kind or _SIGNS[f.kind].search(g.text) for g in whole) for f in group)


def join(group: list[Features]) -> Features:
    """Several neighbouring blocks or sentences as one."""
    if len(group) == 1:
        return group[0]
    anchors: Counter[str] = Counter()
    for feature in group:
        anchors.update(feature.anchors)
    first = next((f for f in group if f.flowing), group[0])
    return Features(
        first.kind, "", anchors, sum(f.length for f in group), sum(f.weight for f in group),
        " ".join(f.text for f in group),
    )  # fmt: skip


def similarity(a: Features, b: Features, weights: Mapping[str, float], ratio: float) -> float:
    """How likely `b` translates `a`, 0–1. `ratio`: characters of the target per character of the source."""
    if a.flowing and b.flowing:
        return _kinship(a.kind, b.kind) * _prose(a, b, weights, ratio)
    if a.kind != b.kind:
        return 0.0
    if a.key == b.key:
        return 1.0
    if a.kind == BlockKind.FENCE:
        same_tab = tab_of(a.text) == tab_of(b.text)
        return (0.95 if same_tab else 0.4) * fuzz.ratio(a.key[:4000], b.key[:4000]) / 100
    if a.kind == BlockKind.DIRECTIVE:
        name = a.key.partition("`")[0]
        alike = name == b.key.partition("`")[0] and name not in (":begin_tab:", ":width:")
        return 0.3 + 0.6 * fuzz.ratio(a.key, b.key) / 100 if alike else 0.0
    return 0.9 * fuzz.ratio(a.key[:2000], b.key[:2000]) / 100


def _kinship(a: BlockKind, b: BlockKind) -> float:
    if a == b:
        return 1.0
    if BlockKind.HEADING in (a, b) or BlockKind.TABLE in (a, b):
        return 0.4
    return 0.85


def _prose(a: Features, b: Features, weights: Mapping[str, float], ratio: float) -> float:
    length = _length_fits(a.kind, a.length, b.length, ratio)
    total = a.weight + b.weight
    if total == 0:
        return 0.75 * length
    if len(a.anchors) > len(b.anchors):
        a, b = b, a
    common = 0.0
    other = b.anchors
    for anchor, count in a.anchors.items():
        if anchor in other:
            common += weights[anchor] * min(count, other[anchor])
    return _weighed_up(length, 2 * common / total, total)


def prose_bound(kind: BlockKind, lengths: tuple[int, int], weights: tuple[float, float], ratio: float) -> float:
    """No less than the similarity of prose with these lengths and weights, whatever its anchors are."""
    length = _length_fits(kind, *lengths, ratio)
    total = sum(weights)
    return _weighed_up(length, 2 * min(weights) / total, total) if total else 0.75 * length


def _length_fits(kind: BlockKind, source: int, target: int, ratio: float) -> float:
    expected = max(source * ratio, 1.0)
    spread = 0.04 + 5.0 / (expected + 5.0) + (0.4 if kind == BlockKind.HEADING else 0.0)
    off = math.log(max(target, 1) / expected)
    return math.exp(-off * off / (2 * spread))


def _weighed_up(length: float, agreement: float, total: float) -> float:
    """How well length and anchors fit, as one; the anchors count the more the heavier they are."""
    evidence = total / (total + 0.8)
    return 0.75 * length * (1 - evidence) + evidence * agreement * (0.6 + 0.4 * length)


def as_pieces(section: Section, indices: Iterable[int]) -> list[tuple[BlockKind, str]]:
    """The blocks at `indices` as (kind, text without the markup of the block)."""
    return [(block.kind, inner_text(block)) for block in (section.blocks[i] for i in indices)]


def inner_text(block: Block) -> str:
    """The text of a block from its first segment to its last; the whole of one that has none."""
    if not block.segments or block.kind == BlockKind.IMAGE:
        return block.text
    if block.kind == BlockKind.TABLE:
        return " | ".join(segment.text for segment in block.segments)
    a, b = block.segments[0].start - block.start, block.segments[-1].end - block.start
    return block.text[a:b]
