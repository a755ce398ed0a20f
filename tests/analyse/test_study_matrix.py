"""Models over several studies: whose bias stands highest above the noise floor on the whole."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from tests.analyse.fixture_types import StudyOf
from tests.narrowing import not_none
from tests.sampled import DIE, rows_of, sampled

from flipsite.analyse.cross_study.matrix import study_matrix
from flipsite.analyse.report import StudyReport, report_draws
from flipsite.domain.study import Kind, Prompt, Study
from flipsite.store.snapshot.assemble import collect_draws


def report_of(
    study: Study,
    name: str,
    outcomes: Mapping[str, Sequence[int]],
    *,
    labels: Sequence[str] = DIE,
    kind: Kind = Kind.MEASURED,
) -> StudyReport:
    k = len(labels)
    prompt = Prompt(template="{options}", outcomes=tuple(labels), shares=(1 / k,) * k, form="list")
    asked = replace(study, id=name, title=name, kind=kind, prompt=prompt)
    return report_draws(asked, collect_draws(rows_of(outcomes, labels)))


def test_models_stand_by_their_mean_bias_above_the_floor(study_of: StudyOf) -> None:
    """A die and three signs: a model that is fair in both, one that never varies, one asked once."""
    dice = {"a/fair": sampled([1 / 6] * 6, 60, seed=1), "a/stuck": [3] * 60, "a/once": [0] * 60}
    signs = {"a/fair": sampled([1 / 3] * 3, 60, seed=2), "a/stuck": [0] * 60}
    reports = [
        report_of(study_of(), "dice", dice),
        report_of(study_of(), "signs", signs, labels=("rock", "paper", "scissors")),
        report_of(study_of(), "controls", dice, kind=Kind.SIMULATED),
    ]
    found = not_none(study_matrix(reports))
    assert [study.id for study in found.studies] == ["dice", "signs"]
    assert [row.model for row in found.rows] == ["a/fair", "a/stuck"]
    fair, stuck = found.rows
    assert abs(not_none(fair.excess)) < 0.06
    records = [not_none(record) for record in stuck.records]
    biases = [not_none(record.bias) - not_none(record.noise_floor) for record in records]
    assert stuck.excess == pytest.approx(sum(biases) / 2)


def test_studies_that_share_no_model_have_no_matrix(study_of: StudyOf) -> None:
    one = report_of(study_of(), "one", {"a/x": [0, 1, 2]})
    other = report_of(study_of(), "other", {"a/y": [0, 1, 2]})
    assert study_matrix([one, other]) is None


def test_a_model_without_a_bias_stands_last(study_of: StudyOf) -> None:
    """It never named an outcome, and has its place all the same."""
    silent = {"a/none": [-1] * 9, "a/some": [0, 1, 2]}
    found = not_none(study_matrix([report_of(study_of(), name, silent) for name in ("one", "two")]))
    assert [(row.model, row.excess is None) for row in found.rows] == [("a/some", False), ("a/none", True)]
