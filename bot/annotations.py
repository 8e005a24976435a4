"""The check run of a pull request: a line of the changed files for each segment that needs a look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.markup import one_line
from bot.messages import errors, findings_text
from bot.records import Proposal
from bot.review import Review, ReviewedSection, Risk, by_risk, of_proposal, risk, status, tally, tally_text
from bot.wording import language_name, plural, short
from sync.model import SegmentResult

# GitHub takes a title of 255 characters and a message of 64 KB for an annotation, a summary of 65,535 characters.
# https://docs.github.com/en/rest/checks/runs
_LONGEST_TITLE = 255
_LONGEST_TEXT = 2_000
_MOST = 500

Level = Literal["notice", "warning", "failure"]
Conclusion = Literal["success", "neutral", "failure"]


@dataclass(frozen=True, slots=True)
class Annotation:
    """A remark on lines of a file, 1-based and inclusive. Title and message are plain text, not Markdown."""

    path: str
    start_line: int
    end_line: int
    level: Level
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class Check:
    """What a check run says: its title is plain text, its summary Markdown; the annotations are ordered by risk."""

    conclusion: Conclusion
    title: str
    summary: str
    annotations: tuple[Annotation, ...]


def check(proposal: Proposal, language: str) -> Check:
    """The check of a proposal: neutral where something needs a look, a failure only where a section failed.

    There are at most 500 annotations; what has none is counted in the summary. Success says that nothing is marked,
    not that the translation is good.
    """
    review = of_proposal(proposal, language)
    found = by_risk(review.sections)
    placed = [(section, result, result.line) for section, result in found if result.line is not None]
    shown = tuple(_annotation(section, result, line) for section, result, line in placed[:_MOST])
    marked = found or review.conflicts
    conclusion: Conclusion = "failure" if review.failed else "neutral" if marked else "success"
    return Check(conclusion, _title(review, len(found)), _summary(review, len(found), len(placed)), shown)


def _title(review: Review, marked: int) -> str:
    failed = f"{plural(review.failed, 'section')} failed" if review.failed else ""
    said = tally_text(tally(review.sections))
    conflicts = plural(len(review.conflicts), "conflict") if review.conflicts else ""
    return ", ".join(filter(None, [failed, conflicts, said if marked else ""])) or "No segment is marked"


def _summary(review: Review, marked: int, placed: int) -> str:
    kinds = [risk(result) for section in review.sections for result in section.changes]
    named = {
        Risk.STALE: "with an old translation that waits for a translator",
        Risk.SUSPECT: "in which a check found something",
        Risk.UNCERTAIN: "uncertain",
        Risk.TRANSLATED: "newly translated",
        Risk.MISSING: "not translated",
    }
    counts = [f"- {plural(kinds.count(kind), 'segment')} {what}" for kind, what in named.items() if kind in kinds]
    parts = [
        f"{plural(len(review.drafted), 'section')} of the {language_name(review.language)} translation, drafted to "
        f"the source at `{short(review.source)}`.",
        f"{tally_text(tally(review.sections))}.",
        *(["\n".join(counts)] if counts else ["No segment is marked. AMTS does not judge how a sentence reads."]),
        *findings_text(review),
    ]
    if placed > _MOST:
        parts.append(f"{placed - _MOST:,} of them have no annotation here: there are {_MOST} at most.")
    if review.conflicts:
        parts.append(f"The pull request names {plural(len(review.conflicts), 'conflict')} with the default branch.")
    if placed < marked:
        parts.append(f"{marked - placed:,} of them have no line in the draft.")
    return "\n\n".join([*parts, *errors(review)]) + "\n"


def _annotation(section: ReviewedSection, result: SegmentResult, line: int) -> Annotation:
    said = one_line(status(result), _LONGEST_TITLE - 1)
    texts = {
        "Source before": result.old_source,
        "Source now": result.new_source,
        "Translation before": result.old_target,
        "Draft": result.draft,
    }
    reasons = [f"Check {finding.check}: {one_line(finding.reason, _LONGEST_TEXT)}" for finding in result.findings]
    texts_of = [f"{name}: {one_line(text, _LONGEST_TEXT)}" for name, text in texts.items() if text is not None]
    message = "\n".join([*reasons, *texts_of])
    level: Level = "warning" if result.waiting or result.findings else "notice"
    # GitHub refuses an annotation with no message.
    return Annotation(section.path, line, line, level, said, message or said)
