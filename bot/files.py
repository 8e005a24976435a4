"""Files as they are: text decoded and encoded without changing a byte, written whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sync.model import AmtsError
from sync.publish import write_whole

ORIGIN_SUFFIX = "_origin.md"


class FileError(AmtsError):
    """A file cannot be used: which one, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A translation and the English it was made from. `path` is the translation's, relative and with `/`."""

    path: str
    source: str
    target: str


def read_text(path: Path) -> str:
    """The characters of a UTF-8 file, line ends and byte order mark included. Raises FileError."""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not UTF-8 (byte {error.start}): convert it to UTF-8 first") from None
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}") from None


def write_text(path: Path, text: str) -> None:
    """Writes `text` as UTF-8, line ends untouched: the file is replaced whole, or left as it was."""
    try:
        write_whole(path, text.encode("utf-8"))
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror or error}") from None


@dataclass(frozen=True, slots=True)
class PairFiles:
    """Where a pair is; each file has to be inside its folder.

    `path` is the translation's, relative and with `/`.
    """

    path: str
    origin: Path
    translation: Path
    sources: Path
    targets: Path

    def read(self) -> Pair:
        """The texts; FileError where one cannot be read, is not UTF-8, or a link leads out of the folder."""
        for file, folder in ((self.origin, self.sources), (self.translation, self.targets)):
            if not file.resolve().is_relative_to(folder.resolve()):
                raise FileError(f"{file} leads out of {folder}: put the file itself there")
        return Pair(self.path, read_text(self.origin), read_text(self.translation))


def pairs_in(folder: Path) -> list[PairFiles]:
    """The pairs `X_origin.md` / `X.md` below `folder`, by path; FileError where there is none."""
    _need_folder(folder)
    found = []
    for origin in sorted(folder.rglob(f"*{ORIGIN_SUFFIX}")):
        translation = origin.with_name(origin.name.removesuffix(ORIGIN_SUFFIX) + ".md")
        if translation.is_file():
            path = translation.relative_to(folder).as_posix()
            found.append(PairFiles(path, origin, translation, folder, folder))
    if not found:
        raise FileError(f"{folder} holds no pair of X{ORIGIN_SUFFIX} and X.md: name another folder")
    return found


def pairs_between(sources: Path, targets: Path) -> list[PairFiles]:
    """The pairs of two parallel folders: the same path in both; FileError where there is none.

    The same folder twice is a folder of pairs `X_origin.md` / `X.md`.
    """
    _need_folder(sources)
    _need_folder(targets)
    if sources.resolve() == targets.resolve():
        return pairs_in(targets)
    found = []
    for translation in sorted(targets.rglob("*.md")):
        path = translation.relative_to(targets)
        origin = sources / path
        if origin.is_file() and not translation.name.endswith(ORIGIN_SUFFIX):
            found.append(PairFiles(path.as_posix(), origin, translation, sources, targets))
    if not found:
        raise FileError(f"{sources} and {targets} share no path of a Markdown file: name parallel folders")
    return found


def _need_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise FileError(f"{folder} is not a folder: name one that holds Markdown files")
