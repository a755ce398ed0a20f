"""Tests of what a model follows instead of chance: the order of the labels, or the labels themselves.

A model that always takes the first-named label, or always the same word of two, shows a share of one half
over balanced orders or fresh labels, and is as far from a fair coin as can be. What the orders and the
label pairs tell is therefore counted apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lgamma, log

import numpy as np

from flipsite.analyse.binomial import binomial_test, interval, jeffreys
from flipsite.analyse.label_order.decomposition import Decomposition, earlier_label
from flipsite.analyse.p_values import benjamini_hochberg, upper_tail
from flipsite.analyse.verdict import FALSE_DISCOVERY_RATE, within_margin
from flipsite.domain.counts import PromptArm
from flipsite.domain.estimates import Sway
from flipsite.special import stdtr, stdtrit

N_SHUFFLES = 4_999
"""Random exchanges of outcomes behind the test of few label pairs that were each asked many times."""

OrderCounts = tuple[tuple[int, int], tuple[int, int]]
"""Ones and valid draws of each order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPairs:
    """Draws of one model counted by label pair, the unit that chance was asked for independently.

    Attributes:
        ones: Ones of each pair.
        valid: Valid draws of each, at least two.
        complete: Whether each pair was asked once in either order and no more: two draws.
        earlier: Of draws whose labels begin with different letters, those that took the one earlier in the
            alphabet and all.
    """

    ones: tuple[int, ...]
    valid: tuple[int, ...]
    complete: bool
    earlier: tuple[int, int]

    @property
    def concordant(self) -> tuple[int, int]:
        """Pairs of two zeros, and pairs of two ones; the others disagree."""
        both = [(k, n) for k, n in zip(self.ones, self.valid, strict=True) if n == 2]
        return sum(k == 0 for k, _ in both), sum(k == 2 for k, _ in both)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How one model's draws were asked.

    Attributes:
        by_order: Ones and valid draws with each label named first; None where one order was asked.
        pairs: Its label pairs; None where all draws have the same labels, or one order was asked.
    """

    by_order: OrderCounts | None = None
    pairs: LabelPairs | None = None


def asked_of(arms: Sequence[PromptArm]) -> Asked:
    """Count one model's draws by order and by label pair."""
    by_order = [[0, 0], [0, 0]]
    by_label: dict[str, list[PromptArm]] = {}
    for arm in arms:
        by_order[arm.order][0] += arm.ones
        by_order[arm.order][1] += arm.ones + arm.zeros
        by_label.setdefault(arm.labels, []).append(arm)
    if not all(n for _, n in by_order):
        return Asked()
    counted = [
        (sum(arm.ones for arm in each), sum(arm.ones + arm.zeros for arm in each))
        for each in by_label.values()
    ]
    several = [(k, n) for k, n in counted if n > 1]
    pairs = None
    if len(by_label) > 1 and several:
        pairs = LabelPairs(
            ones=tuple(k for k, _ in several),
            valid=tuple(n for _, n in several),
            complete=all(n == 2 for _, n in several),
            earlier=_took_earlier(arms),
        )
    (a, b), (c, d) = by_order
    return Asked(by_order=((a, b), (c, d)), pairs=pairs)


def _took_earlier(arms: Sequence[PromptArm]) -> tuple[int, int]:
    """Draws that took the label earlier in the alphabet, of those whose labels begin with other letters."""
    taken = total = 0
    for arm in arms:
        earlier = earlier_label(arm.labels)
        if earlier is not None:
            taken += (arm.zeros, arm.ones)[earlier]
            total += arm.zeros + arm.ones
    return taken, total


def bias_within_orders(by_order: OrderCounts, *, target: float) -> float:
    """Mean over both orders of the bias within each: |ones/valid − target|, order by order."""
    up, down = Fraction(str(target)).as_integer_ratio()
    (k, n), (other_k, other_n) = by_order
    away, other_away = abs(k * down - n * up), abs(other_k * down - other_n * up)
    # Rounded once: equal biases are equal floats, so ties stay ties.
    return (away * other_n + other_away * n) / (2 * n * other_n * down)


def agreement(target: float) -> float:
    """Probability that two draws of a coin at the target agree: t² + (1 − t)²."""
    return target**2 + (1 - target) ** 2


def fair_throughout(asked: Asked, *, target: float) -> bool:
    """Whether each order's 95 % interval lies within the margin, and with fresh labels those of the labels.

    Of fresh labels the intervals are those of the share of label pairs whose two draws agree, and of draws
    that took the label earlier in the alphabet. All must hold, so the chance to call an unfair model fair is
    that of one interval alone: an intersection-union test.

    Source:
        Berger (1982), Technometrics 24, 295-300.
    """
    shares = [(k, n, target) for k, n in asked.by_order or ()]
    if asked.pairs is not None and asked.pairs.complete:
        shares.append((sum(asked.pairs.concordant), len(asked.pairs.ones), agreement(target)))
        if asked.pairs.earlier[1]:
            shares.append((*asked.pairs.earlier, 0.5))
    return all(bool(within_margin(*interval(k, n), target=share)) for k, n, share in shares)


SwayTest = tuple[str, Sway, float]
"""A model, what it may follow, and the p-value that it does not."""


def sway_tests(asked: Mapping[str, Asked], effects: Mapping[str, Decomposition]) -> list[SwayTest]:
    """Test what each model of a study follows.

    Order: exact test that the first-named label is drawn as often as the other, given each pair's totals.
    Label: exact test that the draws of a label pair agree no oftener than chance, given the number of ones;
    and, with fresh labels, that the label earlier in the alphabet is drawn as often as the other.

    Args:
        asked: Of each model.
        effects: The exact order tests of each model.
    """
    tests: list[SwayTest] = []
    for model, each in asked.items():
        if each.by_order is None:
            continue
        p_values = {one.name: one.p_value for one in effects[model].influences}
        if "order" in p_values:
            tests.append((model, Sway.ORDER, p_values["order"]))
        if each.pairs is not None:
            tests.append((model, Sway.LABEL, label_p_value(each.pairs)))
            if each.pairs.complete and "look" in p_values:
                tests.append((model, Sway.LABEL, p_values["look"]))
    return tests


def sways(tests: Sequence[SwayTest]) -> dict[str, Sway]:
    """Find what each model follows, under the study's false discovery allowance.

    Returns:
        The models that follow something. One that follows both has the sway with the smaller p-value.
    """
    q = benjamini_hochberg([p for *_, p in tests])
    found: dict[str, tuple[float, Sway]] = {}
    for (model, sway, p), value in zip(tests, q.tolist(), strict=True):
        if value < FALSE_DISCOVERY_RATE:
            found[model] = min(found.get(model, (2.0, sway)), (p, sway))
    return {model: sway for model, (_, sway) in found.items()}


def label_p_value(pairs: LabelPairs, *, seed: int = 0) -> float:
    """Probability that draws of the same labels agree at least so often, were the labels not followed.

    Given the number of ones K among m pairs of draws, d of the pairs disagree with probability
    2ᵈ m! / (((K − d)/2)! d! (m − (K + d)/2)!) / C(2m, K). For pairs asked oftener, the spread of their ones
    under random exchanges of outcomes.
    """
    if pairs.complete:
        m, ones = len(pairs.ones), sum(pairs.ones)
        seen = sum(k == 1 for k in pairs.ones)
        return min(1.0, sum(_disagree(d, m, ones) for d in range(ones % 2, seen + 1, 2)))
    k, n = np.array(pairs.ones), np.array(pairs.valid)
    spread = float((k**2 / n).sum())
    rng = np.random.default_rng(seed)
    # The same as exchanging outcomes among all draws: each label pair gets its number of them.
    drawn = rng.multivariate_hypergeometric(n, int(k.sum()), size=N_SHUFFLES, method="marginals")
    simulated = (drawn**2 / n).sum(axis=1)
    return upper_tail(simulated, spread)


def _disagree(d: int, m: int, ones: int) -> float:
    """Probability that d of m pairs hold one 1, given the ones in all."""
    twos, nones = (ones - d) // 2, m - (ones + d) // 2
    if twos < 0 or nones < 0:
        return 0.0
    ways = d * log(2) + lgamma(m + 1) - lgamma(twos + 1) - lgamma(d + 1) - lgamma(nones + 1)
    every = lgamma(2 * m + 1) - lgamma(ones + 1) - lgamma(2 * m - ones + 1)
    return float(np.exp(ways - every))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusteredTest:
    """A share whose draws come in label pairs.

    Attributes:
        low: Low end of the 95 % interval of the share.
        high: High end of it.
        p_value: Two-sided test of the target.
        design_effect: By how much the pairs widen the variance of the share, at least 1.
    """

    low: float
    high: float
    p_value: float
    design_effect: float


def clustered_test(pairs: LabelPairs, *, target: float) -> ClusteredTest:
    """Interval and test of a share where two draws share their labels.

    Fresh labels, asked once in either order: the exact test of concordant pairs alone, 11 against 00, which
    a liking for a label leaves even. Few labels asked often: Student's t over the label pairs. The interval
    is Jeffreys' with as many draws as the design effect leaves; Kish (1965), Survey Sampling, section 8.2.
    """
    k, n = np.array(pairs.ones, np.float64), np.array(pairs.valid, np.float64)
    share, total, m = float(k.sum() / n.sum()), float(n.sum()), len(n)
    apart = float(((k - n * share) ** 2).sum()) * m / max(m - 1, 1)
    chance = total * share * (1 - share)
    widened = max(1.0, apart / chance) if chance else 1.0
    if not pairs.complete and m > 1:  # few label pairs: their own spread is known but roughly
        widened *= float(stdtrit(m - 1, 0.975) / 1.959964) ** 2
    low, high = jeffreys(k.sum() / widened, total / widened)
    if pairs.complete:
        zeros, ones = pairs.concordant
        even = target**2 / (target**2 + (1 - target) ** 2)
        p = float(binomial_test(ones, zeros + ones, target=even))
    else:
        error = (apart**0.5) / total
        p = (
            1.0
            if m < 2
            else 2 * float(stdtr(m - 1, -abs(share - target) / error))
            if error
            else float(share == target)
        )
    return ClusteredTest(low=float(low), high=float(high), p_value=min(1.0, p), design_effect=widened)
