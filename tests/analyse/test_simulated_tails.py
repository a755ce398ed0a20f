"""p-values by simulation: beyond the simulated values too they are small seldom enough, and small at all."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from tests.narrowing import not_none

from flipsite.analyse.outcomes.by_outcome import label_agreement_p
from flipsite.analyse.outcomes.dependence import same_shares
from flipsite.analyse.p_values import benjamini_hochberg, lower_tail, upper_tail
from flipsite.domain.counts import PromptArm

Simulated = Callable[[np.random.Generator, int], np.ndarray]

LAWS: dict[str, Simulated] = {
    "normal": lambda rng, n: rng.standard_normal(n),
    "chi-square of one degree": lambda rng, n: rng.chisquare(1, n),
    "chi-square of ninety": lambda rng, n: rng.chisquare(90, n),
    "few pairs": lambda rng, n: rng.poisson(0.3, n).astype(float),
}


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("size", [199, 999])
def test_p_values_are_below_a_level_no_oftener_than_it_says(name: str, size: int) -> None:
    """Of a million values of the law itself, each held against one of 100 simulated laws."""
    rng, below = np.random.default_rng(1), 0
    for _ in range(100):
        law, values = LAWS[name](rng, size), LAWS[name](rng, 10_000)
        below += sum(upper_tail(law, value) < 1e-4 for value in values[values > law.max()])
    assert below <= 100


def test_what_is_far_beyond_chance_is_found_among_thousands_of_tests() -> None:
    """Twenty standard deviations, with 999 simulated values; within the law it is (1 + r)/(B + 1)."""
    law = np.random.default_rng(1).standard_normal(999)
    assert stats.norm.sf(20) < upper_tail(law, 20) < 1e-6
    assert lower_tail(law, -20) < 1e-6
    assert upper_tail(law, 0) == (1 + np.count_nonzero(law >= 0)) / 1000
    assert upper_tail(np.zeros(999), 5) == 1 / 1000


def test_one_model_of_240_whose_draws_show_it_beyond_doubt_is_found() -> None:
    """Two providers of a die that never give the same face; three labels of which one is always taken."""
    providers = same_shares([(40, 40, 20, 0, 0, 0), (0, 0, 0, 30, 30, 40)])
    days = same_shares([(50, 0, 0), (0, 50, 0), (0, 0, 50)])
    liker = [
        PromptArm(labels=f"set {i}", order=0, counts=(3 * (i % 3 == 0), 3 * (i % 3 == 1), 3 * (i % 3 == 2)))
        for i in range(40)
    ]
    for p in (providers, days, not_none(label_agreement_p(liker))):
        assert benjamini_hochberg([p, *np.linspace(0.001, 1, 240 * 4)])[0] < 0.01
