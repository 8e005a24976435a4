"""Whether an answer can be in the language that was asked for: by its script, and by the English that is left in it."""

from __future__ import annotations

import re

from sync.engines.adaptive.words import ENGLISH_ALONE, ENGLISH_AND_OTHER, JOINING, SIMPLIFIED_TRADITIONAL
from sync.languages import language
from sync.typography import has_script, is_latin, script_of, scripts_of

_LEAST_WORDS = 4  # fewer may be a name or a formula, which stay as they are
_SAME_WORDS = 0.6  # so much of the source in the answer: it was not translated, or only in part
_OWN_LETTERS = 0.2  # of all letters, those in the script of the language, at least
_OWN_AMONG_NAMES = 0.05  # … where the others are of words that may be names
# Of all words, those that hold English together, at most: of two different ones, where one is a word of no other
# language; and where none is.
_ENGLISH_WORDS = 0.15
_WORDS_OF_OTHERS = 0.35

# Letters that any text may hold: names, abbreviations, signs of mathematics.
_ANYWHERE = frozenset({"", "COMMON", "LATIN", "GREEK"})
# Scripts that are not a language's own, but stand in its texts.
_BESIDE = {"ko": frozenset({"HAN"})}

# Characters of the other way to write Chinese, by the language that they are wrong in.
_CHARACTERS = {"zh": frozenset(SIMPLIFIED_TRADITIONAL[1::2]), "zh-TW": frozenset(SIMPLIFIED_TRADITIONAL[::2])}
_LEAST_CHARACTERS = 2

_WORDS = re.compile(r"[^\W\d_]+")
# What is cited may stay as it is.
_CITED = re.compile(r"[\"“„«‹「『《（(*][^\"“”„«»‹›「」『』《》（）()*]{1,300}+[\"”“»›」』》）)*]")
_LISTED = re.compile(r"[,、，;；&]")
_JOINING = frozenset(JOINING.split("|"))
_ENGLISH_ALONE = frozenset(ENGLISH_ALONE.split("|"))
_ENGLISH = _ENGLISH_ALONE.union(ENGLISH_AND_OTHER.split("|"))


def language_fault(ours: str, theirs: str, languages: tuple[str, str]) -> str | None:
    """Why `theirs` cannot be a translation of `ours` into the second language; None where it may be.

    Both are without protected tokens.
    """
    return (
        _untranslated(ours, theirs, languages)
        or _in_english(ours, theirs, languages[1])
        or _in_another_script(ours, theirs, languages[1])
        or _in_other_characters(ours, theirs, languages[1])
    )


def is_translated(ours: str, theirs: str, languages: tuple[str, str]) -> bool:
    """Whether `theirs` can be in the second language at all; both are without protected tokens."""
    return not (_untranslated(ours, theirs, languages) or _in_english(ours, theirs, languages[1]))


def without_citations(text: str) -> str:
    """A text without what stands in quotation marks, brackets and emphasis."""
    return _CITED.sub(" ", text)


def _untranslated(ours: str, theirs: str, languages: tuple[str, str]) -> str | None:
    source, target = languages
    name = language(target).name
    words = _WORDS.findall(ours)
    is_text = len(words) >= _LEAST_WORDS or (not is_latin(source) and len("".join(words)) > _LEAST_WORDS)
    if is_text and not has_script(theirs, target) and not (is_latin(source) and _are_names(ours)):
        return f"the answer is not in {name}"
    own = scripts_of(source)
    sent = [word for word in _WORDS.findall(without_citations(ours)) if len(word) > 1 and not _is_name(word)]
    wanted = {word for word in sent if script_of(word[0]) in own}
    left = set(_WORDS.findall(theirs.casefold()))
    if len(wanted) >= _LEAST_WORDS and sum(word.casefold() in left for word in wanted) > _SAME_WORDS * len(wanted):
        return f"most of the answer is not in {name}"
    return None


def _in_english(ours: str, theirs: str, target: str) -> str | None:
    """English words in an answer that is to be in another language, or too few letters in its script."""
    if target == "en":
        return None
    name = language(target).name
    words = [word for word in _WORDS.findall(_uncited(theirs)) if script_of(word[0]) == "LATIN"]
    own = 0 if is_latin(target) else sum(has_script(character, target) for character in theirs)
    english = [word.casefold() for word in words if word.casefold() in _ENGLISH]
    # A letter of a script without spaces is about half a word.
    share = len(english) / (len(words) + own / 2 or 1)
    different = len(set(english))
    is_alone = not _ENGLISH_ALONE.isdisjoint(english)
    if different >= 2 and share > (_ENGLISH_WORDS if is_alone else _WORDS_OF_OTHERS):
        return f"most of the answer is not in {name}"
    if is_latin(target):
        return None
    known = set(_WORDS.findall(ours.casefold()))
    strange = [word for word in words if word.casefold() not in known]
    for others, least in ((strange, _OWN_AMONG_NAMES), ([it for it in strange if not _is_name(it)], _OWN_LETTERS)):
        if len(others) >= _LEAST_WORDS and own < least * (own + len("".join(others))):
            return f"most of the answer is not in {name}"
    return None


def _in_another_script(ours: str, theirs: str, target: str) -> str | None:
    """A letter in a script that neither the language nor the source uses."""
    usual = _ANYWHERE.union(scripts_of(target), _BESIDE.get(target, ()), map(script_of, ours))
    foreign = next((character for character in theirs if script_of(character) not in usual), None)
    return None if foreign is None else f"the answer holds letters of another script: {foreign}"


def _in_other_characters(ours: str, theirs: str, target: str) -> str | None:
    """Traditional characters where simplified ones are wanted, or the other way round: one may be a name."""
    wrong = _CHARACTERS.get(target, frozenset()).difference(ours)
    found = {character for character in theirs if character in wrong}
    if len(found) < _LEAST_CHARACTERS:
        return None
    return f"the answer is not in {language(target).name}, but in its other characters: {''.join(sorted(found)[:5])}"


def _uncited(text: str) -> str:
    """A text without what it cites, unless there is hardly anything else."""
    rest = without_citations(text)
    return rest if len("".join(_WORDS.findall(rest))) >= _LEAST_WORDS else text


def _is_name(word: str) -> bool:
    return word[0].isupper()


def _are_names(text: str) -> bool:
    """Whether a text lists names, and holds no other words than those between them."""
    return bool(_LISTED.search(text)) and all(_is_name(word) or word in _JOINING for word in _WORDS.findall(text))
