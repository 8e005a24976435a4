"""What a sync builds on: the branch of the drafts, and what has become of the translation meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sync.branch_merge import merge_branch
from sync.config import Config
from sync.repos import Repository, RepositoryError

BRANCH = "amts/sync"
_MOST_NAMED = 20  # conflicts; of more only their number is told


@dataclass(frozen=True, slots=True)
class Ground:
    """What a sync builds on: the commit of the target that it was asked for, and the branch of the drafts.

    `parents` are the commits to build on, the first with the files as they are; `tip` is where the branch is
    now (None: nowhere). `conflicts` names, a line each, where people on both had changed the same, so that the
    text of the target's revision was left out.
    """

    commit: str
    parents: tuple[str, ...]
    tip: str | None
    conflicts: tuple[str, ...] = ()


def find_ground(target: Repository, branch: str, commit: str, config: Config, date: str | None = None) -> Ground:
    """Where the branch of the drafts is, and the commits to build on. Raises RepositoryError.

    Whatever people committed to the branch stays: a sync goes on from its tip, or from the target's revision where
    that has all of it. Where both moved on, it goes on from a merge of the two, by the settings' author and of the
    given date (git's own format; None: now), in which what people wrote wins over what a machine did. No branch is
    ever forced. The same commits give the same ground.
    """
    return ground_on(target, branch, target.branch(branch), commit, config, date)


def ground_on(
    target: Repository, branch: str, tip: str | None, commit: str, config: Config, date: str | None = None
) -> Ground:
    """The same, with the branch where it was seen last, wherever it is now."""
    if tip is None or target.contains(commit, tip):
        return Ground(commit, (commit,), tip)
    if target.contains(tip, commit):
        return Ground(commit, (tip,), tip)
    if target.has_changes_of(commit, tip):
        return Ground(commit, (commit, tip), tip)
    base = target.merge_base(commit, tip)
    if base is None:
        raise RepositoryError(
            f"{target.label}: branch {branch} and {commit[:12]} have nothing in common: delete {branch}, and sync again"
        )
    changes, conflicts = merge_branch(target, base, commit, tip, config)
    message = f"Merge {commit[:12]} into {branch}\n\nAMTS-Merge: {commit}\n"
    merged = target.commit_files((commit, tip), changes, message, config.author, date)
    return Ground(commit, (merged,), tip, _named(conflicts))


def _named(conflicts: Sequence[str]) -> tuple[str, ...]:
    left = len(conflicts) - _MOST_NAMED
    return tuple(conflicts) if left <= 0 else (*conflicts[:_MOST_NAMED], f"and {left} more conflicts")
