"""Collecting several draws in one answer: one request, one draw, a row of outcomes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.collect.collecting_runs import STUDY, draws_of, project_of, simulate, watcher

from flipsite.collect.simulated import ROW_COINS, Endpoint
from flipsite.domain.draws import STATUSES, Status
from flipsite.domain.study import Sampling
from flipsite.errors import UsageError
from flipsite.settings import default_study
from flipsite.workflows.collect import collect, reread
from flipsite.workflows.run_request import RunRequest

TEMPLATE = (
    "Make exactly {count} independent draws from the set {{first}, {second}}. "
    'End with "Output:" and the draws, separated by commas.'
)
SAMPLING = Sampling(draws=8, per_answer=12, answer="auto")
DOZEN: dict[str, Any] = {
    "prompt": replace(default_study(STUDY).prompt, template=TEMPLATE),
    "sampling": SAMPLING,
}


def endpoint(*names: str) -> Endpoint:
    return Endpoint(coins=tuple(coin for coin in ROW_COINS if coin.id.partition("/")[2] in names))


def test_an_answer_is_one_draw_with_a_row_of_outcomes(tmp_path: Path) -> None:
    """Text or JSON, the snapshot has the row; an answer of another length is unparsed and has none."""
    project = project_of(tmp_path, **DOZEN)
    simulate(project, endpoint("independent", "independent-structured", "wrong-length"))
    draws = draws_of(project)
    assert draws.sequence is not None
    rows = [row.split() for row in draws.sequence if row]
    assert {len(row) for row in rows} == {12}
    valid = draws.status == STATUSES.index(Status.VALID)
    assert [row is not None for row in draws.sequence] == valid.tolist()
    assert valid[draws.rows(0)].all()
    assert valid[draws.rows(1)].all()
    assert 0 < valid[draws.rows(2)].sum() < 8
    assert set(draws.outcome.tolist()) == {-1}


def test_reading_again_changes_nothing_and_keeps_the_rows(tmp_path: Path) -> None:
    """The stored answers are read with the study's own number of draws."""
    project = project_of(tmp_path, **DOZEN)
    simulate(project, endpoint("rationer", "wrong-length"))
    before = draws_of(project).sequence
    assert reread(project, STUDY)[:2] == (0, 16)
    assert draws_of(project).sequence == before


def test_a_clone_goes_on_from_the_snapshot(tmp_path: Path) -> None:
    """Rows that are adopted count as asked."""
    project = project_of(tmp_path, **DOZEN)
    served = endpoint("loop")
    simulate(project, served)
    before = draws_of(project).sequence
    for file in project.cache.glob("cache.sqlite*"):
        file.unlink()
    again = endpoint("loop")
    simulate(project, again, adopt=True)
    assert not again.n_requests
    assert draws_of(project).sequence == before


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"max_tokens": 20}, "20 tokens cannot hold 12 draws; give 48 or more"), ({}, "--until-settled")],
)
def test_what_cannot_work_is_refused_before_anything_is_asked(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    """An answer that has no room is not paid for."""
    project = project_of(tmp_path, **DOZEN | {"sampling": replace(SAMPLING, **changes)})
    served = endpoint("loop")
    order = RunRequest(study_id=STUDY, simulated_seed=0, until_settled=not changes)
    with pytest.raises(UsageError, match=reason):
        collect(project, order, watcher(), app=served)
    assert not served.n_requests
