"""The wall clock leaps by months while a command runs: what it does and what it counts stay the same."""

import pytest


@pytest.mark.parametrize("scenario", ["collect", "import", "site"])
def test_a_leaping_clock_changes_nothing(torture, scenario) -> None:
    """Waits and time-outs go by the monotonic clock; the wall clock only stamps when a draw was asked."""
    told = torture(scenario, "clock", 0.02)
    assert told["wrong"] == []
    assert told["runs"] >= 3
