"""The `amts` command as a user runs it: a process, its exit code, and what it writes where."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from tests.conftest import Write, git

ENGLISH = """# Tea

The water has 95 degrees. Wait for `steep()` to end.

The cup holds $c$ grams.
"""
CHINESE = """# 茶

水有95度。等待`steep()`结束。

杯子装有$c$克。
"""
CHANGED = ENGLISH.replace("Wait for `steep()` to end.", "Drink it with your friends at once.")


def amts(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """Runs `amts` and returns what it did."""
    command = [sys.executable, "-m", "bot.cli", *map(str, arguments)]
    root = str(Path(__file__).parents[2])
    environment = os.environ | {"PYTHONPATH": root}
    return subprocess.run(command, capture_output=True, timeout=120, check=False, env=environment, cwd=cwd)


def succeeds(*arguments: str | Path) -> bytes:
    """What `amts` writes to standard output; it has to end with 0."""
    done = amts(*arguments)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def error_of(code: int, *arguments: str | Path) -> str:
    """The one line of error that `amts` ends with, and nothing on standard output."""
    done = amts(*arguments)
    lines = done.stderr.decode().splitlines()
    assert done.returncode == code, lines
    assert done.stdout == b""
    assert len(lines) == 1, lines
    assert lines[0].startswith("amts: error: ")
    return lines[0]


@pytest.fixture
def section(tmp_path: Path) -> Path:
    """A folder with a section before and after a change upstream, and its translation."""
    for name, text in {"old.md": ENGLISH, "new.md": CHANGED, "zh.md": CHINESE}.items():
        (tmp_path / name).write_bytes(text.encode())
    return tmp_path


def draft_arguments(folder: Path) -> tuple[str | Path, ...]:
    return ("draft", folder / "old.md", folder / "new.md", folder / "zh.md", "--language", "zh")


def test_help_names_every_command() -> None:
    text = succeeds("--help").decode()
    for command in ("sync", "draft", "status", "segments", "align", "score", "bench", "demo"):
        assert f"  {command} " in text


def test_the_version_is_that_of_the_package() -> None:
    try:
        version = metadata.version("amts")
    except metadata.PackageNotFoundError:
        pytest.skip("the package amts is not installed")
    assert succeeds("--version").decode() == f"amts, version {version}\n"


def test_without_a_command_the_help_is_shown_and_the_code_is_2() -> None:
    done = amts()
    assert done.returncode == 2
    assert b"Usage: amts" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["nonsense"], "nonsense"),
        (["draft", "--nonsense"], "--nonsense"),
        (["draft", "one.md"], "NEW_SOURCE"),
        (["segments", "no-such.md"], "no-such.md"),
        (["bench", "replays", "no-such"], "no-such"),
        (["align", "a.md", "b.md", "--language", "zh", "--format", "xls"], "xls"),
    ],
)
def test_wrong_use_is_one_line_and_code_2(arguments: list[str], part: str) -> None:
    assert part in error_of(2, *arguments)


def test_an_unknown_language_is_refused_with_the_nearest(section: Path) -> None:
    arguments = draft_arguments(section)[:-1]
    assert "'zz'" in error_of(2, *arguments, "zz")
    assert "zh" in error_of(2, *arguments, "zhh")


def test_an_unknown_engine_is_refused_with_the_known(section: Path) -> None:
    assert "memory, none" in error_of(2, *draft_arguments(section), "--engine", "oracle")


def test_a_file_that_is_not_utf8_is_refused(section: Path) -> None:
    (section / "zh.md").write_bytes(b"# \xff\xfe")
    error = error_of(2, *draft_arguments(section))
    assert "zh.md" in error
    assert "UTF-8" in error


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("old.md", "", "made from is empty"),
        ("new.md", " \n", "new English is empty"),
        ("zh.md", "\ufeff", "translation is empty"),
        ("zh.md", "- 土豆\n" * 40, "does not resemble"),
        ("new.md", f"{CHANGED}\n```\nno end\n", "never closed"),
    ],
)
def test_texts_that_cannot_go_together_are_refused(section: Path, name: str, text: str, reason: str) -> None:
    (section / name).write_text(text, encoding="utf-8")
    assert reason in error_of(2, *draft_arguments(section), "-o", section / "out.md")
    assert not (section / "out.md").exists()


def test_a_new_section_needs_no_translation_yet(section: Path) -> None:
    for name in ("old.md", "zh.md"):
        (section / name).write_text("", encoding="utf-8")
    assert succeeds(*draft_arguments(section)).decode() == CHANGED


def test_what_is_not_a_plain_file_is_written_to_and_not_replaced(section: Path) -> None:
    os.mkfifo(pipe := section / "pipe")
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        succeeds(*draft_arguments(section), "-o", pipe)
        assert reader.communicate(timeout=60)[0].decode().startswith("# 茶")
    assert pipe.is_fifo()


def test_a_message_cannot_steer_the_terminal(tmp_path: Path) -> None:
    assert "\x1b" not in error_of(2, "segments", tmp_path / "a\x1b[31m\nb.md")


def test_the_draft_keeps_the_rest_byte_for_byte(section: Path) -> None:
    drafted = succeeds(*draft_arguments(section)).decode()
    assert drafted.startswith("# 茶\n\n水有95度。")
    assert drafted.endswith("\n\n杯子装有$c$克。\n")


@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_line_ends_and_byte_order_mark_survive(section: Path, bom: str) -> None:
    for name in ("old.md", "new.md", "zh.md"):
        text = (section / name).read_text(encoding="utf-8")
        (section / name).write_bytes((bom + text.replace("\n", "\r\n")).encode())
    unchanged = ("draft", section / "old.md", section / "old.md", section / "zh.md", "--language", "zh")
    assert succeeds(*unchanged) == (section / "zh.md").read_bytes()
    succeeds(*unchanged, "-o", section / "out.md")
    assert (section / "out.md").read_bytes() == (section / "zh.md").read_bytes()
    drafted = succeeds(*draft_arguments(section)).decode()
    assert drafted.count("\n") == drafted.count("\r\n")
    assert drafted.startswith(bom)


def test_the_draft_is_written_whole_or_not_at_all(section: Path) -> None:
    (section / "out.md").write_text("mine", encoding="utf-8")
    (section / "out.md").chmod(0o640)
    (section / "new.md").write_bytes(b"\xff")
    error_of(2, *draft_arguments(section), "-o", section / "out.md")
    assert (section / "out.md").read_text(encoding="utf-8") == "mine"
    (section / "new.md").write_text(CHANGED, encoding="utf-8")
    assert succeeds(*draft_arguments(section), "-o", section / "out.md") == b""
    assert (section / "out.md").read_text(encoding="utf-8").startswith("# 茶")
    assert (section / "out.md").stat().st_mode & 0o777 == 0o640
    assert sorted(file.name for file in section.iterdir()) == ["new.md", "old.md", "out.md", "zh.md"]
    assert "no-such" in error_of(2, *draft_arguments(section), "-o", section / "no-such" / "out.md")
    assert "no-such" in error_of(2, *draft_arguments(section), "--json", section / "no-such" / "plan.json")


def test_the_plan_goes_to_its_file_or_alone_to_standard_output(section: Path) -> None:
    drafted = succeeds(*draft_arguments(section), "--json", section / "plan.json")
    plan = json.loads((section / "plan.json").read_text(encoding="utf-8"))
    assert json.loads(succeeds(*draft_arguments(section), "--json", "-")) == plan
    assert json.loads(succeeds(*draft_arguments(section), "--json")) == plan
    assert drafted.startswith("# 茶".encode())
    both = succeeds(*draft_arguments(section), "--json", "-", "-o", section / "out.md")
    assert json.loads(both) == plan
    assert (section / "out.md").read_bytes() == drafted


def test_more_memory_translates_the_changed_sentence(section: Path) -> None:
    (section / "more.csv").write_text(
        "en,zh\nDrink it with your friends at once.,和朋友们一起马上喝。\n", encoding="utf-8"
    )
    assert "和朋友们一起马上喝。" in succeeds(*draft_arguments(section), "--memory", section / "more.csv").decode()
    folder = section / "more"
    folder.mkdir()
    (folder / "x_origin.md").write_text("Drink it with your friends at once.\n", encoding="utf-8")
    (folder / "x.md").write_text("和朋友们一起马上喝。\n", encoding="utf-8")
    with_folder = succeeds(*draft_arguments(section), "--memory-from", folder).decode()
    assert "和朋友们一起马上喝。" in with_folder
    without_engine = [*draft_arguments(section), "--memory-from", folder, "--engine", "none"]
    assert "和朋友们一起马上喝。" not in succeeds(*without_engine).decode()


def test_one_bad_pair_of_a_memory_folder_is_told_and_the_rest_is_used(section: Path) -> None:
    folder = section / "more"
    folder.mkdir()
    (folder / "a_origin.md").write_bytes(b"\xff")
    (folder / "a.md").write_text("坏\n", encoding="utf-8")
    (folder / "x_origin.md").write_text("Drink it with your friends at once.\n", encoding="utf-8")
    (folder / "x.md").write_text("和朋友们一起马上喝。\n", encoding="utf-8")
    done = amts(*draft_arguments(section), "--memory-from", folder)
    assert done.returncode == 1
    assert "和朋友们一起马上喝。" in done.stdout.decode()
    assert "a.md" in done.stderr.decode()


def test_segments_have_the_published_form_and_no_gaps(section: Path) -> None:
    text = "# A $x$\r\n\r\nIt is. So `y`\r\n\r\n```\ncode\n```\n"
    (section / "s.md").write_bytes(text.encode())
    blocks = json.loads(succeeds("segments", section / "s.md", "--json"))["blocks"]
    assert "".join(text[block["start"] : block["end"]] for block in blocks) == text
    assert blocks[0]["start"] == 0
    assert blocks[-1]["end"] == len(text)
    assert [block["kind"] for block in blocks] == ["heading", "blank", "paragraph", "blank", "fence"]
    assert blocks[0] == {
        "kind": "heading",
        "start": 0,
        "end": 9,
        "segments": [{"start": 2, "end": 7, "text": "A $x$", "protected": [{"start": 4, "end": 7, "kind": "math"}]}],
    }
    assert [segment["text"] for segment in blocks[2]["segments"]] == ["It is.", "So `y`"]
    listed = succeeds("segments", section / "s.md").decode()
    assert "0-9 heading" in listed
    assert "4-7 math '$x$'" in listed


def test_align_lists_the_units_of_two_files(section: Path) -> None:
    arguments = ("align", section / "old.md", section / "zh.md", "--language", "zh")
    rows = list(csv.reader(io.StringIO(succeeds(*arguments).decode())))
    assert rows[0] == ["en", "zh"]
    assert ["The water has 95 degrees.", "水有95度。"] in rows
    whole = list(csv.reader(io.StringIO(succeeds(*arguments, "--granularity", "paragraph").decode())))
    assert ["The water has 95 degrees. Wait for `steep()` to end.", "水有95度。等待`steep()`结束。"] in whole
    units = json.loads(succeeds(*arguments, "--format", "json"))["units"]
    assert all(0 <= unit["confidence"] <= 1 for unit in units)
    assert b"<tmx" in succeeds(*arguments, "--format", "tmx")
    succeeds(*arguments, "--format", "tsv", "-o", section / "units.tsv")
    assert "水有95度。" in (section / "units.tsv").read_text(encoding="utf-8")


def test_align_takes_parallel_folders_and_folders_of_pairs(section: Path) -> None:
    for folder, text in (("en", ENGLISH), ("zh", CHINESE)):
        (section / folder / "part").mkdir(parents=True)
        (section / folder / "part" / "a.md").write_text(text, encoding="utf-8")
    (section / "zh" / "only.md").write_text("# 只有\n", encoding="utf-8")
    parallel = succeeds("align", section / "en", section / "zh", "--language", "zh")
    (section / "zh" / "part" / "a_origin.md").write_text(ENGLISH, encoding="utf-8")
    assert succeeds("align", section / "zh", section / "zh", "--language", "zh") == parallel
    assert "水有95度。" in parallel.decode()
    assert "two files or two folders" in error_of(2, "align", section, section / "zh.md", "--language", "zh")


def test_align_goes_on_after_a_bad_pair_and_never_leaves_the_folder(section: Path) -> None:
    folder = section / "pairs"
    folder.mkdir()
    (folder / "a_origin.md").write_text(ENGLISH, encoding="utf-8")
    (folder / "a.md").write_text(CHINESE, encoding="utf-8")
    (folder / "b_origin.md").write_text("# Secret\n", encoding="utf-8")
    (section / "secret.md").write_text("# 秘密\n", encoding="utf-8")
    (folder / "b.md").symlink_to(section / "secret.md")
    done = amts("align", folder, folder, "--language", "zh")
    assert done.returncode == 1
    assert "水有95度。" in done.stdout.decode()
    assert "秘密" not in done.stdout.decode()
    assert "b.md leads out of" in done.stderr.decode()


def test_score_is_1_for_the_same_and_less_for_another(section: Path) -> None:
    same = json.loads(succeeds("score", section / "zh.md", section / "zh.md", "--language", "zh", "--json"))
    assert same["BLEU"]["value"] == pytest.approx(1)
    assert same["chrF"]["value"] == pytest.approx(100)
    assert same["TER"]["value"] == 0
    assert "tok:zh" in same["BLEU"]["signature"]
    (section / "other.md").write_text(CHINESE.replace("结束", "完成"), encoding="utf-8")
    other = json.loads(succeeds("score", section / "other.md", section / "zh.md", "-l", "zh", "--json"))
    assert 0 < other["BLEU"]["value"] < 1
    assert other["TER"]["value"] > 0
    assert "BLEU" in succeeds("score", section / "zh.md", section / "zh.md", "--language", "zh").decode()


def test_texts_without_prose_have_no_score(section: Path) -> None:
    code = section / "code.md"
    code.write_text("```python\nsteep()\n```\n", encoding="utf-8")
    for hypothesis in (code, section / "zh.md"):
        assert "there is no prose to score in" in error_of(2, "score", hypothesis, code, "--language", "zh")
    empty = json.loads(succeeds("score", code, section / "zh.md", "--language", "zh", "--json"))
    assert empty["BLEU"]["value"] == 0


def test_a_reader_that_goes_away_is_no_crash(tmp_path: Path) -> None:
    (tmp_path / "long.md").write_text("It is so. " * 20_000, encoding="utf-8")
    command = [sys.executable, "-m", "bot.cli", "segments", str(tmp_path / "long.md")]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 1


@pytest.fixture
def books(tmp_path: Path, write: Write) -> tuple[Path, Path]:
    """A clone of the English book with a change upstream, and of its translation."""
    source, target = tmp_path / "en", tmp_path / "zh"
    write(source, {"tea.md": ENGLISH, "cups.md": "# Cups\n"})
    write(
        target,
        {"tea_origin.md": ENGLISH, "tea.md": CHINESE, "cups_origin.md": "# Cups\n", "cups.md": "# 杯子\n"},
    )
    write(source, {"tea.md": CHANGED})
    return source, target


def test_sync_commits_the_drafts_and_leaves_the_work_tree_alone(books: tuple[Path, Path]) -> None:
    source, target = books
    before = git(target, "rev-parse", "HEAD")
    printed = succeeds("sync", source, target, "--language", "zh").decode()
    assert "1 section" in printed
    assert git(target, "rev-parse", "HEAD") == before
    assert git(target, "status", "--porcelain") == ""
    assert git(target, "diff", "--name-only", "HEAD", "amts/sync").splitlines() == ["tea.md", "tea_origin.md"]
    assert git(target, "show", "amts/sync:tea_origin.md") == CHANGED.strip()
    message = git(target, "log", "-1", "--format=%B", "amts/sync")
    assert f"AMTS-Source: {git(source, 'rev-parse', 'HEAD')}" in message
    tip = git(target, "rev-parse", "amts/sync")
    succeeds("sync", source, target, "--language", "zh")
    assert git(target, "rev-parse", "amts/sync") == tip


def test_a_dry_run_writes_nothing_and_an_output_folder_takes_the_files(books: tuple[Path, Path]) -> None:
    source, target = books
    arguments = ("sync", source, target, "--language", "zh")
    report = json.loads(succeeds(*arguments, "--dry-run", "--json", "-"))
    assert report["commit"] is None
    assert report["totals"]["sections"]["behind"] == 1
    assert git(target, "branch", "--list", "amts/sync") == ""
    output = target.parent / "drafts"
    succeeds(*arguments, "--output", output, "--section", "tea.md")
    drafted = (output / "tea.md").read_text(encoding="utf-8")
    assert drafted.startswith("# 茶\n\n水有95度。")
    assert drafted.endswith("\n\n杯子装有$c$克。\n")
    assert (output / "tea_origin.md").read_bytes() == CHANGED.encode()
    assert git(target, "branch", "--list", "amts/sync") == ""
    assert "--output" in error_of(2, *arguments, "--dry-run", "--output", output)


def test_settings_of_the_repository_are_used_and_bad_ones_are_told(books: tuple[Path, Path], write: Write) -> None:
    source, target = books
    write(target, {".github/amts.yml": "language: zh\nengine: none\n"})
    report = json.loads(succeeds("sync", source, target, "--dry-run", "--json"))
    assert (report["language"], report["engine"]) == ("zh", "none")
    engine = json.loads(succeeds("sync", source, target, "--dry-run", "--json", "-", "--engine", "memory"))
    assert engine["engine"] == "memory"
    write(target, {".github/amts.yml": "langage: zh\n"})
    assert "language" in error_of(2, "sync", source, target)


def test_another_language_than_the_settings_say_is_refused(books: tuple[Path, Path], write: Write) -> None:
    source, target = books
    write(target, {".github/amts.yml": "language: zh\n"})
    for command in ("sync", "status"):
        said = error_of(2, command, source, target, "--language", "es")
        assert f"--language es: .github/amts.yml of {target} says zh: leave --language out" in said
        succeeds(command, source, target, "--language", "ZH")


@pytest.mark.parametrize(
    ("engine", "part"),
    [
        ("deepl", "unknown engine 'deepl'; known are memory, none"),
        ("{name: memory, options: {treshold: 0.5}}", "unknown option 'treshold'; known are threshold"),
        ("{name: memory, options: {threshold: 2}}", "threshold must be a number"),
        ("{name: amazon, options: {bucket: 3}}", "bucket must be the name of an S3 bucket"),
    ],
)
def test_status_refuses_the_engine_that_a_sync_would(
    books: tuple[Path, Path], write: Write, engine: str, part: str
) -> None:
    write(books[1], {".github/amts.yml": f"language: zh\nengine: {engine}\n"})
    for command in ("status", "sync"):
        assert part in error_of(2, command, *books)


def test_one_section_that_fails_is_told_and_the_rest_is_done(books: tuple[Path, Path], write: Write) -> None:
    source, target = books
    write(target, {"cups.md": b"# \xff\n"})
    write(source, {"cups.md": "# Cups and more\n"})
    done = amts("sync", source, target, "--language", "zh")
    assert done.returncode == 1
    assert "cups.md" in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
    assert git(target, "show", "amts/sync:tea_origin.md") == CHANGED.strip()
    assert amts("status", source, target, "--language", "zh").returncode == 1


def test_status_has_a_row_for_each_section_and_totals(books: tuple[Path, Path], write: Write) -> None:
    source, target = books
    write(source, {"new.md": "# New\n"})
    listed = succeeds("status", source, target, "--language", "zh").decode()
    for word in ("tea.md", "behind", "cups.md", "up to date", "new.md", "new upstream"):
        assert word in listed
    values = json.loads(succeeds("status", source, target, "--language", "zh", "--json"))
    rows = {row["path"]: row for row in values["sections"]}
    assert (rows["tea.md"]["state"], rows["tea.md"]["commits"], rows["tea.md"]["segments"]) == (
        "behind",
        1,
        1,
    )
    assert rows["cups.md"]["segments"] == 0
    assert values["totals"]["sections"]["new upstream"] == 1


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--source-revision", "no-such"], "no-such"),
        (["--target-revision", "--upload-pack=x"], "--upload-pack=x"),
        (["--section", "te.md"], "tea.md"),
        (["--engine", "oracle"], "memory, none"),
    ],
)
def test_what_a_sync_cannot_use_is_told_in_one_line(books: tuple[Path, Path], arguments: list[str], part: str) -> None:
    assert part in error_of(2, "sync", *books, "--language", "zh", *arguments)


def test_a_folder_that_is_no_repository_is_refused(books: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    assert "plain" in error_of(2, "sync", tmp_path / "plain", books[1], "--language", "zh")
    assert "language" in error_of(2, "status", *books)
