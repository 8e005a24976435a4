"""What needs no translating and is carried over by itself: code, formulas, labels, links, the markup of a block.

Three-way everywhere: what the translation has of its own is kept, and what cannot be merged is left as it is and
reported.
"""

from __future__ import annotations

import re
from dataclasses import replace

from sync.align import CERTAIN
from sync.code import comments, merge_code
from sync.inline import fold, strip_marks
from sync.marks import outer_marks
from sync.merge import Closure
from sync.model import Block, BlockKind, Literal, Operation, Piece
from sync.state import State

_ORDINAL = re.compile(r"\s*\d{1,9}[.)]\s*$")
_UNDERLINE = re.compile(r"^([=-])\1*$")
# Merged token by token where the translation has its own.
_TOKENWISE = frozenset({BlockKind.MATH, BlockKind.REFERENCE, BlockKind.HTML, BlockKind.FRONT_MATTER})


def with_markup(state: State, closure: Closure, pieces: list[Piece]) -> list[Piece]:
    """Carry over a changed heading level, list marker or picture target: the markup around the segments."""
    if not (len(closure.old) == len(closure.new) == len(closure.target) == 1) or not pieces:
        return pieces
    old, new, target = (
        _edges(side.blocks[indices[0]])
        for side, indices in (
            (state.old, closure.old),
            (state.new, closure.new),
            (state.target, closure.target),
        )
    )
    for side, at in ((0, 0), (1, -1)):
        edge = pieces[at]
        same = _shape(old[side]) == _shape(target[side]) and _shape(old[side]) != _shape(new[side])
        if same and isinstance(edge, Literal) and edge.text == target[side]:
            framed = side == 1 and target[side].strip() and new[side].strip()
            pieces[at] = Literal(_replaced(target[side], new[side]) if framed else state.native(new[side]))
            if side == 0:
                pieces = _unquoted(pieces, target[side].count(">") - new[side].count(">"))
            if _ORDINAL.match(old[side]) and _ORDINAL.match(new[side]):
                continue  # an item was put in or taken out before it: nothing to tell anyone
            block = state.new.blocks[closure.new[0]]
            state.result(block.kind, Operation.PATCHED, "markup", old=old[side], new=new[side], draft=new[side])
    return pieces


def _shape(markup: str) -> str:
    """Markup without the white space around it; a heading may be underlined as long as anyone likes."""
    return _UNDERLINE.sub(r"\1", markup.strip())


def _unquoted(pieces: list[Piece], levels: int) -> list[Piece]:
    """The pieces of a block that is quoted `levels` times less: without the marks on its further lines."""
    if levels < 1:
        return pieces
    mark = re.compile(rf"(\n[ \t]*)(?:>[ \t]?){{{levels}}}")
    return [
        replace(piece, text=mark.sub(r"\1", piece.text))
        if isinstance(piece, Literal)
        else replace(piece, fallback=mark.sub(r"\1", piece.fallback))
        for piece in pieces
    ]


def carry(state: State, closure: Closure, block: Block) -> list[Piece]:
    """A changed block that is not planned by sentence: code, formulas, labels, and what is doubtful."""
    if not len(closure.old) == len(closure.new) == len(closure.target) == 1:
        return _left(state, closure, block, "its blocks do not correspond one to one")
    old, new = state.old.blocks[closure.old[0]], state.new.blocks[closure.new[0]]
    if block.kind != new.kind or old.kind != new.kind or closure.confidence < CERTAIN:
        return _left(state, closure, block, "which text translates it is doubtful")
    if block.kind in (BlockKind.FENCE, BlockKind.CODE):
        return _code(state, old, new, block)
    reason, uncertain = "carried over", False
    if _marks_only(old, new):
        reason, text = "slide marks", _remarked(block.text, new.text)
    elif _plain(new.text) == _plain(block.text):
        state.result(block.kind, Operation.KEPT, "already in the translation", new=new.text, target=block.text)
        return [Literal(block.text)]
    elif _plain(old.text) == _plain(block.text):
        text = _replaced(block.text, state.native(new.text))
    else:
        merged = merge_code(old.text, new.text, block.text)
        if merged.conflict or block.kind not in _TOKENWISE:
            return _left(state, closure, block, "the translation has its own, and the source changed")
        text, uncertain, reason = merged.text, True, "merged into what the translation has of its own"
    state.result(
        block.kind, Operation.PATCHED, reason, old=old.text, new=new.text, target=block.text, draft=text,
        uncertain=uncertain,
    )  # fmt: skip
    return [Literal(text)]


def _code(state: State, old: Block, new: Block, block: Block) -> list[Piece]:
    merged = merge_code(
        old.text.replace("\r\n", "\n"), new.text.replace("\r\n", "\n"), block.text.replace("\r\n", "\n")
    )
    text = _replaced(block.text, state.native(merged.text))
    lost = set(comments(block.text)) - set(comments(old.text)) - set(comments(text))
    if merged.conflict:
        reason = "the translation's own code was kept against a change"
    elif lost:
        reason = "code; a comment changed, and its translation gave way to the new English"
    elif text == block.text:
        reason = "already in the translation"
    else:
        reason = "code"
    operation = Operation.KEPT if text == block.text else Operation.PATCHED
    state.result(
        block.kind, operation, reason, old=old.text, new=new.text, target=block.text, draft=text,
        waiting=merged.conflict or bool(lost), uncertain=merged.conflict,
    )  # fmt: skip
    return [Literal(text)]


def _left(state: State, closure: Closure, block: Block, reason: str) -> list[Piece]:
    """The translation stands; a translator has to look."""
    old = " ".join(fold(strip_marks(state.old.blocks[i].text)) for i in closure.old)
    new = " ".join(fold(strip_marks(state.new.blocks[k].text)) for k in closure.new)
    state.result(
        block.kind, Operation.TRANSLATED, reason, old=old, new=new, target=fold(block.text), waiting=True,
        uncertain=True,
    )  # fmt: skip
    return [Literal(block.text)]


def reframed(blocks: list[Block]) -> bool:
    """Whether of a formula, in its old, new and translated text, only the slide marks around it changed upstream."""
    if len(blocks) != 3 or any(block.kind != BlockKind.MATH for block in blocks):
        return False
    old, new, own = (outer_marks(block.text.strip()) for block in blocks)
    return old != new and own == old


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
