"""Who wrote what on the branch of the drafts, and drafts that leave people's words alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from sync.assemble import assemble
from sync.model import Draft, Operation, SegmentResult, Translation
from sync.parts import parts_of_section
from sync.plan import plan_section
from sync.repos import Repository
from sync.reviewed import keep_reviewed, reviewed
from tests.conftest import Write, git

BOT = "AMTS <amts@example.org>"
TEXT = "# 茶\n\n茶是热的。它凉得慢。等一会儿。\n\n| 茶 | 时间 |\n| -- | -- |\n| 绿茶 | 两分钟 |\n\n```python\nx = 1  # 杯\ny = 2\n```\n"


@pytest.fixture
def folder(tmp_path: Path, write: Write) -> Path:
    target = tmp_path / "zh"
    write(target, {"tea.md": TEXT})
    git(target, "switch", "--quiet", "-c", "amts/sync")
    return target


def by_bot(target: Path, write: Write, files: Mapping[str, str | None]) -> None:
    write(target, files)
    amend(target, "Update\n\nAMTS-Source: 0123\n")


def amend(target: Path, message: str, email: str = "amts@example.org") -> None:
    """Make the last commit one by this address."""
    person = ("-c", "user.name=AMTS", "-c", f"user.email={email}")
    git(target, *person, "commit", "--quiet", "--amend", "--reset-author", "-m", message)


def words(target: Path, path: str = "tea.md", base: str = "master") -> list[str]:
    """The parts of a file that are people's, in order."""
    with Repository(target) as repository:
        tip = repository.resolve("amts/sync")
        places = reviewed(repository, repository.resolve(base), tip, [path], BOT, "zh").get(path, frozenset())
        text = repository.read(repository.tree(tip)[path].blob).decode()
    parts = parts_of_section(text, "zh") if path.endswith(".md") else ()
    return [parts[place].body for place in sorted(places)]


def test_only_what_people_brought_in_is_theirs(folder: Path, write: Write) -> None:
    by_bot(folder, write, {"tea.md": (one := TEXT.replace("它凉得慢。", "它凉得快。"))})
    assert words(folder) == []
    write(folder, {"tea.md": (two := one.replace("它凉得快。", "它很快就凉。").replace("两分钟", "2分钟"))})
    assert words(folder) == ["它很快就凉。", "2分钟"]
    by_bot(folder, write, {"tea.md": (three := two.replace("# 茶", "# 绿茶").replace("等一会儿。", "稍等。"))})
    assert words(folder) == ["它很快就凉。", "2分钟"]
    write(folder, {"tea.md": three.replace("它很快就凉。", "").replace("# 杯", "# 杯子")})
    assert words(folder) == ["2分钟", "x = 1  # 杯子"]


def test_a_commit_counts_as_the_bots_by_its_trailer_and_its_address(folder: Path, write: Write) -> None:
    write(folder, {"tea.md": TEXT.replace("茶是热的。", "茶很热。")})
    amend(folder, "Copied\n\nAMTS-Source: 0123\n", "test@example.org")
    assert words(folder) == ["茶很热。"]
    amend(folder, "AMTS-Source: 0123 is what I looked at\n\nMe.")
    assert words(folder) == ["茶很热。"]
    amend(folder, "Merge\n\nAMTS-Merge: 0\n", "AMTS@example.org")
    assert words(folder) == []
    git(folder, "commit", "--quiet", "--amend", "--no-edit")
    assert words(folder) == ["茶很热。"], "amended by a person"


def test_the_words_of_people_are_followed_where_the_bot_moves_them(folder: Path, write: Write) -> None:
    mended = TEXT.replace("等一会儿。", "请稍等。")
    write(folder, {"tea.md": mended})
    turned = mended.replace("请稍等。", "").replace("茶是热的。", "请稍等。茶是热的。")
    by_bot(folder, write, {"tea.md": turned})
    assert words(folder) == ["请稍等。"]
    by_bot(folder, write, {"tea.md": None, "hot/cup.md": turned})
    assert words(folder, "hot/cup.md") == ["请稍等。"]


def test_a_sentence_that_stands_twice_is_told_by_its_place(folder: Path, write: Write) -> None:
    write(folder, {"tea.md": TEXT.replace("它凉得慢。", "茶是热的。")})
    with Repository(folder) as repository:
        tip = repository.resolve("amts/sync")
        (places,) = reviewed(repository, repository.resolve("master"), tip, ["tea.md"], BOT, "zh").values()
    assert len(places) == 1


def test_what_a_merge_brings_along_is_not_the_branchs(folder: Path, write: Write) -> None:
    write(folder, {"tea.md": TEXT.replace("等一会儿。", "请稍等。")})
    git(folder, "switch", "--quiet", "master")
    write(folder, {"tea.md": TEXT.replace("# 茶", "# 红茶"), "cup.md": "一个杯子。\n"})
    git(folder, "switch", "--quiet", "amts/sync")
    git(folder, "merge", "--quiet", "--no-edit", "master")
    assert words(folder) == ["请稍等。"]
    assert words(folder, "cup.md") == []


def test_what_was_merged_into_the_target_is_no_longer_the_branchs(folder: Path, write: Write) -> None:
    write(folder, {"tea.md": (one := TEXT.replace("等一会儿。", "请稍等。"))})
    git(folder, "switch", "--quiet", "master")
    git(folder, "merge", "--quiet", "--squash", "amts/sync")
    git(folder, "commit", "--quiet", "-m", "Squashed")
    git(folder, "switch", "--quiet", "amts/sync")
    write(folder, {"tea.md": one.replace("# 茶", "# 热茶")})
    assert words(folder) == ["热茶"]
    git(folder, "merge", "--quiet", "--no-edit", "master")
    assert words(folder) == ["热茶"]
    assert words(folder, base="amts/sync") == []


def test_the_old_text_put_back_is_a_persons_will(folder: Path, write: Write) -> None:
    by_bot(folder, write, {"tea.md": TEXT.replace("它凉得慢。", "它凉得快。")})
    write(folder, {"tea.md": TEXT})
    assert words(folder) == ["它凉得慢。"]
    git(folder, "switch", "--quiet", "master")
    write(folder, {"cup.md": "一个杯子。\n"})
    git(folder, "switch", "--quiet", "amts/sync")
    git(folder, "merge", "--quiet", "--no-edit", "master")
    assert words(folder) == ["它凉得慢。"]


def test_a_file_that_a_person_added_is_theirs_altogether(folder: Path, write: Write) -> None:
    write(folder, {"cup.md": "# 杯\n\n一个杯子。\n", "cup.png": b"\x89PNG\0", "latin.md": b"\xff\n"})
    assert words(folder, "cup.md") == ["杯", "一个杯子。"]
    with Repository(folder) as repository:
        tip, base = repository.resolve("amts/sync"), repository.resolve("master")
        found = reviewed(repository, base, tip, ["cup.png", "latin.md", "none.md", "tea.md"], BOT, "zh")
    assert found == {"cup.png": frozenset({0}), "latin.md": frozenset({0})}


# -- drafts --------------------------------------------------------------------------------------------------

OLD = "# Tea\n\nTea is hot. It cools slowly. Wait a while.\n\n| Tea | Time |\n| -- | -- |\n| Green | two minutes |\n\n```python\nx = 1  # cup\ny = 2\n```\n"
NEW = OLD.replace("slowly", "quite fast indeed").replace("Tea is hot.", "Green tea is not too hot.")


def drafted(new: str, tip: str = TEXT) -> Draft:
    """The draft of `new`, with an engine that numbers its answers."""
    plan = plan_section(OLD, new, tip, "zh")
    answers = {r.id: Translation(r.id, f"机器写的第{n}句。") for n, r in enumerate(plan.requests, 1)}
    return assemble(plan, answers)


def places_of(text: str, *bodies: str) -> frozenset[int]:
    found = frozenset(n for n, part in enumerate(parts_of_section(text, "zh")) if part.body in bodies)
    assert len(found) == len(bodies)
    return found


def kept(draft: Draft, tip: str, *bodies: str) -> Draft:
    """The draft with these parts of the tip kept, held to its own account of where its texts stand."""
    after = keep_reviewed(draft, tip, places_of(tip, *bodies), "zh")
    for result in after.results:
        if result.start is not None and result.end is not None:
            standing = after.text[result.start : result.end]
            assert result.draft == standing or result.draft is None
            assert result.line == after.text.count("\n", 0, result.start) + 1
    return after


def result_of(draft: Draft, source: str) -> SegmentResult:
    (found,) = (result for result in draft.results if (result.new_source or result.old_source or "").startswith(source))
    return found


def test_a_draft_that_respects_them_is_the_same_object() -> None:
    draft = drafted(NEW)
    assert "机器写的第1句。机器写的第2句。等一会儿。" in draft.text
    assert keep_reviewed(draft, TEXT, frozenset(), "zh") is draft
    assert keep_reviewed(draft, TEXT, places_of(TEXT, "等一会儿。", "两分钟"), "zh") is draft


def test_a_reviewed_sentence_stays_and_waits_and_the_others_do_not() -> None:
    draft = kept(drafted(NEW), TEXT, "它凉得慢。")
    assert draft.text == TEXT.replace("茶是热的。", "机器写的第1句。")
    result = result_of(draft, "It cools")
    assert (result.waiting, result.draft, result.machine) == (True, "它凉得慢。", False)
    assert result.reason == "a person edited it here and its English changed again: look at it"
    other = result_of(draft, "Green tea is")
    assert (other.waiting, other.draft, other.machine) == (False, "机器写的第1句。", True)


def test_a_reviewed_sentence_whose_english_is_gone_stays() -> None:
    for new in (OLD.replace(" It cools slowly.", ""), OLD.replace(" Wait a while.", "")):
        body = "它凉得慢。" if "slowly" not in new else "等一会儿。"
        draft = kept(drafted(new), TEXT, body)
        assert draft.text == TEXT
        (result,) = (r for r in draft.results if r.waiting)
        assert (result.operation, result.draft) == (Operation.KEPT, body)
        assert result.reason == "a person edited it here and its English is gone: look at it"


def test_a_reviewed_sentence_that_moves_is_not_lost() -> None:
    new = OLD.replace(" Wait a while.", "").replace("Tea is hot.", "Wait a while. Tea is hot.")
    draft = drafted(new)
    assert "等一会儿。茶是热的。" in draft.text
    assert keep_reviewed(draft, TEXT, places_of(TEXT, "等一会儿。"), "zh") is draft


def test_code_stays_as_a_whole() -> None:
    new = OLD.replace("x = 1  # cup\ny = 2", "z = 1  # cup\nw = 2")
    draft = drafted(new)
    assert "z = 1  # 杯\nw = 2" in draft.text
    after = kept(draft, TEXT, "x = 1  # 杯")
    assert after.text == TEXT
    assert [(r.reason, r.waiting) for r in after.results if "x = 1" in (r.old_source or "")] == [
        ("a person edited it here and its English changed again: look at it", True)
    ]
    gone = drafted(OLD[: OLD.index("```")])
    assert kept(gone, TEXT, "y = 2").text == TEXT


def test_a_cell_may_stay_alone_but_a_row_stays_whole() -> None:
    draft = drafted(OLD.replace("two minutes", "at least nine minutes").replace("Green", "Some black one"))
    assert "| 机器写的第1句。 | 机器写的第2句。 |" in draft.text
    assert kept(draft, TEXT, "两分钟").text == draft.text.replace("机器写的第2句。", "两分钟")
    more = OLD.replace("| Green | two minutes |", "| Green | two minutes |\n| Black | four minutes |")
    tip = TEXT.replace("| 绿茶 | 两分钟 |", "| 绿茶 | 两分钟 |\n| 红茶 | 四分钟 |")
    gone = assemble(plan_section(more, OLD, tip, "zh"), {})
    assert gone.text == TEXT
    assert kept(gone, tip, "四分钟").text == tip


def test_a_new_sentence_beside_a_reviewed_one_stays_in_its_paragraph() -> None:
    draft = kept(
        drafted(OLD.replace("Wait a while.", "You should wait for a while. Then drink it.")), TEXT, "等一会儿。"
    )
    assert "茶是热的。它凉得慢。等一会儿。机器写的第2句。\n\n|" in draft.text


def test_line_ends_survive() -> None:
    tip = TEXT.replace("\n", "\r\n")
    draft = drafted(NEW.replace("\n", "\r\n"), tip)
    after = kept(draft, tip, "它凉得慢。")
    assert after.text == tip.replace("茶是热的。", "机器写的第1句。")
