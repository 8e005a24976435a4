"""Sentence segmentation, per language, over text whose protected tokens are already masked."""

from __future__ import annotations

import re

import sentencex

from sync.languages import is_spaceless

# Chinese and Japanese end a sentence with these alone, and what closes after them belongs to it.
_CJK_END = re.compile(r"[。！？!?]+[”’」』）)】\"']*|(?<!…)…{2,}+[”’」』）)】]*(?=\s|$)")
_CHUNK = 20_000  # characters of one paragraph; sentencex is quadratic on some signs repeated
# Korean text often lacks the space after the full stop: 니다.다음
_KOREAN_GLUED = re.compile(r"(?<=[다요까죠])[.?!](?=[가-힣A-Za-z(`$\[])")
# A full stop that ends no sentence: Turkish ordinals ("2. bölüm", "$i$. terim").
_TURKISH_ORDINAL = re.compile(r"(?:\d|\x00)\.\s+(?=[a-zçğıöşü])")
_EMPHASIS = re.compile(r"\*{1,3}|_{1,3}")


def split(text: str, language: str) -> list[tuple[int, int]]:
    """Spans of the sentences of `text`, white space trimmed, in order; what lies between is white space.

    `text` should have its protected tokens replaced by fillers of equal length: a NUL for each character
    (a formula may hold a full stop, and a sentence may begin with one).
    """
    if not text.strip():
        return []
    if is_spaceless(language):
        ends = [match.end() for match in _CJK_END.finditer(text)]
    else:
        ends = _spaced_ends(text, language)
    spans = []
    start = 0
    for end in [*ends, len(text)]:
        end = _behind_emphasis(text, start, end)
        a, b = start, end
        while a < b and text[a].isspace():
            a += 1
        while b > a and text[b - 1].isspace():
            b -= 1
        if a < b:
            spans.append((a, b))
        start = max(start, end)
    return spans


def _behind_emphasis(text: str, start: int, end: int) -> int:
    """Where the sentence text[start:end] ends if emphasis that was opened in it is closed right behind it."""
    sign = _EMPHASIS.match(text, end)
    if sign is None or end <= start or text[end - 1].isspace():
        return end
    return sign.end() if _EMPHASIS.findall(text, start, end).count(sign.group()) % 2 else end


def _spaced_ends(text: str, language: str) -> list[int]:
    # sentencex takes a line break for an end, and NUL for no letter; a capital stands for any token.
    plain = text.replace("\n", " ").replace("\x00", "X")
    ends = []
    position = 0
    for start in range(0, len(plain), _CHUNK):
        chunk = plain[start : start + _CHUNK]
        for sentence in sentencex.segment(language.split("-")[0], chunk):
            position += len(sentence)
            ends.append(position)
        if position != start + len(chunk):  # it dropped something: one long sentence rather than a wrong span
            return []
        if start + len(chunk) < len(plain):
            ends.pop()
    if language == "ko":
        ends = sorted({*ends, *(match.end() for match in _KOREAN_GLUED.finditer(text))})
    if language == "tr":
        ordinal = {match.end() for match in _TURKISH_ORDINAL.finditer(text)}
        ends = [end for end in ends if end not in ordinal]
    return ends
