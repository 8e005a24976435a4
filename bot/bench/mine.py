"""Replays from the history of a translation repository: commits that changed `X_origin.md` and `X.md` together.

Such a commit is what AMTS drafts, done by people: its parent has the old English and the old translation, the commit
itself the new English and what the translators made of it. A merge counts where none of the commits that it brings in
did both, and a commit of AMTS's own never does: it would be measured against itself.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from rich.table import Table
from rich.text import Text

from bot.bench import Progress
from bot.bench.experiment import reason
from bot.bench.replay import Replay
from sync import config
from sync.bases import MAX_BYTES
from sync.config import Config
from sync.drafts import check_texts
from sync.languages import language as find_language
from sync.model import AmtsError, SectionError
from sync.repos import SYMLINK, Repository
from sync.trail import is_by_bot

_REFS = ("--branches", "--remotes", "--tags", "HEAD")  # not the state that AMTS keeps beside them
_LONGEST_NAME = 120


class MineError(AmtsError):
    """A repository that holds nothing to mine."""


@dataclass(frozen=True, slots=True)
class Mined:
    """The replays of a repository, oldest first; `left_out` says of the other updates, by name, why they are none."""

    replays: tuple[Replay, ...]
    left_out: Mapping[str, str]

    def to_json(self) -> dict[str, object]:
        """Where each replay comes from, and what was left out; not the texts."""
        found = [
            {"name": it.name, "language": it.language, "section": it.section, "commit": it.commit}
            for it in self.replays
        ]
        return {"replays": found, "left_out": dict(self.left_out)}

    def tables(self) -> list[Table]:
        """What was left out, and the replays by section."""
        left = Table("update", "left out because", title=f"Left out: {len(self.left_out)}")
        for name, why in self.left_out.items():
            left.add_row(Text(name), Text(why))
        table = Table("section", title=f"Replays: {len(self.replays)}")
        table.add_column("updates", justify="right")
        for section, count in sorted(Counter(it.section for it in self.replays).items()):
            table.add_row(Text(section), str(count))
        return [left, table]


@dataclass(frozen=True, slots=True)
class _Change:
    """A file that a commit changed, by its path after it; the ids of its content before and after."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class _Update:
    """A section whose origin and translation a commit changed."""

    commit: str
    section: str
    source: _Change
    target: _Change

    @property
    def content(self) -> tuple[str, str, str, str]:
        """The blobs of the old and the new English, the old and the new translation."""
        return self.source.old, self.source.new, self.target.old, self.target.new

    @property
    def name(self) -> str:
        """Its commit and its section, such as `18096c7e-preliminaries--ndarray`."""
        parts = [part.removeprefix("chapter_") for part in self.section.removesuffix(".md").split("/")]
        return re.sub(r"[^\w.-]", "-", f"{self.commit[:8]}-{'--'.join(parts)}")[:_LONGEST_NAME]


class _Past(Repository):
    """The history of a translation repository, over all branches."""

    def updates(self, settings: Config) -> Iterator[_Update]:
        """Every update, those of parents before those of children."""
        listing = self._text("rev-list", "--topo-order", "--reverse", "--parents", *_REFS)
        parents = {commit: rest for commit, *rest in map(str.split, listing.splitlines())}
        changes = self._changes({commit: rest[0] for commit, rest in parents.items() if rest})
        done: dict[str, set[str]] = {}  # commits that did both, by section
        for commit, first, *others in ((commit, *rest) for commit, rest in parents.items() if rest):
            found = [_Update(commit, section, *both) for section, both in _both(changes.get(commit, []), settings)]
            if not found or is_by_bot(self._commit(commit), settings.author):
                continue
            brought = set(self._text("rev-list", commit, f"^{first}").split()) if others else set()
            for update in found:
                if brought.isdisjoint(done.get(update.section, ())):
                    done.setdefault(update.section, set()).add(commit)
                    yield update

    def _changes(self, parents: Mapping[str, str]) -> dict[str, list[_Change]]:
        """The Markdown files that each commit changed since the one parent given, renamed or not."""
        names = "".join(f"{commit} {parent}\n" for commit, parent in parents.items()).encode()
        options = ("--stdin", "-r", "--raw", "-M", "--diff-filter=MR", "--no-abbrev", "-z")
        found: dict[str, list[_Change]] = {}
        commit = ""
        fields = iter(self._git("diff-tree", *options, "--", "*.md", stdin=names).split(b"\0")[:-1])
        for field in fields:
            if not field.startswith(b":"):
                commit = field.decode()
                continue
            _, mode, old, new, status = field.decode().split()
            paths = [os.fsdecode(next(fields)) for _ in range(2 if status[0] == "R" else 1)]
            if old != new and mode != SYMLINK:
                found.setdefault(commit, []).append(_Change(paths[-1], old, new))
        return found

    def text(self, blob: str) -> str:
        """A file as text. Raises SectionError, RepositoryError."""
        data = self.read(blob)
        if len(data) > MAX_BYTES:
            raise SectionError(f"it is larger than {MAX_BYTES // 1_000_000} MB")
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            raise SectionError("it is not UTF-8") from None


def _both(changes: Collection[_Change], settings: Config) -> Iterator[tuple[str, tuple[_Change, _Change]]]:
    """The sections of which both the origin and the translation are among the changes."""
    by_path = {change.path: change for change in changes}
    for path, change in by_path.items():
        origin = None if settings.layout.is_origin(path) else by_path.get(settings.layout.origin_path(path) or "")
        if origin is not None:
            yield path, (origin, change)


def mine(path: Path, language: str | None, progress: Progress) -> Mined:
    """The replays of a repository; `language` where its settings do not say it.

    Raises RepositoryError, ConfigError, UnknownLanguage, and MineError where nothing can be found.
    """
    with _Past(path) as past:
        settings = _settings(past)
        code = find_language(language or settings.language or _unnamed(past)).code
        if settings.layout.origin is None:
            raise MineError(
                f"{past.label} keeps no origin beside its translations, so no update can be told: see layout"
            )
        updates: dict[tuple[str, ...], _Update] = {}
        for update in past.updates(settings):
            # The same one may stand on several branches.
            updates.setdefault((update.section, *update.content), update)
        replays: list[Replay] = []
        left_out: dict[str, str] = {}
        for number, update in enumerate(updates.values()):
            progress("updates", number, len(updates))
            name = _free(update.name, {*left_out, *(replay.name for replay in replays)})
            try:
                replays.append(_replay(past, update, name, code))
            except Exception as error:  # whatever it is: one update must not cost the others
                left_out[name] = reason(error)
        progress("updates", len(updates), len(updates))
        if not replays:
            raise MineError(
                f"{past.label}: no commit changed an origin and its translation together ({len(left_out)} left out)"
            )
        return Mined(tuple(replays), left_out)


def _settings(past: Repository) -> Config:
    entry = past.tree(past.resolve()).get(config.PATH)
    return config.load(past.read(entry.blob).decode("utf-8", errors="replace")) if entry else Config()


def _unnamed(past: Repository) -> NoReturn:
    raise MineError(f"{past.label} does not say its language: add --language")


def _free(name: str, taken: Collection[str]) -> str:
    """The name, or with a number where another has it."""
    number = 1
    free = name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free


def _replay(past: _Past, update: _Update, name: str, language: str) -> Replay:
    """Raises SectionError, RepositoryError."""
    old_source, new_source, old_target, reference = map(past.text, update.content)
    check_texts(old_source, new_source, old_target, language)
    if old_source == old_target:
        raise SectionError("it was not translated before")
    return Replay(
        name, language, update.section, old_source, new_source, old_target, reference, past.name, update.commit
    )
