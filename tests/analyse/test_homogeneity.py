from collections import defaultdict
from itertools import pairwise, permutations, product

import numpy as np
import pytest
from scipy import stats
from tests.analyse.fixture_types import DrawsOf
from tests.narrowing import not_none

from flipsite.analyse.dependence.homogeneity import (
    Homogeneity,
    even_share_given_runs,
    homogeneity,
    modes,
    runs_distribution,
    same_share,
    succession_of,
)
from flipsite.analyse.tally import tally
from flipsite.domain.counts import ModelCounts, Transitions, count_study
from flipsite.domain.draws import Draws


def counted(draws: Draws, model: str = "a/b") -> ModelCounts:
    """A model's counts."""
    return count_study(draws, tally(draws)).models[model]


def test_two_providers_are_compared_by_fishers_test(draws_of: DrawsOf) -> None:
    """One draws ones, the other zeros; a third with too few draws is left out."""
    outcomes = [1] * 9 + [0] + [0] * 9 + [1] + [1, 0]
    providers = ["A"] * 10 + ["B"] * 10 + ["C"] * 2
    found = not_none(
        homogeneity(counted(draws_of({"a/b": outcomes}, provider=providers)).by_provider, by="provider")
    )
    assert [(group.name, group.n_ones, group.n_valid) for group in found.groups] == [
        ("A", 9, 10),
        ("B", 1, 10),
    ]
    assert found.p_value == pytest.approx(stats.fisher_exact(np.array([[9, 1], [1, 9]])).pvalue, abs=1e-9)


def test_days_are_read_from_the_time_of_asking(draws_of: DrawsOf) -> None:
    """The same coin on three days; draws without a time are passed over."""
    days = [f"2026-11-{day:02d}T10:00:00Z" for day in (1, 2, 3) for _ in range(10)] + [None]
    found = not_none(
        homogeneity(counted(draws_of({"a/b": [1, 0] * 15 + [1]}, asked_at=days)).by_day, by="day")
    )
    assert [group.name for group in found.groups] == ["2026-11-01", "2026-11-02", "2026-11-03"]
    assert found.p_value == 1.0


def by_provider(draws: Draws) -> Homogeneity | None:
    return homogeneity(counted(draws).by_provider, by="provider")


def by_day(draws: Draws) -> Homogeneity | None:
    return homogeneity(counted(draws).by_day, by="day")


def test_where_a_test_says_nothing_there_is_none(draws_of: DrawsOf) -> None:
    """One provider, unknown providers, too few draws, or always the same answer."""
    assert (
        homogeneity(counted(draws_of({"a/b": [1, 0] * 9}, provider=["A"] * 18)).by_provider, by="provider")
        is None
    )
    assert by_day(draws_of({"a/b": [1, 0] * 9})) is None
    assert (
        homogeneity(
            counted(draws_of({"a/b": [1, 0] * 4}, provider=["A", "B"] * 4)).by_provider, by="provider"
        )
        is None
    )
    assert (
        homogeneity(counted(draws_of({"a/b": [1] * 20}, provider=["A", "B"] * 10)).by_provider, by="provider")
        is None
    )


def test_more_groups_are_compared_by_tables_with_the_same_totals() -> None:
    """Near scipy's chi-square p-value where that is good, within the simulation's error."""
    ones, valid = [30, 45, 38, 52], [80, 90, 85, 95]  # too many tables to count
    zeros = [n - k for k, n in zip(ones, valid, strict=True)]
    expected = stats.chi2_contingency([ones, zeros], correction=False).pvalue
    assert same_share(ones, valid) == pytest.approx(expected, abs=0.02)
    assert same_share([0, 70, 35], [70, 70, 70]) < 1e-9
    assert same_share([0, 300, 150], [300, 300, 300]) == pytest.approx(1 / 20_001)


@pytest.mark.parametrize(
    ("ones", "sizes"), [([1, 5, 2], [6, 7, 8]), ([5, 5, 0], [5, 6, 5]), ([2, 9, 8], [12, 17, 21])]
)
def test_small_groups_are_compared_over_all_tables(ones: list[int], sizes: list[int]) -> None:
    """Three groups: against scipy's multivariate hypergeometric distribution; all are counted."""
    law = stats.multivariate_hypergeom(m=sizes, n=sum(ones))
    tables = [
        (a, b, sum(ones) - a - b)
        for a in range(sizes[0] + 1)
        for b in range(sizes[1] + 1)
        if 0 <= sum(ones) - a - b <= sizes[2]
    ]
    uneven = [sum(k * k / n for k, n in zip(table, sizes, strict=True)) for table in tables]
    seen = sum(k * k / n for k, n in zip(ones, sizes, strict=True))
    expected = sum(law.pmf(t) for t, u in zip(tables, uneven, strict=True) if u >= seen - 1e-12)
    assert same_share(ones, sizes) == pytest.approx(expected, abs=1e-9)


def test_the_number_of_runs_is_distributed_over_all_orders() -> None:
    """Against every order of four ones and three zeros."""
    orders = set(permutations([1] * 4 + [0] * 3))
    counts = np.bincount([1 + sum(a != b for a, b in pairwise(o)) for o in orders])
    assert runs_distribution(4, 3)[: len(counts)] == pytest.approx(counts / len(orders), abs=1e-12)
    assert runs_distribution(400, 350).sum() == pytest.approx(1, abs=1e-9)


def test_an_even_share_is_tested_among_all_outcomes_with_as_many_runs() -> None:
    """Against all 512 outcomes of nine draws, which a coin that sticks and is even draws equally often."""
    by_runs = defaultdict[int, list[int]](list)
    for outcomes in product((0, 1), repeat=9):
        by_runs[1 + sum(a != b for a, b in pairwise(outcomes))].append(sum(outcomes))
    for outcomes in product((0, 1), repeat=9):
        test = succession_of(Transitions.of(np.array(outcomes, np.int8)))
        if test is not None:
            alike = np.array(by_runs[test.n_runs])
            as_far = abs(2 * alike - 9) >= abs(2 * sum(outcomes) - 9)
            assert even_share_given_runs(test) == pytest.approx(as_far.mean(), abs=1e-12)


def test_a_coin_that_sticks_has_too_few_runs() -> None:
    """Ten ones, then ten zeros: two runs where eleven are expected; 2 · 2/C(20, 10)."""
    found = not_none(succession_of(Transitions.of(np.array([1] * 10 + [-1] + [0] * 10, np.int8))))
    assert (found.n_runs, found.n_runs_expected, found.n_valid) == (2, 11.0, 20)
    assert found.p_value == pytest.approx(4 / 184756, rel=1e-9)
    assert found.autocorrelation > 0.8


def test_the_autocorrelation_is_that_of_its_definition() -> None:
    """As numpy correlates the centred series; its mean over all orders is −1/n."""
    series = np.array([1, 0, 0, 1, 1, 0, 1], np.int8)
    centred = series - series.mean()
    assert not_none(succession_of(Transitions.of(series))).autocorrelation == pytest.approx(
        np.correlate(centred[1:], centred[:-1])[0] / (centred @ centred)
    )
    every = [
        not_none(succession_of(Transitions.of(np.array(o, np.int8)))).autocorrelation
        for o in set(permutations([1, 1, 0, 0, 0]))
    ]
    assert np.mean(every) == pytest.approx(-1 / 5)


def test_one_answer_has_no_order() -> None:
    """Always the same, or never asked."""
    assert succession_of(Transitions.of(np.array([1, 1, 1], np.int8))) is None
    assert succession_of(Transitions.of(np.array([], np.int8))) is None


def test_structured_answers_are_set_against_text(draws_of: DrawsOf) -> None:
    """Where a model has both; where it has one there is nothing to set against."""
    draws = draws_of(
        {"a/a": [1] * 8 + [0] * 8, "a/b": [1, 0]}, mode=["structured"] * 8 + ["text"] * 8 + ["text", None]
    )
    found = not_none(modes(counted(draws, "a/a").by_mode))
    assert (found.table.ones_a, found.table.n_a, found.table.ones_b, found.table.n_b) == (8, 8, 0, 8)
    assert found.difference == 1.0
    assert found.p_value == pytest.approx(stats.fisher_exact(np.array([[8, 0], [0, 8]])).pvalue, abs=1e-9)
    assert modes(counted(draws).by_mode) is None
