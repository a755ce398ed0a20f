"""A model's outcomes as a small picture: bars on the target line, or a grid where there are many.

Coordinates are in the picture's own units. A bar is ten wide; a grid's cell is one wide and one high.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, sqrt
from typing import Final

MOST_BARS: Final = 26
"""More outcomes than this are a grid."""

_HEIGHT = 100
_TALLEST = 3.0
"""Top of the bars, in multiples of the largest target; a taller bar is cut there."""

_DEGREES: Final = (0.5, 1.5, 2.5, 4.5)
"""Multiples of the target at which a grid's cells become darker."""

OPACITIES: Final = (0.15, 0.3, 0.55, 0.8, 1.0)
"""Of a cell drawn less than half as often as the target, …, of one drawn more than 4.5 times as often."""

_SUITS: Final = re.compile(r"\W*(?:of )?(spades?|hearts?|diamonds?|clubs?|[♠♥♦♣])\W*", re.IGNORECASE)
_SIGNS: Final = {"s": "♠", "h": "♥", "d": "♦", "c": "♣"}
_RANKS: Final = frozenset(["ace", "jack", "queen", "king", "ten", "a", "j", "q", "k", "t"])
_N_RANKS: Final = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallOutcomes:
    """One model's outcomes.

    Attributes:
        width: Of the picture.
        height: Of the picture.
        bars: Path of the bars; empty in a grid.
        target: Path of the target line; empty in a grid.
        cells: Of a grid, the path and the opacity of each degree that occurs.
    """

    width: int
    height: int
    bars: str = ""
    target: str = ""
    cells: tuple[tuple[float, str], ...] = ()

    @property
    def is_grid(self) -> bool:
        """Whether it is a grid."""
        return not self.target


def small_outcomes(
    counts: Sequence[int], shares: Sequence[float], labels: Sequence[str]
) -> SmallOutcomes | None:
    """The picture of one model's counts; None without a draw."""
    if not sum(counts):
        return None
    if len(counts) > MOST_BARS:
        return _grid(counts, shares, labels)
    return _bars(tuple(counts), tuple(shares))


@lru_cache(maxsize=4096)
def _bars(counts: tuple[int, ...], shares: tuple[float, ...]) -> SmallOutcomes:
    top, n = min(1.0, _TALLEST * max(shares)), sum(counts)
    tall = [round(_HEIGHT * min(1.0, count / n / top)) for count in counts]
    lines = [round(_HEIGHT * (1 - share / top)) for share in shares]
    bars = "".join(f"M{10 * j + 1} {_HEIGHT}v-{h}h8v{h}z" for j, h in enumerate(tall) if h)
    target = f"M0 {lines[0]}" + "".join(
        f"H{10 * j}V{line}" for j, line in enumerate(lines) if j and line != lines[j - 1]
    )
    width = 10 * len(counts)
    return SmallOutcomes(width=width, height=_HEIGHT, bars=bars, target=f"{target}H{width}")


def _grid(counts: Sequence[int], shares: Sequence[float], labels: Sequence[str]) -> SmallOutcomes:
    n, columns = sum(counts), grid_columns(labels)
    found: dict[int, list[str]] = {}
    for j, (count, share) in enumerate(zip(counts, shares, strict=True)):
        if count:
            row, column = divmod(j, columns)
            ratio = count / (n * share) if share else float("inf")
            degree = sum(ratio > edge for edge in _DEGREES)
            found.setdefault(degree, []).append(f"M{column} {row}.5h1")
    return SmallOutcomes(
        width=columns,
        height=ceil(len(counts) / columns),
        cells=tuple((OPACITIES[degree], "".join(found[degree])) for degree in sorted(found)),
    )


@lru_cache(maxsize=64)
def _columns(labels: tuple[str, ...]) -> int:
    if len(labels) == 4 * _N_RANKS and _by_suit(labels):
        return _N_RANKS
    return 10 if len(labels) % 10 == 0 and len(labels) <= 200 else ceil(sqrt(len(labels)))


def grid_columns(labels: Sequence[str]) -> int:
    """Columns of a grid: thirteen ranks of cards that are listed by suit, ten of a hundred, else a square."""
    return _columns(tuple(labels))


def grid_axes(labels: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of a grid's rows and of its columns: suits and ranks of cards, else the first label of each row.

    Returns:
        Rows and columns; no columns where these have nothing in common.
    """
    columns = grid_columns(labels)
    starts = [short_label(label) for label in labels[::columns]]
    if columns != _N_RANKS or not _by_suit(labels):
        return tuple(starts), ()
    return tuple(start[-1] for start in starts), tuple(short_label(label)[:-1] for label in labels[:columns])


def short_label(label: str, *, most: int = 4) -> str:
    """A label in so many letters: a card as `10♥`, else its beginning."""
    if found := _SUITS.search(label):
        rank = (label[: found.start()] + label[found.end() :]).strip()
        if rank.isdecimal() or rank.casefold() in _RANKS:
            suit = found[1][0].casefold()
            return f"{rank if rank.isdecimal() else rank[0].upper()}{_SIGNS.get(suit, found[1])}"
    return label if len(label) <= most else f"{label[: most - 1]}…"


def _by_suit(labels: Sequence[str]) -> bool:
    """Whether each thirteen labels in a row name one suit."""
    suits = [found[1][0].casefold() if (found := _SUITS.search(label)) else "" for label in labels]
    rows = [set(suits[start : start + _N_RANKS]) for start in range(0, 4 * _N_RANKS, _N_RANKS)]
    return all(len(row) == 1 and "" not in row for row in rows) and len(set.union(*rows)) == 4
