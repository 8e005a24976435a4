"""Lossless document model: the blocks of a section with their exact spans, and the segments inside them.

mistune finds the blocks (it cannot write Markdown back without changing it): its parser's cursor is
recorded before and after each rule. Lists and block quotes are taken apart here, one container at a time:
the lines of a container lose their prefix, are parsed again, and the spans are mapped back.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from mistune.block_parser import BlockParser
from mistune.core import BlockState

from sync import sentences
from sync.inline import find_marks, fold, mask, strip_marks, tokens
from sync.model import Block, BlockKind, Section, SectionError, Segment, Token

__all__ = ["check_closed", "fold", "parse", "strip_marks", "tokens"]

MAX_CHARACTERS = 10_000_000
_MAX_DEPTH = 12  # containers within containers; what is deeper is one paragraph

_FRONT_MATTER = re.compile(r"---[ \t]*\n(?:(?!---).*\n){0,200}?(?:---|\.\.\.)[ \t]*(?:\n|$)")
_DIRECTIVE = (
    r"^[ \t]{0,8}:(?:label|eqlabel|width|height|begin_tab|end_tab|bibliography|figure|toc)"
    r":(?:`[^`\n]*`)?[ \t]*$"
)
_DISPLAY_MATH = r"^[ \t]{0,8}(?:[\[(](?:\*\*|~~))?\$\$"
_MATH_END = re.compile(r"\$\$(?:(?:\*\*|~~)[\])])?[.,;:。，]?[ \t]*(?:\n|$)")
_TABLE = r"^(?=[^\n]*\|)[^\n]*\n[ \t]{0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$"
_IMAGE = r"^ {0,3}!\[[^\n]*\]\([^()\n]*(?:\([^()\n]*\)[^()\n]*)?\)[ \t]*$"
_FOOTNOTE = r"^ {0,3}\[\^[^\]\s]{1,100}\]:"
_LIST_MARKER = re.compile(r"([ \t]*)([*+-]|\d{1,9}[.)])([ \t]+|(?=\n|$))")
_QUOTE_MARKER = re.compile(r" {0,3}> ?")
_INTERRUPTS = re.compile(
    rf" {{0,3}}(?:#{{1,6}}(?:[ \t]|$)|`{{3}}|~{{3}}|>|(?:[-*_][ \t]*){{3,}}$)|{_DIRECTIVE}|{_DISPLAY_MATH}|{_IMAGE}",
    re.M,
)
_HEADING = re.compile(r"[ \t]*#{1,6}[ \t]*")
_HEADING_END = re.compile(r"(?<![ \t])[ \t]+#+$")
_SETEXT_END = re.compile(r"\r?\n[ \t>]*(?:=+|-+)[ \t]*(?:\r?\n)?$")
_FOOTNOTE_START = re.compile(r"\s*\[\^[^\]\s]*\]:[ \t]*")
_LINE_PREFIX = re.compile(r"[ \t]*(?:>[ \t]?)*[ \t]*")
_UNESCAPED_PIPE = re.compile(r"(?<!\\)\|")
_DELIMITER_ROW = re.compile(r"[ \t>]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")


class _Found(NamedTuple):
    kind: BlockKind | str  # "list" and "quote" are containers
    start: int
    end: int
    width: int = 0  # of a list item's indent


class _State(BlockState):
    """Keeps spans instead of text: mistune's own paragraphs are joined in quadratic time."""

    def add_paragraph(self, text: str) -> None:
        last = self.last_token()
        if not (last and last["type"] == "paragraph"):
            self.append_token({"type": "paragraph", "text": ""})

    def append_paragraph(self) -> int | None:
        last = self.last_token()
        return self.find_line_end() if last and last["type"] == "paragraph" else None


class _Parser(BlockParser):
    """mistune's block rules, D2L's own before them, and containers as single matches."""

    state_cls = _State

    def __init__(self) -> None:
        super().__init__()
        rule = "fenced_code"
        for name, pattern, kind in (
            ("directive", _DIRECTIVE, BlockKind.DIRECTIVE),
            ("image", _IMAGE, BlockKind.IMAGE),
        ):
            self.register(name, pattern, _one_line(kind), before=rule)
        self.register("display_math", _DISPLAY_MATH, _parse_math, before=rule)
        self.register("footnote", _FOOTNOTE, _parse_footnote, before="ref_link")
        self.register("table", _TABLE, _parse_table, before="setex_heading")
        self._methods["list"] = lambda match, state: _parse_item(self, match, state)
        self._methods["block_quote"] = lambda match, state: _parse_quote(self, match, state)


@lru_cache(maxsize=1)
def _parser() -> _Parser:
    return _Parser()


def _token(state: BlockState, kind: BlockKind | str, width: int = 0) -> None:
    state.append_token({"type": "amts", "kind": kind, "width": width})


def _one_line(kind: BlockKind) -> Callable[[BlockParser, re.Match[str], BlockState], int]:
    def rule(_: BlockParser, match: re.Match[str], state: BlockState) -> int:
        _token(state, kind)
        return min(match.end() + 1, state.cursor_max)

    return rule


def _parse_math(_: BlockParser, match: re.Match[str], state: BlockState) -> int | None:
    opened = state.src.find("$$", match.start()) + 2
    close = state.src.find("$$", opened)
    end = _MATH_END.match(state.src, close) if close >= 0 else None
    if end is None:
        return None  # text goes on after it: part of a paragraph
    _token(state, BlockKind.MATH)
    return end.end()


def _parse_footnote(_: BlockParser, match: re.Match[str], state: BlockState) -> int:
    _token(state, BlockKind.FOOTNOTE)
    end = state.find_line_end_at(match.end())
    while end < state.cursor_max:
        line = state.get_line(end)
        if not line.strip() or re.match(_FOOTNOTE, line) or _INTERRUPTS.match(line):
            break
        end += len(line)
    return end


def _parse_table(_: BlockParser, match: re.Match[str], state: BlockState) -> int | None:
    last = state.last_token()
    header = state.get_line(match.start())
    if header.count("|") < 1 or (last and last["type"] == "paragraph"):
        return None
    end = min(match.end() + 1, state.cursor_max)
    while end < state.cursor_max:
        line = state.get_line(end)
        if not line.strip() or "|" not in line:
            break
        end += len(line)
    _token(state, BlockKind.TABLE)
    return end


def _parse_item(parser: BlockParser, match: re.Match[str], state: BlockState) -> int | None:
    """One list item: its lines, up to the next line that is neither indented nor a lazy continuation."""
    marker = _LIST_MARKER.match(state.src, match.start())
    if marker is None:
        return None
    last = state.last_token()
    after_paragraph = bool(last and last["type"] == "paragraph")
    first = state.get_line(match.start())
    empty = not first[marker.end() - match.start() :].strip()
    ordered = marker.group(2)[:-1]
    if after_paragraph and (empty or (ordered and int(ordered) != 1)):
        return state.append_paragraph()
    spaces = marker.group(3)
    wide = empty or len(spaces.expandtabs(4)) > 4
    width = len(marker.group(1)) + len(marker.group(2)) + (1 if wide else len(spaces))
    end = match.start() + len(first)
    blank = False
    lazy = not empty
    kept = end
    while end < state.cursor_max:
        line = state.get_line(end)
        if not line.strip():
            blank, lazy = True, False
            end += len(line)
            continue
        indent = len(line) - len(line.lstrip(" \t"))
        indented = indent >= width or line.startswith("\t")
        if not indented and (blank or not lazy or _LIST_MARKER.match(line) or _INTERRUPTS.match(line)):
            break
        end += len(line)
        kept, blank = end, False
        lazy = not _fence_or_code(line)
    _token(state, "list", width)
    return kept


def _fence_or_code(line: str) -> bool:
    return line.lstrip().startswith(("```", "~~~"))


def _parse_quote(parser: BlockParser, match: re.Match[str], state: BlockState) -> int:
    end = match.start()
    lazy = False
    while end < state.cursor_max:
        line = state.get_line(end)
        marker = _QUOTE_MARKER.match(line)
        if marker:
            inner = line[marker.end() :]
            lazy = bool(inner.strip()) and not _INTERRUPTS.match(inner)
        elif not line.strip() or not lazy or _INTERRUPTS.match(line) or _LIST_MARKER.match(line):
            break
        end += len(line)
    _token(state, "quote")
    return end


_KIND_OF_TOKEN = {
    "paragraph": BlockKind.PARAGRAPH,
    "heading": BlockKind.HEADING,
    "thematic_break": BlockKind.RULE,
    "block_html": BlockKind.HTML,
    "blank_line": BlockKind.BLANK,
}


def _find_blocks(text: str) -> list[_Found]:
    """Blocks and containers of `text` (line feeds only), in order, without gaps."""
    parser = _parser()
    state = parser.state_cls()
    state.process(text)
    scanner = parser.compile_sc()
    found: list[_Found] = []
    while state.cursor < state.cursor_max:
        start = state.cursor
        match = scanner.search(text, start)
        if match is None:
            state.add_paragraph("")
            _extend(found, state, start, len(text))
            break
        if match.start() > start:
            state.add_paragraph("")
            state.cursor = match.start()
            _extend(found, state, start, match.start())
            start = match.start()
        count = len(state.tokens)
        end = parser.parse_method(match, state)
        if end:
            end = min(end, len(text))
        else:
            end = state.find_line_end()
            state.add_paragraph("")
        if len(state.tokens) == count and state.last_token() is None:
            _token(state, BlockKind.REFERENCE)
        elif len(state.tokens) == count and match.lastgroup == "ref_link" and not _continues(found, state):
            _token(state, BlockKind.REFERENCE)
        state.cursor = end
        _extend(found, state, start, end)
        del state.tokens[:-1]
    return found


def _continues(found: list[_Found], state: BlockState) -> bool:
    return bool(found) and state.tokens[-1]["type"] == "paragraph"


def _extend(found: list[_Found], state: BlockState, start: int, end: int) -> None:
    """Record that the last token reaches from `start` to `end`, joining the lines of one paragraph."""
    token = state.tokens[-1]
    kind = token.get("kind") or _KIND_OF_TOKEN.get(token["type"], BlockKind.PARAGRAPH)
    if token["type"] == "block_code":
        kind = BlockKind.FENCE if token.get("style") == "fenced" else BlockKind.CODE
    joined = found and found[-1].kind == BlockKind.PARAGRAPH and found[-1].end == start
    if joined and kind in (BlockKind.PARAGRAPH, BlockKind.HEADING) and token.get("style") != "atx":
        start = found.pop().start
    found.append(_Found(kind, start, end, token.get("width", 0)))


class _Leaf(NamedTuple):
    kind: BlockKind
    start: int
    end: int
    prefix: str


def _leaves(text: str, outer: Callable[[int], int], depth: int, item: bool, prefix: str) -> list[_Leaf]:
    """The leaf blocks of a container's inner text; `outer` maps inner offsets to the file's."""
    leaves: list[_Leaf] = []
    for found in _find_blocks(text):
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
    marker = _QUOTE_MARKER.match(line)
    return marker.end() if marker else 0


def parse(text: str, language: str = "en") -> Section:
    """Parse a section. Its blocks, joined, are `text`. Raises SectionError where it is too large."""
    if len(text) > MAX_CHARACTERS:
        raise SectionError(
            f"the section has {len(text):,} characters, more than {MAX_CHARACTERS:,}: exclude it or split it"
        )
    # The same length with line feeds only, and nothing that str.splitlines takes for a line break.
    shadow = text.translate(_SHADOW).replace("\r\n", " \n").replace("\r", "\n")
    start = 1 if shadow.startswith("\ufeff") else 0
    leaves = [_Leaf(BlockKind.BLANK, 0, 1, "")] if start else []
    front = _FRONT_MATTER.match(shadow, start)
    if front:
        leaves.append(_Leaf(BlockKind.FRONT_MATTER, start, front.end(), ""))
        start = front.end()
    leaves += _leaves(shadow[start:], lambda position: position + start, 0, False, "")
    blocks = tuple(
        Block(leaf.kind, a, b, text[a:b], _segments(text, leaf.kind, a, b, leaf.prefix, language), leaf.prefix)
        for leaf, a, b in _without_gaps(leaves, len(text))
    )
    return Section(text, language, blocks)


_SHADOW = {ord(c): " " for c in "\x00\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"}


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


def _segments(text: str, kind: BlockKind, start: int, end: int, prefix: str, language: str) -> tuple[Segment, ...]:
    block = text[start:end]
    if kind == BlockKind.HEADING:
        return _heading(block, start)
    if kind in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.FOOTNOTE):
        return _prose(block, kind, start, language)
    if kind == BlockKind.TABLE:
        return _table(block, start)
    if kind == BlockKind.IMAGE:
        a, b = block.index("![") + 2, block.rindex("](")
        return _whole(block, a, b, start)
    return ()


def _whole(block: str, a: int, b: int, offset: int) -> tuple[Segment, ...]:
    """block[a:b], trimmed, as one segment."""
    while a < b and block[a].isspace():
        a += 1
    while b > a and block[b - 1].isspace():
        b -= 1
    return (_segment(block[a:b], offset + a),) if a < b else ()


def _segment(text: str, offset: int, found: tuple[Token, ...] | None = None) -> Segment:
    found = tokens(text) if found is None else found
    protected = tuple(Token(t.start + offset, t.end + offset, t.kind, t.text) for t in found)
    return Segment(offset, offset + len(text), text, protected)


def _heading(block: str, offset: int) -> tuple[Segment, ...]:
    lead = _LINE_PREFIX.match(block)
    marker = _LIST_MARKER.match(block)
    a = marker.end() if marker else (lead.end() if lead else 0)
    atx = _HEADING.match(block, a)
    if atx:
        a = atx.end()
        closing = _HEADING_END.search(block.rstrip(), a)
        return _whole(block, a, closing.start() if closing else len(block), offset)
    underline = _SETEXT_END.search(block)
    return _whole(block, a, underline.start() if underline else len(block), offset)


def _prose(block: str, kind: BlockKind, offset: int, language: str) -> tuple[Segment, ...]:
    """The sentences of a paragraph, list item or footnote; slide marks go with the sentence they touch."""
    a = 0
    if kind == BlockKind.FOOTNOTE:
        head = _FOOTNOTE_START.match(block)
        a = head.end() if head else 0
    else:
        lead = _LINE_PREFIX.match(block)
        a = lead.end() if lead else 0
        while kind == BlockKind.LIST_ITEM and (marker := _LIST_MARKER.match(block, a)):
            lead = _LINE_PREFIX.match(block, marker.end())
            a = lead.end() if lead else marker.end()
    body = block[a:]
    found = tokens(body)
    masked = mask(body, found)
    marks = find_marks(body)
    if marks:
        signs = list(masked)
        for start, end, _, _ in marks:
            signs[start:end] = " " * (end - start)
        masked = "".join(signs)
    if "\n" in masked and ">" in block:
        masked = _QUOTED_LINE.sub(lambda m: " " * len(m.group()), masked)
    spans = _with_marks(sentences.split(masked, language), marks, len(body))
    segments = []
    at = 0
    for start, end in spans:
        while at < len(found) and found[at].end <= start:
            at += 1
        inside = []
        for token in found[at:]:
            if token.start >= end:
                break
            inside.append(Token(token.start - start, token.end - start, token.kind, token.text))
        segments.append(_segment(body[start:end], offset + a + start, tuple(inside)))
    return tuple(segments)


_QUOTED_LINE = re.compile(r"(?<=\n)[ \t]*(?:>[ \t]?)+")


def _with_marks(
    spans: list[tuple[int, int]], marks: list[tuple[int, int, str, bool]], length: int
) -> list[tuple[int, int]]:
    """Extend sentences over the slide marks beside them: an opening one to the next, a closing one back."""
    if not spans:
        return [(marks[0][0], marks[-1][1])] if marks else []
    starts = [a for a, _ in spans]
    ends = [b for _, b in spans]
    for start, end, _, opens in marks:
        index = bisect_right(starts, start) - 1
        if index >= 0 and end <= ends[index]:
            continue
        if opens and index + 1 < len(spans):
            starts[index + 1] = min(starts[index + 1], start)
        elif index >= 0:
            ends[index] = max(ends[index], end)
        else:
            starts[0] = min(starts[0], start)
    return list(zip(starts, ends, strict=True))


def _table(block: str, offset: int) -> tuple[Segment, ...]:
    """The cells of a table; the delimiter row has none."""
    segments: list[Segment] = []
    position = 0
    for index, line in enumerate(block.splitlines(keepends=True)):
        if not (index == 1 and _DELIMITER_ROW.match(line.rstrip("\r\n"))):
            masked = mask(line, tokens(line))
            lead = _LINE_PREFIX.match(line)
            edges = [lead.end() - 1 if lead else -1, *(m.start() for m in _UNESCAPED_PIPE.finditer(masked)), len(line)]
            for left, right in pairwise(edges):
                segments += _whole(line, left + 1, right, offset + position)
        position += len(line)
    return tuple(segments)


def check_closed(section: Section, name: str) -> None:
    """Raise SectionError where a fence or a display formula of `section` is never closed.

    CommonMark lets an open fence swallow the rest of the file; in a book that is a mistake in writing,
    and a draft made from it would be one too. `name` says which file, for the message.
    """
    for block in section.blocks:
        line = section.text.count("\n", 0, block.start) + 1
        if block.kind == BlockKind.FENCE:
            lines = block.text.strip().splitlines()
            marker = re.match(r"[\s>*+\d.)-]*(`{3,}|~{3,})", lines[0])
            if marker and (len(lines) < 2 or not re.match(rf"[\s>]*{marker.group(1)}", lines[-1])):
                raise SectionError(f"{name}, line {line}: the code fence is never closed; close it")
        elif block.kind in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM):
            masked = mask(block.text, tokens(block.text))
            if re.search(_DISPLAY_MATH, masked, re.M):
                raise SectionError(f"{name}, line {line}: the formula `$$` is never closed; close it")
