"""Where the source of each translation is now: followed as git saw it renamed, and by its words where not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sync.history import Likeness

# Shares of word triples. A rewrite of half a section leaves a quarter of them, two unrelated sections share
# at most a twentieth (measured over Dive into Deep Learning: 51 renamed sections against 209).
_RELATED = 0.08
PART = 0.15  # this share of a text is a part worth telling of


@dataclass(frozen=True, slots=True)
class Old:
    """The source of a translation as it was: its text, and its paths since as git saw them, the last now."""

    text: str
    names: tuple[str, ...]


def follow(olds: Mapping[str, Old], sources: Collection[str], texts: Mapping[str, str]) -> dict[str, str]:
    """The path where each source is now; none is given twice, and one that is gone has none.

    `sources` are the paths there are, `texts` the texts of those that can be read. First come those whose
    source stayed where it was. Among the others, where git saw no rename or saw one that kept little, a
    source goes to the text most like it.
    """
    followed: dict[str, str] = {}
    free = set(sources)
    for key, old in sorted(olds.items()):
        first, last = old.names[0], old.names[-1]
        if first in free and (first == last or last not in sources):
            followed[key] = first
            free.remove(first)
    lost = {key: old for key, old in olds.items() if key not in followed}
    likeness = Likeness({path: texts[path] for path in sorted(free & texts.keys())})
    offers = [(-weight, key, path) for key, old in lost.items() for weight, path in _offers(old, likeness)]
    for _, key, path in sorted(offers):
        if key not in followed and path in free:
            followed[key] = path
            free.remove(path)
    return followed


def _offers(old: Old, likeness: Likeness) -> list[tuple[float, str]]:
    """Where a source may be now, with a weight: what git saw itself counts twice."""
    offers = []
    for share, _, path in likeness.shares(old.text):
        if path == old.names[-1]:
            offers.append((max(2 * share, _RELATED), path))
        elif share >= _RELATED:
            offers.append((share, path))
    return offers
