"""Fixtures for the tests of the regressions; those that sample are ignored without the extra."""

from importlib.util import find_spec

import numpy as np
import pytest

from flipsite.domain.draws import Tally
from flipsite.fit.counts import FlipCounts, counts_of_draws
from flipsite.fit.covariates import Covariates, covariates

collect_ignore = [] if find_spec("pymc") else ["test_sampled_counts.py", "test_sampled_forms.py"]
"""`make test` runs without `flipsite[bayes]`; `make fit-check` installs it and runs these."""


@pytest.fixture(scope="session")
def counts() -> FlipCounts:
    """Thirty models of six authors, 20 to 49 draws each."""
    rng = np.random.default_rng(11)
    return counts_of_draws(
        [
            Tally(
                model=f"author-{i % 6}/m{i}", n_draws=50, n_valid=20 + i, n_ones=int(rng.integers(0, 21 + i))
            )
            for i in range(30)
        ],
        target=0.5,
    )


@pytest.fixture(scope="session")
def given(counts: FlipCounts) -> Covariates:
    """A number, a class of two, and a few unknown."""
    values = {
        model: {
            "parameters_total_b": "" if i % 7 == 0 else str(2 ** (i % 9)),
            "reasoning": "yes" if i % 3 == 0 else "no",
        }
        for i, model in enumerate(counts.models)
    }
    return covariates(counts.models, values)
