"""THE MAIN PATH: sync one section, sync one translation repository.

read pairs ─ memory ─ plan ─ translate (one job for all sections) ─ assemble ─ report ─ publish
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rapidfuzz import process

from sync.assemble import assemble
from sync.book import open_book
from sync.config import Config
from sync.drafts import draft_pairs, finish, read_terms, read_units, translate
from sync.engines import Job, Knowledge, Make, Translator, create
from sync.lexicon import Lexicon
from sync.model import AmtsError, Draft, SectionReport, SyncReport
from sync.plan import plan_section
from sync.publish import Publish, publication
from sync.repos import Repository
from sync.sections import Pair, Progress, quiet, read_pairs


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
    return assemble(plan, translate(translator, Job(source_language, language, plan.requests)).translations)


def sync_translation(
    source: Repository,
    target: Repository,
    config: Config,
    publish: Publish,
    *,
    source_revision: str = "HEAD",
    target_revision: str = "HEAD",
    sections: Sequence[str] = (),
    make: Make = create,
    progress: Progress = quiet,
) -> SyncReport:
    """Draft every section that lags behind its source, or the given ones, and hand the drafts to `publish`.

    `sections` are paths of translations or of sources; `make` makes the engine of the settings. What is wrong with
    one section is its report's `error`; the rest goes on. Raises AmtsError where nothing can be done at all.
    """
    ground = publish.ground(target.resolve(target_revision), config.author)
    revision = source.resolve(source_revision)
    book = open_book(source, target, revision, ground.parents[0], config)
    everything = read_pairs(book, progress)
    pairs = _chosen(everything, sections)
    work = [pair for pair in pairs if pair.has_work]

    # What a machine drafted and nobody merged yet must not teach the next machine: only merged text is knowledge.
    merged = book if ground.parents[0] == ground.commit else open_book(source, target, revision, ground.commit, config)
    known = everything if merged is book or not work else read_pairs(merged, progress)
    units, unread = read_units(known if work else [], merged, progress)
    terms, unlisted = read_terms(book)
    translator = make(config.engine.name, Knowledge(tuple(units), terms, target.name), config.engine.options)
    made = draft_pairs(work, book, translator, Lexicon.learn(units, book.language), progress)

    report = SyncReport(
        book.language,
        translator.name,
        book.source_commit,
        ground.commit,
        tuple(_report(pair, made.drafts, made.errors) for pair in pairs),
        notes=(*made.notes, *unlisted, *unread),
        cost=made.cost,
    )
    drafted = publication(
        book, ground, report, [(pair, made.drafts[pair.path]) for pair in work if pair.path in made.drafts]
    )
    if drafted.files:
        report = replace(report, commit=publish.write(drafted))
    if made.handle is not None:
        report = replace(report, notes=(*report.notes, *finish(translator, made.handle)))
    return report


def _chosen(pairs: list[Pair], sections: Sequence[str]) -> list[Pair]:
    """The pairs whose translation or source has one of these paths; all where there are none."""
    if not sections:
        return pairs
    chosen: set[str] = set()
    for wanted in sections:
        found = {pair.path for pair in pairs if wanted in (pair.path, pair.source_path, pair.new_path)}
        if not found:
            known = [path for pair in pairs for path in (pair.path, pair.source_path) if path]
            nearest = process.extractOne(wanted[:200], known)
            hint = f"did you mean {nearest[0]}?" if nearest else "there is none at all"
            raise AmtsError(f"no section {wanted[:200]!r}: {hint}")
        chosen |= found
    return [pair for pair in pairs if pair.path in chosen]


def _report(pair: Pair, drafts: Mapping[str, Draft], errors: Mapping[str, str]) -> SectionReport:
    """What became of one section."""
    draft = drafts.get(pair.path)
    return SectionReport(
        pair.path if draft is None else pair.new_path,
        pair.source_path,
        pair.state,
        pair.base.commit if pair.base else None,
        draft,
        pair.notes,
        pair.error or errors.get(pair.path),
    )
