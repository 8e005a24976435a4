"""Slide marks: neither text nor protected tokens. Stripped for comparing, then placed again in a translation.

A mark around a whole sentence is placed mechanically. One around a part is projected: each word and token of
the translation is drawn into the span or out of it by what the lexicon and equal tokens say of it, and the
stretch with the best sum wins (a maximum subarray over word alignment, as annotation projection does).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass

from sync.inline import find_marks, fold, mask, tokens
from sync.languages import is_spaceless
from sync.lexicon import Lexicon, source_stems, target_stems
from sync.model import Segment

_EDGE = " \t\r\n,，、;；:：。."
_STOP = ".。!！?？:：;；"
_WORD = re.compile(r"\w+")
_MOST_UNITS = 400  # of one sentence; a longer one is not projected
_LEAST_GAIN = 0.12


@dataclass(frozen=True, slots=True)
class Span:
    """A pair of slide marks over a run of segments: from `start` in segment `first` to `end` in `last`.

    Offsets are into the segments' own texts with their marks; `text` is what is marked, folded.
    """

    opening: str
    closing: str
    first: int
    start: int
    last: int
    end: int
    text: str


def spans(text: str, segments: list[Segment]) -> list[Span]:
    """The slide marks over `segments` of neighbouring blocks of `text`, in order."""
    if not segments:
        return []
    a, b = segments[0].start, segments[-1].end
    starts = [segment.start for segment in segments]
    region = text[a:b]
    opened: list[tuple[int, int, str]] = []
    found: list[Span] = []
    for start, end, sign, opens in find_marks(region):
        if opens:
            opened.append((start, end, sign))
            continue
        left, right, opening = opened.pop()
        first, last = _segment_at(segments, starts, a + right), _segment_at(segments, starts, a + start - 1)
        if first is None or last is None or last < first:
            continue
        marked = fold(region[right:start])
        found.append(
            Span(
                opening,
                sign,
                first,
                a + left - segments[first].start,
                last,
                a + end - segments[last].start,
                marked,
            )
        )
    return found


def _segment_at(segments: list[Segment], starts: list[int], position: int) -> int | None:
    """The first segment that holds a position; `starts` is where they begin. Neighbours may overlap by a mark."""
    last = bisect_right(starts, position) - 1
    for index in (last - 1, last):
        if index >= 0 and position < segments[index].end:
            return index
    return None


def changed(old: list[Span], new: list[Span]) -> tuple[list[int], list[int]]:
    """Indices of the spans that are gone from `old`, and of those that are new in `new`."""
    key = [(span.opening, _bare(span.text)) for span in old]
    other = [(span.opening, _bare(span.text)) for span in new]
    common = Counter(key) & Counter(other)
    return _beyond(key, common.copy()), _beyond(other, common.copy())


def _bare(text: str) -> str:
    return "".join(_WORD.findall(text))


def _beyond(keys: list[tuple[str, str]], common: Counter[tuple[str, str]]) -> list[int]:
    left = []
    for index, key in enumerate(keys):
        if common[key] > 0:
            common[key] -= 1
        else:
            left.append(index)
    return left


def project(
    source: str, start: int, end: int, target: str, lexicon: Lexicon | None, language: str
) -> tuple[int, int] | None:
    """Where the piece source[start:end] stands in `target`, or None where nothing tells.

    Both texts may hold slide marks; offsets are into them as they are.
    """
    source, target = _without_marks(source), _without_marks(target)
    body = source.strip()
    at = source.index(body) if body else 0
    if _full(source, start, end):
        whole = target.strip()
        a = target.index(whole)
        closed = end >= at + len(body) or not body or body[-1] not in _STOP
        return a, a + len(whole if closed else whole.rstrip(_STOP))
    units = _units(source, start, end, target, lexicon, language)
    if not units or len(units) > _MOST_UNITS:
        return None
    share = (end - start) / max(len(body), 1)
    best = _best_run(units, share, target)
    if best is None:
        return None
    a, b = units[best[0]][0], units[best[1]][1]
    if end >= at + len(body) and target[b:].strip(_EDGE + _STOP + "）)」”\"'") == "":
        b = len(target.rstrip())
    return _trimmed(target, a, b, language)


def outer_marks(text: str) -> tuple[str, str]:
    """The slide marks around the whole of a text, or two empty strings."""
    found = find_marks(text)
    if len(found) == 2 and found[0][0] == 0 and not any(c.isalnum() for c in text[found[1][1] :]):
        return found[0][2], found[1][2]
    return "", ""


def _without_marks(text: str) -> str:
    signs = list(text)
    for start, end, _, _ in find_marks(text):
        signs[start:end] = " " * (end - start)
    return "".join(signs)


def _full(text: str, start: int, end: int) -> bool:
    return not _WORD.search(text[:start]) and not _WORD.search(text[end:])


def _units(
    source: str, start: int, end: int, target: str, lexicon: Lexicon | None, language: str
) -> list[tuple[int, int, float]]:
    """Pieces of the target in order: (start, end, how much it is drawn into the span: -1…1)."""
    inside = Counter(t.text for t in tokens(source) if start <= t.start and t.end <= end)
    outside = Counter(t.text for t in tokens(source)) - inside
    found = tokens(target)
    units = []
    for token in found:
        a, b = inside[token.text], outside[token.text]
        units.append((token.start, token.end, 1.5 * (a - b) / (a + b) if a + b else 0.0))
    stems = source_stems(source)
    stems_in = {stem for a, b, stem in stems if start <= a and b <= end}
    stems_out = {stem for a, b, stem in stems if not (start <= a and b <= end)}
    words_in = {w.lower() for w in _WORD.findall(source[start:end])}
    words_out = {w.lower() for w in _WORD.findall(source[:start] + " " + source[end:])}
    masked = mask(target, found, " ")
    pulls = []
    for a, b, stem in target_stems(target, language):
        pull = max((lexicon.strength(s, stem) for s in stems_in), default=0.0) if lexicon else 0.0
        push = max((lexicon.strength(s, stem) for s in stems_out), default=0.0) if lexicon else 0.0
        pulls.append((a, b, pull - push))
    units += _by_character(pulls) if language != "ko" and is_spaceless(language) else pulls
    for word in re.finditer(r"[A-Za-z]{2,}|\d+", masked):
        text = word.group().lower()
        units.append((word.start(), word.end(), float(text in words_in) - float(text in words_out)))
    return sorted(units)


def _by_character(pulls: list[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
    """Pulls of overlapping character pairs as those of single characters: a word is not cut in two."""
    over: dict[int, list[float]] = {}
    for a, b, pull in pulls:
        for at in range(a, b):
            over.setdefault(at, []).append(pull)
    return [(at, at + 1, sum(values) / len(values) / 2) for at, values in sorted(over.items())]


def _best_run(units: list[tuple[int, int, float]], share: float, target: str) -> tuple[int, int] | None:
    """The run of units with the greatest sum, drawn towards the share of the text that the span had.

    Where nothing else tells, a stretch ends at punctuation, and words that nothing is known of stay outside.
    """
    edge = [
        (
            0.15 * _clear(target[:a].rstrip()[-1:]) - 0.1 * (pull == 0),
            0.15 * _clear(target[b:].lstrip()[:1]) - 0.1 * (pull == 0),
        )
        for a, b, pull in units
    ]
    best, top = None, _LEAST_GAIN
    length = len(target.strip())
    for i in range(len(units)):
        total = 0.0
        for j in range(i, len(units)):
            total += units[j][2]
            off = (units[j][1] - units[i][0]) / max(length, 1) - share
            value = total - abs(off) + edge[i][0] + edge[j][1]
            if value > top:
                best, top = (i, j), value
    return best


def _clear(sign: str) -> bool:
    return not sign or sign in _EDGE + _STOP


def _trimmed(target: str, a: int, b: int, language: str) -> tuple[int, int] | None:
    if not is_spaceless(language):
        while a > 0 and target[a - 1].isalnum() and target[a].isalnum():
            a -= 1
        while b < len(target) and target[b].isalnum() and target[b - 1].isalnum():
            b += 1
    while a < b and target[a] in _EDGE:
        a += 1
    while b > a and target[b - 1] in " \t\r\n,，、":
        b -= 1
    while target[a - 1 : a] == "*" and "*" in target[a:b]:  # emphasis goes in or out as a whole
        a -= 1
    while target[b : b + 1] == "*" and target[a:b].count("*") % 2:
        b += 1
    return (a, b) if a < b else None
