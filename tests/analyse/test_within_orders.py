"""A model that was asked in two orders: every figure of its bias is the mean of those within the orders."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tests.analyse.fixture_types import DrawsOf, StudyOf
from tests.narrowing import not_none

from flipsite.analyse.binomial import binomial_probability
from flipsite.analyse.cross_study.comparisons import bias_difference, comparisons
from flipsite.analyse.cross_study.matrix import study_matrix
from flipsite.analyse.empirical_bayes.order_links import link_chances, order_links
from flipsite.analyse.empirical_bayes.population import fit_population
from flipsite.analyse.empirical_bayes.shrinkage import NEAR, shrunken_biases
from flipsite.analyse.ranking.bias_posterior import bias_interval_within, bias_within, mean_of_levels
from flipsite.analyse.ranking.ranks import ArmCounts, estimate_ranks
from flipsite.analyse.report import StudyReport, report_draws
from flipsite.domain.draws import Tally
from flipsite.domain.estimates import Estimate, Sway
from flipsite.domain.study import Kind

RNG = np.random.default_rng

Outcomes = dict[str, list[int]]


def coin(*shares: float, n: int = 200, seed: int = 0) -> list[int]:
    """Draws of two orders in turn, with as many ones in each as its share says, mixed."""
    rng = RNG(seed)
    arms = [rng.permutation([1] * round(n * share) + [0] * (n - round(n * share))) for share in shares]
    return [int(outcome) for pair in zip(*arms, strict=True) for outcome in pair]


def report_of(study_of: StudyOf, draws_of: DrawsOf, models: Outcomes) -> StudyReport:
    n = sum(map(len, models.values()))
    return report_draws(study_of(), draws_of(models, order=[0, 1] * (n // 2)))


@pytest.fixture(scope="module")
def fair() -> dict[str, list[int]]:
    return {f"n/{i}": RNG(i).integers(0, 2, 400).tolist() for i in range(9)}


@pytest.mark.parametrize("shares", [(0.0, 1.0), (0.22, 0.78), (0.78, 0.22), (0.8, 0.6)])
def test_likely_and_shrunken_bias_are_those_within_the_orders(
    study_of: StudyOf, draws_of: DrawsOf, fair: dict[str, list[int]], shares: tuple[float, float]
) -> None:
    """One that leans to the label named first had a likely bias of 0.02 beside a bias of 0.28."""
    report = report_of(study_of, draws_of, {"m/leans": coin(*shares)} | fair)
    record, place = report.estimates[0], report.rank_estimates["m/leans"]
    within = np.mean([abs(share - 0.5) for share in shares])
    assert record.bias_within == pytest.approx(within)
    assert place.bias_median == pytest.approx(within, abs=0.03)
    assert place.p_within_10 < 0.01
    assert (record.bias_within_low, record.bias_within_high) == (place.bias_low, place.bias_high)
    assert place.bias_low <= within <= place.bias_high
    assert place.bias_high - place.bias_low < 0.15
    assert record.bias_shrunken == pytest.approx(within, abs=0.03)
    assert not_none(record.bias_shrunken_low) <= within <= not_none(record.bias_shrunken_high) + 1e-6
    assert not_none(record.p_near) < 0.01
    assert record.rank == record.rank_shrunken == 10
    assert report.population is not None
    assert report.population.fair <= 0.95


def test_a_label_liker_of_fresh_labels_has_no_shrunken_bias_and_is_no_fair_coin(
    study_of: StudyOf, draws_of: DrawsOf
) -> None:
    """Its share within either order is one half; its choice is the word's."""
    rng = RNG(2)
    liked = {f"l/{i}": rng.integers(0, 2, 100).repeat(2).tolist() for i in range(5)}
    coins = {f"m/{i}": rng.integers(0, 2, 200).tolist() for i in range(15)}
    labels = [f'["{a}{i}", "{b}{i}"]' for i in range(2000) for a, b in [("qz", "zq")] for _ in (0, 1)]
    report = report_draws(study_of(), draws_of(liked | coins, order=[0, 1] * 2000, labels=labels))
    assert [record.sway for record in report.estimates[:5]] == [Sway.LABEL] * 5
    assert [record.bias_shrunken for record in report.estimates[:5]] == [None] * 5
    assert all(record.bias_shrunken is not None for record in report.estimates[5:])
    assert not_none(report.population).fair <= 0.75
    assert not_none(report.population).n_models == 20


def test_a_coin_that_drifts_has_no_shrunken_bias(study_of: StudyOf, draws_of: DrawsOf) -> None:
    """From 0.3 to 0.7: a shrunken bias of 0.006 and a chance of 0.996 to be near described no draw of it."""
    drifts = (RNG(3).random(1000) < 0.3 + 0.4 * np.arange(1000) / 1000).astype(int).tolist()
    fair = {f"n/{i}": RNG(i).integers(0, 2, 200).tolist() for i in range(10)}
    report = report_draws(study_of(), draws_of({"m/drifts": drifts} | fair, order=[0] * 3000))
    drifting, *others = report.estimates
    assert drifting.dependence is not None
    assert (drifting.bias_shrunken, drifting.p_near, drifting.rank_shrunken) == (None, None, None)
    assert sum(other.bias_shrunken is not None for other in others) >= 8
    assert not_none(report.population).fair < 1


def exact_coverage(p: tuple[float, float], n: tuple[int, int]) -> float:
    """How often the interval holds the bias within orders: every pair of counts, with its probability."""
    k = np.stack(np.meshgrid(*(np.arange(m + 1) for m in n), indexing="ij"), axis=-1).reshape(-1, 2)
    low, high = bias_interval_within(k, np.broadcast_to(n, k.shape))
    truth = np.mean([abs(share - 0.5) for share in p])
    holds = (low <= truth + 1e-9) & (truth <= high + 1e-9)
    chance = [binomial_probability(k[:, i], np.full(len(k), n[i]), target=p[i]) for i in (0, 1)]
    return float((chance[0] * chance[1])[holds].sum())


@pytest.mark.parametrize("n", [(25, 25), (20, 30), (100, 100)])
@pytest.mark.parametrize("p", [(0.5, 0.5), (0.5, 0.7), (0.45, 0.55), (0.3, 0.8), (0.97, 0.03), (1, 0.5)])
def test_the_interval_holds_the_bias_as_often_as_it_says(p: tuple[float, float], n: tuple[int, int]) -> None:
    """Exact: both at the target, one, none; where it cannot say 0, and where it can."""
    assert exact_coverage(p, n) >= 0.94


@given(
    counts=st.tuples(*[st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))] * 2),
    target=st.sampled_from([0.5, 0.3]),
)
def test_the_interval_holds_the_bias_of_the_draws_whichever_order_is_first(
    counts: tuple[tuple[int, int], tuple[int, int]], target: float
) -> None:
    ones, valid = np.array(counts).T
    (low,), (high,) = bias_interval_within([ones], [valid], target=target)
    seen = abs(ones / valid - target).mean()
    assert 0 <= low <= seen + 1e-12
    assert seen <= high + 1e-12 <= max(target, 1 - target) + 1e-6
    turned = bias_interval_within([ones[::-1]], [valid[::-1]], target=target)
    assert (low, high) == pytest.approx([float(end[0]) for end in turned], abs=1e-5)


def test_values_of_a_mean_are_those_of_independent_quantities() -> None:
    """Against the triangular and the normal distribution."""
    at = (np.arange(2048) + 0.5) / 2048
    assert abs(stats.triang(0.5).cdf(mean_of_levels(at, at)) - at).max() < 2e-3
    normal = stats.norm.ppf(at)
    assert abs(stats.norm.cdf(np.sqrt(2) * mean_of_levels(normal, normal)) - at).max() < 5e-3


def arms(p: np.ndarray, n: int, rng: np.random.Generator) -> list[ArmCounts]:
    """Counts of coins with a share of ones of their own in each order."""
    ones = rng.binomial(n, p)
    return [tuple((float(k), float(n)) for k in row) for row in ones]


@pytest.mark.parametrize("kind", ["half fair", "half follow the order", "one share in both orders"])
def test_shrunken_biases_within_orders_are_calibrated(kind: str) -> None:
    """240 coins of 25 draws in either order: nearer the truth than the draws alone, and held as often."""
    rng = RNG(6)
    fair = rng.random((240, 1)) < 0.5
    p = np.where(fair, 0.5, rng.beta(0.7, 0.7, (240, 2)))
    if kind == "half follow the order":
        p[:, 1] = 1 - p[:, 0]
    if kind == "one share in both orders":
        p[:, 1] = p[:, 0]
    counts, truth = arms(p, 25, rng), abs(p - 0.5).mean(axis=1)
    found = not_none(shrunken_biases(counts))
    alone = np.array([np.mean([abs(k / n - 0.5) for k, n in each]) for each in counts])
    off = np.mean([(each.bias - b) ** 2 for each, b in zip(found, truth, strict=True)])
    assert off < 0.8 * np.mean((alone - truth) ** 2)
    told = np.array([each.p_near for each in found])
    assert abs(told.mean() - np.mean(truth <= NEAR)) < 0.07


@pytest.mark.parametrize("kind", ["one share in both orders", "follows the order", "shares are related"])
def test_intervals_hold_where_the_two_orders_are_tied(kind: str) -> None:
    """95 % of 720 coins, half of them fair; with independent orders for a prior 92 % held."""
    rng, held = RNG(8), []
    for _ in range(3):
        share = rng.beta(0.7, 0.7, (240, 1))
        lean, order = rng.normal(size=(2, 240, 1))
        p = {
            "one share in both orders": share.repeat(2, axis=1),
            "follows the order": abs(share - [0, 1]),
            "shares are related": 1 / (1 + np.exp(-lean - order * [1, -1])),
        }[kind]
        p = np.where(rng.random((240, 1)) < 0.5, 0.5, p)
        found = not_none(shrunken_biases(arms(p, 25, rng)))
        truth = abs(p - 0.5).mean(axis=1)
        held += [each.low <= b + 1e-6 and b <= each.high for each, b in zip(found, truth, strict=True)]
    assert np.mean(held) >= 0.95


def test_a_share_is_reflected_about_any_target() -> None:
    """Its odds relative to the target are inverted: the two models below lie as far off as each other."""
    *_, ((reflected,)) = order_links([np.ones((1, 2))] * 2, target=0.3, n_cells=1_024)
    p, other = reflected.shares
    assert (p / (1 - p) * other / (1 - other)) == pytest.approx((0.3 / 0.7) ** 2)
    chances = link_chances(3)
    assert chances.shape == (10, 3)
    assert chances.sum(axis=1) == pytest.approx(1)


def test_without_fair_models_the_posterior_is_that_of_two_beta_distributions() -> None:
    """Simulated from the posteriors of both orders, at the concentration that the models share."""
    rng = RNG(7)
    counts = arms(rng.beta(3, 3, (400, 2)), 30, rng)
    found = not_none(shrunken_biases(counts))
    for place in range(5):
        drawn = [rng.beta(k + 3, n - k + 3, 40_000) for k, n in counts[place]]
        bias = abs(np.array(drawn) - 0.5).mean(axis=0)
        assert found[place].bias == pytest.approx(bias.mean(), abs=0.02)
        assert found[place].p_near == pytest.approx(np.mean(bias <= NEAR), abs=0.06)


def test_models_of_one_order_and_of_two_are_shrunken_together() -> None:
    """An order without a draw changes nothing."""
    one: list[ArmCounts] = [((float(k), 40.0),) for k in range(12, 28)]
    alone, mixed = not_none(shrunken_biases(one)), not_none(shrunken_biases([*one, ((20.0, 40.0),) * 2]))
    assert len(mixed) == len(one) + 1
    for each, other in zip(alone, mixed, strict=False):
        assert each.bias == pytest.approx(other.bias, abs=0.02)


def test_a_posterior_within_orders_is_that_of_drawing_both() -> None:
    """Likely bias and chances of 30 of 40 ones, and 22 of 30, by simulation under Jeffreys' prior."""
    drawn = [RNG(1).beta(k + 0.5, n - k + 0.5, 200_000) for k, n in ((30, 40), (22, 30))]
    bias = abs(np.array(drawn) - 0.5).mean(axis=0)
    (place,) = estimate_ranks(
        [Tally(model="m/x", n_draws=70, n_valid=70, n_ones=52)], by_order={"m/x": ((30, 40), (22, 30))}
    )
    assert place.bias_median == pytest.approx(np.median(bias), abs=0.002)
    assert place.p_within_10 == pytest.approx(np.mean(bias <= 0.1), abs=0.003)
    (alone,) = estimate_ranks([Tally(model="m/x", n_draws=70, n_valid=70, n_ones=52)])
    assert alone.p_within_10 == pytest.approx(bias_within(52, 70, 0.1))


def test_followers_of_the_order_are_no_fair_population() -> None:
    """Ten coins that take the label named first look perfectly fair where the orders are added up."""
    tallies = [Tally(model=f"m/{i}", n_draws=40, n_valid=40, n_ones=20) for i in range(10)]
    added = not_none(fit_population(tallies))
    found = not_none(fit_population(tallies, by_order={f"m/{i}": ((0, 20), (20, 20)) for i in range(10)}))
    assert added.fair > 0.9
    assert found.fair_high < 0.4
    assert found.spread > 0.4
    half = not_none(fit_population(tallies, never_fair={f"m/{i}" for i in range(5)}))
    assert half.fair <= 0.5
    assert half.p_fair[0] == 0.0


def test_a_model_that_turns_to_the_order_has_moved(study_of: StudyOf, draws_of: DrawsOf) -> None:
    """Its share of ones is one half before and after; its bias within orders is not."""
    before, after = (
        replace(report, study=replace(report.study, id=name, started=f"2025-0{month}-01"))
        for month, name, shares in ((1, "a", (0.5, 0.5)), (2, "b", (0.1, 0.9)))
        for report in [report_of(study_of, draws_of, {"m/x": coin(*shares)})]
    )
    (comparison,) = comparisons([before, after])
    (change,) = comparison.changes
    assert change.in_orders
    assert change.biases[0] == 0.0
    assert change.biases[1] == pytest.approx(0.4)
    assert change.difference == pytest.approx(0.4)
    assert change.moved
    for bias, ends in zip(change.biases, change.intervals, strict=True):
        low, high = not_none(ends)
        assert low <= not_none(bias) <= high
    matrix = not_none(study_matrix([before, after]))
    assert matrix.rows[0].excess == pytest.approx(0.2 - 0.028, abs=0.01)


def test_the_difference_of_two_models_is_that_of_the_biases_that_rank() -> None:
    def estimate(bias: float, within: float) -> Estimate:
        return Estimate(
            model="a/x",
            author="a",
            kind=Kind.MEASURED,
            bias=bias,
            bias_within=within,
            bias_within_high=within + 0.05,
            bias_low=0.0,
            bias_high=0.1,
            bias_within_low=within - 0.05,
            page="x",
        )

    found = not_none(bias_difference(estimate(0.0, 0.45), estimate(0.3, 0.3)))
    assert found.value == pytest.approx(0.15)
    assert found.is_clear


def test_a_perfect_sampler_has_no_excess_within_orders(study_of: StudyOf, draws_of: DrawsOf) -> None:
    """The bias within orders stands over the floor within orders: over the marginal one it was too large."""
    models = {f"m/{i:03}": RNG(i).integers(0, 2, 50).tolist() for i in range(200)}
    report = report_of(study_of, draws_of, models)
    assert abs(np.mean([not_none(record.excess) for record in report.estimates])) < 0.008
    alone = replace(report.estimates[0], bias_within=None, noise_floor_within=None)
    assert alone.excess == pytest.approx(not_none(alone.bias) - not_none(alone.noise_floor))
    assert replace(alone, noise_floor=None).excess is None
