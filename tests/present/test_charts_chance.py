"""What chance would do is computed exactly, and the histogram counts every model once."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tests.present.pictures import roots, words

from flipsite.domain.estimates import Estimate, Verdict
from flipsite.domain.study import Study
from flipsite.present.charts.chance import bias_distribution, expected_counts, verdicts

Many = Callable[[int], tuple[Estimate, ...]]


def brute_force(n: int, edges: list[float], target: float) -> list[float]:
    """Each possible count put into its bin, with scipy's probability of it."""
    found = [0.0] * (len(edges) - 1)
    for k in range(n + 1):
        bias = abs(k / n - target)
        index = min(len(found) - 1, int(np.searchsorted(edges, bias + 1e-9, side="right")) - 1)
        found[index] += float(stats.binom.pmf(k, n, target))
    return found


@given(
    valid=st.lists(st.integers(1, 120), min_size=1, max_size=5),
    target=st.sampled_from([0.5, 0.25, 0.9]),
    width=st.sampled_from([0.05, 0.1]),
)
def test_the_expectation_is_the_sum_of_the_models_binomials(
    valid: list[int], target: float, width: float
) -> None:
    edges = [index * width for index in range(round(max(target, 1 - target) / width) + 1)]
    expected = np.sum([brute_force(n, edges, target) for n in valid], axis=0)
    assert expected_counts(valid, edges, target=target) == pytest.approx(expected, abs=1e-9)


@given(valid=st.lists(st.integers(1, 100_000_000), min_size=1, max_size=4))
def test_the_expectation_holds_all_coins_however_often_they_are_drawn(valid: list[int]) -> None:
    counts = expected_counts(valid, [0, 0.01, 0.1, 0.5], target=0.5)
    assert sum(counts) == pytest.approx(len(valid))
    assert min(counts) >= -1e-9


def test_every_model_is_counted_once(many: Many, study: Study) -> None:
    figure = bias_distribution(many(240), study)
    counted = [
        float(str(value))
        for record in figure.records
        for key, value in record.items()
        if key.startswith("models_")
    ]
    assert sum(counted) == 240
    assert sum(float(str(record["expected_if_fair"])) for record in figure.records) == pytest.approx(240)


def test_the_title_names_a_bias_that_chance_hardly_reaches(many: Many, study: Study) -> None:
    figure = bias_distribution(many(100), study)
    assert figure.title.endswith("fair coins, fewer than one would")
    edge = float(figure.title.split(" or more")[0].split()[-1])
    beyond = [record for record in figure.records if float(str(record["bias_from"])) >= edge - 1e-9]
    assert sum(float(str(record["expected_if_fair"])) for record in beyond) < 1
    models = sum(int(str(record[f"models_{verdict}"])) for record in beyond for verdict in Verdict)
    assert figure.title.startswith(f"{models} of 100 models")


def test_the_narrower_the_counts_the_narrower_the_bins(
    estimated: Callable[[list[tuple[str, int, int]]], tuple[Estimate, ...]], study: Study
) -> None:
    few = bias_distribution(estimated([("a/b", 9, 20)]), study)
    lots = bias_distribution(estimated([("a/b", 900, 2000)]), study)
    assert (len(few.records), len(lots.records)) == (5, 50)


def test_without_known_draws_there_is_no_distribution(many: Many, study: Study) -> None:
    with pytest.raises(ValueError, match="no model has a bias"):
        bias_distribution([replace(many(1)[0], valid=None)], study)


def test_the_verdicts_are_told_in_words_on_the_bar(many: Many, study: Study) -> None:
    signs = [Verdict.BIASED] * 5 + [Verdict.UNDECIDED] * 4 + [Verdict.FAIR]
    estimates = [replace(e, verdict=verdict) for e, verdict in zip(many(10), signs, strict=True)]
    figure = verdicts(estimates, study)
    for root in roots(figure):
        assert words(root) == ["1 fair", "4 undecided", "5 biased"]
    assert figure.records[2] == {"verdict": "biased", "models": 5}
