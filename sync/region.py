"""The plan for a stretch of changed prose: sentence by sentence, the human sentences that hold stay.

A region is a closure of blocks: usually one block in the old source, the new source and the translation;
several where a paragraph was split or merged on any side. Its sentences are merged three ways; the characters
between them (line breaks, list markers, table bars) come from the translation wherever it has them.
"""

from __future__ import annotations

from sync.align import CERTAIN, Link, align_sentences
from sync.diff import Match, match_texts
from sync.edits import neutral, patch, renew_tokens
from sync.gaps import Gaps, spaced
from sync.inline import fold, strip_marks
from sync.likeness import contested
from sync.marks import outer_marks
from sync.merge import Added, Closure, Place, Standing, arrange, closures, rivals
from sync.model import BlockKind, Hole, Literal, Operation, Piece
from sync.quantities import is_only_quantities
from sync.sides import Out, Side
from sync.slides import Slides
from sync.state import Removed, State
from sync.units import agreement_of

# How much better the new source must align for the translation to count as ahead of its origin.
_AHEAD = 0.06


class Region:
    """Plans one region. `removed()` tells what sentences it drops; `pieces()` makes its part of the draft."""

    def __init__(self, state: State, old: list[int], new: list[int], target: list[int], kind: BlockKind) -> None:
        self.state, self.kind = state, kind
        self.old = Side.of(state.old, old)
        self.new = Side.of(state.new, new)
        self.target = Side.of(state.target, target)
        self.start = state.target.blocks[target[0]].start
        self.end = state.target.blocks[target[-1]].end
        self.matches = match_texts(self.old.lines, self.new.lines)
        if not self.matches and len(self.old.lines) == len(self.new.lines) == 1:
            self.matches = [Match((0,), (0,), equal=False)]  # its block was recognised by its place
        self.links = self._links(self.old)
        everything = (len(self.old.lines), len(self.new.lines), len(self.target.lines))
        self.closures = closures(everything, self.links, self.matches)
        self._spare_doubtful()

    def _links(self, source: Side) -> list[Link]:
        return align_sentences(source.segments, self.target.segments, self.kind, self.state.lexicon)

    @property
    def changed(self) -> bool:
        """Whether anything but white space and slide marks differs in the source."""
        return self.old.lines != self.new.lines

    def _spare_doubtful(self) -> None:
        """Leave sentences that upstream removed where what translates them is not certain."""
        removed = [closure for closure in self.closures if closure.removed and closure.target]
        beside = {id(closure): rivals(closure, self.closures) for closure in removed}
        for closure in removed:
            linked, others = (
                [(self.kind, self.target.segments[j].text) for j in indices]
                for indices in (closure.target, beside[id(closure)])
            )
            source = (self.kind, self.old.line(closure.old))
            unsure = contested(source, linked, others, self.state.ratio, self.state.lexicon)
            if closure.confidence < CERTAIN or unsure:
                self._spare(closure, "removed upstream, but which text translates it is doubtful")

    def _spare(self, closure: Closure, reason: str) -> None:
        self.state.result(
            self.kind, Operation.KEPT, reason, uncertain=True, waiting=True,
            old=self.old.line(closure.old), target=self.target.line(closure.target),
        )  # fmt: skip
        closure.old = []

    def spare_removals(self) -> None:
        """Leave the sentences that upstream took out where they are, and list them."""
        for closure in self.closures:
            if closure.removed and closure.target:
                self._spare(closure, "removed upstream; the translation is ahead of its origin, so it stays")

    def removed(self) -> list[Removed]:
        """Old sentences that the new source no longer has here, with their translations."""
        return [
            Removed(self.old.line(c.old), self.old.raw(c.old), self.target.raw(c.target))
            for c in self.closures
            if c.removed and c.target and c.contiguous and c.confidence >= CERTAIN
        ]

    def ahead(self) -> bool:
        """Whether the translation has the new sentences already, one for one, and did not have the old ones so.

        A translator ran ahead. Edits within a sentence are told sentence by sentence (State.has_already).
        """
        if len(self.old.lines) == len(self.new.lines):
            return False
        links = self._links(self.new)
        covered = len(links) == len(self.new.lines) == len(self.target.lines)
        if not covered or any(len(link.sources) != 1 or len(link.targets) != 1 for link in links):
            return False
        was = agreement_of(self.links, self.old.segments, self.target.segments)
        now = agreement_of(links, self.new.segments, self.target.segments)
        return now > was + _AHEAD

    def pieces(self) -> list[Piece]:
        """The region's part of the draft, from the start of its first block to the end of its last."""
        text = self.state.target.text
        if not self.target.segments:
            return [Literal(text[self.start : self.end])]
        if self.ahead():
            self._keep_all("already in the translation")
            return [Literal(text[self.start : self.end])]
        outs = self._outs()
        Slides(self.state, self.old, self.new, self.target).place(outs)
        if not outs:
            return []
        lead = text[self.start : self.target.segments[0].start]
        tail = text[self.target.segments[-1].end : self.end]
        gaps = Gaps(self.state, self.old, self.new, self.target)
        pieces: list[Piece] = [Literal(lead)]
        for index, out in enumerate(outs):
            if index:
                pieces.append(Literal(gaps.between(outs[index - 1], out)))
            pieces.append(self._piece(out))
        return [*spaced(pieces, self.state.target.language), Literal(tail)]

    def _piece(self, out: Out) -> Piece:
        if out.made is not None:
            return out.made
        if out.request is None:
            return Literal(out.text, out.result)
        request = self.state.request(out.request, self._previous(out.closure))
        return Hole(request, out.text, out.result, out.lead, out.tail)

    def _previous(self, closure: Closure) -> tuple[str, str] | None:
        if not closure.old or not closure.target:
            return None
        return self.old.line(closure.old), self.target.line(closure.target)

    def _keep_all(self, reason: str) -> None:
        for index, line in enumerate(self.new.lines):
            self.state.result(self.kind, Operation.KEPT, reason, new=self.new.line([index]) or line)

    def _outs(self) -> list[Out]:
        for closure in self.closures:
            if closure.removed and closure.target:
                self.state.result(
                    self.kind, Operation.REMOVED, "removed upstream",
                    old=self.old.line(closure.old), target=self.target.line(closure.target),
                )  # fmt: skip
            elif closure.new and closure.old and not closure.target and not closure.equal:
                self.state.result(
                    self.kind, Operation.KEPT, "which text translates it was not found", waiting=True,
                    old=self.old.line(closure.old), new=self.new.line(closure.new),
                )  # fmt: skip
            elif closure.new and closure.old and not closure.target:
                self.state.result(self.kind, Operation.KEPT, "unchanged", new=self.new.line(closure.new))
        outs: list[Out] = []
        done: set[int] = set()
        for place in arrange(self.closures):
            if id(place.closure) not in done or place.closure.added or place.closure.foreign:
                done.add(id(place.closure))
                outs += self._out(place)
            elif isinstance(place, Standing) and not place.closure.contiguous:
                outs += self._single(place)
        return outs

    def _single(self, place: Standing) -> list[Out]:
        """One target sentence of a closure whose sentences other text stands between: left as it is."""
        return [Out(place.closure, self.target.raw([place.target]), place.target, place.target)]

    def _out(self, place: Place) -> list[Out]:
        closure = place.closure
        if isinstance(place, Added):
            if self.state.stands_in_english(line := self.new.lines[place.new]):
                self.state.result(
                    self.kind, Operation.KEPT, "already in the translation, in English", new=line, waiting=True
                )
                return []
            return [self._added(closure, place.new)]
        if closure.foreign or not closure.new:
            return self._single(place)
        if not closure.contiguous:
            self.state.result(
                self.kind, Operation.KEPT, "unchanged" if closure.equal else "its translation stands in several places",
                waiting=not closure.equal, old=self.old.line(closure.old), new=self.new.line(closure.new),
                target=self.target.line(closure.target),
            )  # fmt: skip
            return self._single(place)
        out = Out(closure, self.target.raw(closure.target), closure.target[0], closure.target[-1])
        out.new = closure.new[0]
        if closure.equal:
            operation = Operation.MOVED if closure.moved else Operation.KEPT
            same = strip_marks(self.old.raw(closure.old)) == strip_marks(self.new.raw(closure.new))
            reason = "moved" if closure.moved else "unchanged" if same else "white space"
            out.result = self._kept(closure, operation, reason)
            return [out]
        return [self._edited(out)]

    def _kept(self, closure: Closure, operation: Operation, reason: str) -> int:
        new, target = self.new.line(closure.new), self.target.line(closure.target)
        return self.state.result(self.kind, operation, reason, new=new, target=target)

    def _edited(self, out: Out) -> Out:
        closure = out.closure
        old, new = self.old.line(closure.old), self.new.line(closure.new)
        target = self.target.line(closure.target)
        if target == old and not is_only_quantities(old):  # not translated yet: the new English takes its place
            out.text, out.edited, out.request = self.state.native(self.new.raw(closure.new)), True, new
            out.result = self.state.result(
                self.kind, Operation.TRANSLATED, "edited, not translated yet", waiting=True, old=old, new=new, draft=new
            )
            return out
        if reason := neutral(old, new, self.state.vocabulary):
            out.result = self._kept(closure, Operation.KEPT, reason)
            return out
        patched = patch(old, new, strip_marks(out.text)) if closure.confidence >= CERTAIN else None
        if patched and strip_marks(out.text) == out.text:
            out.text, out.edited = patched.text, True
            out.result = self.state.result(
                self.kind,
                Operation.PATCHED,
                patched.reason,
                old=old,
                new=new,
                target=target,
                draft=patched.text,
            )
            return out
        if self.state.has_already(old, new, target):
            out.result = self._kept(closure, Operation.KEPT, "already in the translation")
            return out
        doubtful = closure.confidence < CERTAIN
        if not doubtful:
            out.text = renew_tokens(old, new, out.text)
        out.result = self.state.result(
            self.kind, Operation.TRANSLATED,
            "which sentence translates it is doubtful" if doubtful else "edited", waiting=True, uncertain=doubtful,
            old=old, new=new, target=target, draft=fold(out.text, self.state.target.language),
        )  # fmt: skip
        out.request = None if doubtful else new
        out.edited = True
        return out

    def _added(self, closure: Closure, index: int) -> Out:
        raw = self.new.segments[index].text
        native = self.state.native(raw)
        piece = self.state.fresh(self.kind, self.new.lines[index], native, outer_marks(raw))
        text = piece.text if isinstance(piece, Literal) else piece.fallback
        return Out(closure, text, new=index, made=piece)
