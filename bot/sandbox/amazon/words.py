"""Text that looks like another language and is none: the same words always give the same signs."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b

_WORD = re.compile(r"[^\W\d_]+")
_ACCENTED = str.maketrans("aceghijlnorstuwyzACEGHIJLNORSTUWYZ", "áçéĝĥíĵļñóŕšţúŵýžÁÇÉĜĤÍĴĻÑÓŔŠŢÚŴÝŽ")
# Where the signs of a language's words come from: the first code point, and how many there are.
_SIGNS = {
    "zh": (0x4E00, 0x1000),
    "zh-TW": (0x4E00, 0x1000),
    "ja": (0x4E00, 0x1000),
    "ko": (0xAC00, 0x2B00),
}
_SPACELESS = ("zh", "zh-TW", "ja")
_BETWEEN_SIGNS = re.compile(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])")
_SYLLABLES = tuple(consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "áéíóú")
# Not words: code, formulas, links and commands that came without protection.
_NO_WORDS = re.compile(r"`[^`\n]*`|\$[^$\n]*\$|https?://\S+|\\[A-Za-z]+|:\w+:`[^`\n]*`")


def rewrite(text: str, language: str) -> str:
    """`text` with each word replaced by one that looks like `language`; digits, signs and spaces stay.

    In languages without spaces, the space between two words goes.
    """
    pieces: list[str] = []
    position = 0
    for kept in _NO_WORDS.finditer(text):
        pieces += [_rewrite(text[position : kept.start()], language), kept.group()]
        position = kept.end()
    return "".join([*pieces, _rewrite(text[position:], language)])


def _rewrite(text: str, language: str) -> str:
    written = _WORD.sub(lambda match: _word(match.group(), language), text)
    return _BETWEEN_SIGNS.sub("", written) if language in _SPACELESS else written


@lru_cache(maxsize=65536)
def _word(word: str, language: str) -> str:
    digest = blake2b(f"{language} {word.lower()}".encode(), digest_size=8).digest()
    if language in _SIGNS:
        first, count = _SIGNS[language]
        length = min(4, (len(word) + 3) // 4)
        return "".join(chr(first + int.from_bytes(digest[2 * i : 2 * i + 2]) % count) for i in range(length))
    accented = word.translate(_ACCENTED)
    if accented != word or word.isascii():
        return accented if accented != word else word + "ë"
    # A word in another script: a syllable for each two of its letters, eight at most, as a clause has no spaces.
    length = min(8, (len(word) + 1) // 2)
    return "".join(_SYLLABLES[digest[i] % len(_SYLLABLES)] for i in range(length))
