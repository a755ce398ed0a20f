"""From a study to its features.csv: what is said of its models, joined to what was there.

study, features.csv ─load→ models ─look up→ known ─join→ features ─write→ features.csv
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flipsite.analyse.features import Joined, Refused, joined
from flipsite.analyse.known_features import known_features
from flipsite.collect.catalogue import CATALOGUE_FILE, Catalogue, fetch_catalogue, load_catalogue
from flipsite.collect.connections import Application
from flipsite.collect.openrouter import OPENROUTER, OpenRouter
from flipsite.collect.replies import one_line
from flipsite.dealings import Model
from flipsite.domain import Draws, Feature, Kind, Study
from flipsite.endpoints import check_kind, simulated_client, today_of
from flipsite.errors import UsageError
from flipsite.projects import SNAPSHOT, Project, existing_study
from flipsite.settings import load_printed, load_study
from flipsite.store.features import FEATURES_FILE, read_features, write_features
from flipsite.store.snapshot import read_draws

__all__ = ["Feature", "FeatureOrder", "FeatureReport", "Refused", "gather", "one_line"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureOrder:
    """What the user asks for.

    Attributes:
        api_base: Address that ends before `/models`.
        simulated_seed: Ask the simulated endpoint of this seed; None asks the real one.
        dry_run: Write nothing.
    """

    api_base: str = OPENROUTER
    simulated_seed: int | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureReport:
    """What a run found.

    Attributes:
        path: The study's `features.csv`.
        models: Those of the study, sorted.
        unlisted: Those of them that no catalogue lists.
        joined: What is known now, what has changed, and what a person's value kept out.
    """

    path: Path
    models: tuple[str, ...]
    unlisted: tuple[str, ...]
    joined: Joined


@dataclass(frozen=True, slots=True, kw_only=True)
class Subjects:
    """The models of a study.

    Attributes:
        models: Sorted.
        providers: How many answers of each name which provider.
    """

    models: tuple[str, ...]
    providers: Mapping[str, Mapping[str, int]]


def gather(
    project: Project, study_id: str, order: FeatureOrder, *, app: Application | None = None
) -> FeatureReport:
    """Gather what is known of a study's models, and write it where it differs from what was there.

    Args:
        project: Where the study is.
        study_id: Its id.
        order: How to gather.
        app: Stands in for the simulated endpoint, as an ASGI application.

    Raises:
        FlipsiteError: If the study, its files or the endpoint cannot be used; features.csv is as it was.
    """
    folder = existing_study(project, study_id)
    if project.packaged:
        raise UsageError(
            f"{folder}: is flipsite's own; run `flipsite features` in a project with content/studies/."
        )
    study, path = load_study(folder), folder / FEATURES_FILE
    check_kind(folder, study, simulated=order.simulated_seed is not None)
    kept = read_features(path) if path.exists() else ()
    subjects = subjects_of(folder, study)
    catalogues = asyncio.run(_catalogues(folder, subjects, order, app))
    found = [row for model in subjects.models for row in _known(model, subjects, catalogues)]
    after = joined(kept, found)
    if after.changed and not order.dry_run:
        write_features(path, after.features)
    log.info("%s: %d features of %d models", path, len(after.features), len(subjects.models))
    return FeatureReport(
        path=path,
        models=subjects.models,
        unlisted=tuple(model for model in subjects.models if not _entry(model, catalogues)),
        joined=after,
    )


def subjects_of(folder: Path, study: Study) -> Subjects:
    """The models of a study: those with a printed figure, or those with draws.

    Raises:
        UsageError: If there are none yet.
    """
    if study.kind is Kind.PUBLISHED:
        printed = {row.model for row in load_printed(folder).rows}
        return Subjects(models=tuple(sorted(printed)), providers={})
    snapshot = folder / SNAPSHOT
    if not snapshot.exists():
        raise UsageError(f"{snapshot}: no draws yet; run `flipsite collect {study.id}` first.")
    draws = read_draws(snapshot)
    return Subjects(models=draws.models, providers=_providers(draws))


def _providers(draws: Draws) -> dict[str, Counter[str]]:
    served = {}
    for index, model in enumerate(draws.models):
        named = (draws.provider[place] for place in range(*draws.rows(index).indices(len(draws))))
        served[model] = Counter(shown for name in named if name and (shown := one_line(name, most=60)))
    return served


async def _catalogues(
    folder: Path, subjects: Subjects, order: FeatureOrder, app: Application | None
) -> tuple[Catalogue, ...]:
    """The catalogue that was kept when the study was asked, and today's for models that it does not list."""
    path = folder / CATALOGUE_FILE
    kept = (load_catalogue(path.read_text(encoding="utf-8"), name=str(path)),) if path.is_file() else ()
    if all(_entry(model, kept) for model in subjects.models):
        return kept
    async with _client(order, app) as client:
        return (*kept, await fetch_catalogue(client.get, today=today_of(order.simulated_seed)))


def _client(order: FeatureOrder, app: Application | None) -> OpenRouter:
    if order.simulated_seed is None:
        return OpenRouter(order.api_base, key=None, concurrency=1)
    from flipsite.collect.simulated import Endpoint

    return simulated_client(app or Endpoint(seed=order.simulated_seed), concurrency=1)


def _known(model: str, subjects: Subjects, catalogues: Sequence[Catalogue]) -> tuple[Feature, ...]:
    entry, day = _entry(model, catalogues) or (None, "")
    return known_features(model, entry, day=day, providers=subjects.providers.get(model, {}))


def _entry(model: str, catalogues: Sequence[Catalogue]) -> tuple[Model, str] | None:
    """A model's first entry, by its name or by the dated one that survives renames, and its day."""
    for catalogue in catalogues:
        named = [entry for entry in catalogue.models if entry.id == model]
        dated = [entry for entry in catalogue.models if entry.canonical == model and ":" not in entry.id]
        if named or len(dated) == 1:
            return (named or dated)[0], catalogue.fetched
    return None
