"""The experiment on articles: what is sent, what is kept from the engine, and how it is scored."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from bot.bench.articles import PUBLISHED, ArticleFigures, bench_articles, cost_table
from bot.bench.experiment import ArticleError, Experiment, Setup, Way, prepare
from bot.files import FileError
from bot.sandbox.amazon import AccessDenied, AmazonSandbox, JobFails, Pace, SegmentMissing
from sync.config import Engine
from sync.engines import EngineError
from sync.languages import UnknownLanguage
from sync.parallel_data import ParallelDataError
from sync.score import bleu, bleu_spread
from tests.bot.test_cli import amts, error_of

Rows = list[tuple[str, str]]

TEA: Rows = [
    ("Water for tea has `95` degrees.", "泡茶的水温是`95`度。"),
    ("The cup holds $c$ grams of leaves.", "杯子里有$c$克茶叶。"),
    ("Wait until the leaves have opened.", "等到叶子舒展开。"),
]
COFFEE: Rows = [
    ("Coffee is ground right before it is brewed.", "咖啡要在冲泡之前研磨。"),
    ("A coarse grind runs through too fast.", "磨得太粗，水流得太快。"),
]
MILK: Rows = [
    ("Milk is warmed but never boiled.", "牛奶只加热，从不煮沸。"),
    ("It foams best when it is cold at first.", "一开始是冷的，泡沫最好。"),
]


def quiet(stage: str, done: int, total: int) -> None:
    assert 0 <= done <= total


def section(folder: Path, path: str, title: tuple[str, str], paragraphs: Iterable[Rows]) -> None:
    """A pair of files; each paragraph holds several sentences."""
    texts = [
        "\n\n".join([f"# {title[side]}", *(join.join(row[side] for row in rows) for rows in paragraphs)]) + "\n"
        for side, join in ((0, " "), (1, ""))
    ]
    origin = folder / f"{path}_origin.md"
    origin.parent.mkdir(parents=True, exist_ok=True)
    origin.write_text(texts[0], encoding="utf-8")
    (folder / f"{path}.md").write_text(texts[1], encoding="utf-8")


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Two articles and a third section, which quotes a sentence of the first one in a paragraph of its own."""
    folder = tmp_path / "book"
    section(folder, "drinks/tea", ("Tea", "茶"), [TEA])
    section(folder, "drinks/coffee", ("Coffee", "咖啡"), [COFFEE])
    section(folder, "more/milk", ("Milk", "牛奶"), [MILK, [TEA[0], *MILK]])
    return folder


def tried(
    folder: Path, *names: str, seen: bool = False, added: tuple[Path, ...] = (), engine: str = "memory"
) -> Experiment:
    return prepare(Setup(folder, "zh", names, Engine(engine), added, seen), quiet)


def shown(figures: ArticleFigures) -> str:
    console = Console(width=300)
    with console.capture() as capture:
        for table in figures.tables():
            console.print(table)
    return capture.get()


def texts_known(experiment: Experiment, number: int) -> str:
    """What of the texts of the book an exact match in that trial would give away."""
    trial = experiment.trials[number]
    found = trial.translator.poll(trial.translator.submit(trial.job))
    assert found is not None
    return "".join(translation.text or "" for translation in found.translations.values())


def test_there_is_a_trial_for_each_direction_and_way(book: Path) -> None:
    trials = tried(book, "tea").trials
    languages = [(trial.job.source_language, trial.job.target_language) for trial in trials]
    assert languages == [("en", "zh")] * 3 + [("zh", "en")] * 3
    assert [trial.way for trial in trials] == [*Way, *Way]


def test_all_articles_go_in_one_job_sentence_by_sentence(book: Path) -> None:
    trials = tried(book, "tea", "drinks/coffee.md").trials
    english = [row[0] for row in [("Tea", "茶"), *TEA, ("Coffee", "咖啡"), *COFFEE]]
    chinese = [row[1] for row in [("Tea", "茶"), *TEA, ("Coffee", "咖啡"), *COFFEE]]
    for trial in trials:
        wanted = english if trial.job.source_language == "en" else chinese
        assert [request.source for request in trial.job.requests] == wanted
        assert len({request.id for request in trial.job.requests}) == len(wanted)


def test_without_parallel_data_nothing_is_known(book: Path) -> None:
    experiment = tried(book, "tea", seen=True)
    assert [trial.units for trial in experiment.trials if trial.way == Way.NONE] == [0, 0]
    assert texts_known(experiment, 0) == texts_known(experiment, 3) == ""


def test_an_article_is_held_out_wherever_its_sentences_stand(book: Path) -> None:
    experiment = tried(book, "tea")
    by_way = {trial.way: trial for trial in experiment.trials[:3]}
    # The title and three sentences, and the one of them that another section quotes.
    assert by_way[Way.SENTENCES].held_out == 1 + 3 + 1
    assert by_way[Way.SENTENCES].units == (1 + 2) + (1 + 2 + 2)
    # The title, the paragraph, and the other section's paragraph with the quoted sentence in it.
    assert by_way[Way.PARAGRAPHS].held_out == 1 + 1 + 1
    assert by_way[Way.PARAGRAPHS].units == (1 + 1) + (1 + 1)
    assert [texts_known(experiment, number) for number in range(6)] == [""] * 6


def test_what_is_added_is_held_out_too_and_the_rest_of_it_is_used(book: Path, tmp_path: Path) -> None:
    added = tmp_path / "added.csv"
    # The first has an article's source, the second its target, white space aside; the third is new.
    rows = [
        ("en", "zh"),
        (TEA[1][0], "别的话。"),
        ("Another sentence.", f" {TEA[2][1]}"),
        ("Honey is sweet.", "蜂蜜很甜。"),
    ]
    added.write_text("".join(f"{source},{target}\n" for source, target in rows), encoding="utf-8")
    alone, more = tried(book, "tea").trials, tried(book, "tea", added=(added,)).trials
    for before, after in zip(alone, more, strict=True):
        used = before.way != Way.NONE
        assert (after.units - before.units, after.held_out - before.held_out) == ((1, 2) if used else (0, 0))


def test_seen_leaves_the_articles_in_both_directions(book: Path) -> None:
    experiment = tried(book, "tea", seen=True)
    assert [trial.held_out for trial in experiment.trials] == [0] * 6
    outcomes = bench_articles(experiment, quiet).outcomes
    assert [outcome.scores[0].bleu for outcome in (outcomes[2], outcomes[5])] == pytest.approx([1.0, 1.0])
    assert all(outcome.scores[0].bleu < 0.9 for outcome in (outcomes[0], outcomes[3]))


def test_what_the_engine_does_not_answer_counts_as_left_standing(book: Path) -> None:
    figures = bench_articles(tried(book, "tea"), quiet)
    assert figures.failed
    into_chinese, into_english = figures.outcomes[2].scores[0], figures.outcomes[5].scores[0]
    english = [row[0] for row in [("Tea", "茶"), *TEA]]
    chinese = [row[1] for row in [("Tea", "茶"), *TEA]]
    assert [found.text for found in into_chinese.hypotheses] == english
    assert [found.reference for found in into_chinese.hypotheses] == chinese
    assert into_chinese.bleu == bleu(english, chinese, "zh").value
    assert into_english.bleu == bleu(chinese, english, "en").value
    assert "tok:zh" in into_chinese.signature
    assert "tok:13a" in into_english.signature
    assert "4 × left as they are: no match in the memory" in shown(figures)


def test_what_would_not_stand_in_a_draft_is_left_standing(book: Path, tmp_path: Path) -> None:
    # The English of a role that the translation has not: such an exact match breaks protected tokens.
    section(book, "drinks/juice", ("Juice", "果汁"), [[("Press `two` oranges by hand.", "用手榨`三`个橙子。")]])
    figures = bench_articles(tried(book, "juice", seen=True), quiet)
    (score,) = figures.outcomes[2].scores
    assert [found.fault is None for found in score.hypotheses] == [True, False]
    assert score.hypotheses[1].text == "Press `two` oranges by hand."
    assert figures.failed


def test_a_perfect_run_is_no_failure(book: Path) -> None:
    section(book, "drinks/juice", ("`J`", "`J`"), [[("`a` `b` `c` `d`", "`a` `b` `c` `d`")]])
    experiment = tried(book, "juice", seen=True)
    figures = ArticleFigures(experiment, bench_articles(experiment, quiet).outcomes[1:3])
    assert not figures.failed


def test_the_average_is_that_of_the_articles(book: Path) -> None:
    figures = bench_articles(tried(book, "tea", "coffee"), quiet)
    trial = json.loads(json.dumps(figures.to_json()))["trials"][0]
    scores = [article["bleu"] for article in trial["articles"]]
    assert len(scores) == 2
    assert trial["average"] == pytest.approx(sum(scores) / 2)
    assert f"{trial['average']:.3f}" in shown(figures)
    assert trial["published_average"] is None


def test_the_published_figures_stand_beside_those_articles_only(book: Path) -> None:
    section(book, "x/approx-training", ("Steep", "浸泡"), [[("Steep it for long.", "浸泡很久。")]])
    section(book, "x/bert-dataset", ("Pour", "倒"), [[("Pour it with care.", "小心地倒。")]])
    both = bench_articles(tried(book, "approx-training", "bert-dataset"), quiet)
    text = shown(both)
    assert all(
        f"({figure:.3f})" in text
        for name in ("approx-training", "bert-dataset")
        for way in PUBLISHED[name]
        for figure in way
    )
    averages = [trial["published_average"] for trial in both.to_json()["trials"]]  # type: ignore[attr-defined]
    assert averages == pytest.approx([0.5505, 0.5805, 0.639, 0.744, 0.789, 0.835])
    mixed = bench_articles(tried(book, "tea", "bert-dataset"), quiet)
    assert "(0.548)" in shown(mixed)
    assert [trial["published_average"] for trial in mixed.to_json()["trials"]] == [None] * 6  # type: ignore[attr-defined]
    korean = prepare(Setup(book, "ko", ("bert-dataset",), Engine("memory")), quiet)
    assert "(0.548)" not in shown(bench_articles(korean, quiet))


def test_the_published_averages_are_those_of_the_paper() -> None:
    columns = zip(*([*into, *back] for into, back in PUBLISHED.values()), strict=True)
    averages = [sum(column) / len(PUBLISHED) for column in columns]
    assert averages == pytest.approx([0.536, 0.5712, 0.6392, 0.7204, 0.786, 0.8456])


def test_an_article_that_cannot_be_read_is_left_out_and_reported(book: Path) -> None:
    (book / "drinks" / "coffee.md").write_bytes(b"\xff\xfe")
    (book / "more" / "milk.md").write_bytes(b"\xff\xfe")
    experiment = tried(book, "tea", "coffee")
    assert [article.path for article in experiment.articles] == ["drinks/tea.md"]
    assert list(experiment.errors) == ["drinks/coffee.md"]
    assert "more/milk.md: not used as parallel data" in experiment.notes[0]
    figures = bench_articles(experiment, quiet)
    assert figures.failed
    assert "left out: " in shown(figures)


def test_nothing_to_try_is_refused(book: Path) -> None:
    (book / "drinks" / "coffee.md").write_text("", encoding="utf-8")
    with pytest.raises(ArticleError, match=r"^drinks/coffee\.md: it has no aligned sentences$"):
        tried(book, "coffee")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("tee",), "no article 'tee'; did you mean tea?"),
        (("tea", "nothing/of/that"), "no article 'nothing/of/that'"),
        (("milk",), "2 articles are named 'milk': name one by its path, such as drinks/milk.md, more/milk.md"),
    ],
)
def test_a_name_must_fit_one_article(book: Path, names: tuple[str, ...], message: str) -> None:
    section(book, "drinks/milk", ("Milk", "牛奶"), [MILK])
    with pytest.raises(ArticleError) as raised:
        tried(book, *names)
    assert str(raised.value).startswith(message)


def test_an_article_may_be_named_twice_and_by_its_path(book: Path) -> None:
    section(book, "drinks/milk", ("Milk", "牛奶"), [MILK])
    experiment = tried(book, "more/milk", "tea", "drinks/tea.md")
    assert [article.path for article in experiment.articles] == ["more/milk.md", "drinks/tea.md"]


def test_wrong_input_is_refused(book: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(FileError):
        tried(empty, "tea")
    with pytest.raises(UnknownLanguage):
        prepare(Setup(book, "klingon", ("tea",), Engine("memory")), quiet)
    with pytest.raises(ArticleError, match="into itself"):
        prepare(Setup(book, "en", ("tea",), Engine("memory")), quiet)
    broken = tmp_path / "broken.csv"
    broken.write_text("xx,yy\na,b\n", encoding="utf-8")
    with pytest.raises(ParallelDataError):
        tried(book, "tea", added=(broken,))


def test_an_engine_that_is_not_paid_for_has_no_costs(book: Path) -> None:
    experiment = tried(book, "tea")
    assert experiment.estimate is None
    assert cost_table(experiment).row_count == 0


def test_the_confidence_interval_is_that_of_sacrebleus_command(tmp_path: Path) -> None:
    hypotheses, references = [row[1] for row in [*TEA, *COFFEE]], [row[1] for row in [*TEA[1:], *COFFEE, TEA[0]]]
    hypotheses[3] = references[3]
    names = tmp_path / "hypothesis", tmp_path / "reference"
    for name, lines in zip(names, (hypotheses, references), strict=True):
        name.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    options = ("-m", "bleu", "-tok", "zh", "--confidence", "-w", "6")
    command = [sys.executable, "-m", "sacrebleu", str(names[1]), "-i", str(names[0]), *options]
    said = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert bleu_spread(hypotheses, references, "zh") == pytest.approx(said["confidence_var"] / 100, abs=1e-6)
    assert said["confidence_var"] > 0
    assert bleu_spread(["a"], ["b"], "zh") == 0


def test_nothing_of_the_published_articles_is_given_away(d2l: Path) -> None:
    experiment = prepare(Setup(d2l / "zh", "zh", tuple(PUBLISHED), Engine("memory")), quiet)
    figures = bench_articles(experiment, quiet)
    assert [len(outcome.scores) for outcome in figures.outcomes] == [len(PUBLISHED)] * 6
    for outcome in figures.outcomes:
        found = [hypothesis for score in outcome.scores for hypothesis in score.hypotheses]
        assert len(found) > 200
        assert [
            hypothesis for hypothesis in found if hypothesis.fault is None and hypothesis.text == hypothesis.reference
        ] == []
    assert min(trial.units for trial in experiment.trials if trial.way != Way.NONE) > 1000


# The command.


def test_the_command_writes_json_alone_to_standard_output(book: Path) -> None:
    done = amts("bench", "articles", book, "-l", "zh", "--articles", "tea, coffee", "--engine", "memory", "--json")
    assert done.returncode == 1  # no sentence of theirs stands elsewhere
    found = json.loads(done.stdout)
    assert found["cost"] is None
    assert [trial["parallel_data"] for trial in found["trials"]] == ["none", "paragraphs", "sentences"] * 2
    assert found["trials"][0]["failed"] == found["trials"][0]["segments"] == 7
    assert found["trials"][0]["articles"][0]["hypotheses"][1]["source"] == TEA[0][0]


def test_the_command_prints_tables(book: Path) -> None:
    done = amts("bench", "articles", book, "-l", "zh", "--articles", "tea", "--engine", "memory", "--seen")
    assert "BLEU against the human translation" in done.stdout.decode()
    assert "average" in done.stdout.decode()


def test_the_command_refuses_wrong_names(book: Path) -> None:
    wrong = ("bench", "articles", book, "-l", "zh", "--engine", "memory", "--articles")
    assert "did you mean tea?" in error_of(2, *wrong, "tae")
    assert "at least one" in error_of(2, *wrong, " ,")


# With Amazon Translate, or what stands in for it.

NEAR: Rows = [("The milk is warmed slowly and it must never be brought to the boil.", "牛奶要慢慢加热，绝不能煮沸。")]
NEARER: Rows = [("The milk is warmed slowly and it must never be brought to a boil.", "牛奶慢慢热，别煮开。")]


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[AmazonSandbox]:
    with AmazonSandbox(pace=Pace(0.05, 0.02, 0.05)) as opened:
        for name, value in opened.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AMTS_AMAZON_BUCKET", opened.bucket)
        monkeypatch.setenv("AMTS_AMAZON_ROLE", opened.role)
        yield opened


@pytest.fixture
def large(book: Path) -> Path:
    """The book with more sections, so that parallel data are left when some are set aside as a test set."""
    section(book, "more/boil", ("Boil", "煮沸"), [NEARER])
    for number in range(12):
        rows = [(f"Blend {number} is best after {n} minutes of rest.", f"第{number}种最好放{n}分钟。") for n in (2, 5)]
        section(book, f"blends/blend-{number}", (f"Blend {number}", f"第{number}种"), [rows])
    section(book, "drinks/foam", ("Foam", "奶泡"), [NEAR, TEA[1:]])
    return book


def amazon(sandbox: AmazonSandbox, **options: object) -> Engine:
    return Engine("amazon", {"bucket": sandbox.bucket, "role": sandbox.role, "poll": 0.05, **options})


def test_amazon_is_tried_without_and_with_parallel_data(large: Path, sandbox: AmazonSandbox) -> None:
    experiment = prepare(Setup(large, "zh", ("foam", "coffee"), amazon(sandbox)), quiet)
    assert sandbox.requests == ()  # to say what it costs nothing is sent
    figures = bench_articles(experiment, quiet)
    assert not figures.failed
    names = {f"amts-bench-book-{way}-{pair}" for way in ("paragraphs", "sentences") for pair in ("en-zh", "zh-en")}
    assert {job.parallel_data for job in sandbox.jobs} == names
    assert len(sandbox.jobs) == 4
    assert sandbox.translated > 0
    # What the other section says of nearly the same is in the data of the sentences, and nothing else is known of it.
    none, _, sentences = (outcome.scores[0].hypotheses[1] for outcome in figures.outcomes[:3])
    assert none.source == NEAR[0][0]
    assert sentences.text == NEARER[0][1] != none.text
    back = figures.outcomes[5].scores[0].hypotheses[1]
    assert (back.source, back.reference) == (NEAR[0][1], NEAR[0][0])


def test_what_it_cost_is_what_was_estimated(large: Path, sandbox: AmazonSandbox) -> None:
    experiment = prepare(Setup(large, "zh", ("foam", "coffee"), amazon(sandbox)), quiet)
    estimate = experiment.estimate
    figures = bench_articles(experiment, quiet)
    assert estimate is not None
    assert figures.cost == estimate
    assert estimate.dollars == pytest.approx(sum(t.estimate.dollars for t in experiment.trials if t.estimate))
    assert estimate.characters == sum(len(r.source) for trial in experiment.trials for r in trial.job.requests)
    assert set(estimate.alternatives) == {"with ACT", "without ACT"}
    assert f"{estimate.characters:,}" in shown(figures)
    assert cost_table(experiment).row_count == 7


def test_what_it_makes_at_the_service_is_not_the_books_own_and_does_not_stay(
    large: Path, sandbox: AmazonSandbox
) -> None:
    bench_articles(prepare(Setup(large, "zh", ("foam",), amazon(sandbox)), quiet), quiet)
    assert all((job.parallel_data or "").startswith("amts-bench-") for job in sandbox.jobs)
    end = time.monotonic() + 10
    while sandbox.parallel_data and time.monotonic() < end:
        time.sleep(0.05)
    assert sandbox.parallel_data == {}


def test_act_is_used_or_refused_but_never_left_out_unseen(large: Path, sandbox: AmazonSandbox) -> None:
    with pytest.raises(EngineError, match="it needs a bucket and a role"):
        prepare(Setup(large, "zh", ("foam",), Engine("amazon")), quiet)
    assert sandbox.requests == ()


def test_a_job_that_fails_costs_no_other(large: Path, sandbox: AmazonSandbox) -> None:
    sandbox.inject(JobFails("out of order", times=1))
    figures = bench_articles(prepare(Setup(large, "zh", ("foam",), amazon(sandbox)), quiet), quiet)
    assert figures.failed
    assert [bool(outcome.error) for outcome in figures.outcomes].count(True) == 1
    assert "out of order" in shown(figures)
    assert "–" in shown(figures)


def test_credentials_that_are_refused_are_told(large: Path, sandbox: AmazonSandbox) -> None:
    sandbox.inject(AccessDenied(operation="TranslateText", times=None))
    figures = bench_articles(prepare(Setup(large, "zh", ("foam",), amazon(sandbox)), quiet), quiet)
    assert [outcome.error is not None for outcome in figures.outcomes] == [True, False, False] * 2
    assert "AccessDenied" in shown(figures)


def test_segments_that_come_back_damaged_are_counted(large: Path, sandbox: AmazonSandbox) -> None:
    sandbox.inject(SegmentMissing(every=2, times=None))
    experiment = prepare(Setup(large, "zh", ("foam",), amazon(sandbox, retry=False)), quiet)
    figures = bench_articles(experiment, quiet)
    assert figures.failed
    trials = figures.to_json()["trials"]
    assert isinstance(trials, list)
    assert any(0 < trial["failed"] < trial["segments"] for trial in trials)


COMMAND = ("bench", "articles", "-l", "zh", "--articles", "foam")


def test_nothing_is_spent_unasked(large: Path, sandbox: AmazonSandbox) -> None:
    done = amts(*COMMAND, large)
    assert done.returncode == 2
    assert done.stdout == b""
    told = done.stderr.decode()
    assert "What this will cost" in told
    assert "there is no terminal to ask on: add --yes" in told.splitlines()[-1]
    assert sandbox.requests == ()


def test_who_says_yes_is_not_asked_and_told_of_every_job_that_fails(large: Path, sandbox: AmazonSandbox) -> None:
    sandbox.inject(*(AccessDenied(operation=name, times=None) for name in ("TranslateText", "ListTextTranslationJobs")))
    done = amts(*COMMAND, large, "--yes", "--json")
    assert done.returncode == 1
    assert "TranslateText" in sandbox.requests
    trials = json.loads(done.stdout)["trials"]
    assert ["AccessDenied" in trial["error"] for trial in trials] == [True] * 6
    assert [trial["average"] for trial in trials] == [None] * 6


@pytest.mark.parametrize("limit", ["--max-cost", "AMTS_MAX_COST"])
def test_the_limit_holds_for_all_jobs_together(
    large: Path, sandbox: AmazonSandbox, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    experiment = prepare(Setup(large, "zh", ("foam",), amazon(sandbox)), quiet)
    costs = [trial.estimate.dollars for trial in experiment.trials if trial.estimate]
    between = (max(costs) + sum(costs)) / 2  # each alone is within it
    if limit == "AMTS_MAX_COST":
        monkeypatch.setenv(limit, str(between))
        done = amts(*COMMAND, large, "--yes")
    else:
        done = amts(*COMMAND, large, "--yes", limit, str(between))
    assert done.returncode == 2
    assert "over the limit of $" in done.stderr.decode().splitlines()[-1]
    assert sandbox.requests == ()


def test_whoever_is_at_the_terminal_is_asked(large: Path, sandbox: AmazonSandbox) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, b"n\n")
    root = str(Path(__file__).parents[2])
    ran = subprocess.run(
        [sys.executable, "-m", "bot.cli", *COMMAND, str(large)],
        stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, timeout=120, check=False,
        env=os.environ | {"PYTHONPATH": root},
    )  # fmt: skip
    os.close(theirs)
    told = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "[y/N]" in told
    assert "nothing was sent" in told
    assert ran.returncode == 1
    assert ran.stdout == b""
    assert sandbox.requests == ()
