from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from flipsite.analyse.published.possible_counts import PrintedFit, fits
from flipsite.domain.draws import Tally
from flipsite.domain.estimates import Printed
from flipsite.fit.counts import FlipCounts, counts_of_draws, counts_of_printed
from flipsite.settings import load_printed

ARTICLE = Path(__file__).parents[2] / "content" / "studies" / "article-2025"

Article = tuple[Printed, dict[str, tuple[PrintedFit, ...]], FlipCounts]


def test_a_model_without_valid_draws_is_not_counted() -> None:
    found = counts_of_draws(
        [
            Tally(model="a/x", n_draws=5, n_valid=4, n_ones=1),
            Tally(model="b/y", n_draws=5, n_valid=0, n_ones=0),
        ],
        target=0.5,
    )
    assert found.models == ("a/x",)
    assert found.authors == ("a",)
    assert (found.ones.tolist(), found.valid.tolist(), found.log_weight.tolist()) == ([1], [4], [0.0])
    assert found.bias.tolist() == [0.25]
    assert found.signed


@pytest.fixture(scope="module")
def article() -> Article:
    printed = load_printed(ARTICLE)
    ways = {row.model: fits(row, printed) for row in printed.rows}
    return printed, ways, counts_of_printed(printed, ways, target=0.5)


def test_a_printed_figure_has_every_count_that_prints_as_it(article: Article) -> None:
    """Each reading rounds to the figure, found by trying all counts; the upper half stands for both sides."""
    printed, _, found = article
    for row in printed.rows:
        rows = found.model == found.models.index(row.model)
        readings = set(zip(found.ones[rows].tolist(), found.valid[rows].tolist(), strict=True))
        slack = Fraction(1, 2 * 10**row.decimals)
        expected = {
            (k, n)
            for n in range(printed.draws_low, printed.draws_high + 1)
            for k in range(n + 1)
            if 2 * k >= n and abs(abs(Fraction(k, n) - Fraction(1, 2)) - Fraction(row.figure)) <= slack
        }
        assert readings == expected, row.model


def test_the_weights_are_those_of_all_numbers_of_draws_and_both_signs(article: Article) -> None:
    """Sixteen numbers of draws, equally probable; a reading off the target counts for two."""
    _, _, found = article
    double = 2 * found.ones != found.valid
    assert np.exp(found.log_weight) == pytest.approx(np.where(double, 2 / 16, 1 / 16))
    assert not found.signed
    assert len(found.models) == 40
    assert (np.diff(found.model) >= 0).all()


def test_selection_holds_every_count_that_would_be_printed(article: Article) -> None:
    """A bias that prints at most 0.032, or at least 0.35 to two places."""
    _, _, found = article
    assert found.selection is not None
    expected = {
        (k, n)
        for n in range(40, 56)
        for k in range(n + 1)
        if not Fraction("0.0325") < abs(Fraction(k, n) - Fraction(1, 2)) < Fraction("0.345")
    }
    chosen = set(zip(found.selection.ones.tolist(), found.selection.valid.tolist(), strict=True))
    assert chosen == expected
    assert found.selection.includes(np.array([25, 20, 5]), np.array([50, 50, 50])).tolist() == [
        True,
        False,
        True,
    ]


def test_a_study_that_prints_every_model_selects_none(article: Article) -> None:
    printed, ways, _ = article
    assert counts_of_printed(replace(printed, n_models=40), ways, target=0.5).selection is None


def test_another_target_keeps_both_sides(article: Article) -> None:
    """Only about one half are the two sides of the target equally probable."""
    printed, _, _ = article
    ways = {row.model: fits(row, printed, target=0.3) for row in printed.rows}
    found = counts_of_printed(printed, ways, target=0.3)
    assert len(found.ones) == sum(len(way.ones) for several in ways.values() for way in several)
    assert (found.log_weight == found.log_weight[0]).all()
