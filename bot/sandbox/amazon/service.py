"""Amazon Translate without Amazon: every operation checked, carried out, and its answer checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.sandbox.amazon.account import Account, Answer, Pace, Parameters
from bot.sandbox.amazon.errors import ServiceError
from bot.sandbox.amazon.faults import ErrorFault, Faults
from bot.sandbox.amazon.jobs import JobOperations
from bot.sandbox.amazon.parallel_data import ParallelDataOperations
from bot.sandbox.amazon.shapes import faults_of_answer, faults_of_request
from bot.sandbox.amazon.storage import Storage
from bot.sandbox.amazon.terminology import TerminologyOperations
from bot.sandbox.amazon.text import MAX_TEXT, TextOperations


class Service:
    """The service: one method of its parts for each operation."""

    def __init__(self, storage: Storage, faults: Faults, pace: Pace) -> None:
        self._faults = faults
        self._account = Account(storage, faults, pace)
        self.parallel_data = ParallelDataOperations(self._account)
        self.terminologies = TerminologyOperations(self._account)
        self.jobs = JobOperations(self._account, self.parallel_data, self.terminologies)
        self.text = TextOperations(self._account, self.terminologies)
        self._operations: Mapping[str, Callable[[Parameters], Answer]] = {
            "CreateParallelData": self.parallel_data.create_parallel_data,
            "UpdateParallelData": self.parallel_data.update_parallel_data,
            "GetParallelData": self.parallel_data.get_parallel_data,
            "ListParallelData": self.parallel_data.list_parallel_data,
            "DeleteParallelData": self.parallel_data.delete_parallel_data,
            "StartTextTranslationJob": self.jobs.start_text_translation_job,
            "DescribeTextTranslationJob": self.jobs.describe_text_translation_job,
            "ListTextTranslationJobs": self.jobs.list_text_translation_jobs,
            "StopTextTranslationJob": self.jobs.stop_text_translation_job,
            "TranslateText": self.text.translate_text,
            "ListLanguages": self.text.list_languages,
            "ImportTerminology": self.terminologies.import_terminology,
            "GetTerminology": self.terminologies.get_terminology,
            "ListTerminologies": self.terminologies.list_terminologies,
            "DeleteTerminology": self.terminologies.delete_terminology,
        }

    def handle(self, operation: str, parameters: object) -> Answer:
        """Carry out an operation with parameters as JSON has them. Raises ServiceError."""
        act = self._operations.get(operation)
        if act is None:
            raise ServiceError("UnknownOperationException", f"The sandbox has no operation {operation[:80]}.")
        if fault := self._faults.take(ErrorFault, operation):
            raise ServiceError(fault.code, fault.message, fault.status)
        if operation == "TranslateText":
            _check_size(parameters)
        if faults := faults_of_request(operation, parameters):
            count = f"{len(faults)} validation error{'s' if len(faults) > 1 else ''} detected"
            raise ServiceError("ValidationException", f"{count}: {'; '.join(faults)}")
        assert isinstance(parameters, Mapping)  # noqa: S101 - its shape was checked
        answer = act(parameters)
        if faults := faults_of_answer(operation, answer):
            raise AssertionError(f"{operation} answered against its model: {faults}")
        return answer

    def close(self) -> None:
        """End all work in the background."""
        self.jobs.close()
        self._account.close()


def _check_size(parameters: object) -> None:
    """The service's own limit comes before the model's, which is in characters."""
    text = parameters.get("Text") if isinstance(parameters, Mapping) else None
    if isinstance(text, str) and (size := len(text.encode("utf-8", "surrogatepass"))) > MAX_TEXT:
        raise ServiceError("TextSizeLimitExceededException", f"The text is {size} bytes, more than {MAX_TEXT}.")
