"""Segments for a model to read: protected tokens as short numbered masks, `<0>`, `<1>`, …; and back, verified.

A mask is a span of `sync.spans` in fewer characters, so that a prompt holds more text and a small model has less to
copy; what comes back is turned into spans again and held to the same rules.
"""

from __future__ import annotations

import html
import re

from sync.inline import mask, tokens
from sync.spans import SpanFault, decode, encode

_SPAN = re.compile(r'<span translate="no" id="(\d+)">[^<>]*</span>')
_MASK = re.compile(r"<(\d{1,4})>")
_LIKE_A_MASK = re.compile(r"<\s*+/?\s*+\d++\s*+/?\s*+>")
# What models give their turns, such as <|im_end|> or <｜User｜>: servers take it for that, wherever it stands.
_MARKUP = re.compile(
    r"<[|｜](?:[^<>]{0,40}[|｜]>)?|</?(?:s|bos|eos|pad|unk|think|(?:start|end)_of_\w{1,20})>|<</?SYS>>"
    r"|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]",
    re.IGNORECASE,
)
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def is_maskable(source: str) -> bool:
    """Whether no text of a segment looks like a mask itself, or like the markup of a model."""
    return not _LIKE_A_MASK.search(mask(source, tokens(source), " ")) and not has_markup(masked(source))


def has_markup(text: str) -> bool:
    """Whether a text, as it would be sent, holds markup that models give their turns."""
    return _MARKUP.search(text) is not None


def without_markup(text: str) -> str:
    """A text with an ellipsis for each piece of such markup."""
    return _MARKUP.sub("…", text)


def masked(source: str) -> str:
    """A segment (one line of Markdown) with its protected tokens as masks, numbered from 0."""
    return shortened(encode(source))


def masked_like(text: str, source: str) -> str:
    """A text with the masks of `source` for the tokens that both have, and higher numbers for the others."""
    free: dict[str, list[int]] = {}
    sent = tokens(source)
    for number, token in reversed(list(enumerate(sent))):
        free.setdefault(token.text, []).append(number)
    pieces: list[str] = []
    position, more = 0, len(sent)
    for token in tokens(text):
        if numbers := free.get(token.text):
            number = numbers.pop()
        else:
            number, more = more, more + 1
        pieces += [text[position : token.start], f"<{number}>"]
        position = token.end
    return "".join([*pieces, text[position:]])


def shortened(encoded: str) -> str:
    """A text of `sync.spans` with masks for its spans."""
    return html.unescape(_SPAN.sub(r"<\1>", encoded))


def unmasked(source: str, answer: str) -> str:
    """The answer to `masked(source)` with the tokens of `source`, each once. Raises SpanFault."""
    sent = [token.text.translate(_ESCAPED) for token in tokens(source)]
    pieces: list[str] = []
    position = 0
    for found in _MASK.finditer(answer):
        number = int(found[1])
        if number >= len(sent):
            raise SpanFault(f"a mask that was not sent: {found[0]}")
        span = f'<span translate="no" id="{number}">{sent[number]}</span>'
        pieces += [answer[position : found.start()].translate(_ESCAPED), span]
        position = found.end()
    return decode(source, "".join([*pieces, answer[position:].translate(_ESCAPED)]))
