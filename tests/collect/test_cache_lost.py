"""The cache is lost while a collector runs: one sentence, however many models meet it at once."""

import sqlite3
from pathlib import Path

import pytest
from tests.collect.collecting_runs import STUDY, project_of, simulate

from flipsite.collect.simulated import Endpoint
from flipsite.errors import StoreError
from flipsite.workflows.collect import collect
from flipsite.workflows.run_request import ProgressSnapshot, RunRequest, Watcher


def test_a_cache_that_cannot_be_read_any_more_stops_the_run_with_its_own_error(tmp_path: Path) -> None:
    project = project_of(tmp_path)
    simulate(project, Endpoint(seed=1), draws=2)

    def lose(_: ProgressSnapshot) -> None:
        """When all models are about to be asked, as a failing disk would."""
        with sqlite3.connect(project.cache / "cache.sqlite") as other:
            if other.execute("SELECT 1 FROM sqlite_master WHERE name = 'draw'").fetchone():
                other.execute("ALTER TABLE draw RENAME TO gone")

    order = RunRequest(study_id=STUDY, simulated_seed=0, draws=4)
    watcher = Watcher(created=lambda _: None, agree=lambda _: True, look=lose)
    with pytest.raises(StoreError, match="cache"):
        collect(project, order, watcher, app=Endpoint(seed=1))
