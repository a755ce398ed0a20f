"""One question, from its asking to its end: reserved, written down, sent, written down, settled, asked again.

Only transport faults are asked again. An answer that cannot be read is a draw that cannot be read: asking
again would condition on being readable.
"""

import asyncio
import itertools
import json
import math
from collections.abc import Callable, Mapping

from aiolimiter import AsyncLimiter
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_result,
    stop_after_attempt,
    wait_exponential_jitter,
)

from flipsite.collect.budget import PICO_PER_USD, Account, Prices, Refusal, Reservation, pico
from flipsite.collect.client import Exchange, OpenRouter
from flipsite.collect.clock import Clock, nap
from flipsite.collect.pricing import Mode
from flipsite.collect.prompt import Question
from flipsite.collect.responses import Action, Failure, Reply
from flipsite.collect.run_state import ModelRun, ModelSkippedError, RunProgress
from flipsite.collect.throttle import Gate, ThrottleClosedError
from flipsite.domain.draws import Failed, Outcome, Rejected, Status
from flipsite.domain.endpoint import (
    Ledger,
    Reading,
    RequestRecord,
    ResponseRecord,
    StatedAnswer,
    UnpricedRequest,
)
from flipsite.errors import CollectError

PATIENCE = 5
"""How often one draw is asked at most, where transport fails."""

LONGEST_WAIT_S = 180.0
"""Whoever asks to be left alone for longer is set aside."""

STAGED = 0.25
"""Share of requests, beyond those in flight, that may be written down already or not yet: so a place on the
wire never waits for the disk."""

_BACKOFF = wait_exponential_jitter(initial=1.0, max=60.0, jitter=1.0)
_TOO_MUCH = frozenset({429, 503, 529})


class Requester:
    """Asks draws of one study; the sampler says which, and how many at once."""

    def __init__(
        self,
        *,
        client: OpenRouter,
        ledger: Ledger,
        account: Account,
        clock: Clock,
        concurrency: int,
        tide: RunProgress,
        extra: Callable[[Question], Mapping[str, str]] | None = None,
    ) -> None:
        """Put the parts together.

        Args:
            client: Sends one request.
            ledger: Keeps each request and answer.
            account: Holds the budget.
            clock: Real or simulated time.
            concurrency: Requests in flight at most.
            tide: Counts.
            extra: Further headers of a question's requests, for the simulated endpoint.
        """
        self.account = account
        self.stopping = asyncio.Event()
        self._money_moved = asyncio.Event()
        self.prices = Prices(
            client, ledger, account, clock=clock, stopping=self.stopping, money_moved=self._money_moved
        )
        self.gate = Gate(concurrency + math.ceil(concurrency * STAGED))
        self._client = client
        self._ledger = ledger
        self._clock = clock
        self._tide = tide
        self._extra = extra
        self._wire = asyncio.Semaphore(concurrency)
        self._free_pace = AsyncLimiter(
            1, 60 / 20
        )  # 20 a minute, evenly: no burst that a window would count twice

    def stop(self) -> None:
        """Send nothing more, wait for nobody; what is in flight comes home."""
        self.stopping.set()
        self.gate.close()

    async def draw(self, course: ModelRun, question: Question, *, canary: bool = False) -> bool:
        """Ask one draw to its end.

        Args:
            course: The model.
            question: The draw.
            canary: Wait for its price, where that is told later, before going on.

        Returns:
            Whether it was answered, readably or not.

        Raises:
            SetAsideError: If the model is not to be had, or has no money left.
            GateClosedError: If the run ends first; the draw stays missing.
            CollectError: If the run cannot go on.
            StoreError: If the answer cannot be kept.
        """
        trouble = await self._attempt(course, question, canary=canary)
        if self._asks_again(trouble):
            trouble = await self._again(course, question, first=trouble, canary=canary)
        if trouble is None or trouble.todo is Action.REFUSED:
            return True
        self._judge(course, trouble)
        return False

    async def _again(
        self, course: ModelRun, question: Question, *, first: Failure | None, canary: bool
    ) -> Failure | None:
        """Ask again after a first trouble, as long as patience lasts."""
        tries = itertools.count(1)

        async def once() -> Failure | None:
            number = next(tries)
            if number == 1:
                return first
            return await self._attempt(course, question, last=number == PATIENCE, canary=canary)

        retrying = AsyncRetrying(
            stop=stop_after_attempt(PATIENCE),
            wait=self._pause,
            retry=retry_if_result(self._asks_again),
            sleep=self._nap,
            retry_error_callback=lambda state: state.outcome and state.outcome.result(),
        )
        trouble: Failure | None = await retrying(once)
        return trouble

    async def _attempt(
        self, course: ModelRun, question: Question, *, last: bool = False, canary: bool
    ) -> Failure | None:
        """Ask once; None is an answer."""
        turn = await self.gate.enter(course.lane)
        try:
            mode = course.mode
            request = course.request(question, mode)
            if course.free:
                await self._free_pace.acquire()
            worst_pico = math.ceil(course.worst_usd(question, request) * PICO_PER_USD)
            reservation = await self._reserve(course.model, worst_pico)
            number = await self._ledger.ask(self._asked(course, question, mode, request, worst_pico))
            exchange = await self._send(request, question, mode=mode)
            billed = _billed(exchange.result, reservation.worst_pico)
            try:
                reading = self._reading(course, exchange, question, mode=mode, last=last)
                latency_s = self._clock.latency_s(exchange.latency_s, model=course.model, draw=question.draw)
                await self._ledger.answer(
                    _answered(number, exchange, latency_s=latency_s, billed_pico=billed, reading=reading)
                )
            finally:
                self._client.kept(exchange)
            self.account.settle(reservation, billed)
            self._money_moved.set()
        finally:
            self.gate.leave(course.lane)
        if billed is None and exchange.result.generation is not None:
            await self._ask_price(
                course.model, number, exchange.result.generation, reservation, canary=canary
            )
        return await self._after(course, exchange, turn)

    async def _reserve(self, model: str, worst_pico: int) -> Reservation:
        while True:
            if self.stopping.is_set():
                raise ThrottleClosedError
            reserved = self.account.reserve(model, worst_pico)
            if isinstance(reserved, Reservation):
                return reserved
            if isinstance(reserved, Refusal):
                raise ModelSkippedError(reserved.reason, money=True)
            self._money_moved.clear()
            await self._money_moved.wait()

    async def _send(self, request: Mapping[str, object], question: Question, *, mode: str) -> Exchange:
        async with self._wire:
            self._tide.in_flight += 1
            try:
                extra = self._extra(question) if self._extra else None
                return await self._client.complete(request, mode=mode, extra=extra)
            finally:
                self._tide.in_flight -= 1

    async def _ask_price(
        self, model: str, number: int, generation: str, reservation: Reservation, *, canary: bool
    ) -> None:
        unpriced = UnpricedRequest(
            attempt=number, model=model, generation=generation, worst_pico=reservation.worst_pico
        )
        if canary:
            await self.prices.now(unpriced)
        else:
            self.prices.later(unpriced)

    def _asked(
        self, course: ModelRun, question: Question, mode: str, request: Mapping[str, object], worst_pico: int
    ) -> RequestRecord:
        settings = {name: value for name, value in request.items() if name != "messages"}
        return RequestRecord(
            model=course.model,
            draw=question.draw,
            labels=question.labels,
            order=question.order,
            mode=mode,
            sent=json.dumps(settings, sort_keys=True),
            worst_pico=worst_pico,
            asked_at=self._clock.asked_at(course.model, question.draw),
        )

    def _reading(
        self, course: ModelRun, exchange: Exchange, question: Question, *, mode: Mode, last: bool
    ) -> Reading | None:
        """What settles the draw; None where it is asked again."""
        result: Outcome | StatedAnswer | Rejected | Failed
        reply = exchange.result
        if isinstance(reply, Reply):
            result = course.read(question, reply, mode)
        elif reply.todo is Action.REFUSED:
            result = Rejected(status=Status.REFUSED, reason=reply.reason)
        elif reply.todo in {Action.DRAW, Action.MODEL} or (reply.todo is Action.AGAIN and last):
            result = Failed(reason=reply.reason)
        else:
            return None
        self._tide.n_valid += isinstance(result, Outcome | StatedAnswer)
        self._tide.n_rejected += isinstance(result, Rejected)
        self._tide.n_failed += isinstance(result, Failed)
        return Reading(result=result, reader=course.reader)

    async def _after(self, course: ModelRun, exchange: Exchange, turn: int) -> Failure | None:
        """Adapt the pace to what came."""
        trouble = exchange.result
        if isinstance(trouble, Reply):
            self.gate.well(course.lane)
            return None
        self._tide.faults[course.model] = trouble.reason
        everywhere = trouble.everywhere and not course.free
        if exchange.code in _TOO_MUCH or trouble.wait_s is not None:
            self.gate.much(course.lane, turn, everywhere=everywhere)
        if trouble.todo is Action.TEXT:
            course.mode = "text"
            await self._ledger.text_only(course.model)
        elif trouble.wait_s is not None and trouble.wait_s > LONGEST_WAIT_S:
            reason = f"asks to be left alone for {trouble.wait_s / 60:.0f} minutes ({trouble.reason})"
            if everywhere:
                raise CollectError(f"The account {reason}; run again then, what was bought is kept.")
            raise ModelSkippedError(reason)
        elif trouble.wait_s and trouble.todo is Action.AGAIN:
            self.gate.rest(None if everywhere else course.lane, self._clock.wait_s(trouble.wait_s))
        return trouble

    def _judge(self, course: ModelRun, trouble: Failure) -> None:
        """Raise what ends more than this draw."""
        if trouble.todo is Action.MODEL:
            raise ModelSkippedError(trouble.reason)
        if trouble.todo is Action.RUN:
            raise CollectError(f"{course.model}: {trouble.reason}.")

    def _asks_again(self, trouble: Failure | None) -> bool:
        return (
            trouble is not None and trouble.todo in {Action.AGAIN, Action.TEXT} and not self.stopping.is_set()
        )

    def _pause(self, state: RetryCallState) -> float:
        """Seconds before the next try: what the other side asks for, or backing off with jitter."""
        trouble = state.outcome.result() if state.outcome else None
        if not isinstance(trouble, Failure) or trouble.todo is Action.TEXT:
            return 0.0
        return max(trouble.wait_s or 0.0, _BACKOFF(state))

    async def _nap(self, seconds: float) -> None:
        self._tide.n_again += 1
        await nap(self._clock.wait_s(seconds), until=self.stopping)


def _answered(
    number: int, exchange: Exchange, *, latency_s: float, billed_pico: int | None, reading: Reading | None
) -> ResponseRecord:
    return ResponseRecord(
        attempt=number,
        code=exchange.code,
        body=exchange.body,
        latency_s=latency_s,
        generation=exchange.result.generation,
        billed_pico=billed_pico,
        fault=_fault(exchange.result),
        reading=reading,
    )


def _billed(result: Reply | Failure, worst_pico: int) -> int | None:
    """Picodollars; nothing where nothing can cost anything, None where nobody knows."""
    if result.cost_usd is not None:
        return pico(result.cost_usd)
    return 0 if worst_pico == 0 else None


def _fault(result: Reply | Failure) -> str | None:
    return result.reason if isinstance(result, Failure) and result.todo is not Action.REFUSED else None
