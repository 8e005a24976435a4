"""The main path, on real git repositories: what a sync drafts, commits, reports, and leaves alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from sync import lock
from sync.config import Checks, Config, Engine, Layout
from sync.engines import Knowledge, create
from sync.ground import BRANCH
from sync.history import Version
from sync.model import AmtsError, Check, Finding, Mute, SectionReport, SectionState, SyncReport
from sync.pipeline import draft_section, sync_translation
from sync.publish import Publish, to_branch, to_folder, to_nowhere
from sync.repos import Repository
from tests.conftest import Write, git

SPANISH = replace(Config(), language="es")
ENGLISH_TEXT = """# Trees

A tree grows from a small seed. It needs water and light to live.

Its roots hold it in the ground. :numref:`fig_tree` shows them.

```python
height = 3  # metres
```

The leaves fall in autumn. The trunk stays.
"""
SPANISH_TEXT = """# Árboles

Un árbol crece de una semilla pequeña. Necesita agua y luz para vivir.

Sus raíces lo sujetan al suelo. :numref:`fig_tree` las muestra.

```python
height = 3  # metros
```

Las hojas caen en otoño. El tronco permanece.
"""
NEW_ENGLISH = ENGLISH_TEXT.replace("height = 3", "height = 4").replace("fig_tree", "fig_roots")
NEW_SPANISH = SPANISH_TEXT.replace("height = 3", "height = 4").replace("fig_tree", "fig_roots")


@pytest.fixture
def books(tmp_path: Path, write: Write) -> tuple[Path, Path]:
    """An English book and its Spanish translation: `trees.md` is behind, `stones.md` is not."""
    source, target = tmp_path / "en", tmp_path / "es"
    stones = "# Stones\n\nA stone is hard.\n"
    write(source, {"trees.md": ENGLISH_TEXT, "stones.md": stones})
    write(source, {"trees.md": NEW_ENGLISH})
    write(
        target,
        {
            "trees.md": SPANISH_TEXT,
            "trees_origin.md": ENGLISH_TEXT,
            "stones.md": "# Piedras\n\nUna piedra es dura.\n",
            "stones_origin.md": stones,
        },
    )
    return source, target


def sync(
    source: Path,
    target: Path,
    config: Config = SPANISH,
    publish: Publish | None = None,
    sections: tuple[str, ...] = (),
    target_revision: str = "HEAD",
) -> SyncReport:
    with Repository(source) as one, Repository(target) as other:
        return sync_translation(
            one,
            other,
            config,
            publish or to_branch(other),
            sections=sections,
            target_revision=target_revision,
        )


def files_of(target: Path, revision: str = BRANCH) -> dict[str, str]:
    with Repository(target) as repository:
        tree = repository.tree(repository.resolve(revision))
        return {path: repository.read(entry.blob).decode() for path, entry in tree.items()}


def by_path(report: SyncReport) -> Mapping[str, SectionReport]:
    return {section.path: section for section in report.sections}


def test_drafts_and_origins_are_one_commit_on_a_branch(books: tuple[Path, Path]) -> None:
    source, target = books
    before = git(target, "rev-parse", "HEAD")
    report = sync(source, target)
    assert report.commit == git(target, "rev-parse", BRANCH)
    assert git(target, "rev-parse", f"{BRANCH}~1", "HEAD").split() == [before, before]
    assert git(target, "status", "--porcelain") == ""
    assert git(target, "diff", "--name-only", f"HEAD..{BRANCH}").split() == ["trees.md", "trees_origin.md"]
    files = files_of(target)
    assert files["trees.md"] == NEW_SPANISH
    assert files["trees_origin.md"] == NEW_ENGLISH
    trailers = git(target, "log", "-1", "--format=%(trailers:only)", BRANCH).splitlines()
    assert trailers == [
        f"AMTS-Source: {git(source, 'rev-parse', 'HEAD')}",
        f"AMTS-Target: {before}",
        "AMTS-Language: es",
        "AMTS-Engine: memory",
    ]


def test_the_report_speaks_of_every_section(books: tuple[Path, Path]) -> None:
    report = sync(*books)
    sections = by_path(report)
    assert {path: section.state for path, section in sections.items()} == {
        "stones.md": SectionState.UP_TO_DATE,
        "trees.md": SectionState.BEHIND,
    }
    assert sections["stones.md"].draft is None
    trees = sections["trees.md"]
    assert trees.base == git(books[0], "rev-parse", "HEAD~1")
    assert trees.draft is not None
    assert trees.draft.text == NEW_SPANISH
    assert (report.language, report.engine) == ("es", "memory")


def test_a_second_sync_changes_nothing(books: tuple[Path, Path]) -> None:
    first = sync(*books)
    again = sync(*books)
    assert again.commit is None
    assert git(books[1], "rev-parse", BRANCH) == first.commit
    assert {section.state for section in again.sections} == {SectionState.UP_TO_DATE}


def test_what_people_commit_to_the_branch_stays(books: tuple[Path, Path], write: Write) -> None:
    source, target = books
    first = sync(source, target)
    git(target, "switch", "--quiet", BRANCH)
    mended = NEW_SPANISH.replace("Un árbol", "Todo árbol")
    by_hand = write(target, {"trees.md": mended})
    git(target, "switch", "--quiet", "master")
    assert sync(source, target).commit is None
    newer = NEW_ENGLISH.replace("height = 4", "height = 5")
    write(source, {"trees.md": newer})
    report = sync(source, target)
    assert git(target, "rev-list", "--reverse", f"master..{BRANCH}").split() == [
        first.commit,
        by_hand,
        report.commit,
    ]
    assert files_of(target)["trees.md"] == mended.replace("height = 4", "height = 5")


def test_a_merged_branch_moves_on_with_the_target(books: tuple[Path, Path], write: Write) -> None:
    source, target = books
    sync(source, target)
    git(target, "merge", "--quiet", "--ff-only", BRANCH)
    head = write(target, {"notas.md": "Una nota.\n"})
    write(source, {"trees.md": ENGLISH_TEXT})
    report = sync(source, target)
    assert git(target, "rev-parse", f"{report.commit}~1") == head
    assert "notas.md" in files_of(target)


def test_a_squashed_branch_moves_on_with_the_target(books: tuple[Path, Path], write: Write) -> None:
    source, target = books
    tip = sync(source, target).commit
    git(target, "merge", "--quiet", "--squash", BRANCH)
    head = write(target, {"notas.md": "Una nota.\n"})
    assert sync(source, target).commit is None
    write(source, {"trees.md": ENGLISH_TEXT})
    report = sync(source, target)
    assert git(target, "rev-parse", f"{report.commit}^1", f"{report.commit}^2").split() == [head, tip]
    files = files_of(target)
    assert files["trees.md"] == SPANISH_TEXT
    assert "notas.md" in files


def test_a_branch_that_went_another_way_is_not_forced(books: tuple[Path, Path], write: Write) -> None:
    source, target = books
    tip = sync(source, target).commit
    write(target, {"trees.md": SPANISH_TEXT + "\nMás.\n"})
    write(source, {"trees.md": NEW_ENGLISH.replace("height = 4", "height = 5")})
    sync(source, target)
    assert git(target, "merge-base", BRANCH, str(tip)) == tip
    assert git(target, "show", f"{BRANCH}:trees.md").endswith("\nMás.")
    git(target, "switch", "--quiet", "--orphan", "alone")
    write(target, translation := {"trees.md": SPANISH_TEXT, "trees_origin.md": ENGLISH_TEXT})
    assert translation.keys() < files_of(target).keys()
    with pytest.raises(AmtsError, match="have nothing in common: delete amts/sync, and sync again"):
        sync(source, target)


def test_an_unrelated_commit_on_the_target_is_merged(books: tuple[Path, Path], write: Write) -> None:
    source, target = books
    tip = sync(source, target).commit
    head = write(target, {"notas.md": "Una nota.\n", "stones.md": "# Piedras\n\nToda piedra es dura.\n"})
    assert sync(source, target).commit is None
    assert git(target, "rev-parse", BRANCH) == tip
    write(source, {"trees.md": NEW_ENGLISH.replace("height = 4", "height = 5")})
    before = git(target, "status", "--porcelain=v2", "--branch")
    report = sync(source, target)
    assert git(target, "rev-parse", f"{report.commit}~1^1", f"{report.commit}~1^2").split() == [head, tip]
    assert git(target, "status", "--porcelain=v2", "--branch") == before
    assert report.target_revision == head
    files = files_of(target)
    assert files["trees.md"] == NEW_SPANISH.replace("height = 4", "height = 5")
    assert files["notas.md"] == "Una nota.\n"
    assert files["stones.md"] == "# Piedras\n\nToda piedra es dura.\n"
    assert sync(source, target).commit is None


def test_the_branch_is_no_matter_where_it_is_not_written(
    books: tuple[Path, Path], tmp_path: Path, write: Write
) -> None:
    source, target = books
    tip = sync(source, target).commit
    mended = SPANISH_TEXT + "\nMás.\n"
    write(target, {"trees.md": mended})
    for publish in (to_nowhere, to_folder(tmp_path / "out")):
        draft = by_path(sync(source, target, publish=publish))["trees.md"].draft
        assert draft is not None
        assert draft.text == NEW_SPANISH + "\nMás.\n"
    assert (tmp_path / "out" / "trees.md").read_text() == NEW_SPANISH + "\nMás.\n"
    assert git(target, "rev-parse", BRANCH) == tip


def test_a_dry_run_writes_nothing(books: tuple[Path, Path]) -> None:
    source, target = books
    objects = git(target, "count-objects", "-v")
    report = sync(source, target, publish=to_nowhere)
    assert report.commit is None
    assert by_path(report)["trees.md"].draft is not None
    assert git(target, "branch", "--list", BRANCH) == ""
    assert git(target, "count-objects", "-v") == objects


def test_drafts_may_be_written_as_files(books: tuple[Path, Path], tmp_path: Path) -> None:
    folder = tmp_path / "out"
    assert sync(*books, publish=to_folder(folder)).commit is None
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        "trees.md": NEW_SPANISH,
        "trees_origin.md": NEW_ENGLISH,
    }


def test_files_are_not_written_through_a_link(books: tuple[Path, Path], tmp_path: Path, write: Write) -> None:
    source, target = books
    write(source, {"deep/new.md": "# New\n\nIt is new.\n"})
    folder, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (folder / "deep").symlink_to(elsewhere)
    with pytest.raises(AmtsError, match="leads out of"):
        sync(source, target, publish=to_folder(folder))
    assert [path.name for path in folder.iterdir()] == ["deep"]
    assert list(elsewhere.iterdir()) == []


def test_only_the_chosen_sections_are_drafted(books: tuple[Path, Path], write: Write) -> None:
    source, target = books
    write(source, {"stones.md": "# Stones\n\nA stone is hard. It is old.\n"})
    report = sync(source, target, sections=("stones.md",))
    assert list(by_path(report)) == ["stones.md"]
    assert files_of(target)["trees.md"] == SPANISH_TEXT
    with pytest.raises(AmtsError, match=r"no section 'tres\.md': did you mean trees\.md\?"):
        sync(source, target, sections=("tres.md",))


def test_a_new_section_is_drafted_and_a_gone_one_is_kept(books: tuple[Path, Path], write: Write) -> None:
    source, target = books
    write(source, {"stones.md": None, "sand.md": "# Sand\n\nThe wind blows it away.\n"})
    report = sync(source, target)
    sections = by_path(report)
    assert sections["sand.md"].state is SectionState.NEW
    assert sections["stones.md"].state is SectionState.GONE
    files = files_of(target)
    assert files["sand.md"] == files["sand_origin.md"] == "# Sand\n\nThe wind blows it away.\n"
    assert "stones.md" in files


def test_a_new_section_takes_known_sentences_from_the_memory(books: tuple[Path, Path], write: Write) -> None:
    source, target = books
    write(source, {"wood.md": "# Trees\n\nThe leaves fall in autumn. Nobody knows why.\n"})
    sync(source, target)
    assert files_of(target)["wood.md"] == "# Árboles\n\nLas hojas caen en otoño. Nobody knows why.\n"
    git(target, "branch", "--quiet", "-D", BRANCH)
    sync(source, target, replace(SPANISH, engine=Engine("none")))
    assert files_of(target)["wood.md"] == "# Trees\n\nThe leaves fall in autumn. Nobody knows why.\n"


def test_a_section_moves_along_with_its_source(books: tuple[Path, Path], write: Write) -> None:
    source, target = books
    write(source, {"trees.md": None, "plants/trees.md": NEW_ENGLISH})
    report = sync(source, target)
    files = files_of(target)
    assert sorted(files) == [
        "plants/trees.md",
        "plants/trees_origin.md",
        "stones.md",
        "stones_origin.md",
    ]
    assert files["plants/trees.md"] == NEW_SPANISH
    section = by_path(report)["plants/trees.md"]
    assert section.state is SectionState.RENAMED
    assert section.notes[0].endswith("moves from trees.md to plants/trees.md")
    assert sync(source, target).commit is None


def test_one_bad_section_does_not_cost_the_others_their_drafts(books: tuple[Path, Path], write: Write) -> None:
    source, target = books
    stones = "# Stones\n\nA stone is hard.\n\n```python\nnever closed\n"
    write(source, {"stones.md": stones, "latin.md": b"# Espa\xf1a\n"})
    report = sync(source, target)
    sections = by_path(report)
    assert "never closed" in str(sections["stones.md"].error)
    assert "not UTF-8" in str(sections["latin.md"].error)
    assert all("\n" not in str(section.error) for section in report.sections)
    files = files_of(target)
    assert files["trees.md"] == NEW_SPANISH
    assert files["stones.md"] == "# Piedras\n\nUna piedra es dura.\n"
    assert "latin.md" not in files


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"en/trees.md": "\n"}, "the new English is empty"),
        ({"es/trees.md": "\ufeff\n"}, "the translation is empty: remove the file"),
        ({"es/trees.md": "- patata\n" * 40}, "does not resemble its English"),
        ({"es/trees.md": b"# \xc1rboles\n"}, "not UTF-8"),
        ({"en/trees.md": NEW_ENGLISH + "\n$$\nx\n\nNo end.\n"}, "never closed"),
    ],
)
def test_texts_that_cannot_go_together_are_left_alone(
    books: tuple[Path, Path], write: Write, changed: dict[str, str | bytes], reason: str
) -> None:
    source, target = books
    write(source, {"new.md": "# Trees\n"})
    for name, content in changed.items():
        write(source.parent / name.partition("/")[0], {name.partition("/")[2]: content})
    before = git(target, "rev-parse", "HEAD:trees.md", "HEAD:trees_origin.md")
    report = sync(source, target)
    assert reason in str(by_path(report)["trees.md"].error)
    assert by_path(report)["trees.md"].draft is None
    assert git(target, "rev-parse", f"{BRANCH}:trees.md", f"{BRANCH}:trees_origin.md") == before
    assert git(target, "cat-file", "-e", f"{BRANCH}:new.md") == ""


def test_without_origins_the_lock_keeps_the_revisions(books: tuple[Path, Path], write: Write) -> None:
    source, target = books
    config = replace(SPANISH, layout=Layout(origin=None))
    git(target, "rm", "--quiet", "trees_origin.md", "stones_origin.md")
    write(target, {})
    sync(source, target, config)
    files = files_of(target)
    assert files["trees.md"] == NEW_SPANISH
    head = git(source, "rev-parse", "HEAD")
    assert lock.load(files[lock.PATH]) == {"trees.md": Version(head, "trees.md")}
    assert sync(source, target, config).commit is None


def test_source_and_translation_may_share_a_repository(tmp_path: Path, write: Write) -> None:
    folder = tmp_path / "book"
    layout = Layout("docs/en/{path}.md", "docs/es/{path}.md", None)
    config = replace(SPANISH, layout=layout, include=("/docs/en/",))
    base = write(folder, {"docs/en/a/trees.md": ENGLISH_TEXT})
    locked = lock.dump({"docs/es/a/trees.md": Version(base, "docs/en/a/trees.md")})
    write(folder, {"docs/es/a/trees.md": SPANISH_TEXT, lock.PATH: locked})
    head = write(folder, {"docs/en/a/trees.md": NEW_ENGLISH, "docs/en/new.md": "# Trees\n"})
    sync(folder, folder, config)
    files = files_of(folder)
    assert files["docs/es/a/trees.md"] == NEW_SPANISH
    assert files["docs/es/new.md"] == "# Árboles\n"
    assert set(lock.load(files[lock.PATH]).values()) == {
        Version(head, "docs/en/a/trees.md"),
        Version(head, "docs/en/new.md"),
    }
    assert sync(folder, folder, config).commit is None


def test_carriage_returns_and_byte_order_marks_survive(tmp_path: Path, write: Write) -> None:
    def windows(text: str) -> bytes:
        return b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()

    write(tmp_path / "en", {"trees.md": windows(ENGLISH_TEXT)})
    write(tmp_path / "en", {"trees.md": windows(NEW_ENGLISH)})
    write(tmp_path / "es", {"trees.md": windows(SPANISH_TEXT), "trees_origin.md": windows(ENGLISH_TEXT)})
    sync(tmp_path / "en", tmp_path / "es")
    files = files_of(tmp_path / "es")
    assert files["trees.md"].encode() == windows(NEW_SPANISH)
    assert files["trees_origin.md"].encode() == windows(NEW_ENGLISH)


def test_an_unknown_engine_is_told(books: tuple[Path, Path]) -> None:
    with pytest.raises(AmtsError, match="unknown engine 'deep'; known are memory, none, amazon"):
        sync(*books, replace(SPANISH, engine=Engine("deep")))


def test_a_setting_without_effect_is_told(books: tuple[Path, Path]) -> None:
    assert sync(*books).notes == ()
    (note,) = sync(*books, replace(SPANISH, terminology="terms.csv")).notes
    assert note.startswith("terminology: there is no terms.csv in the translation repository")


def test_nothing_counts_as_sent_where_no_engine_is_asked(books: tuple[Path, Path], write: Write) -> None:
    source, target = books
    write(source, {"trees.md": NEW_ENGLISH + "\nA tree may grow old.\n"})
    draft = by_path(sync(source, target, replace(SPANISH, engine=Engine("none")), to_nowhere))["trees.md"].draft
    assert draft is not None
    assert [result.new_source for result in draft.results if result.waiting] == ["A tree may grow old."]
    assert draft.characters_sent == sum(result.characters_sent for result in draft.results) == 0
    assert draft.characters_changed == len("A tree may grow old.")
    asked = by_path(sync(source, target, publish=to_nowhere))["trees.md"].draft
    assert asked is not None
    assert asked.characters_sent == len("A tree may grow old.")


def test_one_section_from_three_texts() -> None:
    translator = create("none", Knowledge(), {})
    assert draft_section(ENGLISH_TEXT, NEW_ENGLISH, SPANISH_TEXT, "es", translator).text == NEW_SPANISH
    assert draft_section(ENGLISH_TEXT, ENGLISH_TEXT, SPANISH_TEXT, "es", translator).text == SPANISH_TEXT
    assert draft_section("", ENGLISH_TEXT, "", "es", translator).text == ENGLISH_TEXT


def test_what_was_changed_is_checked_against_the_book(books: tuple[Path, Path], write: Write) -> None:
    source, target = books
    write(source, {"trees.md": NEW_ENGLISH.replace("The trunk stays.", "The trunk stays for 40 years.")})
    write(target, {"terms.csv": "en,es\ntrunk,tallo\n"})
    english, spanish = "The trunk stays for 40 years.", "El tronco permanece 30 años."
    write(source, {"old.md": f"# Old\n\n{english}\n"})
    write(target, {"old.md": f"# Viejo\n\n{spanish}\n", "old_origin.md": f"# Old\n\n{english}\n"})
    config = replace(SPANISH, terminology="terms.csv")
    draft = by_path(sync(source, target, config, to_nowhere))["trees.md"].draft
    assert draft is not None
    found = {result.draft: result.findings for result in draft.results if result.findings}
    assert found == {
        spanish: (
            Finding(Check.NUMBERS, "numbers differ: 40 in the source, 30 in the translation"),
            Finding(Check.TERMINOLOGY, "“trunk” is not rendered as “tallo”, as the terminology says"),
        )
    }
    muted = replace(config, checks=Checks((Mute(Check.NUMBERS), Mute(Check.TERMINOLOGY, "trunk"))))
    draft = by_path(sync(source, target, muted, to_nowhere))["trees.md"].draft
    assert draft is not None
    assert not any(result.findings for result in draft.results)
