"""Biased coins: does the drawn share follow the share that was asked for?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flipsite.analyse.estimate import TAIL, jeffreys

Floats = NDArray[np.float64]

N_DRAWS = 20_000
"""Posterior draws of the shares behind the interval of the step-likeness."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One target of a family of studies, and what a model drew.

    Attributes:
        target: Share of ones that was asked for.
        n_ones: Ones drawn.
        n_valid: Valid draws.
        share: Ones among the valid draws.
        low: Low end of the share's 95 % Jeffreys interval.
        high: High end of the same.
    """

    target: float
    n_ones: int
    n_valid: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """One model's curve of drawn against asked shares.

    Attributes:
        model: The model.
        points: By target, ascending; at least two.
        step_likeness: S; 0 follows the diagonal, 1 is a step at one half when the targets run from 0 to 1.
        step_low: 2.5 % quantile of S under the posterior of the shares, S itself at most.
        step_high: 97.5 % quantile of the same, S itself at least.
    """

    model: str
    points: tuple[Point, ...]
    step_likeness: float
    step_low: float
    step_high: float


def calibration(model: str, counts: Sequence[tuple[float, int, int]], *, seed: int = 0) -> Calibration | None:
    """The calibration curve of one model over studies that differ only in their target.

    Chance alone lifts S, for it adds up absolute distances: its interval is that of noisy draws about noisy
    shares, and does not reach 0.

    Args:
        model: The model.
        counts: Target, ones and valid draws of each study; those without valid draws are passed over, and
            those of one target are added up.
        seed: Of the posterior draws.

    Returns:
        None where fewer than two targets were drawn.
    """
    totals: dict[float, tuple[int, int]] = {}
    for target, ones, valid in counts:
        if valid:
            before = totals.get(target, (0, 0))
            totals[target] = (before[0] + ones, before[1] + valid)
    if len(totals) < 2:
        return None
    targets = np.array(sorted(totals))
    ones, valid = np.array([totals[target] for target in targets.tolist()]).T
    low, high = jeffreys(ones, valid)
    rng = np.random.default_rng(seed)
    drawn = step_likeness(targets, rng.beta(ones + 0.5, valid - ones + 0.5, size=(N_DRAWS, len(targets))))
    step_low, step_high = np.quantile(drawn, [TAIL, 1 - TAIL])
    seen = float(step_likeness(targets, ones / valid))
    return Calibration(
        model=model,
        points=tuple(
            Point(
                target=float(target),
                n_ones=int(ones[i]),
                n_valid=int(valid[i]),
                share=float(ones[i] / valid[i]),
                low=float(low[i]),
                high=float(high[i]),
            )
            for i, target in enumerate(targets)
        ),
        step_likeness=seen,
        # A share of 0 or 1 is the end of its own interval, and so of the curve's.
        step_low=min(seen, float(step_low)),
        step_high=max(seen, float(step_high)),
    )


def step_likeness(targets: ArrayLike, shares: ArrayLike) -> Floats:
    """Four times the area between the curve and the diagonal.

    S = 4 Σ (pᵢ₊₁ − pᵢ)(|rᵢ − pᵢ| + |rᵢ₊₁ − pᵢ₊₁|)/2

    Args:
        targets: Asked shares p, ascending.
        shares: Drawn shares r at each target, along the last axis.

    Source:
        Yang & Zhang (2025), "Failure to Mix".
    """
    asked = np.asarray(targets, np.float64)
    off = abs(np.asarray(shares, np.float64) - asked)
    return np.asarray(4 * np.sum(np.diff(asked) * (off[..., 1:] + off[..., :-1]) / 2, axis=-1))
