"""The benchmarks of the bot measure what they say: on small books, with the real processes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from rich.console import Console

from bot.bench import Figures
from bot.bench.chapters import Round, Size, bench_chapters, faults
from bot.bench.pushes import bench_pushes, compare, in_bursts
from bot.bench.scene import SOURCE, Scene, SceneError, open_scene
from bot.bench.webhook import Load, WebhookFigures, bench_webhook
from bot.bench.workers import Run, WorkersFigures, bench_workers, real_book, small_book
from bot.sandbox.postgres import PostgresError, find_programs, running_postgres
from sync.ground import BRANCH
from tests.bot.test_bench import Heard
from tests.conftest import Write, git

CHAPTERS = 7
SENTENCES = 12  # of each chapter


def _english(chapter: int, cups: int = 3) -> str:
    lines = (f"Cup {n} of shelf {chapter} is number {n} of {cups} cups.\n" for n in range(SENTENCES))
    return "\n".join([f"# Shelf {chapter}\n", *lines, "```\n" + f"cups = {cups}\n" + "```\n"])


def _korean(chapter: int) -> str:
    lines = (f"선반 {chapter}의 컵 {n}은 컵 3개 중 {n}번입니다.\n" for n in range(SENTENCES))
    return "\n".join([f"# 선반 {chapter}\n", *lines, "```\ncups = 3\n```\n"])


def _path(chapter: int) -> str:
    return f"chapter_{chapter}/index.md"


@pytest.fixture
def english_book(tmp_path: Path, write: Write) -> Path:
    """A repository whose last commit changes every sentence of every chapter."""
    folder = tmp_path / "en"
    write(folder, {_path(n): _english(n) for n in range(CHAPTERS)})
    write(folder, {_path(n): _english(n, cups=4) for n in range(CHAPTERS)})
    return folder


@pytest.fixture
def translation(tmp_path: Path) -> Path:
    """A folder of pairs."""
    folder = tmp_path / "ko"
    for number in range(CHAPTERS):
        place = folder / _path(number)
        place.parent.mkdir(parents=True)
        place.write_text(_korean(number), encoding="utf-8")
        place.with_name("index_origin.md").write_text(_english(number), encoding="utf-8")
    return folder


def _shown(figures: Figures) -> str:
    console = Console(width=300)
    with console.capture() as capture:
        for table in figures.tables():
            console.print(table)
    return capture.get()


def _summary(figures: Figures) -> Mapping[str, object]:
    found = json.loads(json.dumps(figures.to_json()))["summary"]
    assert isinstance(found, dict)
    return found


def test_pushes_one_by_one_are_one_pull_request_and_the_draft_of_all_at_once(
    english_book: Path, translation: Path, write: Write
) -> None:
    text = _english(0, cups=4)
    for change in (("cups = 4", "cups = 5"), ("Cup 7 of shelf 0 is number 7 of 4 cups.\n\n", ""), ("Shelf 0", "Rack")):
        text = text.replace(*change)
        write(english_book, {_path(0): text})
    heard = Heard()
    figures = bench_pushes(english_book, translation, "ko", 3, 1, heard)
    assert [push.pull_requests for push in figures.pushes] == [(2,)] * 3  # the first one set the translation up
    assert figures.comparison.paths == (_path(0), "chapter_0/index_origin.md")
    assert figures.comparison.differing == ()
    assert figures.as_said
    assert heard.last == ("drafts", 5, 5)
    assert (_summary(figures)["pull_requests"], _summary(figures)["differing"]) == (1, [])
    assert "the same in both drafts" in _shown(figures)


@pytest.mark.parametrize(("burst", "steps"), [(1, "abcde"), (2, "bde"), (3, "ce"), (5, "e"), (9, "e")])
def test_commits_in_bursts_end_with_the_last(burst: int, steps: str) -> None:
    assert in_bursts("abcde", burst) == list(steps)


@pytest.fixture
def scene(english_book: Path, tmp_path: Path) -> Iterator[Scene]:
    """The book in the stand-in, as it is now."""
    (tmp_path / "scene").mkdir()
    with open_scene(tmp_path / "scene", english_book) as found:
        yield found


def test_drafts_that_differ_are_told_apart(scene: Scene, translation: Path) -> None:
    ours, theirs = "book/ours", "book/theirs"
    for name in (ours, theirs):
        scene.add_folder(name, translation, "ko", 10_000)
        scene.update(name)
    assert compare(scene, ours, theirs).differing == ()
    text = scene.files(ours, BRANCH)[_path(2)].decode()
    line = next(line for line in text.splitlines() if "컵 9" in line)
    scene.hub.commit(ours, BRANCH, {_path(2): text.replace(line, "다른 말입니다.").encode()}, "Edit", "reviewer")
    found = compare(scene, ours, theirs)
    assert found.differing == (_path(2),)
    (difference,) = found.differences
    assert difference.english == "Cup 9 of shelf 2 is number 9 of 4 cups."
    assert difference.at_once_text == line
    untold = scene.files(ours, BRANCH)[_path(3)] + "\n끝.\n".encode()
    scene.hub.commit(ours, BRANCH, {_path(3): untold}, "Edit", "reviewer")
    (difference,) = (one for one in compare(scene, ours, theirs).differences if one.path == _path(3))
    assert (difference.english, difference.replayed_text, difference.at_once_text) == ("", "\n끝.", "")


def test_a_book_is_brought_up_to_date_by_chapter(english_book: Path, translation: Path) -> None:
    heard = Heard()
    figures = bench_chapters(english_book, translation, "ko", heard, most=40)
    assert figures.faults == ()
    assert sorted(chapter.name for chapter in figures.chapters) == [f"chapter_{n}" for n in range(CHAPTERS)]
    assert [len(seen.open) for seen in figures.rounds] == [5, 5, 5, 4, 3, 2, 1, 0]
    assert figures.whole == figures.at_once
    assert figures.at_once.sections == CHAPTERS
    assert figures.at_once.segments > 40
    assert heard.last == ("chapters", CHAPTERS, CHAPTERS)
    assert _summary(figures)["most_open"] == 5
    assert "chapter_6" in _shown(figures)


SIZES = {f"chapter_{n}": Size(n + 1, 90) for n in range(CHAPTERS)}


def _round(opened: int = 5, dashboard: str = "") -> Round:
    """After the first update, with a dashboard that lists all that it should, unless another is given."""
    names = list(SIZES)
    rows = "".join(
        f"| #{n + 1} | `{name}` | {SIZES[name].sections} | 90 | 0 | 0 |\n" for n, name in enumerate(names[:opened])
    )
    waits = "".join(
        f"- [ ] <!-- amts:open={name} --> `{name}`: {SIZES[name].sections} sections, 90 segments to review\n"
        for name in names[opened:]
    )
    pulls = {name: n + 1 for n, name in enumerate(names[:opened])}
    return Round(1.0, pulls, tuple(pulls), frozenset(), dashboard or rows + waits)


def test_a_round_as_it_should_be_has_no_fault() -> None:
    assert list(faults(_round(), SIZES)) == []


def test_too_many_pull_requests_are_a_fault() -> None:
    said = list(faults(_round(opened=6), SIZES))
    assert said == ["6 pull requests are open", "6 pull requests were opened where 5 should have been"]


def test_a_chapter_that_the_dashboard_lacks_is_a_fault() -> None:
    seen = _round()
    cut = "".join(line for line in seen.dashboard.splitlines(True) if "chapter_6" not in line)
    assert list(faults(_round(dashboard=cut), SIZES)) == ["the dashboard has 0 sections of chapter_6, and there are 7"]
    assert len(list(faults(_round(dashboard="nothing"), SIZES))) == 1 + CHAPTERS


def test_a_merge_that_opens_nothing_is_a_fault() -> None:
    seen = _round(opened=4)
    after = Round(1.0, seen.open, (), frozenset(), seen.dashboard)
    assert list(faults(after, SIZES)) == ["0 pull requests were opened where 1 should have been"]


def test_a_dashboard_that_stays_open_is_a_fault() -> None:
    assert list(faults(Round(1.0, {}, (), frozenset(SIZES), "text"), SIZES)) == [
        "the dashboard is open, and nothing is left"
    ]


def test_books_that_cannot_be_used_are_refused(english_book: Path, translation: Path, tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="is no git repository or bundle"):
        bench_chapters(translation, translation, "ko", Heard())
    with pytest.raises(SceneError, match="3 are needed"):
        bench_pushes(english_book, translation, "ko", 2, 1, Heard())
    for origin in translation.rglob("*_origin.md"):
        origin.write_bytes((english_book / origin.parent.name / "index.md").read_bytes())
    with pytest.raises(SceneError, match="up to date"):
        bench_chapters(english_book, translation, "ko", Heard())


def test_the_upstream_can_be_any_branch(english_book: Path, tmp_path: Path) -> None:
    git(english_book, "branch", "--move", "trunk")
    (tmp_path / "scene").mkdir()
    with open_scene(tmp_path / "scene", english_book) as scene:
        first, last = scene.commits(1)
        scene.push(first)
        assert scene.hub.branches(SOURCE) == {"trunk": first}
        scene.push(last)
        assert scene.hub.branches(SOURCE) == {"trunk": last}


def test_webhooks_are_sent_to_both_and_none_is_lost() -> None:
    heard = Heard()
    figures = bench_webhook(1.0, heard)
    for load in (figures.ours, figures.bare):
        assert load.statuses == {202: len(load.times)}
        assert len(set(load.ids)) == len(load.times) > 10
        assert 0 < load.percentile(50) <= load.percentile(99) < 30
    assert (figures.lost, figures.doubled) == (0, 0)
    assert figures.ratio > 0
    assert heard.last == ("seconds", 1, 1)
    assert json.loads(json.dumps(figures.to_json()))["amts"]["statuses"] == {"202": len(figures.ours.times)}
    assert "bare route" in _shown(figures)


@pytest.mark.parametrize(
    ("jobs", "lost", "doubled"),
    [({"a": 1, "b": 1}, 0, 0), ({"a": 1}, 1, 0), ({"a": 2, "b": 1}, 0, 1), ({"a": 1, "b": 1, "c": 1}, 0, 1)],
)
def test_jobs_lost_and_doubled_are_counted(jobs: Mapping[str, int], lost: int, doubled: int) -> None:
    load = Load([0.1, 0.1], Counter({202: 2}), ["a", "b"])
    figures = WebhookFigures(load, load, jobs, 8_000)
    assert (figures.lost, figures.doubled, figures.as_said) == (lost, doubled, not lost and not doubled)


def test_too_slow_or_refused_is_not_as_said() -> None:
    quick, slow = Load([0.1, 0.1], Counter({202: 2}), ["a", "b"]), Load([0.4, 0.4], Counter({202: 2}), ["a", "b"])
    refused = Load([0.1, 0.1], Counter({202: 1, 503: 1}), ["a", "b"])
    jobs = {"a": 1, "b": 1}
    assert WebhookFigures(quick, quick, jobs, 1).as_said
    assert not WebhookFigures(slow, quick, jobs, 1).as_said
    assert not WebhookFigures(refused, quick, jobs, 1).as_said


@pytest.fixture
def postgres() -> None:
    try:
        find_programs()
    except PostgresError as error:
        pytest.skip(str(error))


def test_a_server_of_its_own_takes_who_knows_its_password(postgres: None) -> None:
    psycopg = pytest.importorskip("psycopg", reason="the package psycopg (extra `postgres`) is not installed")
    with running_postgres() as url:
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        password = url.partition("amts:")[2].partition("@")[0]
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(url.replace(password, "guessed"))
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_one_worker_and_two_update_every_repository(postgres: None) -> None:
    heard = Heard()
    figures = bench_workers(small_book(), 2, 1, 0.01, heard)
    assert [(run.workers, len(run.updated)) for run in figures.runs] == [(1, 2), (2, 2)]
    assert all(0 < at < 300 for run in figures.runs for at in run.updated)
    assert figures.ratio == pytest.approx(figures.runs[0].updated[-1] / figures.runs[1].updated[-1])
    assert heard.last == ("repositories", 4, 4)
    assert "answers after 0.01 s" in _shown(figures)
    assert "what bounds it" in _shown(figures)


def test_what_two_workers_are_worth() -> None:
    one, two = Run(1, (1.0, 8.0), 6.0, 2.0), Run(2, (1.0, 4.0), 6.0, 2.0)
    figures = WorkersFigures((one, two), 2)
    assert (figures.ratio, figures.as_said) == (2.0, True)
    assert "keep 1.00 of 2 cores busy, two 2.00: no more than 2.00 times" in _shown(figures)
    assert not WorkersFigures((one, Run(2, (6.0, 6.0), None, 2.0)), 2).as_said


def test_a_book_of_ones_own_is_pushed_as_it_is(english_book: Path, translation: Path) -> None:
    book = real_book(english_book, translation, "ko")
    assert book.before[_path(1)] == _english(1).encode()
    assert book.after[_path(1)] == _english(1, cups=4).encode()
    assert book.translations["ko"][_path(1)] == _korean(1).encode()
    assert book.translations["ko"]["chapter_1/index_origin.md"] == _english(1).encode()
