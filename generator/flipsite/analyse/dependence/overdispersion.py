"""Wider intervals where draws depend on each other.

An interval and a test that take draws for independent know less than they say where these come in runs, or
where providers, days or the two halves of a study draw differently. Where a test shows that, the variance of
the share is multiplied by a design effect, estimated from the draws.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import Field, dataclass, replace
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from flipsite.analyse.binomial import Floats, binomial_test, jeffreys
from flipsite.analyse.dependence.design_effect import widened_pearson_p
from flipsite.analyse.dependence.homogeneity import RunsTest, even_share_given_runs
from flipsite.analyse.p_values import benjamini_hochberg
from flipsite.analyse.verdict import FALSE_DISCOVERY_RATE
from flipsite.domain.estimates import Dependence


class DependenceTest(Protocol):
    """A test of whether a model's draws are independent draws of one coin, or of one distribution."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def p_value(self) -> float:
        """p-value of independent draws."""

    @property
    def q_value(self) -> float | None:
        """q-value over all tests of dependence of the study; None for a model by itself."""

    @property
    def kind(self) -> Dependence:
        """The dependence that it would show."""

    @property
    def design_effect(self) -> float:
        """By how much that dependence widens the variance of the shares, at least 1."""


_Test = TypeVar("_Test", bound=DependenceTest)

ORDERED = frozenset([Dependence.RUNS, Dependence.DRIFT, Dependence.EVEN])
"""Dependence that comes of following the order or the labels, where draws are asked in blocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdispersion:
    """Dependence that a study's tests show of one model.

    Attributes:
        kind: What the surest test looked at.
        design_effect: By how much the variance of the shares is larger than that of independent draws, at
            least 1: the largest of the tests that reject.
        least_p: p-value of a share of one half given the number of runs, where these reject; else 0. No test
            of the share that takes the draws for independent may claim more.
    """

    kind: Dependence
    design_effect: float
    least_p: float = 0.0


def with_q_values(
    tests: Mapping[str, tuple[_Test, ...]], *, followers: Container[str] = ()
) -> dict[str, tuple[_Test, ...]]:
    """The tests of all models of a study with their q-values: one family (Benjamini-Hochberg).

    Args:
        tests: Of each model.
        followers: Models whose tests in ORDERED are none of the family and get no q-value: they are known to
            follow the order or the labels.
    """

    def counts(model: str, test: _Test) -> bool:
        return model not in followers or test.kind not in ORDERED

    p = [test.p_value for model, each in tests.items() for test in each if counts(model, test)]
    q = iter(benjamini_hochberg(p).tolist())
    return {
        model: tuple(replace(test, q_value=next(q)) if counts(model, test) else test for test in each)
        for model, each in tests.items()
    }


def overdispersion(
    tests: Iterable[DependenceTest], *, follows: bool = False, target: float | None = 0.5
) -> Overdispersion | None:
    """The dependence of one model's draws, under the study's false discovery allowance; None without any.

    Args:
        tests: With their q-values.
        follows: Whether the model is known to follow the order or the labels: its tests in ORDERED then show
            nothing else.
        target: Probability of a one that the prompt asks for; None for more than two outcomes.
    """
    found = [
        test
        for test in tests
        if test.q_value is not None and test.q_value < FALSE_DISCOVERY_RATE
        if not (follows and test.kind in ORDERED)
    ]
    if not found:
        return None
    return Overdispersion(
        kind=min(found, key=lambda test: test.p_value).kind,
        design_effect=max(test.design_effect for test in found),
        least_p=max(
            (even_share_given_runs(test) for test in found if isinstance(test, RunsTest) and target == 0.5),
            default=0.0,
        ),
    )


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
    variance = valid * target * (1 - target)
    away = (ones - valid * target) ** 2
    statistic = np.divide(away, variance, out=np.zeros_like(away), where=variance > 0)
    widened = widened_pearson_p(statistic, valid, effect, n_outcomes=2)
    return np.where((effect == 1) | (variance == 0), exact, np.maximum(exact, widened))


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
