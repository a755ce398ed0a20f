"""Many models at once: cheapest first, each on its own way, until all is asked or something says stop.

A model's first draw goes alone, as a canary: what it cost says whether the rest fits. A model that fails
several draws in a row, bills more than it announced, or is not to be had, is set aside with its reason, and
the run goes on. What stops the whole run is raised once everything in flight has come home.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flipsite.collect.asking import Asker
from flipsite.collect.course import Course, SetAsideError
from flipsite.collect.pace import GateClosedError
from flipsite.collect.prompt import Question
from flipsite.collect.tide import Tide
from flipsite.errors import FlipsiteError

log = logging.getLogger(__name__)

MOST_A_MODEL = 8
"""Requests of one model in flight at most, so that a slow one leaves room for others."""

FAILURES_IN_A_ROW = 3
"""Draws, each asked as often as patience allows, after which a model is set aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One model's questions that are still to be asked.

    Attributes:
        course: The model, and how it is asked.
        questions: The missing draws, made when the model comes up.
        estimate_usd: What they will cost about; the cheapest model goes first.
        tried: Earlier runs have an answer of it, so no canary is needed.
        whole: It is worth its price as a whole: where the rest does not fit the budget, none of it is asked.
    """

    course: Course
    questions: Callable[[], Sequence[Question]]
    estimate_usd: float
    tried: bool = False
    whole: bool = True


@dataclass(slots=True, kw_only=True)
class _Run:
    """One series under way; whatever ends it empties `left`, and others finish what they have in flight."""

    course: Course
    left: list[Question]
    failures: int = 0
    aside: SetAsideError | None = None

    def end(self, aside: SetAsideError | None = None) -> None:
        self.aside = self.aside or aside
        self.left.clear()


class Sampler:
    """Runs series against an endpoint, bounded in all and by model; stops softly when it is told to."""

    def __init__(
        self, asker: Asker, *, concurrency: int, tide: Tide, most_a_model: int = MOST_A_MODEL
    ) -> None:
        self._asker = asker
        self._most_a_model = min(most_a_model, concurrency)
        self._places = asyncio.Semaphore(2 * concurrency)
        self._tide = tide
        self._error: FlipsiteError | None = None

    @property
    def stopping(self) -> bool:
        """Whether nothing more is sent."""
        return self._asker.stopping.is_set()

    async def run(self, series: Sequence[Series]) -> None:
        """Ask all questions.

        Raises:
            FlipsiteError: What stopped the run; everything that was answered is kept.
        """
        await self.ask(series)
        await self.finish()

    async def ask(self, series: Sequence[Series]) -> None:
        """Ask all questions, and wait until each has come to an end; may be called again."""
        ordered = sorted(series, key=lambda one: (one.estimate_usd, one.course.model))
        async with asyncio.TaskGroup() as group:
            for rank, one in enumerate(ordered):
                await self._places.acquire()
                if self.stopping:
                    break
                group.create_task(self._series(one, rank))

    async def finish(self) -> None:
        """Wait for the prices that are told late.

        Raises:
            FlipsiteError: What stopped the run; everything that was answered is kept.
        """
        await self._asker.prices.drain()
        if self._error is not None:
            raise self._error

    def stop(self, error: FlipsiteError | None = None) -> None:
        """Send nothing more; what is in flight comes home."""
        self._error = self._error or error
        self._asker.stop()

    async def _series(self, series: Series, rank: int) -> None:
        course = series.course
        most = 1 if course.free else self._most_a_model
        course.lane = self._asker.gate.lane(rank=rank, most=most)
        run = _Run(course=course, left=[])
        try:
            run.left.extend(reversed(series.questions()))
            if not series.tried:
                await self._work(run, canary=True)
            refusal = self._asker.account.afford(course.model, len(run.left)) if series.whole else None
            if refusal is not None:
                run.end(SetAsideError(refusal.reason, money=True))
            await asyncio.gather(*(self._work(run) for _ in range(min(most, len(run.left)))))
        except FlipsiteError as error:  # what is missing is read from the cache, whose disk may fail
            run.end()
            self.stop(error)
        finally:
            self._asker.gate.drop(course.lane)
            self._places.release()
        if run.aside is not None:
            self._tide.set_aside(course.model, run.aside.reason, money=run.aside.money)
            log.warning("%s: set aside: %s", course.model, run.aside.reason)

    async def _work(self, run: _Run, *, canary: bool = False) -> None:
        """Ask one draw after the other; a canary's work is done with the first answer."""
        try:
            while run.left:
                question = run.left.pop()
                answered = await self._asker.draw(run.course, question, canary=canary)
                run.failures = 0 if answered else run.failures + 1
                if run.failures >= FAILURES_IN_A_ROW:
                    fault = self._tide.faults[run.course.model]
                    run.end(SetAsideError(f"{run.failures} draws in a row failed, the last with {fault}"))
                if canary and answered:
                    return
        except SetAsideError as aside:
            run.end(aside)
        except GateClosedError:
            run.end()
        except FlipsiteError as error:
            run.end()
            self.stop(error)
