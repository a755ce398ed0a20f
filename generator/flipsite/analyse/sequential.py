"""Stop when it is settled: evidence that stays valid however often it is looked at.

The e-value of n draws with k ones is the likelihood of a coin of unknown share, uniformly mixed, over that of
a coin at the target: e = B(k + 1, n − k + 1) / (tᵏ (1 − t)ⁿ⁻ᵏ). For a fair coin its mean is 1 at every stop,
so the chance that it ever reaches 1/α is at most α (Ville's inequality). A model that always says 1 has
e = 2ⁿ / (n + 1): 20 is passed at the eighth draw.

Evidence counts the draws in the order in which they were asked. A collector with many requests in flight
hands over the unbroken beginning only: answers that come home early may differ from those that take long.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaln, xlog1py, xlogy

from flipsite.analyse.binomial import FAIR_MARGIN, FALSE_DISCOVERY_RATE, distinct
from flipsite.domain.counts import Trajectory

Floats = NDArray[np.float64]


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


def convicted(
    log_e: ArrayLike, *, n_models: int | None = None, rate: float = FALSE_DISCOVERY_RATE
) -> NDArray[np.bool_]:
    """The e-BH procedure: reject the r largest e-values, r the most with each at least m / (rate · r).

    Its false discovery rate is at most `rate` whatever the models have to do with each other, at any time.

    Args:
        log_e: Logarithms of e-values, one a model.
        n_models: Models watched, m, at least those given; those not given have shown nothing yet.
        rate: False discovery rate.

    Source:
        Wang & Ramdas (2022), J. R. Statist. Soc. B 84, 822-852, section 4.
    """
    evidence = np.asarray(log_e, np.float64)
    m = len(evidence) if n_models is None else n_models
    places = np.arange(1, len(evidence) + 1)
    enough = np.sort(evidence)[::-1] >= np.log(m / (rate * places))
    if not enough.any():
        return np.zeros(len(evidence), np.bool_)
    return np.asarray(evidence >= np.log(m / (rate * places[enough][-1])))


def acquitted(
    n_ones: ArrayLike,
    n_valid: ArrayLike,
    *,
    target: float = 0.5,
    margin: float = FAIR_MARGIN,
    rate: float = FALSE_DISCOVERY_RATE,
) -> NDArray[np.bool_]:
    """Whether a model's confidence sequence lies within the margin.

    Every share outside then has an e-value of 1/rate or more.

    The sequence holds the true share at all times together with probability 1 − rate, for each model on its
    own.
    """
    ones, valid = np.asarray(n_ones, np.float64), np.asarray(n_valid, np.float64)
    inside = (abs(ones - valid * target) <= margin * valid) & (valid > 0)
    for edge in (target - margin, target + margin):
        if 0 < edge < 1:
            inside &= log_evidence(ones, valid, target=edge) >= -np.log(rate)
    return np.asarray(inside)


def settle(
    n_ones: ArrayLike,
    n_valid: ArrayLike,
    *,
    n_models: int | None = None,
    target: float = 0.5,
    margin: float = FAIR_MARGIN,
    rate: float = FALSE_DISCOVERY_RATE,
) -> tuple[StoppingState, ...]:
    """Which models need no more draws: the collector's stopping rule. A model once settled is asked no more.

    Args:
        n_ones: Ones of each model, so far.
        n_valid: Valid draws of each model, so far.
        n_models: Models watched in all.
        target: Probability that the prompt asks for.
        margin: Nearness to the target that counts as fair.
        rate: False discovery rate of the convictions, and error rate of each acquittal.
    """
    biased = convicted(log_evidence(n_ones, n_valid, target=target), n_models=n_models, rate=rate)
    fair = acquitted(n_ones, n_valid, target=target, margin=margin, rate=rate)
    return tuple(
        StoppingState.BIASED if bad else StoppingState.FAIR if good else StoppingState.OPEN
        for bad, good in zip(biased, fair, strict=True)
    )


def replay(
    courses: Sequence[Trajectory], *, target: float = 0.5, margin: float = FAIR_MARGIN
) -> tuple[Stop, ...]:
    """Where draws already taken would have stopped, each open model being asked up to its next look a round.

    Args:
        courses: Of each model.
        target: Probability that the prompt asked for.
        margin: Nearness to the target that counts as fair.
    """
    looks = np.array([len(each.asked) for each in courses], np.int64)
    asked = [int(each.asked[-1]) if len(each.asked) else 0 for each in courses]
    stops = [Stop(state=StoppingState.OPEN, n_draws=n, n_asked=n) for n in asked]
    # All looks of all models in a row; the first row is that of a model not asked yet.
    begins = np.cumsum(looks) - looks + 1
    ones, valid, which = distinct(
        np.concatenate([[0], *(each.ones for each in courses)]),
        np.concatenate([[0], *(each.valid for each in courses)]),
    )
    log_e = log_evidence(ones, valid, target=target)[which]
    fair = acquitted(ones, valid, target=target, margin=margin)[which]
    is_open, row = np.ones(len(courses), np.bool_), np.zeros(len(courses), np.int64)
    for look in range(int(looks.max(initial=0))):
        asked_now = is_open & (look < looks)
        row[asked_now] = begins[asked_now] + look
        biased = convicted(log_e[row])
        settled = is_open & (biased | fair[row])
        for i in np.flatnonzero(settled).tolist():
            state = StoppingState.BIASED if biased[i] else StoppingState.FAIR
            stops[i] = Stop(state=state, n_draws=_asked_by(courses[i], look), n_asked=asked[i])
        is_open &= ~settled
    return tuple(stops)


def _asked_by(course: Trajectory, look: int) -> int:
    return int(course.asked[min(look, len(course.asked) - 1)]) if len(course.asked) else 0
