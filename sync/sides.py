"""The sentences of a region: as its three texts have them, and as they come out in the draft."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sync.merge import Closure
from sync.model import Piece, Segment
from sync.state import Content
from sync.units import segments_of, unit_text


@dataclass(slots=True)
class Side:
    """One of a region's three texts: its segments, and each as one folded line."""

    content: Content
    segments: list[Segment]
    lines: list[str]

    @classmethod
    def of(cls, content: Content, blocks: Sequence[int]) -> Side:
        segments = segments_of(content.blocks[i] for i in blocks)
        lines = [unit_text(content.text, content.language, [segment]) for segment in segments]
        return cls(content, segments, lines)

    def between(self, index: int) -> str:
        """The characters between segment `index` and the next one."""
        return self.content.text[self.segments[index].end : self.segments[index + 1].start]

    def line(self, indices: Sequence[int]) -> str:
        return unit_text(self.content.text, self.content.language, [self.segments[i] for i in indices])

    def raw(self, indices: Sequence[int]) -> str:
        """The file's own characters from the first of `indices` to the last."""
        return self.content.text[self.segments[indices[0]].start : self.segments[indices[-1]].end]


@dataclass(slots=True)
class Out:
    """A sentence of the region's draft; `text` is what stands if no engine fills it."""

    closure: Closure
    text: str
    first: int | None = None  # its place in the translation, where it has one
    last: int | None = None
    request: str | None = None
    result: int = -1
    lead: str = ""
    tail: str = ""
    new: int | None = None
    edited: bool = False
    made: Piece | None = None
