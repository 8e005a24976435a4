"""Blocks, segments and protected tokens of Markdown as D2L writes it: what a text is taken apart into."""

from __future__ import annotations

import pytest

from sync.markdown import MAX_CHARACTERS, check_closed, parse
from sync.model import Section, SectionError

# A text -> for each block that holds content its kind and its segments, `|` between them.
BLOCKS = {
    "paragraph": ("One. Two\nlines.\n", ["paragraph: One. | Two\nlines."]),
    "two paragraphs": ("One.\n\n\nTwo.", ["paragraph: One.", "paragraph: Two."]),
    "only white space": (" \n\t\n", []),
    "nothing": ("", []),
    "byte order mark": ("\ufeffOne.\n", ["paragraph: One."]),
    "carriage returns": ("One.\r\nTwo.\r\n\r\nThree.\r\n", ["paragraph: One. | Two.", "paragraph: Three."]),
    "front matter": ("---\ntitle: Cups\n---\n\nOne.\n", ["front_matter:", "paragraph: One."]),
    "front matter only at the start": ("One.\n\n---\n\nTwo.\n", ["paragraph: One.", "rule:", "paragraph: Two."]),
    "headings": ("# One\n### Two ###\n", ["heading: One", "heading: Two"]),
    "heading that ends in C#": ("# Why C#\n", ["heading: Why C#"]),
    "no heading without a space": ("#hashtag\n", ["paragraph: #hashtag"]),
    "underlined headings": ("One\n===\n\nTwo\n---\n", ["heading: One", "heading: Two"]),
    "label below a heading": ("# One\n:label:`sec_one`\nText.\n", ["heading: One", "directive:", "paragraph: Text."]),
    "list": ("* One.\n* Two.\n  Still two.\n", ["list_item: One.", "list_item: Two. | Still two."]),
    "lazy continuation": ("- One\nstill one.\n", ["list_item: One\nstill one."]),
    "numbered list": ("1. One.\n2) Two.\n", ["list_item: One.", "list_item: Two."]),
    "a year starts no list": ("It was\n1986. A good year.\n", ["paragraph: It was\n1986. | A good year."]),
    "nested list": ("* One.\n    1. Two.\n", ["list_item: One.", "list_item: Two."]),
    "paragraph in a list item": ("* One.\n\n  Two.\n", ["list_item: One.", "paragraph: Two."]),
    "fence in a list item": (
        "1. One.\n   ```\n   x\n   ```\n1. Two.\n",
        ["list_item: One.", "fence:", "list_item: Two."],
    ),
    "block quote": ("> One\n> is here. Two.\n", ["paragraph: One\n> is here. | Two."]),
    "list in a quote": ("> * One.\n> * Two.\n", ["list_item: One.", "list_item: Two."]),
    "table": ("| A | B |\n|:--|---|\n| `x|y` | 2 |\n", ["table: A | B | `x|y` | 2"]),
    "table without outer bars": ("A | B\n-|-\n1 | 2\n", ["table: A | B | 1 | 2"]),
    "escaped bar in a cell": ("|A|\n|-|\n|a \\| b|\n", ["table: A | a \\| b"]),
    "image with a caption": ("![A cup.](../img/cup.svg)\n:width:`400px`\n", ["image: A cup.", "directive:"]),
    "image without a caption": ("![](cup.svg)\n", ["image:"]),
    "image in a sentence": ("See ![a cup](cup.svg) here.\n", ["paragraph: See ![a cup](cup.svg) here."]),
    "fence": ("```python\n# no heading\n\nx = 1\n```\n", ["fence:"]),
    "tilde fence holds backticks": ("~~~\n```\n~~~\nOne.\n", ["fence:", "paragraph: One."]),
    "indented code": ("One.\n\n    x = 1\n", ["paragraph: One.", "code:"]),
    "formula": ("$$\ny = x\n$$\n:eqlabel:`eq_y`\n", ["math:", "directive:"]),
    "formula on one line": ("$$y = x.$$\n", ["math:"]),
    "formula in slide marks": ("(**$$y = x.$$**)\n", ["math:"]),
    "formula in a paragraph": ("Hence $$y = x,$$ so. Next.\n", ["paragraph: Hence $$y = x,$$ so. | Next."]),
    "tab": (
        ":begin_tab:`mxnet`\nOne.\n:end_tab:\n\n:begin_tab:`pytorch`\nTwo.\n:end_tab:\n",
        ["directive:", "paragraph: One.", "directive:", "directive:", "paragraph: Two.", "directive:"],
    ),
    "footnote": ("One.[^a]\n\n[^a]: A note. More.\n", ["paragraph: One.[^a]", "footnote: A note. | More."]),
    "footnotes behind full stops": ("One.[^a][^b] Two.[^c]Three.\n", ["paragraph: One.[^a][^b] | Two.[^c] | Three."]),
    "reference": ("[a]: https://example.org 'A'\n", ["reference:"]),
    "html": ("<div>\nOne.\n</div>\n\n<!-- a note -->\n", ["html:", "html:"]),
    "rule": ("One.\n\n***\n", ["paragraph: One.", "rule:"]),
    "table of contents": ("```toc\n:maxdepth: 2\n\nlinear\n```\n", ["fence:"]),
    "slide marks stay with their sentence": (
        "[**One.**] Two. (**Three**)\n",
        ["paragraph: [**One.**] | Two. | (**Three**)"],
    ),
}


@pytest.mark.parametrize(("text", "expected"), BLOCKS.values(), ids=BLOCKS.keys())
def test_blocks_and_segments(text: str, expected: list[str]) -> None:
    section = parse(text)
    assert _summary(section) == expected
    assert "".join(block.text for block in section.blocks) == text


def _summary(section: Section) -> list[str]:
    found = []
    for block in section.blocks:
        if block.kind == "blank":
            continue
        segments = " | ".join(segment.text for segment in block.segments)
        found.append(f"{block.kind}: {segments}".rstrip())
    return [line.replace("\r", "") for line in found]


def test_a_block_knows_the_prefix_of_its_lines() -> None:
    section = parse("> * One\n>   two.\n")
    assert [block.prefix for block in section.blocks] == [">   "]
    assert [segment.text for segment in section.blocks[0].segments] == ["One\n>   two."]


def test_a_segment_knows_its_protected_tokens_by_their_place_in_the_file() -> None:
    text = "# Title\n\nSee `x` and :numref:`fig_x`. Then $y$ goes.\n"
    (segments,) = (block.segments for block in parse(text).blocks if block.kind == "paragraph")
    assert [[token.text for token in s.protected] for s in segments] == [["`x`", ":numref:`fig_x`"], ["$y$"]]
    assert [text[t.start : t.end] for s in segments for t in s.protected] == ["`x`", ":numref:`fig_x`", "$y$"]


def test_a_link_holds_no_sentences_together() -> None:
    text = "NVIDIA's [Turing](https://example.org) cards are fast. Others follow (to be covered shortly). End."
    assert [segment.text.split(" ", 2)[-1][-9:] for segment in parse(text).blocks[0].segments] == [
        "are fast.",
        "shortly).",
        "End.",
    ]


def test_a_sentence_does_not_end_inside_the_text_of_a_link() -> None:
    text = "See [the first. And the second](https://example.org) of them. End."
    assert [segment.text for segment in parse(text).blocks[0].segments] == [text[:-5], "End."]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("One.\n\n```python\nx = 1\n", 3),
        ("One.\n\n~~~\nx\n```\n", 3),
        ("* One.\n\n  ```\n  x\n", 3),
        ("One.\n\n$$\ny = x\n", 3),
        ("Hence\n$$y = x\n", 1),
    ],
)
def test_what_is_never_closed_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(SectionError, match=rf"^new source, line {line}: the .* is never closed") as error:
        check_closed(parse(text), "new source")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["````\n```\n````\n", "> ```\n> x\n> ```\n", "It costs $$ or `$$`.\n", "```\n```"])
def test_what_is_closed_is_not_refused(text: str) -> None:
    check_closed(parse(text), "new source")


def test_a_section_that_is_too_large_is_refused() -> None:
    with pytest.raises(SectionError, match="10,000,001 characters"):
        parse("x" * (MAX_CHARACTERS + 1))
