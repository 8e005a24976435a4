"""Replays mined from the history of a translation: every update that people made together, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

import pytest

from bot.bench.mine import MineError, mine
from bot.bench.replay import Replay, read_replays
from sync.repos import RepositoryError
from tests.bot.test_bench import Heard
from tests.bot.test_cli import amts, succeeds
from tests.conftest import Write, git

OLD, NEW = "# Tea\n\nOne cup of `tea`.\n", "# Tea\n\nTwo cups of `tea`.\n"
VIEJO, NUEVO = "# Té\n\nUna taza de `tea`.\n", "# Té\n\nDos tazas de `tea`.\n"
PAIR = {"a/x_origin.md": OLD, "a/x.md": VIEJO}
UPDATED = {"a/x_origin.md": NEW, "a/x.md": NUEVO}


def texts(replays: Iterable[Replay]) -> Counter[tuple[str, ...]]:
    return Counter((it.section, it.old_source, it.new_source, it.old_target, it.reference) for it in replays)


def rebuild(folder: Path, write: Write, replays: Iterable[Replay]) -> None:
    """A repository in which each replay is a commit, and every other one changes only one of the two."""
    for replay in replays:
        origin = replay.section.removesuffix(".md") + "_origin.md"
        write(folder, {origin: replay.old_source.encode()})
        write(folder, {replay.section: replay.old_target.encode()})
        write(folder, {origin: replay.new_source.encode(), replay.section: replay.reference.encode()})


def test_all_cases_are_found_in_a_repository_rebuilt_from_the_small_book(tmp_path: Path, write: Write) -> None:
    book = Path(str(files("bot.sandbox") / "book"))
    replays = []
    for path in sorted(book.glob("en-before/**/*.md")):
        section = path.relative_to(book / "en-before").as_posix()
        after, target = book / "en-after" / section, book / "es" / section
        if after.is_file() and after.read_bytes() != path.read_bytes():
            old, new, translated = (file.read_bytes().decode() for file in (path, after, target))
            replays.append(Replay("", "es", section, old, new, translated, translated + "\nY algo más.\n"))
    assert len(replays) >= 3
    rebuild(tmp_path / "es", write, replays)
    found = mine(tmp_path / "es", "es", Heard())
    assert texts(found.replays) == texts(replays)
    assert found.left_out == {}


@pytest.mark.parametrize("language", ["zh", "tr"])
def test_all_cases_are_found_in_a_repository_rebuilt_from_d2l(
    d2l: Path, tmp_path: Path, write: Write, language: str
) -> None:
    replays = [case for case in read_replays(d2l / "replays") if case.language == language]
    rebuild(tmp_path / "book", write, replays)
    found = mine(tmp_path / "book", language, Heard())
    assert len(replays) == {"zh": 19, "tr": 25}[language]
    assert texts(found.replays) == texts(replays)


def test_an_update_has_its_commit_its_repository_and_a_name(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "es", PAIR | {".github/amts.yml": "language: es\n"})
    commit = write(tmp_path / "es", UPDATED)
    (replay,) = mine(tmp_path / "es", None, Heard()).replays
    assert (replay.commit, replay.repository, replay.language) == (commit, "es", "es")
    assert replay.name == f"{commit[:8]}-a--x"


def test_what_is_added_or_changed_alone_is_no_update(tmp_path: Path, write: Write) -> None:
    book = tmp_path / "es"
    write(book, PAIR)
    write(book, {"a/x_origin.md": NEW})
    write(book, {"a/x.md": NUEVO})
    write(book, {"b_origin.md": NEW, "b.md": NUEVO})
    write(book, {"a/x_origin.md": OLD, "b.md": VIEJO})  # together, but of two sections
    with pytest.raises(MineError, match="no commit changed an origin and its translation together"):
        mine(book, "es", Heard())


def test_a_renamed_section_is_followed(tmp_path: Path, write: Write) -> None:
    book = tmp_path / "es"
    long, largo = "".join(f"Word {n}.\n\n" for n in range(20)), "".join(f"Palabra {n}.\n\n" for n in range(20))
    write(book, {"a_origin.md": OLD + long, "a.md": VIEJO + largo})
    write(book, {"a_origin.md": None, "a.md": None, "b_origin.md": NEW + long, "b.md": NUEVO + largo})
    (replay,) = mine(book, "es", Heard()).replays
    assert (replay.section, replay.old_target, replay.reference) == ("b.md", VIEJO + largo, NUEVO + largo)


def test_a_merge_counts_where_nothing_it_brings_in_did_both(tmp_path: Path, write: Write) -> None:
    book = tmp_path / "es"
    write(book, PAIR | {"b_origin.md": OLD, "b.md": VIEJO})
    git(book, "checkout", "--quiet", "-b", "work")
    write(book, {"a/x_origin.md": NEW})
    write(book, {"a/x.md": NUEVO})
    together = write(book, {"b_origin.md": NEW, "b.md": NUEVO})
    git(book, "checkout", "--quiet", "master")
    git(book, "merge", "--quiet", "--no-ff", "-m", "Merge", "work")
    found = mine(book, "es", Heard()).replays
    assert {(it.section, it.commit) for it in found} == {
        ("a/x.md", git(book, "rev-parse", "HEAD")),
        ("b.md", together),
    }


def test_the_same_update_on_two_branches_counts_once(tmp_path: Path, write: Write) -> None:
    book = tmp_path / "es"
    base = write(book, PAIR)
    write(book, UPDATED)
    git(book, "checkout", "--quiet", "-b", "other", base)
    write(book, {"readme.md": "Other.\n"})
    write(book, UPDATED)
    assert len(mine(book, "es", Heard()).replays) == 1


def test_a_draft_of_amts_is_no_update_of_people(tmp_path: Path, write: Write) -> None:
    book = tmp_path / "es"
    write(book, PAIR | {"b_origin.md": OLD, "b.md": VIEJO})
    write(book, {"b_origin.md": NEW, "b.md": NUEVO})
    for name, text in UPDATED.items():
        (book / name).write_text(text, encoding="utf-8")
    git(book, "add", "--all")
    bot = ("-c", "user.name=AMTS", "-c", "user.email=amts@bot.invalid")
    git(book, *bot, "commit", "--quiet", "-m", "Draft\n\nAMTS-Source: 0123456789abcdef")
    assert [it.section for it in mine(book, "es", Heard()).replays] == ["b.md"]


def test_what_cannot_be_replayed_is_left_out_with_the_reason(tmp_path: Path, write: Write) -> None:
    book = tmp_path / "es"
    write(book, PAIR | {"b_origin.md": OLD, "b.md": OLD, "c_origin.md": OLD, "c.md": b"T\xe9.\n", "d_origin.md": OLD,
                        "d.md": "\n"})  # fmt: skip
    write(book, UPDATED | {"b_origin.md": NEW, "b.md": NUEVO, "c_origin.md": NEW, "c.md": NUEVO, "d_origin.md": NEW,
                           "d.md": NUEVO})  # fmt: skip
    found = mine(book, "es", Heard())
    assert [it.section for it in found.replays] == ["a/x.md"]
    reasons = {name.rpartition("-")[2]: why for name, why in found.left_out.items()}
    assert reasons["b"] == "it was not translated before"
    assert reasons["c"] == "it is not UTF-8"
    assert reasons["d"].startswith("the translation is empty")
    assert set(json.loads(json.dumps(found.to_json()))["left_out"]) == set(found.left_out)


def test_names_that_a_file_system_would_not_have_are_made_ones_that_it_has(tmp_path: Path, write: Write) -> None:
    book = tmp_path / "es"
    names = ("a b/x", "a?b/x", "chapter_ü/" + "y" * 150)
    write(book, {f"{n}{end}": text for n in names for end, text in (("_origin.md", OLD), (".md", VIEJO))})
    write(book, {f"{n}{end}": text for n in names for end, text in (("_origin.md", NEW), (".md", NUEVO))})
    found = [it.name[9:] for it in mine(book, "es", Heard()).replays]
    assert sorted(found)[:2] == ["a-b--x", "a-b--x-2"]
    assert all(len(name) <= 120 for name in found)


def test_what_is_no_translation_is_refused(tmp_path: Path, write: Write) -> None:
    with pytest.raises(RepositoryError, match="no git repository"):
        mine(tmp_path, "es", Heard())
    write(tmp_path / "es", PAIR)
    with pytest.raises(MineError, match="add --language"):
        mine(tmp_path / "es", None, Heard())
    write(tmp_path / "es", {".github/amts.yml": "language: es\nlayout: {origin: none}\n"})
    with pytest.raises(MineError, match="keeps no origin"):
        mine(tmp_path / "es", None, Heard())


def test_the_commands_mine_keep_and_measure(tmp_path: Path, write: Write) -> None:
    pytest.importorskip("matplotlib", reason="the extra `charts` is not installed")
    book, kept = tmp_path / "es", tmp_path / "kept"
    write(book, PAIR | {".github/amts.yml": "language: es\n"})
    commit = write(book, UPDATED)
    told = json.loads(succeeds("bench", "mine", book, "--to", kept, "--only", "--json", "-"))
    assert [(it["section"], it["commit"]) for it in told["replays"]] == [("a/x.md", commit)]
    assert texts(read_replays(kept)) == texts(mine(book, None, Heard()).replays)

    straight = json.loads(succeeds("bench", "mine", book, "--json", "-"))
    chart = tmp_path / "gains.svg"
    figures = json.loads(succeeds("bench", "replays", kept, "--engine", "none", "--chart", chart, "--json", "-"))
    assert straight["ways"]["none"]["prose_bleu"] == figures["ways"]["none"]["prose_bleu"]
    assert {"alone", "none", "bound"} <= figures["ways"].keys()
    assert "memory" not in figures["ways"]
    assert "memory" in straight["ways"]
    assert b"<svg" in chart.read_bytes()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--only",), "say where, with --to"),
        (("--max-cost", "nan"), "it must be a number"),
        (("--chart", "gains.pdf"), "an .svg or a .png, not 'gains.pdf'"),
        (("--chart", "nowhere/gains.svg"), "nowhere is no folder"),
        (("--engine", "nope"), "unknown engine 'nope'"),
        (("--engine", "amazon"), "no terminal to ask on: add --yes"),
        (("--engine", "amazon", "--max-cost", "0"), "over the limit of $0.00, and nothing was sent"),
    ],
)
def test_what_is_refused_is_refused_before_anything_is_sent(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], why: str
) -> None:
    if "--chart" in options:
        pytest.importorskip("matplotlib", reason="the extra `charts` is not installed")
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    monkeypatch.delenv("AMTS_MAX_COST", raising=False)
    write(tmp_path / "es", PAIR)
    write(tmp_path / "es", UPDATED)
    done = amts("bench", "mine", tmp_path / "es", "-l", "es", *options)
    assert done.returncode == 2
    assert why in done.stderr.decode()
    assert done.stdout == b""
