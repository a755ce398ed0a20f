"""Ranks with their doubt, power against draws, asked against drawn."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.present.pictures import roots, words

from flipsite.analyse.cross_study.step_likeness import Drawn, calibration
from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Study
from flipsite.present.charts.power import calibration_curve, power_curve
from flipsite.present.charts.ranks import rank_intervals

Many = Callable[[int], tuple[Estimate, ...]]


def ranked(estimates: tuple[Estimate, ...], *, around: int) -> list[Estimate]:
    n = len(estimates)
    return [
        replace(e, rank=i, rank_low=max(1, i - around), rank_high=min(n, i + around))
        for i, e in enumerate(estimates, 1)
    ]


@pytest.mark.parametrize(("n_models", "half"), [(8, "Half of the 8"), (2, "Both")])
def test_ranks_that_may_be_any_place_are_not_called_known(
    n_models: int, half: str, many: Many, study: Study
) -> None:
    figure = rank_intervals(ranked(many(n_models), around=n_models), study)
    assert figure.title == f"{half} rank intervals hold every place"
    assert rank_intervals(ranked(many(n_models), around=n_models), study, n_models=240).title.endswith(
        f"known to within {n_models} places"
    )


@pytest.mark.parametrize(("n_models", "named"), [(12, True), (70, False)])
def test_ranks_are_drawn_with_their_intervals(n_models: int, named: bool, many: Many, study: Study) -> None:
    figure = rank_intervals(ranked(many(n_models), around=2), study)
    assert figure.title == f"Half of the {n_models} ranks are known to within 5 places"
    for root in roots(figure):
        assert sum(word.startswith("author-") for word in words(root)) == (n_models if named else 0)
    assert figure.records[5]["rank_low"] == 4
    assert figure.records[5]["rank_high"] == 8


def test_ranks_run_to_all_that_were_asked(many: Many, study: Study) -> None:
    """Forty printed of 240: the axis ends at 240, and the caption says so."""
    figure = rank_intervals(ranked(many(40), around=2), study, n_models=240)
    assert "Ranks run to 240" in figure.caption
    assert "[1, 240]" in json.dumps(figure.spec)


def test_without_rank_intervals_there_is_no_chart(many: Many, study: Study) -> None:
    with pytest.raises(ValueError, match="no model has a rank"):
        rank_intervals([replace(many(1)[0], rank_low=None)], study)


def test_a_power_curve_says_how_many_draws_it_takes() -> None:
    points = [
        {"curve": f"find a bias of {bias}", "draws": n, "power": min(1.0, n * bias / 50)}
        for bias in (0.3, 0.1)
        for n in range(0, 301, 10)
    ]
    figure = power_curve(points, name="power")
    assert figure.title == "To find a bias of 0.3 with 90\u00a0% power takes 150 draws"
    assert "To find a bias of 0.1 with 90\u00a0% power takes more than 300 draws" in figure.description
    for root in roots(figure):
        assert {"find a bias of 0.3", "find a bias of 0.1", "Valid draws"} <= set(words(root))


def test_a_power_curve_needs_one_curve_to_four() -> None:
    with pytest.raises(ValueError, match="0 curves"):
        power_curve([], name="power")
    with pytest.raises(ValueError, match="5 curves"):
        power_curve([{"curve": str(i), "draws": 1, "power": 0.5} for i in range(5)], name="power")


def test_a_calibration_curve_names_the_target_it_missed_farthest() -> None:
    ones = {0.1: 0, 0.4: 2, 0.5: 51, 0.9: 100}
    curve = calibration("author/step", [(target, Drawn(k, 100)) for target, k in ones.items()])
    assert curve is not None
    figure = calibration_curve(curve, name="step")
    assert figure.title == "Asked for 40\u00a0% ones, author/step gave 2\u00a0%"
    assert f"Step-likeness, corrected for noise, {curve.step_corrected:.2f}" in figure.caption
    assert [record["asked"] for record in figure.records] == [0.1, 0.4, 0.5, 0.9]
    assert all("Asked for" in words(root) for root in roots(figure))
