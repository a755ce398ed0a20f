"""Whatever a released flipsite wrote, this one reads: every format there ever was, for ever."""

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tests.golden.make import FORMATS, NEWEST

from flipsite.cli.main import cli
from flipsite.collect.catalogue import FORMAT as CATALOGUE_FORMAT
from flipsite.collect.catalogue import load_catalogue
from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Kind
from flipsite.settings import load_printed, load_study
from flipsite.store.cache.schema import STEPS
from flipsite.store.features import read_features
from flipsite.store.fits import FORMAT as FIT_FORMAT
from flipsite.store.fits import read_fit
from flipsite.store.snapshot.parquet import FORMAT as SNAPSHOT_FORMAT
from flipsite.store.snapshot.read import read_draws
from flipsite.write.site.manifest import read_manifest

RELEASED = sorted(FORMATS.iterdir(), key=lambda folder: int(folder.name))


@pytest.fixture(params=RELEASED, ids=lambda folder: folder.name)
def released(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.param
    return folder


@pytest.fixture
def project(released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of that day, with its cache and its snapshot."""
    study = tmp_path / "content/studies/trial"
    study.mkdir(parents=True)
    for name in ("study.toml", "draws.parquet", "catalogue.json"):
        shutil.copyfile(released / name, study / name)
    (tmp_path / ".flipsite").mkdir()
    shutil.copyfile(released / "cache.sqlite", tmp_path / ".flipsite/cache.sqlite")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_format_that_is_written_now_is_kept_here() -> None:
    """A new format number wants a new folder: `python tests/golden/make.py formats`, with NEWEST raised."""
    newest = FORMATS / str(NEWEST)
    with closing(sqlite3.connect(f"file:{newest}/cache.sqlite?immutable=1", uri=True)) as cache:
        assert cache.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
    assert b"flipsite_format" in (newest / "draws.parquet").read_bytes()
    assert json.loads((newest / "fit.json").read_text())["format"] == FIT_FORMAT
    assert json.loads((newest / "catalogue.json").read_text())["format"] == CATALOGUE_FORMAT
    assert SNAPSHOT_FORMAT == 1


def test_a_snapshot_and_its_study_are_read(released: Path) -> None:
    draws, study = read_draws(released / "draws.parquet"), load_study(released)
    assert (len(draws), len(draws.models), study.kind) == (60, 5, Kind.SIMULATED)
    told = {row["model"]: row for row in json.loads((released / "estimates.json").read_text())}
    for place, model in enumerate(draws.models):
        rows = draws.rows(place)
        assert int(np.sum(draws.outcome[rows] == 1)) == told[model]["ones"]
        assert int(np.sum(draws.outcome[rows] >= 0)) == told[model]["valid"]


def test_a_cache_is_carried_on_and_nothing_is_paid_again(project: Path) -> None:
    """All draws are there: none is asked again, and reading the answers anew gives the same draws."""
    before = read_draws(project / "content/studies/trial/draws.parquet")
    words = ["collect", "trial", "--simulated", "--seed", "7", "--draws", "12", "--yes"]
    words += [word for model in before.models for word in ("--models", model)]
    ran = CliRunner().invoke(cli, words)
    assert ran.exit_code == 0, ran.output
    assert "Nothing to ask: all 60 draws are there." in ran.output
    assert CliRunner().invoke(cli, ["collect", "trial", "--reread"]).exit_code == 0
    after = read_draws(project / "content/studies/trial/draws.parquet")
    assert after.models == before.models
    assert np.array_equal(after.outcome, before.outcome)
    assert np.nansum(after.cost_usd) == np.nansum(before.cost_usd)


def test_printed_figures_features_fits_catalogues_and_lists_are_read(released: Path) -> None:
    assert len(load_printed(released).rows) == 40
    assert len(read_features(released / "features.csv")) > 200
    assert {form.form for form in read_fit(released / "fit.json").forms} >= {"betabinomial"}
    assert len(load_catalogue((released / "catalogue.json").read_bytes()).models) >= 5
    manifest = read_manifest(released)
    assert manifest is not None
    assert "trial/index.html" in manifest.outputs


def test_estimates_keep_their_columns(released: Path) -> None:
    """Others read these files: a column may come, and none may go or mean something else."""
    columns = {field.name for field in fields(Estimate)}
    rows = json.loads((released / "estimates.json").read_text())
    assert set(rows[0]) <= columns
    header = (released / "estimates.csv").read_text().splitlines()[0]
    assert set(header.split(",")) <= columns
