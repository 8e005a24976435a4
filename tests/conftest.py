"""Fixtures: the real data, where it is, and real git repositories."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

# What takes longest begins first, so that no worker is left alone with it in the end.
LONGEST = (
    "test_kills.py", "test_jobs.py", "test_branch.py", "test_deliveries.py", "test_updates.py", "test_bench_bot.py",
    "test_bench_checks.py", "test_invariants.py", "test_linear_time.py", "test_demo.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, in their order; else the order stays."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def d2l() -> Path:
    """The folder of the real data: `AMTS_D2L`, or `../shared/d2l` beside the checkout."""
    folder = Path(os.environ.get("AMTS_D2L") or ROOT.parent / "shared" / "d2l")
    if not (folder / "en.bundle").is_file():
        pytest.skip(f"no real data in {folder}: set AMTS_D2L")
    return folder


@pytest.fixture(scope="session", autouse=True)
def plain_git(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the settings of whoever runs the tests out of them."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[name]
    os.environ["GIT_CONFIG_GLOBAL"] = str(tmp_path_factory.mktemp("home") / "gitconfig")
    os.environ["GIT_CONFIG_NOSYSTEM"] = "1"


def git(folder: Path, *command: str) -> str:
    """What a git command prints in a folder."""
    person = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
    ran = subprocess.run(["git", *person, *command], cwd=folder, check=True, capture_output=True, text=True)
    return ran.stdout.strip()


Write = Callable[[Path, Mapping[str, str | bytes | None]], str]


@pytest.fixture
def write() -> Write:
    """A function that commits files (None: removed) to a work tree, made if need be: the commit."""

    def write_files(folder: Path, files: Mapping[str, str | bytes | None]) -> str:
        if not (folder / ".git").exists():
            folder.mkdir(parents=True, exist_ok=True)
            git(folder, "init", "--quiet", "--initial-branch", "master")
        for name, content in files.items():
            path = folder / name
            if content is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--allow-empty", "-m", "Edit")
        return git(folder, "rev-parse", "HEAD")

    return write_files


@pytest.fixture(scope="session")
def english(d2l: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare clone of the English book with its history."""
    folder = tmp_path_factory.mktemp("english") / "en.git"
    git(d2l, "clone", "--quiet", "--bare", str(d2l / "en.bundle"), str(folder))
    return folder
