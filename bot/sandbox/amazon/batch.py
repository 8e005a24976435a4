"""The work of a batch job: read the documents, translate each, write what the service writes, and where."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from threading import Event

from bot.sandbox.amazon.account import Account, Answer, Parameters, now, without_none
from bot.sandbox.amazon.documents import translate_html, translate_plain
from bot.sandbox.amazon.errors import ServiceError
from bot.sandbox.amazon.faults import DocumentsFail, JobFails, JobNeverEnds, JobStops
from bot.sandbox.amazon.parallel_data import ParallelDataOperations
from bot.sandbox.amazon.pieces import Pieces, visible
from bot.sandbox.amazon.storage import ACCOUNT, split_uri
from bot.sandbox.amazon.terminology import TerminologyOperations
from bot.sandbox.amazon.text import applied_terminologies
from bot.sandbox.amazon.translation import SegmentTranslator

# Developer guide, "Guidelines and quotas", asynchronous batch translation.
MAX_DOCUMENT = 20_000_000  # bytes
MAX_CHARACTERS = 1_000_000  # of a document, markup and all
MAX_TEXT = 1_000_000  # bytes of translatable text in a document
MAX_JOB = 5_000_000_000  # bytes

_OPERATION = "StartTextTranslationJob"  # what faults call the work of a job
_ENDINGS = {"text/html": (".html", ".htm", ".xhtml"), "text/plain": (".txt",)}
_ACTIVE = ("SUBMITTED", "IN_PROGRESS", "STOP_REQUESTED")


@dataclass(slots=True)
class Job:
    """A job and how far it is."""

    id: str
    parameters: Parameters
    submitted: float
    status: str = "SUBMITTED"
    message: str | None = None
    ended: float | None = None
    documents: int = 0  # in the input folder
    translated: int = 0  # documents, each counted once for each language
    failed: int = 0
    characters: int = 0
    stopping: Event = field(default_factory=Event)

    @property
    def active(self) -> bool:
        """Whether it counts against the quota of running jobs."""
        return self.status in _ACTIVE

    def properties(self) -> Answer:
        """What DescribeTextTranslationJob says of it."""
        told = {name: value for name, value in self.parameters.items() if name != "ClientToken"}
        return without_none(
            {
                **told,
                "JobId": self.id,
                "JobStatus": self.status,
                "JobDetails": {
                    "TranslatedDocumentsCount": self.translated,
                    "DocumentsWithErrorsCount": self.failed,
                    "InputDocumentsCount": self.documents,
                },
                "Message": self.message,
                "SubmittedTime": self.submitted,
                "EndTime": self.ended,
            }
        )


class _JobError(Exception):
    """The whole job ends FAILED; the text is its message."""


class _DocumentError(Exception):
    """A document cannot be translated; the text says why."""


class _Stopped(Exception):
    """The job was stopped."""


def run(
    job: Job, account: Account, parallel_data: ParallelDataOperations, terminologies: TerminologyOperations
) -> None:
    """Take a job through its states. Whatever it writes is there before its status says that it is done."""
    message = None
    try:
        _pause(job, account.pace.queued)
        with account.lock:
            if job.status == "SUBMITTED":
                job.status = "IN_PROGRESS"
        began = time.monotonic()
        _strike(job, account)
        _Batch(job, account, parallel_data, terminologies).translate()
        _pause(job, account.pace.running - (time.monotonic() - began))
        status = "COMPLETED_WITH_ERROR" if job.failed else "COMPLETED"
    except _Stopped:
        status = "STOPPED"
    except (_JobError, ServiceError) as error:
        status, message = "FAILED", str(error)
    except Exception as error:
        # As with the service, the client learns of a fault only from the job.
        status, message = "FAILED", f"Internal error of the sandbox: {type(error).__name__}: {error}"
    with account.lock:
        job.status, job.message, job.ended = status, message, now()


def _pause(job: Job, seconds: float) -> None:
    if job.stopping.wait(max(0.0, seconds)):
        raise _Stopped


def _strike(job: Job, account: Account) -> None:
    if fails := account.faults.take(JobFails, _OPERATION):
        _pause(job, account.pace.running)
        raise _JobError(fails.message)
    if account.faults.take(JobStops, _OPERATION):
        _pause(job, account.pace.running)
        raise _Stopped
    if account.faults.take(JobNeverEnds, _OPERATION):
        job.stopping.wait()
        raise _Stopped


class _Batch:
    """One run over the documents of a job."""

    def __init__(
        self, job: Job, account: Account, parallel_data: ParallelDataOperations, terminologies: TerminologyOperations
    ) -> None:
        self._job = job
        self._account = account
        self._parallel_data = parallel_data
        self._terminologies = terminologies
        self._content_type: str = job.parameters["InputDataConfig"]["ContentType"]
        self._bucket, folder = split_uri(job.parameters["InputDataConfig"]["S3Uri"])
        self._folder = folder.rstrip("/") + "/"
        self._out_bucket, out = split_uri(job.parameters["OutputDataConfig"]["S3Uri"])
        self._out_root = out.rstrip("/") + "/" if out.strip("/") else ""
        self._out = f"{self._out_root}{ACCOUNT}-TranslateText-{job.id}/"

    def translate(self) -> None:
        """Translate every document into every language. Raises _JobError, _Stopped."""
        sizes = self._documents()
        self._write(f"{self._out_root}.write_access_check_file.temp", b"")
        failing = self._account.faults.take(DocumentsFail, _OPERATION)
        numbers = set(failing.numbers or range(1, len(sizes) + 1)) if failing else set()
        for target in self._job.parameters["TargetLanguageCodes"]:
            details = [
                self._document(key, size, target, injected=number in numbers)
                for number, (key, size) in enumerate(sizes.items(), 1)
            ]
            self._write_details(target, details)

    def _documents(self) -> dict[str, int]:
        found = self._account.storage.sizes(self._bucket, self._folder)
        sizes = {key: size for key, size in found.items() if not key.endswith("/")}
        if not sizes:
            raise _JobError("The input folder holds no documents.")
        if nested := [key for key in sizes if "/" in key.removeprefix(self._folder)]:
            raise _JobError(f"The input folder must hold documents only, no folders: {nested[0]}.")
        if sum(sizes.values()) > MAX_JOB:
            raise _JobError(f"The documents are larger than {MAX_JOB} bytes.")
        with self._account.lock:
            self._job.documents = len(sizes)
        return sizes

    def _document(self, key: str, size: int, target: str, *, injected: bool) -> Answer:
        """Translate one document: its entry in the details."""
        _pause(self._job, 0)
        name = key.removeprefix(self._folder)
        entry: Answer = {"sourceFile": name, "targetFile": f"{target}.{name}", "auxiliaryData": {}}
        try:
            if injected:
                raise _DocumentError("injected by the sandbox")
            text = self._read(key, size)
            translator = self._translator(target)
            written = self._translated(text, translator)
        except _DocumentError as error:
            entry["auxiliaryData"]["error"] = {"errorCode": "InvalidRequestException", "errorMessage": str(error)}
            with self._account.lock:
                self._job.failed += 1
            return {**entry, "characters": 0}
        self._write(f"{self._out}{entry['targetFile']}", written.encode())
        if applied := applied_terminologies(self._names("TerminologyNames"), translator):
            entry["auxiliaryData"]["appliedTerminologies"] = applied
        with self._account.lock:
            self._job.translated += 1
            self._job.characters += translator.characters
        return {**entry, "characters": translator.characters}

    def _read(self, key: str, size: int) -> str:
        if not key.lower().endswith(_ENDINGS[self._content_type]):
            raise _DocumentError(f"The file is not {self._content_type} by its name.")
        if size > MAX_DOCUMENT:
            raise _DocumentError(f"The document is larger than {MAX_DOCUMENT} bytes.")
        try:
            text = self._account.storage.read(self._bucket, key).decode("utf-8")
        except UnicodeDecodeError as error:
            raise _DocumentError(f"The document is not UTF-8 (byte {error.start}).") from None
        if len(text) > MAX_CHARACTERS:
            raise _DocumentError(f"The document is longer than {MAX_CHARACTERS} characters.")
        return text

    def _translated(self, text: str, translator: SegmentTranslator) -> str:
        translate = translate_html if self._content_type == "text/html" else translate_plain
        size = 0

        def measure(segment: Pieces) -> Pieces:
            nonlocal size
            size += len(visible(segment).encode())
            return segment

        translate(text, measure)
        if size > MAX_TEXT:
            raise _DocumentError(f"The document holds more than {MAX_TEXT} bytes of translatable text.")
        if size == 0:
            raise _DocumentError("The document holds no translatable text.")
        return translate(text, translator)

    def _translator(self, target: str) -> SegmentTranslator:
        source = self._job.parameters["SourceLanguageCode"]
        examples = [self._parallel_data.examples(name, target) for name in self._names("ParallelDataNames")]
        terms = [self._terminologies.terms(name, source, target) for name in self._names("TerminologyNames")]
        return SegmentTranslator(
            target, _OPERATION, self._account.faults, next(iter(examples), None), next(iter(terms), None)
        )

    def _write_details(self, target: str, entries: list[Answer]) -> None:
        characters = sum(entry.pop("characters") for entry in entries)
        errors = sum("error" in entry["auxiliaryData"] for entry in entries)
        for entry in entries:
            if "error" in entry["auxiliaryData"]:
                del entry["targetFile"]
        content = {
            "sourceLanguageCode": self._job.parameters["SourceLanguageCode"],
            "targetLanguageCode": target,
            "charactersTranslated": str(characters),
            "documentCountWithCustomerError": str(errors),
            "documentCountWithServerError": "0",
            "inputDataPrefix": f"s3://{self._bucket}/{self._folder}",
            "outputDataPrefix": f"s3://{self._out_bucket}/{self._out}",
            "details": entries,
        }
        data = json.dumps(content, ensure_ascii=False).encode()
        self._write(f"{self._out}details/{target}.auxiliary-translation-details.json", data)

    def _write(self, key: str, data: bytes) -> None:
        self._account.storage.write(self._out_bucket, key, data)

    def _names(self, kind: str) -> list[str]:
        return list(self._job.parameters.get(kind, ()))
