"""The draws of a model as a strip of marks, a small picture to be read like lines.

`templates/parts/strip.svg.html` draws it. Coordinates are whole numbers, in tenths of a CSS pixel.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from typing import Final

import numpy as np
from numpy.typing import NDArray

from flipsite.domain.draws import Codes
from flipsite.domain.trajectory import Trajectory
from flipsite.present.sparklines.running_mean import MOST_POINTS

COLUMNS: Final = 50
"""Draws in a row of the strip."""

_SIGN = 75
_LEFT, _CELL, _ROW, _STEM, _DASH = 580, 66, 270, 95, 34


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
    left: int = _LEFT


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


@lru_cache(maxsize=1)
def _marks() -> tuple[list[str], list[str], list[str]]:
    places = [(_LEFT + _CELL * (i % COLUMNS), _middle(i // COLUMNS)) for i in range(MOST_POINTS)]
    return (
        [f"M{x} {y}v-{_STEM}" for x, y in places],
        [f"M{x} {y}v{_STEM}" for x, y in places],
        [f"M{x - _DASH // 2} {y}h{_DASH}" for x, y in places],
    )


def _middle(row: int) -> int:
    return row * _ROW + _ROW // 2
