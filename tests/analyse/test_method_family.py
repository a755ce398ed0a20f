"""A family of methods of known truth: every number of methods.json from the draws alone."""

import json
import shutil
from dataclasses import replace
from fractions import Fraction
from math import comb, log2
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import beta, fisher_exact
from tests.analyse.fixture_types import DrawsOf, StudyOf
from tests.narrowing import not_none

from flipsite.analyse.methods.family import MethodFamily, MethodRecord, method_families
from flipsite.analyse.report import report_draws
from flipsite.collect.simulated import METHOD_COINS, Endpoint
from flipsite.domain.display import usd_text
from flipsite.domain.draws import STATUSES, Draws, Status
from flipsite.domain.money import NOTHING
from flipsite.errors import UsageError
from flipsite.present.charts.methods import price_against_bias
from flipsite.present.embeds.formats import rendered
from flipsite.present.embeds.registry import methods_embed
from flipsite.present.methods.page import method_files
from flipsite.present.methods.words import remarks, takes_sentences
from flipsite.project import Project
from flipsite.settings import load_study
from flipsite.store.snapshot.read import read_draws
from flipsite.workflows.arms import write_arms
from flipsite.workflows.collect import collect
from flipsite.workflows.embed import embed
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
    """Nothing but the method differs, and the total is the first one's."""
    assert [study.id for study in family.studies] == list(STUDIES)
    first, *arms = (load_study(project.studies / name) for name in STUDIES)
    assert all(arm.prompt == first.prompt for arm in arms)
    assert {(arm.budget.total_usd, arm.budget.shared_with) for arm in arms} == {(None, first.id)}
    again = write_arms(project, STUDIES[0], methods=["seed"])
    assert [arm.is_new for arm in again] == [False]


def entropy(share: float) -> float:
    return -sum(p * log2(p) for p in (share, 1 - share) if p)


def jeffreys_ends(ones: int, n: int) -> tuple[float, float]:
    """Brown, Cai & DasGupta (2001): Beta quantiles, the ends at 0 and n kept."""
    low = float(beta.ppf(0.025, ones + 0.5, n - ones + 0.5)) if ones else 0.0
    high = float(beta.ppf(0.975, ones + 0.5, n - ones + 0.5)) if ones < n else 1.0
    return low, high


def is_independent(outcomes: NDArray[Any]) -> bool:
    """Whether Wald and Wolfowitz' runs (1940) and Fisher's test of both halves let the draws pass."""
    ones, zeros = int(outcomes.sum()), int((1 - outcomes).sum())
    if not ones or not zeros:
        return True
    ways = [
        2 * comb(ones - 1, r // 2 - 1) * comb(zeros - 1, r // 2 - 1)
        if r % 2 == 0
        else comb(ones - 1, r // 2) * comb(zeros - 1, r // 2 - 1)
        + comb(ones - 1, r // 2 - 1) * comb(zeros - 1, r // 2)
        for r in range(2, ones + zeros + 1)
    ]
    seen = ways[int((outcomes[1:] != outcomes[:-1]).sum()) - 1]
    runs = Fraction(sum(each for each in ways if each <= seen), sum(ways))
    first, second = outcomes[: len(outcomes) // 2], outcomes[len(outcomes) // 2 :]
    table = np.array([[half.sum(), len(half) - half.sum()] for half in (first, second)])
    return min(float(runs), float(fisher_exact(table).pvalue)) >= 0.05 / 2


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
            host, cost = found["host_bits"], float(draws.cost_usd[rows].sum())
            assert isinstance(host, int | float)
            assert found["bits"] == pytest.approx(max(0.0, valid * entropy(ones / valid) - host))
            ends = jeffreys_ends(ones, valid)
            farther = max(ends, key=lambda share: abs(share - 0.5))
            low = max(0.0, valid * entropy(farther) - host)
            claimed = not name.endswith("rejection") and is_independent(outcomes[outcomes >= 0])
            assert found["bits_low"] == pytest.approx(low)
            assert found["claimed"] is claimed
            assert found["bits_per_usd"] == (pytest.approx(low / cost) if claimed else None)
            ours = (model, found["method"]) == ("simulated/yes-sayer", "rejection")
            within = max(abs(end - 0.7) for end in ends) <= 0.1 and not ours
            assert found["within"] == 0.1
            assert found["usd_per_1000_within"] == (pytest.approx(1000 * cost / valid) if within else None)


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
    sentences = takes_sentences(family)
    assert sentences[0].startswith("The best model, simulated/")
    assert "takes $0.0087 for 1,000 draws within 0.1 of the target (direct)" in sentences[0]
    assert sentences[1].startswith("A typical one, simulated/")
    assert sentences[2].startswith("The worst that can do it, simulated/")
    drawn = price_against_bias(family)
    assert len(drawn.records) == len(family.records)
    layers = drawn.spec["layer"]
    assert isinstance(layers, list)
    assert layers[0]["encoding"]["detail"]["field"] == "model"
    assert layers[1]["encoding"]["x"]["scale"]["type"] == "log"


def test_a_model_that_no_way_brings_within_the_margin_may_still_give_fair_bits(family: MethodFamily) -> None:
    """At the price of its bits: the worst of such models is named."""
    hard = [replace(each, is_even=False) for each in family.records]
    (none, extracted) = takes_sentences(replace(family, records=tuple(hard)))
    assert none == "None of 4 models is shown to draw within 0.1 of the target in any way of asking."
    best = {
        each.model: min(p for r in hard if r.model == each.model and (p := r.fair.usd_per_1000_bits))
        for each in hard
    }
    price = usd_text(max(best.values()))
    assert extracted.startswith(
        f"Fair bits can still be extracted from 4 of these, 1,000 for at most {price}"
    )
    nothing = [replace(each, fair=replace(each.fair, claimed=False)) for each in hard]
    assert takes_sentences(replace(family, records=tuple(nothing))) == [none]


@pytest.mark.parametrize(("n_ones", "ends_within"), [(156, True), (166, False)])
def test_a_price_needs_the_interval_within_orders_too(
    study_of: StudyOf, draws_of: DrawsOf, n_ones: int, ends_within: bool
) -> None:
    """The interval over all draws may end within the margin, and that within orders beyond it."""
    sides = np.repeat([1, 0], [n_ones, 300 - n_ones])
    drawn = np.random.default_rng(2).permuted([sides, sides], axis=1)
    columns = {"order": [0] * 300 + [1] * 300, "cost_usd": [0.001] * 600}
    reports = [
        report_draws(
            replace(study_of(), id=name, sampling=replace(study_of().sampling, temperature=temperature)),
            draws_of({"a/b": drawn.reshape(-1).tolist()}, **columns),
        )
        for name, temperature in (("warm", 1.0), ("cold", 0.5))
    ]
    estimate = reports[0].estimates[0]
    assert not_none(estimate.bias_high) <= 0.1
    assert (not_none(estimate.bias_within_high) <= 0.1) is ends_within
    assert not estimate.is_flagged
    (family,) = method_families(reports)
    assert [each.usd_per_1000_within is not None for each in family.records] == [ends_within] * 2


def test_ways_that_cost_nothing_are_drawn_by_their_names(family: MethodFamily) -> None:
    """Nothing stands on a logarithmic axis of dollars then."""
    free = [replace(each, fair=replace(each.fair, cost_usd=NOTHING)) for each in family.records]
    drawn = price_against_bias(replace(family, records=tuple(free)))
    assert "by way of asking" in drawn.caption
    layers = drawn.spec["layer"]
    assert isinstance(layers, list)
    assert layers[1]["encoding"]["x"]["field"] == "way"


def test_where_every_proposal_is_to_pass_the_coin_is_ours(family: MethodFamily) -> None:
    """At even proposals and an even target an honest filter accepts all, and so adds nothing of its own."""
    found = record(family, "methodical", "rejection")
    even = replace(found, trials=tuple(replace(each, wanted=1.0) for each in found.trials))
    assert even.passes_all
    assert even.is_ours
    assert even.usd_per_1000_within is None
    assert next(iter(remarks(even))).startswith("at this target every proposal should be accepted")


def test_the_embed_shows_each_way_and_the_operating_system(project: Project, family: MethodFamily) -> None:
    """Each record is a row; the reference row is shown and is in no data file."""
    base = report_draws(family.base, draws_of(project, family.base.id))
    found = methods_embed(family, base, base_url="https://example.org/")
    shown = rendered(found, "html").decode()
    rows = json.loads(rendered(found, "json"))["rows"]
    assert "os.urandom" in shown
    assert [row["model"]["value"] for row in rows] == [each.model for each in family.records]
    assert rendered(found, "svg").startswith(b"<svg")
    assert embed(project, "methods", form="html", study_id="control-methods-seed") == embed(
        project, "methods", form="html", study_id="control-methods"
    )


def test_a_study_without_arms_has_no_embed_of_methods(project: Project, tmp_path: Path) -> None:
    """The error says which embeds there are."""
    alone = replace(project, root=tmp_path, content=tmp_path / "content")
    shutil.copytree(project.studies / "control-methods", alone.studies / "alone")
    with pytest.raises(UsageError, match=r"study 'alone' has no table or chart 'methods'"):
        embed(alone, "methods", form="html")


def test_methods_json_is_written_for_each_study_of_the_family(family: MethodFamily) -> None:
    """The same records beside each of them."""
    files = method_files([family])
    assert {path.partition("/")[0] for path in files} == set(STUDIES)
    (content,) = set(files.values())
    assert len(json.loads(content)) == len(family.records)


def test_a_model_that_follows_the_order_is_compared_by_its_bias_within_orders() -> None:
    """Naming the first label looks even over both orders; the distance above the floor is not that one."""
    studies = CONTROL.parents[1]
    base, *arms = (
        report_draws(load_study(studies / name), read_draws(studies / name / "draws.parquet"))
        for name in ("small-models", "small-models-rejection", "small-models-seed")
    )
    (small,) = method_families([base, *arms])
    even = min(base.estimates, key=lambda each: each.bias or 0)
    found = next(r for r in small.records if (r.model, r.study) == (even.model, "small-models"))
    assert even.bias_within is not None
    assert even.noise_floor_within is not None
    assert found.record()["bias"] == even.bias
    assert found.excess == pytest.approx(even.bias_within - even.noise_floor_within)
    assert (found.excess or 0) > 5 * (even.bias or 0)
