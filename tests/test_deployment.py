"""What AMTS is set up with holds together: the action, its workflow, Procfile, Dockerfile, and what their pages say."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from typing import Any

import click
import pytest
import yaml
from werkzeug.serving import make_server

from bot.cli import amts
from bot.cli.service import run
from bot.manifest import EVENTS, PERMISSIONS
from bot.service import read_service
from bot.settings import SettingsError, read_settings
from bot.webhook import create_app
from sync import config
from sync.engines import ENGINES
from tests.bot.test_service import GOOD

ROOT = Path(__file__).parents[1]
INPUTS: Mapping[str, str] = {
    "repository": "ada/book-zh",
    "token": "a-token",
    "sections": "",
    "engine": "",
    "language": "",
    "dry-run": "false",
}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def load(name: str) -> dict[str, Any]:
    """A YAML file; its key `on` is a truth value to YAML 1.1."""
    found = yaml.safe_load(read(name))
    return {"on" if key is True else key: value for key, value in found.items()}


ACTION = load("action.yml")
WORKFLOW = load("docs/amts.workflow.yml")
PROJECT = tomllib.loads(read("pyproject.toml"))["project"]
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]


def section(page: str, title: str) -> str:
    """The text below a heading of a page, up to the next of its rank."""
    (found,) = re.findall(rf"^## {re.escape(title)}\n(.+?)(?=^## |\Z)", read(page), re.DOTALL | re.MULTILINE)
    return str(found)


def rows(text: str) -> dict[str, list[str]]:
    """The rows of the tables of a text: the rest of the cells by the code in the first one."""
    found = {}
    for line in text.splitlines():
        if line.startswith("| `"):
            name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
            found[name.strip("`")] = cells
    return found


# The action.


def test_no_input_is_put_into_a_script() -> None:
    scripts = [step["run"] for step in STEPS if "run" in step]
    scripts += [step["run"] for job in WORKFLOW["jobs"].values() for step in job["steps"] if "run" in step]
    assert scripts
    assert [script for script in scripts if "${{" in script] == []


def test_every_input_is_used_and_described() -> None:
    used = set(re.findall(r"\binputs\.([\w-]+)", json.dumps(STEPS)))
    documented = rows(section("docs/action.md", "Inputs"))
    assert ACTION["inputs"].keys() == used == documented.keys()
    fixed = {name: given["default"] for name, given in ACTION["inputs"].items() if "${{" not in given["default"]}
    said = {name: documented[name][0].strip("`") for name, default in fixed.items() if default}
    assert said == {name: default for name, default in fixed.items() if default}
    assert all(given["description"] for given in ACTION["inputs"].values())


def test_the_python_of_the_action_can_run_it() -> None:
    assert newer(ACTION["inputs"]["python-version"]["default"])


def newer(version: str) -> bool:
    least = PROJECT["requires-python"].removeprefix(">=")
    return tuple(map(int, version.split("."))) >= tuple(map(int, least.split(".")))


def started(folder: Path, inputs: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """The script of the action run as a runner does it; `amts run` reads its arguments and says what they were."""
    program = folder / "amts" / "bin" / "amts"
    program.parent.mkdir(parents=True)
    program.write_text(
        f"#!{sys.executable}\n"
        "import json, os, sys\n"
        "from bot.cli.service import run\n"
        "assert sys.argv[1] == 'run'\n"
        "given = run.make_context('run', sys.argv[2:]).params\n"
        "json.dump(given | {'GITHUB_TOKEN': os.environ['GITHUB_TOKEN']}, sys.stdout)\n"
    )
    program.chmod(0o755)
    (step,) = (step for step in STEPS if step.get("id") == "run")
    values = {f"${{{{ inputs.{name} }}}}": value for name, value in inputs.items()}
    given = {name: values[value] for name, value in step["env"].items()}
    runner = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "RUNNER_TEMP": str(folder),
        "GITHUB_OUTPUT": str(folder / "output"),
    }
    script = folder / "script.sh"
    script.write_text(step["run"], encoding="utf-8")
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
        env=runner | given, cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def reported(folder: Path) -> dict[str, Any]:
    name, _, place = (folder / "output").read_text().strip().partition("=")
    assert ACTION["outputs"]["report"]["value"] == f"${{{{ steps.run.outputs.{name} }}}}"
    found: dict[str, Any] = json.loads(Path(place).read_text())
    return found


NOTHING: dict[str, Any] = {
    "repository": "ada/book-zh",
    "sections": [],
    "engine": None,
    "language": None,
    "dry_run": False,
    "summary": None,
    "GITHUB_TOKEN": "a-token",
}


@pytest.mark.parametrize(
    ("inputs", "wanted"),
    [
        ({}, {}),
        (
            {"sections": " index.md\tchapter_a/b.md\n*.md ", "engine": "memory", "language": "zh", "dry-run": "true"},
            {"sections": ["index.md", "chapter_a/b.md", "*.md"], "engine": "memory", "language": "zh", "dry_run": True},
        ),
        (
            {"sections": "$(touch>x) `touch>x` --dry-run", "engine": '"; touch x; "', "language": "--dry-run"},
            {"sections": ["$(touch>x)", "`touch>x`", "--dry-run"], "engine": '"; touch x; "', "language": "--dry-run"},
        ),
    ],
    ids=["nothing", "everything", "shell"],
)
def test_inputs_arrive_as_they_are(inputs: dict[str, str], wanted: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "here.md").touch()  # which *.md would name
    ran = started(tmp_path, {**INPUTS, **inputs})
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert reported(tmp_path) == NOTHING | wanted
    assert {path.name for path in tmp_path.iterdir()} == {"amts", "amts-report.md", "here.md", "output", "script.sh"}


@pytest.mark.parametrize("word", ["yes", "True", ""])
def test_what_may_be_meant_as_a_dry_run_is_none_by_mistake(word: str, tmp_path: Path) -> None:
    ran = started(tmp_path, {**INPUTS, "dry-run": word})
    assert ran.returncode == 2
    assert "dry-run must be true or false" in ran.stdout
    assert not (tmp_path / "amts-report.md").exists()


def test_the_action_installs_what_the_bot_needs() -> None:
    (script,) = (step["run"] for step in STEPS if "pip install" in step.get("run", ""))
    assert extras(script) == {"adaptive", "bot"}


def extras(command: str) -> set[str]:
    """The extras that a command installs, which must all be ours."""
    (names,) = re.findall(r"pip install [^\n]*\[([\w,-]+)\]", command)
    assert set(names.split(",")) <= PROJECT["optional-dependencies"].keys()
    return set(names.split(","))


# The workflow.


def test_the_page_shows_the_workflow() -> None:
    (shown,) = re.findall(r"^```yaml\n(.+?)^```$", read("docs/action.md"), re.DOTALL | re.MULTILINE)
    assert shown == read("docs/amts.workflow.yml")


def test_the_workflow_with_amazon_is_the_same_with_more() -> None:
    (shown,) = re.findall(
        r"^( {4}# \.github/workflows/amts\.yml.+?)^`", read("docs/action.md"), re.DOTALL | re.MULTILINE
    )
    found = yaml.safe_load(textwrap.dedent(shown))
    job, plain = found["jobs"]["update"], WORKFLOW["jobs"]["update"]
    assert found[True] == WORKFLOW["on"]
    assert found["permissions"] == {"id-token": "write", **WORKFLOW["permissions"]}
    assert job.pop("env").keys() == {"AMTS_AMAZON_BUCKET", "AMTS_AMAZON_ROLE", "AMTS_MAX_COST"}
    assert job.pop("steps")[-1:] == plain["steps"]
    assert job == {key: value for key, value in plain.items() if key != "steps"}


def test_the_workflow_may_do_what_the_app_may() -> None:
    # Reading metadata is what every token may.
    wanted = {name.replace("_", "-"): access for name, access in PERMISSIONS.items() if name != "metadata"}
    assert WORKFLOW["permissions"] == wanted
    assert all("permissions" not in job for job in WORKFLOW["jobs"].values())


def test_the_workflow_starts_by_hand_by_the_clock_and_with_new_settings() -> None:
    assert WORKFLOW["on"].keys() == {"workflow_dispatch", "schedule", "push"}
    assert WORKFLOW["on"]["push"]["paths"] == [config.PATH]
    assert WORKFLOW["concurrency"] == {"group": "amts", "cancel-in-progress": False}


def test_the_workflow_passes_on_what_it_is_given() -> None:
    asked = WORKFLOW["on"]["workflow_dispatch"]["inputs"]
    (step,) = WORKFLOW["jobs"]["update"]["steps"]
    passed = {name: re.findall(r"inputs\.(\w+)", value) for name, value in step["with"].items()}
    assert passed.keys() <= ACTION["inputs"].keys()
    assert {name for names in passed.values() for name in names} == asked.keys()
    assert all(set(names) == {name.replace("-", "_")} for name, names in passed.items())


def test_the_workflow_offers_every_engine() -> None:
    choice = WORKFLOW["on"]["workflow_dispatch"]["inputs"]["engine"]
    assert sorted(choice["options"]) == sorted([choice["default"], *ENGINES])
    value = WORKFLOW["jobs"]["update"]["steps"][0]["with"]["engine"]
    assert value == f"${{{{ inputs.engine != '{choice['default']}' && inputs.engine || '' }}}}"


# The page on the App.


def test_every_variable_is_on_the_page() -> None:
    sources = [
        ast.parse(read(name)) for name in ("bot/service.py", "bot/settings.py", "sync/engines/adaptive/cache.py")
    ]
    texts = {node.value for tree in sources for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    known = {text for text in texts if isinstance(text, str) and re.fullmatch(r"AMTS_[A-Z_]+", text)}
    documented = rows(section("docs/app.md", "Environment"))
    assert len(documented) > 15
    assert documented.keys() == known
    files = ("docs/app.md", "docs/action.md", "Dockerfile", "Procfile", "action.yml", "docs/amts.workflow.yml")
    # A secret of the workflow is no variable of ours.
    named = {word for name in files for word in re.findall(r"(?<!secrets\.)\bAMTS_[A-Z_]+", read(name))}
    # How a model is asked is said on a page of its own.
    assert known <= named <= known | set(re.findall(r"\bAMTS_[A-Z_]+", read("docs/engines.md")))


def test_the_defaults_on_the_page_are_those_of_the_service() -> None:
    documented = rows(section("docs/app.md", "Environment"))
    defaults = {name: cells[0].split("`")[1] for name, cells in documented.items() if cells[0].startswith("`")}
    assert {"AMTS_HOME", "AMTS_QUIET_PERIOD", "AMTS_GITHUB_API_URL"} <= defaults.keys()
    for name, default in defaults.items():
        assert read_service({**GOOD, name: default}) == read_service(GOOD), name
    needed = {name for name, cells in documented.items() if "needed" in cells[1]}
    with pytest.raises(SettingsError) as caught:
        read_service({})
    assert set(re.findall(r"AMTS_\w+", str(caught.value))) - {"AMTS_PRIVATE_KEY"} == needed
    assert read_settings({}) == read_settings(defaults)


def test_permissions_and_events_on_the_page_are_those_of_the_manifest() -> None:
    text = section("docs/app.md", "What the App may do")
    assert {name: cells[0] for name, cells in rows(text).items()} == PERMISSIONS
    (events,) = re.findall(r"told of the events ([^.]+?), and of installations", text)
    assert set(re.findall(r"`(\w+)`", events)) == set(EVENTS)


@pytest.mark.parametrize("page", ["docs/app.md", "docs/action.md"])
def test_commands_on_the_pages_exist(page: str) -> None:
    text = read(page)
    code = [*re.findall(r"`([^`\n]+)`", text), *re.findall(r"^ {4,}(.+)$", text, re.MULTILINE)]
    lines = [match[1] for piece in code if (match := re.match(r"(?:\w+=\S+ )?amts ([a-z].*)", piece))]
    assert lines
    for line in lines:
        command: click.Command = amts
        words = line.split()
        while isinstance(command, click.Group) and words:
            command = command.commands[words.pop(0)]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, line


@pytest.mark.parametrize("page", ["docs/app.md", "docs/action.md"])
def test_links_on_the_pages_lead_somewhere(page: str) -> None:
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", read(page)) if "://" not in link]
    assert links
    for link in links:
        name, _, anchor = link.partition("#")
        target = (ROOT / page).parent / name if name else ROOT / page
        assert target.exists(), link
        if anchor:
            titles = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}, link


# Procfile and Dockerfile.


def processes() -> dict[str, str]:
    return dict(line.split(": ", 1) for line in read("Procfile").splitlines())


def test_the_procfile_has_both_programs() -> None:
    assert processes().keys() == {"web", "worker"}
    assert PROJECT["scripts"]["amts"] == "bot.cli:main"
    program, *arguments = shlex.split(processes()["worker"])
    assert program == "amts"
    assert amts.commands[arguments[0]].make_context("amts", arguments[1:]).params == {}


def test_the_web_process_of_the_procfile_starts_the_webhook() -> None:
    command = shlex.split(processes()["web"].replace("$PORT", "8000"))
    assert command.pop(0) == "gunicorn"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AMTS_")}
    ran = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--check-config", *command],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    # It came as far as the settings, which are not there.
    assert ran.returncode != 0
    assert "ServiceError: AMTS_APP_ID is missing" in ran.stderr


def instructions() -> list[tuple[str, str]]:
    lines = [line for line in read("Dockerfile").splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", "")
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in joined.splitlines() if line]


def test_the_image_installs_what_both_programs_need() -> None:
    (command,) = (text for name, text in instructions() if name == "RUN" and "pip install" in text)
    assert extras(command) == {"adaptive", "bot", "postgres"}


def test_the_image_is_made_of_what_it_needs() -> None:
    copied = {name for kind, text in instructions() if kind == "COPY" for name in text.split()[:-1]}
    kept = {line[1:] for line in read(".dockerignore").splitlines() if line.startswith("!")}
    wheel = tomllib.loads(read("pyproject.toml"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert copied == kept == {"pyproject.toml", PROJECT["readme"], *PROJECT["license-files"], *wheel["packages"]}
    assert all((ROOT / name).exists() for name in copied)
    assert read(".dockerignore").splitlines()[1] == "*"


def test_the_image_runs_as_nobody_special() -> None:
    kinds = [name for name, _ in instructions()]
    users = [text for name, text in instructions() if name == "USER"]
    assert users == ["10001:10001"]
    assert kinds.index("USER") < kinds.index("VOLUME")
    (version,) = re.findall(r"^FROM python:([\d.]+)-slim-\w+$", read("Dockerfile"), re.MULTILINE)
    assert newer(version)


def test_the_image_takes_the_commands_on_the_page() -> None:
    found = dict(instructions())
    assert json.loads(found["ENTRYPOINT"]) == ["amts"]
    serve, *arguments = json.loads(found["CMD"])
    assert amts.commands[serve].make_context("amts", arguments).params["bind"] == f"0.0.0.0:{found['EXPOSE']}"
    assert " amts worker\n" in section("docs/app.md", "Several workers, several machines")


def test_the_image_asks_for_its_health() -> None:
    found = dict(instructions())
    program, *arguments = json.loads(found["HEALTHCHECK"].partition(" CMD ")[2])
    assert program == "python"

    def healthy(port: int) -> bool:
        asked = [argument.replace(found["EXPOSE"], str(port)) for argument in arguments]
        return subprocess.run([sys.executable, *asked], capture_output=True, timeout=30, check=False).returncode == 0

    server = make_server("127.0.0.1", 0, create_app(["secret"], "amts[bot]", lambda *_: None, list), threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        assert healthy(server.port)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert not healthy(server.port)


def test_every_option_of_a_run_has_an_input() -> None:
    # The summary is the runner's own file, which GITHUB_STEP_SUMMARY names.
    options = {str(option.name).replace("_", "-") for option in run.params} - {"summary"}
    assert options == ACTION["inputs"].keys() - {"token", "python-version"}
