"""A study of several draws in one answer, from its draws to its estimates: habits of known truth."""

from dataclasses import replace
from itertools import pairwise
from math import comb
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from tests.narrowing import not_none

from flipsite.analyse.noise_floor import noise_floor
from flipsite.analyse.report import StudyReport, report_draws
from flipsite.analyse.sequences.estimates import Pattern, SequenceVerdict
from flipsite.analyse.sequences.sibling import single_sibling
from flipsite.analyse.sequences.study import answers_of
from flipsite.domain.draws import Draw, Outcome, OutcomeSequence, Rejected, Status
from flipsite.domain.estimates import Verdict
from flipsite.domain.study import Study
from flipsite.settings import default_study, load_study
from flipsite.store.snapshot.assemble import collect_draws
from flipsite.store.snapshot.read import read_draws

CONTROLS = Path(__file__).parents[2] / "content" / "studies" / "control-dozens"
LENGTH = 12


@pytest.fixture(scope="module")
def report() -> StudyReport:
    return report_draws(load_study(CONTROLS), read_draws(CONTROLS / "draws.parquet"))


def test_each_habit_is_found_and_independent_draws_are_not_called_patterned(report: StudyReport) -> None:
    """At fifty answers of twelve: the pattern that each control was made with is among those found."""
    found = {each.model.partition("/")[2]: each for each in not_none(report.sequences).sequences.values()}
    habits = {
        "alternator": Pattern.ALTERNATING,
        "sticky-row": Pattern.REPEATING,
        "rationer": Pattern.RATIONED,
        "two-scripts": Pattern.SCRIPTS,
        "loop": Pattern.SCRIPTS,
    }
    for name, pattern in habits.items():
        assert pattern in found[name].patterns, name
        assert found[name].verdict is SequenceVerdict.PATTERNED
    for name in ("independent", "independent-structured", "wrong-length"):
        assert found[name].patterns == (), name


def test_a_patterned_model_is_never_called_fair(report: StudyReport) -> None:
    """Perfect shares by rationing are no fair draws."""
    of = {each.model.partition("/")[2]: each for each in report.estimates}
    assert of["rationer"].bias == 0
    assert of["rationer"].verdict is Verdict.UNDECIDED
    assert of["independent"].verdict is Verdict.FAIR
    assert of["two-scripts"].verdict is Verdict.BIASED


def test_draws_count_answers_and_shares_come_from_all_their_draws(report: StudyReport) -> None:
    """`valid` are answers of the length asked for; the noise floor is that of all draws in them."""
    kept = next(each for each in report.estimates if each.model.endswith("wrong-length"))
    assert kept.draws == 50
    assert kept.valid is not None
    assert kept.valid < 50
    assert kept.ones is None
    assert kept.noise_floor == pytest.approx(float(noise_floor(kept.valid * LENGTH)), rel=1e-9)


def answered(rows: list[tuple[int, ...]], *, labels: tuple[str, ...] = ("0", "1")) -> list[Draw]:
    return [
        Draw(model="a/b", draw=number, labels=labels, order=0, result=OutcomeSequence(indices=row))
        for number, row in enumerate(rows)
    ]


def study_of(per_answer: int) -> Study:
    study = default_study("trial")
    return replace(study, sampling=replace(study.sampling, per_answer=per_answer))


def test_answers_of_another_length_are_left_out() -> None:
    """As an import may hold them."""
    draws = collect_draws(answered([(0, 1), (1, 1, 0), (1, 0)]), optional=["sequence"])
    assert answers_of(draws, per_answer=2)["a/b"].tolist() == [[0, 1], [1, 0]]


def test_a_model_without_two_valid_answers_has_no_estimate() -> None:
    """One answer says nothing of how answers scatter."""
    unread = Rejected(status=Status.UNPARSED, reason="states 3 of 2")
    one = answered([(0, 1)])
    rows = [*one, replace(one[0], draw=1, result=unread)]
    report = report_draws(study_of(2), collect_draws(rows, optional=["sequence"]))
    (estimate,) = report.estimates
    assert (estimate.draws, estimate.valid, estimate.bias, estimate.rank) == (2, 1, None, None)


def test_answers_that_stick_together_count_for_fewer_draws() -> None:
    """Fifty answers of twelve equal draws know no more of the share than fifty draws do."""
    rng = np.random.default_rng(5)
    sides = rng.random(50) < 0.5
    stuck = report_draws(study_of(12), collect_draws(answered([(int(side),) * 12 for side in sides])))
    (estimate,) = stuck.estimates
    assert estimate.mean_low is not None
    assert estimate.mean_high is not None
    width = estimate.mean_high - estimate.mean_low
    assert width == pytest.approx(2 * 1.96 * 0.5 / 50**0.5, rel=0.1)
    assert estimate.verdict is not Verdict.BIASED


@pytest.mark.parametrize("n_answers", [3, 5, 8])
def test_few_answers_of_one_side_each_do_not_show_a_bias(n_answers: int) -> None:
    """An even sampler of whole answers: by chance all agree in one study of four, of sixteen, or of 128."""
    sides = [tuple(int(place < n_ones) for place in range(n_answers)) for n_ones in range(n_answers + 1)]
    found = {
        sum(each): report_draws(study_of(12), collect_draws(answered([(side,) * 12 for side in each])))
        for each in sides
    }
    chance = {n_ones: comb(n_answers, n_ones) / 2**n_answers for n_ones in found}
    wrong = held = 0.0
    for n_ones, report in found.items():
        (estimate,) = report.estimates
        wrong += chance[n_ones] * (not_none(estimate.p_value) < 0.05)
        held += chance[n_ones] * (not_none(estimate.mean_low) <= 0.5 <= not_none(estimate.mean_high))
    assert wrong <= 0.05
    assert held >= 0.93  # as Jeffreys’ interval of five draws


def test_answers_that_are_all_alike_count_as_one_draw_each() -> None:
    """Sixty equal draws in five answers may be five; in fifty answers they are a bias all the same."""
    few, many = (
        report_draws(study_of(12), collect_draws(answered([(1,) * 12] * n))).estimates[0] for n in (5, 50)
    )
    assert few.mean_low == pytest.approx(float(stats.beta(5.5, 0.5).ppf(0.025)))
    assert few.p_value == pytest.approx(2 / 2**5)
    assert few.verdict is Verdict.UNDECIDED
    assert many.verdict is Verdict.BIASED


def test_answers_stand_beside_a_study_of_separate_requests() -> None:
    """The same draws asked one a request, of the same kind and target; nothing else stands beside them."""
    rng = np.random.default_rng(9)
    rows = report_draws(study_of(12), collect_draws(answered([(0, 1) * 6] * 20)))
    flips = [
        Draw(model="a/b", draw=number, labels=("0", "1"), order=0, result=Outcome(index=int(side)))
        for number, side in enumerate(rng.random(60) < 0.5)
    ]
    single = default_study("single")
    apart = report_draws(single, collect_draws(flips))
    found = single_sibling(rows, [rows, apart])
    assert found
    assert found.study == single
    (both,) = found.models
    assert both.row.alternation == 1
    sides = [flip.result for flip in flips]
    assert both.alternation == sum(a != b for a, b in pairwise(sides)) / 59
    other = replace(single, prompt=replace(single.prompt, shares=(0.3, 0.7)))
    assert single_sibling(rows, [report_draws(other, collect_draws(flips))]) is None
    assert single_sibling(apart, [rows]) is None
