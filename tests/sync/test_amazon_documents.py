"""Segments as documents for Amazon Translate, and the options of the engine."""

from __future__ import annotations

import re

import pytest

from sync.engines import EngineError
from sync.engines.amazon.documents import documents, element, has_words, read_elements, read_translation
from sync.engines.amazon.facts import DOCUMENT_BYTES
from sync.engines.amazon.options import Options, Prices, read_options
from sync.spans import SpanFault

TEXTS = ["One `a<b>`.", "Two & three.", "One `a<b>`.", "Four $x$ <b>five</b>."]


def test_each_distinct_text_has_one_element() -> None:
    (document,) = documents(TEXTS)
    assert document.texts == {"s0": TEXTS[0], "s1": TEXTS[1], "s2": TEXTS[3]}
    assert document.html.count("<p ") == 3
    found = read_elements(document.html)
    assert [read_translation(text, found[id]) for id, text in document.texts.items()] == [*document.texts.values()]


def test_no_texts_make_no_document() -> None:
    assert documents([]) == []


def test_large_work_is_cut_into_documents_with_flat_names() -> None:
    texts = [f"{number} " + "数据 " * 2000 for number in range(100)]
    files = documents(texts)
    assert len(files) > 1
    assert [text for file in files for text in file.texts.values()] == texts
    assert all(len(file.html.encode()) < 1.1 * DOCUMENT_BYTES for file in files)
    assert all(re.fullmatch(r"\d{5}\.html", file.name) for file in files)
    assert len({id for file in files for id in file.texts}) == len(texts)


@pytest.mark.parametrize(("text", "words"), [("`a`", False), ("$x$, $y$: 12.", False), ("a $x$", True), ("数", True)])
def test_a_segment_without_words_needs_no_engine(text: str, words: bool) -> None:
    assert has_words(text) is words


def test_what_cannot_be_trusted_is_left_out() -> None:
    html = '<html><p id="s0">a</p><p id="s1">b</p><p>c</p><p id="s0">d</p><p id="s2">e'
    assert read_elements(html) == {"s1": "b"}


def test_the_inner_html_is_kept_as_it_is() -> None:
    inner = 'a &amp;amp; &#39; &lt; <span translate="no" id="0">x</span><br/><!--c--><b>'
    assert read_elements(f"<p id=s0>{inner}</p>") == {"s0": inner}


def test_a_bare_ampersand_stays_bare() -> None:
    inner = read_elements("<html>\n<p id='s0'>R&D, AT&T, &#39;x&#39 &amp; &lt</p>")["s0"]
    assert inner == "R&D, AT&T, &#39;x&#39 &amp; &lt"
    assert read_translation("R&D, AT&T", "R&D, AT&T") == "R&D, AT&T"


def test_a_translation_is_checked() -> None:
    assert read_translation("One.", "Eins.") == "Eins."
    with pytest.raises(SpanFault, match="begin another block"):
        read_translation("One.", "# Eins")
    with pytest.raises(SpanFault, match="empty"):
        read_translation("One.", " ")


def test_an_element_is_found_again() -> None:
    assert read_elements(element("s0", "a < b"))["s0"] == "a &lt; b"


def test_options_have_defaults() -> None:
    assert read_options({}) == Options()


def test_options_are_read() -> None:
    given = {"bucket": "b-1", "act": "always", "max_cost": 5, "prices": {"act": 45}, "retry": False}
    assert read_options(given) == Options(
        bucket="b-1", act="always", max_cost=5.0, prices=Prices(15.0, 45.0), retry=False
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"buckett": "b"}, "unknown option 'buckett'; did you mean bucket?"),
        ({"bucket": "Not/A/Bucket"}, "bucket must be the name of an S3 bucket, not 'Not/A/Bucket'"),
        ({"role": "admin"}, "role must be the ARN of a role: arn:aws:iam::123456789012:role/NAME, not 'admin'"),
        ({"act": False}, "act must be one of auto, always, never, not False"),
        ({"max_cost": "5"}, "max_cost must be a number from 0 to 100,000, not '5'"),
        ({"max_cost": float("nan")}, "max_cost must be a number"),
        ({"max_cost": True}, "max_cost must be a number"),
        ({"concurrency": 0}, "concurrency must be a whole number from 1 to 50, not 0"),
        ({"prices": 3}, "prices must be standard and act"),
        ({"prices": {"actt": 3}}, "unknown option 'prices.actt'; did you mean act?"),
        ({"prefix": "../x"}, "prefix must be a folder"),
        ({"prefix": "/x"}, "prefix must be a folder"),
        ({"region": "us-west-2; rm"}, "region must be a region such as us-west-2"),
        ({"project": "a__b"}, "project must be a name"),
        ({"retry": "yes"}, "retry must be true or false, not 'yes'"),
        ({"x" * 200: 1}, "unknown option 'xxxx"),
    ],
)  # fmt: skip
def test_wrong_options_are_refused_by_name(given: dict[str, object], message: str) -> None:
    with pytest.raises(EngineError) as caught:
        read_options(given)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 400
