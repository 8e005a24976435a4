"""Translation units: what alignment is for. And two measures of how well two texts align."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Literal

from sync.align import Link, align_blocks, align_sentences
from sync.features import content
from sync.inline import fold, strip_marks
from sync.lexicon import Lexicon
from sync.model import Block, BlockKind, Section, Segment, TranslationUnit


def segments_of(blocks: Iterable[Block]) -> list[Segment]:
    """The segments of several blocks, in order."""
    return [segment for block in blocks for segment in block.segments]


def translation_units(
    source: Section, target: Section, granularity: Literal["sentence", "paragraph"] = "sentence", origin: str = ""
) -> list[TranslationUnit]:
    """Aligned pairs of text; code, formulas, pictures and whatever has no counterpart are left out."""
    units: list[TranslationUnit] = []
    for link in align_blocks(source, target):
        a = segments_of(source.blocks[i] for i in link.sources)
        b = segments_of(target.blocks[j] for j in link.targets)
        if not a or not b:
            continue
        if granularity == "paragraph":
            units += _units(source, target, a, b, [Link(_all(a), _all(b), 1.0)], link.confidence, origin)
            continue
        kind = source.blocks[link.sources[0]].kind
        units += _units(source, target, a, b, align_sentences(a, b, kind), link.confidence, origin)
    return units


def _all(items: Sequence[Segment]) -> tuple[int, ...]:
    return tuple(range(len(items)))


def _units(
    source: Section, target: Section, a: list[Segment], b: list[Segment], links: list[Link], confidence: float,
    origin: str,
) -> list[TranslationUnit]:  # fmt: skip
    return [
        TranslationUnit(
            unit_text(source.text, source.language, [a[i] for i in link.sources]),
            unit_text(target.text, target.language, [b[j] for j in link.targets]),
            round(min(confidence, 0.5 + link.confidence / 2 if len(links) == 1 else link.confidence + 0.2, 1.0), 3),
            origin,
        )
        for link in links
    ]


def unit_text(text: str, language: str, segments: Sequence[Segment]) -> str:
    """Segments as the one line that the memory and the engines see: white space folded, slide marks gone."""
    if not segments:
        return ""
    whole = text[segments[0].start : segments[-1].end]
    if any(a.end > b.start for a, b in pairwise(segments)) or "|" in whole:
        whole = "\n".join(segment.text for segment in segments)
    prefix = ">" if "\n" in whole and ">" in whole else ""
    return fold(strip_marks(whole), language, prefix)


def resemblance(source: Section, target: Section) -> float:
    """How well a translation aligns with a source, 0–1: the share of both sides' content that is linked.

    Cheap enough to choose among revisions of a section.
    """
    links = align_blocks(source, target)
    a, b = content(source), content(target)
    total = _size(source.blocks, a) + _size(target.blocks, b)
    linked = sum(
        link.confidence * (_size(source.blocks, link.sources) + _size(target.blocks, link.targets)) for link in links
    )
    return linked / total if total else 1.0


def _size(blocks: Sequence[Block], indices: Sequence[int]) -> int:
    return sum(min(len(blocks[i].text), 400) for i in indices)


def agreement(
    source: Sequence[Segment], target: Sequence[Segment], kind: BlockKind, lexicon: Lexicon | None = None
) -> float:
    """How well the sentences of a block align with those of another, 0–1, by the characters that are linked."""
    return agreement_of(align_sentences(source, target, kind, lexicon), source, target)


def agreement_of(links: Sequence[Link], source: Sequence[Segment], target: Sequence[Segment]) -> float:
    """The same for sentences that are aligned already."""
    total = sum(len(segment.text) for segment in (*source, *target))
    linked = sum(
        link.confidence
        * (sum(len(source[i].text) for i in link.sources) + sum(len(target[j].text) for j in link.targets))
        for link in links
    )
    return linked / total if total else 1.0
