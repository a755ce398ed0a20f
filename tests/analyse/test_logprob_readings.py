"""Log-probabilities beside the draws: means, agreement, temperature, requests saved."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import binom, binomtest
from tests.narrowing import not_none

from flipsite.analyse.methods.logprobs import (
    LogprobReading,
    at_temperature,
    logprob_readings,
    poisson_binomial_p,
    requests_needed,
)
from flipsite.domain.draws import Draw, LabelProbabilities, Outcome, Rejected, Status, Tally
from flipsite.domain.money import NOTHING, usd
from flipsite.store.snapshot.assemble import collect_draws


def reading(
    p_ones: Sequence[float | None],
    outcomes: Sequence[int],
    *,
    cover: float = 1.0,
    temperature: float | None = None,
    cost: float | None = None,
) -> LogprobReading | None:
    """One model's reading: the probability of 1 stated at each draw, and what fell."""
    rows = [
        Draw(
            model="a/b",
            draw=index,
            labels=("0", "1"),
            order=0,
            result=Outcome(index=outcome),
            probabilities=None
            if p is None
            else LabelProbabilities(p=(cover * (1 - p), cover * p), cover=cover),
        )
        for index, (p, outcome) in enumerate(zip(p_ones, outcomes, strict=True))
    ]
    tally = Tally(
        model="a/b",
        n_draws=len(rows),
        n_valid=len(rows),
        n_ones=sum(outcomes),
        cost_usd=None if cost is None else usd(cost),
    )
    found = logprob_readings(collect_draws(rows), [tally], n_outcomes=2, temperature=temperature)
    return found.get("a/b")


def test_the_mean_is_over_draws_and_within_the_labels() -> None:
    """Of a probability of 0.48 in 0.96 for the labels, half is the outcome's."""
    found = not_none(reading([0.5, 0.7], [0, 1], cover=0.96))
    assert found.outcomes[1].mean == pytest.approx(0.6)
    assert found.outcomes[1].drawn == 0.5
    assert found.cover == pytest.approx(0.96)
    # Student's t with one degree of freedom: 12.706 standard errors of 0.1
    assert (found.outcomes[1].low, found.outcomes[1].high) == (0.0, 1.0)
    wide = not_none(reading([0.5, 0.6, 0.7, 0.6], [0, 1, 1, 0]))
    assert not_none(wide.outcomes[1].high) - wide.outcomes[1].mean == pytest.approx(
        3.1824 * 0.0816497 / 2, rel=1e-4
    )


def test_one_request_tells_what_many_draws_tell_where_the_probability_is_always_the_same() -> None:
    found = not_none(reading([0.7] * 50, [1] * 35 + [0] * 15, cost=0.5))
    assert (found.n_requests, found.saved_draws, found.saved_usd) == (1, 49, usd(0.49))
    assert found.agrees


def test_probabilities_that_waver_tell_no_more_than_draws() -> None:
    """A model that is sure of one side each time: the variance between requests is all there is."""
    found = not_none(reading([1.0, 0.0] * 25, [1, 0] * 25, cost=0.5))
    assert found.n_requests == 50
    assert found.saved_draws == 0


def test_draws_that_fall_otherwise_save_nothing() -> None:
    found = not_none(reading([0.5] * 50, [1] * 45 + [0] * 5, cost=0.5))
    assert not found.agrees
    assert (found.n_requests, found.saved_draws, found.saved_usd) == (1, 0, NOTHING)


def test_a_temperature_sharpens_what_was_reported_before_it() -> None:
    """0.62 and 0.30 at a temperature of 0.7 are 0.738 and 0.262."""
    p = np.array([[0.62, 0.30]]) / 0.92
    assert at_temperature(p, 0.7)[0] == pytest.approx([0.738, 0.262], abs=5e-4)
    assert at_temperature(p, 1.0)[0] == pytest.approx(p[0])
    assert at_temperature(p, 0.0)[0].tolist() == [1.0, 0.0]
    outcomes = [1] * 738 + [0] * 262
    found = not_none(reading([0.62 / 0.92] * 1000, outcomes, temperature=0.7))
    assert found.p_value < 1e-4
    assert not_none(found.at_temperature).p_value > 0.5
    assert found.agrees
    assert not_none(reading([0.6], [1], temperature=1.0)).at_temperature is None


def test_agreement_is_exact_and_two_sided() -> None:
    """Of equal probabilities it is the binomial test; of unequal ones, enumeration."""
    for p, n, hits in ((0.3, 20, 11), (0.5, 7, 0), (0.9, 12, 12)):
        assert poisson_binomial_p(np.full(n, p), hits) == pytest.approx(binomtest(hits, n, p).pvalue)
    assert poisson_binomial_p(np.array([0.1, 0.8]), 0) == pytest.approx(0.18 + 0.08)
    many = poisson_binomial_p(np.full(2000, 0.3), 640)
    assert many == pytest.approx(binomtest(640, 2000, 0.3).pvalue, abs=3e-3)
    assert poisson_binomial_p(np.zeros(2000), 0) == 1.0


def test_agreement_rejects_no_more_often_than_it_says() -> None:
    """Draws that fall as is stated, each with a probability of its own."""
    random = np.random.default_rng(20261130)
    rejected = 0
    for _ in range(400):
        p = random.beta(2, 2, size=30)
        rejected += poisson_binomial_p(p, int((random.random(30) < p).sum())) < 0.05
    assert rejected <= binom.ppf(0.999, 400, 0.05)


def test_requests_are_worth_their_variance() -> None:
    """Probabilities with a tenth of the draws' variance: a tenth of the requests."""
    p = 0.5 + np.sqrt(0.025) * np.array([1.0, -1.0] * 50)
    assert requests_needed(np.column_stack([1 - p, p])) == 11  # 10 times 100/99


def test_draws_without_probabilities_are_left_out() -> None:
    found = not_none(reading([None, 0.4, None, 0.6], [0, 1, 1, 0]))
    assert (found.n_read, found.n_valid) == (2, 4)
    assert reading([None], [1]) is None


def test_a_label_beyond_the_alternatives_counts_as_nought_and_claims_nothing() -> None:
    draws = [
        Draw(
            model="a/b",
            draw=index,
            labels=("0", "1"),
            order=0,
            result=Outcome(index=0),
            probabilities=LabelProbabilities(p=(0.9, None), cover=0.9),
        )
        for index in range(3)
    ]
    draws.append(
        Draw(model="a/b", draw=3, labels=("0", "1"), order=0, result=Rejected(status=Status.EMPTY, reason=""))
    )
    tally = Tally(model="a/b", n_draws=4, n_valid=3, n_ones=0, cost_usd=usd(0.04))
    found = logprob_readings(collect_draws(draws), [tally], n_outcomes=2, temperature=None)["a/b"]
    assert (found.outcomes[0].mean, found.n_partial, found.n_requests, found.saved_draws) == (1.0, 3, None, 0)
