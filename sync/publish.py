"""What becomes of the drafts: a commit on the branch `amts/sync`, files in a folder, or nothing."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sync.model import AmtsError
from sync.repos import Repository, safe_path

BRANCH = "amts/sync"


class PublishError(AmtsError):
    """The drafts cannot be written where they should be."""


@dataclass(frozen=True, slots=True)
class Publication:
    """The files that a sync changes (None: removed), and what a commit of them needs.

    `parents` are the commits to build on, the first with the files as they are; `tip` is where the branch is
    now (None: nowhere).
    """

    files: Mapping[str, bytes | None]
    message: str
    parents: tuple[str, ...]
    tip: str | None
    author: str


# Publishes, and returns the id of the commit if it made one. Called only where there is something to publish.
Publish = Callable[[Publication], str | None]


def to_branch(target: Repository) -> Publish:
    """Commit the drafts to the branch `amts/sync` of a repository."""

    def publish(drafts: Publication) -> str:
        return target.commit(BRANCH, drafts.tip, drafts.parents, drafts.files, drafts.message, drafts.author)

    return publish


def to_folder(folder: Path) -> Publish:
    """Write the drafts as files below a folder, made if need be; what a sync removes is left out.

    Raises PublishError, before anything is written, where a path leads out of the folder.
    """

    def publish(drafts: Publication) -> None:
        files = {_inside(folder, path): data for path, data in drafts.files.items() if data is not None}
        try:
            for path, data in files.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                _replace(path, data)
        except OSError as error:
            raise PublishError(f"{folder} cannot be written: {error.strerror or error}") from error

    return publish


def to_nowhere(drafts: Publication) -> None:
    """Write nothing: a dry run."""


def _inside(folder: Path, path: str) -> Path:
    """The place of a file below a folder, where no symbolic link leads elsewhere."""
    place = folder / safe_path(path)
    if place.is_symlink() or not place.parent.resolve().is_relative_to(folder.resolve()):
        raise PublishError(f"{path} leads out of {folder} by a symbolic link: remove the link")
    return place


def _replace(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        draft.chmod(0o644)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
