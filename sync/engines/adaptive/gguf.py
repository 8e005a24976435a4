"""What a GGUF file says of its model, in its header: enough to know how the model wants to be asked.

The layout is that of the specification (github.com/ggml-org/ggml, docs/gguf.md), version 2 and 3, little-endian.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sync.engines.base import EngineError

_MAGIC = b"GGUF"
_MOST_ENTRIES = 100_000
_LONGEST = 10_000_000  # bytes of a string
_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9
_END = 1_000_000  # bytes at either end that tell a file from another of the same name and size


@dataclass(frozen=True, slots=True)
class Header:
    """`template` is the chat template, None for a base model. `identity` tells models apart, not copies of one."""

    name: str
    template: str | None
    context: int | None  # tokens that it was trained with
    identity: str


def read_header(path: Path) -> Header:
    """The header of a file. Raises EngineError where it is none."""
    try:
        with path.open("rb") as stream:
            values = _values(stream)
            stream.seek(0)
            digest = hashlib.sha256(stream.read(_END))
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(size - _END, 0))
            digest.update(stream.read(_END) + str(size).encode())
    except OSError as error:
        raise EngineError(f"cannot read the model {path.name}: {error.strerror or error}") from None
    except (struct.error, ValueError, KeyError):
        raise EngineError(f"{path.name} is no GGUF file, or is cut off: name one, or download it again") from None
    name, template = values.get("general.name"), values.get("tokenizer.chat_template")
    context = values.get(f"{values.get('general.architecture')}.context_length")
    return Header(
        str(name or path.stem)[:100],
        template if isinstance(template, str) and template.strip() else None,
        context if isinstance(context, int) else None,
        f"{path.name} {digest.hexdigest()[:16]}",
    )


def _values(stream: BinaryIO) -> Mapping[str, object]:
    """The entries of the header; those of arrays are passed over."""
    if stream.read(4) != _MAGIC or _number(stream, "<I") not in (2, 3):
        raise ValueError
    _number(stream, "<Q")  # of tensors
    count = _number(stream, "<Q")
    if count > _MOST_ENTRIES:
        raise ValueError
    return {_string(stream): _value(stream, _number(stream, "<I")) for _ in range(count)}


def _value(stream: BinaryIO, kind: int) -> object:
    if kind == _STRING:
        return _string(stream)
    if kind != _ARRAY:
        form = _SCALARS[kind]
        return struct.unpack(form, stream.read(struct.calcsize(form)))[0]
    kind, count = _number(stream, "<I"), _number(stream, "<Q")
    if kind == _STRING:
        for _ in range(count):
            length = _number(stream, "<Q")
            if length > _LONGEST:
                raise ValueError
            stream.seek(length, os.SEEK_CUR)
    elif kind == _ARRAY:
        for _ in range(count):
            _value(stream, _ARRAY)
    else:
        stream.seek(count * struct.calcsize(_SCALARS[kind]), os.SEEK_CUR)
    return None


def _number(stream: BinaryIO, form: str) -> int:
    return int(struct.unpack(form, stream.read(struct.calcsize(form)))[0])


def _string(stream: BinaryIO) -> str:
    length = _number(stream, "<Q")
    if length > _LONGEST:
        raise ValueError
    return stream.read(length).decode("utf-8", "replace")
