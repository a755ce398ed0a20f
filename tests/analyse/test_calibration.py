import csv
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats
from tests.narrowing import not_none

from flipsite.analyse.cross_study.step_likeness import Drawn, calibration, faithfulness_test, step_likeness

FIG1 = Path(__file__).parents[3] / "shared" / "data" / "failure-to-mix" / "fig1_single_flip.csv"
TARGETS = np.linspace(0, 1, 21)


def test_the_diagonal_has_no_step_and_a_step_is_one() -> None:
    """The area beside a step at one half is 1/4: S is 1, but for the corner the grid cuts."""
    fine = np.linspace(0, 1, 20_001)
    assert step_likeness(TARGETS, TARGETS) == 0
    assert step_likeness(fine, fine > 0.5) == pytest.approx(1, abs=1e-4)
    assert step_likeness(TARGETS, 1 - TARGETS) == pytest.approx(2)


def test_it_is_the_trapezoid_rule() -> None:
    """As scipy integrates the distance from the diagonal."""
    shares = np.random.default_rng(1).random((3, 21))
    assert step_likeness(TARGETS, shares) == pytest.approx(
        4 * integrate.trapezoid(abs(shares - TARGETS), TARGETS)
    )


def test_a_curve_has_intervals_and_adds_up_what_was_asked_twice() -> None:
    """Targets in any order; one without draws is passed over."""
    found = not_none(
        calibration(
            "a/b", [(0.8, Drawn(70, 100)), (0.2, Drawn(10, 50)), (0.2, Drawn(12, 50)), (0.5, Drawn(0, 0))]
        )
    )
    assert [(point.target, point.n_ones, point.n_valid) for point in found.points] == [
        (0.2, 22, 100),
        (0.8, 70, 100),
    ]
    assert found.points[0].low == pytest.approx(stats.beta(22.5, 78.5).ppf(0.025))
    assert found.step_likeness == pytest.approx(4 * 0.6 * (0.02 + 0.1) / 2)
    assert found.step_low <= found.step_corrected <= found.step_likeness < found.step_high
    assert found == calibration("a/b", [(0.2, Drawn(22, 100)), (0.8, Drawn(70, 100))])


def test_studies_that_differ_are_not_added_up() -> None:
    """Ten and forty ones in fifty are two coins; ten and twelve may be one."""
    found = not_none(
        calibration(
            "a/b",
            [
                (0.8, Drawn(40, 50)),
                (0.2, Drawn(10, 50)),
                (0.5, Drawn(10, 50)),
                (0.5, Drawn(40, 50)),
                (0.2, Drawn(12, 50)),
            ],
        )
    )
    assert found.differing == (0.5,)
    assert [(point.target, point.n_valid) for point in found.points] == [(0.2, 100), (0.8, 50)]


def test_the_test_of_faithfulness_has_the_size_it_states() -> None:
    """Exactly, over all counts of two targets of eight draws: P(p ≤ α) ≤ α, and the p-value is attained."""
    targets = np.array([0.25, 0.5])
    pairs = [(i, j) for i in range(9) for j in range(9)]
    p = np.array([faithfulness_test(targets, [Drawn(k, 8) for k in pair]) for pair in pairs])
    chance = np.array([stats.binom.pmf(i, 8, 0.25) * stats.binom.pmf(j, 8, 0.5) for i, j in pairs])
    for level in np.unique(p):
        assert chance[p <= level * (1 + 1e-9)].sum() == pytest.approx(level, abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(
    "truth",
    [
        "follower",
        "near step",
        pytest.param("lean", marks=pytest.mark.slow),
        pytest.param("step", marks=pytest.mark.slow),
    ],
)
def test_the_interval_of_step_likeness_holds_near_0_and_near_1(truth: str) -> None:
    """Of 80 simulated models, 95 % but for three standard errors."""
    targets = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    step = np.where(targets > 0.5, 1.0, 0.0)
    shares = {
        "follower": targets,
        "lean": targets + 0.03,
        "near step": np.clip(step, 0.02, 0.98),
        "step": step,
    }[truth]
    true = float(step_likeness(targets, shares))
    rng = np.random.default_rng(23)
    found = [
        calibration("a/b", [(t, Drawn(int(k), 50)) for t, k in zip(targets, ones, strict=True)])
        for ones in rng.binomial(50, shares, (80, 5))
    ]
    held = np.mean([not_none(one).step_low - 1e-9 <= true <= not_none(one).step_high + 1e-9 for one in found])
    assert held >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / len(found))


def test_a_perfect_follower_shows_its_range() -> None:
    """Twenty-one targets of fifty draws: chance alone gives 0.12 to 0.23, and the test does not reject."""
    rng = np.random.default_rng(3)
    counts = [(float(t), Drawn(int(rng.binomial(50, t)), 50)) for t in TARGETS]
    found = not_none(calibration("a/b", counts))
    assert 0.1 < found.follower_low < 0.173 < found.follower_high < 0.25
    assert found.step_low == 0
    assert found.p_faithful > 0.05
    stepping = not_none(calibration("a/b", [(float(t), Drawn(50 * int(t > 0.5), 50)) for t in TARGETS]))
    assert stepping.step_likeness > stepping.follower_high
    assert stepping.p_faithful < 1e-6


def test_draws_that_depend_on_each_other_count_for_fewer() -> None:
    """A hundred with a design effect of four are worth 25: as wide an interval, and a test by Student's t."""
    asked = [(0.2, 30), (0.5, 48), (0.8, 76)]
    apart = not_none(calibration("a/b", [(t, Drawn(k, 100)) for t, k in asked]))
    stuck = not_none(calibration("a/b", [(t, Drawn(k, 100, 4.0)) for t, k in asked]))
    assert apart.is_exact
    assert not stuck.is_exact
    assert stuck.points[0].high == pytest.approx(stats.beta(8, 18).ppf(0.975))
    assert stuck.step_likeness == apart.step_likeness
    assert stuck.step_high - stuck.step_low > apart.step_high - apart.step_low
    assert stuck.follower_high == pytest.approx(2 * apart.follower_high, rel=0.1)
    t = 10 / np.sqrt(100 * 0.2 * 0.8) / np.sqrt(4)
    assert stuck.p_faithful == pytest.approx(1 - (1 - 2 * stats.t.sf(t, 24)) ** 3)
    assert apart.p_faithful < stuck.p_faithful


def test_a_target_whose_draws_are_alike_is_taken_to_stick_as_the_others_do() -> None:
    """No one in a hundred, where one in ten was asked for, is no feat of a model that repeats itself."""
    others = [(0.5, Drawn(48, 100, 4.0)), (0.9, Drawn(88, 100, 4.0))]
    found = not_none(calibration("a/b", [(0.1, Drawn(0, 100)), *others]))
    assert found.points[0].design_effect == pytest.approx((9 + 4 * 25 + 4 * 9) / (9 + 25 + 9))
    assert found.p_faithful > 0.05
    assert not_none(calibration("a/b", [(0.1, Drawn(0, 100)), (0.5, Drawn(48, 100))])).p_faithful < 0.001


def test_studies_of_one_target_that_stick_may_be_added_up() -> None:
    """Ten and twenty-two ones in fifty are two coins, unless their draws are worth a quarter as many."""
    for effect, differing in ((1.0, (0.5,)), (4.0, ())):
        drawn = [Drawn(10, 50, effect), Drawn(22, 50, effect)]
        found = not_none(
            calibration("a/b", [(0.2, Drawn(10, 50)), *((0.5, each) for each in drawn), (0.8, Drawn(40, 50))])
        )
        assert found.differing == differing


def test_one_target_is_no_curve() -> None:
    """Nor is none."""
    assert calibration("a/b", [(0.5, Drawn(25, 50))]) is None
    assert calibration("a/b", []) is None


@pytest.mark.skipif(not FIG1.exists(), reason="the shared data of others is not on this machine")
def test_other_peoples_twenty_one_targets_are_a_step() -> None:
    """Yang & Zhang's single flips: all zeros below one half, ones above."""
    counts: dict[float, list[int]] = {}
    with FIG1.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if row["answer"]:
                counts.setdefault(float(row["p"]) / 100, []).append(int(float(row["answer"])))
    found = not_none(
        calibration("claude", [(target, Drawn(sum(drawn), len(drawn))) for target, drawn in counts.items()])
    )
    assert len(found.points) == 21
    shares = {point.target: point.share for point in found.points}
    assert shares[0.5] == 0.01
    assert found.step_likeness == pytest.approx(0.998)
