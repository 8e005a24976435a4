"""The IAM policies allow what the engine `amazon` does and no more; the template and the guide say the same."""

from __future__ import annotations

import ast
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from bot.sandbox.amazon import AmazonSandbox, Pace
from sync.engines import EngineError, Job, Knowledge, create
from sync.engines.amazon.options import Options, read_options
from sync.engines.amazon.policies import Place, Policy, for_caller, for_role, grants, trust
from sync.model import Request, Term, TranslationUnit

ROOT = Path(__file__).parents[2]
ENGINE = ROOT / "sync" / "engines" / "amazon"
PLACE = Place("123456789012", "us-west-2", "books", "amts/drafts", "arn:aws:iam::123456789012:role/amts")

# Service authorization reference for Amazon S3: what allows an operation that is not called like its action.
S3_ACTIONS = {
    "DeleteObjects": "DeleteObject",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListObjectsV2": "ListBucket",
}


def clients_used() -> Iterator[tuple[str, str | None]]:
    """Every use of a client of AWS in the engine, with the method that is called; None: none is."""
    for path in sorted(ENGINE.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Attribute) or node.attr not in ("translate", "s3"):
                continue
            if isinstance(node.value, ast.Name) and node.value.id == "self":
                continue  # where the clients are made
            method = parents[node]
            call = parents.get(method)
            if not isinstance(method, ast.Attribute) or not isinstance(call, ast.Call) or call.func is not method:
                yield node.attr, None
            elif method.attr == "get_paginator":
                yield node.attr, ast.literal_eval(call.args[0])
            else:
                yield node.attr, method.attr


def actions_used() -> set[str]:
    found = set()
    for service, method in clients_used():
        assert method is not None, f"a client for {service} is used in a way that this test cannot follow"
        operation = boto3.client(service, region_name="us-west-2").meta.method_to_api_mapping[method]  # type: ignore[call-overload]
        found.add(f"{service}:{S3_ACTIONS.get(operation, operation) if service == 's3' else operation}")
        if operation == "StartTextTranslationJob":  # which hands the role over
            found.add("iam:PassRole")
    return found


def test_the_caller_may_do_what_the_engine_does_and_no_more() -> None:
    assert {action for action, _ in grants(for_caller(PLACE))} == actions_used()


def test_only_what_takes_no_resource_is_allowed_on_all() -> None:
    everywhere = {action for action, resource in grants(for_caller(PLACE)) if resource == "*"}
    assert everywhere == {
        "translate:ListTextTranslationJobs",
        "translate:StopTextTranslationJob",
        "translate:TranslateText",
    }


def conditions(policy: Policy, action: str) -> list[object]:
    return [statement.get("Condition") for statement in policy["Statement"] if action in statement["Action"]]


def test_the_bucket_is_open_below_the_prefix_only() -> None:
    for policy in (for_caller(PLACE), for_role(PLACE)):
        files = {resource for action, resource in grants(policy) if action.endswith("Object")}
        assert files == {"arn:aws:s3:::books/amts/drafts/*"}
        assert conditions(policy, "s3:ListBucket") == [{"StringLike": {"s3:prefix": "amts/drafts/*"}}]


def test_the_role_is_handed_to_the_service_only() -> None:
    assert ("iam:PassRole", PLACE.role) in set(grants(for_caller(PLACE)))
    assert conditions(for_caller(PLACE), "iam:PassRole") == [
        {"StringEquals": {"iam:PassedToService": "translate.amazonaws.com"}}
    ]


def test_the_role_reads_writes_and_lists() -> None:
    assert {action for action, _ in grants(for_role(PLACE))} == {"s3:GetObject", "s3:PutObject", "s3:ListBucket"}


def test_the_service_takes_the_role_on_for_this_account_only() -> None:
    (statement,) = trust(PLACE)["Statement"]
    assert statement["Principal"] == {"Service": "translate.amazonaws.com"}
    assert statement["Action"] == "sts:AssumeRole"
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnLike": {"aws:SourceArn": "arn:aws:translate:*:123456789012:*"},
    }


def test_what_is_not_known_is_left_to_be_filled_in() -> None:
    text = json.dumps([for_caller(Place()), for_role(Place()), trust(Place())])
    assert {word for word in ("ACCOUNT", "REGION", "BUCKET", "ROLE") if word in text} == {
        "ACCOUNT",
        "REGION",
        "BUCKET",
        "ROLE",
    }


def test_another_partition_has_its_own_arns() -> None:
    policies = (
        for_caller(Place(partition="aws-us-gov", role="arn:aws-us-gov:iam::1:role/r")),
        for_role(Place(partition="aws-us-gov")),
    )
    arns = {resource for policy in policies for _, resource in grants(policy)} - {"*"}
    assert {arn.split(":")[1] for arn in arns} == {"aws-us-gov"}


def test_the_names_that_a_job_uses_are_within_the_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    with AmazonSandbox(pace=Pace(parallel_data=0.02, queued=0.01, running=0.02)) as sandbox:
        for name, value in sandbox.environment().items():
            monkeypatch.setenv(name, value)
        units = tuple(TranslationUnit(f"The tea number {n} is hot.", f"第{n}杯茶是热的。") for n in range(60))
        knowledge = Knowledge(units, (Term("tea", "茶"),), "Dive into: Tea & more")
        engine = create("amazon", knowledge, {"bucket": sandbox.bucket, "role": sandbox.role, "poll": 0.05})
        handle = engine.submit(Job("en", "zh", (Request("1", "Coffee is never cold."),)))
        deadline = time.monotonic() + 60
        while engine.poll(handle) is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        place = Place("123456789012", "us-west-2", sandbox.bucket, "amts", sandbox.role)
        at_service = "arn:aws:translate:us-west-2:123456789012"
        keys = [item["Key"] for item in boto3.client("s3").list_objects_v2(Bucket=sandbox.bucket)["Contents"]]
        wanted = {
            *(("translate:UpdateParallelData", f"{at_service}:parallel-data/{name}") for name in sandbox.parallel_data),
            *(("translate:StartTextTranslationJob", f"{at_service}:terminology/{n}") for n in sandbox.terminologies),
            *(("s3:GetObject", f"arn:aws:s3:::{sandbox.bucket}/{key}") for key in keys),
        }
    assert len({action for action, _ in wanted}) == 3
    allowed = list(grants(for_caller(place)))
    assert {
        (action, arn)
        for action, arn in wanted
        if not any(action == granted and fnmatchcase(arn, pattern) for granted, pattern in allowed)
    } == set()


# docs/amazon.yaml


class Template(yaml.SafeLoader):
    """Reads CloudFormation's tags, such as `!Sub x`, in their long form, {"Fn::Sub": "x"}."""


def construct_function(loader: Template, tag: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if tag == "GetAtt":
            value = value.split(".")
    else:
        assert isinstance(node, yaml.SequenceNode)
        value = loader.construct_sequence(node, deep=True)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


Template.add_multi_constructor("!", construct_function)


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    loaded = yaml.load((ROOT / "docs" / "amazon.yaml").read_text(encoding="utf-8"), Template)  # noqa: S506 - of SafeLoader
    assert isinstance(loaded, dict)
    return loaded


def resolved(value: Any, names: Mapping[str, str]) -> Any:
    """A value of the template as it is once the names in it are known."""
    match value:
        case {"Ref": name}:
            return names[name]
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: names[found[1]], text)
        case {"Fn::GetAtt": [*path]}:
            return names[".".join(path)]
        case dict():
            return {key: resolved(item, names) for key, item in value.items()}
        case list():
            return [resolved(item, names) for item in value]
    return value


NAMES = {
    "AWS::AccountId": PLACE.account,
    "AWS::Partition": PLACE.partition,
    "AWS::Region": PLACE.region,
    "Bucket": PLACE.bucket,
    "Prefix": PLACE.prefix,
    "Role.Arn": PLACE.role,
}


def test_the_policies_of_the_template_are_these(template: dict[str, Any]) -> None:
    made = template["Resources"]
    role = made["Role"]["Properties"]
    assert resolved(made["Policy"]["Properties"]["PolicyDocument"], NAMES) == for_caller(PLACE)
    assert resolved([policy["PolicyDocument"] for policy in role["Policies"]], NAMES) == [for_role(PLACE)]
    assert resolved(role["AssumeRolePolicyDocument"], NAMES) == trust(PLACE)


def test_the_bucket_of_the_template_is_private_and_cleans_itself(template: dict[str, Any]) -> None:
    bucket = template["Resources"]["Bucket"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    (rule,) = resolved(bucket["LifecycleConfiguration"]["Rules"], NAMES)
    assert (rule["Status"], rule["Prefix"], rule["ExpirationInDays"]) == ("Enabled", "amts/drafts/", 14)
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_the_parameters_of_the_template_are_those_of_the_options(template: dict[str, Any]) -> None:
    parameters = template["Parameters"]
    assert parameters["Prefix"]["Default"] == Options().prefix
    for name, good in {"amts": True, "a/b_c": True, "/amts": False, "amts/": False, "a//b": False}.items():
        assert bool(re.fullmatch(parameters["Prefix"]["AllowedPattern"], name)) == good == accepts("prefix", name), name
    for name, good in {"my-books": True, "My-books": False, "ab": False}.items():
        assert bool(re.fullmatch(parameters["BucketName"]["AllowedPattern"], name)) == good == accepts("bucket", name)


def accepts(option: str, value: str) -> bool:
    try:
        read_options({option: value})
    except EngineError:
        return False
    return True


# docs/amazon.md


def test_the_guide_has_every_option_with_its_default() -> None:
    guide = (ROOT / "docs" / "amazon.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (?:`([^`]+)`|–) \| ", guide, re.MULTILINE)
    documented = {name: yaml.safe_load(default) if default else None for name, default in rows}
    assert documented.keys() == {option.name for option in fields(Options)}
    assert read_options({name: value for name, value in documented.items() if value is not None}) == Options()


def test_the_guide_names_what_the_template_makes(template: dict[str, Any]) -> None:
    guide = (ROOT / "docs" / "amazon.md").read_text(encoding="utf-8")
    for output in template["Outputs"]:
        assert f"OutputKey=='{output}'" in guide
    for parameter in template["Parameters"]:
        assert f"`{parameter}`" in guide
