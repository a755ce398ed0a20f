"""Ranks with their doubt: what fifty flips say of a model's place among all.

Ranks by the printed bias look exact and are not: at fifty draws a model's place is known to about a hundred
of 240. The posterior of every model's bias is drawn jointly, each draw ranks the models, and the ranks of a
model over all draws are its posterior rank.

Source:
    Laird & Louis (1989), Journal of Educational Statistics 14, 29-46; Goldstein & Spiegelhalter (1996),
    J. R. Statist. Soc. A 159, 385-443.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flipsite.analyse.binomial import TAIL
from flipsite.analyse.label_order.order_effects import OrderCounts
from flipsite.analyse.ranking.bias_posterior import (
    bias_interval,
    bias_interval_within,
    bias_quantile,
    bias_within,
    mean_of_levels,
    share_quantiles,
)
from flipsite.domain.draws import Tally
from flipsite.domain.estimates import Estimate, Verdict

N_DRAWS = 20_000
"""Joint posterior draws. A probability of one half is then known to within 0.007 (two standard errors)."""

MARGINS = (0.05, 0.1)
"""Distances from the target whose probability is reported."""

_CELLS = 10_000_000
"""Draws times models held at once, two bytes each; beyond 500 models the draws are fewer, down to 1,000."""

_BLOCK = 100_000
"""Draws times models ranked at once: what fits a processor's cache."""

ArmCounts = tuple[tuple[float, float], ...]
"""Ones and valid draws of a model, or of each order; of dependent draws as many as count."""

LEVELS = 2048
"""Equally likely parts into which a posterior is cut: 1/4096 off in probability, far below chance's error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankEstimate:
    """A model's place among all, and its bias, with their doubt.

    Probabilities are posterior, under Jeffreys' prior. The bias |p − target| of a model that was asked in two
    orders is the mean of those within each.

    Attributes:
        model: The model.
        rank_low: Low end of the rank's 95 % interval; 1 is the least biased.
        rank_high: High end of the same.
        p_least: Probability of being among the `top` least biased.
        p_most: Probability of being among the `top` most biased.
        bias_median: Posterior median of |p − target|; unlike the printed bias, not lifted by the noise floor
            alone.
        bias_low: Least distance from the target in the 95 % interval of p; 0 where that holds the target.
        bias_high: Largest distance from the target in it. Held as often as the interval of p is, or oftener;
            the posterior's own quantiles of |p − target| would never hold a bias of exactly 0.
        p_within_05: Probability that |p − target| ≤ 0.05.
        p_within_10: Probability that |p − target| ≤ 0.1.
    """

    model: str
    rank_low: int
    rank_high: int
    p_least: float
    p_most: float
    bias_median: float
    bias_low: float
    bias_high: float
    p_within_05: float
    p_within_10: float


def estimate_ranks(
    tallies: Sequence[Tally],
    *,
    target: float = 0.5,
    top: int = 20,
    seed: int = 0,
    n_draws: int = N_DRAWS,
    by_order: Mapping[str, OrderCounts] | None = None,
    design_effects: Mapping[str, float] | None = None,
) -> tuple[RankEstimate, ...]:
    """Rank every model that has a valid draw, with the doubt that is left.

    Args:
        tallies: Counts; those without a valid draw are passed over.
        target: Probability that the prompt asks for.
        top: Length of the tables of the least and the most biased.
        seed: Of the joint posterior draws.
        n_draws: Joint posterior draws; fewer where there are more than 500 models.
        by_order: Ones and valid draws in each order, of models that were asked in two: they rank by the
            mean bias within the orders.
        design_effects: By how much the variance of a share is widened where draws depend on each other: as
            many fewer draws count.

    Returns:
        One estimate a model, in the order given.
    """
    drawn = [tally for tally in tallies if tally.n_valid]
    if not drawn:
        return ()
    effects = [(design_effects or {}).get(tally.model, 1.0) for tally in drawn]
    ones = np.array([tally.n_ones for tally in drawn]) / effects
    valid = np.array([tally.n_valid for tally in drawn]) / effects
    counts = counts_by_order(drawn, by_order=by_order or {}, design_effects=design_effects or {})
    levels, which = distinct_levels(counts, target=target)
    ranks = ranks_of_levels(levels, which, seed=seed, n_draws=n_draws)
    ranks.sort(axis=1, kind="stable")  # by digits, where ranks have sixteen bits
    size = ranks.shape[1]
    low, high = ranks[:, int(size * TAIL)], ranks[:, min(size - 1, int(size * (1 - TAIL)))]
    p_least = (ranks <= top).mean(axis=1)
    p_most = (ranks > len(drawn) - top).mean(axis=1)
    median = bias_quantile(ones, valid, 0.5, target=target)
    least, largest = bias_interval(ones, valid, target=target)
    within = [bias_within(ones, valid, margin, target=target) for margin in MARGINS]
    in_orders = np.array([i for i, each in enumerate(counts) if len(each) > 1], np.intp)
    if len(in_orders):
        arms = np.array([counts[i] for i in in_orders])
        values = levels[which[in_orders]]
        median[in_orders] = np.median(values, axis=1)
        least[in_orders], largest[in_orders] = bias_interval_within(arms[..., 0], arms[..., 1], target=target)
        for near, margin in zip(within, MARGINS, strict=True):
            near[in_orders] = (values <= margin).mean(axis=1)
    return tuple(
        RankEstimate(
            model=tally.model,
            rank_low=int(low[i]),
            rank_high=int(high[i]),
            p_least=float(p_least[i]),
            p_most=float(p_most[i]),
            bias_median=float(median[i]),
            bias_low=float(least[i]),
            bias_high=float(largest[i]),
            p_within_05=float(within[0][i]),
            p_within_10=float(within[1][i]),
        )
        for i, tally in enumerate(drawn)
    )


def counts_by_order(
    tallies: Sequence[Tally], *, by_order: Mapping[str, OrderCounts], design_effects: Mapping[str, float]
) -> list[ArmCounts]:
    """Ones and valid draws of each model, order by order where two were asked, as many as count."""
    counts = []
    for tally in tallies:
        effect = design_effects.get(tally.model, 1.0)
        orders = by_order.get(tally.model, ((tally.n_ones, tally.n_valid),))
        counts.append(tuple((k / effect, n / effect) for k, n in orders))
    return counts


def distinct_levels(
    counts: Sequence[ArmCounts], *, target: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """LEVELS equally likely values of the bias, a row for each different counts; the row of each model.

    The bias is the mean of those within each order where two were asked; `counts` has ones and valid draws
    of each.
    """
    place = {each: i for i, each in enumerate(dict.fromkeys(counts))}
    which = np.array([place[each] for each in counts], np.int64)
    arms = {arm for each in place for arm in each}
    biases = {(k, n): abs(share_quantiles(k, n, levels=LEVELS) - target) for k, n in arms}
    return np.stack([_mean_levels([biases[arm] for arm in each]) for each in place]), which


def _mean_levels(levels: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Equally likely values of the mean over one order or two."""
    return levels[0] if len(levels) == 1 else mean_of_levels(*levels)


def ranks_of_levels(
    levels: NDArray[np.float64], which: NDArray[np.integer[Any]], *, seed: int, n_draws: int
) -> NDArray[np.unsignedinteger[Any]]:
    """Ranks in joint draws of equally likely values, 1 the least: a row a model, a column a draw.

    Args:
        levels: LEVELS equally likely values of each posterior, a row each.
        which: Row of each model.
        seed: Of the draws.
        n_draws: Joint draws; fewer where there are more than 500 models.
    """
    n_models = len(which)
    n_draws = max(min(n_draws, 1_000), min(n_draws, _CELLS // n_models))
    keys, offsets = _sortable(levels, n_models=n_models), which.astype(np.int64) * LEVELS
    place = keys.dtype.type(2 ** _bits(n_models) - 1)
    models = np.arange(n_models, dtype=keys.dtype)
    kind = np.min_scalar_type(n_models)
    ranks, places = np.empty((n_models, n_draws), kind), np.arange(1, n_models + 1, dtype=kind)
    rng = np.random.default_rng(seed)
    chunk, block = max(1, 1_000_000 // n_models), max(1, _BLOCK // n_models)
    for start in range(0, n_draws, chunk):
        size = min(chunk, n_draws - start)
        chosen = rng.integers(0, LEVELS, size=(size, n_models), dtype=np.uint16)
        for first in range(0, size, block):
            drawn = keys.take(offsets + chosen[first : first + block]) | models
            drawn.sort(axis=1)
            order = (drawn & place).astype(np.intp)
            order += np.arange(0, order.size, n_models)[:, None]  # of all draws as one row
            ranked = np.empty(order.size, kind)
            ranked[order] = places
            ranks[:, start + first : start + first + len(order)] = ranked.reshape(order.shape).T
    return ranks


def _sortable(levels: NDArray[np.float64], *, n_models: int) -> NDArray[np.unsignedinteger[Any]]:
    """Whole numbers in the order of the values, with room below for the number of a model.

    Sorting such sums is several times as fast as finding the order of floats.
    """
    codes = np.unique(levels, return_inverse=True)[1].ravel()
    bits = _bits(n_models)
    kind = np.min_scalar_type((int(codes.max()) + 1) << bits)
    return np.asarray(codes.astype(kind) << kind.type(bits))


def _bits(n_models: int) -> int:
    """Binary digits that the number of a model takes."""
    return (n_models - 1).bit_length()


def tied_models(estimates: Sequence[Estimate]) -> tuple[str, ...]:
    """The models that were tested, and of which nothing is shown: one tie group, by name."""
    return tuple(
        sorted(
            record.model
            for record in estimates
            if record.q_value is not None and record.verdict is not Verdict.BIASED and not record.is_flagged
        )
    )
