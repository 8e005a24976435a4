"""What stands between two sentences of a draft: the translation's own characters wherever it has them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from sync.languages import is_spaceless
from sync.model import Hole, Literal, Piece
from sync.sides import Out, Side
from sync.state import State

# What may differ in the markup of two tables of the same shape.
_SHAPELESS = re.compile(r"[ \t\r]+|-+")
_BLANK = " \t\r\n>"  # white space, and what begins a line of a block quote
_BREAK = re.compile(r"\n[ \t>]*\r?\n|\n[ \t>]*(?:[*+-]|\d{1,9}[.)])[ \t]|\|")


class Gaps:
    """Chooses what stands between the sentences of one region."""

    def __init__(self, state: State, old: Side, new: Side, target: Side) -> None:
        self.state, self.old, self.new, self.target = state, old, new, target

    def between(self, before: Out, after: Out) -> str:
        """The characters between two sentences that follow each other in the draft."""
        own = self._own_gap(before, after)
        upstream = self._upstream_gap(before, after)
        if own is None:
            if upstream is not None and _BREAK.search(upstream):
                return self._alike(upstream)
            return self._habit()
        previous = self._previous_gap(before, after)
        if upstream is None or previous is None:
            return own
        broken, was, stands = (bool(_BREAK.search(gap)) for gap in (upstream, previous, own))
        if broken != was and stands == was:  # a paragraph was split or merged upstream
            return self.state.native(upstream) if broken else self._habit()
        return own

    def _own_gap(self, before: Out, after: Out) -> str | None:
        if before.last is None or after.first is None or after.first != before.last + 1:
            return None
        return self.target.between(before.last)

    def _upstream_gap(self, before: Out, after: Out) -> str | None:
        a = before.closure.new[-1] if before.closure.old else before.new
        b = after.closure.new[0] if after.closure.old and after.closure.new else after.new
        if a is None or b is None or b != a + 1:
            return None
        return self.new.between(a)

    def _previous_gap(self, before: Out, after: Out) -> str | None:
        if not before.closure.old or not after.closure.old or after.closure.old[0] != before.closure.old[-1] + 1:
            return None
        return self.old.between(before.closure.old[-1])

    def _alike(self, upstream: str) -> str:
        """A break of the new source in the translation's own form, where it has one of that shape."""
        shape = _SHAPELESS.sub("", upstream)
        own = (self.target.between(i) for i in range(len(self.target.segments) - 1))
        return next((gap for gap in own if _SHAPELESS.sub("", gap) == shape), self.state.native(upstream))

    def _habit(self) -> str:
        """What this text puts between two sentences: a space, a line break, or nothing."""
        found = (self.target.between(i) for i in range(len(self.target.segments) - 1))
        habits = Counter(gap for gap in found if not gap.strip(_BLANK) and not _BREAK.search(gap))
        usual = "" if is_spaceless(self.state.target.language) else " "
        return max(habits, key=lambda gap: (habits[gap], gap), default=usual)


def spaced(pieces: list[Piece], language: str) -> list[Piece]:
    """English that stays in a text without spaces gets them; a translation in its place does not."""
    if not is_spaceless(language):
        return pieces
    for index, piece in enumerate(pieces):
        if isinstance(piece, Hole) and piece.request.previous is None and piece.fallback[:1].isascii():
            before = pieces[index - 2] if index > 1 else piece
            parted = isinstance(before, Hole) and before.fallback.endswith(" ")  # English too
            lead = " " if index > 1 and pieces[index - 1] == Literal("") and not parted else ""
            tail = " " if pieces[index + 1 : index + 2] == [Literal("")] else ""
            pieces[index] = replace(piece, fallback=f"{lead}{piece.fallback}{tail}")
    return pieces
