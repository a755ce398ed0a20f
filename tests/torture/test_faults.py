"""Every system call that writes, made to fail in turn: what was whole stays whole, and a sentence tells.

The calls of the real command fail in a preloaded library, on files below its own folder, as they would on a
full, broken, forbidden or read-only disk. After each the promises of `scenarios.py` hold, and the next run
does the work. Where the time is short, the calls are an even sample by chance.
"""

from collections.abc import Callable
from typing import Any

import pytest

SHARES = {
    "init": 0.04,
    "import": 0.06,
    "collect": 0.12,
    "parts": 0.04,
    "reread": 0.05,
    "export": 0.03,
    "features": 0.03,
    "fit": 0.02,
    "site": 0.06,
    "build": 0.08,
    "publish": 0.08,
}
FEWEST = 3


@pytest.mark.parametrize("scenario", SHARES)
def test_each_call_that_fails_loses_nothing_and_is_told(
    torture: Callable[..., dict[str, Any]], scenario: str
) -> None:
    told = torture(scenario, "faults", SHARES[scenario])
    assert told["wrong"] == []
    assert min(told["possible"], FEWEST) <= told["runs"] <= told["possible"]
    assert told["possible"] > 20, "the preload meets this command's calls"
