"""Whole runs for tests: a project of its own, an endpoint, and the real collector between them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from flipsite.collect.transport import Application
from flipsite.domain.draws import STATUSES, Draws
from flipsite.domain.money import usd
from flipsite.domain.study import Budget, Kind, Study
from flipsite.project import Project
from flipsite.settings import default_study, dump_study
from flipsite.store.snapshot.read import read_draws
from flipsite.workflows.collect import collect
from flipsite.workflows.run_request import ProgressSnapshot, RunQuote, RunReport, RunRequest, Watcher

STUDY = "trial"


def project_of(root: Path, *, kind: Kind = Kind.SIMULATED, **changes: Any) -> Project:
    """A project with one study of the article's prompt."""
    study = replace(default_study(STUDY), kind=kind, **changes)
    write_study(root, study)
    content = root / "content"
    return Project(root=root, content=content, templates=(), site=root / "site", packaged=False)


def write_study(root: Path, study: Study) -> None:
    folder = root / "content" / "studies" / study.id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text(dump_study(study), encoding="utf-8")


def watcher(*, agree: bool = True, looks: Callable[[ProgressSnapshot], None] = lambda _: None) -> Watcher:
    offers: list[RunQuote] = []

    def agrees(offer: RunQuote) -> bool:
        offers.append(offer)
        return agree

    return Watcher(created=lambda _: None, agree=agrees, look=looks)


def simulate(project: Project, endpoint: Application, **order: Any) -> RunReport:
    """Collect in process, in simulated time."""
    wanted = RunRequest(study_id=STUDY, simulated_seed=0, **order)
    report = collect(project, wanted, watcher(), app=endpoint)
    assert report is not None
    return report


def draws_of(project: Project) -> Draws:
    return read_draws(project.studies / STUDY / "draws.parquet")


def budget(total: float | None, *, own: float | None = None) -> Budget:
    return Budget(
        total_usd=None if total is None else usd(total), per_model_usd=None if own is None else usd(own)
    )


def statuses(project: Project) -> list[str]:
    """The status of each draw, in their order."""
    return [STATUSES[code].value for code in draws_of(project).status]
