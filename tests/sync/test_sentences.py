"""Sentence segmentation: `|` in an example shows where a sentence ends."""

from __future__ import annotations

import pytest

from sync.inline import mask, tokens
from sync.sentences import split

EXAMPLES = {
    "en": [
        "One.| Two!| Three?",
        "No end",
        "e.g. this, i.e. that, Fig. 3 and Dr. Smith et al. agree.| Next.",
        "It is 3.14 today.| Next.",
        'He said "Go."| She went.',
        "Use `a. B` here.| `c` is next.",
        "Let $x. Y$ be.| $z$ is next.",
        "A line\nthat goes on.|\nNext.",
        "*Not so fast.*| Next.",
        "**Note.**| Next.",
        "__Note.__| Next.",
        "One.| *Two* is next.",
        "One.| **Two.**| Three.",
        "NVIDIA's are fast.| AMD's are too.",
    ],
    "zh": [
        "一。|二！|三？",
        "他说：“走。”|她走了。",
        "（如下。）|再来。",
        "它是3.14。|再来。",
        "用`a。b`。|再来。",
        "没有句号",
        "**注意。**|再来。",
        "一。|**二**是。",
        "等等……|\n再来。",
    ],
    "ja": ["一です。|二です。", "「行け。」|行った。"],
    "ko": ["하나입니다.| 둘입니다.", "하나입니다.|둘입니다.", "값은 3.14입니다.| 끝."],
    "tr": ["Bu 2. bölüm.| Sonra.", "Burada $i$. terim var.| Sonra."],
}


@pytest.mark.parametrize(
    ("language", "example"), [(language, example) for language, group in EXAMPLES.items() for example in group]
)
def test_sentences(language: str, example: str) -> None:
    text = example.replace("|", "")
    spans = split(mask(text, tokens(text)), language)
    assert [text[a:b] for a, b in spans] == [sentence.strip() for sentence in example.split("|")]


@pytest.mark.parametrize("text", ["", "  \n"])
def test_no_sentence_in_white_space(text: str) -> None:
    assert split(text, "en") == []


def test_a_paragraph_of_any_length_is_split_alike() -> None:
    sentence = "This is one of a great many sentences of this text. "
    text = sentence * 2_000
    spans = split(text, "en")
    assert {text[a:b] for a, b in spans} == {sentence.strip()}
    assert len(spans) == 2_000
