"""The forms forwards, without a sampler: parameters from their priors, and draws from parameters.

What is simulated here and fitted there must agree: simulation-based calibration would show where they do not.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from flipsite.domain.fit import FormName
from flipsite.fit.counts import Counts, Floats, Ints
from flipsite.fit.covariates import Covariates
from flipsite.fit.priors import CENTRE_DEVIATION, MEAN, OVERDISPERSION, SCALE, Prior

Parameters = Mapping[str, NDArray[np.float64]]
"""By the names that the forms give them; a scalar has no axis."""


def from_prior(
    form: FormName, counts: Counts, given: Covariates, *, rng: np.random.Generator
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
    counts: Counts,
    given: Covariates,
    *,
    rng: np.random.Generator,
) -> Ints:
    """Ones of each model among its typical number of valid draws, were the form and its parameters true."""
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


def linear(part: str, parameters: Parameters, counts: Counts, given: Covariates) -> Floats:
    """Intercept, coefficients and authors of one part: a value a model."""
    value = np.full(len(counts.models), parameters[f"{part}_intercept"])
    if given.columns:
        value = value + given.matrix @ parameters[f"{part}_slopes"]
    if len(counts.authors) > 1:
        value = value + parameters[f"{part}_author"][counts.author]
    return value


def _linear(
    part: str, prior: Prior, counts: Counts, given: Covariates, rng: np.random.Generator
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
