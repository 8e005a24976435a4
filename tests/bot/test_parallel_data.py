"""`amts parallel-data` as a user runs it, on git repositories and on folders."""

from __future__ import annotations

import csv
import io
import json
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from bot.bench.extraction import bench_extraction
from sync.memory import read_units
from sync.repos import Repository
from tests.bot.test_cli import amts, error_of
from tests.conftest import Write, git

TEA = "# Tea pot\n\nThe water has 95 degrees. Wait for `steep()` to end.\n\n[Discussions](https://example.org/1)\n"
CHINESE = "# 茶壶\n\n水有95度。等待`steep()`结束。\n\n[Discussions](https://example.org/1)\n"
CUP = "# Tea pot\n\nThe cup holds $c < 3$ grams of tea.\n"
CHINESE_CUP = "# 茶具\n\n杯子装有$c < 3$克茶。\n"
FILES = {"tea.md": CHINESE, "tea_origin.md": TEA, "a/cup.md": CHINESE_CUP, "a/cup_origin.md": CUP}


@pytest.fixture
def repository(tmp_path: Path, write: Write) -> Path:
    """A translation whose section tea.md changed after a/cup.md."""
    folder = tmp_path / "zh"
    write(folder, {name: text for name, text in FILES.items() if "cup" in name})
    write(folder, {name: text for name, text in FILES.items() if "tea" in name})
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "book" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return tmp_path / "book"


def rows_of(text: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.decode(), newline="")))


def test_the_rows_of_a_folder_are_ready_for_the_service(folder: Path) -> None:
    done = amts("parallel-data", folder, "--language", "zh")
    assert done.returncode == 0
    assert done.stdout.startswith(b"en,zh\n")
    assert rows_of(done.stdout)[1:] == [
        ["Tea pot", "茶壶"],
        [
            'The cup holds <span translate="no" id="0">$c &lt; 3$</span> grams of tea.',
            '杯子装有<span translate="no" id="0">$c &lt; 3$</span>克茶。',
        ],
        ["The water has 95 degrees.", "水有95度。"],
        [
            'Wait for <span translate="no" id="0">`steep()`</span> to end.',
            '等待<span translate="no" id="0">`steep()`</span>结束。',
        ],
    ]
    assert re.fullmatch(
        r"amts: kept: 4\namts: held out: 0\namts: dropped: untranslated: 1\namts: dropped: duplicate: 1\n"
        r"amts: fingerprint: [0-9a-f]{64}\n",
        done.stderr.decode(),
    )


def test_of_a_repository_the_newest_translation_wins(
    repository: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def heading() -> str:
        done = amts("parallel-data", repository, "--language", "zh")
        assert done.returncode == 0, done.stderr
        return next(target for source, target in rows_of(done.stdout) if source == "Tea pot")

    for year, name, newest in ((2098, "tea.md", "茶壶"), (2099, "a/cup.md", "茶具")):
        monkeypatch.setenv("GIT_COMMITTER_DATE", f"{year}-01-01T00:00:00Z")
        write(repository, {name: FILES[name] + "\n"})
        assert heading() == newest
    (repository / "a/cup.md").unlink()  # what is not committed is not read
    assert heading() == "茶具"


def test_when_a_section_was_last_changed(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "zh"
    for year, files in ((2001, {"a.md": "1", "b.md": "1"}), (2002, {"a.md": "2", "c.txt": "1"})):
        monkeypatch.setenv("GIT_COMMITTER_DATE", f"{year}-01-01T00:00:00Z")
        write(folder, files)
    git(folder, "checkout", "--quiet", "-b", "side", "HEAD~1")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2003-01-01T00:00:00Z")
    write(folder, {"b.md": "2", "ü/d.md": "1"})
    git(folder, "checkout", "--quiet", "master")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2004-01-01T00:00:00Z")
    git(folder, "merge", "--quiet", "--no-edit", "side")
    with Repository(folder) as repository:
        found = repository.last_changed(repository.resolve())
    assert found == {"a.md": 1009843200, "b.md": 1041379200, "ü/d.md": 1041379200}


def test_the_english_may_be_in_its_own_repository(tmp_path: Path, write: Write) -> None:
    english, chinese = tmp_path / "en", tmp_path / "zh"
    write(english, {"tea.md": TEA, "cup.md": CUP})
    write(chinese, {"tea.md": CHINESE, "cup.md": CHINESE_CUP, ".github/amts.yml": "layout: {origin: none}\n"})
    message = error_of(2, "parallel-data", chinese, "--language", "zh")
    assert "--source" in message
    done = amts("parallel-data", chinese, "--language", "zh", "--source", english)
    assert done.returncode == 0, done.stderr
    assert ["The water has 95 degrees.", "水有95度。"] in rows_of(done.stdout)


def test_added_files_are_older_than_the_book(folder: Path, tmp_path: Path) -> None:
    more = tmp_path / "more.csv"
    more.write_text("en,zh\nTea pot,旧茶壶\nGreen tea,绿茶\n=1+1,等于二\n", encoding="utf-8")
    done = amts("parallel-data", folder, "--language", "zh", "--add", more)
    rows = rows_of(done.stdout)
    assert ["Green tea", "绿茶"] in rows
    assert "旧茶壶" not in done.stdout.decode()
    assert b"dropped: refused by the service: 1" in done.stderr


def test_the_test_set_is_in_a_file_of_its_own_and_never_in_the_data(folder: Path, tmp_path: Path) -> None:
    more, result, held_out = tmp_path / "more.csv", tmp_path / "data.csv", tmp_path / "test.json"
    letters = [a + b + c for a in "abcdefgh" for b in "ijklmnop" for c in "aeiou"]
    more.write_text("en,zh\n" + "".join(f"tea {word},茶{word}\n" for word in letters), encoding="utf-8")
    arguments = ("--language", "zh", "--add", more, "-o", result, "--test-set", held_out, "--json", "-")
    done = amts("parallel-data", folder, *arguments)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    kept, apart = read_units(result, "zh"), read_units(held_out, "zh")
    assert (len(kept), len(apart)) == (told["units"], told["held_out"])
    assert 0 < len(apart) < 20
    assert not {unit.source for unit in kept} & {unit.source for unit in apart}
    assert len(kept) + len(apart) == len(letters) + 4
    assert told["fingerprint"] in done.stderr.decode()
    assert told["dropped"] == {
        "empty": 0, "untranslated": 1, "doubtful alignment": 0, "protected tokens differ": 0, "refused by the service": 0,
        "over 1,000 bytes": 0, "markup differs": 0, "length ratio": 0, "duplicate": 1,
    }  # fmt: skip


def test_paragraphs_and_other_formats(folder: Path) -> None:
    done = amts("parallel-data", folder, "--language", "zh", "--granularity", "paragraph", "--format", "tsv")
    lines = done.stdout.decode().splitlines()
    assert lines[0] == "en\tzh"
    assert any(line.startswith("The water has 95 degrees. Wait for <span") for line in lines)
    if find_spec("translate") is not None:
        done = amts("parallel-data", folder, "--language", "zh", "--format", "tmx")
        assert b"<tmx" in done.stdout
        assert "水有95度。".encode() in done.stdout


def test_a_section_that_cannot_be_read_is_told_and_the_rest_is_done(
    folder: Path, repository: Path, write: Write
) -> None:
    (folder / "tea.md").write_bytes(b"\xff")
    write(repository, {"tea.md": b"\xff"})
    for target in (folder, repository):
        done = amts("parallel-data", target, "--language", "zh")
        assert done.returncode == 1
        assert ["Tea pot", "茶具"] in rows_of(done.stdout)
        (error,) = [line for line in done.stderr.decode().splitlines() if "error" in line]
        assert "tea.md" in error
        assert "UTF-8" in error


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--language", "zz"], "unknown language"),
        (["--language", "zh", "--source", "."], "--source"),
        (["--language", "zh", "--test-set", "test.xlsx"], "must end in .csv"),
        (["--language", "zh", "--add", "absent.csv"], "absent.csv"),
        (["--language", "zh", "--format", "json"], "json"),
        ([], "--language"),
    ],
)
def test_wrong_use_is_one_line(folder: Path, arguments: list[str], part: str) -> None:
    assert part in error_of(2, "parallel-data", folder, *arguments)


def test_a_folder_without_pairs_is_refused(tmp_path: Path) -> None:
    assert "no pair" in error_of(2, "parallel-data", tmp_path, "--language", "zh")


def test_the_same_book_gives_the_same_bytes(folder: Path) -> None:
    first, second = (amts("parallel-data", folder, "--language", "zh") for _ in range(2))
    assert (first.stdout, first.stderr) == (second.stdout, second.stderr)


def test_it_is_timed_beside_md2po(folder: Path) -> None:
    pytest.importorskip("mdpo")
    figures = bench_extraction(folder, "zh", lambda stage, done, total: None)
    assert figures.units == 4
    assert figures.ours.sections == 4
    assert (
        figures.ratio
        == figures.to_json()["ratio_to_md2po_each"]
        == pytest.approx(figures.ours.seconds / figures.md2po_each.seconds)
    )
    assert len(figures.tables()) == 2
