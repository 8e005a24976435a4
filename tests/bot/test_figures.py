"""The words on figures: each is what sacreBLEU says of the same texts, and claims no more."""

from __future__ import annotations

from dataclasses import replace

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from bot.figures import closing_comment, moved, score_text
from bot.ledger import WHOLE, Entry
from bot.review import ReviewedSection
from bot.wording import MAX_BODY
from sync.model import BlockKind, Operation, SectionState, SegmentResult

OLD, NEW = "盯着看的壶，烧开的速度一点也不慢。", "盯着看的水壶烧开得一样快。"


def result(draft: str | None, before: str | None, *, machine: bool = True, waiting: bool = False) -> SegmentResult:
    return SegmentResult(
        "1", BlockKind.PARAGRAPH, Operation.TRANSLATED, "changed", "Old.", "New.", before, draft, waiting=waiting,
        machine=machine,
    )  # fmt: skip


def section(path: str, *results: SegmentResult) -> ReviewedSection:
    return ReviewedSection(path, path, SectionState.BEHIND, True, results)


def entry(section: str, *, edits: int = 3, bleu: float | None = 0.5) -> Entry:
    return Entry("2026-01-02T03:04:05+00:00", "tea/zh", 7, "zh", "memory", section, 4, 2, 1, 0, 20, edits, 12,
                 None if bleu is None else 25.0, bleu, None if bleu is None else 61.25, "" if bleu is None else "nrefs:1")  # fmt: skip


def test_how_far_the_text_moves_is_measured_on_what_a_machine_wrote_in_place_of_a_translation() -> None:
    kept_out = (result(NEW, None), result(NEW, OLD, machine=False), result(OLD, OLD, waiting=True), result(None, OLD))
    heading, said, table = moved([section("a.md", result(NEW, OLD), *kept_out), section("b.md", *kept_out)], "zh")
    bleu = BLEU(tokenize="zh").corpus_score([NEW], [[OLD]]).score / 100
    chrf = CHRF().corpus_score([NEW], [[OLD]]).score
    assert heading == "### How far the text moves"
    assert "no measure of how good it is" in said
    assert "tok:zh" in said
    rows = table.splitlines()[2:]
    assert rows == [f"| {name} | 1 | {bleu:.3f} | {chrf:.1f} |" for name in ("`a.md`", "**all**")]
    assert moved([section("b.md", *kept_out)], "zh") == []


def test_of_many_sections_that_moved_some_are_shown_and_the_rest_counted() -> None:
    sections = [
        section(f"chapter_{number}/a-rather-long-name-of-a-section.md", result(NEW, OLD)) for number in range(200)
    ]
    _, _, table = moved(sections, "zh")
    assert len(table) < 4_000
    assert "more | | | |" in table
    assert table.splitlines()[-1].startswith("| **all** | 200 |")


def test_a_closing_comment_has_the_figures_of_each_section_and_their_definitions() -> None:
    text = closing_comment([entry(WHOLE), entry("a`|b.md", edits=0, bleu=None)])
    assert "2 of 4 segments accepted unchanged; 1 had been left to a translator. 3 characters were changed" in text
    assert "| **all** | 4 | 0 | 2 of 4 | 3 of 20 | 25.0 | 0.500 | 61.2 | 85% | 75% |" in text
    assert "| 4 | 0 | 2 of 4 | 0 of 20 | – | – | – | 100% | 100% |" in text
    assert "against translating these sentences from nothing" in text
    assert "against updating it by hand" in text
    assert "not the same as how good it was" in text
    assert "`nrefs:1`" in text


def test_what_still_waits_comes_first_and_counts_nowhere_else() -> None:
    left = replace(entry(WHOLE), segments=42, accepted=22, waiting=20, undone=19)
    text = closing_comment([left])
    assert "**19 segments still wait for a translator**; the figures are of the others. 22 of 23 segments" in text
    assert "; 1 had been left to a translator. " in text
    assert "| **all** | 42 | 19 | 22 of 23 |" in text


def test_a_comment_on_thousands_of_sections_fits() -> None:
    text = closing_comment([entry(WHOLE), *(entry(f"chapter_{number}/section.md") for number in range(5_000))])
    assert len(text) < MAX_BODY
    assert "more |" in text


def test_nothing_to_score_is_said() -> None:
    assert "nothing to score yet" in score_text([])
