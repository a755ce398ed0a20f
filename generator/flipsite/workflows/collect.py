"""One run of the collector, from a study to its snapshot; `build` goes on from there.

study.toml ─load→ study ─choose→ plan ─yes→ ask ─cache→ answers ─read→ snapshot
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import partial
from itertools import chain
from pathlib import Path

from flipsite.collect.catalogue import Catalogue, dump_catalogue, fetch_catalogue
from flipsite.collect.client import OpenRouter
from flipsite.collect.clock import nap, stamp
from flipsite.collect.costs import answer_tokens
from flipsite.collect.reading.completion import draw_of, read_again
from flipsite.collect.run_plan import CollectPlan, plan, queues_of
from flipsite.collect.run_state import by_sentence, warnings_of
from flipsite.collect.scheduler import CounterFactory, Judge, Rounds, Scheduler
from flipsite.collect.selection import ModelSelection, choose, matches
from flipsite.collect.transport import Application
from flipsite.domain.display import one_line, plural, usd_text
from flipsite.domain.money import NOTHING, Usd, total
from flipsite.domain.study import Kind, Prompt, Study
from flipsite.domain.trajectory import DrawCounter, OutcomeCounter
from flipsite.errors import UsageError
from flipsite.files import replacing
from flipsite.project import CATALOGUE_FILE, Project, study_folder, study_ids
from flipsite.settings import default_study, dump_study, load_study
from flipsite.store.cache.cache import Cache
from flipsite.store.snapshot.extent import refuse_loss
from flipsite.store.snapshot.shards import shards_in
from flipsite.workflows.restore_cache import adopt_snapshot
from flipsite.workflows.run_request import RunQuote, RunReport, RunRequest, Unbounded, Watcher
from flipsite.workflows.run_session import (
    RunSession,
    check_kind,
    paying_client,
    refuse_unpriced,
    simulated_client,
    today_of,
)
from flipsite.workflows.shared_budget import sharing, with_shared_total
from flipsite.workflows.snapshot import write_snapshot

log = logging.getLogger(__name__)

SNAPSHOT_EVERY_S = 180.0


class CollectRun:
    """One run, from the catalogue to the snapshot."""

    def __init__(
        self,
        study: Study,
        order: RunRequest,
        *,
        folder: Path,
        cache: Cache,
        client: OpenRouter,
        watcher: Watcher,
        new: Study | None,
    ) -> None:
        """Name the parts; nothing is asked yet.

        Args:
            study: With what this run changes of it.
            order: The user's request.
            folder: The study's.
            cache: The study's share of it.
            client: Of the endpoint.
            watcher: Agrees to the quote and watches.
            new: The study to write once it is agreed to; None where it exists.
        """
        self._study = study
        self._order = order
        self._folder = folder
        self._cache = cache
        self._client = client
        self._watcher = watcher
        self._new = new
        self._priced = True

    async def run(self) -> RunReport | None:
        """Choose, quote, and, if agreed to, ask; returns None where it is not agreed to.

        Raises:
            UsageError: If there is no model to ask.
        """
        refuse_loss(self._folder, self._cache.model_ledgers())
        async with self._client as client:
            offered, choices = await fetch_choices(client, self._study, self._order)
            self._priced = any(choice.model.price is not None for choice in choices)
            session = self._session(client)
            await session.resume()
            planned = plan(choices, self._study, self._cache, faulty=offered.faulty)
            if (reason := nothing_to_ask(choices, self._study, self._order)) is not None:
                raise UsageError(reason)
            session.progress.n_missing, session.progress.n_kept = planned.n_missing, planned.n_kept
            agreed = self._watcher.agree(await self._offer(client, session, planned))
            if self._new is not None:
                self._watcher.created(write_study(self._folder, self._new))
            if not agreed:
                return None
            self._need_budget(planned)
            if planned.n_missing:
                with replacing(self._folder / CATALOGUE_FILE) as file:
                    file.write(dump_catalogue(offered).encode())
            log.info("asking %d draws of %d models", planned.n_missing, len(planned.models))
            return await self._ask(session, planned, choices)

    def _session(self, client: OpenRouter) -> RunSession:
        return RunSession(
            client,
            self._cache,
            budget=self._study.budget,
            simulated_seed=self._order.simulated_seed,
            concurrency=self._order.concurrency,
            look=self._watcher.look,
            of=self._order.shard.holds if self._order.shard else None,
        )

    async def _offer(self, client: OpenRouter, session: RunSession, planned: CollectPlan) -> RunQuote:
        return RunQuote(
            study=self._study,
            plan=planned,
            spent_usd=session.account.spent_usd(),
            budget_usd=self._study.budget.total_usd,
            account_usd=await client.limit_usd(),
            n_lost=self._cache.n_lost,
            until_settled=self._order.until_settled,
            shard=self._order.shard,
            priced=self._priced,
        )

    def _need_budget(self, planned: CollectPlan) -> None:
        if self._order.budget_usd is Unbounded.YES or self._order.simulated_seed is not None:
            return
        if not self._priced and planned.n_missing:
            refuse_unpriced(self._order.api_base)
        budget = self._study.budget
        bounded = budget.total_usd is not None or budget.per_model_usd is not None
        if planned.estimate_usd and not bounded:
            raise UsageError(
                f"{self._study.id}: no budget; give --budget USD (the draws will cost about "
                f"{usd_text(planned.estimate_usd)}) or set total_usd in study.toml."
            )

    async def _ask(
        self, session: RunSession, planned: CollectPlan, choices: tuple[ModelSelection, ...]
    ) -> RunReport:
        """Run the scheduler, saved as it goes; whatever ends it, the snapshot is written."""
        queues = queues_of(planned, choices, self._study, self._cache, seed=self._order.simulated_seed or 0)
        rounds = self._rounds(session, planned) if self._order.until_settled else None

        async def run(scheduler: Scheduler) -> None:
            await (rounds.run(scheduler, queues) if rounds else scheduler.run(queues))

        await session.ask(run, beside=lambda: self._save(session.ended))
        warnings = chain(
            warnings_of([queue.model_run for queue in queues], session.progress),
            _overcharged(session, planned),
        )
        return replace(self._report(session, planned, rounds), warnings=by_sentence(warnings))

    def _rounds(self, session: RunSession, planned: CollectPlan) -> Rounds:
        asked = {one.model for one in planned.models} | {one.model for one in self._cache.model_ledgers()}
        return Rounds(
            stopping_rule(self._study.prompt, n_models=len(asked)),
            self._cache,
            models=asked,
            n_draws=self._study.sampling.draws,
            progress=session.progress,
            counter=draw_counter(self._study.prompt),
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

    def _report(self, session: RunSession, planned: CollectPlan, rounds: Rounds | None) -> RunReport:
        account, progress = session.account, session.progress
        left_out = {one.model: one.reason for one in planned.left_out if one.money}
        stopped = {model: skipped.reason for model, skipped in progress.skipped.items() if skipped.money}
        costs = [(one.model, account.spent_usd(one.model)) for one in planned.models]
        each = {one.model: one.estimate_usd / one.n_missing for one in planned.models if one.n_missing}
        settled = tuple(rounds.settled[model] for model in sorted(rounds.settled)) if rounds else None
        return RunReport(
            snapshot=self._write(),
            progress=progress,
            spent_usd=account.spent_usd(),
            unpriced_usd=account.unpriced_usd(),
            by_model=tuple(sorted(costs, key=lambda cost: (-cost[1], cost[0]))),
            interrupted=session.interrupted,
            budget=left_out | stopped,
            error=session.error,
            settled=settled,
            priced=self._priced,
            spared_usd=total(each.get(one.model, NOTHING) * one.n_spared for one in settled or ()),
        )


def _overcharged(session: RunSession, planned: CollectPlan) -> Iterator[tuple[str, str]]:
    """Each model that billed more than its announced prices allow, with a sentence on it."""
    worst = {one.model: one.draw_worst_usd for one in planned.models}
    for model, billed in session.account.overcharges().items():
        if model in worst:
            most = f"which by its announced prices costs at most {usd_text(worst[model])}"
            yield (
                model,
                f"billed {usd_text(billed)} for one request, "
                f"{most if worst[model] else 'and announces no price'}; "
                "from there it is asked one request at a time, each counted at that bill.",
            )


async def fetch_choices(
    client: OpenRouter, study: Study, order: RunRequest
) -> tuple[Catalogue, tuple[ModelSelection, ...]]:
    """Fetch the endpoint's catalogue, and choose the models that a run asks."""
    today = today_of(order.simulated_seed)
    offered = await fetch_catalogue(client.get, today=today)
    if offered.faulty and not offered.models:
        first, n_faulty = offered.faulty[0], plural(len(offered.faulty), "entry", "entries")
        raise UsageError(
            f"{order.api_base}: lists no model that can be asked, but {n_faulty} with faults, such as "
            f"{one_line(first.id)}: {first.reason}."
        )
    return offered, choose(
        offered.models,
        study,
        today=today,
        include_globs=order.models,
        skip_globs=order.skip,
        shard=order.shard,
    )


def draw_counter(prompt: Prompt) -> CounterFactory:
    """Makes what counts a model's draws for the stopping rule."""
    return DrawCounter if prompt.n_outcomes == 2 else partial(OutcomeCounter, prompt.n_outcomes)


def stopping_rule(prompt: Prompt, *, n_models: int) -> Judge:
    """The rule by which a model needs no more draws; see `analyse.stopping`."""
    from flipsite.analyse.outcomes.stopping import settle_study
    from flipsite.analyse.stopping import StoppingState

    def judge(counts: Sequence[Sequence[int]]) -> list[str | None]:
        found = settle_study(prompt, counts, n_models=n_models)
        return [None if state == StoppingState.OPEN else str(state) for state in found]

    return judge


def collect(
    project: Project, order: RunRequest, watcher: Watcher, *, app: Application | None = None
) -> RunReport | None:
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
    project = own_project(project)
    folder = study_folder(project, order.study_id)
    new = None
    if not (folder / "study.toml").exists():
        confirm_new(project, order.study_id, watcher)
        new = article_study(order.study_id, simulated=order.simulated_seed is not None)
    study = ordered(with_shared_total(project, new or load_study(folder)), order)
    check_collectable(folder, study, order)
    client = client_of(study, order, app)
    of = order.shard.holds if order.shard else lambda model: True
    with (
        open_cache(project, study, protocol=protocol_of(study, order)) as cache,
        sharing(project, study, of=of) as study,
    ):
        if order.adopt:
            watcher.adopted(*adopt_snapshot(folder, cache))
        run = CollectRun(study, order, folder=folder, cache=cache, client=client, watcher=watcher, new=new)
        try:
            return asyncio.run(run.run())
        except asyncio.CancelledError:  # the second interrupt; what was answered is in the cache
            raise KeyboardInterrupt from None


def begin(project: Project, study_id: str, *, simulated: bool) -> Project:
    """Write a study where there is none: the article's prompt, every key at its default.

    Returns:
        The project it is in, which begins in this folder where there is none.

    Raises:
        UsageError: If the id is not one a study can have.
    """
    project = own_project(project)
    folder = study_folder(project, study_id)
    if not (folder / "study.toml").exists():
        write_study(folder, article_study(study_id, simulated=simulated))
    return project


def own_project(project: Project) -> Project:
    """A project that may be written to: nothing is written into the package."""
    if not project.packaged:
        return project
    return replace(project, content=project.root / "content", packaged=False)


def reread(project: Project, study_id: str) -> tuple[int, int, Path | None]:
    """Read a study's stored answers again, without a request, and write its snapshot anew.

    Returns:
        How many answers are read otherwise than before, how many there are, and the snapshot.
    """
    folder = study_folder(project, study_id)
    study = load_study(folder)
    with open_cache(project, study, protocol=None) as cache:
        refuse_loss(folder, cache.model_ledgers())
        n_answers, changed, served = 0, [], dict[str, str]()
        for kept in cache.kept():
            if (name := draw_of(kept, study).served_model) is not None and name != kept.model:
                served[kept.model] = name
            reading = read_again(kept, study)
            n_answers += reading is not None
            if reading is not None and reading.result != kept.result:
                changed.append((kept.row, reading))
        cache.record(changed)
        cache.note_served(served)
        shards = shards_in(folder)
        shard = shards[0] if len(shards) == 1 else None
        return len(changed), n_answers, write_snapshot(folder, cache, study, shard=shard)


def client_of(study: Study, order: RunRequest, app: Application | None) -> OpenRouter:
    """A client of the endpoint that a run asks; `app` replaces the simulated one."""
    if order.simulated_seed is None:
        return paying_client(
            order.api_base,
            concurrency=order.concurrency,
            instead="--simulated",
            timeout_s=order.timeout_s or study.sampling.timeout_s,
        )
    from flipsite.collect.simulated import Endpoint, catalogue_for

    endpoint = app or Endpoint(seed=order.simulated_seed, coins=catalogue_for(study))
    return simulated_client(endpoint, concurrency=order.concurrency)


def article_study(study_id: str, *, simulated: bool) -> Study:
    """A new study of the article's prompt."""
    kind = Kind.SIMULATED if simulated else Kind.MEASURED
    return replace(default_study(study_id), kind=kind)


def write_study(folder: Path, study: Study) -> Path:
    """Write a study's settings; returns their file."""
    path = folder / "study.toml"
    with replacing(path) as file:
        file.write(dump_study(study).encode())
    return path


def confirm_new(project: Project, study_id: str, watcher: Watcher) -> None:
    """Make sure that a new study is meant where its name may be a typo."""
    near = next((known for known in study_ids(project) if is_typo(study_id, known)), None)
    if near and not watcher.begin(study_id, near):
        raise UsageError(
            f"{project.studies}: no study {study_id!r}; did you mean {near!r}? For a new study, choose a "
            f"name that differs in more letters, or write {study_id}/study.toml first."
        )


def is_typo(name: str, known: str) -> bool:
    """Whether a name is one slip from a known one: a letter more, fewer, other, or two exchanged.

    Names that differ in digits alone, `coin-1` and `coin-2`, and those of one or two letters are meant so.
    """
    if (
        name == known
        or min(len(name), len(known)) < 3
        or [sign for sign in name if not sign.isdigit()] == [sign for sign in known if not sign.isdigit()]
    ):
        return False
    start = next((i for i, (a, b) in enumerate(zip(name, known, strict=False)) if a != b), None)
    if start is None:
        return abs(len(name) - len(known)) == 1
    mine, theirs = name[start:], known[start:]
    return (
        mine[1:] == theirs
        or mine == theirs[1:]
        or mine[1:] == theirs[1:]
        or (mine[:2] == theirs[1::-1] and mine[2:] == theirs[2:])
    )


def nothing_to_ask(choices: Sequence[ModelSelection], study: Study, order: RunRequest) -> str | None:
    """Why no model is asked; None where one is, or where the budget or the shard leaves none over."""
    if any(one.taken or one.too_dear or one.reason == f"not of shard {order.shard}" for one in choices):
        return None
    if not choices:
        return f"{order.api_base}: lists no models; load one there, or give another --api-base."
    ids = [one.model.id for one in choices]
    for source, globs in (("--models", order.models), ("include", study.models.include)):
        unmatched = [glob for glob in globs if not any(matches(one.model, [glob]) for one in choices)]
        if globs and len(unmatched) == len(globs):
            return (
                f"{source} {' '.join(unmatched)}: matches none of {plural(len(ids), 'model')}"
                f"{_nearest(unmatched[0], ids)}; `flipsite models` lists them."
            )
    reasons = Counter(one.reason for one in choices).most_common(3)
    why = "; ".join(f"{plural(n, 'model')}: {reason}" for reason, n in reasons)
    return f"{study.id}: no model to ask ({why}); `flipsite models --study {study.id}` lists them."


def _nearest(glob: str, ids: Sequence[str]) -> str:
    """The names nearest to a glob: of authors where its author is unknown, else of models."""
    author, _, slug = glob.casefold().strip("*?").partition("/")
    authors = sorted({name.partition("/")[0] for name in ids if not name.startswith("~")})
    near = [f"{name}/*" for name in get_close_matches(author, authors, n=3) if author not in authors]
    if slug or not near:
        near = get_close_matches(f"{author}/{slug}".rstrip("/"), ids, n=3) or near
    return f"; nearest: {', '.join(near)}" if near else ""


def open_cache(project: Project, study: Study, *, protocol: dict[str, object] | None) -> Cache:
    """A study's share of the project's cache, not yet entered."""
    return Cache(project.cache, study=study.id, protocol=protocol, now=stamp(datetime.now(UTC)))


def ordered(study: Study, order: RunRequest) -> Study:
    """The study with what the user asks for in this run."""
    sampling, budget = study.sampling, study.budget
    if order.draws is not None:
        sampling = replace(sampling, draws=order.draws)
    if order.budget_usd is not None:
        budget = replace(budget, total_usd=order.budget_usd if isinstance(order.budget_usd, Usd) else None)
    if order.shard and budget.total_usd is not None:
        budget = replace(budget, total_usd=order.shard.share_usd(budget.total_usd))
    return replace(study, sampling=sampling, budget=budget)


def check_collectable(folder: Path, study: Study, order: RunRequest) -> None:
    """No simulated draw in a measured study, and no measured one in a simulated study."""
    path = folder / "study.toml"
    least = answer_tokens(study)
    if study.sampling.max_tokens is not None and study.sampling.max_tokens < least:
        raise UsageError(
            f"{path}: sampling.max_tokens: {study.sampling.max_tokens:,} tokens cannot hold "
            f"{study.sampling.per_answer:,} draws; give {least:,} or more, or leave it out."
        )
    if order.until_settled and (study.sampling.per_answer > 1 or study.method.kind == "rejection"):
        raise UsageError(f"{path}: --until-settled takes an outcome of each answer; leave it out.")
    if study.kind is Kind.PUBLISHED:
        raise UsageError(f"{path}: kind is published: its figures are printed elsewhere; name another study.")
    check_kind(folder, study, simulated=order.simulated_seed is not None)


def protocol_of(study: Study, order: RunRequest) -> dict[str, object]:
    """The settings that make a study's draws comparable; changing one would mix two experiments."""
    sampling = study.sampling
    names = ("temperature", "top_p", "reasoning", "answer")
    asked: dict[str, object] = {name: getattr(sampling, name) for name in names}
    if sampling.per_answer > 1:
        asked["per_answer"] = sampling.per_answer
    if study.method.kind != "direct":
        asked["method"] = [study.method.kind, study.method.proposal]
    if sampling.logprobs:  # it decides on OpenRouter which providers are asked
        asked["logprobs"] = True
    further = {"provider": dict(study.provider) or None, "request": dict(study.request) or None}
    return {**study.prompt.record(), **asked, **further, "seed": order.simulated_seed}
