"""Ask many models at once, cheapest first, until all draws are asked or the run has to stop.

A model's first draw goes alone, as a canary: what it cost says whether the rest fits. A model that fails
several draws in a row, bills more than it announced, or is not available, is skipped with its reason, and
the run goes on. What stops the whole run is raised once every request in flight has ended.

`Rounds` stops early: each round asks a few more draws of every model that is not settled. Between rounds a
rule looks at each model's unbroken beginning: its draws in the order in which they were asked, up to the
first that is missing; never at answers that arrived early, which may be different ones. So what is settled,
and at which draw, follows from the draws alone: not from the concurrency, and not from where an earlier run
was interrupted. A model once settled is asked no more.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from flipsite.collect.prompt import Question
from flipsite.collect.requester import Requester
from flipsite.collect.run_state import ModelRun, ModelSkippedError, RunProgress
from flipsite.collect.throttle import ThrottleClosedError
from flipsite.domain.endpoint import Ledger, SettledDraw
from flipsite.domain.money import Usd
from flipsite.domain.trajectory import DrawCounter, OutcomeCounter
from flipsite.errors import FlipsiteError

log = logging.getLogger(__name__)

MOST_A_MODEL = 8
"""Requests of one model in flight at most, so that a slow one leaves room for others."""

FAILURES_IN_A_ROW = 3
"""Draws, each asked as often as patience allows, after which a model is skipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelQueue:
    """One model's questions that are still to be asked.

    Attributes:
        model_run: The model, and how it is asked.
        questions: The missing draws, made when the model comes up.
        estimate_usd: What they will cost about; the cheapest model goes first.
        tried: Earlier runs have an answer of it, so no canary is needed.
        whole: It is worth its price as a whole: where the rest does not fit the budget, none of it is asked.
    """

    model_run: ModelRun
    questions: Callable[[], Sequence[Question]]
    estimate_usd: Usd
    tried: bool = False
    whole: bool = True


@dataclass(slots=True, kw_only=True)
class _QueueRun:
    """One queue under way; whatever ends it empties `left`, and others finish what they have in flight."""

    model_run: ModelRun
    left: list[Question]
    failures: int = 0
    skipped: ModelSkippedError | None = None

    def end(self, skipped: ModelSkippedError | None = None) -> None:
        self.skipped = self.skipped or skipped
        self.left.clear()


class Scheduler:
    """Runs queues against an endpoint, bounded in all and by model; stops softly on request."""

    def __init__(
        self,
        requester: Requester,
        *,
        concurrency: int,
        progress: RunProgress,
        most_a_model: int,
    ) -> None:
        self._requester = requester
        self._most_a_model = min(most_a_model, concurrency)
        self._places = asyncio.Semaphore(2 * concurrency)
        self._progress = progress
        self._error: FlipsiteError | None = None

    @property
    def stopping(self) -> bool:
        """Whether nothing more is sent."""
        return self._requester.stopping.is_set()

    async def run(self, queues: Sequence[ModelQueue]) -> None:
        """Ask all questions.

        Raises:
            FlipsiteError: What stopped the run; everything that was answered is kept.
        """
        await self.ask(queues)
        await self.finish()

    async def ask(self, queues: Sequence[ModelQueue]) -> None:
        """Ask all questions, and wait until each has come to an end; may be called again."""
        ordered = sorted(queues, key=lambda one: (one.estimate_usd, one.model_run.model))
        async with asyncio.TaskGroup() as group:
            for rank, one in enumerate(ordered):
                await self._places.acquire()
                if self.stopping:
                    break
                group.create_task(self._run_queue(one, rank))

    async def finish(self) -> None:
        """Wait for the prices that come late.

        Raises:
            FlipsiteError: What stopped the run; everything that was answered is kept.
        """
        await self._requester.prices.drain()
        if self._error is not None:
            raise self._error

    def stop(self, error: FlipsiteError | None = None) -> None:
        """Send nothing more; what is in flight comes home."""
        self._error = self._error or error
        self._requester.stop()

    async def _run_queue(self, queue: ModelQueue, rank: int) -> None:
        model_run = queue.model_run
        most = 1 if model_run.free else self._most_a_model
        model_run.lane = self._requester.gate.lane(rank=rank, most=most)
        run = _QueueRun(model_run=model_run, left=[])
        try:
            run.left.extend(reversed(queue.questions()))
            if not queue.tried and run.left:
                await self._work(run, canary=True)
            refusal = self._requester.account.afford(model_run.model, len(run.left)) if queue.whole else None
            if refusal is not None:
                run.end(ModelSkippedError(refusal.reason, money=True))
            await asyncio.gather(*(self._work(run) for _ in range(min(most, len(run.left)))))
        except FlipsiteError as error:  # what is missing is read from the cache, whose disk may fail
            run.end()
            self.stop(error)
        finally:
            self._requester.gate.drop(model_run.lane)
            self._places.release()
        if run.skipped is not None:
            self._progress.skip_model(model_run.model, run.skipped.reason, money=run.skipped.money)
            log.info("%s: skipped: %s", model_run.model, run.skipped.reason)

    async def _work(self, run: _QueueRun, *, canary: bool = False) -> None:
        """Ask one draw after the other; a canary's work is done with the first answer."""
        try:
            while run.left:
                question = run.left.pop()
                answered = await self._requester.draw(run.model_run, question, canary=canary)
                run.failures = 0 if answered else run.failures + 1
                if run.model_run.is_hopeless:
                    run.end(ModelSkippedError(run.model_run.why_hopeless()))
                if run.failures >= FAILURES_IN_A_ROW:
                    fault = self._progress.faults[run.model_run.model]
                    run.end(
                        ModelSkippedError(
                            f"{run.failures} draws in a row failed, the last one for this reason: {fault}"
                        )
                    )
                if canary and answered:
                    return
        except ModelSkippedError as skipped:
            run.end(skipped)
        except ThrottleClosedError:
            run.end()
        except FlipsiteError as error:
            run.end()
            self.stop(error)


ROUND = 4
"""Draws of each open model in a round: whole pairs of both orders, and at most three more than needed."""

Judge = Callable[[Sequence[Sequence[int]]], Sequence[str | None]]
"""Each model's settled verdict by its running counts; None while it is open."""


CounterFactory = Callable[[], DrawCounter | OutcomeCounter]
"""Makes what counts one model's draws."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A model that needs no more draws.

    Attributes:
        word: What was settled.
        n_draws: Draws it took, those without an outcome among them.
        n_spared: Draws that are not asked for that reason.
    """

    model: str
    word: str
    n_draws: int
    n_spared: int


class Rounds:
    """Asks queues by rounds, and keeps what was settled on the way."""

    def __init__(
        self,
        judge: Judge,
        ledger: Ledger,
        *,
        models: Iterable[str],
        n_draws: int,
        progress: RunProgress,
        counter: CounterFactory = DrawCounter,
    ) -> None:
        """Put the parts together.

        Args:
            judge: The stopping rule.
            ledger: Holds the outcomes.
            models: All that are watched, asked in this run or not: the rule allows for how many they are.
            n_draws: Draws of each model at most.
            progress: Counts; draws that are spared are no longer missing.
            counter: Makes what counts a model's draws for the rule.
        """
        self.settled: dict[str, Settlement] = {}
        self._judge = judge
        self._ledger = ledger
        self._n_draws = n_draws
        self._progress = progress
        self._counter = counter
        self._counts: dict[str, Sequence[int]] = dict.fromkeys(sorted(models), counter().counts)

    async def run(self, scheduler: Scheduler, queues: Sequence[ModelQueue]) -> None:
        """Ask until all is settled or asked, or something says stop.

        Raises:
            FlipsiteError: What stopped the run; everything that was answered is kept.
        """
        waiting = {one.model_run.model: one for one in queues}
        for start in range(0, self._n_draws, ROUND):
            end = min(start + ROUND, self._n_draws)
            asked = [
                replace(one, questions=_part(one.questions, start, end))
                for model, one in waiting.items()
                if model not in self.settled and model not in self._progress.skipped
            ]
            asked = [one for one in asked if one.questions()]
            await scheduler.ask(asked)
            if scheduler.stopping:
                break
            for one in asked:
                waiting[one.model_run.model] = replace(waiting[one.model_run.model], tried=True)
            self._look(waiting, end)
        await scheduler.finish()

    def _look(self, waiting: Mapping[str, ModelQueue], end: int) -> None:
        """Let the rule see the beginnings of what is open; what was settled stays as it was then."""
        found = beginnings(self._ledger.outcomes(), end, counter=self._counter)
        for model in self._counts:
            if model not in self.settled:
                self._counts[model] = found.get(model) or self._counter().counts
        words = self._judge(list(self._counts.values()))
        for model, word in zip(self._counts, words, strict=True):
            if word is None or model in self.settled:
                continue
            left = waiting[model].questions() if model in waiting else ()
            n_spared = sum(question.draw >= end for question in left)
            self.settled[model] = Settlement(model=model, word=word, n_draws=end, n_spared=n_spared)
            self._progress.n_missing -= n_spared
            log.info("%s: settled as %s at draw %d", model, word, end)


def beginnings(
    outcomes: Iterable[SettledDraw], end: int, *, counter: CounterFactory = DrawCounter
) -> dict[str, Sequence[int]]:
    """Running counts of each model before its first missing draw, and before `end`."""
    counters: defaultdict[str, DrawCounter | OutcomeCounter] = defaultdict(counter)
    reached: dict[str, int] = {}
    for model, draw, labels, order, outcome in outcomes:
        if draw != reached.get(model, 0) or draw >= end:
            continue
        reached[model] = draw + 1
        counters[model].add(labels, order, outcome)
    return {model: counted.counts for model, counted in counters.items()}


def _part(
    questions: Callable[[], Sequence[Question]], start: int, end: int
) -> Callable[[], Sequence[Question]]:
    return lambda: [question for question in questions() if start <= question.draw < end]
