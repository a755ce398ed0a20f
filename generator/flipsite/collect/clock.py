"""Time as the collector sees it: the real one, or one that a simulated study can repeat to the byte."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """When a draw was asked, how long it took, and how long to wait."""

    def asked_at(self, model: str, draw: int) -> str:
        """UTC, ISO 8601, ending in Z."""

    def latency_s(self, measured: float, *, model: str, draw: int) -> float:
        """What is stored as the draw's latency."""

    def wait_s(self, seconds: float) -> float:
        """How long to wait, really, where the other side asks for so many seconds."""


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
