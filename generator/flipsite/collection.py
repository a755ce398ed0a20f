"""From a study to its snapshot: the left half of the road, in order. Read this beside `pipeline.py`.

study.toml ─load→ study ─choose→ plan ─yes→ ask ─cache→ answers ─read→ snapshot
"""

import asyncio
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from flipsite.collect.clock import stamp
from flipsite.collect.connections import Application
from flipsite.collect.reading import read_again
from flipsite.collecting import Collecting
from flipsite.domain.study import MOST_BUDGET_USD, Kind, Study
from flipsite.endpoints import check_kind
from flipsite.errors import UsageError
from flipsite.files import replacing
from flipsite.offers import Look, Offer, Order, Report, Watcher
from flipsite.project import Project, study_folder
from flipsite.saving import write_snapshot
from flipsite.settings import default_study, dump_study, load_study
from flipsite.store.cache import Cache
from flipsite.store.held import refuse_loss
from flipsite.store.shard_merge import shards_in

__all__ = ["Look", "Offer", "Order", "Report", "Watcher", "begin", "collect", "reread"]


def collect(
    project: Project, order: Order, watcher: Watcher, *, app: Application | None = None
) -> Report | None:
    """Ask a study's missing draws and write its snapshot.

    Args:
        project: Where the study and the cache are.
        order: What is asked for.
        watcher: Agrees to the offer and watches; without its yes nothing is asked.
        app: Stands in for the simulated endpoint, as an ASGI application.

    Returns:
        What was done; None where the watcher did not agree.

    Raises:
        FlipsiteError: If the study, the endpoint or the cache cannot be used at all.
    """
    project, written = begin(project, order.study_id, simulated=order.simulated_seed is not None)
    if written is not None:
        watcher.created(written)
    folder = study_folder(project, order.study_id)
    study = _ordered(load_study(folder), order)
    _check_kind(folder, study, order)
    with _cache(project, study, protocol=_protocol(study, order)) as cache:
        run = Collecting(study, order, folder=folder, cache=cache, watcher=watcher, app=app).run()
        try:
            return asyncio.run(run)
        except asyncio.CancelledError:  # the second interrupt; what was answered is in the cache
            raise KeyboardInterrupt from None


def begin(project: Project, study_id: str, *, simulated: bool) -> tuple[Project, Path | None]:
    """Write a study where there is none: the article's prompt, every key at its default.

    Returns:
        The project it is in, which begins in this folder where there is none, for nothing is written into
        the package; and the file that was written, or None where the study was there.

    Raises:
        UsageError: If the id is not one a study can have.
    """
    if project.packaged:
        project = replace(project, content=project.root / "content", packaged=False)
    path = study_folder(project, study_id) / "study.toml"
    if path.exists():
        return project, None
    kind = Kind.SIMULATED if simulated else Kind.MEASURED
    with replacing(path) as file:
        file.write(dump_study(replace(default_study(study_id), kind=kind)).encode())
    return project, path


def reread(project: Project, study_id: str) -> tuple[int, int, Path | None]:
    """Read a study's stored answers again, asking nobody, and write its snapshot anew.

    Returns:
        How many answers are read otherwise than before, how many there are, and the snapshot.
    """
    folder = study_folder(project, study_id)
    study = load_study(folder)
    with _cache(project, study, protocol=None) as cache:
        refuse_loss(folder, cache.standings())
        n_answers, changed = 0, []
        for kept in cache.kept():
            reading = read_again(kept)
            n_answers += reading is not None
            if reading is not None and reading.result != kept.result:
                changed.append((kept.row, reading))
        cache.record(changed)
        shards = shards_in(folder)
        shard = shards[0] if len(shards) == 1 else None
        return len(changed), n_answers, write_snapshot(folder, cache, study, shard=shard)


def _cache(project: Project, study: Study, *, protocol: dict[str, object] | None) -> Cache:
    return Cache(project.cache, study=study.id, protocol=protocol, now=stamp(datetime.now(UTC)))


def _ordered(study: Study, order: Order) -> Study:
    """The study with what the user asks for in this run."""
    sampling, budget = study.sampling, study.budget
    if order.draws is not None:
        sampling = replace(sampling, draws=order.draws)
    if order.budget_usd is not None:
        if not 0 <= order.budget_usd <= MOST_BUDGET_USD:
            raise UsageError(f"a budget of {order.budget_usd}: expected dollars, from 0 to a billion")
        budget = replace(budget, total_usd=order.budget_usd)
    if order.shard and budget.total_usd is not None:
        budget = replace(budget, total_usd=order.shard.share_usd(budget.total_usd))
    return replace(study, sampling=sampling, budget=budget)


def _check_kind(folder: Path, study: Study, order: Order) -> None:
    """No simulated draw in a measured study, and no measured one in a simulated study."""
    path = folder / "study.toml"
    if study.kind is Kind.PUBLISHED:
        raise UsageError(f"{path}: kind is published: its figures are printed elsewhere; name another study.")
    check_kind(folder, study, simulated=order.simulated_seed is not None)


def _protocol(study: Study, order: Order) -> dict[str, object]:
    """What makes a study's draws comparable; a change of it would mix two experiments."""
    prompt = asdict(study.prompt)
    sampling = {"temperature": study.sampling.temperature, "answer": study.sampling.answer}
    return {**prompt, **sampling, "seed": order.simulated_seed}
