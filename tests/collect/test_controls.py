"""The controls study that ships is what the real collector makes of the simulated endpoint, to the byte."""

import shutil
from pathlib import Path

from click.testing import CliRunner

from flipsite.analyse.tally import tally
from flipsite.cli.main import cli
from flipsite.collect.simulated import TRUTHS
from flipsite.domain.study import Kind
from flipsite.settings import load_study
from flipsite.store.snapshot.read import read_draws

CONTROLS = Path(__file__).parents[2] / "content" / "studies" / "controls"
SEED = "2025"


def test_collecting_the_controls_again_gives_the_same_bytes(tmp_path, monkeypatch):
    """`make controls`, run here: snapshot and catalogue are those of the repository."""
    folder = tmp_path / "content" / "studies" / "controls"
    folder.mkdir(parents=True)
    shutil.copy(CONTROLS / "study.toml", folder)
    monkeypatch.chdir(tmp_path)
    ran = CliRunner().invoke(cli, ["collect", "controls", "--simulated", "--seed", SEED, "--yes"])
    assert ran.exit_code == 0, ran.output
    for name in ("draws.parquet", "catalogue.json"):
        assert (folder / name).read_bytes() == (CONTROLS / name).read_bytes()


def test_the_controls_are_simulated_and_say_so():
    """Each coin that has a truth was asked fifty times, under a name nobody takes for a model's."""
    assert load_study(CONTROLS).kind is Kind.SIMULATED
    counts = tally(read_draws(CONTROLS / "draws.parquet"))
    assert {count.model for count in counts} == set(TRUTHS)
    assert all(count.model.startswith("simulated/") and count.n_draws == 50 for count in counts)


def test_the_controls_show_what_fifty_draws_can_tell():
    """The coin that always falls on one does; the unreadable one has no valid draw; balance hides habits."""
    ones = {
        count.model: (count.n_ones, count.n_valid) for count in tally(read_draws(CONTROLS / "draws.parquet"))
    }
    assert ones["simulated/always-one"] == (50, 50)
    assert ones["simulated/never-parses"] == (0, 0)
    assert ones["simulated/alternating"] == (25, 50)
    assert ones["simulated/first-named"] == (25, 50)
