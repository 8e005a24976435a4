"""The commands for the engine `amazon`: `amts doctor`, and `amts sandbox` to try it without an account."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table
from rich.text import Text

from bot.cli.book import read_config, repository
from bot.cli.output import STDOUT, json_option, note, one_line, put_json, put_tables, put_text
from bot.settings import read_settings, with_settings
from sync.config import Config, Engine
from sync.engines.amazon.options import read_options
from sync.engines.amazon.policies import Place, Policy, for_caller, for_role, trust
from sync.languages import language as find_language
from sync.model import AmtsError
from sync.repos import Repository

if TYPE_CHECKING:
    from bot.sandbox.amazon import AmazonSandbox
    from sync.engines.amazon.doctor import Check, State

_MARKS: Mapping[State, Text] = {
    "ok": Text("✓", "green"),
    "failed": Text("✗", "bold red"),
    "unknown": Text("?", "yellow"),
}
# Where neither the settings nor the command line name a language, one word is translated into this.
_LANGUAGE = "zh"


@click.command()
@click.argument("target", type=repository, required=False)
@click.option(
    "--language", "-l", metavar="CODE", help=f"Translate a word into it.  [default: TARGET's, or {_LANGUAGE}]"
)
@json_option
def doctor(target: Path | None, language: str | None, json_file: Path | None) -> int:
    """Check that the engine amazon can work: credentials, region, permissions, bucket, role.

    The options are those of the environment and of the translation repository TARGET, if one is given. Translates a
    word, which is paid for, and leaves nothing behind. Prints the IAM policies where something is missing.
    """
    from sync.engines.amazon.doctor import examine  # Only who asks for it waits for boto3.

    settings = Config()
    if target is not None:
        with Repository(target) as translation:
            settings = read_config(translation, "HEAD", None)  # into which language is asked here alone
    engine = settings.engine if settings.engine.name == "amazon" else Engine("amazon")
    options = read_options(with_settings(engine, read_settings(os.environ)).options)
    into = find_language(language or settings.language or _LANGUAGE).code
    found = examine(options, into, settings.source_language)
    failed = any(check.state == "failed" for check in found.checks)
    if json_file is not None:
        policies = {"caller": for_caller(found.place), "role": for_role(found.place), "trust": trust(found.place)}
        put_json({"checks": [asdict(check) for check in found.checks], "policies": policies}, json_file)
    if json_file != STDOUT:
        put_tables([_table(found.checks)])
        if failed:
            put_text(_policies(found.place))
    return 1 if failed else 0


def _table(checks: Sequence[Check]) -> Table:
    table = Table("", "check")
    table.add_column("what was found, and what to do", overflow="fold")
    for check in checks:
        # What the service says comes from outside: no styles, no control characters.
        found = [one_line(part) for part in (check.detail, check.remedy and f"→ {check.remedy}") if part]
        table.add_row(_MARKS[check.state], check.name, Text("\n".join(found)))
    return table


def _policies(place: Place) -> str:
    """The policies as text, with what is known filled in, and the quick way to all of them."""
    return f"""
The policy for whoever runs amts:
{_shown(for_caller(place))}

The policy for the role that Amazon Translate works with:
{_shown(for_role(place))}

The trust policy of that role:
{_shown(trust(place))}

docs/amazon.yaml makes bucket, role and policies at once (docs/amazon.md says more):
aws cloudformation deploy --template-file docs/amazon.yaml --stack-name amts --capabilities CAPABILITY_IAM
"""


def _shown(policy: Policy) -> str:
    return json.dumps(policy, ensure_ascii=False, indent=2)


@click.command(context_settings={"allow_interspersed_args": False})
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND …]")
def sandbox(command: tuple[str, ...]) -> int:
    """Try the engine amazon without an account: a stand-in for Amazon Translate and S3 on this machine.

    Runs COMMAND with the environment that leads to the stand-in, and ends with its exit code. Without COMMAND, prints
    that environment for a shell, and runs until it is interrupted. What it holds is gone when it ends.
    """
    if command and shutil.which(command[0]) is None:
        raise click.UsageError(f"there is no command {command[0]}: check its name, and PATH")
    # What is set for AWS, such as a profile, could lead past the stand-in, or keep it from starting.
    unset = sorted(name for name in os.environ if name.startswith("AWS_"))
    for name in unset:
        del os.environ[name]
    with _sandbox() as stand_in:
        given = {**stand_in.environment(), "AMTS_AMAZON_BUCKET": stand_in.bucket, "AMTS_AMAZON_ROLE": stand_in.role}
        given["AMTS_AMAZON_POLL"] = "0.5"  # its jobs take less than a second
        if command:
            return _run(command, os.environ | given)
        lines = [f"export {name}={shlex.quote(value)}" for name, value in given.items()]
        put_text("\n".join([f"unset {' '.join(unset)}", *lines] if unset else lines) + "\n")
        note("the sandbox runs until it is interrupted (Ctrl-C)")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return 0
    return 0


@contextmanager
def _sandbox() -> Iterator[AmazonSandbox]:
    """The stand-in, running. Raises AmtsError where what it needs is not installed."""
    try:
        from bot.sandbox.amazon import AmazonSandbox
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("bot", "sync"):
            raise
        raise AmtsError(f"the sandbox needs {missing}: install it with pip install 'amts[sandbox]'") from None
    with AmazonSandbox() as stand_in:
        yield stand_in


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """The exit code of a command, as a shell gives it."""
    with subprocess.Popen(command, env=environment) as process:  # noqa: S603 - what the user asked to run
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the command
        try:
            code = process.wait()
        finally:
            signal.signal(signal.SIGINT, before)
    return code if code >= 0 else 128 - code
