"""A snapshot is never written from a cache that holds less than it."""

import shutil
from pathlib import Path

import pytest
from tests.collect.collecting_runs import STUDY, draws_of, project_of, simulate

from flipsite.collect.simulated import Endpoint
from flipsite.domain.endpoint import ModelLedger
from flipsite.domain.study import Kind
from flipsite.errors import StoreError
from flipsite.store.imports.columns import parse_options
from flipsite.store.snapshot.extent import refuse_loss
from flipsite.workflows.collect import reread
from flipsite.workflows.import_export import import_draws


def test_a_lost_cache_does_not_cost_the_snapshots_draws(tmp_path: Path) -> None:
    """Neither asking nor reading again writes over draws that were collected with another cache."""
    project = project_of(tmp_path)
    simulate(project, Endpoint(), draws=4)
    before = (project.studies / STUDY / "draws.parquet").read_bytes()
    shutil.rmtree(project.cache)
    with pytest.raises(StoreError, match=r"holds 68 draws that this project's cache does not"):
        simulate(project, Endpoint(), draws=8)
    with pytest.raises(StoreError, match="Add --adopt"):
        reread(project, STUDY)
    assert (project.studies / STUDY / "draws.parquet").read_bytes() == before


def test_imported_draws_are_not_collected_over(tmp_path: Path) -> None:
    project = project_of(tmp_path, kind=Kind.MEASURED)
    (tmp_path / "theirs.csv").write_text("model,outcome\na/b,1\na/b,0\n")
    import_draws(project, STUDY, tmp_path / "theirs.csv", options=parse_options([], [], None))
    with pytest.raises(StoreError, match=r"holds 2 draws .* they were imported, or collected elsewhere"):
        refuse_loss(project.studies / STUDY, [ModelLedger(model="a/c", last_draw=9)])
    refuse_loss(project.studies / STUDY, [ModelLedger(model="a/b", last_draw=1)])


def test_a_run_with_its_own_cache_goes_on(tmp_path: Path) -> None:
    project = project_of(tmp_path)
    simulate(project, Endpoint(), draws=4)
    simulate(project, Endpoint(), draws=6)
    assert len(draws_of(project)) == 102
