"""Are draws from k outcomes independent draws of one distribution? Providers, days, halves, neighbours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from flipsite.analyse.dependence.design_effect import groups_design_effect, runs_design_effect
from flipsite.analyse.p_values import upper_tail
from flipsite.domain.counts import ModelCounts, Transitions
from flipsite.domain.draws import Codes
from flipsite.domain.estimates import Dependence
from flipsite.special import chdtrc, gammaincc, ndtr, pdtr, pdtrc

Integers = NDArray[np.int64]

FEWEST = 5
"""Draws that a provider or a day must have to be compared."""

N_TABLES = 1_999
"""Random tables behind a comparison."""

MOST_EXCHANGED = 20_000
"""Of more draws the limit of Pearson's statistic is good enough."""

_FEW_REPEATS = 20
"""Where fewer are expected, the number of repeats is nearly Poisson; else nearly normal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupComparison:
    """Do a model's providers, days, or the halves of its draws, draw alike?

    Attributes:
        by: What the groups are.
        groups: Name and valid draws of each that has at least five.
        p_value: By `same_shares`; of halves by `same_halves`.
        design_effect: By how much the groups widen the variance of the shares.
        q_value: Over all tests of dependence of the study; None for a model by itself.
    """

    by: Literal["provider", "day", "half"]
    groups: tuple[tuple[str, int], ...]
    p_value: float
    design_effect: float
    q_value: float | None = None

    @property
    def kind(self) -> Dependence:
        """The dependence that it would show."""
        return Dependence.DRIFT if self.by == "half" else Dependence(self.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatTest:
    """Do draws repeat the one before as often as chance would?

    Attributes:
        n_valid: Draws.
        n_repeats: Those that equal the one before.
        expected: Their mean over all orders of the same draws, Σ c(c − 1)/n.
        p_value: Two-sided, by the limits of the law.
        q_value: Over all tests of dependence of the study; None for a model by itself.
    """

    n_valid: int
    n_repeats: int
    expected: float
    p_value: float
    q_value: float | None = None

    @property
    def kind(self) -> Dependence:
        """The dependence that it would show."""
        return Dependence.RUNS

    @property
    def autocorrelation(self) -> float:
        """Share of draws that repeat the last beyond chance, in [−1, 1]; −1/n is its mean over all orders."""
        n = self.n_valid
        return (self.n_repeats - self.expected) / (n - 1 - self.expected) - 1 / n

    @property
    def design_effect(self) -> float:
        """By how much the runs widen the variance of the shares."""
        return runs_design_effect(self.n_valid, self.autocorrelation)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvennessTest:
    """Are the counts more even than chance allows?

    Attributes:
        p_value: Probability of counts at least as even under the target, in Pearson's order.
        q_value: Over all tests of dependence of the study.
    """

    p_value: float
    q_value: float | None = None

    @property
    def kind(self) -> Dependence:
        """The dependence that it would show."""
        return Dependence.EVEN

    @property
    def design_effect(self) -> float:
        """1: counts that are too even make no interval wider."""
        return 1.0


OutcomeDependence = GroupComparison | RepeatTest | EvennessTest


def same_shares(groups: Sequence[Sequence[int]], *, seed: int = 0) -> float:
    """p-value of groups that share one distribution, given the draws of each and all outcomes.

    Pearson's statistic over random exchanges of draws among the groups; of very many draws by its limit.

    Args:
        groups: Counts by outcome of each.
        seed: Of the exchanges.
    """
    table = np.asarray(groups, np.int64)
    table = table[:, table.sum(axis=0) > 0]
    sizes, totals = table.sum(axis=1), table.sum(axis=0)
    n = int(sizes.sum())
    if table.shape[1] < 2 or np.count_nonzero(sizes) < 2:
        return 1.0
    seen = _unevenness(table, sizes, totals)
    if n > MOST_EXCHANGED:
        freedom = (np.count_nonzero(sizes) - 1) * (table.shape[1] - 1)
        return float(chdtrc(freedom, n * (seen - 1)))
    rng = np.random.default_rng(seed)
    if len(sizes) == 2:
        first = rng.multivariate_hypergeometric(totals, sizes[0], size=N_TABLES, method="marginals")
        drawn = (first**2 / totals / sizes[0] + (totals - first) ** 2 / totals / sizes[1]).sum(axis=1)
        return upper_tail(drawn, seen)
    group, outcome = np.repeat(np.arange(len(sizes)), sizes), np.repeat(np.arange(len(totals)), totals)
    cells = (
        np.bincount(group * len(totals) + rng.permutation(outcome), minlength=table.size)
        for _ in range(N_TABLES)
    )
    drawn = np.array([_unevenness(each.reshape(table.shape), sizes, totals) for each in cells])
    return upper_tail(drawn, seen)


def _unevenness(table: Integers, sizes: Integers, totals: Integers) -> float:
    """Σ c²/(row total × column total), which rises with Pearson's χ² = n (Σ − 1)."""
    return float((table.astype(np.float64) ** 2 / np.outer(sizes, totals)).sum())


def compare_groups(
    counted: Mapping[str, Sequence[int]], *, by: Literal["provider", "day"]
) -> GroupComparison | None:
    """Test whether a model's providers, or days, draw alike; None where fewer than two have five draws."""
    groups = {name: counts for name, counts in sorted(counted.items()) if sum(counts) >= FEWEST}
    if len(groups) < 2:
        return None
    sizes = tuple((name, sum(counts)) for name, counts in groups.items())
    table = list(groups.values())
    effect = groups_design_effect(table)
    return GroupComparison(by=by, groups=sizes, p_value=same_shares(table), design_effect=effect)


def compare_halves(outcomes: Codes, n_outcomes: int) -> GroupComparison | None:
    """Test whether the first half of a model's valid draws and the second draw alike.

    Args:
        outcomes: In the order of the draws, −1 without one.
        n_outcomes: k.

    Returns:
        None where a half has fewer than five draws, or all are the same.
    """
    valid = outcomes[outcomes >= 0]
    middle = len(valid) // 2
    first, second = (np.bincount(half, minlength=n_outcomes) for half in (valid[:middle], valid[middle:]))
    if middle < FEWEST or np.count_nonzero(first + second) < 2:
        return None
    sizes = (("first half", middle), ("second half", len(valid) - middle))
    effect = groups_design_effect([first, second])
    return GroupComparison(by="half", groups=sizes, p_value=same_halves(first, second), design_effect=effect)


def same_halves(first: Integers, second: Integers) -> float:
    """p-value of two groups that share one distribution, by Pearson's statistic over all exchanges of draws.

    The statistic has a gamma distribution with its exact mean and variance: exchanges of each model of a
    study of a hundred outcomes would take longer than all the rest.

    Args:
        first: Counts by outcome.
        second: Of the other group.

    Source:
        Haldane (1940), Biometrika 31, 346-355, and Dawson (1954), Biometrika 41, 280, for the moments.
    """
    totals = (first + second)[first + second > 0].astype(np.float64)
    own = first[first + second > 0].astype(np.float64)
    n, n_first, kinds = float(totals.sum()), float(own.sum()), len(totals)
    places = np.arange(4)
    f = np.cumprod((n_first - places) / (n - places))  # (n₁)ₐ / (n)ₐ for a = 1 … 4
    more = totals - 1
    total = float(more.sum())
    mean = total * f[1] + kinds * f[0]
    fourth = (
        more * (totals - 2) * (totals - 3) * f[3] + 6 * more * (totals - 2) * f[2] + 7 * more * f[1] + f[0]
    )
    apart = (total**2 - float((more**2).sum())) * f[3] + 2 * (kinds - 1) * total * f[2]
    square = float((fourth / totals).sum()) + apart + kinds * (kinds - 1) * f[1]
    least = n_first**2 / n  # of Σ x²/c, where all shares are those of both together
    excess, variance = mean - least, square - mean**2
    seen = float((own**2 / totals).sum()) - least
    if variance <= 1e-12 * square:
        return 1.0
    return float(gammaincc(excess**2 / variance, max(0.0, seen) * excess / variance))


def repeats(neighbours: Transitions, counts: Sequence[int]) -> RepeatTest | None:
    """Test whether draws repeat the one before as often as chance would.

    None where all are the same, or their order is not known.

    Source:
        Mood (1940), Annals of Mathematical Statistics 11, 367-392, for mean and variance of runs over k
        categories; Barton & David (1957), Biometrika 44, 168-178, for the Poisson limit.
    """
    c = np.asarray(counts, np.float64)
    n = float(c.sum())
    if neighbours.n_valid < 2 or c.max() == n:
        return None
    seen = neighbours.n_valid - 1 - neighbours.n_changes
    expected = float((c * (c - 1)).sum() / n)
    squares, cubes = float((c**2).sum()), float((c**3).sum())
    variance = (squares * (squares + n * (n + 1)) - 2 * n * cubes - n**3) / (n * n * (n - 1))
    if expected < _FEW_REPEATS:
        tails = (float(pdtr(seen, expected)), float(pdtrc(seen - 1, expected)) if seen else 1.0)
        p = min(1.0, 2 * min(tails))
    elif variance <= 0:
        return None
    else:
        p = min(1.0, 2 * float(ndtr(-max(0.0, abs(seen - expected) - 0.5) / variance**0.5)))
    return RepeatTest(n_valid=neighbours.n_valid, n_repeats=seen, expected=expected, p_value=p)


def dependence_tests(
    counted: ModelCounts, counts: Sequence[int], *, p_even: float
) -> tuple[OutcomeDependence, ...]:
    """The tests that can be made of one model, without their q-values."""
    made = (
        EvennessTest(p_value=p_even),
        repeats(counted.neighbours, counts),
        compare_halves(counted.trajectory.shown, len(counts)),
        compare_groups(counted.by_provider, by="provider"),
        compare_groups(counted.by_day, by="day"),
    )
    return tuple(test for test in made if test is not None)
