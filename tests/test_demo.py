"""The demo runs, from the push to the merge, and shows what people see."""

from __future__ import annotations

import io
import os
import re
import signal
import time
from pathlib import Path

import pytest
from rapidfuzz.distance import Levenshtein
from rich.console import Console

from bot.cli import _run
from bot.demo import REVIEWED, run_demo


def test_the_demo_shows_what_people_see() -> None:
    console = Console(file=io.StringIO(), record=True, width=100)
    seen: list[str] = []
    assert run_demo(console, lambda: seen.append("it still runs")) == 0
    shown = console.export_text()
    assert seen == ["it still runs"]
    assert "+[**搅拌一次，然后把勺子拿出来。**]" in shown
    assert "Chinese: the pull request tea/zh#1" in shown
    assert "Spanish: the pull request tea/es#1" in shown
    assert shown.count("check AMTS: neutral") == 2
    assert "\n/amts retranslate\n/amts status\n" in re.sub(r" +\n", "\n", shown)
    merged = shown.partition("the translation now reads:")[2].partition("(and so on)")[0]
    assert merged.rstrip().endswith("Cierra la ventana antes de empezar.")  # a whole paragraph
    # All that review changed are those words: the closing comment says so.
    review = " ".join(shown.partition("Merged, thank you.")[2].split())
    counted = re.search(
        r"(\d+) of (\d+) segments accepted unchanged.*? (\d+) characters were changed to get to", review
    )
    assert counted is not None
    accepted, segments, changed = map(int, counted.groups())
    assert changed == Levenshtein.distance(*REVIEWED)
    assert accepted == segments - 1  # of those that wait no longer
    assert re.search(r"\d+ segments still wait for a translator", review)
    assert "(reaction: rocket)" in shown or "(reaction: confused)" in shown
    assert re.search(r"tea/es +│ #1 +│ merged", shown)
    assert re.search(r"From the push to both pull requests, with their checks: \d+\.\d s", shown)


def children_now() -> set[str]:
    """The processes that this one has started."""
    return set().union(*(place.read_text().split() for place in Path("/proc/self/task").glob("*/children")))


def test_a_demo_that_is_told_to_end_leaves_nothing_behind() -> None:
    children: set[str] = set()
    others = children_now()  # of tests before this one

    def end() -> None:
        children.update(children_now() - others)
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as caught:
        run_demo(Console(file=io.StringIO()), end)
    assert caught.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) == before
    assert len(children) >= 2  # what takes webhooks, and a worker
    end_of_patience = time.monotonic() + 10  # for git, which a thread of the stand-in may still be waiting for
    while (left := [number for number in children if Path("/proc", number).exists()]) and (
        time.monotonic() < end_of_patience
    ):
        time.sleep(0.05)
    assert left == []


def test_books_alone_cannot_be_kept_running(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert _run(["demo", "--keep", "--books", str(tmp_path / "books")]) == 2
    assert "leave --keep out" in capfd.readouterr().err
    assert not (tmp_path / "books").exists()
