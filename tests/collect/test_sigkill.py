"""Collectors killed with SIGKILL at any instant lose what was in flight, and nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.collect.killed_collector import BUDGET_USD, IN_FLIGHT, N_DRAWS, N_MODELS

KILLS = 20
"""Here; `make torture` kills hundreds."""

STAGED = IN_FLIGHT // 4
"""Requests that may be written down and not yet sent."""


@pytest.mark.slow
def test_killed_at_any_instant(tmp_path: Path) -> None:
    """Every settled draw once, the books in order, spend between bill and budget, and the rest asked."""
    check_books(tmp_path, seed=2025, kills=KILLS)


def check_books(root: Path, *, seed: int, kills: int) -> None:
    """Kill so many collectors, and hold what they leave against what was really billed."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.collect.killed_collector", str(root), str(seed), str(kills)],
        check=True,
        capture_output=True,
        cwd=Path(__file__).parents[2],
    )
    told = json.loads(ran.stdout)
    for moment in ("survived", "finished"):
        books = told[moment]
        assert books["integrity"] == "ok"
        assert books["answers_per_draw"] == 1
        assert books["answered"] == books["settled"] == books["series_settled"]
        assert books["attempts"] == books["answered"] + books["lost"]
        assert books["worst_pico"] == books["series_pico"]
    survived, finished = told["survived"], told["finished"]
    assert 0 < survived["lost"] <= kills * (IN_FLIGHT + STAGED)
    assert finished["settled"] == N_MODELS * N_DRAWS, "the next run asked exactly what was missing"
    assert finished["lost"] == survived["lost"]
    assert told["n_bills"] <= finished["attempts"]
    assert told["billed_usd"] <= told["spent_usd"] <= BUDGET_USD
