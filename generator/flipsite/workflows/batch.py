"""Batch files: a study's missing draws as a file of requests, and the answers back into its cache.

The answers of an output file are kept as those of `collect` are: whole, read by the same reader, counted and
paid. So `collect` asks afterwards for what is still missing.
"""

import asyncio
import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import nan
from pathlib import Path

from flipsite.collect.batch import DISCOUNT, BatchAnswer, BatchKey, read_output_line, request_line
from flipsite.collect.catalogue import Catalogue, dump_catalogue, load_catalogue
from flipsite.collect.clock import stamp
from flipsite.collect.prompt import Question, question
from flipsite.collect.responses import Action, Failure, Reply
from flipsite.collect.run_plan import ExcludedModel, model_run_of, plan, queues_of
from flipsite.collect.run_state import ModelRun
from flipsite.collect.selection import ModelSelection, choose
from flipsite.domain.draws import Failed, Rejected, Status
from flipsite.domain.endpoint import Reading, RequestRecord, ResponseRecord
from flipsite.domain.money import NOTHING, Usd
from flipsite.domain.study import Study
from flipsite.errors import UsageError
from flipsite.files import replacing
from flipsite.project import CATALOGUE_FILE, Project, existing_study, study_folder
from flipsite.settings import load_study
from flipsite.store.cache.cache import Cache
from flipsite.store.imports.files import opened_text, reading
from flipsite.store.snapshot.extent import refuse_loss
from flipsite.workflows.collect import (
    article_study,
    check_collectable,
    client_of,
    confirm_new,
    fetch_choices,
    nothing_to_ask,
    open_cache,
    ordered,
    own_project,
    protocol_of,
    write_study,
)
from flipsite.workflows.run_request import RunRequest, Watcher
from flipsite.workflows.run_session import today_of
from flipsite.workflows.snapshot import write_snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFile:
    """A request file that was written.

    Attributes:
        path: The file.
        n_requests: Its lines.
        models: The models it asks.
        estimate_usd: What the answers will cost about, at half the announced prices; 0 where none are known.
        left_out: Models that it does not ask, with the reason.
    """

    path: Path
    n_requests: int
    models: tuple[str, ...]
    estimate_usd: Usd
    left_out: tuple[ExcludedModel, ...]


def write_batch(project: Project, order: RunRequest, path: Path, watcher: Watcher) -> BatchFile:
    """Write a study's missing draws as a batch request file; each body is what `collect` would send.

    Raises:
        UsageError: If there is nothing to ask, or the endpoint is the simulated one.
        CollectError: If the catalogue cannot be had.
        StoreError: If the file cannot be written.
    """
    if order.simulated_seed is not None:
        raise UsageError("--batch: the simulated endpoint takes no batch files; leave --simulated out.")
    project = own_project(project)
    folder = study_folder(project, order.study_id)
    is_new = not (folder / "study.toml").exists()
    if is_new:
        confirm_new(project, order.study_id, watcher)
    study = ordered(article_study(order.study_id, simulated=False) if is_new else load_study(folder), order)
    check_collectable(folder, study, order)
    with open_cache(project, study, protocol=protocol_of(study, order)) as cache:
        refuse_loss(folder, cache.model_ledgers())
        offered, choices = asyncio.run(_catalogue(study, order))
        if (reason := nothing_to_ask(choices, study, order)) is not None:
            raise UsageError(reason)
        if is_new:
            watcher.created(write_study(folder, article_study(order.study_id, simulated=False)))
        with replacing(folder / CATALOGUE_FILE) as file:
            file.write(dump_catalogue(offered).encode())
        planned = plan(choices, study, cache, faulty=offered.faulty)
        n_requests = 0
        with replacing(path) as file:
            for line in _lines(study, cache, choices):
                file.write(line.encode("utf-8", "replace"))
                n_requests += 1
    return BatchFile(
        path=path,
        n_requests=n_requests,
        models=tuple(one.model for one in planned.models if one.n_missing),
        estimate_usd=planned.estimate_usd / DISCOUNT,
        left_out=planned.left_out,
    )


async def _catalogue(study: Study, order: RunRequest) -> tuple[Catalogue, tuple[ModelSelection, ...]]:
    async with client_of(study, order, None) as client:
        return await fetch_choices(client, study, order)


def _lines(study: Study, cache: Cache, choices: tuple[ModelSelection, ...]) -> Iterator[str]:
    """The request of each missing draw, model by model."""
    for queue in queues_of(plan(choices, study, cache), choices, study, cache, seed=0):
        run = queue.model_run
        for asked in queue.questions():
            key = BatchKey(study=study.id, model=run.model, draw=asked.draw)
            yield request_line(key, run.body(asked, run.mode))


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchImport:
    """The draws that an output file brought.

    Attributes:
        study: The study's id.
        by_status: Draws that are new, by status.
        n_known: Draws that were there before.
        n_foreign: Lines that name no draw of the study.
        unknown: Models that the study's catalogue lacks, whose lines were passed over.
        n_beyond: Draws, new or not, whose number is beyond the number of draws that the study asks for.
        cost_usd: What the new draws cost; one that states neither its cost nor its tokens counts at the most
            that its request may cost, at half the price.
        unpriced_usd: The part of it that is the most they may cost.
        n_unpriced: Draws of models without a price that state no cost.
        snapshot: The study's, written anew; None where it holds no draw.
    """

    study: str
    by_status: Mapping[Status, int]
    n_known: int
    n_foreign: int
    unknown: tuple[str, ...]
    n_beyond: int
    cost_usd: Usd
    unpriced_usd: Usd
    n_unpriced: int
    snapshot: Path | None


def import_batch(project: Project, study_id: str, path: Path, *, dry_run: bool = False) -> BatchImport:
    """Take the answers of a batch's output or error file into a study's cache, and write its snapshot.

    A draw that is there already stays as it is, so that a file may be imported twice. With `dry_run` all is
    read and nothing written.

    Raises:
        UsageError: If the study does not exist, or no request file was written for it.
        StoreError: If the cache cannot be used.
    """
    folder = existing_study(project, study_id)
    study, order = load_study(folder), RunRequest(study_id=study_id)
    runs = _model_runs(folder, study)
    with open_cache(project, study, protocol=protocol_of(study, order)) as cache:
        refuse_loss(folder, cache.model_ledgers())
        inbox = _Inbox(study, cache, runs)
        with reading(path), opened_text(path, errors="replace") as file:
            if dry_run:
                deque(inbox.records(file), maxlen=0)
            else:
                cache.adopt(inbox.records(file))
        return BatchImport(
            study=study_id,
            by_status=dict(inbox.by_status),
            n_known=inbox.n_known,
            n_foreign=inbox.n_foreign,
            unknown=tuple(sorted(inbox.unknown)),
            n_beyond=inbox.n_beyond,
            cost_usd=inbox.cost_usd,
            unpriced_usd=inbox.unpriced_usd,
            n_unpriced=inbox.n_unpriced,
            snapshot=None if dry_run else write_snapshot(folder, cache, study),
        )


def _model_runs(folder: Path, study: Study) -> dict[str, ModelRun]:
    """Each model of the catalogue that was kept when the request file was written."""
    path = folder / CATALOGUE_FILE
    if not path.is_file():
        raise UsageError(
            f"{path}: missing, so that the requests are not known; write them with "
            f"`flipsite collect {study.id} --batch FILE`."
        )
    offered = load_catalogue(path.read_bytes(), name=str(path))
    choices: Sequence[ModelSelection] = choose(offered.models, study, today=today_of(None))
    return {
        choice.model.id: model_run_of(choice.model, study, mode=choice.mode, max_completion=False)
        for choice in choices
    }


class _Inbox:
    """Reads answers of a batch into records of the cache, and counts them."""

    def __init__(self, study: Study, cache: Cache, runs: Mapping[str, ModelRun]) -> None:
        self._study, self._cache, self._runs = study, cache, runs
        self._settled: dict[str, set[tuple[tuple[str, ...], int, int]]] = {}
        self._known: dict[str, set[tuple[tuple[str, ...], int, int]]] = {}
        self.by_status = Counter[Status]()
        self.n_known = self.n_foreign = self.n_beyond = self.n_unpriced = 0
        self.cost_usd = self.unpriced_usd = NOTHING
        self.unknown: set[str] = set()

    def records(self, lines: Iterable[str]) -> Iterator[tuple[RequestRecord, ResponseRecord]]:
        """A request and its answer for each line that names a draw which is not there."""
        for line in lines:
            answer = read_output_line(line) if line.strip() else None
            if answer is None or answer.key is None or answer.key.study != self._study.id:
                self.n_foreign += bool(line.strip())
            elif (run := self._runs.get(answer.key.model)) is None:
                self.unknown.add(answer.key.model)
            elif (record := self._record(run, answer, answer.key)) is not None:
                yield record

    def _record(
        self, run: ModelRun, answer: BatchAnswer, key: BatchKey
    ) -> tuple[RequestRecord, ResponseRecord] | None:
        asked = question(
            self._study.prompt,
            key.draw,
            model=run.model,
            seed=0,
            per_answer=self._study.sampling.per_answer,
            method=self._study.method,
        )
        self.n_beyond += key.draw >= self._study.sampling.draws
        result = answer.result(mode=run.mode)
        reading = _reading(run, asked, result)
        if not self._is_new(run.model, asked, failed=isinstance(reading.result, Failed)):
            self.n_known += 1
            return None
        request, billed = self._request(run, asked, answer), _billed(run, result)
        if billed is None:
            self.unpriced_usd += request.worst_usd
        elif result.cost_usd is None and run.listed.price is None:
            self.n_unpriced += 1
        self.cost_usd += request.worst_usd if billed is None else billed
        self.by_status[_status(reading)] += 1
        return request, _response(answer, result, reading, billed)

    def _is_new(self, model: str, asked: Question, *, failed: bool) -> bool:
        """Whether a draw is to be kept: it is not settled, and if it failed it was never asked before."""
        if model not in self._settled:
            self._settled[model] = set(self._cache.settled(model))
            self._known[model] = set(self._cache.known(model))
        place = (asked.labels, asked.order, asked.draw)
        if place in (self._known if failed else self._settled)[model]:
            return False
        self._known[model].add(place)
        if not failed:
            self._settled[model].add(place)
        return True

    def _request(self, run: ModelRun, asked: Question, answer: BatchAnswer) -> RequestRecord:
        body = run.body(asked, run.mode)
        settings = {name: value for name, value in body.items() if name != "messages"}
        moment = datetime.now(UTC) if answer.created is None else datetime.fromtimestamp(answer.created, UTC)
        return RequestRecord(
            model=run.model,
            draw=asked.draw,
            labels=asked.labels,
            order=asked.order,
            mode=run.mode,
            sent=json.dumps(settings, sort_keys=True),
            worst_usd=(run.worst_usd(asked, body) / DISCOUNT).up(),
            asked_at=stamp(moment),
        )


def _reading(run: ModelRun, asked: Question, result: Reply | Failure) -> Reading:
    if isinstance(result, Reply):
        return Reading(result=run.read(asked, result, run.mode), reader=run.reader)
    if result.action is Action.REFUSED:
        return Reading(result=Rejected(status=Status.REFUSED, reason=result.reason), reader=run.reader)
    return Reading(result=Failed(reason=result.reason), reader=run.reader)


def _response(
    answer: BatchAnswer, result: Reply | Failure, reading: Reading, billed: Usd | None
) -> ResponseRecord:
    return ResponseRecord(
        attempt=0,
        code=answer.code,
        body=answer.body,
        latency_s=nan,
        generation=None,  # a batch's prices cannot be asked for
        billed_usd=billed,
        fault=reading.result.reason if isinstance(reading.result, Failed) else None,
        reading=reading,
        served_model=result.served_model if isinstance(result, Reply) else None,
    )


def _billed(run: ModelRun, result: Reply | Failure) -> Usd | None:
    """The bill: as stated, else the tokens at half the announced price; None where neither is known."""
    if result.cost_usd is not None:
        return result.cost_usd.nearest()
    if run.listed.price is None:
        return NOTHING
    if not isinstance(result, Reply) or result.prompt_tokens is None or result.completion_tokens is None:
        return None
    price = run.tokens_usd(result.prompt_tokens, result.completion_tokens)
    return None if price is None else (price / DISCOUNT).nearest()


def _status(reading: Reading) -> Status:
    if isinstance(reading.result, Rejected):
        return reading.result.status
    return Status.ERROR if isinstance(reading.result, Failed) else Status.VALID
