import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from flipsite.analyse.binomial import binomial_test, jeffreys

COUNTS = st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
TARGETS = st.sampled_from([0.5, 0.3, 0.05, 0.999, 1 / 3, 0.0, 1.0])


@given(counts=COUNTS, level=st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_jeffreys_is_a_pair_of_beta_quantiles_with_closed_ends(counts: tuple[int, int], level: float) -> None:
    """As scipy's beta distribution has them."""
    ones, valid = counts
    low, high = jeffreys(ones, valid, level=level)
    beta = stats.beta(ones + 0.5, valid - ones + 0.5)
    assert low == pytest.approx(0 if ones == 0 else beta.ppf((1 - level) / 2), abs=1e-9)
    assert high == pytest.approx(1 if ones == valid else beta.ppf((1 + level) / 2), abs=1e-9)


def test_jeffreys_at_fifty_draws_is_what_the_literature_prints() -> None:
    """25 of 50 leaves 0.365 to 0.635 open, and fifty ones in fifty leave room below 1."""
    low, high = jeffreys([25, 50], [50, 50])
    assert np.round(low, 3).tolist() == [0.365, 0.951]
    assert np.round(high, 3).tolist() == [0.635, 1.0]


@given(counts=COUNTS, target=TARGETS)
def test_binomial_test_equals_scipys(counts: tuple[int, int], target: float) -> None:
    """To 1e-9, whatever was drawn and whatever the target."""
    ones, valid = counts
    expected = stats.binomtest(ones, valid, target).pvalue if valid else 1.0
    assert binomial_test(ones, valid, target=target) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("target", [0.5, 0.3])
@pytest.mark.parametrize("ones", [0, 29_800, 30_000, 30_100, 49_700, 50_000, 50_001, 100_000])
def test_binomial_test_equals_scipys_at_a_hundred_thousand_draws(ones: int, target: float) -> None:
    """Logarithms keep the tails apart where probabilities would vanish."""
    expected = stats.binomtest(ones, 100_000, target).pvalue
    assert binomial_test(ones, 100_000, target=target) == pytest.approx(expected, abs=1e-9)


def test_one_draw_and_none_show_nothing() -> None:
    """A single flip cannot speak against a fair coin."""
    assert binomial_test([0, 1, 0], [1, 1, 0]).tolist() == [1, 1, 1]
