"""The record comes back as it was written; one that somebody else wrote does no harm."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.records import Record, RecordError, Waiting, dump, is_own, load
from sync.model import AmtsError, Cost
from tests.bot.samples import ENGLISH, PROPOSAL, RECORD, STALE, proposal_of, section_of

FULL = replace(
    RECORD,
    paused=True,
    dashboard=True,
    last={"amts/sync": 11},
    proposals={
        "amts/sync": replace(PROPOSAL, number=None, cost=Cost(10, 12, 0.5), after=11, closing="done"),
        "amts/sync-b": proposal_of({"b.md": replace(section_of(STALE), moved_from="old/b.md")}, "amts/sync-b", 3),
    },
    shelved={"amts/sync-c": proposal_of({"c.md": section_of(ENGLISH)}, "amts/sync-c", None)},
)


@pytest.mark.parametrize("record", [Record(), RECORD, FULL], ids=["empty", "small", "full"])
def test_a_record_comes_back_as_it_was_written(record: Record) -> None:
    data = dump(record)
    assert load(data) == record
    assert dump(load(data)) == data
    assert data.endswith(b"\n")


def test_the_same_record_is_the_same_bytes_in_any_order() -> None:
    turned = replace(FULL, proposals=dict(reversed(list(FULL.proposals.items()))))
    assert dump(turned) == dump(FULL)


def fields() -> dict[str, Any]:
    found = json.loads(dump(FULL))
    assert isinstance(found, dict)
    return found


def _proposal(found: dict[str, Any]) -> dict[str, Any]:
    proposal = found["proposals"]["amts/sync-b"]
    assert isinstance(proposal, dict)
    return proposal


def _rename(found: dict[str, Any], branch: str) -> None:
    found["proposals"] = {branch: {**_proposal(found), "branch": branch}}


DAMAGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "another version": lambda found: found.update(version=2),
    "a key is missing": lambda found: found.pop("declined"),
    "a list for a mapping": lambda found: found.update(declined=["a.md"]),
    "a number for a path": lambda found: found.update(declined={"a.md": 1}),
    "a text for a truth": lambda found: found.update(paused="no"),
    "a branch of people": lambda found: _rename(found, "main"),
    "a branch that begins alike": lambda found: _rename(found, "amts/synchrotron"),
    "a branch under another name": lambda found: _proposal(found).update(branch="amts/sync-x"),
    "a ref for a commit": lambda found: _proposal(found).update(commit="refs/heads/main"),
    "an option for a commit": lambda found: _proposal(found).update(target="--exec=x"),
    "a state that is none": lambda found: _proposal(found)["sections"]["b.md"].update(state="odd"),
    "results that are none": lambda found: _proposal(found)["sections"]["b.md"].update(results=[{"id": 1}]),
    "two figures for three": lambda found: _proposal(found)["sections"]["b.md"].update(characters=[1, 2]),
    "a shelved one that is none": lambda found: found.update(shelved={"amts/sync": {}}),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_is_refused_in_one_line(damage: str) -> None:
    found = fields()
    DAMAGES[damage](found)
    with pytest.raises(AmtsError) as caught:
        load(json.dumps(found).encode())
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b"null", b"7", b"{" * 50_000, b'{"version": 1}', b'"x"'])
def test_what_is_no_record_at_all_is_refused(data: bytes) -> None:
    with pytest.raises(RecordError, match="refs/amts/state"):
        load(data)


@given(st.data())
def test_a_value_that_was_changed_is_refused_or_read(data: st.DataObject) -> None:
    found = fields()
    place: Any = found
    while isinstance(place, dict | list) and place:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            before = copy.deepcopy(place[key])
            place[key] = data.draw(st.sampled_from([None, -1, 10**30, True, "x", [], {}, [[]], {"a": 1}, before]))
            break
        place = place[key]
    try:
        record = load(json.dumps(found).encode())
    except AmtsError:
        return
    assert isinstance(record, Record)
    assert all(map(is_own, record.proposals))


def test_a_new_proposal_takes_the_place_of_a_shelved_one_on_its_branch() -> None:
    shelved = proposal_of({}, "amts/sync-c")
    record = Record(shelved={"amts/sync-c": shelved, "amts/sync-d": replace(shelved, branch="amts/sync-d")})
    made = record.with_proposal(shelved)
    assert set(made.shelved) == {"amts/sync-d"}
    assert made.without("amts/sync-c") == replace(record, shelved=made.shelved)


def test_only_branches_of_the_bot_are_its_own() -> None:
    assert [name for name in ("amts/sync", "amts/sync-a", "amts/sync-", "amts/synca", "main", "amts") if is_own(name)] == [
        "amts/sync", "amts/sync-a", "amts/sync-",
    ]  # fmt: skip


def test_segments_to_review_are_counted() -> None:
    assert PROPOSAL.segments == 5
    assert Waiting("a", 1, 2).segments == 2
