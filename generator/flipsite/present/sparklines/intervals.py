"""Pictures of what is known of a model's share: a mark in a table's row, and fifty coins on its page.

The mark shows the band of what chance allows, the interval, and where the model lies. A study with draws is
drawn on the share of ones from 0 to 1; a published one, whose biases have no sign, on the bias.

Each of the fifty coins is a chance of 2 in 100. Coins can be counted, and a curve cannot.

Positions are per cent of the picture's width, so that it needs no script and fits any column. Heights are in
em.

Source:
    Kay, Kola, Hullman & Munson (2016), Proceedings of CHI, 5092-5103, for the quantile dot plot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from flipsite.analyse.binomial import binomial_probability, jeffreys
from flipsite.analyse.noise_floor import chance_within
from flipsite.analyse.published.possible_counts import PrintedFit
from flipsite.analyse.ranking.bias_posterior import share_quantiles
from flipsite.analyse.ranking.ranks import ArmCounts
from flipsite.analyse.verdict import FAIR_MARGIN
from flipsite.domain.estimates import Estimate, Printed

CHANCE = 0.95
"""How often a coin at the target lands within the band."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowMark:
    """Where things lie, in per cent of the width; the interval's ends also in their own unit.

    Attributes:
        band_low: Left end of the band that a coin at the target stays in 95 times in 100.
        band_high: Right end of it.
        low: Left end of the model's 95 % interval.
        high: Right end of it.
        at: The model.
        low_value: Low end of the interval, as a share or a bias.
        high_value: High end of it.
    """

    band_low: float
    band_high: float
    low: float
    high: float
    at: float
    low_value: float
    high_value: float


def share_mark(estimate: Estimate, *, target: float) -> RowMark | None:
    """A model with draws on the share of ones; None where it has no valid draw."""
    if not estimate.valid or estimate.mean is None or estimate.mean_low is None or estimate.mean_high is None:
        return None
    return _share_mark(estimate.valid, estimate.mean, estimate.mean_low, estimate.mean_high, target=target)


@lru_cache(maxsize=65_536)  # models of equal counts share one
def _share_mark(valid: int, mean: float, low: float, high: float, *, target: float) -> RowMark:
    reach = chance_reach(valid, target)
    return RowMark(
        band_low=_percent(max(0.0, target - reach)),
        band_high=_percent(min(1.0, target + reach)),
        low=_percent(low),
        high=_percent(high),
        at=_percent(mean),
        low_value=low,
        high_value=high,
    )


def outcomes_mark(estimate: Estimate, *, widest: float, reach: float) -> RowMark | None:
    """A model that drew from k outcomes, on its bias; None where it has no valid draw.

    Args:
        estimate: Of the model.
        widest: The largest bias there can be.
        reach: The bias that a perfect sampler stays within in 95 of 100 tries.
    """
    if estimate.ranking_bias is None or estimate.ranking_interval is None:
        return None
    low, high = estimate.ranking_interval
    return RowMark(
        band_low=0.0,
        band_high=_percent(min(1.0, reach / widest)),
        low=_percent(low / widest),
        high=_percent(min(1.0, high / widest)),
        at=_percent(estimate.ranking_bias / widest),
        low_value=low,
        high_value=high,
    )


def printed_mark(
    estimate: Estimate, fits: Sequence[PrintedFit], printed: Printed, *, target: float
) -> RowMark | None:
    """A printed bias on the bias; its interval is the widest that any of the fitting counts has."""
    if estimate.bias is None or not fits:
        return None
    widest = max(target, 1 - target)
    low, high = _bias_interval(tuple((k, fit.n_valid) for fit in fits for k in fit.ones), target)
    return RowMark(
        band_low=0.0,
        band_high=_percent(chance_reach(printed.draws_about, target) / widest),
        low=_percent(low / widest),
        high=_percent(high / widest),
        at=_percent(estimate.bias / widest),
        low_value=low,
        high_value=high,
    )


@cache
def chance_reach(n_valid: int, target: float) -> float:
    """The smallest bias that a coin at the target keeps within in at least 95 of 100 tries."""
    steps = sorted({abs(k / n_valid - target) for k in range(n_valid + 1)}) if n_valid <= 4096 else None
    if steps is None:  # the normal approximation is then good to a thousandth of the width
        return float(1.96 * (target * (1 - target) / n_valid) ** 0.5)
    low, high = 0, len(steps) - 1
    while low < high:
        middle = (low + high) // 2
        if chance_within(steps[middle], n_valid, target) >= CHANCE:
            high = middle
        else:
            low = middle + 1
    return steps[low]


@cache
def reach_in_orders(n_first: int, n_second: int, target: float) -> float:
    """The smallest mean bias of two orders that a coin at the target keeps within in 95 of 100 tries.

    Exact; of more than 2,000 draws an order as if there were 2,000, shrunken by the root of their number.
    """
    sizes = [min(n, _MOST_IN_ORDER) for n in (n_first, n_second)]
    biases, chances = [], []
    for n in sizes:
        ones = np.arange(n + 1)
        biases.append(np.abs(ones / n - target))
        chances.append(binomial_probability(ones, n, target=target))
    mean = np.add.outer(*biases).ravel() / 2
    order = np.argsort(mean, kind="stable")
    reached = np.cumsum(np.multiply.outer(*chances).ravel()[order])
    place = min(int(np.searchsorted(reached, CHANCE - 1e-12)), len(order) - 1)
    return float(mean[order][place] * (sum(sizes) / (n_first + n_second)) ** 0.5)


_MOST_IN_ORDER = 2_000


@cache
def _bias_interval(counts: tuple[tuple[int, int], ...], target: float) -> tuple[float, float]:
    """The hull of the folded Jeffreys intervals of these (ones, valid)."""
    ones, valid = zip(*counts, strict=True)
    lows, highs = jeffreys(ones, valid)
    nearest = min(max(0.0, low - target, target - high) for low, high in zip(lows, highs, strict=True))
    farthest = max(max(target - low, high - target) for low, high in zip(lows, highs, strict=True))
    return float(nearest), float(farthest)


def _percent(share: float) -> float:
    return round(100 * share, 1)


COINS = 50
_WIDTH = 1.7
"""Of a coin, in per cent of the picture."""

_TALLEST_EM = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PosteriorCoins:
    """The coins, and how many of them lie near the target.

    Attributes:
        coins: (side, x in per cent, y in em) of each: `fair` within the margin, else `heads` or `tails`.
        n_near: How many lie within the margin.
        low: Left end of the margin, in per cent.
        high: Right end of it.
        height_em: Of the tallest stack.
        radius_em: Of a coin.
    """

    coins: tuple[tuple[str, float, float], ...]
    n_near: int
    low: float
    high: float
    height_em: float
    radius_em: float


def posterior_coins(counts: ArmCounts, *, target: float = 0.5) -> PosteriorCoins:
    """Fifty equally likely values of a model's share of ones, stacked where they coincide.

    Args:
        counts: Ones and valid draws of the model, or of each order it was asked in: each then has half of the
            coins. Of dependent draws as many as count.
        target: Probability that the prompt asks for.
    """
    return _coins(counts, target)


@lru_cache(maxsize=4096)
def _coins(counts: ArmCounts, target: float) -> PosteriorCoins:
    each = [share_quantiles(k, n, levels=COINS // len(counts)).tolist() for k, n in counts]
    shares = [share for shares in each for share in shares]
    stacks: dict[int, int] = {}
    places = []
    for share in shares:
        column = round(100 * share / _WIDTH)
        level = stacks.get(column, 0)
        stacks[column] = level + 1
        side = "fair" if abs(share - target) <= FAIR_MARGIN else "heads" if share > target else "tails"
        places.append((side, column, level))
    tallest = max(stacks.values())
    step = min(1.0, _TALLEST_EM / tallest)
    return PosteriorCoins(
        coins=tuple(
            (side, round(min(100.0, column * _WIDTH), 2), round(-0.5 - level * step, 2))
            for side, column, level in places
        ),
        n_near=sum(side == "fair" for side, _, _ in places),
        low=round(100 * max(0.0, target - FAIR_MARGIN), 2),
        high=round(100 * min(1.0, target + FAIR_MARGIN), 2),
        height_em=round(0.5 + tallest * step, 2),
        radius_em=0.46,
    )
