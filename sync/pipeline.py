"""THE MAIN PATH: sync one section, sync one translation repository.

read ─ learn ─ plan ─ translate (one job for all sections) ─ draft ─ check ─ publish

`sync_translation` goes all the way at once; the bot takes the same stages one by one, each in a durable step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from rapidfuzz import process

from sync.assemble import assemble
from sync.book import Book, open_book
from sync.config import Config
from sync.drafts import Asked, Plans, ask, assemble_pairs, finish, plan_pairs, read_terms, read_units, translate
from sync.engines import TAKE_TERMS, Job, Knowledge, Make, Translator, create
from sync.findings import Standard, check_drafts, is_checked
from sync.ground import Ground
from sync.habits import Habits
from sync.lexicon import Lexicon
from sync.model import AmtsError, Draft, SectionReport, SyncReport, Term
from sync.plan import plan_section
from sync.publish import Publication, Publish, publication
from sync.references import References
from sync.repos import Repository
from sync.reviewed import reviewed
from sync.sections import Pair, Progress, quiet, read_pairs


@dataclass(frozen=True, slots=True)
class Reading:
    """A source and its translation, one commit of each: every section, and how it stands."""

    book: Book
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class Lessons:
    """What the translation teaches: an engine its knowledge, a plan its lexicon, the checks what the book does.

    `terms` are those of the terminology, be the engine one that takes them or not; `notes` say what could not be used.
    """

    knowledge: Knowledge
    lexicon: Lexicon
    language: str
    terms: tuple[Term, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def habits(self) -> Habits:
        """The habits of the book: some seconds for a large one, so only where something was drafted."""
        return Habits.learn(self.knowledge.units, self.terms, self.language)


@dataclass(frozen=True, slots=True)
class Planned:
    """The sections that were asked for, the plans of those that lag, and the ground that their drafts will stand on.

    `reviewed`: the parts of them that people wrote on the branch of the drafts, by path, which no draft touches.
    """

    ground: Ground
    reading: Reading
    chosen: tuple[Pair, ...]
    plans: Plans
    reviewed: Mapping[str, frozenset[int]] = field(default_factory=dict)

    @property
    def work(self) -> list[Pair]:
        """The sections that lag behind."""
        return [pair for pair in self.chosen if pair.has_work]

    @property
    def job(self) -> Job:
        """What the engine is asked."""
        book = self.reading.book
        return Job(book.config.source_language, book.language, self.plans.requests)


@dataclass(frozen=True, slots=True)
class Drafted:
    """What came out: the report, and the files to publish (none where all is as it was)."""

    report: SyncReport
    publication: Publication


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
    ground = publish.ground(target.resolve(target_revision), config)
    revision = source.resolve(source_revision)
    reading = read(source, target, config, revision, ground.parents[0], progress)
    # What a machine drafted and nobody merged yet must not teach the next machine: only merged text is knowledge.
    merged = reading
    if not any(pair.has_work for pair in choose(reading.pairs, sections)):
        merged = replace(reading, pairs=())
    elif ground.parents[0] != ground.commit:
        merged = read(source, target, config, revision, ground.commit, progress)
    lessons = learn(merged, progress)
    planned = plan(ground, reading, sections, lessons.lexicon, progress)
    translator = make(config.engine.name, lessons.knowledge, config.engine.options)
    asked = ask(translator, planned.job, progress)
    drafted = draft(planned, translator.name, asked, lessons.notes, progress, lambda: lessons.habits)
    report = drafted.report
    if drafted.publication.files:
        report = replace(report, commit=publish.write(drafted.publication))
    if asked.handle is not None:
        report = replace(report, notes=(*report.notes, *finish(translator, asked.handle)))
    return report


def read(
    source: Repository, target: Repository, config: Config, source_commit: str, target_commit: str, progress: Progress
) -> Reading:
    """Every section, and how it stands. Raises AmtsError."""
    book = open_book(source, target, source_commit, target_commit, config)
    return Reading(book, tuple(read_pairs(book, progress)))


def learn(merged: Reading, progress: Progress) -> Lessons:
    """What a translation teaches, as its people merged it."""
    book = merged.book
    units, unread = read_units(merged.pairs, book, progress)
    terms, unlisted = read_terms(book)
    taken = terms if book.config.engine.name in TAKE_TERMS else ()
    knowledge = Knowledge(tuple(units), taken, book.target.name)
    return Lessons(knowledge, Lexicon.learn(units, book.language), book.language, terms, (*unlisted, *unread))


def plan(ground: Ground, reading: Reading, sections: Sequence[str], lexicon: Lexicon, progress: Progress) -> Planned:
    """The plans of all sections that lag behind, or of those given. Raises AmtsError for one that is not known."""
    chosen = choose(reading.pairs, sections)
    book = reading.book
    work = [pair for pair in chosen if pair.has_work]
    paths = [pair.path for pair in work]
    theirs = {}
    if ground.tip is not None and ground.parents[0] != ground.commit and paths:
        theirs = reviewed(book.target, ground.commit, ground.parents[0], paths, book.config.author, book.language)
    return Planned(ground, reading, tuple(chosen), plan_pairs(work, book, lexicon, progress), theirs)


def draft(
    planned: Planned,
    engine: str,
    asked: Asked,
    notes: Sequence[str],
    progress: Progress,
    habits: Callable[[], Habits] = Habits,
) -> Drafted:
    """The drafts from the plans and what the engine answered, checked.

    `habits` is asked only where there is something to check; without it the checks know nothing of the book.
    """
    book = planned.reading.book
    drafts, errors = assemble_pairs(planned.work, planned.plans, asked, planned.reviewed, book, progress)
    drafts = check(drafts, planned.reading, habits)
    report = SyncReport(
        book.language,
        engine,
        book.source_commit,
        planned.ground.commit,
        tuple(_report(pair, drafts, errors) for pair in planned.chosen),
        notes=(*asked.answers.notes, *notes),
        cost=asked.answers.cost,
    )
    done = [(pair, drafts[pair.path]) for pair in planned.work if pair.path in drafts]
    return Drafted(report, publication(book, planned.ground, report, done))


def check(drafts: Mapping[str, Draft], reading: Reading, habits: Callable[[], Habits]) -> dict[str, Draft]:
    """The drafts of sections, by path, with what the checks find in the segments that AMTS wrote or changed."""
    results = [result for draft in drafts.values() for result in draft.results]
    if not any(is_checked(result) or result.findings for result in results):
        return dict(drafts)
    book = reading.book
    texts = (text for pair in reading.pairs for text in (pair.new_source, pair.old_target))
    references = References.of(
        (*texts, *(draft.text for draft in drafts.values())), (*book.source_tree, *book.target_tree)
    )
    config = book.config
    standard = Standard(
        book.language, references=references, mutes=config.checks.mute, source_language=config.source_language
    )
    return check_drafts(drafts, standard, habits)


def choose(pairs: Sequence[Pair], sections: Sequence[str]) -> list[Pair]:
    """The pairs whose translation or source has one of these paths; all where there are none."""
    if not sections:
        return list(pairs)
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
