"""The last commits of a book as pushes, one after another, beside one sync from the first to the last.

A translation is brought to the state of the commit before them, by a draft that is merged. Then each push is drafted
onto the same pull request; a copy of the translation gets one draft of them all. The files must be the same.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
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
class PushFigures:
    """`set_up` and `at_once` are the seconds of those two drafts; `paths` the files that either draft changed."""

    set_up: float
    pushes: tuple[Push, ...]
    at_once: float
    paths: tuple[str, ...]
    differing: tuple[str, ...]
    differences: tuple[Difference, ...]

    @property
    def pull_requests(self) -> tuple[int, ...]:
        """Every pull request that was open at some time, by number."""
        return tuple(sorted({number for push in self.pushes for number in push.pull_requests}))

    @property
    def as_said(self) -> bool:
        """Whether there was one pull request, and the same draft."""
        return len(self.pull_requests) <= 1 and not self.differing

    def reasons(self) -> Counter[tuple[str, str]]:
        """How often a segment became one thing one by one and another at once."""
        return Counter((found.replayed, found.at_once) for found in self.differences)

    def to_json(self) -> dict[str, object]:
        """The summary, every push and every difference."""
        return {
            "summary": {
                "pushes": len(self.pushes),
                "pull_requests": len(self.pull_requests),
                "sections": len(self.paths),
                "same": len(self.paths) - len(self.differing),
                "differing_segments": len(self.differences),
                "seconds_set_up": self.set_up,
                "seconds_a_push": mean(push.seconds for push in self.pushes),
                "seconds_at_once": self.at_once,
            },
            "reasons": [{"one_by_one": a, "at_once": b, "segments": n} for (a, b), n in self.reasons().most_common()],
            "pushes": [asdict(push) for push in self.pushes],
            "differences": [asdict(difference) for difference in self.differences],
        }

    def tables(self) -> list[Table]:
        """Where the drafts differ, why, and the summary."""
        return [self._difference_table(), self._reason_table(), self._summary_table()]

    def _difference_table(self) -> Table:
        table = Table(title="Not the same in both drafts")
        for heading in ("section", "English", "pushes one by one", "all at once"):
            table.add_column(heading, overflow="fold")
        for found in self.differences:
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
        table.add_row("sections drafted", str(len(self.paths)))
        table.add_row("  the same in both drafts", str(len(self.paths) - len(self.differing)))
        table.add_row("segments that differ", str(len(self.differences)))
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
        steps = [*rest[burst - 1 : -1 : burst], rest[-1]]
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
        paths, differing = _compared(scene)
        differences = tuple(found for path in differing for found in _differences(scene, path))
        return PushFigures(set_up, tuple(pushes), at_once, paths, differing, differences)


def _compared(scene: Scene) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The files that either draft changed, and those of them that are not the same in both."""
    merged = scene.files(_AT_ONCE, "HEAD")
    replayed, at_once = (_drafted(scene, name) for name in (_REPLAYED, _AT_ONCE))
    every = sorted(merged.keys() | replayed.keys() | at_once.keys())
    changed = [path for path in every if not merged.get(path) == replayed.get(path) == at_once.get(path)]
    if not changed:
        raise SceneError("no push changes a section of the translation: take more of them")
    return tuple(changed), tuple(path for path in changed if replayed.get(path) != at_once.get(path))


def _drafted(scene: Scene, name: str) -> dict[str, bytes]:
    """The files as its pull request has them; those of the default branch where there is none."""
    return scene.files(name, BRANCH if BRANCH in scene.hub.branches(name) else "HEAD")


def _differences(scene: Scene, path: str) -> Iterator[Difference]:
    """What became of the segments of a section that the drafts do not agree on; else the lines."""
    replayed, at_once = (_Half.of(scene, name, path) for name in (_REPLAYED, _AT_ONCE))
    found = [
        Difference(path, english, *replayed.status(english), *at_once.status(english))
        for english in dict.fromkeys((*replayed.results, *at_once.results))
        if not (replayed.has(at_once.results.get(english)) and at_once.has(replayed.results.get(english)))
    ]
    yield from found or _lines(path, replayed.text, at_once.text)


@dataclass(frozen=True, slots=True)
class _Half:
    """One of the two drafts of a section, and what became of the segments that were not simply kept, by English."""

    text: str
    folded: str
    results: Mapping[str, SegmentResult]

    @classmethod
    def of(cls, scene: Scene, name: str, path: str) -> _Half:
        text = _drafted(scene, name).get(path, b"").decode(errors="replace")
        proposal = scene.record(name).proposals.get(BRANCH)
        section = proposal.sections.get(path) if proposal else None
        results = section.results if section else ()
        return cls(text, fold(text), {fold(found.new_source or found.old_source or ""): found for found in results})

    def has(self, result: SegmentResult | None) -> bool:
        """Whether the text of the other draft stands here, too."""
        return result is None or fold(result.draft or "") in self.folded

    def status(self, english: str) -> tuple[str, str]:
        """What became of a segment, and its text; of one that was kept that is not known."""
        found = self.results.get(english)
        return (status(found), found.draft or "") if found else ("kept", "")


def _lines(path: str, replayed: str, at_once: str) -> Iterator[Difference]:
    ours, theirs = replayed.splitlines(), at_once.splitlines()
    for what, i, j, k, m in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if what != "equal":
            texts = "\n".join(ours[i:j]), "\n".join(theirs[k:m])
            yield Difference(path, "", "lines between segments", texts[0], "lines between segments", texts[1])
