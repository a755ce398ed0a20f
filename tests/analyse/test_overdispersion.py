"""Dependent draws: the interval holds the truth, and no dependent coin is called fair."""

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.analyse.fixture_types import DrawsOf, StudyOf
from tests.narrowing import not_none

from flipsite.analyse.dependence.homogeneity import Homogeneity, RunsTest, homogeneity, succession_of
from flipsite.analyse.dependence.overdispersion import overdispersion, widened_test, with_q_values
from flipsite.analyse.report import report_draws
from flipsite.domain.counts import Transitions
from flipsite.domain.draws import Draws
from flipsite.domain.estimates import Dependence, Verdict

RNG = np.random.default_rng


def sticky(n_coins: int, n: int, *, stay: float, seed: int = 0) -> np.ndarray:
    """Coins of share one half that stay on their side so often."""
    rng = RNG(seed)
    turned = rng.random((n_coins, n)) >= stay
    turned[:, 0] = rng.random(n_coins) < 0.5
    return (np.cumsum(turned, axis=1) % 2).astype(np.int8)


def runs(outcomes: np.ndarray) -> RunsTest:
    found = succession_of(Transitions.of(outcomes))
    assert found is not None
    return found


@pytest.mark.parametrize(("stay", "n"), [(0.7, 100), (0.8, 100), (0.9, 400)])
def test_a_sticky_coin_keeps_its_level(stay: float, n: int) -> None:
    """Of 400 coins of share one half a plain test calls 15 to 50 % biased; the widened one about 5 %."""
    plain, wide, held = [], [], 0
    for coin in sticky(400, n, stay=stay, seed=n):
        ones = int(coin.sum())
        low, high, p = widened_test(ones, n, runs(coin).design_effect)
        plain.append(widened_test(ones, n, 1.0)[2] < 0.05)
        wide.append(p < 0.05)
        held += low <= 0.5 <= high
    assert np.mean(plain) > 0.13
    assert np.mean(wide) <= 0.08
    assert held / 400 >= 0.91


def shown(*tests: RunsTest | Homogeneity | None) -> tuple[RunsTest | Homogeneity, ...]:
    return tuple(test for test in tests if test)


def halves_of(coin: np.ndarray) -> Homogeneity | None:
    first, second = (np.bincount(half, minlength=2).tolist() for half in np.split(coin, 2))
    return homogeneity({"first": first, "second": second}, by="half")


def test_at_fifty_draws_a_sticky_coin_is_called_biased_in_at_most_one_study_of_twenty() -> None:
    """Each of 2,000 coins alone in its study, where no other lowers its chance; half would pass untested."""
    plain, wrong = [], []
    for coin in sticky(2_000, 50, stay=0.9, seed=50):
        ones, succession = int(coin.sum()), succession_of(Transitions.of(coin))
        found = overdispersion(with_q_values({"m": shown(succession, halves_of(coin))})["m"])
        effect, least = (found.design_effect, found.least_p) if found else (1.0, 0.0)
        plain.append(widened_test(ones, 50, 1.0)[2] < 0.05)
        wrong.append(max(least, widened_test(ones, 50, effect)[2]) < 0.05)
    assert np.mean(plain) > 0.4
    assert np.mean(wrong) <= 0.05


def test_a_biased_coin_that_sticks_a_little_is_still_found() -> None:
    """Nine ones in ten and neighbours correlated by 0.4: four in five of 400 coins of 50 draws."""
    rng, found = RNG(6), 0
    for _ in range(400):
        coin = [1]
        for chance in rng.random(49):
            coin.append(int(chance < (0.94 if coin[-1] else 0.54)))
        outcomes = np.array(coin, np.int8)
        depends = overdispersion(with_q_values({"m": shown(succession_of(Transitions.of(outcomes)))})["m"])
        effect, least = (depends.design_effect, depends.least_p) if depends else (1.0, 0.0)
        found += max(least, widened_test(sum(coin), 50, effect)[2]) < 0.05
    assert found / 400 > 0.75


def test_a_design_effect_is_that_of_a_long_chain() -> None:
    """Staying nine times in ten, neighbours correlate by 0.8: the variance is 9 times as large."""
    coins = sticky(1000, 2000, stay=0.9)
    seen = coins.mean(axis=1).var() / (0.25 / 2000)
    assert seen == pytest.approx(9, rel=0.15)
    assert np.median([runs(coin).design_effect for coin in coins[:100]]) == pytest.approx(9, rel=0.1)


def test_independent_draws_are_not_widened() -> None:
    """A design effect is at least 1, and one of 1 leaves the exact test and Jeffreys' interval."""
    assert runs(np.array([0, 1] * 20, np.int8)).design_effect == 1.0
    low, high, p = widened_test(20, 40, 1.0)
    assert p == 1.0
    assert low == pytest.approx(1 - high)


def test_groups_widen_by_pearsons_statistic() -> None:
    """Two providers of 100 draws with 30 and 70 ones: X² = 32 on one degree of freedom."""
    found = homogeneity({"a": (70, 30), "b": (30, 70)}, by="provider")
    assert isinstance(found, Homogeneity)
    assert found.design_effect == pytest.approx(32)


def test_what_a_model_follows_makes_its_runs_no_finding() -> None:
    """Only providers and days are then about anything else."""
    days = homogeneity({"a": (99, 1), "b": (1, 99)}, by="day")
    tests = shown(runs(sticky(1, 200, stay=0.95, seed=3)[0]), days)
    found = with_q_values({"m": tests})["m"]
    assert overdispersion(found) is not None
    follows = overdispersion(found, follows=True)
    assert follows is not None
    assert follows.kind is Dependence.DAY
    assert overdispersion(found[:1], follows=True) is None


def test_without_q_values_nothing_is_shown() -> None:
    """The allowance is the study's."""
    assert overdispersion([runs(np.array([0] * 30 + [1] * 30, np.int8))]) is None


@pytest.fixture(scope="module")
def drifting() -> np.ndarray:
    """Shares from 0.2 to 0.8, 400 draws."""
    return (RNG(1).random((20, 400)) < np.linspace(0.2, 0.8, 400)).astype(np.int8)


def test_a_drifting_coin_is_not_fair(
    study_of: StudyOf, draws_of: DrawsOf, drifting: NDArray[np.float64]
) -> None:
    """Its share is one half; the first half of its draws and the second are not alike."""
    draws: Draws = draws_of({f"m/{i:02}": coin.tolist() for i, coin in enumerate(drifting)})
    report = report_draws(study_of(), draws)
    for record in report.estimates:
        assert record.dependence in (Dependence.DRIFT, Dependence.RUNS)
        assert record.verdict is Verdict.UNDECIDED
        assert record.model not in report.stops


def test_fair_coins_are_left_alone(study_of: StudyOf, draws_of: DrawsOf) -> None:
    """Of 60 fair coins of 400 draws the allowance flags at most two, and the others are fair."""
    coins = RNG(2).integers(0, 2, (60, 400))
    report = report_draws(study_of(), draws_of({f"m/{i:02}": c.tolist() for i, c in enumerate(coins)}))
    assert sum(record.dependence is not None for record in report.estimates) <= 2
    assert sum(record.verdict is Verdict.FAIR for record in report.estimates) >= 55


def test_dependence_widens_the_estimate(study_of: StudyOf, draws_of: DrawsOf) -> None:
    """Interval, p, rank interval and bias interval all know."""
    coin = sticky(1, 400, stay=0.9, seed=7)[0].tolist()
    mixed = RNG(4).permutation(coin).tolist()
    loose, firm = report_draws(study_of(), draws_of({"a/sticky": coin, "b/mixed": mixed})).estimates
    assert (loose.dependence, firm.dependence) == (Dependence.RUNS, None)
    assert loose.mean == firm.mean
    assert not_none(loose.mean_high) - not_none(loose.mean_low) > 2 * (
        not_none(firm.mean_high) - not_none(firm.mean_low)
    )
    assert not_none(loose.p_value) > not_none(firm.p_value) or firm.p_value == 1
    assert not_none(loose.bias_high) > not_none(firm.bias_high)
