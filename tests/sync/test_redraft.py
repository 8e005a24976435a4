"""A draft once more: what is asked for again, and that nothing else changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sync.assemble import assemble
from sync.model import Draft, Translation
from sync.plan import plan_section
from sync.redraft import redraft, requests

OLD = "# Cups\n\nThe old cup holds `tea` for the guests. Keep it warm\nin winter.\n\n| Cup | Size |\n| --- | --- |\n| red | big |\n"
NEW = """# Cups

The old cup holds `tea` for all the hosts. Keep it warm
in winter. A new sentence about $x$.

[**Marked as a whole.**]

| Cup | Size |
| --- | --- |
| red | big |
| blue one | tiny |

- Say it again.

- Say it again.
"""
TARGET = "# 杯子\n\n旧杯子为客人装`tea`。冬天\n要保温。\n\n| 杯 | 大小 |\n| --- | --- |\n| 红 | 大 |\n"
NUMBERS = "一二三四五六七八九"


def numbered(source: str, number: int) -> str:
    """What an engine may say: a sentence with the tokens of its source."""
    tokens = "".join(token for token in ("`tea`", "$x$") if token in source)
    return f"机器第{NUMBERS[number]}句{tokens}。"


def drafted(answer: Callable[[str, int], str | None] = numbered) -> Draft:
    plan = plan_section(OLD, NEW, TARGET, "zh")
    return assemble(plan, {r.id: Translation(r.id, answer(r.source, n)) for n, r in enumerate(plan.requests)})


def again(text: str, draft: Draft, answer: Callable[[str], str | None]) -> Draft:
    asked = requests(text, draft.results, "zh")
    return redraft(text, draft.results, {r.id: Translation(r.id, answer(r.source), "better") for r in asked}, "zh")


def better(source: str) -> str:
    return "更好的句子" + "".join(token for token in ("`tea`", "$x$") if token in source) + "。"


SOURCES = [
    "The old cup holds `tea` for all the hosts.",
    "A new sentence about $x$.",
    "Marked as a whole.",
    "blue one",
    "tiny",
    "Say it again.",
    "Say it again.",
]


def test_what_a_machine_wrote_is_asked_for_again() -> None:
    draft = drafted()
    asked = requests(draft.text, draft.results, "zh")
    assert [request.source for request in asked] == SOURCES
    assert asked[0].previous == ("The old cup holds `tea` for the guests.", "旧杯子为客人装`tea`。")
    assert {request.previous for request in asked[1:]} == {None}
    assert len({request.id for request in asked}) == len(asked)


def test_only_those_segments_are_replaced() -> None:
    draft = drafted()
    new = again(draft.text, draft, better)
    assert new.text == (
        "# 杯子\n\n更好的句子`tea`。冬天\n要保温。更好的句子$x$。\n\n[**更好的句子。**]\n\n"
        "| 杯 | 大小 |\n| --- | --- |\n| 红 | 大 |\n| 更好的句子。 | 更好的句子。 |\n\n- 更好的句子。\n\n- 更好的句子。\n"
    )
    for result in new.results:
        if result.machine:
            assert result.start is not None
            assert result.draft == new.text[result.start : result.end].removeprefix("[**").removesuffix("**]")
            assert result.line == new.text.count("\n", 0, result.start) + 1
            assert result.reason.endswith(": better")
    assert sum(result.machine for result in new.results) == len(SOURCES)
    assert new.characters_sent == new.characters_changed == sum(map(len, SOURCES))
    same = again(new.text, new, better)
    assert same.text == new.text
    assert [result.reason for result in same.results] == [result.reason for result in new.results]


def test_what_was_edited_since_is_left_alone() -> None:
    draft = drafted()
    edited = draft.text.replace("机器第一句`tea`。", "人写的句子`tea`。").replace("# 杯子", "# 关于杯子\n\n前言。")
    assert [request.source for request in requests(edited, draft.results, "zh")] == SOURCES[1:]
    new = again(edited, draft, better)
    assert "人写的句子`tea`。" in new.text
    assert new.text.count("更好的句子") == 6
    assert again(edited, draft, lambda _: None).text == edited


def test_of_several_alike_the_edited_one_is_not_guessed() -> None:
    draft = drafted(lambda source, number: "再说一遍。" if "again" in source else numbered(source, number))
    assert draft.text.endswith("- 再说一遍。\n\n- 再说一遍。\n")
    assert [request.source for request in requests(draft.text, draft.results, "zh")] == SOURCES
    one = again(draft.text, draft, lambda source: None if "again" in source else better(source))
    last = [result for result in one.results if result.new_source == "Say it again."][1]
    assert (last.nth, last.among) == (2, 2)
    edited = draft.text.removesuffix("- 再说一遍。\n") + "- 请再说一遍。\n"
    assert [request.source for request in requests(edited, draft.results, "zh")] == SOURCES[:-2]


def test_what_waits_is_asked_for_and_its_marks_and_spaces_fit() -> None:
    draft = drafted(lambda source, number: None)
    assert "要保温。 A new sentence about $x$.\n\n[**Marked as a whole.**]" in draft.text
    assert [request.source for request in requests(draft.text, draft.results, "zh")] == SOURCES
    new = again(draft.text, draft, better)
    assert "要保温。更好的句子$x$。\n\n[**更好的句子。**]" in new.text
    assert not any(result.waiting for result in new.results)
    assert again(draft.text, draft, lambda _: None).text == draft.text


@pytest.mark.parametrize("answer", ["没有记号。", "# 标题`tea`$x$", "两行\n`tea`$x$", "", "`tea` | $x$ |"])
def test_a_broken_answer_changes_nothing(answer: str) -> None:
    for draft in (drafted(), drafted(lambda source, number: None)):
        new = again(draft.text, draft, lambda source: answer if "`" in source or "$" in source else None)
        assert new.text == draft.text
        refused = [result for result in new.results if "was refused" in result.reason]
        assert len(refused) == 2
        assert all(result.waiting == (not result.machine) for result in refused)


def test_a_file_of_someone_else_is_left_alone() -> None:
    draft = drafted()
    assert requests("", draft.results, "zh") == ()
    assert redraft("Other.\n", draft.results, {}, "zh").text == "Other.\n"
