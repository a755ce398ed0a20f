"""Whom a run asks: an endpoint with the account's key, or the simulated one; and what day it is there."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from flipsite.collect.clock import Clock, RealClock, SimulatedClock
from flipsite.collect.connections import Application
from flipsite.collect.openrouter import OPENROUTER, Key, OpenRouter
from flipsite.domain.study import Kind, Study
from flipsite.errors import UsageError

SIMULATED_BASE = "http://127.0.0.1/api/v1"
"""Where the simulated endpoint would be; no socket is opened."""

SIMULATED_DAY = datetime(2025, 11, 23, tzinfo=UTC)
"""When simulated studies begin, whatever the day: so that they can be repeated to the byte."""


def paying_client(api_base: str, *, concurrency: int, instead: str) -> OpenRouter:
    """A client with the account's key, for an endpoint that may charge.

    Args:
        api_base: Address that ends before `/models`.
        concurrency: Requests in flight at most.
        instead: What to try without a key, for the error.

    Raises:
        UsageError: If there is no key and OpenRouter is asked, or the address is none.
    """
    text = os.environ.get("OPENROUTER_API_KEY", "")
    if not text.strip() and api_base == OPENROUTER:
        raise UsageError(
            f"OPENROUTER_API_KEY: not set; export the key of your account, or try {instead}, "
            "which needs none."
        )
    _leave_no_core()
    return OpenRouter(api_base, key=Key(text) if text.strip() else None, concurrency=concurrency)


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
    """Nothing simulated in a study of real models, and nothing of theirs in a simulated study.

    Raises:
        UsageError: If the study is of the other kind.
    """
    if (study.kind is Kind.SIMULATED) != simulated:
        mend = "leave --simulated out" if simulated else "add --simulated"
        raise UsageError(f"{folder / 'study.toml'}: kind is {study.kind}; {mend}, or name another study.")
