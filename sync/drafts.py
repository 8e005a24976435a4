"""The drafts of many sections: each planned, all translated in one job, each assembled."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sync import typography
from sync.assemble import assemble
from sync.bases import read_text
from sync.book import Book
from sync.engines import Answers, Handle, Job, JobError, Translator
from sync.faults import each
from sync.lexicon import Lexicon
from sync.markdown import parse
from sync.model import AmtsError, Draft, Plan, Request, SectionError, Term, Translation, TranslationUnit
from sync.plan import plan_section
from sync.reviewed import keep_reviewed
from sync.sections import Pair, Progress
from sync.terminology import read_terminology
from sync.units import resemblance, translation_units

# Of the translations of D2L none resembles its English less than 0.59; sections of others do by 0.06, 0.23 at most.
# One that was only begun resembles it a little, so there is room for that.
_UNLIKE = 0.1


def read_units(pairs: Sequence[Pair], book: Book, progress: Progress) -> tuple[list[TranslationUnit], list[str]]:
    """The translation units of all sections, those that changed longest ago first; a note on each that gives none."""

    def units_of(pair: Pair) -> list[TranslationUnit]:
        old = parse(pair.old_source, book.config.source_language)
        return translation_units(old, parse(pair.old_target, book.language), origin=pair.path)

    changed = book.target.last_changed(book.target_commit)
    known = [pair for pair in pairs if pair.old_source and pair.old_target]
    known.sort(key=lambda pair: (changed.get(pair.path, 0), pair.path))
    units, errors = each(known, units_of, "align", progress)
    notes = [f"{path}: not used as memory: {error}" for path, error in errors.items()]
    return [unit for found in units.values() for unit in found], notes


def read_terms(book: Book) -> tuple[tuple[Term, ...], list[str]]:
    """The terms of the file that the settings name, and a note on what of it cannot be used."""
    path = book.config.terminology
    if path is None:
        return (), []
    if path not in book.target_tree:
        return (), [f"terminology: there is no {path} in the translation repository: add it, or correct the setting"]
    try:
        text = read_text(book.target, path, book.target_tree[path])
        return read_terminology(text, path, book.language, book.config.source_language)
    except AmtsError as error:
        return (), [f"terminology not used: {error}"]


@dataclass(frozen=True, slots=True)
class Plans:
    """The plans of many sections, or the error that stood in a section's way, both by its path."""

    plans: Mapping[str, Plan] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def requests(self) -> tuple[Request, ...]:
        """What the engine is asked for all of them, in one job."""
        return tuple(request for path in self.plans for request in self.requests_of(path).values())

    def requests_of(self, path: str) -> dict[str, Request]:
        """The requests of one section, by their ids in the job."""
        return {(asked := _of_job(path, request)).id: asked for request in self.plans[path].requests}


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a job at an engine.

    `failure` says why it could not be done. `handle` is None where nothing was asked, or where the job failed: what is
    kept of it stays where it is, as it may still be running, and the next sync takes it up.
    """

    answers: Answers = field(default_factory=Answers)
    handle: Handle | None = None
    failure: str | None = None


def plan_pairs(pairs: Sequence[Pair], book: Book, lexicon: Lexicon, progress: Progress) -> Plans:
    """The plan of each section."""

    def plan(pair: Pair) -> Plan:
        check_texts(pair.old_source, pair.new_source, pair.old_target, book.language)
        return plan_section(pair.old_source, pair.new_source, pair.old_target, book.language, lexicon)

    return Plans(*each(pairs, plan, "plan", progress))


def ask(translator: Translator, job: Job, progress: Progress) -> Asked:
    """What an engine makes of a job, however long it takes. Raises EngineError where it refuses the job.

    Where it accepts the job and cannot do it, that is told as `failure`.
    """
    count = len(job.requests)
    asked = Asked()
    if count:
        try:
            handle = translator.submit(job)
            asked = Asked(wait(translator, handle, lambda: progress("translate", 0, count)), handle)
        except JobError as error:
            asked = Asked(failure=str(error))
    progress("translate", count, count)
    return asked


def assemble_pairs(
    pairs: Sequence[Pair],
    plans: Plans,
    asked: Asked,
    reviewed: Mapping[str, frozenset[int]],
    book: Book,
    progress: Progress,
) -> tuple[dict[str, Draft], dict[str, str]]:
    """The draft of each section, or the error that stood in its way, both by its path.

    Where the job failed, only the sections that needed it are left alone. `reviewed`: what people wrote on the branch
    of the drafts, by path, stays as it is.
    """
    errors = dict(plans.errors)
    if asked.failure is not None:
        known = asked.answers.translations.keys()
        errors |= {path: asked.failure for path in plans.plans if not plans.requests_of(path).keys() <= known}
    translations = {id: _styled(found, book) for id, found in asked.answers.translations.items()}

    def draft(pair: Pair) -> Draft:
        plan = plans.plans[pair.path]
        made = assemble(plan, _of_section(pair.path, plan, translations))
        theirs = reviewed.get(pair.path)
        return keep_reviewed(made, pair.old_target, theirs, book.language) if theirs else made

    ready = [pair for pair in pairs if pair.path in plans.plans and pair.path not in errors]
    drafts, unfinished = each(ready, draft, "assemble", progress)
    return drafts, errors | unfinished


def _styled(translation: Translation, book: Book) -> Translation:
    """A translation in the typography that the book prefers; the translators' own words as they are."""
    if translation.text is None or not translation.machine:
        return translation
    return replace(translation, text=typography.apply(translation.text, book.config.typography, book.language))


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


def translate(translator: Translator, job: Job) -> Answers:
    """What an engine makes of a job, however long it takes. Raises EngineError."""
    if not job.requests:
        return Answers()
    handle = translator.submit(job)
    answers = wait(translator, handle, lambda: None)
    return replace(answers, notes=(*answers.notes, *finish(translator, handle)))


def finish(translator: Translator, handle: Handle) -> list[str]:
    """Let an engine clean up after a job whose answers are stored; a note where it cannot."""
    try:
        translator.finish(handle)
    except JobError as error:
        return [f"the engine could not clean up after the job: {error}"]
    return []


def wait(translator: Translator, handle: Handle, tell: Callable[[], None]) -> Answers:
    """The answers to a job that was submitted; `tell` is called each time that there are none yet."""
    while (answers := translator.poll(handle)) is None:
        tell()
        # Jittered, so that many that wait do not ask all at once; not a secret.
        time.sleep(translator.pause * random.uniform(0.8, 1.2))  # noqa: S311
    return answers


def _of_job(path: str, request: Request) -> Request:
    """A request whose id is unique among those of all sections."""
    return replace(request, id=f"{path}:{request.id}")


def _of_section(path: str, plan: Plan, translations: Mapping[str, Translation]) -> dict[str, Translation]:
    """The translations of one section out of those of a job, by the ids of its plan."""
    found = {request.id: translations.get(_of_job(path, request).id) for request in plan.requests}
    return {id: replace(translation, id=id) for id, translation in found.items() if translation is not None}
