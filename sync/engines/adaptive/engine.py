"""The engines `local`, `openai` and `bedrock`: what the book knows already, then a model that is shown the book.

Nothing is remembered but the answers of the model and what they took, in the cache: what is still to be asked follows
from it, so that any process can go on with a job, and what was answered once is not asked again.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

from sync.engines.adaptive.asking import Asking
from sync.engines.adaptive.budget import Budget
from sync.engines.adaptive.cache import Cache
from sync.engines.adaptive.model import Model, Spent
from sync.engines.adaptive.options import Options
from sync.engines.adaptive.prompt import Material, terms_in
from sync.engines.adaptive.purse import current_purse
from sync.engines.adaptive.retrieval import Retriever
from sync.engines.adaptive.run import Run
from sync.engines.amazon.documents import has_words
from sync.engines.base import Answers, EngineError, Handle, Job, Knowledge, dump_job, job_of
from sync.engines.memory import MemoryTranslator
from sync.model import Cost, Request, Translation

_CONFIDENCE = 0.5  # a machine's sentence is never certain, however good it reads
# Seconds that one `poll` waits; longer with a job that runs long: a bot writes down each of them.
_TURN = 5.0
_LONGEST_TURN = 60.0
_SHARE = 20  # of the time that a job has run


class AdaptiveTranslator:
    """A model that is shown, with each segment, the most relevant of the book's own translation units."""

    pause = 0.2

    def __init__(self, name: str, knowledge: Knowledge, model: Model, options: Options, cache: Cache) -> None:
        """Raises EngineError where a limit is set in dollars, and the price is not known."""
        if options.max_cost is not None and model.prices is None and name != "local":
            raise EngineError(
                f"engine {name}: max_cost takes a price: set AMTS_{name.upper()}_PRICES to the dollars for a million "
                "tokens read, and written ('0 0' where nothing is paid)"
            )
        self.name = name
        self._knowledge = knowledge
        self._model = model
        self._options = options
        self._cache = cache
        self._asking = Asking(name, model, cache, options.retry, threading.Semaphore(model.concurrency))
        self._budget = Budget(name, model.prices, options.max_cost, options.max_characters)
        self._retrievers: dict[tuple[str, str], Retriever] = {}
        self._purse = current_purse() or secrets.token_hex(16)
        self._planned: dict[str, Run] = {}  # by their jobs, which were not submitted yet
        self._runs: dict[Handle, Run] = {}
        self._lock = threading.RLock()
        # Nobody can ask for the answers any more once this is gone; what was answered is kept.
        weakref.finalize(self, _stop_all, self._runs).atexit = False

    # The protocol.

    def estimate(self, job: Job) -> Cost | None:
        """What a job would cost at most, by an estimate of its tokens; what is kept costs nothing. None: no price."""
        cost = self._budget.cost(self._plan(job).questions)
        objection = self._budget.objection(cost)
        if self._model.prices is None and objection is None:
            return None
        return replace(cost, remarks=(objection,) if objection else ())

    def outlook(self, job: Job) -> str:
        """What would be asked of the model for a job, for people."""
        asked = [question.estimate for question in self._plan(job).questions]
        read, written = (sum(getattr(each, name) for each in asked) for name in ("input_tokens", "output_tokens"))
        return (
            f"engine {self.name}: {len(asked):,} requests, about {read:,} tokens read, {written:,} written at most; "
            "the rest is known from the book, or was answered before"
        )

    def submit(self, job: Job) -> Handle:
        """The job itself: it is worked on by whoever polls. Raises EngineError where it is over the limits."""
        with self._lock:
            run = self._plan(job)
            if objection := self._budget.objection(self._budget.cost(run.questions)):
                raise EngineError(objection)
            del self._planned[dump_job(job)]
            fields = {"engine": self.name, "purse": self._purse, "run": run.id, "job": json.loads(dump_job(job))}
            handle = json.dumps(fields, ensure_ascii=False, sort_keys=True)
            self._runs[handle] = run
            return handle

    def poll(self, handle: Handle) -> Answers | None:
        """Waits some seconds for the model; the answers once each segment has one. Raises EngineError, JobError.

        The model is asked on until the job is done, also between two polls.
        """
        run = self._run(handle)
        run.start(partial(self._budget.reserve, self._cache, run.purse, run.id))
        turn = min(max(_TURN, (time.monotonic() - run.began) / _SHARE), _LONGEST_TURN)
        try:
            return self._answers(run) if run.wait(turn) else None
        except EngineError:
            self._drop(handle)  # whoever asks again begins anew
            raise

    def done(self, handle: Handle) -> int:
        """How many segments of a job have their answer."""
        run = self._run(handle)
        return len(run.known) + len(run.found)

    def spent(self, handle: Handle) -> Spent:
        """What was asked of the model for a job, in whichever processes."""
        return self._cache.spent(self._run(handle).id)

    def finish(self, handle: Handle) -> None:
        """The answers stay in the cache: they are worth as much to the next job."""
        self._drop(handle)

    # A job at work.

    def _plan(self, job: Job) -> Run:
        key = dump_job(job)
        with self._lock:
            if key not in self._planned:
                # A name of its own: what a run before it spent is not this one's.
                self._planned[key] = self._begun(self._purse, secrets.token_hex(16), job)
            return self._planned[key]

    def _run(self, handle: Handle) -> Run:
        with self._lock:
            if handle not in self._runs:
                self._runs[handle] = self._begun(*self._load(handle))
            return self._runs[handle]

    def _drop(self, handle: Handle) -> None:
        with self._lock:
            run = self._runs.pop(handle, None)
        if run is not None:
            run.close()

    def _load(self, handle: Handle) -> tuple[str, str, Job]:
        try:
            fields = json.loads(handle)
            if fields["engine"] != self.name:
                raise ValueError
            return str(fields["purse"]), str(fields["run"]), job_of(fields["job"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise EngineError("not a handle of this engine: submit the job again") from None

    def _begun(self, purse: str, id: str, job: Job) -> Run:
        # What differs from a unit of the book by tokens and numbers at most needs no model.
        exact = MemoryTranslator(self._knowledge.memory, 1.0)
        known: dict[str, Translation] = {}
        materials: dict[str, Material] = {}
        for request_id, translation in exact.poll(exact.submit(job)).translations.items():
            if translation.text is not None:
                known[request_id] = translation
        for request in job.requests:
            if request.id in known:
                continue
            if has_words(request.source):
                materials[request.id] = self._material(job, request)
            else:
                known[request.id] = Translation(request.id, request.source, "nothing to translate")
        usual = self._retriever(job.source_language, job.target_language).usual_ratio if materials else None
        return Run(purse, id, job, known, materials, self._asking, usual)

    def _material(self, job: Job, request: Request) -> Material:
        languages = (job.source_language, job.target_language)
        return Material(
            request.source,
            languages,
            self._retriever(*languages).examples(request.source, self._options.examples),
            terms_in(request.source, self._knowledge.terms),
            request.previous,
            job.around.get(request.id, ("", "")) if self._options.around else ("", ""),
        )

    def _retriever(self, source_language: str, language: str) -> Retriever:
        languages = (source_language, language)
        if languages not in self._retrievers:
            self._retrievers[languages] = Retriever(self._knowledge.units, language, source_language)
        return self._retrievers[languages]

    # What comes of it.

    def _answers(self, run: Run) -> Answers:
        translations = dict(run.known)
        near = self._near(run, (id for id, found in run.found.items() if found.text is None))
        for id, found in run.found.items():
            if found.text is not None:
                translations[id] = Translation(id, found.text, f"machine translation ({self.name})", _CONFIDENCE)
            else:
                fault = f"{self.name}: {found.fault}"
                translations[id] = replace(near[id], reason=f"{near[id].reason}; {fault}" if near[id].text else fault)
        spent = self._cache.spent(run.id)
        cost = Cost(spent.characters, spent.characters, self._budget.dollars(spent)) if self._model.prices else None
        return Answers(translations, self._notes(run, spent), cost)

    def _near(self, run: Run, ids: Iterable[str]) -> Mapping[str, Translation]:
        """What the translators wrote for nearly the same: where the model fails, better than nothing."""
        wanted = set(ids)
        job = replace(run.job, requests=tuple(request for request in run.job.requests if request.id in wanted))
        fuzzy = MemoryTranslator(self._knowledge.memory)
        return fuzzy.poll(fuzzy.submit(job)).translations

    def _notes(self, run: Run, spent: Spent) -> tuple[str, ...]:
        if not run.materials:
            return ()
        price = ", at a price that is not known" if self._model.prices is None and self.name != "local" else ""
        waiting = sum(found.text is None for found in run.found.values())
        return (
            f"engine {self.name}: {spent.requests:,} requests, {spent.input_tokens:,} tokens read and "
            f"{spent.output_tokens:,} written{price}; no answer could be used "
            f"for {waiting:,} of {len(run.materials):,} segments",
        )


def _stop_all(runs: Mapping[Handle, Run]) -> None:
    for run in runs.values():
        run.stop()
