"""What a model answers is not to be trusted: one segment's translation, or a fault that says what is wrong with it."""

from __future__ import annotations

import json
import re

from rapidfuzz.distance import Indel

from sync.checks import check_translation
from sync.engines.adaptive.commentary import comment_fault
from sync.engines.adaptive.masks import masked, unmasked
from sync.engines.adaptive.model import End, Form, Reply
from sync.engines.adaptive.plausible import language_fault, without_citations
from sync.engines.adaptive.prompt import Material, usable_previous
from sync.inline import mask, tokens
from sync.languages import language
from sync.model import BlockKind
from sync.spans import SpanFault

# A translation may be so many times as long or short as the book's usually are, and some characters more.
_RATIO = 2.5
_SLACK = 24
_LEAST_ECHO = 12  # characters of a source that no translation holds by chance
# An edit rewrites the old translation where of so long a source so little changed, and of so much nothing stays. Short
# sentences are often turned around by a word, and a refusal takes a good sentence away.
_LONG_EDIT = 60
_HARDLY_CHANGED = 0.85
_LEAST_KEPT = 0.4

# A word; where none are written apart, a character.
_CJK = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
_PIECE = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+")
_FENCE = re.compile(r"```(?:json)?\s*(\{.*\})\s*```", re.DOTALL)


class Fault(ValueError):
    """Why an answer cannot stand for a segment, for people and for the model that is asked again."""


def read(reply: Reply, material: Material, form: Form, usual: float | None) -> str:
    """The translation that an answer holds: one line, the protected tokens of the segment in it. Raises Fault.

    `usual`: characters of a translation for each of its source, in this book; None where that is not known.
    """
    if reply.end is not End.COMPLETE:
        raise Fault(f"the answer was {reply.end.value}" + (f": {reply.text[:100]}" if reply.end is End.REFUSED else ""))
    answer = _only(reply.text, form).strip()
    _check_comment(answer, material)
    try:
        text = unmasked(material.source, answer)
    except SpanFault as damage:
        raise Fault(str(damage)) from None
    if fault := check_translation(material.source, text, BlockKind.PARAGRAPH):
        raise Fault(fault)
    ours, theirs = (mask(each, tokens(each), " ") for each in (material.source, text))
    if fault := language_fault(ours, theirs, material.languages):
        raise Fault(fault)
    _check_length(ours, theirs, usual)
    _check_edit(text, material)
    return text


def _only(text: str, form: Form) -> str:
    """The one answer in what came back."""
    if form != "chat":
        if len(lines := text.strip().splitlines()) > 1:
            raise Fault(f"{len(lines)} lines instead of one")
        return text
    fenced = _FENCE.fullmatch(text.strip())
    try:
        found = json.loads(fenced[1] if fenced else text)
        if set(found) != {"translation"} or not isinstance(found["translation"], str):
            raise ValueError
    except (ValueError, TypeError, RecursionError):
        raise Fault('the answer is not one JSON object {"translation": "…"}') from None
    return str(found["translation"])


def _check_comment(answer: str, material: Material) -> None:
    sent = masked(material.source)
    # A term may be given in English as well, in brackets.
    ours, theirs = sent.casefold(), answer.casefold()
    if len(sent) >= _LEAST_ECHO and (ours == theirs or ours in without_citations(theirs)):
        raise Fault("the answer repeats the segment instead of translating it")
    for code in material.languages:
        label = f"{language(code).name}:"
        if label in answer and answer.count(":") > sent.count(":"):
            raise Fault(f"the answer holds more than a translation: {label}")
    if fault := comment_fault(sent, answer):
        raise Fault(fault)


def _check_length(ours: str, theirs: str, usual: float | None) -> None:
    if usual is None:
        return
    expected, found = usual * len("".join(ours.split())), len("".join(theirs.split()))
    slack = _SLACK * max(0.5, min(usual, 1.0))  # a character of Chinese says more than one of English
    if found > _RATIO * expected + slack:
        raise Fault(f"far longer than the segment: {found} characters, where {expected:.0f} are usual")
    if expected > _RATIO * found + slack:
        raise Fault(f"far shorter than the segment: {found} characters, where {expected:.0f} are usual")


def _check_edit(text: str, material: Material) -> None:
    previous = usable_previous(material.previous, material.languages)
    if previous is None or len(previous[0]) < _LONG_EDIT:
        return
    old_source, old_target = previous
    if Indel.normalized_similarity(old_source, material.source) < _HARDLY_CHANGED:
        return
    # By words: all texts in one alphabet share most of their letters, in order.
    if Indel.normalized_similarity(_PIECE.findall(old_target), _PIECE.findall(text)) < _LEAST_KEPT:
        raise Fault("the answer changes more of the old translation than what changed")
