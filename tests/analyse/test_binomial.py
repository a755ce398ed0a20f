import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from flipsite.analyse.binomial import (
    benjamini_hochberg,
    binomial_test,
    jeffreys,
    noise_floor,
    rejection_limits,
)
from flipsite.analyse.verdict import FALSE_DISCOVERY_RATE

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


@pytest.mark.parametrize("n", [1, 2, 3, 47, 50, 100, 999])
@pytest.mark.parametrize("target", [0.5, 0.3, 0.05, 0.0, 1.0])
def test_noise_floor_is_the_mean_absolute_deviation(n: int, target: float) -> None:
    """The closed formula equals the sum over all outcomes."""
    k = np.arange(n + 1)
    assert noise_floor(n, target) == pytest.approx(
        np.sum(stats.binom.pmf(k, n, target) * abs(k / n - target)), abs=1e-12
    )


def test_noise_floor_of_the_article() -> None:
    """A fair coin flipped 50 times shows 0.056 on average; flipped never, nothing."""
    assert noise_floor(50) == pytest.approx(math.comb(50, 25) / 2**51, rel=1e-12)
    assert round(float(noise_floor(50)), 3) == 0.056
    assert noise_floor(100_000) == pytest.approx(1 / math.sqrt(2 * math.pi * 100_000), rel=1e-5)
    assert np.isnan(noise_floor(0))


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


@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_q_values_equal_scipys(p: list[float]) -> None:
    """Benjamini and Hochberg's, as scipy adjusts them."""
    expected = stats.false_discovery_control(p)
    assert benjamini_hochberg(p) == pytest.approx(expected, abs=1e-9)


@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=20), missing=st.integers(0, 30))
def test_tests_not_counted_are_taken_as_ones(p: list[float], missing: int) -> None:
    """A larger family is the same as the missing p-values written out as 1."""
    written_out = benjamini_hochberg([*p, *[1.0] * missing])[: len(p)]
    assert benjamini_hochberg(p, family=len(p) + missing).tolist() == pytest.approx(written_out.tolist())


def test_a_model_without_a_test_has_no_q_value() -> None:
    """None and NaN pass through and are not counted."""
    q = benjamini_hochberg(np.array([0.01, None, 0.04, float("nan")], np.float64))
    assert q[[0, 2]].tolist() == pytest.approx([0.02, 0.04])
    assert np.isnan(q[[1, 3]]).all()


@given(
    p=st.lists(st.floats(0, 0.2) | st.floats(0, 1), min_size=1, max_size=12),
    others=st.integers(0, 20),
    tried=st.floats(0, 0.2),
    data=st.data(),
)
def test_a_rejection_limit_is_where_the_q_value_crosses_the_rate(
    p: list[float], others: int, tried: float, data: st.DataObject
) -> None:
    """Replacing one p-value by another rejects exactly when the other is below the limit."""
    i = data.draw(st.integers(0, len(p) - 1))
    limit = rejection_limits(p, rate=FALSE_DISCOVERY_RATE, family=len(p) + others)[i]
    for new in (tried, limit * 0.999, limit * 1.001):
        q = benjamini_hochberg([*p[:i], new, *p[i + 1 :]], family=len(p) + others)[i]
        assert (q < 0.05) == (new < limit)


def test_a_family_smaller_than_its_tests_is_refused() -> None:
    """Such a call is a mistake of ours."""
    with pytest.raises(ValueError, match="family of 1"):
        benjamini_hochberg([0.1, 0.2], family=1)
