"""Text from outside in GitHub's Markdown: shown as it is, and without effect."""

from __future__ import annotations

import html
import re
import unicodedata
from itertools import groupby
from operator import itemgetter

from rapidfuzz.distance import Indel

# Splits a text node, so that GitHub finds no mention, reference or address in it; nothing shows, and nothing
# invisible is copied along with the text. It works unrendered too: a squash merge can make a description the
# message of a commit, where code is not spared.
_BREAK = "<!-- -->"
_CUT = "\0"
# What GitHub, or a bot that reads along, makes something of: mentions, issues (`#1`, `owner/name#1`, `GH-1`, so that
# no closing keyword has one to close), addresses, emoji, and commands such as `/amts`.
_LIVE = re.compile(
    r"@|#(?=\d)|GH-(?=\d)|[a-z][a-z0-9+.-]{0,30}:(?=//)|www(?=\.)|:(?=[a-z0-9_+-]{1,40}:)|(?<!\S)/(?=[a-z])", re.I
)
# GitHub takes the beginning of a commit's id for the id, from seven digits on.
_COMMIT = re.compile(r"(?<![0-9a-z_])[0-9a-f]{7,}(?![0-9a-z_])", re.I)
_SHORT = re.compile(r".{6}(?=.)")
_MARKS = re.compile(r"[\\`*_\[\]|~#$]")
_FIRST = re.compile(r"^(?:(?=[-+=])|\d{1,9}(?=[.)]))")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,59}")
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
    return _FIRST.sub(lambda match: f"{match[0]}\\", _escape(one_line(text, limit).strip()))


def code(text: str, limit: int = 200) -> str:
    """`text` as inline code, on one line, at most `limit` characters; also in a table cell."""
    shown = one_line(text, limit)
    # A code span has no escapes: a backtick would end it, a bar the cell that it stands in. Unrendered, nobody would
    # know that it is one: `[skip ci]` skips it, and `<` begins a comment like those that AMTS knows its texts by.
    plain = shown and not set("`|\\[<") & set(shown) and not _LIVE.search(shown)
    return f"`{shown}`" if plain else f"<code>{_escape(shown)}</code>"


def html_code(text: str, limit: int = 200) -> str:
    """`text` as inline code where Markdown is not read, such as in `<summary>`."""
    shown = html.escape(_broken(one_line(text, limit))).replace("[", "&lbrack;")
    return f"<code>{shown.replace(_CUT, _BREAK)}</code>"


def plain_name(name: str) -> str | None:
    """`name` where it can stand in plain text that GitHub links, such as a title; None for any other.

    Such are letters and digits with `_` and `-` between them, unless they make a reference.
    """
    return name if _NAME.fullmatch(name) and _broken(name) == name else None


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
        equal = move.tag == "equal"
        left.append((equal, "".join(before[move.src_start : move.src_end])))
        right.append((equal, "".join(after[move.dest_start : move.dest_end])))
    marked = _marked(left, "del"), _marked(right, "ins")
    return marked if max(map(len, marked)) <= _LONGEST_MARKED else (escape(old), escape(new))


def _marked(pieces: list[tuple[bool, str]], tag: str) -> str:
    """Pieces of a text, each with whether the other text has it too, as one; those that it has not in a tag."""
    parts = []
    # What stands together is escaped together, or nobody would see the reference in `#` and `1`.
    for equal, run in groupby((piece for piece in pieces if piece[1]), itemgetter(0)):
        text = "".join(part for _, part in run)
        parts.append(_escape(_shorten(text)) if equal else f"<{tag}>{_escape(clip(text, _LONGEST_CHANGED))}</{tag}>")
    return _BETWEEN.sub(r"\1", "".join(parts))


def _pieces(text: str) -> list[str]:
    return _PIECE.findall(one_line(text, _LONGEST_COMPARED))


def _shorten(text: str) -> str:
    if len(text) <= _LONGEST_EQUAL:
        return text
    half = _LONGEST_EQUAL // 2
    return f"{text[:half]} … {text[-half:]}"


def one_line(text: str, limit: int) -> str:
    """At most `limit` characters of `text`, white space folded, a sign for each one that cannot be seen.

    As plain text: nothing in it is escaped.
    """
    folded = " ".join(text[: 4 * limit].split())
    shown = clip(folded if len(text) <= 4 * limit else f"{folded}…", limit)
    return shown if shown.isprintable() else "".join("\ufffd" if _is_hidden(mark) else mark for mark in shown)


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in _HIDDEN and character not in _JOINERS


def _escape(text: str) -> str:
    return _MARKS.sub(r"\\\g<0>", html.escape(_broken(text), quote=False)).replace(_CUT, _BREAK)


def _broken(text: str) -> str:
    """`text` with a cut in each reference. It is a character that cannot be in the text, as the break is markup."""
    parted = _COMMIT.sub(lambda id: _SHORT.sub(rf"\g<0>{_CUT}", id[0]), text)
    return _LIVE.sub(rf"\g<0>{_CUT}", parted)
