"""Shrunken biases: the bias of each model, given those of all models of its study.

Fifty draws of a fair coin show a bias of 0.056 on average. How much of a model's bias is such noise depends
on the other models: where most are fair, a small bias is most likely luck. A model is fair with probability
w, else its share p is drawn from a beta distribution with the target as mean and concentration c. Both are
unknown: every w and c on a grid takes part, weighted by how likely it makes the draws of all models. So
does the chance of each link between the shares of two orders (`order_links`).

Source:
    Efron (2010), Large-Scale Inference, chapter 1; Gelman et al. (2013), Bayesian Data Analysis, section 5.3,
    for the grid over the population's parameters.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from flipsite.analyse.binomial import TAIL
from flipsite.analyse.empirical_bayes.order_links import (
    Link,
    OneShare,
    cells_for,
    likelihood,
    link_chances,
    middles,
    order_links,
)
from flipsite.analyse.empirical_bayes.population import Population
from flipsite.analyse.published.possible_counts import PrintedFit
from flipsite.analyse.ranking.bias_posterior import mean_of_levels
from flipsite.analyse.ranking.ranks import LEVELS, ArmCounts, ranks_of_levels
from flipsite.domain.estimates import Printed
from flipsite.special import betainc, gammaln, xlog1py, xlogy

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

_BLOCK = 64
"""Models that are weighted at once."""

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

    A model that was asked in two orders is fair in both or in neither; else its two shares are independent,
    the same, or reflected about the target. Its bias is the mean of those within each.

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
    n_cells = cells_for(max(arm[:, 1].max() for arm in arms))
    links, prior = order_links(arms, target=target, n_cells=n_cells), _prior(target, n_cells)
    fair = np.prod([likelihood(arm, np.array([target]))[:, 0] for arm in arms], axis=0)
    spreads = [[_marginal(share, prior) for share in link] for link in links]
    together = np.stack([np.prod(each, axis=0) for each in spreads], axis=-1)
    weights = _weights(fair, together, np.bincount(which))
    if weights is None:
        return None
    p_fair, others = weights
    masses = [
        [
            _masses(share, others[..., at] * np.prod(spread[:i] + spread[i + 1 :], axis=0), prior)
            for i, share in enumerate(link)
        ]
        for at, (link, spread) in enumerate(zip(links, spreads, strict=True))
    ]
    found = _posteriors(p_fair, _by_model(links, masses, [len(model) for model in place], target=target))
    ranks = ranks_of_levels(found.levels, which, seed=seed, n_draws=N_DRAWS)
    ranks.sort(axis=1, kind="stable")  # by digits, where ranks have sixteen bits
    n_draws = ranks.shape[1]
    twice = ranks[:, (n_draws - 1) // 2] + ranks[:, n_draws // 2].astype(np.int64)
    return tuple(
        found.shrunken(cell, rank=rank)
        for cell, rank in zip(which.tolist(), (twice // 2).tolist(), strict=True)
    )


def _weights(fair: Floats, spread: Floats, n_alike: NDArray[np.int64]) -> tuple[Floats, Floats] | None:
    """Average over all populations: the chance that each model is fair, and the weight of each way not to be.

    Args:
        fair: Likelihood of a fair model, a row a model.
        spread: That of one that is not, by model, concentration and link between its orders.
        n_alike: Models of these counts.

    Returns:
        Posterior chances that models are fair, and weights by model, concentration and link before the
        likelihood; None where the draws tell too little of the population.
    """
    w, chances = _SHARES[:, None, None], link_chances(spread.shape[-1])
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(fair), _BLOCK)]

    def mixed(block: slice) -> Floats:
        """Likelihood by model, share of fair models, concentration, and chances of the links."""
        return np.maximum(
            w * fair[block, None, None, None] + (1 - w) * (spread[block] @ chances.T)[:, None], 1e-300
        )

    log_likelihood = sum(np.tensordot(n_alike[block], np.log(mixed(block)), axes=1) for block in blocks)
    plausible = np.exp(log_likelihood - np.max(log_likelihood))
    plausible /= plausible.sum()
    if np.sum(plausible * np.log(np.maximum(plausible * plausible.size, 1e-300))) < LEAST_LEARNT:
        return None
    p_fair, others = np.empty_like(fair), np.empty_like(spread)
    for block in blocks:
        odds = plausible / mixed(block)
        p_fair[block] = fair[block] * (odds * w).sum(axis=(1, 2, 3))
        others[block] = (odds * (1 - w)).sum(axis=1) @ chances
    return p_fair, others


def _arms(models: Sequence[ArmCounts]) -> list[Floats]:
    """Ones and valid draws of each model in its first order, and in its second, 0 of 0 where it has none."""
    most = max(map(len, models))
    padded = np.array([[*each, *[(0.0, 0.0)] * (most - len(each))] for each in models], np.float64)
    capped = padded * np.minimum(1.0, MOST_COUNTED / np.maximum(padded[..., 1:], 1.0))
    return [capped[:, arm] for arm in range(most)]


def _marginal(share: OneShare, prior: Floats) -> Floats:
    """The likelihood of each concentration, a row a model."""
    return np.concatenate([each @ prior.T for each in share.likelihoods()])


def _masses(share: OneShare, weights: Floats, prior: Floats) -> Iterator[Floats]:
    """Posterior probability of each cell of θ for a model that is not fair, model by model.

    Args:
        share: The orders that have it.
        weights: Of each concentration, a row a model, before these draws are known.
        prior: Probability of each cell of θ, a row for each concentration.
    """
    for weight, cells in zip(weights, chain.from_iterable(share.likelihoods()), strict=True):
        yield weight @ prior * cells


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
    n_cells = cells_for(printed.draws_high)
    p, prior = middles(n_cells), _fitted_prior(population, n_cells)
    bias, p_fair, masses = _bias(abs(p - target)), [], []
    for counts in known.values():
        ways = _binomial_weights(counts)
        cells = ways @ likelihood(counts, p)
        fair = float(ways @ likelihood(counts, np.array([target]))[:, 0]) * population.fair
        mass = (1 - population.fair) * prior * cells
        p_fair.append(fair / (fair + mass.sum()))
        masses.append([replace(bias, masses=(mass / (fair + mass.sum()),))])
    found = _posteriors(np.array(p_fair), masses)
    return {model: found.shrunken(place) for place, model in enumerate(known)}


def _binomial_weights(counts: Floats) -> Floats:
    """Largest probability of each pair of counts, by which a likelihood over its maximum is multiplied."""
    ones, valid = counts.T
    best = ones / valid
    log_ways = gammaln(valid + 1) - gammaln(ones + 1) - gammaln(valid - ones + 1)
    return np.asarray(np.exp(log_ways + xlogy(ones, best) + xlog1py(valid - ones, -best)))


def _fitted_prior(population: Population, n_cells: int) -> Floats:
    """Probability of each cell of θ for a model of a fitted population that is not fair."""
    edges = np.sin(np.linspace(0, np.pi / 2, n_cells + 1)) ** 2
    first = np.diff(betainc(population.alpha, population.beta, edges))
    if (second := population.second) is None:
        return np.asarray(first)
    return np.asarray(
        (1 - second.weight) * first + second.weight * np.diff(betainc(second.alpha, second.beta, edges))
    )


@lru_cache(maxsize=8)
def _prior(target: float, n_cells: int) -> Floats:
    """Probability of each cell of θ, a row for each concentration."""
    edges = np.sin(np.linspace(0, np.pi / 2, n_cells + 1)) ** 2
    alpha, beta = _CONCENTRATIONS[:, None] * target, _CONCENTRATIONS[:, None] * (1 - target)
    return np.asarray(np.diff(betainc(alpha, beta, edges), axis=1))


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _LinkedBias:
    """The bias of a model that is not fair: the mean over its independent shares.

    Attributes:
        distances: From the target, ascending.
        cells: The cells of θ in the order of their distance.
        starts: Where the cells of each distance begin among them; on either side of the target one may lie.
        masses: Posterior probability of each cell, an array for each share.
    """

    distances: Floats
    cells: NDArray[np.intp]
    starts: NDArray[np.intp]
    masses: Sequence[Floats] = ()

    def by_distance(self) -> list[Floats]:
        """Posterior probability of each distance, an array for each share."""
        return [np.add.reduceat(mass[self.cells], self.starts) for mass in self.masses]


def _bias(distance: Floats) -> _LinkedBias:
    """The bias whose distance in each cell of θ this is, without its masses."""
    rounded = np.round(distance, 12)
    cells = np.argsort(rounded, kind="stable")
    distances, starts = np.unique(rounded[cells], return_index=True)
    return _LinkedBias(distances=distances, cells=cells, starts=starts)


def _by_model(
    links: Sequence[Link],
    masses: Sequence[Sequence[Iterator[Floats]]],
    n_orders: Sequence[int],
    *,
    target: float,
) -> Iterator[list[_LinkedBias]]:
    """For each model, its biases under the links that its shares may have if it is not fair."""
    biases = [
        [_bias(link[0].distance(target, n_orders=asked)) for link in links]
        for asked in range(1, max(n_orders) + 1)
    ]
    for asked in n_orders:
        each = [[next(mass) for mass in link] for link in masses]
        yield [
            replace(bias, masses=shares[:asked]) for bias, shares in zip(biases[asked - 1], each, strict=True)
        ]


def _posteriors(p_fair: Floats, models: Iterable[Sequence[_LinkedBias]]) -> _Posteriors:
    """Posterior mean, interval, chance to be near, and LEVELS equally likely values.

    Args:
        p_fair: Posterior probability of a fair model, an entry a posterior.
        models: What the bias of each may be if it is not fair.
    """
    at = (np.arange(LEVELS) + 0.5) / LEVELS
    n = len(p_fair)
    bias, near, levels = np.empty(n), np.empty(n), np.empty((n, LEVELS))
    for row, ways in enumerate(models):
        of_each = [each.by_distance() for each in ways]
        bias[row] = sum(
            np.mean([mass @ way.distances for mass in masses])
            for way, masses in zip(ways, of_each, strict=True)
        )
        values, reached = _distribution([way.distances for way in ways], of_each, at)
        below = (p_fair[row] + reached) / (p_fair[row] + sum(masses[0].sum() for masses in of_each))
        near[row] = np.interp(NEAR, values, below)
        # Fair models tie at 0: which of them ranks before another is left to chance.
        levels[row] = np.where(at < p_fair[row], at * 1e-9, np.interp(at, below, values))
    ends = (int(LEVELS * TAIL), int(LEVELS * (1 - TAIL)))
    low, high = (np.where(levels[:, end] < 1e-8, 0.0, levels[:, end]) for end in ends)
    return _Posteriors(bias=bias, low=low, high=high, p_near=near, levels=levels)


def _distribution(
    distances: Sequence[Floats], masses: Sequence[list[Floats]], at: Floats
) -> tuple[Floats, Floats]:
    """Ascending values of a bias, and the probability that it is at most as large, however it arose.

    Args:
        distances: Those from the target, ascending, of each link.
        masses: Their probabilities, an array for each independent share of a link.
        at: Of equally likely values.
    """
    found = []
    for values, shares in zip(distances, masses, strict=True):
        reached = [np.cumsum(mass) - mass / 2 for mass in shares]
        if len(reached) > 1:
            total = shares[0].sum()
            levels = [np.interp(at * total, below, values) for below in reached]
            found.append((mean_of_levels(*levels), at * total))
        else:
            found.append((values, reached[0]))
    return distances[0], np.sum([np.interp(distances[0], *each) for each in found], axis=0)
