"""Real updates replayed: every way of doing them is measured as it says, on texts whose figures are known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from bot.bench import po4a
from bot.bench.attempts import ALONE, BOUND, Meter
from bot.bench.replay import Replay, read_replays, without_meta, write_replay
from bot.bench.replays import ReplayFigures, bench_replays, estimate_replays
from bot.bench.ways import figures_of
from bot.files import FileError
from sync.config import Engine
from sync.engines import Job, Knowledge, create
from sync.languages import UnknownLanguage
from sync.model import Request, TranslationUnit
from tests.bot.test_bench import ENGLISH, KOREAN, PARAGRAPHS, Heard, _english, _korean
from tests.bot.test_cli import amts

FREE = (Engine("none", {}), Engine("memory", {}))
NEW, ANSWER = (
    "Nobody has ever asked who washes all these cups.",
    "이 모든 컵을 누가 씻는지 아무도 묻지 않았습니다.",
)


def case(new_source: str, reference: str, name: str = "case", section: str = "tea.md") -> Replay:
    return Replay(name, "ko", section, ENGLISH, new_source, KOREAN, reference)


def deleted(number: int) -> Replay:
    return case(ENGLISH.replace(f"{_english(number)}\n\n", ""), KOREAN.replace(f"{_korean(number)}\n\n", ""))


def added() -> Replay:
    return case(
        ENGLISH.replace(f"{_english(5)}\n", f"{_english(5)}\n\n{NEW}\n"),
        KOREAN.replace(f"{_korean(5)}\n", f"{_korean(5)}\n\n{ANSWER}\n"),
    )


def shown(figures: ReplayFigures) -> str:
    console = Console(width=300, record=True)
    with console.capture() as capture:
        for table in figures.tables():
            console.print(table)
    return capture.get()


def test_an_update_that_only_deletes_is_drafted_as_the_translators_did() -> None:
    heard = Heard()
    figures = bench_replays([deleted(3)], FREE, heard)
    (outcome,) = figures.outcomes
    assert outcome.attempts[ALONE].nearness.bleu.value < 1
    assert outcome.kept == PARAGRAPHS + 2
    assert outcome.changed == 0
    for way in ("none", "memory", BOUND):
        attempt = outcome.attempts[way]
        assert attempt.nearness.bleu.value == pytest.approx(1)
        assert attempt.nearness.chrf.value == pytest.approx(100)
        assert attempt.nearness.ter.value == 0
        assert (attempt.nearness.edits, attempt.lost, attempt.sent, attempt.dollars) == (0, (), 0, None)
        assert attempt.second_run_unchanged
    assert heard.last == ("replays", 1, 1)


def test_post_edit_characters_are_those_of_the_whole_file_but_for_white_space() -> None:
    gone = _korean(3)
    (outcome,) = bench_replays([deleted(3)], (), Heard()).outcomes
    assert outcome.attempts[ALONE].nearness.edits == len(gone) + 1  # and the space before the next paragraph
    rewrapped = replace(deleted(3), old_target=KOREAN.replace(" ", "\n"), reference=KOREAN)
    (outcome,) = bench_replays([rewrapped], (), Heard()).outcomes
    assert outcome.attempts[ALONE].nearness.edits == 0


def test_a_sentence_that_is_new_is_found_in_the_bound_and_waits_in_the_draft() -> None:
    (outcome,) = bench_replays([added()], FREE, Heard()).outcomes
    memory, none, bound = (outcome.attempts[way] for way in ("memory", "none", BOUND))
    assert outcome.changed == memory.sent == len(NEW)
    assert none.sent == 0
    assert memory.waiting == none.waiting == 1
    table = shown(bench_replays([added()], FREE, Heard()))
    assert "own sentences" in table.splitlines()[2]
    assert "bound" not in table
    assert bound.nearness.bleu.value == pytest.approx(1)
    assert memory.nearness.bleu.value < bound.nearness.bleu.value
    assert memory.nearness.edits >= len(set(ANSWER) - set(NEW))


def test_what_is_worse_than_nothing_is_listed() -> None:
    # The translators did not follow upstream: every deletion in the draft takes it further from theirs.
    figures = bench_replays([case("\n".join(ENGLISH.split("\n")[:8]), KOREAN)], FREE, Heard())
    (outcome,) = figures.outcomes
    assert outcome.attempts[ALONE].nearness.bleu.value == pytest.approx(1)
    assert outcome.gain("memory") < -0.1
    assert outcome.attempts["memory"].lost
    found = figures_of("memory", figures.outcomes)
    assert found is not None
    assert found.worse_than_alone == ("case",)
    assert "lower than left alone" in shown(figures)


def test_all_cases_together_are_means_and_sums() -> None:
    cases = [deleted(3), added()]
    figures = bench_replays(cases, FREE, Heard())
    one, other = (outcome.attempts["memory"] for outcome in figures.outcomes)
    found = figures_of("memory", figures.outcomes)
    assert found is not None
    assert found.prose_bleu == pytest.approx((one.nearness.bleu.value + other.nearness.bleu.value) / 2)
    assert found.edits == one.nearness.edits + other.nearness.edits
    assert found.characters_sent == len(NEW)
    low, high = found.gain_interval
    assert low <= found.gain <= high
    values = json.loads(json.dumps(figures.to_json()))
    assert values["ways"]["memory"]["edits"] == found.edits
    assert [len(it["attempts"]) >= 4 for it in values["cases"]] == [True, True]
    assert values["cases"][1]["attempts"]["memory"]["sent"] == len(NEW)
    assert any("tok:13a" in line for line in values["signatures"])
    assert "2 of 2" in shown(figures)


def test_a_way_that_fails_costs_no_other() -> None:
    broken = Engine("memory", {"threshold": 7})  # what the engine itself refuses
    figures = bench_replays([deleted(3)], (Engine("none", {}), broken), Heard())
    assert figures.failures == [
        ("case", "memory", "engine memory: threshold must be a number above 0 and up to 1, not 7")
    ]
    assert figures_of("memory", figures.outcomes) is None
    assert figures_of("none", figures.outcomes) is not None
    assert "not done" in shown(figures)


def test_the_meter_counts_what_was_sent_and_nothing_else() -> None:
    units = (TranslationUnit(NEW, ANSWER),)
    job = Job("en", "ko", (Request("1", NEW), Request("2", "Something else.")))
    for name, sent in (("memory", len(NEW) + len("Something else.")), ("none", 0)):
        meter = Meter(create(name, Knowledge(units), {}))
        handle = meter.submit(job)
        assert meter.characters == 0
        meter.poll(handle)
        meter.poll(handle)  # asked twice, sent once
        assert (meter.characters, meter.cost) == (sent, None)


def test_what_costs_nothing_is_not_estimated() -> None:
    heard = Heard()
    assert estimate_replays([deleted(3)], FREE, heard) is None
    assert heard.last == ("", 0, 0)


def test_what_a_paid_engine_would_cost_is_known_before_anything_is_sent() -> None:
    amazon = Engine("amazon", {"region": "us-west-2", "act": "never"})
    cost = estimate_replays([deleted(3), added()], (*FREE, amazon), Heard())
    assert cost is not None
    assert cost.characters == len(NEW)
    assert 0 < cost.dollars < 0.01


def test_a_replay_that_is_written_is_read_again(tmp_path: Path) -> None:
    written = replace(added(), name="0123abcd-tea", repository="tea/ko", commit="0123abcd" * 5)
    write_replay(written, tmp_path)
    assert read_replays(tmp_path) == [written]


def test_a_case_without_meta_is_named(tmp_path: Path) -> None:
    for name in ("whole", "half"):
        write_replay(replace(added(), name=name), tmp_path)
    half = tmp_path / "ko" / "half"
    (half / "meta.json").unlink()
    assert without_meta(tmp_path) == [half]
    done = amts("bench", "replays", tmp_path, "--engine", "none", "--json", "-")
    assert done.returncode == 1
    assert f"amts: left out: {half}: it has no meta.json" in done.stderr.decode()
    assert [it["name"] for it in json.loads(done.stdout)["cases"]] == ["whole"]


def test_replays_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="holds no replay"):
        read_replays(tmp_path)
    (tmp_path / "case").mkdir()
    meta = tmp_path / "case" / "meta.json"
    for content in ("[]", "1", '{"language": "ko"}', "nothing"):
        meta.write_text(content, encoding="utf-8")
        with pytest.raises(FileError, match=r"meta\.json"):
            read_replays(tmp_path)
    meta.write_text('{"language": "../x", "section": "tea.md"}', encoding="utf-8")
    with pytest.raises(UnknownLanguage):  # it is part of the names of the files
        read_replays(tmp_path)


@pytest.mark.skipif(not po4a.is_installed(), reason="po4a is not installed")
def test_po4a_brings_an_equal_structure_up_to_date_and_leaves_what_is_new_in_english() -> None:
    small = Replay("small", "ko", "tea.md", "# Tea\n\nOne.\n\nTwo.\n", "# Tea\n\nOne.\n\nThree.\n",
                   "# 차\n\n하나.\n\n둘.\n", "# 차\n\n하나.\n\n셋.\n")  # fmt: skip
    assert po4a.translate(small).split() == ["#", "차", "하나.", "Three."]


@pytest.mark.skipif(not po4a.is_installed(), reason="po4a is not installed")
def test_what_po4a_does_not_take_is_no_failure_of_the_bench() -> None:
    odd = replace(deleted(3), old_target=KOREAN.replace(_korean(2) + "\n\n", ""))
    with pytest.raises(po4a.Po4aError, match="po4a-gettextize refused it: "):
        po4a.translate(odd)
    figures = bench_replays([deleted(3), odd], FREE, Heard())
    assert figures.failures == []
    assert [outcome.name for outcome in figures.common] == ["case"]
    assert "the 1 that every way could do" in shown(figures)


def test_the_replays_of_d2l_score_what_the_readme_says(d2l: Path) -> None:
    cases = [case for case in read_replays(d2l / "replays") if case.language == "zh"]
    some = [case for case in cases if case.name.startswith("842481d6")]
    figures = bench_replays(some, FREE, Heard())
    alone, memory = (figures_of(way, figures.outcomes) for way in (ALONE, "memory"))
    assert alone is not None
    assert memory is not None
    assert len(some) == alone.cases == memory.cases == 5
    assert memory.edits < alone.edits
    assert memory.second_run_unchanged == 5
