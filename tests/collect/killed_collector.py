"""A process that kills collectors: imports once, forks one for each moment, and prints what survived.

Run as `python killed_collector.py ROOT SEED N`. The endpoint lives here, in the parent, and outlives the
killed, so its books tell what was really billed. After each kill the cache is opened as the next one would.
"""

import gc
import json
import os
import random
import signal
import sqlite3
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.collect.collecting_runs import STUDY, budget, project_of, watcher

from flipsite.collect.simulated import Endpoint, fair_coin
from flipsite.collect.simulated.endpoint import Conditions
from flipsite.collect.simulated.server import serving
from flipsite.domain.study import Kind
from flipsite.project import Project
from flipsite.workflows.collect import collect
from flipsite.workflows.run_request import RunRequest

IN_FLIGHT = 16
N_MODELS, N_DRAWS, BUDGET_USD = 8, 40, 5.0


def main(root: Path, seed: int, n_kills: int) -> None:
    chance = random.Random(seed)
    coins = tuple(fair_coin(f"crowd/fair-{place}") for place in range(N_MODELS))
    project = project_of(root, kind=Kind.MEASURED, budget=budget(BUDGET_USD))
    endpoint = Endpoint(coins=coins, conditions=Conditions(latency_s=0.004))
    with serving(endpoint) as address:
        order = RunRequest(study_id=STUDY, draws=N_DRAWS, concurrency=IN_FLIGHT, api_base=address)
        collect(project, replace(order, draws=1), watcher())  # imports what is imported late
        gc.freeze()
        for _ in range(n_kills):
            enough = endpoint.n_requests.total() + chance.randrange(24)
            child = os.fork()
            if child == 0:
                _collect_until_killed(project, order)
            until = time.monotonic() + 2.0
            while endpoint.n_requests.total() < enough and time.monotonic() < until:
                time.sleep(0.0005)
            time.sleep(chance.uniform(0.0, 0.01))  # in the opening, in flight, while it writes
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        time.sleep(0.05)  # what was in flight at the last kill is billed
        left = survived(root)
        report = collect(project, order, watcher())
        assert report is not None
    finished = survived(root)
    sys.stdout.write(
        json.dumps(
            {
                "survived": left,
                "finished": finished,
                "billed_usd": endpoint.billed_usd().dollars,
                "n_bills": len(endpoint.bills),
                "spent_usd": report.spent_usd.dollars,
                "budget_usd": BUDGET_USD,
            }
        )
    )


def _collect_until_killed(project: Project, order: RunRequest) -> None:
    try:
        collect(project, order, watcher())
    finally:
        os._exit(0)


def survived(root: Path) -> dict[str, Any]:
    """Counts by plain SQL, as anybody would check the books."""
    with sqlite3.connect(root / ".flipsite" / "cache.sqlite") as cache:

        def one(query: str) -> Any:
            return cache.execute(query).fetchone()[0]

        found = {
            "integrity": one("PRAGMA integrity_check"),
            "attempts": one("SELECT count(*) FROM attempt"),
            "answered": one("SELECT count(*) FROM attempt WHERE state = 'answered'"),
            "lost": one("SELECT count(*) FROM attempt WHERE state IN ('lost', 'sent')"),
            "settled": one("SELECT count(*) FROM draw WHERE settled = 1"),
            "answers_per_draw": one(
                "SELECT max(n) FROM (SELECT count(*) AS n FROM attempt"
                " WHERE state = 'answered' GROUP BY draw_id)"
            ),
            "billed_pico": one("SELECT sum(billed_pico) FROM attempt"),
            "worst_pico": one("SELECT sum(coalesce(billed_pico, worst_pico)) FROM attempt"),
            "series_pico": one("SELECT sum(billed_pico + unpriced_pico + in_flight_pico) FROM series"),
            "series_settled": one("SELECT sum(n_settled) FROM series"),
        }
    cache.close()
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
