"""Whether the engine `amazon` can work with these options and credentials, found out by trying.

What is tried costs a few characters of TranslateText, and leaves nothing behind.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from sync.engines.amazon.bucket import Bucket
from sync.engines.amazon.client import Aws, Busy, Denied, Missing, explained
from sync.engines.amazon.facts import ACT_REGIONS
from sync.engines.amazon.options import Options
from sync.engines.amazon.policies import SERVICE, Place, for_caller, for_role, grants, trusts
from sync.engines.base import JobError

_ROLE = re.compile(r"arn:[^:]+:iam::(?P<account>\d{12}):role/(?:.*/)?(?P<name>[^/]+)")
_WORD = "tea"
_STAYS = "not tried: it would make something that stays"
_STARTS = "not tried: it takes a job, which is paid for"

State = Literal["ok", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold: whether it does, what was found, and what to do where it does not."""

    name: str
    state: State
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """The checks in their order, and what the policies must speak of, as far as it is known."""

    checks: tuple[Check, ...]
    place: Place


def examine(options: Options, language: str, source_language: str = "en") -> Examination:
    """Try what the engine does. A check that fails stops only those that depend on it; none raises."""
    place = _place(options)
    try:
        aws = Aws(options.region)
    except JobError as error:
        return Examination((Check("region", "failed", _said(error)),), place)
    checks = [Check("region", "ok", aws.region)]
    place = replace(place, region=aws.region)
    try:
        with explained("ask who the credentials belong to"):
            caller = aws.sts.get_caller_identity()
    except JobError as error:
        untried = Check("all else", "unknown", "not tried: it needs credentials")
        return Examination((*checks, Check("credentials", "failed", _said(error)), untried), place)
    checks.append(Check("credentials", "ok", f"account {caller['Account']}, {caller['Arn']}"))
    place = _known(place, options, caller["Account"], caller["Arn"])
    checks += _texts(aws, place, language, source_language)
    if options.act != "never":
        checks += [_region(aws.region, options), *_batches(aws, place), *_storage(aws, options, place)]
        checks += _role(aws, options, place)
    return Examination(tuple(checks), place)


def _place(options: Options) -> Place:
    named = {name: value for name in ("region", "bucket", "role") if (value := getattr(options, name)) is not None}
    return Place(prefix=options.prefix, **named)


def _known(place: Place, options: Options, account: str, arn: str) -> Place:
    """The place with the account, and the partition that the caller's ARN names."""
    partition = arn.split(":")[1]
    role = options.role or f"arn:{partition}:iam::{account}:role/ROLE"
    return replace(place, account=account, partition=partition, role=role)


# Amazon Translate.


def _texts(aws: Aws, place: Place, language: str, source_language: str) -> Iterator[Check]:
    yield _permission(
        "translate:TranslateText",
        lambda: aws.translate.translate_text(
            Text=_WORD, SourceLanguageCode=source_language, TargetLanguageCode=language
        ),
        place,
        f"{_WORD!r} into {language}: {len(_WORD)} characters, which are paid for",
    )
    yield _permission("translate:GetTerminology", lambda: aws.translate.get_terminology(Name=_absent()), place)
    yield _permission("translate:DeleteTerminology", lambda: aws.translate.delete_terminology(Name=_absent()), place)
    yield _untried("translate:ImportTerminology", _STAYS, place)


def _region(region: str, options: Options) -> Check:
    offered = ", ".join(sorted(ACT_REGIONS))
    if region in ACT_REGIONS:
        return Check("Active Custom Translation", "ok", f"offered in {region}")
    detail = f"not offered in {region}, only in {offered}"
    return Check("Active Custom Translation", "failed", detail, f"set the region to one of these{_or_without(options)}")


def _batches(aws: Aws, place: Place) -> Iterator[Check]:
    attempts: dict[str, Callable[[], object]] = {
        "translate:ListTextTranslationJobs": lambda: aws.translate.list_text_translation_jobs(MaxResults=1),
        "translate:StopTextTranslationJob": lambda: aws.translate.stop_text_translation_job(JobId=uuid.uuid4().hex),
        "translate:GetParallelData": lambda: aws.translate.get_parallel_data(Name=_absent()),
        "translate:DeleteParallelData": lambda: aws.translate.delete_parallel_data(Name=_absent()),
    }
    for action, attempt in attempts.items():
        yield _permission(action, attempt, place)
    yield _untried("translate:CreateParallelData", _STAYS, place)
    yield _untried("translate:UpdateParallelData", _STAYS, place)
    yield _untried("translate:StartTextTranslationJob", _STARTS, place)


def _absent() -> str:
    """A name that nothing has; the policies allow it as they do the engine's own."""
    return f"amts-doctor-{uuid.uuid4().hex}"


# The bucket.


def _storage(aws: Aws, options: Options, place: Place) -> Iterator[Check]:
    if options.bucket is None:
        remedy = f"set AMTS_AMAZON_BUCKET to a bucket in {aws.region}{_or_without(options)}"
        yield Check("bucket", "failed", "the option bucket is not set", remedy)
        return
    bucket = Bucket(aws, options.bucket)
    key = f"{options.prefix}/doctor/{uuid.uuid4().hex}.txt"
    home: list[str] = []

    def listing() -> None:
        found = aws.s3.list_objects_v2(Bucket=bucket.name, Prefix=f"{options.prefix}/", MaxKeys=1)
        # S3 sends it with every listing, which unlike HeadBucket works with leave for the prefix alone.
        home.append(found["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region", ""))
        bucket.age(key)  # S3 says that a file is absent only to those who may list

    listed = _permission("s3:ListBucket", listing, place, f"{bucket.uri(options.prefix)}/ can be listed")
    yield listed
    if home:
        yield _home(aws, bucket.name, home[0])
    # Where it may not be listed, there may still be a bucket to write to; else there is none.
    if listed.state != "failed" or listed.remedy:
        yield from _probe(bucket, key, place)


def _home(aws: Aws, bucket: str, region: str) -> Check:
    """Whether the bucket is in the region of the service; `region` is empty where the listing did not say."""
    try:
        with explained(f"look where the bucket {bucket} is"):
            region = region or aws.s3.head_bucket(Bucket=bucket).get("BucketRegion", "")
    except JobError as error:
        return Check("region of the bucket", "unknown", _said(error), f"see that it is in {aws.region}")
    if region == aws.region:
        return Check("region of the bucket", "ok", region)
    detail = f"{bucket} is in {region}, Amazon Translate is asked in {aws.region}"
    return Check("region of the bucket", "failed", detail, "take a bucket in the same region, or set `region`")


def _probe(bucket: Bucket, key: str, place: Place) -> list[Check]:
    """Write, read, list and remove a file; first of all remove what is not there, so that nothing is left."""
    content = uuid.uuid4().hex.encode()

    def remove() -> Check:
        return _permission("s3:DeleteObject", lambda: bucket.aws.s3.delete_object(Bucket=bucket.name, Key=key), place)

    def read() -> None:
        if bucket.get(key) != content or bucket.keys(key) != [key]:
            raise JobError(f"{bucket.uri(key)} is not what was written there: see that nothing else writes below it")

    removal = remove()
    if removal.state != "ok":
        cautious = "not tried: the file could not be removed again"
        return [removal, *(_untried(action, cautious, place) for action in ("s3:PutObject", "s3:GetObject"))]
    checks = []
    try:
        checks.append(_permission("s3:PutObject", lambda: bucket.put(key, content, "text/plain"), place))
        if checks[0].state == "ok":
            checks.append(_permission("s3:GetObject", read, place, "what was written comes back"))
    finally:
        checks.append(remove())
    return checks


# The role.


def _role(aws: Aws, options: Options, place: Place) -> Iterator[Check]:
    if options.role is None:
        remedy = f"set AMTS_AMAZON_ROLE to the ARN of a role that {SERVICE} may take on{_or_without(options)}"
        yield Check("role", "failed", "the option role is not set", remedy)
        return
    yield _examined_role(aws, options.role, place)
    yield _untried("iam:PassRole", _STARTS, place)
    allowed = " and ".join(f"{action} on {resource}" for action, resource in grants(for_role(place)))
    yield Check("files for the role", "unknown", _STARTS, f"allow the role {allowed}")


def _examined_role(aws: Aws, arn: str, place: Place) -> Check:
    shape = _ROLE.fullmatch(arn)
    make = "make one with docs/amazon.yaml, and set AMTS_AMAZON_ROLE to its ARN"
    if shape is None:
        return Check("role", "failed", f"{arn!r} is not the ARN of a role", make)
    if shape["account"] != place.account:
        return Check("role", "failed", f"{arn} is of another account than the credentials, {place.account}", make)
    try:
        with explained(f"look at the role {shape['name']}"):
            role = aws.iam.get_role(RoleName=shape["name"])["Role"]
    except Denied:
        detail = f"{arn} may be right: these credentials may not look at roles, and need not"
        return Check("role", "unknown", detail)
    except JobError as error:
        return Check("role", "failed", _said(error), make)
    if role["Arn"] != arn:
        return Check("role", "failed", f"{arn} is not its ARN, {role['Arn']} is", "set AMTS_AMAZON_ROLE to that")
    if not trusts(role["AssumeRolePolicyDocument"], place.account):
        detail = f"{arn} does not let {SERVICE} take it on for the account {place.account}"
        return Check("role", "failed", detail, "give it the trust policy")
    return Check("role", "ok", f"{arn}, and {SERVICE} may take it on")


# What all checks share.


def _permission(action: str, attempt: Callable[[], object], place: Place, detail: str = "allowed") -> Check:
    """Whether an action is allowed. That what was asked for is not there tells that one may ask."""
    try:
        with explained(f"try {action}"):
            attempt()
    except Missing:
        return Check(action, "ok", detail)
    except Denied as error:
        return Check(action, "failed", _said(error), _allow(action, place))
    except Busy as error:
        return Check(action, "unknown", _said(error))
    except JobError as error:
        return Check(action, "failed", _said(error))
    return Check(action, "ok", detail)


def _untried(action: str, why: str, place: Place) -> Check:
    return Check(action, "unknown", why, _allow(action, place))


def _allow(action: str, place: Place) -> str:
    resources = [resource for granted, resource in grants(for_caller(place)) if granted == action]
    return f"allow {action} on {' and '.join(resources)}"


def _or_without(options: Options) -> str:
    return "" if options.act == "always" else ", or set act to never to do without Active Custom Translation"


def _said(error: JobError) -> str:
    """An error without its advice to ask the doctor."""
    return str(error).removeprefix("Amazon: ").partition("; `amts doctor`")[0]
