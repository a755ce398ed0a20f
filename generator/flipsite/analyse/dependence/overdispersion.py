"""Wider intervals where draws depend on each other.

An interval and a test that take draws for independent know less than they say where these come in runs, or
where providers, days or the two halves of a study draw differently. Where a test shows that, the variance of
the share is multiplied by a design effect, estimated from the draws.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr

from flipsite.analyse.binomial import Floats, binomial_test, jeffreys
from flipsite.analyse.dependence.homogeneity import Homogeneity, RunsTest, even_share_given_runs
from flipsite.analyse.false_discovery import benjamini_hochberg
from flipsite.analyse.verdict import FALSE_DISCOVERY_RATE
from flipsite.domain.estimates import Dependence

DependenceTest = RunsTest | Homogeneity


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdispersion:
    """Dependence that a study's tests show of one model.

    Attributes:
        kind: What the surest test looked at.
        design_effect: By how much the variance of the share is larger than that of independent draws, at
            least 1: the largest of the tests that reject.
        least_p: p-value of a share of one half given the number of runs, where these reject; else 0. No test
            of the share that takes the draws for independent may claim more.
    """

    kind: Dependence
    design_effect: float
    least_p: float = 0.0


def with_q_values(
    tests: Mapping[str, tuple[DependenceTest | None, ...]],
) -> dict[str, tuple[DependenceTest | None, ...]]:
    """The tests of all models of a study with their q-values: one family (Benjamini-Hochberg)."""
    made = [test.p_value for each in tests.values() for test in each if test]
    q = iter(benjamini_hochberg(made).tolist())
    return {
        model: tuple(test and replace(test, q_value=next(q)) for test in each)
        for model, each in tests.items()
    }


def overdispersion(
    tests: Iterable[DependenceTest | None], *, follows: bool = False, target: float = 0.5
) -> Overdispersion | None:
    """The dependence of one model's draws, under the study's false discovery allowance; None without any.

    Args:
        tests: With their q-values.
        follows: Whether the model is known to follow the order or the labels: that alone makes runs, and
            halves that differ where draws were asked in blocks.
        target: Probability that the prompt asks for.
    """
    found = [
        test
        for test in tests
        if test and test.q_value is not None and test.q_value < FALSE_DISCOVERY_RATE
        if not (follows and kind_of(test) in (Dependence.RUNS, Dependence.DRIFT))
    ]
    if not found:
        return None
    return Overdispersion(
        kind=kind_of(min(found, key=lambda test: test.p_value)),
        design_effect=max(design_effect(test) for test in found),
        least_p=max(
            (even_share_given_runs(test) for test in found if isinstance(test, RunsTest) and target == 0.5),
            default=0.0,
        ),
    )


def kind_of(test: DependenceTest) -> Dependence:
    """What a test looks at."""
    if isinstance(test, RunsTest):
        return Dependence.RUNS
    return Dependence.DRIFT if test.by == "half" else Dependence(test.by)


def design_effect(test: DependenceTest) -> float:
    """By how much a dependence widens the variance of the share, at least 1.

    Runs: (1 + r)/(1 − r), r the correlation of neighbours, raised by (1 + 3r)/n for its bias. Groups:
    Pearson's statistic over its degrees of freedom. Neither leaves fewer than two effective draws.

    Source:
        Bayley & Hammersley (1946), J. R. Statist. Soc. Suppl. 8, 184-197; Kendall (1954), Biometrika 41,
        403-404, for the bias of r; McCullagh & Nelder (1989), Generalized Linear Models, section 4.5.
    """
    if isinstance(test, RunsTest):
        n, r = test.n_valid, test.autocorrelation
        near = min(r + (1 + 3 * r) / n, 1 - 2 / n)
        widened = (1 + near) / (1 - near)
    else:
        n = sum(group.n_valid for group in test.groups)
        share = sum(group.n_ones for group in test.groups) / n
        apart = sum((group.n_ones - group.n_valid * share) ** 2 / group.n_valid for group in test.groups)
        widened = apart / (share * (1 - share)) / (len(test.groups) - 1)
    return min(max(1.0, widened), max(1.0, n / 2))


def widened_test(
    n_ones: int, n_valid: int, design_effect: float, *, target: float = 0.5
) -> tuple[float, float, float]:
    """Interval and test of a share of dependent draws: as many count as the design effect leaves.

    Returns:
        Low and high end of Jeffreys' 95 % interval of n / design effect draws, and the larger of the exact
        p-value and that of Student's t with n / design effect − 1 degrees of freedom.

    Source:
        Zwiers & von Storch (1995), Journal of Climate 8, 336-351.
    """
    low, high = jeffreys(n_ones / design_effect, n_valid / design_effect)
    p = widened_p_value(n_ones, n_valid, design_effect, target=target)
    return float(low), float(high), float(p)


def widened_p_value(
    n_ones: ArrayLike, n_valid: ArrayLike, design_effect: ArrayLike, *, target: float = 0.5
) -> Floats:
    """The p-value of `widened_test`, for arrays of models."""
    ones, valid, effect = (np.asarray(each, np.float64) for each in (n_ones, n_valid, design_effect))
    exact = binomial_test(n_ones, n_valid, target=target)
    error = np.sqrt(target * (1 - target) * valid / effect)
    away = np.divide(abs(ones - valid * target) / effect, error, out=np.zeros_like(error), where=error > 0)
    by_t = np.minimum(1.0, 2 * stdtr(np.maximum(1.0, valid / effect - 1), -away))
    return np.where((effect == 1) | (error == 0), exact, np.maximum(exact, by_t))


def false_flag_bound(*, n_tests: int, n_rejected: int, n_each: int) -> float:
    """Bound of the probability that a model of independent draws is flagged by a family of tests.

    Beside r rejections of m tests it takes a p-value of at most 0.05 (r + 1)/m (Benjamini & Hochberg 1995).

    Args:
        n_tests: Tests of the study, m.
        n_rejected: Those that reject, r.
        n_each: Tests of one model.
    """
    if not n_tests:
        return 0.0
    return min(1.0, n_each * FALSE_DISCOVERY_RATE * (n_rejected + 1) / n_tests)
