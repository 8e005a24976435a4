"""The settings of the service: every variable has its effect, what is wrong is named, no secret is shown."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.service import Server, Service, ServiceError, read_database, read_pause, read_service
from bot.settings import SettingsError

ROOT = Path(__file__).parents[2]
KEY = "-----BEGIN RSA PRIVATE KEY-----\nnot a key, but the shape of one\n-----END RSA PRIVATE KEY-----\n"
GOOD = {"AMTS_APP_ID": "12345", "AMTS_PRIVATE_KEY": KEY, "AMTS_WEBHOOK_SECRET": "the webhook's secret"}
PLAIN = Service(
    home=Path("amts-data").absolute(),
    database=f"sqlite:///{Path('amts-data').absolute()}/amts.sqlite",
    app_id=12345,
    private_key=KEY,
    secrets=("the webhook's secret",),
)


def test_what_is_needed_is_enough() -> None:
    assert read_service(GOOD) == PLAIN


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"AMTS_HOME": "/srv/amts"}, {"home": Path("/srv/amts"), "database": "sqlite:////srv/amts/amts.sqlite"}),
        ({"AMTS_DATABASE_URL": "sqlite:////srv/jobs.sqlite"}, {"database": "sqlite:////srv/jobs.sqlite"}),
        ({"AMTS_DATABASE_URL": "postgresql://me:word@db/amts"}, {"database": "postgresql://me:word@db/amts"}),
        ({"AMTS_DATABASE_URL": "postgres://db/amts"}, {"database": "postgres://db/amts"}),
        ({"AMTS_DATABASE_URL": "postgresql+psycopg://db/amts"}, {"database": "postgresql+psycopg://db/amts"}),
        ({"AMTS_PRIVATE_KEY": KEY.replace("\n", "\\n")}, {"private_key": KEY}),
        ({"AMTS_WEBHOOK_SECRET_OLD": "old"}, {"secrets": ("the webhook's secret", "old")}),
        ({"AMTS_WEBHOOK_SECRET_OLD": ""}, {}),
        ({"AMTS_QUIET_PERIOD": "0"}, {"quiet": 0.0}),
        ({"AMTS_QUIET_PERIOD": "90.5"}, {"quiet": 90.5}),
        ({"AMTS_POLL_PERIOD": "60"}, {"poll": 60.0}),
        ({"AMTS_TICK": "0.1"}, {"tick": 0.1}),
        ({"AMTS_MIRRORS_GB": "0.5"}, {"limit": 500_000_000}),
        ({"AMTS_CONCURRENCY": "8"}, {"workers": 8}),
        ({"AMTS_WRITE_PAUSE": "0"}, {"server": Server(pause=0.0)}),
        (
            {"AMTS_GITHUB_URL": "https://git.example.org/"},
            {"web": "https://git.example.org", "server": Server("https://git.example.org/api/v3")},
        ),
        ({"AMTS_GITHUB_API_URL": "https://api.example.org/"}, {"server": Server("https://api.example.org")}),
        (
            {"AMTS_GITHUB_URL": "http://127.0.0.1:9", "AMTS_GITHUB_API_URL": "http://localhost:9/api"},
            {"web": "http://127.0.0.1:9", "server": Server("http://localhost:9/api")},
        ),
        (dict.fromkeys(("AMTS_HOME", "AMTS_DATABASE_URL", "AMTS_TICK", "AMTS_CONCURRENCY"), ""), {}),
        ({"SOMETHING_ELSE": "x", "AMTS_NO_SUCH": "x"}, {}),
    ],
    ids=lambda value: (
        " ".join(f"{key}={text}"[:40] for key, text in value.items()) if isinstance(value, dict) else None
    ),
)
def test_each_variable_has_its_effect(given: dict[str, str], wanted: dict[str, Any]) -> None:
    assert read_service({**GOOD, **given}) == replace(PLAIN, **wanted)


def test_the_key_may_stand_in_a_file_which_wins(tmp_path: Path) -> None:
    path = tmp_path / "amts.pem"
    path.write_text(KEY)
    given = {**GOOD, "AMTS_PRIVATE_KEY_FILE": str(path)}
    assert read_service({**given, "AMTS_PRIVATE_KEY": "another"}) == PLAIN
    del given["AMTS_PRIVATE_KEY"]
    assert read_service(given) == PLAIN


BAD = [
    ({"AMTS_APP_ID": ""}, "AMTS_APP_ID is missing"),
    ({"AMTS_APP_ID": "0"}, "AMTS_APP_ID"),
    ({"AMTS_APP_ID": "amts"}, "AMTS_APP_ID is 'amts'"),
    ({"AMTS_APP_ID": "-1"}, "AMTS_APP_ID is '-1'"),
    ({"AMTS_WEBHOOK_SECRET": ""}, "AMTS_WEBHOOK_SECRET is missing"),
    ({"AMTS_WEBHOOK_SECRET": "", "AMTS_WEBHOOK_SECRET_OLD": "old"}, "AMTS_WEBHOOK_SECRET is missing"),
    ({"AMTS_WEBHOOK_SECRET": "shortish-secret"}, "AMTS_WEBHOOK_SECRET has fewer than 16 characters: make one by"),
    ({"AMTS_PRIVATE_KEY": ""}, "AMTS_PRIVATE_KEY, or AMTS_PRIVATE_KEY_FILE, is missing"),
    ({"AMTS_PRIVATE_KEY": "ssh-ed25519 AAAA"}, "AMTS_PRIVATE_KEY"),
    ({"AMTS_PRIVATE_KEY": "-----BEGIN PUBLIC KEY-----\nAAAA"}, "AMTS_PRIVATE_KEY"),
    ({"AMTS_PRIVATE_KEY_FILE": "/no/such/file"}, "AMTS_PRIVATE_KEY_FILE cannot be read: No such file"),
    ({"AMTS_PRIVATE_KEY_FILE": "/"}, "AMTS_PRIVATE_KEY_FILE cannot be read: Is a directory"),
    ({"AMTS_DATABASE_URL": "mysql://me:word@db/amts"}, "AMTS_DATABASE_URL must begin with"),
    ({"AMTS_GITHUB_URL": "http://git.example.org"}, "AMTS_GITHUB_URL must be an https address"),
    ({"AMTS_GITHUB_URL": "git.example.org"}, "AMTS_GITHUB_URL must be an https address"),
    ({"AMTS_GITHUB_API_URL": "http://localhost.example.org"}, "AMTS_GITHUB_API_URL must be an https address"),
    ({"AMTS_QUIET_PERIOD": "-1"}, "AMTS_QUIET_PERIOD is '-1'"),
    ({"AMTS_QUIET_PERIOD": "a minute"}, "AMTS_QUIET_PERIOD is 'a minute'"),
    ({"AMTS_POLL_PERIOD": "0"}, "AMTS_POLL_PERIOD is '0'"),
    ({"AMTS_TICK": "nan"}, "AMTS_TICK is 'nan'"),
    ({"AMTS_WRITE_PAUSE": "inf"}, "AMTS_WRITE_PAUSE is 'inf'"),
    ({"AMTS_MIRRORS_GB": "0"}, "AMTS_MIRRORS_GB is '0'"),
    ({"AMTS_CONCURRENCY": "65"}, "AMTS_CONCURRENCY is '65'"),
]


@pytest.mark.parametrize(("given", "message"), BAD, ids=lambda value: str(value)[:50])
def test_what_is_wrong_is_named_and_no_secret_with_it(given: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_service({**GOOD, **given})
    said = str(caught.value)
    assert message in said
    secrets = [GOOD["AMTS_WEBHOOK_SECRET"], given.get("AMTS_WEBHOOK_SECRET"), given.get("AMTS_WEBHOOK_SECRET_OLD")]
    hidden = [*secrets, "shape of one", "word", "AAAA"]
    assert [secret for secret in hidden if secret and secret in said] == []


def test_a_key_that_is_no_text_is_not_quoted(tmp_path: Path) -> None:
    path = tmp_path / "amts.pem"
    path.write_bytes(b"SECRET\xff")
    with pytest.raises(SettingsError, match=r"^AMTS_PRIVATE_KEY_FILE cannot be read: it is not text$"):
        read_service({**GOOD, "AMTS_PRIVATE_KEY_FILE": str(path)})


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ServiceError) as caught:
        read_service({"AMTS_TICK": "often", "AMTS_DATABASE_URL": "db"})
    names = ("AMTS_APP_ID", "AMTS_WEBHOOK_SECRET", "AMTS_PRIVATE_KEY", "AMTS_TICK", "AMTS_DATABASE_URL")
    assert len(caught.value.faults) == len(names)
    for name, fault in zip(names, caught.value.faults, strict=True):
        assert fault.startswith(name)
    assert str(caught.value) == "; ".join(caught.value.faults)


def test_no_secret_is_shown() -> None:
    service = read_service(
        {**GOOD, "AMTS_WEBHOOK_SECRET_OLD": "older", "AMTS_DATABASE_URL": "postgresql://me:word@db/a"}
    )
    assert service.secrets == ("the webhook's secret", "older")
    for secret in ("the webhook's secret", "older", "shape of one", "word"):
        assert secret not in repr(service)


def test_the_database_is_found_without_the_rest() -> None:
    assert read_database({"AMTS_HOME": "/srv/amts"}) == "sqlite:////srv/amts/amts.sqlite"
    assert read_database({"AMTS_DATABASE_URL": "postgresql://db/amts"}) == "postgresql://db/amts"


def test_the_pause_between_writes_is_found_without_the_rest() -> None:
    assert [read_pause({}), read_pause({"AMTS_WRITE_PAUSE": "2.5"})] == [1.0, 2.5]
    with pytest.raises(SettingsError, match=r"^AMTS_WRITE_PAUSE is 'slow': set it to seconds, from 0 to 60$"):
        read_pause({"AMTS_WRITE_PAUSE": "slow"})


# At the start of the programs.


def started(command: str, environment: dict[str, str]) -> tuple[int, list[str]]:
    """The exit code of `amts serve` or `amts worker` with these settings, and the lines that it says."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("AMTS_")}
    ran = subprocess.run(
        [sys.executable, "-m", "bot.cli", command],
        cwd=ROOT, env=others | environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.stdout == ""
    return ran.returncode, ran.stderr.splitlines()


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_each_wrong_setting_has_a_line(command: str) -> None:
    code, lines = started(command, {"AMTS_APP_ID": "7", "AMTS_TICK": "often"})
    assert code == 2
    assert [line.split()[:3] for line in lines] == [
        ["amts:", "error:", name] for name in ("AMTS_WEBHOOK_SECRET", "AMTS_PRIVATE_KEY,", "AMTS_TICK")
    ]


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_home_that_cannot_be_made_is_told(command: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    place = tmp_path / "file" / "amts"
    assert started(command, {**GOOD, "AMTS_HOME": str(place)}) == (
        2, [f"amts: error: AMTS_HOME: {place} cannot be made (Not a directory): name a folder of your own"],
    )  # fmt: skip
