"""What nobody expected in one section is one line about that section, and the others go on."""

from __future__ import annotations

import logging

import pytest

from sync.faults import each, unexpected
from sync.model import SectionError, SectionState
from sync.pipeline import draft_section
from sync.sections import Pair, quiet

PAIRS = [Pair(path, path, SectionState.BEHIND) for path in ("good.md", "bad.md", "broken.md", "fine.md")]


def make(pair: Pair) -> str:
    if pair.path == "bad.md":
        raise SectionError("bad.md: a fence is never closed: close it")
    if pair.path == "broken.md":
        draft_section(None, "# A\n", "", "zh", None)  # type: ignore[arg-type]
    return pair.path.upper()


def test_the_others_go_on_and_each_fault_is_one_line() -> None:
    made, errors = each(PAIRS, make, "plan", quiet)
    assert made == {"good.md": "GOOD.MD", "fine.md": "FINE.MD"}
    assert errors["bad.md"] == "bad.md: a fence is never closed: close it"
    assert errors.keys() == {"bad.md", "broken.md"}
    assert "\n" not in errors["broken.md"]
    assert errors["broken.md"].startswith("plan: unexpected ")
    assert " in sync/" in errors["broken.md"]
    assert errors["broken.md"].endswith(": please report it")


def test_progress_counts_to_the_end() -> None:
    told: list[tuple[str, int, int]] = []
    each(PAIRS, make, "plan", lambda *step: told.append(step))
    assert told == [("plan", done, 4) for done in range(5)]


def test_the_traceback_is_for_debugging_only(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO, "sync"):
        each(PAIRS, make, "plan", quiet)
    assert caplog.records == []
    assert capsys.readouterr().err == ""
    with caplog.at_level(logging.DEBUG, "sync"):
        each(PAIRS, make, "plan", quiet)
    assert "Traceback" in caplog.text


def test_an_error_from_elsewhere_has_no_place_and_is_not_quoted() -> None:
    try:
        int("a secret\nvalue")
    except ValueError as error:
        said = unexpected(error)
    assert said == "unexpected ValueError: please report it"
