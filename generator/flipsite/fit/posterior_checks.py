"""Predictive checks: studies simulated from the prior and from the posterior, beside the data.

Simulates each form without a sampler: parameters from their priors, and draws from parameters.
Simulation-based calibration (`benchmarks/calibration`) shows that this simulation and the fitted likelihood
agree.
"""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from flipsite.domain.fit import Check, FormName
from flipsite.fit.counts import FlipCounts, Floats, Ints
from flipsite.fit.covariates import Covariates
from flipsite.fit.priors import CENTRE_DEVIATION, MEAN, OVERDISPERSION, SCALE, Prior
from flipsite.fit.summaries import Posterior

Parameters = Mapping[str, NDArray[np.float64]]
"""By the names that the forms give them; a scalar has no axis."""


def from_prior(
    form: FormName, counts: FlipCounts, given: Covariates, *, rng: np.random.Generator
) -> dict[str, Floats]:
    """One draw of a form's parameters from its prior."""
    found: dict[str, Floats] = {}
    if form in {"mean", "betabinomial"} and counts.signed:
        found |= _linear("mean", MEAN, counts, given, rng)
    if form == "betabinomial":
        found |= _linear("spread", OVERDISPERSION, counts, given, rng)
    if form in {"scale", "mixture"}:
        if counts.signed:
            found["mean_intercept"] = np.asarray(rng.normal(0, CENTRE_DEVIATION))
        found |= _linear("spread", SCALE, counts, given, rng)
    if form == "mixture":
        found["fair"] = np.asarray(rng.uniform())
    return found


def simulated_ones(
    form: FormName,
    parameters: Parameters,
    counts: FlipCounts,
    given: Covariates,
    *,
    rng: np.random.Generator,
) -> Ints:
    """Ones of each model among its typical number of valid draws, were the form and its parameters true.

    Where the models were selected by their bias, each is drawn anew until it would have been printed. One
    that still is not after MOST_TRIES stays as it is.
    """
    valid = counts.typical_valid
    ones = _unselected_ones(form, parameters, counts, given, rng=rng)
    if counts.selection:
        for _ in range(MOST_TRIES):
            missing = ~counts.selection.includes(ones, valid)
            if not missing.any():
                break
            ones = np.where(missing, _unselected_ones(form, parameters, counts, given, rng=rng), ones)
    return ones


def _unselected_ones(
    form: FormName,
    parameters: Parameters,
    counts: FlipCounts,
    given: Covariates,
    *,
    rng: np.random.Generator,
) -> Ints:
    valid = counts.typical_valid
    target = np.log(counts.target) - np.log1p(-counts.target)
    centre = np.full(len(counts.models), target)
    if form in {"mean", "betabinomial"} and counts.signed:
        centre = target + linear("mean", parameters, counts, given)
    elif counts.signed:
        centre = target + np.full(len(counts.models), parameters["mean_intercept"])
    if form == "mean":
        return rng.binomial(valid, _share(centre))
    log_spread = linear("spread", parameters, counts, given)
    if form == "betabinomial":
        middle, both = _share(centre), np.exp(np.clip(-log_spread, -30, 30))
        share = rng.beta(np.maximum(1e-9, middle * both), np.maximum(1e-9, (1 - middle) * both))
    else:
        share = _share(rng.normal(centre, np.exp(log_spread)))
    if form == "mixture":
        share = np.where(rng.random(len(share)) < parameters["fair"], counts.target, share)
    return rng.binomial(valid, share)


def linear(part: str, parameters: Parameters, counts: FlipCounts, given: Covariates) -> Floats:
    """Intercept, coefficients and authors of one part: a value a model."""
    value = np.full(len(counts.models), parameters[f"{part}_intercept"])
    if given.columns:
        value = value + given.matrix @ parameters[f"{part}_slopes"]
    if len(counts.authors) > 1:
        value = value + parameters[f"{part}_author"][counts.author]
    return value


def _linear(
    part: str, prior: Prior, counts: FlipCounts, given: Covariates, rng: np.random.Generator
) -> dict[str, Floats]:
    found: dict[str, Floats] = {f"{part}_intercept": np.asarray(rng.normal(prior.centre, prior.wide))}
    if given.columns:
        found[f"{part}_slopes"] = rng.normal(0, prior.slope, len(given.columns))
    if len(counts.authors) > 1:
        deviation = abs(rng.normal(0, prior.authors))
        standard = rng.normal(size=len(counts.authors))
        found[f"{part}_author_deviation"] = np.asarray(deviation)
        found[f"{part}_author"] = deviation * (standard - standard.mean())
    return found


def _share(log_odds: Floats) -> Floats:
    from scipy.special import expit

    share: Floats = expit(log_odds)
    return share


REPEATS: Final = 400
MOST_TRIES: Final = 10_000
BINS: Final = 10


def checks(
    found: Posterior, counts: FlipCounts, given: Covariates, *, seed: int
) -> tuple[tuple[Check, ...], tuple[Check, ...]]:
    """Compare summaries of the whole study, and the number of models in each tenth of the range of bias."""
    rng = np.random.default_rng(seed)
    n_draws = len(next(iter(found.values.values())))
    after = [
        {name: values[place] for name, values in found.values.items()}
        for place in rng.integers(0, n_draws, REPEATS)
    ]
    before = [from_prior(found.form, counts, given, rng=rng) for _ in range(REPEATS)]
    predicted, prior = (_simulated(found, several, counts, given, rng) for several in (after, before))
    whole, predictions, priors = (_figures(bias, counts) for bias in (counts.bias[None, :], predicted, prior))
    edges = np.linspace(0, _top(counts), BINS + 1) - 1e-9  # a printed 0.35 belongs above 0.35
    bins = [f"{abs(low):.2f} to {high:.2f}" for low, high in pairwise(edges)]
    return (
        tuple(_check(name, whole[name][0], predictions[name], priors[name]) for name in whole),
        tuple(
            _check(name, *(_in_bin(bias, edges, place) for bias in (counts.bias[None, :], predicted, prior)))
            for place, name in enumerate(bins)
        ),
    )


def _simulated(
    found: Posterior,
    several: Iterable[Parameters],
    counts: FlipCounts,
    given: Covariates,
    rng: np.random.Generator,
) -> Floats:
    valid = counts.typical_valid
    ones = np.array(
        [simulated_ones(found.form, parameters, counts, given, rng=rng) for parameters in several]
    )
    return np.abs(ones / valid - counts.target)


def _figures(bias: Floats, counts: FlipCounts) -> Mapping[str, Floats]:
    """Figures of each simulated study (n_repeats x n_models)."""
    always = _top(counts) - 0.25 / counts.typical_valid
    return {
        "average bias": bias.mean(axis=1),
        "share of models within 0.05 of the target": (bias <= 0.05).mean(axis=1),
        "share of models that always draw the same": (bias >= always).mean(axis=1),
        "standard deviation of bias": bias.std(axis=1),
    }


def _in_bin(bias: Floats, edges: Floats, place: int) -> Floats:
    last = place == len(edges) - 2
    inside = (bias >= edges[place]) & ((bias < edges[place + 1]) | last)
    count: Floats = inside.sum(axis=1).astype(np.float64)
    return count


def _check(name: str, observed: Floats | float, predicted: Floats, prior: Floats) -> Check:
    low, high = np.percentile(predicted, (2.5, 97.5))
    prior_low, prior_high = np.percentile(prior, (2.5, 97.5))
    return Check(
        name=name,
        observed=float(np.ravel(observed)[0]),
        mean=float(predicted.mean()),
        low=float(low),
        high=float(high),
        prior_low=float(prior_low),
        prior_high=float(prior_high),
    )


def _top(counts: FlipCounts) -> float:
    return max(counts.target, 1 - counts.target)
