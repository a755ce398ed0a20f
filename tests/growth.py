"""How the cost of a reader grows with its input."""

import time
from collections.abc import Callable

LEAST_S = 0.002
"""Shorter times are mostly the clock's own."""


def assert_linear(work: Callable[[int], object], *, small: int, large: int) -> None:
    """Fail if the processor time of `work` grows much faster than its size, as a quadratic reader's does.

    Five times the linear expectation is allowed. Processor time excludes what other processes use, and the
    least of three runs has the fewest disturbances.
    """
    work(small)
    least = {size: min(_seconds(work, size) for _ in range(3)) for size in (small, large)}
    assert least[large] < 5 * large / small * max(least[small], LEAST_S), least


def _seconds(work: Callable[[int], object], size: int) -> float:
    began = time.process_time()
    work(size)
    return time.process_time() - began
