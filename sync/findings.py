"""The checks of a segment: what a reviewer should look at in it, each with its reason. Pure functions over text.

What may not stand in a draft at all is refused before (`sync.checks`); this is about what may, and looks wrong.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from sync import quantities
from sync.faults import unexpected
from sync.habits import Habits, host_of, length_of, length_of_translation
from sync.inline import fold, strip_marks, tokens
from sync.model import TRANSLATABLE, AmtsError, Check, Draft, Finding, Mute, Operation, SegmentResult, TokenKind
from sync.references import References
from sync.slips import find_doubled, find_unbalanced, find_untranslated

_MOST = 10  # findings of one check in one segment
_MOST_IN_ALL = 20  # findings in one segment
_LONGEST_REASON = 300  # characters
_SHOWN = 80  # characters of a piece of text in a reason
_LONGEST = 10_000  # characters; a longer text is no sentence
_SPACES = re.compile(r"\s+")
_ORDINAL = re.compile(r"\^\{?\\(?:mathrm|text|textrm|rm)\{(?:st|nd|rd|th)\}\}?")  # of English
_WORDS_INSIDE = re.compile(r"(?<=\\text)\{[^{}]*\}")
_LIST_SIGN = re.compile(r"[,(){}\[\]]")


@dataclass(frozen=True, slots=True)
class Standard:
    """What segments of a translation are held against."""

    language: str
    habits: Habits = field(default_factory=Habits)
    references: References = field(default_factory=References)
    mutes: tuple[Mute, ...] = ()
    source_language: str = "en"


def check_drafts(drafts: Mapping[str, Draft], standard: Standard, habits: Callable[[], Habits]) -> dict[str, Draft]:
    """The drafts of sections, by path, with their findings; `habits` is asked for the habits of the book.

    No fault of a check stops an update: it is a note on the drafts that could not be checked, or not by the habits.
    """
    notes: tuple[str, ...] = ()
    try:
        standard = replace(standard, habits=habits())
    except Exception as error:
        notes = (f"not compared with what the book does: {_told(error)}",)
    return {path: _checked(draft, path, standard, notes) for path, draft in drafts.items()}


def _checked(draft: Draft, path: str, standard: Standard, notes: tuple[str, ...]) -> Draft:
    """The draft with its findings and, if any segment of it is checked, with `notes`."""
    if not any(map(is_checked, draft.results)):
        notes = ()
    try:
        draft = check_draft(draft, path, standard)
    except Exception as error:
        unchecked = tuple(replace(result, findings=()) for result in draft.results)  # they may be of an older text
        draft = replace(draft, results=unchecked)
        notes = (*notes, f"not checked: {_told(error)}")
    return replace(draft, notes=(*draft.notes, *notes))


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, AmtsError) else unexpected(error)


def check_draft(draft: Draft, path: str, standard: Standard) -> Draft:
    """The draft with the findings on every segment that AMTS wrote or changed; `path` is that of its section."""
    results = tuple(
        replace(result, findings=_of_result(result, path, standard))
        if is_checked(result) or result.findings
        else result
        for result in draft.results
    )
    return replace(draft, results=results)


def is_checked(result: SegmentResult) -> bool:
    """Whether a segment holds text that AMTS wrote or changed; what waits in English is reported as that."""
    return (
        result.operation in (Operation.PATCHED, Operation.TRANSLATED)
        and not result.waiting
        and result.kind in TRANSLATABLE
        and bool(result.new_source and result.draft)
    )


def _of_result(result: SegmentResult, path: str, standard: Standard) -> tuple[Finding, ...]:
    if not is_checked(result):
        return ()
    return find_faults(result.new_source or "", result.draft or "", path, standard)


def find_faults(source: str, target: str, path: str, standard: Standard) -> tuple[Finding, ...]:
    """What to look at in the translation of a segment, the gravest first; empty where nothing is.

    White space is folded and slide marks are left out first. `path` is that of the section, for its links.
    """
    language = standard.language
    source, target = fold(strip_marks(source[:_LONGEST])), fold(strip_marks(target[:_LONGEST]), language)
    habits = standard.habits
    reasons = {
        Check.REFERENCES: _references(source, target, path, standard.references),
        Check.TOKENS: _tokens(source, target, habits.own_pages),
        Check.UNTRANSLATED: find_untranslated(source, target, language, frozenset()),
        Check.NUMBERS: quantities.find_faults(source, target, language, standard.source_language),
        Check.TERMINOLOGY: _terms(source, target, habits),
        Check.BRACKETS: find_unbalanced(source, target),
        Check.LENGTH: _length(source, target, standard),
        Check.DOUBLED: find_doubled(source, target, language, habits.doubled),
        Check.TYPOGRAPHY: _customs(target, habits),
    }
    found = []
    for check, each in reasons.items():
        said = (_short(reason, _LONGEST_REASON) for reason in each if not _is_muted(check, reason, standard.mutes))
        found += [Finding(check, reason) for reason in list(dict.fromkeys(said))[:_MOST]]
    if any(finding.check is Check.UNTRANSLATED for finding in found):
        found = [finding for finding in found if finding.check is not Check.TERMINOLOGY]  # and that is why
    return tuple(found[:_MOST_IN_ALL])


def _is_muted(check: Check, reason: str, mutes: Collection[Mute]) -> bool:
    return any(mute.check is check and (mute.text is None or mute.text in reason) for mute in mutes)


def _references(source: str, target: str, path: str, references: References) -> Iterator[str]:
    for reference in references.unresolved(target, path):
        if reference in source:  # a fault of the source, or of what was read of it, and no matter of translating
            continue
        yield f"nothing has the label or path {_short(reference)}"


def _tokens(source: str, target: str, own_pages: Collection[str]) -> Iterator[str]:
    wanted, found = _compared(source, own_pages), _compared(target, own_pages)
    lost = [key for key in wanted if wanted[key] > found[key] and (key[0] != "$" or not found[key])]
    added = [key for key in found if not wanted[key]]
    as_many = wanted.total() == found.total()
    for key in lost:
        yield f"lost: {_short(key)}"
    for key in added:
        # A translator may set in a formula, or in code, what is plain text in the source; then there is one more.
        if lost or key[0] not in "$`" or as_many:
            yield f"not in the source: {_short(key)}"


def _compared(text: str, own_pages: Collection[str]) -> Counter[str]:
    """The tokens of a text in the form in which they are compared, and how often each stands there."""
    keys: Counter[str] = Counter()
    for token in tokens(text):
        if token.kind is TokenKind.MATH:
            keys.update(_formulas(token.text))
        elif token.kind is TokenKind.LINK and (host := host_of(token.text)) in own_pages:
            keys[f"](https://{host}/…)"] += 1
        else:
            keys[_SPACES.sub("", token.text)] += 1
    return keys


def _formulas(token: str) -> Iterator[str]:
    """The formulas of a token, which may be a list; those of numbers alone count as numbers."""
    body = _WORDS_INSIDE.sub("", _ORDINAL.sub("", _SPACES.sub("", token.strip("$"))))
    for part in _listed(body):
        if any(character.isalpha() for character in part):
            yield f"${part}$"


def _listed(body: str) -> list[str]:
    """What stands between the commas of a formula, the first one first, but for those inside of brackets."""
    parts = []
    end = len(body)
    inside = False  # whether the next bracket closes
    for sign in reversed(list(_LIST_SIGN.finditer(body))):
        if sign[0] != ",":
            inside = sign[0] in ")}]"
        elif not inside:
            parts.append(body[sign.end() : end])
            end = sign.start()
    return [body[:end], *reversed(parts)]


def _terms(source: str, target: str, habits: Habits) -> Iterator[str]:
    for rendering in habits.renderings.missing(source, target):
        often = f"as in {rendering.seen:,} of {rendering.total:,} places of this book"
        says = often if rendering.total else "as the terminology says"
        yield f"“{rendering.source}” is not rendered as “{rendering.target}”, {says}"


def _length(source: str, target: str, standard: Standard) -> Iterator[str]:
    usual = standard.habits.proportion(source)
    if usual is None:
        return
    was, now = length_of(source), length_of_translation(target, standard.language)
    if not usual.least * was <= now <= usual.most * was:
        long = "long" if now > was * usual.usual else "short"
        about = f"usual in this book are about {usual.usual * was:.0f}"
        yield f"too {long}: {now:,} characters for {was:,} of the source; {about}"


def _customs(target: str, habits: Habits) -> Iterator[str]:
    for _, reason in habits.customs.breaches(target):
        yield reason


def _short(text: str, most: int = _SHOWN) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
