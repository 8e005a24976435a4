"""Without any extra every command can be asked for help, and says in one line which extra it needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXTRAS = (
    "bm25s", "dbos", "flask", "github", "gunicorn", "huggingface_hub", "jwt", "matplotlib", "mdpo", "moto", "psycopg",
    "requests", "sqlalchemy", "translate", "werkzeug", "xllamacpp",
)  # fmt: skip
# As if they were not there: None in sys.modules makes an import fail.
ALONE = f"""
import sys
for name in {EXTRAS}:
    sys.modules[name] = None
from bot.cli import main
sys.argv = ["amts", *sys.argv[1:]]
main()
"""


def amts(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", ALONE, *arguments], capture_output=True, text=True, timeout=60)


def test_help_needs_no_extra() -> None:
    ran = amts("--help")
    assert ran.returncode == 0, ran.stderr
    assert "sync" in ran.stdout


def test_the_commands_on_texts_need_no_extra(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Tea\n\nTea is hot.\n")
    assert amts("score", str(tmp_path / "a.md"), str(tmp_path / "a.md"), "-l", "es").returncode == 0
    assert amts("segments", str(tmp_path / "a.md")).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [(["jobs", "list"], "bot"), (["bench", "webhook"], "bot"), (["serve"], "bot"), (["worker"], "bot")],
)
def test_a_command_names_the_extra_it_needs(arguments: list[str], extra: str) -> None:
    ran = amts(*arguments)
    assert ran.returncode == 2
    assert ran.stderr.count("\n") == 1
    assert f"amts[{extra}]" in ran.stderr
