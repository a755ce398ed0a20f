"""SIGKILL at random instants of each command that writes: what was whole stays so, and the next run goes on.

Collectors in flight are killed by `tests/collect/test_sigkill.py`, here a hundred times more often.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.collect.test_sigkill import check_books
from tests.torture.torturing import SEED, slice_of

SHARES = {
    "init": 0.02,
    "import": 0.03,
    "collect": 0.05,
    "parts": 0.03,
    "reread": 0.03,
    "export": 0.02,
    "features": 0.02,
    "fit": 0.02,
    "site": 0.03,
    "build": 0.06,
    "publish": 0.05,
}


@pytest.mark.parametrize("scenario", SHARES)
def test_killed_at_any_instant_nothing_whole_is_lost(
    torture: Callable[..., dict[str, Any]], scenario: str
) -> None:
    told = torture(scenario, "kills", SHARES[scenario])
    assert told["wrong"] == []
    assert told["runs"] >= 3


def test_collectors_killed_in_flight_keep_their_books(tmp_path: Path) -> None:
    """Every settled draw once; spend between what was billed and the budget; the next run asks the rest."""
    check_books(tmp_path, seed=SEED, kills=slice_of(300))
