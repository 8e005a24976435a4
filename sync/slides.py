"""The slide marks of a region: those that upstream added are placed in the translation, those it removed go."""

from __future__ import annotations

from collections import Counter

from sync import marks
from sync.inline import find_marks, fold, tokens
from sync.sides import Out, Side
from sync.state import State


class Slides:
    """Places slide marks in the sentences of one region."""

    def __init__(self, state: State, old: Side, new: Side, target: Side) -> None:
        self.state, self.old, self.new, self.target = state, old, new, target

    def place(self, outs: list[Out]) -> None:
        """Put new slide marks into the sentences of the draft, and take those that are gone out of them."""
        old, new, own = (marks.spans(side.content.text, side.segments) for side in (self.old, self.new, self.target))
        if not old and not new:
            return
        gone, fresh = marks.changed(old, new)
        if not gone and not fresh:
            return
        if len(own) == len(new) and len(own) != len(old):
            return  # the translation has them already
        insertions: dict[int, list[tuple[int, int, str]]] = {}
        by_new = {k: out for out in outs for k in out.closure.new if out.new is not None and not out.closure.added}
        by_target = {j: out for out in outs if out.first is not None for j in range(out.first, (out.last or 0) + 1)}
        if gone and len(own) == len(old):
            for index in reversed(gone):  # from the end, so that offsets hold
                self._unmark(own[index], by_target)
        scattered = self._scattered([new[index] for index in fresh])
        for index in fresh:
            if {new[index].first, new[index].last} & scattered:
                self._unplaced(by_new.get(new[index].first), by_new.get(new[index].last))
            else:
                self._mark(new[index], by_new, insertions)
        for out in outs:
            for offset, _, sign in sorted(insertions.get(id(out), ()), reverse=True):
                out.text = out.text[:offset] + sign + out.text[offset:]
            if out.result >= 0 and id(out) in insertions:
                self.state.redraft(out.result, fold(out.text, self.target.content.language))

    def _unplaced(self, *outs: Out | None) -> None:
        for out in outs:
            if out is not None and out.result >= 0:
                self.state.unmarked(out.result)

    def _scattered(self, fresh: list[marks.Span]) -> set[int]:
        """Sentences with marks around several of their parts: in another word order those parts are not found."""
        parts = Counter(span.first for span in fresh if span.first == span.last)
        return {index for index, count in parts.items() if count > 1}

    def _unmark(self, span: marks.Span, by_target: dict[int, Out]) -> None:
        first, last = by_target.get(span.first), by_target.get(span.last)
        if first is None or last is None or first.edited or last.edited:
            return
        for out, index, offset, sign in (
            (last, span.last, span.end - len(span.closing), span.closing),
            (first, span.first, span.start, span.opening),
        ):
            at = self.target.segments[index].start - self.target.segments[out.first or 0].start + offset
            if out.text.startswith(sign, at):
                out.text = out.text[:at] + out.text[at + len(sign) :]
        for out in (first, last):
            self._remarked(out, uncertain=False)

    def _mark(
        self, span: marks.Span, by_new: dict[int, Out], insertions: dict[int, list[tuple[int, int, str]]]
    ) -> None:
        first, last = by_new.get(span.first), by_new.get(span.last)
        if first is None or last is None or (first.request is not None and first is last and not first.edited):
            return
        opened = self._project(span, span.first, first)
        closed = self._project(span, span.last, last)
        if opened is None or closed is None or not self._free(first, last, opened[0], closed[1], insertions):
            self._unplaced(first, last)
            return
        a, b = opened[0], closed[1]
        insertions.setdefault(id(first), []).append((a, 1, span.opening))
        insertions.setdefault(id(last), []).append((b, 0, span.closing))
        if first is last and first.request is not None and opened[2]:
            first.lead, first.tail = span.opening, span.closing
        for out in (first, last):
            self._remarked(out, uncertain=not (opened[2] and closed[2]))

    @staticmethod
    def _free(first: Out, last: Out, a: int, b: int, insertions: dict[int, list[tuple[int, int, str]]]) -> bool:
        """Whether a mark from `a` in `first` to `b` in `last` stands in no token and crosses no other mark."""
        if _inside_token(first.text, a) or _inside_token(last.text, b):
            return False
        if first is not last:
            return True
        marks_there = find_marks(first.text)
        opened = [start for start, _, _, opens in marks_there if opens]
        closed = [end for _, end, _, opens in marks_there if not opens]
        # Spans that are there, nested ones as one: a new mark must stand outside all of them.
        own = any(a < end and start < b for start, end in zip(opened, closed, strict=True))
        return a < b and not own and not _crosses(insertions.get(id(first), []), a, b)

    def _project(self, span: marks.Span, index: int, out: Out) -> tuple[int, int, bool] | None:
        """(start, end, whether it is certain) of the span's part in sentence `index`, in `out.text`."""
        closure = out.closure
        a, b = closure.new[0], closure.new[-1]
        start = span.start if index == span.first else 0
        end = span.end if index == span.last else len(self.new.segments[index].text)
        base = self.new.segments[a].start
        offset = self.new.segments[index].start - base
        source = self.new.content.text[base : self.new.segments[b].end]
        found = marks.project(
            source, offset + start, offset + end, out.text, self.state.lexicon, self.state.target.language
        )
        if found is None:
            return None
        whole = end - start >= len(self.new.segments[index].text) - 1 and a == b
        return found[0], found[1], whole

    def _remarked(self, out: Out, uncertain: bool) -> None:
        if out.result >= 0:
            self.state.marked(out.result, uncertain)


def _crosses(placed: list[tuple[int, int, str]], a: int, b: int) -> bool:
    """Whether a mark from `a` to `b` would overlap one that is placed already."""
    ordered = [offset for offset, _, _ in sorted(placed)]
    return any(start < b and a < end for start, end in zip(ordered[::2], ordered[1::2], strict=False))


def _inside_token(text: str, offset: int) -> bool:
    return any(token.start < offset < token.end for token in tokens(text))
