"""A revision of the translation and the branch of its drafts as one tree: file by file, and each text part by part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sync import lock
from sync.config import Config
from sync.history import Version
from sync.parts import Part, joined
from sync.reconcile import Merged, Sides, merge_origins, merge_parts
from sync.repos import Entry, Repository, folders_of
from sync.reviewed import reviewed
from sync.trail import read_parts

_EMPTY_LOCK = '{"sections": {}, "version": 1}'

# By path: the mode and the blob of a file that is changed, None of one that goes.
Changes = dict[str, tuple[str, str] | None]


def merge_branch(
    target: Repository, base: str, commit: str, tip: str, config: Config
) -> tuple[Changes, tuple[str, ...]]:
    """What a merge of the branch of the drafts at `tip` changes in the files of a revision of the target.

    Both parted at `base`. What people wrote wins over what a machine did. Where people on both sides changed the
    same, the branch's text stands; the second value names those places, a line each. Raises RepositoryError.
    """
    merge = _Merge(target, base, commit, tip, config)
    return merge.changes(), tuple(merge.conflicts)


@dataclass(frozen=True, slots=True)
class _File:
    """A file by its three versions, and the path it had or has in each; None where it is not."""

    paths: tuple[str | None, str | None, str | None]
    base: Entry | None
    theirs: Entry | None
    ours: Entry | None

    @property
    def versions(self) -> tuple[Entry | None, Entry | None, Entry | None]:
        return self.base, self.theirs, self.ours

    @property
    def path(self) -> str:
        """Where it belongs after a merge: where ours has moved it, else where theirs has it."""
        base, theirs, ours = self.paths
        return next(path for path in ((ours if ours != base else None), theirs, ours, base) if path)


@dataclass(slots=True)
class _Outcome:
    """What becomes of a file: its mode and blob, None where it goes; how its text was merged, if it was."""

    entry: tuple[str, str] | None
    side: Entry | None = None  # the version that was taken as it is
    merged: Merged | None = None


@dataclass(slots=True)
class _Merge:
    """A merge of a revision of the target (theirs) and the branch of the drafts (ours), file by file."""

    target: Repository
    base: str
    commit: str
    tip: str
    config: Config
    conflicts: list[str] = field(default_factory=list)
    _people: dict[str, frozenset[int]] = field(default_factory=dict)

    def changes(self) -> Changes:
        """What the merge changes in the files of the target's revision, as `Repository.commit_files` takes it."""
        files = self._files()
        both = [file.paths[2] for file in files if file.paths[2] and file.ours not in (file.base, file.theirs)]
        author, language = self.config.author, self.config.language or ""
        self._people = reviewed(self.target, self.commit, self.tip, both, author, language)
        outcomes = [(file, self._outcome(file)) for file in files if not self._is_ours_alone(file.path)]
        origins = self._origins([file for file in files if self.config.layout.is_origin(file.path)], outcomes)
        locks = [(file, self._lock(file, outcomes)) for file in files if file.path == lock.PATH]
        return self._placed([*outcomes, *origins, *locks])

    def _is_ours_alone(self, path: str) -> bool:
        """Whether a file is the machine's own record of what translations were made from."""
        return path == lock.PATH or self.config.layout.is_origin(path)

    def _files(self) -> list[_File]:
        """Every file of the three trees, followed over renames on both sides."""
        base, theirs, ours = (self.target.tree(commit) for commit in (self.base, self.commit, self.tip))
        moved, moved_here = self._renames(self.commit), self._renames(self.tip)
        files = []
        for path, entry in sorted(base.items()):
            there, here = moved.get(path, path), moved_here.get(path, path)
            known_by = (path, there if there in theirs else None, here if here in ours else None)
            files.append(_File(known_by, entry, theirs.get(there), ours.get(here)))
        known, known_here = ({file.paths[side] for file in files} for side in (1, 2))
        added, added_here = theirs.keys() - known, ours.keys() - known_here
        for path in sorted(added | added_here):
            paths = (None, path if path in added else None, path if path in added_here else None)
            one = theirs[path] if path in added else None
            files.append(_File(paths, None, one, ours[path] if path in added_here else None))
        return files

    def _renames(self, side: str) -> dict[str, str]:
        """The files that one side has moved; a translation does not become the origin of another."""
        found = self.target.renames(self.base, side)
        return {old: new for old, new in found.items() if self._is_ours_alone(old) == self._is_ours_alone(new)}

    def _outcome(self, file: _File) -> _Outcome:
        """What becomes of a file by itself."""
        base, theirs, ours = file.base, file.theirs, file.ours
        if theirs in (base, ours):
            return self._taken(ours)
        if ours == base:
            return self._taken(theirs)
        if theirs is not None and ours is not None and base is not None:
            merged = self._merged(file, base, theirs, ours)
            if merged is not None:
                mode = theirs.mode if ours.mode == base.mode else ours.mode
                data = merged.text.encode("utf-8", errors="surrogateescape")
                return _Outcome((mode, self.target.store(data)), merged=merged)
        if ours is None or not self._people.get(file.paths[2] or ""):
            return self._taken(theirs)
        self._left_out(file.path, 1, "deleted there" if theirs is None else "people have another file there")
        return self._taken(ours)

    def _taken(self, entry: Entry | None) -> _Outcome:
        return _Outcome((entry.mode, entry.blob) if entry else None, side=entry)

    def _parts(self, path: str, entry: Entry) -> tuple[Part, ...] | None:
        return read_parts(self.target, path, entry, self.config.language or "")

    def _merged(self, file: _File, base: Entry, theirs: Entry, ours: Entry) -> Merged | None:
        """The text of a file that both sides changed; None where one of the versions is no text."""
        versions = [self._parts(file.path, entry) for entry in (base, theirs, ours)]
        old, other, own = versions
        if old is None or other is None or own is None:
            return None
        merged = merge_parts(old, other, own, self._people.get(file.paths[2] or "", frozenset()))
        for place in merged.conflicts:
            line = joined(merged.parts[:place]).count("\n") + 1
            self._left_out(file.path, line, "people changed it on both sides")
        return merged

    # -- the English that translations were made from ------------------------------------------------------

    def _origins(self, files: list[_File], outcomes: list[tuple[_File, _Outcome]]) -> list[tuple[_File, _Outcome]]:
        """The origins, each by what became of its translation; one without a translation by itself."""
        sides = [{file.paths[side]: entry for file in files for entry in [file.versions[side]]} for side in range(3)]
        found: list[tuple[_File, _Outcome]] = []
        done: set[str | None] = {None}
        for file, outcome in outcomes:
            names = [self.config.layout.origin_path(path) if path else None for path in file.paths]
            entries = [side.get(name) for side, name in zip(sides, names, strict=True)]
            if self.config.layout.source_path(file.path) is None or not any(entries):
                continue
            paths = [name if entry else None for name, entry in zip(names, entries, strict=True)]
            done.update(paths)
            origin = _File((paths[0], paths[1], paths[2]), *entries)
            found.append((origin, self._origin(origin, file, outcome)))
        return found + [(file, self._outcome(file)) for file in files if not set(file.paths) & (done - {None})]

    def _origin(self, origin: _File, file: _File, outcome: _Outcome) -> _Outcome:
        """The English that a translation was made from, by what became of the translation."""
        if outcome.entry is None:
            return _Outcome(None)
        if file.theirs != file.ours and outcome.merged is None and file.base not in (file.theirs, file.ours):
            return self._taken(origin.theirs if outcome.side == file.theirs else origin.ours)
        merged = outcome.merged
        if merged is None:  # one side alone changed the translation, or none did
            if origin.theirs in (origin.base, origin.ours):
                return self._taken(origin.ours)
            if origin.ours == origin.base:
                return self._taken(origin.theirs)
            return self._taken(origin.theirs if file.theirs != file.base else origin.ours)
        texts = [self._text(entry) for entry in origin.versions]
        translation = self._text(file.base) or ""
        language, source_language = self.config.language or "", self.config.source_language
        english = merge_origins(Sides(*texts), translation, merged, language, source_language)
        if english is None:
            return _Outcome(None)
        same = dict(zip(texts, origin.versions, strict=True)).get(english)
        mode = (origin.ours or origin.theirs or origin.base or Entry("", "100644", 0)).mode
        return self._taken(same) if same else _Outcome((mode, self.target.store(english.encode())))

    def _text(self, entry: Entry | None) -> str | None:
        return None if entry is None else self.target.read(entry.blob).decode("utf-8", errors="replace")

    def _lock(self, file: _File, outcomes: list[tuple[_File, _Outcome]]) -> _Outcome:
        """The lock, merged by section: of each the revision that its merged translation was made from."""
        if self.config.layout.origin is not None or file.ours in (file.base, file.theirs) or file.theirs is None:
            return self._outcome(file)
        base, theirs, ours = (lock.load(self._text(e) or _EMPTY_LOCK) for e in file.versions)
        behind = {one.path for one, outcome in outcomes if _fell_back(one, outcome)}
        moved = {one.path: one.paths[1] or one.path for one, _ in outcomes}
        found: dict[str, Version] = {}
        for path in theirs.keys() | ours.keys():
            taken = theirs.get(moved.get(path, path)) if path in behind else _newer(path, base, theirs, ours)
            if taken is not None:
                found[path] = taken
        return _Outcome(("100644", self.target.store(lock.dump(found).encode())))

    def _left_out(self, path: str, line: int, why: str) -> None:
        self.conflicts.append(f"{path}, line {line}: {why}; the text of {self.commit[:12]} was left out")

    # -- the tree ------------------------------------------------------------------------------------------

    def _placed(self, outcomes: list[tuple[_File, _Outcome]]) -> Changes:
        """The files of the merge, as far as they differ from the target's revision, each where it belongs."""
        theirs = self.target.tree(self.commit)
        placed: dict[str, tuple[str, str]] = {}
        folders: set[str] = set()
        for file, outcome in sorted(outcomes, key=lambda item: item[0].ours is None):
            if outcome.entry is None:
                continue
            above = folders_of([file.path])
            if file.path in placed or file.path in folders or above & placed.keys():
                self.conflicts.append(
                    f"{file.path}, line 1: another file has its place; {self.commit[:12]} was left out"
                )
                continue
            placed[file.path] = outcome.entry
            folders |= above
        gone: Changes = {path: None for path in theirs if path not in placed}
        return gone | {
            path: entry
            for path, entry in placed.items()
            if path not in theirs or (theirs[path].mode, theirs[path].blob) != entry
        }


def _fell_back(file: _File, outcome: _Outcome) -> bool:
    """Whether a draft of a file, or a part of one, gave way to people's text of the target's revision."""
    if outcome.merged is not None:
        return bool(outcome.merged.lost | outcome.merged.unfilled)
    return file.theirs not in (file.base, file.ours) and file.ours != file.base and outcome.side == file.theirs


def _newer(
    path: str, base: Mapping[str, Version], theirs: Mapping[str, Version], ours: Mapping[str, Version]
) -> Version | None:
    return theirs.get(path) if ours.get(path) == base.get(path) else ours.get(path)
