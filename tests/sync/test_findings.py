"""What a reviewer is told to look at in a segment, and what is left unsaid."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.customs import Customs
from sync.findings import Standard, check_draft, check_drafts, find_faults
from sync.habits import Habits
from sync.markdown import parse
from sync.model import (
    AmtsError,
    BlockKind,
    Check,
    Draft,
    Finding,
    Mute,
    Operation,
    SegmentResult,
    Term,
    TranslationUnit,
)
from sync.references import References
from sync.units import translation_units

KNOWN = References.of(
    [":label:`fig_tea`\n:eqlabel:`eq_heat`\n"], ["img/tea.svg", "tea/index.md", "tea/index_origin.md", "README.md"]
)
ZH = Standard("zh", references=KNOWN)
KO = Standard("ko", references=KNOWN)
ES = Standard("es", references=KNOWN)

ENGLISH = (
    "The gradient of cup {0} is computed with `heat_{0}` in this small step of the book.",
    "We update the gradient in step {0}, and the tea cools (see :numref:`fig_tea`).",
    "Each kettle of number {0} keeps its warm water for a long while, they say.",
)
CHINESE = (
    "在本书的这一小步中，用`heat_{0}`计算杯子{0}的梯度。",
    "我们在第{0}步更新梯度，茶就凉了（见 :numref:`fig_tea`）。",
    "据说{0}号的每个水壶都能让水保温很长一段时间。",
)
SECTIONS = 30


def memory(sections: int = SECTIONS) -> list[TranslationUnit]:
    return [
        TranslationUnit(source.format(number), target.format(number), origin=f"{number}.md")
        for number in range(sections)
        for source, target in zip(ENGLISH, CHINESE, strict=True)
    ]


HABITS = Habits.learn(memory(120), (), "zh")
BOOK = replace(ZH, habits=HABITS)


def said(source: str, target: str, standard: Standard = ZH, path: str = "tea/index.md") -> dict[Check, list[str]]:
    found: dict[Check, list[str]] = {}
    for finding in find_faults(source, target, path, standard):
        found.setdefault(finding.check, []).append(finding.reason)
    return found


CLEAN = [
    ("See :numref:`fig_tea` and $x$.", "见:numref:`fig_tea`和$x$。", ZH),
    ("The first of the two cups.", "两个杯子中的第1个。", ZH),
    ("It took 2 years.", "花了两年。", ZH),
    ("There are 1.2 million cups.", "有120万个杯子。", ZH),
    ("About 10,000,000 reads.", "大约一千万次读取。", ZH),
    ("It has 110 million leaves.", "잎이 1억 1천만 개입니다.", KO),
    ("In the 1990s tea was dear.", "90年代茶很贵。", ZH),
    ("The memory reads 40 GB/s.", "内存读取40GB/s。", ZH),
    ("The $i^\\mathrm{th}$ cup.", "第$i$个杯子。", ZH),
    ("A $f(a, b), [c, d]$ of $e$.", "$[c, d]$、$e$的$f(a, b)$。", ZH),
    ("Use $a, b$ and $c$.", "使用$a$、$b$和$c$。", ZH),
    ("A matrix of 2 rows.", "$2$行的矩阵。", ZH),
    ("Set *n* to one.", "将$n$设为$1$。", ZH),
    ("The well-known *stochastic gradient descent* method.", "*随机梯度下降*（stochastic gradient descent）方法。", ZH),
    ('He says "to wreck a nice beach" here.', "他在这里说“to wreck a nice beach”。", ZH),
    ("Very, very hot...", "非常非常热……", replace(ZH, mutes=(Mute(Check.DOUBLED, "非常"),))),
    ("It is very very hot.", "Es muy muy caliente.", ES),
    ("That's it (see (a)", "就是这样（见（a）", ZH),
    ("1) Heat the water.", "1) 加热水。", ZH),
    ("A cup.", "一个杯子。", BOOK),
    ("GPU", "GPU", ZH),
    ("Go [home](../README.md), or to [the cups](index.md#top).", "回[家](../README.md)或[杯子](index.md#top)。", ZH),
    ("See [the site](https://example.org/a).", "见[网站](https://example.org/a)。", ZH),
]


@pytest.mark.parametrize(("source", "target", "standard"), CLEAN)
def test_what_translators_do_is_no_fault(source: str, target: str, standard: Standard) -> None:
    assert find_faults(source, target, "tea/index.md", standard) == ()


FAULTS = [
    ("See :numref:`fig_tea`.", "见:numref:`fig_te`。", Check.REFERENCES, ":numref:`fig_te`"),
    ("See [it](index.md).", "见[它](indx.md)。", Check.REFERENCES, "indx.md"),
    ("Use `heat` now.", "现在使用。", Check.TOKENS, "lost: `heat`"),
    ("Use `heat` now.", "现在使用`heet`。", Check.TOKENS, "not in the source: `heet`"),
    ("Set $x$ for $y$ here.", "在这里为$y$设置$z$。", Check.TOKENS, "not in the source: $z$"),
    ("Heat the water and wait for it.", "Heat the water and wait for it.", Check.UNTRANSLATED, "not translated"),
    (
        "Heat the water and wait for it.",
        "加热水，and wait for it。",
        Check.UNTRANSLATED,
        "and wait for it",
    ),
    ("It is 95 degrees.", "它有96度。", Check.NUMBERS, "95 in the source, 96 in the translation"),
    ("It takes 300 cups.", "它需要杯子。", Check.NUMBERS, "lacks the number 300"),
    ("It takes many cups.", "它需要340个杯子。", Check.NUMBERS, "no number 340"),
    ("It is 95 °C.", "它有95℉。", Check.NUMBERS, "95 °C in the source, °F in the translation"),
    ("The link has 40 GB/s.", "连接有40Gb/s。", Check.NUMBERS, "units differ"),
    ("A cup (a warm one).", "一个杯子（温的。", Check.BRACKETS, "（"),
    ('A "cup" of tea.', "一“杯茶。", Check.BRACKETS, "quote"),
    ("The cup of tea.", "茶的的杯子。", Check.DOUBLED, "的的"),
    ("The cup of tea.", "杯子杯子的茶。", Check.DOUBLED, "杯子杯子"),
    ("The cup of tea.", "茶杯子。。", Check.DOUBLED, "。。"),
    ("We keep it warm, and so on.", "我们保温,等等。", Check.TYPOGRAPHY, "half width “,”"),
    ("Use `heat_1` for it.", "为此使用 `heat_1`。", Check.TYPOGRAPHY, "a space between Chinese letters and code"),
]


@pytest.mark.parametrize(("source", "target", "check", "reason"), FAULTS)
def test_a_fault_is_found_with_its_reason(source: str, target: str, check: Check, reason: str) -> None:
    standard = BOOK if check is Check.TYPOGRAPHY else ZH
    found = said(source, target, standard)
    assert found.keys() - {Check.TOKENS} == {check} - {Check.TOKENS}
    assert any(reason in one for one in found[check]), found


def test_a_korean_word_twice_is_found() -> None:
    assert said("The tea cools.", "차가 차가 식습니다.", KO) == {Check.DOUBLED: ["twice in a row: “차가 차가”"]}


def test_a_translation_out_of_proportion_is_found_where_the_book_tells_what_is_usual() -> None:
    source, target = (text.format(7) for text in (ENGLISH[2], CHINESE[2]))
    habits = Habits.learn(memory(120), (), "zh")
    assert said(source, target, replace(ZH, habits=habits)) == {}
    (short,) = said(source, "据说水温7。", replace(ZH, habits=habits))[Check.LENGTH]
    assert short.startswith("too short: 6 characters for ")
    assert Check.LENGTH in said(source, "，".join([target] * 4), replace(ZH, habits=habits))
    assert said(source, "据说水温7。") == {}, "nothing is known of the book"


def test_what_the_book_nearly_always_does_is_expected_of_a_draft() -> None:
    words = ["".join(chr(97 + int(digit)) for digit in f"{number:03}") for number in range(40)]
    usual = [TranslationUnit(f"The gradient {word}.", f"梯度{word}。", origin=word) for word in words]
    standard = replace(ZH, habits=Habits.learn(usual, (), "zh"))
    says = "“gradient” is not rendered as “梯度”, as in 40 of 40 places of this book"
    assert said("Two gradients.", "两个坡度。", standard) == {Check.TERMINOLOGY: [says]}
    assert said("Two gradients.", "两个梯度。", standard) == {}
    mixed = [replace(unit, target=unit.target.replace("梯度", "坡度")) for unit in usual[::4]]
    standard = replace(ZH, habits=Habits.learn([*usual[1::2], *mixed], (), "zh"))
    assert said("Two gradients.", "两个斜率。", standard) == {}


def test_the_terminology_is_required_whatever_the_book_does() -> None:
    habits = Habits.learn(memory(), (Term("tea", "茶水"), Term("gradient", "斜率")), "zh")
    found = said("We make tea by the gradient.", "我们按梯度泡茶。", replace(ZH, habits=habits))
    assert found == {
        Check.TERMINOLOGY: [
            "“tea” is not rendered as “茶水”, as the terminology says",
            "“gradient” is not rendered as “斜率”, as the terminology says",
        ]
    }
    assert said("We make teas by gradients.", "我们按斜率泡茶水。", replace(ZH, habits=habits)) == {}


def test_nothing_is_learnt_from_a_unit_that_is_no_sentence() -> None:
    def learnt(padding: str) -> list[str]:
        units = [TranslationUnit(f"A kernel {n}.", f"内核{n}{padding}。", origin=f"{n}.md") for n in range(30)]
        return [rendering.target for rendering in Habits.learn(units, (), "zh").renderings.found("The kernel.")]

    assert learnt(" ") == ["内核"]
    assert learnt("-" * 2_000) == []


def test_a_role_that_is_no_reference_points_nowhere_and_is_no_fault() -> None:
    assert KNOWN.unresolved(":numre:`a` :numreff:`a` :cite:`a` :numref:`fig_tea` :numref:`a`", "a.md") == [
        ":numref:`a`"
    ]


def test_a_usage_that_changes_from_section_to_section_is_none() -> None:
    units = [
        TranslationUnit(f"The kernel of cup {n} is warm today.", f"杯子{n}的{word}今天是温的。", origin=f"{n % 2}.md")
        for n, word in enumerate(["核心"] * 14 + ["内核"] * 14)
    ]
    assert Habits.learn(units, (), "zh").renderings.found("The kernel is cold.") == []


def test_a_book_without_a_habit_is_left_alone() -> None:
    mixed = [
        TranslationUnit(f"Use `a_{n}` for it.", f"为此使用{' ' * (n % 2)}`a_{n}`{'。.'[n % 2]}", origin=f"{n}.md")
        for n in range(400)
    ]
    standard = replace(ZH, habits=Habits.learn(mixed, (), "zh"))
    assert said("Use `b` for it.", "为此使用 `b`。", standard) == {}
    assert said("Use `b` for it.", "为此使用`b`.", standard) == {}


def test_pages_that_a_translation_has_of_its_own_are_no_fault() -> None:
    units = [
        TranslationUnit(f"[Talk](https://talk.org/t/{n})", f"[讨论](https://talk.org/t/{n + 900})") for n in range(20)
    ]
    standard = replace(ZH, habits=Habits.learn(units, (), "zh"))
    assert said("[Talk](https://talk.org/t/50)", "[讨论](https://talk.org/t/70)", standard) == {}
    assert Check.TOKENS in said("[Talk](https://talk.org/t/50)", "[讨论](https://talk.org/t/70)")


def test_known_false_alarms_are_muted() -> None:
    source, target = "It is 95 degrees (warm).", "它有96度（温。"
    assert set(said(source, target)) == {Check.NUMBERS, Check.BRACKETS}
    assert set(said(source, target, replace(ZH, mutes=(Mute(Check.NUMBERS),)))) == {Check.BRACKETS}
    assert set(said(source, target, replace(ZH, mutes=(Mute(Check.NUMBERS, "96"),)))) == {Check.BRACKETS}
    assert len(said(source, target, replace(ZH, mutes=(Mute(Check.NUMBERS, "97"),)))) == 2


def result(operation: Operation, draft: str, waiting: bool = False) -> SegmentResult:
    return SegmentResult(
        "1", BlockKind.PARAGRAPH, operation, "", "It is 94.", "It is 95.", "是94。", draft, waiting=waiting
    )


@pytest.mark.parametrize("operation", [Operation.PATCHED, Operation.TRANSLATED])
def test_what_amts_changed_is_checked(operation: Operation) -> None:
    (checked,) = check_draft(Draft("", (result(operation, "是96。"),)), "a.md", ZH).results
    assert checked.findings == (Finding(Check.NUMBERS, "numbers differ: 95 in the source, 96 in the translation"),)


@pytest.mark.parametrize(
    "untouched",
    [
        result(Operation.KEPT, "是96。"),
        result(Operation.MOVED, "是96。"),
        result(Operation.TRANSLATED, "It is 95.", waiting=True),
        replace(result(Operation.PATCHED, "x = 96"), kind=BlockKind.FENCE),
    ],
)
def test_what_people_wrote_and_what_waits_is_not(untouched: SegmentResult) -> None:
    stale = replace(untouched, findings=(Finding(Check.LENGTH, "too long"),))
    (checked,) = check_draft(Draft("", (stale,)), "a.md", ZH).results
    assert checked == untouched


def test_a_check_that_fails_on_a_section_is_a_note_on_it_and_the_others_are_checked() -> None:
    broken = replace(HABITS, customs=Customs("zh", {("width", ",", "own"): ()}))  # type: ignore[dict-item]
    stale = replace(result(Operation.PATCHED, "水,是95。"), findings=(Finding(Check.LENGTH, "too long"),))
    drafts = {
        "a.md": Draft("", (stale,), ("as before",)),
        "b.md": Draft("", (result(Operation.PATCHED, "是96。"),)),
    }
    checked = check_drafts(drafts, ZH, lambda: broken)
    assert checked["a.md"].results[0].findings == ()
    assert checked["a.md"].notes[0] == "as before"
    assert checked["a.md"].notes[1].startswith("not checked: unexpected IndexError in sync/customs.py")
    assert [finding.check for finding in checked["b.md"].results[0].findings] == [Check.NUMBERS]
    assert checked["b.md"].notes == ()


def test_habits_that_cannot_be_learnt_are_a_note_and_the_rest_is_checked() -> None:
    def habits() -> Habits:
        raise AmtsError("the memory cannot be read")

    drafts = {
        "a.md": Draft("", (result(Operation.PATCHED, "是96。"),)),
        "b.md": Draft("", (result(Operation.KEPT, "是95。"),)),
    }
    checked = check_drafts(drafts, ZH, habits)
    assert [finding.check for finding in checked["a.md"].results[0].findings] == [Check.NUMBERS]
    assert checked["a.md"].notes == ("not compared with what the book does: the memory cannot be read",)
    assert checked["b.md"] == drafts["b.md"]


LONG = "7" * 5_000  # digits; more than Python makes an integer of


@pytest.mark.parametrize(
    ("source", "target", "says"),
    [
        ("Wait.", f"等{LONG}。", "the source has no number 777"),
        (f"Wait {LONG}.", "等。", "the translation lacks the number 777"),
        (f"Wait {LONG}.", "等8。", "numbers differ: 777"),
    ],
)
def test_a_number_of_any_length_is_compared_and_the_reason_is_short(source: str, target: str, says: str) -> None:
    (reason,) = said(source, target)[Check.NUMBERS]
    assert reason.startswith(says)
    assert len(reason) == 300


def test_a_segment_has_so_many_findings_at_most() -> None:
    source = "".join(f"`lost_{n}` :numref:`fig_tea` " for n in range(30)) + " ".join(f"{n} GB" for n in range(30, 60))
    target = "".join(f"`new_{n}` :numref:`fig_{n}` " for n in range(30)) + " ".join(f"{n} MB" for n in range(30, 60))
    assert len(find_faults(source, f"水{target}", "a.md", ZH)) == 20


TEXTS = st.text(
    alphabet=st.sampled_from('aB的。,.()（“"`$[]:\\*_|<>12% \n茶あ가é\x00\ue000\u202e'), max_size=60
) | st.text(max_size=40)


@given(TEXTS, TEXTS, st.sampled_from(["zh", "ja", "ko", "es", "tr", "th", "ar", "xx"]))
def test_no_text_is_too_strange(source: str, target: str, language: str) -> None:
    units = [TranslationUnit(source, target, origin="a.md"), *memory(3)]
    standard = Standard(language, Habits.learn(units, (), language), KNOWN)
    assert find_faults(source, target, "a.md", standard) == find_faults(source, target, "a.md", standard)


def test_real_translations_raise_few_alarms(d2l: Path) -> None:
    units: list[TranslationUnit] = []
    for origin in sorted((d2l / "zh").rglob("*_origin.md"))[::4]:
        target = origin.with_name(origin.name.replace("_origin", ""))
        texts = origin.read_text("utf-8"), target.read_text("utf-8")
        units += translation_units(parse(texts[0]), parse(texts[1], "zh"), origin=target.name)
    standard = Standard("zh", Habits.learn(units, (), "zh"))
    chosen = [u for u in units[::5] if u.confidence >= 0.5 and u.source != u.target]
    alarmed = sum(bool(find_faults(unit.source, unit.target, unit.origin, standard)) for unit in chosen)
    assert len(chosen) > 200
    assert alarmed <= len(chosen) / 25
