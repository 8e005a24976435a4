"""Sections that only AMTS wrote in, drafted from the default branch again at each push."""

from __future__ import annotations

from bot.afresh import answers_known
from bot.records import SectionRecord
from sync.drafts import Plans
from sync.ground import BRANCH
from sync.model import BlockKind, Operation, SectionState, SegmentResult
from sync.plan import plan_section
from tests.bot.github import UPSTREAM, WRITER, ZH, Bot

INDEX = "index.md"
WATCHED = "A watched pot boils at exactly the same speed."
COPY = "tea/copy"


def test_many_pushes_come_to_the_draft_of_one(bot: Bot) -> None:
    bot.github.add_repository(COPY, bot.book / "zh", collaborators={WRITER: "write"})
    bot.github.install(COPY)
    steps = [
        (WATCHED, "A watched kettle boils at exactly the same speed."),
        ("2 cups", "12 cups and 3 spoons"),
        ("A watched kettle boils at exactly the same speed.", "A kettle boils. Nobody watches it."),
        ("12 cups and 3 spoons", "4 cups"),
    ]
    for old, new in steps:
        bot.replace(INDEX, old, new)
        bot.update()
    bot.revise()
    bot.update()
    bot.update(COPY)
    assert bot.sections() == bot.sections(COPY)
    for path in bot.sections():
        assert bot.read(path, ZH, BRANCH) == bot.read(path, COPY, BRANCH)
        ours, theirs = (bot.record(name).proposals[BRANCH].sections[path] for name in (ZH, COPY))
        assert ours.results == theirs.results
        assert ours.characters[:2] == theirs.characters[:2]


def test_what_a_person_took_out_of_a_draft_does_not_come_back(bot: Bot) -> None:
    bot.replace(INDEX, WATCHED, f"{WATCHED} It only seems slow.")
    bot.update()
    assert "It only seems slow." in bot.read(INDEX, ZH, BRANCH)
    bot.replace(INDEX, "It only seems slow.", "", ZH, BRANCH)
    bot.replace(INDEX, "2 cups", "5 cups", UPSTREAM)
    bot.update()
    text = bot.read(INDEX, ZH, BRANCH)
    assert "5个杯子" in text
    assert "It only seems slow." not in text


def test_an_engine_is_not_asked_again_for_what_it_translated() -> None:
    plan = plan_section("Tea.\n", "Tea.\n\nIt is hot.\n\nIt is cold.\n", "茶。\n", "zh")
    plans = Plans({"a.md": plan})
    hot, cold = plans.requests_of("a.md")
    result = SegmentResult(
        "x", BlockKind.PARAGRAPH, Operation.TRANSLATED, "new: by the engine", None, "It is hot.", None, "很烫。",
        machine=True,
    )  # fmt: skip
    known = {"a.md": SectionRecord("a.md", "", SectionState.BEHIND, (result,))}
    found = answers_known(plans, known, ["a.md", "b.md"])
    assert {id: (answer.text, answer.reason, answer.machine) for id, answer in found.items()} == {
        hot: ("很烫。", "by the engine", True)
    }
    assert cold not in found
    assert answers_known(plans, known, []) == {}
