"""One run of the collector, from the catalogue to the snapshot; `collection.py` starts it."""

import asyncio
import logging
import time
from collections.abc import Sequence
from pathlib import Path

from flipsite.collect.catalogue import Catalogue, dump_catalogue, fetch_catalogue
from flipsite.collect.choice import Choice, choose
from flipsite.collect.clock import nap
from flipsite.collect.connections import Application
from flipsite.collect.openrouter import OpenRouter
from flipsite.collect.plan import Plan, plan, series_of
from flipsite.collect.rounds import Judge, Rounds
from flipsite.collect.sampler import Sampler
from flipsite.domain.study import Study
from flipsite.endpoints import clock_of, paying_client, simulated_client, today_of
from flipsite.errors import UsageError
from flipsite.files import replacing
from flipsite.offers import Offer, Order, Report, Watcher
from flipsite.project import CATALOGUE_FILE
from flipsite.saving import write_snapshot
from flipsite.sitting import Sitting
from flipsite.store.cache import Cache
from flipsite.store.held import refuse_loss

log = logging.getLogger(__name__)

SNAPSHOT_EVERY_S = 180.0


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

    async def run(self) -> Report | None:
        """Choose, offer, and, if agreed to, ask; returns None where it is not agreed to."""
        refuse_loss(self._folder, self._cache.standings())
        async with self._client() as client:
            offered, choices = await self._choices(client)
            sitting = self._sitting(client)
            await sitting.resume()
            planned = plan(choices, self._study, self._cache)
            sitting.tide.n_missing, sitting.tide.n_kept = planned.n_missing, planned.n_kept
            if not self._watcher.agree(await self._offer(client, sitting, planned)):
                return None
            self._need_budget(planned)
            if planned.n_missing:
                with replacing(self._folder / CATALOGUE_FILE) as file:
                    file.write(dump_catalogue(offered).encode())
            log.info("asking %d draws of %d models", planned.n_missing, len(planned.models))
            return await self._ask(sitting, planned, choices)

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
            shard=self._order.shard,
        )

    def _sitting(self, client: OpenRouter) -> Sitting:
        return Sitting(
            client,
            self._cache,
            budget=self._study.budget,
            clock=clock_of(self._order.simulated_seed),
            concurrency=self._order.concurrency,
            look=self._watcher.look,
            numbered=self._order.simulated_seed is not None,
            of=self._order.shard.holds if self._order.shard else None,
        )

    async def _offer(self, client: OpenRouter, sitting: Sitting, planned: Plan) -> Offer:
        return Offer(
            study=self._study,
            plan=planned,
            spent_usd=sitting.account.spent_usd(),
            budget_usd=self._study.budget.total_usd,
            account_usd=await client.limit_usd(),
            n_lost=self._cache.n_lost,
            until_settled=self._order.until_settled,
            shard=self._order.shard,
        )

    def _need_budget(self, planned: Plan) -> None:
        budget = self._study.budget
        bounded = budget.total_usd is not None or budget.per_model_usd is not None
        if planned.estimate_usd and not bounded and self._order.simulated_seed is None:
            raise UsageError(
                f"{self._study.id}: no budget; give --budget USD (the draws will cost about "
                f"${planned.estimate_usd:,.2f}) or set total_usd in study.toml."
            )

    async def _ask(self, sitting: Sitting, planned: Plan, choices: tuple[Choice, ...]) -> Report:
        """Run the sampler, saved as it goes; whatever ends it, the snapshot is written."""
        series = series_of(planned, choices, self._study, self._cache, seed=self._order.simulated_seed or 0)
        rounds = self._rounds(sitting, planned) if self._order.until_settled else None

        async def run(sampler: Sampler) -> None:
            await (rounds.run(sampler, series) if rounds else sampler.run(series))

        await sitting.ask(run, beside=lambda: self._save(sitting.ended))
        return self._report(sitting, planned, rounds)

    def _rounds(self, sitting: Sitting, planned: Plan) -> Rounds:
        asked = {one.model for one in planned.models} | {one.model for one in self._cache.standings()}
        return Rounds(
            stopping_rule(n_models=len(asked), target=self._study.prompt.target),
            self._cache,
            models=asked,
            n_draws=self._study.sampling.draws,
            tide=sitting.tide,
        )

    async def _save(self, ended: asyncio.Event) -> None:
        pause = SNAPSHOT_EVERY_S
        while True:
            await nap(pause, until=ended)
            if ended.is_set():
                return
            began = time.monotonic()
            await asyncio.to_thread(self._write)
            pause = max(SNAPSHOT_EVERY_S, 20 * (time.monotonic() - began))  # a large study is not all writing

    def _write(self) -> Path | None:
        return write_snapshot(self._folder, self._cache, self._study, shard=self._order.shard)

    def _report(self, sitting: Sitting, planned: Plan, rounds: Rounds | None) -> Report:
        account, tide = sitting.account, sitting.tide
        left_out = {one.model: one.reason for one in planned.left_out if one.money}
        stopped = {model: aside.reason for model, aside in tide.aside.items() if aside.money}
        costs = [(one.model, account.spent_usd(one.model)) for one in planned.models]
        each = {one.model: one.estimate_usd / one.n_missing for one in planned.models if one.n_missing}
        settled = tuple(rounds.settled[model] for model in sorted(rounds.settled)) if rounds else None
        return Report(
            snapshot=self._write(),
            tide=tide,
            spent_usd=account.spent_usd(),
            unpriced_usd=account.unpriced_usd(),
            by_model=tuple(sorted(costs, key=lambda cost: (-cost[1], cost[0]))),
            interrupted=sitting.interrupted,
            budget=left_out | stopped,
            error=sitting.error,
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
