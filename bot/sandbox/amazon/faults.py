"""What goes wrong on demand. A fault is a frozen value; `Faults` counts how often each has struck."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import ClassVar, TypeVar

from bot.sandbox.amazon.pieces import Fixed, Piece, Pieces, Text
from bot.sandbox.amazon.words import rewrite


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`times`: how often it strikes, None: always. `operation`: where only, such as "TranslateText".

    Where no operation is named, errors strike every operation of Amazon Translate; those of S3, IAM and STS are
    struck by name only ("S3 PUT", "IAM POST"). For faults of text, "StartTextTranslationJob" stands for the
    documents of batch jobs, "TranslateText" for itself.
    """

    times: int | None = None
    operation: str | None = None


@dataclass(frozen=True, slots=True)
class ErrorFault(Fault):
    """The operation is not carried out and answers with an error."""

    code: ClassVar[str]
    status: ClassVar[int] = 400
    message: str = "injected by the sandbox"


@dataclass(frozen=True, slots=True)
class Throttling(ErrorFault):
    """Too many requests."""

    code = "TooManyRequestsException"


@dataclass(frozen=True, slots=True)
class Conflict(ErrorFault):
    """Another modification is being made."""

    code = "ConcurrentModificationException"


@dataclass(frozen=True, slots=True)
class Conflict2(ErrorFault):
    """A conflict in processing the request."""

    code = "ConflictException"


@dataclass(frozen=True, slots=True)
class ServerError(ErrorFault):
    """An internal error of the service."""

    code = "InternalServerException"
    status = 500


@dataclass(frozen=True, slots=True)
class AccessDenied(ErrorFault):
    """The caller may not do this."""

    code = "AccessDeniedException"


@dataclass(frozen=True, slots=True)
class ConnectionDropped(Fault):
    """The operation is carried out, but its answer is never sent."""


@dataclass(frozen=True, slots=True)
class DocumentsFail(Fault):
    """Documents of a job fail: those with these numbers in the order of their names, from 1; none named: all."""

    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class JobFails(Fault):
    """A job ends FAILED with a message."""

    message: str = "The job failed."


@dataclass(frozen=True, slots=True)
class JobNeverEnds(Fault):
    """A job stays IN_PROGRESS until it is stopped."""


@dataclass(frozen=True, slots=True)
class JobStops(Fault):
    """A job ends STOPPED though the client did not ask for it."""


@dataclass(frozen=True, slots=True)
class ParallelDataFails(Fault):
    """A creation or an update of parallel data ends FAILED with a message."""

    message: str = "The parallel data could not be imported."


@dataclass(frozen=True, slots=True)
class SlowSlot(Fault):
    """When a creation or update of parallel data is asked for, another holds the account's slot for `seconds`."""

    seconds: float = 1.0
    times: int | None = field(default=1, kw_only=True)


@dataclass(frozen=True, slots=True)
class TextFault(Fault):
    """Something is wrong in every n-th of the translated segments in which it can be."""

    every: int = field(default=1, kw_only=True)

    def spoil(self, pieces: Pieces) -> Pieces | None:
        """The segment with the fault; None: it vanishes. The same pieces where the fault cannot be."""
        raise NotImplementedError


class _SpanFault(TextFault):
    """A fault of the first do-not-translate element of a segment."""

    __slots__ = ()

    def spoil(self, pieces: Pieces) -> Pieces:
        for place, piece in enumerate(pieces):
            if isinstance(piece, Fixed):
                return self._around(pieces[:place], piece, pieces[place + 1 :])
        return pieces

    def _around(self, before: Pieces, fixed: Fixed, after: Pieces) -> Pieces:
        raise NotImplementedError


class SpanLost(_SpanFault):
    """The element is gone."""

    __slots__ = ()

    def _around(self, before: Pieces, fixed: Fixed, after: Pieces) -> Pieces:
        return before + after


class SpanMoved(_SpanFault):
    """The element stands at the end of the segment."""

    __slots__ = ()

    def _around(self, before: Pieces, fixed: Fixed, after: Pieces) -> Pieces:
        return (*before, *after, fixed)


class SpanDuplicated(_SpanFault):
    """The element is there twice."""

    __slots__ = ()

    def _around(self, before: Pieces, fixed: Fixed, after: Pieces) -> Pieces:
        return (*before, fixed, fixed, *after)


class SpanAltered(_SpanFault):
    """What is in the element was translated."""

    __slots__ = ()

    def _around(self, before: Pieces, fixed: Fixed, after: Pieces) -> Pieces:
        inner = html.escape(rewrite(fixed.text.strip("`$"), "es"))
        changed = inner if inner != fixed.inner else inner + "ë"
        return (*before, Fixed(fixed.start, changed, fixed.end, fixed.id), *after)


class DntResidue(_SpanFault):
    """A placeholder of the service is left in the place of the element."""

    __slots__ = ()

    def _around(self, before: Pieces, fixed: Fixed, after: Pieces) -> Pieces:
        return (*before, Text(f"DNT_{fixed.id or 0}"), *after)


class SpacesAdded(TextFault):
    """Spaces at both ends and around elements, and each space doubled."""

    __slots__ = ()

    def spoil(self, pieces: Pieces) -> Pieces:
        spaced: list[Piece] = [Text(" ")]
        for piece in pieces:
            match piece:
                case Text(text):
                    spaced.append(Text(text.replace(" ", "  ")))
                case Fixed():
                    spaced += [Text(" "), piece, Text(" ")]
                case _:
                    spaced.append(piece)
        return (*spaced, Text(" "))


class SegmentMissing(TextFault):
    """The segment vanishes, with its element."""

    __slots__ = ()

    def spoil(self, pieces: Pieces) -> None:
        return None


class EntitiesTwice(TextFault):
    """Text is escaped once too often."""

    __slots__ = ()

    def spoil(self, pieces: Pieces) -> Pieces:
        return tuple(Text(html.escape(piece.text)) if isinstance(piece, Text) else piece for piece in pieces)


F = TypeVar("F", bound=Fault)


@dataclass(slots=True)
class _Armed:
    fault: Fault
    met: int = 0
    struck: int = 0

    def ready(self, kind: type[Fault], operations: tuple[str | None, ...]) -> bool:
        fault = self.fault
        left = fault.times is None or self.struck < fault.times
        return isinstance(fault, kind) and left and fault.operation in operations


class Faults:
    """The faults that are on. Threads may share it."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._lock = Lock()
        self._armed = [_Armed(fault) for fault in faults]

    def add(self, faults: Iterable[Fault]) -> None:
        """Add faults to those that are on."""
        with self._lock:
            self._armed += [_Armed(fault) for fault in faults]

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._armed = []

    def take(self, kind: type[F], operation: str, *, named: bool = False) -> F | None:
        """The first fault of a kind that strikes this operation now, counted as a strike.

        `named`: only one that names the operation.
        """
        operations: tuple[str | None, ...] = (operation,) if named else (operation, None)
        with self._lock:
            for armed in self._armed:
                if isinstance(armed.fault, kind) and armed.ready(kind, operations):
                    armed.struck += 1
                    return armed.fault
        return None

    def spoil(self, pieces: Pieces, operation: str) -> Pieces | None:
        """A translated segment after every text fault that strikes it."""
        spoilt: Pieces | None = pieces
        with self._lock:
            for armed in self._armed:
                fault = armed.fault
                if spoilt is None or not isinstance(fault, TextFault) or not armed.ready(TextFault, (operation, None)):
                    continue
                changed = fault.spoil(spoilt)
                if changed == spoilt:
                    continue
                armed.met += 1
                if armed.met % fault.every == 0:
                    armed.struck += 1
                    spoilt = changed
        return spoilt
