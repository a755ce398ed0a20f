"""How long to wait before a failed request is sent again, and when a model is given up.

The throttle carries the waits out: it pauses a model or all of them, and lowers the number of requests in
flight.
"""

from email.utils import parsedate_to_datetime

MOST_ATTEMPTS = 5
"""How often one draw is asked at most, where transport fails."""

LONGEST_ACCEPTED_WAIT_S = 180.0
"""A model whose provider asks for a longer wait is skipped."""

LONGEST_STATED_WAIT_S = 86_400.0
"""A server that asks for more than a day is taken to ask for a day."""

_LONGEST_BACKOFF_S = 60.0
_OVERLOADED = frozenset({429, 503, 529})


def stated_wait_s(retry_after: float | str | None, *, reset_ms: float | None, now: float) -> float | None:
    """Seconds that a server asks to be left alone, at most LONGEST_STATED_WAIT_S; None where it does not say.

    Args:
        retry_after: Seconds, or an HTTP date.
        reset_ms: When a rate limit ends, in Unix milliseconds; counts where `retry_after` says nothing.
        now: Unix seconds.
    """
    wait = _until(retry_after, now=now) if isinstance(retry_after, str) else retry_after
    if wait is None and reset_ms is not None:
        wait = reset_ms / 1000 - now
    return None if wait is None else min(max(0.0, wait), LONGEST_STATED_WAIT_S)


def overloads(code: int | None, wait_s: float | None) -> bool:
    """Whether a failure says that fewer requests should be in flight."""
    return code in _OVERLOADED or wait_s is not None


def gives_up(wait_s: float) -> bool:
    """Whether a stated wait is too long to wait for."""
    return wait_s > LONGEST_ACCEPTED_WAIT_S


def wait_before_next_s(attempt: int, *, stated_s: float | None, jitter: float) -> float:
    """Seconds to wait after a failed attempt: exponential backoff, or the stated wait where that is longer.

    Args:
        attempt: Number of the attempt that failed, from 1.
        stated_s: The wait that the server asks for.
        jitter: Seconds, from 0 to 1, by which requests that failed together are spread.
    """
    return max(stated_s or 0.0, min(_LONGEST_BACKOFF_S, 2.0 ** (attempt - 1) + jitter))


def _until(date: str, *, now: float) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() - now
    except (ValueError, OverflowError):
        return None
