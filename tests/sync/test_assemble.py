"""Plan and translations to a draft: what may stand in it, and how a refusal is reported."""

from __future__ import annotations

import pytest

from sync.assemble import assemble
from sync.model import Draft, Plan, SegmentResult, Translation
from sync.plan import plan_section

OLD = "# Cups\n\nThe old cup holds `tea` for the guests. Keep it warm in winter.\n"
NEW = "# Cups\n\nThe old cup holds `tea` for all 3 hosts. Keep it warm in winter.\n\nAnother line about $x$.\n"
TARGET = "# 杯子\n\n旧杯子为客人装`tea`。冬天要保温。\n"
STALE = "# 杯子\n\n旧杯子为客人装`tea`。冬天要保温。\n\nAnother line about $x$.\n"


def _plan() -> Plan:
    return plan_section(OLD, NEW, TARGET, "zh")


def _answered(edited: str | None, new: str | None = None, reason: str = "", confidence: float = 1.0) -> Draft:
    plan = _plan()
    first, second = plan.requests
    answers = {
        first.id: Translation(first.id, edited, reason, confidence),
        second.id: Translation(second.id, new, reason, confidence),
    }
    return assemble(plan, answers)


def _result(draft: Draft, source: str) -> SegmentResult:
    (result,) = (result for result in draft.results if (result.new_source or "").startswith(source))
    return result


def test_the_requests_of_a_plan() -> None:
    edited, new = _plan().requests
    assert edited.source == "The old cup holds `tea` for all 3 hosts."
    assert edited.previous == ("The old cup holds `tea` for the guests.", "旧杯子为客人装`tea`。")
    assert (new.source, new.previous) == ("Another line about $x$.", None)


def test_translations_take_their_places() -> None:
    draft = _answered("旧杯子为3位主人装`tea`。", "关于$x$的另一行。", "fuzzy match 0.93")
    assert draft.text == "# 杯子\n\n旧杯子为3位主人装`tea`。冬天要保温。\n\n关于$x$的另一行。\n"
    result = _result(draft, "The old cup")
    assert (result.draft, result.waiting, result.uncertain) == ("旧杯子为3位主人装`tea`。", False, False)
    assert result.reason == "edited: fuzzy match 0.93"
    assert draft.characters_sent == draft.characters_changed == 40 + 23


def test_without_answers_the_old_translation_and_the_english_stay_and_wait() -> None:
    draft = assemble(_plan(), {})
    assert draft.text == STALE
    assert [r.new_source for r in draft.results if r.waiting] == [
        "The old cup holds `tea` for all 3 hosts.",
        "Another line about $x$.",
    ]
    assert draft.characters_sent == 0


def test_an_engine_that_has_nothing_says_why() -> None:
    draft = _answered(None, None, "no match")
    assert draft.text == STALE
    assert _result(draft, "The old cup").reason == "edited: no match"
    assert _result(draft, "The old cup").characters_sent == 40


@pytest.mark.parametrize(
    "answer",
    {
        "token lost": "旧杯子为3位主人装茶。",
        "token changed": "旧杯子为3位主人装`茶`。",
        "token doubled": "旧杯子为3位主人装`tea`和`tea`。",
        "token added": "旧杯子为3位主人装`tea`和$x$。",
        "another line": "旧杯子为3位主人\n装`tea`。",
        "another paragraph": "旧杯子为3位主人装`tea`。\n\n# 新标题",
        "a heading": "# 旧杯子为3位主人装`tea`。",
        "a list item": "- 旧杯子为3位主人装`tea`。",
        "a quote": "> 旧杯子为3位主人装`tea`。",
        "a fence": "```旧杯子为3位主人装`tea`。",
        "empty": "  ",
        "a runaway": "旧杯子为3位主人装`tea`。" + "很久" * 300,
        "half a formula": "旧杯子为3位主人装`tea`，$",
        "a link": "旧杯子为3位主人装`tea`[来](https://example.org)。",
        "reads backwards": "旧杯子为3位主人\u202e装`tea`。",
    }.items(),
    ids=lambda item: item[0],
)
def test_a_translation_that_breaks_something_is_refused_and_reported(answer: tuple[str, str]) -> None:
    draft = _answered(answer[1])
    assert draft.text == STALE
    result = _result(draft, "The old cup")
    assert "the translation was refused, " in result.reason
    assert result.waiting
    assert result.draft == "旧杯子为客人装`tea`。"


def test_what_is_less_than_certain_is_to_be_looked_at() -> None:
    assert _result(_answered("旧杯子为3位主人装`tea`。", confidence=0.8), "The old").uncertain
    wrong_number = _result(_answered("旧杯子为4位主人装`tea`。"), "The old")
    assert (wrong_number.uncertain, wrong_number.waiting) == (True, False)


def test_slide_marks_go_around_a_translation() -> None:
    old, target = "One line.\n", "一行。\n"
    plan = plan_section(old, "One line.\n\n[**Another line about tea.**]\n", target, "zh")
    (request,) = plan.requests
    assert request.source == "Another line about tea."
    draft = assemble(plan, {request.id: Translation(request.id, "关于茶的另一行。")})
    assert draft.text == "一行。\n\n[**关于茶的另一行。**]\n"


def test_results_know_their_lines() -> None:
    draft = _answered("旧杯子为3位主人装`tea`。", "关于$x$的另一行。")
    assert _result(draft, "The old").line == 3
    assert _result(draft, "Another").line == 5
    assert draft.text.splitlines()[4] == "关于$x$的另一行。"
