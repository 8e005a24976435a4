"""A file as the parts that people and machines write one at a time, and what differs between two versions of it.

A part of a section is a segment, or a line outside of any; of any other file it is a line. What merely frames a
part (a list marker, the bar of a table cell, white space) stands beside its body, so that a change of the frame is
not taken for one of the words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from rapidfuzz.distance import Indel, LCSseq

from sync.markdown import parse
from sync.model import SectionError, Segment

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_FRAME = re.compile(r"[\W_]*|\s*(?:>\s*)*\d{1,9}[.)]\s*")  # no words: markers, bars, white space
_ALIKE = 0.5  # least similarity of a part to the one that takes its place
_MOST_COMPARED = 10_000  # pairs of parts of one changed run
_MOST_PARTS = 20_000  # of a file; a longer one is compared as a whole


@dataclass(frozen=True, slots=True)
class Part:
    """The smallest piece of a file that is written, kept or given up as a whole."""

    head: str
    body: str
    tail: str

    @property
    def text(self) -> str:
        return f"{self.head}{self.body}{self.tail}"


class Edit(NamedTuple):
    """The parts old[start:end] gave way to new[new_start:new_end]; one of the two may be empty."""

    start: int
    end: int
    new_start: int
    new_end: int


def parts_of_section(text: str, language: str) -> tuple[Part, ...]:
    """The parts of a Markdown file; their texts, joined, are the file."""
    try:
        segments = [segment for block in parse(text, language).blocks for segment in block.segments]
    except SectionError:  # too large to be a section
        return parts_of_lines(text)
    parts: list[Part] = []
    position = 0
    for segment in _apart(segments):
        head = _between(text[position : segment[0]], parts)
        parts.append(Part(head, text[slice(*segment)], ""))
        position = segment[1]
    head = _between(text[position:] + "\n", parts)  # as if a line followed, so that nothing is a marker
    return _without_line_end(parts) if not head else tuple(parts)


def parts_of_lines(text: str) -> tuple[Part, ...]:
    """The lines of any other file as its parts."""
    return tuple(_line(line) for line in _LINE.findall(text))


def joined(parts: Sequence[Part]) -> str:
    """The file that these parts are."""
    return "".join(part.text for part in parts)


def starts(parts: Sequence[Part]) -> list[int]:
    """Where the body of each part begins in the file, in characters."""
    ends = accumulate((len(part.text) for part in parts), initial=0)
    return [end + len(part.head) for end, part in zip(ends, parts, strict=False)]


def edits(old: Sequence[Part], new: Sequence[Part]) -> list[Edit]:
    """What was changed from one version of a file to another, in order; frames aside.

    Where several parts in a row were changed, each stands for itself as far as it can be told which became which.
    """
    a, b = [part.body for part in old], [part.body for part in new]
    if max(len(a), len(b)) > _MOST_PARTS:
        return [Edit(0, len(a), 0, len(b))] if a != b else []
    found: list[Edit] = []
    at = new_at = 0
    equal = [block for block in LCSseq.opcodes(a, b) if block.tag == "equal"]
    for block in equal:
        found += _parted(a, b, Edit(at, block.src_start, new_at, block.dest_start))
        at, new_at = block.src_end, block.dest_end
    return found + _parted(a, b, Edit(at, len(a), new_at, len(b)))


def kept(old: Sequence[Part], new: Sequence[Part]) -> dict[int, int]:
    """The parts of `new` that stood in `old` already: their places there by their places in `new`."""
    places: dict[int, int] = {}
    at = new_at = 0
    for edit in [*edits(old, new), Edit(len(old), len(old), len(new), len(new))]:
        places.update(zip(range(new_at, edit.new_start), range(at, edit.start), strict=True))
        at, new_at = edit.end, edit.new_end
    return places


def _apart(segments: Sequence[Segment]) -> list[tuple[int, int]]:
    """Where segments stand; of two that overlap by a mark the first one has it."""
    spans: list[tuple[int, int]] = []
    end = 0
    for segment in segments:
        start = max(segment.start, end)
        if start < segment.end:
            spans.append((start, segment.end))
            end = segment.end
    return spans


def _between(gap: str, parts: list[Part]) -> str:
    """Add what stands between two segments to the parts; what frames the second one is returned."""
    lines: list[str] = _LINE.findall(gap)
    for index, line in enumerate(lines):
        last = index == len(lines) - 1 and not line.endswith("\n")
        if last and index == 0 and parts:  # on the line of the segment before
            body = line.lstrip()
            _extend(parts, line[: len(line) - len(body)])
            line = body
        if last and _FRAME.fullmatch(line):
            return line
        if parts and (not line.strip() or (index == 0 and _FRAME.fullmatch(line))):
            _extend(parts, line)
        else:
            parts.append(_line(line))
    return ""


def _line(line: str) -> Part:
    body = line.rstrip()
    return Part("", body, line[len(body) :])


def _extend(parts: list[Part], tail: str) -> None:
    last = parts[-1]
    parts[-1] = Part(last.head, last.body, last.tail + tail)


def _without_line_end(parts: list[Part]) -> tuple[Part, ...]:
    """The parts without the line end that was added to the file."""
    last = parts[-1]
    trimmed = Part(last.head, last.body, last.tail[:-1])
    return (*parts[:-1], trimmed) if trimmed.text else tuple(parts[:-1])


def _parted(a: list[str], b: list[str], run: Edit) -> list[Edit]:
    """A run of changed parts as smaller ones: each part and what took its place."""
    count, other = run.end - run.start, run.new_end - run.new_start
    if not count and not other:
        return []
    if count == other:
        return [Edit(run.start + n, run.start + n + 1, run.new_start + n, run.new_start + n + 1) for n in range(count)]
    if not count or not other or count * other > _MOST_COMPARED:
        return [run]
    found: list[Edit] = []
    at, new_at = run.start, run.new_start
    for i, j in _alike(a[run.start : run.end], b[run.new_start : run.new_end]):
        i, j = i + run.start, j + run.new_start
        found += [Edit(at, i, new_at, j)] if (at, new_at) != (i, j) else []
        found.append(Edit(i, i + 1, j, j + 1))
        at, new_at = i + 1, j + 1
    rest = Edit(at, run.end, new_at, run.new_end)
    return found + ([rest] if (rest.start, rest.new_start) != (rest.end, rest.new_end) else [])


def _alike(a: list[str], b: list[str]) -> list[tuple[int, int]]:
    """The pairs of parts, in the order of both, whose similarities have the greatest sum."""
    best = [[0.0] * (len(b) + 1) for _ in range(len(a) + 1)]
    alike = [[Indel.normalized_similarity(x, y, score_cutoff=_ALIKE) for y in b] for x in a]
    for i in range(len(a) - 1, -1, -1):
        for j in range(len(b) - 1, -1, -1):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], best[i + 1][j + 1] + alike[i][j])
    pairs = []
    i = j = 0
    while i < len(a) and j < len(b):
        if alike[i][j] and best[i][j] == best[i + 1][j + 1] + alike[i][j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs
