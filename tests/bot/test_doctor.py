"""`amts doctor` and `amts sandbox`, against the stand-in for Amazon Translate."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from bot.cli.amazon import doctor
from bot.sandbox.amazon import AccessDenied, AmazonSandbox, Conflict2, Pace
from sync.engines.amazon.doctor import Check, examine
from sync.engines.amazon.options import Options
from sync.engines.amazon.policies import Place, for_caller, for_role, trust
from tests.conftest import Write

ROOT = Path(__file__).parents[2]
ACCOUNT = "123456789012"
UNTRIED = {
    "translate:ImportTerminology",
    "translate:CreateParallelData",
    "translate:UpdateParallelData",
    "translate:StartTextTranslationJob",
    "iam:PassRole",
    "files for the role",
}


@pytest.fixture(scope="module")
def server() -> Iterator[AmazonSandbox]:
    with AmazonSandbox(pace=Pace(parallel_data=0.05, queued=0.02, running=0.05)) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(server: AmazonSandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[AmazonSandbox]:
    for name in [name for name in os.environ if name.startswith(("AWS_", "AMTS_"))]:
        monkeypatch.delenv(name)
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    yield server
    server.clear_faults()


@pytest.fixture
def options(sandbox: AmazonSandbox) -> Options:
    return Options(bucket=sandbox.bucket, role=sandbox.role)


def states(options: Options) -> dict[str, str]:
    return {check.name: check.state for check in examine(options, "zh").checks}


def failures(options: Options) -> dict[str, Check]:
    return {check.name: check for check in examine(options, "zh").checks if check.state == "failed"}


def objects(bucket: str) -> list[Any]:
    return list(boto3.client("s3").list_objects_v2(Bucket=bucket).get("Contents", ()))


def test_all_is_well_but_what_only_a_job_would_show(sandbox: AmazonSandbox, options: Options) -> None:
    found = examine(options, "zh")
    assert {check.name for check in found.checks if check.state != "ok"} == UNTRIED
    assert {check.state for check in found.checks if check.name in UNTRIED} == {"unknown"}
    assert found.place == Place(ACCOUNT, "us-west-2", sandbox.bucket, "amts", sandbox.role)


def test_who_and_where_is_shown(options: Options) -> None:
    details = {check.name: check.detail for check in examine(options, "zh").checks}
    assert ACCOUNT in details["credentials"]
    assert "arn:aws:sts::" in details["credentials"]
    assert details["region"] == "us-west-2"


def test_nothing_is_left_behind(sandbox: AmazonSandbox, options: Options) -> None:
    before = len(sandbox.requests)
    examine(options, "zh")
    assert "S3 PUT" in sandbox.requests[before:]
    assert objects(sandbox.bucket) == []
    assert sandbox.parallel_data == {}
    assert sandbox.terminologies == {}
    assert sandbox.jobs == ()


def test_one_word_is_paid_for(sandbox: AmazonSandbox, options: Options) -> None:
    before = sandbox.translated
    examine(options, "zh")
    assert sandbox.translated - before == 3


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("TranslateText", "translate:TranslateText"),
        ("GetTerminology", "translate:GetTerminology"),
        ("DeleteTerminology", "translate:DeleteTerminology"),
        ("GetParallelData", "translate:GetParallelData"),
        ("DeleteParallelData", "translate:DeleteParallelData"),
        ("ListTextTranslationJobs", "translate:ListTextTranslationJobs"),
        ("StopTextTranslationJob", "translate:StopTextTranslationJob"),
        ("S3 PUT", "s3:PutObject"),
        ("S3 DELETE", "s3:DeleteObject"),
    ],
)
def test_what_is_not_allowed_is_named_and_the_rest_goes_on(
    sandbox: AmazonSandbox, options: Options, operation: str, action: str
) -> None:
    every = states(options).keys()
    sandbox.inject(AccessDenied(operation=operation))
    found = examine(options, "zh").checks
    (check,) = [check for check in found if check.state == "failed"]
    assert check.name == action
    assert check.remedy.startswith(f"allow {action} on ")
    assert "amts doctor" not in check.detail
    assert {check.name for check in found} >= every - {"s3:GetObject"}  # there is nothing to read without PutObject
    assert objects(sandbox.bucket) == []


def test_a_file_that_could_not_be_removed_is_not_written(sandbox: AmazonSandbox, options: Options) -> None:
    sandbox.inject(AccessDenied(operation="S3 DELETE"))
    before = len(sandbox.requests)
    assert states(options)["s3:PutObject"] == "unknown"
    assert "S3 PUT" not in sandbox.requests[before:]


def test_a_file_that_cannot_be_read_is_removed_all_the_same(sandbox: AmazonSandbox, options: Options) -> None:
    sandbox.inject(AccessDenied(operation="S3 GET"))
    assert failures(options).keys() == {"s3:ListBucket", "s3:GetObject"}
    sandbox.clear_faults()
    assert objects(sandbox.bucket) == []


def test_a_busy_service_says_nothing_of_permissions(sandbox: AmazonSandbox, options: Options) -> None:
    sandbox.inject(Conflict2(operation="GetParallelData"))
    assert states(options)["translate:GetParallelData"] == "unknown"


def test_without_active_custom_translation_neither_bucket_nor_role_is_needed(sandbox: AmazonSandbox) -> None:
    found = states(Options(act="never"))
    assert found == {
        "region": "ok",
        "credentials": "ok",
        "translate:TranslateText": "ok",
        "translate:GetTerminology": "ok",
        "translate:DeleteTerminology": "ok",
        "translate:ImportTerminology": "unknown",
    }


def test_bucket_and_role_must_be_set(sandbox: AmazonSandbox) -> None:
    found = failures(Options())
    assert found.keys() == {"bucket", "role"}
    assert "AMTS_AMAZON_BUCKET" in found["bucket"].remedy
    assert "AMTS_AMAZON_ROLE" in found["role"].remedy
    assert all("never" in check.remedy for check in found.values())
    assert all("never" not in check.remedy for check in failures(Options(act="always")).values())


def test_a_bucket_that_does_not_exist(options: Options, sandbox: AmazonSandbox) -> None:
    found = failures(Options(bucket="no-such-bucket", role=sandbox.role))
    assert found.keys() == {"s3:ListBucket"}
    assert "NoSuchBucket" in found["s3:ListBucket"].detail


def test_a_bucket_in_another_region(sandbox: AmazonSandbox) -> None:
    abroad = boto3.client("s3", region_name="eu-west-1")
    abroad.create_bucket(Bucket="amts-abroad", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    found = failures(Options(bucket="amts-abroad", role=sandbox.role))
    assert found.keys() == {"region of the bucket"}
    assert "eu-west-1" in found["region of the bucket"].detail


def test_a_region_without_active_custom_translation(sandbox: AmazonSandbox) -> None:
    found = failures(Options(region="eu-north-1", bucket=sandbox.bucket, role=sandbox.role))
    assert "us-east-1, us-west-2" in found["Active Custom Translation"].detail
    assert found.keys() == {"Active Custom Translation", "region of the bucket"}


def test_no_region(sandbox: AmazonSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    (check,) = examine(Options(), "zh").checks
    assert (check.name, check.state) == ("region", "failed")
    assert "AWS_REGION" in check.detail


def test_the_region_may_be_set_as_the_aws_cli_has_it(options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")  # boto3 itself knows this name only
    assert states(options)["region"] == "ok"


def test_no_credentials(options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    found = {check.name: check for check in examine(options, "zh").checks}
    assert {name: check.state for name, check in found.items()} == {
        "region": "ok",
        "credentials": "failed",
        "all else": "unknown",
    }
    assert "AWS_ACCESS_KEY_ID" in found["credentials"].detail


# The role.


def role(name: str, principal: object, conditions: Mapping[str, object] | None = None, path: str = "/") -> str:
    """A role with a trust policy: its ARN."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [statement | ({"Condition": conditions} if conditions else {})]}
    iam = boto3.client("iam")
    return iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(document))["Role"]["Arn"]


def role_check(options: Options) -> Check:
    (check,) = [check for check in examine(options, "zh").checks if check.name == "role"]
    return check


def test_the_role_of_our_own_trust_policy(sandbox: AmazonSandbox) -> None:
    document = json.dumps(trust(Place(ACCOUNT)))
    made = boto3.client("iam").create_role(RoleName="ours", Path="/amts/", AssumeRolePolicyDocument=document)
    assert role_check(Options(bucket=sandbox.bucket, role=made["Role"]["Arn"])).state == "ok"


@pytest.mark.parametrize(
    ("name", "principal", "conditions", "state"),
    [
        ("lists", {"Service": ["ec2.amazonaws.com", "translate.amazonaws.com"]}, None, "ok"),
        ("right", {"Service": "translate.amazonaws.com"}, {"StringEquals": {"AWS:SourceAccount": [ACCOUNT]}}, "ok"),
        ("other", {"Service": "ec2.amazonaws.com"}, None, "failed"),
        ("people", {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, None, "failed"),
        ("wrong", {"Service": "translate.amazonaws.com"}, {"StringEquals": {"aws:SourceAccount": "1" * 12}}, "failed"),
    ],
)
def test_the_role_must_trust_the_service(
    sandbox: AmazonSandbox, name: str, principal: object, conditions: Mapping[str, object] | None, state: str
) -> None:
    assert role_check(Options(bucket=sandbox.bucket, role=role(name, principal, conditions))).state == state


def test_a_role_that_does_not_exist(sandbox: AmazonSandbox) -> None:
    check = role_check(Options(bucket=sandbox.bucket, role=f"arn:aws:iam::{ACCOUNT}:role/nobody"))
    assert check.state == "failed"
    assert "nobody" in check.detail


def test_a_role_of_another_account_is_not_looked_for(sandbox: AmazonSandbox) -> None:
    before = len(sandbox.requests)
    check = role_check(Options(bucket=sandbox.bucket, role="arn:aws:iam::210987654321:role/amts"))
    assert (check.state, "IAM POST" in sandbox.requests[before:]) == ("failed", False)
    assert ACCOUNT in check.detail


def test_an_arn_without_the_path_of_the_role(sandbox: AmazonSandbox) -> None:
    arn = role("deep", {"Service": "translate.amazonaws.com"}, path="/books/")
    check = role_check(Options(bucket=sandbox.bucket, role=arn.replace("/books/", "/")))
    assert check.state == "failed"
    assert arn in check.detail


def test_a_role_that_may_not_be_looked_at_may_be_right(sandbox: AmazonSandbox, options: Options) -> None:
    sandbox.inject(AccessDenied(operation="IAM POST"))
    assert role_check(options).state == "unknown"
    assert failures(options) == {}


# The commands.


def run_doctor(*arguments: str | Path) -> int:
    code = doctor.main([str(argument) for argument in arguments], standalone_mode=False)
    assert isinstance(code, int)
    return code


def test_the_command_shows_what_is_well(
    sandbox: AmazonSandbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AMTS_AMAZON_BUCKET", sandbox.bucket)
    monkeypatch.setenv("AMTS_AMAZON_ROLE", sandbox.role)
    assert run_doctor() == 0
    shown = capfd.readouterr().out
    assert "✓" in shown
    assert "?" in shown
    assert "✗" not in shown
    assert "2012-10-17" not in shown


def test_the_command_prints_the_policies_that_are_missing(
    sandbox: AmazonSandbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AMTS_AMAZON_BUCKET", sandbox.bucket)
    monkeypatch.setenv("AMTS_AMAZON_PREFIX", "a/b")
    assert run_doctor() == 1
    shown = capfd.readouterr().out
    assert "✗" in shown
    place = Place(ACCOUNT, "us-west-2", sandbox.bucket, "a/b", f"arn:aws:iam::{ACCOUNT}:role/ROLE")
    for policy in (for_caller(place), for_role(place), trust(place)):
        assert json.dumps(policy, indent=2) in shown
    assert "docs/amazon.yaml" in shown


def test_the_command_as_json(sandbox: AmazonSandbox, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_doctor("--json") == 1
    told = json.loads(capfd.readouterr().out)
    assert {check["name"] for check in told["checks"] if check["state"] == "failed"} == {"bucket", "role"}
    assert told["policies"].keys() == {"caller", "role", "trust"}


def test_the_command_reads_the_settings_of_the_repository(
    sandbox: AmazonSandbox, write: Write, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = f"language: ko\nengine: {{name: amazon, options: {{bucket: {sandbox.bucket}, role: '{sandbox.role}'}}}}"
    write(tmp_path / "ko", {".github/amts.yml": settings})
    assert run_doctor(tmp_path / "ko", "--json") == 0
    korean = capfd.readouterr().out
    assert run_doctor(tmp_path / "ko", "--language", "es", "--json") == 0
    assert korean != capfd.readouterr().out


def amts(*arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bot.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=ROOT, **more)


def test_the_command_refuses_wrong_options_in_one_line() -> None:
    ran = amts("doctor", env=os.environ | {"AMTS_AMAZON_BUCKET": "No Bucket"})
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("amts: error: engine amazon: bucket must be")
    assert ran.stderr.count("\n") == 1


def test_the_sandbox_runs_a_command() -> None:
    ran = amts("sandbox", "--", sys.executable, "-m", "bot.cli", "doctor", "--json")
    assert ran.returncode == 0, ran.stderr
    states = {check["name"]: check["state"] for check in json.loads(ran.stdout)["checks"]}
    assert states["s3:PutObject"] == states["role"] == "ok"


def test_the_sandbox_ends_with_the_code_of_the_command() -> None:
    assert amts("sandbox", "--", sys.executable, "-c", "raise SystemExit(7)").returncode == 7
    killed = amts("sandbox", "--", sys.executable, "-c", "import os; os.kill(os.getpid(), 9)")
    assert killed.returncode == 128 + signal.SIGKILL


def test_nothing_of_the_environment_leads_past_the_sandbox() -> None:
    astray = {"AWS_PROFILE": "work", "AWS_ENDPOINT_URL_TRANSLATE": "http://127.0.0.1:9", "AWS_SESSION_TOKEN": "x"}
    shown = "import os; print(sorted(name for name in os.environ if name.startswith('AWS_')))"
    ran = amts("sandbox", "--", sys.executable, "-c", shown, env=os.environ | astray)
    assert "AWS_ENDPOINT_URL" in ran.stdout
    assert not any(f"'{name}'" in ran.stdout for name in astray)


def test_a_command_that_does_not_exist() -> None:
    ran = amts("sandbox", "--", "no-such-command")
    assert ran.returncode == 2
    assert "no-such-command" in ran.stderr


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[None]:
    """Whatever a test comes to, the process does not outlive it."""
    try:
        yield
    finally:
        process.kill()


def test_the_sandbox_prints_its_environment_and_runs_until_it_is_interrupted() -> None:
    command = [sys.executable, "-m", "bot.cli", "sandbox"]
    environment = os.environ | {"AWS_PROFILE": "work"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # whoever runs the tests may ignore it
    ) as process, ended(process):  # fmt: skip
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        while "AMTS_AMAZON_ROLE" not in lines[-1]:
            assert lines[-1], "it ended"
            lines.append(process.stdout.readline())
        script = "".join(lines) + f"{sys.executable} -m bot.cli doctor --json"
        ran = subprocess.run(
            ["sh", "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
        )
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
    assert ran.returncode == 0, ran.stderr
    assert lines[0].startswith("unset ")


def test_without_the_extra_one_line_says_how_to_get_it() -> None:
    without = "import sys; sys.modules['moto'] = None; sys.argv = ['amts', 'sandbox']; from bot.cli import main; main()"
    ran = subprocess.run([sys.executable, "-c", without], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "amts: error: the sandbox needs moto: install it with pip install 'amts[sandbox]'\n"
