"""From a study to its features.csv: what is said of its models, joined to what was there.

study, features.csv ─load→ models ─look up→ known ─join→ features ─write→ features.csv

A classifier is asked what the models are, with the collector's own parts.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

from flipsite.analyse.features.infer import known_features
from flipsite.analyse.features.merge import (
    MergedFeatures,
    agreed_features,
    in_proportion,
    joined,
)
from flipsite.collect.catalogue import Catalogue, fetch_catalogue, load_catalogue
from flipsite.collect.classifier import WORDING, askable, classifier_run, questions, read_claims, usual_usd
from flipsite.collect.client import OpenRouter
from flipsite.collect.clock import stamp
from flipsite.collect.costs import Mode
from flipsite.collect.prompt import Question
from flipsite.collect.responses import read_reply
from flipsite.collect.scheduler import ModelQueue, Scheduler
from flipsite.collect.selection import with_stated_price
from flipsite.collect.transport import Application
from flipsite.domain.catalogue import FeatureClaim, Model
from flipsite.domain.display import usd_text
from flipsite.domain.features import ASKINGS
from flipsite.domain.money import NOTHING
from flipsite.domain.study import Budget, Feature, Study
from flipsite.errors import CollectError, UsageError
from flipsite.project import CATALOGUE_FILE, FEATURES_FILE, Project, existing_study
from flipsite.settings import load_study
from flipsite.store.cache.cache import Cache
from flipsite.store.features import read_features, write_features
from flipsite.workflows.load import StudyModels, subjects_of
from flipsite.workflows.run_request import (
    ClassifierQuote,
    ClassifierReport,
    FeatureRequest,
    FeatureWatcher,
    Unbounded,
)
from flipsite.workflows.run_session import (
    RunSession,
    account_key,
    check_kind,
    paying_client,
    refuse_unpriced,
    simulated_client,
    today_of,
)

log = logging.getLogger(__name__)


def share_of_cache(study_id: str) -> str:
    """The name under which a study's classifications are kept beside its draws; no study can have it."""
    return f"{study_id}.features"


class ClassifyRun:
    """One run; what was answered before is not asked again."""

    def __init__(
        self,
        classifier: Model,
        models: Sequence[str],
        order: FeatureRequest,
        *,
        cache: Cache,
        watcher: FeatureWatcher,
    ) -> None:
        self._classifier = classifier
        self._models = tuple(model for model in models if askable(model))
        self._unasked = tuple(model for model in models if not askable(model))
        self._order = order
        self._budget = Budget(total_usd=None if isinstance(order.budget_usd, Unbounded) else order.budget_usd)
        self._cache = cache
        self._watcher = watcher

    async def run(self, client: OpenRouter) -> ClassifierReport | None:
        """Offer, and, if agreed to, ask; returns None where it is not agreed to.

        Raises:
            FlipsiteError: If nothing can be asked at all.
        """
        session = self._session(client)
        await session.resume()
        queue = self._queue()
        missing = queue.questions()
        session.progress.n_missing = len(missing)
        session.progress.n_kept = len(self._models) * ASKINGS - len(missing)
        agreed = self._watcher.agree(await self._inquiry(client, session, queue, missing))
        if self._order.dry_run or not agreed:
            return self._classified(session) if self._order.dry_run else None
        self._need_budget(queue)
        log.info("asking %s %d questions", self._classifier.id, len(missing))

        async def run(scheduler: Scheduler) -> None:
            await scheduler.run([queue] if missing else [])

        await session.ask(run)
        return self._classified(session)

    def _session(self, client: OpenRouter) -> RunSession:
        return RunSession(
            client,
            self._cache,
            budget=self._budget,
            simulated_seed=self._order.simulated_seed,
            concurrency=self._order.concurrency,
            look=self._watcher.look,
            most_a_model=self._order.concurrency,
        )

    def _queue(self) -> ModelQueue:
        """The missing questions; any number of answers is worth its price."""
        name = self._classifier.id
        held = {each.model: each for each in self._cache.model_ledgers()}.get(name)
        mode: Mode = "text" if held and held.text_only else "structured"
        there = self._cache.settled(name)
        missing = [one for one in questions(self._models) if (one.labels, one.order, one.draw) not in there]
        return ModelQueue(
            model_run=classifier_run(self._classifier, budget=self._budget, mode=mode),
            questions=lambda: missing,
            estimate_usd=len(missing) * usual_usd(self._classifier),
            tried=held is not None and held.n_settled > 0,
            whole=False,
        )

    async def _inquiry(
        self, client: OpenRouter, session: RunSession, queue: ModelQueue, missing: Sequence[Question]
    ) -> ClassifierQuote:
        model_run = queue.model_run
        worst = [model_run.worst_usd(one, model_run.request(one, model_run.mode)) for one in missing]
        return ClassifierQuote(
            classifier=self._classifier.id,
            n_models=len({one.labels[0] for one in missing}),
            n_missing=len(missing),
            n_kept=session.progress.n_kept,
            estimate_usd=queue.estimate_usd,
            worst_usd=max(worst, default=NOTHING),
            spent_usd=session.account.spent_usd(),
            budget_usd=self._budget.total_usd,
            account_usd=await client.limit_usd(),
            n_lost=self._cache.n_lost,
            unasked=self._unasked,
            simulated=self._order.simulated_seed is not None,
            priced=self._classifier.price is not None,
        )

    def _need_budget(self, queue: ModelQueue) -> None:
        if self._order.budget_usd is Unbounded.YES or self._order.simulated_seed is not None:
            return
        if self._classifier.price is None and queue.questions():
            refuse_unpriced(self._order.api_base)
        if queue.estimate_usd and self._order.budget_usd is None:
            raise UsageError(
                f"{self._classifier.id}: no budget; give --budget USD (its answers will cost about "
                f"{usd_text(queue.estimate_usd)}), or --no-classifier to ask none."
            )

    def _classified(self, session: RunSession) -> ClassifierReport:
        skipped = session.progress.skipped.get(self._classifier.id)
        error = session.error
        if skipped and not skipped.money and error is None:
            error = CollectError(
                f"{self._classifier.id}: {skipped.reason.rstrip('.')}; what was bought is kept."
            )
        return ClassifierReport(
            classifier=self._classifier.id,
            features=self._features(),
            progress=session.progress,
            spent_usd=session.account.spent_usd(),
            unpriced_usd=session.account.unpriced_usd(),
            interrupted=session.interrupted,
            budget=skipped.reason if skipped and skipped.money else None,
            error=error,
            overcharged_usd=session.account.overcharges().get(self._classifier.id),
        )

    def _features(self) -> tuple[Feature, ...]:
        """Combine all answers to today's wording, unreadable ones included."""
        answers: dict[str, dict[int, dict[str, FeatureClaim]]] = {}
        for heard in self._cache.heard():
            if (heard.model, heard.wording) == (self._classifier.id, WORDING):
                claims = read_claims(read_reply(heard.body).response, by=heard.asked_at)
                answers.setdefault(heard.about, {})[heard.asking] = dict(claims)
        return tuple(
            feature
            for model in self._models
            for feature in agreed_features(
                model,
                [claims for _, claims in sorted(answers.get(model, {}).items())],
                classifier=self._classifier.id,
                askings=ASKINGS,
            )
        )


def listed_classifier(name: str, offered: Catalogue) -> Model:
    """The classifier's entry in a catalogue, by which its price is known.

    Raises:
        UsageError: If there is none, or its price depends on what it picks.
    """
    entry = next((model for model in offered.models if model.id == name), None)
    if entry is None:
        near = get_close_matches(name, [model.id for model in offered.models], n=1)
        hint = f"did you mean {near[0]}?" if near else "`flipsite models` lists what is."
        raise UsageError(f"--classifier {name}: not in the endpoint's catalogue; {hint}")
    if entry.router:
        raise UsageError(f"--classifier {name}: a router, whose price is unknown; name a model.")
    return entry


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureReport:
    """The findings of a run.

    Attributes:
        path: The study's `features.csv`.
        models: Those of the study, sorted.
        unlisted: Those of them that no catalogue lists.
        joined: What is known now, what has changed, and what a person's value kept out.
        classified: The results of a classifier; None where none was asked.
    """

    path: Path
    models: tuple[str, ...]
    unlisted: tuple[str, ...]
    joined: MergedFeatures
    classified: ClassifierReport | None


def gather(
    project: Project,
    study_id: str,
    order: FeatureRequest,
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
            looked_up = asyncio.run(_look_up(folder, study, subjects, order, watcher, cache=cache, app=app))
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
    """The file's rows now: a person may have edited it while a classifier was asked."""
    return read_features(path) if path.exists() else ()


def _share(project: Project, study: Study, order: FeatureRequest) -> AbstractContextManager[Cache | None]:
    """The study's classifications in the project's cache, where a classifier is asked."""
    if order.classifier is None:
        return nullcontext()
    now = stamp(datetime.now(UTC))
    protocol = {"seed": order.simulated_seed}
    return Cache(project.cache, study=share_of_cache(study.id), protocol=protocol, now=now)


async def _look_up(
    folder: Path,
    study: Study,
    subjects: StudyModels,
    order: FeatureRequest,
    watcher: FeatureWatcher,
    *,
    cache: Cache | None,
    app: Application | None,
) -> tuple[tuple[Catalogue, ...], ClassifierReport | None] | None:
    """Catalogues, the draws' own first, and what a classifier says; None where it was not agreed to."""
    path = folder / CATALOGUE_FILE
    kept = (load_catalogue(path.read_bytes(), name=str(path)),) if path.is_file() else ()
    if cache is None and all(_entry(model, kept) for model in subjects.models):
        return kept, None
    async with _client(order, app) as client:
        today = await fetch_catalogue(client.get, today=today_of(order.simulated_seed))
        if cache is None or order.classifier is None:
            return (*kept, today), None
        entry = with_stated_price(listed_classifier(order.classifier, today), study.models.price)
        run = ClassifyRun(entry, subjects.models, order, cache=cache, watcher=watcher)
        classified = await run.run(client)
    return ((*kept, today), classified) if classified else None


def _client(order: FeatureRequest, app: Application | None) -> OpenRouter:
    if order.simulated_seed is not None:
        from flipsite.collect.simulated import CLASSIFIERS, COINS, Endpoint

        app = app or Endpoint(seed=order.simulated_seed, coins=(*COINS, *CLASSIFIERS))
        return simulated_client(app, concurrency=order.concurrency)
    if order.classifier is None:
        return OpenRouter(order.api_base, key=account_key(), concurrency=1)
    return paying_client(order.api_base, concurrency=order.concurrency, instead="--no-classifier")


def _known(model: str, subjects: StudyModels, catalogues: Sequence[Catalogue]) -> tuple[Feature, ...]:
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
