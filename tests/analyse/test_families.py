"""Several studies together; their reports are made by the analysis itself."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.analyse.fixture_types import DrawsOf, StudyOf

from flipsite.analyse.cross_study.comparisons import comparisons, families, histories
from flipsite.analyse.report import StudyReport, report_draws
from flipsite.domain.study import Kind


@pytest.fixture
def asked(study_of: StudyOf, draws_of: DrawsOf) -> Callable[..., StudyReport]:
    """Makes the report of a study: its id, kind, target, prompt, start, and each model's outcomes."""

    def report(
        study_id: str,
        outcomes: dict[str, list[int]],
        *,
        kind: Kind = Kind.MEASURED,
        target: float = 0.5,
        template: str = "{first} {second}",
        started: str | None = None,
    ) -> StudyReport:
        study = study_of(kind, target)
        prompt = replace(study.prompt, template=template)
        return report_draws(replace(study, id=study_id, prompt=prompt, started=started), draws_of(outcomes))

    return report


def test_studies_that_share_models_are_compared_once(asked: Callable[..., StudyReport]) -> None:
    """And only the models they share."""
    old = asked("old", {"a/x": [1, 0], "a/y": [1, 1]})
    new = asked("new", {"a/x": [0, 0], "a/z": [1, 1]})
    (found,) = comparisons([old, new])
    assert {found.before.id, found.after.id} == {"old", "new"}
    assert [change.model for change in found.changes] == ["a/x"]


def test_other_targets_other_kinds_and_other_models_are_not_compared(
    asked: Callable[..., StudyReport],
) -> None:
    """A coin of known truth never stands beside a model."""
    one = asked("one", {"a/x": [1, 0]})
    assert comparisons([one, asked("tilted", {"a/x": [1, 0]}, target=0.7)]) == ()
    assert comparisons([one, asked("coins", {"a/x": [1, 0]}, kind=Kind.SIMULATED)]) == ()
    assert comparisons([one, asked("others", {"b/x": [1, 0]})]) == ()


def test_a_history_follows_the_studies_start(asked: Callable[..., StudyReport]) -> None:
    """Studies without one come first, coins not at all, and a model of one study has no history."""
    late = asked("a-late", {"m/x": [1], "m/once": [1]}, started="2026-03-01")
    early = asked("z-early", {"m/x": [0]}, started="2025-09-01")
    undated = asked("undated", {"m/x": [0]})
    coins = asked("coins", {"m/x": [1]}, kind=Kind.SIMULATED)
    found = histories([late, early, undated, coins])
    assert list(found) == ["m/x"]
    assert [study.id for study, _ in found["m/x"].records] == ["undated", "z-early", "a-late"]


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ("p = 0.3 of {first}, else {second}", "p = 0.7 of {first}, else {second}"),
        ("{first} with 30 %, {second} with 70 %", "{first} with 70 %, {second} with 30 %"),
    ],
)
def test_a_family_differs_in_its_target_alone(asked: Callable[..., StudyReport], low: str, high: str) -> None:
    """Said as a share or in per cent, of either label."""
    studies = [
        asked("high", {"m/x": [1] * 8}, target=0.7, template=high),
        asked("low", {"m/x": [0] * 8}, target=0.3, template=low),
    ]
    (family,) = families(studies)
    assert [study.id for study in family.studies] == ["low", "high"]
    (curve,) = family.curves
    assert [(point.target, point.n_ones, point.n_valid) for point in curve.points] == [
        (0.3, 0, 8),
        (0.7, 8, 8),
    ]


def test_another_wording_or_another_number_is_no_family(asked: Callable[..., StudyReport]) -> None:
    """Numbers that are not the target are words like any other."""
    first = asked("first", {"m/x": [1]}, target=0.3, template="{first} {second}, 3 tries")
    assert (
        families([first, asked("again", {"m/x": [1]}, target=0.3, template="{first} {second}, 3 tries")])
        == ()
    )
    assert (
        families([first, asked("more", {"m/x": [1]}, target=0.7, template="{first} {second}, 4 tries")]) == ()
    )
    assert (
        families([first, asked("other", {"m/x": [1]}, target=0.7, template="{second} {first}, 3 tries")])
        == ()
    )
