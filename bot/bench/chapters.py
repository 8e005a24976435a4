"""A whole book brought up to date by chapter: pull requests, dashboard and merges, until nothing is left.

Before that everything is drafted at once, in another copy of the translation: that tells which chapters, sections and
segments there are.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table
from rich.text import Text

from bot import dashboard
from bot.bench import Progress
from bot.bench.scene import ONE, REVIEWABLE, Scene, SceneError, open_scene
from bot.grouping import branch_of, chapters_of
from bot.messages import proposal_body
from bot.records import Proposal
from bot.wording import MAX_BODY
from sync.config import PullRequests
from sync.languages import language as find_language

_NAME, _AT_ONCE = "book/by-chapter", "book/at-once"
_MOST_OPEN = PullRequests().max_open
# As people see them in the dashboard: a row of the open pull requests, and a chapter that waits.
_OPEN_ROW = re.compile(r"^\| #(\d+) \| `([^`]+)` \| ([\d,]+) \|", re.M)
_WAITING_ROW = re.compile(r"^- \[ \] <!-- amts:open=\S+ --> `([^`]+)`: ([\d,]+) sections?,", re.M)


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is to review."""

    sections: int
    segments: int


@dataclass(frozen=True, slots=True)
class Chapter:
    """The pull request of a chapter, as it was opened. `at_once`: the same where everything is drafted at once.

    `body` counts the characters of its text; `seconds` are those of the update that opened it, with others maybe.
    """

    name: str
    number: int
    size: Size
    at_once: Size
    body: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Round:
    """What there is to see after an update: the open pull requests by chapter, and the dashboard's text.

    `new` are the chapters whose pull request this update opened, `merged` those that were merged before it.
    """

    seconds: float
    open: Mapping[str, int]
    new: tuple[str, ...]
    merged: frozenset[str]
    dashboard: str


@dataclass(frozen=True, slots=True)
class ChapterFigures:
    """`at_once`, `body_at_once` and `seconds_at_once` are of the draft of everything at once.

    `writing` are the seconds that its text took to be made from the record. `faults` says what was not as it should
    be, a line each.
    """

    chapters: tuple[Chapter, ...]
    rounds: tuple[Round, ...]
    at_once: Size
    body_at_once: int
    seconds_at_once: float
    writing: float
    faults: tuple[str, ...]

    @property
    def whole(self) -> Size:
        """All chapters together."""
        return _total([one.size for one in self.chapters])

    def summary(self) -> dict[str, object]:
        """The figures over all chapters."""
        return {
            "chapters": len(self.chapters),
            **asdict(self.whole),
            "at_once": asdict(self.at_once),
            "most_open": max(len(seen.open) for seen in self.rounds),
            "largest_body": max(one.body for one in self.chapters),
            "largest_dashboard": max(len(seen.dashboard) for seen in self.rounds),
            "body_at_once": self.body_at_once,
            "updates": len(self.rounds),
            "seconds": sum(seen.seconds for seen in self.rounds),
            "seconds_at_once": self.seconds_at_once,
            "seconds_writing_at_once": self.writing,
            "faults": list(self.faults),
        }

    def to_json(self) -> dict[str, object]:
        """The summary, every chapter and every update."""
        return {
            "summary": self.summary(),
            "chapters": [asdict(chapter) for chapter in self.chapters],
            "updates": [
                {"seconds": seen.seconds, "open": dict(seen.open), "dashboard": len(seen.dashboard)}
                for seen in self.rounds
            ],
        }

    def tables(self) -> list[Table]:
        """The chapters in the order of their pull requests, what was wrong, and the summary."""
        return [self._chapter_table(), self._fault_table(), self._summary_table()]

    def _chapter_table(self) -> Table:
        table = Table("chapter", title="Pull requests by chapter")
        for heading in ("number", "sections", "segments", "… at once", "characters of text", "seconds"):
            table.add_column(heading, justify="right")
        for one in self.chapters:
            counts = (one.number, one.size.sections, one.size.segments, one.at_once.segments, one.body)
            table.add_row(Text(one.name), *(f"{count:,}" for count in counts), f"{one.seconds:.1f}")
        return table

    def _fault_table(self) -> Table:
        table = Table("what", title="Not as it should be")
        for fault in self.faults:
            table.add_row(Text(fault))
        return table

    def _summary_table(self) -> Table:
        found = self.summary()
        table = Table("figure", title="A whole book by chapter")
        for heading in ("by chapter", "at once"):
            table.add_column(heading, justify="right")
        table.add_row("pull requests", str(len(self.chapters)), "1")
        table.add_row("open at a time, at most", f"{found['most_open']} of {_MOST_OPEN}", "1")
        table.add_row("sections", f"{self.whole.sections:,}", f"{self.at_once.sections:,}")
        table.add_row("segments to review", f"{self.whole.segments:,}", f"{self.at_once.segments:,}")
        text = f"characters of a text, at most ({MAX_BODY:,} are allowed)"
        table.add_row(text, f"{found['largest_body']:,}", f"{self.body_at_once:,}")
        table.add_row("seconds to write that text", "–", f"{self.writing:.2f}")
        table.add_row("characters of the dashboard, at most", f"{found['largest_dashboard']:,}", "–")
        table.add_row("updates: the first, and one after each merge", f"{len(self.rounds)}", "1")
        table.add_row("seconds", f"{found['seconds']:.0f}", f"{self.seconds_at_once:.0f}")
        table.add_row("not as it should be", f"{len(self.faults)}", "–")
        return table


def bench_chapters(
    book: Path, translation: Path, language: str, progress: Progress, most: int = REVIEWABLE
) -> ChapterFigures:
    """Bring a translation up to date by chapter, merging the oldest pull request after each update.

    `book` is a git repository or a bundle, `translation` a folder of pairs X_origin.md and X.md. An update of more
    than `most` segments is split. Raises SceneError where they cannot be used, AmtsError where a draft fails.
    """
    code = find_language(language).code
    with tempfile.TemporaryDirectory(prefix="amts-") as place, open_scene(Path(place), book) as scene:
        progress("at once", 0, 1)
        scene.add_folder(_AT_ONCE, translation, code, ONE)
        seconds = scene.update(_AT_ONCE)
        progress("at once", 1, 1)
        pulls = scene.open_pulls(_AT_ONCE)
        if not pulls:
            raise SceneError("the translation is up to date: there is nothing to measure")
        record = scene.record(_AT_ONCE)
        proposal = record.proposals[pulls[0].head]
        sizes = _sizes(proposal)
        began = time.perf_counter()
        proposal_body(proposal, code, None, record.paused, record.quality)
        writing = time.perf_counter() - began
        scene.add_folder(_NAME, translation, code, most)
        chapters, rounds = _by_chapter(scene, sizes, progress)
        found = [f"update {number}: {fault}" for number, seen in enumerate(rounds, 1) for fault in faults(seen, sizes)]
        whole = _total(sizes.values())
        return ChapterFigures(chapters, rounds, whole, len(pulls[0].body), seconds, writing, tuple(found))


def faults(seen: Round, sizes: Mapping[str, Size]) -> Iterator[str]:
    """What is not as it should be after an update, a line each; `sizes`: of all chapters there are."""
    if len(seen.open) > _MOST_OPEN:
        yield f"{len(seen.open)} pull requests are open"
    earlier = len(seen.open) - len(seen.new)
    waiting = len(sizes) - len(seen.merged) - earlier
    if len(seen.new) != (wanted := min(_MOST_OPEN - earlier, waiting)):
        yield f"{len(seen.new)} pull requests were opened where {wanted} should have been"
    if seen.merged >= sizes.keys():
        if seen.dashboard:
            yield "the dashboard is open, and nothing is left"
        return
    rows = {
        chapter: (int(number), _number(sections)) for number, chapter, sections in _OPEN_ROW.findall(seen.dashboard)
    }
    if {chapter: number for chapter, (number, _) in rows.items()} != seen.open:
        yield "the dashboard does not list the pull requests that are open"
    listed = {chapter: sections for chapter, (_, sections) in rows.items()}
    listed |= {chapter: _number(sections) for chapter, sections in _WAITING_ROW.findall(seen.dashboard)}
    for chapter in sorted(listed.keys() | sizes.keys() - seen.merged):
        wanted = sizes[chapter].sections if chapter in sizes and chapter not in seen.merged else 0
        if listed.get(chapter, 0) != wanted:
            yield f"the dashboard has {listed.get(chapter, 0)} sections of {chapter}, and there are {wanted}"


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def _sizes(proposal: Proposal) -> dict[str, Size]:
    """How much there is to review in a proposal, by chapter."""
    sections = proposal.sections.values()
    named = chapters_of([section.source_path for section in sections])
    found: dict[str, Size] = {}
    for section in sections:
        before = found.get(named[section.source_path], Size(0, 0))
        found[named[section.source_path]] = Size(before.sections + 1, before.segments + len(section.results))
    return found


def _total(sizes: Iterable[Size]) -> Size:
    listed = list(sizes)
    return Size(sum(size.sections for size in listed), sum(size.segments for size in listed))


def _by_chapter(
    scene: Scene, sizes: Mapping[str, Size], progress: Progress
) -> tuple[tuple[Chapter, ...], tuple[Round, ...]]:
    """Update and merge by turns until no pull request is open."""
    named = {branch_of(chapter): chapter for chapter in sizes}
    chapters: dict[str, Chapter] = {}
    rounds: list[Round] = []
    merged: list[str] = []
    # Each merge takes a chapter away; were one to come again and again, this would still end.
    while len(rounds) <= 2 * len(sizes):
        progress("chapters", len(merged), len(sizes))
        seconds = scene.update(_NAME)
        proposals = scene.record(_NAME).proposals
        pulls = {named.get(pull.head, pull.head): pull for pull in scene.open_pulls(_NAME)}
        new = tuple(name for name in pulls if name not in chapters)
        for name in new:
            pull, sections = pulls[name], proposals[pulls[name].head].sections.values()
            size = Size(len(sections), sum(len(section.results) for section in sections))
            at_once = sizes.get(name, Size(0, 0))
            chapters[name] = Chapter(name, pull.number, size, at_once, len(pull.body), seconds)
        numbers = {name: pull.number for name, pull in pulls.items()}
        rounds.append(Round(seconds, numbers, new, frozenset(merged), _dashboard(scene)))
        if not numbers:
            break
        merged.append(min(numbers, key=numbers.__getitem__))
        scene.merge(_NAME, numbers[merged[-1]])
    progress("chapters", len(sizes), len(sizes))
    return tuple(chapters.values()), tuple(rounds)


def _dashboard(scene: Scene) -> str:
    """The text of the open dashboard; empty where there is none."""
    issues = [one for one in scene.hub.issues(_NAME) if one.state == "open" and one.body.startswith(dashboard.MARKER)]
    return issues[0].body if issues else ""
