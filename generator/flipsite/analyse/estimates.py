"""Everything `estimates.json` says of a study's models, from their tallies or from printed figures."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from math import isfinite
from typing import TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flipsite.analyse.binomial import binomial_test, jeffreys
from flipsite.analyse.dependence.overdispersion import Overdispersion, widened_test
from flipsite.analyse.empirical_bayes.shrinkage import ShrunkenBias
from flipsite.analyse.label_order.order_effects import (
    Asked,
    OrderCounts,
    bias_within_orders,
    clustered_test,
    fair_throughout,
)
from flipsite.analyse.noise_floor import noise_floor
from flipsite.analyse.outcomes.entropy import effective_outcomes, entropy_bits
from flipsite.analyse.p_values import benjamini_hochberg
from flipsite.analyse.published.possible_counts import PrintedFit, cautious_p_value, fits, known_draws
from flipsite.analyse.ranking.bias_posterior import bias_ends
from flipsite.analyse.ranking.ranks import RankEstimate, estimate_ranks
from flipsite.analyse.verdict import verdict, within_margin
from flipsite.domain.draws import Tally
from flipsite.domain.estimates import Estimate, Printed, PrintedBias, Sway, Verdict
from flipsite.domain.study import Kind, Study
from flipsite.domain.urls import author_of, model_page


def estimates(
    study: Study,
    tallies: Sequence[Tally],
    *,
    rank_estimates: Sequence[RankEstimate] | None = None,
    asked: Mapping[str, Asked] | None = None,
    followed: Mapping[str, Sway] | None = None,
    dependent: Mapping[str, Overdispersion] | None = None,
    shrunken: Mapping[str, ShrunkenBias] | None = None,
    off_list: Mapping[str, float] | None = None,
) -> tuple[Estimate, ...]:
    """Estimate each model's share of ones, its bias and what may be said of it, from its draws.

    A model without a valid draw has no number but its draws and cost: its verdict is undecided, it has no
    rank, and it is no test among those that the q-values count.

    Args:
        study: Says the kind and the target.
        tallies: Counts, in any order.
        rank_estimates: The models' rank estimates; worked out where they are not given.
        asked: How each model's draws were asked, where orders or labels changed.
        followed: What each model follows instead of chance.
        dependent: How the draws of a model depend on each other, where that is shown.
        shrunken: The bias of each model given the draws of all, where that is known.
        off_list: Share of each model's answers that named what was not offered, where that is known.

    Returns:
        One record a model, sorted by model.
    """
    target = study.prompt.target
    by_model = sorted(tallies, key=lambda tally: tally.model)
    how = [(asked or {}).get(tally.model, Asked()) for tally in by_model]
    ones = np.array([tally.n_ones for tally in by_model], np.int64)
    valid = np.array([tally.n_valid for tally in by_model], np.int64)
    low, high = jeffreys(ones, valid)
    p = np.where(valid > 0, binomial_test(ones, valid, target=target), np.nan)
    for i, (tally, each) in enumerate(zip(by_model, how, strict=True)):
        if each.pairs or tally.model in (dependent or {}):
            low[i], high[i], p[i] = _clustered(
                each, (dependent or {}).get(tally.model), tally, ends=(low[i], high[i], p[i]), target=target
            )
    effects = design_effects(asked or {}, dependent or {}, target=target)
    q = benjamini_hochberg(p)
    least, largest = bias_ends(low, high, target=target)
    near = within_margin(low, high, target=target)
    floor = noise_floor(valid, target)
    counts = np.stack([valid - ones, ones], axis=1)
    effective, entropy = effective_outcomes(counts), entropy_bits(counts)
    bias = np.array(
        [bias_of(k, n, target=target) for k, n in zip(ones.tolist(), valid.tolist(), strict=True)]
    )
    within = [
        None if each.by_order is None else bias_within_orders(each.by_order, target=target) for each in how
    ]
    rank = competition_ranks([b if w is None else w for b, w in zip(bias.tolist(), within, strict=True)])
    if rank_estimates is None:
        rank_estimates = estimate_ranks(
            by_model, target=target, by_order=_orders(asked), design_effects=effects
        )
    places = {each.model: each for each in rank_estimates}

    def drawn(tally: Tally, i: int) -> Estimate:
        sway, depends = (followed or {}).get(tally.model), (dependent or {}).get(tally.model)
        fair = bool(near[i]) and not (sway or depends) and fair_throughout(how[i], target=target)
        return Estimate(
            **identity(study, tally.model),
            draws=tally.n_draws,
            valid=tally.n_valid,
            ones=tally.n_ones,
            cost_usd=tally.cost_usd,
            mean=tally.n_ones / tally.n_valid,
            bias=float(bias[i]),
            bias_low=float(least[i]),
            bias_high=float(largest[i]),
            bias_within=within[i],
            bias_within_low=None if within[i] is None else places[tally.model].bias_low,
            bias_within_high=None if within[i] is None else places[tally.model].bias_high,
            mean_low=float(low[i]),
            mean_high=float(high[i]),
            noise_floor=float(floor[i]),
            noise_floor_within=_floor_within(how[i], target=target),
            p_value=float(p[i]),
            q_value=float(q[i]),
            verdict=verdict(float(q[i]), fair=fair),
            sway=sway,
            dependence=depends.kind if depends else None,
            design_effect=effects.get(tally.model, 1.0),
            rank=int(rank[i]),
            rank_low=places[tally.model].rank_low,
            rank_high=places[tally.model].rank_high,
            top=_top_label(study, tally),
            top_share=max(tally.n_ones, tally.n_valid - tally.n_ones) / tally.n_valid,
            effective=_known(effective[i]),
            entropy_bits=float(entropy[i]),
            off_list=(off_list or {}).get(tally.model),
            **_shrunken_fields((shrunken or {}).get(tally.model)),
        )

    return tuple(
        drawn(tally, i)
        if tally.n_valid
        else replace(
            counted_alone(study, tally), ones=tally.n_ones, off_list=(off_list or {}).get(tally.model)
        )
        for i, tally in enumerate(by_model)
    )


def _floor_within(asked: Asked, *, target: float) -> float | None:
    """Mean over both orders of what a perfect sampler shows at the valid draws of each."""
    if asked.by_order is None:
        return None
    return float(noise_floor([n for _, n in asked.by_order], target).mean())


class _ShrunkenFields(TypedDict, total=False):
    """The fields of a record that its shrunken bias fills."""

    bias_shrunken: float
    bias_shrunken_low: float
    bias_shrunken_high: float
    p_near: float
    rank_shrunken: int | None


def _shrunken_fields(found: ShrunkenBias | None) -> _ShrunkenFields:
    if found is None:
        return {}
    return {
        "bias_shrunken": found.bias,
        "bias_shrunken_low": found.low,
        "bias_shrunken_high": found.high,
        "p_near": found.p_near,
        "rank_shrunken": found.rank,
    }


def design_effects(
    asked: Mapping[str, Asked], dependent: Mapping[str, Overdispersion], *, target: float
) -> dict[str, float]:
    """By how much label pairs and dependence widen the variance of each model's share, where they do."""
    effects = {
        model: clustered_test(each.pairs, target=target).design_effect
        for model, each in asked.items()
        if each.pairs is not None
    }
    for model, found in dependent.items():
        effects[model] = max(effects.get(model, 1.0), found.design_effect)
    return effects


def _clustered(
    asked: Asked,
    depends: Overdispersion | None,
    tally: Tally,
    *,
    ends: tuple[float, float, float],
    target: float,
) -> tuple[float, float, float]:
    """Low and high end of the share's interval, and its p-value, as label pairs and dependence leave them."""
    pairs = clustered_test(asked.pairs, target=target) if asked.pairs else None
    if depends is None:
        return (pairs.low, pairs.high, pairs.p_value) if pairs else ends
    effect = max(depends.design_effect, pairs.design_effect if pairs else 1.0)
    low, high, p = widened_test(tally.n_ones, tally.n_valid, effect, target=target)
    return low, high, max(p, depends.least_p, pairs.p_value if pairs else 0.0)


def _top_label(study: Study, tally: Tally) -> str | None:
    """The label drawn most often, the first of equals; None where labels change from draw to draw."""
    if study.prompt.labels == "random":
        return None
    return study.prompt.outcomes[int(2 * tally.n_ones > tally.n_valid)]


def _known(value: float) -> float | None:
    return float(value) if isfinite(value) else None


def _orders(asked: Mapping[str, Asked] | None) -> dict[str, OrderCounts]:
    return {model: each.by_order for model, each in (asked or {}).items() if each.by_order is not None}


def published_estimates(
    study: Study,
    printed: Printed,
    *,
    rank_estimates: Sequence[RankEstimate] = (),
    shrunken: Mapping[str, ShrunkenBias] | None = None,
) -> tuple[Estimate, ...]:
    """Estimates from printed biases: no share and no sign; the draws only where one count fits.

    The p-value is the largest that fits the figure, and the q-values count every model that was asked, those
    not printed as p = 1. Ranks run from 1 in the table of the least biased and end at the number of models in
    that of the most biased.

    Args:
        study: Says the kind and the target.
        printed: Both tables.
        rank_estimates: The ranks of the models, each with its interval.
        shrunken: The bias of each model under the fitted population, where one was fitted.

    Returns:
        One record a printed model, sorted by model.
    """
    target = study.prompt.target
    rows = sorted(printed.rows, key=lambda row: row.model)
    ways = [fits(row, printed, target=target) for row in rows]
    p = [cautious_p_value(each, target=target) for each in ways]
    q = benjamini_hochberg(np.array(p, np.float64), family=printed.n_models)
    ends = [_printed_bias_ends(each, target=target) for each in ways]
    ranks = _printed_ranks(rows, n_models=printed.n_models)
    places = {each.model: each for each in rank_estimates}
    return tuple(
        Estimate(
            **identity(study, row.model),
            valid=known_draws(each),
            bias=float(row.figure),
            bias_low=ends[i][0],
            bias_high=ends[i][1],
            noise_floor=_known_floor(each, target=target),
            p_value=p[i],
            q_value=None if p[i] is None else float(q[i]),
            verdict=_cautious_verdict(None if p[i] is None else float(q[i]), each, target=target),
            rank=ranks[row.model],
            rank_low=places[row.model].rank_low if row.model in places else None,
            rank_high=places[row.model].rank_high if row.model in places else None,
            **_shrunken_fields((shrunken or {}).get(row.model)),
        )
        for i, (row, each) in enumerate(zip(rows, ways, strict=True))
    )


def bias_of(n_ones: int, n_valid: int, *, target: float = 0.5) -> float:
    """The article's bias, |k/n − target|, rounded once: equal distances are equal floats, so ties stay ties.

    Returns:
        The bias, in [0, 1]; NaN without a valid draw.
    """
    if n_valid == 0:
        return float("nan")
    share = _exactly(target)
    return abs(n_ones * share.denominator - n_valid * share.numerator) / (n_valid * share.denominator)


@lru_cache(maxsize=64)
def _exactly(target: float) -> Fraction:
    return Fraction(str(target))


def competition_ranks(values: ArrayLike) -> NDArray[np.int64]:
    """Ranks from 1, ascending; equals share the lowest, the next skips as many, and NaN comes last."""
    ascending = np.asarray(values, np.float64)
    return np.searchsorted(np.sort(ascending), ascending, side="left") + 1


def _printed_ranks(rows: Sequence[PrintedBias], *, n_models: int) -> dict[str, int]:
    """Ranks of both tables within all models asked; what was not printed lies between them."""
    least = [row for row in rows if row.table == "least"]
    most = [row for row in rows if row.table == "most"]
    ranks: dict[str, int] = {}
    for table, before in ((least, 0), (most, n_models - len(most))):
        places = competition_ranks([float(row.figure) for row in table])
        ranks |= {row.model: before + int(place) for row, place in zip(table, places, strict=True)}
    return ranks


class Identity(TypedDict):
    """The fields that identify a record."""

    model: str
    author: str
    kind: Kind
    page: str


def identity(study: Study, model: str) -> Identity:
    """The fields that identify a record."""
    page = model_page(study.id, model)
    return {"model": model, "author": author_of(model), "kind": study.kind, "page": page}


def counted_alone(study: Study, tally: Tally) -> Estimate:
    """The record of a model without a valid draw or answer: its counts and its cost."""
    return Estimate(
        **identity(study, tally.model),
        outcomes=study.prompt.n_outcomes,
        draws=tally.n_draws,
        valid=tally.n_valid,
        cost_usd=tally.cost_usd,
    )


def _known_floor(ways: Sequence[PrintedFit], *, target: float) -> float | None:
    """The noise floor, where the figure fixes the number of draws."""
    valid = known_draws(ways)
    return None if valid is None else float(noise_floor(valid, target))


def _printed_bias_ends(ways: Sequence[PrintedFit], *, target: float) -> tuple[float | None, float | None]:
    """Least and largest bias in any interval that some fit allows, whatever its sign."""
    counts = [(k, way.n_valid) for way in ways for k in way.ones]
    if not counts:
        return None, None
    low, high = jeffreys(*np.array(counts).T)
    least, largest = bias_ends(low, high, target=target)
    return float(least.min()), float(largest.max())


def _cautious_verdict(q: float | None, ways: Sequence[PrintedFit], *, target: float) -> Verdict:
    """The verdict that every fit allows: the interval is the widest, over both signs."""
    counts = [(k, way.n_valid) for way in ways for k in way.ones]
    if not counts:
        return Verdict.UNDECIDED
    low, high = jeffreys(*np.array(counts).T)
    return verdict(q, fair=bool(within_margin(low.min(), high.max(), target=target)))
