"""How long to wait before a failed request is sent again, and when a model is given up.

The throttle carries the waits out: it pauses a model or all of them, and lowers the number of requests in
flight.
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MOST_ATTEMPTS = 5
"""How often one draw is asked at most, where transport fails."""

LONGEST_ACCEPTED_WAIT_S = 180.0
"""A model whose provider asks for a longer wait is skipped."""

LONGEST_STATED_WAIT_S = 86_400.0
"""A server that asks for more than a day is taken to ask for a day."""

_LONGEST_BACKOFF_S = 60.0
_OVERLOADED = frozenset({429, 503, 529})


def stated_wait_s(
    retry_after: float | str | None, *, reset: float | None, now: float, words: str = ""
) -> float | None:
    """Seconds that a server asks to be left alone, at most LONGEST_STATED_WAIT_S; None where it does not say.

    Args:
        retry_after: Seconds, a duration such as `1m30s`, or a date.
        reset: When a rate limit ends: in a number of seconds, or at a Unix time in seconds or milliseconds;
            counts where `retry_after` says nothing.
        now: Unix seconds.
        words: The error's, which count where neither says anything: `try again in 7.6s`.
    """
    wait = _until(retry_after, now=now) if isinstance(retry_after, str) else retry_after
    if wait is None and reset is not None:
        wait = reset if reset < _UNIX_S else (reset if reset < _UNIX_MS else reset / 1000) - now
    if wait is None and (stated := _AGAIN_IN.search(words)):
        wait = _duration_s(stated[1])
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


_UNIX_S, _UNIX_MS = 1e9, 1e11
"""From here on a number is a time of day, in seconds and in milliseconds."""

_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_NUMBER = r"\d{1,9}(?:\.\d{1,9})?"
_UNIT = r"(?:ms|(?:s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:ours?)?|d(?:ays?)?))(?![a-z])"
_DURATION = rf"(?:{_NUMBER}\s?{_UNIT}\s?)+"
_AGAIN_IN = re.compile(rf"(?:again|retry)(?: your request)? (?:in|after) ({_DURATION})", re.IGNORECASE)


def _duration_s(text: str) -> float:
    """Seconds of a duration such as `6m0s`, `34.07s` or `20 seconds`."""
    parts = re.findall(rf"({_NUMBER})\s?(ms|[smhd])", text, re.IGNORECASE)
    return sum(float(number) * _UNIT_S[unit.lower()] for number, unit in parts)


def _until(text: str, *, now: float) -> float | None:
    """Seconds until a date, in UTC where it names no zone, or of a duration."""
    if re.fullmatch(_DURATION, text.strip(), re.IGNORECASE):
        return _duration_s(text)
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            date = read(text.strip())
            return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now
        except (ValueError, OverflowError):
            continue
    return None
