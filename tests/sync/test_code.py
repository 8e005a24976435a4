"""Code in fences: comments, identity, and the three-way merge of a change."""

from __future__ import annotations

import pytest

from sync.code import code_key, comments, merge_code, tab_of


def _fence(*lines: str, info: str = "python") -> str:
    return "\n".join([f"```{info}", *lines, "```", ""])


# old source, new source, translation -> draft
MERGES = {
    "a value": (["x = 1"], ["x = 2"], ["x = 1"], ["x = 2"]),
    "translated comments are kept": (
        ["# Read it", "x = read()  # all"],
        ["# Read it", "x = read(1)  # all"],
        ["# 读取", "x = read()  # 全部"],
        ["# 读取", "x = read(1)  # 全部"],
    ),
    "a changed comment comes in English": (
        ["# Read it", "x = 1", "# Write it", "y = 1"],
        ["# Read it", "x = 1", "# Write all", "y = 2"],
        ["# 读", "x = 1", "# 写", "y = 1"],
        ["# 读", "x = 1", "# Write all", "y = 2"],
    ),
    "a new comment comes in English": (
        ["# Read it", "x = 1"],
        ["# Read it", "x = 1", "# Write it", "y = 2"],
        ["# 读", "x = 1"],
        ["# 读", "x = 1", "# Write it", "y = 2"],
    ),
    "a comment moves with its line": (
        ["a = 1  # one", "b = 2  # two"],
        ["b = 2  # two", "a = 1  # one"],
        ["a = 1  # 一", "b = 2  # 二"],
        ["b = 2  # 二", "a = 1  # 一"],
    ),
    "translated docstring": (
        ["def f(x):", '    """Add one."""', "    return x + 1"],
        ["def f(x, y):", '    """Add one."""', "    return x + y"],
        ["def f(x):", '    """加一。"""', "    return x + 1"],
        ["def f(x, y):", '    """加一。"""', "    return x + y"],
    ),
    "the translation's own argument stays": (
        ["f(lr=0.1, n=3)"],
        ["f(lr=0.1, n=4)"],
        ["f(lr=0.5, n=3)"],
        ["f(lr=0.5, n=4)"],
    ),
    "the translation is ahead": (["x = 1"], ["x = 2  # two"], ["x = 2  # 二"], ["x = 2  # 二"]),
    "only white space": (["x=1", "y=2"], ["x = 1", "y = 2"], ["x=1", "y=2"], ["x = 1", "y = 2"]),
    "nothing changed": (["x = 1"], ["x = 1"], ["y = 7  # 不同"], ["y = 7  # 不同"]),
    "a hash in a string is no comment": (
        ["s = '# not'", "x = 1"],
        ["s = '# not'", "x = 2"],
        ["s = '# not'", "x = 1"],
        ["s = '# not'", "x = 2"],
    ),
}


@pytest.mark.parametrize(("old", "new", "target", "expected"), MERGES.values(), ids=MERGES.keys())
def test_merges(old: list[str], new: list[str], target: list[str], expected: list[str]) -> None:
    merged = merge_code(_fence(*old), _fence(*new), _fence(*target))
    assert merged.text == _fence(*expected)
    assert not merged.conflict


def test_a_conflict_keeps_the_translations_own_code() -> None:
    old, new, own = (_fence(f"train(lr={rate})") for rate in ("0.1", "0.3", "0.9"))
    merged = merge_code(old, new, own)
    assert merged.conflict
    assert merged.text == own


def test_code_of_another_framework_takes_what_does_not_touch_it() -> None:
    old = _fence("import torch", "x = torch.ones(3)", "print(x)")
    new = _fence("import torch", "x = torch.ones(3)", "print(x.sum())")
    own = _fence("import paddle", "x = paddle.ones(3)", "print(x)")
    merged = merge_code(old, new, own)
    assert merged.text == _fence("import paddle", "x = paddle.ones(3)", "print(x.sum())")


def test_a_preserved_comment_is_code() -> None:
    assert comments(_fence("#@tab all", "def f():  #@save", "    pass  # nothing")) == ["# nothing"]


@pytest.mark.parametrize(
    ("info", "lines", "expected"),
    [
        ("python", ["x = 1  # one", "y = a // b"], ["# one"]),
        ("python", ['"""A module."""', 'x = """no comment"""'], ['"""A module."""']),
        ("java", ["int x; // one", "/* two", "three */", "#if"], ["// one", "/* two\nthree */"]),
    ],
)
def test_comments_of_a_language(info: str, lines: list[str], expected: list[str]) -> None:
    assert comments(_fence(*lines, info=info)) == expected


@pytest.mark.parametrize(
    ("lines", "tab"),
    [(["#@tab mxnet, pytorch", "x"], "#@tabmxnetpytorch"), (["%%tab all", "x"], "%%taball"), (["x"], "")],
)
def test_the_tab_of_a_fence(lines: list[str], tab: str) -> None:
    assert tab_of(_fence(*lines)) == tab


def test_equal_programs_have_equal_keys() -> None:
    assert code_key(_fence("x = 1  # one")) == code_key(_fence("x=1", "# 一"))
    assert code_key(_fence("x = 1")) != code_key(_fence("x = 2"))


def test_a_conflict_leaves_the_fence_whole() -> None:
    old, new = _fence("def f(x):", "    return a(x)"), _fence("class F:", "    y = b(x, 2)")
    own = _fence("def f(x):", "    return c(x, 3)")
    assert merge_code(old, new, own).text == own
