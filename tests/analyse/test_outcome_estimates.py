"""Estimates of models that drew from k outcomes: dice, weighted choices, fresh words."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from tests.analyse.fixture_types import StudyOf
from tests.narrowing import not_none
from tests.sampled import DIE, dice, rows_of, sampled

from flipsite.analyse.outcomes.multinomial import pearson_tests
from flipsite.analyse.p_values import benjamini_hochberg
from flipsite.analyse.report import StudyReport, report_draws
from flipsite.analyse.verdict import FALSE_DISCOVERY_RATE
from flipsite.domain.estimates import Sway, Verdict
from flipsite.domain.study import OrderMode, Prompt, Study
from flipsite.store.snapshot.assemble import collect_draws


def study_with(study: Study, labels: Sequence[str], shares: Sequence[float], orders: OrderMode) -> Study:
    prompt = Prompt(
        template="{options}", outcomes=tuple(labels), shares=tuple(shares), orders=orders, form="list"
    )
    return replace(study, prompt=prompt)


@pytest.fixture(scope="module")
def report(study_of: StudyOf) -> StudyReport:
    """A study of dice whose list is turned."""
    study = study_with(study_of(), DIE, [1 / 6] * 6, "rotated")
    return report_draws(study, collect_draws(rows_of(dice(), DIE, rotated=True)))


def test_dice_get_their_verdicts(report: StudyReport) -> None:
    """A loaded face and a constant one are biased; one that follows the order is not called fair."""
    found = {record.model.removeprefix("dice/"): record for record in report.estimates}
    assert {name for name, record in found.items() if record.verdict is Verdict.BIASED} == {
        "loaded",
        "always-4",
    }
    assert found["first-named"].sway is Sway.ORDER
    assert found["first-named"].verdict is Verdict.UNDECIDED
    assert found["first-named"].bias_within == pytest.approx(5 / 6)
    assert found["first-named"].rank == found["always-4"].rank == 4
    assert all(record.sway is None for name, record in found.items() if name != "first-named")


def test_a_record_of_k_outcomes_has_no_share_of_ones(report: StudyReport) -> None:
    """Its bias is the total variation, between TV − h and TV + h, beside the exact noise floor."""
    record = next(record for record in report.estimates if record.model == "dice/always-4")
    assert (record.outcomes, record.ones, record.mean, record.mean_low) == (6, None, None, None)
    assert record.bias == pytest.approx(5 / 6)
    assert (record.bias_low, record.bias_high) == pytest.approx((5 / 6 - 0.14, 5 / 6 + 0.14), abs=1e-9)
    assert record.noise_floor == pytest.approx(0.0895, abs=5e-5)
    assert (record.top, record.top_share, record.effective, record.entropy_bits) == ("4", 1.0, 1.0, 0.0)


def test_missing_draws_are_counted_and_bounded(report: StudyReport) -> None:
    """Ten of a hundred name what was not offered: the bias lies between two ends that hold the valid one."""
    record = next(record for record in report.estimates if record.model == "dice/off-list")
    found = report.outcomes["dice/off-list"]
    assert (record.draws, record.valid, found.n_missing) == (100, 90, 10)
    assert found.missing_low < not_none(record.bias) < found.missing_high


def test_many_even_draws_are_fair(study_of: StudyOf) -> None:
    """Of 3,000 throws the interval lies within 0.1 of the target; 100 throws are not enough."""
    study = study_with(study_of(), DIE, [1 / 6] * 6, "one")
    outcomes = {f"a/{n}": sampled([1 / 6] * 6, n, seed=3) for n in (3000, 60)}
    many, few = report_draws(study, collect_draws(rows_of(outcomes, DIE))).estimates
    assert (few.verdict, many.verdict) == (Verdict.UNDECIDED, Verdict.FAIR)


def test_too_even_draws_are_told_apart(study_of: StudyOf) -> None:
    """Each face in turn has the most even counts that there are."""
    study = study_with(study_of(), DIE, [1 / 6] * 6, "one")
    rows = rows_of({"a/even": [draw % 6 for draw in range(50)]}, DIE)
    report = report_draws(study, collect_draws(rows))
    assert report.outcomes["a/even"].p_even == pytest.approx(0.00162, abs=5e-6)


def test_a_weighted_target_is_what_is_tested(study_of: StudyOf) -> None:
    """Two thousand draws as asked are fair; an even choice is biased."""
    labels, shares = ("rock", "paper", "scissors"), (0.5, 0.3, 0.2)
    study = study_with(study_of(), labels, shares, "one")
    rng = np.random.default_rng(4)
    outcomes = {
        "a/asked": sampled(shares, 2000, seed=4),
        "a/even": rng.permutation([draw % 3 for draw in range(200)]).tolist(),
    }
    report = report_draws(study, collect_draws(rows_of(outcomes, labels)))
    asked, even = report.estimates
    assert asked.verdict is Verdict.FAIR
    assert even.verdict is Verdict.BIASED
    assert not report.outcomes["a/even"].exact


def test_a_liked_word_is_a_sway(study_of: StudyOf) -> None:
    """Fresh labels for each block of three: one model takes one of the words each time it sees them."""
    study = study_with(study_of(), ("x", "y", "z"), [1 / 3] * 3, "rotated")
    study = replace(study, prompt=replace(study.prompt, labels="random"))
    rng = np.random.default_rng(0)
    liked = np.repeat(rng.integers(0, 3, 30), 3).tolist()
    rows = rows_of(
        {"a/fair": rng.integers(0, 3, 90).tolist(), "a/likes": liked}, ("x", "y", "z"), rotated=True
    )
    fresh = [replace(row, labels=tuple(f"{word}{row.draw // 3}" for word in "xyz")) for row in rows]
    fair, likes = report_draws(study, collect_draws(fresh)).estimates
    assert (fair.sway, likes.sway) == (None, Sway.LABEL)
    assert likes.top is None


@pytest.mark.parametrize(("shares", "n"), [([1 / 6] * 6, 50), ([1 / 100] * 100, 60), ([0.5, 0.3, 0.2], 80)])
def test_studies_of_perfect_samplers_seldom_have_a_biased_one(shares: list[float], n: int) -> None:
    """Of 1,000 studies of eight perfect samplers at most 5 % show any of them biased, within 4 errors."""
    rng = np.random.default_rng(7)
    tests = pearson_tests(rng.multinomial(n, shares, size=8_000), shares)
    p = np.array([not_none(test).p_value for test in tests]).reshape(1_000, 8)
    shown = sum(bool((benjamini_hochberg(row) < FALSE_DISCOVERY_RATE).any()) for row in p)
    assert shown / 1_000 < 0.05 + 4 * (0.05 * 0.95 / 1_000) ** 0.5
