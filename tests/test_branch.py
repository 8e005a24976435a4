"""People and the bot on one branch, in any order: nobody's words are lost, and nothing is forced."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from subprocess import CalledProcessError
from zlib import crc32

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.sandbox.repositories import build
from sync.config import Config
from sync.engines.base import Answers, Handle, Job, dump_job, load_job
from sync.ground import BRANCH, find_ground
from sync.markdown import parse, tokens
from sync.model import BlockKind, Translation
from sync.parts import Part, joined, parts_of_section
from sync.pipeline import sync_translation
from sync.publish import to_branch
from sync.repos import Repository
from tests.conftest import git

CONFIG = replace(Config(), language="zh")
PERSON = "Reviewer <reviewer@example.org>"
MAIN = "main"
SECTIONS = ("averages.md", "thermometers.md")
NUMBERS = st.integers(0, 7)  # which section, and which of its sentences or paragraphs
Change = Callable[["World", int], None]


class Machine:
    """An engine that has an answer to everything, another one for each English."""

    name = "machine"
    pause = 0.0

    def estimate(self, job: Job) -> None:
        """It is free."""

    def submit(self, job: Job) -> Handle:
        return dump_job(job)

    def poll(self, handle: Handle) -> Answers:
        requests = load_job(handle).requests
        return Answers({request.id: Translation(request.id, self._answer(request.source)) for request in requests})

    def _answer(self, source: str) -> str | None:
        kept = "".join(token.text for token in tokens(source))
        return None if "[" in source else f"机器{crc32(source.encode())}{kept}。"

    def finish(self, handle: Handle) -> None:
        """It keeps nothing."""


@dataclass(slots=True)
class World:
    """The book and its Chinese translation, and all that people have written so far."""

    source: Repository
    target: Repository
    reviewed: list[str] = field(default_factory=list)  # on the branch of the drafts
    translated: list[str] = field(default_factory=list)  # on the default branch
    tips: list[str] = field(default_factory=list)
    count: int = 0

    def words(self, reviewer: bool) -> str:
        """Words that nobody else has written."""
        self.count += 1
        text = f"人{self.count}号写的话。"
        (self.reviewed if reviewer else self.translated).append(text)
        return text

    def head(self, repository: Repository, branch: str = MAIN) -> str:
        return repository.resolve(branch)

    def texts(self, repository: Repository, commit: str) -> dict[str, str]:
        tree = repository.tree(commit)
        return {path: repository.read(tree[path].blob).decode() for path in sorted(tree)}

    def sections(self, repository: Repository, commit: str) -> dict[str, str]:
        """The few sections that everyone works on, so that they get into each other's way."""
        texts = self.texts(repository, commit)
        return {path: text for path, text in texts.items() if PurePosixPath(path).name in SECTIONS}

    def commit(self, repository: Repository, branch: str, changes: dict[str, str | None]) -> None:
        tip = self.head(repository, branch)
        files = {path: None if text is None else text.encode() for path, text in changes.items()}
        repository.commit(branch, tip, (tip,), files, "By hand\n", PERSON)

    def sync(self) -> str | None:
        before = self.target.branch(BRANCH)
        publish = to_branch(self.target)
        report = sync_translation(self.source, self.target, CONFIG, publish, source_revision=MAIN, target_revision=MAIN)
        assert [section.error for section in report.sections if section.error] == []
        commit = report.commit
        after = self.target.branch(BRANCH)
        assert commit in (None, after)
        assert commit is not None or before == after, "a sync that names no commit moved the branch"
        return commit

    def check(self) -> None:
        """What must hold at any time."""
        main, tip = self.head(self.target), self.target.branch(BRANCH)
        if tip is None:
            return
        for old in self.tips:
            assert self.target.contains(tip, old), "the branch was forced"
        self.tips.append(tip)
        merged, branch = self.all_of(main), self.all_of(tip)
        # What was merged is the translators' own from then on: a draft may propose to change it.
        self.reviewed = [text for text in self.reviewed if text not in merged]
        ground = find_ground(self.target, BRANCH, main, CONFIG)
        standing = self.all_of(ground.parents[0])
        for text in self.reviewed:
            assert text in branch, f"{text} is lost on the branch"
            assert text in standing, f"{text} is lost in a merge"
        parted = self.all_of(self.target.merge_base(main, tip) or main)
        for text in self.translated:
            known = text not in merged or text in parted or text in standing
            assert known or any("was left out" in line for line in ground.conflicts), f"{text} is lost in a merge"

    def all_of(self, commit: str) -> str:
        return "\0".join(self.texts(self.target, commit).values())


# -- what people do ------------------------------------------------------------------------------------------


def _sentences(text: str) -> tuple[tuple[Part, ...], list[int]]:
    """The parts of a Chinese section, and which of them are plain sentences that no one here has written."""
    parts = parts_of_section(text, "zh")
    plain = [
        n
        for n, part in enumerate(parts)
        if part.body.endswith("。") and "号写的话" not in part.body and "[" not in part.body
    ]
    return parts, plain


def _on(branch: str, change: Callable[[Sequence[Part], int, str], list[Part]]) -> Change:
    """Change one sentence of one section, on a branch."""

    def apply(world: World, number: int) -> None:
        if world.target.branch(branch) is None:
            return
        sections = world.sections(world.target, world.head(world.target, branch))
        known = [
            (path, parts, plain) for path, text in sections.items() for parts, plain in [_sentences(text)] if plain
        ]
        path, parts, plain = known[number % len(known)]
        at = plain[number // len(known) % len(plain)]
        words = "" if change is _delete else world.words(branch == BRANCH)
        world.commit(world.target, branch, {path: joined(change(parts, at, words))})

    return apply


def _edit(parts: Sequence[Part], at: int, words: str) -> list[Part]:
    return [*parts[:at], replace(parts[at], body=words), *parts[at + 1 :]]


def _insert(parts: Sequence[Part], at: int, words: str) -> list[Part]:
    return [*parts[:at], replace(parts[at], body=parts[at].body + words), *parts[at + 1 :]]


def _paragraph(parts: Sequence[Part], at: int, words: str) -> list[Part]:
    return _insert(parts, len(parts) - 1, f"\n\n{words}")


def _delete(parts: Sequence[Part], at: int, words: str) -> list[Part]:
    return [*parts[:at], *parts[at + 1 :]]


def _comment(world: World, number: int) -> None:
    if world.target.branch(BRANCH) is None:
        return
    sections = world.sections(world.target, world.head(world.target, BRANCH))
    lines = [(path, line) for path, text in sections.items() for line in text.splitlines() if "  # " in line]
    own = [(path, line) for path, line in lines if "号写的话" not in line]
    if own:
        path, line = own[number % len(own)]
        mended = f"{line.partition('  # ')[0]}  # {world.words(reviewer=True)}"
        world.commit(world.target, BRANCH, {path: sections[path].replace(line, mended, 1)})


def _file(world: World, number: int) -> None:
    if world.target.branch(BRANCH) is not None:
        text = f"# 说明\n\n{world.words(reviewer=True)}\n"
        world.commit(world.target, BRANCH, {f"notes/{world.count}.txt": text})


# -- what happens upstream, and to the branch ----------------------------------------------------------------


def _upstream(change: Callable[[str, list[tuple[int, int]], int], str]) -> Change:
    """Change one paragraph of the English; `change` takes the text, the spans of its paragraphs, and a number."""

    def apply(world: World, number: int) -> None:
        sections = world.sections(world.source, world.head(world.source))
        path = sorted(sections)[number % len(sections)]
        text = sections[path]
        spans = [(b.segments[0].start, b.segments[-1].end) for b in parse(text).blocks if b.kind == BlockKind.PARAGRAPH]
        world.commit(world.source, MAIN, {path: change(text, spans, number // len(sections))})

    return apply


def _reworded(text: str, spans: list[tuple[int, int]], number: int) -> str:
    """Every sentence of a paragraph says something else."""
    start, end = spans[number % len(spans)]
    return (
        text[:start]
        + re.sub(r"(?<=[a-z]) (?=[a-z]+ [a-z]+[ .,])", f" really{' truly' * number} ", text[start:end])
        + text[end:]
    )


def _longer(text: str, spans: list[tuple[int, int]], number: int) -> str:
    end = spans[number % len(spans)][1]
    return f"{text[:end]} A new sentence, number {number}, follows the others.{text[end:]}"


def _shorter(text: str, spans: list[tuple[int, int]], number: int) -> str:
    if len(spans) < 4:
        return _reworded(text, spans, number)
    start, end = spans[number % len(spans)]
    return text[:start].rstrip(" ") + text[end:].lstrip("\n")


def _turned(text: str, spans: list[tuple[int, int]], number: int) -> str:
    if len(spans) < 2:
        return _reworded(text, spans, number)
    at = number % (len(spans) - 1)
    (a, b), (c, d) = spans[at], spans[at + 1]
    return text[:a] + text[c:d] + text[b:c] + text[a:b] + text[d:]


def _renamed(world: World, number: int) -> None:
    sections = world.sections(world.source, world.head(world.source))
    path = sorted(sections)[number % len(sections)]
    place = f"chapter_{number}/{PurePosixPath(path).name}"
    if place not in sections:
        world.commit(world.source, MAIN, {path: None, place: sections[path]})


def _merged(*options: str) -> Change:
    """The pull request is merged, where git can do it by itself."""

    def apply(world: World, number: int) -> None:
        if world.target.branch(BRANCH) is None:
            return
        work = world.target.path.parent / "work"
        git(work.parent, "clone", "--quiet", "--shared", "--branch", MAIN, str(world.target.path), "work")
        with suppress(CalledProcessError):  # a conflict: GitHub would not merge it either
            git(work, "merge", "--quiet", *options, f"origin/{BRANCH}")
            if git(work, "status", "--porcelain"):  # squashed
                git(work, "commit", "--quiet", "-m", "Squashed\n\nAMTS-Source: quoted")
            git(work, "push", "--quiet", "origin", MAIN)
        shutil.rmtree(work)

    return apply


def _synced(world: World, number: int) -> None:
    world.sync()


ACTIONS: dict[str, Change] = {
    "sync": _synced,
    "a reviewer edits": _on(BRANCH, _edit),
    "a reviewer inserts": _on(BRANCH, _insert),
    "a reviewer deletes": _on(BRANCH, _delete),
    "a reviewer adds a paragraph": _on(BRANCH, _paragraph),
    "a reviewer edits a comment": _comment,
    "a reviewer adds a file": _file,
    "a translator edits": _on(MAIN, _edit),
    "a translator inserts": _on(MAIN, _insert),
    "a translator deletes": _on(MAIN, _delete),
    "upstream edits": _upstream(_reworded),
    "upstream inserts": _upstream(_longer),
    "upstream deletes": _upstream(_shorter),
    "upstream moves": _upstream(_turned),
    "upstream renames": _renamed,
    "the pull request is merged": _merged("--no-ff", "--no-edit"),
    "the pull request is squashed": _merged("--squash"),
}


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small book and its Chinese translation as bare repositories, made once and copied for each run."""
    folder = tmp_path_factory.mktemp("books")
    made = build(folder)
    for name, path in (("en.git", made.source), ("zh.git", made.targets["zh"])):
        git(folder, "clone", "--quiet", "--bare", str(path), name)
        git(folder / name, "update-ref", "--no-deref", "HEAD", MAIN)  # so that no branch counts as checked out
    return folder


STEPS = st.lists(st.tuples(st.sampled_from(sorted(ACTIONS)), NUMBERS), min_size=3, max_size=9)


@given(STEPS)
@example([("a reviewer edits", 5), ("upstream deletes", 1), ("upstream deletes", 2), ("a translator edits", 5)])
@example([("a reviewer edits a comment", 2), ("a translator inserts", 2), ("the pull request is squashed", 0)])
@example(
    [("a reviewer edits", 0), ("upstream edits", 0), ("a translator edits", 0), ("sync", 0), ("upstream edits", 6)]
)
@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_nobodys_words_are_lost(
    books: Path, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("world")
    for name in ("en.git", "zh.git"):
        shutil.copytree(books / name, folder / name)
    with Repository(folder / "en.git") as source, Repository(folder / "zh.git") as target:
        world = World(source, target)
        world.sync()
        for name, number in steps:
            ACTIONS[name](world, number)
            world.check()
        world.sync()
        world.check()
        assert world.sync() is None, "a sync with nothing new made a commit"
    shutil.rmtree(folder)
