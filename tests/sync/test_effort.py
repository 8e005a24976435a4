"""Post-edit effort: what became of written segments, and what that counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from sync import score
from sync.assemble import assemble
from sync.effort import Baseline, Written, follow, measure, written
from sync.model import Operation
from sync.plan import plan_section

OLD = "# Tea\n\nTea is hot. Tea is good.\n\nWe use $x$ cups of water.\n"
NEW = "# Tea\n\nTea is hot. Tea is very good.\n\nWe use $y$ cups of water.\n\nIt rains today.\n"
TARGET = "# 茶\n\n茶很烫。茶很好。\n\n我们用$x$杯水。\n"


def drafted() -> Baseline:
    draft = assemble(plan_section(OLD, NEW, TARGET, "zh"), {})
    assert [r.operation for r in draft.results if r.operation is Operation.PATCHED]
    return Baseline(draft.text, written(draft.results))


def test_only_what_amts_wrote_or_left_counts() -> None:
    baseline = drafted()
    assert [(found.source, found.before, found.waiting) for found in baseline.written] == [
        ("Tea is very good.", "茶很好。", True),
        ("We use $y$ cups of water.", "我们用$x$杯水。", False),
        ("It rains today.", None, True),
    ]


def test_what_was_merged_as_it_was_is_accepted_and_what_nobody_did_is_not() -> None:
    baseline = drafted()
    effort = measure(follow([baseline], baseline.text, "zh"), "zh")
    assert (effort.segments, effort.accepted, effort.waiting, effort.undone) == (3, 1, 2, 2)
    assert (effort.characters, effort.edits, effort.edits_by_hand) == (len("我们用$y$杯水。"), 0, 1)
    assert effort.bleu is not None
    assert effort.bleu.value == pytest.approx(1.0)
    assert effort.ter is not None
    assert effort.ter.value == 0


def test_the_figures_are_those_of_the_two_texts() -> None:
    baseline = drafted()
    merged = baseline.text.replace("茶很好", "茶非常好").replace("我们用$y$杯水", "我们要用$y$杯热水")
    merged = merged.replace("It rains today.", "今天下雨。")
    effort = measure(follow([baseline], merged, "zh"), "zh")
    assert (effort.segments, effort.accepted, effort.waiting, effort.undone) == (3, 0, 2, 0)
    texts = ["茶非常好。", "我们要用$y$杯热水。", "今天下雨。"]
    assert effort.characters == sum(map(len, texts))
    # The English that stood there helps nobody: what was written instead was written from nothing.
    assert effort.edits == (
        Levenshtein.distance("茶很好。", texts[0]) + Levenshtein.distance("我们用$y$杯水。", texts[1]) + len(texts[2])
    )
    by_hand = [("茶很好。", texts[0]), ("我们用$x$杯水。", texts[1]), ("", texts[2])]
    assert effort.edits_by_hand == sum(Levenshtein.distance(old, new) for old, new in by_hand)
    hypothesis, reference = ["我们用$y$杯水。"], [texts[1]]  # what was left to people is no draft
    assert effort.bleu == score.bleu(hypothesis, reference, "zh")
    assert effort.chrf == score.chrf(hypothesis, reference)
    assert effort.ter == score.ter(hypothesis, reference, "zh")


def test_sentences_that_were_joined_are_one_and_its_neighbours_do_not_count() -> None:
    text = "# T\n\nOne one one. Two two two. Three three three.\n\nFour.\n"
    segments = tuple(
        Written(text.index(part), text.index(part) + len(part), part, before="old")
        for part in ("One one one.", "Two two two.")
    )
    merged = text.replace("One one one. Two two two.", "One one one and two two two!")
    (unit,) = follow([Baseline(text, segments)], merged, "es")
    assert unit.segments == segments
    assert (unit.draft, unit.merged) == ("One one one. Two two two.", "One one one and two two two!")
    assert unit.before == "old old"


def test_a_segment_of_two_sentences_is_compared_as_a_whole() -> None:
    text = "第一句。第二句。第三句。\n"
    segment = Written(0, len("第一句。第二句。"), "First. Second.")
    (unit,) = follow([Baseline(text, (segment,))], text.replace("第一", "首"), "zh")
    assert (unit.draft, unit.merged) == ("第一句。第二句。", "首句。第二句。")


def test_what_was_taken_out_is_work_and_no_text() -> None:
    text = "# T\n\nOne one one.\n\nTwo two two.\n"
    start = text.index("Two")
    segment = Written(start, start + len("Two two two."), "Zwei.", before="Old.")
    effort = measure(follow([Baseline(text, (segment,))], "# T\n\nOne one one.\n", "es"), "es")
    assert (effort.characters, effort.edits, effort.edits_by_hand) == (0, len("Two two two."), len("Old."))
    assert effort.bleu is None


def test_a_segment_that_a_later_draft_wrote_anew_counts_there_alone() -> None:
    first = Baseline("Uno.\n\nDos.\n", (Written(0, 4, "One."), Written(6, 10, "Two.")))
    later = Baseline("Uno.\n\nDos dos.\n", (Written(6, 14, "Two two.", "Two.", "Dos."),))
    units = follow([first, later], later.text, "es")
    assert [(unit.segments[0].source, unit.accepted) for unit in units] == [("One.", True), ("Two two.", True)]


def test_what_neighbours_say_is_on_both_sides_or_on_none() -> None:
    text = "# T\n\nA neighbour that people wrote long before. Two two two.\n"
    start = text.index("Two")
    segment = Written(start, start + len("Two two two."), "Zwei.", before="Two two.")
    merged = text.replace("before. Two two two.", "before and two two two.")
    effort = measure(follow([Baseline(text, (segment,))], merged, "es"), "es")
    assert effort.edits == Levenshtein.distance("before. Two two two.", "before and two two two.")
    assert effort.edits_by_hand == Levenshtein.distance("before. Two two.", "before and two two two.")
    assert effort.characters == len("A neighbour that people wrote long before and two two two.") - len(
        "A neighbour that people wrote long before."
    )


def test_what_people_only_moved_is_accepted() -> None:
    text = "# T\n\nOne one one.\n\nTwo two two.\n\nThree three three.\n"
    start = text.index("One")
    segment = Written(start, start + len("One one one."), "Eins.")
    merged = "# T\n\nTwo two two.\n\nThree three three.\n\nOne one one.\n"
    (unit,) = follow([Baseline(text, (segment,))], merged, "es")
    assert unit.accepted


def test_what_a_later_draft_took_out_is_no_work_of_people() -> None:
    first = Baseline("Uno.\n\nDos.\n", (Written(0, 4, "One."), Written(6, 10, "Two.")))
    later = Baseline("Uno.\n", (), removed=("Two.",))
    (unit,) = follow([first, later], "Uno.\n", "es")
    assert unit.segments[0].source == "One."


def test_of_two_with_the_same_english_one_written_anew_leaves_the_other() -> None:
    first = Baseline("Uno.\n\nUno.\n", (Written(0, 4, "One."), Written(6, 10, "One.")))
    later = Baseline("Un.\n\nUno.\n", (Written(0, 3, "One."),))
    units = follow([first, later], later.text, "es")
    assert sorted(unit.draft for unit in units) == ["Un.", "Uno."]


def test_two_whole_files_are_compared_in_no_time() -> None:
    text, merged = "a" * 200_000, "b" * 300_000
    effort = measure(follow([Baseline(text, (Written(0, len(text), "x"),))], merged, "es"), "es")
    assert effort.edits == 300_000
    assert effort.ter is None


def test_nothing_written_is_nothing_measured() -> None:
    effort = measure(follow([Baseline("Uno.\n", ())], "Dos.\n", "es"), "es")
    assert (effort.segments, effort.edits, effort.bleu) == (0, 0, None)


words = st.text(alphabet="ab é$`*_[]()\n.!?#-|>", max_size=60)


@given(words, words, st.integers(0, 59), st.integers(1, 20))
def test_any_two_texts_can_be_compared(text: str, merged: str, start: int, length: int) -> None:
    start = min(start, len(text))
    segment = Written(start, min(start + length, len(text)), "x")
    units = follow([Baseline(text, (segment,))], merged, "es")
    assert [unit.segments for unit in units] == ([(segment,)] if text else [])
    effort = measure(units, "es")
    assert effort.segments == len(units)
    if text and text == merged:
        assert units[0].accepted
        assert effort.edits == 0
