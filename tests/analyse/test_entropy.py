"""Entropy and extraction: published and recomputed reference values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flipsite.analyse.outcomes.entropy import (
    binary_entropy,
    collision_bits,
    effective_outcomes,
    entropy_bits,
    extracted_bits,
    log10_e_value,
    log10_e_values,
    min_entropy_bits,
    peres_rate,
    von_neumann_rate,
)


@pytest.mark.parametrize(
    ("share", "rates"),
    [
        (0.5, (0.25, 0.578, 0.763, 1)),
        (0.7, (0.21, 0.493, 0.658, 0.881)),
        (0.9, (0.09, 0.233, 0.326, 0.469)),
        (0.99, (0.0099, 0.0291, 0.0462, 0.0808)),
    ],
)
def test_extraction_rates(share: float, rates: tuple[float, ...]) -> None:
    found = (von_neumann_rate(share), peres_rate(share, depth=3), peres_rate(share), binary_entropy(share))
    assert found == pytest.approx(rates, abs=5e-4)


def peres(flips: list[int], depth: int) -> list[int]:
    """Peres' definition, one model at a time."""
    if depth == 0:
        return []
    pairs = list(zip(flips[::2], flips[1::2], strict=False))
    return [
        *(one for one, other in pairs if one != other),
        *peres([int(one != other) for one, other in pairs], depth - 1),
        *peres([one for one, other in pairs if one == other], depth - 1),
    ]


@given(st.lists(st.lists(st.integers(0, 1), max_size=40), max_size=4), st.integers(1, 5))
def test_bits_of_all_models_at_once_are_those_of_each(coins: list[list[int]], depth: int) -> None:
    flips = [flip for coin in coins for flip in coin]
    owner = [place for place, coin in enumerate(coins) for _ in coin]
    bits, whose = extracted_bits(flips, owner, depth=depth)
    for place, coin in enumerate(coins):
        assert bits[whose == place].astype(int).tolist() == peres(coin, depth)


def test_extracted_bits_are_fair_at_the_rate_of_the_formula() -> None:
    flips = np.random.default_rng(1).random(40_000) < 0.8
    bits, _ = extracted_bits(flips, np.zeros(40_000))
    assert len(bits) / len(flips) == pytest.approx(peres_rate(0.8), rel=0.02)
    assert bits.mean() == pytest.approx(0.5, abs=0.01)


def test_min_entropy() -> None:
    die = [63, 28, 28, 27, 27, 27]
    assert min_entropy_bits(die) == pytest.approx(1.301, abs=5e-4)


def test_collisions_of_whole_answers() -> None:
    bits, bounded = collision_bits([517, 483])
    assert bits == pytest.approx(1.0, abs=0.005)
    assert not bounded
    bits, bounded = collision_bits([1] * 50)
    assert bits == pytest.approx(8.68, abs=0.005)
    assert bounded


def test_effective_outcomes_and_entropy() -> None:
    assert effective_outcomes([50, 0]) == pytest.approx(1)
    assert effective_outcomes([1, 1, 1]) == np.inf
    assert entropy_bits([25, 25, 25, 25]) == 2
    assert np.isnan(entropy_bits([0, 0]))


def test_the_e_value_of_always_42() -> None:
    counts = [0] * 100
    counts[41] = 100
    assert log10_e_values(counts, [0.01] * 100) == pytest.approx((141.3, 196.0), abs=0.05)
    assert log10_e_value([1, 0], [0.0, 1.0]) == np.inf


def test_looking_all_the_time_rejects_a_fair_die_rarely() -> None:
    """The e-value exceeds 20 at any of its looks in at most one of twenty studies."""
    rng, ever = np.random.default_rng(5), 0
    for _ in range(150):
        faces = rng.integers(0, 6, 60)
        counts = (faces[:, None] == np.arange(6)).cumsum(axis=0)
        ever += any(log10_e_value(row, [1 / 6] * 6) >= np.log10(20) for row in counts[::3])
    assert ever / 150 <= 0.05
