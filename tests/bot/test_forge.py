"""GitHub's limits are waits of the right length, and its odd answers are errors of ours, without a secret."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import requests
import responses

from bot.annotations import Annotation, Check
from bot.forge import Forge, ForgeError, Later, NotFound
from bot.login import App, with_token
from bot.sandbox.github import GitHubSandbox
from bot.service import Server
from sync.model import AmtsError
from tests.bot.github import UPSTREAM, WRITER, ZH, Bot, Unkept

API = "https://api.example.org"
SECRET = "ghp_51f0c7a90b"  # noqa: S105 - of nobody

CALLS: dict[str, Callable[[Forge], object]] = {
    "place": lambda forge: forge.place(),
    "has": lambda forge: forge.has("index.md"),
    "permission": lambda forge: forge.permission("wei"),
    "pull_request": lambda forge: forge.pull_request(1),
    "newest_pull_request": lambda forge: forge.newest_pull_request("amts/sync", "main"),
    "open": lambda forge: forge.open("amts/sync", "main", "Title", "Text", False),
    "edit": lambda forge: forge.edit(1, "Title", "Text"),
    "label": lambda forge: forge.label(1, ["translation"]),
    "request_reviews": lambda forge: forge.request_reviews(1, ["wei"]),
    "close": lambda forge: forge.close(1),
    "comment": lambda forge: forge.comment(1, "key", "Text"),
    "react": lambda forge: forge.react(1, 2, "eyes"),
    "issues": lambda forge: forge.issues(),
    "open_issue": lambda forge: forge.open_issue("<!-- mark -->", "Title", "Text"),
    "check": lambda forge: forge.check("a" * 40, "key", Check("neutral", "Title", "Summary", ())),
}
JSON = "application/json"
LATER: dict[str, dict[str, Any]] = {
    "a page of 502": {"status": 502, "body": "<html>Bad gateway</html>"},
    "503": {"status": 503, "json": {"message": "no server is available"}},
    "JSON cut short": {"body": '{"default_branch": "ma', "content_type": JSON},
    "a page of a proxy": {"body": "<html>Log in</html>", "content_type": "text/html"},
    "a list of numbers": {"body": "[1]", "content_type": JSON},
    "wrong types": {"json": {"default_branch": 7, "number": "x", "title": 3, "state": [], "permission": 1, "id": "x"}},
    "a connection that is reset": {"body": requests.ConnectionError(f"reset by peer: {SECRET}")},
    "a timeout": {"body": requests.Timeout("read timed out")},
    "a body that ends early": {"body": requests.exceptions.ChunkedEncodingError("incomplete read")},
}
# What answers nothing that is used is taken for done, if its status is.
UNREAD = {"edit", "label", "request_reviews", "close", "react"}


@pytest.fixture
def github() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def forge(github: responses.RequestsMock) -> Forge:
    github.post(at("/graphql"), json={"data": {"viewer": {"login": "amts[bot]"}}})
    found = with_token(Server(API, 0), SECRET)("tea/zh")
    github.reset()
    return found


def at(path: str) -> re.Pattern[str]:
    """An address of the API, with whatever stands behind it."""
    return re.compile(rf"{re.escape(API)}(:443)?{path}")


def serve(github: responses.RequestsMock, **answer: Any) -> None:
    """Answer every request like this."""
    for method in ("GET", "POST", "PATCH", "PUT"):
        github.add(method, re.compile(re.escape(API)), **answer)


def fault(act: Callable[[], object]) -> AmtsError:
    with pytest.raises(AmtsError) as caught:
        act()
    said = str(caught.value)
    assert SECRET not in said
    assert API not in said
    assert "\n" not in said
    assert len(said) < 500
    return caught.value


# -- odd answers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", LATER)
def test_an_answer_that_cannot_be_used_is_asked_for_again_later(
    github: responses.RequestsMock, forge: Forge, answer: str
) -> None:
    serve(github, **LATER[answer])
    is_done = "status" not in LATER[answer] and not isinstance(LATER[answer].get("body"), Exception)
    for call in sorted(CALLS.keys() - UNREAD if is_done else CALLS):
        error = fault(partial(CALLS[call], forge))
        assert isinstance(error, Later), call
        assert 30 <= error.seconds <= 60


REFUSED: list[tuple[int, object, type[AmtsError], str]] = [
    (401, {"message": "Bad credentials"}, ForgeError, "does not accept the credentials: check the App's key, or the token"),
    (404, {"message": "Not Found"}, NotFound, "check the App's permissions"),
    (403, {"message": "Resource not accessible by integration"}, ForgeError, "refuses (403): Resource not accessible"),
    (422, {"message": "Validation Failed", "errors": [{"code": "custom", "message": "body is too long"}]},
     ForgeError, "refuses (422): Validation Failed: body is too long"),
    (422, {"message": "Validation Failed", "errors": ["Could not resolve to a node"]},
     ForgeError, "refuses (422): Validation Failed: Could not resolve to a node"),
    (422, {"message": "a\n\n" + "b" * 9_000, "errors": 3}, ForgeError, "refuses (422): a b"),
    (410, {}, ForgeError, "refuses (410): no reason"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind", "said"), REFUSED)
def test_what_is_refused_for_good_is_said_in_one_line(
    github: responses.RequestsMock, forge: Forge, status: int, body: object, kind: type[AmtsError], said: str
) -> None:
    serve(github, status=status, json=body)
    for call in sorted(CALLS.keys() - ({"permission", "has"} if status == 404 else set())):
        error = fault(partial(CALLS[call], forge))
        assert type(error) is kind, call
        assert said in str(error)


def test_who_is_not_known_may_do_nothing(github: responses.RequestsMock, forge: Forge) -> None:
    serve(github, status=404, json={"message": "Not Found"})
    assert forge.permission("nobody") == "none"


def test_what_is_not_there_is_no_file_and_no_folder_is_one(github: responses.RequestsMock, forge: Forge) -> None:
    github.get(at("/repos/tea/zh/contents/gone.md"), status=404, json={"message": "Not Found"})
    github.get(at("/repos/tea/zh/contents/folder"), json=[{"type": "file", "name": "a.md"}])
    assert [forge.has("gone.md"), forge.has("folder")] == [False, False]


NO_DRAFTS = {"message": "Draft pull requests are not supported in this repository."}
ACCOUNT = {"login": "amts[bot]"}
OPENED = {"number": 7, "state": "open", "title": "T", "body": "B", "merged_at": None, "user": ACCOUNT,
          "head": {"ref": "amts/sync", "sha": "a" * 40}, "base": {"ref": "main"}}  # fmt: skip


def test_where_there_are_no_drafts_an_ordinary_pull_request_is_opened(
    github: responses.RequestsMock, forge: Forge, caplog: pytest.LogCaptureFixture
) -> None:
    github.get(at("/repos/tea/zh/pulls"), json=[])
    github.post(at("/repos/tea/zh/pulls"), status=422, json=NO_DRAFTS)
    github.post(at("/repos/tea/zh/pulls"), status=201, json=OPENED)
    with caplog.at_level(logging.WARNING):
        assert forge.open("amts/sync", "main", "T", "B", True).number == 7
    asked = [json.loads(call.request.body or "{}") for call in github.calls if call.request.method == "POST"]
    assert [body["draft"] for body in asked] == [True, False]
    assert "tea/zh has no draft pull requests" in caplog.text


def test_whatever_else_is_wrong_with_a_draft_is_refused(github: responses.RequestsMock, forge: Forge) -> None:
    github.get(at("/repos/tea/zh/pulls"), json=[])
    github.post(at("/repos/tea/zh/pulls"), status=422, json={"message": "Validation Failed", "errors": ["too long"]})
    assert "refuses (422)" in str(fault(lambda: forge.open("amts/sync", "main", "T", "B", True)))
    assert len([call for call in github.calls if call.request.method == "POST"]) == 1


def test_a_key_that_is_none_is_named_and_not_shown() -> None:
    error = fault(lambda: App(Server(API, 0), 1, f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----"))
    assert "the private key of the GitHub App cannot be read" in str(error)


# -- limits -------------------------------------------------------------------------------------------------------

SECONDARY = {"message": "You have exceeded a secondary rate limit."}


@pytest.mark.parametrize(
    ("status", "headers", "body", "least"),
    [
        (
            403,
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "{now+90}"},
            {"message": "API rate limit exceeded"},
            90,
        ),
        (429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "{now+90}"}, {}, 90),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "{now-90}"}, {}, 1),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "{now+999999}"}, {}, 3 * 3600),
        (403, {"Retry-After": "17", "x-ratelimit-remaining": "4000"}, SECONDARY, 17),
        (429, {"Retry-After": "17"}, SECONDARY, 17),
        (403, {"Retry-After": "99999999"}, SECONDARY, 3 * 3600),
        (403, {"x-ratelimit-remaining": "4000"}, SECONDARY, 60),
        (403, {"Retry-After": "-5"}, SECONDARY, 60),
        (429, {}, {}, 60),
    ],
)
def test_a_limit_says_how_long_to_wait(
    github: responses.RequestsMock, forge: Forge, status: int, headers: dict[str, str], body: object, least: float
) -> None:
    now = int(time.time())
    written = {
        name: re.sub(r"\{now([+-]\d+)\}", lambda found: str(now + int(found[1])), text)
        for name, text in headers.items()
    }
    serve(github, status=status, headers=written, json=body)
    error = fault(forge.place)
    assert isinstance(error, Later)
    assert least - 1 <= error.seconds <= least + 10  # a busy machine: the clock went on


def test_while_told_to_wait_nobody_calls(github: responses.RequestsMock, forge: Forge) -> None:
    serve(github, status=403, headers={"Retry-After": "3"}, json=SECONDARY)
    fault(forge.place)
    before = len(github.calls)
    error = fault(lambda: forge.issues())
    assert isinstance(error, Later)
    assert 0 < error.seconds <= 4
    assert len(github.calls) == before
    time.sleep(3.01)
    fault(forge.place)
    assert len(github.calls) == before + 1


class Patient(Unkept):
    """A keeper that waits as long as it is told."""

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        time.sleep(seconds)


@pytest.mark.parametrize(
    "limit",
    [
        lambda github, left: github.primary_limit(left, 2.0),
        lambda github, left: github.secondary_limit(1, 1) if left == 0 else github.secondary_limit(2, 1, 429),
    ],
    ids=["primary", "secondary"],
)
def test_an_update_waits_as_github_says_and_comes_to_its_end(
    bot: Bot, limit: Callable[[GitHubSandbox, int], None]
) -> None:
    bot.keeper = Patient()
    bot.replace("index.md", "2 cups", "5 cups")
    limit(bot.github, 0)
    bot.keeper.before = lambda stage: (
        limit(bot.github, 1) if stage == "publish" and len(bot.keeper.slept) == 1 else None
    )
    assert bot.update() == "amts/sync: #1"
    assert bot.github.hammered == 0
    assert len(bot.keeper.slept) >= 2
    assert len(bot.pulls()) == 1


def test_a_check_run_that_was_cut_short_is_completed_with_every_remark_once(bot: Bot) -> None:
    forge = bot.world.connect(ZH)
    head = bot.github.branches(ZH)["main"]
    remarks = tuple(Annotation("index.md", line, line, "warning", "Title", f"Line {line}") for line in range(1, 121))
    check = Check("neutral", "Title", "Summary", remarks)
    bot.github.primary_limit(4, 1.0)
    with pytest.raises(Later) as caught:
        forge.check(head, "key", check)
    assert [run.status for run in bot.github.check_runs(ZH, head)] == ["in_progress"]
    time.sleep(caught.value.seconds)
    for _ in range(2):
        forge.check(head, "key", check)
    (run,) = bot.github.check_runs(ZH, head)
    assert (run.status, run.conclusion) == ("completed", "neutral")
    assert [first for _, first, *_ in run.annotations] == list(range(1, 121))


def test_whose_a_token_is_is_asked_of_github(bot: Bot) -> None:
    server = Server(bot.github.api_url, 0)
    for token, login in (
        (bot.github.user_token(WRITER), WRITER),
        (bot.github.job_token(ZH), "github-actions[bot]"),
        (bot.world.connect(ZH).token(), "amts[bot]"),
    ):
        assert with_token(server, token)(ZH).login == login
    error = fault(lambda: with_token(server, SECRET))
    assert "the account that the token belongs to: GitHub does not accept the credentials" in str(error)


def test_a_key_of_another_app_is_refused(bot: Bot) -> None:
    error = fault(lambda: App(Server(bot.github.api_url, 0), bot.github.app_id + 1, bot.github.private_key).login)
    assert "does not accept the credentials" in str(error)


def test_an_app_that_is_not_there_is_named(github: responses.RequestsMock, bot: Bot) -> None:
    github.get(at("/app"), status=404, json={"message": "Integration not found"})
    error = fault(lambda: App(Server(API, 0), 1, bot.github.private_key).login)
    assert str(error) == "GitHub knows no App with this number: check AMTS_APP_ID"


def test_a_file_is_known_without_a_clone(bot: Bot) -> None:
    forge = bot.world.connect(ZH)
    found = [forge.has(path) for path in (".github/amts.yml", "index.md", "gone.md", "chapter_measuring")]
    assert found == [True, True, False, False]


def test_repositories_are_those_of_every_installation_that_is_not_suspended(bot: Bot) -> None:
    bot.github.add_repository("milk/fr")
    bot.github.install("milk/fr")
    app = App(Server(bot.github.api_url, 0), bot.github.app_id, bot.github.private_key)
    assert app.login == "amts[bot]"
    assert app.repositories() == ["milk/fr", ZH]
    bot.github.suspend("milk")
    assert app.repositories() == [ZH]
    with pytest.raises(NotFound):
        app.forge(UPSTREAM)


def test_what_is_said_once_is_not_said_twice_and_may_be_corrected(bot: Bot) -> None:
    forge = bot.world.connect(ZH)
    number = bot.github.open_issue(ZH, "Question", "", WRITER)
    bot.github.comment(ZH, number, "<!-- amts:comment a -->", WRITER)  # a person who writes like the bot
    for text in ("One.", "One.", "Two."):
        forge.comment(number, "a", text)
    forge.comment(number, "b", "Three.")
    assert [one.body.partition("\n")[0] for one in bot.comments(number)] == ["Two.", "Three."]
