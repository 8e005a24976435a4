"""The settings of a translation repository: `.github/amts.yml` -> Config.

The file may come from anyone, so it is composed by the safe loader, within bounds and without aliases, and
every key and value is checked; the error names the key, the line and what is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import yaml
from pathspec import GitIgnoreSpec
from rapidfuzz import process

from sync.languages import UnknownLanguage, language
from sync.model import AmtsError, Check, Mute
from sync.typography import Typography

PATH = ".github/amts.yml"
_MAX_CHARACTERS = 64_000
_MAX_DEPTH = 8
_MAX_VALUES = 2_000
_MAX_ADDRESS = 2_000
_MAX_NAMES = 50
_MAX_MUTES = 500
_MAX_PATTERN = 256
_MAX_STARS = 3  # the time to match a pattern is a path's length to the power of this
_EXCLUDE = (
    "/README.md", "/CONTRIBUTING.md", "/CODE_OF_CONDUCT.md", "/STYLE_GUIDE.md", "/INFO.md", "/CHANGELOG.md",
    "/LICENSE.md", "/SECURITY.md", "/.github/", "/contrib/", "/static/",
)  # fmt: skip


class ConfigError(AmtsError):
    """The settings cannot be used."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where sections stand. `{path}` is what the source and the translation of a section have in common.

    `origin` names the English beside a translation, in its folder, `{stem}` being the translation's name
    without its extension; None: there is none, and each section's revision stands in `.github/amts.lock`.
    """

    source: str = "{path}.md"
    translation: str = "{path}.md"
    origin: str | None = "{stem}_origin.md"

    def translation_path(self, source: str) -> str | None:
        """Where the translation of a source section belongs; None for a path that does not fit."""
        return _map(source, self.source, self.translation)

    def source_path(self, translation: str) -> str | None:
        """The source path that a translation's path speaks of; None for a path that does not fit."""
        if self.is_origin(translation):
            return None
        return _map(translation, self.translation, self.source)

    def origin_path(self, translation: str) -> str | None:
        """Where the origin of a translation stands; None in a layout without origins."""
        if self.origin is None:
            return None
        path = PurePosixPath(translation)
        return str(path.parent / self.origin.replace("{stem}", path.stem))

    def is_origin(self, path: str) -> bool:
        """Whether a path is that of an origin."""
        if self.origin is None:
            return False
        before, _, after = self.origin.partition("{stem}")
        name = PurePosixPath(path).name
        return len(name) > len(before + after) and name.startswith(before) and name.endswith(after)


@dataclass(frozen=True, slots=True)
class Engine:
    """The engine that translates, by name, and what it is told."""

    name: str = "memory"
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PullRequests:
    """How the bot's pull requests look, and how much it opens at once.

    `reviewers` are logins, or `owner/team`. An update of more than `max_segments` segments is split by chapter, and no
    more than `max_open` pull requests are open then.
    """

    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    draft: bool = False
    max_segments: int = 400
    max_open: int = 5


@dataclass(frozen=True, slots=True)
class Checks:
    """What the checks of a draft's segments keep to themselves: known false alarms."""

    mute: tuple[Mute, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of a translation repository. The defaults suit the translations of D2L."""

    upstream: str | None = None  # owner/name, an address or a path
    upstream_branch: str | None = None
    language: str | None = None
    source_language: str = "en"
    layout: Layout = Layout()
    include: tuple[str, ...] = ("*.md",)
    exclude: tuple[str, ...] = _EXCLUDE
    engine: Engine = Engine()
    terminology: str | None = None  # a path in the translation repository
    typography: Typography = field(default_factory=Typography)
    checks: Checks = field(default_factory=Checks)
    pull_requests: PullRequests = field(default_factory=PullRequests)
    author: str = "AMTS <amts@bot.invalid>"

    def sections(self, paths: list[str]) -> list[str]:
        """Those of the paths in the source that `include` names and `exclude` does not, sorted.

        Both are lists of patterns as in .gitignore.
        """
        include = GitIgnoreSpec.from_lines(self.include)
        exclude = GitIgnoreSpec.from_lines(self.exclude)
        return sorted(path for path in paths if include.match_file(path) and not exclude.match_file(path))


def load(text: str, where: str = PATH) -> Config:
    """The Config of a YAML text, the defaults for an empty one.

    Raises ConfigError, whose message begins with `where`.
    """
    node = _compose(text, where)
    if node is None:
        return Config()
    return Config(**_mapping(_Value(node, "", where), _KEYS))


def _map(path: str, pattern: str, other: str) -> str | None:
    """The path that fits `other` as the given one fits `pattern`."""
    before, _, after = pattern.partition("{path}")
    common = path[len(before) : len(path) - len(after)]
    if not common or not (path.startswith(before) and path.endswith(after)):
        return None
    return other.replace("{path}", common)


@dataclass(frozen=True, slots=True)
class _Value:
    """A value of the file, with its full key and the name of the file for messages."""

    node: yaml.Node
    key: str
    where: str

    def refuse(self, reason: str) -> ConfigError:
        line = self.node.start_mark.line + 1
        return ConfigError(f"{self.where}, line {line}: {self.key or 'the file'} {reason}")


def _compose(text: str, where: str) -> yaml.Node | None:
    """The YAML as nodes, after the bounds were checked. Raises ConfigError."""
    if len(text) > _MAX_CHARACTERS:
        raise ConfigError(f"{where}: larger than {_MAX_CHARACTERS:,} characters; shorten it")
    depth = 0
    try:
        for count, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
            line = event.start_mark.line + 1 if event.start_mark else 1
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                reason = "anchors (&) and aliases (*) are not allowed; write the value out"
                raise ConfigError(f"{where}, line {line}: {reason}")
            if getattr(event, "tag", None) is not None:
                raise ConfigError(f"{where}, line {line}: tags (!) are not allowed; write the value without it")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _MAX_DEPTH or count > _MAX_VALUES:
                raise ConfigError(f"{where}, line {line}: too many or too deeply nested values; simplify it")
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ConfigError(f"{where}, line {line}: not YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{where}: not YAML: {str(error).splitlines()[0]}") from error


_Reader = Callable[[_Value], Any]


def _mapping(value: _Value, readers: Mapping[str, _Reader]) -> dict[str, Any]:
    """The values of a mapping, each as its reader gives it. Raises ConfigError for any other key."""
    found: dict[str, Any] = {}
    for key, at_key, item in _items(value):
        if key not in readers:
            nearest = process.extractOne(key, list(readers), score_cutoff=60)
            hint = f"; did you mean {nearest[0]}?" if nearest else "."
            raise at_key.refuse(f"is not a setting{hint} Allowed: {', '.join(readers)}")
        found[key] = readers[key](item)
    return found


def _items(value: _Value) -> list[tuple[str, _Value, _Value]]:
    """The keys of a mapping, each with itself and its value as places to complain about."""
    if not isinstance(value.node, yaml.MappingNode):
        raise value.refuse("must hold keys with values, one a line: `key: value`")
    items: dict[str, tuple[str, _Value, _Value]] = {}
    for key_node, node in value.node.value:
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else "?"
        name = " ".join(f"{value.key}.{key[:60]}".lstrip(".").split())
        at_key = _Value(key_node, name, value.where)
        if key in items:
            raise at_key.refuse("is given twice; keep one")
        items[key] = (key, at_key, _Value(node, name, value.where))
    return list(items.values())


def _plain(value: _Value) -> object:
    """Any value as Python's own types."""
    if isinstance(value.node, yaml.MappingNode):
        return {key: _plain(item) for key, _, item in _items(value)}
    if isinstance(value.node, yaml.SequenceNode):
        return [_plain(_Value(node, value.key, value.where)) for node in value.node.value]
    try:
        return yaml.SafeLoader("").construct_object(value.node, deep=True)
    except (yaml.YAMLError, ValueError, LookupError, ArithmeticError) as error:
        raise value.refuse("is not a value that is understood; use text, a number, true or false") from error


def _text(value: _Value) -> str:
    plain = _plain(value)
    if not isinstance(plain, str) or not plain.strip():
        shown = value.node.value if isinstance(value.node, yaml.ScalarNode) else "a list or mapping"
        raise value.refuse(f"must be text, not {shown[:40] or 'nothing'}; put it in quotes if it is meant so")
    if any(ord(c) < 32 for c in plain):
        raise value.refuse("must be text on one line")
    return plain.strip()


def _optional(reader: _Reader) -> _Reader:
    """A reader that also takes `none`, `null` or nothing, for None."""

    def read(value: _Value) -> Any:
        plain = _plain(value)
        return None if plain is None or plain == "none" else reader(value)

    return read


def _patterns(value: _Value) -> tuple[str, ...]:
    if not isinstance(value.node, yaml.SequenceNode):
        raise value.refuse('must be a list of patterns as in .gitignore, such as ["chapter_*/"]')
    texts = tuple(_bounded(_Value(node, value.key, value.where)) for node in value.node.value)
    try:
        GitIgnoreSpec.from_lines(texts)
    except ValueError as error:
        raise value.refuse(f"has a pattern unlike those of .gitignore ({error}); mend it") from error
    return texts


def _bounded(value: _Value) -> str:
    """A pattern that is matched in a short time, whatever the path."""
    text = _text(value)
    if len(text) > _MAX_PATTERN:
        raise value.refuse(f"has a pattern of more than {_MAX_PATTERN} characters; shorten it")
    # A folder that is `*` can be matched in one way only.
    parts = [part for part in text.split("/") if part != "*"]
    if sum(1 if part == "**" else part.count("*") for part in parts) > _MAX_STARS:
        raise value.refuse(f"has a pattern with more than {_MAX_STARS} *; split it in two")
    return text


def _language(value: _Value) -> str:
    try:
        return language(_text(value)).code
    except UnknownLanguage as error:
        raise value.refuse(f"names no language: {error}") from error


def _path(value: _Value) -> str:
    text = _text(value)
    if text.startswith("/") or ".." in text.split("/") or "\\" in text or ".git" in text.lower().split("/"):
        raise value.refuse("must be a path inside the repository, with / and without ..")
    return text


def _pattern(placeholder: str) -> _Reader:
    def read(value: _Value) -> str:
        text = _path(value)
        if text.count(placeholder) != 1 or not text.endswith(".md") or "{" in text.replace(placeholder, ""):
            raise value.refuse(f'must hold {placeholder} once and end in .md: "docs/{placeholder}.md"')
        return text

    return read


def _origin(value: _Value) -> str:
    text = str(_pattern("{stem}")(value))
    if "/" in text or text == "{stem}.md":
        raise value.refuse('must have {stem} and more in the name of a file, such as "{stem}_origin.md"')
    return text


def _upstream(value: _Value) -> str:
    text = _text(value)
    if len(text) > _MAX_ADDRESS:
        raise value.refuse(f"is longer than {_MAX_ADDRESS:,} characters; shorten it")
    try:
        address = urlsplit(text)
    except ValueError as error:
        raise value.refuse("is no address; mend the part after ://") from error
    # Over ssh the name of the user, mostly git, is a part of the address and no secret.
    if address.password is not None or (address.username is not None and address.scheme != "ssh"):
        raise value.refuse("must not hold a user name or password; keep credentials out of the file")
    known = r"[\w.-]+/[\w.-]+|https?://\S+|ssh://\S+|git@[\w.-]+:\S+|\.{1,2}(/.*)?|/.*"
    if text.startswith("-") or not re.fullmatch(known, text):
        raise value.refuse("must be owner/name, an https or ssh address, or a path that begins with ./ or /")
    return text


def _revision(value: _Value) -> str:
    text = _text(value)
    if text.startswith("-") or re.search(r"[\s~^:?*\[\\]|\.\.", text):
        raise value.refuse("must be the name of a branch")
    return text


def _author(value: _Value) -> str:
    text = _text(value)
    if not re.fullmatch(r"[^<>]+ <[^<>\s]+>", text):
        raise value.refuse("must be written as Name <mail@address>")
    return text


def _options(value: _Value) -> dict[str, object]:
    return {key: _plain(item) for key, _, item in _items(value)}


def _engine(value: _Value) -> Engine:
    if isinstance(value.node, yaml.ScalarNode):
        return Engine(_text(value))
    return Engine(**_mapping(value, {"name": _text, "options": _options}))


def _layout(value: _Value) -> Layout:
    readers = {"source": _pattern("{path}"), "translation": _pattern("{path}"), "origin": _optional(_origin)}
    return Layout(**_mapping(value, readers))


def _typography(value: _Value) -> Typography:
    readers = {"spacing": _among("keep", "space", "none"), "punctuation": _among("keep", "full", "half")}
    return Typography(**_mapping(value, readers))


def _checks(value: _Value) -> Checks:
    return Checks(**_mapping(value, {"mute": _mutes}))


def _mutes(value: _Value) -> tuple[Mute, ...]:
    if not isinstance(value.node, yaml.SequenceNode) or len(value.node.value) > _MAX_MUTES:
        raise value.refuse(f"must be a list of checks, or of {{check: …, text: …}}, at most {_MAX_MUTES}")
    return tuple(_mute(_Value(node, value.key, value.where)) for node in value.node.value)


def _mute(value: _Value) -> Mute:
    if isinstance(value.node, yaml.ScalarNode):
        return Mute(_check(value))
    found = _mapping(value, {"check": _check, "text": _text})
    if "check" not in found:
        raise value.refuse(f"must name a check: {', '.join(Check)}")
    return Mute(**found)


def _check(value: _Value) -> Check:
    return Check(_among(*Check)(value))


def _pull_requests(value: _Value) -> PullRequests:
    readers = {
        "labels": _list(_label, "labels"),
        "reviewers": _list(_reviewer, "logins or owner/team"),
        "draft": _truth,
        "max_segments": _number(1, 1_000_000),
        "max_open": _number(1, 50),
    }
    return PullRequests(**_mapping(value, readers))


def _list(reader: Callable[[_Value], str], what: str) -> _Reader:
    def read(value: _Value) -> tuple[str, ...]:
        if not isinstance(value.node, yaml.SequenceNode) or len(value.node.value) > _MAX_NAMES:
            raise value.refuse(f"must be a list of {what}, at most {_MAX_NAMES}")
        return tuple(reader(_Value(node, value.key, value.where)) for node in value.node.value)

    return read


def _label(value: _Value) -> str:
    text = _text(value)
    if len(text) > 50:  # GitHub's own limit
        raise value.refuse("has a label of more than 50 characters; shorten it")
    return text


def _reviewer(value: _Value) -> str:
    text = _text(value).removeprefix("@")
    if not re.fullmatch(r"[A-Za-z0-9-]{1,39}(/[\w.-]{1,100})?", text):
        raise value.refuse(f"names no reviewer with {text[:40]!r}: write a login, or owner/team")
    return text


def _truth(value: _Value) -> bool:
    plain = _plain(value)
    if not isinstance(plain, bool):
        raise value.refuse("must be true or false")
    return plain


def _number(least: int, most: int) -> _Reader:
    def read(value: _Value) -> int:
        plain = _plain(value)
        if isinstance(plain, bool) or not isinstance(plain, int) or not least <= plain <= most:
            raise value.refuse(f"must be a whole number from {least} to {most:,}")
        return plain

    return read


def _among(*allowed: str) -> _Reader:
    def read(value: _Value) -> str:
        text = _text(value)
        if text not in allowed:
            raise value.refuse(f"must be one of {', '.join(allowed)}, not {text[:40]}")
        return text

    return read


_KEYS: dict[str, _Reader] = {
    "upstream": _optional(_upstream),
    "upstream_branch": _optional(_revision),
    "language": _language,
    "source_language": _language,
    "layout": _layout,
    "include": _patterns,
    "exclude": _patterns,
    "engine": _engine,
    "terminology": _optional(_path),
    "typography": _typography,
    "checks": _checks,
    "pull_requests": _pull_requests,
    "author": _author,
}
