"""The engine `amazon`: what the book knows already, then a batch job with ACT, or TranslateText.

`submit` puts everything that the work needs into the bucket and into the handle; `poll` asks the service how
things stand and takes the next step. Nothing else is remembered, so it may be called by any process, in any order.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property

from sync import terminology
from sync.cleaning import ParallelData, clean
from sync.engines.amazon import jobs, resources
from sync.engines.amazon.bucket import Bucket
from sync.engines.amazon.client import Aws, Busy, region_of_environment
from sync.engines.amazon.documents import documents, element, has_words, read_translation
from sync.engines.amazon.facts import ACT_REGIONS, FORMALITY, NO_PROFANITY
from sync.engines.amazon.jobs import Batch
from sync.engines.amazon.options import Options
from sync.engines.amazon.resources import Data, Ready, Unusable, Waiting
from sync.engines.amazon.texts import Answer, Way, translate_texts
from sync.engines.base import Answers, EngineError, Handle, Job, JobError, Knowledge, exceeded, job_of
from sync.engines.memory import exact_match
from sync.model import Cost, Request, Translation
from sync.parallel_data import write_units
from sync.spans import SpanFault

_log = logging.getLogger(__name__)
_MILLION = 1_000_000
# A machine's sentence is never certain, however good it reads.
_CONFIDENCE = 0.5


@dataclass(frozen=True, slots=True)
class Work:
    """What a handle holds: all that is needed to go on with a job in another process."""

    job: Job  # the requests that the book itself does not answer
    known: Mapping[str, Translation]
    act: bool
    submitted: float  # seconds since the epoch
    notes: tuple[str, ...] = ()
    batch: Batch | None = None  # where ACT is used
    data: Data | None = None
    terms: tuple[str, str] | None = None  # name and fingerprint of the terminology


class AmazonTranslator:
    """Amazon Translate, with the book's own sentence pairs as parallel data."""

    name = "amazon"

    def __init__(self, knowledge: Knowledge, options: Options) -> None:
        self._knowledge = knowledge
        self._options = options
        self.pause = options.poll

    # What it costs.

    def estimate(self, job: Job) -> Cost:
        """What a job would cost, with ACT and without; nothing is sent. Raises EngineError."""
        left, _ = self._split(job)
        act, notes = self._decide(job)
        cost = self._cost(left, act)
        objection = self._objection(cost)
        return replace(cost, remarks=(*notes, *([objection] if objection else [])))

    def _cost(self, requests: Sequence[Request], act: bool) -> Cost:
        texts = _texts(requests)
        prices = self._options.prices
        batch = sum(len(document.html) for document in documents(texts))
        single = sum(len(element("s0", text)) for text in texts)
        ways = {"with ACT": batch * prices.act / _MILLION, "without ACT": single * prices.standard / _MILLION}
        billed = batch if act else single
        return Cost(sum(map(len, texts)), billed, ways["with ACT" if act else "without ACT"], ways)

    def _check_limits(self, cost: Cost) -> None:
        if objection := self._objection(cost):
            raise EngineError(objection)

    def _objection(self, cost: Cost) -> str | None:
        """Why work of that cost is refused; None where it is not."""
        limit = exceeded(cost.dollars, cost.billed, self._options.max_cost, self._options.max_characters)
        if limit is None:
            return None
        return (
            f"engine amazon: {cost.billed:,} characters (with markup) would cost ${cost.dollars:,.2f}, over the "
            f"{limit}, and nothing was sent: raise it, or draft fewer sections; without ACT it would cost "
            f"${cost.alternatives['without ACT']:,.2f}"
        )

    # The protocol.

    def submit(self, job: Job) -> Handle:
        """Puts documents and parallel data into the bucket and takes the first step.

        Raises EngineError (over the limits, wrong settings), JobError (the service refuses).
        """
        left, known = self._split(job)
        act, notes = self._decide(job)
        self._check_limits(self._cost(left, act))
        work = Work(replace(job, requests=tuple(left)), known, act, time.time(), (*notes, *self._unsuited(job)))
        if not _texts(left):
            return _dump(work)
        work = self._with_terms(work)
        if not act:
            return _dump(work)
        work, started = self._stored(work)
        if not started:
            self._begin(work)
        return _dump(work)

    def poll(self, handle: Handle) -> Answers | None:
        """Takes the next step; the answers once the service has given them. Raises EngineError, JobError."""
        work = _load(handle)
        if not _texts(work.job.requests):
            return self._answers(work, {}, "")
        if work.batch is None:
            return self._translate_texts(work)
        found = jobs.find(self._aws, work.batch.name, work.batch.spent)
        if not found:
            return self._begin(work)
        return self._follow(work, found[-1])

    def finish(self, handle: Handle) -> None:
        """Removes the job's folder from the bucket, and the book's resources unless they are kept. Raises JobError."""
        work = _load(handle)
        if work.batch is not None:
            self._bucket.remove(f"{work.batch.folder}/")
        if not self._options.keep:
            if work.data is not None:
                resources.remove(self._aws, self._bucket, work.data)
            if work.terms is not None:
                resources.remove_terms(self._aws, work.terms[0])

    # What is sent, and how.

    def _split(self, job: Job) -> tuple[list[Request], dict[str, Translation]]:
        """The requests that must be sent, and the answers to the others."""
        left: list[Request] = []
        known: dict[str, Translation] = {}
        for request in job.requests:
            if found := exact_match(self._knowledge.memory, request):
                known[request.id] = found
            elif not has_words(request.source):
                known[request.id] = Translation(request.id, request.source, "nothing to translate")
            else:
                left.append(request)
        return left, known

    def _decide(self, job: Job) -> tuple[bool, tuple[str, ...]]:
        """Whether ACT is used, and where it is wanted and cannot be, why. Raises EngineError."""
        options = self._options
        if options.act == "never":
            return False, ()
        region = options.region or region_of_environment()
        reason = None
        if options.bucket is None or options.role is None:
            reason = "it needs a bucket and a role (AMTS_AMAZON_BUCKET, AMTS_AMAZON_ROLE)"
        elif region is not None and region not in ACT_REGIONS:
            reason = f"it is not offered in {region}, only in {', '.join(sorted(ACT_REGIONS))}"
        elif not self._parallel_data(job).units:
            reason = "the book has no sentence pairs yet"
        if reason is None:
            return True, ()
        if options.act == "always":
            raise EngineError(f"engine amazon: act is `always`, but {reason}; set it right, or set act to auto")
        return False, (f"Active Custom Translation was not used: {reason}",)

    def _unsuited(self, job: Job) -> list[str]:
        """A note on each setting that the language does not have."""
        notes = []
        if self._options.formality and job.target_language not in FORMALITY:
            notes.append(f"formality is not set: Amazon Translate does not offer it for {job.target_language}")
        if self._options.profanity and job.target_language in NO_PROFANITY:
            notes.append(f"profanity is not masked: Amazon Translate does not offer it for {job.target_language}")
        return notes

    def _formality(self, job: Job) -> str | None:
        return self._options.formality if job.target_language in FORMALITY else None

    def _profanity(self, job: Job) -> str | None:
        return None if job.target_language in NO_PROFANITY else self._options.profanity

    def _parallel_data(self, job: Job) -> ParallelData:
        languages = (job.source_language, job.target_language)
        if languages not in self._cleaned:
            self._cleaned[languages] = clean(self._knowledge.units, job.target_language, job.source_language)
        return self._cleaned[languages]

    @cached_property
    def _cleaned(self) -> dict[tuple[str, str], ParallelData]:
        return {}

    @cached_property
    def _aws(self) -> Aws:
        return Aws(self._options.region)

    @cached_property
    def _bucket(self) -> Bucket:
        if self._options.bucket is None:
            raise EngineError("engine amazon: the job is in a bucket: set the option bucket to it")
        return Bucket(self._aws, self._options.bucket)

    def _name(self, job: Job) -> str:
        """What the book's resources are called at the service."""
        project = self._options.project or self._knowledge.project
        slug = "-".join(re.findall(r"[A-Za-z0-9]+", project))[:100]
        if slug != project.replace("/", "-"):  # two books must not share what only looks the same
            slug = f"{slug or 'book'}-{hashlib.sha256(project.encode()).hexdigest()[:8]}"
        return f"amts-{slug}-{job.source_language}-{job.target_language}"

    def _with_terms(self, work: Work) -> Work:
        if not self._knowledge.terms:
            return work
        return replace(work, terms=(self._name(work.job), hashlib.sha256(self._terms_csv(work.job)).hexdigest()))

    def _terms_csv(self, job: Job) -> bytes:
        return terminology.write_csv(self._knowledge.terms, job.target_language, job.source_language).encode()

    def _stored(self, work: Work) -> tuple[Work, bool]:
        """The work with everything of it in the bucket, and whether its job was started before. Raises JobError."""
        job, prefix = work.job, self._options.prefix
        parallel = self._parallel_data(job)
        name = self._name(job)
        data = Data(name, f"{prefix}/parallel-data/{name}/{parallel.fingerprint}.csv", parallel.fingerprint)
        files = documents(_texts(job.requests))
        batch = Batch(
            "",
            "",
            job.source_language,
            job.target_language,
            data.name,
            work.terms[0] if work.terms else None,
            self._formality(job),
            self._profanity(job),
        )
        digest = _digest([json.dumps([asdict(batch), data.fingerprint, work.terms]), *(file.html for file in files)])
        name = f"amts-{job.source_language}-{job.target_language}-{digest[:32]}"
        batch = replace(batch, name=name, folder=f"{prefix}/jobs/{digest[:32]}")
        earlier = jobs.find(self._aws, batch.name)
        batch = replace(batch, spent=tuple(state.id for state in earlier if self._is_spent(batch, state)))
        work = replace(work, batch=batch, data=data)
        started = len(batch.spent) < len(earlier)
        if not started:
            if self._bucket.age(data.key) is None:
                stream = io.StringIO(newline="")
                write_units(parallel.units, stream, "csv", job.target_language, job.source_language)
                self._bucket.put(data.key, stream.getvalue().encode(), "text/csv; charset=utf-8")
            jobs.upload(self._bucket, batch, files)
        return work, started

    def _is_spent(self, batch: Batch, state: jobs.State) -> bool:
        if state.status in jobs.RUNNING:
            return False
        return state.status not in jobs.DONE or not jobs.has_results(self._bucket, batch, state.id)

    # From step to step.

    def _begin(self, work: Work) -> Answers | None:
        """The next step towards the job: terminology, parallel data, the start of it. Raises JobError."""
        batch, data = _batch(work), work.data
        if data is None:
            raise EngineError("not a handle of this engine: submit the job again")
        if isinstance(self._ready_terms(work), Waiting):
            self._check_deadline(work, "the terminology")
            return None
        step = resources.follow(self._aws, self._bucket, data, work.submitted)
        match step:
            case Waiting():
                self._check_deadline(work, "the parallel data")
            case Unusable(reason):
                if self._options.act == "always":
                    raise JobError(f"Amazon: {reason}")
                _log.info("%s", reason)
                note = f"Active Custom Translation was not used: {reason}"
                return self._translate_texts(replace(work, notes=(*work.notes, note), act=False))
            case Ready():
                try:
                    jobs.start(self._aws, self._bucket, batch, self._options.role or "")
                except Busy:
                    self._check_deadline(work, "a free place for the job")
        return None

    def _ready_terms(self, work: Work) -> Ready | Waiting:
        if work.terms is None:
            return Ready()
        csv = self._terms_csv(work.job)
        if hashlib.sha256(csv).hexdigest() != work.terms[1]:
            raise JobError("Amazon: the terminology has changed since the job was submitted: submit it again")
        return resources.follow_terms(self._aws, work.terms[0], csv, work.terms[1])

    def _check_deadline(self, work: Work, what: str) -> None:
        hours = self._options.deadline
        if time.time() - work.submitted > hours * 3600:
            raise JobError(
                f"Amazon: waited {hours:g} hours for {what}: see the console of Amazon Translate, then try again"
            )

    def _follow(self, work: Work, state: jobs.State) -> Answers | None:
        """What became of a job that was started. Raises JobError where it came to nothing."""
        hours = self._options.deadline
        if state.status in jobs.RUNNING:
            since = state.submitted.timestamp() if state.submitted else work.submitted
            if time.time() - since <= hours * 3600:
                return None
            jobs.stop(self._aws, state.id)
            raise JobError(
                f"Amazon: the job {state.id} took more than {hours:g} hours and was stopped: "
                "run it again, or raise `deadline`"
            )
        if state.status not in jobs.DONE:
            said = f": {state.message}" if state.message else ""
            advice = "check bucket and role (`amts doctor`)" if state.status == "FAILED" else "it was stopped by hand"
            raise JobError(f"Amazon: the job {state.id} is {state.status}{said}: {advice}; run it again")
        return self._collect(work, state)

    def _collect(self, work: Work, state: jobs.State) -> Answers:
        batch = _batch(work)
        files = documents(_texts(work.job.requests))
        results = jobs.read(self._bucket, batch, state.id, files)
        answers = {
            text: _verified(text, results.elements.get(file.name, {}).get(id), results.faults.get(file.name))
            for file in files
            for id, text in file.texts.items()
        }
        answers |= self._second_try(work, {text: found for text, found in answers.items() if found.text is None})
        notes = [f"a document of the job was not translated: {fault}" for fault in sorted(set(results.faults.values()))]
        if work.data is not None and (note := resources.note_on(self._aws, work.data)):
            notes.append(note)
        return self._answers(replace(work, notes=(*work.notes, *notes)), answers, "Amazon Translate with ACT")

    def _second_try(self, work: Work, failed: Mapping[str, Answer]) -> dict[str, Answer]:
        """TranslateText for what came back damaged; kept in the bucket, so that it is asked, and paid for, once."""
        if not failed or not self._options.retry:
            return {}
        key = f"{_batch(work).folder}/second-try.json"
        if self._bucket.age(key) is not None:
            return {text: Answer(*found) for text, found in json.loads(self._bucket.get(key)).items()}
        requests = [Request(text, text) for text in failed]
        spent = self._cost(work.job.requests, act=True)
        again = self._cost(requests, act=False)
        try:
            self._check_limits(
                Cost(
                    spent.characters + again.characters,
                    spent.billed + again.billed,
                    spent.dollars + again.dollars,
                    again.alternatives,
                )
            )
            found = translate_texts(self._aws, failed, self._way(work))
        except EngineError as error:
            return {text: Answer(None, f"{answer.fault}; not tried again: {error}") for text, answer in failed.items()}
        tried = {
            text: Answer(answer.text, answer.fault and f"{failed[text].fault}; tried again: {answer.fault}")
            for text, answer in found.items()
        }
        stored = json.dumps({text: (answer.text, answer.fault) for text, answer in tried.items()})
        self._bucket.put(key, stored.encode(), "application/json")
        return tried

    def _translate_texts(self, work: Work) -> Answers | None:
        if isinstance(self._ready_terms(work), Waiting):
            self._check_deadline(work, "the terminology")
            return None
        found = translate_texts(self._aws, _texts(work.job.requests), self._way(work))
        return self._answers(work, found, "Amazon Translate")

    def _way(self, work: Work) -> Way:
        job = work.job
        return Way(
            job.source_language,
            job.target_language,
            work.terms[0] if work.terms else None,
            self._formality(job),
            self._profanity(job),
            self._options.concurrency,
        )

    def _answers(self, work: Work, found: Mapping[str, Answer], how: str) -> Answers:
        translations = dict(work.known)
        for request in work.job.requests:
            answer = found[request.source]
            reason = how if answer.text is not None else answer.fault
            translations[request.id] = Translation(request.id, answer.text, reason, _CONFIDENCE)
        cost = self._cost(work.job.requests, work.act) if work.job.requests else None
        return Answers(translations, work.notes, cost)


def _verified(text: str, inner: str | None, fault: str | None) -> Answer:
    if inner is None:
        return Answer(None, f"its document was not translated: {fault}" if fault else "the segment did not come back")
    try:
        return Answer(read_translation(text, inner))
    except SpanFault as damage:
        return Answer(None, str(damage))


def _texts(requests: Sequence[Request]) -> list[str]:
    """What is sent: each distinct text once."""
    return list(dict.fromkeys(request.source for request in requests))


def _digest(texts: Sequence[str]) -> str:
    """The same for the same texts in the same order."""
    found = hashlib.sha256()
    for text in texts:
        data = text.encode()
        found.update(f"{len(data)}:".encode() + data)
    return found.hexdigest()


def _batch(work: Work) -> Batch:
    if work.batch is None:
        raise EngineError("not a handle of this engine: submit the job again")
    return work.batch


def _dump(work: Work) -> Handle:
    return json.dumps({"engine": AmazonTranslator.name, **asdict(work)}, ensure_ascii=False, sort_keys=True)


def _load(handle: Handle) -> Work:
    """The work of a handle. Raises EngineError for one of another engine."""
    try:
        fields = json.loads(handle)
        if fields.pop("engine") != AmazonTranslator.name:
            raise ValueError
        batch, data, terms = fields["batch"], fields["data"], fields["terms"]
        return Work(
            job_of(fields["job"]),
            {id: Translation(**found) for id, found in fields["known"].items()},
            bool(fields["act"]),
            float(fields["submitted"]),
            tuple(map(str, fields["notes"])),
            Batch(**{**batch, "spent": tuple(batch["spent"])}) if batch else None,
            Data(**data) if data else None,
            (str(terms[0]), str(terms[1])) if terms else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise EngineError("not a handle of this engine: submit the job again") from None
