"""A draft's machine-written segments once more, by another engine or with more knowledge.

The file may have been worked on since it was drafted. Only what stands there as it was drafted is asked for and
replaced; everything else stays byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sync.assemble import assemble
from sync.inline import find_marks, fold
from sync.languages import is_spaceless
from sync.marks import outer_marks
from sync.model import (
    TRANSLATABLE,
    Draft,
    Hole,
    Literal,
    Operation,
    Piece,
    Plan,
    Request,
    SegmentResult,
    Translation,
)
from sync.places import Span, find_places


def requests(text: str, results: Sequence[SegmentResult], language: str) -> tuple[Request, ...]:
    """What of a section can be drafted anew, from the file as it stands and the results of its draft.

    That is what a machine wrote, or what waits for a translator, and nobody has touched since. The ids are those of the
    results.
    """
    return tuple(_request(results[index]) for index in _open(text, results, _spans(text, results, language)))


def redraft(
    text: str, results: Sequence[SegmentResult], translations: Mapping[str, Translation], language: str
) -> Draft:
    """The file with new translations, by request id, in the places of the old ones.

    Each is verified as in a first draft: where one is missing, or breaks its protected tokens or markup, the old text
    stays. Results and their places are those of the new file.
    """
    spans = _spans(text, results, language)
    opened = _open(text, results, spans)
    renewed = [_as_before_its_engine(r) if index in opened else r for index, r in enumerate(results)]
    pieces: list[Piece] = []
    position = 0
    for index, (start, end) in sorted(spans.items(), key=lambda item: item[1]):
        if start < position:  # a part of another result
            continue
        if index in opened:
            start, end = _with_spaces(text, (start, end), results[index], language)
        pieces.append(Literal(text[position:start]))
        position = end
        if index not in opened:
            pieces.append(Literal(text[start:end], index))
            continue
        lead, tail = outer_marks(text[start:end].strip())
        pieces.append(Hole(_request(results[index]), text[start:end], index, lead, tail))
    pieces.append(Literal(text[position:]))
    lost = [replace(r, line=None, start=None, end=None) if n not in spans else r for n, r in enumerate(renewed)]
    changed = sum(len(results[index].new_source or "") for index in opened)
    return assemble(Plan(language, tuple(pieces), tuple(lost), characters_changed=changed), translations)


def _spans(text: str, results: Sequence[SegmentResult], language: str) -> dict[int, Span]:
    return {index: span for index, span in find_places(results, text, language).items() if span is not None}


def _open(text: str, results: Sequence[SegmentResult], spans: Mapping[int, Span]) -> list[int]:
    """The results whose text may be replaced, in the order of the file."""
    ordered: list[int] = []
    position = 0
    for index, (start, end) in sorted(spans.items(), key=lambda item: item[1]):
        if start < position:
            continue
        position = end
        standing = text[start:end]
        # Marks around a part only would have to be placed by hand again.
        if _is_open(results[index]) and bool(find_marks(standing)) == any(outer_marks(standing)):
            ordered.append(index)
    return ordered


def _is_open(result: SegmentResult) -> bool:
    """Whether a machine wrote it, or an engine was to and could not."""
    unfilled = result.waiting and not result.uncertain and result.operation is Operation.TRANSLATED
    return bool(result.new_source) and result.kind in TRANSLATABLE and (result.machine or unfilled)


def _request(result: SegmentResult) -> Request:
    known = result.old_source and result.old_target
    previous = (result.old_source or "", result.old_target or "") if known else None
    return Request(result.id, result.new_source or "", previous)


def _as_before_its_engine(result: SegmentResult) -> SegmentResult:
    """A result without what the last engine made of it."""
    reason = result.reason.partition(":")[0]
    return replace(result, reason=reason, uncertain="slide marks" in reason and result.uncertain)


def _with_spaces(text: str, span: Span, result: SegmentResult, language: str) -> Span:
    """A span with the spaces that part English from the text around it, where that is written without any."""
    start, end = span
    if is_spaceless(language) and fold(text[start:end]) == result.new_source:
        if start > 1 and text[start - 1] == " " and not text[start - 2].isascii():
            start -= 1
        if text[end : end + 1] == " " and not text[end + 1 : end + 2].isascii():
            end += 1
    return start, end
