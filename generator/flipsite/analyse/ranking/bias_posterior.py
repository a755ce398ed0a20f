"""The posterior of a share of ones, Beta(k + 1/2, n − k + 1/2) under Jeffreys' prior, and of its bias.

All vectorised; equal counts are worked out once, for at fifty draws a model there are only fifty-one of them.
"""

from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flipsite.analyse.binomial import LEVEL, distinct, jeffreys
from flipsite.special import betainc, ndtr

Floats = NDArray[np.float64]

_STEPS = 45
"""Halvings of the unit interval: to 3e-14."""

_REACH = float(np.sqrt(-2 * np.log1p(-LEVEL)))
"""Half axes, in standard deviations, of the ellipse that holds 95 % of a normal distribution in the plane."""


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


def bias_interval_within(
    n_ones: ArrayLike, n_valid: ArrayLike, *, target: float = 0.5
) -> tuple[Floats, Floats]:
    """Least and largest mean distance from the target in the 95 % region of the shares of two orders.

    The region is an ellipse around both shares, whose half axes end where Jeffreys intervals do that hold a
    normal variate within as many standard deviations. Like `bias_interval` it can hold 0, and does where it
    holds the target in both orders.

    Args:
        n_ones: Ones in each order, a row a model.
        n_valid: Valid draws in each order, at least one.
        target: Probability that the prompt asks for.

    Source:
        Scheffé (1953), Biometrika 40, 87-104: a region of both shares bounds every function of them.
    """
    ones, valid = np.asarray(n_ones, np.float64), np.asarray(n_valid, np.float64)
    low, high = jeffreys(ones, valid, level=float(2 * ndtr(_REACH) - 1))
    centre = ones / valid
    ends = {-1: centre - low, 1: high - centre}
    # The mean distance is linear in each quadrant about the target: its extremes lie where the edge runs
    # along such a plane, or the least also where it crosses a border between two.
    found = []
    for turn in product(ends, repeat=2):
        axes = np.stack([ends[side][:, i] for i, side in enumerate(turn)], axis=1)
        length = np.sqrt((axes**2).sum(axis=1, keepdims=True))
        step = np.divide(axes**2, length, out=np.zeros_like(axes), where=length > 0)
        found.append(abs(centre + np.array(turn) * step - target).mean(axis=1))
    away = target - centre
    axes = np.where(away > 0, ends[1], ends[-1])
    part = np.where(away == 0, 0.0, np.divide(away, axes, out=np.full_like(away, np.inf), where=axes > 0))
    crossed = []
    for i, side in product((0, 1), ends):
        rest = np.sqrt(np.maximum(0.0, 1 - part[:, i] ** 2)) * ends[side][:, 1 - i]
        beyond = abs(centre[:, 1 - i] + side * rest - target) / 2
        crossed.append(np.where(abs(part[:, i]) <= 1, beyond, np.inf))
    holds = (part**2).sum(axis=1) <= 1
    return np.where(holds, 0.0, np.min([*found, *crossed], axis=0)), np.max(found, axis=0)


def mean_of_levels(first: Floats, second: Floats) -> Floats:
    """Equally likely values of the mean of two independent quantities, ascending.

    Args:
        first: Equally likely values of one; their number is a power of two.
        second: As many of the other. Each meets one of the first, on a lattice, which spreads the pairs more
            evenly than chance does: of 2,048 values a probability is off by less than 0.005.

    Source:
        Niederreiter (1992), Random Number Generation and Quasi-Monte Carlo Methods, section 5.1.
    """
    n = first.shape[-1]
    step = int(0.6226 * n) | 1  # odd, so that every value of the second is met; of such the most even
    return np.sort((first + second[..., np.arange(n) * step % n]) / 2)


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
