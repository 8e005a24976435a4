"""What always holds, over generated Markdown: see "What always holds" in CONTRIBUTING.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sync.engines import Knowledge, create
from sync.engines.base import Answers, Handle, Job, dump_job, load_job
from sync.markdown import check_closed, parse, tokens
from sync.model import (
    TRANSLATABLE,
    Draft,
    Operation,
    Section,
    SectionError,
    Translation,
    TranslationUnit,
)
from sync.pipeline import draft_section

# Without a bound on time: a machine that is busy is no fault. Repeatable: the same examples on every run.
settings.register_profile("amts", deadline=None, max_examples=60, derandomize=True)
settings.load_profile("amts")

WORDS = st.sampled_from(
    [
        *("the", "heat", "of", "a", "cup", "tea", "falls", "slowly", "when", "we", "measure", "it", "again"),
        *("with", "`read()`", "and", "$x_1$", "or", ":numref:`fig_cup`", "see", "[notes](notes.md)", "for"),
        *("3.5", "degrees.", "It", "is", "so!", "Is", "it?", "e.g.", "<b>bold</b>", "**strong**", "*weak*"),
        *("[**marked**]", "图", "표", ":cite:`A.2020`", "[^note]", "<https://example.org>", "。"),
        *("![cup](cup.png)", "\\$5", "a|b"),
    ]
)
SENTENCE = st.lists(WORDS, min_size=1, max_size=9).map(" ".join)
LINES = st.lists(SENTENCE, min_size=1, max_size=3).map("\n".join)
CODE = st.lists(st.sampled_from(["x = 1  # a cup", "", "def f(y):", "    return y", "#@tab all"]), max_size=4)


def _prefixed(first: str, other: str) -> Callable[[str], str]:
    return lambda text: first + text.replace("\n", "\n" + other)


LEAVES = st.one_of(
    LINES,
    st.builds("{} {}".format, st.sampled_from(["#", "##", "######"]), SENTENCE),
    st.builds("{}\n{}".format, SENTENCE, st.sampled_from(["===", "---"])),
    CODE.map(lambda lines: "\n".join(["```python", *lines, "```"])),
    CODE.map(lambda lines: "\n".join(["~~~~", *lines, "~~~~"])),
    st.sampled_from(["$$y = x^2$$", "$$\n\\sum_i x_i.\n$$", "$$\ny\n$$\n:eqlabel:`eq_y`"]),
    st.sampled_from([":label:`sec_cup`", ":width:`400px`", ":begin_tab:`mxnet`\nCups.\n:end_tab:"]),
    st.builds("![{}](cup.png)\n:label:`fig_cup`".format, SENTENCE),
    st.builds("| {} | b |\n|:--|--:|\n| 1 | `c` |".format, st.sampled_from(["cup", "$x$", ""])),
    st.sampled_from(["<div class='x'>\nhtml\n</div>", "<!-- a note -->", "[^note]: A note.", "[a]: b 'c'"]),
    st.sampled_from(["---", "***", "\tindented\n\n    code", "   ", ""]),
)
BLOCKS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda text, mark: _prefixed(mark, " " * len(mark))(text), inner, st.sampled_from(["- ", "1. "])),
        inner.map(_prefixed("> ", "> ")),
        inner.map(_prefixed("- ", "")),  # lazy continuation
        inner.map(_prefixed("\t", "\t")),
    ),
    max_leaves=3,
)
OPEN = st.sampled_from(["```python\nx = 1", "$$\nx", "<!-- never", "- ```\n  x", "> ~~~", "[**never", "`never"])


def _file(blocks: Sequence[str], gap: str, line_end: str, bom: str, front: str, last: str) -> str:
    return bom + (front + gap.join(blocks) + last).replace("\n", line_end)


def _files(blocks: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        _file,
        st.lists(blocks, max_size=8),
        st.sampled_from(["\n\n", "\n", "\n\n\n", "\n \n"]),
        st.sampled_from(["\n", "\n", "\r\n", "\r"]),
        st.sampled_from(["", "\ufeff"]),
        st.sampled_from(["", "---\ntitle: Cups\n---\n"]),
        st.sampled_from(["\n", "", "\n\n", "  "]),
    )


FILES = _files(BLOCKS)
WEIRD_FILES = _files(st.one_of(BLOCKS, OPEN))
NOISE = st.text(alphabet=st.sampled_from("ab\n\r\t >-*_`$|[]()!<:#~=1.\\\"'&\u3002\ufeff\u2028\x0b\x00中"), max_size=80)
TEXTS = st.one_of(WEIRD_FILES, NOISE, st.text(max_size=60))
LANGUAGES = st.sampled_from(["en", "zh", "ko", "tr"])


@given(TEXTS, LANGUAGES)
@settings(max_examples=400)
def test_a_section_is_lossless_and_its_spans_are_true(text: str, language: str) -> None:
    section = parse(text, language)
    assert "".join(block.text for block in section.blocks) == text
    ends = [0, *(block.end for block in section.blocks)]
    assert [block.start for block in section.blocks] == ends[:-1]
    assert ends[-1] == len(text)
    for block in section.blocks:
        assert block.text == text[block.start : block.end]
        assert block.kind in TRANSLATABLE or not block.segments
        _assert_segments(section, block.start, block.end)


def _assert_segments(section: Section, start: int, end: int) -> None:
    inside = [s for block in section.blocks if block.start == start for s in block.segments]
    assert all(one.end <= two.start for one, two in pairwise(inside))
    for segment in inside:
        assert start <= segment.start < segment.end <= end
        assert segment.text == section.text[segment.start : segment.end]
        assert all(one.end <= two.start for one, two in pairwise(segment.protected))
        for token in segment.protected:
            assert segment.start <= token.start < token.end <= segment.end
            assert token.text == section.text[token.start : token.end]


@given(TEXTS, TEXTS, LANGUAGES)
@settings(max_examples=200)
def test_nothing_to_do_nothing_done(source: str, target: str, language: str) -> None:
    draft = _draft(source, source, target, language)
    assert draft.text == target
    assert draft.characters_sent == 0
    assert not any(result.waiting for result in draft.results)


@given(FILES, FILES, FILES)
@settings(max_examples=150)
def test_any_three_files_give_a_draft_or_a_refusal_in_one_line(old: str, new: str, target: str) -> None:
    first = _draft_or_refusal(old, new, target, "zh")
    if isinstance(first, str):
        assert "\n" not in first
        return
    again = _draft(old, new, target, "zh")
    assert again == first, "same input, same draft"
    assert first.characters_sent <= first.characters_changed
    _assert_tokens_survive(first)
    settled = _draft(new, new, first.text, "zh")
    assert settled.text == first.text, "a second run changes nothing"


@given(WEIRD_FILES, WEIRD_FILES)
def test_an_unclosed_fence_or_formula_is_refused_or_drafted_but_never_a_crash(old: str, new: str) -> None:
    draft = _draft_or_refusal(old, new, old, "ko")
    assert draft == _draft_or_refusal(old, new, old, "ko")
    assert isinstance(draft, Draft) or "\n" not in draft


DICTIONARY = {
    **{"the": "这", "heat": "热", "of": "的", "cup": "杯", "tea": "茶", "falls": "落", "slowly": "慢慢"},
    **{"when": "时", "we": "我们", "measure": "量", "again": "又", "degrees.": "度。", "with": "用"},
}
NOTE = "译者注：这里没有英文原文。"


def _pseudo_translation(block: str) -> str:
    return "\n".join(" ".join(DICTIONARY.get(word, word) for word in line.split(" ")) for line in block.split("\n"))


@st.composite
def _updates(draw: st.DrawFn) -> tuple[str, str, str]:
    """Old source, new source and a translation with a note of the translator's, as in a book."""
    blocks = draw(st.lists(BLOCKS, min_size=1, max_size=8))
    target = [_pseudo_translation(block) for block in blocks]
    target.insert(draw(st.integers(0, len(target))), NOTE)
    new = list(blocks)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(new)))
        match draw(st.sampled_from(["delete", "insert", "replace", "move", "edit"])):
            case "insert":
                new.insert(at, draw(BLOCKS))
            case "delete":
                del new[at : at + 1]
            case "replace":
                new[at : at + 1] = [draw(BLOCKS)]
            case "move":
                new[at : at + 2] = reversed(new[at : at + 2])
            case "edit":
                new[at : at + 1] = [block.replace("cup", draw(WORDS)) for block in new[at : at + 1]]
    end = draw(st.sampled_from(["\n", "\r\n"]))
    old_text, new_text, target_text = ("\n\n".join([*part, ""]).replace("\n", end) for part in (blocks, new, target))
    return old_text, new_text, target_text


@given(_updates())
@settings(max_examples=200)
def test_an_update_settles_and_breaks_no_token(texts: tuple[str, str, str]) -> None:
    old, new, target = texts
    assume(_closed(old) and _closed(new) and _closed(target))
    draft = _draft(old, new, target, "zh")
    assert draft == _draft(old, new, target, "zh"), "same input, same draft"
    assert draft.characters_sent <= draft.characters_changed
    _assert_tokens_survive(draft)
    assert _draft(new, new, draft.text, "zh").text == draft.text, "a second run changes nothing"
    ends = Counter(draft.text.replace("\r\n", "\r"))
    assert not (ends["\n"] and ends["\r"]), "one kind of line end"


# A book of sentences that no two places share, each with a formula of its own, and its translation.
def _sentence(number: int) -> str:
    return f"The cup of number {number} holds $c_{{{number}}}$ grams of tea at noon."


def _translated(number: int) -> str:
    return f"{number} 号杯子在中午装有 $c_{{{number}}}$ 克的茶。"


PARAGRAPHS = st.lists(st.lists(st.integers(1, 400), min_size=1, max_size=3), min_size=3, max_size=8).filter(
    lambda paragraphs: max(Counter(number for one in paragraphs for number in one).values()) == 1
)


def _english(paragraphs: Sequence[Sequence[int]]) -> str:
    return "\n\n".join(" ".join(_sentence(number) for number in one) for one in paragraphs) + "\n"


def _chinese(paragraphs: Sequence[Sequence[int]]) -> str:
    return "\n\n".join("".join(_translated(number) for number in one) for one in paragraphs) + "\n"


@given(PARAGRAPHS, st.data())
def test_a_deleted_paragraph_goes_and_the_rest_stays(paragraphs: list[list[int]], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(paragraphs) - 1))
    left = paragraphs[:at] + paragraphs[at + 1 :]
    draft = _draft(_english(paragraphs), _english(left), _chinese(paragraphs), "zh")
    assert draft.text == _chinese(left)
    assert draft.characters_sent == 0


@given(PARAGRAPHS, st.data())
def test_a_moved_paragraph_takes_its_translation_along(paragraphs: list[list[int]], data: st.DataObject) -> None:
    order = data.draw(st.permutations(paragraphs))
    draft = _draft(_english(paragraphs), _english(order), _chinese(paragraphs), "zh")
    assert draft.text == _chinese(order)
    assert draft.characters_sent == 0


@given(PARAGRAPHS, st.data())
def test_a_new_sentence_costs_its_own_characters_and_moves_no_other(
    paragraphs: list[list[int]], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(paragraphs) - 1))
    grown = [[*one, 777] if number == at else one for number, one in enumerate(paragraphs)]
    draft = _draft(_english(paragraphs), _english(grown), _chinese(paragraphs), "zh")
    assert draft.characters_sent == draft.characters_changed == len(_sentence(777))
    for one in paragraphs:
        for number in one:
            assert _translated(number) in draft.text


@given(PARAGRAPHS, st.data())
def test_a_translators_own_note_stays(paragraphs: list[list[int]], data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(paragraphs) - 1))
    gone = data.draw(st.integers(0, len(paragraphs) - 1))
    blocks = _chinese(paragraphs).rstrip("\n").split("\n\n")
    target = "\n\n".join([*blocks[:at], NOTE, *blocks[at:]]) + "\n"
    left = paragraphs[:gone] + paragraphs[gone + 1 :]
    draft = _draft(_english(paragraphs), _english(left), target, "zh")
    expected = [block for number, block in enumerate(blocks) if number != gone]
    drafted = draft.text.rstrip("\n").split("\n\n")
    assert NOTE in drafted
    assert [block for block in drafted if block != NOTE] == expected


class _Mangler:
    """An engine that breaks protected tokens in the way asked for."""

    name = "mangler"
    pause = 0.0

    def __init__(self, mangle: Callable[[str], str | None]) -> None:
        self._mangle = mangle

    def submit(self, job: Job) -> Handle:
        return dump_job(job)

    def poll(self, handle: Handle) -> Answers:
        requests = load_job(handle).requests
        return Answers({request.id: Translation(request.id, self._mangle(request.source)) for request in requests})

    def estimate(self, job: Job) -> None:
        """It is free."""

    def finish(self, handle: Handle) -> None:
        """It keeps nothing."""


MANGLERS: dict[str, Callable[[str], str | None]] = {
    "drops all": lambda _: "什么都没有。",
    "doubles": lambda source: source + source,
    "breaks formulas": lambda source: source.replace("$", "＄"),
    "adds": lambda source: source + " `rm -rf`",
    "empty": lambda _: "",
    "nothing": lambda _: None,
    "new blocks": lambda source: f"{source}\n\n# Owned\n\n```\n{source}",
    "echo": lambda source: source,
}


@given(FILES, FILES, st.sampled_from(sorted(MANGLERS)))
@settings(max_examples=150)
def test_no_engine_can_break_a_protected_token(old: str, new: str, way: str) -> None:
    assume(_closed(old) and _closed(new))
    draft = draft_section(old, new, old, "zh", _Mangler(MANGLERS[way]))
    _assert_tokens_survive(draft)
    assert way != "new blocks" or "# Owned" not in draft.text.splitlines()


def _closed(text: str) -> bool:
    try:
        check_closed(parse(text), "generated")
    except SectionError:
        return False
    return True


def _assert_tokens_survive(draft: Draft) -> None:
    for result in draft.results:
        machine = result.operation in {Operation.PATCHED, Operation.TRANSLATED} and not result.waiting
        if machine and result.kind in TRANSLATABLE:
            drafted, source = (
                Counter(token.text for token in tokens(text or "")) for text in (result.draft, result.new_source)
            )
            assert drafted == source, result


UNITS = [TranslationUnit(_sentence(number), _translated(number)) for number in range(500, 520)]


def _draft(old: str, new: str, target: str, language: str) -> Draft:
    return draft_section(old, new, target, language, create("memory", Knowledge(tuple(UNITS)), {}))


def _draft_or_refusal(old: str, new: str, target: str, language: str) -> Draft | str:
    try:
        return _draft(old, new, target, language)
    except SectionError as error:
        return str(error)
