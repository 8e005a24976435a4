"""The terminology of a translation: terms with required translations, from a file of its repository.

Two forms: CSV, and a Markdown list of lines such as `术语，term`, as the Chinese translation of D2L keeps one.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sync.inline import fold
from sync.languages import LANGUAGES
from sync.model import AmtsError, Term
from sync.typography import has_script

# Limits of the service (developer guide, "Guidelines and quotas"): the size of a file, and of a term.
MAX_FILE_BYTES = 10_000_000
MAX_TERM_BYTES = 200
MAX_TERMS = 10_000  # ours: a longer list is no terminology, and every term is looked at for every segment

_BULLET = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])\s+")
_LINE_END = re.compile(r"\r\n?|\n")
_RULE = re.compile(r"[\s|:-]*")


class TerminologyError(AmtsError):
    """A file of terms that cannot be read."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two terms on a line; which one is the source is told by all lines together."""

    line: int
    left: str
    right: str


def read_terminology(
    text: str, name: str, language: str, source_language: str = "en"
) -> tuple[tuple[Term, ...], list[str]]:
    """The terms of a CSV or Markdown file in its order, and notes on what was left out, a line for each reason.

    `name` is the file's; its ending tells the form.

    CSV: a first row of language codes, or two columns. Markdown: lines of two terms with a comma between them, with
    bullets or without; headings are no terms. Where no codes (or names of languages, in Markdown) tell which side is
    the source, the script does, and else the source comes first. Of equal sources the last one stands.
    Raises TerminologyError.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_FILE_BYTES:
        raise TerminologyError(f"{name} is larger than {MAX_FILE_BYTES // 1_000_000} MB: shorten it")
    text = text.removeprefix("\ufeff")
    left_out: Counter[str] = Counter()
    ending = name.lower().rpartition(".")[2]
    if ending == "csv":
        pairs, source_first = _read_csv(text, name, language, source_language)
    elif ending in ("md", "markdown", "txt"):
        pairs, source_first = _read_list(text, language, source_language, left_out)
    else:
        raise TerminologyError(f"{name}: unknown form of terminology: its name must end in .csv or .md")
    found: dict[str, Term] = {}
    for term in _oriented(pairs, language, source_language, source_first):
        if reason := _unusable(term):
            left_out[reason] += 1
            continue
        left_out["given again further down"] += found.pop(term.source, None) is not None
        found[term.source] = term
    if not found:
        raise TerminologyError(f"{name} holds no term: write lines such as `term,{_example(language)}`")
    if len(found) > MAX_TERMS:
        raise TerminologyError(f"{name} holds more than {MAX_TERMS:,} terms: shorten it")
    notes = [f"{name}: {count} left out: {reason}" for reason, count in sorted(left_out.items()) if count]
    return tuple(found.values()), notes


def write_csv(terms: Iterable[Term], language: str, source_language: str = "en") -> str:
    """The terms as the CSV that Amazon Translate imports: a row of language codes, then the terms by source."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow((source_language, language))
    writer.writerows(sorted({(term.source, term.target) for term in terms}))
    return stream.getvalue()


def _read_csv(text: str, name: str, language: str, source_language: str) -> tuple[list[_Pair], bool | None]:
    """The pairs, and whether the source stands first; None where no codes say so."""
    rows: list[tuple[int, Sequence[str]]] = []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows += ((reader.line_num, row) for row in reader if any(cell.strip() for cell in row))
    except csv.Error as error:
        raise TerminologyError(
            f"{name}, line {reader.line_num}: {error}: quote the field, and double its quotes"
        ) from None
    columns, source_first = (0, 1), None
    if rows and (header := _columns(rows[0][1], language, source_language)):
        columns, source_first = header, True
        del rows[0]
    elif rows and _are_codes(rows[0][1]):
        raise TerminologyError(
            f"{name}, line {rows[0][0]}: the first row lacks {source_language} or {language}: add its column"
        )
    for line, row in rows:
        if len(row) <= max(columns):
            raise TerminologyError(
                f"{name}, line {line}: {len(row)} columns, needs {max(columns) + 1}: add the other term"
            )
    return [_Pair(line, row[columns[0]], row[columns[1]]) for line, row in rows], source_first


def _read_list(
    text: str, language: str, source_language: str, left_out: Counter[str]
) -> tuple[list[_Pair], bool | None]:
    """The same for Markdown; counts the lines that hold no two terms."""
    pairs: list[_Pair] = []
    source_first = None
    for number, line in enumerate(_LINE_END.split(text), 1):
        if line.lstrip().startswith("#") or _RULE.fullmatch(line):
            continue
        cells = _cells(_BULLET.sub("", line, count=1))
        if len(cells) != 2 or not all(cells):
            left_out["not two terms on the line"] += 1
        elif not pairs and (header := _columns(cells, language, source_language)):
            source_first = header == (0, 1)
        else:
            pairs.append(_Pair(number, cells[0], cells[1]))
    return pairs, source_first


def _cells(line: str) -> list[str]:
    """The terms of a line. A comma of the other width, with no space, is a part of a term."""
    comma = "，" if "，" in line else ","
    return [cell.strip().strip("*`").strip() for cell in line.split(comma)]


def _columns(cells: Sequence[str], language: str, source_language: str) -> tuple[int, int] | None:
    """Where source and target stand, if the cells are codes or names of languages."""
    names = [cell.strip().replace("_", "-").lower() for cell in cells]
    source, target = (_place(names, code) for code in (source_language, language))
    return None if source is None or target is None else (source, target)


def _place(names: Sequence[str], code: str) -> int | None:
    """Where a language stands; failing that, its base or a variant of it (zh or zh-CN for zh-TW)."""
    base = code.lower().partition("-")[0]
    bases = [name.partition("-")[0] for name in names]
    known = LANGUAGES.get(code)
    for found, wanted in ((names, code.lower()), (names, known.name.lower() if known else base), (bases, base)):
        if wanted in found:
            return found.index(wanted)
    return None


def _are_codes(cells: Sequence[str]) -> bool:
    codes = {code.lower() for code in LANGUAGES}
    return len(cells) > 1 and all(cell.strip().replace("_", "-").lower() in codes for cell in cells)


def _oriented(pairs: Sequence[_Pair], language: str, source_language: str, source_first: bool | None) -> Iterator[Term]:
    votes = [0 if source_first is not None else _vote(pair, language, source_language) for pair in pairs]
    usual = sum(votes) >= 0 if source_first is None else source_first
    for pair, vote in zip(pairs, votes, strict=True):
        first = vote > 0 if vote else usual
        source, target = (pair.left, pair.right) if first else (pair.right, pair.left)
        # A line break or a control character is kept as a sign that the term cannot be used.
        yield Term(source.strip(), target.strip())


def _vote(pair: _Pair, language: str, source_language: str) -> int:
    """Above 0 where the script says that the source stands on the left, below where on the right."""
    target_left = has_script(pair.left, language) - has_script(pair.right, language)
    source_left = has_script(pair.left, source_language) - has_script(pair.right, source_language)
    return source_left - target_left


def _unusable(term: Term) -> str | None:
    for text in (term.source, term.target):
        if not text:
            return "a term is empty"
        if text != fold(text) or any(character < " " or "\x7f" <= character < "\xa0" for character in text):
            return "a line break or several spaces in a term"
        if len(text.encode("utf-8", "surrogatepass")) > MAX_TERM_BYTES:
            return f"a term of over {MAX_TERM_BYTES} bytes"
    if not any(character.isalnum() for character in term.source):
        return "a term that is only punctuation"
    return None


def _example(language: str) -> str:
    return {"zh": "术语", "ja": "用語", "ko": "용어"}.get(language, "its translation")
