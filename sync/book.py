"""A source and its translation, opened: their trees, the history, the paths of their sections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sync import lock
from sync.bases import read_text
from sync.config import Config, ConfigError
from sync.history import History, Version
from sync.model import AmtsError
from sync.repos import Entry, Repository


@dataclass(frozen=True, slots=True)
class Book:
    """What is read of source and target once, for all sections."""

    source: Repository
    target: Repository
    source_commit: str
    target_commit: str
    source_tree: Mapping[str, Entry]
    target_tree: Mapping[str, Entry]
    config: Config
    language: str
    history: History
    lock: Mapping[str, Version]


@dataclass(frozen=True, slots=True)
class Sources:
    """The new source: the text of each section by its path, or why it cannot be read."""

    texts: Mapping[str, str]
    faults: Mapping[str, str]


def open_book(source: Repository, target: Repository, source_commit: str, target_commit: str, config: Config) -> Book:
    """Read the trees, the history and the lock. Raises ConfigError where the language is not known."""
    if config.language is None:
        raise ConfigError("the language of the translation is not known: set `language`, or give --language")
    target_tree = target.tree(target_commit)
    locked: dict[str, Version] = {}
    if config.layout.origin is None and lock.PATH in target_tree:
        locked = lock.load(read_text(target, lock.PATH, target_tree[lock.PATH]))
    return Book(
        source,
        target,
        source_commit,
        target_commit,
        source.tree(source_commit),
        target_tree,
        config,
        config.language,
        source.history(source_commit),
        locked,
    )


def section_paths(book: Book) -> tuple[list[str], list[str]]:
    """The paths of the sections in the source, and of the translations in the target.

    A path may fit both patterns; then the longer one has it.
    """
    layout = book.config.layout
    sources = [path for path in book.source_tree if layout.translation_path(path) and is_nameable(path)]
    translations = {
        path: source for path in book.target_tree if (source := layout.source_path(path)) and is_nameable(path)
    }
    if len(layout.source) > len(layout.translation):
        translations = {p: s for p, s in translations.items() if not layout.translation_path(p)}
    elif layout.source != layout.translation:
        sources = [path for path in sources if not layout.source_path(path)]
    elif book.source.git_dir == book.target.git_dir:
        raise ConfigError("source and translation are the same files: set `layout` so that they differ")
    wanted = set(book.config.sections(list(translations.values())))
    return (
        book.config.sections(sources),
        sorted(path for path, source in translations.items() if source in wanted),
    )


def read_sources(book: Book, paths: list[str]) -> Sources:
    """Read the sections of the source that have these paths."""
    texts, faults = {}, {}
    for path in paths:
        try:
            texts[path] = read_text(book.source, path, book.source_tree[path])
        except AmtsError as error:
            faults[path] = str(error)
    return Sources(texts, faults)


def is_nameable(path: str) -> bool:
    """Whether a file name can be written down: bytes that are not UTF-8 come as surrogates."""
    return not any("\ud800" <= character <= "\udfff" or character < " " for character in path)
