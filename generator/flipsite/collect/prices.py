"""Prices that answers came without: asked for until they are told, at first soon, then by the next run."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from tenacity import AsyncRetrying, RetryCallState, retry_if_result, stop_after_attempt, wait_exponential

from flipsite.collect.clock import Clock, nap
from flipsite.collect.money import Account, pico
from flipsite.collect.openrouter import OpenRouter
from flipsite.domain.endpoint import Ledger, Unpriced
from flipsite.errors import StoreError

ASKS = 6
"""How often a price is asked for in one run: over 15 s, since it is not there at once."""

AT_ONCE = 4


class Prices:
    """Asks `/generation` beside the draws, few at a time."""

    def __init__(
        self,
        client: OpenRouter,
        ledger: Ledger,
        account: Account,
        *,
        clock: Clock,
        stopping: asyncio.Event,
        money_moved: asyncio.Event,
    ) -> None:
        self._client = client
        self._ledger = ledger
        self._account = account
        self._clock = clock
        self._stopping = stopping
        self._places = asyncio.Semaphore(AT_ONCE)
        self._asking: set[asyncio.Task[bool]] = set()
        self._money_moved = money_moved

    def later(self, unpriced: Unpriced) -> None:
        """Ask for a price while the run goes on."""
        task = asyncio.create_task(self._beside(unpriced))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def now(self, unpriced: Unpriced, *, asks: int = ASKS) -> bool:
        """Ask for a price until it is told; returns whether it was."""
        retrying = AsyncRetrying(
            stop=stop_after_attempt(asks),
            wait=wait_exponential(multiplier=0.5, max=8),
            retry=retry_if_result(lambda price: price is None and not self._stopping.is_set()),
            sleep=self._nap,
            retry_error_callback=_none,
        )
        async with self._places:
            price: float | None = await retrying(self._client.price_usd, unpriced.generation)
        if price is None:
            return False
        await self._ledger.price(unpriced.attempt, pico(price))
        self._account.price(unpriced.model, unpriced.worst_pico, pico(price))
        self._money_moved.set()
        return True

    async def settle(self, earlier: Iterable[Unpriced]) -> int:
        """Ask once for each price an earlier run was not told; returns how many were."""
        return sum(await asyncio.gather(*(self.now(unpriced, asks=1) for unpriced in earlier)))

    async def drain(self) -> None:
        """Wait for the prices that are still being asked for."""
        if self._asking:
            await asyncio.gather(*self._asking)

    async def _beside(self, unpriced: Unpriced) -> bool:
        with suppress(StoreError):  # the next draw's own writing tells of it
            return await self.now(unpriced)
        return False

    async def _nap(self, seconds: float) -> None:
        await nap(self._clock.wait_s(seconds), until=self._stopping)


def _none(_: RetryCallState) -> None:
    return None
