"""Translation memories in TMX 1.4, by translate-toolkit.

That library is GPL-3.0-or-later while AMTS is Apache-2.0: an extra (`amts[tmx]`), so that nobody gets it unasked.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

from translate.storage.tmx import tmxfile

from sync.model import AmtsError, TranslationUnit


class TmxError(AmtsError):
    """A file that is no TMX, holds no text in the language, or may show other text than it holds."""


def read_tmx(data: bytes, source_language: str, language: str) -> Iterator[tuple[str, str]]:
    """(source, target) of every unit that has both. Raises TmxError."""
    # translate-toolkit parses without network and without resolving entities; a document that
    # declares entities of its own is refused all the same: its text would not be what it shows.
    try:
        store = tmxfile(io.BytesIO(data), sourcelanguage=source_language, targetlanguage=language)
    except (SyntaxError, ValueError, AttributeError, AssertionError):  # lxml's parse error is a SyntaxError
        raise TmxError("not a TMX file") from None
    declared = store.document.docinfo.internalDTD
    if declared is not None and any(True for _ in declared.iterentities()):
        raise TmxError("its DOCTYPE declares entities: remove the declaration")
    found = False
    for unit in store.units:
        source, target = unit.source, unit.gettarget(language)
        found |= target is not None
        if source and target:
            yield str(source), str(target)
    if store.units and not found:
        raise TmxError(f"holds no text in {language}")


def write_tmx(units: Iterable[TranslationUnit], source_language: str, language: str) -> str:
    """The units as the text of a TMX file."""
    store = tmxfile(sourcelanguage=source_language, targetlanguage=language)
    for unit in units:
        store.addtranslation(unit.source, source_language, unit.target, language)
    return bytes(store).decode("utf-8")
