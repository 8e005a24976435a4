"""The sections of a translation, each with its source: the old text, the new one, and how they stand.

read trees ─ find bases ─ follow each source to its path of today ─ state
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from sync import lock
from sync.bases import Base, Bases, read_text
from sync.book import Book, Sources, is_nameable, read_sources, section_paths
from sync.history import Likeness, Version
from sync.model import AmtsError, SectionState
from sync.renames import PART, Old, follow
from sync.repos import folders_of, writable

Progress = Callable[[str, int, int], None]  # the stage, how many are done, of how many


def quiet(stage: str, done: int, total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A section of a translation and its source. Texts are empty where there is no such file.

    `path` is the translation's, in the target (of a new section: where it will be); `new_path` where its
    draft belongs, another one if the section moves along with its source. `behind` counts commits.
    """

    path: str
    new_path: str
    state: SectionState
    source_path: str | None = None
    base: Version | None = None
    behind: int | None = None
    old_source: str = ""
    new_source: str = ""
    old_target: str = ""
    notes: tuple[str, ...] = ()
    error: str | None = None

    @property
    def has_work(self) -> bool:
        """Whether a draft is to be made."""
        waiting = (SectionState.BEHIND, SectionState.RENAMED, SectionState.NEW)
        return self.error is None and self.state in waiting


@dataclass(frozen=True, slots=True)
class _Found:
    """A translation, and what it was made from."""

    path: str
    text: str = ""
    base: Base | None = None
    names: tuple[str, ...] = ()  # of its source, oldest first, as git saw it renamed
    error: str | None = None


def read_pairs(book: Book, progress: Progress) -> list[Pair]:
    """Every section of the target and every new one of the source, by path.

    What is wrong with one section is its pair's `error`; the others do not suffer.
    """
    paths, translations = section_paths(book)
    sources = read_sources(book, paths)
    found = _find_bases(book, translations, progress)
    olds = {item.path: Old(item.base.text, item.names) for item in found if item.base is not None}
    followed = {item.path: source for item in found if item.error and (source := _expected(book, item)) in paths}
    followed |= follow(olds, [path for path in paths if path not in followed.values()], sources.texts)
    new = [path for path in paths if path not in followed.values()]
    fresh = Likeness({path: sources.texts[path] for path in new if path in sources.texts})
    lost = any(item.base is not None and item.path not in followed for item in found)
    everything = Likeness(sources.texts if lost else {})
    pairs = []
    for item in found:
        pair = _pair(book, item, followed.get(item.path), sources)
        pairs.append(_with_notes(book, pair, item, fresh if pair.source_path else everything))
    pairs += [_new_pair(book, path, sources) for path in new]
    pairs += _unnameable(book)
    return sorted(_checked(book, pairs), key=lambda pair: pair.path)


def _expected(book: Book, item: _Found) -> str:
    """The path of the source that a translation's path speaks of."""
    return book.config.layout.source_path(item.path) or item.path


def _unnameable(book: Book) -> list[Pair]:
    """A pair in error for each Markdown file whose name cannot be written down."""
    error = "the name of this file is not UTF-8 on one line: rename it"
    names = {ascii(path) for path in (*book.source_tree, *book.target_tree) if not is_nameable(path)}
    return [Pair(name, name, SectionState.NO_ORIGIN, error=error) for name in names if ".md" in name]


def _find_bases(book: Book, translations: list[str], progress: Progress) -> list[_Found]:
    bases = Bases(
        book.source,
        book.source_commit,
        book.history,
        book.target,
        book.target_tree,
        book.config.layout,
        book.lock,
        book.language,
        book.config.source_language,
    )
    found = []
    for done, path in enumerate(translations):
        progress("read", done, len(translations))
        item = _Found(path)
        try:
            item = replace(item, text=read_text(book.target, path, book.target_tree[path]))
            item = replace(item, base=bases.find(path, item.text))
        except AmtsError as error:
            item = replace(item, error=str(error))
        if item.base is not None:
            version = item.base.version
            names = book.history.names(version, book.source_commit) if version else (_expected(book, item),)
            item = replace(item, names=names)
        found.append(item)
    progress("read", len(translations), len(translations))
    return found


def _pair(book: Book, item: _Found, source_path: str | None, sources: Sources) -> Pair:
    """The pair of a translation, with its state."""
    pair = Pair(
        item.path,
        item.path,
        SectionState.NO_ORIGIN,
        source_path,
        old_target=item.text,
        error=item.error,
    )
    if item.base is None:
        return pair
    version = item.base.version
    pair = replace(pair, base=version, old_source=item.base.text, notes=item.base.notes)
    if source_path is None:
        note = "its source is gone upstream: proposed for removal"
        return replace(pair, state=SectionState.GONE, notes=(*pair.notes, note))
    if version is not None:
        behind = book.history.behind(version.commit, book.source_commit, {*item.names, source_path})
        pair = replace(pair, behind=behind)
    same = book.source_tree[source_path].blob == item.base.blob
    pair = replace(
        pair,
        state=SectionState.UP_TO_DATE if same else SectionState.BEHIND,
        new_source=sources.texts.get(source_path, ""),
        error=sources.faults.get(source_path),
    )
    expected = book.config.layout.translation_path(source_path) or item.path
    return pair if expected == item.path else _renamed(book, replace(pair, new_path=expected), item)


def _renamed(book: Book, pair: Pair, item: _Found) -> Pair:
    """A pair whose source is elsewhere now. It moves along only where git itself saw the rename."""
    in_place = book.config.layout.source_path(item.path) == item.names[0]
    certain = in_place and pair.source_path == item.names[-1]
    if certain and pair.new_path not in book.target_tree:
        note = f"renamed upstream: moves from {pair.path} to {pair.new_path}"
        return replace(pair, state=SectionState.RENAMED, notes=(*pair.notes, note))
    state = pair.state if pair.state is SectionState.UP_TO_DATE else SectionState.RENAMED
    note = f"its source is now {pair.source_path}: the translation stays where it is"
    return replace(pair, state=state, new_path=pair.path, notes=(*pair.notes, note))


def _with_notes(book: Book, pair: Pair, item: _Found, likeness: Likeness) -> Pair:
    """The pair, with a note on each other section that has taken a part of its source since."""
    base = item.base
    if base is None or base.version is None or pair.state is SectionState.UP_TO_DATE:
        return pair
    gone = pair.state is SectionState.GONE
    notes = [
        f"{'' if gone else 'split upstream: '}{share:.0%} of its source is now in {path}"
        for _, share, path in likeness.shares(base.text)
        if share >= PART and (gone or not book.history.existed(path, base.version.commit))
    ]
    return replace(pair, notes=(*pair.notes, *notes))


def _new_pair(book: Book, source_path: str, sources: Sources) -> Pair:
    path = book.config.layout.translation_path(source_path) or source_path
    return Pair(
        path,
        path,
        SectionState.NEW,
        source_path,
        new_source=sources.texts.get(source_path, ""),
        error=sources.faults.get(source_path),
    )


def _checked(book: Book, pairs: list[Pair]) -> list[Pair]:
    """The pairs, with an error for each whose draft could not be written or would overwrite another file."""
    layout = book.config.layout
    origins = {pair.path: layout.origin_path(pair.new_path) for pair in pairs}
    waiting = [origin for pair in pairs if pair.has_work and (origin := origins[pair.path])]
    places = Counter([*(pair.new_path for pair in pairs), *waiting])
    folders = folders_of((*book.target_tree, *places))
    arriving = (SectionState.NEW, SectionState.RENAMED)

    def checked(pair: Pair) -> Pair:
        if not pair.has_work:
            return pair
        try:
            for path in (pair.new_path, origins[pair.path] or lock.PATH):
                writable(path, book.target_tree, folders)
        except AmtsError as error:
            return replace(pair, error=str(error))
        there = pair.state is SectionState.NEW and pair.new_path in book.target_tree
        if pair.state in arriving and (there or places[pair.new_path] > 1):
            fault = f"{pair.new_path} is taken: move that section, or exclude {pair.source_path}"
            return replace(pair, error=fault)
        return pair

    return [checked(pair) for pair in pairs]
