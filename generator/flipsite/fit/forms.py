r"""The four forms of the regression, as equations and as PyMC models.

With $y_i$ ones in $n_i$ valid draws of model $i$, its covariates $x_i$, author $a_i$, and
$t = \operatorname{logit}(\text{target})$:

- mean: $y_i \sim \text{Binomial}(n_i, \operatorname{logit}^{-1}(t + α + x_i β + u_{a_i}))$
- beta-binomial: $y_i \sim \text{BetaBinomial}(n_i, m_i, ρ_i)$ with
  $\operatorname{logit} m_i = t + α + x_i β + u_{a_i}$ and $\operatorname{logit} ρ_i = γ + x_i δ + v_{a_i}$,
  where $ρ$ is the correlation of two draws
- scale: $θ_i \sim \text{Normal}(t + μ, σ_i)$, $\log σ_i = γ + x_i δ + v_{a_i}$,
  $y_i \sim \text{Binomial}(n_i, \operatorname{logit}^{-1} θ_i)$; $δ < 0$ is fairer
- mixture: scale, but a share $π$ of the models draws exactly at the target

θ is integrated out (`marginal.py`), and so is which models are the fair coins: what is sampled is a dozen
coefficients and the authors' effects. Authors' effects are non-centred and sum to zero, so that an intercept
is the average author's.

Where the direction of the biases is not known, the mean is held at the target. Where the models were selected
by their bias, each likelihood is divided by the probability of being selected (`selection.py`).
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import numpy as np

from flipsite.domain.fit import FormName
from flipsite.fit.counts import FlipCounts
from flipsite.fit.covariates import Covariates
from flipsite.fit.marginal import log_marginal
from flipsite.fit.priors import CENTRE_DEVIATION, MEAN, OVERDISPERSION, SCALE, Prior
from flipsite.fit.selection import interpolated, log_printed_beta, log_printed_normal

Tensor = Any
"""PyTensor's; the library has no types."""


def mean(counts: FlipCounts, given: Covariates) -> Any:
    """The article's: a binomial with covariates on the log-odds of a one."""
    with _model(counts, given) as model:
        log_odds = _target(counts) + _linear("mean", MEAN, given, counts)
        _likelihood(counts, lambda ones, valid, of: _log_binomial(ones, valid, log_odds[of]))
    return model


def betabinomial(counts: FlipCounts, given: Covariates) -> Any:
    """Covariates on the mean, and on how far the models scatter about it."""
    import pytensor.tensor as pt

    with _model(counts, given) as model:
        log_odds = _target(counts)
        if counts.signed:
            log_odds += _linear("mean", MEAN, given, counts)
        middle = pt.sigmoid(log_odds) * np.ones(len(counts.models))
        log_spread = _linear("spread", OVERDISPERSION, given, counts)
        both = pt.exp(-log_spread)  # a + b of the beta distribution
        a, b = middle * both, (1 - middle) * both
        _likelihood(
            counts,
            lambda ones, valid, of: _log_beta_binomial(ones, valid, a[of], b[of]),
            log_printed=_log_printed(log_printed_beta, counts, log_spread),
        )
    return model


def scale(counts: FlipCounts, given: Covariates) -> Any:
    """Covariates on the distance from the target: the question that was meant."""
    with _model(counts, given) as model:
        centre = _centre(counts)
        log_scale = _linear("spread", SCALE, given, counts)
        _likelihood(
            counts,
            lambda ones, valid, of: log_marginal(ones, valid, centre[of], log_scale[of]),
            log_printed=_log_printed(log_printed_normal, counts, log_scale),
        )
    return model


def mixture(counts: FlipCounts, given: Covariates) -> Any:
    """The scale form, with a share of coins that are exactly fair."""
    import pymc as pm
    import pytensor.tensor as pt

    with _model(counts, given) as model:
        fair = pm.Uniform("fair")
        centre = _centre(counts)
        log_scale = _linear("spread", SCALE, given, counts)

        def likelihood(ones: Tensor, valid: Tensor, of: Tensor) -> Tensor:
            at_target = pt.log(fair) + _log_binomial(ones, valid, _target(counts))
            spread = pt.log1p(-fair) + log_marginal(ones, valid, centre[of], log_scale[of])
            return pt.logaddexp(at_target, spread)

        printed = _log_printed(log_printed_normal, counts, log_scale)
        if counts.selection:
            of_fair = float(counts.selection.log_probability(np.array([_target(counts)]))[0])
            printed = pt.logaddexp(pt.log(fair) + of_fair, pt.log1p(-fair) + printed)
        _likelihood(counts, likelihood, log_printed=printed)
    return model


FORMS: Final[Mapping[FormName, Callable[[FlipCounts, Covariates], Any]]] = {
    "mean": mean,
    "betabinomial": betabinomial,
    "scale": scale,
    "mixture": mixture,
}


def _model(counts: FlipCounts, given: Covariates) -> Any:
    import pymc as pm

    return pm.Model(
        coords={
            "model": list(counts.models),
            "author": list(counts.authors),
            "column": [column.name for column in given.columns],
        }
    )


def _target(counts: FlipCounts) -> float:
    return float(np.log(counts.target) - np.log1p(-counts.target))


def _centre(counts: FlipCounts) -> Tensor:
    """The log-odds that the models lie around: the target's where the data show no direction."""
    import pymc as pm

    centre = pm.Normal("mean_intercept", 0, CENTRE_DEVIATION) if counts.signed else 0.0
    return centre + np.full(len(counts.models), _target(counts))


def _linear(part: str, prior: Prior, given: Covariates, counts: FlipCounts) -> Tensor:
    """Intercept, coefficients and partially pooled authors of one part: a value a model."""
    import pymc as pm

    value = pm.Normal(f"{part}_intercept", prior.centre, prior.wide)
    if given.columns:
        value += given.matrix @ pm.Normal(f"{part}_slopes", 0, prior.slope, dims="column")
    if len(counts.authors) > 1:
        deviation = pm.HalfNormal(f"{part}_author_deviation", prior.authors)
        standard = pm.ZeroSumNormal(f"{part}_author_standard", dims="author")
        value += pm.Deterministic(f"{part}_author", deviation * standard, dims="author")[counts.author]
    return value * np.ones(len(counts.models))


def _log_printed(log_printed: Callable[..., Any], counts: FlipCounts, log_spread: Tensor) -> Tensor:
    """Logarithm of P(printed) of each model; 0 where the models were not selected."""
    if counts.selection is None:
        return 0.0
    return interpolated(partial(log_printed, counts.selection, target=counts.target), log_spread)


def _likelihood(
    counts: FlipCounts,
    of_reading: Callable[[Tensor, Tensor, Tensor], Tensor],
    *,
    log_printed: Tensor = 0.0,
) -> None:
    """Add each model's log-likelihood: the sum over its readings, by their weights, given its selection."""
    import pymc as pm
    import pytensor.tensor as pt
    from pytensor.gradient import disconnected_grad

    ones = pm.Data("ones", counts.ones.astype(np.float64))
    valid = counts.valid.astype(np.float64)
    by_model = of_reading(ones, valid, counts.model) + counts.log_weight
    if len(counts.model) > len(counts.models):
        of_model = np.equal.outer(np.arange(len(counts.models)), counts.model).astype(np.float64)
        highest = disconnected_grad(by_model.max())  # exp of what is left never overflows
        by_model = pt.log(of_model @ pt.exp(by_model - highest)) + highest
    by_model = pm.Deterministic("log_likelihood", by_model - log_printed, dims="model")
    pm.Potential("likelihood", by_model.sum())


def _log_binomial(ones: Tensor, valid: Tensor, log_odds: Tensor) -> Tensor:
    import pytensor.tensor as pt

    ways = pt.gammaln(valid + 1) - pt.gammaln(ones + 1) - pt.gammaln(valid - ones + 1)
    return ways + ones * log_odds - valid * pt.softplus(log_odds)


def _log_beta_binomial(ones: Tensor, valid: Tensor, a: Tensor, b: Tensor) -> Tensor:
    import pytensor.tensor as pt

    def log_beta(x: Tensor, y: Tensor) -> Tensor:
        return pt.gammaln(x) + pt.gammaln(y) - pt.gammaln(x + y)

    ways = -pt.log1p(valid) - log_beta(ones + 1, valid - ones + 1)
    return ways + log_beta(a + ones, b + valid - ones) - log_beta(a, b)
