"""The demo runs, from the push to the merge, and shows what people see."""

from __future__ import annotations

import io
import re

from rich.console import Console

from bot.demo import run_demo


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
    assert "/amts retranslate" in shown
    assert "(reaction: rocket)" in shown or "(reaction: confused)" in shown
    assert re.search(r"tea/es +│ #1 +│ merged", shown)
    assert re.search(r"From the push to both pull requests, with their checks: \d+\.\d s", shown)
