"""Shrunken biases: the bias of each model, given those of all models of its study.

Fifty draws of a fair coin show a bias of 0.056 on average. How much of a model's bias is such noise depends
on the other models: where most are fair, a small bias is most likely luck. A model is fair with probability
w, else its share p is drawn from a beta distribution with the target as mean and concentration c. Both are
unknown: every w and c on a grid takes part, weighed by how likely it makes the draws of all models.

Source:
    Efron (2010), Large-Scale Inference, chapter 1; Gelman et al. (2013), Bayesian Data Analysis, section 5.3,
    for the grid over the population's parameters.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammaln, xlog1py, xlogy

from flipsite.analyse.binomial import TAIL
from flipsite.analyse.empirical_bayes.population import Population
from flipsite.analyse.published.possible_counts import PrintedFit
from flipsite.analyse.ranking.bias_posterior import mean_of_levels
from flipsite.analyse.ranking.ranks import LEVELS, ArmCounts, ranks_of_levels
from flipsite.domain.estimates import Printed

Floats = NDArray[np.float64]
NEAR = 0.1
"""Distance from the target whose probability is reported."""

FEWEST = 8
"""Models of a study: fewer say too little of the population they come from."""

LEAST_LEARNT = 0.05
"""Kullback-Leibler divergence, in nats, of the population's posterior from its prior: below it the shrunken
biases would be the prior's. With one draw a model nothing is known of how the models differ."""

N_DRAWS = 1_000
"""Joint posterior draws of the ranks: a median is then known to within 0.08 standard deviations."""

_SHARES = np.linspace(0.0, 1.0, 21)
"""Shares w of fair models that take part."""

_CONCENTRATIONS = np.geomspace(0.02, 2_000, 32)
"""Concentrations c of the others that take part."""

_GRID = 4_096
"""Cells of θ = arcsin √p: half a posterior's standard deviation at MOST_COUNTED draws."""

_BLOCK = 64
"""Models whose posteriors are worked out at once."""

MOST_COUNTED = 400_000
"""Draws of a model beyond which more do not change its estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShrunkenBias:
    """The posterior of one model's bias |p − target|, given its draws and those of all models.

    Of a model that was asked in two orders it is the mean bias within them.

    Attributes:
        bias: Its mean.
        low: Low end of its 95 % interval, 0 where the model may well be fair.
        high: High end of the same.
        p_near: Probability that the bias is at most NEAR.
        rank: Median rank in joint posterior draws, 1 the least biased; None where it is not worked out.
    """

    bias: float
    low: float
    high: float
    p_near: float
    rank: int | None


def shrunken_biases(
    counts: Sequence[ArmCounts], *, target: float = 0.5, seed: int = 0
) -> tuple[ShrunkenBias, ...] | None:
    """The shrunken bias of each model of a study, in the order given.

    A model that was asked in two orders is fair in both or in neither; its bias is the mean of those within
    each.

    Args:
        counts: Of models with a valid draw, in each order where two were asked.
        target: Probability that the prompt asks for.
        seed: Of the posterior draws of the ranks.

    Returns:
        None for fewer than FEWEST models, draws that tell less than LEAST_LEARNT of the population, or a
        target of 0 or 1, about which no coin can spread.
    """
    if len(counts) < FEWEST or target in {0, 1}:
        return None
    place = {each: i for i, each in enumerate(dict.fromkeys(tuple(sorted(each)) for each in counts))}
    which = np.array([place[tuple(sorted(each))] for each in counts], np.int64)
    arms = _arms(tuple(place))
    prior, shares = _prior(target), _SHARES[:, None]
    fair = np.prod([_likelihood(arm, np.array([target]), relative_to=arm)[:, 0] for arm in arms], axis=0)
    spreads = [np.concatenate([each @ prior.T for each in _over_grid(arm)]) for arm in arms]
    mixed = shares * fair[:, None, None] + (1 - shares) * np.prod(spreads, axis=0)[:, None, :]
    mixed = np.maximum(mixed, 1e-300)  # by model, share of fair models, and concentration
    log_likelihood = np.tensordot(np.bincount(which), np.log(mixed), axes=1)
    plausible = np.exp(log_likelihood - log_likelihood.max())
    plausible /= plausible.sum()
    if np.sum(plausible * np.log(np.maximum(plausible * plausible.size, 1e-300))) < LEAST_LEARNT:
        return None
    odds = plausible / mixed
    others = (odds * (1 - shares)).sum(axis=1)
    masses = (
        _masses(arm, others * np.prod(spreads[:i] + spreads[i + 1 :], axis=0), prior)
        for i, arm in enumerate(arms)
    )
    found = _posteriors(
        fair * (odds * shares).sum(axis=(1, 2)),
        (each[: len(model)] for each, model in zip(zip(*masses, strict=True), place, strict=True)),
        target=target,
    )
    ranks = ranks_of_levels(found.levels, which, seed=seed, n_draws=N_DRAWS)
    medians = np.median(ranks, axis=1).tolist()
    return tuple(
        found.shrunken(cell, rank=int(rank)) for cell, rank in zip(which.tolist(), medians, strict=True)
    )


def _arms(models: Sequence[ArmCounts]) -> list[Floats]:
    """Ones and valid draws of each model in its first order, and in its second, 0 of 0 where it has none."""
    most = max(map(len, models))
    padded = np.array([[*each, *[(0.0, 0.0)] * (most - len(each))] for each in models], np.float64)
    capped = padded * np.minimum(1.0, MOST_COUNTED / np.maximum(padded[..., 1:], 1.0))
    return [capped[:, arm] for arm in range(most)]


def _masses(arm: Floats, weights: Floats, prior: Floats) -> Iterator[Floats]:
    """Posterior probability of each cell of θ for a model that is not fair, model by model.

    Args:
        arm: Ones and valid draws of each model.
        weights: Of each concentration, a row a model, before these draws are known.
        prior: Probability of each cell of θ, a row for each concentration.
    """
    for weight, likelihood in zip(weights, chain.from_iterable(_over_grid(arm)), strict=True):
        yield weight @ prior * likelihood


def printed_shrunken_biases(
    printed: Printed,
    fits: Mapping[str, Sequence[PrintedFit]],
    population: Population,
    *,
    target: float = 0.5,
) -> dict[str, ShrunkenBias]:
    """The shrunken bias of each printed model whose figure some count prints, under the fitted population.

    Every number of draws that prints so is equally likely beforehand. The population's parameters are taken
    as they were fitted, and ranks, which the models not printed take part in, are not given.
    """
    rows = {
        row.model: [(k, way.n_valid) for way in fits[row.model] for k in way.ones] for row in printed.rows
    }
    known = {model: np.array(counts, np.float64) for model, counts in rows.items() if counts}
    if not known:
        return {}
    prior = _fitted_prior(population, target=target)
    p_fair, masses = [], []
    for counts in known.values():
        ways = _binomial_weights(counts)
        likelihood = ways @ _likelihood(counts, _middles(), relative_to=counts)
        fair = (
            float(ways @ _likelihood(counts, np.array([target]), relative_to=counts)[:, 0]) * population.fair
        )
        mass = (1 - population.fair) * prior * likelihood
        p_fair.append(fair / (fair + mass.sum()))
        masses.append([mass / (fair + mass.sum())])
    found = _posteriors(np.array(p_fair), masses, target=target)
    return {model: found.shrunken(place) for place, model in enumerate(known)}


def _binomial_weights(counts: Floats) -> Floats:
    """Largest probability of each pair of counts, by which a likelihood over its maximum is multiplied."""
    ones, valid = counts.T
    best = ones / valid
    log_ways = gammaln(valid + 1) - gammaln(ones + 1) - gammaln(valid - ones + 1)
    return np.asarray(np.exp(log_ways + xlogy(ones, best) + xlog1py(valid - ones, -best)))


def _fitted_prior(population: Population, *, target: float) -> Floats:
    """Probability of each cell of θ for a model of a fitted population that is not fair."""
    edges = np.sin(np.linspace(0, np.pi / 2, _GRID + 1)) ** 2
    first = np.diff(betainc(population.alpha, population.beta, edges))
    if (second := population.second) is None:
        return np.asarray(first)
    return np.asarray(
        (1 - second.weight) * first + second.weight * np.diff(betainc(second.alpha, second.beta, edges))
    )


@lru_cache(maxsize=8)
def _prior(target: float) -> Floats:
    """Probability of each cell of θ, a row for each concentration."""
    edges = np.sin(np.linspace(0, np.pi / 2, _GRID + 1)) ** 2
    alpha, beta = _CONCENTRATIONS[:, None] * target, _CONCENTRATIONS[:, None] * (1 - target)
    return np.asarray(np.diff(betainc(alpha, beta, edges), axis=1))


def _middles() -> Floats:
    """The share p in the middle of each cell of θ."""
    return np.asarray(np.sin((np.arange(_GRID) + 0.5) / _GRID * np.pi / 2) ** 2)


def _likelihood(cells: Floats, shares: Floats, *, relative_to: Floats) -> Floats:
    """Likelihood of each share for each pair of counts, over that of the share that fits it best."""
    ones, zeros = cells[:, 0], cells[:, 1] - cells[:, 0]
    best = relative_to[:, 0] / np.maximum(relative_to[:, 1], 1e-300)
    highest = xlogy(ones, best) + xlog1py(zeros, -best)
    powers = np.stack([ones, zeros], axis=1)
    return np.asarray(np.exp(powers @ np.log([shares, 1 - shares]) - highest[:, None]))


def _over_grid(cells: Floats) -> Iterator[Floats]:
    """The likelihood of each cell of θ, a row a pair of counts, in blocks."""
    for start in range(0, len(cells), _BLOCK):
        block = cells[start : start + _BLOCK]
        yield _likelihood(block, _middles(), relative_to=block)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Posteriors:
    """The posterior of the bias, an entry or a row for each pair of counts."""

    bias: Floats
    low: Floats
    high: Floats
    p_near: Floats
    levels: Floats

    def shrunken(self, place: int, *, rank: int | None = None) -> ShrunkenBias:
        """The entry at this place."""
        return ShrunkenBias(
            bias=float(self.bias[place]),
            low=float(self.low[place]),
            high=float(self.high[place]),
            p_near=float(self.p_near[place]),
            rank=rank,
        )


def _posteriors(p_fair: Floats, masses: Iterable[Sequence[Floats]], *, target: float) -> _Posteriors:
    """Posterior mean, interval, chance to be near, and LEVELS equally likely values.

    Args:
        p_fair: Posterior probability of a fair model, an entry a posterior.
        masses: Posterior probability of each cell of θ for a model that is not, in each order that was asked.
        target: Probability that the prompt asks for.
    """
    distance = abs(_middles() - target)
    ascending = np.argsort(distance, kind="stable")
    steps = distance[ascending]
    at = (np.arange(LEVELS) + 0.5) / LEVELS
    n = len(p_fair)
    bias, near, levels = np.empty(n), np.empty(n), np.empty((n, LEVELS))
    for row, orders in enumerate(masses):
        bias[row] = np.mean([mass @ distance for mass in orders])
        reached = [np.cumsum(mass[ascending]) for mass in orders]
        if len(orders) > 1:  # given that the model is not fair, its orders are independent
            each = [np.interp(at * below[-1], below, steps) for below in reached]
            values, below = mean_of_levels(*each), reached[0][-1] * at
        else:
            values, below = steps, reached[0]
        below = (p_fair[row] + below) / (p_fair[row] + reached[0][-1])
        near[row] = np.interp(NEAR, values, below)
        # Fair models tie at 0: which of them ranks before another is left to chance.
        levels[row] = np.where(at < p_fair[row], at * 1e-9, np.interp(at, below, values))
    ends = (int(LEVELS * TAIL), int(LEVELS * (1 - TAIL)))
    low, high = (np.where(levels[:, end] < 1e-8, 0.0, levels[:, end]) for end in ends)
    return _Posteriors(bias=bias, low=low, high=high, p_near=near, levels=levels)
