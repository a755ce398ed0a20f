"""Whole runs of the collector against a server over real HTTP, waiting in simulated time; and measured.

As a script it is the child that is measured: `hostile_run.py FOLDER BASE` prints what it did as JSON.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flipsite.collect.client import Key, OpenRouter, Timeouts
from flipsite.domain.money import usd
from flipsite.domain.study import Budget, Kind, Sampling
from flipsite.settings import default_study, dump_study
from flipsite.store.cache.cache import Cache
from flipsite.workflows.collect import CollectRun
from flipsite.workflows.run_request import RunQuote, RunReport, RunRequest, Watcher

KEY = "sk-or-v1-canary0123456789abcdef"
STUDY = "trial"
QUICK = Timeouts(connect_s=5.0, read_s=5.0, draw_s=20.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A run: its quote, its report and its folder."""

    offer: RunQuote
    report: RunReport
    folder: Path

    @property
    def cache_bytes(self) -> int:
        return sum(path.stat().st_size for path in (self.folder / ".flipsite").rglob("*") if path.is_file())


def run(
    folder: Path,
    base: str,
    *,
    n_draws: int = 2,
    concurrency: int = 4,
    timeouts: Timeouts = QUICK,
    models: Sequence[str] = (),
) -> Ran:
    """Collect from an address into a folder."""
    study = replace(
        default_study(STUDY),
        kind=Kind.SIMULATED,  # its clock waits for nothing
        sampling=Sampling(draws=n_draws),
        budget=Budget(total_usd=usd(5.0)),
    )
    at = folder / "content" / "studies" / STUDY
    at.mkdir(parents=True, exist_ok=True)
    (at / "study.toml").write_text(dump_study(study), encoding="utf-8")
    order = RunRequest(study_id=STUDY, simulated_seed=0, concurrency=concurrency, models=tuple(models))
    offers: list[RunQuote] = []

    def agree(offer: RunQuote) -> bool:
        offers.append(offer)
        return True

    watcher = Watcher(created=lambda _: None, agree=agree, look=lambda _: None)
    protocol: dict[str, object] = {}
    with Cache(folder / ".flipsite", study=STUDY, protocol=protocol, now="2026-01-01T00:00:00Z") as cache:
        client = OpenRouter(base, key=Key(KEY), concurrency=concurrency, timeouts=timeouts)
        run = CollectRun(study, order, folder=at, cache=cache, client=client, watcher=watcher, new=None)
        report = asyncio.run(run.run())
    assert report is not None
    return Ran(offer=offers[0], report=report, folder=folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A run in a process of its own: its counts, the memory it took beyond what it began with, its time."""

    n_valid: int
    n_rejected: int
    n_failed: int
    spent_usd: float
    n_models: int
    skipped: dict[str, str]
    error: str | None
    grown_mb: float
    seconds: float


def measured(folder: Path, base: str, **options: float | str) -> Measured:
    """Run a child and read what it says of itself."""
    words = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    done = subprocess.run(
        [sys.executable, __file__, str(folder), base, *words],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return Measured(**json.loads(done.stdout))


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Run once and print the measures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("base")
    parser.add_argument("--n-draws", type=int, default=2)
    parser.add_argument("--concurrency", type=int, default=4)
    parser.add_argument("--draw-s", type=float, default=30.0)
    parser.add_argument("--only", action="append", default=[])
    options = parser.parse_args()
    timeouts = Timeouts(connect_s=5.0, read_s=10.0, draw_s=options.draw_s)
    import pyarrow.parquet  # noqa: F401 (what every run loads is not the server's doing)

    import flipsite.collect.simulated  # noqa: F401

    before, began = peak_mb(), time.monotonic()
    told: dict[str, Any] = dict.fromkeys(
        ("n_valid", "n_rejected", "n_failed", "spent_usd", "n_models"), 0
    ) | {"skipped": {}, "error": None}
    try:
        ran = run(
            options.folder,
            options.base,
            n_draws=options.n_draws,
            concurrency=options.concurrency,
            timeouts=timeouts,
            models=options.only,
        )
    except Exception as error:  # noqa: BLE001 (the parent judges it)
        told["error"] = f"{type(error).__name__}: {error}"
    else:
        tide = ran.report.progress
        told |= {
            "n_valid": tide.n_valid,
            "n_rejected": tide.n_rejected,
            "n_failed": tide.n_failed,
            "spent_usd": ran.report.spent_usd.dollars,
            "n_models": len(ran.offer.plan.models),
            "skipped": {model: one.reason for model, one in tide.skipped.items()},
            "error": str(ran.report.error) if ran.report.error else None,
        }
    told |= {"grown_mb": peak_mb() - before, "seconds": time.monotonic() - began}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
