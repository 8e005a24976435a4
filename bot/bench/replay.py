"""Real updates of a section: what changed upstream, and what the translators then made of it.

A replay is a folder with `meta.json`, `old.en.md`, `new.en.md`, `old.LL.md` and the translators' own
`new.LL.md`. The translation memory and the lexicon of a case come from the *old* pairs of the other cases
of its language, every case of the same section left out, and from its own old pair: never from its own answer.
Of cases mined from a history the other pairs are not known to be earlier: some are of later years.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bot.files import FileError, read_text, write_text
from sync.languages import language as find_language
from sync.markdown import parse
from sync.model import TranslationUnit
from sync.units import translation_units


@dataclass(frozen=True, slots=True)
class Replay:
    """One real update. `reference` is what the translators merged, in `commit` of `repository` where that is known."""

    name: str
    language: str
    section: str
    old_source: str
    new_source: str
    old_target: str
    reference: str
    repository: str = ""
    commit: str = ""


def read_replays(folder: Path) -> list[Replay]:
    """The replays below `folder`, by path; FileError where there is none or a file is missing."""
    if not folder.is_dir():
        raise FileError(f"{folder} is not a folder: name one that holds replays")
    replays = [_read_replay(meta.parent) for meta in sorted(folder.rglob("meta.json"))]
    if not replays:
        raise FileError(f"{folder} holds no replay: a replay is a folder with meta.json, old.en.md, new.en.md …")
    return replays


def without_meta(folder: Path) -> list[Path]:
    """The folders below `folder` that have the texts of a replay and no `meta.json`, by path."""
    texts = (path for name in ("old.en.md", "new.en.md") for path in folder.rglob(name))
    return sorted({path.parent for path in texts if not (path.parent / "meta.json").is_file()})


def _read_replay(folder: Path) -> Replay:
    meta = folder / "meta.json"
    try:
        fields = json.loads(read_text(meta))
        code, section = str(fields["language"]), str(fields["section"])
        repository, commit = (str(fields.get(name, "")) for name in ("repository", "commit"))
    except (ValueError, KeyError, TypeError, AttributeError):
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
        repository=repository,
        commit=commit,
    )


def write_replay(replay: Replay, folder: Path) -> None:
    """Writes a replay so that `read_replays` finds it again: below `folder`, by language and name. Raises FileError."""
    place = folder / replay.language / replay.name
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the folder {place}: {error.strerror or error}") from None
    known = {
        "language": replay.language,
        "repository": replay.repository,
        "commit": replay.commit,
        "section": replay.section,
    }
    texts = {
        "old.en.md": replay.old_source,
        "new.en.md": replay.new_source,
        f"old.{replay.language}.md": replay.old_target,
        f"new.{replay.language}.md": replay.reference,
        "meta.json": json.dumps(known, ensure_ascii=False, indent=1) + "\n",
    }
    for name, text in texts.items():
        write_text(place / name, text)


def known_units(replay: Replay, replays: Iterable[Replay]) -> Iterator[TranslationUnit]:
    """The old pairs that a replay may learn from, not all known to be earlier: see the module's own text."""
    for other in replays:
        same_section = other.section == replay.section
        if other.language == replay.language and (other is replay or not same_section):
            yield from units_of(other.old_source, other.old_target, other.language, other.section)


# Each pair is aligned once, though every other case of its language uses it.
@lru_cache(maxsize=1024)
def units_of(source: str, target: str, language: str, origin: str) -> tuple[TranslationUnit, ...]:
    """The translation units of a pair of texts; `origin` is where they come from."""
    return tuple(translation_units(parse(source), parse(target, language), origin=origin))
