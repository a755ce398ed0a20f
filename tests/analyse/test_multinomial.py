"""Draws among k outcomes: the reference values, and brute force where it can be had."""

from itertools import product
from math import factorial, prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from flipsite.analyse.binomial import binomial_test
from flipsite.analyse.outcomes.multinomial import (
    pearson_tests,
    phi_squared,
    total_variation,
    total_variation_quantiles,
)
from flipsite.analyse.outcomes.power import draws_for_bias, draws_for_fairness


def even(k: int) -> tuple[float, ...]:
    return (1 / k,) * k


@given(st.integers(1, 60), st.floats(0.01, 0.99))
def test_a_coin_is_the_case_of_two_outcomes(n: int, target: float) -> None:
    shares = (1 - target, target)
    counts = np.array([[n - k, k] for k in range(n + 1)])
    assert total_variation(counts, shares) == pytest.approx(np.abs(counts[:, 1] / n - target))


def test_pearsons_order_at_an_even_coin_is_the_exact_binomial_test() -> None:
    for k in range(21):
        (test,) = pearson_tests([[20 - k, k]], even(2))
        assert test is not None
        assert test.p_value == pytest.approx(float(binomial_test(k, 20)))


def test_the_reference_die() -> None:
    biased, too_even = pearson_tests([[20, 10, 5, 5, 5, 5], [8, 9, 8, 8, 9, 8]], even(6))
    assert biased is not None
    assert too_even is not None
    assert biased.statistic == pytest.approx(22)
    assert biased.p_value == pytest.approx(0.000591, abs=5e-7)
    assert biased.exact
    assert too_even.p_even == pytest.approx(0.00162, abs=5e-6)
    phi = phi_squared([[20, 10, 5, 5, 5, 5], [8, 9, 8, 8, 9, 8]], even(6))
    assert phi == pytest.approx([0.3469, -0.0988], abs=5e-5)


def test_other_reference_values() -> None:
    (three,) = pearson_tests([[40, 33, 27]], even(3))
    (distinct,) = pearson_tests([[1] * 50 + [0] * 50], even(100))
    assert three is not None
    assert distinct is not None
    assert three.p_value == pytest.approx(0.29065, abs=5e-6)
    assert distinct.p_even == pytest.approx(3.07e-7, abs=5e-10)
    ranges = [6, 14, 20, 28, 26, 16, 15, 28, 19, 22, 6]
    (published,) = pearson_tests([ranges], even(11))
    assert published is not None
    assert published.statistic == pytest.approx(33.09)
    assert chisquare(ranges).pvalue == pytest.approx(2.63e-4, abs=5e-7)  # the asymptote, which is too small
    assert published.p_value == pytest.approx(3.04e-4, abs=5e-7)
    assert total_variation(ranges, even(11)) == pytest.approx(0.1695, abs=5e-5)


@given(st.lists(st.integers(0, 3), min_size=2, max_size=4).filter(any))
def test_the_exact_law_is_that_of_all_samples(counts: list[int]) -> None:
    n, k = sum(counts), len(counts)
    seen = sum(c * c for c in counts)
    at_least = at_most = 0.0
    for other in product(range(n + 1), repeat=k):
        if sum(other) == n:
            p = factorial(n) / prod(map(factorial, other)) / k**n
            square = sum(c * c for c in other)
            at_least += p * (square >= seen)
            at_most += p * (square <= seen)
    (test,) = pearson_tests([counts], even(k))
    assert test is not None
    assert test.p_value == pytest.approx(at_least)
    assert test.p_even == pytest.approx(at_most)


def test_unequal_shares_are_simulated_and_an_impossible_outcome_refutes() -> None:
    weighted, impossible, none = pearson_tests(
        [[25, 15, 10, 0], [25, 15, 9, 1], [0] * 4], (0.5, 0.3, 0.2, 0.0)
    )
    assert weighted is not None
    assert impossible is not None
    assert none is None
    assert (weighted.exact, weighted.p_value) == (False, 1.0)
    assert (impossible.p_value, impossible.p_even) == (0.0, 1.0)


def test_the_size_of_the_simulated_test_is_as_stated() -> None:
    """Of perfect samplers one in twenty is rejected, but for what the lattice takes off."""
    shares = (0.5, 0.3, 0.2)
    counts = np.random.default_rng(4).multinomial(60, shares, size=4_000)
    p = np.array([test.p_value for test in pearson_tests(counts, shares, seed=9) if test])
    assert 0.035 < np.mean(p <= 0.05) < 0.06


@pytest.mark.parametrize(
    ("k", "widths"),
    [(6, (0.20, 0.14, 0.10, 0.045)), (10, (0.24, 0.17, 0.12, 0.054)), (100, (0.64, 0.42, 0.305, 0.141))],
)
def test_half_widths(k: int, widths: tuple[float, ...]) -> None:
    found = total_variation_quantiles([50, 100, 200, 1000], k)
    assert list(found.values()) == pytest.approx(widths, abs=0.0025)


@pytest.mark.parametrize("truth", [even(6), (0.5, 0.5, 0, 0, 0, 0), (0.9, 0.02, 0.02, 0.02, 0.02, 0.02)])
def test_the_interval_covers_the_truth(truth: tuple[float, ...]) -> None:
    target, n = even(6), 80
    half = total_variation_quantiles([n], 6)[n]
    seen = total_variation(np.random.default_rng(2).multinomial(n, truth, size=2_000), target)
    true = float(total_variation(np.array(truth) * 1000, target))
    assert np.mean(np.abs(seen - true) <= half + 1e-12) >= 0.945


@pytest.mark.parametrize(("k", "one", "halves"), [(6, 178, 321), (10, 141, 391), (100, 40, 1009)])
def test_draws_for_a_bias(k: int, one: int, halves: int) -> None:
    """The reference rounds; whole draws are rounded up."""
    for reference, found in ((one, draws_for_bias(0.1, k)), (halves, draws_for_bias(0.1, k, halves=True))):
        assert found is not None
        assert reference <= found <= reference + 1


def test_fairness_takes_many_draws() -> None:
    assert 230 <= (draws_for_fairness(2) or 0) <= 280
    assert 600 <= (draws_for_fairness(6) or 0) <= 700
