"""Where the marks of small pictures stand: a running mean, the draws as a strip, an interval in a row.

Templates draw them, `parts/running_mean.svg.html` and `parts/strip.svg.html`; ten thousand take a second.
Coordinates are whole numbers, in tenths of a CSS pixel for the two pictures.

What of a model's small pictures is its own, for the script that makes them interactive.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, bdtrik

from flipsite.domain.draws import Codes
from flipsite.domain.trajectory import Trajectory

MOST_POINTS: Final = 400
"""A picture of more draws shows so many of them, evenly taken, and says so."""

COLUMNS: Final = 50
"""Draws in a row of the strip."""

_LEFT, _RIGHT, _TOP, _BOTTOM = 330, 3470, 120, 1720
_SIGN = 75
_STRIP_LEFT, _CELL, _ROW, _STEM, _DASH = 580, 66, 270, 95, 34


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """Every draw as a mark, in rows to be read like lines: ones stand up, zeros hang down, a dash is neither.

    Attributes:
        heads, tails, missing: Paths of the ones, the zeros, and the draws without an outcome.
        rows: For each row its height and the number of its first draw.
        height: Of the picture.
        stride: Every `stride`-th draw is shown.
        margin: Room at the left for numbers of more than six signs; negative for fewer.
    """

    n_ones: int
    n_zeros: int
    n_missing: int
    heads: str
    tails: str
    missing: str
    rows: tuple[tuple[int, int], ...]
    height: int
    stride: int
    margin: int = 0
    left: int = _STRIP_LEFT


class Bar(NamedTuple):
    """An interval and its middle, as places along a bar."""

    low: int
    middle: int
    high: int


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
    told = at > 0
    if not told.any():
        return None
    frame = _framed(at[told], *chance_envelope(at[told], target=target), target=target)
    return _running_mean(trajectory.counts.ones[first[told]], frame)


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


def strip(outcomes: Codes, numbers: NDArray[np.integer] | None = None) -> Strip:
    """A model's draws, valid or not, in their order.

    Args:
        outcomes: 1, 0, or -1 without an outcome.
        numbers: Of the draws; from 0 if not given.
    """
    stride = max(1, -(-len(outcomes) // MOST_POINTS))
    n_ones, n_valid = int(np.count_nonzero(outcomes == 1)), int(np.count_nonzero(outcomes >= 0))
    counts = (n_ones, n_valid - n_ones, len(outcomes) - n_valid)
    numbers = np.arange(len(outcomes)) if numbers is None else numbers
    return _strip(outcomes[::stride], stride, counts, numbers=numbers[::stride])


def strip_of(trajectory: Trajectory) -> Strip:
    """A model's draws as far as its trajectory shows them."""
    counts = trajectory.counts
    asked, valid, ones = (int(each[-1]) for each in (trajectory.asked, counts.valid, counts.ones))
    numbers = np.arange(len(trajectory.shown)) * trajectory.stride
    return _strip(trajectory.shown, trajectory.stride, (ones, valid - ones, asked - valid), numbers=numbers)


def _strip(shown: Codes, stride: int, counts: tuple[int, int, int], *, numbers: NDArray[np.integer]) -> Strip:
    up, down, flat = _marks()
    firsts = numbers[::COLUMNS].tolist() or [0]
    return Strip(
        n_ones=counts[0],
        n_zeros=counts[1],
        n_missing=counts[2],
        heads="".join(compress(up, (shown == 1).tolist())),
        tails="".join(compress(down, (shown == 0).tolist())),
        missing="".join(compress(flat, (shown < 0).tolist())),
        rows=tuple((_middle(row), first) for row, first in enumerate(firsts)),
        height=len(firsts) * _ROW,
        stride=stride,
        margin=_SIGN * (max(len(f"{first:,}") for first in firsts) - 6),
    )


def row_bar(low: float, middle: float, high: float, *, top: float = 1.0, width: int = 200) -> Bar:
    """An interval of shares as places from 0 to `width`, the share `top` being at the end."""
    scale = width / top
    return Bar(round(low * scale), round(middle * scale), round(high * scale))


def drawn_points(n_valid: int) -> NDArray[np.int64]:
    """Which draws, from 1, a picture of so many shows: all, or MOST_POINTS with the first and the last."""
    if n_valid <= MOST_POINTS:
        return np.arange(1, n_valid + 1)
    return np.linspace(1, n_valid, MOST_POINTS).round().astype(np.int64)


def chance_envelope(
    n_valid: NDArray[np.int64], *, target: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Between which shares a coin at the target lies with 95 % probability after so many draws, exactly.

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
    """The drawn points of a picture of so many draws, and between which shares chance keeps a coin there."""
    at = drawn_points(n_valid)
    return at, *chance_envelope(at, target=target)


class _Frame(NamedTuple):
    """Where points and target of a running mean stand, and what chance allows: last of all, and as a path."""

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


@lru_cache(maxsize=1)
def _marks() -> tuple[list[str], list[str], list[str]]:
    places = [(_STRIP_LEFT + _CELL * (i % COLUMNS), _middle(i // COLUMNS)) for i in range(MOST_POINTS)]
    return (
        [f"M{x} {y}v-{_STEM}" for x, y in places],
        [f"M{x} {y}v{_STEM}" for x, y in places],
        [f"M{x - _DASH // 2} {y}h{_DASH}" for x, y in places],
    )


def _middle(row: int) -> int:
    return row * _ROW + _ROW // 2


def _heights(shares: NDArray[np.float64]) -> list[int]:
    heights: list[int] = np.rint(_BOTTOM - shares * (_BOTTOM - _TOP)).astype(int).tolist()
    return heights


def _path(across: Sequence[int], heights: Sequence[int]) -> str:
    return "M" + "L".join([f"{x} {y}" for x, y in zip(across, heights, strict=True)])


_SIGNS = bytes.maketrans(b"\x00\x01\xff", b"01-")


@dataclass(frozen=True, slots=True, kw_only=True)
class SparklineSpec:
    """A small picture's data, and which specification draws them.

    Attributes:
        kind: Of picture.
        drawn: A sign a draw that is shown: `1`, `0`, or `-` for one that names neither.
        stride: Every `stride`-th draw is shown.
        numbers: The numbers of the draws, of a strip; empty where they go up from 0 by the stride.
        ones: How many ones there are up to each point; empty where the signs tell.
        n_valid: Valid draws, of a running mean.
        target: Probability of a one that was asked for, of a running mean.
    """

    kind: Literal["running-mean", "strip"]
    drawn: str
    stride: int = 1
    numbers: str = ""
    ones: str = ""
    n_valid: int = 0
    target: float = 0.5

    @property
    def name(self) -> str:
        """The name of the shared specification."""
        return "model-strip" if self.kind == "strip" else f"model-running-mean-{self.target:g}-{self.n_valid}"

    @property
    def path(self) -> str:
        """Where it stands."""
        return f"data/charts/{self.name}.js"


def running_mean_twin(outcomes: Codes, *, target: float) -> SparklineSpec | None:
    """Of a model's draws in their order, 1, 0, or -1 without an outcome; None without a valid one."""
    valid = outcomes[outcomes >= 0]
    if not len(valid):
        return None
    if len(valid) <= MOST_POINTS:
        return SparklineSpec(kind="running-mean", drawn=_signs(valid), n_valid=len(valid), target=target)
    counts = np.cumsum(valid, dtype=np.int64)[drawn_points(len(valid)) - 1]
    ones = " ".join(map(str, counts.tolist()))
    return SparklineSpec(kind="running-mean", drawn="", ones=ones, n_valid=len(valid), target=target)


def strip_twin(outcomes: Codes, numbers: NDArray[np.integer] | None = None) -> SparklineSpec:
    """Of a model's draws in their order, valid or not; arguments as of `strip`."""
    stride = max(1, -(-len(outcomes) // MOST_POINTS))
    from_zero = numbers is None or np.array_equal(numbers, np.arange(len(outcomes)))
    return SparklineSpec(
        kind="strip",
        drawn=_signs(outcomes[::stride]),
        stride=stride,
        numbers="" if numbers is None or from_zero else " ".join(map(str, numbers[::stride].tolist())),
    )


def strip_of_twin(trajectory: Trajectory) -> SparklineSpec:
    """Of a model's draws as far as its trajectory shows them."""
    return SparklineSpec(kind="strip", drawn=_signs(trajectory.shown), stride=trajectory.stride)


def _signs(outcomes: Codes) -> str:
    return outcomes.astype(np.int8).tobytes().translate(_SIGNS).decode("ascii")
