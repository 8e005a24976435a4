"""What the plan of one section carries along: the three texts, the lexicon, and the results so far."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from rapidfuzz.distance import Indel
from rapidfuzz.process import extractOne

from sync.edits import lexemes
from sync.features import content
from sync.inline import find_marks, fold, strip_marks, tokens
from sync.lexicon import Lexicon, source_stems, target_stems
from sync.model import Block, BlockKind, Hole, Literal, Operation, Piece, Request, Section, SegmentResult
from sync.units import unit_text

_SIMILAR = 0.6  # of a new sentence to one that was taken out: an edit of it rather than a new one
_MOST_REMOVED = 500  # sentences, the last ones, that a new one is compared with
_FLOWING = frozenset({BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.FOOTNOTE})  # may have line breaks
_QUOTED = re.compile(r"\n[ \t]*>")
_KNOWN = 0.7  # evidence a lexicon must have before it may say that a translation ran ahead


@dataclass(frozen=True, slots=True)
class Content:
    """A section as its content blocks and the blank lines around them.

    `places`: where each content block stands in `Section.blocks`; `lead` comes before the first, `gaps[i]`
    behind block i.
    """

    text: str
    language: str
    blocks: tuple[Block, ...]
    places: tuple[int, ...]
    lead: str
    gaps: tuple[str, ...]

    @classmethod
    def of(cls, section: Section) -> Content:
        places = content(section)
        blocks = tuple(section.blocks[i] for i in places)
        starts = [*(block.start for block in blocks[1:]), len(section.text)]
        gaps = tuple(section.text[block.end : start] for block, start in zip(blocks, starts, strict=False))
        lead = section.text[: blocks[0].start] if blocks else section.text
        return cls(section.text, section.language, blocks, tuple(places), lead, gaps)

    def dense(self, indices: tuple[int, ...]) -> tuple[int, ...]:
        """Indices into `Section.blocks` as indices into `blocks`."""
        return tuple(bisect_left(self.places, index) for index in indices)


class Removed(NamedTuple):
    """A sentence that loses its place: its English as one line, and both texts as they stand in their files."""

    line: str
    english: str
    human: str


@dataclass(slots=True)
class State:
    """Mutable while a plan is made, never after."""

    old: Content
    new: Content
    target: Content
    lexicon: Lexicon | None
    results: list[SegmentResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    characters_changed: int = 0
    _removed: dict[str, str] = field(default_factory=dict)
    _marked: dict[str, str] = field(default_factory=dict)  # the same with slide marks on both sides
    _lexed: dict[str, list[str]] = field(default_factory=dict)  # the last removed sentences as lexemes
    _nearest: dict[str, str] = field(default_factory=dict)
    _ids: Counter[str] = field(default_factory=Counter)
    _vocabulary: Counter[str] | None = None
    _english: set[str] | None = None
    _line_end: str | None = None

    @property
    def vocabulary(self) -> Counter[str]:
        """Lower-case words of the old and the new source, counted."""
        if self._vocabulary is None:
            self._vocabulary = Counter()
            for section in (self.old, self.new):
                for block in section.blocks:
                    for segment in block.segments:
                        self._vocabulary.update(word.lower() for word in lexemes(segment.text))
        return self._vocabulary

    def stands_in_english(self, line: str) -> bool:
        """Whether the translation has this new sentence as it is: from a draft whose base was not recorded.

        One that the old source had too may stand there as its translation (a name, a link), and may be on its way out.
        """
        if self._english is None:
            old, new, target = (
                Counter(unit_text(side.text, "en", [segment]) for block in side.blocks for segment in block.segments)
                for side in (self.old, self.new, self.target)
            )
            self._english = {text for text, count in new.items() if not old[text] and count <= target[text]}
        return line in self._english

    @property
    def ratio(self) -> float:
        """Characters of the translation's segments per character of the old source's."""
        old, own = (
            sum(len(segment.text) for block in side.blocks for segment in block.segments)
            for side in (self.old, self.target)
        )
        return own / old if old and own else 1.0

    def native(self, text: str) -> str:
        """Text of the source with the line ends of the translation."""
        if self._line_end is None:  # looked for once: the translation may be long
            self._line_end = "\r\n" if "\r\n" in self.target.text else "\n"
        return text.replace("\r\n", "\n").replace("\n", self._line_end)

    def result(
        self, kind: BlockKind, operation: Operation, reason: str, *, old: str | None = None, new: str | None = None,
        target: str | None = None, draft: str | None = None, waiting: bool = False, uncertain: bool = False,
    ) -> int:  # fmt: skip
        """Record what becomes of a segment; returns its index."""
        if draft is None and operation is not Operation.REMOVED:
            draft = target
        seed = f"{kind}\0{old or ''}\0{new or ''}"
        digest = hashlib.sha256(seed.encode()).hexdigest()[:10]
        self._ids[digest] += 1
        name = digest if self._ids[digest] == 1 else f"{digest}-{self._ids[digest]}"
        self.results.append(SegmentResult(name, kind, operation, reason, old, new, target, draft, waiting, uncertain))
        return len(self.results) - 1

    def fresh(self, kind: BlockKind, line: str, raw: str, marks: tuple[str, str] = ("", "")) -> Piece:
        """A segment that is new upstream: human text from elsewhere, a request to an engine, or as it is.

        `line` is it folded, `raw` as it stands in the file, `marks` the slide marks around the whole of it.
        """
        if not any(c.isalpha() for c in _without_tokens(line)):
            return Literal(raw, self.result(kind, Operation.PATCHED, "nothing to translate", new=line, draft=raw))
        lead, tail = marks
        human = self.reuse(line)
        if human is None:
            result = self.result(kind, Operation.TRANSLATED, "new", new=line, draft=raw, waiting=True)
            return Hole(self.request(line, None), raw, result, lead, tail)
        old, target, same = human
        text = self._marked.get(fold(raw)) or f"{lead}{target}{tail}"
        if kind not in _FLOWING or _QUOTED.search(text):  # its line breaks would end the block it comes into
            text = fold(text, self.target.language, ">")
        if same:
            return Literal(text, self.result(kind, Operation.MOVED, "moved", new=line, target=target, draft=text))
        result = self.result(
            kind, Operation.TRANSLATED, "moved and edited", old=old, new=line, target=target, draft=text, waiting=True
        )
        return Hole(self.request(line, (old, target)), text, result, lead, tail)

    def request(self, source: str, previous: tuple[str, str] | None) -> Request:
        """A request for the last results' text; its id is the same for the same input."""
        seed = hashlib.sha256(f"{source}\0{previous or ''}".encode()).hexdigest()[:12]
        self._ids[seed] += 1
        self.characters_changed += len(source)
        return Request(f"{seed}-{self._ids[seed]}", source, previous)

    def marked(self, index: int, uncertain: bool) -> None:
        """Slide marks were placed in the segment of this result, or taken out of it."""
        result = self.results[index]
        if result.operation in (Operation.KEPT, Operation.MOVED):
            result = replace(result, operation=Operation.PATCHED, reason="slide marks")
        elif "slide marks" not in result.reason:
            result = replace(result, reason=f"{result.reason}, slide marks")
        self.results[index] = replace(result, uncertain=result.uncertain or uncertain)

    def unmarked(self, index: int) -> None:
        """Where the slide marks of a segment belong could not be told: a translator places them."""
        result = self.results[index]
        if "slide marks" not in result.reason:
            self.results[index] = replace(result, reason=f"{result.reason}; slide marks not placed", uncertain=True)

    def redraft(self, index: int, draft: str) -> None:
        """The text of a segment changed after its result was recorded."""
        self.results[index] = replace(self.results[index], draft=draft)

    def remove(self, sentences: Iterable[Removed]) -> None:
        """Human translations that lose their place; new sentences with the same or similar English take them."""
        for sentence in sentences:
            self._lexed.clear()
            self._removed[sentence.line] = strip_marks(sentence.human)
            if find_marks(sentence.english):
                self._marked[fold(sentence.english)] = sentence.human

    def reuse(self, source: str) -> tuple[str, str, bool] | None:
        """(old English, its human translation, whether the English is the same) of a sentence taken out elsewhere.

        It may be taken more than once: text is often split over the tabs of several frameworks.
        """
        found = self._removed.get(source)
        if found is not None:
            return source, found, True
        nearest = self._nearest.get(source)
        if nearest is None and self._removed:
            if not self._lexed:  # in an order that settles which of two equally similar ones is taken
                recent = sorted(list(self._removed)[-_MOST_REMOVED:], reverse=True)
                self._lexed = {old: lexemes(old) for old in recent}
            best = extractOne(lexemes(source), self._lexed, scorer=Indel.normalized_similarity, score_cutoff=_SIMILAR)
            nearest = self._nearest[source] = best[2] if best else ""
        return (nearest, self._removed[nearest], False) if nearest else None

    def has_already(self, old: str, new: str, target: str) -> bool:
        """Whether `target` translates `new` rather than `old`: translators run ahead of their origin.

        Tokens and numbers decide where they differ; else the lexicon, on the words that changed.
        """
        bags = [_bag(text) for text in (old, new, target)]
        was = sum(((bags[0] - bags[2]) + (bags[2] - bags[0])).values())
        now = sum(((bags[1] - bags[2]) + (bags[2] - bags[1])).values())
        if now > was:
            return False
        words = None
        if self.lexicon:
            stems = {stem for _, _, stem in target_stems(target, self.target.language)}
            before, after = ({stem for _, _, stem in source_stems(text)} for text in (old, new))
            gained, known_gained = self.lexicon.coverage(after - before, stems)
            lost, known_lost = self.lexicon.coverage(before - after, stems)
            if known_gained >= _KNOWN:
                words = gained >= 0.6 and (known_lost < 0.2 or lost < 0.25)
        if now < was:
            return words is not False
        return bool(words)


def _bag(text: str) -> Counter[str]:
    bag = Counter("".join(token.text.split()) for token in tokens(text))
    bag.update(piece for piece in lexemes(text) if piece[0].isdigit())
    return bag


def _without_tokens(text: str) -> str:
    for token in reversed(tokens(text)):
        text = text[: token.start] + text[token.end :]
    return text
