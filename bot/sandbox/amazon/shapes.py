"""Requests and answers checked against botocore's model of the service, more strictly than botocore does."""

from __future__ import annotations

import base64
import binascii
import re
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, ServiceModel, Shape, StructureShape

_CATEGORY = re.compile(r"\\([pP])\{(\w+)\}")


@lru_cache(maxsize=1)
def model() -> ServiceModel:
    """The service model of Amazon Translate, version 2017-07-01."""
    return ServiceModel(Loader().load_service_model("translate", "service-2", "2017-07-01"), "translate")


def faults_of_request(operation: str, parameters: object) -> list[str]:
    """What is wrong with the parameters of a request, as JSON has them, in the service's words."""
    shape = model().operation_model(operation).input_shape
    return [] if shape is None else list(_faults(shape, parameters, ""))


def faults_of_answer(operation: str, answer: object) -> list[str]:
    """What is wrong with an answer, as JSON has it."""
    shape = model().operation_model(operation).output_shape
    if shape is None:
        return [] if answer == {} else ["the operation answers with nothing"]
    return list(_faults(shape, answer, ""))


def error_codes(operation: str) -> set[str]:
    """The codes of the errors that the model lists for an operation."""
    return {shape.name for shape in model().operation_model(operation).error_shapes}


def _faults(shape: Shape, value: object, path: str) -> Iterator[str]:
    match shape.type_name:
        case "structure":
            assert isinstance(shape, StructureShape)  # noqa: S101 - botocore's own naming
            yield from _structure(shape, value, path)
        case "list":
            assert isinstance(shape, ListShape)  # noqa: S101 - as above
            yield from _list(shape, value, path)
        case "string":
            yield from _string(shape, value, path)
        case "blob":
            yield from _blob(shape, value, path)
        case "integer" | "long":
            if isinstance(value, int) and not isinstance(value, bool):
                yield from _bounds(shape, value, path, "value")
            else:
                yield from _wrong_type(shape, path)
        case "timestamp":
            if not isinstance(value, (int, float)) or isinstance(value, bool):
                yield from _wrong_type(shape, path)
        case other:
            raise NotImplementedError(f"shapes of type {other}")


def _structure(shape: StructureShape, value: object, path: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield from _wrong_type(shape, path)
        return
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"Value null at '{_join(path, name)}' failed to satisfy constraint: Member must not be null"
    for name, member in value.items():
        if name not in shape.members:
            yield f"Value at '{_join(path, name)}' failed to satisfy constraint: Member is not known"
        elif member is not None:
            yield from _faults(shape.members[name], member, _join(path, name))


def _list(shape: ListShape, value: object, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield from _wrong_type(shape, path)
        return
    yield from _bounds(shape, len(value), path, "length")
    for number, member in enumerate(value, 1):
        yield from _faults(shape.member, member, f"{path}.{number}.member")


def _string(shape: Shape, value: object, path: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield from _wrong_type(shape, path)
        return
    yield from _bounds(shape, len(value), path, "length")
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield f"{_at(value, path)}: Member must satisfy enum value set: [{', '.join(allowed)}]"
    pattern = shape.metadata.get("pattern")
    if pattern and not _pattern(pattern).fullmatch(value):
        yield f"{_at(value, path)}: Member must satisfy regular expression pattern: {pattern}"


def _blob(shape: Shape, value: object, path: str) -> Iterator[str]:
    try:
        data = base64.b64decode(value, validate=True) if isinstance(value, str) else None
    except binascii.Error:
        data = None
    if data is None:
        yield from _wrong_type(shape, path)
    else:
        yield from _bounds(shape, len(data), path, "length")


def _bounds(shape: Shape, size: int, path: str, what: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    refused = f"Value at '{path}' failed to satisfy constraint: Member must have {what}"
    if least is not None and size < least:
        yield f"{refused} greater than or equal to {least}"
    if most is not None and size > most:
        yield f"{refused} less than or equal to {most}"


def _wrong_type(shape: Shape, path: str) -> Iterator[str]:
    yield f"Value at '{path}' failed to satisfy constraint: Member must be of type {shape.type_name}"


def _at(value: str, path: str) -> str:
    return f"Value '{value[:100]}' at '{path}' failed to satisfy constraint"


def _join(path: str, name: Any) -> str:
    return f"{path}.{name}" if path else str(name)


@lru_cache(maxsize=64)
def _pattern(java: str) -> re.Pattern[str]:
    """A pattern of the model, which has Java's syntax, as Python's: categories become ranges of characters."""
    return re.compile(_CATEGORY.sub(_python_class, java))


def _python_class(match: re.Match[str]) -> str:
    ranges = _ranges(match[2], negated=match[1] == "P")
    inside = match.string.count("[", 0, match.start()) > match.string.count("]", 0, match.start())
    return ranges if inside else f"[{ranges}]"


@lru_cache(maxsize=16)
def _ranges(category: str, *, negated: bool) -> str:
    """The characters whose Unicode category begins with `category` (or does not), as ranges of a class."""
    if category == "ASCII":
        return r"\x80-\U0010ffff" if negated else r"\x00-\x7f"
    parts: list[str] = []
    start: int | None = None
    for point in range(sys.maxunicode + 2):
        last = point > sys.maxunicode
        inside = not last and unicodedata.category(chr(point)).startswith(category) != negated
        if inside and start is None:
            start = point
        elif not inside and start is not None:
            parts.append(f"\\U{start:08x}-\\U{point - 1:08x}")
            start = None
    return "".join(parts)
