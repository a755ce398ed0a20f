r"""The probability that a model is printed at all, where only models of certain biases are.

A table of the least and the most biased models shows what it was selected for. The likelihood of a printed
model is therefore conditional on its being printed: $P(y_i \mid x_i) / P(\text{printed} \mid x_i)$, where
the denominator sums over every count that would have been printed. Without it a fit reads the gap between the
two tables as a property of the models, and takes effects for larger than they are.

For unsigned biases the centre is held at the target, so that the denominator is a smooth function of the log
of the spread alone. It is tabulated once for each form and interpolated by a cubic spline.

Source:
    Truncated likelihood as in Heckman (1976), Annals of Economic and Social Measurement 5, 475-492.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.special import betaln, gammaln, logsumexp, ndtri

Tensor = Any
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LOG_SPREAD: Final = np.linspace(-8, 8, 321)
"""Where the denominator is tabulated; beyond, models are all fair coins, or all give one outcome."""

QUANTILES: Final = 4001
"""Of the normal distribution of log-odds that the denominator is averaged over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Every count with which a model is printed.

    Attributes:
        ones: Ones (n_counts).
        valid: Valid draws (n_counts).
        log_weight: Logarithm of the probability of each number of valid draws, before any data (n_counts).
    """

    ones: Ints
    valid: Ints
    log_weight: Floats

    def includes(self, ones: Ints, valid: Ints) -> NDArray[np.bool_]:
        """Whether a model with each of these counts is printed."""
        return np.isin(ones + 1j * valid, self.ones + 1j * self.valid)

    def log_probability(self, log_odds: Floats) -> Floats:
        """Logarithm of P(printed) of coins with these log-odds of a one."""
        ways = _log_ways(self.ones, self.valid) + self.log_weight
        return np.array(
            [logsumexp(ways + self.ones * one - self.valid * np.logaddexp(0, one)) for one in log_odds]
        )


def log_printed_beta(selection: Selection, log_spread: Floats, *, target: float) -> Floats:
    """Logarithm of P(printed) of models whose shares follow a beta distribution about the target.

    Args:
        selection: What is printed.
        log_spread: −log(a + b) of the distribution.
        target: Its mean.
    """
    ones, rest = selection.ones, selection.valid - selection.ones
    ways = _log_ways(selection.ones, selection.valid) + selection.log_weight
    both = np.exp(-log_spread)[:, None]
    a, b = both * target, both * (1 - target)
    return np.asarray(logsumexp(ways + betaln(a + ones, b + rest) - betaln(a, b), axis=1))


def log_printed_normal(selection: Selection, log_spread: Floats, *, target: float) -> Floats:
    """Logarithm of P(printed) of models whose log-odds are normal about the target's, by the log of σ."""
    z = ndtri((np.arange(QUANTILES) + 0.5) / QUANTILES)
    log_odds = np.linspace(-40, 40, 8001)
    probability = np.exp(selection.log_probability(log_odds))
    centre = np.log(target) - np.log1p(-target)
    at = centre + np.exp(log_spread)[:, None] * z
    return np.asarray(np.log(np.interp(at, log_odds, probability).mean(axis=1)))


def interpolated(log_printed: Callable[[Floats], Floats], log_spread: Tensor) -> Tensor:
    """A function of log spread as a PyTensor expression, by a cubic spline through its table."""
    import pytensor.tensor as pt

    spline = CubicSpline(LOG_SPREAD, log_printed(LOG_SPREAD))
    step = LOG_SPREAD[1] - LOG_SPREAD[0]
    at = pt.clip(log_spread, LOG_SPREAD[0], LOG_SPREAD[-1] - 1e-9)
    place = pt.cast(pt.floor((at - LOG_SPREAD[0]) / step), "int64")
    away = at - (LOG_SPREAD[0] + step * place)
    third, second, first, value = (pt.constant(row)[place] for row in spline.c)
    return ((third * away + second) * away + first) * away + value


def _log_ways(ones: Ints, valid: Ints) -> Floats:
    return np.asarray(gammaln(valid + 1) - gammaln(ones + 1) - gammaln(valid - ones + 1))
