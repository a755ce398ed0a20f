"""How many models can be fair coins at all? An estimate and an exact bound, with no model of the others.

A fair coin often shows a small bias: at fifty draws one in three shows no more than 0.032. So fair coins
would fill the low end in a known proportion, and where few models are at the low end, few can be fair.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from flipsite.analyse.binomial import LEVEL, TAIL, binomial_probability, binomial_test, jeffreys
from flipsite.domain.draws import Tally
from flipsite.domain.estimates import Printed

Floats = NDArray[np.float64]

THRESHOLD = 0.5
"""p-values above this count as no evidence against a coin: Storey's λ."""

RESAMPLES = 2_000
"""Bootstrap samples of models."""

LEVEL_UNFAIR = 0.995
"""Confidence that the bound leaves out no fair model; the count of the others has the rest of the 95 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FairShare:
    """The share of a study's models that could be exactly fair.

    Attributes:
        n_models: Models tested.
        n_near: Models at the fair end, which `criterion` describes in words.
        criterion: Of the fair end.
        chance: Probability that a fair coin is there; the mean where models had different numbers of
            draws.
        share: Storey's estimate of the share of fair models: n_near / (chance × n_models), at most 1.
        share_low: Low end of its 95 % bootstrap interval.
        share_high: High end of the same.
        n_most: With 95 % confidence no more models than these are fair. Exact, and cautious about unknown
            draws.
        n_most_average: The same, were `chance` every model's.
        n_unfair: Models that the bound leaves out, because a test shows that they are not fair.
    """

    n_models: int
    n_near: int
    criterion: str
    chance: float
    share: float
    share_low: float
    share_high: float
    n_most: int
    n_most_average: int
    n_unfair: int = 0


def fair_share(
    tallies: Sequence[Tally],
    *,
    target: float = 0.5,
    seed: int = 0,
    flagged: Container[str] = (),
    false_flags: float = 0.0,
    sway_p: Mapping[str, Sequence[float]] | None = None,
) -> FairShare | None:
    """The share of models that could be fair, from their draws; None where no model has any.

    Counts are discrete, so the chance that a fair coin's p-value exceeds the threshold is worked out exactly
    for each number of draws, where Storey has 1 − λ. A model whose draws are flagged is not at the fair end,
    however even its share is; the chance that a fair coin is flagged by mistake is taken off its chance.

    Args:
        tallies: Counts; those without a valid draw are passed over.
        target: Probability that the prompt asks for.
        seed: Of the bootstrap.
        flagged: Models that follow the order, the labels or their own draws.
        false_flags: Bound of the probability that a fair coin is flagged.
        sway_p: Exact p-values of each model's tests for an influence of the order and the labels.

    Source:
        Storey (2002), J. R. Statist. Soc. B 64, 479-498, for the estimate; its interval is a plain bootstrap
        over models, and the bound is the test of "at least m are fair" inverted, among the models that no
        test at a Bonferroni level shows to be unfair.
    """
    drawn = [tally for tally in tallies if tally.n_valid]
    if not drawn:
        return None
    ones, valid = (np.array([(tally.n_ones, tally.n_valid) for tally in drawn])).T
    sound = np.array([tally.model not in flagged for tally in drawn], np.bool_)
    p_values = binomial_test(ones, valid, target=target)
    near = sound & (p_values > THRESHOLD)
    chances = {
        n: max(1e-9, _chance_of_large_p(n, target=target) - false_flags) for n in np.unique(valid).tolist()
    }
    chance = np.array([chances[n] for n in valid.tolist()])
    could = ~_shown_unfair([tally.model for tally in drawn], p_values, sway_p or {})
    n_near, level = int((near & could).sum()), 1 - (LEVEL_UNFAIR - LEVEL)
    low, high = _bootstrap(near, chance, seed=seed)
    if chance.min() >= 1:  # one draw: every model is there, fair or not
        low = 0.0
    return FairShare(
        n_models=len(drawn),
        n_near=int(near.sum()),
        criterion=f"p-value above {THRESHOLD:g}",
        chance=float(chance.mean()),
        share=min(1.0, float(near.sum() / chance.sum())),
        share_low=low,
        share_high=high,
        n_most=most_fair(np.sort(chance[could]), n_near, level=level),
        n_most_average=most_fair(np.full(could.sum(), chance.mean()), n_near, level=level),
        n_unfair=int((~could).sum()),
    )


def published_fair_share(printed: Printed, *, target: float = 0.5, seed: int = 0) -> FairShare | None:
    """The share of all models asked that could be fair, from the table of the least biased alone.

    The fair end is every bias that prints below the largest figure of the table: how many are there is
    known, because a model outside the table has at least that figure. How many draws each model had is not
    known: the estimate takes every number within the study's range as equally likely, the bound the number
    that lets the most models be fair.

    The largest figure of a table of T models is an order statistic: it is at or above the edge exactly if at
    most T − 1 models print below it. So the bound counts T − 1, however many of the table tie at the edge.

    Returns:
        None where there is no such table, or no bias can print below its largest figure.

    Source:
        As `fair_share`; order statistics as in David & Nagaraja (2003), Order Statistics, section 2.1.
    """
    least = [row for row in printed.rows if row.table == "least"]
    if not least:
        return None
    largest = max(least, key=lambda row: Fraction(row.figure))
    edge = Fraction(largest.figure) - Fraction(1, 2 * 10**largest.decimals)
    n_near = sum(Fraction(row.figure) < edge for row in least)
    draws = range(printed.draws_low, printed.draws_high + 1)
    chances = np.array([_chance_of_small_bias(n, edge, target=target) for n in draws])
    near = np.arange(printed.n_models) < n_near
    chance = float(chances.mean())
    if chance == 0:  # the whole table prints as no bias at all: none can be below it
        return None
    low, high = _bootstrap(near, np.full(printed.n_models, chance), seed=seed)
    return FairShare(
        n_models=printed.n_models,
        n_near=n_near,
        criterion=f"printed bias below {largest.figure}",
        chance=chance,
        share=min(1.0, n_near / (chance * printed.n_models)),
        share_low=low,
        share_high=high,
        n_most=most_fair(np.full(printed.n_models, chances.min()), len(least) - 1),
        n_most_average=most_fair(np.full(printed.n_models, chance), len(least) - 1),
    )


def most_fair(chances: Floats, n_near: int, *, level: float = LEVEL) -> int:
    """The largest number of fair models that shows so few at the fair end with a probability above 1 − level.

    Args:
        chances: Each model's probability of being at the fair end if it is fair, ascending: taking the
            smallest first gives the largest, that is the cautious, number.
        n_near: Models that are there, fair or not.
        level: Confidence of the bound.

    Returns:
        From n_near to the number of models.
    """
    below = np.zeros(n_near + 1)  # probability of exactly 0 … n_near of the fair models at the fair end
    below[0] = 1.0
    for n_fair, chance in enumerate(chances):
        moved = below[:-1] * chance
        below *= 1 - chance
        below[1:] += moved
        if below.sum() <= 1 - level:
            return n_fair
    return len(chances)


def _shown_unfair(
    models: Sequence[str], p_values: Floats, sway_p: Mapping[str, Sequence[float]]
) -> NDArray[np.bool_]:
    """Models with a p-value below the Bonferroni level over all tests of the study."""
    others = [tuple(sway_p.get(model, ())) for model in models]
    level = (1 - LEVEL_UNFAIR) / (len(models) + sum(map(len, others)))
    least = [min(p, *other) if other else p for p, other in zip(p_values.tolist(), others, strict=True)]
    return np.array(least) <= level


def _chance_of_large_p(n_valid: int, *, target: float) -> float:
    """Probability that a fair coin's p-value exceeds the threshold."""
    reach = 40 * np.sqrt(n_valid * target * (1 - target)) + 1  # what lies beyond adds less than 1e-300
    low, high = np.floor(n_valid * target - reach), np.ceil(n_valid * target + reach)
    ones = np.arange(max(0.0, low), min(float(n_valid), high) + 1)
    large = binomial_test(ones, n_valid, target=target) > THRESHOLD
    return float(binomial_probability(ones[large], n_valid, target=target).sum())


def _chance_of_small_bias(n_valid: int, edge: Fraction, *, target: float) -> float:
    """Probability that a fair coin's bias is below the edge."""
    share = Fraction(str(target))
    ones = np.array([k for k in range(n_valid + 1) if abs(Fraction(k, n_valid) - share) < edge])
    return float(binomial_probability(ones, n_valid, target=target).sum())


def _bootstrap(near: NDArray[np.bool_], chance: Floats, *, seed: int) -> tuple[float, float]:
    """95 % percentile interval of the estimate when models are drawn anew from those there are.

    Where all models are at the fair end, or none, drawing anew changes nothing: then the Jeffreys interval
    of their share, over the mean chance.
    """
    if near.all() or not near.any():
        ends = np.stack(jeffreys(near.sum(), len(near))) / chance.mean()
        return float(min(1.0, ends[0])), float(min(1.0, ends[1]))
    kinds, counts = np.unique(np.stack([near, chance]), axis=1, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(near), counts / len(near), size=RESAMPLES)
    share = np.minimum(1.0, (drawn @ kinds[0]) / (drawn @ kinds[1]))
    low, high = np.quantile(share, [TAIL, 1 - TAIL])
    return float(low), float(high)
