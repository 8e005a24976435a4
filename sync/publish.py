"""What becomes of the drafts: a commit on the branch `amts/sync`, files in a folder, or nothing."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sync import lock
from sync.book import Book
from sync.config import Config
from sync.ground import BRANCH, Ground, find_ground
from sync.history import Version
from sync.languages import language as language_of
from sync.model import AmtsError, Draft, SyncReport
from sync.repos import Repository, safe_path
from sync.sections import Pair


class PublishError(AmtsError):
    """The drafts cannot be written where they should be."""


@dataclass(frozen=True, slots=True)
class Publication:
    """The files that a sync changes (None: removed), and what a commit of them needs."""

    files: Mapping[str, bytes | None]
    message: str
    ground: Ground
    author: str


@dataclass(frozen=True, slots=True)
class Publish:
    """Where the drafts go.

    `ground` says what to build on for a commit of the target and its settings. `write` publishes, and returns the
    id of the commit if it made one; it is called only where there is something to publish.
    """

    ground: Callable[[str, Config], Ground]
    write: Callable[[Publication], str | None]


def to_branch(target: Repository) -> Publish:
    """Commit the drafts to the branch `amts/sync` of a repository."""

    def ground(commit: str, config: Config) -> Ground:
        return find_ground(target, BRANCH, commit, config)

    def publish(drafts: Publication) -> str:
        ground = drafts.ground
        return target.commit(BRANCH, ground.tip, ground.parents, drafts.files, drafts.message, drafts.author)

    return Publish(ground, publish)


def to_folder(folder: Path) -> Publish:
    """Write the drafts as files below a folder, made if need be; what a sync removes is left out.

    Raises PublishError, before anything is written, where a path leads out of the folder.
    """

    def publish(drafts: Publication) -> None:
        files = {_inside(folder, path): data for path, data in drafts.files.items() if data is not None}
        try:
            for path, data in files.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, data)
        except OSError as error:
            raise PublishError(f"{folder} cannot be written: {error.strerror or error}") from error

    return Publish(_as_asked, publish)


def _as_asked(commit: str, config: Config) -> Ground:
    """The target's revision itself: whatever stands on the branch of the drafts is no matter."""
    return Ground(commit, (commit,), None)


def _write_nothing(drafts: Publication) -> None:
    """Publish nothing, so that there is no commit to name."""


to_nowhere = Publish(_as_asked, _write_nothing)  # a dry run


def publication(book: Book, ground: Ground, report: SyncReport, done: Sequence[tuple[Pair, Draft]]) -> Publication:
    """What a sync has to publish of its drafts; no files where all is as it was."""
    return Publication(_files(book, done), _message(report, len(done)), ground, book.config.author)


def _files(book: Book, done: Sequence[tuple[Pair, Draft]]) -> dict[str, bytes | None]:
    """What changes in the target: drafts, the English they were made from, and what moved away."""
    layout = book.config.layout
    files: dict[str, bytes | None] = {}
    locked = dict(book.lock)
    for pair, draft in done:
        source_path = pair.source_path or ""
        moved = pair.path != pair.new_path
        files[pair.new_path] = draft.text.encode()
        if moved:
            files[pair.path] = None
        origin, old_origin = layout.origin_path(pair.new_path), layout.origin_path(pair.path)
        if origin is None:
            locked.pop(pair.path, None)
            locked[pair.new_path] = Version(book.source_commit, source_path)
            continue
        files[origin] = book.source.read(book.source_tree[source_path].blob)
        if moved and old_origin in book.target_tree:
            files[str(old_origin)] = None
    if locked != book.lock:
        files[lock.PATH] = lock.dump(locked).encode()
    return {path: data for path, data in files.items() if data is None or data != _now(book, path)}


def _now(book: Book, path: str) -> bytes | None:
    """What a file of the target holds."""
    entry = book.target_tree.get(path)
    return None if entry is None else book.target.read(entry.blob)


def _message(report: SyncReport, drafted: int) -> str:
    """The message of the commit that holds the drafts."""
    return (
        f"Update the {language_of(report.language).name} translation to {report.source_revision[:12]}\n\n"
        f"{drafted} section{'' if drafted == 1 else 's'} drafted from the changes in the source, for review.\n\n"
        f"AMTS-Source: {report.source_revision}\n"
        f"AMTS-Target: {report.target_revision}\n"
        f"AMTS-Language: {report.language}\n"
        f"AMTS-Engine: {report.engine}\n"
    )


def _inside(folder: Path, path: str) -> Path:
    """The place of a file below a folder, where no symbolic link leads elsewhere."""
    place = folder / safe_path(path)
    if place.is_symlink() or not place.parent.resolve().is_relative_to(folder.resolve()):
        raise PublishError(f"{path} leads out of {folder} by a symbolic link: remove the link")
    return place


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, or replace it, so that it is there whole or not at all. Raises OSError."""
    if path.exists() and not path.is_file():  # a device or a pipe takes what it is given, and stays what it is
        path.write_bytes(data)
        return
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        # mkstemp makes private files; this one has the rights of the file it replaces, or the usual ones.
        draft.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
