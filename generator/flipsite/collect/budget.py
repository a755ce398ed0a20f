"""The budget, exactly: reserve the worst case before a request, settle with what was billed.

`Account` is a state machine without clock, lock or network; the scheduler runs it on one thread. Sums are
exact, so that no rounding ever hides a cent: billed + unpriced + in flight never exceeds the budget, in all
or of one model, while bills keep to the announced prices. Where they do not, the excess is at most the bills
of the requests on the wire when the first such bill comes: later requests of that model go one at a time, at
the price that it billed.

`Prices` asks for the prices that answers came without: first in the same run, then in the next one.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto

from flipsite.collect.client import OpenRouter
from flipsite.collect.clock import Clock, nap
from flipsite.domain.display import usd_text
from flipsite.domain.endpoint import Ledger, ModelLedger, UnpricedRequest
from flipsite.domain.money import NOTHING, Usd
from flipsite.errors import StoreError


class Wait(Enum):
    """The request would fit, were it not for others in flight."""

    FOR_OTHERS = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Room for one request; to be settled exactly once."""

    model: str
    worst_usd: Usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why the budget has no room for a model's next request, or for its rest."""

    reason: str


@dataclass(slots=True)
class _Purse:
    """The cost of one model, or of all: known, unknown at most, and in flight at most."""

    limit: Usd | None = None
    billed: Usd = NOTHING
    unpriced: Usd = NOTHING
    in_flight: Usd = NOTHING

    @property
    def spent(self) -> Usd:
        return self.billed + self.unpriced

    @property
    def left(self) -> Usd | None:
        """The rest once all in flight is settled at nothing; None without a limit."""
        return None if self.limit is None else self.limit - self.spent

    @property
    def left_text(self) -> str:
        """The rest, for a sentence; only of a purse with a limit."""
        return usd_text(max(NOTHING, self.left or NOTHING))

    def has_room(self, amount: Usd) -> bool:
        """Whether an amount fits once all in flight is settled at nothing."""
        return self.left is None or amount <= self.left


class Account:
    """The money of one study: what was spent, what may yet be."""

    def __init__(self, *, total_usd: Usd | None, per_model_usd: Usd | None) -> None:
        self._all = _Purse(total_usd)
        self._per_model = per_model_usd
        self._purses: dict[str, _Purse] = {}
        self._asked: dict[str, int] = {}
        self._over: dict[str, Usd] = {}
        self._bounded = total_usd is not None or per_model_usd is not None

    def resume(self, ledger: ModelLedger) -> None:
        """Take over what a model has cost in earlier runs of the study."""
        purse = self._purse(ledger.model)
        purse.billed += ledger.billed_usd
        purse.unpriced += ledger.unpriced_usd
        self._all.billed += ledger.billed_usd
        self._all.unpriced += ledger.unpriced_usd
        self._asked[ledger.model] = self._asked.get(ledger.model, 0) + ledger.n_asked
        if self._bounded:
            self._over[ledger.model] = ledger.over_usd

    def reserve(self, model: str, worst_usd: Usd) -> Reservation | Wait | Refusal:
        """Set aside the most a request may cost, if that leaves the budget whole.

        A model that billed more than a request's worst case is asked one request at a time from there, and
        each counts as much as its dearest bill; without a budget there is nothing to keep to.
        """
        own, over = self._purse(model), self._over.get(model, NOTHING)
        worst_usd = max(worst_usd, over)
        for purse, whose in ((own, "the model's budget"), (self._all, "the budget")):
            if not purse.has_room(worst_usd):
                return Refusal(
                    reason=f"one more request may cost {usd_text(worst_usd)}, more than {whose} has "
                    f"left ({purse.left_text})"
                )
        alone = over and own.in_flight
        if alone or any(not purse.has_room(worst_usd + purse.in_flight) for purse in (own, self._all)):
            return Wait.FOR_OTHERS
        own.in_flight += worst_usd
        self._all.in_flight += worst_usd
        return Reservation(model=model, worst_usd=worst_usd)

    def recheck(self, reservation: Reservation) -> Wait | Refusal | None:
        """Look again at a reserved request before it is sent: bills may have gone beyond their worst case.

        Returns:
            `Wait` where it must be reserved again, since its model has billed more than was set aside; why
            the budget has no room for it; or None where it may be sent.
        """
        own = self._purse(reservation.model)
        if self._over.get(reservation.model, NOTHING) > reservation.worst_usd:
            return Wait.FOR_OTHERS
        for purse, whose in ((own, "the model's budget"), (self._all, "the budget")):
            if not purse.has_room(purse.in_flight):
                return Refusal(
                    reason=f"bills went beyond announced prices, and {whose} has {purse.left_text} left"
                )
        return None

    def settle(self, reservation: Reservation, billed_usd: Usd | None) -> None:
        """Replace a reservation by what was billed; None counts the worst case until `price`."""
        own = self._purse(reservation.model)
        for purse in (own, self._all):
            purse.in_flight -= reservation.worst_usd
            purse.unpriced += reservation.worst_usd
        self._asked[reservation.model] = self._asked.get(reservation.model, 0) + 1
        if billed_usd is not None:
            self.price(reservation.model, reservation.worst_usd, billed_usd)

    def price(self, model: str, worst_usd: Usd, billed_usd: Usd) -> None:
        """Replace the worst case of an answer without a price by its price."""
        for purse in (self._purse(model), self._all):
            purse.unpriced -= worst_usd
            purse.billed += billed_usd
        if self._bounded and billed_usd > worst_usd:
            self._over[model] = max(billed_usd, self._over.get(model, NOTHING))

    def afford(self, model: str, n_left: int) -> Refusal | None:
        """Say whether a model's rest fits, at what its requests have cost so far on average."""
        own, n_asked = self._purse(model), self._asked.get(model, 0)
        if not n_asked or not n_left:
            return None
        rest = own.spent * n_left / n_asked
        for purse, whose in ((own, "the model's budget"), (self._all, "the budget")):
            if not purse.has_room(rest):
                return Refusal(
                    reason=f"the first {n_asked:,} of its {n_asked + n_left:,} requests cost "
                    f"{usd_text(own.spent)}, so the rest would cost about {usd_text(rest)}, more "
                    f"than {whose} has left ({purse.left_text})"
                )
        return None

    def overcharges(self) -> dict[str, Usd]:
        """The dearest bill of each model that billed more than a request's worst case."""
        return {model: over for model, over in sorted(self._over.items()) if over}

    def spent_usd(self, model: str | None = None) -> Usd:
        """The bills so far, with answers whose price is unknown at their worst case."""
        return (self._all if model is None else self._purse(model)).spent

    def committed_usd(self, model: str | None = None) -> Usd:
        """Billed, unpriced and in flight together: this never exceeds the budget."""
        purse = self._all if model is None else self._purse(model)
        return purse.spent + purse.in_flight

    def unpriced_usd(self) -> Usd:
        """The most that answers without a known price cost."""
        return self._all.unpriced

    def left_usd(self) -> Usd | None:
        """The rest of the budget; None without a budget."""
        return self._all.left

    def asked(self, model: str) -> int:
        """How many of a model's requests came to an end, in this run and before."""
        return self._asked.get(model, 0)

    def _purse(self, model: str) -> _Purse:
        return self._purses.setdefault(model, _Purse(self._per_model))


ASKS, FIRST_ASKS = 6, 3
"""How often a price is asked for in one run: over 15 s, since it is not there at once. Where the tokens are
known, the first answer's price is asked for over 2 s, and then no other, should it not be told."""

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
        self._states_prices: bool | None = None

    def later(self, unpriced: UnpricedRequest) -> None:
        """Ask for a price while the run goes on."""
        task = asyncio.create_task(self._beside(unpriced))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def now(self, unpriced: UnpricedRequest, *, asks: int = ASKS) -> bool:
        """Ask for a price until it is known, or fall back on its tokens; returns whether either gave one."""
        price = await self._price(unpriced, asks=asks)
        if price is None:
            return False
        await self._ledger.price(unpriced.attempt, price)
        self._account.price(unpriced.model, unpriced.worst_usd, price)
        self._money_moved.set()
        return True

    async def _price(self, unpriced: UnpricedRequest, *, asks: int) -> Usd | None:
        """The price as stated or, once the endpoint has proved to state none, by the tokens."""
        estimate = unpriced.estimate_usd
        async with self._places:
            if estimate is not None and self._states_prices is False:
                return estimate
            most = asks if estimate is None or self._states_prices else FIRST_ASKS
            price = await self._ask(unpriced.generation, asks=most)
        if estimate is not None and not self._states_prices:
            self._states_prices = price is not None
        return estimate if price is None else price.nearest()

    async def settle(self, earlier: Iterable[UnpricedRequest]) -> int:
        """Ask once for each price an earlier run did not learn; returns how many were stated."""
        return sum(await asyncio.gather(*(self.now(unpriced, asks=1) for unpriced in earlier)))

    async def drain(self) -> None:
        """Wait for the prices that are still being asked for."""
        if self._asking:
            await asyncio.gather(*self._asking)

    async def _beside(self, unpriced: UnpricedRequest) -> bool:
        with suppress(StoreError):  # the next draw's own writing tells of it
            return await self.now(unpriced)
        return False

    async def _ask(self, generation: str, *, asks: int) -> Usd | None:
        for ask in range(asks):
            if ask:
                await nap(self._clock.wait_s(min(8.0, 0.5 * 2 ** (ask - 1))), until=self._stopping)
            price = await self._client.price_usd(generation)
            if price is not None or self._stopping.is_set():
                return price
        return None
