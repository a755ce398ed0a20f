"""What is known of a model's share of ones, as fifty coins: each a chance of 2 in 100 for where it lies.

Fifty coins can be counted, which a curve cannot (a quantile dot plot: Kay, Kola, Hullman & Munson (2016),
Proceedings of CHI, 5092-5103). Positions are per cent of the width, heights in em.
"""

from dataclasses import dataclass
from functools import lru_cache

from flipsite.analyse.binomial import FAIR_MARGIN
from flipsite.analyse.posterior import share_quantiles

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


def posterior_coins(n_ones: int, n_valid: int, *, target: float = 0.5) -> PosteriorCoins:
    """Fifty equally likely values of a model's share of ones, stacked where they coincide."""
    return _coins(n_ones, n_valid, target)


@lru_cache(maxsize=4096)
def _coins(n_ones: int, n_valid: int, target: float) -> PosteriorCoins:
    shares = share_quantiles(n_ones, n_valid, levels=COINS).tolist()
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
