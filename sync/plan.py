"""The plan of one section: what happens to every block, and to every sentence of the blocks that changed.

Blocks of the old source, the new source and the translation are merged three ways (sync.merge); prose that
changed is planned sentence by sentence (sync.region); what needs no translating is carried over here.
The translation's own bytes are never touched outside what changed.
"""

from __future__ import annotations

from sync import markdown
from sync.align import CERTAIN, Link, align_blocks
from sync.code import code_key, merge_code
from sync.diff import Match, match_blocks
from sync.inline import find_marks, fold, strip_marks
from sync.lexicon import Lexicon
from sync.marks import outer_marks
from sync.merge import Closure, Place, arrange, closures, spare
from sync.model import TRANSLATABLE, Block, BlockKind, Literal, Operation, Piece, Plan, Section
from sync.region import Region, Side
from sync.state import Content, State

_PRESENT = 0.62  # a block of the translation alone is the new block's translation from here on
_TOKENWISE = frozenset({BlockKind.MATH, BlockKind.REFERENCE, BlockKind.HTML, BlockKind.FRONT_MATTER})
_JOINS = frozenset({BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.CODE, BlockKind.FOOTNOTE, BlockKind.TABLE})


def plan_section(
    old_source: str, new_source: str, old_target: str, language: str, lexicon: Lexicon | None = None
) -> Plan:
    """Plan the update of a translation from `old_source`, which it was made from, to `new_source`.

    All three are whole files as text; empty old source and translation: a new section. `lexicon`: learnt from
    the repository, it makes alignment and slide marks better. Raises SectionError where a source cannot be
    read safely (an unclosed fence or formula, too large).
    """
    if old_source == new_source:
        return Plan(language, (Literal(old_target),) if old_target else (), ())
    old, new = markdown.parse(old_source), markdown.parse(new_source)
    target = markdown.parse(old_target, language)
    markdown.check_closed(old, "old source")
    markdown.check_closed(new, "new source")
    return _Planner(old, new, target, lexicon).plan()


class _Planner:
    def __init__(self, old: Section, new: Section, target: Section, lexicon: Lexicon | None) -> None:
        self.state = state = State(Content.of(old), Content.of(new), Content.of(target), lexicon)
        self.links = [
            Link(state.old.dense(link.sources), state.target.dense(link.targets), link.confidence)
            for link in align_blocks(old, target, lexicon)
        ]
        self.matches = [
            Match(state.old.dense(m.old), state.new.dense(m.new), m.equal, m.moved) for m in match_blocks(old, new)
        ]
        sizes = (range(len(side.blocks)) for side in (state.old, state.new, state.target))
        self.closures = closures(*sizes, self.links, self.matches)
        self._find_present(new, target)
        self.regions: dict[int, Region] = {}

    def plan(self) -> Plan:
        state = self.state
        for closure in spare(self.closures, CERTAIN):
            text = fold(state.target.blocks[closure.target[0]].text)[:80]
            state.notes.append(f"Removed upstream, but which text translates it is doubtful, so it stays: {text}")
        settled = {closure.old[0] for closure in self.closures if self._settled(closure)}
        for closure in self.closures:
            self._prepare(closure, settled)
        places = arrange(self.closures)
        pieces = self._pieces(places)
        self._absent()
        return Plan(
            state.target.language,
            _compact(pieces),
            tuple(state.results),
            tuple(state.notes),
            sum(len(segment.text) for block in state.new.blocks for segment in block.segments),
            state.characters_changed,
        )

    def _find_present(self, new: Section, target: Section) -> None:
        """New blocks that the translation has already: it may be ahead of its origin."""
        added = {c.new[0]: c for c in self.closures if c.added}
        foreign = {c.target[0]: c for c in self.closures if c.foreign}
        if not added or not foreign:
            return
        for found in align_blocks(new, target, self.state.lexicon):
            link = Link(self.state.new.dense(found.sources), self.state.target.dense(found.targets), found.confidence)
            ours = [added.get(k) for k in link.sources]
            theirs = [foreign.get(j) for j in link.targets]
            if len(ours) == 1 and ours[0] and all(theirs) and link.confidence >= _PRESENT and self._same_code(link):
                ours[0].target = list(link.targets)
                ours[0].equal = True
                gone = {id(closure) for closure in theirs}
                self.closures = [c for c in self.closures if id(c) not in gone]

    def _same_code(self, link: Link) -> bool:
        a, b = self.state.new.blocks[link.sources[0]], self.state.target.blocks[link.targets[0]]
        return a.kind != BlockKind.FENCE or code_key(a.text) == code_key(b.text) or link.confidence > 0.85

    # -- what is planned by sentence ----------------------------------------------------------------------

    def _settled(self, closure: Closure) -> bool:
        """Whether the translation had this change of code before: its translators have dealt with it."""
        if closure.removed and not closure.target:
            return all(self.state.old.blocks[i].kind == BlockKind.FENCE for i in closure.old)
        if closure.equal or not (len(closure.old) == len(closure.new) == len(closure.target) == 1):
            return False
        old, new, own = self._blocks(closure)
        return old.kind == new.kind == own.kind == BlockKind.FENCE and (
            code_key(own.text) == code_key(new.text) != code_key(old.text)
        )

    def _prepare(self, closure: Closure, settled: set[int]) -> None:
        """Make the regions, and collect the human sentences that lose their place, before any is reused.

        Beside code that the translators have updated by themselves nothing of theirs is taken out: they saw
        that text then and left it.
        """
        state = self.state
        if closure.removed and closure.target:
            source, target = Side.of(state.old, closure.old), Side.of(state.target, closure.target)
            if len(source.lines) == len(target.lines):
                pairs = zip(source.lines, target.segments, strict=True)
                state.remove({line: strip_marks(segment.text) for line, segment in pairs})
            return
        if not (closure.old and closure.new and closure.target) or not closure.contiguous:
            return
        if not all(block.kind in TRANSLATABLE for block in self._blocks(closure)):
            return
        if closure.equal and not self._marks_differ(closure):
            return
        if closure.confidence < CERTAIN:
            return
        kind = state.new.blocks[closure.new[0]].kind
        region = Region(state, closure.old, closure.new, closure.target, kind)
        if settled & {closure.old[0] - 1, closure.old[-1] + 1}:
            region.spare_removals()
        state.remove(region.removed())
        self.regions[id(closure)] = region

    def _blocks(self, closure: Closure) -> list[Block]:
        state = self.state
        return [
            *(state.old.blocks[i] for i in closure.old),
            *(state.new.blocks[k] for k in closure.new),
            *(state.target.blocks[j] for j in closure.target),
        ]

    def _marks_differ(self, closure: Closure) -> bool:
        old, new = (
            [(sign, fold(side.blocks[i].text)) for i in indices for *_, sign, _ in find_marks(side.blocks[i].text)]
            for side, indices in ((self.state.old, closure.old), (self.state.new, closure.new))
        )
        return old != new

    # -- the draft ----------------------------------------------------------------------------------------

    def _pieces(self, places: list[Place]) -> list[Piece]:
        state = self.state
        pieces: list[Piece] = [Literal(state.target.lead if state.target.text else state.native(state.new.lead))]
        done: set[int] = set()
        before: Place | None = None
        for place in places:
            whole = id(place.closure) in self.regions
            if whole and id(place.closure) in done:
                before = place
                continue
            made = self._made(place)
            done.add(id(place.closure))
            if not made:
                continue
            if before is not None:
                pieces.append(Literal(self._separator(before, place, pieces)))
            pieces += made
            before = place if not whole else Place(place.closure, place.closure.target[-1], None)
        return self._ended(pieces, before)

    def _made(self, place: Place) -> list[Piece]:
        closure = place.closure
        if place.new is not None:
            return self._added(place.new)
        assert place.target is not None
        block = self.state.target.blocks[place.target]
        if closure.foreign:
            return [Literal(block.text)]
        region = self.regions.get(id(closure))
        if region is not None:
            pieces = self._prefixed(closure, region.pieces())
            if closure.moved:
                self.state.notes.append(f"Moved upstream: {fold(block.text)[:60]}")
            return pieces
        if place.target != closure.target[0]:
            return [Literal(block.text)]
        if not closure.equal or self._framed(closure):
            return self._carried(closure, block)
        self._unchanged(closure)
        return [Literal(block.text)]

    def _framed(self, closure: Closure) -> bool:
        """Whether only the slide marks around a formula changed, and the translation has the old ones."""
        blocks = self._blocks(closure)
        if len(blocks) != 3 or any(block.kind != BlockKind.MATH for block in blocks):
            return False
        old, new, own = (outer_marks(block.text.strip()) for block in blocks)
        return old != new and own == old

    def _unchanged(self, closure: Closure) -> None:
        operation, reason = (Operation.MOVED, "moved") if closure.moved else (Operation.KEPT, "unchanged")
        if not closure.old:
            reason = "already in the translation"
        elif reason == "unchanged" and self._rewrapped(closure):
            reason = "white space"
        for k in closure.new:
            block = self.state.new.blocks[k]
            for segment in block.segments:
                self.state.result(block.kind, operation, reason, new=segment.text)

    def _rewrapped(self, closure: Closure) -> bool:
        old, new = self.state.old.blocks, self.state.new.blocks
        return [strip_marks(old[i].text) for i in closure.old] != [strip_marks(new[k].text) for k in closure.new]

    def _added(self, index: int) -> list[Piece]:
        """A block that is new upstream, its prose sentence by sentence, everything else as it is."""
        state = self.state
        block = state.new.blocks[index]
        if not block.segments:
            state.result(block.kind, Operation.PATCHED, "new, carried over", new=block.text, draft=block.text)
            return [Literal(state.native(block.text))]
        pieces: list[Piece] = []
        position = block.start
        side = Side.of(state.new, [index])
        for segment, line in zip(side.segments, side.lines, strict=True):
            pieces.append(Literal(state.native(state.new.text[position : segment.start])))
            position = segment.end
            pieces.append(state.fresh(block.kind, line, state.native(segment.text), outer_marks(segment.text)))
        return [*pieces, Literal(state.native(state.new.text[position : block.end]))]

    def _prefixed(self, closure: Closure, pieces: list[Piece]) -> list[Piece]:
        """Carry over a changed heading level, list marker or picture target: the markup around the segments."""
        if not (len(closure.old) == len(closure.new) == len(closure.target) == 1) or not pieces:
            return pieces
        state = self.state
        old, new, target = (
            _edges(side.blocks[indices[0]])
            for side, indices in ((state.old, closure.old), (state.new, closure.new), (state.target, closure.target))
        )
        for side, at in ((0, 0), (1, -1)):
            edge = pieces[at]
            same = old[side].strip() == target[side].strip() and old[side].strip() != new[side].strip()
            if same and isinstance(edge, Literal) and edge.text == target[side]:
                pieces[at] = Literal(state.native(new[side]) if side == 0 else _replaced(target[side], new[side]))
                block = state.new.blocks[closure.new[0]]
                state.result(block.kind, Operation.PATCHED, "markup", old=old[side], new=new[side], draft=new[side])
        return pieces

    def _carried(self, closure: Closure, block: Block) -> list[Piece]:
        """A changed block that is not planned by sentence: code, formulas, labels, and what is doubtful."""
        state = self.state
        if not len(closure.old) == len(closure.new) == len(closure.target) == 1:
            return self._left(closure, block, "its blocks do not correspond one to one")
        old, new = state.old.blocks[closure.old[0]], state.new.blocks[closure.new[0]]
        if block.kind != new.kind or old.kind != new.kind or closure.confidence < CERTAIN:
            return self._left(closure, block, "which text translates it is doubtful")
        if block.kind in (BlockKind.FENCE, BlockKind.CODE):
            return self._code(old, new, block)
        if _marks_only(old, new):
            text = _remarked(block.text, new.text)
            state.result(
                block.kind, Operation.PATCHED, "slide marks", old=old.text, new=new.text, target=block.text, draft=text
            )
            return [Literal(text)]
        if _plain(new.text) == _plain(block.text):
            state.result(block.kind, Operation.KEPT, "already in the translation", new=new.text, target=block.text)
            return [Literal(block.text)]
        if _plain(old.text) == _plain(block.text):
            text = _replaced(block.text, state.native(new.text))
            state.result(
                block.kind, Operation.PATCHED, "carried over", old=old.text, new=new.text, target=block.text, draft=text
            )
            return [Literal(text)]
        merged = merge_code(old.text, new.text, block.text)
        if merged.conflict or block.kind not in _TOKENWISE:
            return self._left(closure, block, "the translation has its own, and the source changed")
        state.result(
            block.kind, Operation.PATCHED, "carried over", old=old.text, new=new.text, target=block.text,
            draft=merged.text, uncertain=True,
        )  # fmt: skip
        return [Literal(merged.text)]

    def _code(self, old: Block, new: Block, block: Block) -> list[Piece]:
        merged = merge_code(old.text.replace("\r\n", "\n"), new.text.replace("\r\n", "\n"), block.text.replace("\r\n", "\n"))
        text = _replaced(block.text, self.state.native(merged.text))
        if merged.conflict:
            reason = "the translation's own code was kept against a change"
        elif text == block.text:
            reason = "already in the translation"
        else:
            reason = "code"
        operation = Operation.KEPT if text == block.text else Operation.PATCHED
        self.state.result(
            block.kind, operation, reason, old=old.text, new=new.text, target=block.text, draft=text,
            waiting=merged.conflict, uncertain=merged.conflict,
        )  # fmt: skip
        return [Literal(text)]

    def _left(self, closure: Closure, block: Block, reason: str) -> list[Piece]:
        """The translation stands; a translator has to look."""
        state = self.state
        old = " ".join(fold(strip_marks(state.old.blocks[i].text)) for i in closure.old)
        new = " ".join(fold(strip_marks(state.new.blocks[k].text)) for k in closure.new)
        state.result(
            block.kind, Operation.TRANSLATED, reason, old=old, new=new, target=fold(block.text), waiting=True,
            uncertain=True,
        )  # fmt: skip
        return [Literal(block.text)]

    def _absent(self) -> None:
        """Results for what has no place in the draft: removed blocks, and what the translation never had."""
        state = self.state
        for closure in self.closures:
            if closure.removed and closure.target:
                for i in closure.old:
                    block = state.old.blocks[i]
                    for line in Side.of(state.old, [i]).lines or [block.text]:
                        state.result(block.kind, Operation.REMOVED, "removed upstream", old=line)
            elif closure.old and closure.new and not closure.target:
                for k in closure.new:
                    block = state.new.blocks[k]
                    reason = "unchanged" if closure.equal else "the translation has no such block"
                    for line in Side.of(state.new, [k]).lines:
                        state.result(block.kind, Operation.KEPT, reason, new=line, uncertain=not closure.equal)

    # -- between blocks -----------------------------------------------------------------------------------

    def _separator(self, before: Place, after: Place, pieces: list[Piece]) -> str:
        state = self.state
        a, b = before.target, after.target
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
        a = before.new if before.new is not None else (before.closure.new or [None])[-1]
        b = after.new if after.new is not None else (after.closure.new or [None])[0]
        return self.state.new.gaps[a] if a is not None and b == a + 1 else None

    def _kind(self, place: Place) -> BlockKind:
        if place.target is not None:
            return self.state.target.blocks[place.target].kind
        assert place.new is not None
        return self.state.new.blocks[place.new].kind

    def _ended(self, pieces: list[Piece], last: Place | None) -> list[Piece]:
        """End the file as the translation did: its last blank lines, or no final newline."""
        state = self.state
        if not state.target.blocks or last is None:
            if state.new.blocks and last is not None:
                pieces.append(Literal(state.native(state.new.gaps[-1])))
            return pieces
        end = state.target.gaps[-1]
        if last.target == len(state.target.blocks) - 1:
            return [*pieces, Literal(end)]
        newline = state.target.text.endswith("\n")
        if newline and not _text_of(pieces).endswith("\n"):
            pieces.append(Literal(state.native("\n")))
        if not newline and isinstance(pieces[-1], Literal):
            pieces[-1] = Literal(pieces[-1].text.rstrip("\r\n"), pieces[-1].result)
        return [*pieces, Literal(end)]


def _edges(block: Block) -> tuple[str, str]:
    """The markup before a block's first segment and behind its last."""
    if not block.segments:
        return block.text, ""
    return (
        block.text[: block.segments[0].start - block.start],
        block.text[block.segments[-1].end - block.start :],
    )


def _plain(text: str) -> str:
    return "".join(strip_marks(text).split())


def _marks_only(old: Block, new: Block) -> bool:
    return old.text != new.text and _plain(old.text) == _plain(new.text)


def _remarked(text: str, new: str) -> str:
    """A formula of the translation with the slide marks that the new source has around it."""
    lead, tail = outer_marks(new.strip())
    body = strip_marks(text)
    core = body.strip()
    return body.replace(core, f"{lead}{core}{tail}", 1) if core else text


def _replaced(own: str, new: str) -> str:
    """`new` with the white space around it that `own` has."""
    body = new.strip()
    stripped = own.strip()
    at = own.index(stripped) if stripped else 0
    return own[:at] + body + own[at + len(stripped) :]


def _text_of(pieces: list[Piece]) -> str:
    """The end of the draft so far, enough to see how it ends."""
    for piece in reversed(pieces):
        text = piece.text if isinstance(piece, Literal) else piece.fallback
        if text:
            return text
    return ""


def _compact(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Neighbouring literals without a result, joined."""
    compact: list[Piece] = []
    run: list[str] = []
    for piece in pieces:
        if isinstance(piece, Literal) and piece.result is None:
            run.append(piece.text)
            continue
        if run:
            compact.append(Literal("".join(run)))
            run = []
        compact.append(piece)
    if run:
        compact.append(Literal("".join(run)))
    return tuple(compact)
