"""`.github/amts.lock`: which version of its source each section was translated from, where no origin says so.

JSON, one section a line in order, so that a diff shows what a sync did:

    {"sections": {"docs/zh/a.md": {"revision": "COMMIT", "source": "docs/en/a.md"}}, "version": 1}
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from sync.history import Version
from sync.model import AmtsError

PATH = ".github/amts.lock"
_COMMIT = re.compile(r"[0-9a-f]{40}")


class LockError(AmtsError):
    """The lock file cannot be used."""


def load(text: str, where: str = PATH) -> dict[str, Version]:
    """The version of the source of each section, by the path of the translation. Raises LockError."""
    broken = LockError(f"{where}: not a lock file of AMTS: restore it from git, or remove it")
    try:
        data = json.loads(text)
        if data["version"] != 1:
            raise LockError(f"{where}: version {str(data['version'])[:20]} is unknown: use a newer AMTS")
        found = {path: Version(item["revision"], item["source"]) for path, item in data["sections"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise broken from error
    for version in found.values():
        if not (isinstance(version.path, str) and isinstance(version.commit, str)):
            raise broken
        if not _COMMIT.fullmatch(version.commit):
            raise LockError(f"{where}: revision {version.commit[:50]!r} is no commit id: restore it from git")
    return found


def dump(sections: Mapping[str, Version]) -> str:
    """The text of a lock file: the same for the same sections."""
    lines = ",\n".join(
        f"    {json.dumps(path)}: " + json.dumps({"revision": version.commit, "source": version.path})
        for path, version in sorted(sections.items())
    )
    return '{\n  "sections": {\n' + lines + '\n  },\n  "version": 1\n}\n'
