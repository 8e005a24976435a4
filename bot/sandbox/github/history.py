"""Reads what `git log` and `git diff` print: commits with the files they touch, and files with their patches."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import zip_longest

_FIELDS = ("%H", "%T", "%P", "%an", "%ae", "%aI", "%cn", "%ce", "%cI", "%B")
LOG = (
    "log",
    "-z",
    "--reverse",
    "--name-status",
    "--no-renames",
    "--diff-merges=first-parent",
    f"--format={'%x00'.join(_FIELDS)}%x00",
)
TABLE = ("diff", "-z", "--raw", "--numstat", "--find-renames", "--abbrev=40")
PATCHES = ("diff", "--find-renames", "--src-prefix=a/", "--dst-prefix=b/")
_STATUS = {"A": "added", "D": "removed", "M": "modified", "T": "changed", "R": "renamed", "C": "copied"}
_COMMIT_ID = re.compile(r"[0-9a-f]{40}")
_MAX_PATCH = 100_000  # bytes of a file's patch that the API still shows


@dataclass(frozen=True, slots=True)
class LoggedCommit:
    """A commit, and the paths that it changed against its first parent."""

    id: str
    tree: str
    parents: tuple[str, ...]
    author: str
    author_email: str
    date: str  # of the author, ISO 8601
    committer: str
    committer_email: str
    committed: str  # ISO 8601
    message: str
    added: list[str] = field(default_factory=list)
    modified: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file of a comparison. Without `patch` where it is binary or too large."""

    path: str
    previous_path: str | None
    status: str
    blob: str
    additions: int
    deletions: int
    patch: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one commit brings over another."""

    commits: int
    files: tuple[ChangedFile, ...]

    @property
    def additions(self) -> int:
        """Lines added."""
        return sum(file.additions for file in self.files)

    @property
    def deletions(self) -> int:
        """Lines removed."""
        return sum(file.deletions for file in self.files)


def read_log(output: bytes) -> list[LoggedCommit]:
    """The commits that `git log` with the options LOG printed."""
    words = iter(output.decode(errors="replace").split("\0"))
    commits: list[LoggedCommit] = []
    for word in words:
        if _COMMIT_ID.fullmatch(word):
            commits.append(_commit(word, [next(words) for _ in range(len(_FIELDS) - 1)]))
        elif word.strip():
            commit = commits[-1]
            paths = {"A": commit.added, "D": commit.removed}.get(word.strip(), commit.modified)
            paths.append(next(words))
    return commits


def _commit(number: str, fields: list[str]) -> LoggedCommit:
    tree, parents, author, author_email, date, committer, committer_email, committed, message = fields
    people = (author, author_email, date, committer, committer_email, committed)
    return LoggedCommit(number, tree, tuple(parents.split()), *people, message)


def read_diff(table: bytes, patches: bytes) -> list[ChangedFile]:
    """The files of a comparison: `git diff` with the options TABLE, and with PATCHES, of the same commits."""
    words = iter(table.decode(errors="replace").split("\0"))
    raw: list[tuple[str, str, str, str | None]] = []  # status, blob, path, previous path
    counts: list[tuple[str, str]] = []
    for word in words:
        if word.startswith(":"):
            _, _, old, new, status = word.split(" ")
            first = next(words)
            path, previous = (next(words), first) if status[0] in "RC" else (first, None)
            raw.append((_STATUS[status[0]], old if status == "D" else new, path, previous))
        elif word:
            additions, deletions, path = word.split("\t")
            if not path:  # a rename: both paths follow
                next(words), next(words)
            counts.append((additions, deletions))
    texts = re.split(rb"^(?=diff --git )", patches, flags=re.MULTILINE)[1:]
    return [
        ChangedFile(path, previous, status, blob, _count(additions), _count(deletions), _patch(text or b""))
        for (status, blob, path, previous), (additions, deletions), text in zip_longest(raw, counts, texts)
    ]


def _count(number: str) -> int:
    return 0 if number == "-" else int(number)  # "-": binary


def _patch(text: bytes) -> str | None:
    """The hunks of a file's patch, without git's headers, as the API has them."""
    start = re.search(rb"^@@ ", text, re.MULTILINE)
    if start is None or len(text) > _MAX_PATCH:
        return None
    return text[start.start() :].decode(errors="replace").removesuffix("\n")
