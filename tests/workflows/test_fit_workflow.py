"""`flipsite fit` before it samples: what stops it, and when what it found is out of date."""

import stat
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from flipsite.cli.main import cli
from flipsite.domain.fit import Fit
from flipsite.errors import UsageError
from flipsite.project import find_project
from flipsite.settings import load_study
from flipsite.workflows import fit
from flipsite.workflows.fit import FitOrder, fit_study, keep_draws
from flipsite.workflows.load import sha256, stale

SHIPPED = Path(__file__).parents[2] / "content" / "studies" / "article-2025"


def project_with(tmp_path: Path, *names: str) -> Path:
    folder = tmp_path / "content" / "studies" / "article-2025"
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_bytes((SHIPPED / name).read_bytes())
    return folder


def fit_article(tmp_path: Path) -> None:
    fit_study(find_project(tmp_path), "article-2025", FitOrder(), done=lambda _: None)


def test_without_the_extra_the_command_that_installs_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "find_spec", lambda name: None)
    with pytest.raises(
        UsageError, match=r"pymc, nutpie, arviz: not installed; run `pip install 'flipsite\[bayes\]'`"
    ):
        fit_article(tmp_path)


def test_without_features_there_is_nothing_to_regress_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "find_spec", lambda name: True)
    project_with(tmp_path, "study.toml", "published.toml")
    with pytest.raises(
        UsageError, match=r"features\.csv: not there; `flipsite features article-2025` writes it"
    ):
        fit_article(tmp_path)


def test_the_packages_own_studies_are_not_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "find_spec", lambda name: True)
    with pytest.raises(UsageError, match="is flipsite's own"):
        fit_article(tmp_path)


def test_a_fit_is_older_than_what_has_changed_since(tmp_path: Path) -> None:
    folder = project_with(tmp_path, "study.toml", "published.toml", "features.csv")
    fit = Fit(
        forms=(),
        models=40,
        draws_sha256=sha256(folder / "published.toml"),
        features_sha256=sha256(folder / "features.csv"),
    )
    assert stale(fit, folder) == ()
    assert stale(replace(fit, draws_sha256=""), folder) == ("published.toml",)
    for name in ("published.toml", "features.csv"):
        text = (folder / name).read_text()
        (folder / name).write_text(text.replace("the name does not say", "nobody says") + "\n")
    assert stale(fit, folder) == ()  # a note is not what was fitted
    text = (folder / "features.csv").read_text()
    (folder / "features.csv").write_text(text.replace(",moe,", ",dense,", 1))
    assert stale(fit, folder) == ("features.csv",)
    (folder / "features.csv").unlink()
    assert stale(fit, folder) == ("features.csv",)


def test_posterior_draws_lie_in_the_private_folder(tmp_path: Path) -> None:
    """Where a fit is what makes `.flipsite/`, it is private and ignored by git all the same."""
    netcdf = SimpleNamespace(to_netcdf=lambda path, **_: Path(path).write_bytes(b"draws"))
    sampled: Any = SimpleNamespace(form="scale", naive=False, draws=netcdf)
    keep_draws((sampled,), tmp_path / ".flipsite/fits/trial.nc")
    assert (tmp_path / ".flipsite/fits/trial.nc").read_bytes() == b"draws"
    assert stat.S_IMODE((tmp_path / ".flipsite").stat().st_mode) == 0o700
    assert (tmp_path / ".flipsite/.gitignore").read_text() == "*\n"


def test_a_model_that_follows_the_order_is_left_out_of_a_regression_on_shares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its share of ones is one half, as if its size or tuning had made it fair; one that leans stays."""
    rows = ["model,draw,labels,order,outcome"]
    rng = np.random.default_rng(0)
    shares = {"a/first": (0.02, 0.98), "b/fair": (0.5, 0.5), "c/leans": (0.7, 0.98)}
    for model, of in shares.items():
        for i, draw in enumerate(rng.random(200)):
            rows.append(f'{model},{i},"[""0"", ""1""]",{i % 2},{int(draw < of[i % 2])}')
    rows.append('d/none,0,"[""0"", ""1""]",0,')
    (tmp_path / "draws.csv").write_text("\n".join(rows))
    (tmp_path / "content" / "studies").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["import", "draws.csv", "--study", "mine"])
    assert done.exit_code == 0, done.output
    folder = tmp_path / "content" / "studies" / "mine"
    counts, left_out = fit._counts(load_study(folder), folder)
    assert counts.models == ("b/fair", "c/leans")
    assert {one.what: one.reason for one in left_out} == {
        "a/first": "it follows the order, which its share of ones does not show",
        "d/none": "it has no valid draw",
    }


def imported_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str) -> Path:
    """A study of the counts in a table."""
    (tmp_path / "table.csv").write_text(table)
    (tmp_path / "content" / "studies").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["import", "table.csv", "--study", "paper", "--counts"])
    assert done.exit_code == 0, done.output
    return tmp_path / "content" / "studies" / "paper"


def test_a_study_of_counts_is_fitted_as_one_of_draws_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row a model, its direction known, and no printed figure of many readings."""
    folder = imported_counts(tmp_path, monkeypatch, "model,heads,n\na/b,27,50\nc/d,0,0\ne/f,49,50\n")
    counts, left_out = fit._counts(load_study(folder), folder)
    assert counts.models == ("a/b", "e/f")
    assert (list(counts.ones), list(counts.valid)) == ([27, 49], [50, 50])
    assert counts.signed
    assert counts.selection is None
    assert [one.what for one in left_out] == ["c/d"]


def test_counts_of_more_outcomes_have_no_share_of_ones_to_regress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = "model,rock,paper,scissors,n\na/b,20,18,12,50\n"
    folder = imported_counts(tmp_path, monkeypatch, table)
    with pytest.raises(UsageError, match="this study has 3 outcomes"):
        fit._counts(load_study(folder), folder)
