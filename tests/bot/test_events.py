"""What webhooks tell: the few fields that are used, checked; and what is no event at all."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.events import (
    Comment,
    Event,
    InstallationChanged,
    IssueEdited,
    Ping,
    PullRequestChanged,
    Push,
    dump,
    load,
    read_event,
)
from bot.payload import EventError, parse_json
from tests.bot import payloads
from tests.bot.payloads import NOUGHTS, OWN, SEEDS, SHA, Payload


def read(name: str, payload: object) -> Event | None:
    return read_event(name, payload, OWN)


WANTED: tuple[tuple[str, Payload, Event], ...] = (
    ("push", payloads.push(), Push("open-book/book", "main", SHA, False, "mina")),
    ("push", payloads.push(forced=True, created=True), Push("open-book/book", "main", SHA, True, "mina")),
    ("push", payloads.push(sender="mergify[bot]"), Push("open-book/book", "main", SHA, False, "mergify[bot]")),
    ("push", payloads.push(sender="amts"), Push("open-book/book", "main", SHA, False, "amts")),
    ("push", payloads.push() | {"sender": None}, Push("open-book/book", "main", SHA, False, None)),
    (
        "issue_comment",
        payloads.comment("Thanks!\r\n\r\n/AMTS status"),
        Comment("open-book/book-ko", 7, 99262140, "mina", "Thanks!\r\n\r\n/AMTS status", True),
    ),
    (
        "pull_request",
        payloads.pull_request(),
        PullRequestChanged("open-book/book-ko", 7, "closed", "amts/sync", True, "mina", False),
    ),
    (
        "pull_request",
        payloads.pull_request("synchronize", "amts/sync-chapter_one", sender="ci[bot]", merged=False),
        PullRequestChanged("open-book/book-ko", 7, "synchronize", "amts/sync-chapter_one", False, "ci[bot]", True),
    ),
    (
        "pull_request",
        payloads.pull_request("reopened", merged=False),
        PullRequestChanged("open-book/book-ko", 7, "reopened", "amts/sync", False, "mina", False),
    ),
    ("issues", payloads.issues(), IssueEdited("open-book/book-ko", 7, "- [x] one", "mina", False)),
    ("issues", payloads.issues("closed"), IssueEdited("open-book/book-ko", 7, "- [x] one", "mina", False)),
    ("issues", payloads.issues("reopened", body=None), IssueEdited("open-book/book-ko", 7, "", "mina", False)),
    ("installation", payloads.installation(), InstallationChanged(4711, ("open-book/book", "open-book/book-ko"), ())),
    (
        "installation",
        payloads.installation("suspend"),
        InstallationChanged(4711, (), ("open-book/book", "open-book/book-ko")),
    ),
    ("installation", payloads.installation("new_permissions_accepted"), InstallationChanged(4711, (), ())),
    (
        "installation_repositories",
        payloads.installation_repositories(),
        InstallationChanged(4711, ("open-book/book-vi",), ()),
    ),
    (
        "installation_repositories",
        payloads.installation_repositories("removed"),
        InstallationChanged(4711, (), ("open-book/book-vi",)),
    ),
    ("ping", payloads.ping(), Ping()),
)


@pytest.mark.parametrize(("name", "payload", "wanted"), WANTED)
def test_what_is_acted_on(name: str, payload: Payload, wanted: Event) -> None:
    assert read(name, payload) == wanted


@pytest.mark.parametrize(("action", "adds"), [("created", 2), ("unsuspend", 2), ("deleted", 0), ("suspend", 0)])
def test_what_an_installation_adds_and_removes(action: str, adds: int) -> None:
    found = read("installation", payloads.installation(action))
    assert isinstance(found, InstallationChanged)
    assert (len(found.added), len(found.removed)) == (adds, 2 - adds)


def test_an_installation_need_not_list_its_repositories() -> None:
    payload = payloads.installation("unsuspend")
    del payload["repositories"]
    assert read("installation", payload) == InstallationChanged(4711, (), ())


IGNORED: tuple[tuple[str, object], ...] = (
    ("push", payloads.push("refs/heads/other")),
    ("push", payloads.push("refs/heads/main/other")),
    ("push", payloads.push("refs/tags/main")),
    ("push", payloads.push("refs/heads/amts/sync")),
    ("push", payloads.push("refs/amts/state")),
    ("push", payloads.push(deleted=True, after=NOUGHTS)),
    ("push", payloads.push(sender=OWN)),
    ("push", payloads.push(sender="AMTS[bot]")),
    ("issue_comment", payloads.comment("Nothing for the machine")),
    ("issue_comment", payloads.comment(action="edited")),
    ("issue_comment", payloads.comment(action="deleted")),
    ("issue_comment", payloads.comment(author=OWN)),
    ("issue_comment", payloads.comment(author="helper[bot]")),
    ("pull_request", payloads.pull_request("opened")),
    ("pull_request", payloads.pull_request("labeled")),
    ("pull_request", payloads.pull_request(branch="amts/synchronous")),
    ("pull_request", payloads.pull_request(branch="fix-typo")),
    ("pull_request", payloads.pull_request(head="mina/book-ko")),
    ("pull_request", payloads.pull_request(head=None)),
    ("pull_request", payloads.pull_request(sender=OWN)),
    ("issues", payloads.issues("labeled")),
    ("issues", payloads.issues("opened")),
    ("issues", payloads.issues(author="mina")),
    ("issues", payloads.issues(sender=OWN)),
    ("installation", payloads.installation("renamed")),
    ("installation_repositories", payloads.installation_repositories("moved")),
    ("star", {"action": "created"}),
    ("watch", []),
)


@pytest.mark.parametrize(("name", "payload"), IGNORED)
def test_what_is_not_acted_on(name: str, payload: object) -> None:
    assert read(name, payload) is None


def test_a_comment_of_an_app_that_only_its_type_tells() -> None:
    payload = payloads.comment(author="Copilot")
    assert read("issue_comment", payload) is not None
    payload["comment"]["user"]["type"] = "Bot"
    assert read("issue_comment", payload) is None


def test_a_comment_of_an_account_that_is_gone() -> None:
    payload = payloads.comment()
    payload["comment"]["user"] = None
    assert read("issue_comment", payload) is None


def test_a_comment_on_an_issue() -> None:
    payload = payloads.comment()
    del payload["issue"]["pull_request"]
    found = read("issue_comment", payload)
    assert isinstance(found, Comment)
    assert not found.on_pull_request


# Where a field is, and what may not stand there. `...`: the field is missing.
WRONG: tuple[tuple[str, Payload, str, tuple[object, ...]], ...] = (
    ("push", payloads.push(), "ref", (..., None, 7, "", "refs/heads/", "refs/heads/a b", "refs/heads/a..b", "a" * 256)),
    ("push", payloads.push(), "ref", ("refs/heads/x.lock", "refs/heads/.x", "a@{1}", "a//b", "a\n", "a\\b", "a\ud800")),
    ("push", payloads.push(), "after", (..., None, SHA[:39], SHA + "0", SHA.upper(), "g" * 40, int("1" * 40), [SHA])),
    ("push", payloads.push(), "deleted", (..., None, 0, "false")),
    ("push", payloads.push(), "forced", (..., None, 1, "true")),
    ("push", payloads.push(), "repository", (..., None, [], "open-book/book")),
    (
        "push",
        payloads.push(),
        "repository.full_name",
        (..., None, "book", "a/b/c", "a/..", "-a/b", "a/b\n", "a/b c", "é/b"),
    ),
    (
        "push",
        payloads.push(),
        "repository.full_name",
        ("a/" + "b" * 101, "a" * 101 + "/b", "../etc/passwd", 5, ["a/b"]),
    ),
    ("push", payloads.push(), "repository.default_branch", (..., None, "--upload-pack=x", "a b", "", 5)),
    ("push", payloads.push(), "sender", ([], "mina", 5)),
    ("push", payloads.push(), "sender.login", (..., None, "", "a b", "a" * 101, "x[robot]", "mina\n", 5)),
    ("push", payloads.push(), "sender.type", ("", "no word", 5, {})),
    ("issue_comment", payloads.comment(), "action", (..., None, 5, "", "created ", "c" * 65)),
    ("issue_comment", payloads.comment(), "issue", (..., None, [])),
    ("issue_comment", payloads.comment(), "issue.number", (..., None, 0, -1, True, 1.0, "7", 2**63)),
    ("issue_comment", payloads.comment(), "comment.id", (..., None, 0, False, "7", 10**400)),
    (
        "issue_comment",
        payloads.comment(),
        "comment.body",
        (5, [], "/amts \ud800", "/amts \x00", "/amts" + " " * 262_144),
    ),
    ("issue_comment", payloads.comment(), "comment.user", ([], 5)),
    ("pull_request", payloads.pull_request(), "sender", (..., None, [])),
    ("pull_request", payloads.pull_request(), "pull_request.number", (..., None, 0, "7")),
    ("pull_request", payloads.pull_request(), "pull_request.merged", (0, "no")),
    ("pull_request", payloads.pull_request(), "pull_request.head", (..., None, [])),
    ("pull_request", payloads.pull_request(), "pull_request.head.ref", (..., None, "", "a b", 5)),
    ("pull_request", payloads.pull_request(), "pull_request.head.repo", ([], "a/b")),
    ("pull_request", payloads.pull_request(), "pull_request.head.repo.full_name", (..., None, "b")),
    ("issues", payloads.issues(), "sender", (..., None)),
    ("issues", payloads.issues(), "issue.body", (5, ["- [x]"], "\ud800")),
    ("installation", payloads.installation(), "installation", (..., None, 4711)),
    ("installation", payloads.installation(), "installation.id", (..., None, 0, "4711")),
    ("installation", payloads.installation(), "repositories", (None, {}, ["a/b"], [{"full_name": "b"}], [None])),
    ("installation", payloads.installation(), "repositories", ([{"full_name": "a/b"}] * 10_001,)),
    ("installation_repositories", payloads.installation_repositories(), "repositories_added", (None, "a/b", [{}])),
    ("installation_repositories", payloads.installation_repositories(), "repositories_removed", (None, "a/b", [[]])),
)


def wrong() -> Iterator[tuple[str, Payload, str, object]]:
    for name, payload, path, values in WRONG:
        for value in values:
            yield name, payload, path, value


@pytest.mark.parametrize(("name", "payload", "path", "value"), list(wrong()))
def test_what_github_never_sends_is_refused(name: str, payload: Payload, path: str, value: object) -> None:
    assert read(name, payload) is not None
    changed = copy.deepcopy(payload)
    *above, key = path.split(".")
    holder = changed
    for step in above:
        holder = holder[step]
    if value is ...:
        del holder[key]
    else:
        holder[key] = value
    with pytest.raises(EventError, match=r": send what GitHub sends$") as error:
        read(name, changed)
    assert len(str(error.value)) < 200
    assert path.split(".")[0] in str(error.value)


@pytest.mark.parametrize("payload", [None, [], "push", 5, True])
@pytest.mark.parametrize("name", ["push", "ping", "issues"])
def test_a_payload_is_an_object(name: str, payload: object) -> None:
    with pytest.raises(EventError, match="the payload is not an object"):
        read(name, payload)


@pytest.mark.parametrize(("name", "payload", "wanted"), WANTED)
def test_events_can_be_stored_as_json(name: str, payload: Payload, wanted: Event) -> None:
    stored = dump(wanted)
    assert json.loads(json.dumps(stored)) == stored
    assert load(json.loads(json.dumps(stored))) == wanted
    assert load(stored) == wanted


@pytest.mark.parametrize(
    "spoil",
    [
        lambda stored: stored.pop("event"),
        lambda stored: stored.update(event="Pull"),
        lambda stored: stored.update(event=["Push"]),
        lambda stored: stored.pop("after"),
        lambda stored: stored.update(more=1),
    ],
)
def test_a_stored_event_of_another_version_is_refused(spoil: Callable[[dict[str, object]], object]) -> None:
    stored = dump(Push("open-book/book", "main", SHA, False, "mina"))
    spoil(stored)
    with pytest.raises(EventError, match="another version"):
        load(stored)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["a/b", "created", SHA]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


@settings(deadline=None)
@given(st.data(), st.sampled_from(SEEDS), JSON)
def test_anything_anywhere_is_read_ignored_or_refused(
    data: st.DataObject, seed: tuple[str, Payload], value: object
) -> None:
    name, payload = seed
    changed: object = copy.deepcopy(payload)
    *above, key = data.draw(st.sampled_from(list(places(payload))[1:]))
    holder: object = changed
    for step in above:
        holder = holder[step]  # type: ignore[index]
    holder[key] = value  # type: ignore[index]
    with suppress(EventError):  # nothing else is raised
        event = read(name, changed)
        assert event is None or load(json.loads(json.dumps(dump(event)))) == event


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"{}{}",
        b"payload=%7B%7D",
        b'{"a": 1, "a": 2}',
        b'{"a": [{"b": 1, "b": 1}]}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 5_000 + b"}",
        b'{"a": "\x80"}',
        '{"a": "ä"}'.encode("latin-1"),
        '{"a": 1}'.encode("utf-16"),
        '{"a": 1}'.encode("utf-8-sig"),
        b'{"a": "\xed\xa0\x80"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a": "\n"}',
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(EventError, match="not JSON"):
        parse_json(body)


@settings(deadline=None)
@given(JSON.filter(lambda value: "NaN" not in (text := json.dumps(value)) and "Infinity" not in text))
def test_json_is_read_as_it_was_written(value: object) -> None:
    assert parse_json(json.dumps(value, ensure_ascii=True).encode()) == value
