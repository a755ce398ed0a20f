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
    exact_min_entropy_bits,
    log10_e_value,
    log10_e_values,
    min_entropy_bits,
    peres_bits,
    peres_rate,
    shrunken_entropy_bits,
    von_neumann_bits,
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


@given(st.lists(st.integers(0, 1), max_size=60))
def test_peres_yields_at_least_von_neumanns_bits(flips: list[int]) -> None:
    assert len(peres_bits(flips)) >= len(von_neumann_bits(flips))
    assert set(peres_bits(flips)) <= {"0", "1"}


def test_extracted_bits_are_fair_at_the_rate_of_the_formula() -> None:
    flips = (np.random.default_rng(1).random(40_000) < 0.8).astype(int)
    bits = peres_bits(flips)
    assert len(bits) / len(flips) == pytest.approx(peres_rate(0.8), rel=0.02)
    assert bits.count("1") / len(bits) == pytest.approx(0.5, abs=0.01)


def test_min_entropy() -> None:
    die = [63, 28, 28, 27, 27, 27]
    assert min_entropy_bits(die) == pytest.approx(1.323, abs=5e-4)
    assert exact_min_entropy_bits(die) == pytest.approx(1.301, abs=5e-4)
    assert min_entropy_bits([8, 6, 6]) == pytest.approx(0.536, abs=5e-4)


def test_collisions_of_whole_answers() -> None:
    assert collision_bits([517, 483]) == (pytest.approx(1.0, abs=0.005), False)
    bits, bounded = collision_bits([1] * 50)
    assert bits == pytest.approx(8.68, abs=0.005)
    assert bounded


def test_effective_outcomes_and_entropy() -> None:
    assert effective_outcomes([50, 0]) == pytest.approx(1)
    assert effective_outcomes([1, 1, 1]) == np.inf
    assert entropy_bits([25, 25, 25, 25]) == 2
    assert shrunken_entropy_bits([25, 25, 25, 25]) == pytest.approx(2)
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
