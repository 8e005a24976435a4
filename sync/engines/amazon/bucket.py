"""The folder of the bucket that is ours: a few files in, a few out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sync.engines.amazon.client import Aws, explained
from sync.engines.base import JobError

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket. Every method raises JobError; keys are full keys."""

    aws: Aws
    name: str

    def uri(self, key: str) -> str:
        """The address of a key or folder, as the service takes it."""
        return f"s3://{self.name}/{key}"

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Write a file."""
        with explained(f"write to the bucket {self.name}"):
            self.aws.s3.put_object(Bucket=self.name, Key=key, Body=data, ContentType=content_type)

    def get(self, key: str) -> bytes:
        """Read a file. Raises Missing."""
        with explained(f"read from the bucket {self.name}"):
            return self.aws.s3.get_object(Bucket=self.name, Key=key)["Body"].read()

    def age(self, key: str) -> datetime | None:
        """When a file was written; None where there is none."""
        # Not HeadObject: to those who may not list it says that a file which is not there is forbidden.
        with explained(f"list the bucket {self.name}"):
            found = self.aws.s3.list_objects_v2(Bucket=self.name, Prefix=key, MaxKeys=1)
        return next((item["LastModified"] for item in found.get("Contents", ()) if item["Key"] == key), None)

    def keys(self, folder: str) -> list[str]:
        """Every key that begins with `folder`."""
        with explained(f"list the bucket {self.name}"):
            pages = self.aws.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=folder)
            return [item["Key"] for page in pages for item in page.get("Contents", ())]

    def remove(self, folder: str) -> None:
        """Remove every key that begins with `folder`."""
        keys = self.keys(folder)
        for start in range(0, len(keys), 1000):  # as many as one call takes
            batch: list[ObjectIdentifierTypeDef] = [{"Key": key} for key in keys[start : start + 1000]]
            with explained(f"clean the bucket {self.name}"):
                answer = self.aws.s3.delete_objects(Bucket=self.name, Delete={"Objects": batch, "Quiet": True})
            if refused := answer.get("Errors"):
                code = str(refused[0].get("Code", ""))[:60]
                raise JobError(f"Amazon: cannot clean the bucket {self.name}: {code} for {len(refused)} files")
