"""The engine `amazon` against the stand-in: whole syncs, faults, kills, costs."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cli import _run
from bot.messages import pull_request
from bot.sandbox import amazon as faults
from bot.sandbox.amazon import AmazonSandbox, Pace, When
from bot.sandbox.repositories import build
from sync import config
from sync.checks import verify_tokens
from sync.config import Engine
from sync.engines import EngineError, Job, JobError, Knowledge, create, rehearse
from sync.engines.amazon.engine import AmazonTranslator
from sync.engines.amazon.options import Options
from sync.model import Request, SegmentResult, SyncReport, Term, TranslationUnit
from sync.pipeline import sync_translation
from sync.publish import to_branch, to_nowhere
from sync.repos import Repository
from tests.conftest import Write, git

PACE = Pace(parallel_data=0.05, queued=0.02, running=0.05)


@pytest.fixture(scope="module")
def server() -> Iterator[AmazonSandbox]:
    with AmazonSandbox(pace=PACE) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(server: AmazonSandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[AmazonSandbox]:
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    server.clear_faults()
    yield server
    server.clear_faults()
    server.on_request = None


class Book:
    """The small book in a folder whose name is unique, so that its resources at the service are, too."""

    def __init__(self, folder: Path, sandbox: AmazonSandbox) -> None:
        self.source, self.sandbox = folder / "en", sandbox
        self.targets = build(folder).targets
        for code, path in self.targets.items():
            path.rename(self._renamed(folder, code))
        self.targets = {code: self._renamed(folder, code) for code in self.targets}

    @staticmethod
    def _renamed(folder: Path, code: str) -> Path:
        return folder / f"{folder.name.replace('_', '-')}-{code}"

    def options(self, **more: object) -> dict[str, object]:
        return {"bucket": self.sandbox.bucket, "role": self.sandbox.role, "poll": 0.05, **more}

    def sync(self, language: str = "zh", *, publish: bool = True, **options: bool | float | str) -> SyncReport:
        with Repository(self.source) as source, Repository(self.targets[language]) as target:
            text = (self.targets[language] / config.PATH).read_text()
            settings = config.load(text)
            engine = Engine("amazon", self.options(**options))
            return sync_translation(
                source,
                target,
                replace(settings, engine=engine),
                to_branch(target) if publish else to_nowhere,
            )

    def jobs(self, language: str = "zh") -> list[str]:
        name = self.resource(language)
        return [job.status for job in self.sandbox.jobs if name == job.parallel_data]

    def resource(self, language: str = "zh") -> str:
        return f"amts-{self.targets[language].name}-en-{language}"

    def versions(self, language: str = "zh") -> int:
        found = self.sandbox.parallel_data.get(self.resource(language))
        return found.versions if found else 0


@pytest.fixture
def book(tmp_path: Path, sandbox: AmazonSandbox, write: Write) -> Book:
    book = Book(tmp_path, sandbox)
    # One section that needs no engine: only a token of it changes.
    old, new = ("# Calling\n\nNow call `fit(x)` on the model.\n".replace("x", name) for name in "xy")
    write(book.source, {"calling.md": old})
    write(book.source, {"calling.md": new})
    write(book.targets["zh"], {"calling.md": "# 调用\n\n现在对模型调用`fit(x)`。\n", "calling_origin.md": old})
    return book


def results(report: SyncReport) -> list[SegmentResult]:
    return [result for section in report.sections if section.draft for result in section.draft.results]


def translated(report: SyncReport) -> list[SegmentResult]:
    return [result for result in results(report) if "Amazon Translate" in result.reason and not result.waiting]


def waiting(report: SyncReport) -> list[SegmentResult]:
    return [result for result in results(report) if result.waiting]


# A whole sync.


def test_a_sync_translates_all_that_changed_in_one_job(book: Book) -> None:
    report = book.sync()
    assert [section.error for section in report.sections] == [None] * len(report.sections)
    assert book.jobs() == ["COMPLETED"]
    assert book.versions() == 1
    assert waiting(report) == []
    assert len(translated(report)) > 5
    for result in translated(report):
        assert result.new_source is not None
        assert result.draft is not None
        assert verify_tokens(result.new_source, result.draft) is None
        assert result.uncertain
    assert report.cost is not None
    assert report.cost.characters <= sum(s.draft.characters_changed for s in report.sections if s.draft)


def test_nothing_is_left_in_the_bucket_but_the_parallel_data(book: Book) -> None:
    from sync.engines.amazon.bucket import Bucket
    from sync.engines.amazon.client import Aws

    book.sync(prefix="left")
    keys = Bucket(Aws("us-west-2"), book.sandbox.bucket).keys("left/")
    assert {key.split("/")[1] for key in keys} == {"parallel-data"}
    assert {key.split("/")[2] for key in keys} == {book.resource()}


def test_a_second_sync_has_nothing_to_send(book: Book) -> None:
    book.sync()
    report = book.sync()
    assert report.commit is None
    assert len(book.jobs()) == 1


def test_parallel_data_is_updated_only_when_it_changed(book: Book) -> None:
    book.sync(publish=False)
    book.sync(publish=False)
    assert book.versions() == 1
    assert book.jobs() == ["COMPLETED"] * 2  # the results of the first were used and removed
    translation = book.targets["zh"] / "notation.md"
    translation.write_text(translation.read_text(encoding="utf-8").replace("。", "！"), encoding="utf-8")
    git(book.targets["zh"], "commit", "--quiet", "-am", "Edit")
    book.sync(publish=False)
    assert book.versions() == 2


# Handles.


REQUESTS = tuple(Request(str(number), f"Sentence number {number} about `code` & more.") for number in range(7))
UNITS = tuple(TranslationUnit(f"Example {n} of the book.", f"书中的第 {n} 个例子。") for n in range(60))


def engine(sandbox: AmazonSandbox, project: str, **options: object) -> AmazonTranslator:
    made = create(
        "amazon",
        Knowledge(UNITS, (), project),
        {"bucket": sandbox.bucket, "role": sandbox.role, "poll": 0.05, **options},
    )
    assert isinstance(made, AmazonTranslator)
    return made


def answered(translator: AmazonTranslator, handle: str) -> dict[str, str | None]:
    for _ in range(200):
        if (answers := translator.poll(handle)) is not None:
            return {id: found.text for id, found in answers.translations.items()}
        time.sleep(0.02)
    raise AssertionError("never answered")


def test_another_process_takes_a_handle_up(sandbox: AmazonSandbox) -> None:
    job = Job("en", "zh", REQUESTS)
    handle = json.loads(json.dumps(engine(sandbox, "handles").submit(job)))
    found = answered(engine(sandbox, "handles"), handle)
    assert None not in found.values()
    assert set(found) == {request.id for request in REQUESTS}
    # As often as one asks, until it is finished.
    assert answered(engine(sandbox, "handles"), handle) == found
    assert len([job for job in sandbox.jobs if job.parallel_data == "amts-handles-en-zh"]) == 1


def test_the_examples_of_the_book_are_used(sandbox: AmazonSandbox) -> None:
    """The stand-in reads its parallel data for real, in the form in which segments are sent."""
    units = (*UNITS, TranslationUnit("Call `fit` on the model, then look at $l$.", "对模型调用`fit`，再看$l$。"))
    job = Job("en", "zh", (Request("a", "Call `fit` on the models, then look at $l$."),))
    with_examples = AmazonTranslator(Knowledge(units, (), "used"), _options(sandbox))
    assert answered(with_examples, with_examples.submit(job)) == {"a": "对模型调用`fit`，再看$l$。"}
    without = AmazonTranslator(Knowledge(UNITS, (), "unused"), _options(sandbox))
    assert answered(without, without.submit(job)) != {"a": "对模型调用`fit`，再看$l$。"}


def _options(sandbox: AmazonSandbox) -> Options:
    return Options(bucket=sandbox.bucket, role=sandbox.role, poll=0.05)


def test_the_same_job_twice_is_one_job(sandbox: AmazonSandbox) -> None:
    job = Job("en", "zh", REQUESTS)
    first, second = (engine(sandbox, "twice").submit(job) for _ in range(2))
    assert answered(engine(sandbox, "twice"), first) == answered(engine(sandbox, "twice"), second)
    assert len([job for job in sandbox.jobs if job.parallel_data == "amts-twice-en-zh"]) == 1


def test_equal_segments_are_paid_for_once(sandbox: AmazonSandbox) -> None:
    same = tuple(Request(str(number), "The same sentence & more.") for number in range(3))
    once = engine(sandbox, "equal").estimate(Job("en", "zh", same[:1]))
    assert engine(sandbox, "equal").estimate(Job("en", "zh", same)) == once
    found = answered(engine(sandbox, "equal"), engine(sandbox, "equal").submit(Job("en", "zh", same)))
    assert len(set(found.values())) == 1
    assert len(found) == 3


def test_what_the_book_says_already_is_not_sent(sandbox: AmazonSandbox) -> None:
    job = Job("en", "zh", (Request("a", UNITS[0].source), Request("b", "$x$")))
    before = sandbox.requests
    translator = engine(sandbox, "known")
    assert answered(translator, translator.submit(job)) == {"a": UNITS[0].target, "b": "$x$"}
    assert sandbox.requests == before


@pytest.mark.parametrize("handle", ["", "{}", "[1]", '{"engine": "memory"}', '{"engine": "amazon"}', "[" * 100_000])
def test_a_foreign_handle_is_refused(sandbox: AmazonSandbox, handle: str) -> None:
    with pytest.raises(EngineError, match="not a handle"):
        engine(sandbox, "foreign").poll(handle)


def test_two_languages_share_the_slot_of_the_account(book: Book) -> None:
    with ThreadPoolExecutor() as pool:
        reports = list(pool.map(book.sync, ["zh", "es"]))
    for report, language in zip(reports, ["zh", "es"], strict=True):
        assert waiting(report) == []
        assert book.jobs(language) == ["COMPLETED"]
        assert book.versions(language) == 1


# Money.


def test_a_dry_run_sends_nothing_and_names_the_price(book: Book) -> None:
    before = book.sandbox.requests
    with Repository(book.source) as source, Repository(book.targets["zh"]) as target:
        settings = replace(config.load("language: zh"), engine=Engine("amazon", book.options()))
        report = sync_translation(source, target, settings, to_nowhere, make=rehearse)
    assert book.sandbox.requests == before
    assert report.cost is not None
    assert 0 < report.cost.alternatives["without ACT"] < report.cost.alternatives["with ACT"] == report.cost.dollars
    _, body = pull_request(report)
    assert "would cost at most $0." in body
    assert "without ACT" in body


@pytest.mark.parametrize(("limit", "value"), [("max_cost", 0.001), ("max_characters", 100)])
def test_what_costs_too_much_is_refused_before_anything_is_sent(book: Book, limit: str, value: float) -> None:
    before = book.sandbox.requests
    with pytest.raises(EngineError, match="nothing was sent: raise it") as refused:
        book.sync("zh", publish=True, **{limit: value})
    assert not isinstance(refused.value, JobError)
    assert book.sandbox.requests == before


def test_prices_are_settings(sandbox: AmazonSandbox) -> None:
    job = Job("en", "zh", REQUESTS)
    cheap, dear = (engine(sandbox, "p", prices={"act": price}).estimate(job) for price in (1, 10))
    assert dear.dollars == pytest.approx(10 * cheap.dollars)


def test_a_dry_run_says_what_would_stand_in_the_way(book: Book) -> None:
    with Repository(book.source) as source, Repository(book.targets["zh"]) as target:
        settings = replace(config.load("language: zh"), engine=Engine("amazon", {"max_cost": 0.001}))
        report = sync_translation(source, target, settings, to_nowhere, make=rehearse)
    assert any("Active Custom Translation was not used" in note for note in report.notes)
    assert any("over the max_cost of $0.001" in note for note in report.notes)


# Without ACT.


def test_without_act_there_is_no_job(book: Book) -> None:
    before = len(book.sandbox.jobs)
    report = book.sync(act="never")
    assert waiting(report) == []
    assert translated(report)
    assert len(book.sandbox.jobs) == before


@pytest.mark.parametrize(
    ("options", "reason"),
    [({"bucket": None}, "it needs a bucket and a role"), ({"region": "eu-west-3"}, "it is not offered in eu-west-3")],
)  # fmt: skip
def test_where_act_cannot_be_the_report_says_why(book: Book, options: dict[str, object], reason: str) -> None:
    given = {key: value for key, value in {**book.options(), **options}.items() if value is not None}
    with Repository(book.source) as source, Repository(book.targets["zh"]) as target:
        settings = replace(config.load("language: zh"), engine=Engine("amazon", given))
        report = sync_translation(source, target, settings, to_nowhere)
        assert any(f"Active Custom Translation was not used: {reason}" in note for note in report.notes)
        assert waiting(report) == []
        settings = replace(settings, engine=Engine("amazon", {**given, "act": "always"}))
        with pytest.raises(EngineError, match=f"act is `always`, but {reason}"):
            sync_translation(source, target, settings, to_nowhere)


def test_a_segment_too_long_for_translatetext_waits(sandbox: AmazonSandbox) -> None:
    job = Job("en", "zh", (Request("a", "Short one."), Request("b", "word " * 2500 + "end.")))
    translator = engine(sandbox, "long", act="never")
    answers = translator.poll(translator.submit(job))
    assert answers is not None
    assert answers.translations["a"].text
    assert "longer than the 10,000 bytes" in answers.translations["b"].reason


# Settings.


def test_formality_is_sent_only_where_the_language_has_it(sandbox: AmazonSandbox) -> None:
    japanese, chinese = (engine(sandbox, "formal", act="never", formality="formal", profanity="mask") for _ in range(2))
    answers = japanese.poll(japanese.submit(Job("en", "ja", REQUESTS)))
    assert answers is not None
    assert answers.notes == ()
    answers = chinese.poll(chinese.submit(Job("en", "zh", REQUESTS)))
    assert answers is not None
    assert answers.notes == ("formality is not set: Amazon Translate does not offer it for zh",)


def test_a_terminology_is_imported_when_it_changed(sandbox: AmazonSandbox) -> None:
    def run(term: str) -> dict[str, str | None]:
        knowledge = Knowledge(UNITS, (Term("tensor", term),), "terms")
        translator = create("amazon", knowledge, {"bucket": sandbox.bucket, "role": sandbox.role, "act": "never"})
        answers = translator.poll(translator.submit(Job("en", "zh", (Request("a", "This tensor is new."),))))
        assert answers is not None
        return {id: found.text for id, found in answers.translations.items()}

    assert "张量" in (run("张量")["a"] or "")
    run("张量")
    assert sandbox.terminologies["amts-terms-en-zh"].versions == 1
    assert "張量" in (run("張量")["a"] or "")
    assert sandbox.terminologies["amts-terms-en-zh"].versions == 2


# What goes wrong.


HARMLESS = {
    "throttling": faults.Throttling(times=3),
    "conflict": faults.Conflict(times=3, operation="CreateParallelData"),
    "conflict, of the other kind": faults.Conflict2(times=2, operation="CreateParallelData"),
    "internal error": faults.ServerError(times=3),
    "connection dropped": faults.ConnectionDropped(times=1, operation="StartTextTranslationJob"),
    "connection dropped at creation": faults.ConnectionDropped(times=1, operation="CreateParallelData"),
    "another holds the slot": faults.SlowSlot(seconds=0.4),
    "spans moved": faults.SpanMoved(),
    "spaces added": faults.SpacesAdded(),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_sync_gets_over(book: Book, name: str) -> None:
    book.sandbox.inject(HARMLESS[name])
    report = book.sync()
    assert waiting(report) == []
    assert book.jobs() == ["COMPLETED"]
    assert book.versions() == 1


DAMAGE = {
    "spans lost": (faults.SpanLost(every=2), "protected token lost"),
    "spans repeated": (faults.SpanDuplicated(every=2), "protected token repeated"),
    "spans translated": (faults.SpanAltered(every=2), "protected token changed"),
    "placeholders left": (faults.DntResidue(every=2), "protected token lost"),
    "segments missing": (faults.SegmentMissing(every=2), "the segment did not come back"),
    "documents fail": (faults.DocumentsFail(), "its document was not translated"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_what_came_back_damaged_waits_and_the_report_names_it(book: Book, name: str) -> None:
    fault, reason = DAMAGE[name]
    book.sandbox.inject(fault)
    report = book.sync(retry=False)
    damaged = [result for result in waiting(report) if reason in result.reason]
    assert damaged
    assert [section.error for section in report.sections] == [None] * len(report.sections)
    _, body = pull_request(report)
    assert reason in body
    if name != "documents fail":
        assert translated(report)


@pytest.mark.parametrize("name", DAMAGE)
def test_what_came_back_damaged_is_tried_again_alone(book: Book, name: str) -> None:
    fault, _ = DAMAGE[name]
    book.sandbox.inject(replace(fault, operation="StartTextTranslationJob"))
    report = book.sync()
    assert waiting(report) == []
    assert "TranslateText" in book.sandbox.requests


FAILURES = {
    "job fails": (faults.JobFails(message="No access to the input"), "is FAILED: No access to the input"),
    "job stopped": (faults.JobStops(), "is STOPPED"),
    "job never ends": (faults.JobNeverEnds(), "took more than 0.001 hours and was stopped"),
    "start denied": (faults.AccessDenied(operation="StartTextTranslationJob"), "cannot start the translation job: AccessDenied"),
    "bucket denied": (faults.AccessDenied(operation="S3 PUT"), "cannot write to the bucket"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILURES)
def test_a_job_that_fails_costs_only_the_sections_that_needed_it(book: Book, name: str) -> None:
    fault, reason = FAILURES[name]
    book.sandbox.inject(fault)
    report = book.sync(deadline=0.001)
    failed = [section for section in report.sections if section.error is not None]
    assert failed
    assert all(reason in str(section.error) for section in failed)
    assert report.commit is not None  # the others are drafted
    assert [section for section in report.sections if section.draft]
    if name == "job never ends":
        assert "StopTextTranslationJob" in book.sandbox.requests
    book.sandbox.clear_faults()
    again = book.sync()
    assert [section.error for section in again.sections] == [None] * len(again.sections)
    assert waiting(again) == []
    assert translated(again)


def test_a_bucket_that_is_missing_is_named(book: Book) -> None:
    report = book.sync(bucket="there-is-no-such-bucket")
    errors = {section.error for section in report.sections if section.error}
    assert len(errors) == 1
    assert "NoSuchBucket" in errors.pop()


def test_a_role_that_is_missing_is_named(book: Book) -> None:
    report = book.sync(role="arn:aws:iam::123456789012:role/nobody")
    errors = {section.error for section in report.sections if section.error}
    assert len(errors) == 1
    assert "`amts doctor`" in errors.pop()


def test_a_failed_update_leaves_the_older_version_in_use(book: Book) -> None:
    book.sync(publish=False)
    translation = book.targets["zh"] / "notation.md"
    translation.write_text(translation.read_text(encoding="utf-8").replace("。", "！"), encoding="utf-8")
    git(book.targets["zh"], "commit", "--quiet", "-am", "Edit")
    book.sandbox.inject(faults.ParallelDataFails(message="row 7 is broken", times=1))
    report = book.sync(publish=False)
    assert waiting(report) == []
    assert any("update of the parallel data" in note and "row 7 is broken" in note for note in report.notes)
    # Not tried again with the same data.
    count = book.sandbox.requests.count("UpdateParallelData")
    book.sync(publish=False)
    assert book.sandbox.requests.count("UpdateParallelData") == count


def test_parallel_data_that_cannot_be_made_is_done_without(book: Book) -> None:
    book.sandbox.inject(faults.ParallelDataFails(message="the file is broken"))
    report = book.sync()
    assert waiting(report) == []
    assert any(
        "Active Custom Translation was not used" in note and "the file is broken" in note for note in report.notes
    )
    assert book.jobs() == []


def test_without_credentials_one_line_says_so(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    report = book.sync()
    errors = {section.error for section in report.sections if section.error}
    assert len(errors) == 1
    assert "there are no AWS credentials" in errors.pop()


PASSING = {
    "results unreadable": faults.ServerError(times=6, operation="S3 GET"),
    "list of jobs refused": faults.AccessDenied(times=1, operation="ListTextTranslationJobs"),
}


@pytest.mark.parametrize("name", PASSING)
def test_an_error_while_waiting_loses_no_job_that_is_paid_for(book: Book, name: str) -> None:
    def strike(number: int, operation: str, when: When) -> None:
        if operation == "StartTextTranslationJob" and when == When.AFTER:
            book.sandbox.inject(PASSING[name])

    book.sandbox.on_request = strike
    failed = book.sync()
    assert [section for section in failed.sections if section.error]
    book.sandbox.on_request = None
    book.sandbox.clear_faults()
    report = book.sync()
    assert waiting(report) == []
    assert book.jobs() == ["COMPLETED"]


def test_a_bucket_that_cannot_be_cleaned_is_a_note(book: Book) -> None:
    book.sandbox.inject(faults.AccessDenied(operation="S3 POST"))
    report = book.sync()
    assert report.commit is not None
    assert any("could not clean up" in note for note in report.notes)


def test_parallel_data_that_are_refused_are_done_without(book: Book) -> None:
    book.sandbox.inject(faults.AccessDenied(operation="CreateParallelData"))
    report = book.sync()
    assert waiting(report) == []
    assert any("Active Custom Translation was not used" in note for note in report.notes)


# Killed at any point between upload and result, then run again.


@pytest.fixture(scope="module")
def start_process(server: AmazonSandbox) -> Callable[[Path, Path], multiprocessing.process.BaseProcess]:
    """Starts `amts sync --engine amazon` in a process of its own, forked from one that has it loaded."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["bot.cli", "sync.engines.amazon.engine"])
    os.environ.update(server.environment())  # what the server of forks begins with, they all have

    def start(source: Path, target: Path) -> multiprocessing.process.BaseProcess:
        process = context.Process(target=_run, args=(["sync", str(source), str(target), "--engine", "amazon"],))
        process.start()
        return process

    return start


def test_a_process_that_is_killed_costs_nothing_twice(
    tmp_path: Path, sandbox: AmazonSandbox, start_process: Callable[[Path, Path], multiprocessing.process.BaseProcess]
) -> None:
    book = Book(tmp_path, sandbox)
    options = json.dumps(book.options())
    (book.targets["zh"] / config.PATH).write_text(f"language: zh\nengine: {{name: amazon, options: {options}}}\n")
    git(book.targets["zh"], "commit", "--quiet", "-am", "Choose the engine")
    seen: list[tuple[str, When]] = []

    def note(number: int, operation: str, when: When) -> None:
        seen.append((operation, when))

    def run(name: str) -> Path:
        target = tmp_path / name
        shutil.copytree(book.targets["zh"], target)
        return target

    sandbox.on_request = note
    target = run("whole")
    process = start_process(book.source, target)
    process.join(60)
    assert process.exitcode == 0
    points = len(seen)
    assert points > 10
    wanted = _tree(target)

    for point in range(0, points, 1 if os.environ.get("AMTS_KILLS") == "all" else 3):
        target = run(f"killed{point}")
        killed = _kill_at(point, sandbox, start_process(book.source, target))
        sandbox.on_request = None
        again = start_process(book.source, target)
        again.join(60)
        assert again.exitcode == 0, (point, seen[point])
        resource = f"amts-{target.name}-en-zh"
        jobs = [job for job in sandbox.jobs if resource == job.parallel_data]
        assert len(jobs) == 1, (point, seen[point], killed)
        assert sandbox.parallel_data[resource].versions == 1, (point, seen[point])
        assert _tree(target) == wanted, (point, seen[point])


def _kill_at(point: int, sandbox: AmazonSandbox, process: multiprocessing.process.BaseProcess) -> bool:
    """Kills the process when it comes to that point; False where it came to its end before."""
    count = 0

    def strike(number: int, operation: str, when: When) -> None:
        nonlocal count
        count += 1
        if count == point + 1 and process.pid is not None:
            os.kill(process.pid, signal.SIGKILL)

    sandbox.on_request = strike
    process.join(60)
    return process.exitcode == -signal.SIGKILL


def _tree(target: Path) -> str:
    return git(target, "rev-parse", "amts/sync^{tree}")
