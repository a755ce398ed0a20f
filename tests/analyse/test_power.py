from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests.narrowing import not_none

from flipsite.analyse.binomial import binomial_test, jeffreys
from flipsite.analyse.power import (
    chance_biased,
    chance_fair,
    chance_fair_in_orders,
    draws_needed,
    plan,
    price,
)
from flipsite.analyse.verdict import within_margin
from flipsite.domain.draws import Tally
from flipsite.domain.money import usd


@settings(max_examples=20)
@given(
    n=st.integers(1, 90),
    share=st.integers(0, 1000).map(lambda thousandths: thousandths / 1000),
    level=st.sampled_from([0.05, 0.05 / 240]),
    target=st.sampled_from([0.5, 0.3]),
)
def test_power_is_the_sum_over_all_counts(n: int, share: float, level: float, target: float) -> None:
    """Against scipy's test and interval at each count."""
    k = np.arange(n + 1)
    p = np.array([stats.binomtest(int(ones), n, target).pvalue for ones in k])
    chance = stats.binom.pmf(k, n, share)
    low, high = jeffreys(k, n)
    fair = (p >= 0.05) & (low >= target - 0.1) & (high <= target + 0.1)
    assert chance_biased(n, share, level=level, target=target) == pytest.approx(
        chance[p < level].sum(), abs=1e-9
    )
    assert chance_fair(n, share, target=target) == pytest.approx(chance[fair].sum(), abs=1e-9)


def test_power_at_fifty_draws_is_what_is_known() -> None:
    """science.md 3.2: at 50 draws a share of 0.7 is found in 78 of 100 studies, the first of 240 in 14."""
    assert round(float(chance_biased(50, 0.7, level=0.05)), 2) == 0.78
    assert round(float(chance_biased(50, 0.7, level=0.05 / 240)), 2) == 0.14
    assert chance_fair(50, 0.5) == 0


@pytest.mark.parametrize("share", [0.7, 0.35])
def test_the_draws_needed_are_those_after_the_last_that_fall_short(share: float) -> None:
    """Every number of draws up to 3,000, one by one."""
    draws = np.arange(1, 3001)
    power = chance_biased(draws, share, level=0.05 / 240)
    found = draws_needed(lambda n: chance_biased(n, share, level=0.05 / 240), 0.9)
    assert found == draws[power < 0.9][-1] + 1


def test_a_plan_for_the_articles_models() -> None:
    """Fifty draws were enough for strong biases only: a bias of 0.1 needs hundreds."""
    found = plan(margin=0.1, bias=0.1, power=0.8, n_models=240)
    fair = chance_fair(np.arange(1, 2000), 0.5)
    assert found.fair == np.flatnonzero(fair < 0.8)[-1] + 2
    assert 194 <= not_none(found.biased_alone) <= 230
    assert 514 <= not_none(found.biased_first) <= 550
    assert plan(margin=0.1, bias=0.5, power=0.99, n_models=240).biased_first == 14


def test_what_cannot_be_reached_is_told_so() -> None:
    """A fair coin is called biased now and then: no number of draws shows it fair nearly always."""
    assert plan(margin=0.1, bias=0.3, power=0.99, n_models=1).fair is None
    assert draws_needed(lambda n: chance_biased(n, 0.501, level=0.05), 0.8, most=5000) is None


def test_a_chance_that_is_always_enough_needs_one_draw() -> None:
    """The smallest plan there is."""
    assert draws_needed(lambda n: np.ones(len(n)), 0.9) == 1


def test_the_price_is_for_a_valid_draw() -> None:
    """The cost of failed draws is part of it; models without a price are none."""
    tallies = [
        Tally(model="a/a", n_draws=50, n_valid=25, n_ones=3, cost_usd=usd(1.0)),
        Tally(model="a/b", n_draws=50, n_valid=50, n_ones=3, cost_usd=usd(3.0)),
        Tally(model="a/c", n_draws=50, n_valid=50, n_ones=3),
        Tally(model="a/d", n_draws=50, n_valid=0, n_ones=0, cost_usd=usd(9.0)),
    ]
    found = not_none(price(tallies))
    assert (found.n_models, found.dearest) == (2, "a/b")
    assert found.usd_per_round == usd(0.10)
    assert found.usd_dearest == usd(0.06)
    assert price(tallies[2:]) is None


def test_in_both_orders_fair_takes_more_than_twice_the_draws_and_with_fresh_labels_more() -> None:
    """Each order has half of the draws; the share of agreeing pairs has as few."""
    planned = partial(plan, margin=0.1, bias=0.1, power=0.9, n_models=14)
    one = planned()
    both = planned(both_orders=True)
    fresh = planned(both_orders=True, fresh_labels=True)
    assert 2 <= not_none(both.fair) / not_none(one.fair) < 3
    assert not_none(both.fair) < not_none(fresh.fair) < 1.5 * not_none(both.fair)
    assert both.biased_first == one.biased_first
    assert not_none(one.biased_first) < not_none(fresh.biased_first) < 1.3 * not_none(one.biased_first)


def test_the_chance_to_be_fair_in_both_orders_is_no_more_than_simulated() -> None:
    """Two thousand fair coins of 700 draws, called fair as the verdict is, p included."""
    rng = np.random.default_rng(2)
    ones = rng.binomial(350, 0.5, (2_000, 2))
    low, high = jeffreys(ones, np.full_like(ones, 350))
    inside = within_margin(low, high, target=0.5).all(axis=1)
    fair = inside & (binomial_test(ones.sum(axis=1), 700) >= 0.05)
    said = float(chance_fair_in_orders(700))
    assert said <= fair.mean() + 0.02
    assert said == pytest.approx(fair.mean(), abs=0.03)
