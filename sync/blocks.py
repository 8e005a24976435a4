"""Where the blocks of a text are: mistune's block rules, with D2L's own before them.

mistune cannot write Markdown back without changing it, so it only finds the blocks: its parser's cursor is
recorded before and after each rule. Lists and block quotes are found as containers, one item a match;
`sync.markdown` takes them apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from mistune.block_parser import BlockParser
from mistune.core import BlockState

from sync.model import BlockKind

_DIRECTIVE = (
    r"^[ \t]{0,8}:(?:label|eqlabel|width|height|begin_tab|end_tab|bibliography|figure|toc)"
    r":(?:`[^`\n]*`)?[ \t]*$"
)
DISPLAY_MATH = r"^[ \t]{0,8}(?:[\[(](?:\*\*|~~))?\$\$"
_MATH_END = re.compile(r"\$\$(?:(?:\*\*|~~)[\])])?[.,;:。，]?[ \t]*(?:\n|$)")
# The row below a table's head, behind its indent. Possessive: white space is never given back, so it is linear.
DELIMITER_ROW = r"\|?[ \t]*+:?-++:?[ \t]*+(?:\|[ \t]*+:?-++:?[ \t]*+)*\|?[ \t]*+$"
_TABLE = rf"^(?=[^\n]*\|)[^\n]*\n[ \t]{{0,3}}{DELIMITER_ROW}"
_IMAGE = r"^ {0,3}!\[[^\n]*\]\([^()\n]*(?:\([^()\n]*\)[^()\n]*)?\)[ \t]*$"
_FOOTNOTE = r"^ {0,3}\[\^[^\]\s]{1,100}\]:"
LIST_MARKER = re.compile(r"([ \t]*)([*+-]|\d{1,9}[.)])([ \t]+|(?=\n|$))")
QUOTE_MARKER = re.compile(r" {0,3}> ?")
_INTERRUPTS = re.compile(
    rf" {{0,3}}(?:#{{1,6}}(?:[ \t]|$)|`{{3}}|~{{3}}|>|(?:[-*_][ \t]*){{3,}}$)|{_DIRECTIVE}|{DISPLAY_MATH}|{_IMAGE}",
    re.M,
)


class Found(NamedTuple):
    """A block or container of a text: what it is, and its half-open span."""

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
        self.register("display_math", DISPLAY_MATH, _parse_math, before=rule)
        self.register("footnote", _FOOTNOTE, _parse_footnote, before="ref_link")
        self.register("table", _TABLE, _parse_table, before="setex_heading")
        self._methods["atx_heading"] = lambda match, state: _parse_heading(match, state)
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


def _parse_heading(match: re.Match[str], state: BlockState) -> int:
    """Mistune's own rule trims the heading by a pattern that is quadratic in its spaces."""
    state.append_token({"type": "heading", "style": "atx"})
    return min(match.end() + 1, state.cursor_max)


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
    marker = LIST_MARKER.match(state.src, match.start())
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
        if not indented and (blank or not lazy or LIST_MARKER.match(line) or _INTERRUPTS.match(line)):
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
        marker = QUOTE_MARKER.match(line)
        if marker:
            inner = line[marker.end() :]
            lazy = bool(inner.strip()) and not _INTERRUPTS.match(inner)
        elif not line.strip() or not lazy or _INTERRUPTS.match(line) or LIST_MARKER.match(line):
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


def find_blocks(text: str) -> list[Found]:
    """Blocks and containers of `text` (line feeds only), in order, without gaps."""
    parser = _parser()
    state = parser.state_cls()
    state.process(text)
    scanner = parser.compile_sc()
    found: list[Found] = []
    while state.cursor < state.cursor_max:
        start = state.cursor
        match = _next_rule(scanner, text, start)
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
        # mistune stores a link reference without a token; one that goes on a paragraph is none.
        reference = match.lastgroup == "ref_link" and not _continues(found, state)
        if len(state.tokens) == count and (reference or state.last_token() is None):
            _token(state, BlockKind.REFERENCE)
        state.cursor = end
        _extend(found, state, start, end)
        del state.tokens[:-1]
    return found


def _next_rule(scanner: re.Pattern[str], text: str, start: int) -> re.Match[str] | None:
    """The first rule that applies from `start` on; rules hold at line starts only, so nothing else is tried."""
    position = start
    while position < len(text):
        if match := scanner.match(text, position):
            return match
        position = text.find("\n", position) + 1 or len(text)
    return None


def _continues(found: list[Found], state: BlockState) -> bool:
    return bool(found) and state.tokens[-1]["type"] == "paragraph"


def _extend(found: list[Found], state: BlockState, start: int, end: int) -> None:
    """Record that the last token reaches from `start` to `end`, joining the lines of one paragraph."""
    token = state.tokens[-1]
    kind = token.get("kind") or _KIND_OF_TOKEN.get(token["type"], BlockKind.PARAGRAPH)
    if token["type"] == "block_code":
        kind = BlockKind.FENCE if token.get("style") == "fenced" else BlockKind.CODE
    joined = found and found[-1].kind == BlockKind.PARAGRAPH and found[-1].end == start
    if joined and kind in (BlockKind.PARAGRAPH, BlockKind.HEADING) and token.get("style") != "atx":
        start = found.pop().start
    found.append(Found(kind, start, end, token.get("width", 0)))
