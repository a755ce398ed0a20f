"""A study and its arms spend one budget: what one has spent is left to none of the others."""

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flipsite.collect.simulated import METHOD_COINS, Endpoint
from flipsite.domain.money import Usd, usd
from flipsite.errors import SettingsError, StoreError, UsageError
from flipsite.project import Project
from flipsite.settings import dump_study, load_study
from flipsite.store.cache.private_folder import hold
from flipsite.workflows.arms import write_arms
from flipsite.workflows.collect import begin, collect
from flipsite.workflows.rename_remove import rename_study
from flipsite.workflows.run_request import RunQuote, RunReport, RunRequest, Watcher

TOTAL = usd(1.0)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A simulated study with a budget and an arm of another temperature."""
    project = Project(
        root=tmp_path, content=tmp_path / "content", templates=(), site=tmp_path / "site", packaged=False
    )
    begin(project, "coin", simulated=True)
    allow(project, TOTAL)
    write_arms(project, "coin", temperatures=[0.5])
    return project


def allow(project: Project, total_usd: Usd) -> None:
    """Set the owner's total."""
    path = project.studies / "coin" / "study.toml"
    study = load_study(path.parent)
    path.write_text(dump_study(replace(study, budget=replace(study.budget, total_usd=total_usd))), "utf-8")


def run(project: Project, study: str, *, draws: int = 5) -> tuple[RunQuote, RunReport]:
    """Ask a study's draws; returns what was offered and what was done."""
    offers: list[RunQuote] = []

    def agree(quote: RunQuote) -> bool:
        offers.append(quote)
        return True

    watcher = Watcher(created=lambda _: None, agree=agree, look=lambda _: None)
    order = RunRequest(study_id=study, simulated_seed=1, draws=draws)
    report = collect(project, order, watcher, app=Endpoint(seed=1, coins=METHOD_COINS))
    assert report is not None
    return offers[0], report


def test_what_the_study_has_spent_is_not_left_to_its_arm_nor_the_reverse(project: Project) -> None:
    """Each run is offered the total less what the other has cost."""
    first, of_study = run(project, "coin")
    second, of_arm = run(project, "coin-t0-5")
    third, _ = run(project, "coin", draws=10)
    assert first.budget_usd == TOTAL
    assert of_study.spent_usd
    assert second.budget_usd == TOTAL - of_study.spent_usd
    assert third.budget_usd == TOTAL - of_arm.spent_usd
    assert third.spent_usd == of_study.spent_usd


def test_together_they_never_cost_more_than_the_total(project: Project) -> None:
    """The arm is stopped by the budget where the study alone would have had enough."""
    _, of_study = run(project, "coin", draws=20)
    enough = 1.5 * of_study.spent_usd
    allow(project, enough)
    _, of_arm = run(project, "coin-t0-5", draws=20)
    assert of_arm.budget
    assert of_study.spent_usd + of_arm.spent_usd <= enough


def test_an_arm_that_is_written_later_touches_no_other(project: Project) -> None:
    """Every file of the others stays as it was, and the new one shares what is left."""
    _, of_study = run(project, "coin")
    _, of_arm = run(project, "coin-t0-5")
    before = {path: path.read_bytes() for path in project.studies.rglob("study.toml")}
    (late,) = write_arms(project, "coin", temperatures=[1.5])
    assert {path: path.read_bytes() for path in before} == before
    assert (late.study.budget.total_usd, late.study.budget.shared_with) == (None, "coin")
    offer, _ = run(project, "coin-t1-5")
    assert offer.budget_usd == TOTAL - of_study.spent_usd - of_arm.spent_usd


def test_an_arm_of_an_arm_shares_the_budget_of_the_first(project: Project) -> None:
    """The owner is the study that has the total."""
    (arm,) = write_arms(project, "coin-t0-5", efforts=["low"])
    assert arm.study.budget.shared_with == "coin"


@pytest.mark.parametrize(
    ("arms", "told"),
    [
        ({"temperatures": [1.5, 3.0]}, "coin-t3: sampling.temperature: expected a number from 0 to 2"),
        ({"temperatures": [1.5, float("nan")]}, "coin-tnan: sampling.temperature: expected a number"),
        ({"efforts": ["low", "No/ne"]}, "coin-reasoning-No/ne: sampling.reasoning: expected an effort"),
        ({"efforts": ["../../x"]}, "sampling.reasoning: expected an effort"),
    ],
)
def test_an_arm_that_cannot_be_leaves_nothing_behind(
    project: Project, arms: dict[str, Any], told: str
) -> None:
    """No arm is written where one of them does not fit: half a project would not build."""
    before = sorted(project.studies.rglob("*"))
    with pytest.raises(SettingsError, match=re.escape(told)):
        write_arms(project, "coin", **arms)
    assert sorted(project.studies.rglob("*")) == before


def test_an_arm_whose_name_no_study_may_have_is_not_written(project: Project) -> None:
    """A long name grows by the arm's setting."""
    rename_study(project, "coin", "c" * 60)
    before = sorted(project.studies.rglob("*"))
    with pytest.raises(UsageError, match="cannot name a study"):
        write_arms(project, "c" * 60, methods=["rejection"])
    assert sorted(project.studies.rglob("*")) == before


def test_spending_is_counted_by_the_snapshot_where_the_cache_is_elsewhere(project: Project) -> None:
    """In a clone a sibling's committed draws count as spent."""
    _, of_study = run(project, "coin")
    shutil.rmtree(project.cache)
    offer, _ = run(project, "coin-t0-5")
    assert offer.budget_usd == TOTAL - of_study.spent_usd


def test_one_of_them_is_collected_at_a_time(project: Project) -> None:
    """Two collectors would both count on the same dollars."""
    run(project, "coin")
    told = "coin-t0-5 shares its budget with others: coin: process"
    with hold(project.cache, study="coin", now="2026-01-01T00:00:00Z"), pytest.raises(StoreError, match=told):
        run(project, "coin-t0-5")
    run(project, "coin-t0-5")


def without_owner(project: Project) -> None:
    shutil.rmtree(project.studies / "coin")


def with_a_chain(project: Project) -> None:
    study = load_study(project.studies / "coin")
    shared = replace(study, budget=replace(study.budget, total_usd=None, shared_with="else"))
    (project.studies / "coin" / "study.toml").write_text(dump_study(shared), "utf-8")


def with_two_totals(project: Project) -> None:
    path = project.studies / "coin-t0-5" / "study.toml"
    path.write_text(path.read_text("utf-8").replace("[budget]\n", "[budget]\ntotal_usd = 1\n"), "utf-8")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (without_owner, r"coin-t0-5.study\.toml: budget\.shared_with: there is no other study 'coin'"),
        (with_a_chain, r"budget\.shared_with: coin itself shares the budget of else; name that study"),
        (with_two_totals, r"budget\.total_usd: is that of the study in shared_with; leave one of them out"),
    ],
)
def test_a_shared_budget_needs_one_owner(
    project: Project, damage: Callable[[Project], None], told: str
) -> None:
    """The error names the file, the key and the remedy."""
    damage(project)
    with pytest.raises(UsageError, match=told):
        run(project, "coin-t0-5")


def test_a_renamed_owner_keeps_its_arms(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The arms name it by its new id, and what it has spent still counts."""
    _, of_study = run(project, "coin")
    monkeypatch.chdir(project.root)
    rename_study(project, "coin", "penny")
    assert load_study(project.studies / "coin-t0-5").budget.shared_with == "penny"
    offer, _ = run(project, "coin-t0-5")
    assert offer.budget_usd == TOTAL - of_study.spent_usd
