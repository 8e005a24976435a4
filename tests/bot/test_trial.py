"""The trial of an engine on held-out pairs: what it is made of, when it is due, what the record keeps of it."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from bot import workflow
from bot.figures import engine_note
from sync import score, trial
from sync.cleaning import is_held_out
from sync.config import Engine
from sync.engines import Answers, EngineError, Knowledge, create
from sync.model import Provenance, Translation, TranslationUnit
from sync.trial import Measure, Quality
from tests.bot.github import ZH, Bot

PARTS = ("tall small broken empty yellow heavy round cracked", "cup glass kettle spoon lamp plate teapot bowl",
         "shelf door table floor window garden market river")  # fmt: skip
TRIPLES = list(product(*(part.split() for part in PARTS), ("near", "beside", "behind", "below")))
SOURCES = [
    f"The {what} {thing} `n{number}` stands right {how} the old wooden {where}."
    for number, (what, thing, where, how) in enumerate(TRIPLES)
]
UNITS = tuple(TranslationUnit(text, f"东西`n{number}`就放在那个旧木头旁边。") for number, text in enumerate(SOURCES))
HELD_OUT = [unit for unit in UNITS if is_held_out(unit.source)]


def test_only_held_out_pairs_of_people_that_are_sure_are_taken_and_no_more_than_may_be_sent() -> None:
    pairs = trial.sample(UNITS, "zh")
    assert len(pairs) > 20
    assert set(pairs) == set(HELD_OUT)
    assert trial.sample(tuple(reversed(UNITS)), "zh") == pairs
    few = trial.sample(UNITS, "zh", 1500)
    assert few == pairs[: len(few)]
    assert sum(len(unit.source) for unit in few) <= 1500
    assert trial.sample(UNITS, "zh", 500) == ()  # too few to say anything
    assert trial.sample([replace(unit, provenance=Provenance.FILE) for unit in UNITS], "zh") == ()
    assert trial.sample([replace(unit, confidence=0.5) for unit in UNITS], "zh") == ()


def test_a_trial_is_due_for_another_engine_and_when_the_pairs_have_changed() -> None:
    known = Quality("memory", "2026-01-01", len(UNITS), 30, 900)
    assert trial.is_due(None, "memory", UNITS)
    assert not trial.is_due(None, "none", UNITS)
    assert not trial.is_due(known, "memory", UNITS)
    assert not trial.is_due(known, "memory", UNITS[: int(len(UNITS) * 0.96)])
    assert trial.is_due(known, "memory", UNITS[: int(len(UNITS) * 0.9)])
    assert trial.is_due(known, "amazon", UNITS)


def test_an_engine_never_sees_what_it_is_tried_on() -> None:
    seen: list[tuple[str, Knowledge]] = []

    def make(name: str, knowledge: Knowledge, options: object) -> object:
        seen.append((name, knowledge))
        return create("memory", knowledge, {})

    jobs = trial.prepare(Engine("local"), Knowledge(UNITS), HELD_OUT, ("en", "zh"), make)  # type: ignore[arg-type]
    assert list(jobs) == [trial.ADAPTED, trial.PLAIN]
    (_, adapted), (_, plain) = seen
    assert {unit.source for unit in adapted.units} == {unit.source for unit in UNITS if unit not in HELD_OUT}
    assert plain.units == ()
    assert list(trial.prepare(Engine("memory"), Knowledge(UNITS), HELD_OUT, ("en", "zh"), create)) == [trial.ADAPTED]


def test_the_scores_are_those_of_what_was_answered() -> None:
    texts = {str(number): Translation(str(number), unit.target[1:]) for number, unit in enumerate(HELD_OUT)}
    texts["0"] = Translation("0", None)
    found, without = trial.measure({trial.ADAPTED: Answers(texts)}, HELD_OUT, "zh")
    assert without is None
    hypotheses, references = [u.target[1:] for u in HELD_OUT[1:]], [u.target for u in HELD_OUT[1:]]
    bleu = score.bleu(hypotheses, references, "zh")
    assert found is not None
    assert (found.answered, found.bleu, found.signature) == (len(HELD_OUT) - 1, bleu.value, bleu.signature)
    assert found.spread == score.bleu_spread(hypotheses, references, "zh")
    assert found.chrf == score.chrf(hypotheses, references).value
    assert found.ter == score.ter(hypotheses, references, "zh").value
    assert trial.measure({}, HELD_OUT, "zh") == (None, None)
    assert trial.measure({trial.PLAIN: Answers({"1": texts["1"]})}, HELD_OUT, "zh") == (None, None)


def test_two_ways_are_measured_on_what_both_answered() -> None:
    good = {str(number): Translation(str(number), unit.target) for number, unit in enumerate(HELD_OUT)}
    few = {id: replace(found, text=f"不{found.text}") for id, found in list(good.items())[:30]}
    adapted, plain = trial.measure({trial.ADAPTED: Answers(good), trial.PLAIN: Answers(few)}, HELD_OUT, "zh")
    assert adapted is not None
    assert plain is not None
    assert adapted.answered == plain.answered == 30
    assert adapted.bleu > plain.bleu


def test_the_bot_tries_its_engine_once_and_keeps_the_figures(bot: Bot) -> None:
    english = "# Things\n\n" + "\n\n".join(SOURCES) + "\n"
    chinese = "# 东西\n\n" + "\n\n".join(unit.target for unit in UNITS) + "\n"
    bot.write({"things.md": english})
    bot.write({"things.md": chinese, "things_origin.md": english}, ZH)
    bot.replace("index.md", "2 cups", "5 cups and a spoon that nobody has ever seen")
    due: list[bool] = []
    workflow.update(bot.keeper, bot.world, ZH, untried=lambda: due.append(True))
    assert due == [True]
    workflow.try_engine(bot.keeper, bot.world, ZH)
    quality = bot.record().quality
    assert quality is not None
    assert (quality.engine, quality.plain) == ("memory", None)
    assert quality.n >= len(HELD_OUT)  # a few of the book's own
    assert quality.adapted is not None
    assert quality.adapted.answered >= len(HELD_OUT)
    assert quality.adapted.bleu == pytest.approx(1.0)  # all but the code is the same, and that is patched
    bot.replace("index.md", "5 cups", "7 cups")
    workflow.update(bot.keeper, bot.world, ZH, untried=lambda: due.append(True))
    assert due == [True]
    assert bot.record().quality == quality
    assert "not on this draft: BLEU 1.000" in bot.pull().body


def test_a_book_with_too_few_pairs_is_not_judged(bot: Bot) -> None:
    bot.revise()
    due: list[bool] = []
    workflow.update(bot.keeper, bot.world, ZH, untried=lambda: due.append(True))
    assert due == []
    with pytest.raises(EngineError, match="nothing to try"):
        workflow.try_engine(bot.keeper, bot.world, ZH)


def test_the_note_claims_no_more_than_was_measured() -> None:
    adapted = Measure(40, 0.4213, 0.0312, 61.23, 48.7, "nrefs:1|tok:zh")
    quality = Quality("amazon", "2026-01-02", 2000, 42, 1234, adapted, replace(adapted, bleu=0.3))
    note = engine_note(quality, "amazon")
    assert note is not None
    assert "not on this draft" in note
    assert "BLEU 0.421 ± 0.031, chrF 61.2, TER 48.7 with the book's own sentence pairs; BLEU 0.300" in note
    assert "2026-01-02 on 42 sentences" in note
    assert "answered 40" in note
    assert "`nrefs:1|tok:zh`" in note
    assert engine_note(quality, "memory") is None
    assert engine_note(None, "amazon") is None
    assert engine_note(replace(quality, adapted=None, plain=None), "amazon") is None


@pytest.mark.parametrize("name", [trial.ADAPTED, trial.PLAIN])
def test_a_trial_is_no_branch(name: str) -> None:
    assert trial.is_trial(name)
    assert not trial.is_trial("amts/sync-trial")
