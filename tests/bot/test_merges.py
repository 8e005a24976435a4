"""After review: what became of drafts is said, kept in the ledger, and learnt from."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from rapidfuzz.distance import Levenshtein

from bot import baselines, ledger, records
from bot.ledger import WHOLE, Entry, LedgerError
from sync.ground import BRANCH
from tests.bot.github import WRITER, ZH, Bot

INDEX = "index.md"
WATCHED = "A watched pot boils at exactly the same speed."
KETTLE = "A watched kettle boils at exactly the same speed."
OLD = "盯着看的壶，烧开的速度一点也不慢。"
THEIRS = "盯着看的水壶，烧开的速度一点也不慢。"


def entries(bot: Bot, repository: str = ZH) -> list[Entry]:
    data = bot.github.file(repository, records.REF, ledger.PATH)
    return list(ledger.load(data, repository)) if data else []


def stored(bot: Bot) -> list[str]:
    """The names of the drafts that are kept."""
    with bot.world.mirrors.follow(bot.world.access(ZH)) as mirror:
        state = mirror.ref(records.REF)
        assert state is not None
        return sorted(name for name in mirror.tree(state) if name.startswith(baselines.FOLDER))


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_what_became_of_the_draft_is_said_once_and_kept(bot: Bot, method: str) -> None:
    bot.replace(INDEX, WATCHED, KETTLE)
    bot.replace(INDEX, "2 cups", "5 cups")
    bot.update()
    bot.replace(INDEX, OLD, THEIRS, ZH, BRANCH)
    draft = bot.read(INDEX, ZH, BRANCH)
    bot.github.merge(ZH, 1, WRITER, method, delete_branch=True)
    bot.replace(INDEX, THEIRS, f"{THEIRS}！", ZH)  # after the merge: no part of it
    bot.update()
    bot.update()
    (said,) = bot.comments(1)
    assert "1 of 2 segments accepted unchanged; 1 had been left to a translator" in said.body
    whole, section = entries(bot)
    assert (whole.section, section.section) == (WHOLE, INDEX)
    assert (whole.segments, whole.accepted, whole.waiting, whole.undone) == (2, 1, 1, 0)
    cups = re.search(r"[^\n]*5个杯子。[^\n]*", draft)
    assert cups is not None
    assert whole.edits == Levenshtein.distance(OLD, THEIRS)
    assert whole.edits_by_hand == whole.edits + 1  # the 2 that became a 5
    assert f"| {whole.edits:,} of {whole.characters:,} |" in said.body
    assert (whole.repository, whole.pull_request, whole.language, whole.engine) == (ZH, 1, "zh", "memory")
    assert re.match(r"\d{4}-\d\d-\d\dT", whole.merged)
    assert stored(bot) == []


def test_a_draft_is_measured_from_what_amts_wrote_though_people_and_pushes_took_turns(bot: Bot) -> None:
    bot.replace(INDEX, WATCHED, KETTLE)
    bot.update()
    bot.replace(INDEX, OLD, THEIRS, ZH, BRANCH)
    bot.update()
    bot.replace(INDEX, "2 cups", "5 cups")
    bot.update()
    bot.replace(INDEX, "5个杯子", "五个杯子", ZH, BRANCH)
    bot.replace(INDEX, "5 cups", "6 cups")
    bot.update()
    (score,) = bot.ask(1, "/amts score")
    bot.github.merge(ZH, 1, WRITER, "squash")
    bot.update()
    whole, _ = entries(bot)
    # The sentence on cups waits: people wrote there, and its English changed again.
    assert (whole.segments, whole.waiting, whole.undone) == (2, 2, 1)
    assert whole.edits == Levenshtein.distance(OLD, THEIRS)
    assert score.split("\n\n")[1] == bot.comments(1)[-1].body.split("\n\n")[1]


def test_a_merge_without_any_change_of_the_draft_is_all_accepted(bot: Bot) -> None:
    bot.replace(INDEX, "2 cups", "5 cups")
    bot.update()
    assert stored(bot) == [baselines.name_of(BRANCH, INDEX)]
    bot.github.merge(ZH, 1, WRITER)
    bot.update()
    whole, _ = entries(bot)
    assert (whole.segments, whole.accepted, whole.edits, whole.ter) == (1, 1, 0, 0.0)
    assert whole.bleu == pytest.approx(1.0)
    assert whole.signature.startswith("nrefs:1|case:mixed|eff:no|tok:zh|")
    assert (whole.saved_from_nothing, whole.saved_by_hand) == (1.0, 1.0)


def test_what_a_person_closed_is_no_merge(bot: Bot) -> None:
    bot.replace(INDEX, "2 cups", "5 cups")
    bot.update()
    bot.github.close(ZH, 1, WRITER)
    bot.update()
    assert entries(bot) == []
    assert bot.comments(1) == []


def test_merged_sentences_are_known_at_once(bot: Bot) -> None:
    bot.replace(INDEX, WATCHED, KETTLE)
    bot.update()
    bot.replace(INDEX, OLD, THEIRS, ZH, BRANCH)
    bot.github.merge(ZH, 1, WRITER)
    bot.replace("notation.md", "# ", f"{KETTLE}\n\n# ")
    bot.update()
    assert THEIRS in bot.read("notation.md", ZH, BRANCH)


def test_a_score_of_some_sections_or_of_one_that_is_not_there(bot: Bot) -> None:
    bot.revise()
    bot.update()
    (some,) = bot.ask(1, "/amts score index")
    assert "`index.md`" in some
    assert "`notation.md`" not in some
    (unknown,) = bot.ask(1, "/amts score indx")
    assert "index.md" in unknown
    assert "accepted" not in unknown


def test_damaged_files_beside_the_record_cost_no_update(bot: Bot) -> None:
    bot.replace(INDEX, "2 cups", "5 cups")
    bot.update()
    name = baselines.name_of(BRANCH, INDEX)
    for content in ("[]", "{", '[{"text": "x", "written": [[0, 99, "a", null, null, false]]}]', '[{"text": 3}]'):
        with bot.world.mirrors.follow(bot.world.access(ZH)) as mirror:
            state = mirror.ref(records.REF)
            assert state is not None
            commit = mirror.write(
                (state,), {name: content.encode()}, "Damage", "Wei <wei@example.org>", "1700000000 +0000"
            )
            mirror.push({records.REF: commit})
        (said,) = bot.ask(1, "/amts score")
        assert "nothing to score" in said
    bot.github.merge(ZH, 1, WRITER)
    bot.update()
    assert entries(bot) == []


def test_a_damaged_ledger_costs_no_update_and_no_closing_comment(bot: Bot) -> None:
    bot.replace(INDEX, "2 cups", "5 cups")
    bot.update()
    with bot.world.mirrors.follow(bot.world.access(ZH)) as mirror:
        state = mirror.ref(records.REF)
        assert state is not None
        commit = mirror.write((state,), {ledger.PATH: b"{"}, "Damage", "Wei <wei@example.org>", "1700000000 +0000")
        mirror.push({records.REF: commit})
    bot.github.merge(ZH, 1, WRITER)
    bot.replace("notation.md", "# ", f"{KETTLE}\n\n# ")
    bot.update()
    assert [said.body.startswith("Merged, thank you.") for said in bot.comments(1)] == [True]
    assert bot.pull().number == 2
    good, bad = ledger.read(bot.github.file(ZH, records.REF, ledger.PATH) or b"", ZH)
    assert [found.section for found in good] == [WHOLE, INDEX]
    assert len(bad) == 1


def test_one_that_was_closed_then_reopened_and_merged_counts(bot: Bot) -> None:
    bot.replace(INDEX, "2 cups", "5 cups")
    bot.update()
    bot.github.close(ZH, 1, WRITER)
    bot.update()
    bot.github.reopen(ZH, 1, WRITER)
    bot.github.merge(ZH, 1, WRITER)
    bot.update()
    assert [found.section for found in entries(bot)] == [WHOLE, INDEX]
    assert bot.record().shelved == {}
    assert bot.record().declined == {}
    assert stored(bot) == []


SAID = Entry(
    "2026-01-02T03:04:05+00:00", ZH, 7, "zh", "memory", WHOLE, 4, 2, 1, 0, 20, 3, 12, 25.0, 0.5, 61.2, "nrefs:1"
)


def test_a_ledger_comes_back_as_it_was_written() -> None:
    entries = (SAID, replace(SAID, section="a.md", bleu=None, terms={"kernel": 3}))
    assert ledger.load(ledger.dump(entries), ZH) == entries


@pytest.mark.parametrize(
    "damage",
    ["{", "[]", '{"merged": 1}', "3", *(ledger.dump([found]).decode() for found in (
        replace(SAID, edits=-1), replace(SAID, ter=float("nan")), replace(SAID, chrf=float("inf")),
    ))],
)  # fmt: skip
def test_a_ledger_that_is_none_is_refused_in_one_line(damage: str) -> None:
    with pytest.raises(LedgerError, match="line 1, is no entry of AMTS"):
        ledger.load(damage.encode(), ZH)
