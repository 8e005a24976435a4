"""What a sync builds on where people work on the branch of the drafts and on the translation too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from sync import lock
from sync.config import Config, Layout
from sync.ground import BRANCH, Ground, find_ground
from sync.history import Version
from sync.repos import Repository, RepositoryError, parse_author
from tests.conftest import Write, git

CONFIG = replace(Config(), language="es")
DATE = "1700000000 +0000"
ENGLISH = "# Tea\n\nTea is hot. It cools slowly.\n\nWait a while. Then drink it.\n\n```python\nx = 1  # a cup\n```\n"
SPANISH = "# Té\n\nEl té está caliente. Se enfría despacio.\n\nEspera un rato. Luego bébelo.\n\n```python\nx = 1  # una taza\n```\n"
NEW_ENGLISH = ENGLISH.replace("slowly", "fast").replace("drink it.", "drink it all.\n\nNever hurry.")
DRAFT = SPANISH.replace("despacio", "deprisa").replace("Luego bébelo.", "Luego bébelo todo.\n\nNo corras nunca.")

Files = Mapping[str, str | bytes | None]


@pytest.fixture
def folder(tmp_path: Path, write: Write) -> Path:
    """A translation, and a branch on which the bot has drafted its only section anew; the branch is checked out."""
    target = tmp_path / "es"
    write(target, {"tea.md": SPANISH, "tea_origin.md": ENGLISH})
    git(target, "switch", "--quiet", "-c", BRANCH)
    by_bot(target, write, {"tea.md": DRAFT, "tea_origin.md": NEW_ENGLISH})
    return target


def by_bot(target: Path, write: Write, files: Files) -> str:
    """Commit files as the bot does."""
    write(target, files)
    message = "Update\n\nAMTS-Source: 0123\nAMTS-Target: 4567\n"
    name, email = parse_author(CONFIG.author)
    bot = ("-c", f"user.name={name}", "-c", f"user.email={email}")
    git(target, *bot, "commit", "--quiet", "--amend", "--reset-author", "-m", message)
    return git(target, "rev-parse", "HEAD")


def on_master(target: Path, write: Write, files: Files) -> str:
    """Commit files to the default branch; the branch of the drafts is checked out again."""
    git(target, "switch", "--quiet", "master")
    made = write(target, files)
    git(target, "switch", "--quiet", BRANCH)
    return made


def ground_of(target: Path, config: Config = CONFIG, commit: str = "master") -> tuple[Ground, dict[str, str]]:
    """The ground, and its files."""
    with Repository(target) as repository:
        ground = find_ground(repository, BRANCH, repository.resolve(commit), config, DATE)
        tree = repository.tree(ground.parents[0])
        return ground, {path: repository.read(entry.blob).decode() for path, entry in tree.items()}


def test_without_anything_new_the_branch_is_the_ground(folder: Path) -> None:
    tip, master = git(folder, "rev-parse", BRANCH, "master").split()
    assert ground_of(folder)[0] == Ground(master, (tip,), tip)
    assert ground_of(folder, commit=BRANCH)[0] == Ground(tip, (tip,), tip)
    git(folder, "switch", "--quiet", "master")
    git(folder, "branch", "--quiet", "-D", BRANCH)
    assert ground_of(folder)[0] == Ground(master, (master,), None)


def test_a_merge_is_the_same_every_time_and_moves_no_branch(folder: Path, write: Write) -> None:
    tip = git(folder, "rev-parse", BRANCH)
    head = on_master(folder, write, {"notas.md": "Una nota.\n", "tea.md": SPANISH.replace("# Té", "# El té")})
    ground, files = ground_of(folder)
    assert ground_of(folder)[0] == ground
    assert (ground.commit, ground.tip, ground.conflicts) == (head, tip, ())
    (merged,) = ground.parents
    assert git(folder, "rev-parse", f"{merged}^1", f"{merged}^2", BRANCH).split() == [head, tip, tip]
    shown = git(folder, "log", "-1", "--date=raw", "--format=%an <%ae>%n%ad%n%cd%n%s%n%(trailers:only)", merged)
    subject = f"Merge {head[:12]} into {BRANCH}"
    assert shown.splitlines() == [CONFIG.author, DATE, DATE, subject, f"AMTS-Merge: {head}"]
    assert files == {
        "notas.md": "Una nota.\n",
        "tea.md": DRAFT.replace("# Té", "# El té"),
        "tea_origin.md": NEW_ENGLISH,
    }
    assert git(folder, "fsck", "--strict", "--no-dangling") == ""


def test_people_win_over_the_machine_and_their_english_comes_back(folder: Path, write: Write) -> None:
    on_master(folder, write, {"tea.md": SPANISH.replace("Se enfría despacio.", "Se enfría muy despacio.")})
    ground, files = ground_of(folder)
    assert ground.conflicts == ()
    assert files["tea.md"] == DRAFT.replace("Se enfría deprisa.", "Se enfría muy despacio.")
    # So the next sync sees that this sentence, and no other, has changed since.
    assert files["tea_origin.md"] == NEW_ENGLISH.replace("fast", "slowly")


def test_what_people_added_takes_the_place_of_what_a_machine_added_there(folder: Path, write: Write) -> None:
    by_hand = SPANISH.replace("Luego bébelo.", "Luego bébelo.\n\nNunca hay prisa.")
    on_master(folder, write, {"tea.md": by_hand})
    files = ground_of(folder)[1]
    assert "Nunca hay prisa." in files["tea.md"]
    assert "No corras nunca." not in files["tea.md"]
    assert "Never hurry." not in files["tea_origin.md"]
    assert "drink it all." in files["tea_origin.md"]
    assert "fast" in files["tea_origin.md"]


def test_a_reviewer_wins_over_the_revision_and_the_conflict_is_named(folder: Path, write: Write) -> None:
    reviewed = DRAFT.replace("Se enfría deprisa.", "Pronto está frío.")
    write(folder, {"tea.md": reviewed})
    head = on_master(
        folder,
        write,
        {"tea.md": SPANISH.replace("Se enfría despacio.", "Se enfría poco a poco.").replace("una taza", "una copa")},
    )
    ground, files = ground_of(folder)
    assert files["tea.md"] == reviewed.replace("una taza", "una copa")
    assert files["tea_origin.md"] == NEW_ENGLISH
    assert ground.conflicts == (
        f"tea.md, line 3: people changed it on both sides; the text of {head[:12]} was left out",
    )


def test_the_words_of_people_under_later_drafts_are_kept(folder: Path, write: Write) -> None:
    one = DRAFT.replace("El té está caliente.", "El té quema.")
    write(folder, {"tea.md": one})
    two = one.replace("# Té", "# Infusión")
    by_bot(folder, write, {"tea.md": two, "tea_origin.md": NEW_ENGLISH.replace("# Tea", "# Infusion")})
    three = two.replace("No corras nunca.", "Sin prisas.")
    write(folder, {"tea.md": three})
    four = three.replace("todo", "entero")
    by_bot(folder, write, {"tea.md": four})
    theirs = SPANISH.replace("El té está caliente.", "El té arde.").replace("# Té", "# El té")
    on_master(folder, write, {"tea.md": theirs.replace("Luego bébelo.", "Luego, a beber.\n\nCon calma.")})
    ground, files = ground_of(folder)
    assert "El té quema." in files["tea.md"], "the first reviewer's"
    assert "Sin prisas." in files["tea.md"], "the second one's"
    assert "# El té\n" in files["tea.md"], "the translator's against the bot's"
    assert "Luego, a beber." in files["tea.md"]
    assert "Con calma." in files["tea.md"]
    assert files["tea_origin.md"].startswith("# Tea\n")
    assert [line.partition(":")[0] for line in ground.conflicts] == ["tea.md, line 3"]


def test_a_squashed_branch_is_no_conflict_with_itself(folder: Path, write: Write) -> None:
    write(folder, {"tea.md": DRAFT.replace("deprisa", "pronto")})
    git(folder, "switch", "--quiet", "master")
    git(folder, "merge", "--quiet", "--squash", BRANCH)
    git(folder, "commit", "--quiet", "-m", "Squashed")
    write(folder, {"tea.md": DRAFT.replace("deprisa", "enseguida")})
    git(folder, "switch", "--quiet", BRANCH)
    ground, files = ground_of(folder)
    assert ground.conflicts == ()
    assert files["tea.md"] == DRAFT.replace("deprisa", "enseguida"), "the later words stand"


@pytest.mark.parametrize(
    ("here", "there", "wanted", "named"),
    [
        ({"tea.md": None}, {"tea.md": SPANISH + "\nFin.\n"}, SPANISH + "\nFin.\n", 0),
        ({"tea.md": DRAFT + "\nFin.\n"}, {"tea.md": None}, DRAFT + "\nFin.\n", 1),
        ({}, {"tea.md": None, "tea_origin.md": None}, None, 0),
        ({"tea.md": DRAFT + "\nFin.\n"}, {"tea.md": None, "tea_origin.md": None}, DRAFT + "\nFin.\n", 1),
    ],
)
def test_what_one_side_deletes_and_people_change_stays(
    folder: Path, write: Write, here: Files, there: Files, wanted: str | None, named: int
) -> None:
    write(folder, here)
    on_master(folder, write, there)
    ground, files = ground_of(folder)
    assert files.get("tea.md") == wanted
    assert ("tea_origin.md" in files) == (wanted is not None)
    assert len(ground.conflicts) == named


def test_a_section_that_both_have_added(folder: Path, write: Write) -> None:
    by_bot(folder, write, {"new.md": "# Nuevo\n\nUn borrador.\n", "new_origin.md": "# New\n\nA draft.\n"})
    by_hand = {"new.md": "# Nuevo\n\nA mano.\n"}
    on_master(folder, write, by_hand)
    files = ground_of(folder)[1]
    assert files["new.md"] == by_hand["new.md"]
    assert "new_origin.md" not in files, "what it was made from is for its translators to say"


def test_a_section_that_the_bot_has_moved_takes_its_translators_along(folder: Path, write: Write) -> None:
    moved = {"tea.md": None, "tea_origin.md": None, "hot/tea.md": SPANISH, "hot/tea_origin.md": ENGLISH}
    git(folder, "reset", "--quiet", "--hard", "master")
    by_bot(folder, write, moved)
    write(folder, {"hot/tea.md": SPANISH.replace("despacio", "pronto")})
    on_master(folder, write, {"tea.md": SPANISH.replace("# Té", "# El té").replace("despacio", "mucho")})
    ground, files = ground_of(folder)
    assert sorted(files) == ["hot/tea.md", "hot/tea_origin.md"]
    assert files["hot/tea.md"] == SPANISH.replace("despacio", "pronto").replace("# Té", "# El té")
    assert len(ground.conflicts) == 1


def test_the_lock_follows_the_text(tmp_path: Path, write: Write) -> None:
    config = replace(CONFIG, layout=Layout(origin=None))
    old, new, newer = "1" * 40, "2" * 40, "3" * 40

    def locked(tea: str, cup: str) -> str:
        return lock.dump({"tea.md": Version(tea, "tea.md"), "cup.md": Version(cup, "cup.md")})

    target = tmp_path / "es"
    write(target, {"tea.md": SPANISH, "cup.md": "Una taza.\n", lock.PATH: locked(old, old)})
    git(target, "switch", "--quiet", "-c", BRANCH)
    by_bot(target, write, {"tea.md": DRAFT, "cup.md": "Dos tazas.\n", lock.PATH: locked(new, new)})
    mended = SPANISH.replace("despacio", "mucho")
    on_master(target, write, {"tea.md": mended, "ice.md": "Hielo.\n", lock.PATH: locked(old, newer)})
    files = ground_of(target, config)[1]
    assert files["tea.md"] == DRAFT.replace("deprisa", "mucho")
    found = lock.load(files[lock.PATH])
    assert found["tea.md"].commit == old, "a part of its draft is missing: all of it is looked at again"
    assert found["cup.md"].commit == new


def test_files_that_are_no_text_are_taken_whole(folder: Path, write: Write) -> None:
    write(folder, {"cup.png": b"\x89PNG\0branch", "latin.md": b"# Espa\xf1a\nUno.\n", "a.txt": "1\n2\n3\n"})
    git(folder, "switch", "--quiet", "master")
    write(folder, {"cup.png": b"\x89PNG\0master", "x/y.md": "Uno.\n"})
    git(folder, "switch", "--quiet", BRANCH)
    write(folder, {"x": "a file where the revision has a folder\n"})
    with Repository(folder) as repository:
        ground = find_ground(repository, BRANCH, repository.resolve("master"), CONFIG)
        tree = repository.tree(ground.parents[0])
        assert repository.read(tree["cup.png"].blob) == b"\x89PNG\0branch"
        assert repository.read(tree["latin.md"].blob) == b"# Espa\xf1a\nUno.\n"
    assert "x" in tree
    assert "x/y.md" not in tree
    assert len(ground.conflicts) == 2


def test_many_conflicts_are_counted(folder: Path, write: Write) -> None:
    write(folder, {f"{n}.txt": "a\n" for n in range(30)})
    on_master(folder, write, {f"{n}.txt": "b\n" for n in range(30)})
    ground, _ = ground_of(folder)
    assert len(ground.conflicts) == 21
    assert ground.conflicts[-1] == "and 10 more conflicts"


def test_a_branch_of_something_else_is_refused(folder: Path, write: Write) -> None:
    git(folder, "switch", "--quiet", "--orphan", "alone")
    write(folder, {"tea.md": SPANISH})
    with pytest.raises(RepositoryError, match="have nothing in common: delete amts/sync"):
        ground_of(folder, commit="alone")
