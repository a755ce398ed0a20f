"""Does the form make data like these? Simulated from the prior, and from the posterior, beside the data."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Final

import numpy as np

from flipsite.domain.fit import Check
from flipsite.fit.counts import Counts, Floats
from flipsite.fit.covariates import Covariates
from flipsite.fit.readings import Posterior
from flipsite.fit.simulate import Parameters, from_prior, simulated_ones

REPEATS: Final = 400
BINS: Final = 10


def checks(
    found: Posterior, counts: Counts, given: Covariates, *, seed: int
) -> tuple[tuple[Check, ...], tuple[Check, ...]]:
    """Figures of the whole study, and how many models lie in each tenth of the range of bias."""
    rng = np.random.default_rng(seed)
    n_draws = len(next(iter(found.values.values())))
    after = [
        {name: values[place] for name, values in found.values.items()}
        for place in rng.integers(0, n_draws, REPEATS)
    ]
    before = [from_prior(found.form, counts, given, rng=rng) for _ in range(REPEATS)]
    predicted, prior = (_simulated(found, several, counts, given, rng) for several in (after, before))
    whole, predictions, priors = (_figures(bias, counts) for bias in (counts.bias[None, :], predicted, prior))
    edges = np.linspace(0, _top(counts), BINS + 1)
    bins = [f"{low:.2f} to {high:.2f}" for low, high in pairwise(edges)]
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
    counts: Counts,
    given: Covariates,
    rng: np.random.Generator,
) -> Floats:
    valid = counts.typical_valid
    ones = np.array(
        [simulated_ones(found.form, parameters, counts, given, rng=rng) for parameters in several]
    )
    return np.abs(ones / valid - counts.target)


def _figures(bias: Floats, counts: Counts) -> Mapping[str, Floats]:
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


def _top(counts: Counts) -> float:
    return max(counts.target, 1 - counts.target)
