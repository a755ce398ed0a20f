"""Coins of known truth: the chart counts what the intervals hold."""

from collections.abc import Callable

import pytest
from tests.present.pictures import roots, words

from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Study
from flipsite.present.charts.truth import truth


def test_the_intervals_that_hold_the_truth_are_counted(
    estimated: Callable[[list[tuple[str, int, int]]], tuple[Estimate, ...]], study: Study
) -> None:
    estimates = estimated(
        [("coin/fair", 25, 50), ("coin/always", 50, 50), ("coin/lucky", 45, 50), ("coin/mute", 0, 0)]
    )
    figure = truth(
        estimates, {"coin/fair": 0.5, "coin/always": 1.0, "coin/lucky": 0.5, "coin/mute": 0.5}, study
    )
    assert figure.title == "The 95 % interval holds the truth for 2 of 3 coins"
    assert "coin/lucky: 0.90 (0.79 to 0.96), true share 0.5, biased" in figure.description
    for root in roots(figure):
        assert [word for word in words(root) if word.startswith("coin/")] == [
            "coin/fair",
            "coin/lucky",
            "coin/always",
        ]


def test_without_a_truth_there_is_no_chart(
    estimated: Callable[[list[tuple[str, int, int]]], tuple[Estimate, ...]], study: Study
) -> None:
    with pytest.raises(ValueError, match="no coin"):
        truth(estimated([("coin/fair", 25, 50)]), {}, study)
