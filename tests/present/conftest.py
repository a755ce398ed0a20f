"""Studies small enough to draw: estimates made by the real analysis from counts that a test chooses."""

from collections.abc import Callable, Sequence

import pytest

from flipsite.analyse.estimates import estimates
from flipsite.domain.draws import Tally
from flipsite.domain.estimates import Estimate
from flipsite.domain.money import usd
from flipsite.domain.study import Budget, Kind, ModelChoice, Prompt, Sampling, Study

Counts = Sequence[tuple[str, int, int]]
"""Each model's name, its ones, its valid draws."""


def a_study(name: str = "trial", *, kind: Kind = Kind.MEASURED, target: float = 0.5) -> Study:
    return Study(
        id=name,
        title="A trial",
        kind=kind,
        summary="",
        source="",
        started=None,
        prompt=Prompt(template="{first} or {second}?", shares=(1 - target, target)),
        sampling=Sampling(),
        models=ModelChoice(),
        budget=Budget(),
    )


def some_counts(n_models: int) -> Counts:
    return [(f"author-{i % 7}/model-{i}", i * 37 % (45 + i % 7), 44 + i % 7) for i in range(n_models)]


@pytest.fixture(scope="session")
def study() -> Study:
    return a_study()


@pytest.fixture(scope="session")
def estimated(study: Study) -> Callable[[Counts], tuple[Estimate, ...]]:
    def estimated_of(counts: Counts) -> tuple[Estimate, ...]:
        tallies = [
            Tally(model=model, n_draws=valid, n_valid=valid, n_ones=ones, cost_usd=usd(0.01) * valid)
            for model, ones, valid in counts
        ]
        return estimates(study, tallies)

    return estimated_of


@pytest.fixture
def many(estimated: Callable[[Counts], tuple[Estimate, ...]]) -> Callable[[int], tuple[Estimate, ...]]:
    """So many models, each with another share of ones, at 44 to 50 draws."""

    def many_of(n_models: int) -> tuple[Estimate, ...]:
        return estimated(some_counts(n_models))

    return many_of
