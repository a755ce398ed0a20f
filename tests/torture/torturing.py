"""How long, how often, and by which chance."""

import os

SEED = int(os.environ.get("FLIPSITE_TORTURE_SEED", "2025"))
"""Of all chance here; a failing test prints it."""

WHOLE_S = 600.0
SECONDS = float(os.environ.get("FLIPSITE_TORTURE_S", WHOLE_S))
"""For the whole suite, of which each test takes its share."""


def slice_of(times: int) -> int:
    """As many of so many times as there are seconds for."""
    return max(5, round(times * min(1.0, SECONDS / WHOLE_S)))
