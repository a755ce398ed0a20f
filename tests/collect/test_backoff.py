"""The wait before a request is sent again, by rule alone; `test_responses.py` reads it off real answers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flipsite.collect.backoff import (
    LONGEST_ACCEPTED_WAIT_S,
    LONGEST_STATED_WAIT_S,
    MOST_ATTEMPTS,
    gives_up,
    overloads,
    stated_wait_s,
    wait_before_next_s,
)

NOW = 1_757_289_600.0


@pytest.mark.parametrize(
    ("retry_after", "reset", "wait_s"),
    [
        (7.0, None, 7.0),
        ("Mon, 08 Sep 2025 00:00:30 GMT", None, 30.0),
        ("soon", None, None),
        ("soon", (NOW + 12) * 1000, 12.0),
        (3.0, (NOW + 12) * 1000, 3.0),
        (None, (NOW - 5) * 1000, 0.0),
        (-1.0, None, 0.0),
        (1e9, None, LONGEST_STATED_WAIT_S),
        (None, None, None),
    ],
)
def test_a_stated_wait_is_seconds_a_date_or_the_end_of_a_limit(
    retry_after: float | str | None, reset: float | None, wait_s: float | None
) -> None:
    """`Retry-After` counts first; neither a past moment nor a distant one leaves its bounds."""
    assert stated_wait_s(retry_after, reset=reset, now=NOW) == wait_s


@given(st.text(max_size=40))
def test_any_text_gives_a_wait_within_its_bounds_or_none(text: str) -> None:
    """A header is a stranger's text."""
    wait_s = stated_wait_s(text, reset=None, now=NOW)
    assert wait_s is None or 0 <= wait_s <= LONGEST_STATED_WAIT_S


def test_waits_double_up_to_a_minute() -> None:
    """1, 2, 4, … seconds, and the jitter on top."""
    waits = [wait_before_next_s(attempt, stated_s=None, jitter=0.5) for attempt in range(1, 9)]
    assert waits == [1.5, 2.5, 4.5, 8.5, 16.5, 32.5, 60.0, 60.0]


def test_a_longer_stated_wait_replaces_the_backoff() -> None:
    """A shorter one does not: repeated failures still spread out."""
    assert wait_before_next_s(1, stated_s=100.0, jitter=0.0) == 100.0
    assert wait_before_next_s(MOST_ATTEMPTS, stated_s=1.0, jitter=0.0) == 16.0


def test_a_model_is_given_up_beyond_three_minutes() -> None:
    """Three minutes are waited for; the next longer wait is not."""
    assert not gives_up(LONGEST_ACCEPTED_WAIT_S)
    assert gives_up(math.nextafter(LONGEST_ACCEPTED_WAIT_S, math.inf))


@pytest.mark.parametrize(
    ("code", "wait_s", "expected"),
    [(429, None, True), (503, None, True), (529, None, True), (502, 3.0, True), (502, None, False)],
)
def test_an_overloaded_server_gets_fewer_requests_at_once(
    code: int, wait_s: float | None, expected: bool
) -> None:
    """By its status, or since it asks for a wait."""
    assert overloads(code, wait_s) is expected
