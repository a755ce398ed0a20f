"""Several studies together; their reports are made by the analysis itself."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from tests.analyse.fixture_types import DrawsOf, StudyOf
from tests.narrowing import not_none

from flipsite.analyse.cross_study.comparisons import comparisons, families, histories
from flipsite.analyse.dependence.design_effect import widened_same_shares_p
from flipsite.analyse.report import StudyReport, report_draws
from flipsite.domain.draws import Draw, OutcomeSequence
from flipsite.domain.study import Kind
from flipsite.settings import default_study
from flipsite.store.snapshot.assemble import collect_draws


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


def sticking(n_models: int, n_draws: int, k: int, *, seed: int) -> dict[str, list[int]]:
    """Even samplers that repeat their last draw six times in ten and else draw afresh."""
    rng = np.random.default_rng(seed)
    drawn, stays = rng.integers(0, k, (n_models, n_draws)), rng.random((n_models, n_draws)) < 0.6
    for place in range(1, n_draws):
        drawn[:, place] = np.where(stays[:, place], drawn[:, place - 1], drawn[:, place])
    return {f"m/{number:03}": row.tolist() for number, row in enumerate(drawn)}


@pytest.mark.parametrize(("k", "plain"), [(2, 0.2), (6, 0.6)])
def test_models_whose_draws_stick_have_not_moved(
    study_of: StudyOf, draws_of: DrawsOf, k: int, plain: float
) -> None:
    """Asked twice, 50 models that did not change: an exact test of independent draws finds many that did."""
    study = study_of()
    prompt = replace(study.prompt, outcomes=tuple(map(str, range(k))), shares=(1 / k,) * k)
    reports = [
        report_draws(replace(study, id=name, prompt=prompt), draws_of(sticking(50, 100, k, seed=seed)))
        for seed, name in enumerate(("before", "after"))
    ]
    (found,) = comparisons(reports)
    p = [not_none(change.p_value) for change in found.changes]
    counts = [{each.model: each.by_outcome for each in report.tallies} for report in reports]
    independent = [
        stats.chi2_contingency([counted[change.model] for counted in counts], correction=False).pvalue
        for change in found.changes
    ]
    assert np.mean(np.array(independent) < 0.05) >= plain
    assert np.mean(np.array(p) < 0.05) <= 0.05
    assert not any(change.moved for change in found.changes)


def test_models_whose_draws_stick_may_follow_every_request(study_of: StudyOf, draws_of: DrawsOf) -> None:
    """Of 60 that are faithful an exact test of independent draws refutes half, ours one in twenty."""
    rng = np.random.default_rng(7)
    reports, exact = [], np.ones(60)
    for target in (0.2, 0.5, 0.8):
        drawn, stays = rng.random((60, 100)) < target, rng.random((60, 100)) < 0.6
        for place in range(1, 100):
            drawn[:, place] = np.where(stays[:, place], drawn[:, place - 1], drawn[:, place])
        models = {f"m/{number:03}": row.astype(int).tolist() for number, row in enumerate(drawn)}
        study = replace(study_of(Kind.MEASURED, target), id=f"asked-{target}")
        reports.append(report_draws(study, draws_of(models)))
        each = [stats.binomtest(int(row.sum()), 100, target).pvalue for row in drawn]
        exact = np.minimum(exact, each)
    (family,) = families(reports)
    assert np.mean(1 - (1 - exact) ** 3 < 0.05) >= 0.5
    assert np.mean([curve.p_faithful < 0.05 for curve in family.curves]) <= 0.05 + 3 * np.sqrt(
        0.05 * 0.95 / 60
    )
    assert np.mean([curve.step_low == 0 for curve in family.curves]) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 60)
    assert not any(not_none(curve.q_faithful) < 0.05 for curve in family.curves)


def test_the_test_of_dependent_draws_is_pearsons_of_fewer() -> None:
    """By the limit of chi-square and its F distribution, from counts divided by their design effects."""
    table = np.array([[60, 40], [90, 110]]) / np.array([[2.0], [4.0]])
    statistic = stats.chi2_contingency(table, correction=False).statistic
    assert widened_same_shares_p([(60, 40), (90, 110)], (2, 4)) == pytest.approx(
        stats.f.sf(statistic, 1, 50 + 50 - 2)
    )
    assert widened_same_shares_p([(5, 0), (9, 0)], (2, 4)) == 1


def answered(study_id: str, answers: np.ndarray) -> StudyReport:
    """A study of one model's answers of several flips each."""
    study = default_study(study_id)
    sampling = replace(study.sampling, per_answer=answers.shape[1])
    draws = [
        Draw(
            model="m/x",
            draw=number,
            labels=("0", "1"),
            order=0,
            result=OutcomeSequence(indices=tuple(row)),
        )
        for number, row in enumerate(answers.tolist())
    ]
    return report_draws(replace(study, sampling=sampling), collect_draws(draws))


def test_flips_of_one_answer_are_a_cluster_when_studies_are_compared() -> None:
    """A change of shares is found; answers of one side alone, as many of either, make none."""
    rng = np.random.default_rng(1)
    one_sided = [np.repeat(rng.integers(0, 2, (20, 1)), 12, axis=1) for _ in range(60)]
    reports = [answered(f"s{number:02}", each) for number, each in enumerate(one_sided)]
    found = [comparisons(pair)[0].changes[0] for pair in zip(reports[::2], reports[1::2], strict=True)]
    assert sum(not_none(change.p_value) < 0.05 for change in found) <= 3
    lean = answered("lean", (rng.random((20, 12)) < 0.9).astype(np.int64))
    even = answered("even", (rng.random((20, 12)) < 0.5).astype(np.int64))
    assert comparisons([lean, even])[0].changes[0].moved


def test_of_many_models_that_follow_every_request_none_is_said_not_to(
    asked: Callable[..., StudyReport],
) -> None:
    """Some have p below 0.05 by chance; one that always gives the likelier side is found."""
    rng = np.random.default_rng(4)
    reports = [
        asked(
            f"p{target}",
            {f"m/{i:02}": (rng.random(50) < target).astype(int).tolist() for i in range(24)}
            | {"z/step": [int(target > 0.5)] * 50},
            target=target,
            template="{first} {second}",
        )
        for target in (0.2, 0.4, 0.6, 0.8)
    ]
    (family,) = families(reports)
    *followers, step = family.curves
    assert sum(curve.p_faithful < 0.05 for curve in followers) >= 1
    assert not [curve.model for curve in followers if not_none(curve.q_faithful) < 0.05]
    assert not_none(step.q_faithful) < 1e-6
