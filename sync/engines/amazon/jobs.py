"""Batch jobs: found by their names, started once, read when they are done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sync.engines.amazon.bucket import Bucket
from sync.engines.amazon.client import Aws, explained
from sync.engines.amazon.documents import CONTENT_TYPE, Document, read_elements
from sync.engines.base import JobError

if TYPE_CHECKING:
    from mypy_boto3_translate.type_defs import (
        ListTextTranslationJobsRequestTypeDef,
        TextTranslationJobPropertiesTypeDef,
        TranslationSettingsTypeDef,
    )

RUNNING = frozenset({"SUBMITTED", "IN_PROGRESS"})
DONE = frozenset({"COMPLETED", "COMPLETED_WITH_ERROR"})


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch job as it should be started; `folder` is its own in the bucket, `data` names its parallel data.

    `spent` are the ids of earlier jobs of the same name that failed, or whose results were used and removed.
    """

    name: str
    folder: str
    source_language: str
    target_language: str
    data: str
    terminology: str | None = None
    formality: str | None = None
    profanity: str | None = None
    spent: tuple[str, ...] = ()

    @property
    def input(self) -> str:
        """Where its documents are."""
        return f"{self.folder}/input/"

    @property
    def output(self) -> str:
        """Where its results go."""
        return f"{self.folder}/output/"

    @property
    def token(self) -> str:
        """The client token: the same for the same work, another once that work was done or failed."""
        return hashlib.sha256("\n".join([self.name, *self.spent]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class State:
    """How a job stands."""

    id: str
    status: str
    message: str
    submitted: datetime | None


def settings(formality: str | None, profanity: str | None) -> TranslationSettingsTypeDef:
    """The settings of a translation as the service takes them."""
    chosen: TranslationSettingsTypeDef = {}
    if formality is not None:
        chosen["Formality"] = "FORMAL" if formality == "formal" else "INFORMAL"
    if profanity is not None:
        chosen["Profanity"] = "MASK"
    return chosen


def find(aws: Aws, name: str, spent: Sequence[str] = ()) -> list[State]:
    """The jobs of a name that are not spent, the oldest first. Raises JobError."""
    found: list[TextTranslationJobPropertiesTypeDef] = []
    page: ListTextTranslationJobsRequestTypeDef = {"Filter": {"JobName": name}}
    while True:  # botocore has no paginator for this call
        with explained("list the translation jobs"):
            answer = aws.translate.list_text_translation_jobs(**page)
        found += answer["TextTranslationJobPropertiesList"]
        if not (token := answer.get("NextToken")):
            break
        page = {**page, "NextToken": token}
    states = [_state(job) for job in found if job.get("JobName") == name and job.get("JobId") not in spent]
    return sorted(states, key=lambda state: (state.submitted is not None, state.submitted, state.id))


def upload(bucket: Bucket, batch: Batch, files: Sequence[Document]) -> None:
    """Put the documents where the job reads them. Raises JobError."""
    for document in files:
        bucket.put(batch.input + document.name, document.html.encode(), f"{CONTENT_TYPE}; charset=utf-8")


def start(aws: Aws, bucket: Bucket, batch: Batch, role: str) -> None:
    """Start a job; twice is once. Raises Busy where the account runs as many as it may, JobError."""
    with explained("start the translation job"):
        aws.translate.start_text_translation_job(
            JobName=batch.name,
            InputDataConfig={"S3Uri": bucket.uri(batch.input), "ContentType": CONTENT_TYPE},
            OutputDataConfig={"S3Uri": bucket.uri(batch.output)},
            DataAccessRoleArn=role,
            SourceLanguageCode=batch.source_language,
            TargetLanguageCodes=[batch.target_language],
            ParallelDataNames=[batch.data],
            ClientToken=batch.token,
            TerminologyNames=[batch.terminology] if batch.terminology else [],
            Settings=settings(batch.formality, batch.profanity),
        )


def stop(aws: Aws, id: str) -> None:
    """Ask the service to stop a job. Raises JobError."""
    with explained(f"stop the translation job {id}"):
        aws.translate.stop_text_translation_job(JobId=id)


def has_results(bucket: Bucket, batch: Batch, id: str) -> bool:
    """Whether the results of a job that is done are still there. Raises JobError."""
    return _details_key(bucket, batch, id) is not None


@dataclass(frozen=True, slots=True)
class Results:
    """What a job made: the inner HTML by element id, for each document; `faults`: why a document has none."""

    elements: Mapping[str, Mapping[str, str]]
    faults: Mapping[str, str]


def read(bucket: Bucket, batch: Batch, id: str, files: Sequence[Document]) -> Results:
    """The results of a job that is done. Raises JobError where they are gone."""
    details = _details_key(bucket, batch, id)
    if details is None:
        raise JobError(f"Amazon: the results of the job {id} are not in the bucket {bucket.name}: run it again")
    faults = _faults(bucket.get(details))
    folder = details.removesuffix(f"details/{batch.target_language}.auxiliary-translation-details.json")
    there = set(bucket.keys(folder))
    elements: dict[str, Mapping[str, str]] = {}
    for document in files:
        key = f"{folder}{batch.target_language}.{document.name}"
        if key in there:
            elements[document.name] = read_elements(bucket.get(key).decode("utf-8", "replace"))
        else:
            faults.setdefault(document.name, "the service gave no result")
    return Results(elements, faults)


def _details_key(bucket: Bucket, batch: Batch, id: str) -> str | None:
    # The folder begins with the number of the account, which need not be known here.
    tail = f"-TranslateText-{id}/details/{batch.target_language}.auxiliary-translation-details.json"
    return next((key for key in bucket.keys(batch.output) if key.endswith(tail)), None)


def _faults(details: bytes) -> dict[str, str]:
    """Why documents failed, by name, from the details file; what is not as documented is passed over."""
    try:
        listed = json.loads(details)["details"]
        entries = [(str(entry["sourceFile"]), entry.get("auxiliaryData", {}).get("error")) for entry in listed]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    said = {name: str(error.get("errorMessage", "")) for name, error in entries if isinstance(error, dict)}
    return {name: " ".join(text.split())[:200] or "the service gives no reason" for name, text in said.items()}


def _state(job: TextTranslationJobPropertiesTypeDef) -> State:
    message = " ".join(job.get("Message", "").split())[:300]
    return State(job.get("JobId", ""), job.get("JobStatus", ""), message, job.get("SubmittedTime"))
