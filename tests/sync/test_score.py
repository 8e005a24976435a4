"""Scores are those of sacreBLEU's own command, and prose is what a reader reads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sync.languages import UnknownLanguage
from sync.markdown import parse
from sync.score import ScoreError, bleu, bleu_tokenizer, chrf, prose_bleu, prose_text, ter

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


def command(folder: Path, texts: tuple[list[str], list[str]], *options: str) -> list[dict[str, object]]:
    """What sacreBLEU's command says of the same texts."""
    names = folder / "hypothesis", folder / "reference"
    for name, lines in zip(names, texts, strict=True):
        name.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    program = [sys.executable, "-m", "sacrebleu", str(names[1]), "-i", str(names[0]), "-w", "6", *options]
    ran = subprocess.run([*program, "-m", "bleu", "chrf", "ter"], capture_output=True, text=True, check=True)
    found: list[dict[str, object]] = json.loads(ran.stdout)
    return found


@pytest.mark.parametrize(
    ("language", "texts", "options"),
    [
        ("zh", CHINESE, ["-tok", "zh", "--ter-normalized", "--ter-asian-support"]),
        ("es", SPANISH, ["-tok", "13a"]),
        ("ko", KOREAN, ["-tok", bleu_tokenizer("ko")]),
    ],
)
def test_equal_to_the_command(
    tmp_path: Path, language: str, texts: tuple[list[str], list[str]], options: list[str]
) -> None:
    ours = [bleu(*texts, language), chrf(*texts), ter(*texts, language)]
    theirs = command(tmp_path, texts, *options)
    assert [score.value for score in ours] == pytest.approx(
        [float(str(line["score"])) / scale for line, scale in zip(theirs, (100, 1, 1), strict=True)], abs=2e-6
    )
    assert [score.signature for score in ours] == [line["signature"] for line in theirs]


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


def test_leaving_the_replays_alone_scores_what_is_known(d2l: Path) -> None:
    scores = []
    for meta in sorted((d2l / "replays").rglob("meta.json")):
        code = json.loads(meta.read_text(encoding="utf-8"))["language"]
        old, new = (parse((meta.parent / f"{name}.{code}.md").read_bytes().decode(), code) for name in ("old", "new"))
        scores.append(prose_bleu(old, new))
    assert len(scores) == 44
    assert sum(scores) / len(scores) == pytest.approx(0.935, abs=0.001)
