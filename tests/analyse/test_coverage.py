"""The smaller version of benchmarks/intervals.py: intervals hold the truth as often as they say."""

import numpy as np
import pytest
from scipy import stats

from flipsite.analyse.binomial import jeffreys
from flipsite.analyse.ranking.ranks import estimate_ranks
from flipsite.domain.draws import Tally

N_SIMULATED = 4000


@pytest.mark.parametrize("n", [10, 47, 50, 200])
def test_jeffreys_intervals_hold_95_of_100_shares(n: int) -> None:
    """Over shares drawn evenly from 0 to 1, within three standard errors of the simulation."""
    rng = np.random.default_rng(n)
    share = rng.random(N_SIMULATED)
    low, high = jeffreys(rng.binomial(n, share), n)
    held = ((low <= share) & (share <= high)).mean()
    assert abs(held - 0.95) < 3 * np.sqrt(0.95 * 0.05 / N_SIMULATED) + 0.004  # at ten draws it is 0.953


@pytest.mark.parametrize(("n", "share", "exact"), [(50, 0.5, 0.935), (50, 0.95, 0.885), (10, 0.99, 0.904)])
def test_at_one_share_coverage_is_that_of_the_table(n: int, share: float, exact: float) -> None:
    """The exact figures of docs/methods.md, by scipy's probabilities."""
    k = np.arange(n + 1)
    low, high = jeffreys(k, n)
    held = stats.binom.pmf(k, n, share)[(low <= share) & (share <= high)].sum()
    assert round(held, 3) == exact


def test_rank_intervals_hold_the_true_ranks() -> None:
    """Of 240 models with shares all different, about 95 of 100 ranks; and the intervals are wide."""
    rng = np.random.default_rng(9)
    held, width = [], []
    for _ in range(4):
        share = rng.beta(0.7, 0.7, 240)
        ones = rng.binomial(50, share)
        rank = stats.rankdata(abs(share - 0.5))
        found = estimate_ranks(
            [Tally(model=str(i), n_draws=50, n_valid=50, n_ones=int(k)) for i, k in enumerate(ones)],
            n_draws=1000,
        )
        held += [one.rank_low <= r <= one.rank_high for one, r in zip(found, rank, strict=True)]
        width += [one.rank_high - one.rank_low for one in found]
    assert 0.92 < np.mean(held) < 0.98
    assert np.mean(width) > 60
