"""Segments of each kind that a reviewer meets, and proposals made of them."""

from __future__ import annotations

from bot.records import Proposal, Record, SectionRecord, Waiting
from sync.model import BlockKind, Operation, SectionState, SegmentResult


def result(
    operation: Operation = Operation.KEPT,
    texts: tuple[str | None, str | None, str | None, str | None] = ("Old.", "Old.", "旧。", "旧。"),
    reason: str = "unchanged",
    *,
    id: str = "1",
    waiting: bool = False,
    uncertain: bool = False,
    line: int | None = 1,
) -> SegmentResult:
    return SegmentResult(
        id, BlockKind.PARAGRAPH, operation, reason, *texts, waiting=waiting, uncertain=uncertain, line=line
    )


KEPT = result()
STALE = result(
    Operation.TRANSLATED,
    ("The model has two layers.", "The model has three large layers.", "模型有两层。", "模型有两层。"),
    "edited; no match in the memory",
    waiting=True,
    line=12,
)
ENGLISH = result(Operation.TRANSLATED, (None, "A new one.", None, "A new one."), "new; no match", waiting=True, line=14)
FUZZY = result(
    Operation.TRANSLATED,
    (None, "We test it.", None, "我们测试它。"),
    "fuzzy match 0.93",
    uncertain=True,
    line=20,
)
PATCHED = result(Operation.PATCHED, ("Use `a`.", "Use `b`.", "用`a`。", "用`b`。"), "inline code", line=21)
REMOVED = result(Operation.REMOVED, ("Gone.", None, "没了。", None), "gone upstream", line=None)


def section_of(
    *results: SegmentResult,
    kept: int = 0,
    error: str | None = None,
    state: SectionState = SectionState.BEHIND,
    notes: tuple[str, ...] = (),
) -> SectionRecord:
    return SectionRecord("source.md", "e" * 40, state, results, kept, notes, error, (1000, 90, 80))


def proposal_of(
    sections: dict[str, SectionRecord],
    branch: str = "amts/sync",
    number: int | None = 12,
    conflicts: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> Proposal:
    return Proposal(branch, "d" * 40, "a" * 40, "c" * 40, "memory", sections, number, notes, conflicts)


PROPOSAL = proposal_of(
    {
        "chapter_a/index.md": section_of(FUZZY, PATCHED, REMOVED, kept=20),
        "chapter_b/loss.md": section_of(ENGLISH, STALE, kept=7),
        "chapter_g/bad.md": section_of(error="unclosed fence in line 3: close it"),
    },
    conflicts=("chapter_a/index.md, line 3: the text of 1234567890 was left out",),
    notes=("A note on all.",),
)
RECORD = Record(
    source="a" * 40,
    declined={"chapter_c/old.md": "b" * 40},
    proposals={PROPOSAL.branch: PROPOSAL},
    waiting=(Waiting("chapter_x", 3, 120), Waiting("chapter_y", 1, 1)),
)
