"""The base of a translation: the version of its source that it was made from, found and not asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sync.config import Layout
from sync.history import History, Version, ranked
from sync.markdown import parse
from sync.model import SectionError
from sync.repos import SYMLINK, Entry, Repository
from sync.units import resemblance

MAX_BYTES = 10_000_000
_EDITED = 0.5  # an origin edited in place shares more than this with its nearest version
_ALIGNED = 0.3  # a translation and its source resemble each other more than this
# Aligning takes tens of milliseconds, so not every version is aligned with a translation: those that share
# most lines with it, some spread over time, then those beside the best, each round halving the distance.
_SHARING = 2
_SPREAD = 6
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Base:
    """The text that a translation was made from, and the version of the source which it is, or is nearest to.

    `blob` is the content of that version: another one than the text where an origin was edited in place.
    """

    text: str
    blob: str
    version: Version | None
    notes: tuple[str, ...] = ()


def read_text(repository: Repository, path: str, entry: Entry) -> str:
    """The text of a file, nothing normalised. Raises SectionError: a link, not UTF-8, too large."""
    if entry.mode == SYMLINK:
        raise SectionError(f"{path} is a symbolic link: replace it by the file")
    if entry.size > MAX_BYTES:
        raise SectionError(f"{path} is larger than {MAX_BYTES // 1_000_000} MB: split it")
    data = repository.read(entry.blob)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SectionError(f"{path}, line {line}: not UTF-8: save it as UTF-8") from error


@dataclass
class Bases:
    """Finds the base of each translation of one repository."""

    source: Repository
    head: str  # commit of the source that is synced to
    history: History
    target: Repository
    tree: Mapping[str, Entry]  # of the target
    layout: Layout
    lock: Mapping[str, Version]
    language: str
    source_language: str
    _trees: dict[str, dict[str, Entry]] = field(default_factory=dict)

    def find(self, path: str, text: str) -> Base | None:
        """The base of the translation at `path`, whose text is given; None where no source is known.

        Raises SectionError where there are sources but the translation resembles none.
        """
        origin = self.layout.origin_path(path)
        if origin is not None and origin in self.tree:
            return self._by_origin(path, origin)
        if path in self.lock:
            return self._by_lock(path, self.lock[path])
        return self._by_alignment(path, text)

    def _by_origin(self, path: str, origin: str) -> Base:
        entry = self.tree[origin]
        text = read_text(self.target, origin, entry)
        expected = self.layout.source_path(path) or path
        version = self.history.version(entry.blob, self.head, expected)
        if version is not None:
            return Base(text, entry.blob, version)
        share, blob = next(iter(ranked(text, self.history.blobs(expected), self._old)), (0.0, ""))
        if share <= _EDITED:
            return Base(text, entry.blob, None, (f"{origin} is no version of the source: taken as it is",))
        version = self.history.version(blob, self.head, expected)
        note = f"{origin} was edited in place: {_at(version)} is the nearest, {share:.0%} alike"
        return Base(text, blob, version, (note,))

    def _by_lock(self, path: str, version: Version) -> Base:
        if version.commit not in self.history:
            raise SectionError(f"{path}: the source lacks commit {version.commit[:12]} of the lock: fetch it")
        if version.commit not in self._trees:
            self._trees[version.commit] = self.source.tree(version.commit)
        entry = self._trees[version.commit].get(version.path)
        if entry is None:
            raise SectionError(f"{path}: the lock names {_at(version)}, which does not exist: mend the lock")
        return Base(read_text(self.source, version.path, entry), entry.blob, version)

    def _by_alignment(self, path: str, text: str) -> Base | None:
        expected = self.layout.source_path(path) or path
        blobs = self.history.blobs(expected)
        if not blobs:
            return None
        translation = parse(text, self.language)

        def score_of(place: int) -> float:
            return resemblance(parse(self._old(blobs[place]), self.source_language), translation)

        sharing = [blobs.index(blob) for _, blob in ranked(text, blobs, self._old)[:_SHARING]]
        place, score = _best(len(blobs), score_of, sharing)
        blob = blobs[place]
        if score < _ALIGNED:
            raise SectionError(f"{path} resembles no version of {expected}: add the English it was made from")
        version = self.history.version(blob, self.head, expected)
        note = f"base found by alignment: {_at(version)}, resemblance {score:.2f}"
        return Base(self._old(blob), blob, version, (note,))

    def _old(self, blob: str) -> str:
        """An old version of a section; what is not UTF-8 in it is not a reason to know nothing."""
        return self.source.read(blob).decode("utf-8", errors="replace")


def _best(count: int, score_of: Callable[[int], float], first: Iterable[int]) -> tuple[int, float]:
    """The place of the best of `count` ordered things, and its score; of equals the last one tried."""
    scores: dict[int, float] = {}
    probes = {*first, *(place * (count - 1) // (_SPREAD - 1) for place in range(_SPREAD))}
    best = 0
    for _ in range(_ROUNDS):
        scores.update((place, score_of(place)) for place in sorted(probes - scores.keys()))
        best = max(scores, key=lambda place: (scores[place], place))
        below = max((place for place in scores if place < best), default=best)
        above = min((place for place in scores if place > best), default=best)
        probes = {(below + best) // 2, (best + above + 1) // 2}
    return best, scores[best]


def _at(version: Version | None) -> str:
    return f"{version.path} at {version.commit[:12]}" if version else "an unknown version"
