"""Who may send next: the cheapest model first, so many in all, so many of each model, nobody who must rest.

The bounds adapt as TCP's do: halved when the other side says it is too much, and raised by one for each round
of answers that came well.
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
        """An answer came well: a full round of them raises the bound by one."""
        self.now = min(float(self.most), self.now + 1 / self.now)

    def throttle(self, *, entered: int, turn: int) -> None:
        """It was too much: halve, but once for all requests that were let in before the last halving."""
        if entered > self._cut_at:
            self.now = max(1.0, self.now / 2)
            self._cut_at = turn


@dataclass(slots=True, eq=False)
class ModelLane:
    """One model's way through the gate; a lower rank goes first."""

    rank: int
    bound: Bound
    waiting: deque[asyncio.Future[int]] = field(default_factory=deque)
    pauses: int = 0
    queued: bool = False

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
        self._queue(lane)
        self._admit()

    def recover(self, lane: ModelLane) -> None:
        """An answer came well."""
        lane.bound.recover()
        self.bound.recover()

    def throttle(self, lane: ModelLane, turn: int, *, everywhere: bool) -> None:
        """The other side said that this turn was too much."""
        lane.bound.throttle(entered=turn, turn=self._turn)
        if everywhere:
            self.bound.throttle(entered=turn, turn=self._turn)

    def pause(self, lane: ModelLane | None, seconds: float) -> None:
        """Let nobody of a lane through for a while; of all lanes where it is None."""
        if lane is None:
            self._pauses += 1
        else:
            lane.pauses += 1
        asyncio.get_running_loop().call_later(seconds, self._wake, lane)

    def close(self) -> None:
        """Turn away whoever waits and whoever comes; who is through goes on."""
        self._closed = True
        for lane in self._lanes:
            while lane.waiting:
                turn = lane.waiting.popleft()
                if not turn.done():
                    turn.set_exception(ThrottleClosedError())

    @property
    def n_paused(self) -> int:
        """Lanes that wait because they were told to."""
        return sum(lane.pauses > 0 for lane in self._lanes)

    def drop(self, lane: ModelLane) -> None:
        """Forget a lane that is through."""
        self._lanes.remove(lane)

    def _queue(self, lane: ModelLane) -> None:
        if not lane.queued and lane.waiting and not lane.pauses and lane.bound.free:
            lane.queued = True
            heapq.heappush(self._ready, lane)

    def _admit(self) -> None:
        while self._ready and self.bound.free and not self._pauses:
            lane = heapq.heappop(self._ready)
            lane.queued = False
            if lane.pauses or not lane.waiting or not lane.bound.free:
                continue  # it is queued again when it wakes or someone leaves
            turn = lane.waiting.popleft()
            if not turn.done():  # else its task was cancelled
                self._turn += 1
                lane.bound.in_flight += 1
                self.bound.in_flight += 1
                turn.set_result(self._turn)
            self._queue(lane)

    def _wake(self, lane: ModelLane | None) -> None:
        if lane is None:
            self._pauses -= 1
        else:
            lane.pauses -= 1
            self._queue(lane)
        self._admit()
