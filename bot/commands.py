"""`/amts …` comments -> commands, and the sections that they name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath

from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler

from sync.engines import ENGINES
from sync.inline import mask
from sync.markdown import parse, tokens
from sync.model import Block, BlockKind, TokenKind

_MAX_COMMANDS = 10  # of one comment
_MAX_LINE = 1_000  # characters of a command
_MAX_SHOWN = 100
_COMMAND = re.compile(r"^ {0,3}/amts(?!\S)([^\n]*)", re.IGNORECASE | re.MULTILINE)
_TEXT = (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.HEADING)
# Quoted, or a word; phones and word processors turn quotation marks and dashes.
_WORD = re.compile(r"`+([^`]+)`+|\"([^\"]+)\"|'([^']+)'|“([^”]+)”|‘([^’]+)’|(\S+)")
_DASH = re.compile(r"^[—–](?=[a-z])")
_USAGES = {
    "retranslate": "retranslate [section…] [--engine NAME] [--no-act]",
    "status": "status",
    "score": "score [section…]",
    "skip": "skip section…",
    "pause": "pause",
    "resume": "resume",
    "help": "help",
}
_OPTIONS = ("--engine", "--no-act")


@dataclass(frozen=True, slots=True)
class Retranslate:
    """Draft these sections anew, all of the pull request if there are none.

    `engine` is a name, None for that of the settings; without `act` no Active Custom Translation.
    """

    sections: tuple[str, ...] = ()
    engine: str | None = None
    act: bool = True


@dataclass(frozen=True, slots=True)
class Status:
    """Say how things stand."""


@dataclass(frozen=True, slots=True)
class Score:
    """Say what has become of the draft of these sections, of all if there are none."""

    sections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skip:
    """Leave these sections out; there is at least one."""

    sections: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pause:
    """Do nothing in this repository until told to resume."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on."""


@dataclass(frozen=True, slots=True)
class Help:
    """Say what can be said."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """What was not understood, shortened, and what may have been meant: words behind `/amts`, or an option."""

    text: str
    nearest: str | None = None


Command = Retranslate | Status | Score | Skip | Pause | Resume | Help
_PLAIN: dict[str, Command] = {"status": Status(), "pause": Pause(), "resume": Resume(), "help": Help()}


def read_commands(comment: str) -> tuple[Command | Unknown, ...]:
    """The commands of a comment in GitHub's Markdown, in order, the first ten.

    Each stands on a line of its own, outside of quotes, code and HTML.
    """
    # Front matter is only looked for at the very start, and a comment has none.
    text = "\n" + comment.replace("\r\n", "\n").replace("\r", "\n")
    lines = (line for block in parse(text).blocks for line in _lines(block))
    return tuple(_read(line) for line in islice(lines, _MAX_COMMANDS))


def find_sections(
    wanted: Sequence[str], known: Sequence[str]
) -> tuple[tuple[str, ...], tuple[tuple[str, str | None], ...]]:
    """The paths of `known` that were meant, in its order; and what meant none, with the path that comes closest.

    A section is named by its path or the end of it, with or without `.md`; a folder, with or without a slash
    behind it, names every section in it.
    """
    found: set[str] = set()
    missing: list[tuple[str, str | None]] = []
    for name in wanted:
        meant = _named(name, known)
        found.update(meant)
        if not meant:
            missing.append((name, _nearest_path(name, known)))
    return tuple(path for path in known if path in found), tuple(missing)


def _lines(block: Block) -> Iterator[str]:
    """What stands behind `/amts`, for each line of a block that begins with it."""
    if block.kind not in _TEXT or ">" in block.prefix or not _COMMAND.search(block.text):
        return
    # Inline code and comments may go over several lines.
    hidden = tuple(token for token in tokens(block.text) if token.kind in (TokenKind.CODE, TokenKind.HTML))
    for match in _COMMAND.finditer(mask(block.text, hidden)):
        yield block.text[match.start(1) : match.end(1)].partition("\n")[0].strip()


def _read(line: str) -> Command | Unknown:
    if len(line) > _MAX_LINE:
        return _unknown(line)
    words, engine, act = [], None, True
    rest = iter(_words(line))
    for word, is_quoted in rest:
        option, _, value = word.partition("=")
        option = option.lower()
        if is_quoted or not word.startswith("--"):
            words.append(word)
        elif option == "--engine":
            value = value or next(rest, ("", False))[0]
            engine = value.lower()
            if engine not in ENGINES:
                nearest = _nearest(engine, tuple(ENGINES)) or "NAME"
                return _unknown(f"{option} {value}".strip(), f"--engine {nearest}")
        elif word.lower() == "--no-act":
            act = False
        else:
            return _unknown(word, _nearest(option, _OPTIONS))
    if not words:
        return Help() if engine is None and act else _unknown(line, _USAGES["retranslate"])
    return _command(words[0].lower(), tuple(dict.fromkeys(words[1:])), engine, act, line)


def _command(name: str, sections: tuple[str, ...], engine: str | None, act: bool, line: str) -> Command | Unknown:
    if name not in _USAGES:
        nearest = _nearest(name, tuple(_USAGES))
        return _unknown(name, nearest and _USAGES[nearest])
    if name == "retranslate":
        return Retranslate(sections, engine, act)
    if engine is not None or not act:
        return _unknown(line, _USAGES[name])
    if name == "score":
        return Score(sections)
    if name == "skip" and sections:
        return Skip(sections)
    # A word too many makes another sentence of it: "pause did not work" must not pause anything.
    return _unknown(line, _USAGES[name]) if sections or name == "skip" else _PLAIN[name]


def _words(line: str) -> Iterator[tuple[str, bool]]:
    """The words of a line, and whether each was quoted; without the commas between them."""
    for match in _WORD.finditer(line):
        plain = match[6]
        word = match[match.lastindex or 0].strip() if plain is None else _DASH.sub("--", plain).rstrip(",，;")
        if word.strip(",，;"):
            yield word, plain is None


def _unknown(text: str, nearest: str | None = None) -> Unknown:
    return Unknown(text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…", nearest)


def _nearest(word: str, known: Sequence[str]) -> str | None:
    found = process.extractOne(word, known, scorer=JaroWinkler.similarity, score_cutoff=0.75)
    return found[0] if found else None


def _named(name: str, known: Sequence[str]) -> set[str]:
    """The known paths that a name stands for: the very path, else those that end with it, else a folder's."""
    path = "/".join(part for part in name.split("/") if part not in ("", "."))
    if not path:
        return set()
    if not name.endswith("/"):
        files = {path, f"{path}.md"}
        if exact := files.intersection(known):
            return exact
        if ends := {item for item in known if item.endswith(tuple(f"/{file}" for file in files))}:
            return ends
    return {item for item in known if f"/{path}/" in f"/{PurePosixPath(item).parent}/"}


def _nearest_path(name: str, known: Sequence[str]) -> str | None:
    """The known path that is most like a name, by itself, its end or its folder; one that begins like it first."""
    wanted = name.strip("/").casefold()
    aliases: dict[str, str] = {}
    for item in known:
        path = PurePosixPath(item)
        for alias in (item, str(path.parent / path.stem), path.name, path.stem):
            aliases.setdefault(alias.casefold(), item)
        if path.parent.name:
            aliases.setdefault(str(path.parent).casefold(), f"{path.parent}/")
    begun = sorted((alias for alias in aliases if wanted and alias.startswith(wanted)), key=len)
    found = begun[0] if begun else _nearest(wanted, tuple(aliases))
    return None if found is None else aliases[found]
