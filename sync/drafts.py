"""The drafts of many sections: each planned, all translated in one job, each assembled."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sync.assemble import assemble
from sync.book import Book
from sync.engines import Job, Translator
from sync.faults import each
from sync.lexicon import Lexicon
from sync.markdown import parse
from sync.model import Draft, Plan, Request, SectionError, Translation, TranslationUnit
from sync.plan import plan_section
from sync.sections import Pair, Progress
from sync.units import resemblance, translation_units

_PAUSE = 5.0  # seconds between two looks at an engine that is not finished
# Of the translations of D2L none resembles its English less than 0.59; sections of others do by 0.06, 0.23 at most.
# One that was only begun resembles it a little, so there is room for that.
_UNLIKE = 0.1


def read_units(pairs: Sequence[Pair], book: Book, progress: Progress) -> tuple[list[TranslationUnit], list[str]]:
    """The translation units of all sections, and a note on each section that gives none."""

    def units_of(pair: Pair) -> list[TranslationUnit]:
        old = parse(pair.old_source, book.config.source_language)
        return translation_units(old, parse(pair.old_target, book.language), origin=pair.path)

    known = [pair for pair in pairs if pair.old_source and pair.old_target]
    units, errors = each(known, units_of, "align", progress)
    notes = [f"{path}: not used as memory: {error}" for path, error in errors.items()]
    return [unit for found in units.values() for unit in found], notes


def draft_pairs(
    pairs: Sequence[Pair], book: Book, translator: Translator, lexicon: Lexicon, progress: Progress
) -> tuple[dict[str, Draft], dict[str, str]]:
    """The draft of each section, or the error that stood in its way, by path. Raises EngineError."""

    def plan(pair: Pair) -> Plan:
        check_texts(pair.old_source, pair.new_source, pair.old_target, book.language)
        return plan_section(pair.old_source, pair.new_source, pair.old_target, book.language, lexicon)

    plans, unplanned = each(pairs, plan, "plan", progress)
    requests = tuple(_of_job(path, request) for path, made in plans.items() for request in made.requests)
    progress("translate", 0, len(requests))
    translations = translate(translator, Job(book.config.source_language, book.language, requests))
    progress("translate", len(requests), len(requests))

    def draft(pair: Pair) -> Draft:
        return assemble(plans[pair.path], _of_section(pair.path, plans[pair.path], translations))

    drafts, unfinished = each([pair for pair in pairs if pair.path in plans], draft, "assemble", progress)
    return drafts, unplanned | unfinished


def check_texts(old_source: str, new_source: str, old_target: str, language: str) -> None:
    """Refuse three texts that cannot be meant to go together. A new section has no old source and no translation.

    Raises SectionError: one was emptied, or the translation is one of something else.
    """
    old_empty, new_empty, target_empty = (_is_empty(text) for text in (old_source, new_source, old_target))
    if old_source == new_source or (old_empty and target_empty):
        return
    if target_empty:
        raise SectionError("the translation is empty: remove the file, and the section is drafted as a new one")
    if old_empty:
        raise SectionError("the English that the translation was made from is empty: put that English there")
    if new_empty:
        raise SectionError("the new English is empty: remove the section there, or fill it")
    if resemblance(parse(old_source), parse(old_target, language)) < _UNLIKE:
        raise SectionError("the translation does not resemble its English: put the one there that it was made from")


def _is_empty(text: str) -> bool:
    return not text.strip("\ufeff \t\r\n")


def translate(translator: Translator, job: Job) -> Mapping[str, Translation]:
    """What an engine makes of a job, by request, however long it takes. Raises EngineError."""
    if not job.requests:
        return {}
    handle = translator.submit(job)
    while (translations := translator.poll(handle)) is None:
        time.sleep(_PAUSE)
    return translations


def _of_job(path: str, request: Request) -> Request:
    """A request whose id is unique among those of all sections."""
    return replace(request, id=f"{path}:{request.id}")


def _of_section(path: str, plan: Plan, translations: Mapping[str, Translation]) -> dict[str, Translation]:
    """The translations of one section out of those of a job, by the ids of its plan."""
    found = {request.id: translations.get(_of_job(path, request).id) for request in plan.requests}
    return {id: replace(translation, id=id) for id, translation in found.items() if translation is not None}
