"""Ranks of printed models with their doubt, among the many that were asked and not printed.

Three things are uncertain, and drawn together. How many ones in how many draws a model had: any counts that
print as its figure, and for a model not printed any whose bias lies between the tables, each as likely as
the population fitted to the study makes it, every number of draws being equally likely beforehand. Where its
share p lies, given the counts: Jeffreys' posterior, as for a study with draws. And where the models not
printed fall among the others: they are alike, so that only their numbers in the gaps between the printed
ones matter, which are multinomial.

Source:
    As `ranks`; the counts' weights are empirical Bayes, as in Efron (2008), Statistical Science 23, 1-22.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from flipsite.analyse.binomial import TAIL
from flipsite.analyse.empirical_bayes.population import Population, count_probability
from flipsite.analyse.published.possible_counts import PrintedFit, between_tables
from flipsite.analyse.ranking.bias_posterior import bias_interval
from flipsite.analyse.ranking.ranks import LEVELS, MARGINS, N_DRAWS, RankEstimate
from flipsite.domain.estimates import Printed
from flipsite.special import betaln

Floats = NDArray[np.float64]
Counts = tuple[tuple[int, int], ...]
"""Pairs of ones and valid draws."""

_GRID = 4096
"""Steps of θ = arcsin √p from 0 to π/2: some two hundred a standard deviation at fifty draws."""

_BLOCK = 512
"""Pairs of counts whose posteriors are held at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bias:
    """A distribution of |p − target| on a grid: the probability `below` each distance."""

    distance: Floats
    below: Floats

    def within(self, margin: float | Floats) -> Floats:
        return np.asarray(np.interp(margin, self.distance, self.below))

    def quantile(self, level: float | Floats) -> Floats:
        return np.asarray(np.interp(level, self.below, self.distance))


def estimate_printed_ranks(
    printed: Printed,
    fits: Mapping[str, Sequence[PrintedFit]],
    population: Population,
    *,
    target: float = 0.5,
    top: int = 20,
    seed: int = 0,
    n_draws: int = N_DRAWS,
) -> tuple[RankEstimate, ...]:
    """Rank every printed model among all that were asked, with the doubt that is left.

    A model whose figure no count prints takes part with that figure as its bias, and gets no estimate.

    Args:
        printed: Both tables.
        fits: By printed model, the counts that print as its figure.
        population: As fitted to the printed figures.
        target: Probability that the prompt asked for.
        top: Length of the lists whose chances are given.
        seed: Of the joint posterior draws.
        n_draws: Joint posterior draws.

    Returns:
        One estimate a printed model with a fit, in the order given; the interval of the bias is the widest
        over its fits.
    """
    ways = [tuple((k, way.n_valid) for way in fits[row.model] for k in way.ones) for row in printed.rows]
    n_unprinted = printed.n_models - len(printed.rows)
    between = _counts_between(printed, target=target) if n_unprinted else ()
    biases = {
        counts: _bias(counts, population, target=target)
        for counts in dict.fromkeys((*ways, between))
        if counts
    }
    levels = (np.arange(LEVELS) + 0.5) / LEVELS
    ranks = _ranks(
        np.stack(
            [
                biases[counts].quantile(levels) if counts else np.full(LEVELS, float(row.figure))
                for row, counts in zip(printed.rows, ways, strict=True)
            ]
        ),
        biases.get(between),
        n_unprinted=n_unprinted,
        rng=np.random.default_rng(seed),
        n_draws=n_draws,
    )
    return tuple(
        _standing(
            row.model, counts, biases[counts], np.sort(each), target=target, ends=(top, printed.n_models)
        )
        for row, counts, each in zip(printed.rows, ways, ranks, strict=True)
        if counts
    )


def _counts_between(printed: Printed, *, target: float) -> Counts:
    """The counts that a model may have had that was not printed."""
    grid = [(k, n) for n in range(printed.draws_low, printed.draws_high + 1) for k in range(n + 1)]
    return tuple(compress(grid, between_tables(printed, grid, target=target)))


def _bias(counts: Counts, population: Population, *, target: float) -> _Bias:
    """The posterior of |p − target| of a model that had one of these counts: Jeffreys' posteriors, mixed.

    In θ the density of Beta(k + 1/2, n − k + 1/2) is proportional to sin²ᵏθ cos²⁽ⁿ⁻ᵏ⁾θ, smooth everywhere.
    """
    ones, valid = np.array(counts).T
    likely = count_probability(population, ones, valid, target=target)
    edges = np.linspace(0, np.pi / 2, _GRID + 1)
    middle = (edges[1:] + edges[:-1]) / 2
    sides = np.log([np.sin(middle) ** 2, np.cos(middle) ** 2])
    density = np.zeros(_GRID)
    for start in range(0, len(ones), _BLOCK):
        block = slice(start, start + _BLOCK)
        powers = np.stack([ones[block], valid[block] - ones[block]], axis=1)
        whole = betaln(powers[:, 0] + 0.5, powers[:, 1] + 0.5)
        density += likely[block] @ np.exp(powers @ sides - whole[:, None])
    below = np.concatenate([[0.0], np.cumsum(density)]) / density.sum()
    distance = np.unique(abs(np.sin(edges) ** 2 - target))
    ends = np.arcsin(np.sqrt(np.clip([target - distance, target + distance], 0, 1)))
    low, high = np.interp(ends, edges, below)
    # Rounding may let a distribution function fall, or end beyond 1, by some 1e-16.
    return _Bias(distance=distance, below=np.maximum.accumulate(np.minimum(high - low, 1.0)))


def _ranks(
    table: Floats, unprinted: _Bias | None, *, n_unprinted: int, rng: np.random.Generator, n_draws: int
) -> NDArray[np.int64]:
    """Ranks by bias in joint posterior draws: a row a printed model, a column a draw, 1 the least biased.

    Args:
        table: Equally likely biases of each printed model, a row each.
        unprinted: The bias of each of the models not printed; None where there are none.
        n_unprinted: How many they are.
        rng: Chance.
        n_draws: Joint posterior draws.
    """
    n_rows = len(table)
    levels = rng.integers(0, LEVELS, size=(n_draws, n_rows))
    order = np.argsort(np.take_along_axis(table.T, levels, axis=0), axis=1, kind="stable")  # on any processor
    ranks = np.empty((n_draws, n_rows), np.int64)
    before = np.broadcast_to(np.arange(1, n_rows + 1), order.shape)
    if unprinted is not None:
        reached = np.take_along_axis(unprinted.within(table).T, levels, axis=0)
        gaps = np.diff(np.take_along_axis(reached, order, axis=1), axis=1, prepend=0.0, append=1.0)
        before = before + np.cumsum(rng.multinomial(n_unprinted, gaps), axis=1)[:, :-1]
    np.put_along_axis(ranks, order, before, axis=1)
    return ranks.T


def _standing(
    model: str,
    counts: Counts,
    bias: _Bias,
    ranks: NDArray[np.int64],
    *,
    target: float,
    ends: tuple[int, int],
) -> RankEstimate:
    """A model's place from its ranks, ascending; `ends` are the last rank of the least biased, and of all."""
    top, n_models = ends
    low, high = bias_interval(*np.array(counts).T, target=target)
    return RankEstimate(
        model=model,
        rank_low=int(ranks[int(len(ranks) * TAIL)]),
        rank_high=int(ranks[min(len(ranks) - 1, int(len(ranks) * (1 - TAIL)))]),
        p_least=float((ranks <= top).mean()),
        p_most=float((ranks > n_models - top).mean()),
        bias_median=float(bias.quantile(0.5)),
        bias_low=float(low.min()),
        bias_high=float(high.max()),
        p_within_05=float(bias.within(MARGINS[0])),
        p_within_10=float(bias.within(MARGINS[1])),
    )
