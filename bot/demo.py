"""`amts demo`: the main job on the project's own small book, and what came out of it."""

from __future__ import annotations

import difflib
import tempfile
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown
from rich.rule import Rule
from rich.syntax import Syntax
from rich.table import Table

from bot.counts import COLUMNS, count_characters, count_segments, drafts_of
from bot.messages import pull_request
from bot.sandbox.repositories import build
from sync import config
from sync.ground import BRANCH
from sync.languages import language
from sync.model import SyncReport
from sync.pipeline import sync_translation
from sync.publish import to_branch
from sync.repos import Repository

# The section that is shown as a diff: it has a little of everything.
SHOWN = "chapter_measuring/thermometers.md"


def run_demo(console: Console, folder: Path | None = None) -> int:
    """Build the book's repositories, draft the update of each translation, and print what came out.

    They are built in `folder`, an empty one, and stay there; without one they are gone at the end. Returns
    the exit code of the command: 1 where a section failed, else 0. Raises AmtsError and OSError.
    """
    with nullcontext(folder) if folder else tempfile.TemporaryDirectory(prefix="amts-demo-") as place:
        repositories = build(Path(place))
        console.print(f"A small book with a change upstream, and its translations: {place}", highlight=False)
        reports = []
        with Repository(repositories.source) as source:
            for code, path in repositories.targets.items():
                with Repository(path) as target:
                    settings = config.load(_read(target, "HEAD", config.PATH), config.PATH)
                    report = sync_translation(source, target, settings, to_branch(target))
                    again = sync_translation(source, target, settings, to_branch(target))
                    reports.append(report)
                    _show(console, code, report, again, target)
        console.print(Rule("In total"))
        console.print(_totals(reports))
    if folder:
        console.print(f"\nThe repositories are in {folder}: the drafts are on the branch {BRANCH} of each.")
    return 1 if any(section.error for report in reports for section in report.sections) else 0


def _show(console: Console, code: str, report: SyncReport, again: SyncReport, target: Repository) -> None:
    title, body = pull_request(report)
    console.print(Rule(f"{language(code).name}: the pull request"))
    console.print(title, style="bold", markup=False, highlight=False)
    console.print()
    shown, _, _ = body.partition("<details>")
    console.print(Markdown(shown))
    console.print("\n(Every other change is listed too, folded away.)\n")
    console.print(Rule(f"{language(code).name}: what it does to {SHOWN}"))
    old, new = (_read(target, revision, SHOWN).splitlines() for revision in ("HEAD", BRANCH))
    diff = "\n".join(difflib.unified_diff(old, new, "before", "draft", n=1, lineterm=""))
    console.print(Syntax(diff, "diff", theme="ansi_dark", background_color="default", word_wrap=True))
    if again.commit is None:
        console.print("\nA second run finds nothing to do.\n")
    else:
        console.print(f"\nA second run made another commit, {again.commit[:12]}.\n")


def _read(repository: Repository, revision: str, path: str) -> str:
    entry = repository.tree(repository.resolve(revision))[path]
    return repository.read(entry.blob).decode("utf-8")


def _totals(reports: list[SyncReport]) -> Table:
    """One row a language: what became of its segments, and what was sent to the engine."""
    table = Table("", *COLUMNS, "characters", "changed", "sent")
    for column in table.columns[1:]:
        column.justify = "right"
    for report in reports:
        drafts = drafts_of(report)
        figures = (*count_segments(drafts).values(), *count_characters(drafts).values())
        table.add_row(language(report.language).name, *(f"{figure:,}" for figure in figures))
    return table
