"""`flipsite fit` of a study of counts, with the real samplers: wants `flipsite[bayes]`, and a minute."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from flipsite.cli.main import cli
from flipsite.store.fits import read_fit

pytestmark = [
    pytest.mark.bayes,
    pytest.mark.filterwarnings("default"),  # of libraries about themselves
]


def test_the_command_fits_a_study_of_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The direction of each bias is known, so that all four forms are sampled; no model was selected."""
    folder = tmp_path / "content" / "studies" / "paper"
    folder.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    models = [f"author-{i % 3}/m{i}" for i in range(12)]
    rows = "".join(f"{model},{20 + i},50\n" for i, model in enumerate(models))
    Path("table.csv").write_text(f"model,heads,n\n{rows}")
    values = "".join(f"{name},parameters_total_b,{2**i},curated,,\n" for i, name in enumerate(models))
    (folder / "features.csv").write_text(f"model,feature,value,source,confidence,note\n{values}")
    runner = CliRunner()
    done = runner.invoke(cli, ["import", "table.csv", "--study", "paper", "--counts"])
    assert done.exit_code == 0, done.output
    done = runner.invoke(cli, ["fit", "paper", "--draws", "100", "--chains", "2"])
    assert "Fitted 4 forms to 12 models" in done.output
    fit = read_fit(folder / "fit.json")
    assert [form.form for form in fit.forms] == ["mean", "betabinomial", "scale", "mixture"]
    assert (fit.models, fit.signed, fit.selected) == (12, True, False)
    assert runner.invoke(cli, ["build"]).exit_code == 0
    assert (tmp_path / "site" / "paper" / "predictors" / "index.html").is_file()
