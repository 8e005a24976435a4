"""The benchmarks measure what they say: on small books whose figures are known."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from rich.console import Console

from bot.bench import Figures
from bot.bench.alignment import bench_alignment, damage
from bot.bench.book import bench_book
from bot.bench.edits import EDITS, NEW_PARAGRAPH, bench_edits
from bot.bench.places import find_places
from bot.files import FileError, Pair
from sync.markdown import parse
from sync.model import Draft

PARAGRAPHS = 12


def _english(number: int) -> str:
    return (
        f"The cup of number {number} holds $c_{{{number}}}$ grams of tea, and that is enough for today. "
        f"See :numref:`fig_cup{number}` for how it cools when `steep_{number}()` ends."
    )


def _korean(number: int) -> str:
    return (
        f"{number} 번 컵에는 차 $c_{{{number}}}$ 그램이 담겨 있으며 오늘은 그것으로 충분합니다. "
        f"`steep_{number}()`이 끝나면 어떻게 식는지 :numref:`fig_cup{number}`를 보세요."
    )


def _code(comment: str) -> str:
    return f"```python\n# {comment}\ntemperature = measure(cup)\nprint(temperature)\n```\n"


ENGLISH = "\n".join(
    [
        "# Tea\n",
        *(f"{_english(n)}\n" for n in range(PARAGRAPHS)),
        _code("Measure it"),
        "The tea is ready now.\n",
    ]
)
KOREAN = "\n".join(
    [
        "# 차\n",
        *(f"{_korean(n)}\n" for n in range(PARAGRAPHS)),
        _code("측정하기"),
        "이제 차가 준비되었습니다.\n",
    ]
)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A folder of pairs with one section."""
    folder = tmp_path / "ko"
    folder.mkdir()
    (folder / "tea_origin.md").write_text(ENGLISH, encoding="utf-8")
    (folder / "tea.md").write_text(KOREAN, encoding="utf-8")
    return folder


class Heard:
    """A progress that remembers what it was told last."""

    last: tuple[str, int, int] = ("", 0, 0)

    def __call__(self, stage: str, done: int, total: int) -> None:
        assert 0 <= done <= total
        self.last = (stage, done, total)


def _shown(figures: Figures) -> str:
    console = Console(width=300, record=True, quiet=False, file=None)
    with console.capture() as capture:
        for table in figures.tables():
            console.print(table)
    return capture.get()


def test_each_kind_of_edit_is_made_and_leaves_the_rest(book: Path) -> None:
    figures = bench_edits(book, "ko", Heard())
    assert {trial.kind for trial in figures.trials} == set(EDITS)
    assert [trial.fault for trial in figures.trials] == [None] * len(EDITS)
    assert all(counts == {"made": 1, "held": 1} for counts in figures.summary().values())
    assert "100.00 %" in _shown(figures)


def test_an_edit_that_spreads_is_found(book: Path) -> None:
    """The verdict is the benchmark's own: a draft that is right but for one blank line is a fault."""
    field = find_places(Pair("tea.md", ENGLISH, KOREAN), "ko")
    edit = EDITS["insert a block"](field, random.Random(1))  # noqa: S311
    assert edit is not None
    at = edit.source.index(NEW_PARAGRAPH)
    number = next(n for n in range(PARAGRAPHS) if edit.source[:at].rstrip().endswith(_english(n)))
    right = KOREAN.replace(f"{_korean(number)}\n", f"{_korean(number)}\n\n{NEW_PARAGRAPH}\n")
    assert edit.verdict(Draft(right, ())) is None
    assert edit.verdict(Draft(right.replace("# 차", "# 차 "), ())) is not None
    assert edit.verdict(Draft(KOREAN, ())) is not None
    assert edit.verdict(Draft(f"{NEW_PARAGRAPH}\n\n{KOREAN}", ())) is not None


def test_damage_is_what_it_says_and_the_same_each_time() -> None:
    hurt = [damage(Pair(f"{n}.md", ENGLISH, KOREAN), "ko") for n in range(30)]
    again = [damage(Pair(f"{n}.md", ENGLISH, KOREAN), "ko") for n in range(30)]
    assert hurt == again
    known = [one for one in hurt if one is not None]
    assert any(frozenset() in one.expected for one in known), "no block was ever deleted"
    assert any(one.inserted for one in known), "no block was ever inserted"
    for one in known:
        content = [block for block in one.target.blocks if block.kind != "blank"]
        for number, expected in enumerate(one.expected[1 : PARAGRAPHS + 1]):
            assert all(_korean(number) in content[place].text for place in expected)


def test_a_section_of_another_structure_is_not_of_known_alignment(book: Path) -> None:
    assert damage(Pair("tea.md", ENGLISH, KOREAN + "\n## 더\n"), "ko") is None
    (book / "tea.md").write_text(KOREAN + "\n## 더\n", encoding="utf-8")
    figures = bench_alignment(book, "ko", Heard())
    assert figures.summary() == {"sections": 0, "skipped": 1}


def test_alignment_of_a_section_full_of_anchors_is_right(book: Path) -> None:
    figures = bench_alignment(book, "ko", Heard())
    totals = figures.summary()
    assert totals["sections"] == 1
    assert totals["links"] + totals["deletions"] == sum(b.kind != "blank" for b in parse(ENGLISH).blocks)
    assert totals["links_right"] == totals["links"]
    assert "100.00 %" in _shown(figures)


def test_a_book_is_timed_beside_md2po(book: Path, tmp_path: Path) -> None:
    pytest.importorskip("mdpo", reason="the package mdpo (extra `bench`) is not installed")
    source = tmp_path / "en"
    source.mkdir()
    (source / "tea.md").write_text(ENGLISH.replace(_english(2), NEW_PARAGRAPH), encoding="utf-8")
    figures = bench_book(source, book, "ko", Heard())
    assert [figure.sections for figure in figures.whole] == [1, 1]
    assert figures.md2po.sections == 2
    assert figures.refused == ()
    assert all(0 < figure.work <= figure.seconds for figure in figures.whole)
    assert all(figure.peak > 1_000_000 for figure in (*figures.whole, figures.md2po))
    values = json.loads(json.dumps(figures.to_json()))
    assert set(values["ratio_to_md2po"]) == {"amts, engine none", "amts, engine memory"}
    assert "md2po, one run" in _shown(figures)


def test_a_book_without_pairs_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("mdpo", reason="the package mdpo (extra `bench`) is not installed")
    with pytest.raises(FileError, match="holds no pair"):
        bench_book(tmp_path, tmp_path, "ko", Heard())
