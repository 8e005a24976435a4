"""Terms are read from both forms of file, the right way round, and written as the service takes them."""

from __future__ import annotations

import csv
import io

import pytest

from sync.model import Term
from sync.terminology import MAX_TERMS, TerminologyError, read_terminology, write_csv

LIST = """# 术语表

## 英汉对照

汇聚层，pooling layer

- 词元，token
* 批量, batch
1. Q学习，Q-learning
ResNet，ResNet
"""


def test_a_list_is_told_by_its_script() -> None:
    assert read_terminology(LIST, "TERMINOLOGY.md", "zh")[0] == (
        Term("pooling layer", "汇聚层"),
        Term("token", "词元"),
        Term("batch", "批量"),
        Term("Q-learning", "Q学习"),
        Term("ResNet", "ResNet"),
    )


def test_the_other_direction_and_the_other_order() -> None:
    assert read_terminology("汇聚层，pooling layer\n", "t.md", "en", "zh")[0] == (Term("汇聚层", "pooling layer"),)
    assert read_terminology("pooling layer，汇聚层\n", "t.md", "zh")[0] == (Term("pooling layer", "汇聚层"),)


def test_latin_languages_have_the_source_first_unless_the_first_line_says_otherwise() -> None:
    assert read_terminology("layer, capa\n", "t.md", "es")[0] == (Term("layer", "capa"),)
    assert read_terminology("Spanish, English\ncapa, layer\n", "t.md", "es")[0] == (Term("layer", "capa"),)


def test_csv_with_codes_in_any_order_and_without() -> None:
    assert read_terminology('\ufeffen,fr,es\r\nlayer,couche,"capa, la"\r\n', "t.csv", "es")[0] == (
        Term("layer", "capa, la"),
    )
    assert read_terminology("es,en\ncapa,layer\n", "t.csv", "es")[0] == (Term("layer", "capa"),)
    assert read_terminology("en,zh\n层,层\n", "t.csv", "zh-TW")[0] == (Term("层", "层"),)
    assert read_terminology("层,layer\n", "t.csv", "zh")[0] == (Term("layer", "层"),)
    assert read_terminology("layer,capa\n", "t.csv", "es")[0] == (Term("layer", "capa"),)


def test_the_last_of_equal_sources_stands_and_the_rest_is_told() -> None:
    text = "token,标记\ntoken,词元\n,空\n!,叹号\n" + "x" * 201 + ',长\n"two\nlines",两行\n'
    terms, notes = read_terminology(text, "t.csv", "zh")
    assert terms == (Term("token", "词元"),)
    assert notes == [
        "t.csv: 1 left out: a line break or several spaces in a term",
        "t.csv: 1 left out: a term is empty",
        "t.csv: 1 left out: a term of over 200 bytes",
        "t.csv: 1 left out: a term that is only punctuation",
        "t.csv: 1 left out: given again further down",
    ]


def test_prose_and_ambiguous_lines_of_a_list_are_counted() -> None:
    terms, notes = read_terminology("词元，token\n一句话。\n甲，乙，c\n---\n", "t.md", "zh")
    assert terms == (Term("token", "词元"),)
    assert notes == ["t.md: 2 left out: not two terms on the line"]


@pytest.mark.parametrize(
    ("text", "name", "part"),
    [
        ("a,b\nc\n", "t.csv", "t.csv, line 2: 1 columns"),
        ('a,b\n"c,d\n', "t.csv", "t.csv, line 2: "),
        ("en,fr\na,b\n", "t.csv", "t.csv, line 1: the first row lacks en or zh"),
        ("a,b\n", "t.xlsx", "must end in .csv or .md"),
        ("# nothing\n", "t.md", "t.md holds no term"),
        ("".join(f"a{n},b\n" for n in range(MAX_TERMS + 1)), "t.csv", "more than 10,000 terms"),
        ("x" * 10_000_001, "t.md", "larger than 10 MB"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, name: str, part: str) -> None:
    with pytest.raises(TerminologyError, match=r"^[^\n]+$") as error:
        read_terminology(text, name, "zh")
    assert part in str(error.value)


def test_written_terms_are_the_same_for_any_order_and_read_back() -> None:
    terms = [Term('say "yes", then', "说“是”"), Term("a", "甲")]
    text = write_csv(terms, "zh")
    assert text == write_csv(terms[::-1], "zh") == 'en,zh\na,甲\n"say ""yes"", then",说“是”\n'
    assert list(csv.reader(io.StringIO(text)))[2] == ['say "yes", then', "说“是”"]
    assert set(read_terminology(text, "t.csv", "zh")[0]) == set(terms)
