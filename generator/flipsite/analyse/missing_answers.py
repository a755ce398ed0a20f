"""Missing answers are not ignored: how many, and what the verdict would be had they been given.

A model that refuses when it would have said 1 looks fairer, or less fair, than it is. Nothing in the draws
says what the missing answers would have been, so the bounds take the worst of both cases.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from flipsite.analyse.binomial import Floats, jeffreys
from flipsite.analyse.dependence.overdispersion import widened_p_value
from flipsite.analyse.outcomes.multinomial import total_variation
from flipsite.analyse.p_values import rejection_limits
from flipsite.analyse.verdict import FALSE_DISCOVERY_RATE, within_margin
from flipsite.domain.draws import STATUSES, Status, Tally
from flipsite.domain.estimates import Verdict

MOST_READINGS = 4_096
"""Of one model's missing answers that are tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusShare:
    """How often draws came to one end.

    Attributes:
        status: What became of them.
        n_draws: How many.
        share: Of all the model's draws, in [0, 1].
        low: Low end of the share's 95 % Jeffreys interval.
        high: High end of the same.
    """

    status: Status
    n_draws: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingAnswers:
    """One model's missing answers.

    Attributes:
        model: The model.
        n_missing: Draws without an outcome, whatever the reason.
        shares: Each status that occurred, in the order of STATUSES.
        mean_low: The mean had every missing answer been a zero.
        mean_high: The mean had every missing answer been a one.
        verdicts: Each verdict that some reading of the missing answers gives; one alone where they do not
            matter.
    """

    model: str
    n_missing: int
    shares: tuple[StatusShare, ...]
    mean_low: float
    mean_high: float
    verdicts: tuple[Verdict, ...]

    @property
    def decides(self) -> bool:
        """Whether the verdict depends on what is missing."""
        return len(self.verdicts) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ContradictoryAnswers:
    """One model's answers that state more than one side, and the reading that flipsite does not follow.

    Attributes:
        model: The model.
        n_draws: All of its draws.
        n_answers: How many of them were answered with more than one side; all of these count as unparsed.
        n_last: How many of them would be valid if the last statement counted.
        bias: Total variation from the target as it is counted; None without a valid draw.
        bias_last: The same if the last statement counted.
        mean: The share of ones as it is counted; None where there are more than two outcomes.
        mean_last: The same if the last statement counted.
    """

    model: str
    n_draws: int
    n_answers: int
    n_last: int
    bias: float | None
    bias_last: float | None
    mean: float | None
    mean_last: float | None


def contradictory_answers(
    tally: Tally, last: Sequence[int | None], *, shares: Sequence[float]
) -> ContradictoryAnswers:
    """Compare a model's shares as they are counted with those by the last statement.

    Args:
        tally: The model's counts.
        last: Of each answer that states more than one side the outcome it states last; None for none.
        shares: The target's share of each outcome.
    """
    counted = np.asarray(tally.by_outcome, dtype=np.float64)
    added = np.bincount([outcome for outcome in last if outcome is not None], minlength=len(counted))
    bias, mean = _bias_and_mean(counted, shares)
    bias_last, mean_last = _bias_and_mean(counted + added, shares)
    return ContradictoryAnswers(
        model=tally.model,
        n_draws=tally.n_draws,
        n_answers=len(last),
        n_last=int(added.sum()),
        bias=bias,
        bias_last=bias_last,
        mean=mean,
        mean_last=mean_last,
    )


def _bias_and_mean(counts: Floats, shares: Sequence[float]) -> tuple[float | None, float | None]:
    """Total variation from the shares, and the share of ones where there are two outcomes."""
    if not (n := counts.sum()):
        return None, None
    return float(total_variation(counts, shares)), float(counts[1] / n) if len(counts) == 2 else None


def missing_answers(
    tallies: Sequence[Tally],
    *,
    target: float = 0.5,
    design_effects: Mapping[str, float] | None = None,
    least_p: Mapping[str, float] | None = None,
    never_fair: Container[str] = (),
) -> tuple[MissingAnswers, ...]:
    """Bound every model's mean and verdict by what its missing answers may have been.

    Every number of ones among the missing answers is tried (of very many, MOST_READINGS of them), and the
    draws as they are; the other models' p-values stay as they are.

    Args:
        tallies: Of the study.
        target: Probability that the prompt asks for.
        design_effects: Of models whose draws depend on each other, as `estimates` widens them.
        least_p: Least p-value of models whose draws depend on each other, as `estimates` takes it.
        never_fair: Models that are not fair whatever the share is: they follow the order, the labels or their
            own draws, or are not near the target in each order.

    Returns:
        One record for each model with at least one draw, in the order given.

    Source:
        Manski (1989), Journal of Human Resources 24, 343-360: bounds without assumptions on who is missing.
    """
    asked = [tally for tally in tallies if tally.n_draws]
    effects = np.array([(design_effects or {}).get(tally.model, 1.0) for tally in asked])
    may_be_fair = np.array([tally.model not in never_fair for tally in asked], np.bool_)
    least = np.array([(least_p or {}).get(tally.model, 0.0) for tally in asked])
    found = _possible_verdicts(asked, effects, least, may_be_fair, target=target)
    return tuple(
        MissingAnswers(
            model=tally.model,
            n_missing=tally.n_draws - tally.n_valid,
            shares=_shares(tally.by_status, tally.n_draws),
            mean_low=tally.n_ones / tally.n_draws,
            mean_high=(tally.n_ones + tally.n_draws - tally.n_valid) / tally.n_draws,
            verdicts=verdicts,
        )
        for tally, verdicts in zip(asked, found, strict=True)
    )


def _possible_verdicts(
    asked: Sequence[Tally], effects: Floats, least: Floats, may_be_fair: NDArray[np.bool_], *, target: float
) -> list[tuple[Verdict, ...]]:
    """Each model's verdicts over all readings of its missing answers."""
    ones = np.array([tally.n_ones for tally in asked], np.int64)
    valid = np.array([tally.n_valid for tally in asked], np.int64)
    draws = np.array([tally.n_draws for tally in asked], np.int64)
    seen = np.where(
        valid > 0, np.maximum(least, widened_p_value(ones, valid, effects, target=target)), np.nan
    )
    # a model without any answer would be one test more
    alone = rejection_limits(np.append(seen, 1.0), rate=FALSE_DISCOVERY_RATE)[-1]
    limits = np.where(valid > 0, rejection_limits(seen, rate=FALSE_DISCOVERY_RATE), alone)
    readings = [_readings(tally, target=target) for tally in asked]
    model = np.repeat(np.arange(len(asked)), [len(each) for each in readings])
    k, n = np.concatenate([np.zeros(0, np.int64), *readings]), draws[model]
    answered = np.flatnonzero(valid)
    model, k, n = (
        np.concatenate(pair) for pair in ((model, answered), (k, ones[answered]), (n, valid[answered]))
    )
    low, high = jeffreys(k / effects[model], n / effects[model])
    p = np.maximum(least[model], widened_p_value(k, n, effects[model], target=target))
    biased = p < limits[model]
    fair = ~biased & within_margin(low, high, target=target) & may_be_fair[model]
    kinds = ((Verdict.BIASED, biased), (Verdict.FAIR, fair), (Verdict.UNDECIDED, ~biased & ~fair))
    counts = {kind: np.bincount(model[which], minlength=len(asked)) for kind, which in kinds}
    return [tuple(kind for kind in counts if counts[kind][i]) for i in range(len(asked))]


def _readings(tally: Tally, *, target: float) -> NDArray[np.int64]:
    """The numbers of ones that there may have been: all, or MOST_READINGS and the nearest to the target.

    So many missing draws are far more than a verdict needs, and then the verdict turns only with the
    distance from the target.
    """
    most = tally.n_ones + tally.n_draws - tally.n_valid
    if most - tally.n_ones < MOST_READINGS:
        return np.arange(tally.n_ones, most + 1)
    nearest = min(max(round(target * tally.n_draws), tally.n_ones), most)
    return np.append(np.linspace(tally.n_ones, most, MOST_READINGS).round().astype(np.int64), nearest)


@lru_cache(maxsize=65_536)
def _shares(by_status: tuple[int, ...], n_draws: int) -> tuple[StatusShare, ...]:
    if not by_status:
        return ()
    low, high = jeffreys(by_status, n_draws)
    return tuple(
        StatusShare(
            status=status, n_draws=count, share=count / n_draws, low=float(low[i]), high=float(high[i])
        )
        for i, (status, count) in enumerate(zip(STATUSES, by_status, strict=True))
        if count
    )
