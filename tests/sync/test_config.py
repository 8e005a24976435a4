"""The settings file: what is read, and what a person is told of a mistake."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.config import Checks, Config, ConfigError, Engine, Layout, load
from sync.model import Check, Mute


def test_an_empty_file_gives_the_defaults() -> None:
    assert load("") == load("# nothing\n") == Config()


def test_every_setting_is_read() -> None:
    config = load(
        """
upstream: d2l-ai/d2l-en
upstream_branch: master
language: zh
source_language: en
layout:
  source: docs/en/{path}.md
  translation: docs/zh/{path}.md
  origin: none
include: ["docs/"]
exclude: ["docs/en/private/"]
engine:
  name: memory
  options: {threshold: 0.8}
terminology: .github/terms.csv
author: Jo Smith <jo@example.org>
"""
    )
    assert config == Config(
        upstream="d2l-ai/d2l-en",
        upstream_branch="master",
        language="zh",
        layout=Layout("docs/en/{path}.md", "docs/zh/{path}.md", None),
        include=("docs/",),
        exclude=("docs/en/private/",),
        engine=Engine("memory", {"threshold": 0.8}),
        terminology=".github/terms.csv",
        author="Jo Smith <jo@example.org>",
    )


@pytest.mark.parametrize(
    "address", ["me/book", "https://example.org/me/book", "ssh://git@example.org/me/book", "git@example.org:me/book"]
)
def test_an_address_may_name_the_user_of_ssh(address: str) -> None:
    assert load(f"upstream: {address}").upstream == address


def test_a_pattern_that_is_taken_is_matched_soon() -> None:
    config = load("include: ['*a*a*b', '**/chapter_*/*.md', '/*/*/*/*.md']")
    assert config.sections(["a" * 250, "x/chapter_a/b.md", "a/b/c/d.md"]) == ["a/b/c/d.md", "x/chapter_a/b.md"]


def test_an_engine_may_be_just_its_name() -> None:
    assert load("engine: none").engine == Engine("none")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("\nlangage: zh", ["line 2", "langage", "did you mean language?"]),
        ("layout:\n  orgin: x.md", ["line 2", "layout.orgin", "did you mean origin?", "source, translation"]),
        ("language: xx-nowhere", ["line 1", "language", "unknown language"]),
        ("language: no", ["line 1", "language", "not no", "quotes"]),
        ("language: [zh]", ["line 1", "language must be text"]),
        ("language: zh\nlanguage: ko", ["line 2", "language is given twice"]),
        ("- zh", ["line 1", "the file must hold keys"]),
        ("language: {zh", ["line 1", "not YAML"]),
        ("language: \x07", ["not YAML"]),
        ("include: chapter", ["line 1", "include must be a list"]),
        ("include: ['!']", ["line 1", "include has a pattern"]),
        ("layout: {source: 'docs/{stem}.md'}", ["layout.source must hold {path} once"]),
        ("layout: {source: '../{path}.md'}", ["layout.source must be a path inside"]),
        ("layout: {origin: '{stem}.md'}", ["layout.origin must have {stem} and more"]),
        ("terminology: /etc/passwd", ["terminology must be a path inside"]),
        ("upstream: --upload-pack=x", ["upstream must be owner/name"]),
        ("upstream: 'ext::sh -c x'", ["upstream must be owner/name"]),
        ("upstream: 'https://jo:hunter2@example.org/x'", ["upstream must not hold a user name or password"]),
        ("upstream: 'https://hunter2@github.com/me/ssh-book'", ["must not hold a user name or password"]),
        ("upstream: 'ssh://git:hunter2@example.org/x'", ["must not hold a user name or password"]),
        ("upstream: 'https://[x'", ["upstream is no address"]),
        ("upstream: 'x://" + ":" * 20_000 + "'", ["upstream is longer than 2,000 characters"]),
        ("upstream_branch: -x", ["upstream_branch must be the name of a branch"]),
        ("author: Jo", ["author must be written as Name <mail@address>"]),
        ("engine: {name: memory, option: {}}", ["engine.option is not a setting; did you mean options?"]),
        ("engine: &a {name: memory}", ["line 1", "anchors"]),
        ("language: zh\nauthor: *a", ["line 2", "anchors (&) and aliases (*)"]),
        ("engine: " + "[" * 50 + "]" * 50, ["too deeply nested"]),
        ("#" * 70_000, ["larger than 64,000 characters"]),
        ("engine: {options: {day: 2024-99-99}}", ["engine.options.day is not a value that is understood"]),
        ("engine: {options: {x: !!python/name:os.system y}}", ["line 1", "tags (!) are not allowed"]),
        ("engine: {options: {x: !!bool maybe}}", ["line 1", "tags (!)"]),
        ("engine: {options: {x: !!int ''}}", ["line 1", "tags (!)"]),
        ("\nengine: {options: {x: !!timestamp x}}", ["line 2", "tags (!)"]),
        ("engine: !!map {name: memory}", ["line 1", "tags (!)"]),
        ("engine: {options: {x: 1" + ":1" * 400 + ".0}}", ["engine.options.x is not a value"]),
        ("include:\n- docs/\n- '*a*a*a*a*a*a*a*a*a*ab'", ["line 3", "include has a pattern with more than 3 *"]),
        ("exclude: ['**/a/**/a/**/a/**/a']", ["line 1", "exclude has a pattern with more than 3 *"]),
        ("exclude: ['*a*/*a*/x']", ["line 1", "exclude has a pattern with more than 3 *"]),
        (f"exclude: [{'a' * 257}]", ["line 1", "more than 256 characters"]),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, parts: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load(text, "amts.yml")
    message = str(caught.value)
    assert message.startswith("amts.yml")
    assert "\n" not in message
    assert [part for part in parts if part not in message] == []
    assert "hunter2" not in message


@given(st.text(max_size=200) | st.recursive(st.text("ab:&*-", max_size=5), lambda s: st.lists(s)).map(repr))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(ConfigError):
        assert isinstance(load(text), Config)


def test_paths_map_between_source_and_translation() -> None:
    docs = Layout("docs/en/{path}.md", "docs/zh/{path}.md", None)
    assert docs.translation_path("docs/en/a/b.md") == "docs/zh/a/b.md"
    assert docs.source_path("docs/zh/a/b.md") == "docs/en/a/b.md"
    assert docs.translation_path("docs/zh/a.md") is None
    assert docs.translation_path("docs/en/.md") is None
    assert docs.origin_path("docs/zh/a.md") is None
    assert not docs.is_origin("docs/zh/a_origin.md")


def test_origins_stand_beside_translations() -> None:
    layout = Layout()
    assert layout.origin_path("a/b.md") == "a/b_origin.md"
    assert layout.is_origin("a/b_origin.md")
    assert not layout.is_origin("a/b.md")
    assert not layout.is_origin("a/_origin.md")
    assert layout.source_path("a/b_origin.md") is None
    assert Layout(origin="en.{stem}.md").is_origin("a/en.b.md")


def test_sections_are_the_included_paths() -> None:
    paths = ["README.md", "b/index.md", "a/README.md", "contrib/x.md", "a.txt", ".github/t.md"]
    assert Config().sections(paths) == ["a/README.md", "b/index.md"]
    assert Config(include=("/b/",), exclude=()).sections(paths) == ["b/index.md"]


def test_known_false_alarms_are_muted() -> None:
    config = load("checks:\n  mute:\n    - length\n    - {check: terminology, text: kernel}\n")
    assert config.checks == Checks((Mute(Check.LENGTH), Mute(Check.TERMINOLOGY, "kernel")))
    assert load("checks: {mute: []}").checks == Checks()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("checks:\n  mute: length\n", "line 2: checks.mute must be a list of checks"),
        ("checks:\n  mute:\n    - lenght\n", "line 3: checks.mute must be one of references, tokens"),
        ("checks:\n  mute:\n    - {text: kernel}\n", "line 3: checks.mute must name a check: references, tokens"),
        ("checks:\n  mute:\n    - {check: length, word: a}\n", "line 3: checks.mute.word is not a setting"),
        ("checks:\n  silence: []\n", "line 2: checks.silence is not a setting"),
    ],
)
def test_a_wrong_mute_is_told(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(text)
    assert told in str(caught.value)
