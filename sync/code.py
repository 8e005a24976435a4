"""Code in fences: its comments, its identity without them, and the three-way merge of a change.

Comments are found by the habits that most languages of fences share: `#`, `//`, `--`, `%` and `;` are told
by the fence's language, Python's docstrings are comments too. Code is never sent to an engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import LCSseq

_INFO = re.compile(r"[\s>*+\d.)-]*(?:`{3,}|~{3,})[ \t]*([^\n]*)")
_TAB = re.compile(r"(?:%%|#@)tab[^\n]*")
_SLASHES = re.compile(r"\b(?:c|cc|cpp|c\+\+|java|javascript|js|ts|typescript|rust|go|kotlin|swift|scala|cs|php)\b")
_TOKEN = re.compile(
    r"(?P<string>\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')|(?P<hash>#[^\n]*)|(?P<slash>//[^\n]*)"
    r"|(?P<word>\w+)|(?P<space>[ \t\r]+)|(?P<line>\n)|(?P<sign>[^\w\s])"
)
# What runs over lines, by how it opens and closes.
_LONG = {'"""': '"""', "'''": "'''", "/*": "*/"}
_MAX_TOKENS = 20_000


@dataclass(frozen=True, slots=True)
class CodeMerge:
    """The merged fence; `conflict` where the translation's own code had to be kept against the change."""

    text: str
    conflict: bool


def tab_of(fence: str) -> str:
    """The `#@tab …` or `%%tab …` line of a fence, spaces gone; "" where it has none."""
    found = _TAB.search(fence[:400])
    return re.sub(r"[\s,]+", "", found.group()) if found else ""


def _lex(fence: str) -> list[tuple[str, bool]]:
    """Tokens of a fence as (text, is it a comment?); joined they are the fence."""
    info = _INFO.match(fence)
    slashes = bool(info and _SLASHES.search(info.group(1).lower()))
    position = info.end() if info else 0
    lexed: list[tuple[str, bool]] = [(fence[:position], False)] if position else []
    unclosed: set[str] = set()
    line_start = True
    while position < len(fence):
        kind, end = _next_token(fence, position, unclosed)
        if (kind == "slash" and not slashes) or (kind == "hash" and slashes):
            kind, end = "sign", position + 1
        text = fence[position:end]
        comment = (
            (kind == "hash" and not text.startswith(("#@", "#!")) and not re.match(r"#\s*@save", text))
            or kind == "slash"
            or (kind == "string" and line_start and text[:3] in _LONG)
        )
        lexed.append((text, comment))
        line_start = kind == "line" or (line_start and kind == "space")
        position = end
    return lexed


def _next_token(fence: str, position: int, unclosed: set[str]) -> tuple[str, int]:
    """(kind, end) of the token at `position`; `unclosed` remembers what is not closed behind it any more."""
    for opening, closing in _LONG.items():
        if fence.startswith(opening, position) and opening not in unclosed:
            close = fence.find(closing, position + len(opening))
            if close >= 0:
                return ("slash" if opening == "/*" else "string"), close + len(closing)
            unclosed.add(opening)
    match = _TOKEN.match(fence, position)
    return (match.lastgroup or "sign", match.end()) if match else ("sign", position + 1)


@lru_cache(maxsize=4096)
def code_key(fence: str) -> str:
    """The code of a fence without comments and white space: equal keys, equal programs."""
    return "".join("".join(text.split()) for text, comment in _lex(fence) if not comment)


def comments(fence: str) -> list[str]:
    """The comments of a fence, in order."""
    return [text for text, comment in _lex(fence) if comment]


def merge_code(old: str, new: str, target: str) -> CodeMerge:
    """Carry the change `old` → `new` of a fence over to its translation `target`.

    Translated comments stay where the English comment stands unchanged; a changed or new comment comes in
    English. Where the translation's own code was changed in the same place, it is kept: a conflict.
    """
    if old == new:
        return CodeMerge(target, conflict=False)
    if code_key(target) == code_key(new):
        return CodeMerge(_reformatted(old, new, target), conflict=False)
    merged = _three_way(old, new, target)
    if code_key(target) == code_key(old) and (merged.conflict or code_key(merged.text) != code_key(new)):
        return CodeMerge(_with_comments(old, new, target), conflict=False)
    return merged


def _reformatted(old: str, new: str, target: str) -> str:
    """The translation has the new code already; only white space may still be behind."""
    if comments(target) == comments(old) and _blank_comments(target) == _blank_comments(old):
        return new
    if code_key(old) == code_key(new) and comments(old) != comments(target):
        return _with_comments(old, new, target)
    return target


def _blank_comments(fence: str) -> str:
    return "".join("#" if comment else text for text, comment in _lex(fence))


def _with_comments(old: str, new: str, target: str) -> str:
    """The new code with the translation's comments: same programs in `old` and `target`."""
    translated = _comment_map(old, target)
    if translated is None:
        return new if comments(old) == comments(target) else target
    lexed = _lex(new)
    parts = []
    used: dict[str, int] = {}
    for text, comment in lexed:
        if comment:
            choices = translated.get(_fold(text))
            if choices:
                at = min(used.get(_fold(text), 0), len(choices) - 1)
                used[_fold(text)] = at + 1
                text = choices[at]
        parts.append(text)
    return "".join(parts)


def _fold(comment: str) -> str:
    return " ".join(comment.split())


def _comment_map(old: str, target: str) -> dict[str, list[str]] | None:
    """English comment -> its translations in order; None where they cannot be told one for one."""
    between_old, between_new = _by_place(old), _by_place(target)
    if not any(between_new.values()):
        # The translator left the comments out, every one: new ones come in English.
        return {} if not any(between_old.values()) else None
    found: dict[str, list[str]] = {}
    for place, english in between_old.items():
        own = between_new.get(place, [])
        if len(own) != len(english):
            return None
        for source, translation in zip(english, own, strict=True):
            found.setdefault(_fold(source), []).append(translation)
    if any(place not in between_old for place in between_new):
        return None
    return found


def _by_place(fence: str) -> dict[int, list[str]]:
    """Comments by the number of code characters before them."""
    places: dict[int, list[str]] = {}
    count = 0
    for text, comment in _lex(fence):
        if comment:
            places.setdefault(count, []).append(text)
        else:
            count += len("".join(text.split()))
    return places


def _three_way(old: str, new: str, target: str) -> CodeMerge:
    base, theirs, ours = ([text for text, _ in _lex(fence)] for fence in (old, target, new))
    if max(len(base), len(theirs), len(ours)) > _MAX_TOKENS:
        return CodeMerge(target, conflict=True)
    parts: list[str] = []
    for was, own, upstream in _regions(base, theirs, ours):
        if was != own and upstream not in (was, own):
            return CodeMerge(target, conflict=True)  # whole, never a mixture of two programs
        parts += upstream if was == own else own
    return CodeMerge("".join(parts), conflict=False)


def _regions(base: list[str], theirs: list[str], ours: list[str]) -> Iterator[tuple[list[str], list[str], list[str]]]:
    """The stretches between and of what all three have in common (diff3), in order."""
    in_theirs, in_ours = _matches(base, theirs), _matches(base, ours)
    b = t = o = 0
    for at in [*(i for i in range(len(base)) if i in in_theirs and i in in_ours), len(base)]:
        there, here = in_theirs.get(at, len(theirs)), in_ours.get(at, len(ours))
        yield base[b:at], theirs[t:there], ours[o:here]
        yield base[at : at + 1], base[at : at + 1], base[at : at + 1]
        b, t, o = at + 1, there + 1, here + 1


def _matches(a: list[str], b: list[str]) -> dict[int, int]:
    return {
        block.src_start + i: block.dest_start + i
        for block in LCSseq.opcodes(a, b)
        if block.tag == "equal"
        for i in range(block.src_end - block.src_start)
    }
