"""One question from its asking to its end: reserved, written down, sent, settled, and asked again.

Only transport faults are asked again. An answer that cannot be read is a draw that cannot be read: asking
again would condition on being readable.
"""

import asyncio
import json
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import replace

from aiolimiter import AsyncLimiter

from flipsite.collect.backoff import (
    LONGEST_STATED_WAIT_S,
    MOST_ATTEMPTS,
    gives_up,
    overloads,
    wait_before_next_s,
)
from flipsite.collect.budget import Account, Prices, Refusal, Reservation
from flipsite.collect.client import Exchange, OpenRouter
from flipsite.collect.clock import Clock, nap
from flipsite.collect.costs import TEXT_BOUND, Mode
from flipsite.collect.prompt import Question
from flipsite.collect.responses import Action, Failure, Reply
from flipsite.collect.run_state import ModelRun, ModelSkippedError, RunProgress
from flipsite.collect.throttle import Gate, ThrottleClosedError
from flipsite.domain.draws import Declined, Failed, Outcome, OutcomeSequence, Rejected, Result, Status
from flipsite.domain.endpoint import (
    Ledger,
    Reading,
    RequestRecord,
    ResponseRecord,
    StatedAnswer,
    UnpricedRequest,
)
from flipsite.domain.money import NOTHING, Usd
from flipsite.errors import CollectError, NoCreditError

STAGED = 0.25
"""Share of requests, beyond those in flight, that may be written down already or not yet: so a place on the
wire never waits for the disk."""

_ADAPTS = frozenset({Action.TEXT, Action.NO_LOGPROBS, Action.RENAME, Action.SHORTEN})
"""Faults after which a model is asked again at once, in another form."""

_DEARER = "its model billed more than was set aside"


class _DearerError(Exception):
    """A request that was not sent, since its model billed more than was set aside for it."""


class Requester:
    """Asks draws of one study; the scheduler says which, and how many at once."""

    def __init__(
        self,
        *,
        client: OpenRouter,
        ledger: Ledger,
        account: Account,
        clock: Clock,
        concurrency: int,
        progress: RunProgress,
        extra: Callable[[Question], Mapping[str, str]] | None,
    ) -> None:
        """Put the parts together.

        Args:
            client: Sends one request.
            ledger: Keeps each request and answer.
            account: Holds the budget.
            clock: Real or simulated time.
            concurrency: Requests in flight at most.
            progress: Counts.
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
        self._progress = progress
        self._extra = extra
        self._wire = asyncio.Semaphore(concurrency)
        self._free_pace = AsyncLimiter(
            1, 60 / 20
        )  # 20 a minute, evenly: no burst that a window would count twice

    def stop(self) -> None:
        """Send nothing more and do not wait; requests in flight are finished."""
        self.stopping.set()
        self.gate.close()

    async def draw(self, model_run: ModelRun, question: Question, *, canary: bool = False) -> bool:
        """Ask one draw to its end.

        Args:
            model_run: The model.
            question: The draw.
            canary: Wait for its price, where that comes later, before going on.

        Returns:
            Whether it was answered, readably or not.

        Raises:
            ModelSkippedError: If the model is not to be had, or has no money left.
            ThrottleClosedError: If the run ends first; the draw stays missing.
            CollectError: If the run cannot go on.
            StoreError: If the answer cannot be kept.
        """
        for attempt in range(1, MOST_ATTEMPTS + 1):
            try:
                failure = await self._attempt(
                    model_run, question, last=attempt == MOST_ATTEMPTS, canary=canary
                )
            except _DearerError:
                continue
            if failure is None or failure.action is Action.REFUSED:
                return True
            if attempt == MOST_ATTEMPTS or not self._asks_again(failure):
                self._judge(model_run, failure)
                break
            await self._wait(failure, attempt)
        return False

    async def _attempt(
        self, model_run: ModelRun, question: Question, *, last: bool = False, canary: bool
    ) -> Failure | None:
        """Ask once; None is an answer."""
        turn = await self.gate.enter(model_run.lane)
        try:
            mode = model_run.mode
            request = model_run.body(question, mode)
            if model_run.free:
                await self._free_pace.acquire()
            worst_usd = model_run.worst_usd(question, request).up()
            reservation = await self._reserve(model_run.model, worst_usd)
            number = await self._ledger.ask(self._asked(model_run, question, mode, request, reservation))
            exchange, billed = await self._send(model_run, reservation, number, request, question, mode=mode)
            try:
                reading = self._reading(model_run, exchange, question, mode=mode, last=last)
                latency_s = self._clock.latency_s(
                    exchange.latency_s, model=model_run.model, draw=question.draw
                )
                await self._ledger.answer(
                    _answered(number, exchange, latency_s=latency_s, billed_usd=billed, reading=reading)
                )
            finally:
                self._client.kept(exchange)
        finally:
            self.gate.leave(model_run.lane)
        if billed is None and exchange.result.generation is not None:
            unpriced = UnpricedRequest(
                attempt=number,
                model=model_run.model,
                generation=exchange.result.generation,
                worst_usd=reservation.worst_usd,
                estimate_usd=_by_tokens(exchange.result, model_run),
            )
            if canary:
                await self.prices.now(unpriced)
            else:
                self.prices.later(unpriced)
        return await self._after(model_run, exchange, turn)

    async def _reserve(self, model: str, worst_usd: Usd) -> Reservation:
        while True:
            if self.stopping.is_set():
                raise ThrottleClosedError
            reserved = self.account.reserve(model, worst_usd)
            if isinstance(reserved, Reservation):
                return reserved
            if isinstance(reserved, Refusal):
                raise ModelSkippedError(reserved.reason, money=True)
            self._money_moved.clear()
            await self._money_moved.wait()

    async def _send(
        self,
        model_run: ModelRun,
        reservation: Reservation,
        number: int,
        request: Mapping[str, object],
        question: Question,
        *,
        mode: str,
    ) -> tuple[Exchange, Usd | None]:
        """Send a reserved request, unless bills that came in since leave no room for it.

        The bill is settled before another request takes this one's place on the wire.

        Returns:
            The response and its bill; None where the price is not known yet.
        """
        async with self._wire:
            if (changed := self.account.recheck(reservation)) is not None:
                reason = changed.reason if isinstance(changed, Refusal) else _DEARER
                await self._ledger.answer(_unsent(number, reason))
                self.account.settle(reservation, NOTHING)
                self._money_moved.set()
                if isinstance(changed, Refusal):
                    raise ModelSkippedError(reason, money=True)
                raise _DearerError
            self._progress.in_flight += 1
            try:
                extra = self._extra(question) if self._extra else None
                exchange = await self._client.complete(request, mode=mode, extra=extra)
            finally:
                self._progress.in_flight -= 1
            billed = _billed(exchange.result, model_run, worst_usd=reservation.worst_usd)
            self.account.settle(reservation, billed)
            self._money_moved.set()
            return exchange, billed

    def _asked(
        self,
        model_run: ModelRun,
        question: Question,
        mode: str,
        request: Mapping[str, object],
        reservation: Reservation,
    ) -> RequestRecord:
        settings = {name: value for name, value in request.items() if name != "messages"}
        return RequestRecord(
            model=model_run.model,
            draw=question.draw,
            labels=question.labels,
            order=question.order,
            mode=mode,
            sent=json.dumps(settings, sort_keys=True),
            worst_usd=reservation.worst_usd,
            asked_at=self._clock.asked_at(model_run.model, question.draw),
        )

    def _reading(
        self, model_run: ModelRun, exchange: Exchange, question: Question, *, mode: Mode, last: bool
    ) -> Reading | None:
        """The draw's result; None where it is asked again."""
        result: Result | StatedAnswer
        reply = exchange.result
        if isinstance(reply, Reply):
            result = model_run.read(question, reply, mode)
        elif reply.action is Action.REFUSED:
            result = Rejected(status=Status.REFUSED, reason=reply.reason)
        elif reply.action in {Action.DRAW, Action.MODEL} or (reply.action is Action.AGAIN and last):
            result = Failed(reason=reply.reason)
        else:
            return None
        repeated = False
        if isinstance(reply, Reply):
            digest = hash((reply.generation, exchange.body)) if reply.generation else None
            repeated = model_run.note(result, digest=digest)
            served = self._progress.served.setdefault(model_run.model, set())
            served.add((reply.provider, reply.served_model))
        self._progress.n_valid += isinstance(result, Outcome | OutcomeSequence | Declined | StatedAnswer)
        self._progress.n_rejected += isinstance(result, Rejected)
        if isinstance(result, Failed):
            self._progress.n_failed += 1
            self._progress.failed[model_run.model] = result.reason
        return Reading(result=result, reader=model_run.reader, repeated=repeated)

    async def _after(self, model_run: ModelRun, exchange: Exchange, turn: int) -> Failure | None:
        """Adapt the pace, and the form of requests, to what came."""
        failure = exchange.result
        model_run.lane.provider = failure.provider or model_run.lane.provider
        if isinstance(failure, Reply):
            self.gate.recover(model_run.lane)
            return None
        self._progress.faults[model_run.model] = failure.reason
        everywhere = failure.everywhere and not model_run.free
        if overloads(exchange.code, failure.wait_s):
            self.gate.throttle(model_run.lane, turn, everywhere=everywhere)
        if failure.action in _ADAPTS:
            return await self._adapt(model_run, failure)
        if failure.wait_s is not None and gives_up(failure.wait_s):
            least = "at least " if failure.wait_s >= LONGEST_STATED_WAIT_S else ""
            reason = f"has to wait {least}{failure.wait_s / 60:.0f} minutes ({failure.reason})"
            if everywhere:
                raise CollectError(
                    f"The account {reason}; then run the command again: every answer so far is kept."
                )
            raise ModelSkippedError(reason)
        if failure.wait_s and failure.action is Action.AGAIN:
            self.gate.pause(None if everywhere else model_run.lane, self._clock.wait_s(failure.wait_s))
        return failure

    async def _adapt(self, model_run: ModelRun, failure: Failure) -> Failure:
        """Change the form in which a model is asked, once; where that was done before, it is skipped."""
        if failure.action is Action.TEXT:
            model_run.mode = "text"
            await self._ledger.text_only(model_run.model)
        elif failure.action is Action.NO_LOGPROBS:  # never of a request without them
            model_run.no_logprobs = True
        elif failure.action is Action.RENAME and not model_run.max_completion:
            model_run.max_completion = True
        elif failure.action is Action.SHORTEN and model_run.most_tokens is None:
            model_run.most_tokens = TEXT_BOUND
        else:
            return replace(failure, action=Action.MODEL)
        return failure

    def _judge(self, model_run: ModelRun, failure: Failure) -> None:
        """Raise what ends more than this draw."""
        if failure.action is Action.MODEL:
            raise ModelSkippedError(failure.reason)
        if failure.action is Action.RUN:
            kind = NoCreditError if failure.no_credit else CollectError
            raise kind(f"{model_run.model}: {failure.reason}.")

    def _asks_again(self, failure: Failure) -> bool:
        return failure.action in {Action.AGAIN, *_ADAPTS} and not self.stopping.is_set()

    async def _wait(self, failure: Failure, attempt: int) -> None:
        """Wait before the next attempt."""
        if failure.action is not Action.AGAIN:
            return
        jitter = random.random()  # noqa: S311  no secret
        wait_s = wait_before_next_s(attempt, stated_s=failure.wait_s, jitter=jitter)
        await nap(self._clock.wait_s(wait_s), until=self.stopping)


def _answered(
    number: int, exchange: Exchange, *, latency_s: float, billed_usd: Usd | None, reading: Reading | None
) -> ResponseRecord:
    return ResponseRecord(
        attempt=number,
        code=exchange.code,
        body=exchange.body,
        latency_s=latency_s,
        generation=exchange.result.generation,
        billed_usd=billed_usd,
        fault=_fault(exchange.result),
        reading=reading,
        served_model=exchange.result.served_model if isinstance(exchange.result, Reply) else None,
    )


def _billed(result: Reply | Failure, model_run: ModelRun, *, worst_usd: Usd) -> Usd | None:
    """The bill; nothing where nothing costs anything, None where they can be asked for or are unknown."""
    if result.cost_usd is not None:
        return result.cost_usd.nearest()
    if not worst_usd:
        return NOTHING
    return _by_tokens(result, model_run) if result.generation is None else None


def _by_tokens(result: Reply | Failure, model_run: ModelRun) -> Usd | None:
    """The price of an answer's tokens at the announced prices; None where either is not known."""
    if not isinstance(result, Reply) or result.prompt_tokens is None or result.completion_tokens is None:
        return None
    price = model_run.tokens_usd(result.prompt_tokens, result.completion_tokens)
    return None if price is None else price.nearest()


def _unsent(number: int, reason: str) -> ResponseRecord:
    return ResponseRecord(
        attempt=number,
        code=None,
        body=None,
        latency_s=0.0,
        generation=None,
        billed_usd=NOTHING,
        fault=f"not sent: {reason}",
        reading=None,
    )


def _fault(result: Reply | Failure) -> str | None:
    return result.reason if isinstance(result, Failure) and result.action is not Action.REFUSED else None
