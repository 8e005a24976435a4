"""One synthetic edit in every section of a book: everything that it does not touch must stay as it is.

The edit is made in the origin at a place that is random but the same for the same path; the draft is made
with no engine; what it should be is worked out here from the texts alone, without the planner.
"""

from __future__ import annotations

import keyword
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table
from rich.text import Text

from bot.bench import Progress, percent
from bot.bench.places import COMMENT, Field, Place, find_places
from bot.files import Pair, pairs_in
from sync.engines import Knowledge, create
from sync.languages import language as find_language
from sync.model import Block, BlockKind, Draft, Operation, TokenKind
from sync.pipeline import draft_section

NEW_PARAGRAPH = "Nothing of the kind was said here before, and forty-two herons agree."
NEW_WORDS = "which no earlier edition of this book had mentioned, "
NEW_NAME = "renamed_heron"
_NAME = re.compile(r"\b[A-Za-z_][A-Za-z_0-9]{2,}\b")
_LABEL = re.compile(r"(:[a-z]+:`)([^`]+)(`)")
_TARGET = re.compile(r"(\]\()([^()\s]+)(\))")


@dataclass(frozen=True, slots=True)
class Edit:
    """An edited origin, and whether a draft is what it should be: None, or what is wrong with it."""

    source: str
    verdict: Callable[[Draft], str | None]


@dataclass(frozen=True, slots=True)
class Trial:
    """What one edit of one section gave; `fault` is None where everything else stayed as it was."""

    path: str
    kind: str
    fault: str | None


@dataclass(frozen=True, slots=True)
class EditFigures:
    """All edits that could be made, in the order of the sections; kinds as in `EDITS`."""

    trials: tuple[Trial, ...]

    def summary(self) -> dict[str, dict[str, int]]:
        """Edits made and edits after which all the rest was there, by kind."""
        made = Counter(trial.kind for trial in self.trials)
        held = Counter(trial.kind for trial in self.trials if trial.fault is None)
        return {kind: {"made": made[kind], "held": held[kind]} for kind in EDITS}

    def to_json(self) -> dict[str, object]:
        """The summary and every edit."""
        return {"summary": self.summary(), "edits": [asdict(trial) for trial in self.trials]}

    def tables(self) -> list[Table]:
        """What went wrong, and the summary."""
        faults = Table(title="The draft is not what it should be")
        for heading in ("section", "edit", "difference"):
            faults.add_column(heading, overflow="fold")
        for trial in self.trials:
            if trial.fault is not None:
                faults.add_row(trial.path, trial.kind, Text(trial.fault))
        table = Table(title="One synthetic edit in each section")
        for heading in ("edit", "made", "rest byte for byte"):
            table.add_column(heading, justify="left" if heading == "edit" else "right")
        for kind, counts in self.summary().items():
            table.add_row(kind, str(counts["made"]), percent(counts["held"], counts["made"]))
        return [faults, table]


def bench_edits(folder: Path, language: str, progress: Progress) -> EditFigures:
    """Edits and drafts the pairs `X_origin.md` / `X.md` below `folder`; FileError where there is none."""
    code = find_language(language).code
    places = pairs_in(folder)
    trials: list[Trial] = []
    for number, place in enumerate(places):
        progress("sections", number, len(places))
        trials += _trials(place.read(), code)
    progress("sections", len(places), len(places))
    return EditFigures(tuple(trials))


def _trials(pair: Pair, language: str) -> Iterator[Trial]:
    field = find_places(pair, language)
    translator = create("none", Knowledge(), {})
    for kind, make in EDITS.items():
        chance = random.Random(f"{kind} {pair.path}")  # noqa: S311 (a repeatable place, no secret)
        edit = make(field, chance)
        if edit is None:
            continue
        try:
            fault = edit.verdict(draft_section(pair.source, edit.source, pair.target, language, translator))
        except Exception as error:  # whatever it is: an edit that is not drafted counts as one
            fault = f"{type(error).__name__}: {error}"
        yield Trial(pair.path, kind, fault)


def _delete(field: Field, chance: random.Random) -> Edit | None:
    place = _choose([p for p in field.places if p.alone], chance)
    if place is None:
        return None
    wanted = _without(field.target, place.target)
    return Edit(_without(field.source, place.source)[0], lambda draft: _compare(draft.text, wanted))


def _without(text: str, block: Block) -> tuple[str, str]:
    """`text` without a block that stands alone and the separator after it, and without the one before it."""
    before, after = text[: block.start], text[block.end :]
    # The line break that ends the block before is not part of the separator.
    line_end = before.find("\n", len(before.rstrip())) + 1
    return before + text[_with_gap(text, block.end) :], before[:line_end] + after


def _insert(field: Field, chance: random.Random) -> Edit | None:
    place = _choose([p for p in field.places if p.alone and p.following], chance)
    if place is None or place.following is None:
        return None
    at = place.following[0].start
    source = f"{field.source[:at]}{NEW_PARAGRAPH}\n\n{field.source[at:]}"
    first, last = place.target.end, place.following[1].start
    return Edit(source, lambda draft: _inserted(draft.text, field.target, first, last))


def _inserted(draft: str, target: str, first: int, last: int) -> str | None:
    """Whether the draft is the translation with the new paragraph, and nothing else, put in its place."""
    for at in range(first, last + 1):
        added = draft[at : len(draft) - len(target) + at]
        if target[:at] + added + target[at:] == draft and added.strip() == NEW_PARAGRAPH:
            return None
    return _difference(draft, f"{target[:last]}{NEW_PARAGRAPH}\n\n{target[last:]}")


def _edit(field: Field, chance: random.Random) -> Edit | None:
    free = [(place, at) for place in field.places for at in _word_starts(place.source)]
    if not free:
        return None
    place, at = chance.choice(free)
    source = field.source[:at] + NEW_WORDS + field.source[at:]
    before, after = field.target[: place.target.start], field.target[place.target.end :]

    def verdict(draft: Draft) -> str | None:
        if not any(result.waiting or result.operation is not Operation.KEPT for result in draft.results):
            return "the changed sentence was not noticed"
        if draft.text.startswith(before) and draft.text.endswith(after):
            return None
        return _difference(draft.text, field.target)

    return Edit(source, verdict)


def _word_starts(block: Block) -> Iterator[int]:
    """Where words can be put into the sentences of a paragraph without touching a protected token."""
    for sentence in block.segments if block.kind is BlockKind.PARAGRAPH else ():
        for match in re.finditer(r"[a-z,] (?=[a-z])", sentence.text):
            at = sentence.start + match.end()
            if not any(token.start < at < token.end for token in sentence.protected):
                yield at


def _move(field: Field, chance: random.Random) -> Edit | None:
    movable = [p for p in field.places if p.alone and p.following]
    if len(movable) < 3:
        return None
    moved = chance.choice(movable)
    others = [p for p in movable if p is not moved and p.following and p.following[0] is not moved.source]
    goal = _choose(others, chance)
    if goal is None:
        return None
    source = _moved(field.source, moved.source, goal.source)
    target = _moved(field.target, moved.target, goal.target)
    return Edit(source, lambda draft: _compare(draft.text, (target,)))


def _moved(text: str, block: Block, goal: Block) -> str:
    """`text` with a block, and the separator that follows it, put after another block and its separator."""
    end, at = _with_gap(text, block.end), _with_gap(text, goal.end)
    piece = text[block.start : end]
    if at <= block.start:
        return text[:at] + piece + text[at : block.start] + text[end:]
    return text[: block.start] + text[end:at] + piece + text[at:]


def _with_gap(text: str, end: int) -> int:
    gap = re.compile(r"[ \t\r\n]*\n|").match(text, end)
    return gap.end() if gap else end


def _reference(field: Field, chance: random.Random) -> Edit | None:
    choices = []
    for place in field.places:
        if place.source.kind not in {BlockKind.PARAGRAPH, BlockKind.LIST_ITEM}:
            continue
        for token in (token for segment in place.source.segments for token in segment.protected):
            pattern = {TokenKind.ROLE: _LABEL, TokenKind.LINK: _TARGET}.get(token.kind)
            found = pattern.search(token.text) if pattern else None
            once = place.source.text.count(token.text) == place.target.text.count(token.text) == 1
            if once and found:
                changed = token.text[: found.end(2)] + "_new" + token.text[found.end(2) :]
                choices.append((place, token.text, changed))
    if not choices:
        return None
    place, old, new = chance.choice(choices)
    wanted = _replace(field.target, place.target, place.target.text.replace(old, new))
    source = _replace(field.source, place.source, place.source.text.replace(old, new))
    return Edit(source, lambda draft: _compare(draft.text, (wanted,)))


def _rename(field: Field, chance: random.Random) -> Edit | None:
    choices = []
    for place in field.places:
        if place.source.kind is not BlockKind.FENCE or place.source.prefix or place.target.prefix:
            continue
        code, translated = (COMMENT.sub("", block.text) for block in (place.source, place.target))
        if code.split() != translated.split():
            continue
        # Not the line that opens the fence, and no name that a comment may speak of.
        names = Counter(_NAME.findall("\n".join(code.split("\n")[1:])))
        for name, count in names.items():
            pattern = re.compile(rf"\b{name}\b")
            everywhere = [len(pattern.findall(block.text)) for block in (place.source, place.target)]
            if everywhere == [count, count] and not keyword.iskeyword(name):
                choices.append((place, pattern))
    if not choices:
        return None
    place, pattern = chance.choice(choices)
    wanted = _replace(field.target, place.target, pattern.sub(NEW_NAME, place.target.text))
    source = _replace(field.source, place.source, pattern.sub(NEW_NAME, place.source.text))
    return Edit(source, lambda draft: _compare(draft.text, (wanted,)))


EDITS: dict[str, Callable[[Field, random.Random], Edit | None]] = {
    "delete a block": _delete,
    "insert a block": _insert,
    "edit a sentence": _edit,
    "move a block": _move,
    "change a reference": _reference,
    "rename in code": _rename,
}


def _choose(places: list[Place], chance: random.Random) -> Place | None:
    return chance.choice(places) if places else None


def _replace(text: str, block: Block, new: str) -> str:
    return text[: block.start] + new + text[block.end :]


def _compare(draft: str, wanted: tuple[str, ...]) -> str | None:
    return None if draft in wanted else _difference(draft, wanted[0])


def _difference(draft: str, wanted: str) -> str:
    """The first lines in which two texts differ."""
    pairs = zip([*draft.splitlines(), "(end)"], [*wanted.splitlines(), "(end)"], strict=False)
    for line, (is_there, should_be) in enumerate(pairs, 1):
        if is_there != should_be:
            return f"line {line}: {is_there[:70]!r}, should be {should_be[:70]!r}"
    return "the ends of lines differ"
