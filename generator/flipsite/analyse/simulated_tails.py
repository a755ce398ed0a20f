"""p-values by simulation, also beyond the most extreme simulated value.

(1 + r)/(B + 1) of B simulated values is never below 1/(B + 1). A study of hundreds of models has thousands of
tests, so that its false discovery rate would never reject one model's alone, however blatant. Where no
simulated value is as extreme, the tail is continued as an exponential one, half as steep as the largest
values fall off: the tails of sums and counts, and of their squares, fall off faster.

Source:
    Phipson & Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9, article 39, for (1 + r)/(B + 1); Knijnenburg,
    Wessels, Reinders & Shmulevich (2009), Bioinformatics 25, i161-i168, for a fitted tail.
"""

from math import isfinite

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

N_LARGEST = 100
"""Simulated values that the tail is fitted to."""


def upper_tail(law: Floats, value: float) -> float:
    """Probability of a value at least as large.

    Args:
        law: Simulated values.
        value: The one seen.
    """
    near = 1e-9 * (1 + abs(value))
    n_as_large = np.count_nonzero(law >= value - near)
    at_most = float((1 + n_as_large) / (len(law) + 1))
    if n_as_large or len(law) <= N_LARGEST or not isfinite(value):
        return at_most
    begin, *largest = np.sort(np.partition(law, -N_LARGEST - 1)[-N_LARGEST - 1 :])
    mean_excess = float(np.mean(largest) - begin)
    if not mean_excess > 0:
        return at_most
    beyond = N_LARGEST / len(law) * np.exp(-(value - begin) / (2 * mean_excess))
    return min(at_most, float(beyond))


def lower_tail(law: Floats, value: float) -> float:
    """Probability of a value at most as large."""
    return upper_tail(-law, -value)
