"""No input makes parsing or planning take more than linear time.

Each hostile text is worked on in a process of its own with a bound that linear work keeps many times over
and quadratic work cannot keep at this size.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from sync.markdown import parse
from sync.model import SectionError

REPEATS = 100_000
SECONDS = 20
PLANNING_SECONDS = 90  # a millisecond a block, on a machine that does other things too

HOSTILE = {
    "backticks": "`" * REPEATS,
    "backticks growing": " ".join("`" * (n % 300) for n in range(REPEATS // 100)),
    "unclosed code spans": "`a ``b " * REPEATS,
    "brackets": "[" * REPEATS,
    "brackets closing": "]" * REPEATS,
    "images": "![" * 3 * REPEATS,
    "exclamation marks": "!" * 3 * REPEATS,
    "question marks": "a? " * 3 * REPEATS,
    "links half open": "[a](" * REPEATS,
    "dollars": "$" * REPEATS,
    "dollars apart": "$a " * REPEATS,
    "display formulas half open": "$$\n" * (REPEATS // 2) + "$",
    "angles": "<" * REPEATS,
    "tags half open": "<a href='" * REPEATS,
    "comments half open": "<!--" * REPEATS,
    "comments half open on lines": "<!--\n" * REPEATS,
    "declarations half open": "<![CDATA[ <? " * REPEATS,
    "stars": "*" * REPEATS,
    "stars apart": "*a " * REPEATS,
    "stars and underscores": "*_a " * REPEATS,
    "slide marks half open": "[**a " * REPEATS,
    "slide marks half open round": "(**a " * REPEATS,
    "quotes deep": "> " * REPEATS,
    "quotes tight": ">" * REPEATS,
    "quoted lines": "> a\n" * REPEATS,
    "list deep": "".join(f"{'  ' * (n % 400)}- a\n" for n in range(REPEATS // 10)),
    "list on one line": "- " * REPEATS,
    "list ordered on one line": "1. " * REPEATS,
    "list long": "- a\n" * REPEATS,
    "list loose": "- a\n\n" * REPEATS,
    "empty items": "-\n" * REPEATS,
    "table long": "| a | b |\n| --- | --- |\n" + "| 1 | 2 |\n" * REPEATS,
    "table wide": "| a " * REPEATS + "|\n" + "| --- " * REPEATS + "|\n" + "| 1 " * REPEATS + "|\n",
    "pipes": "|" * REPEATS,
    "delimiter cells": "|-" * REPEATS,
    "delimiter row that ends badly": "a|b\n-" + " " * REPEATS + "x",
    "delimiter row of pipes that ends badly": "a|b\n" + "| - " * REPEATS + "x",
    "labels": ":label:" * REPEATS,
    "labels on lines": ":label:`a`\n" * REPEATS,
    "roles half open": ":numref:`" * REPEATS,
    "citations": ":cite:`a`" * REPEATS,
    "tabs": ":begin_tab:`a`\n" * REPEATS,
    "references": "[a]: b\n" * REPEATS,
    "references half open": "[a]:" * REPEATS,
    "footnotes": "[^a]: b\n" * REPEATS,
    "footnote marks": "[^a]" * REPEATS,
    "double quotes": '"' * REPEATS,
    "title half open": '[a]: b "' + "c\n" * REPEATS,
    "link title half open": '[a](b "' + "c " * REPEATS,
    "spaces": " " * REPEATS,
    "spaces before a letter": (" " * 1000 + "a") * (REPEATS // 100),
    "tabs and letters": "\ta\n" * REPEATS,
    "blank lines": "\n" * REPEATS,
    "blank lines with spaces": "   \n" * REPEATS,
    "carriage returns": "\r" * REPEATS,
    "line breaks of Windows": "a\r\n" * REPEATS,
    "paragraph of many lines": "word of the text\n" * REPEATS,
    "one long sentence": "word " * REPEATS,
    "many sentences": "It is so. " * REPEATS,
    "no spaces": "a" * REPEATS,
    "full stops": "." * REPEATS,
    "full stops apart": ". " * REPEATS,
    "backslashes": "\\" * REPEATS,
    "entities": "&amp" * REPEATS,
    "headings": "# a\n" * REPEATS,
    "hashes": "#" * REPEATS,
    "heading of spaces": "# a" + " " * REPEATS + "b",
    "rules": "---\n" * REPEATS,
    "rule of spaces": "- " * REPEATS + "a",
    "setext half": "a\n" * REPEATS + "=",
    "dashes": "-" * REPEATS,
    "equal signs": "=\n" * REPEATS,
    "fences half open": "```\n" * (REPEATS // 2) + "````",
    "fences growing": "".join(f"{'`' * (3 + n % 300)}\n" for n in range(REPEATS // 100)),
    "tildes": "~" * REPEATS,
    "front matter half open": "---\n" + "a: b\n" * REPEATS,
    "addresses": "http://a.b/" * REPEATS,
    "addresses half open": "http://" * REPEATS,
    "at signs": "a@" * REPEATS,
    "braces": "{" * REPEATS,
    "numbers": "1," * REPEATS,
    "surrogate pairs": "\U0001f600" * REPEATS,
    "combining marks": "a" + "\u0301" * REPEATS,
}

PARSE = "import sys; from sync.markdown import parse; parse(sys.stdin.buffer.read().decode())"
PARSE_CHINESE = "import sys; from sync.markdown import parse; parse(sys.stdin.buffer.read().decode(), 'zh')"


@pytest.mark.parametrize("name", HOSTILE)
def test_parsing_a_hostile_text_is_linear(name: str) -> None:
    _finishes(PARSE, HOSTILE[name], SECONDS)


# A tenth of each: planning compares every block with its neighbours in three texts.
PLAN = """
import sys
from sync.assemble import assemble
from sync.plan import plan_section
text = sys.stdin.buffer.read().decode()
draft = assemble(plan_section(text, "# New\\n\\n" + text + "\\n\\nA new end.\\n", text, "zh"), {})
assert "A new end." in draft.text and len(draft.text) > len(text)
"""
PLANNED = [
    *("list long", "headings", "table long", "paragraph of many lines", "one long sentence"),
    *("many sentences", "slide marks half open", "stars and underscores", "citations", "tabs", "numbers"),
]


@pytest.mark.parametrize("name", PLANNED)
def test_planning_a_hostile_text_is_linear(name: str) -> None:
    _finishes(PLAN, HOSTILE[name][: len(HOSTILE[name]) // 10], PLANNING_SECONDS)


# The source changes and ends in a word for itself: what is compared piece by piece must be bounded.
EDITED = """
import sys
from sync.plan import plan_section
old, new, target = sys.stdin.buffer.read().decode().split("\\0")
assert plan_section(old, new, target, "de").results
"""


def _removed_and_added(count: int) -> str:
    old, new, target = (
        "\n\n".join(f"{words.format(n)}\n\n```\ncode{n} = {n}\n```" for n in range(count))
        for words in ("Alpha thing{0} eats under tree{0}.", "", "Das Ding{0} frisst unter Baum{0}.")
    )
    added = "\n\n".join(f"Beta pig{n} went over hill{n} with cow{n}." for n in range(count))
    return f"{old}\0{new}\n\n{added}\0{target}"


def test_planning_an_edit_of_one_very_long_sentence_is_bounded() -> None:
    old = " ".join(f"wo{n}" for n in range(80_000))
    new = " ".join(f"wo{n}" if n % 7 else f"xa{n}" for n in range(80_000))
    _finishes(EDITED, f"{old}\0{new}\0{old}", SECONDS)


def test_planning_many_sentences_taken_out_and_put_in_is_bounded() -> None:
    _finishes(EDITED, _removed_and_added(2_000), SECONDS)


# A segment is cut before it is checked, so it is checked many times over: quadratic work cannot keep the bound.
CHECKED = """
import sys
from sync.findings import Standard, find_faults
from sync.habits import Habits
from sync.model import Term
source, target = sys.stdin.buffer.read().decode().split("\\0")
standard = Standard("zh", Habits.learn([], [Term("tea", "茶水")], "zh"))
for _ in range(40):
    find_faults(source, target, "a.md", standard)
"""
SEGMENTS = {
    "commas in a formula": ("$" + "a," * 4_900 + "$", "我$" + "b," * 4_900 + "$"),
    "equal words": ("a " * 5_000, "我 " + "a " * 4_900),
    "one number": ("1" * 10_000, "我" + "2" * 9_000),
    "one number of commas": ("1," * 5_000, "我" + "2," * 4_900),
    "different numbers": (
        " ".join(map(str, range(1_000, 3_000))),
        f"我{' '.join(map(str, range(4_000, 5_900)))}",
    ),
    "small numbers": ("7 " * 5_000, "我" * 10_000),
    "formulas": (" ".join(f"$x_{n}$" for n in range(1_300)), " ".join(f"$y_{n}$" for n in range(1_300))),
}


@pytest.mark.parametrize("name", SEGMENTS)
def test_checking_a_hostile_segment_is_linear(name: str) -> None:
    _finishes(CHECKED, "\0".join(SEGMENTS[name]), SECONDS)


# Long and alike: each phrase has many places, and what may be its rendering is looked for in all of them.
LEARNT = """
import sys
from sync.habits import Habits
from sync.model import TranslationUnit
pieces = sys.stdin.buffer.read().decode().split("\\0")
Habits.learn([TranslationUnit(f"The tea {n}.", text, origin=f"{n}.md") for n, text in enumerate(pieces)], [], "zh")
"""


def test_learning_from_hostile_translations_is_bounded() -> None:
    alphabet = [chr(0x4E00 + n * n % 9_973) for n in range(20_000)]
    _finishes(LEARNT, "\0".join("".join(alphabet[n : n + 19_000]) for n in range(60)), SECONDS)


def test_a_section_of_more_than_ten_million_characters_is_refused() -> None:
    with pytest.raises(SectionError, match="10,000,000"):
        parse("word\n" * 2_000_001)


@pytest.mark.parametrize(
    "text", ["。" * REPEATS, "”" * REPEATS, "。”" * REPEATS, "字" * REPEATS, "… " * REPEATS, "…" * REPEATS + "x"]
)
def test_parsing_a_hostile_chinese_text_is_linear(text: str) -> None:
    _finishes(PARSE_CHINESE, text, SECONDS)


def _finishes(program: str, text: str, seconds: int) -> None:
    # A timeout is an exception, and so a failure; so is any end but a good one or a refusal in one line.
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=text.encode(),
        capture_output=True,
        timeout=seconds,
        check=False,
    )
    refused = done.stderr.decode().strip().splitlines()[-1:]
    assert done.returncode == 0 or refused[0].startswith("sync.model.SectionError"), refused
