import numpy as np
import pytest
from scipy import stats
from tests.analyse.fixture_types import StudyOf

from flipsite.analyse.cross_study.comparisons import changes
from flipsite.analyse.estimates import estimates, published_estimates
from flipsite.analyse.published.possible_counts import fits
from flipsite.domain.draws import Tally
from flipsite.domain.estimates import Estimate, Printed
from flipsite.domain.study import Kind


def study(study_of: StudyOf, counts: dict[str, tuple[int, int]]) -> tuple[Estimate, ...]:
    tallies = [Tally(model=model, n_draws=n, n_valid=n, n_ones=k) for model, (k, n) in counts.items()]
    return estimates(study_of(), tallies)


def test_a_model_that_moved_is_told_from_those_that_did_not(study_of: StudyOf) -> None:
    """Fisher's test a model, and the false discovery rate over those that both studies share."""
    before = study(study_of, {"a/a": (50, 50), "a/b": (25, 50), "a/only": (3, 5), "a/none": (0, 0)})
    after = study(study_of, {"a/b": (27, 50), "a/a": (30, 50), "b/only": (3, 5), "a/none": (1, 2)})
    moved, stayed, none = changes(before, after)
    p = [
        stats.fisher_exact(np.array([[50, 0], [30, 20]])).pvalue,
        stats.fisher_exact(np.array([[25, 25], [27, 23]])).pvalue,
    ]
    q = stats.false_discovery_control(p)
    assert [moved.model, stayed.model, none.model] == ["a/a", "a/b", "a/none"]
    assert (moved.p_value, stayed.p_value) == pytest.approx(tuple(p), abs=1e-9)
    assert (moved.q_value, stayed.q_value) == pytest.approx(tuple(q), abs=1e-9)
    assert (moved.moved, stayed.moved, none.moved) == (True, False, False)
    assert moved.difference == pytest.approx(0.1 - 0.5)
    assert (none.difference, none.p_value, none.q_value) == (None, None, None)


def test_a_printed_bias_is_compared_with_the_caution_it_asks_for(study_of: StudyOf, article: Printed) -> None:
    """Neither its sign nor its draws are known: the largest p-value of all that may have been."""
    printed = published_estimates(study_of(Kind.PUBLISHED), article)
    ways = {row.model: fits(row, article) for row in article.rows}
    anew = study(study_of, {"inception/mercury-coder": (50, 50), "openai/gpt-4": (48, 50)})
    same, moved = changes(printed, anew, fits_before=ways)
    assert same.p_value == 1.0
    expected = max(stats.fisher_exact(np.array([[k, 42 - k], [48, 2]])).pvalue for k in (20, 22))
    assert moved.p_value == pytest.approx(expected, abs=1e-9)
    assert moved.moved
    assert changes(printed, anew)[0].p_value is None


def test_studies_that_share_no_model_have_no_changes(study_of: StudyOf) -> None:
    """Nothing is compared."""
    assert changes(study(study_of, {"a/a": (1, 2)}), study(study_of, {"a/b": (1, 2)})) == ()
