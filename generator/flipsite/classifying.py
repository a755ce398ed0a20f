"""Asking a classifier what the models of a study are, by the collector's own parts."""

import logging
from collections.abc import Sequence
from difflib import get_close_matches

from flipsite.analyse.agreement import agreed_features
from flipsite.collect.catalogue import Catalogue
from flipsite.collect.claims import read_claims
from flipsite.collect.classification import classifier_course, usual_usd
from flipsite.collect.forecast import Mode
from flipsite.collect.openrouter import OpenRouter
from flipsite.collect.prompt import Question
from flipsite.collect.replies import read_reply
from flipsite.collect.sampler import Sampler, Series
from flipsite.collect.wording import WORDING, askable, questions
from flipsite.domain.catalogue import Claim, Model
from flipsite.domain.features import ASKINGS
from flipsite.domain.study import Budget, Feature
from flipsite.endpoints import clock_of
from flipsite.errors import CollectError, UsageError
from flipsite.inquiries import Classified, FeatureOrder, FeatureWatcher, Inquiry
from flipsite.sitting import Sitting
from flipsite.store.cache import Cache

log = logging.getLogger(__name__)


def share_of_cache(study_id: str) -> str:
    """The name under which a study's classifications are kept beside its draws; no study can have it."""
    return f"{study_id}.features"


class Classifying:
    """One run; what was answered before is not asked again."""

    def __init__(
        self,
        classifier: Model,
        models: Sequence[str],
        order: FeatureOrder,
        *,
        cache: Cache,
        watcher: FeatureWatcher,
    ) -> None:
        self._classifier = classifier
        self._models = tuple(model for model in models if askable(model))
        self._unasked = tuple(model for model in models if not askable(model))
        self._order = order
        self._budget = Budget(total_usd=order.budget_usd)
        self._cache = cache
        self._watcher = watcher

    async def run(self, client: OpenRouter) -> Classified | None:
        """Offer, and, if agreed to, ask; returns None where it is not agreed to.

        Raises:
            FlipsiteError: If nothing can be asked at all.
        """
        sitting = self._sitting(client)
        await sitting.resume()
        series = self._series()
        missing = series.questions()
        sitting.tide.n_missing = len(missing)
        sitting.tide.n_kept = len(self._models) * ASKINGS - len(missing)
        agreed = self._watcher.agree(await self._inquiry(client, sitting, series, missing))
        if self._order.dry_run or not agreed:
            return self._classified(sitting) if self._order.dry_run else None
        self._need_budget(series)
        log.info("asking %s %d questions", self._classifier.id, len(missing))

        async def run(sampler: Sampler) -> None:
            await sampler.run([series] if missing else [])

        await sitting.ask(run)
        return self._classified(sitting)

    def _sitting(self, client: OpenRouter) -> Sitting:
        return Sitting(
            client,
            self._cache,
            budget=self._budget,
            clock=clock_of(self._order.simulated_seed),
            concurrency=self._order.concurrency,
            look=self._watcher.look,
            numbered=self._order.simulated_seed is not None,
            most_a_model=self._order.concurrency,
        )

    def _series(self) -> Series:
        """The missing questions; any number of answers is worth its price."""
        name = self._classifier.id
        held = {standing.model: standing for standing in self._cache.standings()}.get(name)
        mode: Mode = "text" if held and held.text_only else "structured"
        there = self._cache.settled(name)
        missing = [one for one in questions(self._models) if (one.labels, one.order, one.draw) not in there]
        return Series(
            course=classifier_course(self._classifier, budget=self._budget, mode=mode),
            questions=lambda: missing,
            estimate_usd=len(missing) * usual_usd(self._classifier),
            tried=held is not None and held.n_settled > 0,
            whole=False,
        )

    async def _inquiry(
        self, client: OpenRouter, sitting: Sitting, series: Series, missing: Sequence[Question]
    ) -> Inquiry:
        course = series.course
        worst = [course.worst_usd(one, course.request(one, course.mode)) for one in missing]
        return Inquiry(
            classifier=self._classifier.id,
            n_models=len({one.labels[0] for one in missing}),
            n_missing=len(missing),
            n_kept=sitting.tide.n_kept,
            estimate_usd=series.estimate_usd,
            worst_usd=max(worst, default=0.0),
            spent_usd=sitting.account.spent_usd(),
            budget_usd=self._budget.total_usd,
            account_usd=await client.limit_usd(),
            n_lost=self._cache.n_lost,
            unasked=self._unasked,
            simulated=self._order.simulated_seed is not None,
        )

    def _need_budget(self, series: Series) -> None:
        if series.estimate_usd and self._budget.total_usd is None and self._order.simulated_seed is None:
            raise UsageError(
                f"{self._classifier.id}: no budget; give --budget USD (its answers will cost about "
                f"${series.estimate_usd:,.2f}), or --no-classifier to ask nobody."
            )

    def _classified(self, sitting: Sitting) -> Classified:
        aside = sitting.tide.aside.get(self._classifier.id)
        error = sitting.error
        if aside and not aside.money and error is None:
            error = CollectError(
                f"{self._classifier.id}: {aside.reason.rstrip('.')}; what was bought is kept."
            )
        return Classified(
            classifier=self._classifier.id,
            features=self._features(),
            tide=sitting.tide,
            spent_usd=sitting.account.spent_usd(),
            unpriced_usd=sitting.account.unpriced_usd(),
            interrupted=sitting.interrupted,
            budget=aside.reason if aside and aside.money else None,
            error=error,
        )

    def _features(self) -> tuple[Feature, ...]:
        """What all answers to today's wording come to, those that could not be read among them."""
        answers: dict[str, dict[int, dict[str, Claim]]] = {}
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
        raise UsageError(f"--classifier {name}: a router, at whose price nobody knows; name a model.")
    return entry
