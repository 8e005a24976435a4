"""Git: read trees and blobs, read the history, and commit without a work tree. The only user of GitPython.

A repository may come from anyone. Only plumbing commands run in it, with hooks, the file system monitor and
replacement objects switched off, and no name that came from outside is ever read as an option.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from gitdb import IStream
from gitdb.exc import ODBError

from sync.history import Change, History
from sync.model import AmtsError

# Where there is no git, GitPython would say so at its import, in many lines.
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
from git import Git, Repo
from git.exc import (
    GitCommandError,
    GitCommandNotFound,
    InvalidGitRepositoryError,
    NoSuchPathError,
)

SYMLINK = "120000"
_FILE = "100644"
_PARENTS_FIRST = ("rev-list", "--topo-order", "--reverse")
_PATIENCE = 20  # seconds that a server has to name its branches
_REFUSED_PARTS = frozenset({"", ".", "..", ".git"})
_AUTHOR = re.compile(r"(?P<name>[^<>\n]+?) <(?P<email>[^<>\s]+)>")
_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "0",
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "core.hooksPath",
    "GIT_CONFIG_VALUE_0": os.devnull,
    "GIT_CONFIG_KEY_1": "core.fsmonitor",
    "GIT_CONFIG_VALUE_1": "false",
}

_ELSEWHERE = {"GIT_DIR", "GIT_COMMON_DIR", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE"}


class RepositoryError(AmtsError):
    """A repository cannot be used as asked."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a tree: the id of its blob, its mode as git writes it, its size in bytes."""

    blob: str
    mode: str
    size: int


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit: its id, the commits it builds on, the addresses of its author and committer, its message."""

    id: str
    parents: tuple[str, ...]
    email: str
    committer: str
    message: str


def safe_path(path: str) -> str:
    """The path itself, if it is relative, stays inside, and can be written; else RepositoryError."""
    parts = path.split("/")
    if any(part.lower() in _REFUSED_PARTS for part in parts) or any(c in path for c in "\0\n\r\\"):
        raise RepositoryError(f"path {path!r} is refused: use a relative path inside the repository")
    return path


def folders_of(paths: Iterable[str]) -> set[str]:
    """Every folder that one of the paths stands in."""
    folders: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return folders


def writable(path: str, tree: Mapping[str, Entry], folders: Collection[str]) -> str:
    """The path itself, if a file of a tree that has these folders can be written there.

    Raises RepositoryError for an unsafe path, and where a file, a folder or a symbolic link stands in the way.
    """
    if safe_path(path) in tree and tree[path].mode == SYMLINK:
        raise RepositoryError(f"{path} is a symbolic link and is not written: replace it by a file")
    for folder in PurePosixPath(path).parents:
        if str(folder) in tree:
            raise RepositoryError(f"{path} cannot be written: {folder} is a file or a symbolic link")
    if path not in tree and path in folders:
        raise RepositoryError(f"{path} cannot be written: it is a folder: rename that")
    return path


def parse_author(author: str) -> tuple[str, str]:
    """`Name <mail@address>` as name and address. Raises RepositoryError."""
    found = _AUTHOR.fullmatch(author.strip())
    if not found:
        raise RepositoryError(f"author {author!r} is not understood: write it as 'Name <mail@address>'")
    return found["name"].strip(), found["email"]


class Repository:
    """A git repository, bare or not. Its work tree and index are neither read nor written.

    Every method raises RepositoryError, one line, where git refuses. Close it, or use it with `with`.
    """

    _everywhere: tuple[str, ...] = ("--all", "HEAD")  # where a history begins: a HEAD may be on no branch

    def __init__(self, path: Path) -> None:
        """Open the repository whose top folder (or bare folder) is `path`."""
        if elsewhere := _ELSEWHERE & os.environ.keys():
            raise RepositoryError(f"{min(elsewhere)} is set, so git would not use {path}: unset it")
        try:
            self._repo = Repo(path, search_parent_directories=False, expand_vars=False)
        except (InvalidGitRepositoryError, NoSuchPathError) as error:
            raise RepositoryError(f"{path} is no git repository: give the top folder of a clone") from error
        self.path = path
        self.label = str(path)  # in messages
        self._repo.git.update_environment(**_ENVIRONMENT)
        self.git_dir = Path(self._text("rev-parse", "--absolute-git-dir")).resolve()
        if self._text("rev-parse", "--show-object-format") != "sha1":
            raise RepositoryError(f"{path} uses object ids that are not SHA-1, which AMTS cannot read yet")

    @property
    def name(self) -> str:
        """What it is called: owner/name of where it was cloned from, else the name of its folder."""
        address = self._text("config", "--default", "", "--get", "remote.origin.url").rstrip("/")
        place = re.sub(r"^[a-z+]+://[^/]*|^[^/:]*:", "", address.removesuffix(".git"))  # no host, nobody's password
        parts = [part for part in re.split(r"[/\\]", place) if part]
        if place != address.removesuffix(".git"):
            return "/".join(parts[-2:]) or "book"
        return parts[-1] if parts else self.path.resolve().name.removesuffix(".git")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process that reads blobs."""
        self._repo.close()

    def resolve(self, revision: str = "HEAD") -> str:
        """The commit id of a revision: a branch, a tag, an id, `HEAD~3`.

        The default is the head of the branch that is checked out, or a bare repository's HEAD.
        """
        unknown = RepositoryError(
            f"unknown revision {revision!r} in {self.label}: name a branch, a tag or a commit of it"
        )
        if not revision or revision.startswith("-") or any(ord(c) < 32 for c in revision):
            raise unknown
        try:
            return self._text("rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}")
        except RepositoryError as error:
            if revision == "HEAD":
                raise RepositoryError(f"{self.label} has no commit yet: commit something first") from error
            raise unknown from error

    def branch(self, name: str) -> str | None:
        """The commit id that a local branch points to, or None where there is no such branch."""
        ref = _branch_ref(name)
        found = self._text("for-each-ref", "--format=%(refname) %(objectname)", ref)
        return dict(line.split() for line in found.splitlines()).get(ref)

    def tree(self, commit: str) -> dict[str, Entry]:
        """Every file of a commit by its path (submodules left out)."""
        entries = {}
        for record in self._git("ls-tree", "-r", "-z", "-l", "--full-tree", commit).split(b"\0")[:-1]:
            meta, _, path = record.partition(b"\t")
            mode, kind, blob, size = meta.decode().split()
            if kind == "blob":
                entries[os.fsdecode(path)] = Entry(blob, mode, int(size))
        return entries

    def read(self, blob: str) -> bytes:
        """The content of a blob, by its id. One process serves all calls."""
        try:
            _, kind, _, data = self._repo.git.get_object_data(blob)
        except ValueError as error:
            raise RepositoryError(f"{self.label} has no object {blob[:12]}: is it a full clone?") from error
        if kind not in ("blob", b"blob"):  # GitPython says str and gives bytes
            raise RepositoryError(f"object {blob[:12]} in {self.label} is not a file")
        return bytes(data)

    def contains(self, commit: str, ancestor: str) -> bool:
        """Whether `ancestor` is `commit` or one of the commits it builds on."""
        return self._text("rev-list", "--count", "--max-count=1", ancestor, f"^{commit}") == "0"

    def has_changes_of(self, commit: str, other: str) -> bool:
        """Whether each file that `other` changed since the two parted is in `commit` just as in `other`.

        So it is after a merge that squashed `other` or rebased it.
        """
        try:
            old = self.tree(self._text("merge-base", commit, other))
        except RepositoryError:  # they have nothing in common
            return False
        theirs, ours = self.tree(other), self.tree(commit)
        changed = {path for path in old.keys() | theirs.keys() if old.get(path) != theirs.get(path)}
        return all(ours.get(path) == theirs.get(path) for path in changed)

    def merge_base(self, one: str, other: str) -> str | None:
        """The commit at which two parted, a best one of several; None where they have nothing in common."""
        try:
            return self._text("merge-base", one, other)
        except RepositoryError:
            return None

    def commits(self, tip: str, without: str) -> list[Commit]:
        """`tip` and what it builds on, but nothing that `without` builds on; parents before children."""
        return [self._commit(line) for line in self._text(*_PARENTS_FIRST, tip, f"^{without}").split()]

    def _commit(self, commit: str) -> Commit:
        _, _, _, data = self._repo.git.get_object_data(commit)
        head, _, message = bytes(data).decode(errors="replace").partition("\n\n")
        fields = [line.partition(" ") for line in head.split("\n")]
        parents = tuple(value for name, _, value in fields if name == "parent")
        author, committer = (
            next((value for name, _, value in fields if name == role), "").rpartition("<")[2].partition(">")[0]
            for role in ("author", "committer")
        )
        return Commit(commit, parents, author, committer, message)

    def versions(self, path: str, since: str | None, commit: str, most: int = 50) -> list[str]:
        """The blobs that a file had in `commit` and in what it builds on, after `since`; the newest `most` at most."""
        after = [f"^{since}"] if since else []
        commits = self._text("rev-list", f"--max-count={most}", commit, *after, "--", f":(top,literal){path}").split()
        names = "".join(f"{name}:{path}\n" for name in commits if "\n" not in path)
        found = self._text("cat-file", "--batch-check=%(objecttype) %(objectname)", stdin=os.fsencode(names))
        pairs = (line.partition(" ") for line in found.splitlines())
        return [blob for kind, _, blob in pairs if kind == "blob"]

    def renames(self, old: str, new: str) -> dict[str, str]:
        """The Markdown files that were renamed between two commits, as git sees it: old path -> new path."""
        options = ("-r", "-M", "--diff-filter=R", "--name-status", "-z")
        listing = self._git("diff-tree", *options, old, new, "--", "*.md")
        fields = [os.fsdecode(field) for field in listing.split(b"\0")[:-1]]
        return dict(zip(fields[1::3], fields[2::3], strict=True))

    def history(self, *extra: str) -> History:
        """The history of every Markdown file, over all branches and tags, and over the `extra` commits."""
        listing = self._text("rev-list", "--topo-order", "--parents", *self._everywhere, *extra)
        lines = [line.split() for line in listing.splitlines()]
        names = "".join(line[0] + "\n" for line in lines).encode()
        options = ("--stdin", "-r", "-m", "--root", "--raw", "-M", "--no-abbrev", "-z")
        raw = self._git("diff-tree", *options, "--", "*.md", stdin=names)
        parents = {commit: tuple(rest) for commit, *rest in reversed(lines)}
        return History(parents, _changes(raw))

    def last_changed(self, commit: str) -> dict[str, int]:
        """When each Markdown file that `commit` or an ancestor touched was last changed, in seconds since 1970.

        The newest commit time counts; a merge counts for what it changed itself.
        """
        listing = self._text("rev-list", "--timestamp", commit)
        times = {commit: int(time) for time, commit in map(str.split, listing.splitlines())}
        names = "".join(name + "\n" for name in times).encode()
        options = ("--stdin", "-r", "-c", "--root", "--name-only", "-z")
        newest: dict[str, int] = {}
        time = 0
        for field in self._git("diff-tree", *options, "--", "*.md", stdin=names).split(b"\0")[:-1]:
            if (name := os.fsdecode(field)) in times:  # a commit, not a path: those end in .md
                time = times[name]
            else:
                newest[name] = max(time, newest.get(name, 0))
        return newest

    def commit(
        self,
        branch: str,
        expected: str | None,
        parents: tuple[str, ...],
        changes: Mapping[str, bytes | None],
        message: str,
        author: str,
        date: str | None = None,
    ) -> str:
        """Commit changes to the files of the first parent, point the branch to that, return the commit's id.

        `changes` holds the new bytes of each path, None to remove it. `expected` is where the branch is now
        (None: nowhere); where another process moved it meanwhile, or it is checked out, RepositoryError is
        raised and the branch stays. `date` is in git's own format, seconds since 1970 and a time zone (None: now).
        """
        ref = _branch_ref(branch)
        place = self._text("for-each-ref", "--format=%(worktreepath)", ref)
        if place:
            raise RepositoryError(f"branch {branch} is checked out in {place}: check out another one there")
        commit = self._commit_tree(self._write_tree(parents[0], changes), parents, message, author, date)
        try:
            self._git("update-ref", "-m", "amts sync", ref, commit, expected or "0" * 40)
        except RepositoryError as error:
            if "cannot lock ref" not in str(error):
                raise
            raise RepositoryError(f"branch {branch} was changed by another process meanwhile: run it again") from None
        return commit

    def pack(self) -> None:
        """Put all objects into few files; those that nothing points to go after two weeks."""
        self._git("gc", "--quiet", "--prune=2.weeks.ago")

    def store(self, data: bytes) -> str:
        """The id of a blob that holds these bytes."""
        return str(self._repo.odb.store(IStream(b"blob", len(data), BytesIO(data))).hexsha.decode())

    def commit_files(
        self,
        parents: tuple[str, ...],
        changes: Mapping[str, tuple[str, str] | None],
        message: str,
        author: str,
        date: str | None = None,
    ) -> str:
        """A commit of the first parent's files, but for `changes`; no branch points to it.

        `changes` holds the mode and the blob of each path, None to remove it.
        """
        gone = [f"0 {'0' * 40}\t{path}\0" for path, entry in changes.items() if entry is None]
        lines = [f"{entry[0]} {entry[1]}\t{path}\0" for path, entry in changes.items() if entry is not None]
        with tempfile.TemporaryDirectory(prefix="amts-") as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self._git("read-tree", parents[0], env=index)
            self._git("update-index", "-z", "--index-info", stdin=os.fsencode("".join([*gone, *lines])), env=index)
            tree = self._text("write-tree", "--missing-ok", env=index)
        return self._commit_tree(tree, parents, message, author, date)

    def _commit_tree(
        self, tree: str, parents: tuple[str, ...], message: str, author: str, date: str | None = None
    ) -> str:
        """The id of a new commit."""
        name, email = parse_author(author)
        person = {
            f"GIT_{role}_{key}": value
            for role in ("AUTHOR", "COMMITTER")
            for key, value in (("NAME", name), ("EMAIL", email), *([("DATE", date)] if date else []))
        }
        options = [option for parent in parents for option in ("-p", parent)]
        return self._text("commit-tree", tree, *options, stdin=message.encode(), env=person)

    def _write_tree(self, parent: str | None, changes: Mapping[str, bytes | None]) -> str:
        """The id of the tree of `parent` (None: an empty one) with the changes made, by way of a temporary index."""
        old = self.tree(parent) if parent else {}
        folders = folders_of(old)
        lines = []
        for path, data in changes.items():
            writable(path, old, folders)
            if data is None:
                lines.append(f"0 {'0' * 40}\t{path}\0")
                continue
            lines.append(f"{old[path].mode if path in old else _FILE} {self.store(data)}\t{path}\0")
        with tempfile.TemporaryDirectory(prefix="amts-") as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self._git("read-tree", parent or "--empty", env=index)
            self._git("update-index", "-z", "--index-info", stdin=os.fsencode("".join(lines)), env=index)
            return self._text("write-tree", "--missing-ok", env=index)  # a mirror leaves pictures behind

    def _text(self, *command: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> str:
        return self._git(*command, stdin=stdin, env=env).decode(errors="replace").strip()

    def _git(
        self, *command: str, stdin: bytes = b"", env: Mapping[str, str] | None = None, seconds: float | None = None
    ) -> bytes:
        with tempfile.TemporaryFile() as stream:
            stream.write(stdin)
            stream.seek(0)
            try:
                return bytes(
                    self._repo.git.execute(
                        ["git", *command],
                        istream=stream,
                        stdout_as_string=False,
                        strip_newline_in_stdout=False,
                        env=env,
                        kill_after_timeout=seconds,
                    )
                )
            except GitCommandNotFound as error:
                raise RepositoryError("the command git is missing: install git 2.30 or newer") from error
            except GitCommandError as error:
                raise RepositoryError(f"git {command[0]} in {self.label}: {_complaint(error)}") from error
            except (ODBError, OSError) as error:
                raise RepositoryError(f"git {command[0]} in {self.label} failed: {error}") from error


def _complaint(error: GitCommandError) -> str:
    """What git said, as one line."""
    said = re.sub(r"^\s*stderr: '|'\s*$", "", str(error.stderr).strip())
    first = next((line for line in said.splitlines() if line.strip()), f"exit status {error.status}")
    return first.removeprefix("fatal: ").removeprefix("error: ")


def create_bare(folder: Path, address: str) -> None:
    """Make an empty bare repository in a folder that follows another one. Raises RepositoryError."""
    try:
        with Repo.init(folder, bare=True, initial_branch="main") as made, made.config_writer() as settings:
            section = 'remote "origin"'
            settings.set_value(section, "url", address)
            settings.set_value(section, "promisor", "true")
            settings.set_value("core", "repositoryformatversion", "1")
    except (GitCommandError, OSError) as error:
        raise RepositoryError(f"no repository can be made in {folder}: {error}") from error


def heads_of(address: str, pattern: str, environment: Mapping[str, str]) -> str:
    """What `git ls-remote --symref` says of an address, without a clone. Raises RepositoryError."""
    try:
        return str(
            Git().execute(
                ["git", "ls-remote", "--symref", "--end-of-options", address, pattern],
                env={**_ENVIRONMENT, **environment},
                kill_after_timeout=_PATIENCE,
            )
        )
    except GitCommandNotFound as error:
        raise RepositoryError("the command git is missing: install git 2.30 or newer") from error
    except GitCommandError as error:
        raise RepositoryError(f"{address} cannot be asked for its branches: {_complaint(error)}") from error


def _branch_ref(name: str) -> str:
    """The full name of a branch. Raises RepositoryError for a name that git would refuse."""
    bad = re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|\.lock(/|$)|(^|/)\.|^[-/]|[./]$", name)
    if not name or bad:
        raise RepositoryError(f"{name!r} cannot be the name of a branch: use letters, digits, - and /")
    return f"refs/heads/{name}"


def _changes(raw: bytes) -> dict[str, tuple[Change, ...]]:
    """The output of `git diff-tree --stdin -m --raw -z` by commit; a merge is listed once for each parent."""
    changes: dict[str, dict[Change, None]] = {}
    commit = ""
    fields = iter(raw.split(b"\0")[:-1])
    for field in fields:
        if not field.startswith(b":"):
            commit = field.decode()
            continue
        _, mode, _, blob, status = field.decode().split()
        paths: Sequence[str] = [os.fsdecode(next(fields)) for _ in range(2 if status[0] == "R" else 1)]
        gone = status == "D" or mode == SYMLINK
        change = Change(paths[-1], None if gone else blob, paths[0] if len(paths) > 1 else None)
        changes.setdefault(commit, {})[change] = None
    return {commit: tuple(found) for commit, found in changes.items()}
