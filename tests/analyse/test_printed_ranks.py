from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import stats
from tests.narrowing import not_none

from flipsite.analyse.empirical_bayes.population import Population, fit_published_population
from flipsite.analyse.published.possible_counts import PrintedFit, fits
from flipsite.analyse.ranking.printed_ranks import estimate_printed_ranks
from flipsite.analyse.ranking.ranks import RankEstimate
from flipsite.domain.estimates import Printed, PrintedBias


def ways_of(printed: Printed) -> dict[str, tuple[PrintedFit, ...]]:
    return {row.model: fits(row, printed) for row in printed.rows}


@cache
def population_of(printed: Printed) -> Population:
    return not_none(fit_published_population(printed))


@cache
def estimates_of(printed: Printed, *, again: int = 0, **options: Any) -> tuple[RankEstimate, ...]:
    """Worked out once for all tests, and again for a test of that."""
    return estimate_printed_ranks(printed, ways_of(printed), population_of(printed), **options)


def simulated_ranks(printed: Printed, n_draws: int) -> np.ndarray:
    """Ranks of the printed models, everybody drawn one by one from scipy's and numpy's distributions."""
    rng = np.random.default_rng(5)
    population = population_of(printed)
    cells = [(k, n) for n in range(printed.draws_low, printed.draws_high + 1) for k in range(n + 1)]

    def likely(k: int, n: int) -> float:
        others = stats.betabinom.pmf(k, n, population.alpha, population.beta)
        if second := population.second:
            more = stats.betabinom.pmf(k, n, second.alpha, second.beta)
            others = (1 - second.weight) * others + second.weight * more
        return float(population.fair * stats.binom.pmf(k, n, 0.5) + (1 - population.fair) * others)

    def drawn(counts: list[tuple[int, int]], size: tuple[int, ...]) -> np.ndarray:
        weights = np.array([likely(k, n) for k, n in counts])
        ones, valid = np.array(counts)[rng.choice(len(counts), size, p=weights / weights.sum())].T
        return abs(rng.beta(ones + 0.5, valid - ones + 0.5) - 0.5)

    def prints(k: int, n: int, row: PrintedBias) -> bool:
        return abs(abs(k / n - 0.5) - float(row.figure)) <= 0.5 * 0.1**row.decimals + 1e-12

    def apart(k: int, n: int) -> bool:
        least = max(
            float(row.figure) - 0.5 * 0.1**row.decimals for row in printed.rows if row.table == "least"
        )
        most = min(float(row.figure) + 0.5 * 0.1**row.decimals for row in printed.rows if row.table == "most")
        return least - 1e-12 <= abs(k / n - 0.5) <= most + 1e-12

    rows = [drawn([cell for cell in cells if prints(*cell, row)], (n_draws,)) for row in printed.rows]
    n_others = printed.n_models - len(rows)
    others = drawn([cell for cell in cells if apart(*cell)], (n_draws, n_others)).T
    return stats.rankdata(np.column_stack([*rows, others]), axis=1)[:, : len(rows)]


def test_ranks_agree_with_drawing_every_model_at_length(article: Printed) -> None:
    """Two hundred models not printed, drawn one by one: the same ranks within chance's error."""
    ranks = simulated_ranks(article, 4_000)
    for one, drawn in zip(estimates_of(article), ranks.T, strict=True):
        assert np.mean(drawn < one.rank_low) < 0.036
        assert np.mean(drawn <= one.rank_low) > 0.014
        assert np.mean(drawn > one.rank_high) < 0.036
        assert np.mean(drawn >= one.rank_high) > 0.014
        assert one.p_least == pytest.approx(np.mean(drawn <= 20), abs=0.04)
        assert one.p_most == pytest.approx(np.mean(drawn > 220), abs=0.04)


def test_a_known_count_has_jeffreys_posterior(article: Printed) -> None:
    """0.032 prints of 22 or 25 ones in 47 alone: whichever it was, the bias has one posterior."""
    one = estimates_of(article)[0]
    beta = stats.beta(25.5, 22.5)
    for margin, found in ((0.05, one.p_within_05), (0.1, one.p_within_10), (one.bias_median, 0.5)):
        assert found == pytest.approx(beta.cdf(0.5 + margin) - beta.cdf(0.5 - margin), abs=1e-4)
    assert one.bias_low == 0
    assert one.bias_high == pytest.approx(beta.ppf(0.975) - 0.5, abs=1e-9)


def test_the_article_s_least_biased_are_not_known_to_be_that(article: Printed) -> None:
    """None of them belongs to the twenty least biased with more than one chance in two."""
    found = estimates_of(article)
    assert all(0.2 < one.p_least < 0.4 for one in found[:20])
    assert all(one.rank_high > 100 for one in found[:20])
    assert all(one.p_most > 0.99 for one in found[20:25])


def test_without_others_the_lists_are_full(article: Printed) -> None:
    """Where every model was printed the chances of a list add up to its length."""
    alone = replace(article, n_models=len(article.rows))
    found = estimates_of(alone, top=7, n_draws=1_000)
    assert sum(one.p_least for one in found) == pytest.approx(7)
    assert sum(one.p_most for one in found) == pytest.approx(7)
    assert all(1 <= one.rank_low <= one.rank_high <= 40 for one in found)


def test_a_figure_that_no_count_prints_has_no_standing(article: Printed) -> None:
    """It takes part with its figure: the others' ranks still run to the number of models."""
    odd = PrintedBias(model="z/odd", table="least", position=21, figure="0.0001", decimals=4)
    found = estimates_of(replace(article, rows=(*article.rows, odd)), n_draws=2_000)
    assert [one.model for one in found] == [row.model for row in article.rows]
    assert max(one.rank_high for one in found) == 240


def test_a_seed_repeats_itself(article: Printed) -> None:
    """The same seed, the same ranks; a larger figure, no smaller a place."""
    found = estimates_of(article, n_draws=2_000)
    assert found == estimates_of(article, again=1, n_draws=2_000)
    assert found != estimates_of(article, n_draws=2_000, seed=1)
    most = found[20:]
    assert all(first.bias_median >= second.bias_median for first, second in pairwise(most))
