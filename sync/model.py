"""The frozen value types of AMTS and its vocabulary; see CONTRIBUTING.md for the words.

Everything here is a plain value: no I/O, no library. Offsets are character offsets into the text of
the section (the file decoded as UTF-8, nothing normalised), half open: `text[start:end]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class AmtsError(Exception):
    """A fault a person can act on. Its message is one line: what is wrong, where, and what to do."""


class SectionError(AmtsError):
    """One section cannot be worked on; the others can."""


class BlockKind(StrEnum):
    """What a block is. Every kind but BLANK holds content."""

    FRONT_MATTER = "front_matter"
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE = "table"
    IMAGE = "image"
    FENCE = "fence"
    CODE = "code"  # indented code
    MATH = "math"  # a display formula on lines of its own
    DIRECTIVE = "directive"  # lines of `:label:`, `:width:`, `:begin_tab:` … and nothing else
    HTML = "html"
    FOOTNOTE = "footnote"
    REFERENCE = "reference"  # `[label]: target`
    RULE = "rule"
    BLANK = "blank"


# The kinds whose segments are translated; scores are taken over PROSE (what the reader reads).
PROSE = frozenset({BlockKind.HEADING, BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.TABLE})
TRANSLATABLE = PROSE | {BlockKind.IMAGE, BlockKind.FOOTNOTE}


class TokenKind(StrEnum):
    """What a protected token is."""

    CODE = "code"
    MATH = "math"
    ROLE = "role"  # :numref:`fig_x`, :cite:`A.B.2020`
    LINK = "link"  # the target of a link or an image: `](target "title")`
    URL = "url"  # a bare address or <address>
    HTML = "html"
    FOOTNOTE = "footnote"  # [^note]


@dataclass(frozen=True, slots=True)
class Token:
    """A protected token: a piece of a segment that no engine may change."""

    start: int
    end: int
    kind: TokenKind
    text: str


@dataclass(frozen=True, slots=True)
class Segment:
    """The smallest translatable piece: a sentence, a heading, a table cell, a caption.

    `text` is the file's own characters from `start` to `end`, line breaks and line prefixes included.
    """

    start: int
    end: int
    text: str
    protected: tuple[Token, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A block and its exact span. Blocks stand in order, without gaps; joined they are the file.

    `prefix` is what CommonMark strips from each continuation line (indent of a list item, `> `).
    A block that is not translatable has no segments.
    """

    kind: BlockKind
    start: int
    end: int
    text: str
    segments: tuple[Segment, ...] = ()
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One Markdown file of the book, parsed. `"".join(b.text for b in blocks) == text`."""

    text: str
    language: str
    blocks: tuple[Block, ...]


class Provenance(StrEnum):
    """Where a translation unit comes from; a test set must not come from a machine."""

    BOOK = "book"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class TranslationUnit:
    """An aligned pair of source and target text; `confidence` in 0–1, 1 where nothing is doubtful.

    Both texts are single lines (white space folded), slide marks removed.
    """

    source: str
    target: str
    confidence: float = 1.0
    origin: str = ""  # the section or file it was taken from
    provenance: Provenance = Provenance.BOOK


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the terminology, and how it must be translated."""

    source: str
    target: str


class Operation(StrEnum):
    """What the plan does with a segment of the new source (REMOVED: of the old source)."""

    KEPT = "kept"
    MOVED = "moved"
    PATCHED = "patched"
    TRANSLATED = "translated"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Request:
    """A segment for an engine. `source` is one line of text with its protected tokens in place.

    `previous` is the old English and its human translation where the segment is an edit of an old one.
    """

    id: str  # unique in its section, the same for the same input
    source: str
    previous: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Translation:
    """What an engine returns for a request: text, or None with the reason why there is none."""

    id: str
    text: str | None
    reason: str = ""  # how it was made ("exact match", "fuzzy match 0.93") or why it was not
    confidence: float = 1.0
    machine: bool = True  # False: the translators' own words


@dataclass(frozen=True, slots=True)
class Cost:
    """What a job costs, or would cost.

    `characters` are those of the segments that are sent; `billed` counts the markup around them too: the most
    that the engine can charge for. Money is in US dollars; `alternatives` is what other ways would cost.
    """

    characters: int
    billed: int
    dollars: float
    alternatives: Mapping[str, float] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()  # of an estimate: what would stand in the way


class Check(StrEnum):
    """What is looked at in a segment that AMTS wrote or changed; the gravest first."""

    REFERENCES = "references"  # cross-references and files that do not exist
    TOKENS = "tokens"  # protected tokens
    UNTRANSLATED = "untranslated"  # words left in the source language
    NUMBERS = "numbers"  # and their units
    TERMINOLOGY = "terminology"  # of the file, and of the book's own usage
    BRACKETS = "brackets"  # and quotes, unbalanced
    LENGTH = "length"  # out of proportion
    DOUBLED = "doubled"  # words or punctuation
    TYPOGRAPHY = "typography"  # width and spacing against the book's habit


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason to look at a segment, in words for translators; plain text, which may quote the segment."""

    check: Check
    reason: str


@dataclass(frozen=True, slots=True)
class Mute:
    """Findings that nobody wants to see: all of a check, or (`text`) those whose reason holds a text."""

    check: Check
    text: str | None = None


@dataclass(frozen=True, slots=True)
class SegmentResult:
    """What became of one segment, for the report. Texts are single lines, None where there is none."""

    id: str
    kind: BlockKind
    operation: Operation
    reason: str  # for people: "unchanged", "white space", "spelling", "slide marks", "formula", …
    old_source: str | None
    new_source: str | None
    old_target: str | None
    draft: str | None
    waiting: bool = False  # a translator has to write it: the draft holds stale text or English
    uncertain: bool = False  # done, but look at it
    line: int | None = None  # 1-based line of the draft where it begins
    characters_sent: int = 0
    machine: bool = False  # its text is an engine's
    start: int | None = None  # where its text stands in the draft, slide marks and all
    end: int | None = None
    nth: int = 1  # which it is, from the top, of the places in the draft where this very text stands
    among: int = 1  # how many of them there are
    findings: tuple[Finding, ...] = ()  # what the checks say of its text


@dataclass(frozen=True, slots=True)
class Literal:
    """A piece of the draft that needs no engine, as it will stand in the file."""

    text: str
    result: int | None = None  # index into Plan.results


@dataclass(frozen=True, slots=True)
class Hole:
    """A piece of the draft that an engine may fill; `fallback` stands where it does not."""

    request: Request
    fallback: str
    result: int
    lead: str = ""  # put before and after a translation, never around the fallback
    tail: str = ""


Piece = Literal | Hole


@dataclass(frozen=True, slots=True)
class Plan:
    """For every segment of the new source, one operation; and the pieces of the draft in order."""

    language: str
    pieces: tuple[Piece, ...]
    results: tuple[SegmentResult, ...]
    notes: tuple[str, ...] = ()  # for people, about the section as a whole
    characters_source: int = 0  # characters of all segments of the new source
    characters_changed: int = 0  # characters of the changed and new ones

    @property
    def requests(self) -> tuple[Request, ...]:
        return tuple(piece.request for piece in self.pieces if isinstance(piece, Hole))


@dataclass(frozen=True, slots=True)
class Draft:
    """The assembled target section, before review."""

    text: str
    results: tuple[SegmentResult, ...]
    notes: tuple[str, ...] = ()
    characters_source: int = 0
    characters_changed: int = 0
    characters_sent: int = 0


class SectionState(StrEnum):
    """How a section of the translation stands to its source."""

    UP_TO_DATE = "up to date"
    BEHIND = "behind"
    RENAMED = "renamed upstream"
    NEW = "new upstream"
    GONE = "gone upstream"
    NO_ORIGIN = "no known origin"


@dataclass(frozen=True, slots=True)
class SectionReport:
    """What a sync did, or could not do, for one section."""

    path: str  # of the translation, in the target repository
    source_path: str | None  # in the new source; None where it is gone
    state: SectionState
    base: str | None = None  # the revision of the source that the translation was made from
    draft: Draft | None = None
    notes: tuple[str, ...] = ()
    error: str | None = None  # one line; the section was left alone


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync of one translation repository did."""

    language: str
    engine: str
    source_revision: str
    target_revision: str
    sections: tuple[SectionReport, ...]
    commit: str | None = None  # the commit that holds the drafts; None for a dry run or nothing to do
    notes: tuple[str, ...] = ()
    cost: Cost | None = None  # None: nothing was paid for
