"""Models over several studies: whose bias stands highest above the noise floor on the whole."""

from dataclasses import replace

import pytest
from tests.sampled import DIE, rows_of, sampled

from flipsite.analyse.cross_study.matrix import study_matrix
from flipsite.analyse.report import StudyReport, report_draws
from flipsite.domain.study import Kind, Prompt
from flipsite.store.snapshot.columns import collect_draws


def report_of(study, name: str, outcomes, *, labels=DIE, kind: Kind = Kind.MEASURED) -> StudyReport:
    k = len(labels)
    prompt = Prompt(template="{options}", outcomes=tuple(labels), shares=(1 / k,) * k, form="list")
    asked = replace(study, id=name, title=name, kind=kind, prompt=prompt)
    return report_draws(asked, collect_draws(rows_of(outcomes, labels)))


def test_models_stand_by_their_mean_bias_above_the_floor(study_of) -> None:
    """A die and three signs: a model that is fair in both, one that never varies, one asked once."""
    dice = {"a/fair": sampled([1 / 6] * 6, 60, seed=1), "a/stuck": [3] * 60, "a/once": [0] * 60}
    signs = {"a/fair": sampled([1 / 3] * 3, 60, seed=2), "a/stuck": [0] * 60}
    reports = [
        report_of(study_of(), "dice", dice),
        report_of(study_of(), "signs", signs, labels=("rock", "paper", "scissors")),
        report_of(study_of(), "controls", dice, kind=Kind.SIMULATED),
    ]
    found = study_matrix(reports)
    assert [study.id for study in found.studies] == ["dice", "signs"]
    assert [row.model for row in found.rows] == ["a/fair", "a/stuck"]
    fair, stuck = found.rows
    assert abs(fair.excess) < 0.06
    biases = [record.bias - record.noise_floor for record in stuck.records]
    assert stuck.excess == pytest.approx(sum(biases) / 2)


def test_studies_that_share_no_model_have_no_matrix(study_of) -> None:
    one = report_of(study_of(), "one", {"a/x": [0, 1, 2]})
    other = report_of(study_of(), "other", {"a/y": [0, 1, 2]})
    assert study_matrix([one, other]) is None


def test_a_model_without_a_bias_stands_last(study_of) -> None:
    """It never named an outcome, and has its place all the same."""
    silent = {"a/none": [-1] * 9, "a/some": [0, 1, 2]}
    found = study_matrix([report_of(study_of(), name, silent) for name in ("one", "two")])
    assert [(row.model, row.excess is None) for row in found.rows] == [("a/some", False), ("a/none", True)]
