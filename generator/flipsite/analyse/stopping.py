"""Stop when it is settled: evidence that stays valid however often it is looked at.

The e-value of n draws with k ones is the likelihood of a coin of unknown share, uniformly mixed, over that of
a coin at the target: e = B(k + 1, n − k + 1) / (tᵏ (1 − t)ⁿ⁻ᵏ). For a fair coin its mean is 1 at every stop,
so the chance that it ever reaches 1/α is at most α (Ville's inequality). A model that always says 1 has
e = 2ⁿ / (n + 1): 20 is passed at the eighth draw.

A model that follows the order of the labels, or the labels, shows an even share in total. So it counts as
fair only where each order's share is near the target, and, with fresh labels, draws of one label pair agree
about as often as chance lets them. Evidence of bias counts fresh label pairs whose two draws agree: a liking
for a label makes 11 no likelier than 00.

Evidence counts the draws in the order in which they were asked. A collector with many requests in flight
hands over the unbroken beginning only: answers that come home early may differ from those that take long.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flipsite.analyse.binomial import distinct
from flipsite.analyse.label_order.order_effects import agreement
from flipsite.analyse.verdict import FAIR_MARGIN, FALSE_DISCOVERY_RATE
from flipsite.domain.trajectory import N_COUNTS, RunningCounts, Trajectory
from flipsite.special import betaln, xlog1py, xlogy

Floats = NDArray[np.float64]

_MODELS_AT_A_TIME = 1_000
"""All looks of ten thousand models at once would take eighty megabytes."""


class StoppingState(StrEnum):
    """Whether more draws of a model are wanted."""

    BIASED = "biased"
    FAIR = "fair"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Where one model's draws would have stopped.

    Attributes:
        state: What was settled; `open` where the draws ran out first.
        n_draws: Draws asked until then, those without outcome among them.
        n_asked: Draws that were asked in fact.
    """

    state: StoppingState
    n_draws: int
    n_asked: int


def log_evidence(n_ones: ArrayLike, n_valid: ArrayLike, *, target: float = 0.5) -> Floats:
    """Natural logarithm of the e-value against a coin at the target; 0 without draws.

    Source:
        Ville (1939); the beta-binomial mixture of Robbins (1970), Annals of Mathematical Statistics 41,
        1397-1409, as in Howard, Ramdas, McAuliffe & Sekhon (2021), Annals of Statistics 49, 1055-1080;
        reviewed with betting in Waudby-Smith & Ramdas (2024), J. R. Statist. Soc. B 86, 1-27.
    """
    ones, valid = np.asarray(n_ones, np.float64), np.asarray(n_valid, np.float64)
    at_target = xlogy(ones, target) + xlog1py(valid - ones, -target)
    return np.asarray(betaln(ones + 1, valid - ones + 1) - at_target, np.float64)


def shown_biased(log_e: ArrayLike, *, n_models: int | None = None) -> NDArray[np.bool_]:
    """The e-BH procedure: reject the r largest e-values, r the most with each at least m / (0.05 · r).

    Its false discovery rate is at most 0.05 whatever the models have to do with each other, at any time.

    Args:
        log_e: Logarithms of e-values, one a model.
        n_models: Models watched, m, at least those given; those not given have shown nothing yet.

    Source:
        Wang & Ramdas (2022), J. R. Statist. Soc. B 84, 822-852, section 4.
    """
    evidence = np.asarray(log_e, np.float64)
    m = len(evidence) if n_models is None else n_models
    places = np.arange(1, len(evidence) + 1)
    enough = np.sort(evidence)[::-1] >= np.log(m / (FALSE_DISCOVERY_RATE * places))
    if not enough.any():
        return np.zeros(len(evidence), np.bool_)
    return np.asarray(evidence >= np.log(m / (FALSE_DISCOVERY_RATE * places[enough][-1])))


def shown_near(
    n_ones: ArrayLike,
    n_valid: ArrayLike,
    *,
    target: float = 0.5,
) -> NDArray[np.bool_]:
    """Whether the confidence sequence of a share lies within the margin of the target.

    Every share outside then has an e-value of 1/0.05 or more. The sequence holds the true share at all times
    together with probability 0.95, for each model on its own.
    """
    ones, valid, which = distinct(n_ones, n_valid)
    inside = (abs(ones - valid * target) <= FAIR_MARGIN * valid) & (valid > 0)
    for edge in (target - FAIR_MARGIN, target + FAIR_MARGIN):
        if 0 < edge < 1:
            inside &= log_evidence(ones, valid, target=edge) >= -np.log(FALSE_DISCOVERY_RATE)
    return np.asarray(inside[which])


def bias_evidence(counts: RunningCounts, fresh_labels: ArrayLike, *, target: float = 0.5) -> Floats:
    """Logarithm of the e-value against the target, of all draws; with fresh labels, of concordant pairs.

    Args:
        counts: A row a look.
        fresh_labels: Whether each row's labels were fresh and each pair asked in both orders.
        target: Probability that the prompt asks for.
    """
    ones, valid, which = distinct(counts.ones, counts.valid)
    total = log_evidence(ones, valid, target=target)[which]
    if not np.any(fresh_labels):
        return np.asarray(total)
    none, both = counts.concordant
    even = target**2 / agreement(target)
    return np.where(fresh_labels, log_evidence(both, none + both, target=even), total)


def shown_fair(
    counts: RunningCounts,
    *,
    both_orders: ArrayLike = False,
    fresh_labels: ArrayLike = False,
    target: float = 0.5,
) -> NDArray[np.bool_]:
    """Whether draws are shown to be fair, in total or in each order, and not to follow fresh labels.

    All confidence sequences must lie within the margin: an intersection-union test, whose error rate is that
    of one of them. With fresh labels the share of label pairs whose draws agree is one of them.

    Args:
        counts: A row a look.
        both_orders: Whether each row's draws were asked in both orders.
        fresh_labels: Whether, besides, their labels were fresh.
        target: Probability that the prompt asks for.

    Source:
        Berger (1982), Technometrics 24, 295-300.
    """
    fair = shown_near(counts.ones, counts.valid, target=target)
    if np.any(both_orders):
        each = [shown_near(*counts.in_order(order), target=target) for order in (0, 1)]
        fair = np.where(both_orders, each[0] & each[1], fair)
    if np.any(fresh_labels):
        alike = counts.concordant[0] + counts.concordant[1]
        near = shown_near(alike, alike + counts.discordant, target=agreement(target))
        fair &= ~np.asarray(fresh_labels) | near
    return fair


def settle(
    counts: RunningCounts,
    *,
    n_models: int | None = None,
    both_orders: bool = False,
    fresh_labels: bool = False,
    target: float = 0.5,
) -> tuple[StoppingState, ...]:
    """Which models need no more draws: the collector's stopping rule. A model once settled is asked no more.

    Args:
        counts: A row a model, so far.
        n_models: Models watched in all.
        both_orders: Whether the study asks in both orders.
        fresh_labels: Whether, besides, each label pair is asked once in either order.
        target: Probability that the prompt asks for.
    """
    biased = shown_biased(bias_evidence(counts, fresh_labels, target=target), n_models=n_models)
    fair = shown_fair(counts, both_orders=both_orders, fresh_labels=fresh_labels, target=target)
    return tuple(
        StoppingState.BIASED if bad else StoppingState.FAIR if good else StoppingState.OPEN
        for bad, good in zip(biased, fair, strict=True)
    )


def replay(trajectories: Sequence[Trajectory], *, target: float = 0.5) -> tuple[Stop, ...]:
    """Where draws already taken would have stopped, each open model being asked up to its next look a round.

    Draws in clusters of label pairs that are not counted settle nothing.

    Args:
        trajectories: Of each model.
        target: Probability that the prompt asked for.
    """
    return tuple(
        stop
        for first in range(0, len(trajectories), _MODELS_AT_A_TIME)
        for stop in _replayed(trajectories[first : first + _MODELS_AT_A_TIME], target=target)
    )


def _replayed(trajectories: Sequence[Trajectory], *, target: float) -> list[Stop]:
    """Replay some models together."""
    looks = np.array([len(each.asked) for each in trajectories], np.int64)
    asked = [int(each.asked[-1]) if len(each.asked) else 0 for each in trajectories]
    stops = [Stop(state=StoppingState.OPEN, n_draws=n, n_asked=n) for n in asked]
    # All looks of all models in a row; the first row is that of a model not asked yet.
    begins = np.cumsum(looks) - looks + 1
    tables = [np.zeros((1, N_COUNTS), np.int64), *(each.counts.table for each in trajectories)]
    counts = RunningCounts(table=np.concatenate(tables))
    both, fresh = (
        np.append(False, np.repeat(np.array(each, np.bool_), looks))
        for each in (
            [one.both_orders for one in trajectories],
            [one.fresh_labels for one in trajectories],
        )
    )
    log_e = bias_evidence(counts, fresh, target=target)
    fair = shown_fair(counts, both_orders=both, fresh_labels=fresh, target=target)
    is_open = np.array([not (each.clustered and each.both_orders) for each in trajectories], np.bool_)
    row = np.zeros(len(trajectories), np.int64)
    for look in range(int(looks.max(initial=0))):
        asked_now = is_open & (look < looks)
        row[asked_now] = begins[asked_now] + look
        biased = shown_biased(log_e[row])
        settled = is_open & (biased | fair[row])
        for i in np.flatnonzero(settled).tolist():
            state = StoppingState.BIASED if biased[i] else StoppingState.FAIR
            stops[i] = Stop(state=state, n_draws=_asked_by(trajectories[i], look), n_asked=asked[i])
        is_open &= ~settled
    return stops


def _asked_by(trajectory: Trajectory, look: int) -> int:
    return int(trajectory.asked[min(look, len(trajectory.asked) - 1)]) if len(trajectory.asked) else 0
