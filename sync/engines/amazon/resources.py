"""Parallel data and terminology at the service: kept in step with the book.

Nothing is remembered here: what is to be done follows from what the service says, so that any process can go
on where another one died. Whether the data are current is told by a fingerprint in the resource's description.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sync.engines.amazon.bucket import Bucket
from sync.engines.amazon.client import Aws, Busy, Missing, explained
from sync.engines.base import JobError

if TYPE_CHECKING:
    from mypy_boto3_translate.type_defs import ParallelDataPropertiesTypeDef

# Data that the service could not take are not tried again for so long, unless they change.
_RETRY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Data:
    """Parallel data as they should be: the resource's name, the CSV's key in the bucket, its fingerprint."""

    name: str
    key: str
    fingerprint: str

    @property
    def description(self) -> str:
        """What the resource's description says of its content."""
        return f"AMTS sha256:{self.fingerprint}"

    @property
    def attempt(self) -> str:
        """The key that says that these data were handed over."""
        return f"{self.key}.attempted"


@dataclass(frozen=True, slots=True)
class Ready:
    """Parallel data that a job can use; `note` where they are not the ones that were wanted."""

    note: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The service is at work on them, or on others of the account."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """There are none, and there will not be: why."""

    reason: str


def follow(aws: Aws, bucket: Bucket, data: Data, since: float) -> Ready | Waiting | Unusable:
    """Take the next step towards current parallel data. Raises JobError.

    `since` is when the work was submitted (seconds since the epoch). Only one create or update runs at a time in
    an account: whoever comes second waits.
    """
    try:
        return _follow(aws, bucket, data, since)
    except Busy:
        return Waiting()


def _follow(aws: Aws, bucket: Bucket, data: Data, since: float) -> Ready | Waiting | Unusable:
    properties = _get(aws, data.name)
    if properties is None:
        try:
            _create(aws, bucket, data, since)
        except Busy:
            raise
        except JobError as error:
            return Unusable(str(error))
        return Waiting()
    status, latest = properties.get("Status"), properties.get("LatestUpdateAttemptStatus")
    if status in ("CREATING", "DELETING", "UPDATING") or latest in ("CREATING", "UPDATING"):
        return Waiting()
    if status == "FAILED":
        if _attempted(bucket, data):
            return Unusable(f"parallel data {data.name} could not be created: {_message(properties)}")
        with explained(f"remove the parallel data {data.name}"):
            aws.translate.delete_parallel_data(Name=data.name)
        return Waiting()
    if latest != "FAILED" and properties.get("Description") == data.description:
        return Ready()
    if latest == "FAILED" and _attempted(bucket, data):
        return Ready(failed_update(properties))
    try:
        _update(aws, bucket, data, properties)
    except Busy:
        raise
    except JobError as error:
        return Ready(f"the parallel data {data.name} could not be updated, their older version is in use: {error}")
    return Waiting()


def note_on(aws: Aws, data: Data) -> str | None:
    """What a translator should know of the parallel data that a job used. Raises JobError."""
    properties = _get(aws, data.name)
    if properties is not None and properties.get("LatestUpdateAttemptStatus") == "FAILED":
        return failed_update(properties)
    return None


def failed_update(properties: ParallelDataPropertiesTypeDef) -> str:
    """That an update failed, and what is used instead."""
    name = properties.get("Name", "")
    return f"the update of the parallel data {name} failed, their older version is in use: {_message(properties)}"


def follow_terms(aws: Aws, name: str, csv: bytes, fingerprint: str) -> Ready | Waiting:
    """Import a terminology that changed. Raises JobError."""
    description = f"AMTS sha256:{fingerprint}"
    try:
        _import_terms(aws, name, csv, description)
    except Busy:
        return Waiting()
    return Ready()


def _import_terms(aws: Aws, name: str, csv: bytes, description: str) -> None:
    with suppress(Missing), explained(f"read the terminology {name}"):  # the first time there is none
        if aws.translate.get_terminology(Name=name)["TerminologyProperties"].get("Description") == description:
            return
    with explained(f"import the terminology {name}"):
        aws.translate.import_terminology(
            Name=name,
            MergeStrategy="OVERWRITE",
            Description=description,
            TerminologyData={"File": csv, "Format": "CSV", "Directionality": "UNI"},
        )


def remove(aws: Aws, bucket: Bucket, data: Data) -> None:
    """Remove parallel data, and the file that they were made of. Raises JobError."""
    with suppress(Missing), explained(f"remove the parallel data {data.name}"):  # somebody may be faster
        aws.translate.delete_parallel_data(Name=data.name)
    bucket.remove(data.key)


def remove_terms(aws: Aws, name: str) -> None:
    """Remove a terminology. Raises JobError."""
    with suppress(Missing), explained(f"remove the terminology {name}"):
        aws.translate.delete_terminology(Name=name)


def _get(aws: Aws, name: str) -> ParallelDataPropertiesTypeDef | None:
    try:
        with explained(f"read the parallel data {name}"):
            return aws.translate.get_parallel_data(Name=name)["ParallelDataProperties"]
    except Missing:
        return None


def _create(aws: Aws, bucket: Bucket, data: Data, since: float) -> None:
    with explained(f"create the parallel data {data.name}"):
        aws.translate.create_parallel_data(
            Name=data.name,
            Description=data.description,
            ParallelDataConfig={"S3Uri": bucket.uri(data.key), "Format": "CSV"},
            ClientToken=_token(data.fingerprint, since),
        )
    bucket.put(data.attempt, b"", "text/plain")


def _update(aws: Aws, bucket: Bucket, data: Data, before: ParallelDataPropertiesTypeDef) -> None:
    # The token names the state that the update starts from: the same data may be wanted again one day.
    state = (before.get("LastUpdatedAt"), before.get("LatestUpdateAttemptAt"))
    with explained(f"update the parallel data {data.name}"):
        aws.translate.update_parallel_data(
            Name=data.name,
            Description=data.description,
            ParallelDataConfig={"S3Uri": bucket.uri(data.key), "Format": "CSV"},
            ClientToken=_token(data.fingerprint, *state),
        )
    bucket.put(data.attempt, b"", "text/plain")


def _token(*parts: object) -> str:
    """A client token: a step that is taken twice is one step."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


def _attempted(bucket: Bucket, data: Data) -> bool:
    written = bucket.age(data.attempt)
    return written is not None and datetime.now(UTC) - written < _RETRY


def _message(properties: ParallelDataPropertiesTypeDef) -> str:
    said = " ".join(properties.get("Message", "").split())[:300]
    return said or "the service gives no reason"
