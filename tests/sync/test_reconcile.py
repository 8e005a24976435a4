"""Three versions of a text into one: whose words stand, and the English that goes with them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.parts import edits, parts_of_section
from sync.reconcile import Merged, Sides, merge_origins, merge_parts

NUMBERS = st.integers(0, 9)


@st.composite
def _sides(draw: st.DrawFn) -> tuple[str, str, str]:
    """A base of sentences and two versions of it, each sentence of which says whose it is."""
    base = [f"这是第{number}句。" for number in draw(st.lists(NUMBERS, min_size=1, max_size=6))]
    sides = []
    for name in "他我":
        side = list(base)
        for step in range(draw(st.integers(0, 3))):
            at = draw(st.integers(0, max(len(side) - 1, 0)))
            words = f"{name}的第{step}句{draw(NUMBERS)}。"
            match draw(st.sampled_from(["edit", "insert", "delete", "paragraph"])):
                case "edit":
                    side[at : at + 1] = [words]
                case "insert":
                    side.insert(at, words)
                case "delete":
                    del side[at : at + 1]
                case "paragraph":
                    side.append(f"\n\n{words}")
        sides.append(side)
    return "".join(base), "".join(sides[0]), "".join(sides[1])


def merged(base: str, theirs: str, ours: str, people: bool) -> Merged:
    old, other, own = (parts_of_section(text, "zh") for text in (base, theirs, ours))
    new = {k for edit in edits(old, own) for k in range(edit.new_start, edit.new_end)}
    return merge_parts(old, other, own, frozenset(new) if people else frozenset())


@given(_sides())
def test_a_side_that_changed_nothing_gives_way(sides: tuple[str, str, str]) -> None:
    base, theirs, ours = sides
    for people in (False, True):
        assert merged(base, theirs, base, people).text == theirs
        assert merged(base, base, ours, people).text == ours
        assert merged(base, ours, ours, people).text == ours
        assert merged(base, base, ours, people).conflicts == []


@given(_sides())
def test_the_words_of_people_stand(sides: tuple[str, str, str]) -> None:
    base, theirs, ours = sides
    by_hand, by_machine = merged(base, theirs, ours, people=True), merged(base, theirs, ours, people=False)
    for part in parts_of_section(ours, "zh"):
        assert "我的" not in part.body or part.body in by_hand.text
    for part in parts_of_section(theirs, "zh"):
        assert "他的" not in part.body or part.body in by_machine.text
        assert "他的" not in part.body or part.body in by_hand.text or by_hand.conflicts
    assert by_machine.conflicts == []


@pytest.mark.parametrize(
    ("theirs", "ours", "wanted"),
    [
        ("一。乙。三。\n", "甲。二。三。\n", "甲。乙。三。\n"),
        ("一。二。三。新。\n", "甲。二。三。\n", "甲。二。三。新。\n"),
        ("一。三。\n", "一。二。丙。\n", "一。丙。\n"),
        ("- 一。二。三。\n", "一。二。丙。\n", "- 一。二。丙。\n"),
        ("一。二。三。\n\n新。\n", "一。二。丙。\n", "一。二。丙。\n\n新。\n"),
        ("一。二。三。甲。\n", "一。二。三。乙。\n", "一。二。三。乙。\n甲。\n"),
    ],
)
def test_what_touches_and_does_not_overlap_is_merged(theirs: str, ours: str, wanted: str) -> None:
    result = merged("一。二。三。\n", theirs, ours, people=True)
    assert (result.text, result.conflicts) == (wanted, [])


# -- origins -------------------------------------------------------------------------------------------------

ENGLISH = "# Tea\n\nOne is red. Two is blue. Three is green.\n\n```python\nx = 1\n```\n\nThe end is near.\n"
CHINESE = "# 茶\n\n一是红的。二是蓝的。三是绿的。\n\n```python\nx = 1\n```\n\n快结束了。\n"


def english(theirs: tuple[str, str], ours: tuple[str, str], people: bool = False) -> str | None:
    """The origin of the merge of two sides, each an origin and a translation."""
    result = merged(CHINESE, theirs[1], ours[1], people)
    return merge_origins(Sides(ENGLISH, theirs[0], ours[0]), CHINESE, result, "zh", "en")


DRAFTED = (
    ENGLISH.replace("blue", "very blue").replace("green", "very green").replace("x = 1", "y = 1"),
    CHINESE.replace("蓝的", "很蓝的").replace("绿的", "很绿的").replace("x = 1", "y = 1"),
)


def test_the_english_of_a_draft_that_gave_way_goes_back() -> None:
    assert english((ENGLISH, CHINESE.replace("蓝的", "天蓝的")), DRAFTED) == DRAFTED[0].replace("very blue", "blue")
    assert english((ENGLISH, CHINESE.replace("x = 1", "x = 1  # 一")), DRAFTED) == DRAFTED[0].replace("y = 1", "x = 1")
    assert english((ENGLISH, CHINESE.replace("红的", "大红的")), DRAFTED) == DRAFTED[0]
    assert english((ENGLISH, CHINESE.replace("蓝的", "天蓝的")), DRAFTED, people=True) == DRAFTED[0]


def test_the_english_follows_whose_translation_stands() -> None:
    theirs = (
        ENGLISH.replace("blue", "light blue").replace("near", "far"),
        CHINESE.replace("蓝的", "浅蓝的").replace("快", "没"),
    )
    assert english(theirs, DRAFTED) == DRAFTED[0].replace("very blue", "light blue").replace("near", "far")
    assert english(theirs, DRAFTED, people=True) == DRAFTED[0].replace("near", "far")


def test_where_it_cannot_be_told_all_is_looked_at_again() -> None:
    theirs = CHINESE.replace("红的", "大红的")
    ours = (DRAFTED[0], DRAFTED[1].replace("红的", "很红的"))  # a draft without a change of its English
    assert english((ENGLISH, theirs), ours) == ENGLISH
    result = merged(CHINESE, theirs, ours[1], people=False)
    assert merge_origins(Sides(None, None, ours[0]), CHINESE, result, "zh", "en") is None
    assert merge_origins(Sides(None, None, ours[0]), CHINESE, Merged(), "zh", "en") == ours[0]
