"""Each outcome of one model, and what its place in the prompt does to it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flipsite.analyse.binomial import binomial_test, jeffreys
from flipsite.analyse.dependence.overdispersion import widened_p_value
from flipsite.analyse.outcomes.multinomial import Counts, pearson_tests, total_variation
from flipsite.analyse.p_values import benjamini_hochberg, upper_tail
from flipsite.domain.counts import PromptArm


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
    counts: Sequence[int], *, labels: Sequence[str], shares: Sequence[float], design_effect: float = 1.0
) -> tuple[OutcomeEstimate, ...]:
    """Estimate the share of each outcome of one model, in the order of the labels.

    Args:
        counts: By outcome.
        labels: Their names.
        shares: The target.
        design_effect: By how much dependent draws widen the variance of the shares.
    """
    n_valid = sum(counts)
    counted, target, p = np.asarray(counts), np.asarray(shares), np.ones(len(counts))
    low, high = jeffreys(counted / design_effect, n_valid / design_effect)
    for share in dict.fromkeys(shares):
        p[target == share] = widened_p_value(counted[target == share], n_valid, design_effect, target=share)
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
            p_value=known(float(p[j])),
            q_value=known(float(q[j])),
        )
        for j, label in enumerate(labels)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceEffect:
    """Draws by the place of the drawn label in the prompt, where the list starts at another label each draw.

    Attributes:
        places: How often the label at each place was drawn, the first-named first.
        bias: Total variation of their shares from an even use.
        first: Share of draws that named the first; 1/k on average where the place does nothing.
        first_p: Exact two-sided p-value of it.
        last: Share that named the last.
        last_p: Its p-value.
        p_value: Of all places together, in Pearson's order.
    """

    places: tuple[int, ...]
    bias: float
    first: float
    first_p: float
    last: float
    last_p: float
    p_value: float


def places_of(arms: Sequence[PromptArm], n_outcomes: int) -> tuple[int, ...]:
    """How often the label at each place of the prompt was drawn, the first-named first."""
    places = np.zeros(n_outcomes, np.int64)
    for arm in arms:
        places += np.roll(arm.counts, -arm.order)
    return tuple(places.tolist())


def place_effect(places: Sequence[Sequence[int]]) -> list[PlaceEffect | None]:
    """Test whether models follow the place of a label rather than the label; None without a draw.

    Where the label named first is as often each of the k and a draw does not depend on the order, every place
    is drawn with probability 1/k, whatever the shares of the labels are.

    Args:
        places: Of each model, how often the label at each place was drawn.
    """
    counted = np.asarray(places, np.int64)
    if not counted.size:
        return []
    k = counted.shape[1]
    even = (1 / k,) * k
    n, tests = counted.sum(axis=1), pearson_tests(counted, even)
    bias = total_variation(counted, even)
    first, last = (binomial_test(counted[:, j], n, target=1 / k) for j in (0, -1))
    return [
        None
        if test is None
        else PlaceEffect(
            places=tuple(counted[i].tolist()),
            bias=float(bias[i]),
            first=float(counted[i, 0] / n[i]),
            first_p=float(first[i]),
            last=float(counted[i, -1] / n[i]),
            last_p=float(last[i]),
            p_value=test.p_value,
        )
        for i, test in enumerate(tests)
    ]


N_SHUFFLES = 1_999
"""Random exchanges of outcomes behind the test of draws that share their labels."""


def label_agreement_p(arms: Sequence[PromptArm], *, seed: int = 0) -> float | None:
    """p-value of draws of the same labels that agree more often than chance; None with one set of labels.

    A model that likes one word of a list draws the same outcome whenever it is given that list. The statistic
    is the number of pairs of draws that share labels and outcome; outcomes are exchanged among all draws.

    Args:
        arms: Of one model, whose labels change.
        seed: Of N_SHUFFLES random exchanges.
    """
    sets = {labels: place for place, labels in enumerate(dict.fromkeys(arm.labels for arm in arms))}
    if len(sets) < 2:
        return None
    k = len(arms[0].counts)
    group = np.concatenate([np.repeat(sets[arm.labels], sum(arm.counts)) for arm in arms])
    outcome = np.concatenate([np.repeat(np.arange(k), arm.counts) for arm in arms])
    size = len(sets) * k

    def pairs(drawn: NDArray[np.int64]) -> int:
        counts = np.bincount(group * k + drawn, minlength=size)
        return int((counts * (counts - 1)).sum())

    rng, seen = np.random.default_rng(seed), pairs(outcome)
    return upper_tail(np.array([pairs(rng.permutation(outcome)) for _ in range(N_SHUFFLES)], float), seen)


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
    """Total variation in draws that whole answers cannot fill, beyond the outcomes already in excess."""
    gaps = np.maximum(np.asarray(lack, np.float64), 0.0)
    whole = np.floor(gaps)
    if n_missing <= whole.sum():
        return 0.0
    rest = int(n_missing - whole.sum())
    parts = np.sort(gaps - whole)[::-1][:rest]
    return float((1 - parts).sum()) if len(parts) else 0.0


def upper_margin(n_valid: int, *, alpha: float) -> float:
    """By how much the true total variation exceeds that of n draws, with a probability of at most `alpha`.

    Of all sets of outcomes, let A be the one that the truth favours most over the target. The draws' total
    variation is at least their excess on A, a plain share: what can be lost is one share's error, for any k.

    Source:
        Hoeffding (1963), J. Amer. Statist. Ass. 58, 13-30, theorem 1: √(ln(1/α) / 2n).
    """
    return float(np.sqrt(-np.log(alpha) / (2 * n_valid)))


def rank_bounds(bias: ArrayLike, below: ArrayLike, above: ArrayLike) -> list[tuple[int, int]]:
    """Rank intervals from intervals of the bias: models whose intervals do not overlap are in order.

    Args:
        bias: Estimated bias by model.
        below: By how much the bias may be smaller, at a level at which all intervals hold together.
        above: By how much it may be larger.

    Source:
        Klein, Wright & Wieczorek (2020), J. R. Statist. Soc. C 69, 589-606, theorem 1.
    """
    value, less, more = (np.asarray(each, np.float64) for each in (bias, below, above))
    low, high = np.maximum(value - less, 0.0), np.minimum(value + more, 1.0)
    n_less = np.searchsorted(np.sort(high), low, side="left")
    n_more = len(value) - np.searchsorted(np.sort(low), high, side="right")
    return [(int(1 + n), int(len(value) - m)) for n, m in zip(n_less, n_more, strict=True)]
