"""The translation memory finds what it should, and its files come back as they went."""

from __future__ import annotations

import io
import json
import random
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.memory import ParallelDataError, TranslationMemory, read_units, similarity, write_units
from sync.model import Provenance, TranslationUnit


def unit(source: str, target: str, confidence: float = 1.0) -> TranslationUnit:
    return TranslationUnit(source, target, confidence)


MEMORY = TranslationMemory(
    [
        unit("We train the model for 10 epochs.", "我们训练模型10个周期。"),
        unit("The loss $l$ is the sum over all examples.", "损失$l$是所有样本的总和。"),
        unit("The input has two dimensions, see :numref:`fig_a`.", "输入有两个维度，见:numref:`fig_a`。"),
    ]
)


def test_exact_match_leaves_white_space_and_slide_marks_aside() -> None:
    found = MEMORY.exact("[**We train\n  the model** ] for 10 epochs.".replace("** ]", "**]"))
    assert found is not None
    assert found.target == "我们训练模型10个周期。"
    assert MEMORY.exact("We train the model for 10 epochs") is None
    assert MEMORY.exact("") is None


def test_doubtful_units_are_left_out() -> None:
    memory = TranslationMemory([unit("Sure.", "确定。", 0.5), unit("Doubtful.", "怀疑。", 0.49)])
    assert [u.source for u in memory.units] == ["Sure."]
    assert memory.exact("Doubtful.") is None
    assert memory.fuzzy("Doubtful.", 0.6) is None


def test_the_last_of_equally_frequent_targets_stands() -> None:
    memory = TranslationMemory([unit("A.", "一"), unit("A.", "二"), unit("B.", "三")])
    assert [u.target for u in memory.units] == ["二", "三"]


def test_the_most_frequent_target_stands() -> None:
    memory = TranslationMemory([unit("A.", "一"), unit("A.", "二"), unit("A.", "一"), unit("A.", "三")])
    assert memory.exact("A.") == unit("A.", "一")


def test_a_different_formula_or_number_hides_no_match() -> None:
    found = MEMORY.fuzzy("The loss $\\sum_i l^{(i)}(w, b)$ is the sum over all examples.", 1.0)
    assert found is not None
    assert found.unit.target == "损失$l$是所有样本的总和。"
    assert MEMORY.fuzzy("We train the model for 20 epochs.", 1.0) is not None


def test_a_fuzzy_match_is_the_nearest_and_not_below_the_cutoff() -> None:
    asked = "The loss $l$ is the mean over all examples."
    found = MEMORY.fuzzy(asked, 0.8)
    assert found is not None
    assert found.unit.source == "The loss $l$ is the sum over all examples."
    assert found.similarity == pytest.approx(similarity(asked, found.unit.source)) == pytest.approx(0.9)
    assert MEMORY.fuzzy(asked, 0.91) is None
    assert MEMORY.fuzzy("", 0.1) is None


def test_of_equally_similar_ones_the_same_token_comes_first() -> None:
    sources = ["Call `a` first.", "Call `b` first.", "Call `c` first."]
    memory = TranslationMemory([unit(source, source.replace("Call", "调用")) for source in sources])
    assert [m.unit.source for m in memory.matches("Call `b` first.", 0.9, limit=2)] == [
        sources[1],
        sources[0],
    ]


def test_similarity_counts_words_in_order() -> None:
    assert similarity("one two three four", "one two three four") == 1
    assert similarity("one two three four", "one two 3 four") == pytest.approx(0.75)
    assert similarity("one two", "three four") == 0


def test_twenty_thousand_units_take_milliseconds() -> None:
    dice = random.Random(7)  # noqa: S311 - not a secret, and the same each time
    vocabulary = [f"word{number}" for number in range(5_000)]
    sources = [" ".join(dice.choices(vocabulary, k=dice.randint(5, 40))) for _ in range(20_000)]
    memory = TranslationMemory(unit(source, source) for source in sources)
    memory.fuzzy(sources[0], 0.8)  # builds the index
    began = time.perf_counter()
    for source in sources[:50]:
        asked = " ".join(source.split()[:-1])
        found = memory.fuzzy(asked, 0.8)
        assert found is not None
        assert found.unit.source == source
    assert (time.perf_counter() - began) / 50 < 0.05


UNITS = [
    TranslationUnit('Say "yes", or no.', "说“是”, 或否。", 0.75, "chapter_a/index.md"),
    TranslationUnit("a < b & `c|d` in $x$", "a < b & `c|d`，$x$"),
    TranslationUnit("= a formula?", "= 公式？"),
]


@pytest.mark.parametrize("form", ["csv", "tsv", "tmx", "json"])
def test_units_come_back_from_a_file(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"memory.{form}"
    with path.open("w", encoding="utf-8", newline="") as stream:
        write_units(UNITS, stream, form, "zh")
    found = read_units(path, "zh")
    assert [(u.source, u.target) for u in found] == [(u.source, u.target) for u in UNITS]
    if form == "json":
        assert found[0] == UNITS[0]
    else:
        assert {(u.origin, u.provenance) for u in found} == {(path.name, Provenance.FILE)}


line = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cn"]), min_size=1).filter(
    lambda text: text == " ".join(text.split()) and not {"**", "~~"} & {text[i : i + 2] for i in range(len(text))}
)


@pytest.mark.parametrize("form", ["csv", "tsv", "tmx", "json"])
@given(pairs=st.lists(st.tuples(line, line), max_size=5))
def test_any_line_comes_back(tmp_path_factory: pytest.TempPathFactory, form: str, pairs: list[tuple[str, str]]) -> None:
    path = tmp_path_factory.mktemp("units") / f"memory.{form}"
    with path.open("w", encoding="utf-8", newline="") as stream:
        write_units([unit(*pair) for pair in pairs], stream, form, "tr")
    assert [(u.source, u.target) for u in read_units(path, "tr")] == pairs


def test_csv_begins_with_the_language_codes() -> None:
    stream = io.StringIO()
    write_units(UNITS[:1], stream, "csv", "zh")
    assert stream.getvalue() == 'en,zh\n"Say ""yes"", or no.","说“是”, 或否。"\n'


def test_json_holds_confidence_and_origin() -> None:
    stream = io.StringIO()
    write_units(UNITS[:1], stream, "json", "zh")
    content = json.loads(stream.getvalue())
    assert (content["source_language"], content["target_language"]) == ("en", "zh")
    assert content["units"][0]["confidence"] == 0.75
    assert content["units"][0]["origin"] == "chapter_a/index.md"


def test_a_byte_order_mark_more_columns_and_short_rows_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "memory.csv"
    path.write_bytes("\ufeffEN,ko,zh-CN\r\na,b,c\r\nd,e\r\n\r\n,x,y\r\n[**g**],h,i\r\n".encode())
    assert [(u.source, u.target) for u in read_units(path, "zh")] == [("a", "c"), ("g", "i")]


TMX = """<?xml version="1.0" encoding="utf-8"?>
{doctype}<tmx version="1.4"><header srclang="en" segtype="sentence" adminlang="en" datatype="plaintext"
 creationtool="x" creationtoolversion="1" o-tmf="x"/><body>
<tu><tuv xml:lang="en-US"><seg>Good {entity}morning.</seg></tuv>
<tuv xml:lang="zh"><seg>早上好。</seg></tuv></tu>
</body></tmx>"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_tmx_of_another_tool_is_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "memory.TMX"
    text = TMX.format(doctype='<!DOCTYPE tmx SYSTEM "tmx14.dtd">', entity="")
    path.write_bytes(text.replace("utf-8", encoding).encode(encoding))
    assert [(u.source, u.target) for u in read_units(path, "zh")] == [("Good morning.", "早上好。")]


def nested_entities(levels: int) -> str:
    lines = ['<!ENTITY e0 "ha">']
    lines += [f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, levels)]
    return f"<!DOCTYPE tmx [{''.join(lines)}]>"


@pytest.mark.parametrize("place", ["text", "attribute"])
def test_entities_are_never_expanded(tmp_path: Path, place: str) -> None:
    path = tmp_path / "memory.tmx"
    text = TMX.format(doctype=nested_entities(12), entity="&e11;" if place == "text" else "")
    path.write_text(text.replace('creationtool="x"', 'creationtool="&e11;"') if place != "text" else text)
    began = time.perf_counter()
    with pytest.raises(ParallelDataError, match=r"memory\.tmx"):
        read_units(path, "zh")
    assert time.perf_counter() - began < 2


def test_a_file_named_by_an_entity_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hidden")
    path = tmp_path / "memory.tmx"
    doctype = f'<!DOCTYPE tmx [<!ENTITY secret SYSTEM "{(tmp_path / "secret").as_uri()}">]>'
    path.write_text(TMX.format(doctype=doctype, entity="&secret;"))
    with pytest.raises(ParallelDataError, match="declares entities"):
        read_units(path, "zh")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "first row must hold language codes, en first and zh after it; it holds: nothing"),
        ("a.csv", b"hello,world\n1,2\n", "it holds: hello, world"),
        ("a.csv", b"en,ko\na,b\n", "it holds: en, ko"),
        ("a.csv", b"zh,en\na,b\n", "it holds: zh, en"),
        ("a.csv", b'en,zh\n"a,b\n', "line 2"),
        ("a.csv", b"en,zh\n\xff,b\n", "not UTF-8 (byte 6)"),
        ("a.csv", b"en,zh\n" + b"a" * 30_000 + b",b\n", "unit 1 is longer than"),
        ("a.tsv", b"en,zh\na,b\n", "first row must hold language codes"),
        ("a.tmx", b"<tmx", "not a TMX file"),
        ("a.tmx", b"", "not a TMX file"),
        ("a.tmx", b"<html/>", "not a TMX file"),
        ("a.tmx", TMX.format(doctype="", entity="").replace('"zh"', '"ko"').encode(), "holds no text in zh"),
        ("a.json", b"[" * 100_000, "not a JSON file of translation units"),
        ("a.json", b'{"units": []}', "not a JSON file of translation units"),
        ("a.json", b'{"source_language": "en", "target_language": "ko", "units": []}', "holds en to ko"),
        ("a.xlsx", b"", "unknown format 'xlsx'"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ParallelDataError) as caught:
        read_units(path, "zh")
    assert message in str(caught.value)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ParallelDataError, match=r"cannot read .*No such file"):
        read_units(tmp_path / "none.csv", "zh")


def test_an_unknown_format_is_not_written() -> None:
    with pytest.raises(ParallelDataError, match="known are csv, tsv, tmx, json"):
        write_units(UNITS, io.StringIO(), "xliff", "zh")
