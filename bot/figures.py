"""The words on figures: of an engine, in the text of a pull request; of what review made of a draft, in comments."""

from __future__ import annotations

from collections.abc import Sequence

from bot.ledger import WHOLE, Entry
from bot.markup import code
from bot.review import ReviewedSection
from bot.wording import MAX_BODY, plural, take
from sync.score import bleu, chrf
from sync.trial import Measure, Quality

_ROOM = MAX_BODY // 2
_DISTANCE_ROOM = 3_000
_HEAD = (
    "section", "segments", "still wait", "accepted unchanged", "characters changed", "TER", "BLEU of the draft", "chrF",
    "saved (a)", "saved (b)",
)  # fmt: skip
_DEFINITIONS = (
    "Of each segment that AMTS wrote, or left to a translator who has done it since, the draft is compared with {now}, "
    "in characters (Levenshtein distance). What still waits is no work done, by anybody: it counts in its own column "
    "and in no other. *Saved (a)*: 1 − characters changed ÷ characters of that text, against translating these "
    "sentences from nothing. *Saved (b)*: 1 − characters changed ÷ characters to change from the old translation, "
    "against updating it by hand. BLEU (0–1), chrF and TER are those of what AMTS wrote, measured against {now}: how "
    "much of it was kept, which is not the same as how good it was. TER is taken over texts of at most 200 characters."
)


def engine_note(quality: Quality | None, engine: str) -> str | None:
    """What is known of an engine on this book (Markdown), for whoever reads its translations; None: nothing."""
    if quality is None or quality.engine != engine:
        return None
    ways = [("with the book's own sentence pairs", quality.adapted), ("without them", quality.plain)]
    told = [f"{_measured(found)} {way}" for way, found in ways if found is not None]
    if not told:
        return None
    known = next(found for _, found in ways if found is not None)
    return (
        f"**The engine {code(engine, 40)} on this book**, not on this draft: {'; '.join(told)}. "
        f"Measured on {quality.date} on {plural(quality.n, 'sentence')} that it is never shown "
        f"({quality.characters:,} characters), of which it answered {known.answered:,}; "
        f"± is the 95 % interval, by bootstrap. `{known.signature}`"
    )


def _measured(found: Measure) -> str:
    return f"BLEU {found.bleu:.3f} ± {found.spread:.3f}, chrF {found.chrf:.1f}, TER {found.ter:.1f}"


def moved(sections: Sequence[ReviewedSection], language: str) -> list[str]:
    """How far what a machine wrote moves from the translation before, by section (Markdown); empty where nothing does.

    Scores against the old text say how much changed, and nothing of how good it is.
    """
    pairs = {section.path: _renewed(section) for section in sections}
    rows = [(path, found) for path, found in pairs.items() if found]
    if not rows:
        return []
    every = [pair for _, found in rows for pair in found]
    shown = take((_distance(code(path), found, language) for path, found in rows), _DISTANCE_ROOM)
    left = [f"| … and {len(rows) - len(shown):,} more | | | |"] if len(shown) < len(rows) else []
    table = ["| section | segments | BLEU | chrF |", "| --- | ---: | ---: | ---: |", *shown, *left]
    total = _distance("**all**", every, language)
    signature = bleu([new for new, _ in every], [old for _, old in every], language).signature
    said = (
        "What a machine wrote in place of a translation, scored against that: how far the text moves, no measure of "
        f"how good it is. `{signature}`"
    )
    return ["### How far the text moves", said, "\n".join([*table, total])]


def _renewed(section: ReviewedSection) -> list[tuple[str, str]]:
    """What a machine wrote, and the translation whose place it took."""
    return [
        (result.draft, result.old_target)
        for result in section.changes
        if result.machine and not result.waiting and result.draft and result.old_target
    ]


def _distance(name: str, pairs: Sequence[tuple[str, str]], language: str) -> str:
    new, old = [text for text, _ in pairs], [text for _, text in pairs]
    score = min(bleu(new, old, language).value, 1.0)
    return f"| {name} | {len(pairs):,} | {score:.3f} | {chrf(new, old).value:.1f} |"


def closing_comment(entries: Sequence[Entry]) -> str:
    """What is said in a pull request that was merged (Markdown, within GitHub's limit), from its entries."""
    return _text("Merged, thank you. What became of the draft:", entries, "the text as merged")


def score_text(entries: Sequence[Entry]) -> str:
    """The same before a pull request is merged, against its branch as it is now."""
    if not entries:
        return "There is nothing to score yet: AMTS wrote no segment here, or does not remember its draft.\n"
    return _text(
        "What has become of the draft so far, against this branch as it is now:", entries, "the text as it is here now"
    )


def _text(opening: str, entries: Sequence[Entry], now: str) -> str:
    (whole,) = (found for found in entries if found.section == WHOLE)
    sections = [found for found in entries if found.section != WHOLE]
    rows = take((_row(code(found.section), found) for found in sections), _ROOM)
    left = len(sections) - len(rows)
    more = [f"| … and {left:,} more |{' |' * (len(_HEAD) - 1)}"] if left else []
    rule = "|".join([" --- ", *(" ---: " for _ in _HEAD[1:])])
    table = "\n".join([f"| {' | '.join(_HEAD)} |", f"|{rule}|", _row("**all**", whole), *rows, *more])
    parts = [opening, _summary(whole), table, _DEFINITIONS.format(now=now)]
    if whole.signature:
        parts.append(f"sacreBLEU signature of the BLEU: `{whole.signature}`")
    return "\n\n".join(parts) + "\n"


def _summary(whole: Entry) -> str:
    done = whole.segments - whole.undone
    said = f"{whole.accepted:,} of {plural(done, 'segment')} accepted unchanged"
    said += f"; {whole.waiting - whole.undone:,} had been left to a translator" if whole.waiting > whole.undone else ""
    said += f". {whole.edits:,} characters were changed to get to {whole.characters:,}."
    if whole.undone:
        waits = "segment still waits" if whole.undone == 1 else "segments still wait"
        said = f"**{whole.undone:,} {waits} for a translator**; the figures are of the others. {said}"
    return said


def _row(name: str, found: Entry) -> str:
    done = found.segments - found.undone
    cells = [
        f"{found.segments:,}",
        f"{found.undone:,}",
        f"{found.accepted:,} of {done:,}" if done else "–",
        f"{found.edits:,} of {found.characters:,}",
        _number(found.ter, ".1f"),
        _number(None if found.bleu is None else min(found.bleu, 1.0), ".3f"),
        _number(found.chrf, ".1f"),
        _number(found.saved_from_nothing, ".0%"),
        _number(found.saved_by_hand, ".0%"),
    ]
    return f"| {name} | {' | '.join(cells)} |"


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
