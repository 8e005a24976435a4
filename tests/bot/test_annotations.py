"""The check run of a pull request has a line for each segment that needs a look, the riskiest first."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest

from bot.annotations import Annotation, check
from sync.model import Check, Finding, Operation, SegmentResult
from tests.bot.outside import EVIL, effects, structure
from tests.bot.samples import (
    ENGLISH,
    FUZZY,
    KEPT,
    PATCHED,
    PROPOSAL,
    REMOVED,
    STALE,
    proposal_of,
    result,
    section_of,
)

MACHINE = result(Operation.TRANSLATED, (None, "We test.", None, "我们测试。"), "engine", line=30)


def of(*results: SegmentResult) -> list[tuple[int, str]]:
    """The line and the level of each annotation of a section."""
    return [(a.start_line, a.level) for a in check(proposal_of({"a.md": section_of(*results)}), "zh").annotations]


def test_each_segment_that_needs_a_look_has_a_line() -> None:
    assert of(KEPT, PATCHED, MACHINE, FUZZY, ENGLISH, STALE, REMOVED) == [
        (12, "warning"), (20, "notice"), (30, "notice"), (14, "warning")
    ]  # fmt: skip


def test_an_annotation_has_the_texts_side_by_side() -> None:
    assert check(proposal_of({"a.md": section_of(STALE)}), "zh").annotations == (
        Annotation(
            "a.md",
            12,
            12,
            "warning",
            "waiting for a translator, the old translation stands (edited; no match in the memory)",
            "Source before: The model has two layers.\nSource now: The model has three large layers.\n"
            "Translation before: 模型有两层。\nDraft: 模型有两层。",
        ),
    )


def test_the_conclusion_is_a_failure_only_where_a_section_failed() -> None:
    assert check(PROPOSAL, "zh").conclusion == "failure"
    assert check(proposal_of({"a.md": section_of(STALE)}), "zh").conclusion == "neutral"
    assert check(proposal_of({"a.md": section_of(MACHINE)}), "zh").conclusion == "neutral"
    assert check(proposal_of({"a.md": section_of(PATCHED)}), "zh").conclusion == "success"
    assert check(proposal_of({"a.md": section_of()}, conflicts=("a.md, line 3",)), "zh").conclusion == "neutral"


def test_the_title_has_the_numbers_and_praises_nothing() -> None:
    assert check(PROPOSAL, "zh").title == (
        "1 section failed, 1 conflict, 5 segments to review, 3 of them need a look, 2 of these wait for a translator"
    )
    assert check(proposal_of({"a.md": section_of(FUZZY)}), "zh").title == (
        "1 segment to review, 1 of them needs a look, 0 of these wait for a translator"
    )
    assert check(proposal_of({"a.md": section_of(PATCHED)}), "zh").title == "No segment is marked"
    assert check(proposal_of({"a.md": section_of(error="wrong")}), "zh").title == "1 section failed"


def test_the_summary_counts_by_kind_and_names_errors() -> None:
    summary = check(PROPOSAL, "zh").summary
    assert summary.startswith("2 sections of the Chinese translation, drafted to the source at `aaaaaaaaaa`.\n\n")
    assert "- 1 segment with an old translation that waits for a translator\n- 1 segment uncertain\n" in summary
    assert "- `chapter_g/bad.md`: unclosed fence in line 3: close it" in summary
    assert "names 1 conflict with the default branch" in summary


def test_what_has_no_annotation_is_counted() -> None:
    many = proposal_of({f"{n}.md": section_of(STALE, FUZZY, replace(ENGLISH, line=None)) for n in range(400)})
    found = check(many, "zh")
    assert [a.level for a in found.annotations] == ["warning"] * 400 + ["notice"] * 100
    assert found.title == "1,200 segments to review, 1,200 of them need a look, 800 of these wait for a translator"
    assert "300 of them have no annotation here: there are 500 at most." in found.summary
    assert "400 of them have no line in the draft." in found.summary


@pytest.mark.parametrize("evil", EVIL)
def test_text_from_outside_has_no_effect(evil: str) -> None:
    changed = result(Operation.TRANSLATED, (evil, f"{evil} new", evil, f"new {evil}"), evil, waiting=True)
    made = {"a.md": section_of(changed), evil: section_of(error=evil)}
    found = check(proposal_of(made, conflicts=(evil,)), "zh")
    plain = check(proposal_of({"a.md": section_of(changed), "p": section_of(error="p")}, conflicts=("p",)), "zh")
    assert effects(found.summary) == []
    assert structure(found.summary) == structure(plain.summary)
    assert found.title == plain.title
    (annotation,) = found.annotations
    assert not re.search(r"[\u202a-\u202e\u2066-\u2069\x00-\x09\x0b-\x1f]", annotation.title + annotation.message)
    assert len(annotation.message.splitlines()) == 4


def test_it_keeps_within_the_limits_of_github_and_is_soon_there() -> None:
    endless = replace(STALE, old_source="字" * 70_000, new_source="\U0001f600" * 70_000, reason="@" * 70_000)
    sections = {f"{n}.md": section_of(*[endless] * 40, error=f"&{n}" * 9_000) for n in range(200)}
    began = time.process_time()
    found = check(proposal_of(sections), "zh")
    assert time.process_time() - began < 2
    assert len(found.annotations) == 500
    assert max(len(a.message.encode()) for a in found.annotations) <= 64_000
    assert max(len(a.title) for a in found.annotations) <= 255
    assert len(found.title) <= 255
    assert len(found.summary) <= 65_535


def test_an_annotation_always_has_a_message() -> None:
    bare = result(Operation.TRANSLATED, (None, None, None, None), "new", waiting=True, line=3)
    (annotation,) = check(proposal_of({"a.md": section_of(bare)}), "zh").annotations
    assert annotation.message == "waiting for a translator, it is not translated (new)"


def test_what_a_check_found_stands_on_the_line() -> None:
    suspect = replace(PATCHED, findings=(Finding(Check.NUMBERS, "the translation lacks the number 95"),))
    found = check(proposal_of({"a.md": section_of(suspect, KEPT)}), "zh")
    (annotation,) = found.annotations
    assert (annotation.start_line, annotation.level) == (21, "warning")
    assert annotation.message.startswith(
        "Check numbers: the translation lacks the number 95\nSource before: Use `a`.\n"
    )
    assert "- 1 segment in which a check found something\n" in found.summary
    assert "The checks found something in 1 segment (numbers 1)" in found.summary
    assert found.conclusion == "neutral"
