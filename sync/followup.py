"""What a whole pull request changes in a section, over all the syncs that added to it; and how that is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, fields, replace
from typing import Any

from sync.inline import fold, strip_marks
from sync.model import AmtsError, BlockKind, Check, Finding, Operation, SegmentResult
from sync.places import Span, find_places, line_of

BY_PERSON = "edited by a person"
_GONE: Span = (-1, -1)  # the place of a text that stands nowhere
_MOST_RESULTS = 50_000
_LONGEST = 200_000  # characters of one text
_MOST_FINDINGS = 50  # of one segment
_LONGEST_REASON = 2_000
_ENUMS = {"kind": BlockKind, "operation": Operation}
_TEXTS = frozenset({"id", "reason"})
_TEXTS_OR_NONE = frozenset({"old_source", "new_source", "old_target", "draft"})
_FLAGS = frozenset({"waiting", "uncertain", "machine"})
_NUMBERS_OR_NONE = frozenset({"line", "start", "end"})


class RecordError(AmtsError):
    """What was stored of earlier results cannot be used."""


def follow(
    earlier: Sequence[SegmentResult], now: Sequence[SegmentResult], text: str, language: str
) -> tuple[SegmentResult, ...]:
    """The results of a whole pull request for a section, in the order of its file.

    `earlier` are those of the syncs before, `now` those of this one (none where it left the section alone), `text` is
    the section as it stands now. A segment that this sync kept as it was drafted keeps its earlier result, at its line
    of now; one that it changed again says what merging changes: old English and old translation are those before
    the pull request. What people have edited since is kept, and says so. What was removed adds up.
    """
    places = find_places(earlier, text, language)
    again: defaultdict[str, list[int]] = defaultdict(list)  # what this sync did, by the English that it began with
    for index, result in enumerate(now):
        again[_english(result)].append(index)
    taken: dict[int, SegmentResult | None] = {}  # by index into `now`: what stands for it
    added: list[SegmentResult] = []
    for index, result in enumerate(earlier):
        if is_plain(result):
            continue
        if result.operation is Operation.REMOVED:
            added.append(result)
            continue
        found = again[_line(result.new_source)] if result.new_source else []
        standing = places.get(index, _GONE)
        if not found:
            added.append(_as_it_stands(result, None, standing, text))
            continue
        at = found.pop(0)
        after = now[at]
        if after.operation in (Operation.KEPT, Operation.MOVED) and not after.waiting:
            taken[at] = _as_it_stands(result, after, standing, text)
        else:
            taken[at] = _over_both(result, after)
    merged = [taken.get(index, result) for index, result in enumerate(now)]
    return _named_apart([*_in_order(result for result in merged if result is not None), *added])


def is_plain(result: SegmentResult) -> bool:
    """Whether a segment was simply kept, so that there is nothing to say of it."""
    return result.operation is Operation.KEPT and not result.waiting and not result.uncertain


def _english(result: SegmentResult) -> str:
    """The English that a segment had before a sync; of a new one none."""
    if result.old_source is None and result.operation in (Operation.KEPT, Operation.MOVED):
        return _line(result.new_source)
    return _line(result.old_source)


def _line(text: str | None) -> str:
    return fold(strip_marks(text or ""))


def _as_it_stands(earlier: SegmentResult, now: SegmentResult | None, place: Span | None, text: str) -> SegmentResult:
    """An earlier result whose English did not change since: as it was drafted, or edited by a person."""
    line = now.line if now is not None else None
    if earlier.start is None:  # it never knew its place: code, a formula, what has none
        return replace(earlier, line=line or earlier.line)
    if place is None:
        return replace(earlier, line=line, start=None, end=None)
    if place != _GONE:
        return replace(earlier, line=line_of(text, place[0]), start=place[0], end=place[1])
    standing = now.draft if now is not None else None
    return replace(
        earlier, operation=Operation.KEPT, reason=BY_PERSON, draft=standing, waiting=False, uncertain=False,
        machine=False, line=line, start=None, end=None, findings=(),
    )  # fmt: skip


def _over_both(earlier: SegmentResult, now: SegmentResult) -> SegmentResult | None:
    """What two changes of a segment come to; None where the second undoes the first, as if it had never been."""
    if now.operation is Operation.REMOVED and earlier.old_source is None and earlier.old_target is None:
        return None
    return replace(now, old_source=earlier.old_source, old_target=earlier.old_target)


def _in_order(results: Any) -> list[SegmentResult]:
    """Results by their lines; what has none stays behind the one before it."""
    ordered: list[tuple[int, SegmentResult]] = []
    line = 0
    for result in results:
        line = result.line or line
        ordered.append((line, result))
    return [result for _, result in sorted(ordered, key=lambda item: item[0])]


def _named_apart(results: Sequence[SegmentResult]) -> tuple[SegmentResult, ...]:
    """The results with ids that are unique again."""
    named: dict[str, SegmentResult] = {}
    for result in results:
        name, number = result.id, 1
        while name in named:
            number += 1
            name = f"{result.id}-{number}"
        named[name] = result if name == result.id else replace(result, id=name)
    return tuple(named.values())


# -- as JSON -------------------------------------------------------------------------------------------------


def dump(results: Sequence[SegmentResult]) -> list[dict[str, object]]:
    """Results as JSON values, without what has its default; those that were simply kept are left out."""
    defaults = {field.name: field.default for field in fields(SegmentResult) if field.default is not MISSING}
    return [
        {name: _bounded(name, value) for name, value in asdict(result).items() if defaults.get(name, MISSING) != value}
        for result in results
        if not is_plain(result)
    ]


def _bounded(name: str, value: Any) -> object:
    """The value of a field as `load` takes it; a text so long is no sentence, and is not looked up again."""
    if name == "findings":
        return [one | {"reason": _clipped(one["reason"], _LONGEST_REASON)} for one in value[:_MOST_FINDINGS]]
    return _clipped(value, _LONGEST) if isinstance(value, str) else value


def _clipped(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def load(data: object) -> tuple[SegmentResult, ...]:
    """The results of a dump. It comes from a repository, so every value of it is checked. Raises RecordError."""
    if not isinstance(data, list) or len(data) > _MOST_RESULTS or not all(isinstance(item, dict) for item in data):
        raise RecordError("the stored results are no list of segments: remove the record, and sync again")
    return tuple(_result(item) for item in data)


def _result(item: Mapping[str, Any]) -> SegmentResult:
    known = {field.name for field in fields(SegmentResult)}
    needed = {field.name for field in fields(SegmentResult) if field.default is MISSING}
    if strange := item.keys() - known or needed - item.keys():
        raise _broken(min(map(str, strange)))
    values = dict(item)
    for name, value in item.items():
        if not _is_right(name, value):
            raise _broken(name)
        if name in _ENUMS:
            values[name] = _ENUMS[name](value)
        if name == "findings":
            values[name] = tuple(Finding(Check(one["check"]), one["reason"]) for one in value)
    if (values.get("start") is None) != (values.get("end") is None) or values.get("end", 0) < values.get("start", 0):
        raise _broken("start")
    if not 1 <= values.get("nth", 1) <= values.get("among", 1):
        raise _broken("nth")
    return SegmentResult(**values)


def _is_right(name: str, value: object) -> bool:
    """Whether a value may be that of a field."""
    if name in _ENUMS:
        return isinstance(value, str) and value in set(_ENUMS[name])
    if name in _FLAGS:
        return isinstance(value, bool)
    if name == "findings":
        return isinstance(value, list) and len(value) <= _MOST_FINDINGS and all(map(_is_finding, value))
    if name in _TEXTS | _TEXTS_OR_NONE:
        return (value is None and name in _TEXTS_OR_NONE) or (isinstance(value, str) and len(value) <= _LONGEST)
    return (value is None and name in _NUMBERS_OR_NONE) or _is_number(value)


def _is_finding(value: object) -> bool:
    if not isinstance(value, dict) or value.keys() != {"check", "reason"}:
        return False
    check, reason = value["check"], value["reason"]
    known = isinstance(check, str) and check in set(Check)
    return known and isinstance(reason, str) and len(reason) <= _LONGEST_REASON


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10**9


def _broken(name: str) -> RecordError:
    return RecordError(f"the stored results cannot be read at {name[:40]!r}: remove the record, and sync again")
