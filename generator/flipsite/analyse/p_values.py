"""p-values: by simulation, also beyond the most extreme simulated value, and of many tests at once.

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
from numpy.typing import ArrayLike

from flipsite.analyse.binomial import Floats

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


def benjamini_hochberg(p_values: ArrayLike, *, family: int | None = None) -> Floats:
    """q-values: the smallest false discovery rate at which each hypothesis is rejected.

    q₍ᵢ₎ = min over j ≥ i of p₍ⱼ₎ m / j, at most 1.

    Args:
        p_values: p-values; None or NaN is no test, and passes through as NaN.
        family: Number m of tests, at least those given; those not given are taken to have p = 1.

    Source:
        Benjamini & Hochberg (1995), J. R. Statist. Soc. B 57, 289-300; q as in Yekutieli & Benjamini (1999).
    """
    p = np.asarray(p_values, np.float64)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    m = len(tested) if family is None else family
    if m < len(tested):
        raise ValueError(f"family of {m} tests is smaller than the {len(tested)} p-values given")
    stepped = p[order] * m / np.arange(1, len(order) + 1)
    q = np.full(p.shape, np.nan)
    q[order] = np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 1.0)
    return q


def rejection_limits(p_values: ArrayLike, *, rate: float, family: int | None = None) -> Floats:
    """For each test, the p-value below which its q-value would be below the rate, the others as they are.

    That is rate · R / m with R the number of rejections were this test's own p-value 0.

    Args:
        p_values: As for `benjamini_hochberg`.
        rate: False discovery rate.
        family: As for `benjamini_hochberg`.

    Source:
        Benjamini & Yekutieli (2001), Annals of Statistics 29, 1165-1188, proof of theorem 1.2.
    """
    p = np.asarray(p_values, np.float64)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    m = len(tested) if family is None else family
    place = np.arange(1, len(order) + 1)
    moved_up = np.where(
        p[order] < rate * (place + 1) / m, place + 1, 1
    )  # those before the test that becomes 0
    unmoved = np.where(p[order] < rate * place / m, place, 1)
    before = np.concatenate([[1], np.maximum.accumulate(moved_up)[:-1]])[: len(order)]
    after = np.concatenate([np.maximum.accumulate(unmoved[::-1])[::-1][1:], [1]])[: len(order)]
    limits = np.full(p.shape, np.nan)
    limits[order] = rate * np.maximum(before, after) / m
    return limits
