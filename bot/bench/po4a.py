"""po4a on the same cases, where it is installed: the standard tool that keeps translations of text in step.

It needs a translation of the very structure of its English (po4a-gettextize refuses any other), and rewraps what it
writes. What it does not find translated stays English.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from bot.bench.replay import Replay
from sync.model import AmtsError

_PROGRAMS = ("po4a-gettextize", "po4a-updatepo", "po4a-translate")
_FORMAT = ("-f", "text", "-o", "markdown", "-M", "UTF-8")
_SECONDS = 60
_FUZZY = re.compile(r"^#, fuzzy(?:, |$)", re.M)


class Po4aError(AmtsError):
    """A case that po4a does not take."""


def is_installed() -> bool:
    """Whether po4a's three programs are there."""
    return all(map(shutil.which, _PROGRAMS))


def translate(replay: Replay) -> str:
    """The new translation: the old pair as a PO file, brought up to the new English. Raises Po4aError."""
    with tempfile.TemporaryDirectory(prefix="amts-") as name:
        folder = Path(name)
        texts = {"old.md": replay.old_source, "new.md": replay.new_source, "target.md": replay.old_target}
        for file, text in texts.items():
            (folder / file).write_text(text, encoding="utf-8", newline="")
        po, result = folder / "section.po", folder / "result.md"
        _run(folder, "po4a-gettextize", *_FORMAT, "-L", "UTF-8", "-m", "old.md", "-l", "target.md", "-p", po.name)
        # All pairs come marked as doubtful, for a person to go through; here they are taken as they are.
        po.write_text(_FUZZY.sub("#, ", po.read_text(encoding="utf-8")), encoding="utf-8")
        _run(folder, "po4a-updatepo", *_FORMAT, "-m", "new.md", "-p", po.name)
        # Whatever share of it is translated: the default refuses less than 80 %.
        _run(folder, "po4a-translate", *_FORMAT, "-k", "0", "-m", "new.md", "-p", po.name, "-l", result.name)
        return result.read_text(encoding="utf-8")


def _run(folder: Path, program: str, *arguments: str) -> None:
    try:
        ran = subprocess.run(  # noqa: S603 (files of ours, by names of ours)
            [program, *arguments], cwd=folder, capture_output=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise Po4aError(f"{program} took more than {_SECONDS} seconds") from None
    except OSError as error:
        raise Po4aError(f"{program} cannot be run: {error.strerror or error}") from None
    if ran.returncode:
        raise Po4aError(f"{program} refused it: {_complaint(ran.stderr)}")


def _complaint(said: bytes) -> str:
    """The line that says why, of the many that po4a writes."""
    lines = [" ".join(line.split()) for line in said.decode(errors="replace").splitlines()]
    telling = (line for line in lines if re.search(r"error|po4a gettextize:|disparity|do not|not equal", line, re.I))
    return next(telling, next(filter(None, lines), "it does not say why"))[:200]
