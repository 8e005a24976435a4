"""What holds for every engine, and what the memory engine answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.checks import verify_numbers, verify_tokens
from sync.drafts import wait
from sync.engines import ENGINES, Answers, EngineError, Handle, Job, Knowledge, Translator, create
from sync.engines.memory import repair
from sync.memory import Match
from sync.model import Request, Translation, TranslationUnit
from tests.model_server import model_server, segment, translation

UNITS = [
    TranslationUnit("We train the model for 10 epochs.", "我们训练模型10个周期。"),
    TranslationUnit("The loss $l$ is the sum over all of the examples.", "损失$l$是所有样本的总和。"),
    TranslationUnit("Call `fit` on it and then call `score` on it.", "先调用`fit`，再调用`score`。"),
    TranslationUnit("See :numref:`fig_a` for the picture.", "见图。"),
]
KNOWN = Knowledge(tuple(UNITS))


# `openai` stands for those that ask a model; `amazon` has the same tests, and more, in tests/bot/test_amazon.py.
@pytest.fixture(params=["memory", "none", "openai"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Translator]:
    monkeypatch.setenv("AMTS_CACHE", str(tmp_path / "answers.sqlite"))
    with model_server(
        lambda asked: translation(f"译文{''.join(re.findall('<[0-9]+>', segment(asked)['text']))}")
    ) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield create(request.param, KNOWN, {})


def job(*requests: Request) -> Job:
    return Job("en", "zh", requests)


def answers(engine: Translator, handle: Handle) -> Answers:
    return wait(engine, handle, lambda: None)


def answer(engine: Translator, request: Request) -> Translation:
    found = answers(engine, engine.submit(job(request)))
    return found.translations.get(request.id, Translation(request.id, None))


def ask(source: str, previous: tuple[str, str] | None = None, **options: object) -> Translation:
    return answer(create("memory", KNOWN, options), Request("1", source, previous))


# What holds for every engine.


def test_every_request_is_answered_or_was_not_sent(engine: Translator) -> None:
    requests = [Request(f"s{n}", unit.source) for n, unit in enumerate(UNITS)]
    requests += [Request("x", "Nothing like it."), Request("", "")]
    found = answers(engine, engine.submit(job(*requests)))
    assert set(found.translations) == (set() if engine.name == "none" else {request.id for request in requests})
    assert all(translation.id == id for id, translation in found.translations.items())
    assert all(translation.reason for translation in found.translations.values() if translation.text is None)


def test_a_handle_survives_in_another_process(engine: Translator) -> None:
    handle = engine.submit(job(Request("1", UNITS[0].source, ("old \u2028 “text”", "旧\n文")), Request("2", "?")))
    stored = json.loads(json.dumps(handle))
    assert answers(create(engine.name, KNOWN, {}), stored) == answers(engine, handle)


def test_the_same_job_gives_the_same_answer(engine: Translator) -> None:
    work = job(*(Request(unit.source, unit.source + " More.") for unit in UNITS))
    first, second = (answers(engine, engine.submit(work)).translations for _ in range(2))
    assert first == second


def test_what_it_writes_has_the_tokens_of_the_source(engine: Translator) -> None:
    for unit in UNITS:
        for source in (unit.source, unit.source.replace("`", "``"), unit.source.replace("$l$", "$L$")):
            text = answer(engine, Request("1", source)).text
            assert text is None or verify_tokens(source, text) is None


def test_an_empty_job_is_answered(engine: Translator) -> None:
    assert answers(engine, engine.submit(job())) == Answers()


@pytest.mark.parametrize("handle", ["", "{}", "[1]", '{"source_language": 1}', "[" * 100_000])
def test_a_foreign_handle_is_refused(engine: Translator, handle: str) -> None:
    with pytest.raises(EngineError, match="not a handle"):
        engine.poll(handle)


def test_its_name_is_the_one_it_was_made_by(engine: Translator) -> None:
    assert ENGINES[engine.name] is not None
    assert create(engine.name, KNOWN, {}).name == engine.name


# create


def test_an_unknown_engine_names_the_known_ones() -> None:
    with pytest.raises(EngineError, match="unknown engine 'deepl'; known are memory, none, amazon"):
        create("deepl", KNOWN, {})


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("memory", {"treshold": 0.9}, "unknown option 'treshold'; known are threshold"),
        ("memory", {"threshold": "high"}, "above 0 and up to 1, not 'high'"),
        ("memory", {"threshold": True}, "not True"),
        ("memory", {"threshold": 0}, "not 0"),
        ("memory", {"threshold": 1.5}, "not 1.5"),
        ("none", {"threshold": 1}, "unknown option 'threshold'; it has none"),
    ],
)
def test_wrong_options_are_refused(name: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(EngineError, match=message):
        create(name, KNOWN, options)


# The engines.


def test_none_is_sent_nothing() -> None:
    engine = create("none", KNOWN, {})
    assert engine.poll(engine.submit(job(Request("1", UNITS[0].source)))) == Answers()


def test_an_exact_match_is_the_translators_text() -> None:
    assert ask(UNITS[0].source) == Translation("1", "我们训练模型10个周期。", "exact match", 1.0, machine=False)


def test_an_exact_match_without_the_token_is_no_pretence() -> None:
    assert ask("See :numref:`fig_a` for the picture.").text is None


def test_a_fuzzy_match_says_how_near_it_is() -> None:
    found = ask("The loss $l$ is the sum over all of those examples.")
    assert found.text == "损失$l$是所有样本的总和。"
    assert found.reason == "fuzzy match 0.92"
    assert found.confidence == pytest.approx(11 / 12)


def test_below_the_threshold_there_is_no_pretence() -> None:
    source = "The loss $l$ is the mean over all of those examples."
    assert ask(source) == Translation("1", None, "no match in the memory")
    assert ask(source, threshold=0.8).text == "损失$l$是所有样本的总和。"


def test_tokens_and_numbers_are_repaired() -> None:
    found = ask("We train the model for 25 epochs.")
    assert found.text == "我们训练模型25个周期。"
    assert "carried over" in found.reason
    assert ask("The loss $L(w)$ is the sum over all of the examples.").text == "损失$L(w)$是所有样本的总和。"
    assert ask("Call `train` on it and then call `test` on it.").text == "先调用`train`，再调用`test`。"


def test_tokens_that_only_changed_places_are_not_repaired() -> None:
    assert ask("Call `score` on it and then call `fit` on it.").text is None


def test_an_edited_sentence_needs_a_better_match_than_its_old_translation() -> None:
    previous = "The loss $l$ is the sum over all of these examples.", "旧译文$l$。"
    source = "The loss $l$ is the sum over all of those examples."
    assert ask(source, previous).text is None
    further = "The loss $l$ means the sum over these examples.", "旧译文$l$。"
    assert ask(source, further).text == "损失$l$是所有样本的总和。"


def test_an_exact_match_stands_for_an_edited_sentence() -> None:
    assert ask(UNITS[0].source, ("We train this model for 10 epochs.", "旧")).text == "我们训练模型10个周期。"


@pytest.mark.parametrize(
    ("unit", "source", "repaired"),
    [
        (("Use 3 of 3.", "用3。"), "Use 4 of 4.", None),  # one place for two numbers
        (("Use 3 of 5.", "5个中用3个。"), "Use 4 of 6.", "6个中用4个。"),
        (("Use 3 of 3.", "3个中用3个。"), "Use 4 of 5.", None),  # which 3 is which?
        (("Use 3 of 5.", "5个中用3个。"), "Use 5 of 3.", None),  # a swap
        (("Use 3 of 5.", "5个中用3个。"), "Use 5 of 6.", None),  # half a swap
        (("Use 3 and 3.", "用3。"), "Use 4 and.", None),  # the target has one of them
        (("Use three.", "用3个。"), "Use three.", None),  # not the same numbers
        (("Use 3.", "用三个。"), "Use 4.", None),  # the number is a word
        (("Use $a$.", "用$a$。"), "Use $b$ twice, $b$.", None),
        (("By 1,000.", "到1000。"), "By 1,000.", "到1000。"),
        (("Use `a` and $a$.", "用`a`和$a$。"), "Use `b` and $b$.", "用`b`和$b$。"),
        (("See [here](a.md).", "见[此处](a.md)。"), "See [here](b.md).", "见[此处](b.md)。"),
    ],
)
def test_repair_only_where_nothing_is_in_doubt(unit: tuple[str, str], source: str, repaired: str | None) -> None:
    found = repair(Match(TranslationUnit(*unit), 1.0), source)
    assert found == repaired
    if found is not None:
        assert verify_tokens(source, found) is None
        assert verify_numbers(source, found) is None


def test_a_very_long_text_is_not_repaired() -> None:
    unit = TranslationUnit("word " * 2_500 + "$a$", "$a$")
    assert repair(Match(unit, 1.0), unit.source.replace("$a$", "$b$")) is None
