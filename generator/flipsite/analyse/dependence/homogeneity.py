"""Is it one coin? Providers, days, and the order in which the draws came.

A model may be served by several providers and over several days, and an endpoint may answer alike for a while
because it remembers. Each test asks whether the draws could have come from one coin in any order; all are
given the number of ones.

`same_share` tests whether groups share one probability, exactly where the tables can be counted.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import lcm
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from flipsite.analyse.binomial import interval
from flipsite.analyse.contingency import TwoByTwo, fisher_exact, newcombe
from flipsite.analyse.dependence.design_effect import groups_design_effect, runs_design_effect
from flipsite.domain.counts import Transitions
from flipsite.domain.draws import Draws
from flipsite.domain.estimates import Dependence
from flipsite.domain.trajectory import Trajectory
from flipsite.special import gammaln, ndtr

N_TABLES = 20_000
"""Tables drawn where there are more than can be counted."""

_MOST_CELLS = 400_000
"""Of totals by unevenness, that are filled one group after the other."""

_MOST_ENUMERATED = 50_000
"""Tables with one total that are all counted, where unevenness takes too many values."""


def same_share(
    ones: Sequence[int], valid: Sequence[int], *, seed: int = 0, n_tables: int = N_TABLES
) -> float:
    """p-value of groups that share one probability, given each group's draws and all their ones.

    Source:
        Fisher's exact test for two groups; else Pearson's statistic over all tables with the same totals, or,
        where these are too many, against 20,000 drawn (Patefield 1981, Applied Statistics 30, 91-97),
        p = (1 + as uneven) / (1 + drawn).
    """
    if len(ones) == 2:
        return fisher_exact(TwoByTwo(ones_a=ones[0], n_a=valid[0], ones_b=ones[1], n_b=valid[1]))
    unit = lcm(*valid)
    if (sum(valid) + 1) * (sum(valid) * unit + 1) <= _MOST_CELLS:
        uneven = sum(k * k * (unit // n) for k, n in zip(ones, valid, strict=True))
        return float(_at_least_as_uneven(tuple(sorted(valid)))[sum(ones), uneven])
    sizes = np.array(valid)
    if np.prod(sizes[:-1] + 1.0) <= _MOST_ENUMERATED:
        return _enumerated(np.array(ones), sizes)
    drawn = np.random.default_rng(seed).multivariate_hypergeometric(sizes, sum(ones), size=n_tables)
    # Pearson's statistic rises with this alone, the totals being given.
    unevenness = (drawn**2 / sizes).sum(axis=1)
    seen = float((np.array(ones) ** 2 / sizes).sum())
    return float((1 + (unevenness >= seen * (1 - 1e-12)).sum()) / (1 + n_tables))


@lru_cache(maxsize=64)
def _at_least_as_uneven(sizes: tuple[int, ...]) -> NDArray[np.float64]:
    """By the number of all ones and by Σ k²/n in whole units: the probability of a table as uneven or more.

    Groups are added one by one, so that the tables are never listed: a coin of one half fills the cells, and
    what its number of ones is then divides out.
    """
    unit, n = lcm(*sizes), sum(sizes)
    cells = np.zeros((n + 1, n * unit + 1))
    cells[0, 0] = 1.0
    for size in sizes:
        grown = np.zeros_like(cells)
        for k in range(size + 1):
            step = k * k * (unit // size)
            chance = np.exp(gammaln(size + 1) - gammaln(k + 1) - gammaln(size - k + 1) - size * np.log(2))
            grown[k:, step:] += chance * cells[: n + 1 - k, : cells.shape[1] - step]
        cells = grown
    tails = np.cumsum(cells[:, ::-1], axis=1)[:, ::-1]
    return np.minimum(tails / tails[:, :1], 1.0)


def _enumerated(ones: NDArray[np.int64], sizes: NDArray[np.int64]) -> float:
    """Probability, over all tables with these totals, of those at least as uneven by Pearson's statistic."""
    free = np.meshgrid(*(np.arange(size + 1) for size in sizes[:-1]), indexing="ij")
    counts = np.stack([each.ravel() for each in free])
    counts = np.vstack([counts, ones.sum() - counts.sum(axis=0)])
    counts = counts[:, (counts[-1] >= 0) & (counts[-1] <= sizes[-1])]
    size = sizes[:, None]
    log_ways = (gammaln(size + 1) - gammaln(counts + 1) - gammaln(size - counts + 1)).sum(axis=0)
    ways = np.exp(log_ways - log_ways.max())
    uneven = (counts**2 / size).sum(axis=0) >= (ones**2 / sizes).sum() * (1 - 1e-12)
    return float(ways[uneven].sum() / ways.sum())


FEWEST = 5
"""Draws that a group must have to count as one: two such groups make a comparison."""

MOST_EXACT = 10_000
"""Valid draws of which the runs are counted exactly; of more their number is as good as normal."""

GroupedBy = Literal["provider", "day", "half"]

_SAME_PROBABILITY = 1 + 1e-7


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The valid draws of one provider, or of one day; `low` and `high` bound the mean (95 %, Jeffreys)."""

    name: str
    n_valid: int
    n_ones: int
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Homogeneity:
    """Do a model's providers, days, or the halves of its draws, draw alike?

    Attributes:
        by: What the groups are.
        groups: Those with at least five valid draws, by name; two at least.
        p_value: Given both totals, by `same_share`.
        q_value: Over all tests of dependence of the study; None for a model by itself.
    """

    by: GroupedBy
    groups: tuple[Group, ...]
    p_value: float
    q_value: float | None = None

    @property
    def kind(self) -> Dependence:
        """The dependence that it would show."""
        return Dependence.DRIFT if self.by == "half" else Dependence(self.by)

    @property
    def design_effect(self) -> float:
        """By how much the groups widen the variance of the share."""
        return groups_design_effect([(group.n_valid - group.n_ones, group.n_ones) for group in self.groups])


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsTest:
    """Do the outcomes come in an order that chance would give?

    Attributes:
        n_valid: Outcomes, in the order of the draws.
        n_ones: Ones among them.
        n_runs: Unbroken runs of equal outcomes.
        n_runs_expected: Their mean over all orders of the same outcomes.
        p_value: Exact two-sided runs test.
        autocorrelation: Of each outcome with the next, in [−1, 1]; −1/n is its mean over all orders.
        q_value: Over all tests of dependence of the study; None for a model by itself.
    """

    n_valid: int
    n_ones: int
    n_runs: int
    n_runs_expected: float
    p_value: float
    autocorrelation: float
    q_value: float | None = None

    @property
    def kind(self) -> Dependence:
        """The dependence that it would show."""
        return Dependence.RUNS

    @property
    def design_effect(self) -> float:
        """By how much the runs widen the variance of the share."""
        return runs_design_effect(self.n_valid, self.autocorrelation)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeComparison:
    """Structured answers against text, where a model was asked both ways.

    Attributes:
        table: First group: structured; second: text.
        difference: Share of ones among the structured less that among the text; in [−1, 1].
        low: Low end of its 95 % interval (Newcombe).
        high: High end of the same.
        p_value: Fisher's exact two-sided test.
    """

    table: TwoByTwo
    difference: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingGroup:
    """The draws of a model that one provider answered as one model.

    Attributes:
        provider: As the answers name it; None where they name none.
        served_model: The model that the answers name; None where they name none.
        n_draws: Draws, valid or not.
        first: Day of the first; None where no time is known.
        last: Day of the last.
    """

    provider: str | None
    served_model: str | None
    n_draws: int
    first: str | None
    last: str | None


def serving(draws: Draws) -> dict[str, tuple[ServingGroup, ...]]:
    """The providers of each model that several answered for, in the order of their first draws."""
    found = ((model, _serving(draws, draws.rows(index))) for index, model in enumerate(draws.models))
    return {model: groups for model, groups in found if groups}


def _serving(draws: Draws, rows: slice) -> tuple[ServingGroup, ...]:
    providers, names = draws.provider[rows], draws.served_model
    if names is None and len({each for each in providers if each}) < 2:
        return ()
    names = [None] * len(providers) if names is None else names[rows]
    days = defaultdict[tuple[str | None, str | None], list[str | None]](list)
    for provider, name, moment in zip(providers, names, draws.asked_at[rows], strict=True):
        if provider or name:
            days[provider or None, name or None].append(moment and moment[:10])
    if len(days) < 2:
        return ()
    return tuple(
        ServingGroup(
            provider=provider,
            served_model=name,
            n_draws=len(asked),
            first=min((day for day in asked if day), default=None),
            last=max((day for day in asked if day), default=None),
        )
        for (provider, name), asked in days.items()
    )


def homogeneity(counted: Mapping[str, Sequence[int]], *, by: GroupedBy, seed: int = 0) -> Homogeneity | None:
    """Test whether a model's providers, the days it was asked, or the halves of its draws, draw alike.

    Args:
        counted: Zeros and ones of each.
        by: What they are.
        seed: Of the tables that are drawn where they cannot all be counted.

    Returns:
        None where that says nothing: fewer than two groups of five draws, or all outcomes the same.
    """
    if len(counted) < 2:
        return None
    groups = [(name, zeros + ones, ones) for name, (zeros, ones) in sorted(counted.items())]
    return _homogeneity(tuple(group for group in groups if group[1] >= FEWEST), by, seed)


@lru_cache(maxsize=65_536)  # models of equal counts share one test
def _homogeneity(groups: tuple[tuple[str, int, int], ...], by: GroupedBy, seed: int) -> Homogeneity | None:
    sizes, ones = [valid for _, valid, _ in groups], [ones for _, _, ones in groups]
    if len(groups) < 2 or sum(ones) in {0, sum(sizes)}:
        return None
    return Homogeneity(
        by=by,
        groups=tuple(_group(name, valid, ones) for name, valid, ones in groups),
        p_value=same_share(ones, sizes, seed=seed),
    )


def _group(name: str, n_valid: int, n_ones: int) -> Group:
    low, high = interval(n_ones, n_valid)
    return Group(name=name, n_valid=n_valid, n_ones=n_ones, low=low, high=high)


def halves(trajectory: Trajectory) -> dict[str, tuple[int, int]]:
    """Zeros and ones of both halves of a model's valid draws, cut at the nearest look."""
    table = trajectory.counts.table
    if not len(table) or not (n := int(table[-1, 1])):
        return {}
    ones, valid = table[bisect_left(table[:, 1], (n + 1) // 2), :2].tolist()
    return {
        "first half": (valid - ones, ones),
        "second half": (n - int(table[-1, 0]) - (valid - ones), int(table[-1, 0]) - ones),
    }


def succession_of(counted: Transitions) -> RunsTest | None:
    """Test whether the outcomes of a model's valid draws are in a random order.

    Args:
        counted: Of one model, each valid draw beside the next.

    Returns:
        None where all outcomes are the same: then there is but one order.

    Source:
        Wald & Wolfowitz (1940), Annals of Mathematical Statistics 11, 147-162; two-sided by the
        probabilities, and by the normal limit that they prove for more than MOST_EXACT draws.
    """
    n, n_ones = counted.n_valid, counted.n_ones
    if n_ones in {0, n}:
        return None
    mean = n_ones / n
    together = counted.n_both_ones - mean * (2 * n_ones - counted.n_end_ones) + (n - 1) * mean**2
    return RunsTest(
        n_valid=n,
        n_ones=n_ones,
        n_runs=1 + counted.n_changes,
        n_runs_expected=1 + 2 * n_ones * (n - n_ones) / n,
        p_value=_runs_test(n_ones, n - n_ones, 1 + counted.n_changes),
        autocorrelation=together / (n_ones * (1 - mean)),
    )


@lru_cache(maxsize=65_536)
def _runs_test(n_ones: int, n_zeros: int, n_runs: int) -> float:
    if n_ones + n_zeros > MOST_EXACT:
        return _normal_runs_test(n_ones, n_zeros, n_runs)
    chance = runs_distribution(n_ones, n_zeros)
    return min(1.0, float(chance[chance <= chance[n_runs] * _SAME_PROBABILITY].sum()))


def _normal_runs_test(n_ones: int, n_zeros: int, n_runs: int) -> float:
    """The runs test by its normal limit, with half a run taken off for the steps between whole numbers."""
    n, product = n_ones + n_zeros, 2 * n_ones * n_zeros
    spread = (product * (product - n) / (n * n * (n - 1))) ** 0.5
    away = abs(n_runs - 1 - product / n)
    return min(1.0, float(2 * ndtr(-max(0.0, away - 0.5) / spread))) if spread else 1.0


@lru_cache(maxsize=4096)
def runs_distribution(n_ones: int, n_zeros: int) -> NDArray[np.float64]:
    """Probability of 0, 1, 2 … runs over all orders of given ones and zeros, at least one of each."""
    runs = np.arange(2, 2 * min(n_ones, n_zeros) + 2)
    fewer, more = runs // 2, (runs + 1) // 2
    either = _log_ways(n_ones, fewer) + _log_ways(n_zeros, more)
    other = _log_ways(n_ones, more) + _log_ways(n_zeros, fewer)
    everything = gammaln(n_ones + n_zeros + 1) - gammaln(n_ones + 1) - gammaln(n_zeros + 1)
    return np.concatenate([[0.0, 0.0], np.exp(either - everything) + np.exp(other - everything)])


def even_share_given_runs(test: RunsTest) -> float:
    """Exact two-sided test that the share is one half, however much each outcome depends on the one before.

    Where zeros and ones are followed by a change equally often, all outcomes with the same number of runs
    are equally likely; of more than MOST_EXACT draws nothing is said, p = 0.

    Source:
        The dependence of Klotz (1973), Annals of Statistics 1, 373-379, at a share of one half.
    """
    n, runs = test.n_valid, test.n_runs
    if n > MOST_EXACT:
        return 0.0
    ones = np.arange(1, n)
    fewer, more = np.array([runs // 2]), np.array([(runs + 1) // 2])
    ways = np.exp(_log_ways(ones, fewer) + _log_ways(n - ones, more) - _log_ways(n, np.array([runs])))
    ways += ways[::-1]  # begun by a zero, begun by a one; both of the same probability
    as_far = abs(2 * ones - n) >= abs(2 * test.n_ones - n)
    return min(1.0, float(ways[as_far].sum() / 2))


def modes(counted: Mapping[str, Sequence[int]]) -> ModeComparison | None:
    """Compare a model's structured answers with its text; None where it has no valid draw of one of them.

    Args:
        counted: Zeros and ones by mode.
    """
    (zeros_a, ones_a), (zeros_b, ones_b) = (counted.get(mode, (0, 0)) for mode in ("structured", "text"))
    table = TwoByTwo(ones_a=ones_a, n_a=zeros_a + ones_a, ones_b=ones_b, n_b=zeros_b + ones_b)
    if not table.n_a or not table.n_b:
        return None
    difference, low, high = newcombe(table)
    return ModeComparison(table=table, difference=difference, low=low, high=high, p_value=fisher_exact(table))


def _log_ways(n: int | NDArray[np.int64], parts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Logarithm of the ways to cut n into a number of parts, none empty; −∞ where there is none."""
    possible = (parts <= n) & (parts > 0)
    kept = np.where(possible, parts, 1)
    ways = gammaln(n) - gammaln(kept) - gammaln(n - kept + 1)
    return np.where(possible, ways, -np.inf)
