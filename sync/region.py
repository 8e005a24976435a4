"""The plan for a stretch of changed prose: sentence by sentence, the human sentences that hold stay.

A region is a closure of blocks: usually one block in the old source, the new source and the translation;
several where a paragraph was split or merged on any side. Its sentences are merged three ways; the characters
between them (line breaks, list markers, table bars) come from the translation wherever it has them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sync import marks
from sync.align import CERTAIN, Link, agreement, align_sentences, segments_of, unit_text
from sync.diff import Match, match_texts
from sync.edits import neutral, patch, renew_tokens
from sync.inline import fold, strip_marks, tokens
from sync.languages import LANGUAGES
from sync.merge import Closure, Place, arrange, closures, spare
from sync.model import BlockKind, Hole, Literal, Operation, Piece, Segment
from sync.state import Content, State

_AHEAD = 0.06  # how much better the new source must align for the translation to count as ahead
_SHAPELESS = re.compile(r"[ \t\r]+|-+")  # what may differ in the markup of two tables of the same shape
_BREAK = re.compile(r"\n[ \t>]*\r?\n|\n[ \t>]*(?:[*+-]|\d{1,9}[.)])[ \t]|\|")


@dataclass(slots=True)
class Side:
    """One of a region's three texts: its segments, and each as one folded line."""

    content: Content
    segments: list[Segment]
    lines: list[str]

    @classmethod
    def of(cls, content: Content, blocks: Sequence[int]) -> Side:
        segments = segments_of(content.blocks[i] for i in blocks)
        lines = [unit_text(content.text, content.language, [segment]) for segment in segments]
        return cls(content, segments, lines)

    def between(self, index: int) -> str:
        """The characters between segment `index` and the next one."""
        return self.content.text[self.segments[index].end : self.segments[index + 1].start]

    def line(self, indices: Sequence[int]) -> str:
        return unit_text(self.content.text, self.content.language, [self.segments[i] for i in indices])

    def raw(self, indices: Sequence[int]) -> str:
        """The file's own characters from the first of `indices` to the last."""
        return self.content.text[self.segments[indices[0]].start : self.segments[indices[-1]].end]


@dataclass(slots=True)
class _Out:
    """A sentence of the region's draft; `text` is what stands if no engine fills it."""

    closure: Closure
    text: str
    first: int | None = None  # its place in the translation, where it has one
    last: int | None = None
    request: str | None = None
    result: int = -1
    lead: str = ""
    tail: str = ""
    new: int | None = None
    edited: bool = False
    made: Piece | None = None


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
        everything = (range(len(side.segments)) for side in (self.old, self.new, self.target))
        self.closures = closures(*everything, self.links, self.matches)
        self.doubtful = spare(self.closures, CERTAIN)

    def _links(self, source: Side) -> list[Link]:
        return align_sentences(source.segments, self.target.segments, self.kind, self.state.lexicon)

    @property
    def changed(self) -> bool:
        """Whether anything but white space and slide marks differs in the source."""
        return self.old.lines != self.new.lines

    def spare_removals(self) -> None:
        """Leave the sentences that upstream took out where they are, and list them."""
        for closure in self.closures:
            if closure.removed and closure.target:
                self.state.result(
                    self.kind, Operation.KEPT, "removed upstream; the translation is ahead of its origin here, so it stays",
                    uncertain=True, old=self.old.line(closure.old), target=self.target.line(closure.target),
                )  # fmt: skip
                closure.old = []

    def removed(self) -> dict[str, str]:
        """Old sentences that the new source no longer has here, with their translations as they stand."""
        return {
            self.old.line(c.old): strip_marks(self.target.raw(c.target))
            for c in self.closures
            if c.removed and c.target and c.contiguous and c.confidence >= CERTAIN
        }

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
        was = agreement(self.old.segments, self.target.segments, self.kind, self.state.lexicon)
        now = agreement(self.new.segments, self.target.segments, self.kind, self.state.lexicon)
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
        self._place_marks(outs)
        if not outs:
            return []
        lead = text[self.start : self.target.segments[0].start]
        tail = text[self.target.segments[-1].end : self.end]
        pieces: list[Piece] = [Literal(lead)]
        for index, out in enumerate(outs):
            if index:
                pieces.append(Literal(self._gap(outs[index - 1], out)))
            pieces.append(self._piece(out))
        return [*_spaced(pieces, self.state.target.language), Literal(tail)]

    def _piece(self, out: _Out) -> Piece:
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

    def _outs(self) -> list[_Out]:
        for closure in self.closures:
            if closure.removed and closure.target:
                self.state.result(
                    self.kind, Operation.REMOVED, "removed upstream",
                    old=self.old.line(closure.old), target=self.target.line(closure.target),
                )  # fmt: skip
            elif closure.new and closure.old and not closure.target and not closure.equal:
                self.state.result(
                    self.kind, Operation.KEPT, "the translation has no such sentence", uncertain=True,
                    old=self.old.line(closure.old), new=self.new.line(closure.new),
                )  # fmt: skip
            elif closure.new and closure.old and not closure.target:
                self.state.result(self.kind, Operation.KEPT, "unchanged", new=self.new.line(closure.new))
        outs: list[_Out] = []
        done: set[int] = set()
        for place in arrange(self.closures):
            if id(place.closure) not in done or place.closure.added or place.closure.foreign:
                done.add(id(place.closure))
                outs += self._out(place)
            elif not place.closure.contiguous:
                outs += self._single(place)
        return outs

    def _single(self, place: Place) -> list[_Out]:
        """One target sentence of a closure whose sentences other text stands between: left as it is."""
        assert place.target is not None
        return [_Out(place.closure, self.target.raw([place.target]), place.target, place.target)]

    def _out(self, place: Place) -> list[_Out]:
        closure = place.closure
        if closure.added:
            assert place.new is not None
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
        out = _Out(closure, self.target.raw(closure.target), closure.target[0], closure.target[-1])
        out.new = closure.new[0]
        if closure.equal:
            operation = Operation.MOVED if closure.moved else Operation.KEPT
            same = strip_marks(self.old.raw(closure.old)) == strip_marks(self.new.raw(closure.new))
            out.result = self._kept(closure, operation, "moved" if closure.moved else "unchanged" if same else "white space")
            return [out]
        return [self._edited(out)]

    def _kept(self, closure: Closure, operation: Operation, reason: str) -> int:
        new, target = self.new.line(closure.new), self.target.line(closure.target)
        return self.state.result(self.kind, operation, reason, new=new, target=target)

    def _edited(self, out: _Out) -> _Out:
        closure = out.closure
        old, new = self.old.line(closure.old), self.new.line(closure.new)
        target = self.target.line(closure.target)
        if reason := neutral(old, new, self.state.vocabulary):
            out.result = self._kept(closure, Operation.KEPT, reason)
            return out
        patched = patch(old, new, strip_marks(out.text)) if closure.confidence >= CERTAIN else None
        if patched and strip_marks(out.text) == out.text:
            out.text, out.edited = patched.text, True
            out.result = self.state.result(
                self.kind, Operation.PATCHED, patched.reason, old=old, new=new, target=target, draft=patched.text
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

    def _added(self, closure: Closure, index: int) -> _Out:
        raw = self.new.segments[index].text
        native = self.state.native(raw)
        piece = self.state.fresh(self.kind, self.new.lines[index], native, marks.outer_marks(raw))
        text = piece.text if isinstance(piece, Literal) else piece.fallback
        return _Out(closure, text, new=index, made=piece)

    # -- between sentences ------------------------------------------------------------------------------

    def _gap(self, before: _Out, after: _Out) -> str:
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

    def _own_gap(self, before: _Out, after: _Out) -> str | None:
        if before.last is None or after.first is None or after.first != before.last + 1:
            return None
        return self.target.between(before.last)

    def _upstream_gap(self, before: _Out, after: _Out) -> str | None:
        a = before.closure.new[-1] if before.closure.old else before.new
        b = after.closure.new[0] if after.closure.old and after.closure.new else after.new
        if a is None or b is None or b != a + 1:
            return None
        return self.new.between(a)

    def _previous_gap(self, before: _Out, after: _Out) -> str | None:
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
        found = [self.target.between(i) for i in range(len(self.target.segments) - 1)]
        plain = [gap for gap in found if not _BREAK.search(gap) and not gap.strip()]
        language = LANGUAGES.get(self.state.target.language)
        if plain and max(set(plain), key=plain.count):
            return max(sorted(set(plain)), key=plain.count)
        return " " if language is None or not language.spaceless else ""

    # -- slide marks ------------------------------------------------------------------------------------

    def _place_marks(self, outs: list[_Out]) -> None:
        old, new = marks.spans(self.old.content.text, self.old.segments), marks.spans(self.new.content.text, self.new.segments)
        if not old and not new:
            return
        own = marks.spans(self.target.content.text, self.target.segments)
        gone, fresh = marks.changed(old, new)
        if not gone and not fresh:
            return
        if len(own) == len(new) and len(own) != len(old):
            return  # the translation has them already
        insertions: dict[int, list[tuple[int, int, str]]] = {}
        by_new = {k: out for out in outs for k in out.closure.new if out.new is not None and not out.closure.added}
        by_target = {j: out for out in outs if out.first is not None for j in range(out.first, (out.last or 0) + 1)}
        if gone and len(own) == len(old):
            for index in gone:
                self._unmark(own[index], by_target)
        scattered = self._scattered([new[index] for index in fresh])
        for index in fresh:
            if new[index].first in scattered or new[index].last in scattered:
                for k in (new[index].first, new[index].last):
                    if k in by_new:
                        self._remarked(by_new[k], uncertain=True)
                continue
            self._mark(new[index], by_new, insertions)
        for out in outs:
            placed = insertions.get(id(out))
            if not placed:
                continue
            for offset, _, sign in sorted(placed, reverse=True):
                out.text = out.text[:offset] + sign + out.text[offset:]

    def _scattered(self, fresh: list[marks.Span]) -> set[int]:
        """Sentences with marks around several of their parts: in another word order those parts are not found."""
        parts = Counter(span.first for span in fresh if span.first == span.last)
        return {index for index, count in parts.items() if count > 1}

    def _unmark(self, span: marks.Span, by_target: dict[int, _Out]) -> None:
        first, last = by_target.get(span.first), by_target.get(span.last)
        if first is None or last is None or first.edited or last.edited:
            return
        last_text = last.text
        at = last_text.rfind(span.closing)
        if at >= 0:
            last.text = last_text[:at] + last_text[at + len(span.closing) :]
        at = first.text.find(span.opening)
        if at >= 0:
            first.text = first.text[:at] + first.text[at + len(span.opening) :]
        for out in (first, last):
            self._remarked(out, uncertain=False)

    def _mark(
        self, span: marks.Span, by_new: dict[int, _Out], insertions: dict[int, list[tuple[int, int, str]]]
    ) -> None:
        first, last = by_new.get(span.first), by_new.get(span.last)
        if first is None or last is None or (first.request is not None and first is last and not first.edited):
            return
        opened = self._project(span, span.first, first)
        closed = self._project(span, span.last, last)
        if opened is None or closed is None:
            for out in (first, last):
                self._remarked(out, uncertain=True)
            return
        a, b = opened[0], closed[1]
        if first is last and a >= b:
            return
        if _inside_token(first.text, a) or _inside_token(last.text, b) or self._marked(first.text, a, b, first is last):
            return
        if first is last and _crosses(insertions.get(id(first), []), a, b):
            return
        insertions.setdefault(id(first), []).append((a, 1, span.opening))
        insertions.setdefault(id(last), []).append((b, 0, span.closing))
        if first is last and first.request is not None and opened[2]:
            first.lead, first.tail = span.opening, span.closing
        for out in (first, last):
            self._remarked(out, uncertain=not (opened[2] and closed[2]))

    @staticmethod
    def _marked(text: str, a: int, b: int, alone: bool) -> bool:
        """Whether a mark would stand in another one that is there already."""
        if not alone:
            return False
        return any(a <= start < b or a < end <= b for start, end, _, _ in marks.find_marks(text)) or (
            text[max(0, a - 3) : a] in ("[**", "(**")
        )

    def _project(self, span: marks.Span, index: int, out: _Out) -> tuple[int, int, bool] | None:
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

    def _remarked(self, out: _Out, uncertain: bool) -> None:
        if out.result >= 0:
            self.state.marked(out.result, uncertain)


def _spaced(pieces: list[Piece], language: str) -> list[Piece]:
    """English that stays in a text without spaces gets them; a translation in its place does not."""
    found = LANGUAGES.get(language)
    if found is None or not found.spaceless:
        return pieces
    for index, piece in enumerate(pieces):
        if isinstance(piece, Hole) and piece.fallback[:1].isascii():
            glued = [piece for piece in pieces[index - 1 : index + 2 : 2] if isinstance(piece, Literal) and not piece.text]
            before = pieces[index - 1] in glued and index > 1
            after = index + 1 < len(pieces) and pieces[index + 1] in glued
            text = f"{' ' if before else ''}{piece.fallback}{' ' if after else ''}"
            pieces[index] = replace(piece, fallback=text)
    return pieces


def _crosses(placed: list[tuple[int, int, str]], a: int, b: int) -> bool:
    """Whether a mark from `a` to `b` would overlap one that is placed already."""
    ordered = [offset for offset, _, _ in sorted(placed)]
    return any(start < b and a < end for start, end in zip(ordered[::2], ordered[1::2], strict=False))


def _inside_token(text: str, offset: int) -> bool:
    return any(token.start < offset < token.end for token in tokens(text))
