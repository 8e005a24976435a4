"""Plan + translations -> draft. Every translation is verified before it stands in the draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sync.checks import check_translation, verify_numbers
from sync.model import Draft, Hole, Literal, Plan, SegmentResult, Translation
from sync.places import placed


def assemble(plan: Plan, translations: Mapping[str, Translation]) -> Draft:
    """Fill the holes of a plan with translations by request id.

    A hole without a translation, or with one that breaks its protected tokens or markup, keeps its fallback
    (the old translation, or the English) and is reported as waiting for a translator.
    """
    results = list(plan.results)
    parts: list[str] = []
    position = 0
    for piece in plan.pieces:
        text = piece.text if isinstance(piece, Literal) else _filled(piece, translations, results)
        if piece.result is not None and piece.result >= 0:
            lead = len(text) - len(text.lstrip())
            start = position + lead
            end = max(position + len(text.rstrip()), start)
            results[piece.result] = replace(results[piece.result], start=start, end=end)
        position += len(text)
        parts.append(text)
    text = "".join(parts)
    return Draft(
        text,
        placed(results, text, plan.language),
        plan.notes,
        plan.characters_source,
        plan.characters_changed,
        sum(len(request.source) for request in plan.requests if request.id in translations),
    )


def _filled(hole: Hole, translations: Mapping[str, Translation], results: list[SegmentResult]) -> str:
    """The text that stands in a hole; its result says how it came there."""
    result = results[hole.result]
    translation = translations.get(hole.request.id)
    if translation is None:
        return hole.fallback
    sent = len(hole.request.source)
    if translation.text is None:
        reason = f"{result.reason}: {translation.reason}" if translation.reason else result.reason
        results[hole.result] = replace(result, reason=reason, characters_sent=sent)
        return hole.fallback
    text = translation.text.strip()
    if fault := check_translation(hole.request.source, text, result.kind):
        results[hole.result] = replace(
            result, reason=f"{result.reason}: the translation was refused, {fault}", characters_sent=sent
        )
        return hole.fallback
    numbers = verify_numbers(hole.request.source, text)
    reasons = ": ".join(part for part in (result.reason, translation.reason) if part)
    results[hole.result] = replace(
        result,
        reason=f"{reasons}; {numbers}" if numbers else reasons,
        draft=text,
        waiting=False,
        machine=translation.machine,
        uncertain=result.uncertain or translation.confidence < 1 or numbers is not None,
        characters_sent=sent,
    )
    return f"{hole.lead}{text}{hole.tail}"
