"""The translation of one segment after another: an example where one fits, else words that look foreign."""

from __future__ import annotations

from collections.abc import Iterator

from bot.sandbox.amazon.examples import Examples
from bot.sandbox.amazon.faults import Faults
from bot.sandbox.amazon.pieces import Piece, Pieces, Text, visible
from bot.sandbox.amazon.terminology import Terms
from bot.sandbox.amazon.words import rewrite


class SegmentTranslator:
    """Translates segments into one language, and counts. Called with a segment; None: a fault made it vanish."""

    def __init__(
        self, target: str, operation: str, faults: Faults, examples: Examples | None = None, terms: Terms | None = None
    ) -> None:
        self.characters = 0  # of the segments, markup not counted
        self.applied: dict[str, str] = {}  # the terms that were used
        self._target = target
        self._operation = operation
        self._faults = faults
        self._examples = examples
        self._terms = terms

    def __call__(self, segment: Pieces) -> Pieces | None:
        self.characters += len(visible(segment))
        translated = self._examples.translate(segment) if self._examples else None
        if translated is None:
            translated = tuple(self._translated(piece) for piece in segment)
        return self._faults.spoil(translated, self._operation)

    def _translated(self, piece: Piece) -> Piece:
        return Text("".join(self._words(piece.text))) if isinstance(piece, Text) else piece

    def _words(self, text: str) -> Iterator[str]:
        for part, term in self._terms.split(text) if self._terms else ((text, None),):
            if term is None:
                yield rewrite(part, self._target)
            else:
                self.applied[part] = term
                yield term
