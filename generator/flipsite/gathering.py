"""From a study to its features.csv: what is said of its models, joined to what was there.

study, features.csv ─load→ models ─look up→ known ─join→ features ─write→ features.csv
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flipsite.analyse.features import Joined, Refused, in_proportion, joined
from flipsite.analyse.known_features import known_features
from flipsite.classifying import Classifying, listed_classifier, share_of_cache
from flipsite.collect.catalogue import Catalogue, fetch_catalogue, load_catalogue
from flipsite.collect.clock import stamp
from flipsite.collect.connections import Application
from flipsite.collect.openrouter import OpenRouter
from flipsite.collect.replies import one_line
from flipsite.domain.catalogue import Model
from flipsite.domain.study import Feature, Study
from flipsite.endpoints import check_kind, paying_client, simulated_client, today_of
from flipsite.errors import UsageError
from flipsite.inquiries import (
    CLASSIFIER,
    SIMULATED_CLASSIFIER,
    Classified,
    FeatureOrder,
    FeatureWatcher,
    Inquiry,
)
from flipsite.offers import Look
from flipsite.project import CATALOGUE_FILE, FEATURES_FILE, Project, existing_study
from flipsite.settings import load_study
from flipsite.store.cache import Cache
from flipsite.store.features import read_features, write_features
from flipsite.subjects import Subjects, subjects_of

__all__ = [
    "CLASSIFIER",
    "SIMULATED_CLASSIFIER",
    "Classified",
    "Feature",
    "FeatureOrder",
    "FeatureReport",
    "FeatureWatcher",
    "Inquiry",
    "Look",
    "Refused",
    "gather",
    "one_line",
]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureReport:
    """What a run found.

    Attributes:
        path: The study's `features.csv`.
        models: Those of the study, sorted.
        unlisted: Those of them that no catalogue lists.
        joined: What is known now, what has changed, and what a person's value kept out.
        classified: What came of asking a classifier; None where nobody was asked.
    """

    path: Path
    models: tuple[str, ...]
    unlisted: tuple[str, ...]
    joined: Joined
    classified: Classified | None


def gather(
    project: Project,
    study_id: str,
    order: FeatureOrder,
    watcher: FeatureWatcher,
    *,
    app: Application | None = None,
) -> FeatureReport | None:
    """Gather what is known of a study's models, and write it where it differs from what was there.

    Args:
        project: Where the study is.
        study_id: Its id.
        order: How to gather.
        watcher: Agrees to what a classifier costs, and watches.
        app: Stands in for the simulated endpoint, as an ASGI application.

    Returns:
        What was found; None where the watcher did not agree.

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
    _kept(path)  # a faulty file stops it before anybody is paid
    subjects = subjects_of(folder, study)
    with _share(project, study, order) as cache:
        try:
            looked_up = asyncio.run(_look_up(folder, subjects, order, watcher, cache=cache, app=app))
        except asyncio.CancelledError:  # the second interrupt; what was answered is in the cache
            raise KeyboardInterrupt from None
    if looked_up is None:
        return None
    catalogues, classified = looked_up
    kept = _kept(path)
    found = [row for model in subjects.models for row in _known(model, subjects, catalogues)]
    found += classified.features if classified else ()
    after = joined(kept, in_proportion(found, joined(kept, found).features))
    if after.changed and not order.dry_run:
        write_features(path, after.features)
    log.info("%s: %d features of %d models", path, len(after.features), len(subjects.models))
    return FeatureReport(
        path=path,
        models=subjects.models,
        unlisted=tuple(model for model in subjects.models if not _entry(model, catalogues)),
        joined=after,
        classified=classified,
    )


def _kept(path: Path) -> tuple[Feature, ...]:
    """What the file says now: while a classifier was asked, a person may have written in it."""
    return read_features(path) if path.exists() else ()


def _share(project: Project, study: Study, order: FeatureOrder) -> AbstractContextManager[Cache | None]:
    """The study's classifications in the project's cache, where a classifier is asked."""
    if order.classifier is None:
        return nullcontext()
    now = stamp(datetime.now(UTC))
    protocol = {"seed": order.simulated_seed}
    return Cache(project.cache, study=share_of_cache(study.id), protocol=protocol, now=now)


async def _look_up(
    folder: Path,
    subjects: Subjects,
    order: FeatureOrder,
    watcher: FeatureWatcher,
    *,
    cache: Cache | None,
    app: Application | None,
) -> tuple[tuple[Catalogue, ...], Classified | None] | None:
    """Catalogues, the draws' own first, and what a classifier says; None where it was not agreed to."""
    path = folder / CATALOGUE_FILE
    kept = (load_catalogue(path.read_bytes(), name=str(path)),) if path.is_file() else ()
    if cache is None and all(_entry(model, kept) for model in subjects.models):
        return kept, None
    async with _client(order, app) as client:
        today = await fetch_catalogue(client.get, today=today_of(order.simulated_seed))
        if cache is None or order.classifier is None:
            return (*kept, today), None
        entry = listed_classifier(order.classifier, today)
        run = Classifying(entry, subjects.models, order, cache=cache, watcher=watcher)
        classified = await run.run(client)
    return ((*kept, today), classified) if classified else None


def _client(order: FeatureOrder, app: Application | None) -> OpenRouter:
    if order.simulated_seed is not None:
        from flipsite.collect.simulated import CLASSIFIERS, COINS, Endpoint

        app = app or Endpoint(seed=order.simulated_seed, coins=(*COINS, *CLASSIFIERS))
        return simulated_client(app, concurrency=order.concurrency)
    if order.classifier is None:
        return OpenRouter(order.api_base, key=None, concurrency=1)
    return paying_client(order.api_base, concurrency=order.concurrency, instead="--no-classifier")


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
