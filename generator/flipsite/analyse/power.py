"""How many draws a verdict needs, and what they cost: exact for every number of draws, no normal curve.

The power of an exact test rises in a saw-tooth, so the draws needed are those from which on it does not fall
below what is asked again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flipsite.analyse.binomial import TAIL, at_least, at_most, binomial_test
from flipsite.analyse.label_order.order_effects import agreement
from flipsite.analyse.verdict import FAIR_MARGIN, FALSE_DISCOVERY_RATE
from flipsite.domain.draws import Tally
from flipsite.domain.money import Usd, total
from flipsite.special import betainc, chdtri

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

MOST_DRAWS = 50_000
"""The most draws a model that a plan may have."""

SELDOM_ASKED = 5_000
"""More draws of a model than this are practically never asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerPlan:
    """Valid draws a model that verdicts need; None where 50,000 do not suffice, or no number can.

    Attributes:
        margin: How near the target a fair model's interval must lie.
        bias: True bias of the model to be shown biased.
        power: Probability with which each verdict is to be reached.
        n_models: Models judged together.
        fair: Draws for `fair`, of a coin exactly at the target.
        biased_first: Draws for `biased` of the only biased one among the models: p below 0.05 / n_models.
        biased_alone: Draws for `biased` where almost all others are biased too, or a single model is judged:
            p below 0.05.
    """

    margin: float
    bias: float
    power: float
    n_models: int
    fair: int | None
    biased_first: int | None
    biased_alone: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawPrice:
    """The cost of a study's valid draws.

    Attributes:
        n_models: Models with valid draws and a known cost.
        usd_per_round: The price of one valid draw of each of them, failed draws included.
        usd_dearest: The dearest model's part of that.
        dearest: The dearest model.
    """

    n_models: int
    usd_per_round: Usd
    usd_dearest: Usd
    dearest: str


@lru_cache(maxsize=64)
def plan(
    *,
    margin: float,
    bias: float,
    power: float,
    n_models: int,
    target: float = 0.5,
    both_orders: bool = False,
    fresh_labels: bool = False,
) -> PowerPlan:
    """Work out the draws that verdicts need.

    In both orders `fair` takes the interval of each. With fresh labels besides, those of the share of label
    pairs that agree and of the draws that took the label earlier in the alphabet; and `biased` is tested on
    the pairs that agree, as many as are expected.

    Args:
        margin: As in `PowerPlan`, above 0.
        bias: As in `PowerPlan`, above 0; toward the side of the target that has more room.
        power: As in `PowerPlan`, strictly between 0 and 1.
        n_models: Models judged together, at least 1.
        target: Probability that the prompt asks for.
        both_orders: Whether the study asks in both orders.
        fresh_labels: Whether its labels are fresh.
    """
    share = target + bias if target <= 0.5 else target - bias
    first, alone = FALSE_DISCOVERY_RATE / n_models, FALSE_DISCOVERY_RATE
    paired = both_orders and fresh_labels

    def fair(n: Counts) -> Floats:
        if not both_orders:
            return chance_fair(n, target, margin=margin, target=target)
        return chance_fair_in_orders(n, margin=margin, target=target, fresh_labels=paired)

    def biased(n: Counts, level: float) -> Floats:
        if not paired:
            return chance_biased(n, share, level=level, target=target)
        pairs = np.round(n / 2 * agreement(share)).astype(np.int64)
        even = target**2 / agreement(target)
        return chance_biased(pairs, share**2 / agreement(share), level=level, target=even)

    return PowerPlan(
        margin=margin,
        bias=bias,
        power=power,
        n_models=n_models,
        fair=draws_needed(fair, power),
        biased_first=draws_needed(lambda n: biased(n, first), power),
        biased_alone=draws_needed(lambda n: biased(n, alone), power),
    )


def power_points() -> list[dict[str, object]]:
    """Power against draws: to show that a single model has a bias of 0.1, and that a fair coin is fair.

    Returns:
        Records with `curve` (what to do), `draws` and `power`, the curves one after the other.
    """
    draws = np.arange(10, 1_001, 10)
    curves = {
        "find a bias of 0.1": chance_biased(draws, 0.6, level=FALSE_DISCOVERY_RATE),
        f"show fairness to within {FAIR_MARGIN:g}": chance_fair(draws, 0.5),
    }
    return [
        {"curve": curve, "draws": int(n), "power": float(power)}
        for curve, powers in curves.items()
        for n, power in zip(draws, powers, strict=True)
    ]


def draws_needed(chance: Callable[[Counts], Floats], power: float, *, most: int = MOST_DRAWS) -> int | None:
    """The fewest draws from which on a chance does not fall below the power again.

    A chance leaves its trend by no more than the likeliest count's probability, below 1/√n. So beyond the
    last of some 800 spread numbers of draws at which it is not clearly above the power, no number falls
    short; from there the search goes down one by one.

    Args:
        chance: Of the verdict, for each number of draws.
        power: What it is to reach.
        most: Draws beyond which no answer is sought.

    Returns:
        None where that number of draws does not suffice.
    """
    spread = np.unique(np.geomspace(1, most, 800).round().astype(np.int64))
    clear = chance(spread) >= power + np.minimum(1 / np.sqrt(spread), (1 - power) / 2)
    unclear = np.flatnonzero(~clear)
    after = min(int(unclear[-1]) + 1, len(spread) - 1) if len(unclear) else 0
    high = int(spread[after])
    while high > 0:
        draws = np.arange(max(1, high - 499), high + 1)
        short = draws[chance(draws) < power]
        if len(short):
            return (
                int(short[-1]) + 1 if short[-1] < most - 200 else None
            )  # at the limit the saw is still cutting
        high = int(draws[0]) - 1
    return 1


def chance_biased(n_valid: ArrayLike, share: float, *, level: float, target: float = 0.5) -> Floats:
    """Probability that a coin of this share gets a p-value below the level, for each number of draws."""
    draws = np.asarray(n_valid, np.int64)
    low, high = rejection_bounds(draws, level=level, target=target)
    return at_most(low, draws, target=share) + at_least(high, draws, target=share)


def chance_fair(
    n_valid: ArrayLike, share: float, *, margin: float = FAIR_MARGIN, target: float = 0.5
) -> Floats:
    """Probability that a coin of this share is called fair: interval within the margin, p at least 0.05.

    Beside other biased models it takes a p-value below 0.05 / m … 0.05 to reject; the largest is taken,
    so that the chance is not overstated.
    """
    draws = np.asarray(n_valid, np.int64)
    rejected_low, rejected_high = rejection_bounds(draws, level=FALSE_DISCOVERY_RATE, target=target)
    inside_low, inside_high = equivalence_bounds(draws, margin=margin, target=target)
    low, high = np.maximum(rejected_low + 1, inside_low), np.minimum(rejected_high - 1, inside_high)
    chance = at_most(high, draws, target=share) - at_most(low - 1, draws, target=share)
    return np.where(low <= high, chance, 0.0)


def chance_fair_in_orders(
    n_valid: ArrayLike, *, margin: float = FAIR_MARGIN, target: float = 0.5, fresh_labels: bool = False
) -> Floats:
    """Probability that a coin at the target is called fair where half of its draws are asked in either order.

    The product of the chances of all conditions, which is no more than that of all together: each holds a
    share near its middle, and such events do not exclude each other (Royen 2014, Far East J. Theor. Stat. 48,
    139-145, of normal variables).

    Args:
        n_valid: Valid draws in both orders together.
        margin: Of the verdict `fair`.
        target: Probability that the prompt asks for.
        fresh_labels: Whether label pairs are fresh: the shares of pairs that agree, and of draws that took
            the label earlier in the alphabet, must be near as well.
    """
    draws = np.asarray(n_valid, np.int64)
    low, high = rejection_bounds(draws, level=FALSE_DISCOVERY_RATE, target=target)
    not_rejected = at_most(high - 1, draws, target=target) - at_most(low, draws, target=target)
    chance = not_rejected * _chance_inside(draws // 2, target, margin) ** 2
    if fresh_labels:
        chance *= _chance_inside(draws // 2, agreement(target), margin) * _chance_inside(draws, 0.5, margin)
    return np.asarray(chance)


def _chance_inside(draws: Counts, share: float, margin: float) -> Floats:
    """Probability that the interval of a share lies within the margin of it."""
    low, high = equivalence_bounds(draws, margin=margin, target=share)
    inside = at_most(high, draws, target=share) - at_most(low - 1, draws, target=share)
    return np.where(low <= high, inside, 0.0)


def rejection_bounds(n_valid: Counts, *, level: float, target: float = 0.5) -> tuple[Counts, Counts]:
    """Counts at most and at least which p is below the level; −1 and n + 1 where none is."""
    middle = np.round(n_valid * target).astype(np.int64)

    def rejects(ones: Counts) -> NDArray[np.bool_]:
        return np.asarray(binomial_test(ones, n_valid, target=target) < level)

    return (
        _last(rejects, np.full_like(n_valid, -1), middle),
        n_valid - _last(lambda back: rejects(n_valid - back), np.full_like(n_valid, -1), n_valid - middle),
    )


def equivalence_bounds(n_valid: Counts, *, margin: float, target: float = 0.5) -> tuple[Counts, Counts]:
    """First and last count whose interval lies within the margin; first above last where none does."""

    def low_outside(ones: Counts) -> NDArray[np.bool_]:
        edge = max(target - margin, 0.0)
        return np.asarray(betainc(ones + 0.5, n_valid - ones + 0.5, edge) > TAIL) if edge > 0 else ones < 0

    def high_inside(ones: Counts) -> NDArray[np.bool_]:
        edge = min(target + margin, 1.0)
        return (
            np.asarray(betainc(ones + 0.5, n_valid - ones + 0.5, edge) >= 1 - TAIL) if edge < 1 else ones >= 0
        )

    bottom, top = np.full_like(n_valid, -1), n_valid + 1
    return _last(low_outside, bottom, top) + 1, _last(high_inside, bottom, top)


def draws_to_doubt(n_valid: int, statistic: float, *, n_outcomes: int) -> int | None:
    """Further draws, spread exactly as asked for, after which a found bias is no longer rare.

    They leave every count as far from its expectation as it is, so Pearson's χ² falls as 1/n. To two
    significant digits, by the χ² law.

    Args:
        n_valid: Valid draws so far.
        statistic: Their χ², above its quantile at 0.05.
        n_outcomes: k.

    Returns:
        None beyond MOST_DRAWS.
    """
    more = n_valid * (statistic / float(chdtri(n_outcomes - 1, FALSE_DISCOVERY_RATE)) - 1)
    return two_digits(ceil(more)) if more <= MOST_DRAWS else None


def two_digits(draws: int) -> int:
    """A number of draws, rounded up to two significant digits."""
    step: int = 10 ** max(len(str(draws)) - 2, 0)
    return -(-draws // step) * step


def price(tallies: Sequence[Tally]) -> DrawPrice | None:
    """The cost of a valid draw of each model; None where no model has both a valid draw and a cost."""
    costs = {tally.model: usd for tally in tallies if (usd := tally.usd_per_valid_draw) is not None}
    if not costs:
        return None
    dearest = max(costs, key=lambda model: (costs[model], model))
    return DrawPrice(
        n_models=len(costs),
        usd_per_round=total(costs.values()),
        usd_dearest=costs[dearest],
        dearest=dearest,
    )


def _last(holds: Callable[[Counts], NDArray[np.bool_]], inside: Counts, outside: Counts) -> Counts:
    """The last count from `inside` on, before `outside`, up to which something holds; by bisection."""
    while np.any(outside - inside > 1):
        middle = (inside + outside) // 2
        searching = outside - inside > 1
        yes = holds(middle)
        inside = np.where(searching & yes, middle, inside)
        outside = np.where(searching & ~yes, middle, outside)
    return inside
