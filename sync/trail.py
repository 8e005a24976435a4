"""Who wrote what on a branch of drafts: people, or the bot.

It is found as blame does it, part by part: whoever brought a part in, it is theirs for as long as it stands,
wherever later commits move it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sync.model import AmtsError
from sync.parts import Part, kept, parts_of_lines, parts_of_section
from sync.repos import SYMLINK, Commit, Entry, Repository, parse_author

MAX_BYTES = 10_000_000
_TRAILER = re.compile(r"^AMTS-(?:Source|Merge): ", re.M)
_MOVED = 0.5  # least share of its parts that a file has in common with the one it was before


def is_by_bot(commit: Commit, author: str) -> bool:
    """Whether a commit is one of AMTS's own, which goes by this author (`Name <mail@address>`).

    One that a person amended or rebased is not: it has the person as its committer.
    """
    last = commit.message.rstrip().rpartition("\n\n")[2]
    own = parse_author(author)[1].lower()
    return bool(_TRAILER.search(last)) and {commit.email.lower(), commit.committer.lower()} == {own}


def untouched(target: Repository, branch_base: str, tip: str, paths: Collection[str], author: str) -> frozenset[str]:
    """Those of these files that no commit of a person changed, among those of `tip` that `branch_base` lacks."""
    left = set(paths)
    for commit in target.commits(tip, branch_base):
        if left and not is_by_bot(commit, author):
            tree, trees = target.tree(commit.id), [target.tree(parent) for parent in commit.parents]
            left -= {path for path in left if any(tree.get(path) != other.get(path) for other in trees) or not trees}
    return frozenset(left)


def read_parts(target: Repository, path: str, entry: Entry, language: str) -> tuple[Part, ...] | None:
    """The parts of a file; None where it is no text: a link, binary, too large, or not fetched."""
    if entry.mode == SYMLINK or entry.size > MAX_BYTES:
        return None
    try:
        data = target.read(entry.blob)
    except AmtsError:
        return None
    if b"\0" in data:
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return parts_of_lines(data.decode("utf-8", errors="surrogateescape"))
    return parts_of_section(text, language) if path.endswith(".md") else parts_of_lines(text)


@dataclass(slots=True)
class Trail:
    """The words of people at each commit of a branch, followed from its first one."""

    target: Repository
    language: str
    words: dict[str, dict[str, frozenset[int]]] = field(default_factory=dict)
    _trees: dict[str, dict[str, Entry]] = field(default_factory=dict)
    _parts: dict[tuple[str, bool], tuple[Part, ...]] = field(default_factory=dict)
    _gained: dict[tuple[str, str, str], frozenset[str]] = field(default_factory=dict)

    def tree(self, commit: str) -> dict[str, Entry]:
        if commit not in self._trees:
            self._trees[commit] = self.target.tree(commit)
        return self._trees[commit]

    def parts(self, commit: str, path: str) -> tuple[Part, ...]:
        """The parts of a file; of one that is no text a single one, which stands for its content."""
        entry = self.tree(commit)[path]
        return self._parts_of(path, entry)

    def _parts_of(self, path: str, entry: Entry) -> tuple[Part, ...]:
        key = (entry.blob, path.endswith(".md"))
        if key not in self._parts:
            found = read_parts(self.target, path, entry, self.language)
            self._parts[key] = (Part("", entry.blob, ""),) if found is None else found
        return self._parts[key]

    def follow(self, commit: Commit, people: bool) -> None:
        """Find the words of people at a commit, those at its parents being known."""
        tree = self.tree(commit.id)
        trees = [self.tree(parent) for parent in commit.parents]
        known = {path for parent in commit.parents for path in self.words.get(parent, ())}
        moved = bool(known - tree.keys())
        changed = {path for path, entry in tree.items() if any(entry != other.get(path) for other in trees)}
        if not trees:
            changed = set(tree)
        if not people:  # what the bot brings in is nobody's, unless it moved the words of people
            changed &= known if not moved else known | {p for p in changed if any(p not in t for t in trees)}
        found = {path: self._at(commit, path, people) for path in changed | (known & tree.keys())}
        self.words[commit.id] = {path: places for path, places in found.items() if places}

    def _at(self, commit: Commit, path: str, people: bool) -> frozenset[int]:
        only = commit.parents[0] if len(commit.parents) == 1 else ""
        if only and self.tree(only).get(path) == self.tree(commit.id)[path]:
            return self.words.get(only, {}).get(path, frozenset())
        parts = self.parts(commit.id, path)
        stood: list[dict[int, bool]] = []  # for each parent: the parts it had, and whether they were people's
        sides: list[str] = []
        lost: Counter[str] = Counter()
        for parent in commit.parents:
            before = self._before(commit, parent, path)
            if before is None:
                continue
            theirs = self.words.get(parent, {}).get(before, frozenset())
            old = self.parts(parent, before)
            places = kept(old, parts)
            lost.update(old[place].body for place in theirs - set(places.values()))
            stood.append({new: place in theirs for new, place in places.items()})
            sides.append(parent)
        words = set()
        for place, part in enumerate(parts):
            by_people = {side: had[place] for side, had in zip(sides, stood, strict=True) if place in had}
            if not by_people:
                if people and part.body.strip():
                    words.add(place)
                elif lost[part.body]:  # the bot moved it
                    lost[part.body] -= 1
                    words.add(place)
            elif any(by_people.values()) and not self._merged(part.body, path, by_people):
                words.add(place)
        return frozenset(words)

    def _merged(self, body: str, path: str, by_people: Mapping[str, bool]) -> bool:
        """Whether a side of a merge that knows a part as settled has got it from the other."""
        ours = next(side for side, people in by_people.items() if people)
        return any(body in self.gained(side, ours, path) for side, people in by_people.items() if not people)

    def gained(self, side: str, other: str, path: str) -> frozenset[str]:
        """The parts that a file has had on one side since that and the other side parted, and had not then."""
        key = (side, other, path)
        if key not in self._gained:
            base = self.target.merge_base(side, other)
            old = self.tree(base).get(path) if base else None
            had = {part.body for part in self._parts_of(path, old)} if old else set()
            since = self.target.versions(path, base, side)
            versions = [self._parts_of(path, Entry(blob, "", 0)) for blob in since]
            self._gained[key] = frozenset(part.body for parts in versions for part in parts if part.body not in had)
        return self._gained[key]

    def _before(self, commit: Commit, parent: str, path: str) -> str | None:
        """What a file was called at a parent: its path, or that of the likest file which is gone since."""
        old, new = self.tree(parent), self.tree(commit.id)
        if path in old:
            return path
        parts = Counter(part.body for part in self.parts(commit.id, path))
        gone = [p for p in old if p not in new and p.rpartition(".")[2] == path.rpartition(".")[2]]
        shares = {p: _share(parts, self.parts(parent, p)) for p in gone}
        best = max(shares, key=lambda p: (shares[p], p), default=None)
        return best if best is not None and shares[best] >= _MOVED else None


def _share(parts: Counter[str], others: Sequence[Part]) -> float:
    common = parts & Counter(part.body for part in others)
    return common.total() / max(parts.total(), len(others), 1)
