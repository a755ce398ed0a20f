from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize, stats
from tests.narrowing import not_none

from flipsite.analyse.empirical_bayes.population import (
    expected_models,
    fit_population,
    fit_published_population,
)
from flipsite.domain.draws import Tally
from flipsite.domain.estimates import Printed, PrintedBias


def coins(
    seed: int, *, n_models: int, fair: float, spread: float, n: int = 50, target: float = 0.5
) -> list[Tally]:
    rng = np.random.default_rng(seed)
    p = np.where(
        rng.random(n_models) < fair,
        target,
        rng.beta(2 * spread * target, 2 * spread * (1 - target), n_models),
    )
    return [
        Tally(model=f"a/{i}", n_draws=n, n_valid=n, n_ones=int(k)) for i, k in enumerate(rng.binomial(n, p))
    ]


def log_likelihood(tallies: list[Tally], w: float, concentration: float, target: float = 0.5) -> float:
    ones, valid = np.array([(one.n_ones, one.n_valid) for one in tallies]).T
    others = stats.betabinom.pmf(ones, valid, concentration * target, concentration * (1 - target))
    return float(np.log(w * stats.binom.pmf(ones, valid, target) + (1 - w) * others).sum())


@pytest.mark.parametrize("target", [0.5, 0.3])
def test_the_fit_is_the_maximum_of_the_likelihood(target: float) -> None:
    """A general optimiser with scipy's own distributions finds the same place and the same interval."""
    models = coins(1, n_models=150, fair=0.3, spread=0.7, target=target)
    found = not_none(fit_population(models, target=target))

    def loss(x: np.ndarray) -> float:
        return -log_likelihood(models, 1 / (1 + np.exp(-x[0])), np.exp(x[1]), target)

    best = optimize.minimize(loss, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-9})
    assert found.log_likelihood == pytest.approx(-best.fun, abs=1e-5)
    assert found.fair == pytest.approx(1 / (1 + np.exp(-best.x[0])), abs=1e-4)
    assert found.alpha + found.beta == pytest.approx(np.exp(best.x[1]), rel=1e-3)
    assert found.alpha / (found.alpha + found.beta) == pytest.approx(target)
    for end in (found.fair_low, found.fair_high):
        profile = optimize.minimize_scalar(lambda x, end=end: -log_likelihood(models, end, np.exp(x), target))
        assert -profile.fun == pytest.approx(-best.fun - stats.chi2.ppf(0.95, 1) / 2, abs=2e-3)
    for end in (found.spread_low, found.spread_high):
        concentration = target * (1 - target) / end**2 - 1
        profile = optimize.minimize_scalar(
            lambda w, c=concentration: -log_likelihood(models, w, c, target), bounds=(0, 1), method="bounded"
        )
        assert -profile.fun == pytest.approx(-best.fun - stats.chi2.ppf(0.95, 1) / 2, abs=5e-3)


def test_the_chance_of_being_fair_is_bayes_theorem() -> None:
    """For each model, in the order given, and for none without draws."""
    models = [
        *coins(2, n_models=60, fair=0.4, spread=0.5),
        Tally(model="z/z", n_draws=3, n_valid=0, n_ones=0),
    ]
    found = not_none(fit_population(models))
    assert found.n_models == 60
    assert found.p_fair[-1] is None
    for one, p_fair in zip(models[:-1], found.p_fair, strict=False):
        fair = found.fair * stats.binom.pmf(one.n_ones, 50, 0.5)
        other = (1 - found.fair) * stats.betabinom.pmf(one.n_ones, 50, found.alpha, found.beta)
        assert p_fair == pytest.approx(fair / (fair + other), abs=1e-6)


def test_a_known_population_is_found_again() -> None:
    """In 25 studies of 200 models the truth lies within nearly all 95 % intervals, and these are narrow."""
    spread = np.sqrt(0.25 / (2 * 0.7 + 1))
    fits = [fit_population(coins(seed, n_models=200, fair=0.25, spread=0.7)) for seed in range(25)]
    assert sum(not_none(fit).fair_low < 0.25 < not_none(fit).fair_high for fit in fits) >= 22
    assert sum(not_none(fit).spread_low < spread < not_none(fit).spread_high for fit in fits) >= 22
    assert np.mean([not_none(fit).fair_high - not_none(fit).fair_low for fit in fits]) < 0.25


def test_a_study_of_fair_coins_has_no_lower_spread_and_may_be_all_fair() -> None:
    """Where every model may be fair the interval reaches 1."""
    found = not_none(fit_population(coins(4, n_models=80, fair=1.0, spread=1.0)))
    assert found.fair_high == 1.0
    assert found.fair_low <= found.fair <= found.fair_high


def test_two_models_are_no_population() -> None:
    """Two coins say nothing of a spread; nor is there one about a certainty."""
    assert fit_population(coins(5, n_models=20, fair=0.5, spread=1.0), target=1) is None
    assert fit_population(coins(5, n_models=2, fair=0.5, spread=1.0)) is None


def test_the_articles_figures_leave_few_models_fair(article: Printed) -> None:
    """The censored likelihood, written out with scipy's distributions, is what is maximised."""
    found = not_none(fit_published_population(article))
    n = np.arange(40, 56)

    def event(chances: Mapping[int, np.ndarray], low: float, high: float) -> float:
        total = 0.0
        for m, chance in chances.items():
            bias = abs(np.arange(m + 1) / m - 0.5)
            total += chance[(bias >= low - 1e-12) & (bias <= high + 1e-12)].sum() / len(n)
        return total

    second = found.second
    assert second is not None

    def log_likelihood(w: float, a: float, b: float, v: float) -> float:
        def chances_of(m: int) -> np.ndarray:
            k = np.arange(m + 1)
            others = (1 - v) * stats.betabinom.pmf(k, m, a, a) + v * stats.betabinom.pmf(k, m, b, b)
            return np.asarray(w * stats.binom.pmf(k, m, 0.5) + (1 - w) * others)

        chances = {m: chances_of(m) for m in n.tolist()}
        edges = [(float(r.figure), 0.5 * 10**-r.decimals) for r in article.rows]
        printed = sum(np.log(event(chances, x - slack, x + slack)) for x, slack in edges)
        return float(printed + 200 * np.log(event(chances, 0.0315, 0.355)))

    best = (found.fair, found.alpha, second.alpha, second.weight)
    assert found.log_likelihood == pytest.approx(log_likelihood(*best), abs=1e-5)
    for place in range(4):
        for change in (0.9, 1.1):
            moved = [value * change for value in best]
            other = [
                *best[:place],
                min(0.99, moved[place]) if place == 3 else moved[place],
                *best[place + 1 :],
            ]
            assert log_likelihood(*other) <= found.log_likelihood + 1e-3
    one = max(log_likelihood(w, a, 1.0, 0.0) for w in (0.0, 0.05) for a in np.linspace(0.8, 2.5, 30))
    assert found.log_likelihood - one > np.log(240)  # the stated rule
    assert found.fair == pytest.approx(0, abs=1e-9)
    assert found.fair_low == 0
    assert 0.05 < found.fair_high < 0.15
    assert len(found.p_fair) == 41


def test_what_the_population_expects_stands_beside_what_was_printed(article: Printed) -> None:
    """All 240 models, each once; one beta distribution expected fewer than one of the five at 0.50."""
    found = not_none(fit_published_population(article))
    rows = expected_models(found, article, target=0.5)
    assert [(label, seen) for label, seen, _ in rows] == [
        ("at most 0.032", 20),
        ("between, not printed", 200),
        ("0.35 to 0.39", 8),
        ("0.40 to 0.44", 2),
        ("0.45 to 0.49", 5),
        ("0.50", 5),
    ]
    assert sum(expected for *_, expected in rows) == pytest.approx(240)
    assert 3 < rows[-1][2] < 8


def test_a_figure_that_no_count_prints_is_passed_over(article: Printed) -> None:
    """The other rows are fitted as if it were not there, and it has no probability."""
    impossible = PrintedBias(model="a/b", table="least", position=21, figure="0.01300", decimals=5)
    found = not_none(
        fit_published_population(replace(article, rows=(*article.rows, impossible), n_models=41))
    )
    assert found.n_models == 40
    assert found.p_fair[-1] is None
    assert len(found.p_fair) == 41


def test_tables_that_leave_no_room_between_them_fit_no_population(article: Printed) -> None:
    """As where a figure of the first table is misprinted above those of the second."""
    first, *others = article.rows
    printed = replace(article, rows=(replace(first, figure="0.50"), *others))
    assert first.table == "least"
    assert fit_published_population(printed) is None


def test_a_million_draws_a_model_are_fitted() -> None:
    """Counts that are beyond a float's reach in either group pull no share of fair models either way."""
    models = coins(3, n_models=240, fair=0.3, spread=0.7, n=1_000_000)
    found = not_none(fit_population(models, target=0.5))
    assert found.fair_low < 0.3 < found.fair_high
    assert np.isfinite(found.log_likelihood)
    assert sum(map(not_none, found.p_fair)) == pytest.approx(240 * found.fair, rel=1e-3)


def test_one_draw_of_each_model_tells_no_population() -> None:
    """Nor does one in either order: any spread makes a one as likely."""
    once = [Tally(model=f"m/{i}", n_draws=1, n_valid=1, n_ones=i % 2) for i in range(20)]
    assert fit_population(once) is None
    twice = [Tally(model=f"m/{i}", n_draws=2, n_valid=2, n_ones=1) for i in range(20)]
    assert fit_population(twice, by_order={f"m/{i}": ((0, 1), (1, 1)) for i in range(20)}) is None
    assert fit_population(twice) is not None
