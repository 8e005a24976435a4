"""What people have written on a branch of drafts, and a draft that leaves all of it alone."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from sync.inline import fold, strip_marks
from sync.markdown import check_closed, parse
from sync.model import BlockKind, Draft, Operation, SectionError, SegmentResult
from sync.parts import Edit, Part, edits, parts_of_section
from sync.places import placed
from sync.repos import Repository
from sync.trail import Trail, is_by_bot

CHANGED = "a person edited it here and its English changed again: look at it"
GONE = "a person edited it here and its English is gone: look at it"


def reviewed(
    target: Repository, branch_base: str, tip: str, paths: Collection[str], author: str, language: str
) -> dict[str, frozenset[int]]:
    """The parts of these files that people brought in on the branch and that still stand at its tip.

    People are who wrote the commits of `tip` that `branch_base` (the target's revision) lacks and that are not the
    bot's. What that revision has got of it since the two parted (a squashed merge) is no longer the branch's own.
    Files without such parts are left out. Raises RepositoryError.
    """
    trail = Trail(target, language)
    for commit in target.commits(tip, branch_base):
        trail.follow(commit, people=not is_by_bot(commit, author))
    found: dict[str, frozenset[int]] = {}
    for path in paths:
        places = trail.words.get(tip, {}).get(path, frozenset())
        merged = trail.gained(branch_base, tip, path) if places else frozenset()
        parts = trail.parts(tip, path) if places else ()
        if left := frozenset(place for place in places if parts[place].body not in merged):
            found[path] = left
    return found


def keep_reviewed(draft: Draft, tip_text: str, places: frozenset[int], language: str) -> Draft:
    """The draft of a section with every part that people wrote on the branch as it stands in `tip_text`.

    `places` are those of `reviewed` among the parts of that text. Where the draft drops or replaces such a part, the
    part stays, and what the draft has in its place is left out: of prose that part alone, of code the whole block, so
    that it is never a mixture of two programs. The results say so, and wait for a translator. The same draft comes
    back where it respects all of them.
    """
    tip, new = parts_of_section(tip_text, language), parts_of_section(draft.text, language)
    found = _told_apart(edits(tip, new), tip, new, draft.results, language)
    undone = _undone(found, tip, new, places, _whole_blocks(tip_text, tip, language))
    if not undone:
        return draft
    kept = _spaced(_without(undone, found, tip, new), tip, new)
    text = "".join(item.part.text for item in kept)
    if not _is_closed(text, language):  # what is left out was needed: better the whole section as it stands
        undone = set(found)
        kept = [_Kept(part, n, None) for n, part in enumerate(tip)]
        text = tip_text
    return replace(draft, text=text, results=_results(draft, kept, undone, tip, new, text, language))


def _told_apart(
    found: Sequence[Edit], tip: Sequence[Part], new: Sequence[Part], results: Sequence[SegmentResult], language: str
) -> list[Edit]:
    """The edits, taken apart where the results say which part of the draft an old translation gave way to."""
    begins = [begin for begin, _ in _spans(new)]
    olds = {
        bisect_right(begins, result.start) - 1: result.old_target
        for result in results
        if result.start is not None and result.old_target
    }
    apart: list[Edit] = []
    for edit in found:
        at, new_at = edit.start, edit.new_start
        lines = [fold(strip_marks(tip[i].body), language) for i in range(edit.start, edit.end)]
        uneven = edit.end - edit.start != edit.new_end - edit.new_start
        for k in range(edit.new_start, edit.new_end) if uneven else ():
            place = edit.start + lines.index(olds[k]) if olds.get(k) in lines else -1
            if place >= at:
                apart += [Edit(at, place, new_at, k), Edit(place, place + 1, k, k + 1)]
                at, new_at = place + 1, k + 1
        apart.append(Edit(at, edit.end, new_at, edit.new_end))
    return [edit for edit in apart if edit.start < edit.end or edit.new_start < edit.new_end]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A part of the draft that comes out, and its places in the text of the tip and in the draft that went in."""

    part: Part
    tip: int | None
    new: int | None
    restored: bool = False


def _whole_blocks(text: str, parts: Sequence[Part], language: str) -> dict[int, range]:
    """For each part of a block that stays or changes as a whole (code, a table): all parts of that block."""
    begins = [begin for begin, _ in _spans(parts)]
    whole: dict[int, range] = {}
    for block in parse(text, language).blocks:
        if block.kind == BlockKind.TABLE or (not block.segments and block.kind != BlockKind.BLANK):
            places = range(max(bisect_right(begins, block.start) - 1, 0), bisect_right(begins, block.end - 1))
            whole.update((place, places) for place in places)
    return whole


def _undone(
    found: Sequence[Edit], tip: Sequence[Part], new: Sequence[Part], places: frozenset[int], whole: dict[int, range]
) -> set[Edit]:
    """The edits that drop or replace a part of people, and those that go with them; a part that moved is not lost."""
    elsewhere = Counter(new[k].body for edit in found for k in range(edit.new_start, edit.new_end))
    undone: set[Edit] = set()
    for edit in found:
        lost = [i for i in range(edit.start, edit.end) if i in places]
        gone = []
        for i in lost:
            if elsewhere[tip[i].body] > 0:
                elsewhere[tip[i].body] -= 1
            else:
                gone.append(i)
        if not gone:
            continue
        undone.add(edit)
        one_for_one = edit.end - edit.start == edit.new_end - edit.new_start
        for block in (whole[i] for i in gone if i in whole):
            if not (one_for_one and tip[block[0]].head):  # the cell of a table may stay alone
                undone |= {other for other in found if _touches(other, block)}
    return undone


def _touches(edit: Edit, block: range) -> bool:
    if edit.start == edit.end:
        return block[0] < edit.start <= block[-1]
    return edit.start <= block[-1] and edit.end > block[0]


def _without(undone: set[Edit], found: Sequence[Edit], tip: Sequence[Part], new: Sequence[Part]) -> list[_Kept]:
    """The parts of the draft without some of the edits that led to it."""
    kept: list[_Kept] = []
    at = new_at = 0
    for edit in [*found, Edit(len(tip), len(tip), len(new), len(new))]:
        kept += [_Kept(new[k], i, k) for i, k in zip(range(at, edit.start), range(new_at, edit.new_start), strict=True)]
        if edit not in undone:
            kept += [_Kept(new[k], None, k) for k in range(edit.new_start, edit.new_end)]
        elif edit.end - edit.start == edit.new_end - edit.new_start:
            pairs = zip(range(edit.start, edit.end), range(edit.new_start, edit.new_end), strict=True)
            kept += [_Kept(tip[i], i, k, restored=True) for i, k in pairs]
        else:
            kept += [_Kept(tip[i], i, None, restored=True) for i in range(edit.start, edit.end)]
        at, new_at = edit.end, edit.new_end
    return kept


def _spaced(kept: list[_Kept], tip: Sequence[Part], new: Sequence[Part]) -> list[_Kept]:
    """The parts with what stands between two of them in the draft; else in the tip; else the greater distance."""
    spaced: list[_Kept] = []
    for index, item in enumerate(kept):
        after = kept[index + 1] if index + 1 < len(kept) else _Kept(item.part, len(tip), len(new))
        tails = [new[item.new].tail] if item.new is not None else []
        if item.new is None or after.new != item.new + 1:
            tails += [tip[item.tip].tail] if item.tip is not None else []
            if item.tip is not None and after.tip == item.tip + 1:
                tails = tails[-1:]
        tail = max(tails, key=lambda tail: (tail.count("\n"), len(tail)))
        spaced.append(replace(item, part=replace(item.part, tail=tail)))
    return spaced


def _is_closed(text: str, language: str) -> bool:
    try:
        check_closed(parse(text, language), "draft")
    except SectionError:
        return False
    return True


def _spans(parts: Iterable[Part]) -> list[tuple[int, int]]:
    """Where each part begins and ends in the file."""
    lengths = [len(part.text) for part in parts]
    return list(zip(accumulate(lengths, initial=0), accumulate(lengths), strict=False))


def _results(
    draft: Draft, kept: Sequence[_Kept], undone: set[Edit], tip: Sequence[Part], new: Sequence[Part], text: str,
    language: str,
) -> tuple[SegmentResult, ...]:  # fmt: skip
    """The results of the draft: those of what was left out wait, the others know their new places."""
    before, after = _spans(new), _spans(item.part for item in kept)
    begins = [begin for begin, _ in before]
    places = {item.new: n for n, item in enumerate(kept) if item.new is not None}
    out = {k: edit for edit in undone for k in range(edit.new_start, edit.new_end)}
    at = {item.tip: n for n, item in enumerate(kept) if item.restored}
    removed = {
        fold(strip_marks(tip[i].body), language): at[i]
        for edit in undone if edit.new_start == edit.new_end
        for i in range(edit.start, edit.end) if i in at
    }  # fmt: skip

    def restored(result: SegmentResult, edit: Edit) -> SegmentResult:
        there = [at[i] for i in range(edit.start, edit.end) if i in at]
        if not there:
            return replace(_waiting(result, CHANGED), line=None, start=None, end=None)
        first, last = kept[there[0]].part, kept[there[-1]].part
        start, end = after[there[0]][0] + len(first.head), after[there[-1]][1] - len(last.tail)
        standing = fold(text[start:end], language)
        return replace(_waiting(result, CHANGED), draft=standing, start=start, end=end)

    def renewed(result: SegmentResult) -> SegmentResult:
        if result.start is None or result.end is None:
            return _unplaced(result, new, out, removed, language)
        first, last = (bisect_right(begins, offset) - 1 for offset in (result.start, max(result.end - 1, result.start)))
        edit = next((out[k] for k in range(first, last + 1) if k in out), None)
        if edit is not None:
            return restored(result, edit)
        shift = after[places[first]][0] - begins[first]
        start, end = result.start + shift, result.end + after[places[last]][0] - begins[last]
        return replace(result, start=start, end=end)

    return placed([renewed(result) for result in draft.results], text, language)


def _waiting(result: SegmentResult, reason: str) -> SegmentResult:
    """A result of what people wrote and keep: a translator has to look, and no machine writes there again."""
    return replace(result, operation=Operation.KEPT, reason=reason, waiting=True, machine=False)


def _unplaced(
    result: SegmentResult, new: Sequence[Part], out: dict[int, Edit], removed: dict[str, int], language: str
) -> SegmentResult:
    """A result without a place of its own: of what was removed, or of a whole block of code."""
    if result.operation is Operation.REMOVED and result.old_target:
        if any(body and body in result.old_target for body in removed):
            return replace(_waiting(result, GONE), draft=result.old_target)
    elif result.draft and result.operation is Operation.PATCHED:
        lines = {new[k].body for k in out if new[k].body.strip()}
        if any(line in lines for line in map(str.rstrip, result.draft.split("\n"))):
            return replace(_waiting(result, CHANGED), draft=result.old_target or result.draft)
    return result
