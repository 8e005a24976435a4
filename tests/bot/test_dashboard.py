"""The dashboard lists what is open, waits and was declined; its boxes are read back, whatever people do to it."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dashboard import MARKER, Ticked, body, ticked
from bot.messages import MAX_BODY
from bot.records import Record, Waiting
from tests.bot.outside import EVIL, effects, structure
from tests.bot.samples import PROPOSAL, RECORD, STALE, proposal_of, section_of

UPSTREAM = "d2l-ai/d2l-en"
BODY = body(RECORD, "zh", UPSTREAM, "a" * 40)


def tick(text: str) -> str:
    return text.replace("- [ ]", "- [x]")


def test_it_says_what_is_open_and_what_waits() -> None:
    assert BODY.startswith(
        f"{MARKER}\n\nHow the Chinese translation follows `d2l-ai/d2l-en`, last looked at `aaaaaaaaaa`."
    )
    assert "`█░░░░░░░░░░░░░░░░░░░` 5 of 126 segments to review are in 1 pull request; 121 wait, in 2 chapters." in BODY
    assert "| #12 | all | 3 | 5 | 2 | 1 |" in BODY
    assert "- [ ] <!-- amts:open=chapter_x --> `chapter_x`: 3 sections, 120 segments to review\n" in BODY
    assert "- [ ] <!-- amts:open=chapter_y --> `chapter_y`: 1 section, 1 segment to review\n" in BODY
    assert "### Declined: 1 section\n" in BODY
    assert "- [ ] <!-- amts:again=chapter_c/old.md --> `chapter_c/old.md`\n" in BODY
    assert "paused" not in BODY


def test_it_says_that_amts_is_paused_and_that_there_is_nothing() -> None:
    nothing = body(Record(paused=True), "zh", UPSTREAM, None)
    assert "**AMTS is paused**" in nothing
    assert "not looked at yet" in nothing
    assert "There is nothing to review." in nothing
    assert "###" not in nothing


def test_pull_requests_are_in_order_and_those_that_close_are_left_out() -> None:
    proposals = [
        proposal_of({"a.md": section_of(STALE)}, "amts/sync-new", None),
        proposal_of({"b.md": section_of(STALE)}, "amts/sync-late", 30),
        proposal_of({"c.md": section_of(STALE)}, "amts/sync-early", 4),
        replace(proposal_of({"d.md": section_of(STALE)}, "amts/sync-closed", 2), closing="done"),
    ]
    found = body(Record(proposals={p.branch: p for p in proposals}), "zh", UPSTREAM, "a" * 40)
    table = [line.split(" | ")[:2] for line in found.splitlines() if line.startswith("| ")][2:]
    assert table == [["| #4", "`early`"], ["| #30", "`late`"], ["| being opened", "`new`"]]
    assert "`████████████████████` 3 of 3 segments to review are in 3 pull requests; 0 wait, in 0 chapters." in found


def test_ticked_boxes_are_read_and_no_others() -> None:
    assert ticked(BODY) == Ticked()
    assert ticked(tick(BODY)) == Ticked(("chapter_x", "chapter_y"), ("chapter_c/old.md",))
    one = BODY.replace("- [ ] <!-- amts:open=chapter_y", "- [X] <!-- amts:open=chapter_y")
    assert ticked(one) == Ticked(("chapter_y",), ())


def test_boxes_are_read_after_people_have_edited_the_text() -> None:
    edited = (
        "I ticked one:\r\n\r\n"
        "* [X]  <!-- amts:open=chapter_x --> the **first**\r\n"
        "* [X]  <!-- amts:open=chapter_x -->\r\n"
        "- [x] chapter_y, without its comment\r\n"
        "> - [x] <!-- amts:open=quoted -->\r\n"
        "- [x] text <!-- amts:open=behind -->\r\n"
        "- [x] <!-- amts:close=other -->\r\n"
        "- [x] <!-- amts:open= -->\r\n"
        "- [x] <!-- amts:open=a b -->\r\n"
        f"- [x] <!-- amts:open={'a' * 1_001} -->\r\n"
        "  - [x] <!-- amts:again=%ff%00 -->"
    )
    assert ticked(edited) == Ticked(("chapter_x",), ("\ufffd\0",))


@given(st.text(max_size=80) | st.text(st.sampled_from("-> <!%/."), max_size=80))
def test_any_name_comes_back_from_its_box(name: str) -> None:
    record = Record(waiting=(Waiting(name, 1, 1),), declined={f"{name}.md": "b" * 40})
    found = ticked(tick(body(record, "zh", UPSTREAM, None)))
    sign = name.encode(errors="replace").decode()  # what cannot be encoded has a sign instead
    assert found == Ticked((sign,) if name else (), (f"{sign}.md",))


@pytest.mark.parametrize("evil", EVIL)
def test_text_from_outside_has_no_effect(evil: str) -> None:
    def record(text: str) -> Record:
        chapter = proposal_of({text: section_of(STALE)}, f"amts/sync-{text}", None)
        return Record(proposals={text: chapter}, waiting=(Waiting(text, 1, 1),), declined={text: "b" * 40})

    found = body(record(evil), "zh", evil, "a" * 40)
    assert effects(found) == []
    assert structure(found) == structure(body(record("plain"), "zh", "plain", "a" * 40))
    assert ticked(found) == Ticked()
    assert ticked(tick(found)) == Ticked((evil,), (evil,))
    assert found.count(MARKER) == 1


def test_it_always_fits_and_says_what_is_left_out() -> None:
    chapters = tuple(Waiting(f"@{n}" * 90, 1, 2) for n in range(3_000))
    declined = {f"<{n}>" * 900: "b" * 40 for n in range(3_000)}
    proposals = {f"{n}": replace(PROPOSAL, branch=f"amts/sync-{'|' * 900}{n}", number=n + 1) for n in range(500)}
    began = time.process_time()
    found = body(Record(waiting=chapters, declined=declined, proposals=proposals), "zh", "@" * 9_000, "a" * 40)
    assert time.process_time() - began < 2
    assert len(found) <= MAX_BODY
    assert "2,500 of 8,500 segments to review are in 500 pull requests; 6,000 wait, in 3,000 chapters." in found
    shown = found.count("amts:open=")
    assert 0 < shown < 3_000
    assert f"- … and {3_000 - shown:,} more" in found
    assert "### Declined: 3,000 sections" in found


def test_an_endless_body_is_read_in_bounds() -> None:
    began = time.process_time()
    found = ticked("".join(f"- [x] <!-- amts:open={n} -->\n" for n in range(100_000)) + "- [x] <!-- amts:" * 100_000)
    assert len(found.chapters) == 1_000
    assert time.process_time() - began < 1
