"""What stands between two blocks of a draft: the translation's own blank lines wherever it has them."""

from __future__ import annotations

from sync.merge import Added, Place, Standing
from sync.model import BlockKind, Literal, Piece
from sync.state import State

# Kinds that would run into each other without a blank line between them.
_JOINS = frozenset({BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.CODE, BlockKind.FOOTNOTE, BlockKind.TABLE})


class Separators:
    """Chooses the blank lines between the blocks of one section, and how it ends."""

    def __init__(self, state: State) -> None:
        self.state = state

    def between(self, before: Place, after: Place, pieces: list[Piece]) -> str:
        """The separator of two blocks that follow each other in the draft; `pieces` is the draft so far."""
        state = self.state
        a = before.target if isinstance(before, Standing) else None
        b = after.target if isinstance(after, Standing) else None
        if a is not None and b == a + 1:
            return state.target.gaps[a]
        upstream = self._upstream_separator(before, after)
        candidates = []
        if a is not None:
            candidates.append(state.target.gaps[a])
        if b:
            candidates.append(state.target.gaps[b - 1])
        wanted = upstream if upstream is not None else (candidates[0] if candidates else "\n")
        chosen = next((gap for gap in candidates if ("\n" in gap) == ("\n" in wanted)), state.native(wanted))
        text = _text_of(pieces)
        if text and not text.endswith("\n"):
            chosen = state.native("\n") + chosen
        kinds = {self._kind(before), self._kind(after)}
        if "\n" not in chosen and kinds <= _JOINS and BlockKind.PARAGRAPH in kinds:
            chosen = state.native("\n")
        return chosen

    def _upstream_separator(self, before: Place, after: Place) -> str | None:
        a = [before.new] if isinstance(before, Added) else before.closure.new
        b = [after.new] if isinstance(after, Added) else after.closure.new
        return self.state.new.gaps[a[-1]] if a and b and b[0] == a[-1] + 1 else None

    def _kind(self, place: Place) -> BlockKind:
        if isinstance(place, Standing):
            return self.state.target.blocks[place.target].kind
        return self.state.new.blocks[place.new].kind

    def ended(self, pieces: list[Piece], last: Place | None) -> list[Piece]:
        """End the file as the translation did: its last blank lines, or no final newline."""
        state = self.state
        if not state.target.blocks or last is None:
            if state.new.blocks and last is not None:
                pieces.append(Literal(state.native(state.new.gaps[-1])))
            return pieces
        end = state.target.gaps[-1]
        if isinstance(last, Standing) and last.target == len(state.target.blocks) - 1:
            return [*pieces, Literal(end)]
        newline = state.target.text.endswith("\n")
        if newline and not _text_of(pieces).endswith("\n"):
            pieces.append(Literal(state.native("\n")))
        if not newline and isinstance(pieces[-1], Literal):
            pieces[-1] = Literal(pieces[-1].text.rstrip("\r\n"), pieces[-1].result)
        return [*pieces, Literal(end)]


def _text_of(pieces: list[Piece]) -> str:
    """The end of the draft so far, enough to see how it ends."""
    for piece in reversed(pieces):
        text = piece.text if isinstance(piece, Literal) else piece.fallback
        if text:
            return text
    return ""
