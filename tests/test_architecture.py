"""The map of the code is true: who may import whom, who may touch the world, what the README says of it."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from sync import config

ROOT = Path(__file__).parents[1]
SOURCES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("bot", "sync")
    for path in sorted((ROOT / package).rglob("*.py"))
}

# Each outside library that touches the world, or that a better one may replace, has one module to itself.
ONLY_IN = {
    "boto3": {"sync.engines.amazon.client", "bot.sandbox.amazon.storage"},
    "botocore": {"sync.engines.amazon.client", "bot.sandbox.amazon.storage", "bot.sandbox.amazon.shapes"},
    "moto": {"bot.sandbox.amazon.server"},
    "werkzeug": {
        "bot.webhook",
        "bot.sandbox.amazon.server",
    },
    "flask": {"bot.webhook", "bot.bench.bare"},
    "github": {"bot.forge", "bot.gate", "bot.login"},
    "requests": {"bot.gate", "sync.engines.adaptive.server"},
    "xllamacpp": {"sync.engines.adaptive.local"},
    "bm25s": {"sync.engines.adaptive.retrieval"},
    "huggingface_hub": {"sync.engines.adaptive.local"},
    "matplotlib": {"bot.charts"},
    "dbos": {"bot.jobs"},
    "sqlalchemy": {"bot.jobs", "bot.registry"},
    "git": {"sync.repos"},
    "gitdb": {"sync.repos"},
    "mistune": {"sync.blocks"},
    "sacrebleu": {"sync.score"},
    "sentencex": {"sync.sentences"},
    "translate": {"sync.tmx"},
    "lxml": {"sync.parallel_data"},
    "yaml": {"sync.config"},
    "pathspec": {"sync.config"},
    "numpy": {"sync.lexicon", "sync.engines.adaptive.retrieval"},
    "subprocess": {
        "bot.bench.book",
        "bot.bench.po4a",
        "bot.bench.webhook",
        "bot.cli.amazon",
        "bot.sandbox.github.processes",
        "bot.sandbox.postgres",
        "bot.sandbox.repositories",
        "bot.sandbox.service",
    },
}
# What an installation brings along; the bot, a benchmark or a sandbox may use more, and types are for who develops.
EXTRAS = {
    "bm25s", "cryptography", "dbos", "flask", "github", "huggingface_hub", "jwt", "matplotlib", "mdpo", "moto", "requests", "sqlalchemy", "translate", "werkzeug", "xllamacpp",
}  # fmt: skip
TYPES = ("mypy_boto3_",)


def imports(module: str) -> set[str]:
    """The full names of the modules that a module imports, anywhere in it."""
    path = SOURCES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names = {f"{base}.{alias.name}" for alias in node.names}
            # A module taken out of its package is no use of what the package itself offers.
            found |= names if names <= SOURCES.keys() else names | {base}
    return found


def top(name: str) -> str:
    return name.partition(".")[0]


def normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def test_modules_are_found() -> None:
    assert {"sync.model", "sync.markdown", "bot", "bot.demo"} <= SOURCES.keys()
    assert "sync.model" in imports("sync.markdown")


def test_the_core_never_imports_the_shell() -> None:
    assert {m: "bot" for m in SOURCES if top(m) == "sync" and "bot" in map(top, imports(m))} == {}


def test_the_core_does_not_speak_to_people() -> None:
    speakers = {"click", "rich"}
    assert {m for m in SOURCES if top(m) == "sync" and speakers & set(map(top, imports(m)))} == set()


def test_an_outside_library_has_one_module() -> None:
    strays = {
        (module, library)
        for module in SOURCES
        for library in ONLY_IN.keys() & set(map(top, imports(module)))
        if module not in ONLY_IN[library]
    }
    assert strays == set()


def test_no_import_runs_in_a_circle() -> None:
    edges = {module: imports(module) & SOURCES.keys() - {module} for module in SOURCES}
    while leaves := {module for module, needs in edges.items() if not needs & edges.keys()}:
        edges = {module: needs for module, needs in edges.items() if module not in leaves}
    assert edges == {}


def test_dependencies_are_those_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {normal(re.split(r"[^\w.-]", line, maxsplit=1)[0]) for line in project["dependencies"]}
    outside = {top(name) for module in SOURCES for name in imports(module)}
    outside = {name for name in outside if not name.startswith(TYPES)}
    outside -= {"bot", "sync", *sys.stdlib_module_names, *EXTRAS}
    known = packages_distributions()
    imported = {normal(known[name][0]) for name in outside}
    assert imported == declared


def test_the_map_in_the_readme_names_every_module() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = [row.split("|")[1] for row in readme.splitlines() if row.startswith(("| `sync/", "| `bot/"))]
    named = set(re.findall(r"`([^`]+)`", " ".join(rows)))
    folders = tuple(name for name in named if name.endswith("/"))
    files = {path.relative_to(ROOT).as_posix() for path in SOURCES.values() if path.name != "__init__.py"}
    assert {file for file in files if not file.startswith(folders)} - named == set()
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_the_settings_in_the_readme_are_the_defaults() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(.+?)^```$", readme, re.DOTALL | re.MULTILINE)
    assert config.load(block) == config.Config()
    assert {line.partition(":")[0].lstrip("# ") for line in block.splitlines() if line[0] != " "} == set(
        config.Config.__dataclass_fields__
    )
