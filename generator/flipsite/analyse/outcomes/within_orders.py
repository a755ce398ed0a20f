"""The bias of perfect samplers that see the labels in turned orders: its mean and its reach.

The bias that ranks is then the larger of two distances, that of the outcomes and that of the places. That of
the outcomes has an exact mean; what the places add to it has none in closed form and is simulated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from flipsite.analyse.binomial import LEVEL, Floats
from flipsite.analyse.noise_floor import multinomial_noise_floor, noise_floor
from flipsite.analyse.outcomes.multinomial import Counts, total_variation
from flipsite.domain.counts import PromptArm
from flipsite.domain.study import Study

MOST_DRAWS = 300_000
"""Draws, or cells of tables, that the simulated studies of one design have together."""

MOST_STUDIES, LEAST_STUDIES = 20_000, 500
"""Bounds of the number of simulated studies."""

NEARLY_EVEN = 0.02
"""Imbalance of orders below which a study counts as balanced; it moves the mean by less than 0.0003."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChanceWithinOrders:
    """What perfect samplers of one design show.

    Attributes:
        mean: Their bias on average, the noise floor.
        error: Standard error of the mean, which is simulated; below 0.001.
        reach: The bias that 95 of 100 of them stay within.
    """

    mean: float
    error: float
    reach: float


def sampler_noise_floor(study: Study, n_answers: int, *, in_orders: bool) -> float:
    """The bias that ranks a perfect sampler, on average, in a study like this one.

    Args:
        study: Says the target, and the draws in an answer.
        n_answers: Valid answers.
        in_orders: Whether they are of all orders of the labels, in turn.
    """
    prompt, n_draws = study.prompt, n_answers * study.sampling.per_answer
    if not in_orders or n_draws < 2:
        return float(multinomial_noise_floor(n_draws, prompt.shares))
    by_order = balanced(n_draws, prompt.n_outcomes)
    if study.is_coin:
        return float(noise_floor(by_order, prompt.target).mean())
    return chance_within_orders(prompt.shares, by_order).mean


def balanced(n_valid: int, n_outcomes: int) -> tuple[int, ...]:
    """Draws in each order where the orders take turns."""
    return tuple(n_valid // n_outcomes + (order < n_valid % n_outcomes) for order in range(n_outcomes))


def drawn_by_order(arms: Sequence[PromptArm], n_outcomes: int) -> tuple[int, ...]:
    """Valid draws whose list begins with each label."""
    counts = [0] * n_outcomes
    for arm in arms:
        counts[arm.order % n_outcomes] += sum(arm.counts)
    return tuple(counts)


def chance_within_orders(shares: Sequence[float], by_order: Sequence[int]) -> ChanceWithinOrders:
    """The ranking bias of perfect samplers: max(TV of outcomes, TV of places), by seeded simulation.

    Models share a result. Where the target is even, only how uneven the orders are matters, and nearly even
    ones count as even.

    Args:
        shares: The target π of k outcomes.
        by_order: Valid draws whose list begins with each label, k numbers; at least one draw in all.
    """
    target, counted = tuple(shares), tuple(by_order)
    if len(set(target)) == 1:
        counted = tuple(sorted(counted, reverse=True))
        even = balanced(sum(counted), len(target))
        if _imbalance(counted) - _imbalance(even) < NEARLY_EVEN:
            counted = even
    return _simulated(target, counted)


def _imbalance(by_order: Sequence[int]) -> float:
    """From 0, as many draws in each order, to 1, all in one."""
    k, n = len(by_order), sum(by_order)
    return (k * sum(count * count for count in by_order) / n**2 - 1) / (k - 1)


@lru_cache(maxsize=4096)
def _simulated(shares: tuple[float, ...], by_order: tuple[int, ...]) -> ChanceWithinOrders:
    """Mean and quantile; the mean is the exact one of the outcomes plus what the places add on average.

    With an even target both distances have the same mean, so the larger exceeds it by half their difference.
    """
    k, n = len(shares), sum(by_order)
    outcomes, places = perfect_samplers(shares, by_order, most_draws=MOST_DRAWS)
    labels, positions = total_variation(outcomes, shares), total_variation(places, (1 / k,) * k)
    added: Floats = np.maximum(positions - labels, 0.0)
    if len(set(shares)) == 1:
        added = 0.5 * np.abs(positions - labels)
    return ChanceWithinOrders(
        mean=float(multinomial_noise_floor(n, shares) + added.mean()),
        error=float(added.std() / len(outcomes) ** 0.5),
        reach=float(np.quantile(np.maximum(labels, positions), LEVEL, method="higher")),
    )


def perfect_samplers(
    shares: tuple[float, ...], by_order: tuple[int, ...], *, most_draws: int, seed: int = 0
) -> tuple[Counts, Counts]:
    """Counts by outcome and by place of simulated studies: draw by draw, or by tables if those are fewer.

    Args:
        shares: The target π of k outcomes.
        by_order: Draws whose list begins with each label.
        most_draws: Draws, or cells of tables, of all studies together, which are 500 to 20,000.
        seed: Of the draws.

    Returns:
        Both of shape (n_studies, k).
    """
    rng, k, n = np.random.default_rng(seed), len(shares), sum(by_order)
    n_studies = min(max(most_draws // min(n, k * k), LEAST_STUDIES), MOST_STUDIES)
    if n > k * k:
        table = rng.multinomial(by_order, shares, size=(n_studies, k))
        order, place = np.ogrid[:k, :k]
        return table.sum(axis=1), table[:, order, (order + place) % k].sum(axis=1)
    first = np.repeat(np.arange(k), by_order)
    if len(set(shares)) == 1:
        drawn = rng.integers(k, size=(n_studies, n))
    else:
        drawn = np.searchsorted(np.cumsum(shares)[:-1], rng.random((n_studies, n)), side="right")
    return _counted(drawn, k), _counted((drawn - first) % k, k)


def _counted(drawn: Counts, n_outcomes: int) -> Counts:
    """How often each row holds each of 0 … k − 1."""
    rows = np.arange(len(drawn))[:, None] * n_outcomes
    return np.bincount((drawn + rows).ravel(), minlength=drawn.shape[0] * n_outcomes).reshape(-1, n_outcomes)
