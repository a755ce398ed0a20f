"""One session of asking, whatever is asked: within a budget, with its progress shown, stopped softly.

A session asks an endpoint with the account's key, or the simulated endpoint, which has a day of its own.
"""

import asyncio
import gc
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from flipsite.collect.budget import Account
from flipsite.collect.client import OPENROUTER, Key, OpenRouter, Timeouts
from flipsite.collect.clock import Clock, RealClock, SimulatedClock, interrupts, nap
from flipsite.collect.prompt import Question
from flipsite.collect.requester import Requester
from flipsite.collect.run_state import RunProgress
from flipsite.collect.scheduler import MOST_A_MODEL, Scheduler
from flipsite.collect.transport import Application, is_local
from flipsite.domain.endpoint import Ledger
from flipsite.domain.study import Budget, Kind, Study
from flipsite.errors import FlipsiteError, UsageError
from flipsite.workflows.run_request import ProgressSnapshot

LOOK_EVERY_S = 0.25


class RunSession:
    """The parts that ask and count, and what ends them.

    Attributes:
        progress: Counts.
        account: Holds the budget.
        ended: Set once nothing more is asked.
        interrupted: Whether the user stopped it.
        error: What stopped it, where something did; what was bought is kept.
    """

    def __init__(
        self,
        client: OpenRouter,
        ledger: Ledger,
        *,
        budget: Budget,
        simulated_seed: int | None,
        concurrency: int,
        look: Callable[[ProgressSnapshot], None],
        most_a_model: int = MOST_A_MODEL,
        of: Callable[[str], bool] | None = None,
    ) -> None:
        """Put the parts together; nothing is asked yet.

        Args:
            client: Sends one request.
            ledger: Keeps each request and answer.
            budget: Bounds what is spent, with what earlier runs have spent.
            simulated_seed: Of the simulated endpoint, which has its own clock, and knows which draw a
                request is; None of a real one.
            concurrency: Requests in flight at most.
            look: Shown its state.
            most_a_model: Requests of one model in flight at most.
            of: Whether the budget is for a model; None for all.
        """
        self.progress = RunProgress()
        self.account = Account(total_usd=budget.total_usd, per_model_usd=budget.per_model_usd)
        self.ended = asyncio.Event()
        self.interrupted = False
        self.error: FlipsiteError | None = None
        self._ledger = ledger
        self._of = of or (lambda model: True)
        self._look = look
        self._requester = Requester(
            client=client,
            ledger=ledger,
            account=self.account,
            clock=clock_of(simulated_seed),
            concurrency=concurrency,
            progress=self.progress,
            extra=None if simulated_seed is None else _draw_header,
        )
        self._scheduler = Scheduler(
            self._requester, concurrency=concurrency, progress=self.progress, most_a_model=most_a_model
        )

    async def resume(self) -> None:
        """Take over what earlier runs have spent, asking for the prices they did not learn."""
        for ledger in self._ledger.model_ledgers():
            if self._of(ledger.model):
                self.account.resume(ledger)
        await self._requester.prices.settle(one for one in self._ledger.unpriced() if self._of(one.model))

    async def ask(
        self,
        run: Callable[[Scheduler], Awaitable[None]],
        *,
        beside: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Ask until all is asked, or something says stop; `interrupted` and `error` say what that was.

        Args:
            run: Lets the scheduler ask.
            beside: Goes on until `ended`, and is waited for.
        """
        tasks = [asyncio.ensure_future(self._show()), *([asyncio.ensure_future(beside())] if beside else [])]
        gc.freeze()  # what was imported stays: looking through it again cost a tenth of the time of a draw
        with interrupts(self._scheduler.stop) as interrupted:
            try:
                await run(self._scheduler)
            except FlipsiteError as stopped:
                self.error = stopped
            finally:
                self.ended.set()
                await asyncio.gather(*tasks, return_exceptions=True)  # what is under way is finished first
                gc.unfreeze()
        self.interrupted = interrupted.is_set()
        self._look(self._seen())

    async def _show(self) -> None:
        while not self.ended.is_set():
            self._look(self._seen())
            await nap(LOOK_EVERY_S, until=self.ended)

    def _seen(self) -> ProgressSnapshot:
        return ProgressSnapshot(
            progress=self.progress,
            spent_usd=self.account.spent_usd(),
            left_usd=self.account.left_usd(),
            n_paused=self._requester.gate.n_paused,
            bound=int(self._requester.gate.bound.now),
        )


def _draw_header(question: Question) -> dict[str, str]:
    return {"X-Flipsite-Draw": str(question.draw)}


SIMULATED_BASE = "http://127.0.0.1/api/v1"
"""Where the simulated endpoint would be; no socket is opened."""

SIMULATED_DAY = datetime(2025, 11, 23, tzinfo=UTC)
"""When simulated studies begin, whatever the day: so that they can be repeated to the byte."""


def paying_client(
    api_base: str, *, concurrency: int, instead: str, timeout_s: float | None = None
) -> OpenRouter:
    """A client with the account's key, for an endpoint that may charge.

    Args:
        api_base: Address that ends before `/models`.
        concurrency: Requests in flight at most.
        instead: What to try without a key, for the error.
        timeout_s: Seconds that a draw may take; None for the client's own bounds.

    Raises:
        UsageError: If there is no key and OpenRouter is asked, or the address is none.
    """
    key = account_key()
    if key is None and api_base == OPENROUTER:
        raise UsageError(
            f"OPENROUTER_API_KEY: not set; export the key of your account, or try {instead}, "
            "which needs none."
        )
    _leave_no_core()
    timeouts = None if timeout_s is None else Timeouts(read_s=timeout_s, draw_s=timeout_s)
    return OpenRouter(api_base, key=key, concurrency=concurrency, timeouts=timeouts)


def refuse_unpriced(api_base: str) -> None:
    """Stop before a host is paid whose catalogue announces no price for what is asked.

    Raises:
        UsageError: If the host may charge.
    """
    if not is_local(api_base):
        raise UsageError(
            f"{api_base}: announces no prices, so no budget can bind; "
            "give --budget none, or state prices in study.toml under [[models.price]]."
        )


def account_key() -> Key | None:
    """The key in the environment; None where there is none."""
    text = os.environ.get("OPENROUTER_API_KEY", "").strip()
    return Key(text) if text else None


def _leave_no_core() -> None:
    """A crash of this process must not write its memory, which holds the key, to a file."""
    if sys.platform == "win32":  # writes none
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def simulated_client(app: Application, *, concurrency: int) -> OpenRouter:
    """A client of an application in this process: no network, no key."""
    return OpenRouter(SIMULATED_BASE, key=None, concurrency=concurrency, app=app)


def clock_of(simulated_seed: int | None) -> Clock:
    """The machine's clock, or that of simulated studies."""
    return RealClock() if simulated_seed is None else SimulatedClock(start=SIMULATED_DAY, seed=simulated_seed)


def today_of(simulated_seed: int | None) -> str:
    """The day, ISO 8601, as an endpoint's catalogue is dated."""
    return (datetime.now(UTC) if simulated_seed is None else SIMULATED_DAY).date().isoformat()


def check_kind(folder: Path, study: Study, *, simulated: bool) -> None:
    """Keep simulated answers out of studies of real models, and real answers out of simulated studies.

    Raises:
        UsageError: If the study is of the other kind.
    """
    if (study.kind is Kind.SIMULATED) != simulated:
        remedy = "leave --simulated out" if simulated else "add --simulated"
        raise UsageError(f"{folder / 'study.toml'}: kind is {study.kind}; {remedy}, or name another study.")
