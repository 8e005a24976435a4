"""The history of the source: which version a text is, what became of its path, how far it is behind.

Values only. `sync.repos` reads the history from git; here it is asked. Commits are ids; a *version* is a
section as one commit left it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """What a commit did to a path: `blob` is its new content (None: removed), `old_path` where renamed."""

    path: str
    blob: str | None
    old_path: str | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """A section as a commit left it."""

    commit: str
    path: str


class History:
    """The commits of a repository, oldest first (parents before children), and what they changed."""

    def __init__(self, parents: Mapping[str, tuple[str, ...]], changes: Mapping[str, tuple[Change, ...]]) -> None:
        """Take the parents of every commit, in order, and the changes of those that have any."""
        self._parents = parents
        self._changes = changes
        self._order = {commit: place for place, commit in enumerate(parents)}
        self._reached: dict[str, bytearray] = {}
        self._versions: dict[str, list[Version]] = {}
        self._blobs: dict[str, dict[str, None]] = {}
        self._renames: list[tuple[str, str, str]] = []
        self._touched: dict[str, set[str]] = {}
        for commit in sorted(changes, key=self._order.__getitem__):
            for change in changes[commit]:
                self._note(commit, change)

    def _note(self, commit: str, change: Change) -> None:
        if change.blob is not None:
            self._versions.setdefault(change.blob, []).append(Version(commit, change.path))
            self._blobs.setdefault(change.path, {})[change.blob] = None
        if change.old_path is not None:
            self._renames.append((commit, change.old_path, change.path))
        if len(self._parents[commit]) < 2:
            for path in filter(None, (change.path, change.old_path)):
                self._touched.setdefault(path, set()).add(commit)

    def __contains__(self, commit: str) -> bool:
        return commit in self._parents

    def builds_on(self, commit: str, other: str) -> bool:
        """Whether `other` is `commit` itself or one of its ancestors."""
        if commit not in self._reached:
            self._reached[commit] = self._ancestors(commit)
        place, bit = divmod(self._order[other], 8)
        return bool(self._reached[commit][place] >> bit & 1)

    def _ancestors(self, commit: str) -> bytearray:
        """A commit and all that it builds on, a bit each: many are asked for, and histories are long."""
        bits = bytearray(len(self._order) // 8 + 1)
        waiting = [commit]
        while waiting:
            place, bit = divmod(self._order[here := waiting.pop()], 8)
            if not bits[place] >> bit & 1:
                bits[place] |= 1 << bit
                waiting.extend(self._parents[here])
        return bits

    def version(self, blob: str, head: str, path: str) -> Version | None:
        """Where a blob stands in the history; None where it never did.

        A commit that `head` builds on is preferred, then the given path, then the newest.
        """
        found = self._versions.get(blob, ())
        return max(
            found,
            key=lambda v: (self.builds_on(head, v.commit), v.path == path, self._order[v.commit]),
            default=None,
        )

    def blobs(self, path: str) -> tuple[str, ...]:
        """Every content that a path ever had, on any branch, oldest first."""
        return tuple(self._blobs.get(path, ()))

    def existed(self, path: str, commit: str) -> bool:
        """Whether a commit, or one that it builds on, has changed a path."""
        return any(self.builds_on(commit, other) for other in self._touched.get(path, ()))

    def names(self, base: Version, head: str) -> tuple[str, ...]:
        """The paths that a section had from `base` to `head`, as git saw it renamed; the last is current.

        Where `head` does not build on the base's commit, the way goes over what both build on.
        """
        names = [base.path]
        for commit, old, new in reversed(self._renames):
            if new == names[-1] and self._between(head, commit, base.commit):
                names.append(old)
        for commit, old, new in self._renames:
            if old == names[-1] and self._between(base.commit, commit, head):
                names.append(new)
        return tuple(names)

    def behind(self, commit: str, head: str, names: Iterable[str]) -> int:
        """How many commits of `head` that `commit` does not build on touched a section under these names."""
        touched: set[str] = set().union(*(self._touched.get(name, ()) for name in names))
        return sum(self._between(commit, other, head) for other in touched)

    def _between(self, base: str, commit: str, head: str) -> bool:
        """Whether `head` builds on a commit that `base` does not build on."""
        return self.builds_on(head, commit) and not self.builds_on(base, commit)


def ranked(text: str, blobs: Iterable[str], read: Callable[[str], str]) -> list[tuple[float, str]]:
    """Blobs with the share (0-1) of characters in lines they have in common with a text, best first.

    Of equals the last of `blobs` comes first. It works across languages too: code, formulas, labels and
    directives are the same in both.
    """
    lines = _lines(text)
    scored = [(_share(lines, _lines(read(blob))), place, blob) for place, blob in enumerate(blobs)]
    return [(share, blob) for share, _, blob in sorted(scored, reverse=True)]


class Likeness:
    """How alike texts are by the triples of words they share: it survives re-wrapping and moved parts."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        """Take the texts to compare with, by path."""
        self._triples = {path: _triples(text) for path, text in texts.items()}

    def shares(self, text: str) -> list[tuple[float, float, str]]:
        """Each text's common share, best first: of the larger of the two, and of `text`; and its path."""
        triples = _triples(text)
        shares = []
        for path, other in self._triples.items():
            common = len(triples & other)
            whole = max(len(triples), len(other), 1)
            shares.append((common / whole, common / max(len(triples), 1), path))
        return sorted(shares, key=lambda item: (-item[0], item[2]))


def _lines(text: str) -> Counter[str]:
    return Counter(line for line in map(str.strip, text.splitlines()) if line)


def _share(one: Counter[str], other: Counter[str]) -> float:
    def weight(lines: Counter[str]) -> int:
        return sum(len(line) * count for line, count in lines.items())

    return weight(one & other) / max(weight(one), weight(other), 1)


def _triples(text: str) -> frozenset[tuple[str, str, str]]:
    words = text.split()
    return frozenset(zip(words, words[1:], words[2:], strict=False))
