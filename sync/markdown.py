"""Lossless document model: the blocks of a section with their exact spans, and the segments inside them.

`sync.blocks` finds the blocks. Lists and block quotes are taken apart here, one container at a time: the
lines of a container lose their prefix, are parsed again, and the spans are mapped back.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from sync.blocks import DISPLAY_MATH, QUOTE_MARKER, find_blocks
from sync.inline import fold, mask, strip_marks, tokens
from sync.model import Block, BlockKind, Section, SectionError
from sync.segments import find_segments

__all__ = ["check_closed", "fold", "parse", "strip_marks", "tokens"]

MAX_CHARACTERS = 10_000_000
_MAX_DEPTH = 12  # containers within containers; what is deeper is one paragraph
_FRONT_MATTER = re.compile(r"---[ \t]*\n(?:(?!---).*\n){0,200}?(?:---|\.\.\.)[ \t]*(?:\n|$)")


class _Leaf(NamedTuple):
    kind: BlockKind
    start: int
    end: int
    prefix: str


def _leaves(text: str, outer: Callable[[int], int], depth: int, item: bool, prefix: str) -> list[_Leaf]:
    """The leaf blocks of a container's inner text; `outer` maps inner offsets to the file's."""
    leaves: list[_Leaf] = []
    for found in find_blocks(text):
        inner = text[found.start : found.end]
        if found.kind in ("list", "quote"):
            if depth >= _MAX_DEPTH:
                leaves.append(_Leaf(BlockKind.PARAGRAPH, outer(found.start), outer(found.end), prefix))
                continue
            strip = _strip_item(found.width) if found.kind == "list" else _strip_quote
            stripped, offsets = _strip_lines(inner, strip)
            mapped = _mapper(offsets, found.start, outer)
            more = prefix + (" " * found.width if found.kind == "list" else "> ")
            leaves += _leaves(stripped, mapped, depth + 1, found.kind == "list", more)
        else:
            kind = BlockKind(found.kind)
            leaves.append(_Leaf(kind, outer(found.start), outer(found.end), prefix))
    if item:
        for index, leaf in enumerate(leaves):
            if leaf.kind == BlockKind.PARAGRAPH:
                leaves[index] = leaf._replace(kind=BlockKind.LIST_ITEM)
            if leaf.kind != BlockKind.BLANK:
                break
    return leaves


def _mapper(offsets: list[tuple[int, int]], base: int, outer: Callable[[int], int]) -> Callable[[int], int]:
    """Map an inner offset that is a line start to the start of that line outside, prefix included."""
    starts = [inner for inner, _ in offsets]

    def mapped(position: int) -> int:
        index = bisect_right(starts, position) - 1
        inner, out = offsets[index]
        return outer(base + out + (position - inner))

    return mapped


def _strip_lines(text: str, strip: Callable[[str, bool], int]) -> tuple[str, list[tuple[int, int]]]:
    """Lines without their prefix; and for each its (inner start, outer start with the prefix)."""
    lines: list[str] = []
    offsets: list[tuple[int, int]] = []
    inner = outer = 0
    for index, line in enumerate(text.splitlines(keepends=True)):
        width = strip(line, index == 0)
        offsets.append((inner, outer))
        lines.append(line[width:])
        inner += len(line) - width
        outer += len(line)
    offsets.append((inner, outer))
    return "".join(lines), offsets


def _strip_item(width: int) -> Callable[[str, bool], int]:
    def strip(line: str, first: bool) -> int:
        body = line.rstrip("\n")
        if first:
            return min(width, len(body))
        if body.startswith("\t"):
            return 1
        return min(width, len(body) - len(body.lstrip(" \t")))

    return strip


def _strip_quote(line: str, first: bool) -> int:
    marker = QUOTE_MARKER.match(line)
    return marker.end() if marker else 0


def parse(text: str, language: str = "en") -> Section:
    """Parse a section. Its blocks, joined, are `text`. Raises SectionError where it is too large."""
    if len(text) > MAX_CHARACTERS:
        raise SectionError(
            f"the section has {len(text):,} characters, more than {MAX_CHARACTERS:,}: exclude it or split it"
        )
    # The same length with line feeds only, and nothing that str.splitlines takes for a line break.
    shadow = _UNUSUAL.sub(" ", text).replace("\r\n", " \n").replace("\r", "\n")
    start = 1 if shadow.startswith("\ufeff") else 0
    leaves = [_Leaf(BlockKind.BLANK, 0, 1, "")] if start else []
    front = _FRONT_MATTER.match(shadow, start)
    if front:
        leaves.append(_Leaf(BlockKind.FRONT_MATTER, start, front.end(), ""))
        start = front.end()
    leaves += _leaves(shadow[start:], lambda position: position + start, 0, False, "")
    blocks = tuple(
        Block(leaf.kind, a, b, text[a:b], find_segments(text, leaf.kind, a, b, language), leaf.prefix)
        for leaf, a, b in _without_gaps(leaves, len(text))
    )
    return Section(text, language, blocks)


_UNUSUAL = re.compile("[\x00\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")


def _without_gaps(leaves: list[_Leaf], length: int) -> list[tuple[_Leaf, int, int]]:
    """Each leaf with its span: from its own start to the next one's; a list marker alone is a blank."""
    if not length:
        return []
    solid: list[_Leaf] = []
    for leaf in leaves:
        if solid and leaf.start <= solid[-1].start:
            if leaf.start >= leaf.end:
                continue
            solid.pop()
        solid.append(leaf)
    if not solid or solid[0].start > 0:
        solid.insert(0, _Leaf(BlockKind.BLANK if not solid else solid[0].kind, 0, 0, ""))
        if len(solid) > 1:
            solid[1:2] = []
    ends = [after.start for _, after in pairwise(solid)] + [length]
    return [(leaf, leaf.start, end) for leaf, end in zip(solid, ends, strict=True) if leaf.start < end]


def check_closed(section: Section, name: str) -> None:
    """Raise SectionError where a fence or a display formula of `section` is never closed.

    CommonMark lets an open fence swallow the rest of the file; in a book that is a mistake in writing,
    and a draft made from it would be one too. `name` says which file, for the message.
    """
    for block in section.blocks:
        if block.kind == BlockKind.FENCE:
            lines = block.text.strip().splitlines()
            marker = re.match(r"[\s>*+\d.)-]*(`{3,}|~{3,})", lines[0])
            if marker and (len(lines) < 2 or not re.match(rf"[\s>]*{marker.group(1)}", lines[-1])):
                raise SectionError(f"{name}, line {_line(section, block)}: the code fence is never closed; close it")
        elif block.kind in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM):
            masked = mask(block.text, tokens(block.text))
            if re.search(DISPLAY_MATH, masked, re.M):
                raise SectionError(f"{name}, line {_line(section, block)}: the formula `$$` is never closed; close it")


def _line(section: Section, block: Block) -> int:
    return section.text.count("\n", 0, block.start) + 1
