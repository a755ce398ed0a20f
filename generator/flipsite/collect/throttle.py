"""Admit requests: the cheapest model first, within bounds in all, by model and by provider.

The bounds adapt as TCP's do: halved when the other side says it is too much, and raised by one for each round
of answers that came well. A provider has a bound from its first 429 on, shared by the models it serves.
How long a pause lasts is the rule of `backoff.py`.
"""

import asyncio
import heapq
from collections import deque
from dataclasses import dataclass, field


class ThrottleClosedError(Exception):
    """No further request is let through; the run is ending."""


@dataclass(slots=True)
class Bound:
    """How many at once, adapting between 1 and `most`."""

    most: int
    now: float = field(init=False)
    in_flight: int = 0
    _cut_at: int = -1

    def __post_init__(self) -> None:
        self.now = float(self.most)

    @property
    def free(self) -> bool:
        """Whether one more may go."""
        return self.in_flight < int(self.now)

    def recover(self) -> None:
        """Raise the bound by one for a full round of answers."""
        self.now = min(float(self.most), self.now + 1 / self.now)

    def throttle(self, *, entered: int, turn: int) -> None:
        """Halve the bound, once for all requests that were let in before the last halving."""
        if entered > self._cut_at:
            self.now = max(1.0, self.now / 2)
            self._cut_at = turn


@dataclass(slots=True, eq=False)
class ModelLane:
    """One model's way through the gate; a lower rank goes first, `provider` served it last."""

    rank: int
    bound: Bound
    waiting: deque[asyncio.Future[int]] = field(default_factory=deque)
    pauses: int = 0
    queued: bool = False
    provider: str | None = None

    def __lt__(self, other: "ModelLane") -> bool:
        return self.rank < other.rank


class Gate:
    """Lets requests through, one event loop long."""

    def __init__(self, most: int) -> None:
        self.bound = Bound(most)
        self._ready: list[ModelLane] = []
        self._turn = 0
        self._pauses = 0
        self._closed = False
        self._lanes: list[ModelLane] = []
        self._providers: dict[str, Bound] = {}

    def lane(self, *, rank: int, most: int) -> ModelLane:
        """A way through for one model, with a bound of its own."""
        lane = ModelLane(rank=rank, bound=Bound(most))
        self._lanes.append(lane)
        return lane

    async def enter(self, lane: ModelLane) -> int:
        """Wait for a turn; returns its number, to be handed back.

        Raises:
            ThrottleClosedError: If the gate is closed before it comes.
        """
        if self._closed:
            raise ThrottleClosedError
        turn: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        lane.waiting.append(turn)
        self._queue(lane)
        self._admit()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.leave(lane)
            raise

    def leave(self, lane: ModelLane) -> None:
        """Make room for the next."""
        lane.bound.in_flight -= 1
        self.bound.in_flight -= 1
        if lane.provider in self._providers:
            for other in self._lanes:
                if other.provider == lane.provider:
                    self._queue(other)
        self._queue(lane)
        self._admit()

    def recover(self, lane: ModelLane) -> None:
        """Raise the bounds after an answer."""
        lane.bound.recover()
        self.bound.recover()
        if lane.provider in self._providers:
            self._providers[lane.provider].recover()

    def throttle(self, lane: ModelLane, turn: int, *, everywhere: bool) -> None:
        """Halve the bounds that this turn was too much for: the model's, and its provider's or all."""
        lane.bound.throttle(entered=turn, turn=self._turn)
        if everywhere:
            self.bound.throttle(entered=turn, turn=self._turn)
        elif lane.provider is not None:
            bound = self._providers.setdefault(lane.provider, Bound(max(1, self._in_flight(lane.provider))))
            bound.throttle(entered=turn, turn=self._turn)

    def pause(self, lane: ModelLane | None, seconds: float) -> None:
        """Pause one model, or all where it is None."""
        if lane is None:
            self._pauses += 1
        else:
            lane.pauses += 1
        asyncio.get_running_loop().call_later(seconds, self._wake, lane)

    def close(self) -> None:
        """Refuse all that wait and all that come; those admitted go on."""
        self._closed = True
        for lane in self._lanes:
            while lane.waiting:
                turn = lane.waiting.popleft()
                if not turn.done():
                    turn.set_exception(ThrottleClosedError())

    @property
    def n_paused(self) -> int:
        """Lanes that wait because their provider asked for it."""
        return sum(lane.pauses > 0 for lane in self._lanes)

    def drop(self, lane: ModelLane) -> None:
        """Forget a lane that is through."""
        self._lanes.remove(lane)

    def _queue(self, lane: ModelLane) -> None:
        if not lane.queued and lane.waiting and not lane.pauses and self._free(lane):
            lane.queued = True
            heapq.heappush(self._ready, lane)

    def _admit(self) -> None:
        while self._ready and self.bound.free and not self._pauses:
            lane = heapq.heappop(self._ready)
            lane.queued = False
            if lane.pauses or not lane.waiting or not self._free(lane):
                continue  # it is queued again when it wakes or someone leaves
            turn = lane.waiting.popleft()
            if not turn.done():  # else its task was cancelled
                self._turn += 1
                lane.bound.in_flight += 1
                self.bound.in_flight += 1
                turn.set_result(self._turn)
            self._queue(lane)

    def _free(self, lane: ModelLane) -> bool:
        """Whether one more request of a model may go, by its own bound and its provider's."""
        if not lane.bound.free:
            return False
        if lane.provider is None or lane.provider not in self._providers:
            return True
        return self._in_flight(lane.provider) < int(self._providers[lane.provider].now)

    def _in_flight(self, provider: str) -> int:
        return sum(lane.bound.in_flight for lane in self._lanes if lane.provider == provider)

    def _wake(self, lane: ModelLane | None) -> None:
        if lane is None:
            self._pauses -= 1
        else:
            lane.pauses -= 1
            self._queue(lane)
        self._admit()
