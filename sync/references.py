"""What the cross-references of a book can point to: labels, and files of its repository."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from sync.inline import tokens
from sync.model import TokenKind

_LABEL = re.compile(r"(?<![\w`])(?:\d{0,3})?:(?:eq)?label:`([^`\n]{1,200})`")
_ROLE = re.compile(r":(?:numref|eqref|ref):`([^`]{1,200})`")
_TARGET = re.compile(r"\]\(\s*<?([^()\s<>]{1,500})>?")
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//|/|#|\{", re.I)


@dataclass(frozen=True, slots=True)
class References:
    """What is there to point to; empty: nothing is known, and no reference is called wrong.

    `paths` are those of all files, and of their folders, of the book in both languages.
    """

    labels: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()

    @classmethod
    def of(cls, texts: Iterable[str], paths: Iterable[str]) -> References:
        """The labels of sections, and the paths of files."""
        labels = frozenset(match[1] for text in texts for match in _LABEL.finditer(text))
        files = list(paths)
        folders = {path[: place.start()] for path in files for place in re.finditer("/", path)}
        return cls(labels, frozenset(files) | folders)

    def unresolved(self, text: str, path: str) -> list[str]:
        """The references of a segment that point nowhere, as they are written; `path` is that of its section."""
        found = []
        for token in tokens(text):
            if token.kind is TokenKind.ROLE and self.labels:
                role = _ROLE.fullmatch(token.text)
                if role and role[1] not in self.labels:
                    found.append(token.text)
            elif token.kind is TokenKind.LINK and self.paths:
                target = _TARGET.match(token.text)
                if target and not self._is_there(target[1], path):
                    found.append(target[1])
        return found

    def _is_there(self, target: str, path: str) -> bool:
        if _ELSEWHERE.match(target):
            return True
        name = unquote(re.split(r"[?#]", target, maxsplit=1)[0])
        ending = posixpath.splitext(name)[1]
        # A book whose pictures are made elsewhere has none of them in the repository.
        if not ending or not any(known.endswith(ending) for known in self.paths):
            return True
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
        return wanted in self.paths or wanted.startswith("..")
