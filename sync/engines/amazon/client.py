"""AWS, by boto3: clients, and its errors as one line that says what to do. The only user of boto3.

Credentials come from where boto3 finds them (environment, profile, role of the machine), never from the settings.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ReadTimeoutError,
)  # fmt: skip

from sync.engines.base import JobError

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient
    from mypy_boto3_translate import TranslateClient

_SECRET = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b|(?<=[?&])X-Amz-[A-Za-z-]+=[^&\s]+")
# Throttling is HTTP 400 here, which botocore's default mode does not retry and `standard` does, with jitter.
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 6},
    connect_timeout=10,
    read_timeout=70,
    user_agent_extra="amts",
)
# A model may take its time, and each try has to be paid for.
BEDROCK_SECONDS, BEDROCK_TRIES = 120, 3
_BEDROCK = _CONFIG.merge(
    Config(retries={"mode": "standard", "total_max_attempts": BEDROCK_TRIES}, read_timeout=BEDROCK_SECONDS)
)
_BUSY = {
    "ConflictException",
    "ConcurrentModificationException",
    "LimitExceededException",
    "TooManyRequestsException",
    "ThrottlingException",
}
_MISSING = {"NoSuchEntity", "ResourceNotFoundException", "NoSuchKey", "404", "NotFound"}
_DOCTOR = "`amts doctor` says what is missing"
_ADVICE = {
    "NoSuchBucket": "create the bucket in the same region, or set `bucket` to one that exists",
    "AccessDenied": f"allow it for these credentials; {_DOCTOR}",
    "AccessDeniedException": f"allow it for these credentials; {_DOCTOR}",
    "Forbidden": f"allow it for these credentials; {_DOCTOR}",
    "403": f"allow it for these credentials; {_DOCTOR}",
    "UnrecognizedClientException": "the credentials are not valid: renew them",
    "InvalidSignatureException": "the credentials are not valid: renew them",
    "InvalidAccessKeyId": "the credentials are not valid: renew them",
    "SignatureDoesNotMatch": "the credentials are not valid: renew them",
    "ExpiredTokenException": "the credentials have expired: renew them",
    "ExpiredToken": "the credentials have expired: renew them",
    "UnsupportedLanguagePairException": "the service does not translate between these languages: choose another engine",
    "ModelNotReadyException": "the model is still being loaded: try again later",
    "ResourceNotFoundException": "check AMTS_BEDROCK_MODEL, and that the model is offered in this region",
    "ValidationException": "check AMTS_BEDROCK_MODEL: many models are asked by the id of an inference profile",
    "InvalidRequestException": f"check bucket and role; {_DOCTOR}",
}


class Busy(JobError):
    """The service is at work on something else: ask again later."""


class Missing(JobError):
    """What was asked for is not there."""


class Denied(JobError):
    """The credentials may not do it."""


class Invalid(JobError):
    """The request cannot be done as it is."""


class TimedOut(JobError):
    """No answer came, though the request was taken."""


class Aws:
    """Clients of one region. Connections are made when they are used."""

    def __init__(self, region: str | None) -> None:
        """`region` None: the one of the environment or profile. Raises JobError where there is none."""
        with explained("connect to AWS"):
            session = boto3.session.Session(region_name=region or region_of_environment())
            self.translate: TranslateClient = session.client("translate", config=_CONFIG)
            self.s3: S3Client = session.client("s3", config=_CONFIG)
            self.sts: STSClient = session.client("sts", config=_CONFIG)
            self.iam: IAMClient = session.client("iam", config=_CONFIG)
        self.region: str = self.translate.meta.region_name


def bedrock() -> BedrockRuntimeClient:
    """A client of Amazon Bedrock in the region of the environment. Raises JobError."""
    with explained("connect to AWS"):
        client: BedrockRuntimeClient = boto3.session.Session(region_name=region_of_environment()).client(
            "bedrock-runtime", config=_BEDROCK
        )
    return client


def region_of_environment() -> str | None:
    """The region of the environment or profile, by either name: boto3 knows AWS_DEFAULT_REGION alone."""
    with explained("read the settings of AWS"):
        return os.environ.get("AWS_REGION") or boto3.session.Session().region_name


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turns every error of AWS into a JobError of one line: Busy, Missing, Denied, Invalid, TimedOut, or another."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        said = _tidy(str(error.response.get("Error", {}).get("Message", "")))
        advice = _ADVICE.get(code, "try again later")
        line = f"Amazon: cannot {doing}: {code}{f', {said}' if said else ''}: {advice}"
        if code in _BUSY:
            raise Busy(line) from None
        if code in _MISSING:
            raise Missing(line) from None
        if "denied" in code.lower() or code in ("403", "Forbidden"):
            raise Denied(line) from None
        if code == "ValidationException":
            raise Invalid(line) from None
        raise JobError(line) from None
    except (NoCredentialsError, PartialCredentialsError):
        raise JobError(
            "Amazon: there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        ) from None
    except NoRegionError:
        raise JobError(
            "Amazon: no region is set: set AWS_REGION, or for the engine amazon its option `region`"
        ) from None
    except ReadTimeoutError:
        raise TimedOut(f"Amazon: cannot {doing}: it does not answer in time: try again later") from None
    except (BotoCoreError, ValueError) as error:  # ValueError: an address in the settings that is none
        raise JobError(f"Amazon: cannot {doing}: {_tidy(str(error))}: mend that, or try again later") from None


def _tidy(message: str) -> str:
    """A message of the service on one line, bounded, without keys."""
    return _SECRET.sub("…", " ".join(message.split()))[:300].rstrip(".")
