"""`amts bench checks` puts faults into translations, and counts which of them the checks find."""

from __future__ import annotations

import io
import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from bot.bench.checks import CheckCounts, CheckFigures, bench_checks
from bot.bench.seeds import SEEDS
from bot.files import FileError
from sync.findings import Standard, find_faults
from sync.habits import Habits
from sync.model import Check, TranslationUnit
from sync.references import References

SECTIONS = 560  # so that every fault can be sown as often as is wanted
NAMES = ("cup", "kettle", "teapot", "spoon", "saucer", "lid", "leaf", "stove")
CHINESE = ("杯子", "水壶", "茶壶", "勺子", "茶碟", "盖子", "叶片", "炉灶")


def letters(number: int) -> str:
    return "".join(chr(97 + int(digit)) for digit in f"{number:03}")


def english(number: int) -> str:
    name = NAMES[number % 8]
    return (
        f"# The {name} of {letters(number)}\n:label:`sec_{letters(number)}`\n\n"
        f"Every gradient {letters(number)} ends with `{name}_{number}`, and the warm water of the {name} stays in it.\n\n"
        f"Before {1200 + number} grams of it boil (see :numref:`sec_{letters(number)}`), nobody should touch that {name}.\n"
    )


def chinese(number: int) -> str:
    name = CHINESE[number % 8]
    return (
        f"# {letters(number)}的{name}\n:label:`sec_{letters(number)}`\n\n"
        f"每个梯度{letters(number)}都以`{NAMES[number % 8]}_{number}`结束，而{name}里的温水留在其中，不会流走。\n\n"
        f"在{1200 + number}克水烧开之前（见 :numref:`sec_{letters(number)}`），谁都不应该去碰这个{name}的任何地方。\n"
    )


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> CheckFigures:
    folder = tmp_path_factory.mktemp("book")
    for number in range(SECTIONS):
        (folder / f"{number:03}_origin.md").write_text(english(number), encoding="utf-8")
        # One is left in English, one person wrote a word twice, and got a number wrong.
        target = english(number) if number == 7 else chinese(number)
        if number == 9:
            target = target.replace("温水", "温水温水").replace("1209", "1290")
        (folder / f"{number:03}.md").write_text(target, encoding="utf-8")
    return bench_checks(folder, "zh", lambda *_: None)


def test_faults_of_every_kind_are_sown_and_found(figures: CheckFigures) -> None:
    assert {check for check, one in figures.checks.items() if not one.seeds} == set()
    assert {check: (one.seeds, one.missed) for check, one in figures.checks.items() if one.found < one.seeds} == {}


def test_what_people_did_wrong_counts_as_an_alarm(figures: CheckFigures) -> None:
    alarms = {check: [example.path for example in one.false] for check, one in figures.checks.items() if one.alarms}
    assert alarms == {Check.NUMBERS: ["009.md"], Check.DOUBLED: ["009.md"]}
    assert figures.alarmed == 2
    assert figures.as_said


def test_a_check_with_too_few_seeds_is_not_measured_and_nothing_is_as_said(figures: CheckFigures) -> None:
    assert figures.unmeasured == ()
    few = {**figures.checks, Check.NUMBERS: CheckCounts(seeds=3, found=3)}
    assert replace(figures, checks=few).unmeasured == (Check.NUMBERS,)
    assert not replace(figures, checks=few).as_said
    assert not replace(figures, checks={}).as_said
    assert replace(figures, checks=few).to_json()["unmeasured"] == ["numbers"]


def test_what_is_left_in_english_is_no_translation(figures: CheckFigures) -> None:
    assert figures.untranslated == 3
    assert figures.segments + figures.untranslated + figures.doubtful == 3 * SECTIONS


def test_the_tables_say_what_the_json_says(figures: CheckFigures) -> None:
    console = Console(width=200, file=io.StringIO(), record=True)
    for table in figures.tables():
        console.print(table)
    shown = console.export_text()
    found = figures.to_json()["checks"]
    assert isinstance(found, Mapping)
    assert set(found) == {check.value for check in Check}
    assert all(name in shown for name in found)
    assert "not counted: 3 left in English" in shown


@pytest.mark.parametrize("check", Check)
def test_a_seed_is_the_same_every_time_and_sown_only_where_it_can_be(check: Check) -> None:
    habits = Habits.learn([TranslationUnit("A.", "一。")], (), "zh")
    standard = Standard("zh", habits, References.of([":label:`sec_a`"], []))
    assert SEEDS[check]("", "", standard, random.Random(1)) in (None, "")  # noqa: S311 (a repeatable fault)
    source, target = (
        "See :numref:`sec_a`, and wait for 20 cups of tea (warm).",
        "见 :numref:`sec_a`，等20杯茶（温的）。",
    )
    made = [SEEDS[check](source, target, standard, random.Random(3)) for _ in range(2)]  # noqa: S311
    assert made[0] == made[1] != target
    assert find_faults(source, target, "a.md", standard) == ()


def test_a_folder_without_pairs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="holds no pair"):
        bench_checks(tmp_path, "zh", lambda *_: None)
