"""The controls study that ships is what the real collector makes of the simulated endpoint, to the byte."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.narrowing import not_none

from flipsite.analyse.report import StudyReport, report_draws
from flipsite.analyse.tally import tally
from flipsite.cli.main import cli
from flipsite.collect.simulated import TRUTHS
from flipsite.domain.estimates import Dependence, Verdict
from flipsite.domain.study import Kind
from flipsite.settings import load_study
from flipsite.store.snapshot.read import read_draws

CONTROLS = Path(__file__).parents[2] / "content" / "studies" / "controls"
SEED = "2025"


@pytest.mark.parametrize(
    "study",
    [
        "controls",
        "control-dice",
        "control-range",
        "control-dozens",
        "control-methods",
        "control-methods-seed",
        "control-methods-rejection",
    ],
)
def test_collecting_the_controls_again_gives_the_same_bytes(
    study: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make controls`, run here: snapshot and catalogue are those of the repository."""
    folder, kept = tmp_path / "content" / "studies" / study, CONTROLS.parent / study
    folder.mkdir(parents=True)
    shutil.copy(kept / "study.toml", folder)
    monkeypatch.chdir(tmp_path)
    ran = CliRunner().invoke(cli, ["collect", study, "--simulated", "--seed", SEED, "--yes"])
    assert ran.exit_code == 0, ran.output
    for name in ("draws.parquet", "catalogue.json"):
        assert (folder / name).read_bytes() == (kept / name).read_bytes()


def test_the_controls_are_simulated_and_say_so() -> None:
    """Each coin that has a truth was asked fifty times, under a name nobody takes for a model's."""
    assert load_study(CONTROLS).kind is Kind.SIMULATED
    counts = tally(read_draws(CONTROLS / "draws.parquet"))
    assert {count.model for count in counts} == set(TRUTHS)
    assert all(count.model.startswith("simulated/") and count.n_draws == 50 for count in counts)


def test_the_controls_show_what_fifty_draws_can_tell() -> None:
    """The coin that always falls on one does; the unreadable one has no valid draw; balance hides habits."""
    ones = {
        count.model: (count.n_ones, count.n_valid) for count in tally(read_draws(CONTROLS / "draws.parquet"))
    }
    assert ones["simulated/always-one"] == (50, 50)
    assert ones["simulated/never-parses"] == (0, 0)
    assert ones["simulated/alternating"] == (25, 50)
    assert ones["simulated/first-named"] == (25, 50)


def outcomes_of(name: str) -> StudyReport:
    """A control study of more than two outcomes."""
    study = load_study(CONTROLS.parent / name)
    return report_draws(study, read_draws(CONTROLS.parent / name / "draws.parquet"))


def test_dice_of_known_truth_are_told_apart() -> None:
    """A hundred throws show a constant and a loaded die, the order, and draws that are too even."""
    report = outcomes_of("control-dice")
    found = {record.model.removeprefix("simulated/"): record for record in report.estimates}
    assert {name for name, each in found.items() if each.verdict is Verdict.BIASED} == {"always-4", "loaded"}
    assert {name for name, each in found.items() if each.sway} == {"first-named"}
    assert {name for name, each in found.items() if each.dependence} == {"too-even"}
    even = {name for name, each in report.outcomes.items() if each.p_even < 0.001}
    assert even == {"simulated/too-even", "simulated/first-named"}
    assert not_none(found["off-list"].valid) < not_none(found["off-list"].draws) == 100


def test_a_hundred_numbers_show_bias_and_no_fairness() -> None:
    """At a hundred draws of a hundred numbers favourites are found; nobody can be called fair."""
    report = outcomes_of("control-range")
    found = {record.model.removeprefix("simulated/"): record.verdict for record in report.estimates}
    assert found["always-42"] is found["human-favourites"] is Verdict.BIASED
    assert found["as-asked"] is found["too-even"] is Verdict.UNDECIDED
    flagged = {record.model for record in report.estimates if record.dependence is Dependence.EVEN}
    assert flagged == {"simulated/too-even"}
    assert report.outcomes["simulated/too-even"].p_even < 1e-6
    assert report.outcomes["simulated/as-asked"].p_even > 0.05
