"""Git, on real repositories: reading, history, and commits that touch neither work tree nor index."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from sync.history import Likeness, Version, ranked
from sync.repos import Repository, RepositoryError, parse_author, safe_path
from tests.conftest import ROOT, Write, git

AUTHOR = "AMTS <amts@example.org>"


def blob_id(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def commit(
    repository: Repository, parent: str, changes: Mapping[str, bytes | None], expected: str | None = None
) -> str:
    return repository.commit("amts/sync", expected, (parent,), changes, "Draft\n\nAMTS-Source: x", AUTHOR)


def test_reads_trees_and_blobs_of_work_trees_and_bare_clones(tmp_path: Path, write: Write) -> None:
    head = write(tmp_path / "a", {"a/b.md": b"\xff\r\n", "é 한.md": "x"})
    git(tmp_path, "clone", "--quiet", "--bare", "a", "b.git")
    for folder in ("a", "b.git"):
        with Repository(tmp_path / folder) as repository:
            assert repository.resolve() == repository.resolve("master") == head
            tree = repository.tree(head)
            assert sorted(tree) == ["a/b.md", "é 한.md"]
            assert tree["a/b.md"].size == 3
            assert repository.read(tree["a/b.md"].blob) == b"\xff\r\n"
            assert repository.branch("master") == head
            assert repository.branch("amts/sync") is None


def test_head_is_the_branch_that_is_checked_out(tmp_path: Path, write: Write) -> None:
    first = write(tmp_path / "a", {"a.md": "1"})
    git(tmp_path / "a", "switch", "--quiet", "-c", "other")
    second = write(tmp_path / "a", {"a.md": "2"})
    with Repository(tmp_path / "a") as repository:
        assert repository.resolve() == second
        assert repository.resolve("other~1") == first
        assert repository.contains(second, first)
        assert not repository.contains(first, second)


@pytest.mark.parametrize(
    "revision", ["nowhere", "--all", "-h", "", "a\nb", "master:a.md", "--output=/tmp/x", "master..master"]
)
def test_an_unknown_revision_is_one_line(tmp_path: Path, write: Write, revision: str) -> None:
    write(tmp_path / "a", {"a.md": "1"})
    with (
        Repository(tmp_path / "a") as repository,
        pytest.raises(RepositoryError, match=r"^unknown revision .* name a branch[^\n]*$"),
    ):
        repository.resolve(revision)


def test_what_is_no_repository_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(RepositoryError, match="is no git repository"):
            Repository(path)
    git(tmp_path, "init", "--quiet", "empty")
    with (
        Repository(tmp_path / "empty") as repository,
        pytest.raises(RepositoryError, match="has no commit yet"),
    ):
        repository.resolve()


def test_a_missing_git_is_one_line(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "a", {"a.md": "1"})
    script = "import pathlib, sys, sync.repos; sync.repos.Repository(pathlib.Path(sys.argv[1]))"
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "a")],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert ran.stderr.splitlines()[-1].endswith("the command git is missing: install git 2.30 or newer")


def test_a_foreign_git_dir_is_refused(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a", {"a.md": "1"})
    write(tmp_path / "b", {"a.md": "2"})
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "b" / ".git"))
    with pytest.raises(RepositoryError, match=r"GIT_DIR is set.*unset it"):
        Repository(tmp_path / "a")


def test_a_commit_leaves_work_tree_and_index_alone(tmp_path: Path, write: Write) -> None:
    folder = tmp_path / "a"
    head = write(folder, {"a.md": "1", "run.sh": "#!/bin/sh\n", "gone.md": "x", "b/c.md": "3"})
    (folder / "a.md").write_text("edited, not staged")
    git(folder, "rm", "--quiet", "--cached", "b/c.md")
    before = git(folder, "status", "--porcelain=v2", "--branch")
    with Repository(folder) as repository:
        made = commit(repository, head, {"a.md": b"2\r\n", "new/d.md": b"4", "gone.md": None})
        tree = repository.tree(made)
        assert sorted(tree) == ["a.md", "b/c.md", "new/d.md", "run.sh"]
        assert repository.read(tree["a.md"].blob) == b"2\r\n"
        assert repository.branch("amts/sync") == made
    assert git(folder, "status", "--porcelain=v2", "--branch") == before
    assert (folder / "a.md").read_text() == "edited, not staged"
    assert git(folder, "log", "-1", "--format=%an <%ae>%n%P%n%(trailers)", made).splitlines()[:3] == [
        AUTHOR,
        head,
        "AMTS-Source: x",
    ]
    assert git(folder, "fsck", "--strict") == ""


def test_a_branch_that_moved_meanwhile_stays(tmp_path: Path, write: Write) -> None:
    folder = tmp_path / "a"
    head = write(folder, {"a.md": "1"})
    with Repository(folder) as repository:
        first = commit(repository, head, {"a.md": b"2"})
        with pytest.raises(
            RepositoryError, match="branch amts/sync was changed by another process meanwhile: run it again"
        ):
            commit(repository, head, {"a.md": b"3"}, expected=head)
        with pytest.raises(
            RepositoryError, match="branch amts/sync was changed by another process meanwhile: run it again"
        ):
            commit(repository, head, {"a.md": b"3"}, expected=None)
        assert repository.branch("amts/sync") == first


def test_a_branch_that_is_checked_out_is_refused(tmp_path: Path, write: Write) -> None:
    head = write(tmp_path / "a", {"a.md": "1"})
    git(tmp_path / "a", "switch", "--quiet", "-c", "amts/sync")
    with (
        Repository(tmp_path / "a") as repository,
        pytest.raises(RepositoryError, match="branch amts/sync is checked out in"),
    ):
        commit(repository, head, {"a.md": b"2"}, expected=head)


@pytest.mark.parametrize(
    "path",
    ["../x.md", "/x.md", "a/../../x.md", ".git/config", "a/.GIT/x", "", "a//b.md", "a\nb.md", "a\\b.md"],
)
def test_a_path_that_leads_out_is_refused(path: str) -> None:
    with pytest.raises(RepositoryError, match="is refused"):
        safe_path(path)


def test_nothing_is_written_through_a_symbolic_link(tmp_path: Path, write: Write) -> None:
    folder = tmp_path / "a"
    write(folder, {"a.md": "1"})
    (folder / "link").symlink_to(tmp_path)
    (folder / "link.md").symlink_to("a.md")
    head = write(folder, {})
    with Repository(folder) as repository:
        for path in ("link/x.md", "link.md", "a.md/x.md"):
            with pytest.raises(RepositoryError, match="symbolic link"):
                commit(repository, head, {path: b"2"})
        assert repository.branch("amts/sync") is None


def test_a_folder_is_not_replaced_by_a_file(tmp_path: Path, write: Write) -> None:
    head = write(tmp_path / "a", {"intro.md/deep/notes.txt": "by hand"})
    with Repository(tmp_path / "a") as repository:
        for path in ("intro.md", "intro.md/deep"):
            with pytest.raises(RepositoryError, match=f"{path} cannot be written: it is a folder"):
                commit(repository, head, {path: b"2"})
        made = commit(repository, head, {"intro.md/deep/new.md": b"2"})
        assert sorted(repository.tree(made)) == ["intro.md/deep/new.md", "intro.md/deep/notes.txt"]


def test_nothing_of_the_repository_is_run(tmp_path: Path, write: Write) -> None:
    folder = tmp_path / "a"
    head = write(folder, {"a.md": "1", ".gitattributes": "*.md diff=bad filter=bad\n"})
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    trap.chmod(0o755)
    for hook in ("reference-transaction", "post-commit", "pre-commit", "post-index-change"):
        (folder / ".git" / "hooks" / hook).symlink_to(trap)
    for key in ("core.fsmonitor", "diff.external", "diff.bad.textconv", "filter.bad.clean", "gpg.program"):
        git(folder, "config", key, str(trap))
    git(folder, "config", "commit.gpgSign", "true")
    (tmp_path / "ran").unlink(missing_ok=True)
    with Repository(folder) as repository:
        repository.history()
        repository.tree(head)
        commit(repository, head, {"a.md": b"2"})
    assert not (tmp_path / "ran").exists()


def test_an_unsafe_folder_is_one_line(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a", {"a.md": "1"})
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own switch for its tests
    with pytest.raises(RepositoryError, match=r"^git rev-parse in .*dubious ownership[^\n]*$"):
        Repository(tmp_path / "a")


def test_a_missing_object_is_one_line(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "a", {"a.md": "1"})
    with (
        Repository(tmp_path / "a") as repository,
        pytest.raises(RepositoryError, match=r"has no object 0{12}"),
    ):
        repository.read("0" * 40)


@pytest.mark.parametrize("name", ["", "-x", "a..b", "a b", "a.lock", "/a", "a/", "a~1", ".a", "@{", "a\0b"])
def test_a_bad_branch_name_is_refused(tmp_path: Path, write: Write, name: str) -> None:
    write(tmp_path / "a", {"a.md": "1"})
    with (
        Repository(tmp_path / "a") as repository,
        pytest.raises(RepositoryError, match="cannot be the name of a branch"),
    ):
        repository.branch(name)


def test_an_author_is_a_name_and_an_address() -> None:
    assert parse_author("Jo Smith <jo@example.org>") == ("Jo Smith", "jo@example.org")
    for bad in ("Jo", "<jo@example.org>", "Jo <a>\nx <b>"):
        with pytest.raises(RepositoryError, match="author"):
            parse_author(bad)


LONG = "".join(f"Line {n} of a section that is long enough to be known again.\n" for n in range(30))


def test_a_section_is_followed_across_renames(tmp_path: Path, write: Write) -> None:
    folder = tmp_path / "a"
    base = write(folder, {"x/a.md": LONG})
    write(folder, {"x/a.md": LONG + "More.\n"})
    write(folder, {"x/a.md": None, "y/a.md": LONG + "More.\n"})
    head = write(folder, {"y/a.md": None, "y/b.md": LONG + "More.\nAgain.\n", "other.md": "Other.\n"})
    with Repository(folder) as repository:
        history = repository.history()
    version = history.version(blob_id(LONG.encode()), head, "x/a.md")
    assert version == Version(base, "x/a.md")
    names = history.names(version, head)
    assert names == ("x/a.md", "y/a.md", "y/b.md")
    assert history.behind(base, head, names) == 3
    assert history.behind(head, head, names) == 0
    assert history.version("0" * 40, head, "x/a.md") is None


def test_a_section_is_followed_across_branches(tmp_path: Path, write: Write) -> None:
    folder = tmp_path / "a"
    write(folder, {"x/a.md": LONG})
    git(folder, "switch", "--quiet", "-c", "classic")
    write(folder, {"x/a.md": None, "x/moved.md": LONG})
    base = write(folder, {"x/moved.md": LONG + "Classic.\n"})
    git(folder, "switch", "--quiet", "master")
    head = write(folder, {"x/a.md": None, "z/a.md": LONG + "Master.\n"})
    with Repository(folder) as repository:
        history = repository.history()
    version = history.version(blob_id((LONG + "Classic.\n").encode()), head, "x/a.md")
    assert version == Version(base, "x/moved.md")
    assert history.names(version, head) == ("x/moved.md", "x/a.md", "z/a.md")
    assert history.behind(base, head, ("x/moved.md", "x/a.md", "z/a.md")) == 1


def test_likeness_survives_wrapping_and_knows_a_split() -> None:
    one, two = LONG, "".join(f"{n} is another sentence about other things altogether.\n" for n in range(30))
    likeness = Likeness({"one.md": one, "two.md": two, "none.md": "Nothing of it.\n"})
    shares = likeness.shares((one + two).replace("\n", " "))
    assert [path for _, _, path in shares] == ["one.md", "two.md", "none.md"]
    assert 0.95 < shares[0][1] + shares[1][1] <= 1
    assert shares[2][0] == 0
    assert {share for share, _, _ in likeness.shares("")} == {0}


def test_every_origin_is_in_the_history_of_the_book(d2l: Path, english: Path) -> None:
    with Repository(english) as repository:
        head = repository.resolve()
        history = repository.history()
        found, edited = {}, []
        for path in [*d2l.glob("ko/**/*_origin.md"), *d2l.glob("zh/**/*_origin.md")]:
            name = str(path.relative_to(d2l))
            version = history.version(blob_id(path.read_bytes()), head, name[3:].replace("_origin", ""))
            if version is None:
                edited.append((name, path))
            else:
                found[name] = version
        assert sum(name.startswith("ko/") for name in found) == 167
        assert len(edited) == 14
        for name, path in edited:  # in place, by the translators: the nearest version is near indeed
            blobs = history.blobs(name[3:].replace("_origin", ""))
            share, _ = ranked(path.read_text(), blobs, lambda blob: repository.read(blob).decode())[0]
            assert share > 0.95

        def now(name: str) -> str:
            return history.names(found[f"ko/{name}_origin.md"], head)[-1]

        assert (
            now("chapter_linear-networks/softmax-regression") == "chapter_linear-classification/softmax-regression.md"
        )
        assert now("chapter_linear-networks/linear-regression") == "chapter_linear-regression/linear-regression.md"
        assert now("chapter_multilayer-perceptrons/weight-decay") == "chapter_linear-regression/weight-decay.md"
        assert now("chapter_preliminaries/autograd") == "chapter_preliminaries/autograd.md"


def test_a_thousand_files_are_committed_at_once(tmp_path: Path, write: Write) -> None:
    head = write(tmp_path / "a", {"a.md": "1"})
    with Repository(tmp_path / "a") as repository:
        made = commit(repository, head, {f"{n % 7}/{n}.md": f"{n}".encode() for n in range(1000)})
        assert len(repository.tree(made)) == 1001
    count = subprocess.run(
        ["git", "count-objects", "-v"], cwd=tmp_path / "a", capture_output=True, text=True, check=True
    ).stdout
    assert "garbage: 0" in count
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
