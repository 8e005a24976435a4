"""The three-way merge of a sequence: old source, new source, translation."""

from __future__ import annotations

import pytest

from sync.align import Link
from sync.diff import Match
from sync.merge import Added, Place, arrange, closures, rivals


def _match(old: str, new: str, *, equal: bool = True, moved: bool = False) -> Match:
    return Match(tuple(map(int, old)), tuple(map(int, new)), equal, moved)


def _link(source: str, target: str, confidence: float = 1.0) -> Link:
    return Link(tuple(map(int, source)), tuple(map(int, target)), confidence)


def _written(places: list[Place]) -> str:
    return " ".join(f"+{p.new}" if isinstance(p, Added) else str(p.target) for p in places)


# sizes of (old, new, translation), links, matches -> the merged sequence: a number stands in the translation,
# +number is new upstream
CASES = {
    "nothing changed": ((2, 2, 2), ["00", "11"], [("0", "0"), ("1", "1")], "0 1"),
    "inserted": ((2, 3, 2), ["00", "11"], [("0", "0"), ("1", "2")], "0 +1 1"),
    "inserted at the start": ((1, 2, 1), ["00"], [("0", "1")], "+0 0"),
    "removed": ((3, 2, 3), ["00", "11", "22"], [("0", "0"), ("2", "1")], "0 2"),
    "the translation's own note stays": ((2, 2, 3), ["00", "12"], [("0", "0"), ("1", "1")], "0 1 2"),
    "a note stays where its predecessor goes": ((2, 1, 3), ["00", "12"], [("1", "0")], "1 2"),
    "what is new goes behind a note": ((1, 2, 2), ["00"], [("0", "0")], "0 1 +1"),
    "the translation's order stands": ((2, 2, 2), ["01", "10"], [("0", "0"), ("1", "1")], "0 1"),
    "what the translation never had stays away": ((2, 2, 1), ["00"], [("0", "0"), ("1", "1")], "0"),
    "an empty translation": ((0, 2, 0), [], [], "+0 +1"),
}


@pytest.mark.parametrize(("sizes", "links", "matches", "expected"), CASES.values(), ids=CASES.keys())
def test_arranged(sizes: tuple[int, int, int], links: list[str], matches: list[tuple[str, str]], expected: str) -> None:
    found = closures(sizes, [_link(*pair) for pair in links], [_match(*pair) for pair in matches])
    assert _written(arrange(found)) == expected


def test_what_moved_upstream_moves() -> None:
    links = [_link("0", "0"), _link("1", "1"), _link("2", "2")]
    matches = [_match("0", "1"), _match("1", "2"), _match("2", "0", moved=True)]
    assert _written(arrange(closures((3, 3, 3), links, matches))) == "2 0 1"


def test_split_and_merged_pieces_are_one_closure() -> None:
    found = closures((3, 2, 2), [_link("01", "0"), _link("2", "1")], [_match("0", "0"), _match("12", "1", equal=False)])
    assert [(c.old, c.new, c.target, c.equal) for c in found] == [([0, 1, 2], [0, 1], [0, 1], False)]


def test_a_closure_is_equal_only_if_all_of_it_stands_unchanged() -> None:
    links = [_link("01", "0")]
    both = closures((2, 2, 1), links, [_match("0", "0"), _match("1", "1")])
    one = closures((2, 1, 1), links, [_match("0", "0")])
    assert [c.equal for c in both] == [True]
    assert [c.equal for c in one] == [False]


def test_a_closure_is_as_certain_as_its_weakest_link() -> None:
    found = closures((2, 1, 2), [_link("0", "0", 0.9), _link("1", "1", 0.3)], [_match("01", "0", equal=False)])
    assert [c.confidence for c in found] == [0.3]


def test_text_of_the_translation_alone_beside_a_removal_is_its_rival() -> None:
    found = closures((1, 0, 3), [Link((0,), (1,), 0.9)], [])
    (removed,) = [closure for closure in found if closure.removed]
    assert rivals(removed, found) == [0, 2]
