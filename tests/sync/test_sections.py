"""The sections of a translation: their bases, renames, states, on real git repositories."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from sync import lock
from sync.book import open_book
from sync.config import Config, ConfigError, Layout
from sync.history import Version
from sync.model import SectionState
from sync.repos import Repository
from sync.sections import Pair, quiet, read_pairs
from sync.status import SectionStatus, segments_behind, status
from tests.conftest import Write, git

SPANISH = replace(Config(), language="es")


def section(title: str, ending: str, name: str, count: int) -> str:
    """A section of `count` paragraphs whose words no other section has."""
    words = "\n\n".join(
        " ".join(f"{name}{letter}{ending}" for letter in "abcdefgh") + f" {name}{n}{ending} in ${n}$."
        for n in range(count)
    )
    code = "".join(f"{name}_{n} = {n}\n" for n in range(count))
    return f"# {title} {name}\n\n{words}\n\n```python\n{code}```\n"


def english(name: str, count: int = 8) -> str:
    return section("The", "ing", name, count)


def spanish(name: str, count: int = 8) -> str:
    return section("El", "ando", name, count)


def pairs_of(source: Path, target: Path, config: Config = SPANISH) -> dict[str, Pair]:
    with Repository(source) as one, Repository(target) as other:
        book = open_book(one, other, one.resolve(), other.resolve(), config)
        return {pair.path: pair for pair in read_pairs(book, quiet)}


def status_of(source: Path, target: Path, config: Config = SPANISH) -> dict[str, SectionStatus]:
    with Repository(source) as one, Repository(target) as other:
        return {row.path: row for row in status(one, other, config)}


def translated(*names: str) -> dict[str, str | bytes | None]:
    """Translations with their origins."""
    files: dict[str, str | bytes | None] = {}
    for name in names:
        files[f"{name}.md"] = spanish(name)
        files[f"{name}_origin.md"] = english(name)
    return files


def sources(*names: str) -> dict[str, str | bytes | None]:
    return {f"{name}.md": english(name) for name in names}


def test_every_state_is_told(tmp_path: Path, write: Write) -> None:
    base = write(tmp_path / "en", sources("same", "late", "moved", "gone"))
    write(
        tmp_path / "en",
        {
            "late.md": english("late").replace("late3ing", "later", 1) + "\nAnd one more.\n",
            "new/moved.md": english("moved"),
            "moved.md": None,
            "gone.md": None,
            "fresh.md": english("fresh"),
        },
    )
    write(tmp_path / "es", translated("same", "late", "moved", "gone") | {"own.md": "Una nota.\n"})
    rows = status_of(tmp_path / "en", tmp_path / "es")
    assert {path: row.state for path, row in rows.items()} == {
        "same.md": SectionState.UP_TO_DATE,
        "late.md": SectionState.BEHIND,
        "moved.md": SectionState.RENAMED,
        "gone.md": SectionState.GONE,
        "fresh.md": SectionState.NEW,
        "own.md": SectionState.NO_ORIGIN,
    }
    late = rows["late.md"]
    assert (late.base, late.commits, late.segments) == (base, 1, 2)
    assert (rows["same.md"].commits, rows["same.md"].segments) == (0, 0)
    assert rows["moved.md"].source_path == "new/moved.md"
    assert "proposed for removal" in rows["gone.md"].notes[0]
    assert [row.error for row in rows.values() if row.error] == []


def test_a_certain_rename_takes_the_translation_along(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "en", sources("one"))
    write(tmp_path / "en", {"one.md": None, "deep/one.md": english("one")})
    write(tmp_path / "es", translated("one"))
    pair = pairs_of(tmp_path / "en", tmp_path / "es")["one.md"]
    assert (pair.new_path, pair.source_path) == ("deep/one.md", "deep/one.md")
    assert pair.state is SectionState.RENAMED
    write(tmp_path / "es", {"deep/one.md": "Ocupado.\n"})
    pair = pairs_of(tmp_path / "en", tmp_path / "es")["one.md"]
    assert pair.new_path == "one.md"


def test_a_rename_that_git_cannot_see_is_followed_by_content(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "en", sources("one"))
    rewritten = english("one", 4) + english("other", 12)
    write(tmp_path / "en", {"one.md": None, "two.md": rewritten, "three.md": english("three")})
    write(tmp_path / "es", translated("one"))
    pair = pairs_of(tmp_path / "en", tmp_path / "es")["one.md"]
    assert (pair.state, pair.source_path, pair.new_path) == (SectionState.RENAMED, "two.md", "one.md")
    assert "the translation stays where it is" in pair.notes[0]


def test_a_split_is_reported(tmp_path: Path, write: Write) -> None:
    text = english("first", 9) + english("second", 6)
    write(tmp_path / "en", {"both.md": text})
    write(tmp_path / "en", {"both.md": english("first", 9), "second.md": english("second", 6)})
    write(tmp_path / "es", {"both.md": spanish("first") + spanish("second"), "both_origin.md": text})
    pairs = pairs_of(tmp_path / "en", tmp_path / "es")
    assert any("split upstream" in note and "second.md" in note for note in pairs["both.md"].notes)
    assert pairs["second.md"].state is SectionState.NEW


def test_two_sections_that_became_one_share_no_source(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "en", sources("one", "two"))
    write(tmp_path / "en", {"one.md": None, "two.md": None, "all.md": english("one") + english("two", 4)})
    write(tmp_path / "es", translated("one", "two"))
    pairs = pairs_of(tmp_path / "en", tmp_path / "es")
    assert pairs["one.md"].source_path == "all.md"
    assert pairs["two.md"].state is SectionState.GONE
    assert "of its source is now in all.md" in pairs["two.md"].notes[1]


def test_an_origin_edited_in_place_has_a_nearest_version(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "en", {"one.md": english("one", 4)})
    base = write(tmp_path / "en", {"one.md": english("one", 8)})
    write(tmp_path / "en", {"one.md": english("one", 12)})
    edited = english("one", 8).replace("one3ing", "three")
    write(tmp_path / "es", {"one.md": spanish("one"), "one_origin.md": edited})
    pair = pairs_of(tmp_path / "en", tmp_path / "es")["one.md"]
    assert (pair.base, pair.behind) == (Version(base, "one.md"), 1)
    assert pair.old_source == edited
    assert "was edited in place" in pair.notes[0]
    git(tmp_path / "en", "reset", "--quiet", "--hard", base)
    assert pairs_of(tmp_path / "en", tmp_path / "es")["one.md"].state is SectionState.UP_TO_DATE


def test_an_origin_from_elsewhere_is_taken_as_it_is(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "en", sources("one"))
    write(tmp_path / "es", {"one.md": spanish("one"), "one_origin.md": "# Else\n\nSomething else.\n"})
    pair = pairs_of(tmp_path / "en", tmp_path / "es")["one.md"]
    assert (pair.base, pair.behind, pair.state) == (None, None, SectionState.BEHIND)
    assert "is no version of the source" in pair.notes[0]


def test_without_origin_the_version_that_aligns_best_is_found(tmp_path: Path, write: Write) -> None:
    commits = [write(tmp_path / "en", {"one.md": english("one", n)}) for n in range(2, 17)]
    write(tmp_path / "es", {"one.md": spanish("one", 9)})
    pair = pairs_of(tmp_path / "en", tmp_path / "es")["one.md"]
    assert pair.base == Version(commits[7], "one.md")
    assert pair.old_source == english("one", 9)
    assert (pair.state, pair.behind) == (SectionState.BEHIND, 7)
    assert "base found by alignment" in pair.notes[0]


def test_a_translation_unlike_its_source_is_an_error(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "en", sources("one", "two"))
    nonsense = "```sh\nls\n```\n\n|a|b|\n|-|-|\n|c|d|\n\n" * 20
    write(tmp_path / "es", translated("two") | {"one.md": nonsense})
    pairs = pairs_of(tmp_path / "en", tmp_path / "es")
    assert "resembles no version of one.md" in str(pairs["one.md"].error)
    assert pairs["two.md"].error is None
    assert sorted(pairs) == ["one.md", "two.md"]


DOCS = replace(
    SPANISH, layout=Layout("docs/en/{path}.md", "docs/es/{path}.md", None), include=("/docs/en/",), exclude=()
)


def test_source_and_translation_in_one_repository_with_a_lock(tmp_path: Path, write: Write) -> None:
    folder = tmp_path / "book"
    base = write(folder, {"docs/en/a/one.md": english("one"), "docs/en/two.md": english("two")})
    locked = {
        "docs/es/a/one.md": Version(base, "docs/en/a/one.md"),
        "docs/es/two.md": Version(base, "docs/en/two.md"),
    }
    write(
        folder,
        {
            "docs/es/a/one.md": spanish("one"),
            "docs/es/two.md": spanish("two"),
            lock.PATH: lock.dump(locked),
            "README.md": "# Not a section\n",
        },
    )
    write(folder, {"docs/en/two.md": english("two", 9), "docs/en/three.md": english("three")})
    pairs = pairs_of(folder, folder, DOCS)
    assert {path: pair.state for path, pair in pairs.items()} == {
        "docs/es/a/one.md": SectionState.UP_TO_DATE,
        "docs/es/two.md": SectionState.BEHIND,
        "docs/es/three.md": SectionState.NEW,
    }
    assert pairs["docs/es/two.md"].old_source == english("two")
    assert pairs["docs/es/two.md"].behind == 1


def test_the_longer_pattern_has_a_path_that_fits_both(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "b", {"docs/one.md": english("one"), "docs/es/one.md": spanish("one")})
    layout = Layout("docs/{path}.md", "docs/es/{path}.md", None)
    config = replace(SPANISH, layout=layout, include=("/docs/",))
    assert list(pairs_of(tmp_path / "b", tmp_path / "b", config)) == ["docs/es/one.md"]
    with pytest.raises(ConfigError, match="source and translation are the same files"):
        pairs_of(tmp_path / "b", tmp_path / "b", SPANISH)


def test_a_lock_that_names_what_is_not_there_is_an_error_of_that_section(tmp_path: Path, write: Write) -> None:
    base = write(tmp_path / "en", sources("one", "two"))
    config = replace(SPANISH, layout=Layout(origin=None))
    locked = {"one.md": Version("0" * 40, "one.md"), "two.md": Version(base, "nowhere.md")}
    write(tmp_path / "es", {"one.md": spanish("one"), "two.md": spanish("two"), lock.PATH: lock.dump(locked)})
    pairs = pairs_of(tmp_path / "en", tmp_path / "es", config)
    assert "lacks commit 000000000000 of the lock" in str(pairs["one.md"].error)
    assert "nowhere.md" in str(pairs["two.md"].error)


def bad_files(folder: Path, write: Write) -> None:
    """What may go wrong with a file, in the target."""
    files = translated("good", "latin", "huge", "link", "origin")
    files |= {"latin.md": b"Espa\xf1a\n", "huge.md": b"a " * 5_100_000, "origin_origin.md": b"\xff"}
    write(folder, files)
    (folder / "link.md").unlink()
    (folder / "link.md").symlink_to("/etc/passwd")
    write(folder, {})


def test_what_is_wrong_with_one_file_stays_with_it(tmp_path: Path, write: Write) -> None:
    names = ("good", "latin", "huge", "link", "origin", "source")
    write(tmp_path / "en", sources(*names) | {"source.md": b"\xe9\n"})
    bad_files(tmp_path / "es", write)
    pairs = pairs_of(tmp_path / "en", tmp_path / "es")
    errors = {path: pair.error for path, pair in pairs.items() if pair.error}
    expected: Mapping[str, str] = {
        "latin.md": "latin.md, line 1: not UTF-8",
        "huge.md": "huge.md is larger than 10 MB",
        "link.md": "link.md is a symbolic link",
        "origin.md": "origin_origin.md, line 1: not UTF-8",
        "source.md": "source.md, line 1: not UTF-8",
    }
    assert sorted(errors) == sorted(expected)
    for path, beginning in expected.items():
        assert str(errors[path]).startswith(beginning)
        assert "\n" not in str(errors[path])
    assert pairs["good.md"].state is SectionState.UP_TO_DATE


def test_a_file_whose_name_is_not_utf8_is_an_error_of_its_own(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "en", sources("one"))
    write(tmp_path / "es", translated("one"))
    (tmp_path / "es" / os.fsdecode(b"a\xf1o.md")).write_text("Año.\n")
    write(tmp_path / "es", {})
    pairs = pairs_of(tmp_path / "en", tmp_path / "es")
    assert {path: bool(pair.error) for path, pair in pairs.items()} == {
        "one.md": False,
        "'a\\udcf1o.md'": True,
    }


def test_a_new_section_is_not_written_through_a_link(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "en", {"out/one.md": english("one")})
    write(tmp_path / "es", translated("two"))
    (tmp_path / "es" / "out").symlink_to(tmp_path)
    write(tmp_path / "es", {})
    assert "symbolic link" in str(pairs_of(tmp_path / "en", tmp_path / "es")["out/one.md"].error)


def test_what_stands_in_the_way_of_one_draft_stops_only_that(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "en", sources("fine", "folder", "link", "origin", "twice", "twice_origin"))
    write(tmp_path / "es", {"folder.md/notes.txt": "by hand", "origin_origin.md/notes.txt": "by hand"})
    (tmp_path / "es" / "link_origin.md").symlink_to("/etc/passwd")
    write(tmp_path / "es", {})
    errors = {path: pair.error for path, pair in pairs_of(tmp_path / "en", tmp_path / "es").items()}
    assert errors == {
        "fine.md": None,
        "folder.md": "folder.md cannot be written: it is a folder: rename that",
        "link.md": "link_origin.md is a symbolic link and is not written: replace it by a file",
        "origin.md": "origin_origin.md cannot be written: it is a folder: rename that",
        "twice.md": None,
        "twice_origin.md": "twice_origin.md is taken: move that section, or exclude twice_origin.md",
    }


def test_a_folder_in_the_place_of_the_lock_is_an_error_of_the_section(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "en", sources("new"))
    write(tmp_path / "es", {f"{lock.PATH}/notes.txt": "by hand"})
    config = replace(SPANISH, layout=Layout(origin=None))
    pair = pairs_of(tmp_path / "en", tmp_path / "es", config)["new.md"]
    assert pair.error == f"{lock.PATH} cannot be written: it is a folder: rename that"


def test_the_language_must_be_known(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "en", sources("one"))
    with pytest.raises(ConfigError, match="give --language"):
        pairs_of(tmp_path / "en", tmp_path / "en", Config())


def test_segments_are_compared_without_white_space() -> None:
    assert segments_behind("# A\n\nOne\ntwo. Three.\n", "# A\n\nOne two.\nThree. Four.\n", "en") == 1


def test_the_korean_book_against_the_english_one(d2l: Path, english: Path, tmp_path: Path, write: Write) -> None:
    shutil.copytree(d2l / "ko", tmp_path / "ko", copy_function=shutil.copyfile)
    write(tmp_path / "ko", {})
    rows = status_of(english, tmp_path / "ko", replace(Config(), language="ko"))
    counts = Counter(row.state for row in rows.values())
    assert counts == {
        SectionState.BEHIND: 132,
        SectionState.RENAMED: 29,
        SectionState.NEW: 26,
        SectionState.UP_TO_DATE: 5,
        SectionState.GONE: 1,
    }
    assert [row.error for row in rows.values() if row.error] == []
    assert all(row.base for row in rows.values() if row.state is not SectionState.NEW)
    assert {path: rows[path].source_path for path in RENAMED} == RENAMED
    assert any(
        "chapter_builders-guide/init-param.md" in note
        for note in rows["chapter_deep-learning-computation/parameters.md"].notes
    )


# Followed by git over one or two renames and over the merge base, and by content where git sees none.
RENAMED = {
    "chapter_linear-networks/softmax-regression.md": "chapter_linear-classification/softmax-regression.md",
    "chapter_linear-networks/linear-regression.md": "chapter_linear-regression/linear-regression.md",
    "chapter_attention-mechanisms/nadaraya-watson.md": (
        "chapter_attention-mechanisms-and-transformers/attention-pooling.md"
    ),
    "chapter_attention-mechanisms/attention-cues.md": (
        "chapter_attention-mechanisms-and-transformers/queries-keys-values.md"
    ),
    "chapter_recurrent-neural-networks/language-models-and-dataset.md": (
        "chapter_recurrent-neural-networks/language-model.md"
    ),
    "chapter_recurrent-neural-networks/text-preprocessing.md": ("chapter_recurrent-neural-networks/text-sequence.md"),
}
