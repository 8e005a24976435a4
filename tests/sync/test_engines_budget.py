"""What a model may cost: no more is spent than allowed, by however many threads, processes and tries."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sync.drafts import wait
from sync.engines import Answers, Job, JobError, Knowledge, create, one_purse
from sync.engines.adaptive.cache import Cache
from sync.engines.adaptive.model import NoAnswer, Prompt, Spent, Turn
from sync.engines.adaptive.openai import openai_model
from sync.model import Request
from tests.model_server import GOOD, Raw, Setting, gradients, model_server, segment, setting, translation

__all__ = ["setting"]  # a fixture

PRICES = "1000 1000"  # dollars for a million tokens


def told(tokens: int, text: str = GOOD) -> Raw:
    """An answer of so many tokens read, and as many written."""
    choices = [{"finish_reason": "stop", "message": {"content": text}}]
    usage = {"prompt_tokens": tokens, "completion_tokens": tokens}
    return Raw(200, json.dumps({"choices": choices, "usage": usage}))


def test_many_at_once_spend_no_more_than_one(setting: Setting) -> None:
    """A model that takes far more tokens than such texts can have."""

    def dear(_: Mapping[str, Any]) -> Raw:
        time.sleep(0.05)
        return told(3_000)

    with model_server(dear) as server:
        setting(server.environment(), AMTS_OPENAI_PRICES=PRICES, AMTS_OPENAI_CONCURRENCY="16")
        translator = create("openai", Knowledge(), {"retry": False, "max_cost": 50})
        handle = translator.submit(gradients(40))
        with pytest.raises(
            JobError, match=r"were spent, and more would go over the max_cost of \$50: what was answered is kept"
        ):
            wait(translator, handle, lambda: None)
    assert 6 <= len(server.asked) <= 8  # at $6 each, and the longest, which may take more, go first
    assert server.at_once > 1


def test_what_other_processes_spent_on_a_job_counts(setting: Setting) -> None:
    program = (
        "import sys; from sync.engines import create, Knowledge, JobError\n"
        "engine = create('openai', Knowledge(), {'max_cost': 20, 'retry': False}); handle = sys.stdin.read()\n"
        "try:\n"
        "    while (found := engine.poll(handle)) is None: pass\n"
        "    print(found.cost.dollars)\n"
        "except JobError as error: print(error)\n"
    )
    with model_server(lambda _: told(3_000)) as server:
        setting(server.environment(), AMTS_OPENAI_PRICES=PRICES, AMTS_OPENAI_CONCURRENCY="1")
        translator = create("openai", Knowledge(), {"max_cost": 20, "retry": False})
        handle = translator.submit(gradients(8))
        said = [
            subprocess.run([sys.executable, "-c", program], input=handle, capture_output=True, text=True, check=True)
            for _ in range(3)
        ]
        assert ["more would go over the max_cost of $20" in each.stdout for each in said] == [True] * 3, said
        assert len(server.asked) * 6 <= 20
        # A run of its own has a limit of its own, and goes on with what was answered.
        again = create("openai", Knowledge(), {"max_cost": 100, "retry": False})
        before = len(server.asked)
        found = wait(again, again.submit(gradients(8)), lambda: None)
    assert found.cost is not None
    assert found.cost.dollars == pytest.approx(6 * (8 - before))
    assert all(each.text for each in found.translations.values())


def test_a_limit_holds_for_jobs_one_after_another(setting: Setting) -> None:
    with model_server(lambda _: told(3_000)) as server:
        setting(server.environment(), AMTS_OPENAI_PRICES=PRICES, AMTS_OPENAI_CONCURRENCY="1")
        translator = create("openai", Knowledge(), {"max_cost": 20, "retry": False})
        spent = 0.0
        for name in "uvwxyz":
            handle = translator.submit(Job("en", "zh", (Request(name, f"Another sentence {name} is here."),)))
            try:
                found = wait(translator, handle, lambda: None)
            except JobError:
                continue
            translator.finish(handle)
            assert found.cost is not None
            spent += found.cost.dollars
        # Another process that takes up the first of these jobs has no limit of its own either.
        other = create("openai", Knowledge(), {"max_cost": 20, "retry": False})
        with pytest.raises(JobError, match="over the max_cost"):
            wait(other, handle, lambda: None)
    assert len(server.asked) * 6 == spent == 18


def test_engines_that_are_made_together_share_a_limit(setting: Setting) -> None:
    with model_server(lambda _: told(3_000)) as server:
        setting(server.environment(), AMTS_OPENAI_PRICES=PRICES)
        with one_purse():
            engines = [create("openai", Knowledge(), {"max_cost": 20, "retry": False}) for _ in range(6)]
        failed = 0
        for number, engine in enumerate(engines):
            handle = engine.submit(Job("en", "zh", (Request("1", f"A sentence {'x' * (number + 1)} is here."),)))
            try:
                wait(engine, handle, lambda: None)
            except JobError:
                failed += 1
    assert (len(server.asked), failed) == (3, 3)


def test_a_limit_does_not_stop_work_that_fits(setting: Setting) -> None:
    """A long segment costs more than short ones, which is no reason to expect the same of those."""
    long = "The gradient of the model is computed for each layer, one after another. " * 40
    texts = [long, *(f"The gradient {name} is here." for name in "abcd")]

    def honest(asked: Mapping[str, Any]) -> Raw:
        text = segment(asked)["text"]
        usage = {"prompt_tokens": len(json.dumps(asked)) // 4, "completion_tokens": len(text) // 4 + 1}
        answer = translation("计算模型的梯度。" * (1 + len(text) // 40))
        return Raw(
            200, json.dumps({"choices": [{"finish_reason": "stop", "message": {"content": answer}}], "usage": usage})
        )

    with model_server(honest) as server:
        setting(server.environment(), AMTS_OPENAI_PRICES=PRICES, AMTS_OPENAI_CONCURRENCY="1")
        work = Job("en", "zh", tuple(Request(text, text) for text in texts))
        estimate = create("openai", Knowledge(), {"retry": False}).estimate(work)
        assert estimate is not None
        translator = create("openai", Knowledge(), {"retry": False, "max_cost": estimate.dollars * 1.01})
        found = wait(translator, translator.submit(work), lambda: None)
    assert len(server.asked) == 5
    assert found.cost is not None
    assert found.cost.dollars < estimate.dollars


def test_an_answer_that_breaks_off_may_have_to_be_paid_for(setting: Setting) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        asked = 0

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            Handler.asked += 1
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b'5\r\n{"a"')
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.server_port}/v1"
        setting({"AMTS_OPENAI_URL": url, "AMTS_OPENAI_MODEL": "m"}, AMTS_OPENAI_PRICES=PRICES)
        model = openai_model(os.environ)
        prompt = Prompt("chat", (Turn("user", "x"),), 9)
        stop = threading.Event()
        threading.Timer(1.0, stop.set).start()
        with pytest.raises(NoAnswer, match="ChunkedEncodingError") as caught:
            model.ask(prompt, stop)
        assert caught.value.sent == Handler.asked > 0
        listener.shutdown()
        thread.join()


def test_two_who_poll_are_told_the_same(setting: Setting) -> None:
    with model_server(lambda _: Raw(401, "no")) as server:
        setting(server.environment())
        translator = create("openai", Knowledge(), {})
        handle = translator.submit(gradients(2))
        said: list[str] = []

        def poll() -> None:
            try:
                wait(translator, handle, lambda: None)
            except JobError as error:
                said.append(str(error))

        threads = [threading.Thread(target=poll) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert ["HTTP 401" in each for each in said] == [True] * 3


def test_who_is_gone_asks_for_nothing_more(setting: Setting) -> None:
    def slow(_: Mapping[str, Any]) -> str:
        time.sleep(0.05)
        return GOOD

    with model_server(slow) as server:
        setting(server.environment(), AMTS_OPENAI_CONCURRENCY="1")
        translator = create("openai", Knowledge(), {})
        handle = translator.submit(gradients(200))
        assert translator.poll(handle) is None  # and it goes on, though nobody polls
        del translator
        gc.collect()
        time.sleep(0.3)
        asked = len(server.asked)
        time.sleep(0.3)
        assert len(server.asked) == asked < 200


def test_jobs_of_one_engine_share_its_limit(setting: Setting) -> None:
    with model_server(lambda _: told(3_000)) as server:
        setting(server.environment(), AMTS_OPENAI_PRICES=PRICES, AMTS_OPENAI_CONCURRENCY="2")
        translator = create("openai", Knowledge(), {"max_cost": 20, "retry": False})
        first, second = gradients(3), Job("en", "zh", (Request("x", "Another sentence is here."),))
        handles = [translator.submit(first), translator.submit(second)]
        assert wait(translator, handles[0], lambda: None).cost is not None
        with pytest.raises(JobError, match="over the max_cost"):
            wait(translator, handles[1], lambda: None)
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    "usage",
    [None, {}, {"prompt_tokens": 0}, {"prompt_tokens": -5, "completion_tokens": -5}, {"prompt_tokens": 1e999},
     {"prompt_tokens": 10**30, "completion_tokens": "many"}],
)  # fmt: skip
def test_what_a_server_does_not_count_is_estimated(setting: Setting, usage: object) -> None:
    def silent(_: Mapping[str, Any]) -> Raw:
        choices = [{"finish_reason": "stop", "message": {"content": GOOD}}]
        return Raw(200, json.dumps({"choices": choices, "usage": usage}))

    with model_server(silent) as server:
        setting(server.environment(), AMTS_OPENAI_PRICES=PRICES)
        translator = create("openai", Knowledge(), {})
        most = translator.estimate(gradients(4))
        found = wait(translator, translator.submit(gradients(4)), lambda: None)
    assert most is not None
    assert found.cost is not None
    assert 0 < found.cost.dollars <= most.dollars
    assert found.cost.characters == sum(len(request.source) for request in gradients(4).requests)


def test_what_does_not_come_in_time_may_have_to_be_paid_for(setting: Setting) -> None:
    gate = threading.Event()

    def late(_: Mapping[str, Any]) -> str:
        gate.wait(30)
        return GOOD

    with model_server(late) as server:
        setting(server.environment(), AMTS_OPENAI_PRICES=PRICES, AMTS_OPENAI_TIMEOUT="1")
        translator = create("openai", Knowledge(), {})
        handle = translator.submit(gradients(1))
        with pytest.raises(JobError, match=r"nothing within the 1 seconds of AMTS_OPENAI_TIMEOUT; asked 2 times"):
            wait(translator, handle, lambda: None)
        gate.set()
        assert len(server.asked) == 2
        found = wait(translator, handle, lambda: None)
    spent = 1000 * (100 + 10) / 1e6
    assert found.cost is not None
    assert found.cost.dollars > 2 * spent


def test_what_was_never_sent_costs_nothing(setting: Setting, tmp_path: Path) -> None:
    with model_server(lambda _: Raw(401, "no")) as server:
        setting(server.environment(), AMTS_OPENAI_PRICES=PRICES)
        translator = create("openai", Knowledge(), {})
        handle = translator.submit(gradients(3))
        with pytest.raises(JobError, match="HTTP 401"):
            wait(translator, handle, lambda: None)
    assert Cache(tmp_path / "answers.sqlite").spent(json.loads(handle)["run"]) == Spent()


def test_an_estimate_holds_for_answers_that_are_refused_once(setting: Setting) -> None:
    def wrong_first(asked: Mapping[str, Any]) -> str:
        return GOOD if "fault" in segment(asked) else translation("Sure: 模型")

    with model_server(wrong_first) as server:
        setting(server.environment(), AMTS_OPENAI_PRICES=PRICES)
        translator = create("openai", Knowledge(), {})
        most = translator.estimate(gradients(3))
        found = wait(translator, translator.submit(gradients(3)), lambda: None)
    assert len(server.asked) == 6
    assert most is not None
    assert found.cost is not None
    assert found.cost.dollars <= most.dollars
    assert found.cost.characters == most.characters


def test_one_slow_answer_keeps_nobody_waiting(setting: Setting) -> None:
    rest = threading.Event()

    def slow(asked: Mapping[str, Any]) -> str:
        if "a" * 30 in segment(asked)["text"]:  # the longest, which goes second
            assert rest.wait(60)  # until all others are answered
        elif len(server.asked) == 30:
            rest.set()
        return GOOD

    with model_server(slow) as server:
        setting(server.environment(), AMTS_OPENAI_CONCURRENCY="2")
        translator = create("openai", Knowledge(), {})
        found = wait(translator, translator.submit(gradients(30)), lambda: None)
    assert all(each.text for each in found.translations.values())
    assert server.at_once == 2


def test_several_jobs_at_once_take_no_more_places_than_one(setting: Setting) -> None:
    def slow(_: Mapping[str, Any]) -> str:
        time.sleep(0.02)
        return GOOD

    with model_server(slow) as server:
        setting(server.environment(), AMTS_OPENAI_CONCURRENCY="3")
        translator = create("openai", Knowledge(), {})
        texts = [[f"The gradient of {name} {'a' * (n + 1)} is computed." for n in range(12)] for name in "xyz"]
        jobs = [Job("en", "zh", tuple(Request(text, text) for text in each)) for each in texts]
        handles = [translator.submit(each) for each in jobs]
        found: list[Answers] = []
        while len(found) < 3:
            found = [answers for handle in handles if (answers := translator.poll(handle)) is not None]
    assert server.at_once == 3
    assert len(server.asked) == 36


def test_who_gives_up_asks_for_nothing_more(setting: Setting) -> None:
    gate, begun = threading.Event(), threading.Event()

    def held(_: Mapping[str, Any]) -> str:
        begun.set()
        gate.wait(30)
        return GOOD

    with model_server(held) as server:
        setting(server.environment(), AMTS_OPENAI_CONCURRENCY="2")
        translator = create("openai", Knowledge(), {})
        handle = translator.submit(gradients(20))
        poll = threading.Thread(target=translator.poll, args=(handle,))
        poll.start()
        assert begun.wait(30)
        end = threading.Timer(0.2, gate.set)
        end.start()
        translator.finish(handle)
        poll.join()
        asked = len(server.asked)
        time.sleep(0.2)
        assert len(server.asked) == asked <= 4
