"""Exact tests of two shares against each other, given their totals, and the interval of their difference."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from flipsite.analyse.binomial import LEVEL
from flipsite.special import gammaln, ndtri

Floats = NDArray[np.float64]

REACH = 40
"""Standard deviations from the mean: counts further off are too unlikely for any p-value that is shown."""

_SAME_PROBABILITY = 1 + 1e-7
"""Tables this near in probability are equally likely, as in R's fisher.test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoByTwo:
    """Ones among the draws of two groups.

    Attributes:
        ones_a: Ones of the first group.
        n_a: Draws of the first group.
        ones_b: Ones of the second group.
        n_b: Draws of the second group.
    """

    ones_a: int
    n_a: int
    ones_b: int
    n_b: int


def fisher_exact(table: TwoByTwo) -> float:
    """Fisher's exact two-sided test that two groups share one probability.

    Returns:
        The probability, given both totals, of all tables no likelier than this one.

    Source:
        Fisher (1935), J. R. Statist. Soc. 98, 39-82; two-sided as R's fisher.test and scipy's fisher_exact.
    """
    return stratified_exact([table])


def stratified_exact(tables: Iterable[TwoByTwo]) -> float:
    """Exact two-sided test that the groups' odds are equal within every stratum, given each stratum's totals.

    The statistic is the sum of the first group's ones; its distribution is the convolution of the strata's
    hypergeometric ones. With one draw of each group a stratum it is McNemar's exact test.

    Source:
        Birch (1964), J. R. Statist. Soc. B 26, 313-324: the uniformly most powerful unbiased test of a common
        odds ratio of 1; two-sided by the probabilities of the sum.
    """
    strata: Counter[tuple[int, int, int]] = Counter()
    seen = lowest = 0
    for table in tables:
        total = table.ones_a + table.ones_b
        strata[table.n_a, table.n_b, total] += 1
        seen += table.ones_a
    probability = np.ones(1)
    for (n_a, n_b, total), times in sorted(strata.items()):
        fewest, ways = _alike(n_a, n_b, total, times)
        lowest += fewest
        probability = np.convolve(probability, ways)
    if not 0 <= seen - lowest < len(probability):
        return 0.0
    as_likely = probability <= probability[seen - lowest] * _SAME_PROBABILITY
    return min(1.0, float(probability[as_likely].sum()))


def newcombe(table: TwoByTwo) -> tuple[float, float, float]:
    """Difference of the shares, first less second, with its 95 % hybrid score interval.

    Args:
        table: Both groups, neither empty.

    Returns:
        Difference, low, high, each in [−1, 1].

    Source:
        Newcombe (1998), Statistics in Medicine 17, 873-890, method 10.
    """
    a, b = table.ones_a / table.n_a, table.ones_b / table.n_b
    low_a, high_a = wilson(table.ones_a, table.n_a)
    low_b, high_b = wilson(table.ones_b, table.n_b)
    difference = a - b
    low = difference - float(np.hypot(a - low_a, high_b - b))
    high = difference + float(np.hypot(high_a - a, b - low_b))
    return difference, max(-1.0, low), min(1.0, high)  # rounding may step over the ends


def wilson(n_ones: int, n_valid: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Wilson's score interval of a share; n at least 1.

    Source:
        Wilson (1927), J. Am. Statist. Assoc. 22, 209-212.
    """
    z2 = float(ndtri((1 + level) / 2)) ** 2
    centre = (n_ones + z2 / 2) / (n_valid + z2)
    share = n_ones / n_valid
    half = float(np.sqrt(z2 * (n_valid * share * (1 - share) + z2 / 4))) / (n_valid + z2)
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return (0.0 if n_ones == 0 else low), (1.0 if n_ones == n_valid else high)


@lru_cache(maxsize=256)
def _alike(n_a: int, n_b: int, total: int, times: int) -> tuple[int, Floats]:
    """Fewest ones of the first group over several strata with these totals, and the chances from there."""
    fewest, ways = _hypergeometric(n_a, n_b, total)
    return fewest * times, _power(ways, times)


def _hypergeometric(n_a: int, n_b: int, total: int) -> tuple[int, Floats]:
    """The fewest ones of the first group, given the total, and the probabilities from there to the most.

    Those more than REACH standard deviations from the mean are left out.
    """
    n = n_a + n_b
    mean = total * n_a / n if n else 0.0
    spread = (mean * (1 - n_a / n) * (1 - total / n) * n / max(1, n - 1)) ** 0.5 if n else 0.0
    reach = REACH * (spread + 1)
    fewest = max(0, total - n_b, ceil(mean - reach))
    ones = np.arange(fewest, min(n_a, total, floor(mean + reach)) + 1)
    log_ways = -(
        gammaln(ones + 1)
        + gammaln(n_a - ones + 1)
        + gammaln(total - ones + 1)
        + gammaln(n_b - total + ones + 1)
    )
    ways = np.exp(log_ways - log_ways.max())
    return fewest, np.asarray(ways / ways.sum(), np.float64)


def _power(probability: Floats, times: int) -> Floats:
    """Distribution of the sum of several alike, by repeated squaring."""
    result = np.ones(1)
    while times:
        if times % 2:
            result = np.convolve(result, probability)
        times //= 2
        if times:
            probability = np.convolve(probability, probability)
    return result
