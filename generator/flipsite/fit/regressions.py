"""A study's regressions: every form that its data identify, sampled, summarised and compared."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib.metadata import version
from itertools import product
from typing import Any, Final

import numpy as np

from flipsite.domain.fit import FittedForm, FormName, OmittedInput, Part, Term
from flipsite.domain.progress import Progress, counted, unwatched
from flipsite.fit import summaries
from flipsite.fit.counts import FlipCounts
from flipsite.fit.covariates import Covariates
from flipsite.fit.forms import FORMS
from flipsite.fit.posterior_checks import checks
from flipsite.fit.priors import prior_of
from flipsite.fit.sampling import SampleResult, arviz, faults, sample

FEWEST_MODELS: Final = 10
"""With fewer, the posterior would be little but the prior."""

UNSIGNED: Final = OmittedInput(
    what="mean",
    reason="the direction of each bias is not known, and this form estimates nothing else",
)


def fit_forms(
    counts: FlipCounts,
    given: Covariates,
    *,
    draws: int,
    chains: int,
    seed: int,
    done: Callable[[SampleResult], None],
    progress: Progress = unwatched,
) -> tuple[tuple[FittedForm, ...], tuple[SampleResult, ...], tuple[OmittedInput, ...]]:
    """Sample every form in turn; where the models were selected, each also as if they were not.

    Args:
        counts: Ones and valid draws.
        given: The covariates.
        draws: Kept draws of a chain.
        chains: How many.
        seed: Of all randomness.
        done: Called with each result.
        progress: Told of the forms that are sampled.

    Returns:
        The forms for `fit.json`, their draws, and the forms that are left out.
    """
    names: list[FormName] = [form for form in FORMS if counts.signed or form != "mean"]
    sampled = []
    variants = tuple(product([False, True] if counts.selection else [False], names))
    for naive, form in counted(variants, "form", progress):
        sampled.append(sample(form, counts, given, draws=draws, chains=chains, seed=seed, naive=naive))
        done(sampled[-1])
    aware, unaware = sampled[: len(names)], sampled[len(names) :]
    best = max(aware, key=lambda one: _finite(one.loo.sum()) or -np.inf)
    forms = [_form(one, best, counts, given, seed=seed) for one in aware]
    if unaware:
        forms = [_beside(form, one, counts, given) for form, one in zip(forms, unaware, strict=True)]
    return tuple(forms), tuple(sampled), () if counts.signed else (UNSIGNED,)


def made_with() -> tuple[str, ...]:
    """Names and versions of the samplers."""
    return tuple(f"{name} {version(name)}" for name in ("pymc", "nutpie", "arviz", "numpy"))


def _form(
    one: SampleResult, best: SampleResult, counts: FlipCounts, given: Covariates, *, seed: int
) -> FittedForm:
    found = summaries.posterior(one.form, one.draws, counts)
    diagnosed = _diagnosed(one.draws)
    part: Part = "mean" if one.form == "mean" else "spread"
    whole, bins = checks(found, counts, given, seed=seed)
    difference = one.loo - best.loo
    return FittedForm(
        form=one.form,
        terms=tuple(_terms(found, one.draws, given, diagnosed)),
        divergences=one.divergences,
        elpd_loo=_finite(one.loo.sum()),
        elpd_loo_se=_finite(_sum_error(one.loo)),
        elpd_difference=_finite(difference.sum()),
        elpd_difference_se=_finite(_sum_error(difference)),
        pareto_k_bad=int((~(one.pareto_k <= 0.7)).sum()),
        seconds=one.seconds,
        faults=_faults(one, diagnosed),
        authors=tuple(summaries.authors(found, part, counts)),
        effects=tuple(summaries.effects(found, part, given)),
        checks=whole,
        bias_bins=bins,
    )


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _beside(form: FittedForm, naive: SampleResult, counts: FlipCounts, given: Covariates) -> FittedForm:
    """The form with the naive factors beside its own, and the naive fit's faults."""
    found = summaries.posterior(naive.form, naive.draws, counts)
    diagnosed = _diagnosed(naive.draws)
    factors = {term.term: term for term in _terms(found, naive.draws, given, diagnosed)}
    return replace(
        form,
        terms=tuple(
            replace(
                term,
                naive_factor=factors[term.term].factor,
                naive_low=factors[term.term].factor_low,
                naive_high=factors[term.term].factor_high,
            )
            for term in form.terms
        ),
        faults=(*form.faults, *(f"naive fit: {fault}" for fault in _faults(naive, diagnosed))),
    )


def _faults(one: SampleResult, diagnosed: Mapping[str, tuple[float, float, float]]) -> tuple[str, ...]:
    return faults(one, diagnostics=[(name, *numbers) for name, numbers in diagnosed.items()])


def _sum_error(pointwise: Any) -> float:
    """Standard error of a sum of pointwise densities (Vehtari, Gelman & Gabry 2017, eq. 23)."""
    return float(np.sqrt(len(pointwise) * np.var(pointwise)))


def _diagnosed(draws: Any) -> dict[str, tuple[float, float, float]]:
    """R-hat, bulk and tail ESS of each scalar: a coefficient as `mean_slopes[name]`; authors' effects too."""
    az = arviz()
    parts = (az.rhat(draws), az.ess(draws, method="bulk"), az.ess(draws, method="tail"))
    found = {}
    for name in draws.posterior.data_vars:
        numbers = [np.atleast_1d(np.asarray(part[name])) for part in parts]
        labels = _labels(draws, str(name))
        for place, label in enumerate(labels):
            found[label] = (float(numbers[0][place]), float(numbers[1][place]), float(numbers[2][place]))
    return found


def _labels(draws: Any, name: str) -> list[str]:
    variable = draws.posterior[name]
    dims = [dim for dim in variable.dims if dim not in {"chain", "draw"}]
    return [f"{name}[{label}]" for label in variable[dims[0]].values] if dims else [name]


def _terms(
    found: summaries.Posterior,
    draws: Any,
    given: Covariates,
    diagnosed: dict[str, tuple[float, float, float]],
) -> Iterator[Term]:
    parts: list[Part] = ["mean", "spread"]
    for part in parts:
        for place, column in enumerate(given.columns if f"{part}_slopes" in found.values else ()):
            whole = _all(draws, f"{part}_slopes")[:, place] * column.step
            thinned = found.values[f"{part}_slopes"][:, place] * column.step
            low, factor, high = summaries.factors(found, part, thinned)
            prior = prior_of(found.form, part).slope * column.step
            below, above = summaries.seen(found, part, thinned, prior=prior)
            yield _term(
                f"{part}: {column.name}",
                part,
                whole,
                diagnosed[f"{part}_slopes[{column.name}]"],
                covariate=column.covariate,
                level=column.level,
                contrast=column.contrast,
                factor=factor,
                factor_low=low,
                factor_high=high,
                seen_below=below,
                seen_above=above,
            )
    others: dict[str, tuple[Part, str]] = {
        "mean_intercept": ("mean", "log-odds of a one of the average model, from the target’s"),
        "spread_intercept": ("spread", "the average model"),
        "mean_author_deviation": ("mean", "deviation between authors"),
        "spread_author_deviation": ("spread", "deviation between authors"),
        "fair": ("fair", "share of exactly fair coins"),
    }
    for name, (part, contrast) in others.items():
        if name in found.values:
            yield _term(name, part, _all(draws, name), diagnosed[name], contrast=contrast)


def _term(term: str, part: Part, values: Any, numbers: tuple[float, float, float], **more: Any) -> Term:
    low, high = np.percentile(values, (2.5, 97.5))
    return Term(
        **({"covariate": "", "level": ""} | more),
        term=term,
        part=part,
        mean=float(values.mean()),
        low=float(low),
        high=float(high),
        rhat=numbers[0],
        ess_bulk=numbers[1],
        ess_tail=numbers[2],
    )


def _all(draws: Any, name: str) -> Any:
    values = np.asarray(draws.posterior[name])
    return values.reshape(-1, *values.shape[2:])
