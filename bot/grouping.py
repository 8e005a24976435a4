"""Which sections go into which pull request: one for all, or one a chapter where that would be too large to review."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bot.records import Waiting
from sync.config import PullRequests
from sync.ground import BRANCH

_FRONT = "front"  # the sections that stand in no folder


@dataclass(frozen=True, slots=True)
class Groups:
    """The paths of the sections by the branch that their drafts go to, and the chapters that have to wait."""

    branches: Mapping[str, tuple[str, ...]]
    waiting: tuple[Waiting, ...]


def group(
    work: Mapping[str, int],
    book: Collection[str],
    covered: Mapping[str, str],
    opened: Collection[str],
    wanted: Collection[str],
    limits: PullRequests,
) -> Groups:
    """Group the sections that have work, given with the number of their segments to review.

    `book`: the paths of all sections, which tell the chapters. `covered`: the branch of each section that is in an open
    pull request, where it stays. `opened`: the branches of the open ones. `wanted`: chapters that people asked for,
    which are opened however many there are.
    """
    chapters = chapters_of({*book, *work})
    split = sum(work.values()) > limits.max_segments or any(branch != BRANCH for branch in opened)
    branches: dict[str, list[str]] = {}
    later: dict[str, list[str]] = {}
    for path in sorted(work):
        own = branch_of(chapters[path]) if split else BRANCH
        if path in covered:
            branches.setdefault(covered[path], []).append(path)
        elif not split or own in opened or chapters[path] in wanted:
            branches.setdefault(own, []).append(path)
        else:
            later.setdefault(chapters[path], []).append(path)
    room = limits.max_open - len({*opened, *branches})
    for chapter in list(later)[: max(room, 0)]:
        branches[branch_of(chapter)] = later.pop(chapter)
    return Groups(
        {branch: tuple(paths) for branch, paths in branches.items()},
        tuple(Waiting(chapter, len(paths), sum(work[path] for path in paths)) for chapter, paths in later.items()),
    )


def chapters_of(paths: Collection[str]) -> dict[str, str]:
    """The chapter of every section: the first folder below the one that all share."""
    folders = {path: path.split("/")[:-1] for path in paths}
    deep = [parts for parts in folders.values() if parts]
    shared = 0
    while all(len(parts) > shared for parts in deep) and len({parts[shared] for parts in deep}) == 1:
        shared += 1
    if shared and all(len(parts) == shared for parts in deep):  # a book with one folder only has that as its chapter
        shared -= 1
    return {path: parts[shared] if len(parts) > shared else _FRONT for path, parts in folders.items()}


def branch_of(chapter: str) -> str:
    """The branch of a chapter's pull request."""
    name = re.sub(r"[^\w-]+", "-", chapter, flags=re.ASCII).strip("-")
    # Two chapters never share a branch, whatever git cannot have in its name.
    return f"{BRANCH}-{name}" if name == chapter else f"{BRANCH}-{name or 'chapter'}-{_digest(chapter)}"


def _digest(chapter: str) -> str:
    return hashlib.sha256(chapter.encode(errors="surrogatepass")).hexdigest()[:8]


def chapter_of(branch: str) -> str | None:
    """The chapter that a branch is named after; None for the one that takes all."""
    return branch.removeprefix(f"{BRANCH}-") if branch != BRANCH else None
