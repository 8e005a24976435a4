"""The least that IAM must allow: for whoever runs AMTS, and for the role that the service works with. Pure functions.

Sources: the service authorization reference for Amazon Translate, S3 and IAM (which actions take which resources),
and the service's developer guide, "Prerequisites for batch translation jobs" (the role).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

SERVICE = "translate.amazonaws.com"
_VERSION = "2012-10-17"  # of IAM's policy language


class _Allowed(TypedDict):
    Sid: str
    Effect: str
    Action: str | list[str]


class Statement(_Allowed, total=False):
    """A statement of a policy, as IAM takes it in JSON."""

    Principal: dict[str, str]
    Resource: str | list[str]
    Condition: dict[str, dict[str, str]]


class Policy(TypedDict):
    """A policy document, as IAM takes it in JSON."""

    Version: str
    Statement: list[Statement]


@dataclass(frozen=True, slots=True)
class Place:
    """What the policies speak of. What is not known stands there in capitals, to be filled in."""

    account: str = "ACCOUNT"
    region: str = "REGION"
    bucket: str = "BUCKET"
    prefix: str = "amts"
    role: str = "arn:aws:iam::ACCOUNT:role/ROLE"  # the service's
    partition: str = "aws"


def for_caller(place: Place) -> Policy:
    """What whoever runs AMTS must be allowed."""
    at_service = f"arn:{place.partition}:translate:{place.region}:{place.account}"
    parallel_data, terminologies = f"{at_service}:parallel-data/amts-*", f"{at_service}:terminology/amts-*"
    return _policy(
        # The first two take no resource; TranslateText takes a terminology, and is also asked without one.
        _allow(
            "Translate",
            ["translate:ListTextTranslationJobs", "translate:StopTextTranslationJob", "translate:TranslateText"],
            "*",
        ),
        _allow(
            "ParallelData",
            [f"translate:{verb}ParallelData" for verb in ("Create", "Delete", "Get", "Update")],
            parallel_data,
        ),
        _allow(
            "Terminologies",
            [f"translate:{verb}Terminology" for verb in ("Delete", "Get", "Import")],
            terminologies,
        ),
        _allow("Jobs", "translate:StartTextTranslationJob", [parallel_data, terminologies]),
        _allow("Files", ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], _files(place)),
        _listing(place),
        {
            **_allow("Role", "iam:PassRole", place.role),
            "Condition": {"StringEquals": {"iam:PassedToService": SERVICE}},
        },
    )


def for_role(place: Place) -> Policy:
    """What the service's role must be allowed: reading the input, writing the output."""
    return _policy(_allow("Files", ["s3:GetObject", "s3:PutObject"], _files(place)), _listing(place))


def trust(place: Place) -> Policy:
    """Who may take on the service's role: the service, on behalf of this account and of no other."""
    return _policy(
        {
            "Sid": "Service",
            "Effect": "Allow",
            "Principal": {"Service": SERVICE},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": place.account},
                "ArnLike": {"aws:SourceArn": f"arn:{place.partition}:translate:*:{place.account}:*"},
            },
        }
    )


def grants(policy: Policy) -> Iterator[tuple[str, str]]:
    """Every action that a policy allows, with each resource that it may be done to."""
    for statement in policy["Statement"]:
        for action in _each(statement["Action"]):
            for resource in _each(statement.get("Resource", "*")):
                yield action, resource


def trusts(document: object, account: str) -> bool:
    """Whether a trust policy, as IAM gives it, lets the service take the role on for an account."""
    statements = document.get("Statement", ()) if isinstance(document, Mapping) else ()
    return any(
        statement.get("Effect") == "Allow"
        and {"sts:AssumeRole", "sts:*", "*"} & set(_each(statement.get("Action", ())))
        and isinstance(principal := statement.get("Principal"), Mapping)
        and SERVICE in _each(principal.get("Service", ()))
        and all(
            account in _each(accounts)
            for keys in statement.get("Condition", {}).values()
            for key, accounts in keys.items()
            if key.lower() == "aws:sourceaccount"
        )
        for statement in ([statements] if isinstance(statements, Mapping) else statements)
    )


def _policy(*statements: Statement) -> Policy:
    return {"Version": _VERSION, "Statement": list(statements)}


def _allow(sid: str, action: str | list[str], resource: str | list[str]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource}


def _files(place: Place) -> str:
    return f"arn:{place.partition}:s3:::{place.bucket}/{place.prefix}/*"


def _listing(place: Place) -> Statement:
    # S3 needs this also to answer that a file is not there: without it, it says "access denied".
    return {
        **_allow("Listing", "s3:ListBucket", f"arn:{place.partition}:s3:::{place.bucket}"),
        "Condition": {"StringLike": {"s3:prefix": f"{place.prefix}/*"}},
    }


def _each(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value
