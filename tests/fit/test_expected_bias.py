import numpy as np
import pytest
from scipy import integrate, special, stats
from tests.narrowing import not_none

from flipsite.domain.fit import FormName
from flipsite.fit.counts import FlipCounts
from flipsite.fit.covariates import Covariates
from flipsite.fit.posterior_checks import checks, from_prior, linear, simulated_ones
from flipsite.fit.summaries import Posterior, effects, expected_bias, factors, seen, smallest_effect


@pytest.mark.parametrize(("m", "rho", "target"), [(0.5, 0.3, 0.5), (0.7, 0.05, 0.5), (0.3, 0.8, 0.2)])
def test_the_expected_bias_of_a_beta_distribution(m: float, rho: float, target: float) -> None:
    """Against numerical integration."""
    both = (1 - rho) / rho
    beta = stats.beta(m * both, (1 - m) * both)
    below, _ = integrate.quad(beta.cdf, 0, target, limit=500)  # E|p − t| = ∫ F below t + ∫ 1 − F above
    above, _ = integrate.quad(beta.sf, target, 1, limit=500)
    found = expected_bias(
        "betabinomial", np.array(special.logit(m)), np.array(special.logit(rho)), target=target
    )
    assert float(found) == pytest.approx(below + above, rel=1e-6)


@pytest.mark.parametrize(("centre", "sigma", "target"), [(0.0, 1.6, 0.5), (0.4, 0.2, 0.5), (-1.0, 3.0, 0.3)])
def test_the_expected_bias_of_normal_log_odds(centre: float, sigma: float, target: float) -> None:
    expected, _ = integrate.quad(
        lambda z: abs(special.expit(centre + sigma * z) - target) * stats.norm.pdf(z), -9, 9, limit=500
    )
    found = expected_bias("scale", np.array(centre), np.log(sigma), target=target)
    assert float(found) == pytest.approx(expected, rel=2e-3)


def test_a_smaller_spread_is_a_factor_below_one() -> None:
    values = {"mean_intercept": np.zeros(500), "spread_intercept": np.full(500, 0.2)}
    found = Posterior(form="scale", target=0.5, values=values)
    slope = np.random.default_rng(1).normal(-0.4, 0.1, 500)
    low, factor, high = factors(found, "spread", slope)
    assert low < factor < high < 1
    below, above = seen(found, "spread", slope, prior=0.5)
    assert not_none(below) < 1 < not_none(above)
    wider = seen(found, "spread", slope * 2, prior=0.5)
    assert not_none(wider[0]) < not_none(below)
    assert not_none(wider[1]) > not_none(above)
    assert seen(found, "spread", slope * 4, prior=0.5) == (None, None)


@pytest.mark.parametrize("error", [0.05, 0.1, 0.2, 0.3])
def test_the_smallest_effect_is_found_four_times_in_five(error: float) -> None:
    """Simulated: a normal prior of deviation 0.5, an estimate of this error, a 95 % posterior interval."""
    deviation = (0.5**-2 + error**-2) ** -0.5
    effect = not_none(smallest_effect(deviation, 0.5))
    estimates = np.random.default_rng(6).normal(effect, error, 100_000)
    posterior_mean = estimates * (1 - (deviation / 0.5) ** 2)
    assert (posterior_mean > 1.959964 * deviation).mean() == pytest.approx(0.8, abs=0.005)


@pytest.mark.parametrize("deviation", [0.4, 0.49, 0.5, 0.6])
def test_where_the_prior_rules_no_size_would_do(deviation: float) -> None:
    """A posterior four fifths as wide as the prior, or wider."""
    assert smallest_effect(deviation, 0.5) is None


def test_odds_multiply() -> None:
    values = {"mean_intercept": np.full(10, 0.7)}
    found = Posterior(form="mean", target=0.4, values=values)
    assert factors(found, "mean", np.full(10, np.log(2.0)))[1] == pytest.approx(2.0)


@pytest.mark.parametrize("form", ["mean", "betabinomial", "scale", "mixture"])
def test_what_is_simulated_follows_the_form(form: FormName, counts: FlipCounts, given: Covariates) -> None:
    """The variance of simulated shares of ones is that of the form: its own moments, by integration."""
    rng = np.random.default_rng(5)
    parameters = {
        name: np.zeros_like(value) for name, value in from_prior(form, counts, given, rng=rng).items()
    }
    parameters["spread_intercept"] = np.asarray(-0.5)
    if form == "mixture":
        parameters["fair"] = np.asarray(0.3)
    n = counts.typical_valid
    ones = np.array([simulated_ones(form, parameters, counts, given, rng=rng) for _ in range(4000)])
    sigma = np.exp(-0.5)
    normal = integrate.quad(lambda z: (special.expit(sigma * z) - 0.5) ** 2 * stats.norm.pdf(z), -9, 9)[0]
    of_share = {
        "mean": 0.0,
        "betabinomial": 0.25 * special.expit(-0.5),
        "scale": normal,
        "mixture": 0.7 * normal,
    }[form]
    expected = n * 0.25 + n * (n - 1) * of_share
    assert ones.mean(axis=0) == pytest.approx(n / 2, rel=0.05)
    assert np.median(ones.var(axis=0) / expected) == pytest.approx(1, abs=0.02)


def test_the_linear_predictor_adds_what_it_should(counts: FlipCounts, given: Covariates) -> None:
    rng = np.random.default_rng(2)
    parameters = from_prior("mean", counts, given, rng=rng)
    found = linear("mean", parameters, counts, given)
    place = 4
    by_hand = (
        parameters["mean_intercept"]
        + sum(given.matrix[place, j] * parameters["mean_slopes"][j] for j in range(len(given.columns)))
        + parameters["mean_author"][counts.authors.index("author-4")]
    )
    assert found[place] == pytest.approx(by_hand)
    assert parameters["mean_author"].sum() == pytest.approx(0)


def test_checks_count_every_model_and_effects_cover_every_class(
    counts: FlipCounts, given: Covariates
) -> None:
    rng = np.random.default_rng(3)
    several = [from_prior("scale", counts, given, rng=rng) for _ in range(50)]
    values = {name: np.array([one[name] for one in several]) for name in several[0]}
    found = Posterior(form="scale", target=0.5, values=values)
    whole, bins = checks(found, counts, given, seed=1)
    assert sum(one.observed for one in bins) == len(counts.models)
    assert sum(one.mean for one in bins) == pytest.approx(len(counts.models))
    assert {one.name for one in whole} >= {"average bias"}
    drawn = {effect.covariate: effect for effect in effects(found, "spread", given)}
    assert [point.at for point in drawn["reasoning"].points] == ["no", "yes"]
    assert drawn["parameters_total_b"].points[0].at == pytest.approx(1)
    assert drawn["parameters_total_b"].points[-1].at == pytest.approx(256)
    assert all(point.low <= point.mean <= point.high for one in drawn.values() for point in one.points)
