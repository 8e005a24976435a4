"""The work that `bot.bench.book` measures, each in a process of its own that prints what it did as JSON.

`python -m bot.bench.workload draft ENGINE SOURCE TARGET LANGUAGE EVERY FIRST` drafts every EVERY-th section
of a book, from the FIRST on; `python -m bot.bench.workload md2po FILE …` has mdpo extract files one by one.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bot.files import PairFiles, pairs_in, read_text
from sync.engines import Knowledge, create
from sync.lexicon import Lexicon
from sync.markdown import parse
from sync.model import TranslationUnit
from sync.pipeline import draft_section
from sync.units import translation_units


def chosen(target: Path, every: int, first: int) -> list[PairFiles]:
    """Every `every`-th pair from the `first` (0: the first of the book) on."""
    return pairs_in(target)[first::every]


def new_source_path(source: Path, pair: PairFiles) -> Path:
    """The new English of a pair: the section at the same path, or the origin itself where there is none."""
    return source / pair.path if (source / pair.path).is_file() else pair.origin


def draft_book(engine: str, source: Path, target: Path, language: str, every: int, first: int) -> dict[str, float]:
    """Drafts the chosen sections; returns how many, their characters, and the seconds it took."""
    began = time.perf_counter()
    pairs = [(place.read(), read_text(new_source_path(source, place))) for place in chosen(target, every, first)]
    units: list[TranslationUnit] = []
    # Without an engine nothing asks the memory, and a book is not aligned in vain.
    for pair, _ in pairs if engine != "none" else ():
        units += translation_units(parse(pair.source), parse(pair.target, language), origin=pair.path)
    translator = create(engine, Knowledge(tuple(units)), {})
    lexicon = Lexicon.learn(units, language) if units else None
    written = 0
    for pair, new_source in pairs:
        draft = draft_section(pair.source, new_source, pair.target, language, translator, lexicon)
        written += len(draft.text)
    characters = sum(len(pair.source) + len(pair.target) + len(new) for pair, new in pairs)
    seconds = time.perf_counter() - began
    return {"sections": len(pairs), "characters": characters, "written": written, "seconds": seconds}


def extract_each(files: Sequence[str]) -> dict[str, object]:
    """Extracts files with mdpo, one by one; returns those it can extract, and the seconds it took."""
    from mdpo.md2po import Md2Po

    began = time.perf_counter()
    extracted = []
    for file in files:
        try:
            Md2Po([file]).extract()
        except TypeError:  # mdpo 2.1 raises it for some code spans beside others; a run ends there
            continue
        extracted.append(file)
    return {"extracted": extracted, "seconds": time.perf_counter() - began}


def _run(work: str, *arguments: str) -> object:
    if work == "md2po":
        return extract_each(arguments)
    engine, source, target, language, every, first = arguments
    return draft_book(engine, Path(source), Path(target), language, int(every), int(first))


if __name__ == "__main__":
    print(json.dumps(_run(*sys.argv[1:])))
