"""Everything `estimates.json` says of a study's models, from their tallies or from printed figures."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flipsite.analyse.binomial import benjamini_hochberg, binomial_test, jeffreys, noise_floor, verdict
from flipsite.analyse.published import PrintedFit, cautious_p_value, fits, known_draws
from flipsite.analyse.ranking import RankEstimate, standings
from flipsite.domain.draws import Tally
from flipsite.domain.estimates import Estimate, Printed, PrintedBias, Verdict
from flipsite.domain.study import Study

PageOf = Callable[[str, str], str]
"""From a study's id and a model to the model's page, relative to the site's root."""


def estimates(
    study: Study, tallies: Sequence[Tally], *, page: PageOf, doubts: Sequence[RankEstimate] | None = None
) -> tuple[Estimate, ...]:
    """Estimate each model's share of ones, its bias and what may be said of it, from its draws.

    A model without a valid draw has no number but its draws and cost: its verdict is undecided, it has no
    rank, and it is no test among those that the q-values count.

    Args:
        study: Says the kind and the target.
        tallies: Counts, in any order.
        page: Where a model's page is.
        doubts: The models' standings, whose ranks are told; worked out where they are not given.

    Returns:
        One record a model, sorted by model.
    """
    target = study.prompt.target
    by_model = sorted(tallies, key=lambda tally: tally.model)
    ones = np.array([tally.n_ones for tally in by_model], np.int64)
    valid = np.array([tally.n_valid for tally in by_model], np.int64)
    low, high = jeffreys(ones, valid)
    p = np.where(valid > 0, binomial_test(ones, valid, target=target), np.nan)
    q = benjamini_hochberg(p)
    floor = noise_floor(valid, target)
    bias = np.array(
        [bias_of(k, n, target=target) for k, n in zip(ones.tolist(), valid.tolist(), strict=True)]
    )
    rank = competition_ranks(bias)
    places = {each.model: each for each in (standings(by_model, target=target) if doubts is None else doubts)}

    def drawn(tally: Tally, i: int) -> Estimate:
        return replace(
            _blank(study, tally.model, page=page),
            draws=tally.n_draws,
            valid=tally.n_valid,
            ones=tally.n_ones,
            cost_usd=tally.cost_usd,
            mean=tally.n_ones / tally.n_valid,
            bias=float(bias[i]),
            mean_low=float(low[i]),
            mean_high=float(high[i]),
            noise_floor=float(floor[i]),
            p_value=float(p[i]),
            q_value=float(q[i]),
            verdict=verdict(float(q[i]), float(low[i]), float(high[i]), target=target),
            rank=int(rank[i]),
            rank_low=places[tally.model].rank_low,
            rank_high=places[tally.model].rank_high,
        )

    return tuple(
        drawn(tally, i) if tally.n_valid else _counted(study, tally, page=page)
        for i, tally in enumerate(by_model)
    )


def published_estimates(
    study: Study, printed: Printed, *, page: PageOf, doubts: Sequence[RankEstimate] = ()
) -> tuple[Estimate, ...]:
    """What printed biases allow to be said: no share and no sign; the draws only where one count fits.

    The p-value is the largest that fits the figure, and the q-values count every model that was asked, those
    not printed as p = 1. Ranks run from 1 in the table of the least biased and end at the number of models in
    that of the most biased.

    Args:
        study: Says the kind and the target.
        printed: Both tables.
        page: Where a model's page is.
        doubts: The models' standings, whose ranks are told.

    Returns:
        One record a printed model, sorted by model.
    """
    target = study.prompt.target
    rows = sorted(printed.rows, key=lambda row: row.model)
    ways = [fits(row, printed, target=target) for row in rows]
    p = [cautious_p_value(each, target=target) for each in ways]
    q = benjamini_hochberg(np.array(p, np.float64), family=printed.n_models)
    ranks = _printed_ranks(rows, n_models=printed.n_models)
    places = {each.model: each for each in doubts}
    return tuple(
        replace(
            _blank(study, row.model, page=page),
            valid=known_draws(each),
            bias=float(row.figure),
            noise_floor=_known_floor(each, target=target),
            p_value=p[i],
            q_value=None if p[i] is None else float(q[i]),
            verdict=_cautious_verdict(None if p[i] is None else float(q[i]), each, target=target),
            rank=ranks[row.model],
            rank_low=places[row.model].rank_low if row.model in places else None,
            rank_high=places[row.model].rank_high if row.model in places else None,
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


def _blank(study: Study, model: str, *, page: PageOf) -> Estimate:
    """A model of which nothing is known yet."""
    return Estimate(
        model=model,
        author=model.partition("/")[0] if "/" in model else "",
        kind=study.kind,
        draws=None,
        valid=None,
        ones=None,
        mean=None,
        bias=None,
        mean_low=None,
        mean_high=None,
        noise_floor=None,
        p_value=None,
        q_value=None,
        verdict=Verdict.UNDECIDED,
        rank=None,
        rank_low=None,
        rank_high=None,
        cost_usd=None,
        page=page(study.id, model),
    )


def _counted(study: Study, tally: Tally, *, page: PageOf) -> Estimate:
    """A model of which only the counts are known."""
    blank = _blank(study, tally.model, page=page)
    return replace(
        blank, draws=tally.n_draws, valid=tally.n_valid, ones=tally.n_ones, cost_usd=tally.cost_usd
    )


def _known_floor(ways: Sequence[PrintedFit], *, target: float) -> float | None:
    """The noise floor, where the figure fixes the number of draws."""
    valid = known_draws(ways)
    return None if valid is None else float(noise_floor(valid, target))


def _cautious_verdict(q: float | None, ways: Sequence[PrintedFit], *, target: float) -> Verdict:
    """The verdict that every fit allows: the interval is the widest, over both signs."""
    counts = [(k, way.n_valid) for way in ways for k in way.ones]
    if not counts:
        return Verdict.UNDECIDED
    low, high = jeffreys(*np.array(counts).T)
    return verdict(q, float(low.min()), float(high.max()), target=target)
