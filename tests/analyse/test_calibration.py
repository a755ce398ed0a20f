import csv
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats

from flipsite.analyse.cross_study import calibration, step_likeness

FIG1 = Path(__file__).parents[3] / "shared" / "data" / "failure-to-mix" / "fig1_single_flip.csv"
TARGETS = np.linspace(0, 1, 21)


def test_the_diagonal_has_no_step_and_a_step_is_one():
    """The area beside a step at one half is 1/4: S is 1, but for the corner the grid cuts."""
    fine = np.linspace(0, 1, 20_001)
    assert step_likeness(TARGETS, TARGETS) == 0
    assert step_likeness(fine, fine > 0.5) == pytest.approx(1, abs=1e-4)
    assert step_likeness(TARGETS, 1 - TARGETS) == pytest.approx(2)


def test_it_is_the_trapezoid_rule():
    """As scipy integrates the distance from the diagonal."""
    shares = np.random.default_rng(1).random((3, 21))
    assert step_likeness(TARGETS, shares) == pytest.approx(
        4 * integrate.trapezoid(abs(shares - TARGETS), TARGETS)
    )


def test_a_curve_has_intervals_and_adds_up_what_was_asked_twice():
    """Targets in any order; one without draws is passed over."""
    found = calibration("a/b", [(0.8, 70, 100), (0.2, 10, 50), (0.2, 12, 50), (0.5, 0, 0)])
    assert [(point.target, point.n_ones, point.n_valid) for point in found.points] == [
        (0.2, 22, 100),
        (0.8, 70, 100),
    ]
    assert found.points[0].low == pytest.approx(stats.beta(22.5, 78.5).ppf(0.025))
    assert found.step_likeness == pytest.approx(4 * 0.6 * (0.02 + 0.1) / 2)
    assert found.step_low < found.step_likeness < found.step_high
    assert found == calibration("a/b", [(0.2, 22, 100), (0.8, 70, 100)])


def test_one_target_is_no_curve():
    """Nor is none."""
    assert calibration("a/b", [(0.5, 25, 50)]) is None
    assert calibration("a/b", []) is None


@pytest.mark.skipif(not FIG1.exists(), reason="the shared data of others is not on this machine")
def test_other_peoples_twenty_one_targets_are_a_step():
    """Yang & Zhang's single flips: all zeros below one half, ones above."""
    counts: dict[float, list[int]] = {}
    with FIG1.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if row["answer"]:
                counts.setdefault(float(row["p"]) / 100, []).append(int(float(row["answer"])))
    found = calibration("claude", [(target, sum(drawn), len(drawn)) for target, drawn in counts.items()])
    assert len(found.points) == 21
    shares = {point.target: point.share for point in found.points}
    assert shares[0.5] == 0.01
    assert found.step_likeness == pytest.approx(0.998)
