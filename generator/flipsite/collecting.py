"""One run of the collector, from the catalogue to the snapshot; `collection.py` starts it."""

import asyncio
import gc
import logging
import time
from collections.abc import Sequence
from pathlib import Path

from flipsite.collect.asking import Asker
from flipsite.collect.catalogue import CATALOGUE_FILE, Catalogue, dump_catalogue, fetch_catalogue
from flipsite.collect.choice import Choice, choose
from flipsite.collect.clock import nap
from flipsite.collect.connections import Application
from flipsite.collect.money import Account
from flipsite.collect.openrouter import OpenRouter
from flipsite.collect.plan import Plan, plan, series_of
from flipsite.collect.reading import draw_of
from flipsite.collect.rounds import Judge, Rounds
from flipsite.collect.sampler import Sampler
from flipsite.collect.tide import Tide
from flipsite.domain import Study
from flipsite.endpoints import clock_of, paying_client, simulated_client, today_of
from flipsite.errors import FlipsiteError, UsageError
from flipsite.interrupts import interrupts
from flipsite.offers import Look, Offer, Order, Report, Watcher
from flipsite.projects import SNAPSHOT
from flipsite.store.cache import Cache
from flipsite.store.held import refuse_loss
from flipsite.store.snapshot import collect_draws, write_draws
from flipsite.store.swap import replacing

log = logging.getLogger(__name__)

SNAPSHOT_EVERY_S = 180.0
LOOK_EVERY_S = 0.25


class Collecting:
    """One run; makes its parts, and lets them go whatever happens."""

    def __init__(
        self,
        study: Study,
        order: Order,
        *,
        folder: Path,
        cache: Cache,
        watcher: Watcher,
        app: Application | None = None,
    ) -> None:
        self._study = study
        self._order = order
        self._folder = folder
        self._cache = cache
        self._watcher = watcher
        self._app = app
        self._tide = Tide()
        self._ended = asyncio.Event()
        self._account = Account(total_usd=study.budget.total_usd, per_model_usd=study.budget.per_model_usd)
        self._clock = clock_of(order.simulated_seed)

    async def run(self) -> Report | None:
        """Choose, offer, and, if agreed to, ask; returns None where it is not agreed to."""
        refuse_loss(self._folder, self._cache.standings())
        async with self._client() as client:
            offered, choices = await self._choices(client)
            asker = self._asker(client)
            for standing in self._cache.standings():
                self._account.resume(standing)
            await asker.prices.settle(self._cache.unpriced())
            planned = plan(choices, self._study, self._cache)
            self._tide.n_missing, self._tide.n_kept = planned.n_missing, planned.n_kept
            if not self._watcher.agree(await self._offer(client, planned)):
                return None
            self._need_budget(planned)
            if planned.n_missing:
                with replacing(self._folder / CATALOGUE_FILE) as file:
                    file.write(dump_catalogue(offered).encode())
            log.info("asking %d draws of %d models", planned.n_missing, len(planned.models))
            return await self._ask(asker, planned, choices)

    def _client(self) -> OpenRouter:
        order = self._order
        if order.simulated_seed is None:
            return paying_client(order.api_base, concurrency=order.concurrency, instead="--simulated")
        from flipsite.collect.simulated import Endpoint

        app = self._app or Endpoint(seed=order.simulated_seed)
        return simulated_client(app, concurrency=order.concurrency)

    async def _choices(self, client: OpenRouter) -> tuple[Catalogue, tuple[Choice, ...]]:
        today = today_of(self._order.simulated_seed)
        offered = await fetch_catalogue(client.get, today=today)
        return offered, choose(
            offered.models,
            self._study,
            today=today,
            include_globs=self._order.models,
            skip_globs=self._order.skip,
        )

    def _asker(self, client: OpenRouter) -> Asker:
        simulated = self._order.simulated_seed is not None
        return Asker(
            client=client,
            ledger=self._cache,
            account=self._account,
            clock=self._clock,
            concurrency=self._order.concurrency,
            tide=self._tide,
            extra=(lambda question: {"X-Flipsite-Draw": str(question.draw)}) if simulated else None,
        )

    async def _offer(self, client: OpenRouter, planned: Plan) -> Offer:
        return Offer(
            study=self._study,
            plan=planned,
            spent_usd=self._account.spent_usd(),
            budget_usd=self._study.budget.total_usd,
            account_usd=await client.limit_usd(),
            n_lost=self._cache.n_lost,
            until_settled=self._order.until_settled,
        )

    def _need_budget(self, planned: Plan) -> None:
        budget = self._study.budget
        bounded = budget.total_usd is not None or budget.per_model_usd is not None
        if planned.estimate_usd and not bounded and self._order.simulated_seed is None:
            raise UsageError(
                f"{self._study.id}: no budget; give --budget USD (the draws will cost about "
                f"${planned.estimate_usd:,.2f}) or set total_usd in study.toml."
            )

    async def _ask(self, asker: Asker, planned: Plan, choices: tuple[Choice, ...]) -> Report:
        """Run the sampler, shown and saved as it goes; whatever ends it, the snapshot is written."""
        sampler = Sampler(asker, concurrency=self._order.concurrency, tide=self._tide)
        series = series_of(planned, choices, self._study, self._cache, seed=self._order.simulated_seed or 0)
        rounds = self._rounds(planned) if self._order.until_settled else None
        beside = [asyncio.create_task(self._look(asker)), asyncio.create_task(self._save())]
        error: FlipsiteError | None = None
        gc.freeze()  # what was imported stays: looking through it again cost a tenth of the time of a draw
        with interrupts(sampler.stop) as interrupted:
            try:
                await (rounds.run(sampler, series) if rounds else sampler.run(series))
            except FlipsiteError as stopped:
                error = stopped
            finally:
                self._ended.set()
                await asyncio.gather(
                    *beside, return_exceptions=True
                )  # a snapshot under way is finished first
                gc.unfreeze()
        self._watcher.look(self._seen(asker))
        return self._report(planned, rounds, interrupted=interrupted.is_set(), error=error)

    def _rounds(self, planned: Plan) -> Rounds:
        asked = {one.model for one in planned.models} | {one.model for one in self._cache.standings()}
        return Rounds(
            stopping_rule(n_models=len(asked), target=self._study.prompt.target),
            self._cache,
            models=asked,
            n_draws=self._study.sampling.draws,
            tide=self._tide,
        )

    async def _look(self, asker: Asker) -> None:
        while not self._ended.is_set():
            self._watcher.look(self._seen(asker))
            await nap(LOOK_EVERY_S, until=self._ended)

    def _seen(self, asker: Asker) -> Look:
        return Look(
            tide=self._tide,
            spent_usd=self._account.spent_usd(),
            left_usd=self._account.left_usd(),
            n_resting=asker.gate.n_resting,
            bound=int(asker.gate.bound.now),
        )

    async def _save(self) -> None:
        pause = SNAPSHOT_EVERY_S
        while True:
            await nap(pause, until=self._ended)
            if self._ended.is_set():
                return
            began = time.monotonic()
            await asyncio.to_thread(write_snapshot, self._folder, self._cache, self._study)
            pause = max(SNAPSHOT_EVERY_S, 20 * (time.monotonic() - began))  # a large study is not all writing

    def _report(
        self, planned: Plan, rounds: Rounds | None, *, interrupted: bool, error: FlipsiteError | None
    ) -> Report:
        left_out = {one.model: one.reason for one in planned.left_out if one.money}
        stopped = {model: aside.reason for model, aside in self._tide.aside.items() if aside.money}
        costs = [(one.model, self._account.spent_usd(one.model)) for one in planned.models]
        each = {one.model: one.estimate_usd / one.n_missing for one in planned.models if one.n_missing}
        settled = tuple(rounds.settled[model] for model in sorted(rounds.settled)) if rounds else None
        return Report(
            snapshot=write_snapshot(self._folder, self._cache, self._study),
            tide=self._tide,
            spent_usd=self._account.spent_usd(),
            unpriced_usd=self._account.unpriced_usd(),
            by_model=tuple(sorted(costs, key=lambda cost: (-cost[1], cost[0]))),
            interrupted=interrupted,
            budget=left_out | stopped,
            error=error,
            settled=settled,
            spared_usd=sum(each.get(one.model, 0.0) * one.n_spared for one in settled or ()),
        )


def stopping_rule(*, n_models: int, target: float) -> Judge:
    """The rule by which a model needs no more draws; see `analyse.settled`."""
    from flipsite.analyse.settled import Settled, settle

    def judge(counts: Sequence[tuple[int, int]]) -> list[str | None]:
        ones, valid = zip(*counts, strict=True) if counts else ((), ())
        states = settle(ones, valid, n_models=n_models, target=target)
        return [None if state is Settled.OPEN else state.value for state in states]

    return judge


def write_snapshot(folder: Path, cache: Cache, study: Study) -> Path | None:
    """Write what the cache holds as the study's snapshot, whole; None where it holds no draw."""
    draws = collect_draws(draw_of(kept) for kept in cache.kept())
    if not len(draws):
        return None
    path = folder / SNAPSHOT
    write_draws(path, draws, study=study.id)
    log.info("%s: %d draws of %d models", path, len(draws), len(draws.models))
    return path
