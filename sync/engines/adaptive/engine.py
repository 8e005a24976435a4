"""The engines `local`, `openai` and `bedrock`: what the book knows already, then a model that is shown the book.

Nothing is remembered but the answers of the model, in the cache: what is still to be asked follows from it, so that
any process can go on with a job, and what was answered once is not asked again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace

from sync.engines.adaptive.asking import Asking, Found
from sync.engines.adaptive.cache import Cache
from sync.engines.adaptive.model import Model, Prompt, Reply
from sync.engines.adaptive.options import Options
from sync.engines.adaptive.prompt import Material, terms_in
from sync.engines.adaptive.retrieval import Retriever
from sync.engines.adaptive.run import Run, Spent
from sync.engines.amazon.documents import has_words
from sync.engines.base import Answers, EngineError, Handle, Job, JobError, Knowledge, dump_job, job_of
from sync.engines.memory import MemoryTranslator
from sync.model import Cost, Request, Translation

_CONFIDENCE = 0.5  # a machine's sentence is never certain, however good it reads
_TURN = 5.0  # seconds that one `poll` works on a job


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
        self._asking = Asking(name, model, cache, options.retry)
        self._retrievers: dict[tuple[str, str], Retriever] = {}
        self._runs: dict[Handle, Run] = {}

    # What it costs.

    def estimate(self, job: Job) -> Cost | None:
        """What a job would cost at most, if no answer is refused; what is kept costs nothing. None: no price."""
        cost = self._estimated(self._begun(job))
        objection = self._objection(cost)
        if self._model.prices is None and objection is None:
            return None
        return replace(cost, remarks=(objection,) if objection else ())

    def _estimated(self, run: Run) -> Cost:
        first = {id: self._asking.first(material) for id, material in run.materials.items()}
        keys = {self._asking.key(prompt): (id, prompt) for id, prompt in first.items() if prompt}
        sent = [item for key, item in keys.items() if self._asking.cache.get(key) is None]
        return Cost(
            sum(len(run.materials[id].source) for id, _ in sent),
            sum(prompt.characters for _, prompt in sent),
            sum(self._price(prompt) for _, prompt in sent),
        )

    def _price(self, prompt: Prompt) -> float:
        prices = self._model.prices
        return prices.dollars(prompt.tokens, prompt.answer_tokens) if prices else 0.0

    def _objection(self, cost: Cost) -> str | None:
        """Why work of that cost is refused; None where it is not."""
        options = self._options
        dearer = options.max_cost is not None and cost.dollars > options.max_cost
        longer = options.max_characters is not None and cost.characters > options.max_characters
        if not dearer and not longer:
            return None
        limit = f"max_cost of ${options.max_cost:g}" if dearer else f"max_characters of {options.max_characters:,}"
        return (
            f"engine {self.name}: {cost.characters:,} characters would cost up to ${cost.dollars:,.2f}, over the "
            f"{limit}, and nothing was sent: raise it, or draft fewer sections"
        )

    # The protocol.

    def submit(self, job: Job) -> Handle:
        """The job itself: it is worked on by whoever polls. Raises EngineError where it is over the limits."""
        run = self._begun(job)
        if objection := self._objection(self._estimated(run)):
            raise EngineError(objection)
        fields = {"engine": self.name, "job": json.loads(dump_job(job))}
        handle = json.dumps(fields, ensure_ascii=False, sort_keys=True)
        self._runs.setdefault(handle, run)
        return handle

    def poll(self, handle: Handle) -> Answers | None:
        """Asks the model for some seconds; the answers once each segment has one. Raises EngineError, JobError."""
        run = self._run(handle)
        until = time.monotonic() + _TURN
        while wanted := self._wanted(run):
            asked = self._asking.ask(wanted, until, lambda prompt, reply: self._count(run, prompt, reply))
            if not asked or time.monotonic() >= until:
                return None
        return self._answers(run)

    def done(self, handle: Handle) -> int:
        """How many segments of a job have their answer."""
        run = self._run(handle)
        return len(run.known) + len(run.found)

    def spent(self, handle: Handle) -> Spent:
        """What this process has asked of the model for a job."""
        return self._run(handle).spent

    def finish(self, handle: Handle) -> None:
        """The answers stay in the cache: they are worth as much to the next job."""
        self._runs.pop(handle, None)

    # What is asked.

    def _run(self, handle: Handle) -> Run:
        if handle not in self._runs:
            self._runs[handle] = self._begun(self._load(handle))
        return self._runs[handle]

    def _load(self, handle: Handle) -> Job:
        try:
            fields = json.loads(handle)
            if fields["engine"] != self.name:
                raise ValueError
            return job_of(fields["job"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise EngineError("not a handle of this engine: submit the job again") from None

    def _begun(self, job: Job) -> Run:
        # What differs from a unit of the book by tokens and numbers at most needs no model.
        exact = MemoryTranslator(self._knowledge.memory, 1.0)
        known: dict[str, Translation] = {}
        materials: dict[str, Material] = {}
        for id, translation in exact.poll(exact.submit(job)).translations.items():
            if translation.text is not None:
                known[id] = translation
        for request in job.requests:
            if request.id in known:
                continue
            if has_words(request.source):
                materials[request.id] = self._material(job, request)
            else:
                known[request.id] = Translation(request.id, request.source, "nothing to translate")
        return Run(job, known, materials)

    def _material(self, job: Job, request: Request) -> Material:
        languages = (job.source_language, job.target_language)
        return Material(
            request.source,
            languages,
            self._retriever(languages).examples(request.source, self._options.examples),
            terms_in(request.source, self._knowledge.terms),
            request.previous,
            job.around.get(request.id, ("", "")) if self._options.around else ("", ""),
        )

    def _retriever(self, languages: tuple[str, str]) -> Retriever:
        if languages not in self._retrievers:
            source_language, language = languages
            self._retrievers[languages] = Retriever(self._knowledge.units, language, source_language)
        return self._retrievers[languages]

    def _wanted(self, run: Run) -> dict[str, Prompt]:
        """The prompts that are to be asked next, each once, by their key; what needs none is settled."""
        wanted: dict[str, Prompt] = {}
        for id, material in run.materials.items():
            if id in run.found:
                continue
            match self._asking.next(material, self._retriever(material.languages).usual_ratio):
                case Found() as found:
                    run.found[id] = found
                case Prompt() as prompt:
                    wanted[self._asking.key(prompt)] = prompt
        return wanted

    def _count(self, run: Run, prompt: Prompt, reply: Reply | None) -> None:
        """What is spent on a run. Raises JobError before it is more than the limit."""
        prices, limit = self._model.prices, self._options.max_cost
        with run.lock:
            if reply is not None:
                run.spent = run.spent.and_for(reply)
                return
            spent = prices.dollars(run.spent.input_tokens, run.spent.output_tokens) if prices else 0.0
        if limit is not None and spent + self._price(prompt) > limit:
            raise JobError(
                f"engine {self.name}: ${spent:,.2f} were spent, and more would go over the max_cost of ${limit:g}: "
                "what was answered is kept; raise it, and run it again"
            )

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
        return Answers(translations, self._notes(run), self._cost(run))

    def _near(self, run: Run, ids: Iterable[str]) -> Mapping[str, Translation]:
        """What the translators wrote for nearly the same: where the model fails, better than nothing."""
        wanted = set(ids)
        job = replace(run.job, requests=tuple(request for request in run.job.requests if request.id in wanted))
        fuzzy = MemoryTranslator(self._knowledge.memory)
        return fuzzy.poll(fuzzy.submit(job)).translations

    def _notes(self, run: Run) -> tuple[str, ...]:
        if not run.materials:
            return ()
        price = ", at a price that is not known" if self._model.prices is None and self.name != "local" else ""
        waiting = sum(found.text is None for found in run.found.values())
        return (
            f"engine {self.name}: {run.spent.requests:,} requests, {run.spent.input_tokens:,} tokens read and "
            f"{run.spent.output_tokens:,} written{price}; no answer could be used "
            f"for {waiting:,} of {len(run.materials):,} segments",
        )

    def _cost(self, run: Run) -> Cost | None:
        prices = self._model.prices
        if prices is None:
            return None
        characters = sum(len(material.source) for material in run.materials.values()) if run.spent.requests else 0
        return Cost(characters, characters, prices.dollars(run.spent.input_tokens, run.spent.output_tokens))
