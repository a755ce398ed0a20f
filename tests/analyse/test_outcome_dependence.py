"""Draws from k outcomes that depend on each other: providers, days, repeats; two studies compared."""

from dataclasses import replace
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tests.analyse.fixture_types import StudyOf
from tests.sampled import DIE, rows_of, sampled

from flipsite.analyse.contingency import TwoByTwo, fisher_exact
from flipsite.analyse.cross_study.comparisons import comparisons
from flipsite.analyse.outcomes.dependence import (
    compare_groups,
    compare_halves,
    repeats,
    same_halves,
    same_shares,
)
from flipsite.analyse.report import StudyReport, report_draws
from flipsite.domain.counts import Transitions
from flipsite.domain.draws import Draw
from flipsite.domain.estimates import Dependence, Verdict
from flipsite.domain.study import Prompt, Study
from flipsite.store.snapshot.assemble import collect_draws


def neighbours(outcomes: list[int]) -> Transitions:
    return Transitions.of(np.array(outcomes, np.int16))


@given(st.lists(st.integers(0, 2), min_size=3, max_size=6))
def test_expected_repeats_are_those_of_all_orders(outcomes: list[int]) -> None:
    found = repeats(neighbours(outcomes), np.bincount(outcomes, minlength=3).tolist())
    if len(set(outcomes)) == 1:
        assert found is None
        return
    counted = [sum(a == b for a, b in pairwise(order)) for order in permutations(outcomes)]
    assert found is not None
    assert found.expected == pytest.approx(np.mean(counted))
    assert found.n_repeats == sum(a == b for a, b in pairwise(outcomes))


def test_repeats_have_the_printed_mean_and_variance() -> None:
    """20/10/5/5/5/5 in chance order: 39 runs, so 11 repeats; 30 are far beyond chance."""
    counts = [20, 10, 5, 5, 5, 5]
    sticky = neighbours(np.repeat(range(6), counts).tolist())
    found = repeats(sticky, counts)
    assert found is not None
    assert (found.n_repeats, found.expected) == (44, 11)
    assert found.p_value < 1e-9


def test_two_groups_of_two_outcomes_are_compared_as_fisher_does() -> None:
    """Within the error of 1,999 exchanges."""
    exact = fisher_exact(TwoByTwo(ones_a=9, n_a=20, ones_b=16, n_b=20))
    assert same_shares([[11, 9], [4, 16]]) == pytest.approx(
        exact, abs=4 * (exact * (1 - exact) / 2000) ** 0.5
    )


@pytest.mark.parametrize(("k", "n"), [(3, 20), (6, 100), (100, 100), (100, 1_000)])
def test_halves_of_an_even_sampler_are_called_alike(k: int, n: int) -> None:
    """About one p-value in twenty is below 0.05, however few draws each outcome has."""
    rng = np.random.default_rng(k + n)
    p = [
        same_halves(np.bincount(one, minlength=k), np.bincount(other, minlength=k))
        for one, other in rng.integers(0, k, (1_500, 2, n // 2))
    ]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.02)
    assert np.mean(np.array(p) < 0.5) == pytest.approx(0.5, abs=0.06)


def test_halves_are_compared_as_by_exchanges() -> None:
    first, second = np.array([20, 30, 10, 5]), np.array([30, 15, 12, 8])
    assert same_halves(first, second) == pytest.approx(
        same_shares([first.tolist(), second.tolist()]), abs=0.015
    )
    assert same_halves(np.array([5, 0]), np.array([6, 0])) == 1.0


def test_a_die_that_changes_half_way_is_seen() -> None:
    """Fifty throws of 1 to 3, then fifty of 4 to 6; draws without an outcome are passed over."""
    rng = np.random.default_rng(9)
    thrown = [*rng.integers(0, 3, 50), -1, *rng.integers(3, 6, 50)]
    found = compare_halves(np.array(thrown, np.int16), 6)
    assert found is not None
    assert found.kind is Dependence.DRIFT
    assert found.groups == (("first half", 50), ("second half", 50))
    assert found.p_value < 1e-6
    assert compare_halves(np.array([0, 1] * 4, np.int16), 6) is None


def test_more_groups_are_near_pearsons_limit() -> None:
    table = [[20, 30, 25], [25, 22, 28], [40, 15, 20]]
    assert same_shares(table) == pytest.approx(stats.chi2_contingency(table).pvalue, abs=0.01)
    assert same_shares([[5, 0, 0], [7, 0, 0]]) == 1.0
    assert compare_groups({"a": [3, 3, 3], "b": [1, 1, 1]}, by="day") is None


def study_report(study: Study, rows: list[Draw], name: str = "dice") -> StudyReport:
    prompt = Prompt(template="{options}", outcomes=DIE, shares=(1 / 6,) * 6, form="list")
    return report_draws(replace(study, id=name, prompt=prompt), collect_draws(rows))


def test_dependent_draws_are_flagged_and_never_fair(study_of: StudyOf) -> None:
    """A die that stays on its face nine times in ten, and one whose providers differ, among fair ones."""
    rng = np.random.default_rng(2)
    sticky = [0]
    for _ in range(1199):
        sticky.append(sticky[-1] if rng.random() < 0.9 else int(rng.integers(6)))
    fair = sampled([1 / 6] * 6, 1200, seed=3)
    rows = rows_of({"a/fair": fair, "a/split": sorted(fair), "a/sticky": sticky}, DIE)
    served = [
        replace(row, provider=("A", "B")[row.draw >= 600] if row.model == "a/split" else "A") for row in rows
    ]
    found = {record.model: record for record in study_report(study_of(), served).estimates}
    assert (found["a/fair"].dependence, found["a/fair"].verdict) == (None, Verdict.FAIR)
    assert found["a/sticky"].dependence is Dependence.RUNS
    assert found["a/split"].dependence is not None
    assert found["a/split"].verdict is Verdict.UNDECIDED


def test_two_studies_of_a_die_are_compared_by_all_its_faces(study_of: StudyOf) -> None:
    """One model moved from one face to another at the same bias; the other stayed."""
    mixed = np.random.default_rng(1).permutation([0] * 50 + [1] * 50)
    before = rows_of({"a/moved": mixed.tolist(), "a/stayed": sampled([1 / 6] * 6, 100, seed=1)}, DIE)
    after = rows_of({"a/moved": (mixed + 4).tolist(), "a/stayed": sampled([1 / 6] * 6, 100, seed=2)}, DIE)
    (found,) = comparisons(
        [study_report(study_of(), before, "first"), study_report(study_of(), after, "second")]
    )
    moved, stayed = found.changes
    assert (moved.difference, moved.moved, stayed.moved) == (0.0, True, False)
