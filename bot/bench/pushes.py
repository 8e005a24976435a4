"""The last commits of a book as pushes, one after another, beside one sync from the first to the last.

A translation is brought to the state of the commit before them, by a draft that is merged. Then each push is drafted
onto the same pull request; a copy of the translation gets one draft of them all. The files must be the same.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from pathlib import Path
from statistics import mean

from rich.table import Table
from rich.text import Text

from bot.bench import Progress
from bot.bench.scene import ONE, Scene, SceneError, open_scene
from bot.review import status
from sync.ground import BRANCH
from sync.inline import fold
from sync.languages import language as find_language
from sync.model import SegmentResult

_REPLAYED, _AT_ONCE = "book/one-by-one", "book/at-once"
_SHOWN = 160  # characters of a text in a table


@dataclass(frozen=True, slots=True)
class Push:
    """A push that was drafted, and the pull requests that were open after it, by number."""

    commit: str
    seconds: float
    pull_requests: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A segment that is not the same in both drafts: its English, and what became of it in each, with the text.

    Without English: lines that belong to no segment that either of the drafts tells of.
    """

    path: str
    english: str
    replayed: str
    replayed_text: str
    at_once: str
    at_once_text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two drafts: the files that either of them changed, those that are not the same, and what is different there."""

    paths: tuple[str, ...]
    differing: tuple[str, ...]
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class PushFigures:
    """`set_up` and `at_once` are the seconds of those two drafts."""

    set_up: float
    pushes: tuple[Push, ...]
    at_once: float
    comparison: Comparison

    @property
    def pull_requests(self) -> tuple[int, ...]:
        """Every pull request that was open at some time, by number."""
        return tuple(sorted({number for push in self.pushes for number in push.pull_requests}))

    @property
    def as_said(self) -> bool:
        """Whether there was one pull request, and the same draft."""
        return len(self.pull_requests) <= 1 and not self.comparison.differing

    def reasons(self) -> Counter[tuple[str, str]]:
        """How often a segment became one thing one by one and another at once."""
        return Counter((found.replayed, found.at_once) for found in self.comparison.differences)

    def to_json(self) -> dict[str, object]:
        """The summary, every push and every difference."""
        return {
            "summary": {
                "pushes": len(self.pushes),
                "pull_requests": len(self.pull_requests),
                "files": len(self.comparison.paths),
                "differing": list(self.comparison.differing),
                "differing_segments": len(self.comparison.differences),
                "seconds_set_up": self.set_up,
                "seconds_a_push": mean(push.seconds for push in self.pushes),
                "seconds_at_once": self.at_once,
            },
            "reasons": [{"one_by_one": a, "at_once": b, "segments": n} for (a, b), n in self.reasons().most_common()],
            "pushes": [asdict(push) for push in self.pushes],
            "differences": [asdict(difference) for difference in self.comparison.differences],
        }

    def tables(self) -> list[Table]:
        """Where the drafts differ, why, and the summary."""
        return [self._difference_table(), self._reason_table(), self._summary_table()]

    def _difference_table(self) -> Table:
        table = Table(title="Not the same in both drafts")
        for heading in ("file", "English", "pushes one by one", "all at once"):
            table.add_column(heading, overflow="fold")
        for found in self.comparison.differences:
            texts = (
                found.path,
                found.english,
                f"{found.replayed}: {found.replayed_text}",
                f"{found.at_once}: {found.at_once_text}",
            )
            table.add_row(*(Text(text[:_SHOWN]) for text in texts))
        return table

    def _reason_table(self) -> Table:
        table = Table("pushes one by one", "all at once", title="Why they differ")
        table.add_column("segments", justify="right")
        for (replayed, at_once), count in self.reasons().most_common():
            table.add_row(Text(replayed), Text(at_once), str(count))
        return table

    def _summary_table(self) -> Table:
        table = Table("figure", title="Pushes one by one, beside one sync from the first to the last")
        table.add_column("value", justify="right")
        table.add_row("pushes drafted", str(len(self.pushes)))
        table.add_row("pull requests", str(len(self.pull_requests)))
        files, differing = len(self.comparison.paths), len(self.comparison.differing)
        table.add_row("files drafted: translations, and their origins", str(files))
        table.add_row("  the same in both drafts", str(files - differing))
        table.add_row("segments that differ", str(len(self.comparison.differences)))
        table.add_row("time for a push, mean", f"{mean(push.seconds for push in self.pushes):.1f} s")
        table.add_row("time for all at once", f"{self.at_once:.1f} s")
        table.add_row("time to bring the translation to the first", f"{self.set_up:.1f} s")
        return table


def bench_pushes(
    book: Path, translation: Path, language: str, count: int, burst: int, progress: Progress
) -> PushFigures:
    """Replay the last `count` commits of a book that changed Markdown, `burst` of them in one push.

    `book` is a git repository or a bundle, `translation` a folder of pairs X_origin.md and X.md. Raises SceneError
    where they cannot be used, AmtsError where a draft fails.
    """
    code = find_language(language).code
    with tempfile.TemporaryDirectory(prefix="amts-") as place, open_scene(Path(place), book) as scene:
        first, *rest = scene.commits(count)
        steps = in_bursts(rest, burst)
        total = len(steps) + 2
        progress("drafts", 0, total)
        scene.push(first)
        scene.add_folder(_REPLAYED, translation, code, ONE)
        set_up = scene.update(_REPLAYED)
        for pull in scene.open_pulls(_REPLAYED):
            scene.merge(_REPLAYED, pull.number)
        scene.add_copy(_AT_ONCE, _REPLAYED)
        pushes = []
        for number, commit in enumerate(steps, 1):
            progress("drafts", number, total)
            scene.push(commit)
            seconds = scene.update(_REPLAYED)
            pushes.append(Push(commit, seconds, tuple(pull.number for pull in scene.open_pulls(_REPLAYED))))
        progress("drafts", total - 1, total)
        at_once = scene.update(_AT_ONCE)
        progress("drafts", total, total)
        comparison = compare(scene, _REPLAYED, _AT_ONCE)
        if not comparison.paths:
            raise SceneError("no push changes a section of the translation: take more of them")
        return PushFigures(set_up, tuple(pushes), at_once, comparison)


def in_bursts(commits: Sequence[str], burst: int) -> list[str]:
    """The last of each so many commits, and the very last: where the branch is after each push."""
    return [*commits[burst - 1 : -1 : burst], commits[-1]]


def compare(scene: Scene, replayed: str, at_once: str) -> Comparison:
    """What the pull requests of two translations with the same default branch hold."""
    ours, theirs = _Half.of(scene, replayed), _Half.of(scene, at_once)
    merged = scene.files(at_once, "HEAD")
    every = sorted({*merged, *ours.files, *theirs.files})
    changed = [path for path in every if not merged.get(path) == ours.files.get(path) == theirs.files.get(path)]
    differing = [path for path in changed if ours.files.get(path) != theirs.files.get(path)]
    return Comparison(
        tuple(changed),
        tuple(differing),
        tuple(found for path in differing for found in _differences(ours, theirs, path)),
    )


@dataclass(frozen=True, slots=True)
class _Half:
    """One of the two drafts: its files, and what became of the segments that were not simply kept."""

    files: Mapping[str, bytes]
    results: Mapping[str, Mapping[str, SegmentResult]]  # by path and English

    @classmethod
    def of(cls, scene: Scene, name: str) -> _Half:
        files = scene.files(name, BRANCH if BRANCH in scene.hub.branches(name) else "HEAD")
        proposal = scene.record(name).proposals.get(BRANCH)
        sections = proposal.sections if proposal else {}
        results = {
            path: {fold(found.new_source or found.old_source or ""): found for found in section.results}
            for path, section in sections.items()
        }
        return cls(files, results)

    def text(self, path: str) -> str:
        return self.files.get(path, b"").decode(errors="replace")

    def has(self, path: str, result: SegmentResult | None) -> bool:
        """Whether the text of the other draft stands here, too."""
        return result is None or fold(result.draft or "") in fold(self.text(path))

    def status(self, path: str, english: str) -> tuple[str, str]:
        """What became of a segment, and its text; of one that was kept that is not known."""
        found = self.results.get(path, {}).get(english)
        return (status(found), found.draft or "") if found else ("kept", "")


def _differences(ours: _Half, theirs: _Half, path: str) -> Iterator[Difference]:
    """What became of the segments of a file that the drafts do not agree on; else its lines."""
    ones, others = ours.results.get(path, {}), theirs.results.get(path, {})
    told = False
    for english in dict.fromkeys((*ones, *others)):
        if not (ours.has(path, others.get(english)) and theirs.has(path, ones.get(english))):
            told = True
            yield Difference(path, english, *ours.status(path, english), *theirs.status(path, english))
    if not told:
        yield from _lines(path, ours.text(path), theirs.text(path))


def _lines(path: str, replayed: str, at_once: str) -> Iterator[Difference]:
    ours, theirs = replayed.splitlines(), at_once.splitlines()
    for what, i, j, k, m in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if what != "equal":
            texts = "\n".join(ours[i:j]), "\n".join(theirs[k:m])
            yield Difference(path, "", "other lines", texts[0], "other lines", texts[1])
