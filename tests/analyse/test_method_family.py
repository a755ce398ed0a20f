"""A family of methods of known truth: every number of methods.json from the draws alone."""

import json
from math import log2
from pathlib import Path

import pytest

from flipsite.analyse.methods.family import MethodFamily, MethodRecord, method_families
from flipsite.analyse.report import report_draws
from flipsite.collect.simulated import METHOD_COINS, Endpoint
from flipsite.domain.draws import STATUSES, Draws, Status
from flipsite.present.methods.page import method_files, picture, takes_sentences
from flipsite.project import Project
from flipsite.settings import load_study
from flipsite.store.snapshot.read import read_draws
from flipsite.workflows.arms import write_arms
from flipsite.workflows.collect import collect
from flipsite.workflows.run_request import RunRequest, Watcher

CONTROL = Path(__file__).parents[2] / "content" / "studies" / "control-methods" / "study.toml"
STUDIES = ("control-methods", "control-methods-seed", "control-methods-rejection")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The control of methods with two arms, asked of the simulated endpoint."""
    root = tmp_path_factory.mktemp("methods")
    folder = root / "content" / "studies" / STUDIES[0]
    folder.mkdir(parents=True)
    (folder / "study.toml").write_bytes(CONTROL.read_bytes())
    project = Project(root=root, content=root / "content", templates=(), site=root / "site", packaged=False)
    write_arms(project, STUDIES[0], methods=["direct", "seed", "rejection"])
    watcher = Watcher(created=lambda _: None, agree=lambda _: True, look=lambda _: None)
    for study in STUDIES:
        order = RunRequest(study_id=study, simulated_seed=7)
        assert collect(project, order, watcher, app=Endpoint(seed=7, coins=METHOD_COINS))
    return project


def draws_of(project: Project, study: str) -> Draws:
    return read_draws(project.studies / study / "draws.parquet")


@pytest.fixture(scope="module")
def family(project: Project) -> MethodFamily:
    reports = [report_draws(load_study(project.studies / name), draws_of(project, name)) for name in STUDIES]
    (found,) = method_families(reports)
    return found


def record(family: MethodFamily, model: str, method: str) -> MethodRecord:
    return next(r for r in family.records if r.model == f"simulated/{model}" and r.method == method)


def test_a_study_and_its_arms_are_a_family_and_share_the_budget(
    project: Project, family: MethodFamily
) -> None:
    """Nothing but the method differs; what the study had left is split."""
    assert [study.id for study in family.studies] == list(STUDIES)
    first, *arms = (load_study(project.studies / name) for name in STUDIES)
    assert all(arm.prompt == first.prompt for arm in arms)
    assert [arm.budget.total_usd for arm in arms] == [5.0, 5.0]
    again = write_arms(project, STUDIES[0], methods=["seed"])
    assert [arm.is_new for arm in again] == [False]


def test_every_number_follows_from_the_draws(project: Project, family: MethodFamily) -> None:
    """Valid draws, bias, dollars and host bits, counted again from the snapshot."""
    for name in STUDIES:
        draws = draws_of(project, name)
        for index, model in enumerate(draws.models):
            rows = draws.rows(index)
            outcomes = draws.outcome[rows]
            found = next(r for r in family.records if (r.model, r.study) == (model, name)).record()
            valid, ones = int((outcomes >= 0).sum()), int((outcomes == 1).sum())
            assert (found["draws"], found["valid"]) == (250, valid)
            assert found["bias"] == pytest.approx(abs(ones / valid - 0.7))
            assert found["cost_usd"] == pytest.approx(draws.cost_usd[rows].sum())
            assert found["usd_per_1000_valid"] == pytest.approx(1000 * draws.cost_usd[rows].sum() / valid)
            answered = int((draws.status[rows] == STATUSES.index(Status.VALID)).sum())
            assert found["host_bits"] == (answered if name.endswith("rejection") else 0)
            share = ones / valid
            entropy = -sum(p * log2(p) for p in (share, 1 - share) if p)
            assert found["bits"] == pytest.approx(max(0.0, valid * entropy - found["host_bits"]))


def test_a_yes_sayer_has_no_bits_of_its_own(family: MethodFamily) -> None:
    """It accepts whatever we propose: the coin is ours."""
    found = record(family, "yes-sayer", "rejection")
    assert found.is_ours
    assert found.fair.bits == 0
    assert not found.fair.claimed
    assert "ours" in found.fair.why
    assert not record(family, "methodical", "rejection").is_ours


def test_acceptance_is_held_against_what_it_should_be(family: MethodFamily) -> None:
    """At a target of 0.7 and even proposals a 1 always passes, and a 0 in three of seven."""
    zero, one = record(family, "methodical", "rejection").trials
    assert (one.wanted, one.accepted) == (1, one.trials)
    assert zero.wanted == pytest.approx(3 / 7)
    assert zero.accepted / zero.trials == pytest.approx(3 / 7, abs=0.2)


def test_seed_strings_are_recomputed(family: MethodFamily) -> None:
    """One string is one outcome; a wrong sum shows beside the outcome that was due."""
    same = record(family, "one-seed", "seed").seeds
    wrong = record(family, "miscomputes", "seed").seeds
    right = record(family, "methodical", "seed").seeds
    assert same
    assert wrong
    assert right
    assert (same.strings, same.distinct) == (250, 1)
    assert (right.right, right.distinct) == (250, 250)
    assert wrong.right < 200
    assert wrong.bias_recomputed is not None
    assert wrong.bias_recomputed < (record(family, "miscomputes", "seed").bias or 0)


def test_the_page_says_what_it_takes_and_joins_a_models_ways(family: MethodFamily) -> None:
    """In words and in a picture, all of it computed."""
    (sentence, *others) = takes_sentences(family)
    assert sentence.startswith("With the best model, simulated/")
    assert "1,000 draws within 0.1 of what is asked cost $0.0" in sentence
    assert others
    drawn = picture(family.records)
    assert drawn
    assert len(drawn.marks) == len(family.records)
    assert len(drawn.lines) == len({each.model for each in family.records})
    assert all(0 <= mark.x <= drawn.width and 0 <= mark.y <= drawn.height for mark in drawn.marks)


def test_methods_json_is_written_for_each_study_of_the_family(family: MethodFamily) -> None:
    """The same records beside each of them."""
    files = method_files([family])
    assert {path.partition("/")[0] for path in files} == set(STUDIES)
    (content,) = set(files.values())
    assert len(json.loads(content)) == len(family.records)
