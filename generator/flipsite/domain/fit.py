"""What a regression has found, as `fit.json` keeps it: read by the build, which samples nothing."""

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
        seen_below: The weakest factor below 1 that this study would have told from 1, four times in five.
        seen_above: The same above 1.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorEffect:
    """What an author's name adds to what its models' covariates tell, as a factor like that of a term."""

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
    """A figure of the data beside what a form says it should be, before and after it has seen the data."""

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
        divergences: Draws at which the sampler lost its way.
        elpd_loo: Expected log predictive density of a model left out (PSIS-LOO), summed over the models.
        elpd_loo_se: Its standard error.
        elpd_difference: Less than the best form's by so much; 0 for the best.
        elpd_difference_se: Standard error of that.
        pareto_k_bad: Models for which PSIS-LOO is not to be trusted (k above 0.7).
        seconds: Compiling and sampling.
        faults: Why the fit is not to be trusted, a sentence each; empty where it has converged.
        authors: By name.
        effects: By covariate.
        checks: Posterior predictive and prior predictive checks.
        bias_bins: The checks of the distribution of bias, a bin each, from 0 up; `name` is the bin's range.
    """

    form: FormName
    terms: tuple[Term, ...]
    divergences: int
    elpd_loo: float
    elpd_loo_se: float
    elpd_difference: float
    elpd_difference_se: float
    pareto_k_bad: int
    seconds: float
    faults: tuple[str, ...] = ()
    authors: tuple[AuthorEffect, ...] = ()
    effects: tuple[Effect, ...] = ()
    checks: tuple[Check, ...] = ()
    bias_bins: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CovariateNote:
    """What became of a covariate.

    Attributes:
        covariate: A feature's name.
        known: Models of which it is known.
        unknown: The models of which it is not.
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
        covariates: What became of each.
        left_out: Forms and models that are not in the fit.
        priors: What was thought probable before the data.
        signed: Whether the data tell in which direction a model is biased.
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
    chains: int = 4
    draws: int = 0
    seed: int = 0
    made_with: tuple[str, ...] = field(default=())
    format: int = 1
