"""TranslateText: one segment a call, a few at a time; without parallel data, which only batches take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sync.engines.amazon.client import Aws, explained
from sync.engines.amazon.documents import element, read_elements, read_translation
from sync.engines.amazon.facts import TEXT_BYTES
from sync.engines.amazon.jobs import settings
from sync.engines.base import JobError
from sync.spans import SpanFault

_ID = "s0"


@dataclass(frozen=True, slots=True)
class Answer:
    """A translation that was verified, or why there is none."""

    text: str | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """How texts are translated."""

    source_language: str
    target_language: str
    terminology: str | None = None
    formality: str | None = None
    profanity: str | None = None
    concurrency: int = 8


def translate_texts(aws: Aws, texts: Iterable[str], way: Way) -> Mapping[str, Answer]:
    """The translation of each distinct text. What is wrong with one text does not touch the others.

    Raises JobError where none could be translated for the same reason: it is not the texts' fault then.
    """
    wanted = list(dict.fromkeys(texts))
    if not wanted:
        return {}
    # The first goes alone: where credentials or languages are wrong, one call is enough to learn it.
    first = _translate(aws, wanted[0], way)
    with ThreadPoolExecutor(max_workers=way.concurrency) as pool:
        rest = pool.map(lambda text: _attempt(aws, text, way), wanted[1:])
        return dict(zip(wanted, [first, *rest], strict=True))


def _attempt(aws: Aws, text: str, way: Way) -> Answer:
    try:
        return _translate(aws, text, way)
    except JobError as error:
        return Answer(None, str(error))


def _translate(aws: Aws, text: str, way: Way) -> Answer:
    html = element(_ID, text)
    if len(html.encode()) > TEXT_BYTES:
        return Answer(None, f"longer than the {TEXT_BYTES:,} bytes that TranslateText takes")
    with explained("translate a text"):
        found = aws.translate.translate_text(
            Text=html,
            SourceLanguageCode=way.source_language,
            TargetLanguageCode=way.target_language,
            TerminologyNames=[way.terminology] if way.terminology else [],
            Settings=settings(way.formality, way.profanity),
        )
    inner = read_elements(found["TranslatedText"]).get(_ID)
    if inner is None:
        return Answer(None, "what came back is not the segment that was sent")
    try:
        return Answer(read_translation(text, inner))
    except SpanFault as fault:
        return Answer(None, str(fault))
