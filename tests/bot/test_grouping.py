"""Which sections go into which pull request."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.grouping import Groups, branch_of, chapter_of, chapters_of, group
from bot.records import Waiting, is_own
from sync.config import PullRequests
from sync.ground import BRANCH

WORK = {"a/x.md": 3, "a/y.md": 2, "b/x.md": 4, "c/x.md": 1, "index.md": 1}
A, B, C, FRONT = (f"{BRANCH}-{name}" for name in ("a", "b", "c", "front"))


def grouped(
    work: dict[str, int] | None = None,
    covered: dict[str, str] | None = None,
    opened: tuple[str, ...] = (),
    wanted: tuple[str, ...] = (),
    max_segments: int = 5,
    max_open: int = 2,
) -> Groups:
    limits = PullRequests(max_segments=max_segments, max_open=max_open)
    return group(WORK if work is None else work, WORK, covered or {}, opened, wanted, limits)


def test_what_can_be_reviewed_at_once_is_one_pull_request() -> None:
    assert grouped(max_segments=11) == Groups({BRANCH: tuple(sorted(WORK))}, ())
    assert grouped({}) == Groups({}, ())


def test_what_is_too_large_is_split_by_chapter_and_the_rest_waits() -> None:
    assert grouped() == Groups({A: ("a/x.md", "a/y.md"), B: ("b/x.md",)}, (Waiting("c", 1, 1), Waiting("front", 1, 1)))


def test_what_is_in_an_open_pull_request_stays_there() -> None:
    found = grouped(covered={"b/x.md": BRANCH}, opened=(BRANCH,))
    assert found.branches == {BRANCH: ("b/x.md",), A: ("a/x.md", "a/y.md")}
    assert [item.chapter for item in found.waiting] == ["c", "front"]


def test_once_split_it_stays_split_until_the_chapters_are_done() -> None:
    assert grouped({"c/x.md": 1, "index.md": 1}, opened=(A,)).branches == {C: ("c/x.md",)}
    assert grouped({"c/x.md": 1, "index.md": 1}).branches == {BRANCH: ("c/x.md", "index.md")}


def test_more_of_an_open_chapter_needs_no_room() -> None:
    found = grouped({"a/y.md": 2, "c/x.md": 9}, covered={"a/x.md": A}, opened=(A, B))
    assert found.branches == {A: ("a/y.md",)}
    assert [item.chapter for item in found.waiting] == ["c"]


def test_a_chapter_that_is_asked_for_is_opened_however_many_there_are() -> None:
    found = grouped(opened=(A, B), wanted=("front", "nothing like it"))
    assert found.branches.keys() == {A, B, FRONT}
    assert [item.chapter for item in found.waiting] == ["c"]


def test_the_chapter_is_the_first_folder_that_not_all_share() -> None:
    assert chapters_of(["docs/en/a/x.md", "docs/en/b/y/z.md", "docs/en/w.md"]) == {
        "docs/en/a/x.md": "a", "docs/en/b/y/z.md": "b", "docs/en/w.md": "front",
    }  # fmt: skip
    assert chapters_of(["a/x.md", "a/y.md"]) == {"a/x.md": "a", "a/y.md": "a"}
    assert chapters_of(["x.md"]) == {"x.md": "front"}
    assert chapters_of([]) == {}


NAMES = st.text(st.characters(exclude_characters="/\0\n"), min_size=1, max_size=12).filter(
    lambda n: n not in (".", "..")
)


@given(st.lists(NAMES, min_size=2, max_size=5, unique=True))
def test_every_chapter_has_a_branch_of_its_own_that_git_allows(chapters: list[str]) -> None:
    branches = [branch_of(chapter) for chapter in chapters]
    assert len(set(branches)) == len(branches)
    for branch in branches:
        assert is_own(branch)
        assert branch.removeprefix(f"{BRANCH}-").replace("-", "").replace("_", "").isalnum() or "_" in branch
        assert branch.isascii()
        assert not branch.endswith((".lock", ".", "/"))


def test_a_branch_tells_its_chapter() -> None:
    assert chapter_of(branch_of("chapter_linear-networks")) == "chapter_linear-networks"
    assert chapter_of(BRANCH) is None


@given(
    st.dictionaries(st.builds("{}/{}.md".format, st.sampled_from("abcdef"), st.integers(0, 3)), st.integers(1, 9)),
    st.sets(st.sampled_from([BRANCH, A, B, C])),
    st.integers(1, 30),
    st.integers(1, 4),
)
def test_every_section_is_somewhere_once(work: dict[str, int], opened: set[str], most: int, max_open: int) -> None:
    covered = {path: sorted(opened)[0] for path in sorted(work)[:2] if opened}
    found = grouped(work, covered, tuple(sorted(opened)), (), most, max_open)
    drafted = [path for paths in found.branches.values() for path in paths]
    assert len(drafted) == len(set(drafted))
    assert all(path in found.branches[branch] for path, branch in covered.items())
    assert len({*found.branches, *opened}) <= max(max_open, len(opened)) or not found.waiting
    chapters = chapters_of({*WORK, *work})
    left = {path for path in work if path not in drafted}
    assert {item.chapter for item in found.waiting} == {chapters[path] for path in left}
    assert sum(item.segments for item in found.waiting) == sum(work[path] for path in left)
    assert sum(item.sections for item in found.waiting) == len(left)
