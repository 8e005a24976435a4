"""What becomes of translation units on their way to parallel data: each reason, the test set, and the order."""

from __future__ import annotations

import csv
import hashlib
import io
from itertools import islice, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.files import pairs_in
from sync.cleaning import HELD_OUT, MAX_BYTES, ParallelData, Reason, clean, is_held_out
from sync.markdown import parse
from sync.memory import write_units
from sync.model import TranslationUnit
from sync.spans import encode_pair
from sync.units import translation_units

GOOD = [
    TranslationUnit(f"We pour water number {word} into the pot, slowly.", f"我们慢慢地把第{word}份水倒进壶里。")
    for word in ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
]
# Enough rows that tell what length is usual.
BOOK = [
    TranslationUnit(f"The {a} {b} is poured slowly into the pot.", f"慢慢地把{a}的{b}倒进茶壶里面。")
    for a in ("green", "black", "white", "strong", "sweet", "weak", "cold")
    for b in ("tea", "water", "milk", "juice", "coffee", "soup")
]


def csv_of(data: ParallelData) -> str:
    stream = io.StringIO()
    write_units(data.units, stream, "csv", data.language, data.source_language)
    return stream.getvalue()


def reason_of(source: str, target: str, confidence: float = 1.0, language: str = "zh") -> str | None:
    """Why a unit is dropped; None where it is kept, as a row or in the test set."""
    data = clean([TranslationUnit(source, target, confidence)], language)
    reasons = [reason for reason, count in data.dropped.items() if count]
    assert len(reasons) + len(data.units) + len(data.held_out) == 1
    return reasons[0] if reasons else None


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("Pour `x` cups.", "倒`x`杯。", None),
        ("Tea", " ", Reason.EMPTY),
        ("ResNet", "ResNet", Reason.UNTRANSLATED),
        ("Discussions [here](a.md)", "discussions [here](a.md)", Reason.UNTRANSLATED),
        ("Pour the tea.", "Pour the `茶`.", Reason.UNTRANSLATED),
        (
            "Wait until the water in the pot has boiled.",
            "等 until the water in the pot has boiled.",
            Reason.UNTRANSLATED,
        ),
        ("Pour `x` cups.", "倒`y`杯。", Reason.TOKENS),
        ("Pour $x$ and $x$.", "倒$x$。", Reason.TOKENS),
        ("- pour tea", "倒茶", Reason.REFUSED),
        ("Tea", "+ 茶", Reason.REFUSED),
        ("= tea", "茶", Reason.REFUSED),
        ("@tab tea", "茶", Reason.REFUSED),
        ("Tea\x07pot", "茶壶", Reason.REFUSED),
        ("tea " * 300, "茶" * 300, Reason.BYTES),
        ("tea " * 150, "茶" * 334, Reason.BYTES),
        ("tea " * 240, "茶" * 333, None),
    ],
)
def test_why_a_unit_is_dropped(source: str, target: str, reason: Reason | None) -> None:
    assert reason_of(source, target) == reason


def test_markup_counts_towards_the_limit_of_the_service() -> None:
    source = "Add " + ", ".join(f"`x{number}`" for number in range(25))
    assert len(source.encode()) < MAX_BYTES / 3
    assert reason_of(source, source.replace("Add", "加")) == Reason.BYTES


def test_a_doubtful_alignment_is_dropped() -> None:
    assert reason_of("Tea", "茶", 0.49) == Reason.DOUBTFUL
    assert reason_of("Tea", "茶", 0.5) is None


def test_the_same_script_is_no_sign_of_a_missing_translation() -> None:
    assert reason_of("We pour the tea.", "Vertemos el té.", language="es") is None
    same = "El agua hierve a 100 grados en la tetera grande"
    assert reason_of(same, same + ".", language="es") == Reason.UNTRANSLATED


def test_length_is_judged_by_what_is_usual_in_the_book() -> None:
    long = TranslationUnit("The kettle is on the stove.", "茶壶在炉子上，" * 6)
    short = TranslationUnit("The kettle stands on the stove, and " * 5 + "sings.", "茶壶在唱歌。")
    tokens = TranslationUnit(
        "See :numref:`fig_a_very_long_name_of_a_figure`.", "见:numref:`fig_a_very_long_name_of_a_figure`。"
    )
    data = clean([*BOOK, long, short, tokens], "zh")
    assert data.dropped[Reason.RATIO] == 2
    assert {unit.source for unit in (*data.units, *data.held_out)} == {
        pair[0] if not is_held_out(unit.source) else unit.source
        for unit in [*BOOK, tokens]
        if (pair := encode_pair(unit.source, unit.target))
    }
    assert clean([long, short], "zh").dropped[Reason.RATIO] == 0


def test_the_newest_good_one_of_duplicates_wins() -> None:
    old, new = TranslationUnit("Pour the  tea.", "倒茶。"), TranslationUnit("Pour the tea.", "把茶倒出来。")
    bad = TranslationUnit("Pour the tea.", "Pour the tea.")
    data = clean([old, new, bad], "zh")
    assert [unit.target for unit in (*data.units, *data.held_out)] == ["把茶倒出来。"]
    assert data.dropped == {**dict.fromkeys(Reason, 0), Reason.DUPLICATE: 1, Reason.UNTRANSLATED: 1}


def test_rows_have_the_form_in_which_segments_are_sent() -> None:
    unit = TranslationUnit("Set $x < 1$ & `y`.", "把`y`设为$x < 1$。")
    (row,) = clean([unit], "zh").units
    assert (row.source, row.target) == encode_pair(unit.source, unit.target)
    assert "&amp;" in row.source


def test_order_does_not_matter_and_every_change_is_told_by_the_fingerprint() -> None:
    data = clean(BOOK, "zh")
    assert clean(BOOK[::-1], "zh") == clean([*BOOK[20:], *BOOK[:20]], "zh") == data
    assert data.fingerprint == hashlib.sha256(csv_of(data).encode()).hexdigest()
    assert clean([*BOOK, GOOD[0]], "zh").fingerprint != data.fingerprint
    assert clean(BOOK, "zh-TW").fingerprint != data.fingerprint
    dropped = TranslationUnit("ResNet", "ResNet")
    assert clean([*BOOK, dropped], "zh").fingerprint == data.fingerprint


WORDS = st.lists(
    st.sampled_from(["tea", "Pot", "water", "boils", "slowly", "cup", "leaf", "we"]), min_size=1, max_size=6
)


@given(WORDS, st.integers(0, 10_000), st.data())
def test_near_copies_are_on_the_same_side(words: list[str], number: int, data: st.DataObject) -> None:
    plain = f"{' '.join(words)} {number} `code` $x$."
    other = data.draw(st.integers(0, 10_000))
    near = f"{'  '.join(words).upper()} {other} `other` $y$!"
    assert is_held_out(plain) == is_held_out(near)


def test_one_in_fifty_is_held_out() -> None:
    sources = map("".join, islice(product("stevol", repeat=6), 20_000))
    assert sum(map(is_held_out, sources)) == pytest.approx(20_000 / HELD_OUT, rel=0.2)


def test_nothing_gives_nothing() -> None:
    data = clean([], "zh")
    assert (data.units, data.held_out) == ((), ())
    assert data.dropped == dict.fromkeys(Reason, 0)


@pytest.mark.parametrize("language", ["ko", "zh"])
def test_a_whole_book_gives_rows_that_the_service_takes(d2l: Path, language: str) -> None:
    units = []
    for place in pairs_in(d2l / language)[::4]:
        pair = place.read()
        units += translation_units(parse(pair.source), parse(pair.target, language), origin=pair.path)
    data = clean(units, language)
    rows = list(csv.reader(io.StringIO(csv_of(data), newline="")))
    assert rows[0] == ["en", language]
    assert len(rows) - 1 == len(data.units) == len({row[0] for row in rows}) - 1 > 1_000
    assert csv_of(data).count("\n") == len(rows)
    for field in (field for row in rows[1:] for field in row):
        assert 0 < len(field.encode()) <= MAX_BYTES
        assert field[0] not in "+-=@"
        assert field.isprintable()
    assert len(data.units) + len(data.held_out) + sum(data.dropped.values()) == len(units)
    assert 0.01 < len(data.held_out) / len(units) < 0.03
    assert not any(is_held_out(unit.source) for unit in clean(units, language).units if "<" not in unit.source)
