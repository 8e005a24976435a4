"""One edited sentence: does the edit change its meaning, and can it be carried over without an engine?"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel

from sync.inline import mask, tokens
from sync.model import TokenKind

_WORD = re.compile(
    r"\x00+|(?:(?<![A-Za-z0-9)\x00-])-)?\d+(?:[.,]\d+)*%?|[^\W\d_]+(?:['’][^\W\d_]+)?|\*{1,3}|_{1,2}|\s+|[^\w\s]"
)
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)*%?$")
_EMPHASIS = re.compile(r"\*{1,3}$|_{1,2}$")
_EMPHASISED = re.compile(r"(?<![A-Za-z0-9*_])(\*{1,3}|_{1,2})(?=\S)([^*_\n]{1,500}?)(?<=\S)\1(?![A-Za-z0-9*_])")
_LIGHT = frozenset(",\"“”‘’'")  # signs that a sentence can lose or gain and mean the same
_AMOUNTS = (["few"], ["little"], ["lot"], ["number"])  # "a few" and "few" are not the same
_STILL_THE_SAME = 0.6  # words that an edited sentence must share with its old self for its tokens to be renewed
_MOST_LEXEMES = 2_000  # of one sentence; a longer one counts as edited as a whole: comparing takes their product
# What people call the kinds of tokens.
_NAMES = {
    TokenKind.CODE: "inline code",
    TokenKind.MATH: "formula",
    TokenKind.ROLE: "reference",
    TokenKind.LINK: "link target",
    TokenKind.URL: "link target",
}
_ADDRESSES = frozenset({TokenKind.ROLE, TokenKind.LINK, TokenKind.URL})  # what leads nowhere once it is stale
_ARTICLES = frozenset({"a", "an", "the"})
_ENDINGS = ("s", "es", "ed", "d", "ing", "ly", "er", "al", "ally", "n", "y")
_BEGINNINGS = ("un", "in", "im", "non", "dis", "re", "de", "mis")


@dataclass(frozen=True, slots=True)
class Patched:
    """A translation with what changed carried over, and the reason in words for people."""

    text: str
    reason: str


def lexemes(text: str) -> list[str]:
    """Words, numbers, signs and whole protected tokens of one line of text, white space left out."""
    found = tokens(text)
    texts = iter(token.text for token in found)
    starts = {token.start: token for token in found}
    pieces = []
    position = 0
    masked = mask(text, found)
    while position < len(masked):
        if position in starts:
            pieces.append(next(texts))
            position = starts[position].end
            continue
        match = _WORD.match(masked, position)
        end = match.end() if match else position + 1
        piece = masked[position:end]
        if not piece.isspace():
            pieces.append(piece)
        position = end
    return pieces


def neutral(old: str, new: str, vocabulary: Counter[str]) -> str | None:
    """Why the edit leaves the meaning alone ("punctuation", "spelling", …), or None where it may not.

    `vocabulary` counts the lower-case words of both revisions of the section: a misspelt word stands nowhere
    else, the mended one does.
    """
    a, b = lexemes(old), lexemes(new)
    if a == b:
        return "white space"
    if _lighten(a) == _lighten(b):
        return "punctuation"
    hunks = _hunks(a, b)
    counted = any(b[at + len(now) : at + len(now) + 1] in _AMOUNTS for _, now, (_, at) in hunks)
    if not counted and all(_articles_only(x) and _articles_only(y) for x, y, _ in hunks):
        return "article"
    if all(_respelt(x, y, vocabulary) for x, y, _ in hunks) or _doubled(a, b, hunks):
        return "spelling"
    return None


def _lighten(pieces: list[str]) -> list[str]:
    """Without light signs and a final full stop; "Word" as "word", but US and us are two."""
    ended = pieces[:-1] if pieces and pieces[-1] == "." else pieces
    return [piece[0].lower() + piece[1:] for piece in ended if piece not in _LIGHT]


def _articles_only(pieces: list[str]) -> bool:
    return all(piece.lower() in _ARTICLES for piece in pieces)


def _respelt(old: list[str], new: list[str], vocabulary: Counter[str]) -> bool:
    a, b = "".join(old).lower(), "".join(new).lower()
    if not (a.isalpha() and b.isalpha()) or len(old) > 2 or len(new) > 2:
        return False
    if a == b:  # "data set" and "dataset"
        return True
    if len(a) < 4 or fuzz.ratio(a, b) < 80 or vocabulary[a] > 1 or vocabulary[b] < 2:
        return False
    longer, shorter = (a, b) if len(a) > len(b) else (b, a)
    inflected = longer.startswith(shorter) and longer[len(shorter) :] in _ENDINGS
    negated = longer.endswith(shorter) and longer[: -len(shorter)] in _BEGINNINGS
    return not inflected and not negated


def _doubled(a: list[str], b: list[str], hunks: list[tuple[list[str], list[str], tuple[int, int]]]) -> bool:
    """A word written twice, mended: "the the" -> "the"."""
    return all(
        len(old) == 1 and not new and old[0].isalpha()
        and old[0] in (a[at - 1 : at] + a[at + 1 : at + 2])
        for old, new, (at, _) in hunks
    )  # fmt: skip


def _hunks(a: list[str], b: list[str]) -> list[tuple[list[str], list[str], tuple[int, int]]]:
    if max(len(a), len(b)) > _MOST_LEXEMES:
        return [(a, b, (0, 0))] if a != b else []
    found = Indel.opcodes(a, b)
    merged: list[list[int]] = []
    for code in found:
        if code.tag == "equal":
            continue
        span = [code.src_start, code.src_end, code.dest_start, code.dest_end]
        if merged and merged[-1][1] == span[0] and merged[-1][3] == span[2]:
            merged[-1][1], merged[-1][3] = span[1], span[3]
        else:
            merged.append(span)
    return [(a[i:j], b[k:m], (i, k)) for i, j, k, m in merged]


def patch(old: str, new: str, target: str) -> Patched | None:
    """Carry a mechanical edit over to `target`: tokens, numbers, and formatting put around a word.

    Each piece is replaced only where it occurs as often in the source as in the target, and all its occurrences
    change alike: which of two equal formulas is meant, or whether two were swapped, cannot be told.
    None where any part of the edit is not mechanical.
    """
    emphasised = emphasise(old, new, target)
    if emphasised is not None:
        return Patched(emphasised, "emphasis")
    a, b = lexemes(old), lexemes(new)
    swaps: dict[str, str] = {}
    changed: Counter[str] = Counter()
    reasons: list[str] = []
    for was, now, (_, at) in _hunks(a, b):
        if _light(was) and _light(now):
            continue
        pair = _swap(was, now, b, at, target)
        if pair is None or swaps.get(pair[0], pair[1]) != pair[1]:
            return None
        swaps[pair[0]] = pair[1]
        changed[pair[0]] += 1
        reasons.append(_reason(was, now))
    if not swaps or not _unambiguous(swaps, changed, a, b, target):
        return None
    text = _replaced(target, swaps)
    return Patched(text, ", ".join(dict.fromkeys(reasons))) if text is not None else None


def emphasise(old: str, new: str, target: str) -> str | None:
    """Carry over a change of emphasis alone, `*word*` to `**word**` or to `word`; None where it is not one.

    Spans are told by their order, so the translation must have as many as the old English.
    """
    a, b, own = (_EMPHASISED.findall(_masked(text)) for text in (old, new, target))
    plain = [_EMPHASISED.sub(r"\2", _masked(text)) for text in (old, new)]
    if plain[0] != plain[1] or a == b or len(own) != len(a):
        return None
    signs = {text: sign for sign, text in b}
    if (
        len(signs) != len(b)
        or len({text for _, text in a}) != len(a)
        or [text for _, text in a if text in signs] != [text for _, text in b]
    ):
        return None
    if [sign for sign, _ in own] != [sign for sign, _ in a]:
        return None
    wanted = iter([signs.get(text, "") for _, text in a])
    parts: list[str] = []
    position = 0
    for match in _EMPHASISED.finditer(_masked(target)):
        sign = next(wanted)
        parts += [target[position : match.start()], sign, target[match.start(2) : match.end(2)], sign]
        position = match.end()
    return "".join([*parts, target[position:]])


def _masked(text: str) -> str:
    return mask(text, tokens(text))


def renew_tokens(old: str, new: str, target: str) -> str:
    """A stale translation with the tokens that were replaced in its English: a dead reference helps nobody.

    Only tokens that the new English has no more, each exchanged for exactly one other; the rest stays stale.
    """
    a, b = lexemes(old), lexemes(new)
    if Indel.normalized_similarity(a, b) < _STILL_THE_SAME:
        return target
    swaps: dict[str, str] = {}
    for was, now, _ in _hunks(a, b):
        tokens_was, tokens_now = [p for p in was if is_token(p)], [p for p in now if is_token(p)]
        if len(tokens_was) == len(tokens_now) == 1 and token_kind(tokens_was[0]) == token_kind(tokens_now[0]):
            if (
                token_kind(tokens_was[0]) not in _ADDRESSES
                or tokens_was[0] in b
                or swaps.get(tokens_was[0], tokens_now[0]) != tokens_now[0]
            ):
                continue
            swaps[tokens_was[0]] = tokens_now[0]
    counts, own = Counter(a), Counter(lexemes(target))
    certain = {was: now for was, now in swaps.items() if counts[was] == own[was] and not own[now]}
    return (certain and _replaced(target, certain)) or target


def _light(pieces: list[str]) -> bool:
    return all(piece in _LIGHT or piece.lower() in _ARTICLES for piece in pieces)


def _swap(was: list[str], now: list[str], b: list[str], at: int, target: str) -> tuple[str, str] | None:
    """The replacement that one hunk stands for, or None where it is not mechanical."""
    was, now = [p for p in was if p not in _LIGHT], [p for p in now if p not in _LIGHT]
    if len(was) == len(now) == 1 and _mechanical(was[0]) and _mechanical(now[0]):
        return was[0], now[0]
    if was and now and _bare(now) == _bare(was) and not any(_EMPHASIS.match(p) for p in (*was, *now)):
        return " ".join(was), "".join(now)  # a word became code, or code a word
    if not was and len(now) == 1 and is_token(now[0]):
        # A token that was added behind another one goes behind it in the translation too.
        before = b[at - 1] if at else ""
        if is_token(before) and target.count(before) == 1:
            return before, f"{before} {now[0]}"
    if len(was) == 1 and not now and is_token(was[0]) and was[0].startswith((":cite", "[^")):
        return was[0], ""
    return None


def is_token(piece: str) -> bool:
    """Whether a lexeme is a protected token."""
    return token_kind(piece) is not None


def token_kind(piece: str) -> TokenKind | None:
    """What protected token a lexeme is, or None where it is a word, number or sign."""
    if len(piece) < 2 or piece[0] not in "`$:<[]h":
        return None
    if piece.startswith("]"):
        return TokenKind.LINK
    found = tokens(piece)
    return found[0].kind if found else None


def _mechanical(piece: str) -> bool:
    return bool(_NUMBER.match(piece)) or is_token(piece)


def _bare(pieces: list[str]) -> str:
    return "".join(pieces).strip("`$*_").replace("`", "")


def _reason(was: list[str], now: list[str]) -> str:
    piece = (now or was)[-1]
    if _NUMBER.match(piece):
        return "number"
    kind = token_kind(piece)
    return _NAMES.get(kind, kind.value) if kind else "formatting"


def _unambiguous(swaps: dict[str, str], changed: Counter[str], a: list[str], b: list[str], target: str) -> bool:
    in_source, in_target = Counter(a), Counter(lexemes(target))
    if set(swaps) & {value for key, value in swaps.items() if value != key}:
        return False  # a chain or a swap: x -> y, y -> z
    for was in swaps:
        if " " in was:
            if target.count(was) != 1 or changed[was] != 1:
                return False
            continue
        if in_source[was] != in_target[was] or changed[was] != in_source[was]:
            return False
    return True


def _replaced(target: str, swaps: dict[str, str]) -> str | None:
    """`target` with every whole piece in `swaps` replaced; its white space stays as it is."""
    out = []
    position = 0
    pending = dict.fromkeys(swaps, 0)
    for piece in lexemes(target):
        at = target.index(piece, position)
        out.append(target[position:at])
        if piece in swaps:
            pending[piece] += 1
            out.append(swaps[piece])
        else:
            out.append(piece)
        position = at + len(piece)
    text = "".join(out) + target[position:]
    for was, count in pending.items():
        if not count:
            if " " not in was or target.count(was) != 1:
                return None
            text = text.replace(was, swaps[was])
    return text
