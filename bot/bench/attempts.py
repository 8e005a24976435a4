"""One replay, done in several ways: how near each comes to what the translators then merged.

Ways are leaving the old translation alone, a draft with each engine, a draft with the translators' own sentences
for every changed one, and other tools. Those sentences are no upper bound: translators also rework what did not change
upstream, so that such a draft can be further from theirs than another, and even than the old translation.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial

from rapidfuzz.distance import Levenshtein

from bot.bench.experiment import reason, total
from bot.bench.replay import Replay, units_of
from sync.config import Engine
from sync.engines import PAID, Answers, Handle, Job, Knowledge, Translator, create
from sync.lexicon import Lexicon
from sync.markdown import fold, parse, strip_marks, tokens
from sync.model import TRANSLATABLE, BlockKind, Cost, Draft, Operation, Section, SegmentResult, TranslationUnit
from sync.pipeline import draft_section
from sync.plan import plan_section
from sync.score import Score, chrf, prose_pairs, prose_score, prose_text, ter

ALONE, BOUND = "alone", "bound"
# A draft whose prose BLEU is lower than the old translation's by more than this is listed.
TOLERANCE = 0.005

Outside = Callable[[Replay], str]  # another tool: the new translation, or an AmtsError that says why there is none


@dataclass(frozen=True, slots=True)
class Nearness:
    """How near a text is to what the translators merged.

    `bleu` (0–1) and `chrf` (0–100) of the prose as one text, `ter` of its sentences after alignment; `edits` is the
    post-edit effort: characters to insert, delete or replace in the whole file, runs of white space counted as one.
    """

    bleu: Score
    chrf: Score
    ter: Score
    edits: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one way made of a replay. What only a draft has stays empty for the others."""

    nearness: Nearness
    lost: tuple[str, ...]  # blocks of the old translation that the translators kept, and it did not, byte for byte
    sent: int = 0  # characters sent to the engine
    dollars: float | None = None  # None: nothing was paid for
    waiting: int = 0
    machine: int = 0  # segments a machine wrote
    damaged: tuple[str, ...] = ()  # those of them with other protected tokens than their source
    second_run_unchanged: bool | None = None  # with the base revision recorded, as `amts sync` does; None: not tried
    blind_run_unchanged: bool | None = None  # from the same three files again: for information
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """All attempts at one replay, by way; `failed` says of the other ways why they gave nothing."""

    name: str
    language: str
    section: str
    kept: int  # blocks of the old translation that the translators kept
    changed: int  # characters of the source sentences that changed
    attempts: Mapping[str, Attempt]
    failed: Mapping[str, str]

    def gain(self, way: str) -> float:
        """The prose BLEU of a way above that of leaving the old translation alone."""
        return self.attempts[way].nearness.bleu.value - self.attempts[ALONE].nearness.bleu.value


class Meter:
    """An engine, and what was sent to it: whatever a draft says of itself."""

    def __init__(self, engine: Translator) -> None:
        self._engine = engine
        self.name = engine.name
        self.pause = engine.pause
        self._jobs: dict[Handle, Job] = {}
        self._answers: dict[Handle, Answers] = {}

    @property
    def characters(self) -> int:
        """Characters that were sent, as the engine says where it is paid for."""
        return sum(_sent(self._jobs[handle], answers) for handle, answers in self._answers.items())

    @property
    def cost(self) -> Cost | None:
        """What was paid for all jobs; None: nothing."""
        return total(answers.cost for answers in self._answers.values())

    def estimate(self, job: Job) -> Cost | None:
        return self._engine.estimate(job)

    def submit(self, job: Job) -> Handle:
        handle = self._engine.submit(job)
        self._jobs[handle] = job
        return handle

    def poll(self, handle: Handle) -> Answers | None:
        answers = self._engine.poll(handle)
        if answers is not None:
            self._answers[handle] = answers
        return answers

    def finish(self, handle: Handle) -> None:
        self._engine.finish(handle)


def _sent(job: Job, answers: Answers) -> int:
    if answers.cost is not None:
        return answers.cost.characters
    return sum(len(request.source) for request in job.requests if request.id in answers.translations)


def attempt_all(
    replay: Replay, units: Sequence[TranslationUnit], engines: Sequence[Engine], others: Mapping[str, Outside]
) -> Outcome:
    """Does a replay in every way, knowing `units`, and compares with what the translators merged.

    No error is raised for a way that fails, not even one that nobody expected.
    """
    knowledge = Knowledge(tuple(units))
    lexicon = Lexicon.learn(units, replay.language)
    answers = Knowledge(units_of(replay.new_source, replay.reference, replay.language, "reference"))
    ways: dict[str, Callable[[], Attempt]] = {ALONE: partial(_compared, replay, replay.old_target)}
    for engine in engines:
        ways[engine.name] = partial(_drafted, replay, engine, knowledge, lexicon)
    ways[BOUND] = partial(_drafted, replay, Engine("memory", {}), answers, lexicon)
    for name, tool in others.items():
        ways[name] = partial(_done_by, tool, replay)
    attempts: dict[str, Attempt] = {}
    failed: dict[str, str] = {}
    for name, attempt in ways.items():
        try:
            attempts[name] = attempt()
        except Exception as error:  # whatever it is: a way's failure is a result
            failed[name] = reason(error)
    old, reference = _blocks(replay.old_target, replay.language), _blocks(replay.reference, replay.language)
    kept = (old & reference).total()
    return Outcome(replay.name, replay.language, replay.section, kept, _characters_changed(replay), attempts, failed)


def estimate(replay: Replay, units: Sequence[TranslationUnit], engine: Engine) -> Cost | None:
    """What a replay would cost with an engine, without sending anything; None: nothing. Raises EngineError."""
    lexicon = Lexicon.learn(units, replay.language)
    plan = plan_section(replay.old_source, replay.new_source, replay.old_target, replay.language, lexicon)
    translator = create(engine.name, Knowledge(tuple(units)), engine.options)
    return translator.estimate(Job("en", replay.language, plan.requests))


def _compared(replay: Replay, text: str) -> Attempt:
    old, new, reference = (_blocks(some, replay.language) for some in (replay.old_target, text, replay.reference))
    lost = tuple(((old & reference) - new).elements())
    return Attempt(_nearness(text, replay.reference, replay.language), lost)


def _done_by(tool: Outside, replay: Replay) -> Attempt:
    return _compared(replay, tool(replay))


def _drafted(replay: Replay, engine: Engine, knowledge: Knowledge, lexicon: Lexicon) -> Attempt:
    """Raises SectionError, EngineError."""

    def draft(old_source: str, old_target: str) -> tuple[Draft, Meter]:
        meter = Meter(create(engine.name, knowledge, engine.options))
        made = draft_section(old_source, replay.new_source, old_target, replay.language, meter, lexicon)
        return made, meter

    began = time.perf_counter()
    drafted, meter = draft(replay.old_source, replay.old_target)
    seconds = time.perf_counter() - began
    machine = [result for result in drafted.results if _machine_wrote(result)]
    attempt = replace(
        _compared(replay, drafted.text),
        sent=meter.characters,
        dollars=None if meter.cost is None else meter.cost.dollars,
        waiting=sum(result.waiting for result in drafted.results),
        machine=len(machine),
        damaged=tuple(f"{it.new_source} → {it.draft}" for it in machine if not _tokens_intact(it)),
        seconds=seconds,
    )
    if engine.name in PAID:  # a second run would be paid for, too
        return attempt
    again, second = draft(replay.new_source, drafted.text)
    blind, _ = draft(replay.old_source, drafted.text)
    return replace(
        attempt,
        second_run_unchanged=again.text == drafted.text and not second.characters,
        blind_run_unchanged=blind.text == drafted.text,
    )


# The same text often comes out of several ways.
@lru_cache(maxsize=16)
def _nearness(text: str, reference: str, language: str) -> Nearness:
    ours, theirs = parse(text, language), parse(reference, language)
    return Nearness(
        prose_score(ours, theirs),
        chrf([prose_text(ours)], [prose_text(theirs)]),
        ter(*prose_pairs(ours, theirs), language),
        Levenshtein.distance(" ".join(text.split()), " ".join(reference.split())),
    )


def _characters_changed(replay: Replay) -> int:
    """Characters of the new source's segments that the old one has not, white space and slide marks aside."""
    old, new = (_segment_texts(parse(text)) for text in (replay.old_source, replay.new_source))
    return sum(len(text) for text in (new - old).elements())


def _segment_texts(source: Section) -> Counter[str]:
    return Counter(
        fold(strip_marks(segment.text), prefix=block.prefix) for block in source.blocks for segment in block.segments
    )


def _blocks(text: str, language: str) -> Counter[str]:
    # The line end that closes a block depends on what follows it, not on who wrote it.
    blocks = parse(text, language).blocks
    return Counter(block.text.rstrip("\r\n") for block in blocks if block.kind is not BlockKind.BLANK)


def _machine_wrote(result: SegmentResult) -> bool:
    """Whether any of its words or tokens are a machine's; slide marks around human words are not."""
    written = result.operation in {Operation.PATCHED, Operation.TRANSLATED} and not result.waiting
    human = result.old_target is not None and strip_marks(result.draft or "") == strip_marks(result.old_target)
    return written and not human and result.kind in TRANSLATABLE


def _tokens_intact(result: SegmentResult) -> bool:
    return _token_texts(result.draft) == _token_texts(result.new_source)


def _token_texts(text: str | None) -> Counter[str]:
    return Counter(token.text for token in tokens(text or ""))
