"""What review says over months: trends whose arithmetic can be checked by hand, and cohorts that really lag."""

from __future__ import annotations

import csv
import io
import json
import random
import sys
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click import UsageError
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cli.quality import QualityError
from bot.cli.quality import quality as command
from bot.cohorts import LEAST_SECTIONS, LEAST_SEGMENTS
from bot.ledger import MAX_BYTES, PATH, Entry, LedgerError, dump, load, read
from bot.quality import quality
from bot.records import REF
from bot.trend import figures_of
from tests.conftest import Write, git


def entry(section: str = "a/x.md", edits: int = 10, **fields: object) -> Entry:
    """A section of 100 characters, of which so many were changed."""
    values = {"merged": "2026-03-05T10:00:00Z", "repository": "tea/zh", "pull_request": 1, "language": "zh",
              "engine": "memory", "segments": 8, "accepted": 5, "waiting": 2, "undone": 0, "characters": 100,
              "edits_by_hand": 40, "ter": 20.0, "bleu": 0.8, "chrf": 70.0, "signature": "tok:zh"}  # fmt: skip
    return Entry(**{**values, "section": section, "edits": edits, **fields})  # type: ignore[arg-type]


def merges(chapter: str, edits: Sequence[int], first: int = 1, **fields: object) -> list[Entry]:
    """A pull request for each number of edits, each of one section of a chapter."""
    return [
        entry(f"{chapter}/{number}.md", changed, pull_request=number, **fields)
        for number, changed in enumerate(edits, first)
    ]


COUNTS = st.integers(0, 1000)
ENTRIES = st.lists(
    st.builds(
        entry,
        section=st.sampled_from(["a/x.md", "a/y.md", "b/x.md", "index.md", ""]),
        edits=COUNTS,
        merged=st.sampled_from(["2026-01-02T00:00:00Z", "2026-02-28T23:59:59Z", "2026-02-01T00:00:00+09:00"]),
        repository=st.sampled_from(["tea/zh", "tea/es"]),
        language=st.sampled_from(["zh", "es"]),
        engine=st.sampled_from(["memory", "amazon"]),
        pull_request=st.integers(1, 3),
        characters=COUNTS,
        edits_by_hand=COUNTS,
        bleu=st.none() | st.floats(0, 1),
        terms=st.dictionaries(st.sampled_from(["cup", "tea", "water"]), st.integers(1, 5)),
    ),
    max_size=30,
)


@settings(deadline=None)
@given(ENTRIES)
def test_every_way_of_dividing_adds_up_to_all(entries: list[Entry]) -> None:
    found = quality(entries)
    for by in ("all", "language", "engine", "chapter"):
        rows = [row for row in found.rows if row.by == by]
        whole = [row.figures for row in rows if not row.month]
        months = [row.figures for row in rows if row.month]
        for name in ("segments", "accepted", "waiting", "characters", "edits", "edits_by_hand"):
            assert sum(getattr(it, name) for it in whole) == sum(getattr(it, name) for it in months)
    (everything,) = [row.figures for row in found.rows if row.by == "all" and not row.month] or [figures_of([])]
    for by in ("language", "engine"):
        assert everything.edits == sum(r.figures.edits for r in found.rows if r.by == by and not r.month)
    json.dumps(found.to_json(), allow_nan=False)


@settings(deadline=None)
@given(ENTRIES)
def test_entries_that_are_told_twice_count_once_and_their_order_does_not_matter(entries: list[Entry]) -> None:
    once = list({(it.repository, it.pull_request, it.section): it for it in entries}.values())
    assert quality(entries) == quality(once)
    shuffled = random.Random(1).sample(once, len(once))  # noqa: S311
    assert [(r.by, r.name, r.month, r.figures.edits) for r in quality(shuffled).rows] == [
        (r.by, r.name, r.month, r.figures.edits) for r in quality(once).rows
    ]


@settings(deadline=None)
@given(ENTRIES)
def test_scores_and_shares_stay_among_those_of_the_entries(entries: list[Entry]) -> None:
    it = figures_of(entries)
    known = [found.bleu for found in entries if found.bleu is not None]
    assert (it.bleu is None) == (not known)
    if it.bleu is not None:
        assert min(known) - 1e-9 <= it.bleu <= max(known) + 1e-9
    if it.effort is not None:
        assert it.saved_from_nothing == pytest.approx(1 - it.edits / it.characters)
    if it.edits_by_hand:
        assert it.saved_by_hand == pytest.approx(1 - it.edits / it.edits_by_hand)


def test_both_ways_of_saving_by_hand() -> None:
    it = figures_of([entry(edits=10), entry("a/y.md", 0, characters=300, edits_by_hand=10, bleu=0.4, segments=14)])
    assert it.effort == pytest.approx(10 / 400)
    assert it.saved_from_nothing == pytest.approx(1 - 10 / 400)
    assert it.saved_by_hand == pytest.approx(1 - 10 / 50)
    assert it.bleu == pytest.approx((6 * 0.8 + 12 * 0.4) / 18)
    assert it.accepted_share == pytest.approx(10 / 22)


def test_where_nothing_was_merged_nothing_is_claimed() -> None:
    it = figures_of([entry(characters=0, edits=0, edits_by_hand=0, bleu=None, undone=8)])
    assert (it.effort, it.saved_from_nothing, it.saved_by_hand, it.bleu, it.accepted_share) == (None,) * 5
    assert quality([]).rows == ()


def test_a_pull_request_counts_by_what_is_told_of_all_of_it() -> None:
    sections = merges("a", [10, 20])
    sections = [replace(it, pull_request=1) for it in sections]
    whole = entry("", 30, characters=200, bleu=0.5)
    rows = {(row.by, row.name): row.figures for row in quality([*sections, whole]).rows if not row.month}
    assert (rows["all", ""].edits, rows["all", ""].bleu) == (30, 0.5)
    assert rows["chapter", "tea/zh a"].edits == 30
    assert rows["chapter", "tea/zh a"].bleu == pytest.approx(0.8)


def test_months_are_those_of_the_merges() -> None:
    found = quality([entry(), entry("a/y.md", merged="2026-04-01T00:00:00Z")])
    assert [row.month for row in found.rows if row.by == "language"] == ["2026-03", "2026-04", ""]


def test_a_chapter_that_takes_more_work_is_named_with_its_share_and_what_would_help() -> None:
    hard = merges("hard", [60, 70, 50, 65, 55, 60], terms={"tensor": 4, "cup": 1})
    easy = merges("easy", [10, 12, 8, 10, 9, 11], first=20, terms={"cup": 1})
    (late,) = quality([*hard, *easy]).lagging
    assert (late.by, late.name) == ("chapter", "tea/zh hard")
    assert late.figures.effort == pytest.approx(0.6)
    assert late.rest.effort == pytest.approx(0.1)
    assert late.interval[0] > 0.1
    assert late.share == pytest.approx(360 / 420)
    assert late.spared == 300
    assert late.sections["hard/2.md"] == 60
    assert next(iter(late.sections)) == "hard/2.md"
    assert late.terms == {"tensor": 24}  # cups are no more trouble there than elsewhere


def test_a_language_is_compared_with_the_others() -> None:
    slow = merges("a", [50] * 6, language="es", repository="tea/es")
    late = quality([*slow, *merges("a", [10] * 6)]).lagging
    assert [(it.by, it.name) for it in late] == [("language", "es")]


@settings(deadline=None)
@given(st.permutations([10, 20, 30, 40, 50, 60]), st.permutations([10, 20, 30, 40, 50, 60]))
def test_what_chance_explains_is_not_named(one: list[int], other: list[int]) -> None:
    found = quality([*merges("a", one), *merges("b", other, first=20)])
    assert found.lagging == ()
    assert found.judged == 2


def test_few_data_are_not_judged() -> None:
    many = merges("a", [10] * 6)
    few = merges("b", [90] * (LEAST_SECTIONS - 1), first=20, segments=50)
    small = merges("c", [90] * 6, first=40, segments=LEAST_SEGMENTS // 6 - 1)
    found = quality([*many, *few, *small])
    assert found.lagging == ()
    assert (found.judged, found.too_few) == (1, 2)


def test_bleu_of_several_signatures_has_no_mean() -> None:
    spanish = entry("", repository="tea/es", language="es", bleu=0.4, signature="tok:13a")
    rows = {(row.by, row.name): row.figures for row in quality([entry(""), spanish]).rows if not row.month}
    assert (rows["all", ""].bleu, rows["all", ""].signature) == (None, "tok:13a tok:zh")
    assert (rows["engine", "memory"].bleu, rows["engine", "memory"].chrf) == (None, 70.0)
    assert rows["language", "es"].bleu == pytest.approx(0.4)
    assert rows["language", "es"].signature == "tok:13a"
    unscored = entry("a/y.md", bleu=None, signature="")
    assert figures_of([entry(), unscored]).bleu == pytest.approx(0.8)  # nothing was computed differently


WRONG: list[dict[str, object]] = [
    {"segments": -1}, {"segments": 10**12 + 1}, {"edits": True}, {"edits": 1.5}, {"ter": float("nan")},
    {"ter": float("inf")}, {"bleu": 1.02}, {"chrf": 101.0}, {"bleu": "0.5"}, {"signature": "a b"},
    {"signature": "x" * 201}, {"section": "x" * 1001}, {"merged": "long ago"}, {"terms": {"cup": -1}},
    {"terms": {"cup": "1"}}, {"terms": {"x" * 1001: 1}}, {"language": None},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_a_bad_line_is_named_by_its_number_and_costs_no_other(wrong: dict[str, object]) -> None:
    good = entry("a/\u2028x.md", merged="", bleu=1.0000000001)
    data = dump([good]) + b"\n" + dump([replace(good, **wrong)]) + dump([good])  # type: ignore[arg-type]
    told = f"tea: {PATH}, line 3, is no entry of AMTS: correct or remove that line"
    assert read(data, "tea") == ((good, good), (told,))
    with pytest.raises(LedgerError) as caught:
        load(data, "tea")
    assert str(caught.value) == told


@pytest.mark.parametrize("line", [b"[]", b"{", b"3", b"\xff", b"[" * 100_000, b'{"merged": 1}'])
def test_what_is_no_entry_at_all_is_a_bad_line(line: bytes) -> None:
    assert [len(found) for found in read(line, "tea")] == [0, 1]


def test_an_entry_with_more_than_it_should_have_is_a_bad_line() -> None:
    more = json.dumps(json.loads(dump([entry()])) | {"more": 1})
    assert [len(found) for found in read(more.encode(), "tea")] == [0, 1]


def test_many_bad_lines_are_not_all_told_and_a_huge_ledger_is_not_read() -> None:
    _, bad = read(b"3\n" * 1_020, "tea")
    assert len(bad) == 21
    assert bad[-1] == f"tea: {PATH}: 1,000 more lines are no entries of AMTS: correct or remove them"
    (told,) = read(b" " * (MAX_BYTES + 1), "tea")[1]
    assert told == f"tea: {PATH} is larger than 100 MB: remove its oldest lines"


def test_a_path_that_is_no_utf8_comes_back() -> None:
    odd = entry("a/\udcff.md")
    assert load(dump([odd]), "tea") == (odd,)


def ledger(folder: Path, write: Write, entries: Sequence[Entry], more: bytes = b"") -> Path:
    """A clone whose `refs/amts/state` has a ledger, with `more` after the entries; its branch has none."""
    write(folder, {"a.md": "A.\n"})
    git(folder, "checkout", "--quiet", "--orphan", "state")
    commit = write(folder, {PATH: dump(entries) + more})
    git(folder, "checkout", "--quiet", "master")
    git(folder, "update-ref", REF, commit)
    return folder


@dataclass(frozen=True)
class Done:
    """What the command wrote."""

    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """A function that runs `amts quality` with arguments, AMTS_HOME being `home`."""

    def run_command(*arguments: str | Path, home: Path = Path("nowhere"), code: int = 0) -> Done:
        monkeypatch.setenv("AMTS_HOME", str(home))
        assert command.main([str(it) for it in arguments], standalone_mode=False) == code
        sys.stdout.flush()
        return Done(*capfd.readouterr())

    return run_command


HARD = [*merges("hard", [60, 70, 50, 65, 55, 60]), *merges("easy", [10, 12, 8, 10, 9, 11], first=20)]


def test_the_command_prints_figures_and_both_definitions(tmp_path: Path, write: Write, run: Run) -> None:
    clone = ledger(tmp_path / "zh", write, HARD)
    done = run(clone)
    text = " ".join(done.out.split())
    assert "35.0 %" in text  # 420 of 1,200 characters
    assert "tea/zh hard" in text
    assert "against translating the changed sentences from nothing" in text
    assert "against updating the old text by hand" in text
    assert "2 languages and chapters were compared with the rest; 0 have fewer than 30 segments" in text
    assert "many comparisons is not corrected for" in text
    assert "95 % interval lies above the rest" in text
    assert "chance" not in text
    assert "BLEU, by sacreBLEU: tok:zh. " in f"{text} "
    for heading in ("accepted unchanged", "waited", "still wait", "saved (a)", "saved (b)"):
        assert heading in text


def test_what_still_waits_has_its_own_column(tmp_path: Path, write: Write, run: Run) -> None:
    done = run(ledger(tmp_path / "zh", write, [entry(undone=2, accepted=3)]))
    (row,) = [line for line in done.out.splitlines() if line.lstrip("│ ").startswith("all") and "2026-03" in line]
    assert [cell.strip() for cell in row.split("│")[4:9]] == ["1", "8", "50.0 %", "2", "2"]


def test_a_bad_line_does_not_lose_the_report(tmp_path: Path, write: Write, run: Run) -> None:
    clone = ledger(tmp_path / "zh", write, HARD, b"{}\n")
    done = run(clone, code=1)
    assert f"amts: {clone}: {PATH}, line 13, is no entry of AMTS: correct or remove that line" in done.err
    assert "35.0 %" in done.out


def test_one_bad_clone_does_not_stop_the_others(tmp_path: Path, write: Write, run: Run) -> None:
    write(tmp_path / "en", {"a.md": "A.\n"})
    (tmp_path / "empty").mkdir()
    clone = ledger(tmp_path / "zh", write, HARD)
    done = run(tmp_path / "en", tmp_path / "empty", clone, code=1)
    assert f"amts: error: {tmp_path / 'en'} has no {REF}" in done.err
    assert len(done.err.splitlines()) == 2
    assert "35.0 %" in done.out
    done = run(tmp_path / "en", tmp_path / "empty", code=1)
    assert "merged yet" not in done.err  # nobody knows


def test_names_of_a_ledger_cannot_steer_the_terminal(tmp_path: Path, write: Write, run: Run) -> None:
    odd = [replace(it, engine="m\x1b[2J", terms={"cup\x1b]0;x\x07": 9}) for it in merges("hard\x1b[31m", [60] * 6)]
    done = run(ledger(tmp_path / "zh", write, [*odd, *merges("easy", [10] * 6, first=20)]))
    assert "hard" in done.out
    assert "\x1b" not in done.out + done.err


def test_a_language_without_merges_is_told_with_those_that_have(tmp_path: Path, write: Write, run: Run) -> None:
    clone = ledger(tmp_path / "zh", write, HARD)
    done = run(clone, "-l", "ko", "--charts", tmp_path / "charts")
    assert (done.out, done.err) == ("", "amts: no merges in ko: the ledger has zh\n")
    assert not (tmp_path / "charts").exists()


def test_one_language_alone(tmp_path: Path, write: Write, run: Run) -> None:
    other = ledger(tmp_path / "es", write, merges("x", [1], language="es", repository="tea/es"))
    clone = ledger(tmp_path / "zh", write, HARD)
    told = json.loads(run(other, clone, "--language", "ES", "--json").out)
    assert {row["name"] for row in told["trend"] if row["by"] == "language"} == {"es"}


def test_without_clones_it_takes_the_mirrors_of_the_bot(tmp_path: Path, write: Write, run: Run) -> None:
    mirrors = tmp_path / "home" / "mirrors" / "0a"
    mirrors.mkdir(parents=True)
    for name, clone in (("zh", ledger(tmp_path / "zh", write, HARD)), ("en", tmp_path / "en")):
        if name == "en":
            write(clone, {"a.md": "A.\n"})
        git(tmp_path, "clone", "--quiet", "--mirror", str(clone), str(mirrors / f"{name}-1234.git"))
    told = json.loads(run("--json", home=tmp_path / "home").out)
    assert told["lagging"][0]["name"] == "tea/zh hard"


def test_rows_and_entries_as_csv_and_json_lines(tmp_path: Path, write: Write, run: Run) -> None:
    odd = entry("=cmd()|' /C calc'!A0.md", repository="tea/ko", language="ko", terms={"cup": 2})
    clone = ledger(tmp_path / "zh", write, [odd, entry()])
    rows = list(csv.DictReader(io.StringIO(run(clone, "--csv").out)))
    assert {row["by"] for row in rows} == {"all", "language", "engine", "chapter"}
    assert rows[-1].keys() == json.loads(run(clone, "--jsonl").out.splitlines()[-1]).keys()
    entries = list(csv.DictReader(io.StringIO(run(clone, "--csv", "--ledger").out)))
    assert entries[0]["section"] == "'=cmd()|' /C calc'!A0.md"  # a spreadsheet must not run it
    assert json.loads(entries[0]["terms"]) == {"cup": 2}
    lines = run(clone, "--jsonl", "--ledger").out.encode()
    assert lines == dump([odd, entry()])


def test_charts_need_no_display_and_no_font(
    tmp_path: Path, write: Write, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib", reason="the extra `charts` is not installed")
    monkeypatch.delenv("DISPLAY", raising=False)
    named = merges("第一章 $\\x$", [50, 40, 60, 50, 55], first=40, merged="2026-04-09T00:00:00Z", engine="_x")
    clone = ledger(tmp_path / "zh", write, [*HARD, *named, entry("a.md", merged="")])
    with warnings.catch_warnings(action="error"):  # of a glyph that the font lacks, of a label left out
        run(clone, "--charts", tmp_path / "charts")
    made = {path.name: path.read_bytes() for path in (tmp_path / "charts").iterdir()}
    assert set(made) == {"over-time.svg", "over-time.png", "chapters.svg", "chapters.png"}
    for name, data in made.items():
        if name.endswith(".png"):
            assert data.startswith(b"\x89PNG")
        else:
            assert ET.fromstring(data).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314
    run(clone, "--charts", tmp_path / "again")
    assert made == {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()}


def test_a_chart_has_a_bar_for_each_chapter_and_a_line_for_each_language() -> None:
    charts = pytest.importorskip("bot.charts", reason="the extra `charts` is not installed")
    found = quality([*HARD, *merges("x", [5] * 3, language="es", repository="tea/es")])
    bars = charts.by_chapter(found.rows, {"tea/zh hard"}).axes[0]
    assert [round(patch.get_width(), 3) for patch in bars.patches] == [0.6, 0.1, 0.05]
    assert bars.patches[0].get_facecolor() != bars.patches[1].get_facecolor()
    legend = {text.get_text(): patch.get_facecolor() for text, patch in
              zip(bars.get_legend().get_texts(), bars.get_legend().get_patches(), strict=True)}  # fmt: skip
    assert legend["lags behind: its 95 % interval lies above the rest"] == bars.patches[0].get_facecolor()
    assert charts.by_chapter(found.rows, set()).axes[0].get_legend() is None
    drawing = charts.over_time(found.rows)
    panels = drawing.axes
    drawing.draw_without_rendering()
    for panel in panels:  # a label no higher than what it stands beside is not cut
        assert panel.yaxis.label.get_window_extent().height <= panel.get_window_extent().height
    assert [len(panel.lines) for panel in panels] == [2, 1, 2, 1]
    gains = charts.gains({"none": [0.1, None, -0.2], "po4a": [None, None, None]}).axes[0]
    assert [list(line.get_ydata()) for line in gains.lines[1:]] == [[-0.2, 0.1], []]


def test_a_chart_of_another_kind_is_refused(tmp_path: Path) -> None:
    charts = pytest.importorskip("bot.charts", reason="the extra `charts` is not installed")
    with pytest.raises(charts.ChartError, match=r"an \.svg or a \.png"):
        charts.write_chart(charts.gains({}), tmp_path / "chart.pdf")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--json", "--csv"], "only one of --json, --csv and --jsonl"),
        (["--ledger"], "add one of them"),
        ([], "has no mirrors"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, run: Run, arguments: list[str], why: str) -> None:
    with pytest.raises((UsageError, QualityError), match=why):
        run(*arguments, home=tmp_path)


def test_a_clone_without_a_ledger_is_told_how_to_get_it(tmp_path: Path, write: Write, run: Run) -> None:
    write(tmp_path / "zh", {"a.md": "A.\n"})
    with pytest.raises(QualityError, match=r"git fetch origin '\+refs/amts/\*:refs/amts/\*'"):
        run(tmp_path / "zh")


def test_a_new_ledger_says_that_there_is_nothing_yet(tmp_path: Path, write: Write, run: Run) -> None:
    done = run(ledger(tmp_path / "zh", write, []))
    assert done.out == ""
    assert "nothing that AMTS drafted was merged yet" in done.err
