"""The project's own small book as git repositories: the English, then its translations."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

LANGUAGES = ("zh", "es")
NAME = "tea"  # the owner of the book's repositories, where a name needs one
_SETTINGS = "upstream: {name}/en\nlanguage: {language}\n"


@dataclass(frozen=True, slots=True)
class BookRepositories:
    """Where the repositories are: `source` has two commits, each translation of `targets` one."""

    source: Path
    targets: dict[str, Path]


@contextmanager
def book_folder() -> Iterator[Path]:
    """The folder of the book's files: `en-before`, `en-after`, and one for each of LANGUAGES."""
    with as_file(files("bot.sandbox") / "book") as folder:
        yield folder


def build(folder: Path) -> BookRepositories:
    """Make the repositories `en`, `zh` and `es` in an empty folder: the same commit ids every time.

    Raises subprocess.CalledProcessError where git refuses, OSError where the folder cannot be written.
    """
    with book_folder() as book:
        before = _files(book / "en-before")
        source = folder / "en"
        _commit(source, before, "The book as it was translated")
        _commit(source, _files(book / "en-after"), "Revise the book")
        for language in LANGUAGES:
            pairs = _files(book / language)
            for path in tuple(pairs):
                pairs[path.removesuffix(".md") + "_origin.md"] = before[path]
            pairs[".github/amts.yml"] = _SETTINGS.format(name=NAME, language=language).encode()
            _commit(folder / language, pairs, f"Translate the book ({language})")
    return BookRepositories(source, {language: folder / language for language in LANGUAGES})


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.md"))}


def _commit(repository: Path, content: dict[str, bytes], message: str) -> None:
    """Commit exactly this content, by path, to the repository, which is made where there is none."""
    if not repository.exists():
        repository.mkdir()
        _git(repository, "init", "--quiet", "--initial-branch=main")
    for path in _files(repository):
        (repository / path).unlink()
    for path, data in content.items():
        file = repository / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    _git(repository, "add", "--all")
    _git(repository, "commit", "--quiet", f"--message={message}")


def _git(repository: Path, *command: str) -> None:
    # Neither the settings of whoever runs this, nor a hook that runs it, may change what comes out.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for role in ("AUTHOR", "COMMITTER"):
        environment[f"GIT_{role}_NAME"] = "AMTS demo"
        environment[f"GIT_{role}_EMAIL"] = "amts@bot.invalid"
        environment[f"GIT_{role}_DATE"] = "2024-03-01T12:00:00+00:00"
    subprocess.run(["git", *command], cwd=repository, env=environment, check=True, capture_output=True)  # noqa: S603, S607 - git from the PATH, arguments from this module
