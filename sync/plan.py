"""The plan of one section: what happens to every block, and to every sentence of the blocks that changed.

Blocks of the old source, the new source and the translation are merged three ways (sync.merge); prose that
changed is planned sentence by sentence (sync.region); what needs no translating is carried over here.
The translation's own bytes are never touched outside what changed.
"""

from __future__ import annotations

from collections.abc import Sequence

from sync import markdown
from sync.align import CERTAIN, Link, align_blocks, align_sentences
from sync.carry import carry, reframed, with_markup
from sync.code import code_key
from sync.diff import Match, match_blocks
from sync.features import inner_text
from sync.inline import find_marks, fold, strip_marks
from sync.lexicon import Lexicon
from sync.likeness import contested
from sync.marks import outer_marks
from sync.merge import Added, Closure, Place, Standing, arrange, closures, rivals
from sync.model import TRANSLATABLE, Block, BlockKind, Literal, Operation, Piece, Plan, Section, SectionError
from sync.region import Region
from sync.separators import Separators
from sync.sides import Side
from sync.state import Content, Removed, State
from sync.units import agreement

_RESEMBLING = 0.4  # least share of blocks with a counterpart: true pairs have over 0.8, files mixed up mostly under 0.4
_ENOUGH = 6  # blocks; fewer prove nothing
_PRESENT = 0.62  # a block of the translation alone is the new block's translation from here on


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
    # Of the old source nobody can mend anything; what is open there is taken as it parses.
    markdown.check_closed(new, "new source")
    markdown.check_closed(target, "translation")
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
        _check_resemblance(state, self.links)
        sizes = (len(state.old.blocks), len(state.new.blocks), len(state.target.blocks))
        self.closures = closures(sizes, self.links, self.matches)
        self._find_present(new, target)
        self.regions: dict[int, Region] = {}

    def plan(self) -> Plan:
        state = self.state
        self._part_notes()
        self._spare_doubtful()
        self._drop_standing()
        settled = {closure.old[0] for closure in self.closures if self._settled(closure)}
        for closure in self.closures:
            self._prepare(closure, settled)
        self._spare_merged()
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

    def _spare_doubtful(self) -> None:
        """Leave what upstream removed where its translation is not certain; a translator takes it out."""
        state = self.state
        removed = [closure for closure in self.closures if closure.removed and closure.target]
        beside = {id(closure): rivals(closure, self.closures) for closure in removed}
        for closure in removed:
            old = [state.old.blocks[i] for i in closure.old]
            own = [state.target.blocks[j] for j in closure.target]
            others = [state.target.blocks[j] for j in beside[id(closure)]]
            if closure.confidence >= CERTAIN and not (
                old[0].kind in TRANSLATABLE
                and contested(
                    (old[0].kind, " ".join(inner_text(block) for block in old)),
                    [(block.kind, inner_text(block)) for block in own],
                    [(block.kind, inner_text(block)) for block in others if block.kind in TRANSLATABLE],
                    state.ratio,
                    state.lexicon,
                )
            ):
                continue
            state.result(
                old[0].kind, Operation.KEPT, "removed upstream, but which text translates it is doubtful", waiting=True,
                uncertain=True, old=fold(old[0].text), target=fold(own[0].text),
            )  # fmt: skip
            closure.old = []

    def _find_present(self, new: Section, target: Section) -> None:
        """New blocks that the translation has already: it may be ahead of its origin."""
        added = {c.new[0]: c for c in self.closures if c.added}
        foreign = {c.target[0]: c for c in self.closures if c.foreign}
        if not added or not foreign:
            return
        names = {block.text.strip() for block in self.state.target.blocks if block.kind == BlockKind.DIRECTIVE}
        within = _inside_new_tabs(self.state.new.blocks, names)
        for found in align_blocks(new, target, self.state.lexicon):
            link = Link(self.state.new.dense(found.sources), self.state.target.dense(found.targets), found.confidence)
            ours = [added.get(k) for k in link.sources]
            theirs = [foreign.get(j) for j in link.targets]
            if set(link.sources) & within:
                continue
            if len(ours) == 1 and ours[0] and all(theirs) and link.confidence >= _PRESENT and self._same_code(link):
                ours[0].target = list(link.targets)
                ours[0].equal = True
                gone = {id(closure) for closure in theirs}
                self.closures = [c for c in self.closures if id(c) not in gone]

    def _drop_standing(self) -> None:
        """Leave out new blocks whose English stands in the translation already."""
        standing: set[int] = set()
        for closure in self.closures:
            side = Side.of(self.state.new, closure.new) if closure.added else None
            if side and side.lines and all(self.state.stands_in_english(line) for line in side.lines):
                standing.add(id(closure))
                kind = self.state.new.blocks[closure.new[0]].kind
                for line in side.lines:
                    reason = "already in the translation, in English"
                    self.state.result(kind, Operation.KEPT, reason, new=line, waiting=True)
        self.closures = [closure for closure in self.closures if id(closure) not in standing]

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
            state.remove(self._removed_sentences(closure))
            return
        if not (closure.old and closure.new and closure.target) or not closure.contiguous:
            return
        if not all(block.kind in TRANSLATABLE for block in self._blocks(closure)):
            return
        if closure.equal and not self._marks_differ(closure):
            return
        if closure.confidence < CERTAIN or self._reshaped(closure):
            return
        kind = state.new.blocks[closure.new[0]].kind
        region = Region(state, closure.old, closure.new, closure.target, kind)
        if settled & {closure.old[0] - 1, closure.old[-1] + 1}:
            region.spare_removals()
        state.remove(region.removed())
        self.regions[id(closure)] = region

    def _part_notes(self) -> None:
        """Keep what may be the translator's own beside removed text: alignment takes a short note along with it.

        Of several blocks that translate fewer ones, the likest goes, and with it those that share a token.
        """
        state = self.state
        for closure in [c for c in self.closures if c.removed and len(c.target) > len(c.old)]:
            source = Side.of(state.old, closure.old).segments
            kind = state.old.blocks[closure.old[0]].kind
            likest = max(
                closure.target,
                key=lambda j: agreement(source, state.target.blocks[j].segments, kind, state.lexicon),
            )
            known = {token.text for segment in source for token in segment.protected}
            for j in list(closure.target):
                segments = state.target.blocks[j].segments
                if j == likest or any(token.text in known for segment in segments for token in segment.protected):
                    continue
                closure.target.remove(j)
                self.closures.append(Closure(target=[j]))
                text = fold(state.target.blocks[j].text)[:80]
                state.notes.append(f"Removed upstream, but this may be the translator's own, so it stays: {text}")

    def _reshaped(self, closure: Closure) -> bool:
        """Whether a table has other columns now than its translation: its rows would no longer fit its rule."""
        blocks = self._blocks(closure)
        return blocks[0].kind == BlockKind.TABLE and len({_columns(block) for block in blocks}) > 1

    def _spare_merged(self) -> None:
        """Keep removed blocks whose sentences went into text that is left as it is: nothing else would hold them."""
        state = self.state
        left = {
            line
            for closure in self.closures
            if closure.old and closure.new and closure.target and not closure.equal and id(closure) not in self.regions
            for line in Side.of(state.new, closure.new).lines
        }
        for closure in self.closures if left else ():
            if not (closure.removed and closure.target):
                continue
            lines = Side.of(state.old, closure.old).lines
            if not left.isdisjoint(lines):
                for line in lines:
                    kind = state.old.blocks[closure.old[0]].kind
                    reason = "merged upstream with text that could not be updated"
                    state.result(kind, Operation.KEPT, reason, old=line, waiting=True, uncertain=True)
                closure.old = []

    def _removed_sentences(self, closure: Closure) -> list[Removed]:
        """The sentences of removed blocks with their translations, as far as those are known for each alone."""
        state = self.state
        source, target = Side.of(state.old, closure.old), Side.of(state.target, closure.target)
        if len(source.lines) == len(target.lines):
            links = [Link((i,), (i,), 1.0) for i in range(len(source.lines))]
        else:
            kind = state.old.blocks[closure.old[0]].kind
            links = align_sentences(source.segments, target.segments, kind, state.lexicon)
        return [
            Removed(source.line(link.sources), source.raw(link.sources), target.raw(link.targets))
            for link in links
            if len(link.sources) == 1 and link.confidence >= CERTAIN
        ]

    def _blocks(self, closure: Closure) -> list[Block]:
        state = self.state
        return [
            *(state.old.blocks[i] for i in closure.old),
            *(state.new.blocks[k] for k in closure.new),
            *(state.target.blocks[j] for j in closure.target),
        ]

    def _marks_differ(self, closure: Closure) -> bool:
        old, new = (
            [
                ([sign for *_, sign, _ in marks], fold(side.blocks[i].text))
                for i in indices
                if (marks := find_marks(side.blocks[i].text))
            ]
            for side, indices in ((self.state.old, closure.old), (self.state.new, closure.new))
        )
        return old != new

    # -- the draft ----------------------------------------------------------------------------------------

    def _pieces(self, places: list[Place]) -> list[Piece]:
        state = self.state
        pieces: list[Piece] = [Literal(state.target.lead if state.target.text else state.native(state.new.lead))]
        separators = Separators(state)
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
                pieces.append(Literal(separators.between(before, place, pieces)))
            pieces += made
            before = place if not whole else Standing(place.closure, place.closure.target[-1])
        return separators.ended(pieces, before)

    def _made(self, place: Place) -> list[Piece]:
        closure = place.closure
        if isinstance(place, Added):
            return self._added(place.new)
        block = self.state.target.blocks[place.target]
        if closure.foreign:
            return [Literal(block.text)]
        region = self.regions.get(id(closure))
        if region is not None:
            pieces = with_markup(self.state, closure, region.pieces())
            if closure.moved:
                self.state.notes.append(f"Moved upstream: {fold(block.text)[:60]}")
            return pieces
        if place.target != closure.target[0]:
            return [Literal(block.text)]
        if not closure.equal or reframed(self._blocks(closure)):
            return carry(self.state, closure, block)
        self._unchanged(closure)
        return [Literal(block.text)]

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

    def _absent(self) -> None:
        """Results for what has no place in the draft: removed blocks, and what the translation never had."""
        state = self.state
        for closure in self.closures:
            if closure.removed and closure.target:
                target = fold(" ".join(state.target.blocks[j].text for j in closure.target))
                for i in closure.old:
                    block = state.old.blocks[i]
                    for line in Side.of(state.old, [i]).lines or [block.text]:
                        state.result(block.kind, Operation.REMOVED, "removed upstream", old=line, target=target)
            elif closure.old and closure.new and not closure.target:
                for k in closure.new:
                    block = state.new.blocks[k]
                    reason = "unchanged" if closure.equal else "which text translates it was not found"
                    for line in Side.of(state.new, [k]).lines or [block.text]:
                        state.result(block.kind, Operation.KEPT, reason, new=line, waiting=not closure.equal)


def _inside_new_tabs(blocks: Sequence[Block], known: set[str]) -> set[int]:
    """Indices of all between a `:begin_tab:` that the translation has not and its `:end_tab:`."""
    found: set[int] = set()
    inside = False
    for index, block in enumerate(blocks):
        text = block.text.strip() if block.kind == BlockKind.DIRECTIVE else ""
        if text.startswith(":begin_tab:"):
            inside = text not in known
        if inside:
            found.add(index)
        inside = inside and not text.startswith(":end_tab:")
    return found


def _columns(block: Block) -> int:
    """Cells in the first row of a table."""
    first = block.start + len(block.text.split("\n", 1)[0])
    return sum(segment.end <= first for segment in block.segments)


def _check_resemblance(state: State, links: list[Link]) -> None:
    """Raise SectionError where hardly anything of the translation has a counterpart in its source."""
    counterparts = sum(len(link.sources) + len(link.targets) for link in links)
    blocks = len(state.old.blocks), len(state.target.blocks)
    if min(blocks) >= _ENOUGH and counterparts < _RESEMBLING * min(blocks) * 2:
        raise SectionError(
            "the translation does not resemble the source it is said to be made from; "
            "check its origin, or exclude the section"
        )


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
