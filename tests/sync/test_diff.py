"""What changed between two revisions: blocks of a section, and sentences of a block."""

from __future__ import annotations

import pytest

from sync.diff import match_blocks, match_texts
from sync.markdown import parse

A = "The old cat sat on a warm mat."
B = "Several dogs like long walks in the park."
C = "Rain fell over the whole city for a week."
D = "Nobody knew which of the keys was the right one."

# old, new -> matches: `=` unchanged, `~` edited, `>` moved; `2-34` is old 2 matched with new 3 and 4
TEXTS = {
    "nothing changed": ([A, B], [A, B], "0=0 1=1"),
    "inserted": ([A, B], [A, C, B], "0=0 1=2"),
    "deleted": ([A, B, C], [A, C], "0=0 2=1"),
    "edited": ([A, B], [A.replace("warm", "cold"), B], "0~0 1=1"),
    "edited beside an insertion": ([A, B], [C, A.replace("warm", "cold"), B], "0~1 1=2"),
    "rewritten": ([A, B], [D, B], "1=1"),
    "moved": ([A, B, C], [C, A, B], "0=1 1=2 2>0"),
    "moved and edited a little": ([A, B, C], [C.replace("week", "month"), A, B], "0=1 1=2 2≈0"),
    "split": ([f"{A[:-1]} and {D.lower()}", B], [A, D, B], "0~01 1=2"),
    "merged": ([A, D, B], [f"{A[:-1]} and {D.lower()}", B], "01~0 2=1"),
    "merged and moved": ([A, D, B, C], [B, C, f"{A[:-1]} and {D.lower()}"], "01≈2 2=0 3=1"),
    "split and moved": ([f"{A[:-1]} and {D.lower()}", B, C], [B, C, A, D], "0≈23 1=0 2=1"),
    "all gone": ([A, B], [], ""),
    "all new": ([], [A, B], ""),
    "repeated": (["Yes.", A, "Yes."], ["Yes.", "Yes."], "0=0 2=1"),
}


def _written(matches: list[tuple[tuple[int, ...], tuple[int, ...], bool, bool]]) -> str:
    signs = {(True, False): "=", (False, False): "~", (True, True): ">", (False, True): "≈"}
    return " ".join(
        "".join(map(str, old)) + signs[equal, moved] + "".join(map(str, new)) for old, new, equal, moved in matches
    )


@pytest.mark.parametrize(("old", "new", "expected"), TEXTS.values(), ids=TEXTS.keys())
def test_sentences(old: list[str], new: list[str], expected: str) -> None:
    assert _written([(m.old, m.new, m.equal, m.moved) for m in match_texts(old, new)]) == expected


BLOCKS = {
    "white space and slide marks": (f"{A}\n{B}\n", f"[**{A}**] {B}\n", "0=0"),
    "the spaces of code": ("```\nx = 1\n```\n", "```\nx  = 1\n```\n", "0~0"),
    "another level": (f"# One cup\n\n{A}\n", f"## One cup\n\n{A}\n", "0~0 1=1"),
    "a heading that no word was left of": (f"{A}\n\n## Cups\n\n{B}\n", f"{A}\n\n## Mugs\n\n{B}\n", "0=0 1~1 2=2"),
    "two headings are not told apart so": (
        f"{A}\n\n## Cups\n\n## Tea\n\n{B}\n",
        f"{A}\n\n## Mugs\n\n## Milk\n\n{B}\n",
        "0=0 3=3",
    ),
    "a label of another kind": (":label:`a_cup`\n", ":width:`a_cup`\n", ""),
    "split paragraph": (f"{A}\n{B}\n{C}\n", f"{A}\n\n{B}\n{C}\n", "0~01"),
    "tabs of frameworks are not one": (
        "```\n#@tab mxnet\nx = read(1)\n```\n",
        "```\n#@tab mxnet\nx = read(1)\n```\n\n```\n#@tab jax\nx = read(1)\n```\n",
        "0=0",
    ),
    "a paragraph becomes a list item": (f"{A} {B}\n", f"* {A} {B}\n", "0~0"),
    "a paragraph becomes no code": (f"{A}\n", f"```\n{A}\n```\n", ""),
}


@pytest.mark.parametrize(("old", "new", "expected"), BLOCKS.values(), ids=BLOCKS.keys())
def test_blocks(old: str, new: str, expected: str) -> None:
    a, b = parse(old), parse(new)
    content = [[i for i, block in enumerate(section.blocks) if block.kind != "blank"] for section in (a, b)]
    matches = [
        (tuple(content[0].index(i) for i in m.old), tuple(content[1].index(j) for j in m.new), m.equal, m.moved)
        for m in match_blocks(a, b)
    ]
    assert _written(matches) == expected


def test_thousands_of_equal_blocks_are_matched_in_place() -> None:
    matches = match_texts(["Yes."] * 9_000, ["Yes."] * 9_000 + ["No."])
    assert [(m.old, m.new) for m in matches] == [((i,), (i,)) for i in range(9_000)]
