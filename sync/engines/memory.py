"""The embedded engine: what the translators themselves wrote, for the same or nearly the same English."""

from __future__ import annotations

from collections import Counter

from rapidfuzz.distance import Indel

from sync.checks import find_numbers, verify_numbers, verify_tokens
from sync.engines.base import Answers, Handle, Job, dump_job, load_job
from sync.inline import tokens
from sync.memory import Match, TranslationMemory, similarity, words_and_values
from sync.model import Request, Translation, TranslationUnit

# One word in ten may differ. Below that a sentence says something else more often than not.
DEFAULT_THRESHOLD = 0.9
_CANDIDATES = 5
# Comparing two texts word by word takes memory that grows with the product of their lengths.
_LONGEST_REPAIRED = 2_000


class MemoryTranslator:
    """Answers from a translation memory: an exact match, else a repaired fuzzy one, else nothing."""

    name = "memory"
    pause = 0.0

    def __init__(self, memory: TranslationMemory, threshold: float = DEFAULT_THRESHOLD) -> None:
        self._memory = memory
        self._threshold = threshold

    def estimate(self, job: Job) -> None:
        """Nothing is paid for."""

    def submit(self, job: Job) -> Handle:
        """The job itself: looking it up is left to `poll`."""
        return dump_job(job)

    def poll(self, handle: Handle) -> Answers:
        """A Translation for every request. Raises EngineError."""
        return Answers({request.id: self._translate(request) for request in load_job(handle).requests})

    def finish(self, handle: Handle) -> None:
        """Nothing is kept outside."""

    def _translate(self, request: Request) -> Translation:
        if found := exact_match(self._memory, request):
            return found
        # The old translation of an edited sentence is a match too; another one must be better than it.
        bar = similarity(request.previous[0], request.source) if request.previous else 0.0
        for match in self._memory.matches(request.source, self._threshold, _CANDIDATES):
            if request.previous and match.similarity <= bar:
                return Translation(request.id, None, "the old translation is the nearest match in the memory")
            text = repair(match, request.source)
            if text is not None:
                confidence = match.similarity * match.unit.confidence
                return Translation(request.id, text, _reason(match), confidence, machine=False)
        return Translation(request.id, None, "no match in the memory")


def exact_match(memory: TranslationMemory, request: Request) -> Translation | None:
    """What the translators wrote for the same English elsewhere in the book, or None."""
    unit = memory.exact(request.source)
    if unit is None or verify_tokens(request.source, unit.target) is not None:
        return None
    return Translation(request.id, unit.target, f"exact match{_doubt(unit)}", unit.confidence, machine=False)


def _reason(match: Match) -> str:
    if match.similarity == 1:
        return f"match but for code, formulas, references or numbers, which were carried over{_doubt(match.unit)}"
    return f"fuzzy match {match.similarity:.2f}{_doubt(match.unit)}"


def _doubt(unit: TranslationUnit) -> str:
    """Why a translation is not certain though its source is the same."""
    return "" if unit.confidence == 1 else "; whether it is the translation of that sentence is not certain"


def repair(match: Match, source: str) -> str | None:
    """The target of a match with the protected tokens and numbers of `source` in place of its own.

    None unless each one that differs can be told apart without doubt: it must occur in the target as often as
    in the matched source, and it must not merely have changed places with another. The result has exactly
    the protected tokens of `source`, and its numbers.
    """
    changes = _changes(match.unit.source, source)
    if changes is None:
        return None
    target = match.unit.target
    places = [(token.start, token.end, token.text) for token in tokens(target)]
    places += [(number.start, number.end, number.text) for number in find_numbers(target)]
    before, after = _values(match.unit.source), Counter(text for _, _, text in places)
    if any(before[old] != after[old] for old in changes):
        return None
    pieces = []
    position = 0
    for start, end, text in sorted(places):
        pieces += [target[position:start], changes.get(text, text)]
        position = end
    repaired = "".join([*pieces, target[position:]])
    if verify_tokens(source, repaired) is not None or verify_numbers(source, repaired) is not None:
        return None
    return repaired


def _changes(old: str, new: str) -> dict[str, str] | None:
    """Old token or number -> new one, where the words around them agree; None: ambiguous, or too long."""
    before, after = words_and_values(old), words_and_values(new)
    if max(len(before), len(after)) > _LONGEST_REPAIRED:
        return None
    moves = Indel.opcodes([word for word, _ in before], [word for word, _ in after])
    changes: dict[str, str] = {}
    for move in moves:
        if move.tag != "equal":
            continue
        ours, theirs = before[move.src_start : move.src_end], after[move.dest_start : move.dest_end]
        for (word, was), (_, becomes) in zip(ours, theirs, strict=True):
            if word != was and changes.setdefault(was, becomes) != becomes:
                return None
    changes = {was: becomes for was, becomes in changes.items() if was != becomes}
    # What only changed places cannot be told from its mirror image.
    return None if set(changes.values()) & set(_values(old)) else changes


def _values(text: str) -> Counter[str]:
    return Counter(value for word, value in words_and_values(text) if word != value)
