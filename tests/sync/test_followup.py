"""The results of a pull request that several syncs add to, and how they are stored."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from sync.assemble import assemble
from sync.findings import Standard, find_faults
from sync.followup import BY_PERSON, RecordError, dump, follow, is_plain, load
from sync.model import BlockKind, Check, Draft, Finding, Operation, SegmentResult, Translation
from sync.plan import plan_section

ONE = "# Cups\n\nThe old cup is red. Keep it warm in winter.\n\nNobody washes it.\n\n```python\nx = 1  # cup\n```\n"
TARGET = "# 杯子\n\n旧杯子是红的。冬天要保温。\n\n没有人洗它。\n\n```python\nx = 1  # 杯\n```\n"
TWO = (
    ONE.replace("is red", "is very red").replace("Nobody washes it.\n\n", "").replace("x = 1", "y = 1")
    + "\nIt is new here.\n"
)


def drafted(old: str, new: str, target: str, *answers: str | None) -> Draft:
    plan = plan_section(old, new, target, "zh")
    given = {r.id: Translation(r.id, text) for r, text in zip(plan.requests, answers, strict=True)}
    return assemble(plan, given)


def told(results: tuple[SegmentResult, ...]) -> list[tuple[Operation, str | None, str | None, str | None, int | None]]:
    return [(r.operation, r.old_source, r.new_source, r.draft, r.line) for r in results if not is_plain(r)]


FIRST = drafted(ONE, TWO, TARGET, "旧杯子很红。", "这里有新的。")
EDITED = (Operation.TRANSLATED, "The old cup is red.", "The old cup is very red.", "旧杯子很红。", 3)
NEW = (Operation.TRANSLATED, None, "It is new here.", "这里有新的。", 9)


def test_the_first_sync_is_the_start() -> None:
    assert told(FIRST.results)[0] == EDITED
    assert told(FIRST.results)[-2][:3] == NEW[:3]
    assert told(FIRST.results)[-1][:2] == (Operation.REMOVED, "Nobody washes it.")


def test_what_stands_as_it_was_drafted_keeps_its_result_at_its_new_line() -> None:
    three = TWO.replace("# Cups\n", "# Cups\n\nRead this first.\n")
    second = drafted(TWO, three, FIRST.text, "先读这个。")
    results = follow(FIRST.results, second.results, second.text, "zh")
    found = told(results)
    assert found[0] == (Operation.TRANSLATED, None, "Read this first.", "先读这个。", 3)
    assert (*EDITED[:4], 5) in found
    assert (*NEW[:4], 11) in found
    assert [entry[:2] for entry in found if entry[0] is Operation.REMOVED] == [(Operation.REMOVED, "Nobody washes it.")]
    assert sum("x = 1" in (entry[1] or "") for entry in found) == 1, "the code that the first sync patched"
    edited = next(result for result in results if result.new_source == EDITED[2])
    assert (edited.machine, edited.old_target) == (True, "旧杯子是红的。")
    assert second.text[edited.start : edited.end] == edited.draft


def test_a_sync_that_leaves_the_section_alone_leaves_the_results() -> None:
    assert told(follow(FIRST.results, (), FIRST.text, "zh")) == told(FIRST.results)


def test_what_changes_twice_is_told_from_the_beginning() -> None:
    three = TWO.replace("very red", "very red indeed").replace("\nIt is new here.\n", "")
    second = drafted(TWO, three, FIRST.text, "旧杯子红极了。")
    found = told(follow(FIRST.results, second.results, second.text, "zh"))
    assert found[0] == (
        Operation.TRANSLATED,
        "The old cup is red.",
        "The old cup is very red indeed.",
        "旧杯子红极了。",
        3,
    )
    assert not any("It is new here." in (entry[1] or "") + (entry[2] or "") for entry in found), "it came and went"
    gone = drafted(TWO, TWO.replace("The old cup is very red. ", ""), FIRST.text)
    removed = [r for r in follow(FIRST.results, gone.results, gone.text, "zh") if r.operation is Operation.REMOVED]
    assert [(r.old_source, r.old_target) for r in removed] == [
        ("The old cup is red.", "旧杯子是红的。"),
        ("Nobody washes it.", "没有人洗它。"),
    ]


def test_what_a_person_edited_says_so() -> None:
    mended = FIRST.text.replace("旧杯子很红。", "那个旧杯子红得很。")
    for text, now in (
        (mended, ()),
        ((second := drafted(TWO, TWO + "\nMore.\n", mended, "更多。")).text, second.results),
    ):
        results = follow(FIRST.results, now, text, "zh")
        edited = next(result for result in results if result.new_source == EDITED[2])
        assert (edited.operation, edited.reason, edited.machine, edited.waiting) == (
            Operation.KEPT,
            BY_PERSON,
            False,
            False,
        )
        assert is_plain(edited)
        assert (*NEW[:4], 9) in told(results)


def test_of_several_alike_nobody_is_said_to_have_edited_them() -> None:
    three = TWO + "\nAnd it is new there.\n"
    second = drafted(TWO, three, FIRST.text, "这里有新的。")
    results = follow(FIRST.results, second.results, second.text, "zh")
    (first,) = (result for result in results if result.new_source == "It is new here.")
    assert (first.operation, first.machine, first.start) == (Operation.TRANSLATED, True, None)


def test_ids_stay_unique() -> None:
    (result,) = (r for r in FIRST.results if r.new_source == "It is new here.")
    other = replace(result, new_source="Another.", old_source="Other.")
    results = follow([result], [other], FIRST.text, "zh")
    assert len({r.id for r in results}) == len(results) == 2


def test_results_survive_as_json() -> None:
    stored = json.loads(json.dumps(dump(FIRST.results)))
    assert load(stored) == tuple(result for result in FIRST.results if not is_plain(result))
    assert len(stored) < len(FIRST.results)
    assert load([]) == ()


GOOD = {
    "id": "a", "kind": "paragraph", "operation": "translated", "reason": "new", "old_source": None,
    "new_source": "A.", "old_target": None, "draft": "B.", "start": 3, "end": 5, "line": 1, "machine": True,
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"id": None}, {"id": 1}, {"kind": "poem"}, {"kind": ["table"]}, {"operation": "kept?"}, {"draft": 3}, {"draft": "x" * 300_000},
        {"start": None}, {"end": 2}, {"start": -1}, {"line": True}, {"line": "1"}, {"machine": 1}, {"machine": None},
        {"nth": 2}, {"among": 0}, {"among": None}, {"characters_sent": 10**12}, {"strange": 1}, {"__class__": "x"},
    ],
)  # fmt: skip
def test_a_record_that_was_tampered_with_is_refused(change: dict[str, object]) -> None:
    assert load([GOOD])[0].kind is BlockKind.PARAGRAPH
    with pytest.raises(RecordError, match=r"^the stored results cannot be read at [^\n]*$"):
        load([GOOD | change])
    with pytest.raises(RecordError):
        load([{name: value for name, value in GOOD.items() if name != "draft"}])


@pytest.mark.parametrize("data", [None, {}, "[]", [1], [[]], [{}], [{}] * 60_000])
def test_a_record_that_is_none_is_refused(data: object) -> None:
    with pytest.raises(RecordError):
        load(data)


def test_findings_are_kept_and_old_results_without_them_are_read() -> None:
    found = (Finding(Check.NUMBERS, "95 is lost"), Finding(Check.LENGTH, "too long"))
    checked = replace(FIRST.results[1], findings=found)
    (kept,) = load(json.loads(json.dumps(dump([checked]))))
    assert kept.findings == found
    assert "findings" not in dump([FIRST.results[1]])[0]


@pytest.mark.parametrize(
    "findings",
    [
        {},
        "numbers",
        ["numbers"],
        [{"check": "numbers"}],
        [{"check": "style", "reason": "ugly"}],
        [{"check": ["numbers"], "reason": "lost"}],
        [{"check": "numbers", "reason": None}],
        [{"check": "numbers", "reason": "x" * 3_000}],
        [{"check": "numbers", "reason": "lost", "more": 1}],
        [{"check": "numbers", "reason": "lost"}] * 60,
    ],
)
def test_findings_that_nobody_stored_are_refused(findings: object) -> None:
    (item,) = dump([FIRST.results[1]])
    with pytest.raises(RecordError, match="'findings'"):
        load([item | {"findings": findings}])


def test_what_an_engine_echoed_without_end_can_be_read_again() -> None:
    target = '杯"' * 4_001
    found = find_faults("A cup.", target, "a.md", Standard("zh"))
    assert [len(finding.reason) for finding in found if finding.check is Check.BRACKETS] == [300]
    endless = (*found, *(Finding(Check.NUMBERS, f"{n}{'9' * 100_000}") for n in range(200)))
    echoed = replace(FIRST.results[1], findings=endless, draft=target * 100)
    (kept,) = load(json.loads(json.dumps(dump([echoed]))))
    assert kept.findings[: len(found)] == found
    assert len(found) < len(kept.findings) < len(endless)
    assert kept.findings[-1].reason.endswith("9…")


def test_what_a_person_edited_has_no_findings_any_more() -> None:
    checked = [replace(result, findings=(Finding(Check.NUMBERS, "lost"),)) for result in FIRST.results]
    results = follow(checked, (), FIRST.text.replace("旧杯子很红。", "这杯很红。"), "zh")
    edited = next(result for result in results if result.reason == BY_PERSON)
    assert edited.findings == ()
