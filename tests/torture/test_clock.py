"""The wall clock leaps by months while a command runs: what it does and what it counts stay the same."""

from collections.abc import Callable
from typing import Any

import pytest


@pytest.mark.parametrize("scenario", ["collect", "import", "site"])
def test_a_leaping_clock_changes_nothing(torture: Callable[..., dict[str, Any]], scenario: str) -> None:
    """Waits and time-outs go by the monotonic clock; the wall clock only stamps when a draw was asked."""
    told = torture(scenario, "clock", 0.02)
    assert told["wrong"] == []
    assert told["runs"] >= 3
