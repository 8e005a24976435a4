"""Protected tokens, slide marks, masks and folding of a piece of text."""

from __future__ import annotations

import pytest

from sync.inline import find_marks, fold, mask, strip_marks, tokens

TOKENS = {
    "none": ("Plain text, 5 < 6.", []),
    "code": ("Use `x` and ``a`b``.", ["code `x`", "code ``a`b``"]),
    "code is never closed": ("Use `x and y.", []),
    "code does not reach over a blank line": ("Use `x\n\nand` y.", []),
    "formula": ("Let $x_1$ and $$y$$.", ["math $x_1$", "math $$y$$"]),
    "formula with a dollar in it": (r"Let $x = \$5$ be.", [r"math $x = \$5$"]),
    "money": ("From $5 and up to $6 a day.", []),
    "escaped dollars": (r"It costs \$5 or \$6.", []),
    "roles": ("See :numref:`fig_x`, :cite:`A.2020`.", ["role :numref:`fig_x`", "role :cite:`A.2020`"]),
    "a role needs its backticks": ("Note: :numref: is a role.", []),
    "link": ("See [the docs](https://a.org 'Docs').", ["link ](https://a.org 'Docs')"]),
    "link with brackets in it": ("[Cup](https://a.org/cup_(tea)) here.", ["link ](https://a.org/cup_(tea))"]),
    "link by reference": ("See [the docs][docs].", ["link ][docs]"]),
    "image": ("![A cup](cup.svg)", ["link ](cup.svg)"]),
    "a closing bracket alone": ("x](y)", []),
    "address": ("See https://a.org/b. And", ["url https://a.org/b"]),
    "address in Chinese text": ("见https://a.org/b。完", ["url https://a.org/b"]),
    "address in angles": ("See <https://a.org>.", ["html <https://a.org>"]),
    "tags": ("a <b class='x'>c</b> <br/> d", ["html <b class='x'>", "html </b>", "html <br/>"]),
    "comment": ("a <!-- `x` --> b", ["html <!-- `x` -->"]),
    "footnote": ("Text[^1] here.", ["footnote [^1]"]),
    "code wins over formula": ("`$x` and `y$`", ["code `$x`", "code `y$`"]),
    "formula wins over code": ("$a`b$ and `c`", ["math $a`b$", "code `c`"]),
    "slide marks are none": ("[**Use `x`**]", ["code `x`"]),
}


@pytest.mark.parametrize(("text", "expected"), TOKENS.values(), ids=TOKENS.keys())
def test_protected_tokens(text: str, expected: list[str]) -> None:
    found = tokens(text)
    assert [f"{token.kind} {token.text}" for token in found] == expected
    assert [text[token.start : token.end] for token in found] == [token.text for token in found]


def test_the_same_tokens_in_a_text_too_long_to_be_remembered() -> None:
    text = "Use `x` here. " * 200
    assert [token.text for token in tokens(text)] == ["`x`"] * 200
    assert all(text[token.start : token.end] == "`x`" for token in tokens(text))


def test_a_mask_keeps_every_offset() -> None:
    text = "Use `x` and $y$."
    assert mask(text, tokens(text), "_") == "Use ___ and ___."


@pytest.mark.parametrize(
    ("text", "plain", "marks"),
    [
        ("[**All of it.**]", "All of it.", ["[**", "**]"]),
        ("Some (**of it**) is.", "Some of it is.", ["(**", "**)"]),
        ("[~~Gone~~] now", "Gone now", ["[~~", "~~]"]),
        ("[**A *b***] c", "A *b* c", ["[**", "**]"]),
        ("[**never closed", "[**never closed", []),
        ("crossed [**a**)", "crossed [**a**)", []),
        ("in code `[**a**]`", "in code `[**a**]`", []),
        ("**bold** (and this)", "**bold** (and this)", []),
        ("[**a**] and [**b**]", "a and b", ["[**", "**]", "[**", "**]"]),
        ("(**$$y = x$$**)", "$$y = x$$", ["(**", "**)"]),
    ],
)
def test_slide_marks(text: str, plain: str, marks: list[str]) -> None:
    assert strip_marks(text) == plain
    assert [sign for _, _, sign, _ in find_marks(text)] == marks
    assert all(text[start:end] == sign for start, end, sign, _ in find_marks(text))
    assert [opens for *_, opens in find_marks(text)] == [True, False] * (len(marks) // 2)


@pytest.mark.parametrize(
    ("text", "language", "prefix", "expected"),
    [
        ("One\ntwo  three\t.", "en", "", "One two three ."),
        ("一\n二", "zh", "", "一二"),
        ("一\r\n  二", "zh", "", "一二"),
        ("一 x\n二", "zh", "", "一 x 二"),
        ("。\n一", "ja", "", "。一"),
        ("하나\n둘", "ko", "", "하나 둘"),
        ("One\n> two", "en", "> ", "One two"),
        ("One\n> two", "en", "", "One > two"),
        ("  \n ", "en", "", ""),
    ],
)
def test_fold(text: str, language: str, prefix: str, expected: str) -> None:
    assert fold(text, language, prefix) == expected
