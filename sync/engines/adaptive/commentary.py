"""What models say around a translation: labels, notes, apologies and quotation marks that the segment does not have."""

from __future__ import annotations

import re

from sync.engines.adaptive.words import APOLOGIES, MACHINES, MODELS, NAMES, NOTES, OPENINGS, PARTS, TRANSLATION

_HEAD = 80  # characters in which a label ends
_COLON = re.compile(r"[:：]")


def _any(words: str) -> str:
    """A pattern for any of the words, which are apart by `|`; one of an alphabet begins a word of the text."""
    longest_first = sorted(words.split("|"), key=len, reverse=True)
    return "|".join((r"(?<!\w)" if word[0] < "\u3000" else "") + re.escape(word) for word in longest_first)


def _whole(words: str) -> str:
    """The same, and one of an alphabet is a whole word."""
    return "|".join(_any(word) + (r"(?!\w)" if word[-1] < "\u0e00" else "") for word in words.split("|"))


_TRANSLATION = re.compile(_any(TRANSLATION), re.IGNORECASE)
_TRANSLATION_LABEL = re.compile(rf"\W{{0,3}}(?:{_any(TRANSLATION)})\w{{0,8}}\W{{0,3}}[:：]", re.IGNORECASE)
_OPENING = re.compile(rf"\W{{0,3}}(?:{_whole(OPENINGS)})[^.。:：]{{0,{_HEAD}}}[:：]", re.IGNORECASE)
_NAMED = re.compile(rf"(?:^|[\s.。!?！？])(?:{_any(NAMES)})\s?[:：]", re.IGNORECASE)
_APOLOGY = re.compile(rf"\W{{0,3}}(?:{_any(APOLOGIES)})", re.IGNORECASE)
_REGRET = re.compile(rf"\b(?:sorry|apolog|regret|can't|cannot|can not|unable)|{_any(APOLOGIES)}", re.IGNORECASE)
# At the beginning, in brackets, or after a sentence.
_NOTE = re.compile(
    r"(?:(?P<first>^)|(?P<bracket>[(（\[【])|[.。!?！？…」”\")）]\s{0,3})[*_ ]{0,3}"
    rf"(?:{_any(NOTES)})[*_ ]{{0,3}}[:：]",
    re.IGNORECASE,
)
_NOTEWORTHY = re.compile(rf"\W{{0,3}}(?:{_any(NOTES)})", re.IGNORECASE)
_LABEL_IN_BRACKETS = re.compile(r"[(（\[【][^()（）\[\]【】:：]{0,40}[:：]")

_MACHINE = re.compile(_any(MACHINES), re.IGNORECASE)
_MODELS = re.compile(MODELS, re.IGNORECASE)
_PART = re.compile(rf"\b(?:{PARTS})\b|^\W{{0,3}}text\W{{0,3}}[:：]", re.IGNORECASE)
_EMPHASIS = re.compile(r"^\*\*|\*\*$")

_QUOTES = {
    "“": "”", "”": "”", "„": "“”", "‚": "‘’", "‘": "’", "«": "»", "»": "«", "‹": "›", "›": "‹", "「": "」", "『": "』",
    "〝": "〞〟",
}  # fmt: skip
_STRAIGHT = "\"'＂"
_ENDS = ".。!?！？"


def comment_fault(sent: str, answer: str) -> str | None:
    """Why an answer to what was sent is more than its translation; None where it is not. Both have masks."""
    return _leaked(sent, answer) or _announced(sent, answer) or _noted(sent, answer) or _quoted(sent, answer)


def _leaked(sent: str, answer: str) -> str | None:
    """What the model says of itself, or took from around the segment."""
    for pattern, usual in ((_MACHINE, _MODELS), (_PART, _PART), (_EMPHASIS, _EMPHASIS)):
        if (found := pattern.search(answer)) and not usual.search(sent):
            return f"the answer holds what the segment does not: {found[0]}"
    return None


def _announced(sent: str, answer: str) -> str | None:
    if _APOLOGY.match(answer) and not _REGRET.search(sent):
        return f"the answer holds a comment: {answer[:40]}"
    colon = _COLON.search(answer, 0, _HEAD)
    if colon is None:
        return None
    head = answer[: colon.end()]
    speaks = _TRANSLATION.search(head) is not None and not _TRANSLATION.search(sent)
    opens = _OPENING.match(head) is not None
    label = _TRANSLATION_LABEL.match(head) is not None and not _TRANSLATION_LABEL.match(sent)
    # Elsewhere a colon of the source may be what became this one.
    if label or (speaks and opens) or ((speaks or opens) and _has_more_colons(answer, sent)):
        return f"the answer holds a comment: {head[:40]}"
    return None


def _noted(sent: str, answer: str) -> str | None:
    more = _has_more_colons(answer, sent)
    for found in _NOTE.finditer(answer):
        if found["bracket"]:
            added = not _LABEL_IN_BRACKETS.search(sent)
        else:
            added = more and not (found["first"] is not None and _NOTEWORTHY.match(sent))
        if added:
            return f"the answer holds a comment: {answer[found.start() :][:40]}"
    if more and (named := _NAMED.search(answer)):
        return f"the answer holds more than a translation: {named[0].strip()}"
    return None


def _quoted(sent: str, answer: str) -> str | None:
    emphasised = len(sent) > 1 and sent[0] == sent[-1] and sent[0] in "*_"
    if _is_quoted(answer) and not _is_quoted(sent) and not emphasised:
        return "the answer is in quotation marks, which the segment is not"
    return None


def _is_quoted(text: str) -> bool:
    """Whether all of a text is one quotation: `“a” and “b”` only begins and ends with one."""
    text = text.rstrip(_ENDS + " ") if text[-1:] in _ENDS else text
    if len(text) < 2:
        return False
    opening, closing = text[0], _QUOTES.get(text[0], text[0] if text[0] in _STRAIGHT else "")
    if text[-1] not in closing:
        return False
    depth = 1
    for place in range(1, len(text) - 1):
        if opening in closing:  # the same sign: it opens where a word begins
            opens = text[place] == opening and text[place - 1] in f" (（{opening}" and text[place + 1] != " "
        else:
            opens = text[place] == opening
        depth += 1 if opens else -1 if text[place] in closing else 0
        if depth == 0:
            return False
    return True


def _has_more_colons(answer: str, sent: str) -> bool:
    return len(_COLON.findall(answer)) > len(_COLON.findall(sent))
