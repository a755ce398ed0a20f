from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from flipsite.analyse.contingency import TwoByTwo, fisher_exact, newcombe, stratified_exact, wilson

GROUP = st.integers(0, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
SMALL = st.integers(0, 3).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def table(ones_a: int, n_a: int, ones_b: int, n_b: int) -> TwoByTwo:
    return TwoByTwo(ones_a=ones_a, n_a=n_a, ones_b=ones_b, n_b=n_b)


@given(a=GROUP, b=GROUP)
def test_fishers_test_equals_scipys(a: tuple[int, int], b: tuple[int, int]) -> None:
    """Whatever the two groups, an empty one too."""
    expected = stats.fisher_exact(np.array([[a[0], a[1] - a[0]], [b[0], b[1] - b[0]]])).pvalue
    assert fisher_exact(table(*a, *b)) == pytest.approx(expected, abs=1e-9)


def test_the_lady_tasting_tea() -> None:
    """Three of four cups right: Fisher's own example, 34/70."""
    assert fisher_exact(table(3, 4, 1, 4)) == pytest.approx(34 / 70, abs=1e-12)


@settings(max_examples=50)
@given(strata=st.lists(st.tuples(SMALL, SMALL), min_size=1, max_size=3))
def test_the_stratified_test_counts_every_table(
    strata: list[tuple[tuple[int, int], tuple[int, int]]],
) -> None:
    """Against a sum over all tables with the same totals."""
    tables = [table(*a, *b) for a, b in strata]
    totals = [one.ones_a + one.ones_b for one in tables]
    sums: dict[int, float] = {}
    for counts in product(*[range(one.n_a + 1) for one in tables]):
        chances = [
            (
                comb(one.n_a, k) * comb(one.n_b, total - k) / comb(one.n_a + one.n_b, total)
                if k <= total
                else 0.0
            )
            for k, one, total in zip(counts, tables, totals, strict=True)
        ]
        sums[sum(counts)] = sums.get(sum(counts), 0.0) + float(np.prod(chances))
    seen = sums[sum(one.ones_a for one in tables)]
    expected = sum(chance for chance in sums.values() if chance <= seen * (1 + 1e-7))
    assert stratified_exact(tables) == pytest.approx(min(1.0, expected), abs=1e-9)


def test_pairs_make_mcnemars_test() -> None:
    """Of 30 pairs that disagree 22 lean one way: the binomial test of 22 in 30, whatever agrees."""
    pairs = [table(1, 1, 0, 1)] * 22 + [table(0, 1, 1, 1)] * 8 + [table(1, 1, 1, 1)] * 40
    assert stratified_exact(pairs) == pytest.approx(stats.binomtest(22, 30).pvalue, abs=1e-9)


@pytest.mark.parametrize(
    ("groups", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((0, 10, 0, 10), -0.2775, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0),
        ((10, 10, 0, 10), 0.6075, 1.0),
    ],
)
def test_the_interval_of_a_difference_is_newcombes(
    groups: tuple[int, int, int, int], low: float, high: float
) -> None:
    """Table II of the paper, method 10."""
    difference, found_low, found_high = newcombe(table(*groups))
    assert difference == pytest.approx(groups[0] / groups[1] - groups[2] / groups[3])
    assert (round(found_low, 4), round(found_high, 4)) == (low, high)


@given(counts=GROUP.filter(lambda pair: pair[1] > 0), level=st.sampled_from([0.8, 0.95]))
def test_wilsons_interval_equals_scipys(counts: tuple[int, int], level: float) -> None:
    """As scipy's binomial test gives it."""
    expected = stats.binomtest(*counts).proportion_ci(level, method="wilson")
    assert wilson(*counts, level=level) == pytest.approx((expected.low, expected.high), abs=1e-9)
