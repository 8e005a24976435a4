"""Text from outside in GitHub's Markdown: shown as it is, and without effect."""

from __future__ import annotations

import html
import re
import unicodedata

from rapidfuzz.distance import Indel

# Splits a text node, so that GitHub finds no mention, reference or address in it; nothing shows, and
# nothing invisible is copied along with the text.
_BREAK = "<!-- -->"
_LIVE = re.compile(
    r"(?P<at>@)|(?P<issue>#)(?=\d)|(?P<gh>\bGH-)(?=\d)|(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,30}:)(?=//)"
    r"|(?P<www>\bwww)(?=\.)|(?P<emoji>:)(?=[a-z0-9_+-]{1,40}:)",
    re.I,
)
_MARKS = re.compile(r"[\\`*_\[\]|~#$]")
_FIRST = re.compile(r"^(?=[-+=])|(?<=^\d)(?=[.)])|(?<=^\d\d)(?=[.)])")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"  # Persian, Hindi and others are written with them
_BETWEEN = re.compile(r"</(?:del|ins)>( )<(?:del|ins)>")  # words that changed one after another
_PIECE = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uac00-\ud7a3\uff00-\uffef]|\w+|\s+|[^\w\s]")

_LONGEST_EQUAL = 160
_LONGEST_CHANGED = 400
_LONGEST_MARKED = 3_000
_LONGEST_COMPARED = 4_000


def escape(text: str, limit: int = 300) -> str:
    """`text` on one line of Markdown, at most `limit` characters of it, with no markup or reference in it.

    It may stand in a paragraph, a list item or a table cell.
    """
    return _FIRST.sub(r"\\", _escape(_one_line(text, limit).strip()))


def code(text: str, limit: int = 200) -> str:
    """`text` as inline code, on one line, at most `limit` characters; also in a table cell."""
    shown = _one_line(text, limit)
    # A code span has no escapes: a backtick would end it, a bar the cell that it stands in.
    plain = shown and not {"`", "|", "\\"} & set(shown)
    return f"`{shown}`" if plain else f"<code>{_escape(shown)}</code>"


def html_code(text: str, limit: int = 200) -> str:
    """`text` as inline code where Markdown is not read, such as in `<summary>`."""
    return f"<code>{html.escape(_one_line(text, limit))}</code>"


def clip(text: str, limit: int) -> str:
    """The first `limit` characters of `text`, the last of them an ellipsis where some are missing."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def differences(old: str, new: str) -> tuple[str, str]:
    """Both texts escaped; what only one of them has is marked with `<del>` and `<ins>`.

    Long equal parts are cut. Where the marks would be longer than the texts are worth, there are none.
    """
    before, after = _pieces(old), _pieces(new)
    left, right = [], []
    for move in Indel.opcodes(before, after):
        ours = "".join(before[move.src_start : move.src_end])
        theirs = "".join(after[move.dest_start : move.dest_end])
        if move.tag == "equal":
            left.append(_escape(_shorten(ours)))
            right.append(_escape(_shorten(theirs)))
        if move.tag in ("delete", "replace"):
            left.append(f"<del>{_escape(clip(ours, _LONGEST_CHANGED))}</del>")
        if move.tag in ("insert", "replace"):
            right.append(f"<ins>{_escape(clip(theirs, _LONGEST_CHANGED))}</ins>")
    marked = _BETWEEN.sub(r"\1", "".join(left)), _BETWEEN.sub(r"\1", "".join(right))
    return marked if max(map(len, marked)) <= _LONGEST_MARKED else (escape(old), escape(new))


def _pieces(text: str) -> list[str]:
    return _PIECE.findall(_one_line(text, _LONGEST_COMPARED))


def _shorten(text: str) -> str:
    if len(text) <= _LONGEST_EQUAL:
        return text
    half = _LONGEST_EQUAL // 2
    return f"{text[:half]} … {text[-half:]}"


def _one_line(text: str, limit: int) -> str:
    """At most `limit` characters of `text`, white space folded, a sign for each one that cannot be seen."""
    shown = (" " if mark.isspace() else "\ufffd" if _is_hidden(mark) else mark for mark in text[: 4 * limit])
    folded = " ".join("".join(shown).split())
    return clip(folded if len(text) <= 4 * limit else f"{folded}…", limit)


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in _HIDDEN and character not in _JOINERS


def _escape(text: str) -> str:
    # The breaks are set first, as characters that cannot be in the text, because they are markup themselves.
    broken = _LIVE.sub(lambda match: f"{match[0]}\0", text)
    return _MARKS.sub(r"\\\g<0>", html.escape(broken, quote=False)).replace("\0", _BREAK)
