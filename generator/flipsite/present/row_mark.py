"""The picture in a table's row: the band of what chance allows, the interval, and where the model lies.

Positions are per cent of the picture's width, so that it needs no script and fits any column. A study with
draws is drawn on the share of ones from 0 to 1; a published one, whose biases have no sign, on the bias.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from flipsite.analyse.binomial import chance_within, jeffreys
from flipsite.analyse.published import Fit
from flipsite.domain.estimates import Estimate, Printed

CHANCE = 0.95
"""How often a coin at the target lands within the band."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowMark:
    """Where things lie, in per cent of the width; the interval's ends are also told in their own unit.

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
    reach = chance_reach(estimate.valid, target)
    return RowMark(
        band_low=_percent(max(0.0, target - reach)),
        band_high=_percent(min(1.0, target + reach)),
        low=_percent(estimate.mean_low),
        high=_percent(estimate.mean_high),
        at=_percent(estimate.mean),
        low_value=estimate.mean_low,
        high_value=estimate.mean_high,
    )


def printed_mark(
    estimate: Estimate, fits: Sequence[Fit], printed: Printed, *, target: float
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
def _bias_interval(counts: tuple[tuple[int, int], ...], target: float) -> tuple[float, float]:
    """The hull of the folded Jeffreys intervals of these (ones, valid)."""
    ones, valid = zip(*counts, strict=True)
    lows, highs = jeffreys(ones, valid)
    nearest = min(max(0.0, low - target, target - high) for low, high in zip(lows, highs, strict=True))
    farthest = max(max(target - low, high - target) for low, high in zip(lows, highs, strict=True))
    return float(nearest), float(farthest)


def _percent(share: float) -> float:
    return round(100 * share, 1)
