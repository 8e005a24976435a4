"""A bare repository on disk: its refs, commits made without a work tree, merges."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

import bot.sandbox.github.history as history
from bot.sandbox.github.history import ChangedFile, Comparison, LoggedCommit
from bot.sandbox.github.processes import GitError, git, run

NO_COMMIT = "0" * 40  # what GitHub and git write where a ref is not there
_SERVER_PERSON = ("GitHub", "noreply@github.com")

T = TypeVar("T")


class MergeConflict(Exception):
    """Two commits cannot be merged without a person."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signs a commit."""

    name: str
    email: str


class BareRepository:
    """A bare repository. Commits never change, so what was found out about them is remembered."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[tuple[str, ...], object] = {}

    @classmethod
    def create(cls, path: Path, source: Path | None, default_branch: str | None) -> BareRepository:
        """A bare clone of a local repository (or bundle), or an empty repository. Raises GitError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if source is None:
            first = f"--initial-branch={default_branch or 'main'}"
            git(path.parent, "init", "--quiet", "--template=", "--bare", first, str(path))
        else:
            git(path.parent, "clone", "--quiet", "--template=", "--bare", str(source.resolve()), str(path))
            if default_branch is not None:
                git(path, "symbolic-ref", "HEAD", f"refs/heads/{default_branch}")
        return cls(path)

    def default_branch(self) -> str:
        """The branch that HEAD names."""
        return self._text("symbolic-ref", "--short", "HEAD")

    def refs(self, prefix: str = "refs") -> dict[str, str]:
        """Every ref under a prefix, and what it points to, by full name."""
        lines = self._text("for-each-ref", "--format=%(objectname) %(refname)", prefix).splitlines()
        return {name: sha for sha, name in (line.split(" ", 1) for line in lines)}

    def branch(self, name: str) -> str | None:
        """The commit of a branch, None where there is none."""
        return self.commit_id(f"refs/heads/{name}")

    def commit_id(self, revision: str) -> str | None:
        """The full id of the commit that a revision names, None where there is none."""
        if "\0" in revision:
            return None
        ran = run(self.path, "rev-parse", "--quiet", "--verify", "--end-of-options", f"{revision}^{{commit}}")
        return ran.stdout.decode().strip() or None

    def update_ref(self, name: str, new: str | None, old: str | None = None) -> None:
        """Set a ref, or delete it (None). Raises GitError where it is not what `old` says."""
        command = f"delete {name}\0" if new is None else f"update {name}\0{new}\0"
        git(self.path, "update-ref", "--stdin", "-z", stdin=f"{command}{old or ''}\0".encode())

    def fetch(self, source: Path, refspec: str) -> None:
        """Take commits and refs from a local repository, as a push from there would. Raises GitError."""
        git(source, "push", "--quiet", str(self.path), refspec)

    def commit(self, branch: str, files: Mapping[str, bytes | None], message: str, person: Signature) -> str:
        """Commit files (None: removed) on top of a branch, of the default one where there is none: the commit.

        Raises GitError.
        """
        parent = self.branch(branch) or self.branch(self.default_branch())
        text = message.encode()
        lines = [f"commit refs/heads/{branch}\n", f"committer {person.name} <{person.email}> {self._date(parent)}\n"]
        lines += [f"data {len(text)}\n"]
        stream = b"".join(line.encode() for line in lines) + text + b"\n"
        stream += f"from {parent}\n".encode() if parent else b""
        for path, content in files.items():
            quoted = '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'
            if content is None:
                stream += f"D {quoted}\n".encode()
            else:
                stream += f"M 100644 inline {quoted}\ndata {len(content)}\n".encode() + content + b"\n"
        git(self.path, "fast-import", "--quiet", stdin=stream)
        return self._text("rev-parse", f"refs/heads/{branch}")

    def file(self, revision: str, path: str) -> bytes | None:
        """A file as of a revision, None where there is none."""
        ran = run(self.path, "cat-file", "blob", f"{revision}:{path}")
        return ran.stdout if ran.returncode == 0 else None

    def mergeable(self, base: str, head: str) -> bool:
        """Whether two commits merge without a conflict."""
        return self._remembered(("tree", base, head), lambda: self._merged_tree(base, head)) is not None

    def merge(self, base: str, head: str, message: str, person: Signature) -> str:
        """A commit that merges `head` into `base`. Raises MergeConflict."""
        return self._commit_tree(self._tree(base, head), (base, head), message, person)

    def squash(self, base: str, head: str, message: str, person: Signature) -> str:
        """One commit on top of `base` with all that `head` brings. Raises MergeConflict."""
        return self._commit_tree(self._tree(base, head), (base,), message, person)

    def rebase(self, base: str, head: str) -> str:
        """The commits of `head` again, on top of `base`: the last one. Raises MergeConflict."""
        onto = base
        for commit in self.commits(base, head):
            if len(commit.parents) == 1:
                onto = self._picked(onto, commit)
        return onto

    def commits(
        self, base: str | None, head: str, *, without: Sequence[str] = (), limit: int = 2048
    ) -> list[LoggedCommit]:
        """The newest commits that `head` has and `base` and `without` have not, oldest first."""
        ends = [f"^{sha}" for sha in (*([base] if base else []), *without)]
        command = (*history.LOG, f"--max-count={limit}", head, *ends, "--")
        return self._remembered(command, lambda: history.read_log(git(self.path, *command)))

    def new_commits(self, head: str, known: Sequence[str]) -> frozenset[str]:
        """The ids of the commits that `head` has and none of `known` has."""
        return frozenset(self._text("rev-list", head, *(f"^{sha}" for sha in known), "--").split())

    def compare(self, base: str, head: str) -> Comparison:
        """What `head` brings, seen from where it left `base`."""

        def look() -> Comparison:
            fork = self.merge_base(base, head) or base
            count = int(self._text("rev-list", "--count", head, f"^{base}"))
            return Comparison(count, tuple(self._files(fork, head)))

        return self._remembered(("compare", base, head), look)

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor, None where there is none."""
        ran = run(self.path, "merge-base", one, other)
        return ran.stdout.decode().strip() or None

    def is_ancestor(self, one: str, other: str) -> bool:
        """Whether `other` has all that `one` has."""
        return self._remembered(
            ("ancestor", one, other), lambda: run(self.path, "merge-base", "--is-ancestor", one, other).returncode == 0
        )

    def _files(self, fork: str, head: str) -> list[ChangedFile]:
        table = git(self.path, *history.TABLE, fork, head)
        patches = git(self.path, *history.PATCHES, fork, head)
        return history.read_diff(table, patches)

    def _tree(self, base: str, head: str) -> str:
        tree = self._remembered(("tree", base, head), lambda: self._merged_tree(base, head))
        if tree is None:
            raise MergeConflict
        return tree

    def _merged_tree(self, base: str, head: str) -> str | None:
        ran = run(self.path, "merge-tree", "--write-tree", "--no-messages", base, head)
        if ran.returncode > 1:
            raise GitError(ran.stderr.decode(errors="replace").strip())
        return ran.stdout.decode().strip() if ran.returncode == 0 else None

    def _picked(self, onto: str, commit: LoggedCommit) -> str:
        """A commit again, on top of another.

        merge-tree of this git takes no merge base by name, so three commits are made that have the right one.
        """
        stranger = Signature(*_SERVER_PERSON)
        root = self._commit_tree(f"{commit.parents[0]}^{{tree}}", (), "", stranger)
        ours = self._commit_tree(f"{onto}^{{tree}}", (root,), "", stranger)
        theirs = self._commit_tree(f"{commit.id}^{{tree}}", (root,), "", stranger)
        author = Signature(commit.author, commit.author_email)
        return self._commit_tree(self._tree(ours, theirs), (onto,), commit.message, author, date=commit.date)

    def _commit_tree(
        self, tree: str, parents: Sequence[str], message: str, person: Signature, date: str | None = None
    ) -> str:
        committed = self._date(*parents)
        environment = {
            "GIT_AUTHOR_NAME": person.name,
            "GIT_AUTHOR_EMAIL": person.email,
            "GIT_AUTHOR_DATE": date or committed,
            "GIT_COMMITTER_NAME": _SERVER_PERSON[0],
            "GIT_COMMITTER_EMAIL": _SERVER_PERSON[1],
            "GIT_COMMITTER_DATE": committed,
        }
        options = [option for parent in parents for option in ("-p", parent)]
        made = git(self.path, "commit-tree", tree, *options, stdin=message.encode(), environment=environment)
        return made.decode().strip()

    def _date(self, *parents: str | None) -> str:
        """A minute after the latest parent: the same history always has the same commit ids."""
        known = [parent for parent in parents if parent]
        dates = self._text("show", "--no-patch", "--format=%ct", *known).split() if known else []
        return f"{max((int(date) + 60 for date in dates), default=1_700_000_000)} +0000"

    def _text(self, *command: str) -> str:
        return git(self.path, *command).decode().strip()

    def _remembered(self, key: tuple[str, ...], look: Callable[[], T]) -> T:
        """What `look` finds, or found before."""
        if key not in self._known:
            self._known[key] = look()
        return cast(T, self._known[key])
