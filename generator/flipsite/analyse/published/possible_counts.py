"""Counts from printed figures: all that print as a bias with a number of decimal places.

A printed bias is |k/n − target|, rounded. Only some pairs of n draws and k ones print as a given figure, and
sometimes only one does: of 40 to 55 draws, 0.032 can only be 22 or 25 ones in 47. The idea is the GRIM
test's.

Source:
    Brown & Heathers (2017), Social Psychological and Personality Science 8, 363-369.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from flipsite.analyse.binomial import binomial_test
from flipsite.domain.estimates import Printed, PrintedBias


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedFit:
    """One way to draw a printed bias.

    Attributes:
        n_valid: Valid draws, n.
        half_excess: How many ones more or fewer than expected: |k − n · target|, a multiple of a half for a
            fair target.
        ones: Each k that does it: one above the target, one below, or the one at it.
    """

    n_valid: int
    half_excess: float
    ones: tuple[int, ...]


def fits(row: PrintedBias, printed: Printed, *, target: float = 0.5) -> tuple[PrintedFit, ...]:
    """Every count of draws, and every distance from the target, that prints as the figure of this row.

    A figure exactly between two printed values may have been rounded either way: both are admitted. Exact
    arithmetic.

    Args:
        row: The printed figure, with the decimal places of its table ("0.0" may stand in a table of three).
        printed: Says how many valid draws a model may have had.
        target: Probability of a one that the prompt asked for.

    Returns:
        The fits by draws, then distance; empty where no count can print as the figure.
    """
    share = Fraction(str(target))
    figure, slack = Fraction(row.figure), Fraction(1, 2 * 10**row.decimals)
    found: dict[tuple[int, Fraction], list[int]] = {}
    for n in range(printed.draws_low, printed.draws_high + 1):
        for side in (-1, 1):
            nearest, farthest = sorted(
                (n * (share + side * (figure - slack)), n * (share + side * (figure + slack)))
            )
            for k in range(max(0, _ceil(nearest)), min(n, _floor(farthest)) + 1):
                ones = found.setdefault((n, abs(k - n * share)), [])
                if k not in ones:
                    ones.append(k)
    return tuple(
        PrintedFit(n_valid=n, half_excess=float(excess), ones=tuple(sorted(ones)))
        for (n, excess), ones in sorted(found.items())
    )


def known_draws(ways: Sequence[PrintedFit]) -> int | None:
    """The number of valid draws, where one pair alone fits."""
    return ways[0].n_valid if len(ways) == 1 else None


def cautious_p_value(ways: Sequence[PrintedFit], *, target: float = 0.5) -> float | None:
    """The largest exact two-sided p-value among the fits; None without any. It needs no sign."""
    counts = [(k, way.n_valid) for way in ways for k in way.ones]
    if not counts:
        return None
    ones, valid = np.array(counts).T
    return float(binomial_test(ones, valid, target=target).max())


def between_tables(printed: Printed, grid: Sequence[tuple[int, int]], *, target: float) -> NDArray[np.bool_]:
    """Which counts (ones, valid) a model may have had that is in neither table.

    Their bias lies from the largest figure of the table of the least biased to the smallest of the other.
    """
    share = Fraction(str(target))
    low, high = Fraction(0), Fraction(1)
    for row in printed.rows:
        smallest, largest = _rounded_range(row)
        if row.table == "least":
            low = max(low, smallest)
        else:
            high = min(high, largest)
    return np.array([low <= abs(Fraction(k, n) - share) <= high for k, n in grid])


def printed_counts(printed: Printed, *, target: float) -> tuple[tuple[int, int], ...]:
    """Every count (ones, valid) with which a model would be in one of the tables, ties included.

    Empty where the tables hold every model: nothing was selected then.
    """
    if printed.n_models <= len(printed.rows):
        return ()
    share = Fraction(str(target))
    least = [_rounded_range(row)[1] for row in printed.rows if row.table == "least"]
    most = [_rounded_range(row)[0] for row in printed.rows if row.table == "most"]
    low, high = max(least, default=Fraction(-1)), min(most, default=Fraction(2))
    return tuple(
        (k, n)
        for n in range(printed.draws_low, printed.draws_high + 1)
        for k in range(n + 1)
        if not low < abs(Fraction(k, n) - share) < high
    )


def _rounded_range(row: PrintedBias) -> tuple[Fraction, Fraction]:
    """The smallest and the largest bias that print as the figure of a row."""
    slack = Fraction(1, 2 * 10**row.decimals)
    return Fraction(row.figure) - slack, Fraction(row.figure) + slack


def _ceil(value: Fraction) -> int:
    return -(-value.numerator // value.denominator)


def _floor(value: Fraction) -> int:
    return value.numerator // value.denominator
