"""Parallel data: imported from S3 in the background, one creation or update at a time in the account."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial

from bot.sandbox.amazon.account import Account, Answer, Parameters, arn, now, page, without_none
from bot.sandbox.amazon.errors import ServiceError
from bot.sandbox.amazon.examples import Examples
from bot.sandbox.amazon.faults import ParallelDataFails, SlowSlot
from bot.sandbox.amazon.records import Imported, import_table
from bot.sandbox.amazon.storage import split_uri
from bot.sandbox.amazon.tables import TableError, read_table


@dataclass(frozen=True, slots=True)
class ParallelDataFigures:
    """What a test may ask of a resource. `versions`: the creations and updates that were begun."""

    status: str
    versions: int
    imported: int
    skipped: int
    failed: int
    rows: int


@dataclass(slots=True)
class _Resource:
    name: str
    config: dict[str, str]
    description: str | None
    encryption_key: dict[str, str] | None
    created: float
    updated: float
    status: str = "CREATING"
    versions: int = 1
    message: str | None = None
    attempt: str | None = None
    attempted: float | None = None
    content: Imported | None = None
    examples: dict[str, Examples] = field(default_factory=dict)

    @property
    def busy(self) -> bool:
        return self.status in ("CREATING", "DELETING") or self.attempt == "UPDATING"


class ParallelDataOperations:
    """CreateParallelData, UpdateParallelData, GetParallelData, ListParallelData, DeleteParallelData."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._resources: dict[str, _Resource] = {}
        self._slot_held_until = 0.0

    def figures(self) -> dict[str, ParallelDataFigures]:
        """Every resource, by name."""
        with self._account.lock:
            return {name: _figures(resource) for name, resource in self._resources.items()}

    def examples(self, name: str, target: str) -> Examples:
        """The examples of a resource in a target language, read once for each version."""
        with self._account.lock:
            resource = self._resource(name)
            content = resource.content
            found = resource.examples.get(target)
        if found is None:
            if content is None or target not in content.texts:
                raise ServiceError("InvalidRequestException", f"Parallel data {name} has no examples in {target}.")
            found = Examples(content.texts[target])
            with self._account.lock:
                if resource.content is content:
                    resource.examples[target] = found
        return found

    def check(self, name: str, source: str, targets: list[str]) -> None:
        """Raises ServiceError where a job cannot use a resource. During an update the old version is used."""
        resource = self._resource(name)
        if resource.status != "ACTIVE" or resource.content is None:
            raise ServiceError("InvalidRequestException", f"Parallel data {name} is {resource.status}, not ACTIVE.")
        if resource.content.source != source:
            raise ServiceError("InvalidRequestException", f"Parallel data {name} is not from {source}.")
        if missing := [target for target in targets if target not in resource.content.targets]:
            raise ServiceError("InvalidRequestException", f"Parallel data {name} has no {missing[0]}.")

    def create_parallel_data(self, parameters: Parameters) -> Answer:
        """Begin to import a new resource."""
        return self._account.once("CreateParallelData", parameters, partial(self._create, parameters))

    def update_parallel_data(self, parameters: Parameters) -> Answer:
        """Begin to replace a resource as a whole; until that succeeds the old version stays in use."""
        return self._account.once("UpdateParallelData", parameters, partial(self._update, parameters))

    def get_parallel_data(self, parameters: Parameters) -> Answer:
        """A resource and where its file is."""
        with self._account.lock:
            resource = self._resource(parameters["Name"])
            answer: Answer = {"ParallelDataProperties": _properties(resource)}
            if resource.content is not None:
                answer["DataLocation"] = self._account.storage.kept(_key(resource.name))
        return answer

    def list_parallel_data(self, parameters: Parameters) -> Answer:
        """A page of the resources, by name."""
        with self._account.lock:
            entries = [_properties(resource) for _, resource in sorted(self._resources.items())]
        return page("ParallelDataPropertiesList", entries, parameters, bad_token="InvalidParameterValueException")  # noqa: S106 - an error code

    def delete_parallel_data(self, parameters: Parameters) -> Answer:
        """Begin to delete a resource."""
        with self._account.lock:
            resource = self._resource(parameters["Name"])
            _check_idle(resource)
            resource.status = "DELETING"
            self._account.begin(partial(self._run_deletion, resource.name))
            return {"Name": resource.name, "Status": "DELETING"}

    def _create(self, parameters: Parameters) -> Answer:
        name = parameters["Name"]
        config = self._checked_config(parameters)
        if name in self._resources:
            raise ServiceError("ConflictException", f"Parallel data {name} exists already.")
        self._check_slot()
        time_of_request = now()
        resource = _Resource(
            name,
            config,
            parameters.get("Description"),
            parameters.get("EncryptionKey"),
            created=time_of_request,
            updated=time_of_request,
        )
        self._resources[name] = resource
        self._account.begin(partial(self._run_creation, resource))
        return {"Name": name, "Status": "CREATING"}

    def _update(self, parameters: Parameters) -> Answer:
        config = self._checked_config(parameters)
        resource = self._resource(parameters["Name"])
        _check_idle(resource)
        self._check_slot()
        resource.attempt, resource.attempted = "UPDATING", now()
        resource.versions += 1
        self._account.begin(partial(self._run_update, resource, config, parameters.get("Description")))
        return {
            "Name": resource.name,
            "Status": resource.status,
            "LatestUpdateAttemptStatus": "UPDATING",
            "LatestUpdateAttemptAt": resource.attempted,
        }

    def _checked_config(self, parameters: Parameters) -> dict[str, str]:
        config: dict[str, str] = dict(parameters["ParallelDataConfig"])
        if not config.get("S3Uri") or not config.get("Format"):
            raise ServiceError("InvalidParameterValueException", "ParallelDataConfig needs S3Uri and Format.")
        self._account.storage.check_bucket(split_uri(config["S3Uri"])[0])
        return config

    def _check_slot(self) -> None:
        if slow := self._account.faults.take(SlowSlot, "CreateParallelData"):
            self._slot_held_until = time.monotonic() + slow.seconds
        busy = any(
            resource.status == "CREATING" or resource.attempt == "UPDATING" for resource in self._resources.values()
        )
        if busy or time.monotonic() < self._slot_held_until:
            raise ServiceError("LimitExceededException", "Another parallel data resource is being created or updated.")

    def _run_creation(self, resource: _Resource) -> None:
        content, message = self._import("CreateParallelData", resource.name, resource.config)
        with self._account.lock:
            resource.content, resource.message = content, message
            resource.status = "FAILED" if content is None else "ACTIVE"
            resource.updated = now()

    def _run_update(self, resource: _Resource, config: dict[str, str], description: str | None) -> None:
        content, message = self._import("UpdateParallelData", resource.name, config)
        with self._account.lock:
            resource.message = message
            resource.attempt = "FAILED" if content is None else "ACTIVE"
            if content is not None:
                resource.content, resource.config, resource.examples = content, config, {}
                resource.description = description if description is not None else resource.description
                resource.status, resource.updated = "ACTIVE", now()

    def _run_deletion(self, name: str) -> None:
        self._account.closing.wait(self._account.pace.parallel_data)
        with self._account.lock:
            del self._resources[name]

    def _import(self, operation: str, name: str, config: dict[str, str]) -> tuple[Imported | None, str | None]:
        """What a file holds, or a message why it cannot be imported."""
        self._account.closing.wait(self._account.pace.parallel_data)
        if fails := self._account.faults.take(ParallelDataFails, operation):
            return None, fails.message
        try:
            data = self._file(config["S3Uri"])
            content = import_table(read_table(data, config["Format"]))
        except (TableError, ServiceError) as error:
            return None, str(error)
        self._account.storage.keep(_key(name), data)
        return content, None

    def _file(self, uri: str) -> bytes:
        """The file at an address, or the only one in the folder there."""
        bucket, key = split_uri(uri)
        sizes = self._account.storage.sizes(bucket, key)
        folder = key if not key or key.endswith("/") else key + "/"
        inside = [other for other in sizes if other.startswith(folder) and not other.endswith("/")]
        files = [key] if key in sizes and not key.endswith("/") else inside
        if len(files) != 1:
            raise TableError(f"{uri} must be a file, or a folder with one file; it holds {len(files)}.")
        return self._account.storage.read(bucket, files[0])

    def _resource(self, name: str) -> _Resource:
        if name not in self._resources:
            raise ServiceError("ResourceNotFoundException", f"Parallel data {name} does not exist.")
        return self._resources[name]


def _key(name: str) -> str:
    return f"parallel-data/{name}"


def _check_idle(resource: _Resource) -> None:
    if resource.busy:
        raise ServiceError("ConcurrentModificationException", f"Parallel data {resource.name} is being modified.")


def _figures(resource: _Resource) -> ParallelDataFigures:
    content = resource.content
    counts = (content.imported, content.skipped, content.failed, content.rows) if content else (0, 0, 0, 0)
    return ParallelDataFigures(resource.status, resource.versions, *counts)


def _properties(resource: _Resource) -> Answer:
    content = resource.content
    return without_none(
        {
            "Name": resource.name,
            "Arn": arn("parallel-data", resource.name),
            "Description": resource.description,
            "Status": resource.status,
            "SourceLanguageCode": content and content.source,
            "TargetLanguageCodes": content and list(content.targets),
            "ParallelDataConfig": resource.config,
            "Message": resource.message,
            "ImportedDataSize": content and content.characters,
            "ImportedRecordCount": content and content.imported,
            "FailedRecordCount": content and content.failed,
            "SkippedRecordCount": content and content.skipped,
            "EncryptionKey": resource.encryption_key,
            "CreatedAt": resource.created,
            "LastUpdatedAt": resource.updated,
            "LatestUpdateAttemptStatus": resource.attempt,
            "LatestUpdateAttemptAt": resource.attempted,
        }
    )
