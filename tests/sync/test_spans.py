"""Segments as HTML and back: what goes out comes back, and what is damaged is seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.inline import fold, strip_marks, tokens
from sync.markdown import parse
from sync.spans import SpanFault, decode, encode, encode_pair

SOURCE = "Call `fit` on [it](http://x.y/?a=1&b=2), if $a<b$ (see :numref:`fig_1`)."

PIECES = st.sampled_from(
    [
        "`a<b>`",
        "$x & y$",
        "](http://x.y)",
        "[",
        ":numref:`f`",
        "<b>",
        "</b>",
        "word",
        " ",
        "&amp;",
        "&",
        "<",
        ">",
        '"',
        "**",
        "数据",
        "。",
    ]
)


def test_tokens_are_numbered_spans_and_the_rest_is_escaped() -> None:
    assert encode("If $a<b$ & `c`, then <b>d</b>.") == (
        'If <span translate="no" id="0">$a&lt;b$</span> &amp; <span translate="no" id="1">`c`</span>, then '
        '<span translate="no" id="2">&lt;b&gt;</span>d<span translate="no" id="3">&lt;/b&gt;</span>.'
    )


@given(st.lists(PIECES, max_size=12).map("".join))
def test_what_goes_out_comes_back(text: str) -> None:
    source = fold(text)
    assert decode(source, encode(source)) == source


def test_every_segment_of_the_book_comes_back(d2l: Path) -> None:
    texts = set()
    for file in sorted((d2l / "en").rglob("*.md")):
        for block in parse(file.read_text(encoding="utf-8")).blocks:
            texts |= {fold(strip_marks(segment.text), prefix=block.prefix) for segment in block.segments}
    assert len(texts) > 10_000
    # White space at the ends of an emphasis and the like is folded; tokens are not touched.
    assert [text for text in texts if decode(text, encode(text)) != text.strip()] == []


def test_spans_may_move() -> None:
    moved = '<span translate="no" id="1">`b`</span> 在 <span translate="no" id="0">`a`</span> 之后'
    assert decode("`a` comes before `b`", moved) == "`b` 在 `a` 之后"


def test_entities_are_decoded_once() -> None:
    assert decode("R&D &amp; more", "R&amp;D &amp;amp; &quot;mehr&quot; &#39;x&#39;") == "R&D &amp; \"mehr\" 'x'"


@pytest.mark.parametrize(
    ("inner", "fault"),
    [
        ("Ruf fit auf.", "protected token lost: `fit`"),
        ('<span translate="no" id="0">`fit`</span> <span translate="no" id="0">`fit`</span>', "protected token repeated: `fit`"),
        ('<span translate="no" id="0">`passen`</span>', "protected token changed: `fit` became `passen`"),
        ('<span translate="no" id="1">`fit`</span>', "a span that was not sent: 1"),
        ('<span translate="no" id="٠">`fit`</span>', "an element that was not sent: <span>"),
        ('<span translate="no">`fit`</span>', "an element that was not sent: <span>"),
        ('<span translate="no" id="0">`fit`', "span 0 is not closed"),
        ('<b>x</b> <span translate="no" id="0">`fit`</span>', "an element that was not sent: <b>"),
        ('</div><span translate="no" id="0">`fit`</span>', "an element that was not sent: </div>"),
        ('<!-- x --><span translate="no" id="0">`fit`</span>', "a comment that was not sent"),
        ('<?x?><span translate="no" id="0">`fit`</span>', "an element that was not sent"),
        ('<!DOCTYPE x><span translate="no" id="0">`fit`</span>', "an element that was not sent"),
        ('<span translate="no" id="0">`fit`</span> DNT_0', "a placeholder of the service (DNT_) is left in the text"),
    ],
)  # fmt: skip
def test_damage_is_seen(inner: str, fault: str) -> None:
    with pytest.raises(SpanFault) as caught:
        decode("Call `fit`.", inner)
    assert str(caught.value).startswith(fault)


def test_the_word_of_the_service_may_be_in_the_book() -> None:
    assert decode("DNT_1 is a name", "DNT_1 ist ein Name") == "DNT_1 ist ein Name"


@pytest.mark.parametrize(
    ("source", "inner", "text"),
    [
        ("**`a`** (`b`)", '** <span id="0">`a`</span> ** ( <span id="1">`b`</span> )', "**`a`** (`b`)"),
        ("It is `a`.", '  Es  ist\n<span id="0">`a`</span> . ', "Es ist `a`."),
        ("Use `a` and *b* here.", 'Nimm <span id="0">`a`</span> und * b * hier.', "Nimm `a` und *b* hier."),
        ("Two **bold words** here.", "Zwei ** fette Wörter ** hier.", "Zwei **fette Wörter** hier."),
        ("See [the text](u).", 'Siehe [ den Text <span id="0">](u)</span>.', "Siehe [den Text](u)."),
        ("a * b", "a * b", "a * b"),
    ],
)
def test_white_space_is_as_it_was(source: str, inner: str, text: str) -> None:
    assert decode(source, inner) == text


def test_the_same_token_has_the_same_number_in_both_texts() -> None:
    pair = encode_pair("`a` before $b$ before `a`", "先 $b$，后 `a`、`a`")
    assert pair == (
        '<span translate="no" id="0">`a`</span> before <span translate="no" id="1">$b$</span> before <span translate="no" id="2">`a`</span>',
        '先 <span translate="no" id="1">$b$</span>，后 <span translate="no" id="0">`a`</span>、<span translate="no" id="2">`a`</span>',
    )  # fmt: skip


def test_a_pair_whose_tokens_differ_is_no_example() -> None:
    assert encode_pair("Call `fit`.", "调用。") is None


@given(st.lists(PIECES, max_size=8).map("".join), st.text(alphabet="<>&;/!?`span id=\"0'#x ", max_size=40))
def test_whatever_comes_back_the_tokens_are_right_or_it_is_refused(text: str, inner: str) -> None:
    source = fold(text)
    try:
        found = decode(source, inner)
    except SpanFault:
        return
    wanted = sorted(token.text for token in tokens(source))
    assert all(token in found for token in wanted)
