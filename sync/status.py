"""How every section of a translation stands to its source."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sync.book import open_book
from sync.config import Config
from sync.markdown import fold, parse
from sync.model import AmtsError, SectionState
from sync.repos import Repository
from sync.sections import Pair, Progress, quiet, read_pairs


@dataclass(frozen=True, slots=True)
class SectionStatus:
    """How one section stands. `commits` and `segments` say how far it is behind; None: not known."""

    path: str
    source_path: str | None
    state: SectionState
    base: str | None
    commits: int | None
    segments: int | None
    notes: tuple[str, ...] = ()
    error: str | None = None


def status(
    source: Repository,
    target: Repository,
    config: Config,
    *,
    source_revision: str = "HEAD",
    target_revision: str = "HEAD",
    progress: Progress = quiet,
) -> tuple[SectionStatus, ...]:
    """How every section of a translation stands to its source, by path."""
    book = open_book(source, target, source.resolve(source_revision), target.resolve(target_revision), config)
    return tuple(_status(pair, config.source_language) for pair in read_pairs(book, progress))


def _status(pair: Pair, source_language: str) -> SectionStatus:
    segments, error = None, pair.error
    if pair.source_path is not None and error is None:
        try:
            segments = segments_behind(pair.old_source, pair.new_source, source_language)
        except AmtsError as fault:
            error = str(fault)
    base = pair.base.commit if pair.base else None
    return SectionStatus(pair.path, pair.source_path, pair.state, base, pair.behind, segments, pair.notes, error)


def segments_behind(old: str, new: str, language: str) -> int:
    """How many segments of a new text are not in the old one, white space aside. Raises SectionError."""
    before, after = (
        Counter(
            fold(segment.text, language, block.prefix)
            for block in parse(text, language).blocks
            for segment in block.segments
        )
        for text in (old, new)
    )
    return (after - before).total()
