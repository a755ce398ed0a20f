import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from flipsite.analyse.noise_floor import chance_within, multinomial_noise_floor, noise_floor


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


@pytest.mark.parametrize(
    ("k", "floors"),
    [
        (3, (0.0801, 0.0565, 0.0399, 0.0178)),
        (6, (0.1269, 0.0895, 0.0632, 0.0282)),
        (10, (0.1664, 0.1187, 0.0843, 0.0378)),
        (100, (0.605, 0.366, 0.2693, 0.1245)),
    ],
)
def test_the_floor_among_k_outcomes_is_exact(k: int, floors: tuple[float, ...]) -> None:
    found = multinomial_noise_floor(np.array([50, 100, 200, 1000]), (1 / k,) * k)
    assert found == pytest.approx(floors, abs=5e-5)


@given(st.integers(1, 60), st.floats(0.01, 0.99))
def test_a_coin_has_the_floor_of_two_outcomes(n: int, target: float) -> None:
    assert multinomial_noise_floor(n, (1 - target, target)) == pytest.approx(noise_floor(n, target))


def test_a_third_of_fair_coins_would_lead_the_articles_list() -> None:
    """At fifty draws a fair coin is within 0.032 of one half in 33 of 100 tries: one of 24, 25, 26 ones."""
    assert chance_within(0.032, 50) == pytest.approx(sum(stats.binom(50, 0.5).pmf([24, 25, 26])))
    assert chance_within(0.032, 50) == pytest.approx(0.328, abs=5e-4)


def test_an_exact_half_is_a_bias_of_nothing_only_where_the_number_of_draws_is_even() -> None:
    """Eleven in a hundred tries at fifty draws, none at forty-nine."""
    assert chance_within(0, 50) == pytest.approx(0.1123, abs=5e-5)
    assert chance_within(0, 49) == 0


@given(st.integers(1, 300), st.data())
def test_it_adds_up_the_counts_that_lie_within(n_valid: int, data: st.DataObject) -> None:
    """As scipy's binomial does, at the very edge too: a bias that some count shows is within itself."""
    ones = data.draw(st.integers(0, n_valid))
    target = data.draw(st.sampled_from([0.5, 0.3, 0.95]))
    bias = abs(ones / n_valid - target)
    within = [k for k in range(n_valid + 1) if abs(k / n_valid - target) <= bias + 1e-9 / n_valid]
    expected = sum(stats.binom(n_valid, target).pmf(within))
    assert chance_within(bias, n_valid, target) == pytest.approx(expected, abs=1e-12)


def test_every_coin_is_within_a_whole() -> None:
    """Whatever its target."""
    assert chance_within(1, 50) == 1
    assert chance_within(1, 50, 0.9) == 1
