"""A job at work in this process: threads that ask a model, until each segment has its answer or one thing stops all."""

from __future__ import annotations

import atexit
import heapq
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping

from sync.engines.adaptive.asking import Asking, Found
from sync.engines.adaptive.budget import Question
from sync.engines.adaptive.cache import Reserved
from sync.engines.adaptive.model import NoAnswer, Reply, Spent
from sync.engines.adaptive.prompt import Material
from sync.engines.base import EngineError, Job, JobError
from sync.faults import unexpected
from sync.model import Translation

_ELSEWHERE = 0.5  # seconds until it is looked again for what another process asks for
_FAREWELL = 10.0  # seconds for requests that are under way when nobody waits any more
_running: weakref.WeakSet[Run] = weakref.WeakSet()
Reserve = Callable[[Question], Reserved]


class Run:
    """A job on which this process works. `purse` and `id` are the same in all processes; `known` needs no model.

    Threads end by themselves once all is found, with the first error, and by `close`.
    """

    def __init__(
        self,
        purse: str,
        id: str,
        job: Job,
        known: Mapping[str, Translation],
        materials: Mapping[str, Material],
        asking: Asking,
        usual: float | None,
    ) -> None:
        """`usual`: see `sync.engines.adaptive.trust.read`."""
        self.purse = purse
        self.id = id
        self.job = job
        self.known = known
        self.materials = materials
        self.found: dict[str, Found] = {}
        self.began = time.monotonic()
        self._asking = asking
        self._usual = usual
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._is_begun = False
        self._error: EngineError | None = None
        self._questions: dict[str, Question] = {}
        self._waiting: dict[str, list[str]] = {}  # the segments that wait for a question's answer
        self._due: list[tuple[float, int, str]] = []  # a heap: when to ask, the order, the question
        self._order = 0
        self._flying = 0
        self._proven = False  # whether an answer has come
        new = [key for id in materials if (key := self._look(id)) is not None]
        # The shortest one first, which the others wait for; then the longest, so that none is alone at the end.
        new.sort(key=lambda key: -self._questions[key].prompt.answer_tokens)
        for key in [*new[-1:], *new[:-1]]:
            self._push(key, 0.0)

    @property
    def questions(self) -> list[Question]:
        """What is still to be asked, as far as is known."""
        with self._changed:
            return list(self._questions.values())

    def start(self, reserve: Reserve) -> None:
        """Begin to ask, if that is not done yet.

        `reserve` comes before each request, and may refuse it by a JobError.
        """
        with self._changed:
            if self._is_begun or not self._questions:
                return
            self._is_begun = True
            _running.add(self)
            try:
                for _ in range(min(self._asking.model.concurrency, len(self._questions))):
                    thread = threading.Thread(target=self._work, args=(reserve,), daemon=True)
                    thread.start()
                    self._threads.append(thread)
            except RuntimeError:  # no more threads are to be had: those that there are do it
                if not self._threads:
                    self._is_begun = False
                    raise JobError("no thread can be started to ask the model: stop other programs, or wait") from None

    def wait(self, seconds: float) -> bool:
        """Whether each segment has its answer within so many seconds. Raises what stopped it: EngineError."""
        with self._changed:
            self._changed.wait_for(lambda: self._error or not self._questions or self._stop.is_set(), seconds)
            if self._error:
                raise self._error
            return not self._questions

    def close(self) -> None:
        """Ask for nothing more. Requests that are under way have some seconds to end."""
        close_all([self])

    def stop(self) -> None:
        """Begin no request any more."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()

    def join(self, until: float) -> None:
        """Wait for requests that are under way, until a `time.monotonic()`."""
        for thread in list(self._threads):
            thread.join(max(until - time.monotonic(), 0.0))

    # In the threads.

    def _work(self, reserve: Reserve) -> None:
        try:
            while (key := self._take()) is not None:
                try:
                    self._ask(key, reserve)
                finally:
                    with self._changed:
                        self._flying -= 1
                        self._changed.notify_all()
        except EngineError as error:
            self._fail(error)
        except Exception as error:  # whatever it is: it must not leave the others waiting for this thread
            self._fail(EngineError(unexpected(error)))

    def _take(self) -> str | None:
        """The question to ask now; None where nothing is left, or nothing more is to be asked."""
        with self._changed:
            while self._questions and not self._stop.is_set():
                now = time.monotonic()
                # The first one goes alone: it tells whether the model answers at all, and how many tokens it takes.
                is_free = self._proven or not self._flying
                if is_free and self._due and self._due[0][0] <= now:
                    self._flying += 1
                    return heapq.heappop(self._due)[2]
                self._changed.wait(self._due[0][0] - now if is_free and self._due else None)
            return None

    def _ask(self, key: str, reserve: Reserve) -> None:
        with self._asking.places:
            if self._stop.is_set():
                return
            is_known = self._asking.reply(key) is not None or self._is_asked(key, reserve)
        with self._changed:
            if not is_known:
                self._push(key, time.monotonic() + _ELSEWHERE)
                return
            self._proven = True
            self._questions.pop(key)
            for id in self._waiting.pop(key):
                if (new := self._look(id)) is not None:
                    self._push(new, 0.0)
            self._changed.notify_all()

    def _is_asked(self, key: str, reserve: Reserve) -> bool:
        """Ask, unless another process does so at this moment."""
        cache = self._asking.cache
        if not cache.claim(key, self._asking.model.patience):
            return False
        try:
            self._asking.keep(key, self._answered(self._questions[key], reserve))
        finally:
            cache.release(key)
        return True

    def _answered(self, question: Question, reserve: Reserve) -> Reply:
        """The answer, and what it took noted."""
        cache, model = self._asking.cache, self._asking.model
        reserved = reserve(question)
        try:
            reply = model.ask(question.prompt, self._stop)
        except NoAnswer as error:
            cache.settle(reserved, reserved.amount.times(error.sent), question.estimate.times(error.sent))
            raise
        except BaseException:
            cache.settle(reserved, Spent(), Spent())
            raise
        spent = Spent(reply.requests, question.characters, reply.input_tokens, reply.output_tokens)
        cache.settle(reserved, spent, question.estimate.times(reply.requests))
        return reply

    def _fail(self, error: EngineError) -> None:
        # It is no fault of one prompt, so the others would fare no better.
        self._stop.set()
        with self._changed:
            self._error = self._error or error
            self._changed.notify_all()

    # What is known.

    def _look(self, id: str) -> str | None:
        """Settle a segment, or let it wait for what is to be asked next: that question's key, if it is a new one."""
        material = self.materials[id]
        match self._asking.next(material, self._usual):
            case Found() as found:
                self.found[id] = found
            case Question() as question:
                key = self._asking.key(question.prompt)
                self._waiting.setdefault(key, []).append(id)
                if key not in self._questions:
                    self._questions[key] = question
                    return key
        return None

    def _push(self, key: str, when: float) -> None:
        self._order += 1
        heapq.heappush(self._due, (when, self._order, key))


def close_all(runs: Iterable[Run]) -> None:
    """Ask for nothing more in any of them, and give what is under way some seconds, all of it together."""
    stopped = list(runs)
    for run in stopped:
        run.stop()
    until = time.monotonic() + _FAREWELL
    for run in stopped:
        run.join(until)


atexit.register(lambda: close_all(_running))
