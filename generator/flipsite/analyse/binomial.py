"""The binomial law of a count of ones: interval, exact test, probabilities; vectorised over models."""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flipsite.special import betainc, betaincinv, gammaln, xlog1py, xlogy

Floats = NDArray[np.float64]

LEVEL = 0.95
"""Coverage of every interval."""

TAIL = (1 - LEVEL) / 2
"""The probability outside an interval, on either side."""

_SAME_PROBABILITY = 1 + 1e-7
"""Counts this near in probability are equally likely, as in R's binom.test and scipy's binomtest."""


def jeffreys(n_ones: ArrayLike, n_valid: ArrayLike, *, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Jeffreys interval of a share: quantiles of Beta(k + 1/2, n − k + 1/2), its ends closed.

    Args:
        n_ones: Ones among the valid draws, k.
        n_valid: Valid draws, n; without any the interval is all of [0, 1].
        level: Coverage, strictly between 0 and 1.

    Returns:
        Low and high, in [0, 1]; low is 0 where k = 0 and high is 1 where k = n.

    Source:
        Brown, Cai & DasGupta (2001), Statistical Science 16, 101-133, section 3.1.3.
    """
    ones, valid, which = distinct(n_ones, n_valid)
    tail = (1 - level) / 2
    low = betaincinv(ones + 0.5, valid - ones + 0.5, tail)
    high = betaincinv(ones + 0.5, valid - ones + 0.5, 1 - tail)
    return np.where(ones == 0, 0.0, low)[which], np.where(ones == valid, 1.0, high)[which]


@lru_cache(maxsize=65_536)
def interval(n_ones: int, n_valid: int) -> tuple[float, float]:
    """The Jeffreys interval of one share."""
    low, high = jeffreys(n_ones, n_valid)
    return float(low), float(high)


def distinct(n_ones: ArrayLike, n_valid: ArrayLike) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Each pair of counts once, and which of them each model has: at fifty draws a model there are few.

    Returns:
        Ones, valid draws, and the places of the pairs given among these, in the shape of what was given.
    """
    ones, valid = np.broadcast_arrays(np.asarray(n_ones, np.float64), np.asarray(n_valid, np.float64))
    pairs, which = np.unique(ones + 1j * valid, return_inverse=True)
    return pairs.real, pairs.imag, which.reshape(ones.shape)


def binomial_test(n_ones: ArrayLike, n_valid: ArrayLike, *, target: float = 0.5) -> Floats:
    """Exact two-sided binomial test: the probability of all counts no likelier than the one seen.

    Args:
        n_ones: Ones among the valid draws, k.
        n_valid: Valid draws, n; without any the p-value is 1.
        target: Probability p of a one under the null hypothesis, from 0 to 1.

    Returns:
        p-values in [0, 1].

    Source:
        The method of minimum likelihood: Hirji (2006), Exact Analysis of Discrete Data; the definition
        of R's binom.test and scipy.stats.binomtest, with their tolerance for ties.
    """
    ones, valid = np.broadcast_arrays(np.asarray(n_ones, np.float64), np.asarray(n_valid, np.float64))
    if target == 0.5:  # both tails are alike
        return np.minimum(2 * at_most(np.minimum(ones, valid - ones), valid, target=target), 1.0)
    likeliest = valid * target
    if target in {0, 1}:  # such a coin has one outcome; any other refutes it
        return np.where(ones == likeliest, 1.0, 0.0)
    seen = log_probability(ones, valid, target=target) + np.log(_SAME_PROBABILITY)
    below = ones < likeliest
    other = _other_tail(seen, valid, target=target, upper=below)
    low = np.where(below, ones, other)
    high = np.where(below, other, ones)
    p = at_most(low, valid, target=target) + at_least(high, valid, target=target)
    return np.where(
        ones == likeliest, 1.0, np.minimum(p, 1.0)
    )  # rounding may lift the sum of both tails above 1


def binomial_probability(n_ones: ArrayLike, n_valid: ArrayLike, *, target: float = 0.5) -> Floats:
    """Probability of exactly k ones in n draws of a coin at the target."""
    ones, valid = np.asarray(n_ones, np.float64), np.asarray(n_valid, np.float64)
    return np.exp(log_probability(ones, valid, target=target))


def at_most(n_ones: ArrayLike, n_valid: ArrayLike, *, target: float) -> Floats:
    """P(X ≤ k), X ~ Binomial(n, target); k may lie outside of 0 … n."""
    k, n = np.asarray(n_ones, np.float64), np.asarray(n_valid, np.float64)
    inside = (k >= 0) & (k < n)
    p = betainc(np.where(inside, n - k, 1.0), np.where(inside, k + 1, 1.0), 1 - target)
    return np.where(inside, p, np.where(k < 0, 0.0, 1.0))


def at_least(n_ones: ArrayLike, n_valid: ArrayLike, *, target: float) -> Floats:
    """P(X ≥ k), X ~ Binomial(n, target); k may lie outside of 0 … n."""
    k, n = np.asarray(n_ones, np.float64), np.asarray(n_valid, np.float64)
    inside = (k > 0) & (k <= n)
    p = betainc(np.where(inside, k, 1.0), np.where(inside, n - k + 1, 1.0), target)
    return np.where(inside, p, np.where(k > n, 0.0, 1.0))


def log_probability(k: Floats, n: Floats, *, target: float) -> Floats:
    """Natural logarithm of the binomial probability of k ones in n."""
    choices = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    log_p: Floats = choices + xlogy(k, target) + xlog1py(n - k, -target)
    return log_p


def _other_tail(log_seen: Floats, n: Floats, *, target: float, upper: NDArray[np.bool_]) -> Floats:
    """Where the tail opposite to the count seen begins: its first count no likelier, by bisection.

    Probabilities fall on either side of the mean, so the first such count is found in log₂ n steps. Where
    there is none, the answer lies just outside 0 … n.
    """
    near = np.where(upper, np.ceil(n * target), np.floor(n * target))
    step = np.where(upper, 1.0, -1.0)
    inside = np.zeros_like(
        n
    )  # distance from `near` known to be likelier, plus one; the answer is at or beyond it
    beyond = np.where(upper, n - near, near) + 1  # distance known to be in the tail or outside of the range
    while np.any(inside < beyond):
        middle = np.floor((inside + beyond) / 2)
        tail = log_probability(near + step * middle, n, target=target) <= log_seen
        searching = inside < beyond
        beyond = np.where(searching & tail, middle, beyond)
        inside = np.where(searching & ~tail, middle + 1, inside)
    return near + step * inside
