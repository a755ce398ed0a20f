"""Dependent draws from k outcomes: wider intervals, tests that keep their level, and none called fair."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from tests.analyse.fixture_types import StudyOf
from tests.narrowing import not_none
from tests.sampled import DIE, rows_of

from flipsite.analyse.dependence.design_effect import (
    clusters_design_effect,
    groups_design_effect,
    widened_pearson_p,
)
from flipsite.analyse.dependence.homogeneity import homogeneity, succession_of
from flipsite.analyse.dependence.overdispersion import Overdispersion, overdispersion, with_q_values
from flipsite.analyse.label_order.order_effects import LabelPairs, clustered_test
from flipsite.analyse.outcomes.dependence import EvennessTest, compare_groups, compare_halves, repeats
from flipsite.analyse.outcomes.multinomial import PearsonTest, pearson_tests
from flipsite.analyse.report import report_draws
from flipsite.collect.prompt import questions
from flipsite.domain.counts import Transitions
from flipsite.domain.draws import Draw, Outcome
from flipsite.domain.estimates import Dependence, Estimate, Sway, Verdict
from flipsite.domain.study import Prompt, Study
from flipsite.store.snapshot.assemble import collect_draws

Thrown = NDArray[np.int64]
RNG = np.random.default_rng


def thrown(n_dice: int, n: int, *, stay: float = 0.0, k: int = 6, seed: int = 0) -> Thrown:
    """Even dice that repeat their last face so often, and else throw afresh."""
    rng = RNG(seed)
    fresh, afresh = rng.integers(0, k, (n_dice, n)), rng.random((n_dice, n)) >= stay
    afresh[:, 0] = True
    last = np.maximum.accumulate(np.where(afresh, np.arange(n), 0), axis=1)
    return np.take_along_axis(fresh, last, axis=1)


def alone(die: Thrown, k: int = 6) -> tuple[PearsonTest, Overdispersion | None]:
    """The test of one die, and the dependence that it shows, alone in its study."""
    counts = np.bincount(die, minlength=k)
    (test,) = pearson_tests(counts[None], (1 / k,) * k)
    made = (
        EvennessTest(p_value=not_none(test).p_even),
        repeats(Transitions.of(die.astype(np.int16)), counts.tolist()),
        compare_halves(die.astype(np.int16), k),
    )
    tests = with_q_values({"m": tuple(one for one in made if one)})["m"]
    return not_none(test), overdispersion(tests, target=None)


@pytest.mark.parametrize(("k", "n", "stay"), [(6, 50, 0.8), (6, 200, 0.5), (10, 100, 0.9), (100, 100, 0.8)])
def test_a_die_that_sticks_keeps_its_level(k: int, n: int, stay: float) -> None:
    """Of 200 even dice a plain test calls more than half biased; the widened one about 5 %."""
    plain, wide = [], []
    for die in thrown(200, n, stay=stay, k=k, seed=n):
        test, shown = alone(die, k)
        effect = shown.design_effect if shown else 1.0
        plain.append(test.p_value < 0.05)
        widened = float(widened_pearson_p(test.statistic, n, effect, n_outcomes=k))
        wide.append(max(test.p_value, widened) < 0.05)
    assert np.mean(plain) > 0.5
    assert np.mean(wide) <= 0.1


@pytest.mark.parametrize(("k", "n"), [(6, 100), (100, 100)])
def test_an_independent_die_is_seldom_flagged(k: int, n: int) -> None:
    """Alone in its study, in about 5 % of 300 tries at most: two standard errors are 7 tries."""
    flagged = sum(alone(die, k)[1] is not None for die in thrown(300, n, k=k, seed=n + k))
    assert flagged <= 22


def test_a_design_effect_is_that_of_a_long_chain() -> None:
    """Repeating half of the time, the shares vary three times as much as those of independent throws."""
    dice = thrown(400, 1_000, stay=0.5)
    shares = np.stack([(dice == face).mean(axis=1) for face in range(6)])
    assert shares.var(axis=1).mean() / (5 / 36 / 1_000) == pytest.approx(3, rel=0.15)
    effects = [not_none(alone(die)[1]).design_effect for die in dice[:40]]
    assert np.median(effects) == pytest.approx(3, rel=0.1)


@given(st.permutations([0] * 12 + [1] * 18))
def test_a_coin_is_the_case_of_two_outcomes(flips: list[int]) -> None:
    """Runs, halves and t are those of coins, within what the ends of a row of draws add to a correlation."""
    neighbours, n, ones = Transitions.of(np.array(flips, np.int16)), len(flips), sum(flips)
    coin, outcomes = not_none(succession_of(neighbours)), not_none(repeats(neighbours, (n - ones, ones)))
    ends = 1.5 / (n * ones / n * (1 - ones / n))
    assert outcomes.autocorrelation == pytest.approx(coin.autocorrelation, abs=ends)
    halves = {str(i): (10 + flips[i], 10 - flips[i]) for i in range(3)}
    one, other = homogeneity(halves, by="day"), compare_groups(halves, by="day")
    assert (one is None) or one.design_effect == not_none(other).design_effect
    t = (ones - n / 2) / np.sqrt(n / 4 * 1.5)
    p = widened_pearson_p((ones - n / 2) ** 2 / (n / 4), n, 1.5, n_outcomes=2)
    assert p == pytest.approx(2 * stats.t.sf(abs(t), n / 1.5 - 1))


def test_groups_widen_by_pearsons_statistic() -> None:
    """Over its degrees of freedom, outcomes and groups without a draw left out."""
    table = [[20, 30, 25, 0], [40, 12, 20, 0], [0, 0, 0, 0]]
    found = stats.chi2_contingency(np.array(table)[:2, :3])
    assert groups_design_effect(table) == pytest.approx(found.statistic / found.dof)
    assert groups_design_effect([[5, 0], [7, 0]]) == 1.0


def test_clusters_widen_as_label_pairs_of_coins_do() -> None:
    """Pairs that always agree leave half of the draws, sets of six that do a sixth, less for being few."""
    ones = (0, 2) * 20
    pairs = LabelPairs(ones=ones, valid=(2,) * 40, complete=False, earlier=(0, 0))
    widened = clusters_design_effect([(2 - k, k) for k in ones], (0.5, 0.5))
    assert widened == pytest.approx(clustered_test(pairs, target=0.5).design_effect)
    faces = RNG(1).integers(0, 6, 600)
    assert clusters_design_effect(6 * np.eye(6)[faces], (1 / 6,) * 6) == pytest.approx(6, rel=0.02)
    assert clusters_design_effect([[3, 0, 0]], (0.5, 0.5, 0)) == 1.0


@pytest.mark.parametrize(("k", "n_sets", "liking"), [(6, 10, 0.7), (12, 10, 0.7), (3, 100, 1.0)])
def test_liked_words_keep_the_level(k: int, n_sets: int, liking: float) -> None:
    """Of 400 models that often take one word of each set, which is outcome j as often as any other."""
    rng, shares, called = RNG(k), (1 / k,) * k, 0
    for _ in range(400):
        liked, likes = rng.integers(0, k, (n_sets, 1)), rng.random((n_sets, k)) < liking
        drawn = np.where(likes, liked, rng.integers(0, k, (n_sets, k)))
        table = np.stack([(drawn == j).sum(axis=1) for j in range(k)], axis=1)
        statistic = ((table.sum(axis=0) - n_sets) ** 2 / n_sets).sum()
        effect = clusters_design_effect(table, shares)
        called += bool(widened_pearson_p(statistic, n_sets * k, effect, n_outcomes=k) < 0.05)
    assert called <= 20 + 9


def judged(study: Study, dice: dict[str, list[int]], *, split: str = "") -> dict[str, Estimate]:
    """The records of a study of dice; the model named is served by two providers, each half of its draws."""
    prompt = Prompt(template="{options}", outcomes=DIE, shares=(1 / 6,) * 6, form="list")
    rows = [
        replace(row, provider="AB"[row.draw % 2] if row.model == split else "A") for row in rows_of(dice, DIE)
    ]
    found = report_draws(replace(study, prompt=prompt), collect_draws(rows)).estimates
    return {record.model: record for record in found}


def test_dependence_widens_the_estimate(study_of: StudyOf) -> None:
    """Interval and p-value know; without it the design effect is 1."""
    sticky = thrown(1, 1_200, stay=0.7, seed=3)[0]
    found = judged(study_of(), {"a/sticky": sticky.tolist(), "b/mixed": RNG(4).permutation(sticky).tolist()})
    loose, firm = found["a/sticky"], found["b/mixed"]
    assert (loose.dependence, firm.dependence) == (Dependence.RUNS, None)
    assert (loose.bias, firm.design_effect) == (firm.bias, 1.0)
    assert not_none(loose.design_effect) > 4
    reach = [not_none(each.bias_high) - not_none(each.bias) for each in (loose, firm)]
    assert reach[0] > 2 * reach[1]
    assert not_none(loose.p_value) > not_none(firm.p_value)


@pytest.mark.parametrize("n_studies", [4, pytest.param(60, marks=pytest.mark.slow)])
def test_dice_that_stick_or_whose_providers_differ_are_never_fair(study_of: StudyOf, n_studies: int) -> None:
    """Studies of an even die of 1,200 throws, one that sticks, and one whose two providers differ."""
    rng, fair, flagged = RNG(5), 0, 0
    for seed in range(n_studies):
        one, other = rng.integers(0, 6, (2, 600)), rng.choice(6, 600, p=[0.25, 0.25, 0.2, 0.1, 0.1, 0.1])
        split = np.stack([one[0], other], axis=1).ravel()
        even, sticky = thrown(1, 1_200, seed=seed)[0], thrown(1, 1_200, stay=0.15, seed=seed)[0]
        dice = {"a/even": even.tolist(), "a/split": split.tolist(), "a/sticky": sticky.tolist()}
        found = judged(study_of(), dice, split="a/split")
        assert found["a/sticky"].verdict is not Verdict.FAIR
        assert found["a/split"].verdict is not Verdict.FAIR
        assert found["a/sticky"].dependence is Dependence.RUNS
        fair += found["a/even"].verdict is Verdict.FAIR
        flagged += found["a/even"].is_flagged
    assert fair >= 0.7 * n_studies
    assert flagged <= 1 + 0.1 * n_studies


def liking(study: Study, *, share: float, seed: int, n: int = 120) -> Estimate:
    """A model of six fresh labels that so often takes the first in the alphabet, and else draws evenly."""
    prompt = Prompt(
        template="{options}",
        outcomes=DIE,
        shares=(1 / 6,) * 6,
        labels="random",
        orders="rotated",
        form="list",
    )
    rng, rows = RNG(seed), []
    for asked in questions(prompt, n_draws=n, model="a/m", seed=seed):
        liked = min(range(6), key=lambda j: asked.labels[j])
        index = liked if rng.random() < share else int(rng.integers(6))
        rows.append(
            Draw(
                model="a/m",
                draw=asked.draw,
                labels=asked.labels,
                order=asked.order,
                result=Outcome(index=index),
            )
        )
    (record,) = report_draws(replace(study, prompt=prompt), collect_draws(rows)).estimates
    return record


def test_a_liking_for_a_word_is_a_sway_and_no_bias(study_of: StudyOf) -> None:
    """Six draws share their labels: taken for independent they call most such models biased."""
    found = [liking(study_of(), share=1.0, seed=seed) for seed in range(6)]
    assert all(record.sway is Sway.LABEL for record in found)
    assert sum(record.verdict is Verdict.BIASED for record in found) <= 1
    assert all(not_none(record.design_effect) > 3 for record in found)
