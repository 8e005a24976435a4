"""What always holds, over all of the real data."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from bot.bench.attempts import ALONE, BOUND
from bot.bench.replay import read_replays
from bot.bench.replays import bench_replays
from bot.bench.ways import figures_of
from bot.files import pairs_in, read_text
from sync.config import Engine
from sync.engines import Knowledge, create
from sync.markdown import parse
from sync.pipeline import draft_section


def _language(file: Path, d2l: Path) -> str:
    first = file.relative_to(d2l).parts[0]
    if first == "replays":
        first = file.relative_to(d2l).parts[1]
    english = file.name.endswith(("_origin.md", ".en.md")) or first == "en"
    return "en" if english else first


def test_every_section_is_lossless(d2l: Path) -> None:
    files = [file for file in sorted(d2l.rglob("*.md")) if file.parent != d2l]
    assert len(files) > 800
    for file in files:
        text = read_text(file)
        section = parse(text, _language(file, d2l))
        assert "".join(block.text for block in section.blocks) == text, file
        assert all(block.text == text[block.start : block.end] for block in section.blocks), file
        for segment in (segment for block in section.blocks for segment in block.segments):
            assert segment.text == text[segment.start : segment.end], file


@pytest.mark.parametrize(("language", "count"), [("ko", 167), ("zh", 101)])
def test_an_unchanged_source_gives_the_translation_back(d2l: Path, language: str, count: int) -> None:
    translator = create("memory", Knowledge(), {})
    places = pairs_in(d2l / language)
    assert len(places) == count
    for place in places:
        pair = place.read()
        draft = draft_section(pair.source, pair.source, pair.target, language, translator)
        assert draft.text == pair.target, place.path
        assert draft.characters_sent == 0, place.path


def test_a_source_that_only_wraps_elsewhere_changes_nothing(d2l: Path) -> None:
    """The planner does its whole work here: the sources differ, and no sentence does."""
    translator = create("none", Knowledge(), {})
    for place in islice(pairs_in(d2l / "ko"), 0, None, 8):
        pair = place.read()
        wrapped = _wrapped_again(pair.source)
        draft = draft_section(pair.source, wrapped, pair.target, "ko", translator)
        assert draft.text == pair.target, place.path
        assert draft.characters_sent == 0, place.path


def _wrapped_again(text: str) -> str:
    """A line break after the third word of every plain paragraph that has so many."""
    section = parse(text)
    pieces = []
    for block in section.blocks:
        words = block.text.split(" ")
        simple = block.kind == "paragraph" and not block.prefix and all(word.isalpha() for word in words[:5])
        pieces.append(" ".join(words[:3]) + "\n" + " ".join(words[3:]) if simple else block.text)
    return "".join(pieces)


def test_replays_are_drafted_and_keep_what_the_translators_kept(d2l: Path) -> None:
    cases = [case for case in read_replays(d2l / "replays") if case.language == "tr"][1:6]
    figures = bench_replays(cases, [Engine("none", {}), Engine("memory", {})], lambda *_: None)
    assert figures.failures == []
    assert [outcome.name for outcome in figures.outcomes] == [case.name for case in cases]
    for outcome in figures.outcomes:
        for way in ("none", "memory"):
            attempt = outcome.attempts[way]
            assert attempt.second_run_unchanged, outcome.name
            assert attempt.damaged == (), outcome.name
            assert attempt.lost == (), outcome.name
            assert attempt.sent <= outcome.changed, outcome.name
    ways = [figures_of(way, figures.outcomes) for way in (ALONE, "none", "memory", BOUND)]
    alone, none, memory, bound = (found.prose_bleu for found in ways if found is not None)
    assert alone < none <= memory < bound
