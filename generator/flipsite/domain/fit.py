"""Results of the regressions, as stored in `fit.json` and read by the build, which samples nothing."""

from dataclasses import dataclass, field
from typing import Literal

FormName = Literal["mean", "betabinomial", "scale", "mixture"]
Part = Literal["mean", "spread", "fair"]
"""Which part of a form a term acts on: the share of ones, the distance from it, the share of fair coins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One coefficient of a form, or another parameter of it. Intervals are 95 %, equal-tailed.

    Attributes:
        term: Its name within the form, such as `spread: parameters_total_b`.
        part: What it acts on.
        covariate: Feature that it belongs to; empty for an intercept and the like.
        level: Of a covariate with classes; `unknown` for the models of which it is not known.
        contrast: What is compared, in words: `ten times the parameters`, `coding rather than instruct`.
        mean: Posterior mean on the form's own scale (log-odds or log-scale), for the whole contrast.
        low: 2.5 % quantile of the same.
        high: 97.5 % quantile.
        rhat: Rank-normalised split R-hat; near 1 where the chains agree, None where there is none.
        ess_bulk: Effective draws for the mean.
        ess_tail: Effective draws for the interval.
        factor: Posterior median of what the contrast multiplies: the odds of a one in the part `mean`, the
            expected bias in the part `spread`; None where that makes no sense.
        factor_low: 2.5 % quantile of the factor.
        factor_high: 97.5 % quantile of the factor.
        seen_below: The factor below 1 nearest to it that a study like this finds four times in five: its 95 %
            interval excludes 1. None where no size would do, because the prior outweighs the data.
        seen_above: The same above 1.
        naive_factor: The factor, had the models not been known to be selected by their bias; None where they
            were not selected.
        naive_low: 2.5 % quantile of the naive factor.
        naive_high: 97.5 % quantile of the naive factor.
    """

    term: str
    part: Part
    covariate: str
    level: str
    contrast: str
    mean: float
    low: float
    high: float
    rhat: float | None
    ess_bulk: float | None
    ess_tail: float | None
    factor: float | None = None
    factor_low: float | None = None
    factor_high: float | None = None
    seen_below: float | None = None
    seen_above: float | None = None
    naive_factor: float | None = None
    naive_low: float | None = None
    naive_high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorEffect:
    """Effect of an author beyond its models' covariates, as a factor like that of a term."""

    author: str
    models: int
    factor: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectPoint:
    """The expected value of an average model at one value of a covariate: `at` is a number or a class."""

    at: float | str
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A covariate's conditional effect, all others at their averages: on bias, or on the share of ones."""

    covariate: str
    quantity: Literal["bias", "share"]
    points: tuple[EffectPoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A summary of the data beside its prior and its posterior predictive interval."""

    name: str
    observed: float
    mean: float
    low: float
    high: float
    prior_low: float
    prior_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedForm:
    """One form of the regression.

    Attributes:
        terms: Coefficients first, then the other parameters.
        divergences: Divergent draws of the sampler.
        elpd_loo: Expected log predictive density of a model left out (PSIS-LOO), summed over the models.
            None where it is not finite, as are the three below.
        elpd_loo_se: Its standard error.
        elpd_difference: Its difference from the best form's, at most 0.
        elpd_difference_se: Standard error of that.
        pareto_k_bad: Models for which PSIS-LOO is unreliable (k above 0.7).
        seconds: Compiling and sampling.
        faults: Why the fit is unreliable, a sentence each; empty where it has converged.
        authors: By name.
        effects: By covariate.
        checks: Posterior predictive and prior predictive checks.
        bias_bins: The checks of the distribution of bias, a bin each, from 0 up; `name` is the bin's range.
    """

    form: FormName
    terms: tuple[Term, ...]
    divergences: int
    elpd_loo: float | None
    elpd_loo_se: float | None
    elpd_difference: float | None
    elpd_difference_se: float | None
    pareto_k_bad: int
    seconds: float
    faults: tuple[str, ...] = ()
    authors: tuple[AuthorEffect, ...] = ()
    effects: tuple[Effect, ...] = ()
    checks: tuple[Check, ...] = ()
    bias_bins: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CovariateNote:
    """How a covariate was used.

    Attributes:
        covariate: A feature's name.
        known: Number of models with a value.
        unknown: The models without one.
        used: In words: on what scale, against which class, or why it is left out.
    """

    covariate: str
    known: int
    unknown: tuple[str, ...]
    used: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorNote:
    """The priors of one part of the forms, in words."""

    part: str
    intercept: str
    slopes: str
    authors: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OmittedInput:
    """A form or a model that is not in the fit, and why."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A study's regressions.

    Attributes:
        forms: In the order of `FormName`.
        draws_sha256: Of the snapshot, or of the printed figures, that were fitted.
        features_sha256: Of the features' values that were fitted.
        models: How many models were fitted.
        covariates: How each was used.
        left_out: Forms and models that are not in the fit.
        priors: The priors, in words.
        signed: Whether the direction of each bias is known.
        selected: Whether the models were selected by their bias, and the likelihood allows for it.
        chains: Of each form.
        draws: Kept draws of a chain.
        seed: Of the sampler.
        made_with: Names and versions of what sampled.
        format: Of this record.
    """

    forms: tuple[FittedForm, ...]
    draws_sha256: str
    features_sha256: str
    models: int
    covariates: tuple[CovariateNote, ...] = ()
    left_out: tuple[OmittedInput, ...] = ()
    priors: tuple[PriorNote, ...] = ()
    signed: bool = True
    selected: bool = False
    chains: int = 4
    draws: int = 0
    seed: int = 0
    made_with: tuple[str, ...] = field(default=())
    format: int = 2
