"""Bias against release date, price and size: only known values, the extremes named, families joined."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import permutations
from math import asin, pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tests.present.conftest import Counts
from tests.present.pictures import roots, words

from flipsite.analyse.report import StudyReport
from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Feature, Study
from flipsite.present.charts.figure import NARROW_PX
from flipsite.present.charts.scatter import (
    AXES,
    bias_by,
    correlation_interval,
    known_values,
    link_sentence,
    rank_correlation,
    scatter_drawings,
)
from flipsite.present.text.predictors import adjusted_effect_sentence
from flipsite.project import packaged
from flipsite.workflows.load import load_report

FAMILY = [
    ("lab/tiny-1b", 2, 50),
    ("lab/tiny-7b", 20, 50),
    ("lab/tiny-7b-it", 40, 50),
    ("else/big-70b", 25, 50),
]
SIZES = {"lab/tiny-1b": "1", "lab/tiny-7b": "7", "lab/tiny-7b-it": "7", "else/big-70b": "70"}

Estimated = Callable[[Counts], tuple[Estimate, ...]]


@pytest.fixture(scope="module")
def article() -> StudyReport:
    return load_report(packaged("content") / "studies" / "article-2025")


def known(**features: dict[str, str]) -> dict[str, tuple[Feature, ...]]:
    """Features by model, from the values of each feature by model."""
    models = {model for values in features.values() for model in values}
    return {
        model: tuple(
            Feature(model=model, feature=name, value=values.get(model, ""), source="curated")
            for name, values in features.items()
        )
        for model in models
    }


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=30))
def test_the_rank_correlation_is_spearmans(pairs: list[tuple[int, int]]) -> None:
    found = rank_correlation(pairs)
    if found is None:
        assert len({one for one, _ in pairs}) == 1 or len({other for _, other in pairs}) == 1
    else:
        assert found == pytest.approx(stats.spearmanr(np.array(pairs)).statistic)


@pytest.mark.parametrize("n_models", [5, 6, 7, 23])
def test_a_link_is_claimed_of_at_most_one_ranking_in_twenty_by_chance(n_models: int) -> None:
    """All orders of up to seven models, and 2,000 of more: the interval excludes 0 in at most 5 %."""
    rng = np.random.default_rng(0)
    orders = permutations(range(n_models)) if n_models < 8 else (rng.permutation(23) for _ in range(2_000))
    titles = [link_sentence([*enumerate(order)], noun="size", more="Larger models") for order in orders]
    assert 0.01 < np.mean([title.startswith("Larger models") for title in titles]) <= 0.05


@pytest.mark.parametrize("rho", [0.3, 0.9])
def test_the_interval_holds_the_rank_correlation(rho: float) -> None:
    """Of normal variables, whose rank correlation is 6/π · arcsin(ρ/2) (Pearson 1907)."""
    rng = np.random.default_rng(1)
    truth, n_held = 6 / pi * asin(rho / 2), 0
    for _ in range(500):
        one, other = rng.normal(size=(2, 23))
        found = rank_correlation([*zip(one, rho * one + sqrt(1 - rho**2) * other, strict=True)])
        low, high = correlation_interval(found or 0.0, 23) or (1, -1)
        n_held += low <= truth <= high
    assert n_held >= 0.93 * 500


def test_a_title_states_the_direction_or_that_none_is_clear() -> None:
    falling = [(float(i), -float(i)) for i in range(8)]
    words = partial(link_sentence, noun="size", more="Larger models")
    assert (
        words(falling) == "Larger models are less biased: rank correlation −1.00 (95\u00a0% −1.00 to −0.96)"
    )
    assert words([(-at, bias) for at, bias in falling]).startswith("Larger models are more biased: ")
    assert words([*falling[:4], *[(at, -bias) for at, bias in falling[:4]]]).startswith(
        "Bias shows no clear link with size: rank correlation "
    )
    few = "Bias shows no clear link with size: rank correlation −1.00, of too few models for an interval"
    assert words(falling[:4]) == few
    assert words([(1.0, 0.1), (2.0, 0.1)]) == "Bias shows no clear link with size"


def test_the_caption_says_what_the_regression_finds_beside_the_chart(article: StudyReport) -> None:
    """Size alone shows no clear link with bias, size with all else equal does: both say what they look at."""
    assert article.fit
    known = [e for e in article.estimates if e.model in known_values(article.features, AXES[2])]
    draw = partial(bias_by, AXES[2], known, article.features, article.study)
    term = next(t for t in article.fit.forms[1].terms if t.covariate == "parameters_total_b")
    figure = draw(article.fit)
    assert figure.title.startswith("Bias shows no clear link with size: rank correlation −0.25 (")
    assert "The chart shows size alone. With the other features held equal, " in figure.caption
    assert (
        "the regression of 40 models finds a clear association: ten times the parameters, " in figure.caption
    )
    assert f"bias ×\u00a0{term.factor:.2f} (95\u00a0% {term.factor_low:.2f}" in figure.caption
    assert "regression" not in draw(None).caption
    form = replace(article.fit.forms[1], terms=(replace(term, factor_high=1.1),))
    words = adjusted_effect_sentence(replace(article.fit, forms=(form,)), "parameters_total_b")
    assert "finds no clear association: ten times" in words
    assert adjusted_effect_sentence(article.fit, "price_completion") == ""


def test_a_study_without_such_values_has_no_picture(estimated: Estimated, study: Study) -> None:
    """Unknown values, one value of all and two models alone draw nothing; nor does a price of nothing."""
    estimates = estimated(FAMILY)
    assert scatter_drawings(estimates, {}, study) == {}
    for values in (
        dict.fromkeys(SIZES, ""),
        dict.fromkeys(SIZES, "7"),
        {"lab/tiny-1b": "1", "else/big-70b": "70"},
    ):
        assert scatter_drawings(estimates, known(parameters_total_b=values), study) == {}
    free = dict.fromkeys(SIZES, "0") | {"lab/tiny-1b": "3"}
    assert scatter_drawings(estimates, known(price_completion=free), study) == {}


def test_each_known_value_has_its_picture(estimated: Estimated, study: Study) -> None:
    dates = dict(zip(SIZES, ("2023", "2024-05", "2024-05-17", "2025-01-31"), strict=True))
    features = known(released=dates, price_completion=SIZES, parameters_total_b=SIZES)
    drawings = scatter_drawings(estimated(FAMILY), features, study)
    assert list(drawings) == ["bias-by-release", "bias-by-price", "bias-by-size"]
    figures = {name: draw() for name, draw in drawings.items()}
    assert "a million tokens" in figures["bias-by-price"].svg
    assert "released 2024-05-17" in figures["bias-by-release"].svg
    assert [record["released"] for record in figures["bias-by-release"].records]
    for figure in figures.values():
        for root in roots(figure):
            titles = {title.text for title in root.iter("title")}
            assert all(any(model in (title or "") for title in titles) for model in SIZES)


def test_dates_are_placed_within_their_year() -> None:
    dates = {"a/a": "2024", "a/b": "2024-01", "a/c": "2024-12-31", "a/d": "2025-01-01"}
    places = {model: at for model, (at, _) in known_values(known(released=dates), AXES[0]).items()}
    assert places["a/a"] == 2024.5
    assert 2024 < places["a/b"] < 2024.1
    assert 2024.99 < places["a/c"] < places["a/d"] < 2025.01


def _lines(rows: Sequence[dict[str, float]]) -> list[tuple[float, float]]:
    return sorted((row["at"], row["at2"]) for row in rows)


def test_families_are_joined_and_base_models_with_their_tuned_ones(
    estimated: Estimated, study: Study
) -> None:
    """The sizes of a family that are tuned alike, and the base model of a size with its tuned one."""
    tuned = {"lab/tiny-1b": "base", "lab/tiny-7b": "base", "lab/tiny-7b-it": "instruct"}
    features = known(parameters_total_b=SIZES, tuning=tuned)
    figure = scatter_drawings(estimated(FAMILY), features, study)["bias-by-size"]()
    datasets = figure.spec["datasets"]
    assert isinstance(datasets, dict)
    joined = next(rows for rows in datasets.values() if rows and "at2" in rows[0])
    assert _lines(joined) == [(1, 7), (7, 7)]
    assert "Lines join" in figure.caption


def test_the_extremes_are_named(estimated: Estimated, study: Study) -> None:
    """The most and least biased, the smallest and the largest model stand in both pictures."""
    figure = scatter_drawings(estimated(FAMILY), known(parameters_total_b=SIZES), study)["bias-by-size"]()
    for root in roots(figure):
        assert {"tiny-1b", "big-70b"} <= set(words(root))


def test_axis_titles_and_legends_stay_within_a_phones_picture(estimated: Estimated, study: Study) -> None:
    """As measured in the drawing font, every word ends before the picture does."""
    features = known(parameters_total_b=SIZES, price_completion=SIZES)
    for draw in scatter_drawings(estimated(FAMILY), features, study).values():
        assert roots(draw())[1].get("width") == str(NARROW_PX)
