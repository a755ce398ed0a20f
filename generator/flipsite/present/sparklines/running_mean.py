"""The running mean of a model's draws as a small picture, inside what chance allows.

`templates/parts/running_mean.svg.html` draws it; ten thousand take a second. Coordinates are whole numbers,
in tenths of a CSS pixel.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flipsite.domain.draws import Codes
from flipsite.domain.trajectory import Trajectory
from flipsite.special import bdtr, bdtrik

MOST_POINTS: Final = 400
"""A picture of more draws shows this many of them, evenly spaced, and says so."""

_LEFT, _RIGHT, _TOP, _BOTTOM = 330, 3470, 120, 1720


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningMean:
    """The share of ones after each valid draw, inside what a coin at the target would do.

    Attributes:
        n_valid: Valid draws.
        n_points: Of them drawn, at most MOST_POINTS.
        mean: The share of ones after the last.
        inside: Whether it ends inside the envelope.
        line, band: Paths.
        x, y: Where the line ends.
        top, target, bottom: Heights of the shares 1, the target, and 0.
        left, right: Where the draws begin and end.
    """

    n_valid: int
    n_points: int
    mean: float
    inside: bool
    line: str
    band: str
    x: int
    y: int
    target: int
    top: int = _TOP
    bottom: int = _BOTTOM
    left: int = _LEFT
    right: int = _RIGHT


def running_mean(outcomes: Codes, *, target: float = 0.5) -> RunningMean | None:
    """The running mean of a model's draws in their order; None without a valid one.

    Args:
        outcomes: 1, 0, or -1 without an outcome.
        target: Probability of a one that was asked for.
    """
    valid = outcomes[outcomes >= 0]
    if not len(valid):
        return None
    frame = _frame(len(valid), target)
    return _running_mean(np.cumsum(valid, dtype=np.int64)[frame.at - 1], frame)


def running_mean_of(trajectory: Trajectory, *, target: float = 0.5) -> RunningMean | None:
    """The running mean at the looks of a trajectory; None where there was no valid draw."""
    at, first = np.unique(trajectory.counts.valid, return_index=True)
    valid = at > 0
    if not valid.any():
        return None
    frame = _framed(at[valid], *chance_envelope(at[valid], target=target), target=target)
    return _running_mean(trajectory.counts.ones[first[valid]], frame)


def _running_mean(ones: NDArray[np.int64], frame: "_Frame") -> RunningMean:
    shares = ones / frame.at
    heights = _heights(shares)
    return RunningMean(
        n_valid=int(frame.at[-1]),
        n_points=len(frame.at),
        mean=float(shares[-1]),
        inside=bool(frame.low <= shares[-1] <= frame.high),
        line=_path(frame.across, heights),
        band=frame.band,
        x=frame.across[-1],
        y=heights[-1],
        target=frame.target,
    )


def drawn_points(n_valid: int) -> NDArray[np.int64]:
    """The draws, from 1, that a picture shows: all, or MOST_POINTS with the first and the last."""
    if n_valid <= MOST_POINTS:
        return np.arange(1, n_valid + 1)
    return np.linspace(1, n_valid, MOST_POINTS).round().astype(np.int64)


def chance_envelope(
    n_valid: NDArray[np.int64], *, target: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The shares between which a coin at the target lies after `n_valid` draws with 95 % probability, exact.

    Each end is a quantile of the binomial distribution, the smallest count k with P(X ≤ k) ≥ 0.025 or 0.975,
    so that at each single draw the coin is between them in at least 95 % of all tries.
    """
    return _quantile(0.025, n_valid, target) / n_valid, _quantile(0.975, n_valid, target) / n_valid


def _quantile(level: float, n_valid: NDArray[np.int64], p: float) -> NDArray[np.float64]:
    if p in (0, 1):  # a certain coin, for which scipy's inverse is not defined
        return np.asarray(n_valid * p, np.float64)
    near = np.ceil(bdtrik(level, n_valid, p))
    below = np.maximum(near - 1, 0)
    return np.where(bdtr(below, n_valid, p) >= level, below, near)


@lru_cache(maxsize=256)
def envelope(
    n_valid: int, target: float
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """The drawn points of a picture of `n_valid` draws, and the ends of the envelope there."""
    at = drawn_points(n_valid)
    return at, *chance_envelope(at, target=target)


class _Frame(NamedTuple):
    """The places of a running mean's points and target, and the envelope: its last values, and its path."""

    at: NDArray[np.int64]
    across: list[int]
    band: str
    low: float
    high: float
    target: int


@lru_cache(maxsize=256)
def _frame(n_valid: int, target: float) -> _Frame:
    """The scales that models with equally many draws share."""
    return _framed(*envelope(n_valid, target), target=target)


def _framed(
    at: NDArray[np.int64], low: NDArray[np.float64], high: NDArray[np.float64], *, target: float
) -> _Frame:
    step = (_RIGHT - _LEFT) / max(1, int(at[-1]) - 1)
    across = (_LEFT + (at - 1) * step).round().astype(int).tolist()
    upper, lower = _path(across, _heights(high)), _path(across[::-1], _heights(low)[::-1])
    height = _heights(np.array([target]))[0]
    return _Frame(at, across, f"{upper}L{lower[1:]}Z", float(low[-1]), float(high[-1]), height)


def _heights(shares: NDArray[np.float64]) -> list[int]:
    heights: list[int] = np.rint(_BOTTOM - shares * (_BOTTOM - _TOP)).astype(int).tolist()
    return heights


def _path(across: Sequence[int], heights: Sequence[int]) -> str:
    return "M" + "L".join([f"{x} {y}" for x, y in zip(across, heights, strict=True)])
