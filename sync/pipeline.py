"""THE MAIN PATH: sync one section, sync one translation repository.

read pairs ─ memory ─ plan ─ translate (one job for all sections) ─ assemble ─ report ─ publish
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from rapidfuzz import process

from sync import lock
from sync.align import translation_units
from sync.assemble import assemble
from sync.book import Book, open_book
from sync.config import Config
from sync.engines import Job, Translator, create
from sync.history import Version
from sync.languages import language as language_of
from sync.lexicon import Lexicon
from sync.markdown import parse
from sync.memory import TranslationMemory
from sync.model import (
    AmtsError,
    Draft,
    Plan,
    SectionReport,
    SyncReport,
    Translation,
    TranslationUnit,
)
from sync.plan import plan_section
from sync.publish import BRANCH, Publication, Publish
from sync.repos import Repository, RepositoryError
from sync.sections import Pair, Progress, quiet, read_pairs

_PAUSE = 5.0  # seconds between two looks at an engine that is not finished
_log = logging.getLogger(__name__)
Made = TypeVar("Made")


def draft_section(
    old_source: str,
    new_source: str,
    old_target: str,
    language: str,
    translator: Translator,
    lexicon: Lexicon | None = None,
    source_language: str = "en",
) -> Draft:
    """The draft of one section from its three texts. Raises SectionError."""
    plan = plan_section(old_source, new_source, old_target, language, lexicon)
    return assemble(plan, _translate(translator, Job(source_language, language, plan.requests)))


def sync_translation(
    source: Repository,
    target: Repository,
    config: Config,
    publish: Publish,
    *,
    source_revision: str = "HEAD",
    target_revision: str = "HEAD",
    sections: Sequence[str] = (),
    progress: Progress = quiet,
) -> SyncReport:
    """Draft every section that lags behind its source, or the given ones, and hand the drafts to `publish`.

    `sections` are paths of translations or of sources. What is wrong with one section is its report's
    `error`; the rest goes on. Raises AmtsError where nothing can be done at all.
    """
    target_commit = target.resolve(target_revision)
    tip, parents = _branch(target, target_commit)
    book = open_book(source, target, source.resolve(source_revision), parents[0], config)
    everything = read_pairs(book, progress)
    pairs = _chosen(everything, sections)
    work = [pair for pair in pairs if pair.has_work]
    units, notes = _units(everything if work else [], book, progress)
    translator = create(config.engine.name, TranslationMemory(units), config.engine.options)
    lexicon = Lexicon.learn(units, book.language)
    drafts, errors = _drafts(work, book, translator, lexicon, progress)
    reports = tuple(_report(pair, drafts.get(pair.path), errors.get(pair.path)) for pair in pairs)
    done = [(pair, drafts[pair.path]) for pair in work if pair.path in drafts]
    report = SyncReport(
        book.language, translator.name, book.source_commit, target_commit, reports, notes=tuple(notes)
    )
    files = _files(book, done)
    if not files:
        return report
    drafted = Publication(files, _message(report, done), parents, tip, config.author)
    return replace(report, commit=publish(drafted))


def _branch(target: Repository, commit: str) -> tuple[str | None, tuple[str, ...]]:
    """Where the branch of the drafts is, and the commits to build on. Raises RepositoryError.

    Whatever people committed to the branch stays: a sync goes on from its tip, or from the target's revision
    where that has all of it. No branch is ever forced.
    """
    tip = target.branch(BRANCH)
    if tip is None or target.contains(commit, tip):
        return tip, (commit,)
    if target.contains(tip, commit):
        return tip, (tip,)
    if target.has_changes_of(commit, tip):
        return tip, (commit, tip)
    raise RepositoryError(
        f"{target.path}: branch {BRANCH} and {commit[:12]} have both moved on: merge one into the other, "
        f"or delete {BRANCH}, and sync again"
    )


def _chosen(pairs: list[Pair], sections: Sequence[str]) -> list[Pair]:
    """The pairs whose translation or source has one of these paths; all where there are none."""
    if not sections:
        return pairs
    chosen: dict[str, Pair] = {}
    for wanted in sections:
        found = {pair.path: pair for pair in pairs if wanted in (pair.path, pair.source_path, pair.new_path)}
        if not found:
            known = [path for pair in pairs for path in (pair.path, pair.source_path) if path]
            nearest = process.extractOne(wanted[:200], known)
            hint = f"did you mean {nearest[0]}?" if nearest else "there is none at all"
            raise AmtsError(f"no section {wanted[:200]!r}: {hint}")
        chosen |= found
    return [pair for pair in pairs if pair.path in chosen]


def _units(pairs: list[Pair], book: Book, progress: Progress) -> tuple[list[TranslationUnit], list[str]]:
    """The units of all sections of the translation, and a note on each section that gives none."""
    units: list[TranslationUnit] = []
    notes = []
    known = [pair for pair in pairs if pair.old_source and pair.old_target]
    for done, pair in enumerate(known):
        progress("align", done, len(known))
        try:
            old = parse(pair.old_source, book.config.source_language)
            units += translation_units(old, parse(pair.old_target, book.language), origin=pair.path)
        except AmtsError as error:
            notes.append(f"not used as memory: {error}")
    progress("align", len(known), len(known))
    return units, notes


def _drafts(
    work: list[Pair], book: Book, translator: Translator, lexicon: Lexicon, progress: Progress
) -> tuple[dict[str, Draft], dict[str, str]]:
    """The draft of each section, or the error that stood in its way, by path."""

    def plan(pair: Pair) -> Plan | None:
        if pair.old_source == pair.new_source:
            return None
        return plan_section(pair.old_source, pair.new_source, pair.old_target, book.language, lexicon)

    plans, errors = _each(work, plan, "plan", progress)
    requests = tuple(
        replace(request, id=f"{path}:{request.id}")
        for path, made in plans.items()
        if made is not None
        for request in made.requests
    )
    job = Job(book.config.source_language, book.language, requests)
    progress("translate", 0, len(requests))
    translations = _translate(translator, job)
    progress("translate", len(requests), len(requests))

    def draft(pair: Pair) -> Draft:
        made = plans[pair.path]
        if made is None:
            return Draft(pair.old_target, ())
        return assemble(made, _of_section(pair.path, made, translations))

    drafts, more = _each([pair for pair in work if pair.path in plans], draft, "assemble", progress)
    return drafts, errors | more


def _each(
    pairs: list[Pair], make: Callable[[Pair], Made], stage: str, progress: Progress
) -> tuple[dict[str, Made], dict[str, str]]:
    """What `make` makes of each pair, and the errors of those where it fails, by path."""
    made: dict[str, Made] = {}
    errors: dict[str, str] = {}
    for done, pair in enumerate(pairs):
        progress(stage, done, len(pairs))
        try:
            made[pair.path] = make(pair)
        except AmtsError as error:
            errors[pair.path] = str(error)
        except Exception as error:  # one section's input must not cost the others their drafts
            _log.debug("%s: %s failed", pair.path, stage, exc_info=True)
            errors[pair.path] = f"{stage} failed ({type(error).__name__}): please report this section"
    progress(stage, len(pairs), len(pairs))
    return made, errors


def _translate(translator: Translator, job: Job) -> Mapping[str, Translation]:
    """What the engine makes of a job, however long it takes."""
    if not job.requests:
        return {}
    handle = translator.submit(job)
    while (translations := translator.poll(handle)) is None:
        time.sleep(_PAUSE)
    return translations


def _of_section(path: str, plan: Plan, translations: Mapping[str, Translation]) -> dict[str, Translation]:
    """The translations of one section out of those of a job, by the ids of its plan."""
    return {
        request.id: replace(translations[f"{path}:{request.id}"], id=request.id)
        for request in plan.requests
        if f"{path}:{request.id}" in translations
    }


def _report(pair: Pair, draft: Draft | None, error: str | None) -> SectionReport:
    return SectionReport(
        pair.path if draft is None else pair.new_path,
        pair.source_path,
        pair.state,
        pair.base.commit if pair.base else None,
        draft,
        pair.notes,
        pair.error or error,
    )


def _files(book: Book, done: Sequence[tuple[Pair, Draft]]) -> dict[str, bytes | None]:
    """What changes in the target: drafts, the English they were made from, and what moved away."""
    layout = book.config.layout
    files: dict[str, bytes | None] = {}
    locked = dict(book.lock)
    for pair, draft in done:
        source_path = pair.source_path or ""
        moved = pair.path != pair.new_path
        files[pair.new_path] = draft.text.encode()
        if moved:
            files[pair.path] = None
        origin, old_origin = layout.origin_path(pair.new_path), layout.origin_path(pair.path)
        if origin is None:
            locked.pop(pair.path, None)
            locked[pair.new_path] = Version(book.source_commit, source_path)
            continue
        files[origin] = book.source.read(book.source_tree[source_path].blob)
        if moved and old_origin in book.target_tree:
            files[str(old_origin)] = None
    if locked != book.lock:
        files[lock.PATH] = lock.dump(locked).encode()
    return {path: data for path, data in files.items() if data is None or data != _now(book, path)}


def _now(book: Book, path: str) -> bytes | None:
    """What a file of the target holds."""
    entry = book.target_tree.get(path)
    return None if entry is None else book.target.read(entry.blob)


def _message(report: SyncReport, done: Sequence[tuple[Pair, Draft]]) -> str:
    """The message of the commit that holds the drafts."""
    name = language_of(report.language).name
    count = f"{len(done)} section{'' if len(done) == 1 else 's'}"
    return (
        f"Update the {name} translation to {report.source_revision[:12]}\n\n"
        f"{count} drafted from the changes in the source, for review.\n\n"
        f"AMTS-Source: {report.source_revision}\n"
        f"AMTS-Target: {report.target_revision}\n"
        f"AMTS-Language: {report.language}\n"
        f"AMTS-Engine: {report.engine}\n"
    )
