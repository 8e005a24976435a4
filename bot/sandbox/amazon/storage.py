"""S3 and IAM as the stand-in uses them: over HTTP, through boto3, like the service itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from bot.sandbox.amazon.errors import ServiceError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REGION: Final = "us-west-2"
ACCOUNT = "123456789012"
KEY_ID = "AKIASANDBOX"
SECRET = "sandbox"  # noqa: S105 - opens nothing
AGENT = "amts-sandbox-service"  # tells the stand-in's own requests from a client's
SERVICE = "translate.amazonaws.com"
_HELD = "amts-sandbox-service"  # the bucket for what the service itself keeps


class Storage:
    """What the service reads and writes at the address of the sandbox."""

    def __init__(self, url: str) -> None:
        config = Config(user_agent_extra=AGENT, proxies={}, retries={"mode": "standard"})
        self._s3: S3Client = _session().client("s3", endpoint_url=url, config=config)
        self._iam = _session().client("iam", endpoint_url=url, config=config)

    def prepare(self, bucket: str, role: str) -> str:
        """Make a bucket, and a role that the service may assume: the ARN of the role."""
        for name in (bucket, _HELD):
            self._s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        trust = {"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "sts:AssumeRole"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        made = self._iam.create_role(RoleName=role, AssumeRolePolicyDocument=policy)
        return str(made["Role"]["Arn"])

    def check_role(self, arn: str) -> None:
        """Raises ServiceError where a role does not exist or the service may not assume it."""
        refused = ServiceError("InvalidRequestException", f"Amazon Translate may not assume the role {arn}.")
        try:
            role = self._iam.get_role(RoleName=arn.rpartition("/")[2])["Role"]
        except ClientError:
            raise refused from None
        trust = role["AssumeRolePolicyDocument"]
        statements = trust["Statement"] if isinstance(trust, Mapping) else json.loads(trust)["Statement"]
        if role["Arn"] != arn or not any(_allows(s) for s in _several(statements) if isinstance(s, Mapping)):
            raise refused

    def check_bucket(self, bucket: str) -> None:
        """Raises ServiceError where a bucket does not exist."""
        with _reaching(bucket):
            self._s3.head_bucket(Bucket=bucket)

    def sizes(self, bucket: str, prefix: str) -> dict[str, int]:
        """The objects whose keys begin with a prefix, in the order of their keys: bytes by key. Raises ServiceError."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        with _reaching(bucket):
            found = {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", ())}
        return dict(sorted(found.items()))

    def read(self, bucket: str, key: str) -> bytes:
        """The content of an object. Raises ServiceError."""
        with _reaching(bucket):
            return self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def write(self, bucket: str, key: str, data: bytes) -> None:
        """Write an object. Raises ServiceError."""
        with _reaching(bucket):
            self._s3.put_object(Bucket=bucket, Key=key, Body=data)

    def keep(self, key: str, data: bytes) -> None:
        """Keep a file, as the service's own."""
        self.write(_HELD, key, data)

    def kept(self, key: str) -> dict[str, str]:
        """Where a client may fetch a file that was kept, in the next 30 minutes."""
        url = self._s3.generate_presigned_url("get_object", Params={"Bucket": _HELD, "Key": key}, ExpiresIn=1800)
        return {"RepositoryType": "S3", "Location": url}


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of an address `s3://bucket/key`."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


@lru_cache(maxsize=1)
def _session() -> boto3.Session:
    """One for all sandboxes: it reads botocore's large files once."""
    return boto3.Session(aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET, region_name=REGION)


@contextmanager
def _reaching(bucket: str) -> Iterator[None]:
    """Makes an error of S3 the service's own."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        raise ServiceError("InvalidRequestException", f"The bucket {bucket} cannot be reached ({code}).") from None


def _several(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]


def _allows(statement: Mapping[str, object]) -> bool:
    """Whether a statement of a trust policy lets the service assume the role."""
    principal = statement.get("Principal")
    services = _several(principal.get("Service")) if isinstance(principal, Mapping) else [principal]
    actions = _several(statement.get("Action"))
    may_assume = any(action in ("sts:AssumeRole", "sts:*", "*") for action in actions)
    return statement.get("Effect") == "Allow" and may_assume and SERVICE in services
