"""Changes of a verdict: the draws that each takes, and their price."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from flipsite.analyse.binomial import binomial_test
from flipsite.analyse.estimates import estimates
from flipsite.analyse.outcomes.power import study_plan
from flipsite.domain.draws import Tally
from flipsite.domain.estimates import Dependence, Estimate, Sway, Verdict
from flipsite.domain.money import Usd, usd
from flipsite.domain.study import Kind, Study
from flipsite.present.pages.model.verdict_change import POWER, VerdictChange, verdict_change

HALF = usd(0.5)


def change(study: Study, ones: int, valid: int, *, cost_usd: Usd | None = HALF) -> VerdictChange:
    tally = Tally(model="a/x", n_draws=valid, n_valid=valid, n_ones=ones, cost_usd=cost_usd)
    record = estimates(study, [tally])[0]
    found = verdict_change(study, record, n_models=10, tally=tally, outcomes=None)
    assert found is not None
    return found


def rows(found: VerdictChange) -> list[tuple[str, str, str, str]]:
    return [(each.verdict, each.total, each.more, each.price) for each in found.needed]


def test_an_undecided_model_needs_the_draws_of_its_study_s_plan(study: Study) -> None:
    """Those of `flipsite plan`, less those it has, at what its own draws cost: a cent each."""
    plan = study_plan(study.prompt, margin=0.1, bias=0.1, power=POWER, n_models=10)
    assert plan.fair is not None
    assert plan.biased_first is not None
    found = change(study, 25, 50)
    assert rows(found) == [
        (verdict, str(total), str(total - 50), f"${0.01 * (total - 50):.2f}")
        for verdict, total in (("fair", plan.fair), ("biased", plan.biased_first))
    ]
    assert found.sentence.startswith("Both verdicts are still open.")


def test_a_fair_model_may_still_have_half_the_bias(study: Study) -> None:
    found = change(study, 500, 1000)
    assert [each.truth for each in found.needed] == ["its bias is 0.05"]
    assert "would show a smaller bias" in found.sentence


@pytest.mark.parametrize(("ones", "valid"), [(40, 50), (50, 50), (75, 100)])
def test_a_biased_model_stays_so_for_a_while(study: Study, ones: int, valid: int) -> None:
    """By the exact test of so many ones and m further draws that are even."""
    found = change(study, ones, valid)
    assert found.needed == ()
    words = found.sentence.split("about ")[1].split(" draws")[0]
    exact = next(m for m in range(0, 2000, 2) if binomial_test([ones + m // 2], [valid + m])[0] >= 0.05)
    assert int(words.replace(",", "")) == pytest.approx(exact, rel=0.12)


def test_a_model_with_enough_draws_is_told_so(study: Study) -> None:
    found = change(study, 183, 330, cost_usd=None)
    assert [(each.verdict, each.more, each.is_met) for each in found.needed] == [
        ("fair", "none", True),
        ("biased", "100", False),
    ]


def flagged(**of: Any) -> Estimate:
    return replace(
        Estimate(model="a/x", author="a", kind=Kind.MEASURED, valid=200, p_value=0.2, page="x"),
        **of,
    )


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (flagged(sway=Sway.ORDER), "while it follows the order of the labels"),
        (flagged(sway=Sway.LABEL), "while it follows the labels"),
        (flagged(dependence=Dependence.RUNS, design_effect=2.0), "while its draws depend on each other"),
        (flagged(sway=Sway.ORDER, verdict=Verdict.BIASED), "while it follows the order of the labels"),
    ],
)
def test_no_number_of_draws_makes_a_flagged_model_fair(study: Study, record: Estimate, words: str) -> None:
    found = verdict_change(study, record, n_models=10, tally=None, outcomes=None)
    assert found is not None
    assert words in found.sentence
    assert all(each.verdict is Verdict.BIASED for each in found.needed)


def test_dependent_draws_count_for_less(study: Study) -> None:
    alone, repeated = (
        verdict_change(study, record, n_models=10, tally=None, outcomes=None)
        for record in (flagged(), flagged(dependence=Dependence.RUNS, design_effect=2.0))
    )
    assert alone is not None
    assert repeated is not None
    assert int(repeated.needed[-1].total) == 2 * int(alone.needed[-1].total)


@pytest.mark.parametrize(
    ("n_outcomes", "verdicts", "words"),
    [
        (6, ["fair", "biased"], "Both verdicts are still open"),
        (100, ["biased"], "fairness practically never: a perfect sampler would need about 8,000 draws"),
        (1000, ["biased"], "fairness practically never: a perfect sampler would need more than 50,000 draws"),
    ],
)
def test_of_many_outcomes_fairness_is_out_of_reach(
    study: Study, n_outcomes: int, verdicts: Sequence[str], words: str
) -> None:
    shares = (1 / n_outcomes,) * n_outcomes
    prompt = replace(study.prompt, outcomes=tuple(map(str, range(n_outcomes))), shares=shares)
    record = flagged(outcomes=n_outcomes)
    found = verdict_change(replace(study, prompt=prompt), record, n_models=4, tally=None, outcomes=None)
    assert found is not None
    assert [each.verdict for each in found.needed] == verdicts
    assert words in found.sentence


def test_without_a_verdict_nothing_changes_it(study: Study) -> None:
    record = replace(flagged(), p_value=None)
    assert verdict_change(study, record, n_models=1, tally=None, outcomes=None) is None
