"""Biased coins: does a model's share of ones follow the share that was asked for?

The step-likeness S is four times the area between the curve of drawn shares and the diagonal: 0 for a model
that follows every target, 1 for a step at one half. It adds up absolute distances, so that chance alone lifts
it: of 21 targets with 50 draws each, a perfect follower shows 0.17 on average. So beside the measured S stand
the range of a perfect follower, an exact test of faithfulness, and S corrected for noise with its interval.

The correction simulates models on the path from the diagonal through the measured curve, S(λ) at distance λ,
and inverts: the estimate is the S(λ) whose median simulated S is the measured one, and the interval ends
where the measured S is the 97.5 % or the 2.5 % quantile, or at the limits that follow from the intervals of
the single shares, whichever is wider. Its coverage is in `docs/methods.md`.

Draws that depend on each other count for as many as their design effects leave. A target whose draws are all
alike, or nearly, cannot tell: no target has less than the mean effect of all.

Source:
    Yang & Zhang (2025), "Failure to Mix", for S; a one-parameter family through the estimate as in Efron
    (1985), Biometrika 72, 45-58, inverted as a test.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flipsite.analyse.binomial import TAIL, binomial_probability, binomial_test, jeffreys
from flipsite.analyse.contingency import TwoByTwo, fisher_exact
from flipsite.analyse.dependence.design_effect import cautious_same_shares_p
from flipsite.analyse.dependence.overdispersion import widened_p_value

Floats = NDArray[np.float64]

N_DRAWS = 1_000
"""Simulated studies at each step of the path."""

PATH = np.concatenate([np.linspace(0, 2, 31), [2.5, 3, 4, 6]])
"""Distances λ from the diagonal, as multiples of the measured distance."""

DIFFERENT = 0.05
"""Studies of one target whose shares differ at this level are not added up."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Ones, valid draws, and by how much dependence widens the variance of their share, at least 1."""

    n_ones: int
    n_valid: int
    design_effect: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetPoint:
    """One target of a family of studies, and the draws of a model.

    Attributes:
        target: Share of ones that was asked for.
        n_ones: Ones drawn.
        n_valid: Valid draws.
        design_effect: By how much dependence widens the variance of the share, at least 1.
        share: Ones among the valid draws.
        low: Low end of the share's 95 % Jeffreys interval, of n / design effect draws.
        high: High end of the same.
    """

    target: float
    n_ones: int
    n_valid: int
    design_effect: float
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """One model's curve of drawn against asked shares.

    Attributes:
        model: The model.
        points: By target, ascending; at least two.
        step_likeness: S as measured.
        step_corrected: S corrected for noise.
        step_low: Low end of its 95 % interval.
        step_high: High end of the same.
        follower_low: 2.5 % quantile of the measured S of a perfect follower with as many draws.
        follower_high: 97.5 % quantile of the same.
        p_faithful: Test that every share is the one asked for; exact where no draws depend on each other.
        q_faithful: Benjamini-Hochberg over the models of the family; None for a model by itself.
        differing: Targets whose studies differ; they are left out of the curve.
    """

    model: str
    points: tuple[TargetPoint, ...]
    step_likeness: float
    step_corrected: float
    step_low: float
    step_high: float
    follower_low: float
    follower_high: float
    p_faithful: float
    q_faithful: float | None = None
    differing: tuple[float, ...] = ()

    @property
    def is_exact(self) -> bool:
        """Whether the test of faithfulness is: no target's draws depend on each other."""
        return all(point.design_effect == 1 for point in self.points)


def calibration(model: str, counts: Sequence[tuple[float, Drawn]], *, seed: int = 0) -> Calibration | None:
    """The calibration curve of one model over studies that differ only in their target.

    Args:
        model: The model.
        counts: Target and draws of each study; those without valid draws are passed over. Those of one target
            are added up unless they differ.
        seed: Of the simulated studies.

    Returns:
        None where fewer than two targets were drawn.
    """
    totals, differing = _added_up(counts)
    if len(totals) < 2:
        return None
    targets = np.array(sorted(totals))
    drawn = _as_dependent(targets, [totals[target] for target in targets.tolist()])
    effects = np.array([each.design_effect for each in drawn])
    ones, valid = np.array([(each.n_ones, each.n_valid) for each in drawn]).T / effects
    low, high = jeffreys(ones, valid)
    corrected, follower = _corrected(targets, ones, valid, rng=np.random.default_rng(seed))
    return Calibration(
        model=model,
        points=tuple(
            TargetPoint(
                target=float(target),
                n_ones=drawn[i].n_ones,
                n_valid=drawn[i].n_valid,
                design_effect=drawn[i].design_effect,
                share=drawn[i].n_ones / drawn[i].n_valid,
                low=float(low[i]),
                high=float(high[i]),
            )
            for i, target in enumerate(targets)
        ),
        step_likeness=float(step_likeness(targets, ones / valid)),
        step_low=corrected[0],
        step_corrected=corrected[1],
        step_high=corrected[2],
        follower_low=follower[0],
        follower_high=follower[1],
        p_faithful=faithfulness_test(targets, drawn),
        differing=differing,
    )


def step_likeness(targets: ArrayLike, shares: ArrayLike) -> Floats:
    """Four times the area between the curve and the diagonal.

    S = 4 Σ (pᵢ₊₁ − pᵢ)(|rᵢ − pᵢ| + |rᵢ₊₁ − pᵢ₊₁|)/2

    Args:
        targets: Asked shares p, ascending.
        shares: Drawn shares r at each target, along the last axis.

    Source:
        Yang & Zhang (2025), "Failure to Mix".
    """
    asked = np.asarray(targets, np.float64)
    off = abs(np.asarray(shares, np.float64) - asked)
    return np.asarray(4 * np.sum(np.diff(asked) * (off[..., 1:] + off[..., :-1]) / 2, axis=-1))


def faithfulness_test(targets: Floats, drawn: Sequence[Drawn]) -> float:
    """Test that a model draws ones with every probability that was asked for.

    The statistic is the smallest of the targets' binomial p-values. Its distribution follows from those of
    the single p-values, which are discrete and known: 1 − Π (1 − P(pᵢ ≤ m)). Where draws depend on each
    other the p-value is that of fewer, and P(pᵢ ≤ m) is at most m.

    Source:
        Tippett (1931), The Methods of Statistics, with the exact distributions in place of uniform ones.
    """
    asked = list(zip(targets.tolist(), drawn, strict=True))
    smallest = min(
        float(widened_p_value(each.n_ones, each.n_valid, each.design_effect, target=target))
        for target, each in asked
    ) * (1 + 1e-9)
    none_so_small = 1.0
    for target, each in asked:
        none_so_small *= 1 - _chance_of(smallest, each, target=target)
    return min(1.0, max(0.0, 1 - none_so_small))


def _chance_of(p: float, drawn: Drawn, *, target: float) -> float:
    """The probability of a p-value as small, of a model that draws ones with the target's probability."""
    if drawn.design_effect > 1 and 0 < target < 1:
        return min(1.0, p)
    counts, draws = np.arange(drawn.n_valid + 1), np.full(drawn.n_valid + 1, drawn.n_valid)
    as_small = binomial_test(counts, draws, target=target) <= p
    return float(binomial_probability(counts, draws, target=target)[as_small].sum())


def same_share_p(one: Drawn, other: Drawn) -> float:
    """p-value that both have one share: Fisher’s exact test, or that of fewer draws if they are dependent."""
    exact = fisher_exact(TwoByTwo(ones_a=one.n_ones, n_a=one.n_valid, ones_b=other.n_ones, n_b=other.n_valid))
    counts = [(each.n_valid - each.n_ones, each.n_ones) for each in (one, other)]
    return cautious_same_shares_p(exact, counts, (one.design_effect, other.design_effect))


def _added_up(counts: Sequence[tuple[float, Drawn]]) -> tuple[Mapping[float, Drawn], tuple[float, ...]]:
    """The draws of each target, and the targets whose studies differ (Bonferroni over their pairs)."""
    by_target: defaultdict[float, list[Drawn]] = defaultdict(list)
    for target, drawn in counts:
        if drawn.n_valid:
            by_target[target].append(drawn)
    differing = tuple(sorted(target for target, several in by_target.items() if _differ(several)))
    return {
        target: _together(several) for target, several in by_target.items() if target not in differing
    }, differing


def _as_dependent(targets: Floats, drawn: Sequence[Drawn]) -> list[Drawn]:
    """Draws whose design effects are at least their mean, weighted by the variance of a faithful sum."""
    weights = [each.n_valid * t * (1 - t) for t, each in zip(targets.tolist(), drawn, strict=True)]
    summed = sum(weight * each.design_effect for weight, each in zip(weights, drawn, strict=True))
    mean = summed / sum(weights) if any(weights) else 1.0
    return [
        replace(each, design_effect=max(each.design_effect, min(mean, max(1.0, each.n_valid / 2))))
        for each in drawn
    ]


def _together(several: Sequence[Drawn]) -> Drawn:
    """The draws of several studies; the variance of their sum is the sum of theirs."""
    n_valid = sum(each.n_valid for each in several)
    return Drawn(
        n_ones=sum(each.n_ones for each in several),
        n_valid=n_valid,
        design_effect=sum(each.n_valid * each.design_effect for each in several) / n_valid,
    )


def _differ(several: Sequence[Drawn]) -> bool:
    """Whether one study differs from the others together: the test of each."""
    if len(several) == 1:
        return False
    p = [
        same_share_p(each, _together([*several[:place], *several[place + 1 :]]))
        for place, each in enumerate(several)
    ]
    return min(p) * len(p) <= DIFFERENT


def _corrected(
    targets: Floats, ones: Floats, valid: Floats, *, rng: np.random.Generator
) -> tuple[tuple[float, float, float], tuple[float, float]]:
    """Low, median and high of S corrected for noise, and a perfect follower's range of the measured S."""
    paths = np.clip(targets + PATH[:, None] * _direction(targets, ones, valid), 0, 1)
    n_each = np.maximum(1, np.rint(valid)).astype(np.int64)
    drawn = rng.binomial(n_each, paths[:, None, :], size=(len(PATH), N_DRAWS, len(targets))) / n_each
    simulated = np.sort(step_likeness(targets, drawn), axis=1)
    seen = float(step_likeness(targets, ones / valid))
    true = step_likeness(targets, paths)
    slack = 1e-9
    at_most = np.array([np.searchsorted(row, seen + slack) for row in simulated]) / N_DRAWS
    at_least = 1 - np.array([np.searchsorted(row, seen - slack) for row in simulated]) / N_DRAWS
    low = true[at_least > TAIL].min(initial=true[-1])
    high = true[at_most > TAIL].max(initial=true[0])
    middle = true[at_least >= 0.5].min(initial=true[-1])
    below, above = _errors(targets, ones, valid)
    low, high = max(0.0, min(low, seen - below)), max(high, seen + above)
    follower = simulated[0, [int(N_DRAWS * TAIL), N_DRAWS - 1 - int(N_DRAWS * TAIL)]]
    return (float(low), float(np.clip(middle, low, high)), float(high)), (
        float(follower[0]),
        float(follower[1]),
    )


def _errors(targets: Floats, ones: Floats, valid: Floats) -> tuple[float, float]:
    """How far S may lie below and above the measured one, by the targets' own Jeffreys intervals.

    Source:
        Zou & Donner (2008), Statistics in Medicine 27, 1693-1702: limits of a sum from those of its parts.
    """
    low, high = jeffreys(ones, valid)
    off = abs(ones / valid - targets)
    nearest = np.maximum(0, np.maximum(low - targets, targets - high))
    farthest = np.maximum(abs(low - targets), abs(high - targets))
    gaps = np.diff(targets)
    weight = 2 * (np.append(gaps, 0) + np.insert(gaps, 0, 0))
    below, above = (np.sqrt(np.sum((weight * part) ** 2)) for part in (off - nearest, farthest - off))
    return float(below), float(above)


def _direction(targets: Floats, ones: Floats, valid: Floats) -> Floats:
    """The measured distance from each target, at least a standard error, toward the step where it is none."""
    off = ones / valid - targets
    least = np.sqrt(targets * (1 - targets) / valid)
    side = np.where(off == 0, np.where(targets > 0.5, 1, -1), np.sign(off))
    return np.asarray(side * np.maximum(abs(off), least))
