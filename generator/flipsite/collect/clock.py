"""Time as the collector sees it: the real one, or one that a simulated study can repeat to the byte.

Also interrupts. The first Ctrl-C lets the requests in flight finish, a second one stops at once.
"""

import asyncio
import hashlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Protocol, TypeVar


class Clock(Protocol):
    """When a draw was asked, how long it took, and how long to wait."""

    def asked_at(self, model: str, draw: int) -> str:
        """UTC, ISO 8601, ending in Z."""

    def latency_s(self, measured: float, *, model: str, draw: int) -> float:
        """The draw's latency as stored."""

    def wait_s(self, seconds: float) -> float:
        """How long to wait, really, where the other side asks for a number of seconds."""


class RealClock:
    """The machine's."""

    def asked_at(self, model: str, draw: int) -> str:
        """Now, to the millisecond."""
        return stamp(datetime.now(UTC))

    def latency_s(self, measured: float, *, model: str, draw: int) -> float:
        """As measured, to the millisecond."""
        return round(measured, 3)

    def wait_s(self, seconds: float) -> float:
        """As asked."""
        return seconds


class SimulatedClock:
    """A second a draw from a fixed start, latencies drawn by the seed, and no waiting at all."""

    def __init__(self, *, start: datetime, seed: int) -> None:
        self._start = start
        self._seed = seed

    def asked_at(self, model: str, draw: int) -> str:
        """The start, and a second for each draw of the model."""
        return stamp(self._start + timedelta(seconds=draw))

    def latency_s(self, measured: float, *, model: str, draw: int) -> float:
        """Between 0.2 and 1.2 s, by the seed, the model and the draw."""
        digest = hashlib.sha256(f"{self._seed}\n{model}\n{draw}\nlatency".encode()).digest()
        return round(0.2 + int.from_bytes(digest[:4], "big") / 2**32, 3)

    def wait_s(self, seconds: float) -> float:
        """Nothing: simulated time is free."""
        return 0.0


def stamp(moment: datetime) -> str:
    """A moment as it is stored: UTC, milliseconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def nap(seconds: float, *, until: asyncio.Event) -> None:
    """Sleep, or wake early when the event comes."""
    try:
        await asyncio.wait_for(until.wait(), timeout=seconds)
    except TimeoutError:
        return


Done = TypeVar("Done")


_elsewhere: set[Callable[[], None]] = set()
"""How to interrupt what runs on other threads, which no signal reaches."""


@contextmanager
def interrupts(soft: Callable[[], None]) -> Iterator[threading.Event]:
    """Call `soft` at the first interrupt or termination, and cancel the running task at the second.

    Args:
        soft: Called on the event loop.

    Yields:
        An event that is set if there was one.
    """
    happened = threading.Event()
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def interrupt() -> None:
        if happened.is_set() and task is not None:
            loop.call_soon_threadsafe(task.cancel)
        happened.set()
        loop.call_soon_threadsafe(soft)

    with _signalled(interrupt) if _is_main_thread() else _registered(interrupt):
        yield happened


def off_the_loop(work: Callable[[], Done]) -> Done:
    """Do what runs an event loop of its own; on a thread where one runs here, as it does in a notebook.

    An interrupt of this thread interrupts the work, which then ends as it would have ended here.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(work)
        while True:
            try:
                return done.result()
            except KeyboardInterrupt:
                if done.done():
                    raise
                for interrupt in tuple(_elsewhere):
                    interrupt()


@contextmanager
def _signalled(interrupt: Callable[[], None]) -> Iterator[None]:
    def handle(_number: int, _frame: FrameType | None) -> None:
        interrupt()

    numbers = [signal.SIGINT, signal.SIGTERM]
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
        numbers.append(signal.SIGHUP)  # the terminal was closed, or the connection to it broke
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _registered(interrupt: Callable[[], None]) -> Iterator[None]:
    _elsewhere.add(interrupt)
    try:
        yield
    finally:
        _elsewhere.discard(interrupt)


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
