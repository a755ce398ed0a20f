"""How the shares of a model's two orders may be linked: independent, equal, or reflected about the target.

A model that leans to a label has one share in both orders. One that follows the order has shares on either
side of the target. A prior under which the two are always independent puts too little weight on both being
near the target, and its intervals of such models are too high.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from flipsite.special import xlog1py, xlogy

Floats = NDArray[np.float64]

_CELLS = ((25_000, 1_024), (400_000, 4_096))
"""Draws of a model, and cells of θ = arcsin √p half as wide as the standard deviation of its posterior."""

_BLOCK = 64
"""Models whose likelihoods are worked out at once."""

_STEPS = 3
"""Parts that the chances of the three links are multiples of."""


def cells_for(n_draws: float) -> int:
    """How many cells of θ models of at most so many draws want."""
    return next((cells for most, cells in _CELLS if n_draws <= most), _CELLS[-1][1])


def middles(n_cells: int) -> Floats:
    """The share p in the middle of each cell of θ."""
    return np.asarray(np.sin((np.arange(n_cells) + 0.5) / n_cells * np.pi / 2) ** 2)


def likelihood(counts: Floats, shares: Floats) -> Floats:
    """Likelihood of each share for each pair of counts (ones, valid), over that of the best share."""
    return np.asarray(np.exp(_log_likelihood(counts, shares)))


def _log_likelihood(counts: Floats, shares: Floats) -> Floats:
    ones, zeros = counts[:, 0], counts[:, 1] - counts[:, 0]
    best = counts[:, 0] / np.maximum(counts[:, 1], 1e-300)
    highest = xlogy(ones, best) + xlog1py(zeros, -best)
    powers = np.stack([ones, zeros], axis=1)
    return np.asarray(powers @ np.log([shares, 1 - shares]) - highest[:, None])


@dataclass(frozen=True, slots=True, kw_only=True)
class OneShare:
    """Orders of a model whose shares follow from one p, whose prior is on the cells of θ.

    Attributes:
        counts: Ones and valid draws of every model, an array for each order.
        shares: Share of ones in each cell of θ, an array for each order.
    """

    counts: tuple[Floats, ...]
    shares: tuple[Floats, ...]

    def likelihoods(self) -> Iterator[Floats]:
        """The likelihood of each cell of θ, a row a model, in blocks."""
        for start in range(0, len(self.counts[0]), _BLOCK):
            orders = zip(self.counts, self.shares, strict=True)
            yield np.exp(sum(_log_likelihood(counts[start : start + _BLOCK], p) for counts, p in orders))

    def distance(self, target: float, *, n_orders: int) -> Floats:
        """The mean distance from the target, in each cell, over the first `n_orders` orders."""
        return np.asarray(np.mean([abs(shares - target) for shares in self.shares[:n_orders]], axis=0))


Link = tuple[OneShare, ...]
"""The independent shares of a model: one for each order, or one for both."""


def order_links(arms: Sequence[Floats], *, target: float, n_cells: int) -> tuple[Link, ...]:
    """The links that the counts allow: one for models asked in one order, three where some were in two.

    Args:
        arms: Ones and valid draws of every model, an array for each order.
        target: Probability that the prompt asks for, strictly between 0 and 1. A reflected share has the
            inverse odds relative to it: 1 − p for a target of one half.
        n_cells: Of θ.
    """
    p = middles(n_cells)
    alone = tuple(OneShare(counts=(arm,), shares=(p,)) for arm in arms)
    if len(arms) == 1:
        return (alone,)
    same = OneShare(counts=tuple(arms), shares=(p, p))
    odds = (target / (1 - target)) ** 2 * (1 - p) / p
    return alone, (same,), (OneShare(counts=tuple(arms), shares=(p, odds / (1 + odds))),)


def link_chances(n_links: int) -> Floats:
    """Chances of the links that take part, a row each that sums to 1."""
    parts = product(range(_STEPS + 1), repeat=n_links)
    return np.array([each for each in parts if sum(each) == _STEPS], np.float64) / _STEPS
