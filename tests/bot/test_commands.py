"""`/amts …` comments: which lines are commands, what they say, and which sections they mean."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.commands import (
    Command,
    Help,
    Pause,
    Resume,
    Retranslate,
    Skip,
    Status,
    Unknown,
    find_sections,
    read_commands,
)

RETRANSLATE = "retranslate [section…] [--engine NAME] [--no-act]"


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("status", Status()),
        ("pause", Pause()),
        ("resume", Resume()),
        ("help", Help()),
        ("", Help()),
        ("STATUS", Status()),
        ("  status  ", Status()),
        ("\tstatus", Status()),
        ("\u00a0status", Status()),
        ("retranslate", Retranslate()),
        ("Retranslate a.md b/c.md", Retranslate(("a.md", "b/c.md"))),
        ("retranslate a.md a.md", Retranslate(("a.md",))),
        ("retranslate a.md, b.md,c.md", Retranslate(("a.md", "b.md,c.md"))),
        ("retranslate a.md , b.md", Retranslate(("a.md", "b.md"))),
        ("retranslate 'my file.md' \"and another.md\" `third one`", Retranslate(("my file.md", "and another.md", "third one"))),
        ("retranslate “my file.md” ‘b c’", Retranslate(("my file.md", "b c"))),
        ("retranslate chapter's.md", Retranslate(("chapter's.md",))),
        ("retranslate --no-act", Retranslate(act=False)),
        ("retranslate --engine memory a.md", Retranslate(("a.md",), "memory")),
        ("retranslate a.md --engine=Amazon --NO-ACT b.md", Retranslate(("a.md", "b.md"), "amazon", False)),
        ("--engine none retranslate a.md", Retranslate(("a.md",), "none")),
        ("retranslate a.md —no-act", Retranslate(("a.md",), act=False)),
        ("retranslate `--no-act`", Retranslate(("--no-act",))),
        ("skip a.md", Skip(("a.md",))),
        ("skip chapter_one/ chapter_two", Skip(("chapter_one/", "chapter_two"))),
        # What is not understood changes nothing, and says what may have been meant.
        ("retranslte a.md", Unknown("retranslte", RETRANSLATE)),
        ("retrans", Unknown("retrans", RETRANSLATE)),
        ("stats", Unknown("stats", "status")),
        ("fly", Unknown("fly")),
        ("status.", Unknown("status.", "status")),
        ("skip", Unknown("skip", "skip section…")),
        ("skip --no-act a.md", Unknown("skip --no-act a.md", "skip section…")),
        ("status a.md", Unknown("status a.md", "status")),
        ("pause did not work", Unknown("pause did not work", "pause")),
        ("pause --engine memory", Unknown("pause --engine memory", "pause")),
        ("--no-act", Unknown("--no-act", RETRANSLATE)),
        ("retranslate --no-atc", Unknown("--no-atc", "--no-act")),
        ("retranslate --no-act=yes", Unknown("--no-act=yes", "--no-act")),
        ("retranslate --engin memory", Unknown("--engin", "--engine")),
        ("retranslate --", Unknown("--", "--engine")),
        ("retranslate --engine", Unknown("--engine", "--engine NAME")),
        ("retranslate --engine memroy", Unknown("--engine memroy", "--engine memory")),
        ("retranslate --engine ../x", Unknown("--engine ../x", "--engine NAME")),
        ("x" * 200, Unknown("x" * 99 + "…")),
        ("retranslate " + "a.md " * 300, Unknown(("retranslate " + "a.md " * 300)[:99] + "…")),
    ],
)  # fmt: skip
def test_what_a_command_says(line: str, wanted: Command | Unknown) -> None:
    assert read_commands(f"/amts {line}") == (wanted,)


@pytest.mark.parametrize(
    "comment",
    [
        "/amts status",
        "/amts status\n",
        "/amts status\r\n",
        "/AMTS Status",
        "   /amts status",
        "Thanks!\r\n\r\n/amts status\r\n\r\nBye",
        "Thanks!\r\n/amts status\r\nBye",
        "Thanks!\r/amts status\rBye",
        "> What about /amts?\n\n/amts status",
        "> /amts pause\n\n/amts status",
        "> ```\n> /amts pause\n> ```\n/amts status",
        "```\n/amts pause\n```\n/amts status",
        "~~~ text\n/amts pause\n```\n~~~\n/amts status",
        "````\n```\n/amts pause\n````\n/amts status",
        "    /amts pause\n\n/amts status",
        "\t/amts pause\n\n/amts status",
        "Like this:\n    /amts pause\n/amts status",
        "<!-- /amts pause -->\n/amts status",
        "<!--\n\n/amts pause\n\n-->\n/amts status",
        "See <!--\n/amts pause\n--> this:\n/amts status",
        "`a\n/amts pause\n`\n/amts status",
        "``a ` b\n/amts pause\n`` c\n/amts status",
        "Say `/amts pause` or\n/amts status",
        "say /amts pause\n/amts status",
        "- /amts pause\n\n/amts status",
        "- as agreed:\n/amts status",
        "1. as agreed:\n\n   /amts status",
        "- [x] done\n\n/amts status",
        "/amts status\n---\nMina",
        "---\n/amts status\n---\n",
        "# Title\n/amts status",
        "<details>\n<summary>More</summary>\n/amts pause\n</details>\n\n/amts status",
        "<pre>\n\n/amts pause\n</pre>\n/amts status",
        "/amtsx pause\n/amts: pause\n/amts/pause\namts pause\n//amts pause\n/amts status",
        "| a |\n| - |\n/amts status",
        "costs $5 or\n/amts status\n$6",
        "an open ` tick\n/amts status",
    ],
)
def test_a_command_has_a_line_of_its_own_outside_of_quotes_and_code(comment: str) -> None:
    assert read_commands(comment) == (Status(),)


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "Thanks!",
        "> /amts status",
        "> quoted\n/amts status",  # GitHub shows it inside the quote
        ">> /amts status",
        "- > quoted\n  > /amts status",
        "```\n/amts status",
        "<!-- never closed\n\n/amts status",
        "\\/amts status",
        "/ amts status",
        "*/amts status*",
        "# /amts status",
        "[/amts status](https://example.org)",
    ],
)
def test_no_command(comment: str) -> None:
    assert read_commands(comment) == ()


def test_several_commands_in_order() -> None:
    comment = "/amts skip a.md\r\n/amts retranslate\r\n\r\nand\r\n\r\n/amts fly\r\n/amts help"
    assert read_commands(comment) == (Skip(("a.md",)), Retranslate(), Unknown("fly"), Help())


def test_the_first_ten_count() -> None:
    comment = "\n".join(f"/amts skip {number}" for number in range(20))
    assert read_commands(comment) == tuple(Skip((str(number),)) for number in range(10))


def test_a_section_in_backticks_is_no_code() -> None:
    assert read_commands("/amts skip `a b.md` `c`\n/amts skip `d`") == (Skip(("a b.md", "c")), Skip(("d",)))


def test_code_that_goes_on_in_the_next_line_ends_with_the_line() -> None:
    assert read_commands("/amts skip a `b\nc` d") == (Skip(("a", "`b")),)


@pytest.mark.parametrize(
    "piece",
    ["/amts x\n", "`a`\n/amts x\n", "<b\n/amts x\n>\n", "> a\n/amts x\n", "`" * 3 + "\n", "<!-- ", "- /amts\n", '/amts "', "/amts \t"],
)  # fmt: skip
def test_time_is_linear(piece: str) -> None:
    # A comment of GitHub's greatest length, four times over.
    comment = piece * (4 * 65_536 // len(piece))
    start = time.perf_counter()
    read_commands(comment)
    assert time.perf_counter() - start < 5


WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=30)
LINES = st.one_of(
    WORDS,
    st.builds("/amts {}".format, WORDS),
    st.sampled_from(
        ["/amts status", "/amts pause", "", "> ", "```", "<!--", "-->", "    /amts pause", "- a", "`", "<pre>"]
    ),
)


@settings(deadline=None)
@given(st.lists(LINES, max_size=12), st.sampled_from(["\n", "\r\n", "\r"]))
def test_any_comment_is_read(lines: list[str], end: str) -> None:
    commands = read_commands(end.join(lines))
    assert len(commands) <= min(10, sum("/amts" in line.lower() for line in lines))
    assert commands == read_commands("\n".join(lines))
    for command in commands:
        match command:
            case Unknown(text, _):
                assert text
                assert len(text) <= 100
            case Skip(sections):
                assert sections


@settings(deadline=None)
@given(st.lists(LINES, max_size=8))
def test_a_quote_of_a_comment_holds_no_command(lines: list[str]) -> None:
    text = "\n".join(lines).replace("\x0b", " ").replace("\x0c", " ")
    quoted = "\n".join(f"> {line}" for line in text.split("\n"))
    assert read_commands(quoted) == ()
    assert read_commands(f"{quoted}\n\n/amts status") == (Status(),)


@settings(deadline=None)
@given(st.lists(LINES.filter(lambda line: "~" not in line), max_size=8))
def test_fenced_code_holds_no_command(lines: list[str]) -> None:
    fenced = "\n".join(["~~~", *lines, "~~~"])
    assert read_commands(fenced) == ()
    assert read_commands(f"{fenced}\n/amts status") == (Status(),)


NAMES = st.text(st.characters(categories=("Ll", "Nd"), include_characters="/_- ."), min_size=1, max_size=20)
NAMES = NAMES.map(lambda name: " ".join(name.split())).filter(lambda name: name.strip() and not name.startswith("-"))


@settings(deadline=None)
@given(
    st.lists(NAMES, unique=True, max_size=6),
    st.sampled_from([None, "memory", "amazon", "none"]),
    st.booleans(),
    st.data(),
)
def test_retranslate_says_what_was_written(
    sections: list[str], engine: str | None, act: bool, data: st.DataObject
) -> None:
    words = ["retranslate", *(f'"{section}"' if " " in section else section for section in sections)]
    for option in ([f"--engine {engine}"] if engine else []) + ([] if act else ["--no-act"]):
        words.insert(data.draw(st.integers(0, len(words))), option)
    assert read_commands("/amts " + " ".join(words)) == (Retranslate(tuple(sections), engine, act),)


KNOWN = (
    "index.md",
    "chapter_introduction/index.md",
    "chapter_linear/index.md",
    "chapter_linear/softmax-regression.md",
    "chapter_linear/more/weight-decay.md",
    "chapter_linear-classification/softmax.md",
    "notes/chapter_linear/softmax.md",
)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("index.md", [0]),
        ("index", [0]),
        ("/index.md", [0]),
        ("./chapter_linear/index.md", [2]),
        ("chapter_linear/index", [2]),
        ("softmax-regression", [3]),
        ("softmax-regression.md", [3]),
        ("more/weight-decay", [4]),
        ("softmax", [5, 6]),
        ("chapter_linear/softmax", [6]),
        ("chapter_linear/", [2, 3, 4, 6]),
        ("chapter_linear", [2, 3, 4, 6]),
        ("chapter_linear/more/", [4]),
        ("notes//chapter_linear/", [6]),
        ("chapter_introduction", [1]),
    ],
)
def test_what_names_a_section(wanted: str, found: list[int]) -> None:
    assert find_sections([wanted], KNOWN) == (tuple(KNOWN[index] for index in found), ())


@pytest.mark.parametrize(
    ("wanted", "nearest"),
    [
        ("softmax-regresion", "chapter_linear/softmax-regression.md"),
        ("Index.MD", "index.md"),
        ("chapter_linaer/softmax-regression.md", "chapter_linear/softmax-regression.md"),
        ("weight_decay", "chapter_linear/more/weight-decay.md"),
        ("chapter_intro", "chapter_introduction/"),
        ("chapter_linear-cl", "chapter_linear-classification/"),
        ("weight", "chapter_linear/more/weight-decay.md"),
        ("chapter_introdution/", "chapter_introduction/"),
        ("index.md/", "index.md"),
        ("zzz", None),
        ("/", None),
        (".", None),
        ("../index.md", "index.md"),
        ("%.*[", None),
    ],
)
def test_what_names_none(wanted: str, nearest: str | None) -> None:
    assert find_sections([wanted], KNOWN) == ((), ((wanted, nearest),))


def test_sections_come_once_and_in_the_order_of_the_book() -> None:
    wanted = ["softmax-regression", "nothing like it", "chapter_linear/", "chapter_introduction", "index"]
    found, missing = find_sections(wanted, KNOWN)
    assert found == (KNOWN[0], KNOWN[1], KNOWN[2], KNOWN[3], KNOWN[4], KNOWN[6])
    assert missing == (("nothing like it", None),)


@settings(deadline=None)
@given(st.lists(st.text(max_size=20), max_size=5), st.lists(NAMES, max_size=8, unique=True))
@example(["a"], [])
@example(["x"], [".", "..", "a/..", ""])
def test_every_name_is_found_or_missing(wanted: list[str], known: list[str]) -> None:
    found, missing = find_sections(wanted, known)
    assert list(found) == [path for path in known if path in found]
    for name in wanted:
        here, missed = find_sections([name], known)
        assert bool(here) != bool(missed)
        assert set(here) <= set(found)
        assert set(missed) <= set(missing)


@settings(deadline=None)
@given(
    st.lists(st.from_regex(r"[a-z]{1,5}(/[a-z]{1,5}){0,3}\.md", fullmatch=True), min_size=1, max_size=8, unique=True)
)
def test_a_path_names_itself_alone(known: list[str]) -> None:
    for path in known:
        assert find_sections([path], known) == ((path,), ())
        assert path in find_sections([path.removesuffix(".md")], known)[0]
