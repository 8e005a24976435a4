"""What AMTS drafted, kept beside its record until the pull request is merged: what review is measured against."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Any

from sync.effort import Baseline, Written
from sync.mirrors import Mirror

FOLDER = "drafts/"
_MOST = 20  # drafts of one section between which people worked on it
_LARGEST = 20_000_000  # bytes of one file

Drafts = Mapping[str, Mapping[str, tuple[Baseline, ...]]]  # by branch and path of the section, oldest first


def name_of(branch: str, path: str) -> str:
    """The name of the file that has the drafts of a section on a branch."""
    return f"{FOLDER}{branch}/{path}.json"


def dump(baselines: Sequence[Baseline]) -> bytes:
    """The drafts of a section: the same for the same drafts."""
    kept = [
        {
            "text": baseline.text,
            "written": [astuple(segment) for segment in baseline.written],
            "removed": list(baseline.removed),
        }
        for baseline in baselines[-_MOST:]
    ]
    return (json.dumps(kept, ensure_ascii=False, indent=0) + "\n").encode()


def read(target: Mirror, record: str | None, branch: str, path: str) -> tuple[Baseline, ...]:
    """The drafts of a section that a record's commit has; none where there are none, or what is there is damaged.

    It may have been pushed by anyone who can write to the repository; without it, review is not measured.
    """
    entry = target.tree(record).get(name_of(branch, path)) if record else None
    if entry is None or entry.size > _LARGEST:
        return ()
    try:
        return tuple(map(_baseline, json.loads(target.read(entry.blob))))
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()


def _baseline(item: Mapping[str, Any]) -> Baseline:
    text = item["text"]
    if not isinstance(text, str):
        raise TypeError
    removed = item["removed"]
    if not isinstance(removed, list) or not all(isinstance(source, str) for source in removed):
        raise TypeError
    return Baseline(text, tuple(_written(fields, len(text)) for fields in item["written"]), tuple(removed))


def _written(fields: Sequence[Any], length: int) -> Written:
    start, end, source, old_source, before, waiting = fields
    texts = isinstance(source, str) and all(text is None or isinstance(text, str) for text in (old_source, before))
    if not texts or type(start) is not int or type(end) is not int or not 0 <= start <= end <= length:
        raise ValueError
    return Written(start, end, source, old_source, before, waiting is True)
