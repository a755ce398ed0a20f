"""The probability of being printed, against scipy's distributions."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import expit

from flipsite.fit.counts import FlipCounts
from flipsite.fit.covariates import Covariates
from flipsite.fit.posterior_checks import from_prior, simulated_ones
from flipsite.fit.selection import Selection, log_printed_beta, log_printed_normal


@pytest.fixture(scope="module")
def selection() -> Selection:
    """Of 20 or 21 draws, the counts of a bias of at most 0.05 or at least 0.4."""
    counts = [(k, n) for n in (20, 21) for k in range(n + 1) if not 0.05 < abs(k / n - 0.5) < 0.4]
    ones, valid = np.array(counts).T
    return Selection(ones=ones, valid=valid, log_weight=np.full(len(ones), np.log(0.5)))


@pytest.mark.parametrize("rho", [0.001, 0.2, 0.9])
def test_beta_distributed_shares(selection: Selection, rho: float) -> None:
    both = (1 - rho) / rho
    chances = stats.betabinom.pmf(selection.ones, selection.valid, both / 2, both / 2)
    found = log_printed_beta(selection, np.array([-np.log(both)]), target=0.5)
    assert np.exp(found[0]) == pytest.approx(np.sum(chances) / 2, rel=1e-6)


@pytest.mark.parametrize("sigma", [0.05, 0.7, 2.0, 6.0])
def test_normal_log_odds(selection: Selection, sigma: float) -> None:
    """By numerical integration over the log-odds."""

    def printed(z: float) -> float:
        chances = stats.binom.pmf(selection.ones, selection.valid, expit(sigma * z))
        return float(np.sum(chances) / 2 * stats.norm.pdf(z))

    expected, _ = integrate.quad(printed, -8, 8, limit=200)
    found = log_printed_normal(selection, np.array([np.log(sigma)]), target=0.5)
    assert np.exp(found[0]) == pytest.approx(expected, rel=1e-3)


def test_simulated_models_are_those_that_would_be_printed(counts: FlipCounts, given: Covariates) -> None:
    """Their distribution is the unselected one, restricted to the counts printed."""
    n = np.full(len(counts.models), 20)
    ones = np.array([k for k in range(21) if not 1 < abs(k - 10) < 8])
    selection = Selection(ones=ones, valid=np.full_like(ones, 20), log_weight=np.zeros(len(ones)))
    unselected = replace(counts, valid=n, signed=False)
    selected = replace(unselected, selection=selection)
    rng = np.random.default_rng(12)
    parameters = from_prior("scale", selected, given, rng=rng)
    several = np.array([simulated_ones("scale", parameters, selected, given, rng=rng) for _ in range(300)])
    assert np.isin(several, ones).all()
    free = np.array([simulated_ones("scale", parameters, unselected, given, rng=rng) for _ in range(900)])
    expected = (abs(free - 10) <= 1).sum(axis=0) / np.isin(free, ones).sum(axis=0)
    assert (abs(several - 10) <= 1).mean(axis=0) == pytest.approx(expected, abs=0.15)
