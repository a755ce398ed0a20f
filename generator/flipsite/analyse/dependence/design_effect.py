"""Design effects: by how much dependent draws widen the variance of their shares, for any number of outcomes.

A coin is a table of two columns. Draws that come in runs, groups that draw differently, and draws that share
their labels each have a design effect of at least 1, which leaves at least two effective draws.
"""

import numpy as np
from numpy.typing import ArrayLike

from flipsite.analyse.binomial import LEVEL, Floats
from flipsite.special import chdtri, fdtrc, fdtri


def runs_design_effect(n_valid: int, autocorrelation: float) -> float:
    """Design effect of draws in runs, (1 + r)/(1 − r), r being raised by (1 + 3r)/n for its bias.

    A chain that repeats its last draw with probability r, and else draws afresh, widens the variance of each
    share by that factor.

    Args:
        n_valid: Draws, n.
        autocorrelation: Of each draw with the next, r, whose mean is −1/n where draws are independent.

    Source:
        Bayley & Hammersley (1946), J. R. Statist. Soc. Suppl. 8, 184-197; Kendall (1954), Biometrika 41,
        403-404, for the bias of r.
    """
    near = min(autocorrelation + (1 + 3 * autocorrelation) / n_valid, 1 - 2 / n_valid)
    return _at_least_two((1 + near) / (1 - near), n_valid)


def groups_design_effect(counts: ArrayLike) -> float:
    """Design effect of groups that draw differently: Pearson's statistic over its degrees of freedom.

    Args:
        counts: Groups by outcomes, shape (g, k).

    Source:
        McCullagh & Nelder (1989), Generalized Linear Models, section 4.5.
    """
    table, n, totals, sizes = _table(counts)
    if min(table.shape) < 2:
        return 1.0
    statistic = n * float((table**2 / np.outer(sizes, totals)).sum() - 1)
    return _at_least_two(statistic / ((len(sizes) - 1) * (len(totals) - 1)), n)


def clusters_design_effect(counts: ArrayLike, shares: ArrayLike) -> float:
    """Design effect of draws in clusters: how far shares scatter over clusters, to that of independent draws.

    Squared deviations are weighted by 1/π, as in Pearson's statistic against the target. Few clusters tell
    their scatter but roughly: the effect is raised by F over χ² at the level of an interval.

    Args:
        counts: Clusters by outcomes, shape (m, k).
        shares: The target π; outcomes whose share is 0 are left out.

    Source:
        Rao & Scott (1981), J. Amer. Statist. Ass. 76, 221-230, first-order correction.
    """
    target = np.asarray(shares, np.float64)
    table = np.asarray(counts, np.float64)[:, target > 0]
    table, weight = table[table.sum(axis=1) > 0], 1 / target[target > 0]
    m, n = len(table), float(table.sum())
    share = table.sum(axis=0) / max(n, 1.0)
    chance = n * float((share * (1 - share) * weight).sum())
    if m < 2 or not chance:
        return 1.0
    sizes = table.sum(axis=1)[:, None]
    apart = float(((table - sizes * share) ** 2 * weight).sum()) * m / (m - 1)
    freedom = len(weight) - 1
    rough = fdtri(freedom, freedom * (m - 1), LEVEL) * freedom / chdtri(freedom, 1 - LEVEL)
    return _at_least_two(float(apart / chance * rough), n) if apart > chance else 1.0


def answers_design_effect(answers: ArrayLike, shares: ArrayLike) -> float:
    """Design effect of draws in answers, which are clusters; L where all draws of all answers are alike.

    Answers that each give one side alone agree by chance where they are few: then nothing tells their draws
    from L copies of one.

    Args:
        answers: Outcomes, shape (m, L).
        shares: The target π.
    """
    drawn = np.asarray(answers, np.int64)
    if drawn.size and (drawn == drawn.flat[0]).all():
        return float(drawn.shape[1])
    n_outcomes = np.size(shares)
    return clusters_design_effect([np.bincount(each, minlength=n_outcomes) for each in drawn], shares)


def _table(counts: ArrayLike) -> tuple[Floats, float, Floats, Floats]:
    """The rows and columns that are not empty, the sum, and the sums of columns and rows."""
    table = np.asarray(counts, np.float64)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    return table, float(table.sum()), table.sum(axis=0), table.sum(axis=1)


def _at_least_two(effect: float, n_valid: float) -> float:
    return min(max(1.0, effect), max(1.0, n_valid / 2))


def widened_pearson_p(
    statistic: ArrayLike, n_valid: ArrayLike, design_effect: ArrayLike, *, n_outcomes: int
) -> Floats:
    """p-value of Pearson's statistic of dependent draws, χ²/(D(k − 1)).

    It has an F distribution with k − 1 and (k − 1)(n/D − 1) degrees of freedom; for two outcomes its root is
    Student's t.

    Args:
        statistic: χ² as of independent draws.
        n_valid: Draws, n.
        design_effect: D.
        n_outcomes: k, those whose target is 0 left out.

    Source:
        Rao & Scott (1981), as above; Thomas & Rao (1987), J. Amer. Statist. Ass. 82, 630-636, for F.
    """
    found, valid, effect = (np.asarray(each, np.float64) for each in (statistic, n_valid, design_effect))
    freedom = n_outcomes - 1
    error_freedom = freedom * np.maximum(1.0, valid / effect - 1)
    return np.asarray(fdtrc(freedom, error_freedom, found / effect / freedom), np.float64)


def widened_same_shares_p(groups: ArrayLike, design_effects: ArrayLike) -> float:
    """p-value of groups of dependent draws that share one distribution, by Pearson's statistic of n/D draws.

    It has an F distribution with (g − 1)(k − 1) and (k − 1)(Σ n/D − g) degrees of freedom; 1 where fewer than
    two groups or outcomes were drawn.

    Args:
        groups: Counts by outcome of each, shape (g, k).
        design_effects: D of each group.

    Source:
        Rao & Scott (1981), as above, section 4; Thomas & Rao (1987) for F.
    """
    table, n, totals, sizes = _table(
        np.asarray(groups, np.float64) / np.asarray(design_effects, np.float64)[:, None]
    )
    if min(table.shape) < 2:
        return 1.0
    statistic = max(0.0, n * float((table**2 / np.outer(sizes, totals)).sum() - 1))
    outcomes, others = len(totals) - 1, len(sizes) - 1
    error_freedom = outcomes * max(1.0, n - len(sizes))
    return float(fdtrc(others * outcomes, error_freedom, statistic / (others * outcomes)))


def cautious_same_shares_p(p: float, groups: ArrayLike, design_effects: ArrayLike) -> float:
    """The p-value of independent draws, or that of as many as the design effects leave if it is larger.

    Args:
        p: The first of these, by any test that the groups share one distribution.
        groups: As for `widened_same_shares_p`.
        design_effects: The same.
    """
    return p if np.all(np.equal(design_effects, 1)) else max(p, widened_same_shares_p(groups, design_effects))
