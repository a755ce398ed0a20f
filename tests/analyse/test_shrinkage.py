"""Shrunken biases: calibrated over populations of coins, and never farther off than the draws alone."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import integrate, stats
from tests.analyse.fixture_types import DrawsOf, StudyOf
from tests.narrowing import not_none

from flipsite.analyse.empirical_bayes import shrinkage
from flipsite.analyse.empirical_bayes.population import fit_published_population
from flipsite.analyse.empirical_bayes.shrinkage import (
    FEWEST,
    NEAR,
    ShrunkenBias,
    printed_shrunken_biases,
    shrunken_biases,
)
from flipsite.analyse.published.possible_counts import fits
from flipsite.analyse.ranking.bias_posterior import bias_within
from flipsite.analyse.report import report_draws
from flipsite.domain.estimates import Printed

RNG = np.random.default_rng

POPULATIONS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "half fair, others at the ends": lambda rng, m: np.where(rng.random(m) < 0.5, 0.5, rng.beta(0.5, 0.5, m)),
    "all near fair": lambda rng, m: rng.beta(50, 50, m),
    "lean to one": lambda rng, m: rng.beta(6, 3, m),
}


def shrunken(ones: np.ndarray, valid: int) -> tuple[ShrunkenBias, ...]:
    return among([(float(k), float(valid)) for k in ones])


def among(counts: list[tuple[float, float]]) -> tuple[ShrunkenBias, ...]:
    """The shrunken biases of models, after which others make up the number."""
    others = [(5.0, 10.0)] * max(0, FEWEST - len(counts))
    found = shrunken_biases([(each,) for each in [*counts, *others]])
    assert found is not None
    return found


@pytest.mark.parametrize("name", POPULATIONS)
def test_probabilities_and_intervals_are_calibrated(name: str) -> None:
    """240 coins of 50 draws: Brier score and error below those of the draws alone, coverage about 95 %."""
    rng = RNG(4)
    p = POPULATIONS[name](rng, 240)
    ones = rng.binomial(50, p)
    found, bias = shrunken(ones, 50), abs(p - 0.5)
    alone = bias_within(ones, np.full(240, 50), NEAR)
    near = bias <= NEAR
    score = np.mean([(each.p_near - is_near) ** 2 for each, is_near in zip(found, near, strict=True)])
    assert score <= np.mean((alone - near) ** 2) + 0.003
    off = np.mean([(each.bias - b) ** 2 for each, b in zip(found, bias, strict=True)])
    assert off < np.mean((abs(ones / 50 - 0.5) - bias) ** 2)
    held = [each.low <= b + 1e-6 and b <= each.high for each, b in zip(found, bias, strict=True)]
    assert np.mean(held) >= 0.92


def test_a_posterior_is_that_of_a_beta_binomial_by_numerical_integration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One concentration and no fair models: Beta(k + c/2, n − k + c/2), mean and chance of |p − ½|."""
    monkeypatch.setattr(shrinkage, "_SHARES", np.array([0.0]))
    monkeypatch.setattr(shrinkage, "_CONCENTRATIONS", np.array([6.0]))
    monkeypatch.setattr(shrinkage, "LEAST_LEARNT", -1.0)
    shrinkage._prior.cache_clear()
    for k, found in zip((3, 20, 31), shrunken(np.array([3, 20, 31]), 40), strict=False):
        posterior = stats.beta(k + 3, 40 - k + 3)
        mean = integrate.quad(lambda p, posterior=posterior: abs(p - 0.5) * posterior.pdf(p), 0, 1)[0]
        assert found.bias == pytest.approx(mean, abs=1e-4)
        assert found.p_near == pytest.approx(posterior.cdf(0.6) - posterior.cdf(0.4), abs=1e-3)
    shrinkage._prior.cache_clear()


def test_equal_counts_share_a_posterior_and_sides_are_alike() -> None:
    """A share of 0.3 is as far off as one of 0.7."""
    a, b, c, *_ = shrunken(np.array([15, 35, 15]), 50)
    assert (a.bias, a.low, a.high, a.p_near) == (c.bias, c.low, c.high, c.p_near)
    assert a.bias == pytest.approx(b.bias, abs=1e-9)


def test_more_draws_are_shrunken_less_and_many_hardly() -> None:
    """At ten thousand draws the bias of the draws stays."""
    few, many, *_ = among([(6.0, 10.0), (6_000.0, 10_000.0)])
    assert few.bias < 0.1
    assert many.bias == pytest.approx(0.1, abs=0.003)
    assert not_none(few.rank) <= not_none(many.rank)


def test_a_certain_model_among_fair_ones_stays_certain() -> None:
    """Counts that no fair coin draws do not overflow, however many."""
    found = among([(50.0, 50.0), (1e6, 1e6), (25.0, 50.0), (26.0, 50.0), (24.0, 50.0)])
    assert found[0].bias > 0.4
    assert found[1].bias > 0.49
    assert found[0].p_near < 1e-6
    assert max(each.bias for each in found[2:]) < 0.1


def test_there_is_none_for_few_models_or_a_certain_target() -> None:
    assert shrunken_biases([((1.0, 2.0),)] * (FEWEST - 1)) is None
    assert shrunken_biases([((1.0, 2.0),)] * FEWEST) is not None
    assert shrunken_biases([((1.0, 2.0),)] * FEWEST, target=1.0) is None


def test_one_draw_of_each_model_says_nothing_of_their_population() -> None:
    """Any population gives as many ones: a chance of 0.74 that the bias is at most 0.1 was the prior's."""
    for ones in (0.0, 6.0, 12.0):
        counts = [((1.0, 1.0),)] * int(ones) + [((0.0, 1.0),)] * int(12 - ones)
        assert shrunken_biases(counts) is None
    assert shrunken_biases([((float(k), 10.0),) for k in range(11)]) is not None


def test_printed_figures_are_shrunken_under_their_fitted_population(article: Printed) -> None:
    """All forty: the least biased are likelier near than their figure alone says, the most biased are not."""
    ways = {row.model: fits(row, article, target=0.5) for row in article.rows}
    population = fit_published_population(article)
    assert population is not None
    found = printed_shrunken_biases(article, ways, population)
    assert set(found) == {row.model for row in article.rows}
    for row in article.rows:
        each = found[row.model]
        assert each.low <= each.bias <= each.high
        assert each.rank is None
        assert (each.p_near > 0.6) == (row.table == "least")


def test_records_have_it_unless_the_model_is_swayed(study_of: StudyOf, draws_of: DrawsOf) -> None:
    """And the rank is one among the models that have it."""
    coins = RNG(3).integers(0, 2, (9, 50))
    models = {f"m/{i}": coin.tolist() for i, coin in enumerate(coins)} | {"n/one": [1] * 50}
    records = report_draws(study_of(), draws_of(models)).estimates
    assert all(record.bias_shrunken is not None for record in records)
    assert all(not_none(record.bias_shrunken) < not_none(record.bias) + 0.05 for record in records)
    assert records[-1].rank_shrunken == 10
    assert not_none(records[-1].p_near) < 0.01
