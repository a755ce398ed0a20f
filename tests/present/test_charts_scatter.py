"""Bias against release date, price and size: only known values, the extremes named, families joined."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tests.present.conftest import Counts
from tests.present.pictures import roots, words

from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Feature, Study
from flipsite.present.charts.figure import NARROW_PX
from flipsite.present.charts.scatter import AXES, known_values, rank_correlation, scatter_drawings

FAMILY = [
    ("lab/tiny-1b", 2, 50),
    ("lab/tiny-7b", 20, 50),
    ("lab/tiny-7b-it", 40, 50),
    ("else/big-70b", 25, 50),
]
SIZES = {"lab/tiny-1b": "1", "lab/tiny-7b": "7", "lab/tiny-7b-it": "7", "else/big-70b": "70"}

Estimated = Callable[[Counts], tuple[Estimate, ...]]


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
