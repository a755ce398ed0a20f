"""Do groups share one probability, given all their ones? Exactly, where tables can be counted."""

from collections.abc import Sequence
from functools import lru_cache
from math import lcm

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from flipsite.analyse.conditional import TwoByTwo, fisher_exact

N_TABLES = 20_000
"""Tables drawn where there are more than can be counted."""

_MOST_CELLS = 400_000
"""Of totals by unevenness, that are filled one group after the other."""

_MOST_ENUMERATED = 50_000
"""Tables with one total that are all counted, where unevenness takes too many values."""


def same_share(
    ones: Sequence[int], valid: Sequence[int], *, seed: int = 0, n_tables: int = N_TABLES
) -> float:
    """p-value of groups that share one probability, given each group's draws and all their ones.

    Source:
        Fisher's exact test for two groups; else Pearson's statistic over all tables with the same totals, or,
        where these are too many, against 20,000 drawn (Patefield 1981, Applied Statistics 30, 91-97),
        p = (1 + as uneven) / (1 + drawn).
    """
    if len(ones) == 2:
        return fisher_exact(TwoByTwo(ones_a=ones[0], n_a=valid[0], ones_b=ones[1], n_b=valid[1]))
    unit = lcm(*valid)
    if (sum(valid) + 1) * (sum(valid) * unit + 1) <= _MOST_CELLS:
        uneven = sum(k * k * (unit // n) for k, n in zip(ones, valid, strict=True))
        return float(_at_least_as_uneven(tuple(sorted(valid)))[sum(ones), uneven])
    sizes = np.array(valid)
    if np.prod(sizes[:-1] + 1.0) <= _MOST_ENUMERATED:
        return _enumerated(np.array(ones), sizes)
    drawn = np.random.default_rng(seed).multivariate_hypergeometric(sizes, sum(ones), size=n_tables)
    # Pearson's statistic rises with this alone, the totals being given.
    unevenness = (drawn**2 / sizes).sum(axis=1)
    seen = float((np.array(ones) ** 2 / sizes).sum())
    return float((1 + (unevenness >= seen * (1 - 1e-12)).sum()) / (1 + n_tables))


@lru_cache(maxsize=64)
def _at_least_as_uneven(sizes: tuple[int, ...]) -> NDArray[np.float64]:
    """By the number of all ones and by Σ k²/n in whole units: the probability of a table as uneven or more.

    Groups are added one by one, so that the tables are never listed: a coin of one half fills the cells, and
    what its number of ones is then divides out.
    """
    unit, n = lcm(*sizes), sum(sizes)
    cells = np.zeros((n + 1, n * unit + 1))
    cells[0, 0] = 1.0
    for size in sizes:
        grown = np.zeros_like(cells)
        for k in range(size + 1):
            step = k * k * (unit // size)
            chance = np.exp(gammaln(size + 1) - gammaln(k + 1) - gammaln(size - k + 1) - size * np.log(2))
            grown[k:, step:] += chance * cells[: n + 1 - k, : cells.shape[1] - step]
        cells = grown
    tails = np.cumsum(cells[:, ::-1], axis=1)[:, ::-1]
    return np.minimum(tails / tails[:, :1], 1.0)


def _enumerated(ones: NDArray[np.int64], sizes: NDArray[np.int64]) -> float:
    """Probability, over all tables with these totals, of those at least as uneven by Pearson's statistic."""
    free = np.meshgrid(*(np.arange(size + 1) for size in sizes[:-1]), indexing="ij")
    counts = np.stack([each.ravel() for each in free])
    counts = np.vstack([counts, ones.sum() - counts.sum(axis=0)])
    counts = counts[:, (counts[-1] >= 0) & (counts[-1] <= sizes[-1])]
    size = sizes[:, None]
    log_ways = (gammaln(size + 1) - gammaln(counts + 1) - gammaln(size - counts + 1)).sum(axis=0)
    ways = np.exp(log_ways - log_ways.max())
    uneven = (counts**2 / size).sum(axis=0) >= (ones**2 / sizes).sum() * (1 - 1e-12)
    return float(ways[uneven].sum() / ways.sum())
