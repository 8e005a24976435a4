"""The plan of a section, as what comes out: three small texts and the draft that they make without an engine.

Each case is four texts: old source, new source, translation, expected draft. `waiting` of a draft are the new
sentences that a translator has to write.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from sync.assemble import assemble
from sync.model import Draft, Operation, SectionError
from sync.plan import plan_section

# Sentences that anchors, numbers and length tell apart, and their translations.
CUP, CUP_ZH = "We fill 3 cups with `pour()` at noon.", "中午我们用`pour()`倒满3个杯子。"
TEA, TEA_ZH = "The tea in $c_1$ cools down slowly.", "$c_1$中的茶慢慢变凉。"
HEAT, HEAT_ZH = "Heat flows outwards as :numref:`fig_heat` shows.", "热量向外流动，如 :numref:`fig_heat`所示。"
MILK, MILK_ZH = "Add 20 grams of milk to `mug` first.", "先往`mug`里加20克牛奶。"
FRESH = "Nobody has ever written this sentence before."
NOTE = "（译者注：见附录。）"


class Case(NamedTuple):
    """Old source, new source, translation -> draft."""

    old: str
    new: str
    target: str
    draft: str


def _paragraphs(*paragraphs: str) -> str:
    return "\n\n".join(paragraphs) + "\n"


KEPT = {
    "unchanged": Case(CUP, CUP, CUP_ZH, CUP_ZH),
    "wrapped elsewhere": Case(
        _paragraphs(f"{CUP} {TEA}", HEAT),
        _paragraphs(f"{CUP}\n{TEA}", HEAT.replace(" as", "\nas")),
        _paragraphs(f"{CUP_ZH}\n{TEA_ZH}", HEAT_ZH),
        _paragraphs(f"{CUP_ZH}\n{TEA_ZH}", HEAT_ZH),
    ),
    "a spelling mistake mended": Case(
        _paragraphs(f"{CUP} {TEA.replace('slowly', 'slowwly')}", "It goes slowly."),
        _paragraphs(f"{CUP} {TEA}", "It goes slowly."),
        _paragraphs(CUP_ZH + TEA_ZH, "它走得慢。"),
        _paragraphs(CUP_ZH + TEA_ZH, "它走得慢。"),
    ),
    "the translation is ahead: inline code": Case(
        _paragraphs(CUP, TEA),
        _paragraphs(CUP.replace("pour", "fill"), TEA),
        _paragraphs(CUP_ZH.replace("pour", "fill"), TEA_ZH),
        _paragraphs(CUP_ZH.replace("pour", "fill"), TEA_ZH),
    ),
    "the translation is ahead: a new block": Case(
        _paragraphs(CUP, TEA),
        _paragraphs(CUP, "```python\nx = read(7)\n```", TEA),
        _paragraphs(CUP_ZH, "```python\nx = read(7)  # 读\n```", TEA_ZH),
        _paragraphs(CUP_ZH, "```python\nx = read(7)  # 读\n```", TEA_ZH),
    ),
    "a draft whose base was not recorded": Case(
        _paragraphs(CUP, TEA), _paragraphs(CUP, FRESH, TEA), _paragraphs(CUP_ZH, FRESH, TEA_ZH),
        _paragraphs(CUP_ZH, FRESH, TEA_ZH),
    ),
    "code that the translation has of its own": Case(
        "```\ntrain(lr=0.1)\n```\n", "```\ntrain(lr=0.3)\n```\n", "```\ntrain(lr=0.9)\n```\n", "```\ntrain(lr=0.9)\n```\n"
    ),
    "what the translation never had": Case(
        _paragraphs(CUP, TEA, HEAT), _paragraphs(CUP, TEA, HEAT, MILK), _paragraphs(CUP_ZH, HEAT_ZH),
        _paragraphs(CUP_ZH, HEAT_ZH, MILK),
    ),
}  # fmt: skip

TRANSLATED = {
    "a new paragraph stays English": Case(
        _paragraphs(CUP, TEA), _paragraphs(CUP, FRESH, TEA), _paragraphs(CUP_ZH, TEA_ZH),
        _paragraphs(CUP_ZH, FRESH, TEA_ZH),
    ),
    "a new first paragraph": Case(CUP, _paragraphs(FRESH, CUP), CUP_ZH, _paragraphs(FRESH, CUP_ZH).rstrip("\n")),
    "a new sentence": Case(
        f"{CUP} {TEA}\n", f"{CUP} {FRESH} {TEA}\n", f"{CUP_ZH}{TEA_ZH}\n", f"{CUP_ZH} {FRESH} {TEA_ZH}\n"
    ),
    "two new sentences": Case(
        f"{CUP} {TEA}\n",
        f"{CUP} {FRESH} It is new. {TEA}\n",
        f"{CUP_ZH}{TEA_ZH}\n",
        f"{CUP_ZH} {FRESH} It is new. {TEA_ZH}\n",
    ),
    "a new sentence on a line of its own, as the others": Case(
        f"{CUP} {TEA} {HEAT}\n",
        f"{CUP} {TEA} {FRESH} {HEAT}\n",
        f"{CUP_ZH}\n{TEA_ZH}\n{HEAT_ZH}\n",
        f"{CUP_ZH}\n{TEA_ZH}\n{FRESH}\n{HEAT_ZH}\n",
    ),
    "an edited sentence keeps its old translation": Case(
        f"{CUP} {TEA}\n", f"{CUP} {TEA.replace('slowly', 'in the sun')}\n", f"{CUP_ZH}{TEA_ZH}\n", f"{CUP_ZH}{TEA_ZH}\n"
    ),
    "a dead reference in an edited sentence is renewed": Case(
        f"{CUP} {HEAT}\n",
        f"{CUP} {HEAT.replace('fig_heat', 'fig_flow').replace('outwards', 'inwards')}\n",
        f"{CUP_ZH}{HEAT_ZH}\n",
        f"{CUP_ZH}{HEAT_ZH.replace('fig_heat', 'fig_flow')}\n",
    ),
    "a new list item": Case(
        f"* {CUP}\n* {TEA}\n", f"* {CUP}\n* {FRESH}\n* {TEA}\n", f"* {CUP_ZH}\n* {TEA_ZH}\n",
        f"* {CUP_ZH}\n* {FRESH}\n* {TEA_ZH}\n",
    ),
    "a new nested item": Case(
        f"* {CUP}\n    * {TEA}\n", f"* {CUP}\n    * {TEA}\n    * {FRESH}\n", f"* {CUP_ZH}\n    * {TEA_ZH}\n",
        f"* {CUP_ZH}\n    * {TEA_ZH}\n    * {FRESH}\n",
    ),
    "a new table row": Case(
        "| Name | Age |\n|---|---|\n| Ann | 3 |\n| Bob | 4 |\n",
        "| Name | Age |\n|---|---|\n| Ann | 3 |\n| Eve | 5 |\n| Bob | 4 |\n",
        "| 姓名 | 年龄 |\n|:--|:--|\n| 安 | 3 |\n| 鲍勃 | 4 |\n",
        "| 姓名 | 年龄 |\n|:--|:--|\n| 安 | 3 |\n| Eve | 5 |\n| 鲍勃 | 4 |\n",
    ),
    "a new sentence in a block quote": Case(
        f"> {CUP}\n> {TEA}\n", f"> {CUP}\n> {FRESH}\n> {TEA}\n", f"> {CUP_ZH}\n> {TEA_ZH}\n",
        f"> {CUP_ZH}\n> {FRESH}\n> {TEA_ZH}\n",
    ),
    "a new sentence in a footnote": Case(
        f"Tea.[^1]\n\n[^1]: {CUP}\n", f"Tea.[^1]\n\n[^1]: {CUP} {FRESH}\n", f"茶。[^1]\n\n[^1]: {CUP_ZH}\n",
        f"茶。[^1]\n\n[^1]: {CUP_ZH} {FRESH}\n",
    ),
    "an edited caption": Case(
        _paragraphs("![A cup](cup.svg)", CUP), _paragraphs("![A blue cup](cup.svg)", CUP),
        _paragraphs("![一个杯子](cup.svg)", CUP_ZH), _paragraphs("![一个杯子](cup.svg)", CUP_ZH),
    ),
    "front matter of its own": Case(
        f"---\ntitle: Cups\n---\n\n{CUP}\n", f"---\ntitle: Mugs\n---\n\n{CUP}\n",
        f"---\ntitle: 杯子\n---\n\n{CUP_ZH}\n", f"---\ntitle: 杯子\n---\n\n{CUP_ZH}\n",
    ),
}  # fmt: skip

PATCHED = {
    "inline code": Case(CUP, CUP.replace("pour", "fill"), CUP_ZH, CUP_ZH.replace("pour", "fill")),
    "a formula": Case(TEA, TEA.replace("c_1", "c_2"), TEA_ZH, TEA_ZH.replace("c_1", "c_2")),
    "a number": Case(MILK, MILK.replace("20", "25"), MILK_ZH, MILK_ZH.replace("20", "25")),
    "a label and its references": Case(
        f"# Heat\n:label:`sec_heat`\n\nSee :numref:`sec_heat`. {CUP}\n",
        f"# Heat\n:label:`sec_warm`\n\nSee :numref:`sec_warm`. {CUP}\n",
        f"# 热\n:label:`sec_heat`\n\n参见 :numref:`sec_heat`。{CUP_ZH}\n",
        f"# 热\n:label:`sec_warm`\n\n参见 :numref:`sec_warm`。{CUP_ZH}\n",
    ),
    "a link target": Case(
        "See [the docs](https://a.org/1).\n", "See [the docs](https://a.org/2).\n",
        "参见[文档](https://a.org/1)。\n", "参见[文档](https://a.org/2)。\n",
    ),
    "a display formula": Case(
        _paragraphs(CUP, "$$a = b.$$", TEA), _paragraphs(CUP, "$$a = c.$$", TEA),
        _paragraphs(CUP_ZH, "$$a = b.$$", TEA_ZH), _paragraphs(CUP_ZH, "$$a = c.$$", TEA_ZH),
    ),
    "code, its translated comments kept": Case(
        _paragraphs(CUP, "```python\nx = 1  # one\n```"), _paragraphs(CUP, "```python\nx = 2  # one\n```"),
        _paragraphs(CUP_ZH, "```python\nx = 1  # 一\n```"), _paragraphs(CUP_ZH, "```python\nx = 2  # 一\n```"),
    ),
    "the level of a heading": Case("## Cup\n", "### Cup\n", "## 杯\n", "### 杯\n"),
    "both ends of a heading": Case("# Cup #\n", "## Cup ##\n", "# 杯 #\n", "## 杯 ##\n"),
    "the level of an underlined heading": Case(
        f"Cup\n=======\n\n{CUP}\n", f"Cup\n-------\n\n{CUP}\n", f"杯\n==\n\n{CUP_ZH}\n", f"杯\n-------\n\n{CUP_ZH}\n"
    ),
    "a heading no longer underlined": Case(
        f"Cup\n===\n\n{CUP}\n", f"# Cup\n\n{CUP}\n", f"杯\n==\n\n{CUP_ZH}\n", f"# 杯\n\n{CUP_ZH}\n"
    ),
    "a heading underlined": Case(
        f"# Cup\n\n{CUP}\n", f"Cup\n===\n\n{CUP}\n", f"# 杯\n\n{CUP_ZH}\n", f"杯\n===\n\n{CUP_ZH}\n"
    ),
    "list markers": Case(
        f"* {CUP}\n* {TEA}\n", f"- {CUP}\n- {TEA}\n", f"* {CUP_ZH}\n* {TEA_ZH}\n", f"- {CUP_ZH}\n- {TEA_ZH}\n"
    ),
    "a quote no more": Case(
        f"> {CUP}\n> {TEA}\n\n{HEAT}\n", f"{CUP}\n{TEA}\n\n{HEAT}\n", f"> {CUP_ZH}\n> {TEA_ZH}\n\n{HEAT_ZH}\n",
        f"{CUP_ZH}\n{TEA_ZH}\n\n{HEAT_ZH}\n",
    ),
    "the file of a picture": Case("![A cup](a.svg)\n", "![A cup](b.svg)\n", "![杯子](a.svg)\n", "![杯子](b.svg)\n"),
    "slide marks around a sentence": Case(
        f"{CUP} {TEA}\n", f"{CUP} [**{TEA}**]\n", f"{CUP_ZH}{TEA_ZH}\n", f"{CUP_ZH}[**{TEA_ZH}**]\n"
    ),
    "slide marks taken away": Case(
        f"{CUP} [**{TEA}**]\n", f"{CUP} {TEA}\n", f"{CUP_ZH}[**{TEA_ZH}**]\n", f"{CUP_ZH}{TEA_ZH}\n"
    ),
    "slide marks around a formula": Case(
        _paragraphs(CUP, "$$a = b.$$"), _paragraphs(CUP, "(**$$a = b.$$**)"),
        _paragraphs(CUP_ZH, "$$a = b.$$"), _paragraphs(CUP_ZH, "(**$$a = b.$$**)"),
    ),
    "a cell with nothing to translate": Case(
        "| Name | Age |\n|---|---|\n| Ann | 3 |\n", "| Name | Age |\n|---|---|\n| Ann | 7 |\n",
        "| 姓名 | 年龄 |\n|---|---|\n| 安 | 3 |\n", "| 姓名 | 年龄 |\n|---|---|\n| 安 | 7 |\n",
    ),
    "new code": Case(
        _paragraphs(CUP, TEA), _paragraphs(CUP, "```\nx\n```", TEA), _paragraphs(CUP_ZH, TEA_ZH),
        _paragraphs(CUP_ZH, "```\nx\n```", TEA_ZH),
    ),
    "html": Case(
        _paragraphs("<div>\nx\n</div>", CUP), _paragraphs("<div class='a'>\nx\n</div>", CUP),
        _paragraphs("<div>\nx\n</div>", CUP_ZH), _paragraphs("<div class='a'>\nx\n</div>", CUP_ZH),
    ),
    "a reference definition": Case(
        _paragraphs(CUP, "[a]: https://a.org/1"), _paragraphs(CUP, "[a]: https://a.org/2"),
        _paragraphs(CUP_ZH, "[a]: https://a.org/1"), _paragraphs(CUP_ZH, "[a]: https://a.org/2"),
    ),
}  # fmt: skip

MOVED = {
    "a paragraph": Case(
        _paragraphs(CUP, TEA, HEAT), _paragraphs(HEAT, CUP, TEA), _paragraphs(CUP_ZH, TEA_ZH, HEAT_ZH),
        _paragraphs(HEAT_ZH, CUP_ZH, TEA_ZH),
    ),
    "a list item": Case(
        f"* {CUP}\n* {TEA}\n* {HEAT}\n", f"* {TEA}\n* {HEAT}\n* {CUP}\n", f"* {CUP_ZH}\n* {TEA_ZH}\n* {HEAT_ZH}\n",
        f"* {TEA_ZH}\n* {HEAT_ZH}\n* {CUP_ZH}\n",
    ),
    "a sentence into another paragraph": Case(
        _paragraphs(f"{CUP} {TEA}", HEAT), _paragraphs(CUP, f"{HEAT} {TEA}"), _paragraphs(CUP_ZH + TEA_ZH, HEAT_ZH),
        _paragraphs(CUP_ZH, HEAT_ZH + TEA_ZH),
    ),
    "a sentence out of a quote": Case(
        f"> The tea in $c_1$\n> cools down slowly. {MILK}\n\n{HEAT}\n", f"> {MILK}\n\n{HEAT} {TEA}\n",
        f"> $c_1$中的茶\n> 慢慢变凉。{MILK_ZH}\n\n{HEAT_ZH}\n", f"> {MILK_ZH}\n\n{HEAT_ZH}{TEA_ZH}\n",
    ),
    "a sentence into a heading": Case(
        f"The tea in $c_1$\ncools down slowly. {MILK}\n\n{HEAT}\n", f"{MILK}\n\n## {TEA}\n\n{HEAT}\n",
        f"$c_1$中的茶\n慢慢变凉。{MILK_ZH}\n\n{HEAT_ZH}\n", f"{MILK_ZH}\n\n## {TEA_ZH}\n\n{HEAT_ZH}\n",
    ),
    "a sentence with slide marks around a part of it": Case(
        _paragraphs("The [**tea in $c_1$**] cools down. " + MILK, HEAT),
        _paragraphs(MILK, HEAT + " The [**tea in $c_1$**] cools down."),
        _paragraphs("[**$c_1$中的茶**]变凉。" + MILK_ZH, HEAT_ZH),
        _paragraphs(MILK_ZH, HEAT_ZH + "[**$c_1$中的茶**]变凉。"),
    ),
    "a paragraph into another that comes later, its last sentence split by the translator": Case(
        _paragraphs(f"{CUP} {TEA[:-1]}, and {MILK}", HEAT, "Let us see."),
        _paragraphs(HEAT, f"Let us see. {CUP} {TEA[:-1]}, and {MILK}"),
        _paragraphs(f"{CUP_ZH}{TEA_ZH}{MILK_ZH}", HEAT_ZH, "我们来看。"),
        _paragraphs(HEAT_ZH, f"我们来看。{CUP_ZH}{TEA_ZH}{MILK_ZH}"),
    ),
}  # fmt: skip

REMOVED = {
    "a paragraph": Case(
        _paragraphs(CUP, TEA, HEAT), _paragraphs(CUP, HEAT), _paragraphs(CUP_ZH, TEA_ZH, HEAT_ZH),
        _paragraphs(CUP_ZH, HEAT_ZH),
    ),
    "the first": Case(_paragraphs(CUP, TEA), _paragraphs(TEA), _paragraphs(CUP_ZH, TEA_ZH), _paragraphs(TEA_ZH)),
    "the last": Case(_paragraphs(CUP, TEA), _paragraphs(CUP), _paragraphs(CUP_ZH, TEA_ZH), _paragraphs(CUP_ZH)),
    "all of it": Case(CUP, "", CUP_ZH, ""),
    "a sentence": Case(
        f"{CUP} {TEA} {HEAT}\n", f"{CUP} {HEAT}\n", f"{CUP_ZH}{TEA_ZH}{HEAT_ZH}\n", f"{CUP_ZH}{HEAT_ZH}\n"
    ),
    "emphasis closed behind the full stop": Case(
        f"{CUP} *Not so fast.* {TEA}\n", f"{CUP} {TEA}\n", f"{CUP_ZH}*别急。*{TEA_ZH}\n", f"{CUP_ZH}{TEA_ZH}\n"
    ),
    "a table row": Case(
        "| Name | Age |\n|---|---|\n| Ann | 3 |\n| Bob | 4 |\n", "| Name | Age |\n|---|---|\n| Bob | 4 |\n",
        "| 姓名 | 年龄 |\n|---|---|\n| 安 | 3 |\n| 鲍勃 | 4 |\n", "| 姓名 | 年龄 |\n|---|---|\n| 鲍勃 | 4 |\n",
    ),
    "a paragraph that the translator had merged": Case(
        _paragraphs(CUP, TEA, HEAT), _paragraphs(CUP, HEAT), _paragraphs(CUP_ZH + TEA_ZH, HEAT_ZH),
        _paragraphs(CUP_ZH, HEAT_ZH),
    ),
    "a note of the translator stays": Case(
        _paragraphs(CUP, TEA, HEAT, MILK), _paragraphs(CUP, HEAT, MILK),
        _paragraphs(CUP_ZH, TEA_ZH, NOTE, HEAT_ZH, MILK_ZH), _paragraphs(CUP_ZH, NOTE, HEAT_ZH, MILK_ZH),
    ),
    "an extra tab stays": Case(
        _paragraphs("```\n#@tab mxnet\nx = read(1)\n```", "```\n#@tab jax\nx = jax(22)\n```", CUP),
        _paragraphs("```\n#@tab mxnet\nx = read(1)\n```", CUP),
        _paragraphs(
            "```\n#@tab mxnet\nx = read(1)\n```", "```\n#@tab jax\nx = jax(22)\n```",
            "```\n#@tab paddle\ny = pp.load(333)\n```", CUP_ZH,
        ),
        _paragraphs("```\n#@tab mxnet\nx = read(1)\n```", "```\n#@tab paddle\ny = pp.load(333)\n```", CUP_ZH),
    ),
}  # fmt: skip

SHAPE = {
    "a paragraph split upstream": Case(
        f"{CUP} {TEA} {HEAT}\n", _paragraphs(CUP, f"{TEA} {HEAT}"), f"{CUP_ZH}{TEA_ZH}{HEAT_ZH}\n",
        _paragraphs(CUP_ZH, TEA_ZH + HEAT_ZH),
    ),
    "paragraphs merged upstream": Case(
        _paragraphs(CUP, f"{TEA} {HEAT}"), f"{CUP} {TEA} {HEAT}\n", _paragraphs(CUP_ZH, TEA_ZH + HEAT_ZH),
        f"{CUP_ZH}{TEA_ZH}{HEAT_ZH}\n",
    ),
    "a paragraph split by the translator": Case(
        _paragraphs(f"{CUP} {TEA}", HEAT), _paragraphs(f"{CUP} {TEA}", HEAT, FRESH),
        _paragraphs(CUP_ZH, TEA_ZH, HEAT_ZH), _paragraphs(CUP_ZH, TEA_ZH, HEAT_ZH, FRESH),
    ),
    "carriage returns of the translation": Case(
        _paragraphs(CUP, TEA), _paragraphs(CUP, FRESH, TEA), _paragraphs(CUP_ZH, TEA_ZH).replace("\n", "\r\n"),
        _paragraphs(CUP_ZH, FRESH, TEA_ZH).replace("\n", "\r\n"),
    ),
    "carriage returns of the source": Case(
        _paragraphs(CUP, TEA).replace("\n", "\r\n"), _paragraphs(CUP, FRESH, TEA).replace("\n", "\r\n"),
        _paragraphs(CUP_ZH, TEA_ZH), _paragraphs(CUP_ZH, FRESH, TEA_ZH),
    ),
    "carriage returns in code": Case(
        "```\r\nx = 1  # one\r\n```\r\n", "```\nx = 2  # one\n```\n", "```\r\nx = 1  # 一\r\n```\r\n",
        "```\r\nx = 2  # 一\r\n```\r\n",
    ),
    "a byte order mark": Case(
        "\ufeff" + _paragraphs(CUP), "\ufeff" + _paragraphs(FRESH, CUP), "\ufeff" + _paragraphs(CUP_ZH),
        "\ufeff" + _paragraphs(FRESH, CUP_ZH),
    ),
    "no final newline, and more text": Case(
        f"{CUP}\n", _paragraphs(CUP, FRESH), CUP_ZH, f"{CUP_ZH}\n\n{FRESH}"
    ),
    "no final newline, and less text": Case(
        _paragraphs(CUP, TEA), _paragraphs(CUP), f"{CUP_ZH}\n\n{TEA_ZH}", CUP_ZH
    ),
    "blank lines of the translation": Case(
        _paragraphs(CUP, TEA, HEAT), _paragraphs(CUP, TEA.replace("c_1", "c_2"), HEAT),
        f"\n{CUP_ZH}\n\n\n{TEA_ZH}\n \n{HEAT_ZH}\n\n", f"\n{CUP_ZH}\n\n\n{TEA_ZH.replace('c_1', 'c_2')}\n \n{HEAT_ZH}\n\n",
    ),
    "a new section": Case("", _paragraphs("# Cup", CUP, "```\nx\n```"), "", _paragraphs("# Cup", CUP, "```\nx\n```")),
    "a translation without an old source": Case("", _paragraphs(CUP), _paragraphs(CUP_ZH), _paragraphs(CUP_ZH)),
    "nothing at all": Case("", "", "", ""),
}  # fmt: skip

GROUPS = {
    Operation.KEPT: KEPT, Operation.TRANSLATED: TRANSLATED, Operation.PATCHED: PATCHED, Operation.MOVED: MOVED,
    Operation.REMOVED: REMOVED, None: SHAPE,
}  # fmt: skip
CASES = [
    pytest.param(operation, case, id=f"{operation or 'shape'}: {name}")
    for operation, group in GROUPS.items()
    for name, case in group.items()
]


def _draft(old: str, new: str, target: str, language: str = "zh") -> Draft:
    return assemble(plan_section(old, new, target, language), {})


@pytest.mark.parametrize(("operation", "case"), CASES)
def test_drafts(operation: Operation | None, case: Case) -> None:
    draft = _draft(case.old, case.new, case.target)
    assert draft.text == case.draft
    if operation is not None and case.old != case.new:
        assert operation in {result.operation for result in draft.results}
    if operation is Operation.TRANSLATED:
        assert any(result.waiting for result in draft.results)
    if operation in (Operation.PATCHED, Operation.MOVED, Operation.REMOVED):
        assert not any(result.waiting for result in draft.results), "there is nothing left to translate"


@pytest.mark.parametrize("case", [case for group in GROUPS.values() for case in group.values()])
def test_a_second_run_changes_nothing(case: Case) -> None:
    assert _draft(case.new, case.new, case.draft).text == case.draft


def test_only_the_changed_sentence_is_sent() -> None:
    changed = TEA.replace("slowly", "in the sun")
    plan = plan_section(f"{CUP} {TEA} {HEAT}\n", f"{CUP} {changed} {HEAT}\n", f"{CUP_ZH}{TEA_ZH}{HEAT_ZH}\n", "zh")
    assert [request.source for request in plan.requests] == [changed]
    assert plan.characters_changed == len(changed)
    assert plan.characters_source == len(CUP) + len(changed) + len(HEAT)


def test_a_link_of_the_same_text_in_both_languages_is_not_lost_when_it_moves() -> None:
    link = "[Discussions](https://discuss.example.org/t/105)"
    draft = _draft(_paragraphs(CUP, TEA, link), _paragraphs(f"{CUP} {link}", TEA), _paragraphs(CUP_ZH, TEA_ZH, link))
    assert draft.text.count(link) == 1


def test_nothing_is_lost_where_four_paragraphs_become_one_that_cannot_be_planned() -> None:
    old = _paragraphs(f"{CUP} That is known by now.", TEA, HEAT, MILK, "The end of it.")
    new = _paragraphs(f"{CUP} That is known by now. {TEA} {HEAT} {MILK}", "The end of it.")
    target = _paragraphs(f"{CUP_ZH}这已为人所知。", TEA_ZH, "$$h = 1$$", HEAT_ZH, MILK_ZH, "完。")
    draft = _draft(old, new, target)
    for human in (CUP_ZH, TEA_ZH, HEAT_ZH, MILK_ZH):
        assert human in draft.text


@pytest.mark.parametrize("unclosed", ["```python\nx = 1\n", "~~~\nx\n", "$$\na = b\n"])
def test_a_section_that_is_never_closed_is_refused(unclosed: str) -> None:
    with pytest.raises(SectionError, match=r"^new source, line 3: "):
        plan_section(f"{CUP}\n", f"{CUP}\n\n{unclosed}", f"{CUP_ZH}\n", "zh")
    with pytest.raises(SectionError, match=r"^translation, line 1: "):
        plan_section(f"{CUP}\n", f"{TEA}\n", unclosed, "zh")


def test_the_same_input_makes_the_same_plan() -> None:
    case = TRANSLATED["a new sentence"]
    assert plan_section(*case[:3], "zh") == plan_section(*case[:3], "zh")


def test_requests_of_equal_sentences_have_ids_of_their_own() -> None:
    plan = plan_section("", _paragraphs(FRESH, FRESH), "", "zh")
    assert len({request.id for request in plan.requests}) == 2
    assert len({result.id for result in plan.results}) == 2


@pytest.mark.parametrize(("old", "new"), [("95 °C", "96 °C"), ("10 ms", "12 ms"), ("$x$ 3", "$x$ 4")])
def test_a_quantity_that_is_the_same_in_both_languages_is_changed_and_does_not_wait(old: str, new: str) -> None:
    table = "| {} | {} |\n| --- | --- |\n| {} | {} |\n"
    source, target = table.format("drink", "heat", "tea", old), table.format("饮料", "温度", "茶", old)
    draft = _draft(source, source.replace(old, new), target)
    assert draft.text == target.replace(old, new)
    (changed,) = [result for result in draft.results if result.new_source == new]
    assert (changed.operation, changed.waiting, changed.draft) == (Operation.PATCHED, False, new)


def test_what_stands_in_english_waits_though_only_a_number_in_it_changed() -> None:
    source, target = "| drink |\n| --- |\n| 95 warm cups |\n", "| 饮料 |\n| --- |\n| 95 warm cups |\n"
    draft = _draft(source, source.replace("95", "96"), target)
    assert [result.waiting for result in draft.results if result.new_source == "96 warm cups"] == [True]
