"""What a model answers is not to be trusted: one segment's translation, or a fault that says what is wrong with it."""

from __future__ import annotations

import json
import re
import unicodedata

from rapidfuzz.distance import Indel

from sync.checks import check_translation
from sync.engines.adaptive.masks import masked, unmasked
from sync.engines.adaptive.model import End, Form, Reply
from sync.engines.adaptive.prompt import Material
from sync.inline import mask, tokens
from sync.languages import language
from sync.model import BlockKind
from sync.spans import SpanFault
from sync.typography import has_script, is_latin

# A translation may be so many times as long or short as the book's usually are, and some characters more.
_RATIO = 2.5
_SLACK = 24
# So much of at least so many words of the source in the answer: it was not translated, or only in part.
_SAME_WORDS = 0.6
_LEAST_WORDS = 4
_LEAST_ECHO = 12  # characters of a source that no translation holds by chance
# How much less alike the translations of an edit may be than the sources are.
_MORE_CHANGED = 0.25

_LETTERS = re.compile(r"[^\W\d_]+")
_FENCE = re.compile(r"```(?:json)?\s*(\{.*\})\s*```", re.DOTALL)
_COMMENT = re.compile(
    r"(?:sure|certainly|of course|okay|here(?:'s| is| are)|translation|translated text|note|explanation|as an ai)\b"
    r"[^.。]{0,60}?[:!：]|i(?:'m| am) sorry|i can(?:'t|not)\b",
    re.IGNORECASE,
)


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
    _check_language(ours, theirs, material)
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
    if len(sent) >= _LEAST_ECHO and sent.casefold() in answer.casefold():
        raise Fault("the answer repeats the segment instead of translating it")
    for code in material.languages:
        label = f"{language(code).name}:"
        if label in answer and label not in sent:
            raise Fault(f"the answer holds more than a translation: {label}")
    if (found := _COMMENT.match(answer)) and not _COMMENT.match(sent):
        raise Fault(f"the answer holds a comment: {found[0][:40]}")
    if answer[:1] in '"“「' and answer[-1:] in '"”」' and sent[:1] not in '"“”「*[' and len(answer) > 1:
        raise Fault("the answer is in quotation marks, which the segment is not")


def _check_language(ours: str, theirs: str, material: Material) -> None:
    """Both texts are without protected tokens."""
    target = language(material.languages[1])
    words = _LETTERS.findall(ours.casefold())
    is_text = len(words) >= _LEAST_WORDS or (not is_latin(material.languages[0]) and len("".join(words)) > _LEAST_WORDS)
    if is_text and not has_script(theirs, target.code):
        raise Fault(f"the answer is not in {target.name}")
    left = set(_LETTERS.findall(theirs.casefold()))
    if len(words) > _LEAST_WORDS and sum(word in left for word in words) > _SAME_WORDS * len(words):
        raise Fault(f"most of the answer is not in {target.name}")
    known = set(ours)
    if foreign := next((mark for mark in theirs if mark not in known and _is_foreign(mark, target.code)), None):
        raise Fault(f"the answer holds letters of another script: {foreign}")


def _is_foreign(character: str, code: str) -> bool:
    if not character.isalpha() or has_script(character, code):
        return False
    name = unicodedata.name(character, "")
    return not name.startswith(
        ("LATIN", "GREEK", "MATHEMATICAL", "MODIFIER", "FULLWIDTH LATIN", "FEMININE", "MASCULINE")
    )


def _check_length(ours: str, theirs: str, usual: float | None) -> None:
    if usual is None:
        return
    expected, found = usual * len("".join(ours.split())), len("".join(theirs.split()))
    if found > _RATIO * expected + _SLACK:
        raise Fault(f"far longer than the segment: {found} characters, where {expected:.0f} are usual")
    if expected > _RATIO * found + _SLACK:
        raise Fault(f"far shorter than the segment: {found} characters, where {expected:.0f} are usual")


def _check_edit(text: str, material: Material) -> None:
    if material.previous is None:
        return
    old_source, old_target = material.previous
    changed = Indel.normalized_similarity(old_source, material.source)
    if Indel.normalized_similarity(old_target, text) < changed - _MORE_CHANGED:
        raise Fault("the answer changes more of the old translation than what changed")
