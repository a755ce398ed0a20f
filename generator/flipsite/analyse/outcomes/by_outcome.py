"""Each outcome of one model, and what its place in the prompt does to it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from flipsite.analyse.binomial import benjamini_hochberg, binomial_test, jeffreys
from flipsite.analyse.outcomes.multinomial import Counts, pearson_tests


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeEstimate:
    """One outcome of one model: a row of `counts.csv`.

    Attributes:
        label: As the study lists it.
        target: The share that the prompt asks for.
        count: Valid draws that named it.
        share: Of the valid draws; None without one, and so are the rest.
        low: Low end of the 95 % Jeffreys interval of the share.
        high: High end of it.
        p_value: Exact two-sided binomial test of the target.
        q_value: Benjamini-Hochberg over the outcomes of the model.
    """

    label: str
    target: float
    count: int
    share: float | None
    low: float | None
    high: float | None
    p_value: float | None
    q_value: float | None


def outcome_estimates(
    counts: Sequence[int], *, labels: Sequence[str], shares: Sequence[float]
) -> tuple[OutcomeEstimate, ...]:
    """Estimate the share of each outcome of one model, in the order of the labels."""
    n_valid = sum(counts)
    low, high = jeffreys(counts, n_valid)
    p = [float(binomial_test(c, n_valid, target=target)) for c, target in zip(counts, shares, strict=True)]
    q = benjamini_hochberg(p)

    def known(value: float) -> float | None:
        return value if n_valid else None

    return tuple(
        OutcomeEstimate(
            label=label,
            target=shares[j],
            count=counts[j],
            share=counts[j] / n_valid if n_valid else None,
            low=known(float(low[j])),
            high=known(float(high[j])),
            p_value=known(p[j]),
            q_value=known(float(q[j])),
        )
        for j, label in enumerate(labels)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceEffect:
    """What the place of a label in the prompt does, where the list of labels starts at another one each draw.

    Attributes:
        places: How often the label at each place was drawn, the first-named first.
        first: Share of draws that named the first; 1/k on average where the place does nothing.
        first_p: Exact two-sided p-value of it.
        last: Share that named the last.
        last_p: Its p-value.
        p_value: Of all places together, in Pearson's order.
    """

    places: tuple[int, ...]
    first: float
    first_p: float
    last: float
    last_p: float
    p_value: float


def place_effect(outcomes: ArrayLike, orders: ArrayLike, *, n_outcomes: int) -> PlaceEffect | None:
    """Test whether draws follow the place of a label rather than the label; None without a draw to tell by.

    Where the label named first is as often each of the k and a draw does not depend on the order, every place
    is drawn with probability 1/k, whatever the shares of the labels are.

    Args:
        outcomes: Of one model; −1 without one.
        orders: Index of the label named first; −1 where it is unknown.
        n_outcomes: k.
    """
    drawn, first = np.asarray(outcomes, np.int64), np.asarray(orders, np.int64)
    known = (drawn >= 0) & (first >= 0)
    if not known.any():
        return None
    places = np.bincount((drawn[known] - first[known]) % n_outcomes, minlength=n_outcomes)
    n, even = int(known.sum()), 1 / n_outcomes
    (test,) = pearson_tests(places[None], (even,) * n_outcomes)
    return PlaceEffect(
        places=tuple(places.tolist()),
        first=float(places[0] / n),
        first_p=float(binomial_test(places[0], n, target=even)),
        last=float(places[-1] / n),
        last_p=float(binomial_test(places[-1], n, target=even)),
        p_value=test.p_value if test else 1.0,
    )


def missing_bounds(counts: ArrayLike, n_missing: int, shares: Sequence[float]) -> tuple[float, float]:
    """Least and largest total variation that any outcomes of the missing answers would give.

    Args:
        counts: Of one model, shape (k,).
        n_missing: Draws without an outcome.
        shares: The target π.
    """
    counted: Counts = np.asarray(counts, np.int64)
    target = np.asarray(shares)
    n = int(counted.sum()) + n_missing
    if not n:
        return 0.0, 1.0
    lack = n * target - counted  # where positive, missing answers can fill it
    over = float(np.maximum(-lack, 0.0).sum())
    least = over / n + _left_over(lack, n_missing) / n
    spent = counted.astype(np.float64)
    largest = max(
        0.5 * float(np.abs((spent + n_missing * (np.arange(len(counted)) == j)) / n - target).sum())
        for j in range(len(counted))
    )
    return least, largest


def _left_over(lack: ArrayLike, n_missing: int) -> float:
    """What whole answers cannot fill: total variation in draws, beyond the outcomes already in excess."""
    gaps = np.maximum(np.asarray(lack, np.float64), 0.0)
    whole = np.floor(gaps)
    if n_missing <= whole.sum():
        return 0.0
    rest = int(n_missing - whole.sum())
    parts = np.sort(gaps - whole)[::-1][:rest]
    return float((1 - parts).sum()) if len(parts) else 0.0


def rank_bounds(bias: ArrayLike, half_widths: ArrayLike) -> list[tuple[int, int]]:
    """Rank intervals from intervals of the bias: models whose intervals do not overlap are in order.

    Args:
        bias: Estimated bias by model.
        half_widths: Half the width of its interval, at a level at which all intervals hold together.

    Source:
        Klein, Wright & Wieczorek (2020), J. R. Statist. Soc. A 183, 589-606, theorem 1.
    """
    value, half = np.asarray(bias, np.float64), np.asarray(half_widths, np.float64)
    low, high = np.maximum(value - half, 0.0), np.minimum(value + half, 1.0)
    below = np.searchsorted(np.sort(high), low, side="left")
    above = len(value) - np.searchsorted(np.sort(low), high, side="right")
    return [(int(1 + b), int(len(value) - a)) for b, a in zip(below, above, strict=True)]
