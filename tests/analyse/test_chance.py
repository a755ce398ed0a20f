import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from flipsite.analyse.binomial import chance_within


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
