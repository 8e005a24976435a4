"""Mirrors: bare clones of repositories elsewhere, fetched and pushed, within a limit of size.

Big files (pictures, data) are left behind where the other side can filter: all text of a book is there, its history
too, which bases and renames are found by. Credentials go by the environment of git, never into an address, a file or
an argument.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sync.history import History
from sync.repos import Entry, Repository, RepositoryError, create_bare, heads_of

_MOST_PACKS = 50
_LARGEST_BLOB = 1_000_000  # bytes; Markdown files larger than that are fetched one by one when they are read
_REFS = ("+refs/heads/*:refs/heads/*", "+refs/amts/*:refs/amts/*")
_TEXT = (".md", ".yml", ".yaml", ".lock", ".csv", ".tsv", ".txt", ".json", ".jsonl")
_PASSING = re.compile(
    r"could not resolve|couldn't connect|connection|timed out|timeout|early eof|hung up|rpc failed"
    r"|returned error: (5\d\d|429)|unexpected disconnect|kill signal|timeout: the command",
    re.I,
)
_LOGIN = re.compile(r"could not read username|authentication failed", re.I)
_LONGEST = 1_800.0  # seconds for a fetch or a push, however steadily it goes on
_SECONDS = 900  # that git may wait for a connection that sends less than _SLOW bytes a second
_SLOW = 100


class Moved(RepositoryError):
    """Somebody else pushed in the meantime: look again, and start over."""


class Unreachable(RepositoryError):
    """The other side cannot be spoken to now; trying again later may help."""


class LoginWanted(RepositoryError):
    """The other side does not show the repository to everybody; trying again does not help."""


def _nobody() -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Access:
    """What git needs to speak to a server: the address of a repository, and what gives a token that is good now.

    A token lives for an hour, work may take longer: it is asked for at each use. None: as anybody. To an address that
    somebody else chose (not `is_trusted`) git goes by https alone, and follows no redirect.
    """

    address: str
    token: Callable[[], str | None] = _nobody
    is_trusted: bool = True

    @property
    def is_anonymous(self) -> bool:
        """Whether git comes as anybody."""
        return self.token is _nobody

    def environment(self, position: int) -> dict[str, str]:
        """Variables for git, whose numbered settings are free from `position` on."""
        settings = [
            ("credential.helper", ""),
            ("http.lowSpeedLimit", str(_SLOW)),
            ("http.lowSpeedTime", str(_SECONDS)),
            ("gc.auto", "0"),
            ("maintenance.auto", "false"),
        ]
        if token := self.token():
            basic = b64encode(f"x-access-token:{token}".encode()).decode()
            settings.append((f"http.{self.address}.extraHeader", f"Authorization: Basic {basic}"))
        if not self.is_trusted:
            settings.append(("http.followRedirects", "false"))
        protocols = "https:http:file" if self.is_trusted else "https"
        found = {"GIT_CONFIG_COUNT": str(position + len(settings)), "GIT_ALLOW_PROTOCOL": protocols}
        for number, (key, value) in enumerate(settings, position):
            found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return found


class Mirror(Repository):
    """A bare clone that follows another repository."""

    _everywhere = ("--all",)  # its own HEAD is nobody's, and may name a branch that the other side lacks

    def __init__(self, path: Path, access: Access) -> None:
        super().__init__(path)
        self._access = access
        self._histories: dict[tuple[str, ...], History] = {}
        self._trees: dict[str, dict[str, Entry]] = {}
        self.label = self.name  # where it stands here is nobody's business
        # Objects that were left behind come from the same place, should one be read after all.
        self._repo.git.update_environment(**access.environment(2), GIT_NO_LAZY_FETCH="0")

    @property
    def name(self) -> str:
        """What the repository is called: owner/name, else the last part of its address."""
        parts = [part for part in re.split(r"[/:\\]", self._access.address.removesuffix(".git")) if part]
        return "/".join(parts[-2:]) if "://" in self._access.address else parts[-1]

    def tree(self, commit: str) -> dict[str, Entry]:
        """Every file of a commit by its path; only of texts the size is known, as pictures may be elsewhere."""
        if commit not in self._trees:
            self._trees[commit] = self._read_tree(commit)
        return dict(self._trees[commit])

    def _read_tree(self, commit: str) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        for record in self._git("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")[:-1]:
            meta, _, place = record.partition(b"\t")
            mode, kind, blob = meta.decode().split()
            if kind == "blob":
                entries[os.fsdecode(place)] = Entry(blob, mode, 0)
        texts = [path for path in entries if path.lower().endswith(_TEXT)]
        asked = "".join(f"{entries[path].blob}\n" for path in texts).encode()
        sizes = self._text("cat-file", "--batch-check", stdin=asked).splitlines()
        for path, found in zip(texts, sizes, strict=True):
            size = found.split()[-1]
            entries[path] = replace(entries[path], size=int(size) if size.isdigit() else 0)
        return entries

    def history(self, *extra: str) -> History:
        """As of any repository, but read once: what is asked again is about the same commits."""
        if extra not in self._histories:
            self._histories[extra] = super().history(*extra)
        return self._histories[extra]

    def fetch(self) -> None:
        """Bring every branch, and the bot's own refs, to where they are on the other side."""
        for stale in self.git_dir.rglob("*.lock"):  # of a process that died; the caller holds the lock of this mirror
            stale.unlink(missing_ok=True)
        with _over_the_wire(self._access):
            self._fetch()

    def _fetch(self) -> None:
        self._git(
            "fetch", "--quiet", "--prune", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules",
            f"--filter=blob:limit={_LARGEST_BLOB}", "origin", *_REFS,
            env=self._access.environment(2), seconds=_LONGEST,
        )  # fmt: skip

    def has(self, commits: Iterable[str]) -> bool:
        """Whether every one of the commits is here, with all that it builds on."""
        # Asked for by its id, a commit that is not here would be fetched by the way, without its branch.
        return set(commits) <= set(self._text("rev-list", "--all").split())

    def ref(self, name: str) -> str | None:
        """The commit that any ref points to, or None where there is none."""
        return self._refs(name).get(name)

    def refs(self, folder: str) -> dict[str, str]:
        """The commit of each branch below a folder of refs, by the name of the branch."""
        return {name.removeprefix("refs/heads/"): commit for name, commit in sorted(self._refs(folder).items())}

    def _refs(self, pattern: str) -> dict[str, str]:
        found = self._text("for-each-ref", "--format=%(refname) %(objectname)", pattern)
        return dict(line.split() for line in found.splitlines())

    def write(
        self, parents: tuple[str, ...], changes: Mapping[str, bytes | None], message: str, author: str, date: str
    ) -> str:
        """Commit changes to the files of the first parent (none: of nothing), and return the commit's id.

        No ref points to it until it is pushed. The same input gives the same id.
        """
        return self._commit_tree(
            self._write_tree(parents[0] if parents else None, changes), parents, message, author, date
        )

    def push(self, updates: Mapping[str, str]) -> None:
        """Point refs to commits on the other side: all or nothing, never by force.

        Raises Moved where a ref would lose commits.
        """
        if updates:
            with _over_the_wire(self._access):
                self._push(*(f"{commit}:{ref}" for ref, commit in updates.items()))

    def _push(self, *wanted: str) -> None:
        options = ("--atomic", "--porcelain", "--no-verify")
        try:
            self._git("push", *options, "origin", *wanted, env=self._access.environment(2), seconds=_LONGEST)
        except RepositoryError as error:
            said = str(error.__cause__)  # which refs were refused is on git's standard output
            if in_the_way := re.search(r"'(refs/[^'\s]{1,200})' exists; cannot create", said):
                raise RepositoryError(
                    f"{self.name}: {in_the_way[1]} is in the way of AMTS's branches: rename it"
                ) from error
            if re.search(r"\[rejected\]|stale info|cannot lock ref|failed to update ref", said):
                raise Moved(f"{self.name}: somebody else pushed meanwhile") from error
            refused = re.search(r"\[remote rejected\] \(([^)\n]*)\)", said)
            if refused:
                raise RepositoryError(f"{self.name} refuses the push: {refused[1]}: allow AMTS there") from error
            raise


def remote_head(access: Access, branch: str | None) -> tuple[str, str]:
    """A branch on the other side (None: its default one) and the commit it points to, asked without a clone.

    Raises Unreachable, LoginWanted, and RepositoryError, also where there is no such branch.
    """
    name = "HEAD" if branch is None else f"refs/heads/{branch}"
    with _over_the_wire(access):
        answer = heads_of(access.address, name, access.environment(2))
    lines = [line.split("\t") for line in answer.splitlines()]
    refs = {ref: value for value, ref in lines if not value.startswith("ref: ")}
    pointed = {ref: value.removeprefix("ref: refs/heads/") for value, ref in lines if value.startswith("ref: ")}
    if name not in refs:
        raise RepositoryError(f"{access.address} has no {f'branch {branch}' if branch else 'commit yet'}")
    return branch or pointed.get("HEAD", "HEAD"), refs[name]


@contextmanager
def _over_the_wire(access: Access) -> Iterator[None]:
    """Tell what is over by itself, sooner or later, from what is not."""
    try:
        yield
    except Moved:
        raise
    except RepositoryError as error:
        # Not the whole command: an address may hold any word.
        said = str(getattr(error.__cause__, "stderr", error))
        if _LOGIN.search(said) and access.is_anonymous:
            raise LoginWanted(
                f"{access.address} asks for a login, or is not there: name an upstream that everybody may read"
            ) from error
        # A token of this moment may not be known to every server yet.
        if _PASSING.search(said) or _LOGIN.search(said):
            raise Unreachable(f"{error}: tried again later") from error
        raise


class Mirrors:
    """A folder of mirrors, shared by threads and processes, of at most `limit` bytes once cleaned."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit

    @contextmanager
    def follow(self, access: Access) -> Iterator[Mirror]:
        """The mirror of a repository, made if need be and fetched; it is not cleaned away meanwhile."""
        with self._held(access) as place:
            with _locked(place.with_suffix(".fetch")), Mirror(place, access) as mirror:
                mirror.fetch()
            with Mirror(place, access) as mirror:
                yield mirror

    @contextmanager
    def hold(self, access: Access, commits: Iterable[str]) -> Iterator[Mirror]:
        """The mirror of a repository, fetched only where it lacks one of the commits. Raises Moved: they are gone."""
        with self._held(access) as place, Mirror(place, access) as mirror:
            if not mirror.has(commits):
                with _locked(place.with_suffix(".fetch")):
                    mirror.fetch()
                if not mirror.has(commits):
                    raise Moved(f"{mirror.name}: a commit that was worked on is gone there")
            yield mirror

    @contextmanager
    def _held(self, access: Access) -> Iterator[Path]:
        place = self._place(access.address)
        place.parent.mkdir(parents=True, exist_ok=True)
        with _shared(place.with_suffix(".use")):
            with _locked(place.with_suffix(".fetch")):
                if not (place / "HEAD").is_file():
                    _create(place, access)
                os.utime(place)
            yield place

    def clean(self) -> list[str]:
        """Remove the mirrors that were not used for longest, until the rest keep the limit: their names.

        Those that stay and have grown many packs are packed anew.
        """
        found = sorted(self._folder.glob("*/*.git"), key=lambda place: place.stat().st_mtime)
        sizes = {place: _size(place) for place in found}
        total, removed = sum(sizes.values()), []
        for place in found:
            with _tried(place.with_suffix(".use")) as free:
                if free and total <= self._limit:
                    _pack(place)
                elif free:
                    shutil.rmtree(place)
                    total -= sizes[place]
                    removed.append(place.name)
        return removed

    def _place(self, address: str) -> Path:
        name = re.sub(r"[^\w.-]+", "-", address.rstrip("/").rsplit("/", 1)[-1].removesuffix(".git"))[:60]
        digest = hashlib.sha256(address.encode()).hexdigest()
        return self._folder / digest[:2] / f"{name}-{digest[:16]}.git"


def _create(place: Path, access: Access) -> None:
    """An empty mirror, there whole or not at all."""
    shutil.rmtree(place, ignore_errors=True)
    making = Path(tempfile.mkdtemp(dir=place.parent, prefix=".making-"))
    try:
        create_bare(making, access.address)
        making.rename(place)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _pack(place: Path) -> None:
    """Make one pack of many: every fetch leaves one behind."""
    if len(list((place / "objects" / "pack").glob("*.pack"))) > _MOST_PACKS:
        with Repository(place) as mirror:
            mirror.pack()


def _size(place: Path) -> int:
    return sum(path.lstat().st_size for path in place.rglob("*") if path.is_file())


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _shared(path: Path) -> Iterator[None]:
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


@contextmanager
def _tried(path: Path) -> Iterator[bool]:
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True
