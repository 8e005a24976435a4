"""`amts demo`: the bot at work on the small book, beside a stand-in for GitHub, and what people then see."""

from __future__ import annotations

import difflib
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NoReturn, TypeVar

from rich.console import Console
from rich.markdown import Markdown
from rich.rule import Rule
from rich.syntax import Syntax
from rich.table import Table

from bot.sandbox.github import GitHubSandbox, PullRequestFacts
from bot.sandbox.repositories import LANGUAGES, NAME, build
from bot.sandbox.service import RunningService
from sync.ground import BRANCH
from sync.languages import language
from sync.model import AmtsError

# The section that is shown as a diff: it has a little of everything.
SHOWN = "chapter_measuring/thermometers.md"
REVIEWED = ("debe quedar", "tiene que quedar")  # words of a drafted sentence there, and those of its reviewer
_AUTHOR, _TRANSLATOR = "author", "translator"
_PATIENCE = 60.0  # seconds
Seen = TypeVar("Seen")


class DemoError(AmtsError):
    """The demo does not come to its end."""


def run_demo(console: Console, wait: Callable[[], None] | None = None) -> int:
    """Start a small GitHub, the bot's web process and a worker; change the English; print what people then see.

    `wait` is called at the end while all of it still runs; without it all is gone. Returns the exit code of the
    command. Raises AmtsError and OSError. At SIGTERM, too, everything that was started is ended.
    """
    with _ended_in_order(), ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="amts-demo-")))
        (folder / "books").mkdir()
        books = build(folder / "books")
        hub = running.enter_context(GitHubSandbox(folder / "github"))
        hub.add_repository(f"{NAME}/en", default_branch="main", collaborators={_AUTHOR: "admin"})
        for code, path in books.targets.items():
            hub.add_repository(f"{NAME}/{code}", path, collaborators={_TRANSLATOR: "admin"})
        hub.push(f"{NAME}/en", books.source, "main~1:refs/heads/main", _AUTHOR)
        hub.install(*(f"{NAME}/{code}" for code in ("en", *LANGUAGES)))
        console.print("Starting a small GitHub on this machine, the bot's web process, and a worker …", highlight=False)
        running.enter_context(RunningService(hub, folder / "amts", {}))
        _play(console, hub, books.source)
        if wait is not None:
            console.print(f"\nAll of it still runs: {hub.url} in a browser shows it; Ctrl-C ends it.", highlight=False)
            wait()
    return 0


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let SIGTERM end the command as an exception does; else its processes would go on without it."""

    def end(number: int, _: object) -> NoReturn:
        signal.signal(number, signal.SIG_IGN)  # once is enough
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _play(console: Console, hub: GitHubSandbox, source: Path) -> None:
    began = time.monotonic()
    hub.push(f"{NAME}/en", source, "main:refs/heads/main", _AUTHOR)
    console.print(f"{_AUTHOR} pushes a change to {NAME}/en …", highlight=False)
    pulls = {code: _until(lambda: _checked(hub, code), "a pull request") for code in LANGUAGES}  # noqa: B023 - called at once
    taken = time.monotonic() - began
    for code, pull in pulls.items():
        _show(console, hub, code, pull)
    first, second = LANGUAGES[0], LANGUAGES[-1]
    _converse(console, hub, first, pulls[first])
    _review(console, hub, second, pulls[second])
    console.print(f"{NAME}/{second}#{pulls[second].number} is merged; the translation now reads:\n", highlight=False)
    merged = (hub.file(f"{NAME}/{second}", "main", SHOWN) or b"").decode()
    beginning = merged.partition("\n## ")[0].rstrip()
    console.print(Syntax(beginning, "markdown", theme="ansi_dark", word_wrap=True))
    console.print("(and so on)")
    console.print(Rule("In total"))
    console.print(_totals(hub))
    console.print(f"\nFrom the push to both pull requests, with their checks: {taken:.1f} s.", highlight=False)


def _checked(hub: GitHubSandbox, code: str) -> PullRequestFacts | None:
    """The open pull request of a translation, once its check run is complete."""
    for pull in hub.pull_requests(f"{NAME}/{code}"):
        runs = hub.check_runs(f"{NAME}/{code}", pull.head_sha)
        if pull.state == "open" and any(run.status == "completed" for run in runs):
            return pull
    return None


def _until(look: Callable[[], Seen | None], what: str) -> Seen:
    """What `look` finds, as soon as it does. Raises DemoError."""
    end = time.monotonic() + _PATIENCE
    while (found := look()) is None:
        if time.monotonic() > end:
            raise DemoError(f"{what} did not come within {_PATIENCE:.0f} seconds: is this machine very busy?")
        time.sleep(0.05)
    return found


def _show(console: Console, hub: GitHubSandbox, code: str, pull: PullRequestFacts) -> None:
    """A pull request as a person sees it."""
    repository = f"{NAME}/{code}"
    console.print(Rule(f"{language(code).name}: the pull request {repository}#{pull.number}"))
    console.print(pull.title, style="bold", markup=False, highlight=False)
    for run in hub.check_runs(repository, pull.head_sha):
        console.print(f"check {run.name}: {run.conclusion}, {run.title}", markup=False, highlight=False)
    console.print()
    shown, _, _ = pull.body.partition("<details>")
    console.print(Markdown(shown))
    console.print("\n(Every other change is listed too, folded away.)\n")
    console.print(Rule(f"{language(code).name}: what it does to {SHOWN}"))
    old, new = ((hub.file(repository, name, SHOWN) or b"").decode().splitlines() for name in ("main", BRANCH))
    diff = "\n".join(difflib.unified_diff(old, new, "before", "draft", n=1, lineterm=""))
    console.print(Syntax(diff, "diff", theme="ansi_dark", background_color="default", word_wrap=True))


def _converse(console: Console, hub: GitHubSandbox, code: str, pull: PullRequestFacts) -> None:
    """A comment, what the bot makes of it, and its answer."""
    repository = f"{NAME}/{code}"
    console.print(Rule(f"{language(code).name}: a comment on {repository}#{pull.number}"))
    comment = hub.comment(repository, pull.number, "/amts retranslate\n/amts status", _TRANSLATOR)

    def answered() -> list[str] | None:
        done = {reaction for _, reaction in hub.reactions(comment)} & {"rocket", "confused"}
        return sorted(done) or None

    reactions = _until(answered, "an answer to the comment")
    for found in hub.comments(repository, pull.number):
        console.print(f"{found.author}:", style="bold", markup=False, highlight=False)
        said = found.body.partition("<!--")[0]
        # GitHub keeps the lines of a comment as they were written, and Markdown does not.
        console.print(said if found.author == _TRANSLATOR else Markdown(said), markup=False, highlight=False)
    console.print(f"(reaction: {', '.join(reactions)})\n", highlight=False)


def _review(console: Console, hub: GitHubSandbox, code: str, pull: PullRequestFacts) -> None:
    """A translator words a sentence of the draft anew and merges it; what the bot says of that."""
    repository = f"{NAME}/{code}"
    console.print(Rule(f"{language(code).name}: {_TRANSLATOR} edits a sentence and merges the pull request"))
    old, new = REVIEWED
    draft = (hub.file(repository, BRANCH, SHOWN) or b"").decode()
    if old not in draft:
        raise DemoError(f"the draft of {SHOWN} has no {old!r}")
    hub.commit(repository, BRANCH, {SHOWN: draft.replace(old, new).encode()}, "Review", _TRANSLATOR)
    console.print(f"{_TRANSLATOR} commits to {BRANCH}: {old!r} becomes {new!r}", markup=False, highlight=False)
    before = len(hub.comments(repository, pull.number))
    hub.merge(repository, pull.number, _TRANSLATOR)
    said = _until(lambda: hub.comments(repository, pull.number)[before:] or None, "the closing comment")[0]
    console.print(f"\n{said.author}:", style="bold", markup=False, highlight=False)
    console.print(Markdown(said.body.partition("<!--")[0]))


def _totals(hub: GitHubSandbox) -> Table:
    table = Table("repository", "pull request", "state", "title")
    for code in LANGUAGES:
        for pull in hub.pull_requests(f"{NAME}/{code}"):
            state = "merged" if pull.merged else pull.state
            table.add_row(f"{NAME}/{code}", f"#{pull.number}", state, pull.title)
    return table
