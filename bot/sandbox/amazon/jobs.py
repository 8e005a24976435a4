"""Batch jobs: asked for, described and stopped here; `batch` does their work in threads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from bot.sandbox.amazon.account import Account, Answer, Parameters, now, page
from bot.sandbox.amazon.batch import Job, run
from bot.sandbox.amazon.errors import ServiceError
from bot.sandbox.amazon.languages import check_pair
from bot.sandbox.amazon.parallel_data import ParallelDataOperations
from bot.sandbox.amazon.storage import split_uri
from bot.sandbox.amazon.terminology import TerminologyOperations

MAX_RUNNING = 10
MAX_TARGETS = 10
_CONTENT_TYPES = ("text/html", "text/plain")


class JobOperations:
    """StartTextTranslationJob, DescribeTextTranslationJob, ListTextTranslationJobs, StopTextTranslationJob."""

    def __init__(
        self, account: Account, parallel_data: ParallelDataOperations, terminologies: TerminologyOperations
    ) -> None:
        self._account = account
        self._parallel_data = parallel_data
        self._terminologies = terminologies
        self._jobs: dict[str, Job] = {}

    def started(self) -> Mapping[str, Job]:
        """Every job that was started, by its id, in order."""
        with self._account.lock:
            return MappingProxyType(dict(self._jobs))

    def start_text_translation_job(self, parameters: Parameters) -> Answer:
        """Begin a job."""
        return self._account.once("StartTextTranslationJob", parameters, partial(self._start, parameters))

    def describe_text_translation_job(self, parameters: Parameters) -> Answer:
        """A job as it is now."""
        with self._account.lock:
            return {"TextTranslationJobProperties": self._job(parameters).properties()}

    def list_text_translation_jobs(self, parameters: Parameters) -> Answer:
        """A page of the jobs, the newest first (the oldest first where asked for those before a time)."""
        wanted: Mapping[str, Any] = parameters.get("Filter", {})
        if len(wanted) > 1:
            raise ServiceError("InvalidFilterException", "Only one filter can be set at a time.")
        with self._account.lock:
            jobs = [job for job in self._jobs.values() if _matches(job, wanted)]
            entries = [job.properties() for job in (jobs if "SubmittedBeforeTime" in wanted else reversed(jobs))]
        return page("TextTranslationJobPropertiesList", entries, parameters, bad_token="InvalidRequestException")  # noqa: S106 - an error code

    def stop_text_translation_job(self, parameters: Parameters) -> Answer:
        """Ask a job to stop; one that has ended stays as it is."""
        with self._account.lock:
            job = self._job(parameters)
            if job.active:
                job.status = "STOP_REQUESTED"
                job.stopping.set()
            return {"JobId": job.id, "JobStatus": job.status}

    def close(self) -> None:
        """Wake every job, so that its thread ends."""
        for job in self.started().values():
            job.stopping.set()

    def _start(self, parameters: Parameters) -> Answer:
        self._check(parameters)
        if sum(job.active for job in self._jobs.values()) >= MAX_RUNNING:
            raise ServiceError("TooManyRequestsException", f"{MAX_RUNNING} jobs are running already.")
        job = Job(uuid4().hex, parameters, submitted=now())
        self._jobs[job.id] = job
        self._account.begin(partial(run, job, self._account, self._parallel_data, self._terminologies))
        return {"JobId": job.id, "JobStatus": "SUBMITTED"}

    def _check(self, parameters: Parameters) -> None:
        source, targets = parameters["SourceLanguageCode"], parameters["TargetLanguageCodes"]
        if len(targets) > MAX_TARGETS or len(set(targets)) < len(targets):
            raise ServiceError("InvalidParameterValueException", f"At most {MAX_TARGETS} target languages, each once.")
        for target in targets:
            check_pair(source, target)
        if parameters["InputDataConfig"]["ContentType"] not in _CONTENT_TYPES:
            known = " or ".join(_CONTENT_TYPES)
            raise ServiceError("InvalidParameterValueException", f"The sandbox takes the content type {known} only.")
        bucket, folder = split_uri(parameters["InputDataConfig"]["S3Uri"])
        if not folder.strip("/"):
            raise ServiceError("InvalidRequestException", "The input must be a folder of the bucket, not its root.")
        for checked in dict.fromkeys((bucket, split_uri(parameters["OutputDataConfig"]["S3Uri"])[0])):
            self._account.storage.check_bucket(checked)
        self._account.storage.check_role(parameters["DataAccessRoleArn"])
        for kind in ("ParallelDataNames", "TerminologyNames"):
            if len(parameters.get(kind, ())) > 1:
                raise ServiceError("InvalidParameterValueException", f"{kind} takes one name.")
        for name in parameters.get("ParallelDataNames", ()):
            self._parallel_data.check(name, source, targets)
        for name in parameters.get("TerminologyNames", ()):
            self._terminologies.check(name, source, targets)

    def _job(self, parameters: Parameters) -> Job:
        if parameters["JobId"] not in self._jobs:
            raise ServiceError("ResourceNotFoundException", f"Job {parameters['JobId']} does not exist.")
        return self._jobs[parameters["JobId"]]


def _matches(job: Job, wanted: Mapping[str, Any]) -> bool:
    return bool(
        job.parameters.get("JobName") == wanted.get("JobName", job.parameters.get("JobName"))
        and job.status == wanted.get("JobStatus", job.status)
        and job.submitted < wanted.get("SubmittedBeforeTime", math.inf)
        and job.submitted > wanted.get("SubmittedAfterTime", -math.inf)
    )
