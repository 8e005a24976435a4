"""One real update replayed: how near a draft comes to what the translators then merged.

A replay is a folder with `meta.json`, `old.en.md`, `new.en.md`, `old.LL.md` and the translators' own
`new.LL.md`. The translation memory and the lexicon of a case come from the *old* pairs of the other cases
of its language, every case of the same section left out, and from its own old pair: never from an answer.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.files import FileError, read_text
from sync.engines import Answers, Handle, Job, Knowledge, Translator, create
from sync.languages import language as find_language
from sync.lexicon import Lexicon
from sync.markdown import fold, parse, strip_marks, tokens
from sync.model import (
    TRANSLATABLE,
    BlockKind,
    Cost,
    Draft,
    Operation,
    Section,
    SegmentResult,
    TranslationUnit,
)
from sync.pipeline import draft_section
from sync.score import prose_bleu
from sync.units import translation_units

# A draft that scores lower than the old translation by more than this is listed.
TOLERANCE = 0.005


@dataclass(frozen=True, slots=True)
class Replay:
    """One real update. `reference` is what the translators merged."""

    name: str
    language: str
    section: str
    old_source: str
    new_source: str
    old_target: str
    reference: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What drafting one replay gave. BLEU values are prose BLEU against the reference, on 0–1."""

    name: str
    language: str
    alone: float  # the old translation left alone
    none: float  # drafted with structure only
    memory: float  # drafted with the embedded engine
    bound: float  # drafted with the translators' own sentences as memory
    kept: int  # blocks of the old translation that the translators kept
    lost: tuple[str, ...]  # those of them that the draft has not, byte for byte
    second_run_unchanged: bool  # with the base revision recorded, as `amts sync` does
    blind_run_unchanged: bool  # from the same three files again: for information
    changed: int  # characters of the source sentences that changed
    sent: int  # characters sent to the engine
    machine: int  # segments a machine wrote
    damaged: tuple[str, ...]  # those of them with other protected tokens than their source
    operations: dict[str, int]
    waiting: int
    seconds: float  # one draft with the embedded engine

    @property
    def worse(self) -> bool:
        """Whether leaving the old translation alone would have been clearly better."""
        return min(self.none, self.memory) < self.alone - TOLERANCE


def read_replays(folder: Path) -> list[Replay]:
    """The replays below `folder`, by path; FileError where there is none or a file is missing."""
    if not folder.is_dir():
        raise FileError(f"{folder} is not a folder: name one that holds replays")
    replays = [_read_replay(meta.parent) for meta in sorted(folder.rglob("meta.json"))]
    if not replays:
        raise FileError(f"{folder} holds no replay: a replay is a folder with meta.json, old.en.md, new.en.md …")
    return replays


def _read_replay(folder: Path) -> Replay:
    meta = folder / "meta.json"
    try:
        fields = json.loads(read_text(meta))
        code, section = str(fields["language"]), str(fields["section"])
    except (ValueError, KeyError, TypeError):
        raise FileError(f'{meta} is not a JSON object with "language" and "section"') from None
    code = find_language(code).code
    return Replay(
        name=folder.name,
        language=code,
        section=section,
        old_source=read_text(folder / "old.en.md"),
        new_source=read_text(folder / "new.en.md"),
        old_target=read_text(folder / f"old.{code}.md"),
        reference=read_text(folder / f"new.{code}.md"),
    )


def known_units(replay: Replay, replays: Iterable[Replay]) -> Iterator[TranslationUnit]:
    """What could be known when a replay's update was made: see the module's own text."""
    for other in replays:
        same_section = other.section == replay.section
        if other.language == replay.language and (other is replay or not same_section):
            yield from _units(other.old_source, other.old_target, other.language, other.section)


# Each pair is aligned once, though every other case of its language uses it.
@cache
def _units(source: str, target: str, language: str, origin: str) -> tuple[TranslationUnit, ...]:
    return tuple(translation_units(parse(source), parse(target, language), origin=origin))


class _Meter:
    """An engine that counts the characters that are sent to it, whatever a draft says of itself."""

    def __init__(self, engine: Translator) -> None:
        self._engine = engine
        self.name = engine.name
        self.pause = engine.pause
        self.characters = 0

    def estimate(self, job: Job) -> Cost | None:
        return self._engine.estimate(job)

    def submit(self, job: Job) -> Handle:
        self.characters += sum(len(request.source) for request in job.requests)
        return self._engine.submit(job)

    def poll(self, handle: Handle) -> Answers | None:
        return self._engine.poll(handle)

    def finish(self, handle: Handle) -> None:
        self._engine.finish(handle)


def measure(replay: Replay, units: Sequence[TranslationUnit]) -> Outcome:
    """Drafts a replay with what is known, and compares with what the translators merged.

    Raises SectionError.
    """
    lexicon = Lexicon.learn(units, replay.language)

    def draft(translator: Translator, old_source: str, old_target: str) -> Draft:
        return draft_section(old_source, replay.new_source, old_target, replay.language, translator, lexicon)

    memory = Knowledge(tuple(units))
    answers = Knowledge(_units(replay.new_source, replay.reference, replay.language, "reference"))
    structure = draft(create("none", memory, {}), replay.old_source, replay.old_target)
    meter = _Meter(create("memory", memory, {}))
    began = time.perf_counter()
    drafted = draft(meter, replay.old_source, replay.old_target)
    seconds = time.perf_counter() - began
    bound = draft(create("memory", answers, {}), replay.old_source, replay.old_target)
    second = _Meter(create("memory", memory, {}))
    again = draft(second, replay.new_source, drafted.text)
    blind = draft(create("memory", memory, {}), replay.old_source, drafted.text)

    reference = parse(replay.reference, replay.language)
    old, new = parse(replay.old_target, replay.language), parse(drafted.text, replay.language)
    kept = _blocks(old) & _blocks(reference)
    machine = [result for result in drafted.results if _machine_wrote(result)]
    return Outcome(
        name=replay.name,
        language=replay.language,
        alone=prose_bleu(old, reference),
        none=prose_bleu(parse(structure.text, replay.language), reference),
        memory=prose_bleu(new, reference),
        bound=prose_bleu(parse(bound.text, replay.language), reference),
        kept=kept.total(),
        lost=tuple((kept - _blocks(new)).elements()),
        second_run_unchanged=again.text == drafted.text and not second.characters,
        blind_run_unchanged=blind.text == drafted.text,
        changed=_characters_changed(replay),
        sent=meter.characters,
        machine=len(machine),
        damaged=tuple(_side_by_side(result) for result in machine if not _tokens_intact(result)),
        operations=dict(Counter(result.operation.value for result in drafted.results)),
        waiting=sum(result.waiting for result in drafted.results),
        seconds=seconds,
    )


def _characters_changed(replay: Replay) -> int:
    """Characters of the new source's segments that the old one has not, white space and slide marks aside."""
    old, new = (_segment_texts(text) for text in (replay.old_source, replay.new_source))
    return sum(len(text) for text in (new - old).elements())


def _segment_texts(source: str) -> Counter[str]:
    return Counter(
        fold(strip_marks(segment.text), prefix=block.prefix)
        for block in parse(source).blocks
        for segment in block.segments
    )


def _blocks(section: Section) -> Counter[str]:
    # The line end that closes a block depends on what follows it, not on who wrote it.
    return Counter(block.text.rstrip("\r\n") for block in section.blocks if block.kind is not BlockKind.BLANK)


def _machine_wrote(result: SegmentResult) -> bool:
    """Whether any of its words or tokens are a machine's; slide marks around human words are not."""
    written = result.operation in {Operation.PATCHED, Operation.TRANSLATED} and not result.waiting
    human = result.old_target is not None and strip_marks(result.draft or "") == strip_marks(result.old_target)
    return written and not human and result.kind in TRANSLATABLE


def _tokens_intact(result: SegmentResult) -> bool:
    return _token_texts(result.draft) == _token_texts(result.new_source)


def _token_texts(text: str | None) -> Counter[str]:
    return Counter(token.text for token in tokens(text or ""))


def _side_by_side(result: SegmentResult) -> str:
    return f"{result.new_source} → {result.draft}"
