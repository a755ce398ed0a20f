"""The posterior of a share of ones, Beta(k + 1/2, n − k + 1/2) under Jeffreys' prior, and of its bias.

All vectorised; equal counts are worked out once, for at fifty draws a model there are only fifty-one of them.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc

from flipsite.analyse.binomial import distinct, jeffreys

Floats = NDArray[np.float64]

_STEPS = 45
"""Halvings of the unit interval: to 3e-14."""


def bias_within(n_ones: ArrayLike, n_valid: ArrayLike, margin: ArrayLike, *, target: float = 0.5) -> Floats:
    """Posterior probability that |p − target| ≤ margin: a difference of two beta distribution functions.

    Args:
        n_ones: Ones among the valid draws.
        n_valid: Valid draws; without any the prior speaks.
        margin: Distance from the target, at least 0.
        target: Probability that the prompt asks for.
    """
    ones, valid = np.asarray(n_ones, np.float64), np.asarray(n_valid, np.float64)
    a, b, reach = ones + 0.5, valid - ones + 0.5, np.asarray(margin, np.float64)
    below = betainc(a, b, np.maximum(target - reach, 0.0))
    return np.asarray(betainc(a, b, np.minimum(target + reach, 1.0)) - below, np.float64)


def bias_quantile(
    n_ones: ArrayLike, n_valid: ArrayLike, probability: float, *, target: float = 0.5
) -> Floats:
    """Quantile of the posterior of |p − target|, by bisection of `bias_within`.

    Args:
        n_ones: Ones among the valid draws.
        n_valid: Valid draws.
        probability: Of the quantile, strictly between 0 and 1; 0.5 is the median.
        target: Probability that the prompt asks for.
    """
    ones, valid, which = distinct(np.ravel(n_ones), np.ravel(n_valid))
    low, high = np.zeros(len(ones)), np.ones(len(ones))
    for _ in range(_STEPS):
        middle = (low + high) / 2
        reached = bias_within(ones, valid, middle, target=target) >= probability
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    return np.asarray(high[which])


def bias_interval(n_ones: ArrayLike, n_valid: ArrayLike, *, target: float = 0.5) -> tuple[Floats, Floats]:
    """Least and largest distance from the target in the 95 % Jeffreys interval of p.

    Unlike the posterior's quantiles of |p − target|, it can hold 0, and does where p's interval holds the
    target.
    """
    return bias_ends(*jeffreys(n_ones, n_valid), target=target)


def bias_ends(low: ArrayLike, high: ArrayLike, *, target: float = 0.5) -> tuple[Floats, Floats]:
    """Least and largest distance from the target of shares between two ends."""
    low, high = np.asarray(low, np.float64), np.asarray(high, np.float64)
    least = np.maximum(np.maximum(low - target, target - high), 0.0)
    return least, np.maximum(abs(low - target), abs(high - target))


def share_quantiles(n_ones: float, n_valid: float, *, levels: int) -> Floats:
    """Quantiles of the posterior of p at the middles of `levels` equally likely parts.

    In θ = arcsin √p Jeffreys' prior is flat and the posterior is proportional to sin²ᵏθ cos²⁽ⁿ⁻ᵏ⁾θ, smooth
    even where all draws agree; its sum over a fine grid is exact to far below the width of a part.
    """
    centre, spread = np.arcsin(np.sqrt((n_ones + 0.5) / (n_valid + 1))), 0.5 / np.sqrt(n_valid + 1)
    theta = np.linspace(max(0.0, centre - 9 * spread), min(np.pi / 2, centre + 9 * spread), 2 * levels + 1)
    middle = (theta[1:] + theta[:-1]) / 2
    log_density = 2 * n_ones * np.log(np.sin(middle)) + 2 * (n_valid - n_ones) * np.log(np.cos(middle))
    below = np.concatenate([[0.0], np.cumsum(np.exp(log_density - log_density.max()))])
    wanted = (np.arange(levels) + 0.5) / levels * below[-1]
    quantiles: Floats = np.sin(np.interp(wanted, below, theta)) ** 2
    return quantiles
