"""Models that drew from k > 2 outcomes: their estimates, and what else their draws say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from flipsite.analyse.binomial import LEVEL, Floats
from flipsite.analyse.dependence.design_effect import clusters_design_effect, widened_pearson_p
from flipsite.analyse.dependence.overdispersion import overdispersion, with_q_values
from flipsite.analyse.estimates import competition_ranks, counted_alone
from flipsite.analyse.noise_floor import multinomial_noise_floor
from flipsite.analyse.outcomes.by_outcome import (
    OutcomeEstimate,
    PlaceEffect,
    label_agreement_p,
    missing_bounds,
    outcome_estimates,
    place_effect,
    places_of,
    rank_bounds,
    upper_margin,
)
from flipsite.analyse.outcomes.dependence import OutcomeDependence, dependence_tests
from flipsite.analyse.outcomes.entropy import effective_outcomes, entropy_bits, log10_e_value
from flipsite.analyse.outcomes.multinomial import (
    Counts,
    pearson_tests,
    phi_squared,
    total_variation,
    total_variation_quantiles,
)
from flipsite.analyse.outcomes.within_orders import chance_within_orders, drawn_by_order
from flipsite.analyse.p_values import benjamini_hochberg
from flipsite.analyse.verdict import FAIR_MARGIN, FALSE_DISCOVERY_RATE, verdict
from flipsite.domain.counts import PromptArm, StudyCounts
from flipsite.domain.draws import Tally
from flipsite.domain.estimates import Dependence, Estimate, Sway
from flipsite.domain.study import Study


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOutcomes:
    """The findings of one model's draws besides its estimate.

    Attributes:
        outcomes: Each outcome, in the order of the study.
        statistic: Pearson's χ².
        p_value: Probability of a statistic at least as large under the target, given the design effect.
        exact: Whether p-values of independent draws are exact; else they are of 99,999 simulated samples.
        p_even: Probability of draws at least as even under the target: small where they are too even.
        phi_squared: Unbiased Σ (p − π)²/π, which compares models of unequal draws; None below two draws.
        log10_e: Anytime-valid evidence against the target, log₁₀; infinite where an impossible outcome came.
        places: What the place of a label in the prompt does; None where one order was asked.
        noise_floor_within: The larger of the biases over labels and over places that a perfect sampler shows
            on average at as many draws in each order; None where one order was asked.
        label_p: p-value of draws that agree because they were given the same labels; None with fixed labels.
        dependence: Tests of whether the draws are independent draws of one distribution.
        depends: How they depend on each other, where that is shown.
        design_effect: By how much that, and shared labels, widen the variance of the shares; at least 1.
        n_missing: Draws without an outcome.
        missing_low: Least bias that any outcomes of the missing draws would give.
        missing_high: Largest bias that they would give.
    """

    outcomes: tuple[OutcomeEstimate, ...]
    statistic: float
    p_value: float
    exact: bool
    p_even: float
    phi_squared: float | None
    log10_e: float
    places: PlaceEffect | None
    noise_floor_within: float | None
    label_p: float | None
    dependence: tuple[OutcomeDependence, ...]
    depends: Dependence | None = None
    design_effect: float = 1.0
    n_missing: int
    missing_low: float
    missing_high: float


def study_outcomes(study: Study, counts: StudyCounts) -> dict[str, ModelOutcomes]:
    """Findings of each model's draws, by model; only of models with a valid draw."""
    prompt, k = study.prompt, len(study.prompt.outcomes)
    drawn = [tally for tally in counts.tallies if tally.n_valid]
    matrix = _matrix(drawn, k)
    tests = pearson_tests(matrix, prompt.shares)
    labels = prompt.outcomes if prompt.labels == "fixed" else tuple(f"label {j + 1}" for j in range(k))
    arms = [counts.models[tally.model].shown for tally in drawn]
    turned = prompt.orders != "one"
    places = place_effect([places_of(each, k) for each in arms]) if turned else [None] * len(drawn)
    random = prompt.labels == "random"
    phi = phi_squared(matrix, prompt.shares)
    found = {}
    for i, tally in enumerate(drawn):
        test, missing = tests[i], tally.n_draws - tally.n_valid
        assert test is not None  # noqa: S101 - it has a valid draw
        low, high = missing_bounds(matrix[i], missing, prompt.shares)
        found[tally.model] = ModelOutcomes(
            outcomes=outcome_estimates(tally.counts, labels=labels, shares=prompt.shares),
            statistic=test.statistic,
            p_value=test.p_value,
            exact=test.exact,
            p_even=test.p_even,
            phi_squared=_known(phi[i]),
            log10_e=log10_e_value(matrix[i], prompt.shares),
            places=places[i],
            noise_floor_within=_floor_within(arms[i], prompt.shares) if places[i] else None,
            label_p=label_agreement_p(arms[i]) if random else None,
            dependence=dependence_tests(counts.models[tally.model], tally.counts, p_even=test.p_even),
            n_missing=missing,
            missing_low=low,
            missing_high=high,
        )
    dependence = with_q_values(
        {model: each.dependence for model, each in found.items()}, followers=followed(found)
    )
    return {
        tally.model: _widened(
            replace(found[tally.model], dependence=dependence[tally.model]),
            clusters=_label_sets(counts.models[tally.model].shown) if random else [],
            shares=prompt.shares,
        )
        for tally in drawn
    }


def _floor_within(arms: Sequence[PromptArm], shares: Sequence[float]) -> float:
    return chance_within_orders(shares, drawn_by_order(arms, len(shares))).mean


def _label_sets(arms: Sequence[PromptArm]) -> list[Counts]:
    """Counts by outcome of each set of labels."""
    found: dict[str, Counts] = {}
    for arm in arms:
        found[arm.labels] = found.get(arm.labels, 0) + np.asarray(arm.counts, np.int64)
    return list(found.values())


def _widened(model: ModelOutcomes, *, clusters: Sequence[Counts], shares: Sequence[float]) -> ModelOutcomes:
    """The model, its intervals and p-values those of draws that depend on each other or share labels."""
    shown = overdispersion(model.dependence, target=None)
    depends = shown.kind if shown else None
    effect = max(
        shown.design_effect if shown else 1.0, clusters_design_effect(clusters, shares) if clusters else 1.0
    )
    if effect == 1:
        return replace(model, depends=depends)
    counts = [each.count for each in model.outcomes]
    labels = [each.label for each in model.outcomes]
    p = widened_pearson_p(model.statistic, sum(counts), effect, n_outcomes=sum(share > 0 for share in shares))
    return replace(
        model,
        outcomes=outcome_estimates(counts, labels=labels, shares=shares, design_effect=effect),
        p_value=max(model.p_value, float(p)),
        depends=depends,
        design_effect=effect,
    )


def outcome_study_estimates(
    study: Study,
    tallies: Sequence[Tally],
    found: Mapping[str, ModelOutcomes],
    *,
    off_list: Mapping[str, float],
) -> tuple[Estimate, ...]:
    """Estimate each model's bias and what may be said of it.

    The bias that ranks is the total variation from the target; where the labels' order was turned, it is the
    larger of that and of the places' distance from an even use: a model that always takes the label named
    first has perfect shares over all orders. Its interval holds the larger of both as often as it says. Rank
    intervals hold for all models at once.

    Args:
        study: Its prompt names the target.
        tallies: Counts, sorted by model.
        found: The outcomes of each model that has a valid draw.
        off_list: Share of each model's answers that named what was not offered, where that is known.

    Returns:
        One record a model, sorted by model.
    """
    shares, k = study.prompt.shares, len(study.prompt.outcomes)
    drawn = [tally for tally in tallies if tally.n_valid]
    matrix = _matrix(drawn, k)
    valid = matrix.sum(axis=1)
    bias, floor = total_variation(matrix, shares), multinomial_noise_floor(valid, shares)
    p = np.array([found[tally.model].p_value for tally in drawn])
    q = benjamini_hochberg(p)
    within = _within_places(bias, [found[tally.model].places for tally in drawn])
    effects = [found[tally.model].design_effect for tally in drawn]
    effective = [max(1, int(n / effect)) for n, effect in zip(valid.tolist(), effects, strict=True)]
    half = total_variation_quantiles(effective, k)
    turned = any(each is not None for each in within)
    both = total_variation_quantiles(effective, k, level=(1 + LEVEL) / 2) if turned else {}
    margins = rank_margins(effective, k, n_intervals=len(drawn) * (1 + turned))
    ranking = [b if w is None else w for b, w in zip(bias.tolist(), within, strict=True)]
    rank, bounds = competition_ranks(np.round(ranking, 12)), rank_bounds(ranking, *margins)
    n_effective, entropy = effective_outcomes(matrix), entropy_bits(matrix)
    sways = followed(found)
    blank = {
        tally.model: replace(counted_alone(study, tally), off_list=off_list.get(tally.model))
        for tally in tallies
    }
    records = {}
    for i, tally in enumerate(drawn):
        sway, reach = sways.get(tally.model), half[effective[i]]
        depends = found[tally.model].depends
        fair = sway is None and depends is None and ranking[i] + reach <= FAIR_MARGIN
        records[tally.model] = replace(
            blank[tally.model],
            bias=float(bias[i]),
            bias_low=max(0.0, float(bias[i]) - reach),
            bias_high=min(1.0, float(bias[i]) + reach),
            bias_within=within[i],
            bias_within_low=None if within[i] is None else max(0.0, ranking[i] - both[effective[i]]),
            bias_within_high=None if within[i] is None else min(1.0, ranking[i] + both[effective[i]]),
            noise_floor=float(floor[i]),
            noise_floor_within=found[tally.model].noise_floor_within,
            p_value=float(p[i]),
            q_value=float(q[i]),
            verdict=verdict(float(q[i]), fair=fair),
            sway=sway,
            dependence=depends,
            design_effect=effects[i],
            rank=int(rank[i]),
            rank_low=bounds[i][0],
            rank_high=bounds[i][1],
            top=likeliest(study, matrix[i]),
            top_share=float(matrix[i].max() / valid[i]),
            effective=_known(n_effective[i]),
            entropy_bits=float(entropy[i]),
        )
    return tuple((blank | records).values())


def likeliest(study: Study, counts: NDArray[np.int64] | Floats) -> str | None:
    """The label that was drawn most often; None where several were, or where labels change between draws."""
    first = int(counts.argmax())
    single = study.prompt.labels == "fixed" and int((counts == counts[first]).sum()) == 1
    return study.prompt.outcomes[first] if single else None


def followed(found: Mapping[str, ModelOutcomes]) -> dict[str, Sway]:
    """Find what each model follows instead of chance, under the study's false discovery allowance."""
    tests = [
        (model, sway, p)
        for model, each in found.items()
        for sway, p in (
            (Sway.ORDER, each.places.p_value if each.places else None),
            (Sway.LABEL, each.label_p),
        )
        if p is not None
    ]
    q = benjamini_hochberg([p for *_, p in tests])
    best: dict[str, tuple[float, Sway]] = {}
    for (model, sway, p), value in zip(tests, q.tolist(), strict=True):
        if value < FALSE_DISCOVERY_RATE:
            best[model] = min(best.get(model, (2.0, sway)), (p, sway))
    return {model: sway for model, (_, sway) in best.items()}


def _matrix(tallies: Sequence[Tally], n_outcomes: int) -> Counts:
    return np.array([tally.counts for tally in tallies], np.int64).reshape(len(tallies), n_outcomes)


def _within_places(bias: Floats, places: Sequence[PlaceEffect | None]) -> list[float | None]:
    """The larger of the biases over labels and over places; None where one order was asked."""
    return [None if each is None else max(float(b), each.bias) for b, each in zip(bias, places, strict=True)]


def rank_margins(valid: Sequence[int], n_outcomes: int, *, n_intervals: int) -> tuple[Floats, Floats]:
    """By how much each bias may be smaller, and larger, at a level at which all intervals hold at once.

    Args:
        valid: Valid draws of each model, as many as their design effect leaves.
        n_outcomes: k.
        n_intervals: How many intervals are to hold.
    """
    alpha = (1 - LEVEL) / max(n_intervals, 1) / 2
    below = total_variation_quantiles(valid, n_outcomes, level=1 - alpha)
    return (
        np.array([below[n] for n in valid]),
        np.array([upper_margin(n, alpha=alpha) for n in valid]),
    )


def _known(value: float) -> float | None:
    return float(value) if isfinite(value) else None
